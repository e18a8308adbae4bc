//! Every way to be wrong on the command line: its message, its exit status, and a database that stays as it was.

use crate::cli_fixture::{begun, begun_once, check_input_refused, check_refused, everything, program};
use crate::support::{Afterimage, TestDatabase, on_both_engines};

const LONG: usize = 1 << 20;

on_both_engines! {
    async fn an_unknown_incident_is_absent(database: TestDatabase) {
        for arguments in [
            &["incident", "show", "99"] as &[&str],
            &["incident", "close", "99"],
            &["incident", "reopen", "99"],
            &["incident", "comment", "99", "hello"],
            &["incident", "edit", "99", "--title", "x"],
            &["snapshot", "show", "99"],
            &["snapshot", "preview", "99"],
            &["snapshot", "export", "99", "--format", "csv"],
            &["pending", "retry", "99"],
            &["pending", "discard", "99"],
            &["process", "99"],
        ] {
            let program = begun_once(&database).await;
            program.assert_fails(arguments, 3, &["there is no incident 99"]);
        }
    }

    async fn one_unknown_incident_among_others_stops_all_of_them(database: TestDatabase) {
        check_refused(&database, &["incident", "close", "1", "99", "98"], 3, &["there are no incidents 98, 99"]).await;
    }

    async fn what_is_no_number_is_no_incident(database: TestDatabase) {
        check_refused(&database, &["incident", "close", "first"], 2, &["'first'", "not the number of an incident"]).await;
    }

    async fn an_unknown_rule_is_absent(database: TestDatabase) {
        let program = begun(&database);
        let before = everything(&database).await;
        for arguments in [
            &["incident", "open", "x", "--rule", "nope"] as &[&str],
            &["rule", "show", "nope"],
            &["rule", "update", "nope", "--time-window", "5"],
            &["rule", "delete", "nope"],
        ] {
            program.assert_fails(arguments, 3, &["there is no rule 'nope'", "rule list"]);
        }
        assert_eq!(everything(&database).await, before);
    }

    async fn a_second_rule_of_the_same_name_is_a_conflict(database: TestDatabase) {
        check_refused(&database, &["rule", "add", "5xx", "--time-window", "5"], 4, &["'5xx' already"]).await;
    }

    async fn a_bad_time_is_repeated_with_the_forms_that_are_read(database: TestDatabase) {
        check_refused(&database, &["incident", "close", "1", "--at", "noonish"], 2, &["'noonish'", "2h ago"]).await;
    }

    async fn a_time_before_1970_is_refused(database: TestDatabase) {
        check_refused(&database, &["incident", "open", "x", "--started", "1969-12-31"], 2, &["1970 to 9000"]).await;
    }

    async fn a_start_in_the_future_is_refused(database: TestDatabase) {
        let arguments = ["incident", "open", "x", "--started", "2026-11-24T12:00:01Z"];
        check_refused(&database, &arguments, 2, &["2026-11-24T12:00:01Z is in the future"]).await;
    }

    async fn a_close_before_the_start_is_refused(database: TestDatabase) {
        check_refused(&database, &["incident", "close", "1", "--at", "-3h"], 2, &["incident 1", "before the start"]).await;
    }

    async fn a_close_in_the_future_is_refused(database: TestDatabase) {
        let arguments = ["incident", "close", "1", "--at", "2026-11-25"];
        check_refused(&database, &arguments, 2, &["incident 1", "in the future"]).await;
    }

    async fn closing_a_closed_incident_at_another_time_is_a_conflict_that_names_who_closed_it(database: TestDatabase) {
        let closed = ["tester", "2026-11-24T12:00:00Z", "2026-11-24T11:59:00Z"];
        check_refused(&database, &["incident", "close", "1", "2", "--at", "-5m"], 4, &closed).await;
    }

    async fn closing_a_closed_incident_with_a_comment_is_a_conflict(database: TestDatabase) {
        check_refused(&database, &["incident", "close", "2", "--comment", "x"], 4, &["already closed by tester"]).await;
    }

    async fn a_malformed_query_is_refused_with_the_position_of_its_fault(database: TestDatabase) {
        let query = "level:error colour:red";
        for arguments in [
            &["rule", "add", "red", "--time-window", "5", "--query", query] as &[&str],
            &["rule", "update", "5xx", "--query", query],
            &["incident", "open", "x", "--query", query],
        ] {
            let program = begun_once(&database).await;
            program.assert_fails(arguments, 2, &["at character 13", "'colour' is no key"]);
        }
    }

    async fn a_time_window_of_0_or_100000_is_refused(database: TestDatabase) {
        for minutes in ["0", "-5", "43201", "100000"] {
            let program = begun_once(&database).await;
            let said = format!("a time window of {minutes} minutes is not possible: it is from 1 to 43200");
            program.assert_fails(&["rule", "add", "y", "--time-window", minutes], 2, &[&said]);
            program.assert_fails(&["rule", "update", "5xx", "--time-window", minutes], 2, &[&said]);
        }
    }

    async fn an_empty_title_is_refused(database: TestDatabase) {
        check_refused(&database, &["incident", "open", " \t"], 2, &["the title is empty"]).await;
    }

    async fn an_empty_correction_is_refused(database: TestDatabase) {
        check_refused(&database, &["incident", "edit", "1", "--title", ""], 2, &["the title is empty"]).await;
    }

    async fn a_title_of_a_megabyte_is_refused_with_the_limit(database: TestDatabase) {
        let said = ["the title is 1048576 bytes long: the limit is 1000"];
        check_input_refused(&database, &["incident", "open", "-"], "x".repeat(LONG), 2, &said).await;
    }

    async fn a_title_with_a_nul_is_refused(database: TestDatabase) {
        let said = ["the title contains a NUL character"];
        check_input_refused(&database, &["incident", "open", "-"], "a\0b", 2, &said).await;
    }

    async fn a_comment_of_a_megabyte_is_refused_with_the_limit(database: TestDatabase) {
        let said = ["the comment is 1048576 bytes long: the limit is 16384"];
        check_input_refused(&database, &["incident", "comment", "1", "-"], "x".repeat(LONG), 2, &said).await;
    }

    async fn a_title_with_escape_sequences_is_kept_and_shown_harmless(database: TestDatabase) {
        let program = program(&database);
        let title = "red \u{1b}[31malert\u{1b}]0;pwned\u{7} \u{9b}2J \u{202e}end";
        let opened = program.json(&["incident", "open", title]);
        assert_eq!(opened["title"], title);
        program.output(&["incident", "close", "1"]);
        program.output(&["process", "1", "--force"]);
        for arguments in [
            &["incident", "list"] as &[&str],
            &["incident", "show", "1"],
            &["incident", "list", "--json"],
            &["pending", "list"],
            &["snapshot", "list"],
            &["snapshot", "show", "1"],
            &["incident", "close", "1"],
            &["incident", "edit", "1", "--title", &format!("{title}!")],
        ] {
            let printed = program.output(arguments);
            assert!(printed.contains("alert"), "{printed}");
            let harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!printed.contains(harmful), "{arguments:?}: {printed:?}");
        }
    }

    async fn an_invalid_value_with_escape_sequences_is_repeated_harmless(database: TestDatabase) {
        let outcome = program(&database).run(&["incident", "list", "--status", "\u{1b}[31mred"]);
        outcome.assert_failed(2, &["red", "open, closed, all"]);
        assert!(!outcome.stderr.contains('\u{1b}'), "{outcome}");
    }

    async fn force_without_an_incident_is_refused(database: TestDatabase) {
        check_refused(&database, &["process", "--force"], 2, &["<ID>"]).await;
    }

    async fn an_open_incident_is_not_processed(database: TestDatabase) {
        check_refused(&database, &["process", "1", "--force"], 4, &["incident 1 is open: close it first"]).await;
    }

    async fn an_incident_whose_target_lies_ahead_is_not_processed_without_force(database: TestDatabase) {
        check_refused(&database, &["process", "2"], 4, &["incident 2 is due at 2026-11-24T12:09:00Z", "--force"]).await;
    }

    async fn a_captured_incident_is_not_processed_again(database: TestDatabase) {
        let program = begun(&database);
        let later = Afterimage::on(&database).with(&["--now", "2026-11-24 13:00"]);
        later.output(&["process", "2"]);
        let before = everything(&database).await;
        later.assert_fails(&["process", "2"], 4, &["incident 2 is captured already", "snapshot show 2"]);
        program.assert_fails(&["snapshot", "preview", "2"], 4, &["captured already"]);
        later.assert_fails(&["incident", "edit", "2", "--started", "-5h"], 4, &["captured", "reopen"]);
        assert_eq!(everything(&database).await, before);
    }

    async fn what_is_not_pending_cannot_be_retried_or_discarded(database: TestDatabase) {
        for verb in ["retry", "discard"] {
            let program = begun_once(&database).await;
            program.assert_fails(&["pending", verb, "2", "1"], 4, &["incident 1 has no pending snapshot: it is open"]);
            assert_eq!(database.number("select count(*) from pending_snapshots").await, 1);
        }
    }

    async fn a_snapshot_that_is_not_there_yet_says_when_and_how_to_look_ahead(database: TestDatabase) {
        let said = ["incident 2 has no snapshot: it is pending (in 9m)", "snapshot preview 2"];
        check_refused(&database, &["snapshot", "show", "2"], 3, &said).await;
    }

    async fn nobody_cannot_do_anything(database: TestDatabase) {
        check_refused(&database, &["--by", " ", "incident", "close", "1"], 2, &["--by", "empty"]).await;
    }

    async fn a_list_of_nothing_is_refused(database: TestDatabase) {
        check_refused(&database, &["incident", "list", "--limit", "0"], 2, &["--limit"]).await;
    }

    async fn a_format_that_does_not_exist_is_refused(database: TestDatabase) {
        check_refused(&database, &["snapshot", "export", "2", "--format", "gif"], 2, &["gif", "svg, csv, json"]).await;
    }

    async fn only_an_empty_database_is_seeded(database: TestDatabase) {
        check_refused(&database, &["seed", "--incidents", "1", "--events", "1"], 4, &["not empty"]).await;
    }
}

