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
fn view_4_the_runs_have_the_keys_and_say_their_errors_in_full() {
    check("processor_runs", |desk| {
        desk.press("4\t");
        desk.answer_all();
        desk.press("j");
    });
    let mut desk = Desk::ready(80, 24);
    desk.press("4\t");
    desk.press(&"j".repeat(99));
    let runs = super::fixtures::overview().runs.len();
    assert_eq!(desk.state.processor.scroll, runs - 1, "no further than the last");
    desk.press("\u{1b}j");
    assert_eq!(desk.state.processor.scroll, runs - 1, "the log has the keys again");
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

#[test]
fn enter_gives_the_detail_all_of_the_screen_and_esc_takes_it_back() {
    for (width, height) in [(160, 45), (120, 40), (80, 24)] {
        let mut desk = Desk::ready(width, height);
        desk.press("jj\n");
        desk.answer_all();
        assert_eq!(desk.state.screen().list.area(), 0, "{width}x{height}");
        assert!(!desk.screen().contains("Login latency"), "{}", desk.screen());
        desk.press("\u{1b}");
        assert!(desk.screen().contains("Login latency"));
        // The other pane can have the keys beside the list, too.
        desk.press("\t");
        assert!(width < 120 || desk.screen().contains("Login latency"));
    }
}

#[test]
fn where_the_detail_does_not_fit_its_facts_and_its_timeline_follow_the_chart() {
    let mut desk = Desk::ready(40, 12);
    desk.press("jj\n");
    desk.answer_all();
    assert!(desk.screen().contains("┤") && desk.screen().contains("j more"), "{}", desk.screen());
    desk.press("j");
    assert!(desk.screen().contains("query     level:error"), "{}", desk.screen());
    // Page by page everything comes up, nothing between two pages is lost.
    let mut seen = desk.screen();
    for _ in 0..6 {
        desk.press("j");
        seen.push_str(&desk.screen());
    }
    for said in ["totals", "mean/10m", "timeline (newest first)", "failed over", "ETA 20 minutes", "opened"] {
        assert!(seen.contains(said), "{said}:\n{seen}");
    }
    desk.press("jjjjjjjjkkkkkkkk");
    assert!(desk.screen().contains("┤"), "it goes no further than there is something: {}", desk.screen());
}

#[test]
fn why_something_fails_is_read_in_full_on_a_small_screen_too() {
    for (width, height) in [(120, 24), (80, 24), (60, 20), (40, 12)] {
        for (keys, why) in [("jjjjj", "the quote is not closed"), ("jjjjjj", "the quote is not closed")] {
            let mut desk = Desk::ready(width, height);
            desk.press(keys);
            desk.press("\n");
            desk.answer_all();
            let words: Vec<String> = desk.screen().split([' ', '\n', '│']).map(str::to_owned).collect();
            let text = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
            assert!(text.contains(why), "{width}x{height}:\n{}", desk.screen());
        }
    }
}

#[test]
fn the_timeline_has_what_became_of_the_snapshot_in_its_place() {
    let mut desk = Desk::ready(160, 45);
    desk.press("jjjj");
    desk.answer_all();
    let screen = desk.screen();
    let at = |text: &str| screen.find(text).unwrap_or_else(|| panic!("'{text}' is not there:\n{screen}"));
    assert!(at("snapshot captured, as of") < at("closed: failed over"));
    assert!(at("closed: failed over") < at(" opened"));
}
