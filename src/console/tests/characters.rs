//! Texts in every script: whatever a title holds, nothing beside it moves, and where there is only ASCII nothing else is
//! shown.

use std::sync::LazyLock;

use proptest::prelude::*;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use unicode_segmentation::UnicodeSegmentation;

use super::desk::Desk;
use super::fixtures::SIZES;
use crate::console::glyphs::Glyphs;
use crate::console::options::Look;
use crate::console::theme::Theme;
use crate::console::view::view;

const UNICODE: Look = Look { theme: Theme::mono(), glyphs: Glyphs::Unicode };
const ASCII: Look = Look { theme: Theme::mono(), glyphs: Glyphs::Ascii };

/// The row of the list that the title is in: the second, so that the detail is another's.
const ROW: u16 = 4;

/// What goes wrong elsewhere: wide, joined, combining, ambiguous, ligating, turning and empty characters.
const HOSTILE: [&str; 22] = [
    "漢字仮名交じり文の題名はとても長いので切られます",
    "👩‍🚒👩‍🚒 fire 👨‍👩‍👧‍👦",
    "🇩🇪🇫🇷🇯🇵 and half a flag 🇩",
    "e\u{301}e\u{301} re\u{301}sume\u{301}",
    "\u{301}\u{301}leading marks",
    "z\u{335}\u{336}\u{337}\u{338}a\u{300}\u{301}\u{302}\u{303}l\u{308}go",
    "❤️ 1️⃣ ☎︎ ⚠️ warning",
    "👍🏽👍🏿 skin",
    "\u{644}\u{627}\u{644}\u{627} لا إله",
    "שלום עולם",
    "नमस्ते दुनिया क्षत्रिय",
    "ไทยกำลังทดสอบ",
    "한국어 \u{1112}\u{1161}\u{11ab}",
    "Ａｌｅｒｔ ｆｕｌｌｗｉｄｔｈ ﾊﾝｶｸ",
    "\u{202e}turned\u{202c} \u{2066}x\u{2069}",
    "a\u{200b}b\u{200d}c\u{feff}d\u{ad}e",
    "\u{200d}\u{200d}\u{fe0f}",
    "tab\tline\nend\r\u{1b}[31m\u{9b}2J",
    "“smart” – quotes — and… more · dots",
    "░▒▓█ ── ▌│ ✓",
    "\u{3164}\u{115f}\u{ffa0} fillers",
    "𝕬𝖑𝖊𝖗𝖙 🂡 𒐫 ﷽",
];

fn titled(title: &str, width: u16, height: u16) -> Desk {
    let mut desk = Desk::started(width, height);
    title.clone_into(&mut desk.stored[1].title);
    desk.connect();
    desk
}

fn draw(title: &str, (width, height): (u16, u16), look: &Look) -> Buffer {
    titled(title, width, height).buffer(look)
}

/// The columns of the title in the list, by what a plain one fills.
fn title_columns(size: (u16, u16)) -> std::ops::Range<u16> {
    let buffer = draw(&"x".repeat(200), size, &ASCII);
    let filled: Vec<u16> = (0..size.0).filter(|x| ["x", "~"].contains(&buffer[(*x, ROW)].symbol())).collect();
    filled[0]..filled[filled.len() - 1] + 1
}

static COLUMNS: LazyLock<Vec<std::ops::Range<u16>>> = LazyLock::new(|| SIZES.into_iter().map(title_columns).collect());
static PLAIN: LazyLock<Vec<Buffer>> =
    LazyLock::new(|| SIZES.into_iter().map(|size| draw("plain", size, &UNICODE)).collect());

/// Where the title is not, the screen is as it is with any other.
fn check_aligned(title: &str) {
    for (at, (width, height)) in SIZES.into_iter().enumerate() {
        let (drawn, plain, columns) = (draw(title, (width, height), &UNICODE), &PLAIN[at], &COLUMNS[at]);
        for position in Rect::new(0, 0, width, height).positions() {
            if position.y == ROW && columns.contains(&position.x) {
                continue;
            }
            let (drawn, plain) = (drawn[position].symbol(), plain[position].symbol());
            // A mark without a letter stands on what is before it.
            let stands_on = position.y == ROW && position.x + 1 == columns.start && drawn.starts_with(plain);
            assert!(drawn == plain || stands_on, "{title:?} {width}x{height} {position}: {drawn:?} for {plain:?}");
        }
    }
}

#[test]
fn no_title_moves_what_stands_beside_it() {
    for title in HOSTILE {
        check_aligned(title);
    }
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(HOSTILE.to_vec()).prop_map(ToOwned::to_owned),
        any::<char>().prop_map(String::from),
        "[a-z ]{1,8}",
        prop::sample::select(vec!['\u{200d}', '\u{fe0f}', '\u{301}', '\u{1f1e9}', '\u{627}', '\u{644}', '\u{94d}'])
            .prop_map(String::from),
    ];
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_text_at_all_moves_what_stands_beside_it(title in hostile()) {
        check_aligned(&title);
    }
}