#[test]
fn an_interval_of_nothing_is_refused() {
    Afterimage::new().assert_fails(&["--interval", "0"], 2, &["--interval", "write it like 30s, 5m or 1h"]);
    Afterimage::new().assert_fails(&["--daemon", "--interval", "0s"], 2, &["an interval is at least a second"]);
}

#[test]
fn without_a_terminal_the_console_names_what_works_without_one() {
    let program = Afterimage::new();
    program.assert_fails::<&str>(&[], 2, &["needs a terminal", "afterimage --daemon", "afterimage incident list"]);
    assert!(!program.home().join("data").exists(), "no database is made for a console that does not open");
    program.assert_fails(&["--demo"], 2, &["needs a terminal"]);
}

#[test]
fn options_of_the_console_beside_a_command_are_refused() {
    Afterimage::new().assert_fails(&["--read-only", "incident", "list"], 2, &["go without a command"]);
    Afterimage::new().assert_fails(&["--daemon", "--now", "-1h"], 2, &["--once"]);
    Afterimage::new().assert_fails(&["--json"], 2, &["--json goes with a command"]);
}

#[test]
fn a_slip_of_the_pen_creates_no_database() {
    let program = Afterimage::new();
    program.assert_fails(&["rule", "add", "x", "--time-window", "0"], 2, &["time window"]);
    program.assert_fails(&["incident", "open", "x", "--query", "level:"], 2, &["at character"]);
    program.assert_fails(&["incident", "close", "1", "--at", "?"], 2, &["cannot read the time"]);
    assert!(!program.home().join("data").exists());
}

#[test]
fn a_command_that_does_not_exist_is_refused() {
    for arguments in [&["incidents"] as &[&str], &["incident", "delete", "1"], &["db", "drop"], &["complete", "bash"]] {
        Afterimage::new().assert_fails(arguments, 2, &["unrecognized subcommand"]);
    }
}
