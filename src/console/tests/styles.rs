//! What the screens look like beyond their letters: each run of cells behind the style that it has, in colour and in mono.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::desk::Desk;
use super::fixtures::SIZES;
use crate::console::effect::Lane;
use crate::console::event::{Answer, Cause, Event, Failure};
use crate::console::glyphs::Glyphs;
use crate::console::options::Look;
use crate::console::theme::Theme;

fn check(name: &str, prepare: impl Fn(&mut Desk)) {
    for (width, height) in SIZES {
        for (look, theme) in [("colour", Theme::colour()), ("mono", Theme::mono())] {
            let mut desk = Desk::ready(width, height);
            prepare(&mut desk);
            let buffer = desk.buffer(&Look { theme, glyphs: Glyphs::Unicode });
            insta::assert_snapshot!(format!("{name}_{look}_{width}x{height}"), styled(&buffer));
        }
    }
}

/// Every row as runs of one style: `«red bold»● open«»   Login latency`.
fn styled(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut before = String::new();
        let mut line = String::new();
        let mut x = 0;
        while x < buffer.area.width {
            let cell = &buffer[(x, y)];
            let style = style(cell);
            if style != before {
                let _ = write!(line, "«{style}»");
                before = style;
            }
            line.push_str(cell.symbol());
            x += u16::try_from(unicode_width::UnicodeWidthStr::width(cell.symbol()).max(1)).unwrap();
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn style(cell: &Cell) -> String {
    let colour = |colour: Color, what: &str| match colour {
        Color::Reset => None,
        colour => Some(format!("{what}{}", colour.to_string().to_lowercase())),
    };
    let modifiers = [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::REVERSED, "reversed"),
        (Modifier::UNDERLINED, "underlined"),
        (Modifier::ITALIC, "italic"),
    ];
    let modifiers = modifiers.into_iter().filter(|(modifier, _)| cell.modifier.contains(*modifier));
    let words: Vec<String> = colour(cell.fg, "")
        .into_iter()
        .chain(colour(cell.bg, "on "))
        .chain(modifiers.map(|(_, name)| name.to_owned()))
        .collect();
    words.join(" ")
}

#[test]
fn the_incidents_failing_and_dead_ones_among_them_and_one_that_is_marked() {
    check("list", |desk| {
        desk.press("jj ");
        desk.answer_all();
    });
}

#[test]
fn the_chart_with_its_cursor() {
    check("chart", |desk| {
        desk.press("jj\n");
        desk.answer_all();
        desk.press("→→");
    });
}

#[test]
fn the_pending_snapshots() {
    check("queue", |desk| {
        desk.press("2");
        desk.answer_all();
    });
}

#[test]
fn a_form_with_a_fault_and_a_warning() {
    check("form", |desk| {
        desk.press("  jjc\tnever\t\t");
        desk.answer_all();
    });
}

#[test]
fn the_processor_and_its_log() {
    check("log", |desk| {
        desk.press("4");
        desk.answer_all();
        let line = |level: &str| format!("2026-11-24T13:36:40.1Z {level:>5} something was done");
        desk.tell(Event::Log { lines: vec![line("INFO"), line("WARN"), line("ERROR")], written: 3 });
    });
}

#[test]
fn the_help_and_the_palette() {
    check("help", |desk| desk.press("?"));
    check("palette", |desk| desk.press(":re"));
}

#[test]
fn a_database_that_is_lost() {
    check("lost", |desk| {
        let failure = Failure { message: "connection refused".into(), cause: Cause::Unreachable };
        let sequence = desk.state.lanes.ask(Lane::Overview);
        desk.tell(Event::Answer(Answer::LoadFailed { lane: Lane::Overview, sequence, failure, chance: 0.5 }));
    });
}
