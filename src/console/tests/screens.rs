//! What the screens look like, at four sizes.

use std::time::Duration;

use super::desk::Desk;
use super::fixtures::{SIZES, now, options};
use crate::console::event::{Answer, Cause, Event, Failure, ProcessorNews};
use crate::console::glyphs::Glyphs;
use crate::console::options::{Access, ClockKind, DataKind, Look, ProcessorChoice};
use crate::console::theme::Theme;
use crate::domain::Trigger;

/// Draws the same at all four sizes.
fn check(name: &str, prepare: impl Fn(&mut Desk)) {
    for (width, height) in SIZES {
        let mut desk = Desk::ready(width, height);
        prepare(&mut desk);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), desk.screen());
    }
}

fn unreachable() -> Failure {
    Failure { message: "the connection to the database failed: connection refused".into(), cause: Cause::Unreachable }
}

#[test]
fn view_1_incidents() {
    check("incidents", |_| {});
}

#[test]
fn the_tab_of_the_view_that_is_shown_is_reversed_as_a_whole_and_never_dim() {
    use ratatui::style::Modifier;

    let desk = Desk::ready(160, 45);
    let buffer = desk.buffer(&Look { theme: Theme::colour(), glyphs: Glyphs::Unicode });
    let row: String = (0..160).map(|x| buffer[(x, 1)].symbol()).collect();
    let before_second = row.split(" 2 Pending").next().unwrap().chars().count();
    for x in 1..u16::try_from(before_second).unwrap() {
        let style = buffer[(x, 1)].modifier;
        assert!(style.contains(Modifier::REVERSED) && !style.contains(Modifier::DIM), "column {x} of {row}");
    }
}

#[test]
fn view_1_a_pending_incident_with_its_preview() {
    check("pending_incident", |desk| {
        desk.press("jj");
        desk.answer_all();
    });
}

#[test]
fn view_1_the_detail_has_the_keys() {
    check("detail", |desk| {
        desk.press("jj\n");
        desk.answer_all();
        desk.press("→→→");
    });
}

#[test]
fn view_1_another_incident_stands_behind_the_chart() {
    check("overlay", |desk| {
        desk.press("jjjbk");
        desk.answer_all();
        desk.press("\n+→→");
        desk.pass(Duration::from_secs(20));
        desk.answer_all();
    });
}

#[test]
fn view_1_a_long_incident_shows_its_lifetime() {
    check("long_incident", |desk| {
        desk.press("jjjjjjj");
        desk.answer_all();
    });
}

#[test]
fn view_2_pending() {
    check("pending", |desk| {
        desk.press("2G");
        desk.answer_all();
    });
}

#[test]
fn view_3_snapshots() {
    check("snapshots", |desk| {
        desk.press("3");
        desk.answer_all();
    });
}

#[test]
fn view_4_processor() {
    check("processor", |desk| {
        desk.press("4");
        desk.answer_all();
        let log = (0..30).map(|line| {
            format!("2026-11-24T13:0{}:12.345678Z  INFO run finished trigger=interval captured={line}", line % 10)
        });
        let lines = log.chain(["2026-11-24T13:36:40.1Z ERROR run failed error=the disk is full".to_owned()]).collect();
        desk.tell(Event::Log { lines, written: 31 });
    });
}

#[test]
fn the_close_form_checks_while_one_types() {
    check("close", |desk| desk.press("c\t2027-01-01"));
}

#[test]
fn several_are_closed_only_after_their_count_was_typed() {
    check("close_several", |desk| {
        desk.press("    c\t\t");
    });
}

#[test]
fn capturing_early_says_what_will_be_missing() {
    check("capture_early", |desk| {
        desk.press("jjP");
        desk.answer_all();
    });
}

#[test]
fn a_new_incident() {
    check("open", |desk| {
        desk.press("nCheckout down\t\t\tlevel:\"error");
        desk.answer_all();
    });
}

#[test]
fn the_help() {
    check("help", |desk| desk.press("?"));
}

#[test]
fn the_palette_says_why_not() {
    check("palette", |desk| desk.press(":re"));
}

#[test]
fn the_order_is_chosen_from_a_menu() {
    check("sort", |desk| desk.press("sj"));
}

#[test]
fn the_columns_are_chosen_from_a_menu() {
    check("columns", |desk| desk.press("Cjjjj "));
}

#[test]
fn the_filter_while_it_is_typed() {
    check("filter", |desk| {
        desk.press("/status:open");
        desk.answer_all();
        desk.press(" lo");
        desk.answer_all();
    });
}

#[test]
fn a_filter_that_is_wrong_says_where() {
    check("filter_fault", |desk| {
        desk.press("/login status:resolved");
        desk.answer_all();
    });
}

#[test]
fn nothing_matches_the_filter() {
    check("nothing_matches", |desk| {
        desk.press("/no such thing\n");
        desk.answer_all();
    });
}

#[test]
fn marks_and_those_out_of_sight() {
    check("marked", |desk| {
        desk.press("    /log\n");
        desk.answer_all();
    });
}