/// The screen as a terminal shows it that takes each character for itself, and so joined ones for wider than they are.
fn in_a_terminal(desk: &Desk) -> vt100::Parser {
    let (width, height) = desk.state.size;
    let mut bytes = Vec::new();
    let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
    let mut terminal = Terminal::with_options(CrosstermBackend::new(&mut bytes), TerminalOptions { viewport }).unwrap();
    terminal.draw(|frame| drop(view(&desk.state, &UNICODE, desk.moment, frame))).unwrap();
    drop(terminal);
    let size = |length: u16| std::num::NonZero::new(length).unwrap();
    let mut parser = vt100::Parser::new(size(height), size(width), 0);
    parser.process(&bytes);
    parser
}

/// A console whose incidents have all the hostile titles, the first half of them or the second.
fn hostile_desks(width: u16, height: u16) -> impl Iterator<Item = Desk> {
    HOSTILE.chunks(11).map(move |titles| {
        let mut desk = Desk::started(width, height);
        titles.iter().zip(&mut desk.stored).for_each(|(title, incident)| (*title).clone_into(&mut incident.title));
        desk.state.options.by = titles.concat();
        desk.connect();
        let lines: Vec<String> = titles.iter().map(|title| format!("2026-11-24T13:00:00Z ERROR {title}")).collect();
        desk.state.log.replace(&lines, 11);
        desk
    })
}

#[test]
fn a_terminal_that_knows_no_joined_characters_keeps_the_columns() {
    for (width, height) in SIZES {
        for keys in ["", "j", "2", "3", "4", "jc", "    c", ":cl", "?", "jm\u{1f468}\u{200d}\u{1f467}"] {
            for mut desk in hostile_desks(width, height) {
                desk.press(keys);
                desk.answer_all();
                let (parser, drawn) = (in_a_terminal(&desk), desk.buffer(&UNICODE));
                for position in Rect::new(0, 0, width, height).positions() {
                    let drawn = drawn[position].symbol();
                    let shown = parser.screen().cell(position.y, position.x).unwrap().contents();
                    let is_frame = ["│", "╭", "╮", "╰", "╯"].contains(&drawn);
                    assert!(!is_frame || shown == drawn, "{keys:?} {width}x{height} {position}: {shown:?}");
                }
            }
        }
    }
}

#[test]
fn where_there_is_only_ascii_nothing_else_is_shown() {
    for (width, height) in SIZES {
        for keys in
            ["", "j", "j\n", "jjj", "jc", "    c", "2", "3", "4", ":re", "?", "!", "s", "/größer", "n漢字", "jjP"]
        {
            for mut desk in hostile_desks(width, height) {
                desk.press(keys);
                desk.answer_all();
                let buffer = desk.buffer(&ASCII);
                let foreign = buffer.content.iter().find(|cell| !cell.symbol().is_ascii());
                assert_eq!(foreign.map(ratatui::buffer::Cell::symbol), None, "{keys:?} {width}x{height}");
            }
        }
    }
}

#[test]
fn the_cursor_stands_behind_what_was_typed_however_wide_that_is() {
    for typed in ["plain", "漢字", "e\u{301}e\u{301}", "👩‍🚒🇩🇪", "a very long comment with 漢字 and more 漢字 than fits"]
    {
        for (width, height) in SIZES {
            let mut desk = Desk::ready(width, height);
            desk.press("/");
            desk.press(typed);
            let mut terminal = Terminal::new(ratatui::backend::TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| drop(view(&desk.state, &UNICODE, desk.moment, frame))).unwrap();
            let position = terminal.get_cursor_position().unwrap();
            let before: String =
                (0..position.x).map(|x| terminal.backend().buffer()[(x, position.y)].symbol()).collect();
            let last = typed.graphemes(true).next_back().unwrap();
            assert!(before.trim_end().ends_with(last), "{typed:?} {width}x{height}: {before:?}");
        }
    }
}

#[test]
fn what_ascii_lacks_is_shown_as_far_as_it_goes_and_column_by_column() {
    let row = |title: &str| {
        let buffer = draw(title, (160, 45), &ASCII);
        let columns = title_columns((160, 45));
        columns.map(|x| buffer[(x, ROW)].symbol()).collect::<String>().trim_end().to_owned()
    };
    assert_eq!(row("größer"), "gr??er");
    assert_eq!(row("漢字 ok"), "???? ok");
    assert_eq!(row("re\u{301}sume\u{301}"), "resume");
    assert_eq!(row("“late” – 5 s…"), "\"late\" - 5 s~");
}