#[test]
fn a_write_is_under_way_and_the_processor_runs() {
    check("busy", |desk| {
        desk.press("c\n");
        desk.moment.now = now() + Duration::from_secs(3);
        let started = ProcessorNews::Started { at: now(), trigger: Trigger::Forced };
        desk.tell(Event::Processor(started));
    });
}

#[test]
fn the_database_was_lost() {
    check("lost", |desk| {
        desk.pass(Duration::from_secs(4));
        let asked = desk.effects.iter().find_map(|effect| match effect {
            crate::console::effect::Effect::Load(sequence, load) => Some((*sequence, load.lane())),
            _ => None,
        });
        let (sequence, lane) = asked.unwrap();
        desk.tell(Event::Answer(Answer::LoadFailed { lane, sequence, failure: unreachable(), chance: 0.5 }));
    });
}

#[test]
fn before_anything_is_known() {
    for (width, height) in SIZES {
        insta::assert_snapshot!(format!("started_{width}x{height}"), Desk::started(width, height).screen());
    }
}

#[test]
fn the_database_cannot_be_reached() {
    for (width, height) in SIZES {
        let mut desk = Desk::started(width, height);
        desk.tell(Event::Answer(Answer::NotConnected { failure: unreachable(), chance: 0.5 }));
        insta::assert_snapshot!(format!("unreachable_{width}x{height}"), desk.screen());
    }
}

#[test]
fn there_are_no_incidents_yet() {
    for (width, height) in SIZES {
        let mut desk = Desk::started(width, height);
        desk.stored.clear();
        desk.connect();
        insta::assert_snapshot!(format!("empty_{width}x{height}"), desk.screen());
    }
}

#[test]
fn what_must_not_be_forgotten_is_in_the_header() {
    for (width, height) in SIZES {
        let mut options = options();
        options.access = Access::ReadOnly;
        options.clock = ClockKind::Frozen;
        options.data = DataKind::Demo;
        options.processor = ProcessorChoice::Off("--no-processor");
        let mut desk = Desk::with(options, width, height);
        desk.connect();
        desk.press("f");
        desk.pass(Duration::from_secs(12));
        desk.press("c");
        insta::assert_snapshot!(format!("badges_{width}x{height}"), desk.screen());
    }
}

#[test]
fn where_there_are_only_ascii_letters() {
    let mut desk = Desk::ready(160, 45);
    desk.press("jjj");
    desk.answer_all();
    let screen = desk.screen_with(&Look { theme: Theme::mono(), glyphs: Glyphs::Ascii });
    insta::assert_snapshot!("ascii_160x45", &screen);
    assert!(screen.is_ascii());
}

#[test]
fn titles_cannot_control_the_terminal() {
    let screen = Desk::ready(160, 45).screen();
    assert!(!screen.contains(['\u{1b}', '\u{202e}']) && screen.contains("[31mred"));
}

#[test]
fn no_size_makes_any_view_panic() {
    let looks = [
        Look { theme: Theme::colour(), glyphs: Glyphs::Unicode },
        Look { theme: Theme::mono(), glyphs: Glyphs::Ascii },
    ];
    let scenes = ["", "\n", "2", "3", "4", "c", "n", "jjP", "?", ":", "s", "!", "/abc", "    c", "/no\n", "\t→→w"];
    for keys in scenes {
        let mut desk = Desk::ready(100, 30);
        desk.press(keys);
        desk.answer_all();
        for width in 1..=60 {
            for height in 1..=30 {
                desk.tell(Event::Resize { width, height });
                let _ = desk.screen_with(&looks[usize::from(width + height) % 2]);
            }
        }
        for (width, height) in [(0, 0), (0, 5), (5, 0), (1, 1), (79, 20), (80, 19), (80, 20), (119, 200), (500, 300)] {
            desk.tell(Event::Resize { width, height });
            let _ = desk.screen_with(&looks[0]);
        }
    }
}

#[test]
fn view_2_says_what_is_late_and_by_how_much() {
    check("pending_late", |desk| {
        desk.press("2");
        desk.answer_all();
        desk.tell(Event::Processor(ProcessorNews::Waiting { next_run_at: now() + Duration::from_mins(200) }));
        desk.pass(Duration::from_mins(170));
        desk.answer_all();
    });
}

#[test]
fn view_4_shows_what_matters_of_the_log_and_a_clock_that_is_wrong() {
    check("log_level", |desk| {
        desk.press("4");
        desk.answer_all();
        desk.state.clock_offset = 7_383_000_000;
        let line = |level: &str, said: &str| format!("2026-11-24T13:36:40.1Z {level:>5} {said}");
        let long = "capture failed incident=35 attempts=3 dead=false error=the query is malformed at character 1: \
            'severity' is no key: it is one of level, project, environment, user, fingerprint, message, tags[name]";
        let lines = vec![line("INFO", "run finished"), line("WARN", long), line("INFO", "run finished")];
        desk.tell(Event::Log { lines, written: 3 });
        desk.press("l");
    });
}
