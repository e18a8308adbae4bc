//! What commands say to people, and to the scripts that only look at the exit status.

use std::io::Read;

use crate::cli_fixture::{NOW, begun, everything, program};
use crate::support::{Afterimage, TestDatabase, on_both_engines};

const DAY_LATER: &str = "2026-11-25 12:00";

#[test]
fn empty_lists_say_beside_the_answer_what_to_do() {
    let program = Afterimage::new();
    for (arguments, hint) in [
        (["incident", "list"], "afterimage incident open"),
        (["rule", "list"], "afterimage rule add"),
        (["pending", "list"], "closing an incident"),
        (["snapshot", "list"], "pending list"),
        (["run", "list"], "no runs yet"),
    ] {
        let outcome = program.run(&arguments);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (0, ""), "{outcome}");
        assert!(outcome.stderr.contains(hint), "{outcome}");
        assert_eq!(program.json(&arguments), serde_json::json!([]));
    }
}

#[test]
fn help_names_examples_variables_and_exit_statuses() {
    let help = Afterimage::new().output(&["--help"]);
    for part in
        ["Examples:", "AFTERIMAGE_DATABASE_URL", "AFTERIMAGE_USER", "NO_COLOR", "Exit status:", "130", "--daemon"]
    {
        assert!(help.contains(part), "{part} is not in {help}");
    }
}

#[test]
fn every_command_has_help() {
    for noun in ["incident", "rule", "event", "pending", "process", "snapshot", "run", "status", "seed", "db"] {
        assert!(Afterimage::new().output(&[noun, "--help"]).contains("Usage:"), "{noun}");
    }
}

on_both_engines! {
    async fn the_list_shows_the_newest_start_first_and_can_be_narrowed(database: TestDatabase) {
        let program = begun(&database);
        let listed = program.output(&["incident", "list"]);
        let lines: Vec<&str> = listed.lines().collect();
        assert_eq!(lines.len(), 3, "{listed}");
        assert!(lines[0].starts_with("ID  STATUS  TITLE"), "{listed}");
        assert!(lines[1].contains("Checkout errors") && lines[1].contains("2h"), "{listed}");
        assert!(lines[2].contains("Queue backlog") && lines[2].ends_with("in 9m"), "{listed}");
        let ids = |arguments: &[&str]| {
            let listed = program.json(&[&["incident", "list"], arguments].concat());
            listed.as_array().unwrap().iter().map(|incident| incident["id"].as_i64().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&["--status", "open"]), [1]);
        assert_eq!(ids(&["--status", "closed"]), [2]);
        assert_eq!(ids(&["--project", "queue"]), [2]);
        assert_eq!(ids(&["--search", "CHECKOUT"]), [1]);
        assert_eq!(ids(&["--limit", "1"]), [1]);
        let limited = program.run(&["incident", "list", "--limit", "1"]);
        assert!(limited.stderr.contains("--limit shows more"), "{limited}");
        let nothing = program.run(&["incident", "list", "--search", "nothing like it"]);
        assert!(nothing.stderr.contains("no incident matches"), "{nothing}");
    }

    async fn the_page_of_an_incident_tells_everything(database: TestDatabase) {
        begun(&database);
        let later = Afterimage::on(&database).with(&["--now", DAY_LATER]);
        later.output(&["process"]);
        later.output(&["--by", "ann", "incident", "comment", "2", "it was the cache"]);
        let page = later.output(&["incident", "show", "2"]);
        for part in [
            "#2 Queue backlog",
            "closed, lasted 2h 59m",
            "2026-11-24T09:00:00Z (1d 3h ago)",
            "time window  1m",
            "projects     queue",
            "complete",
            "0 events, 0 users",
            "not sum to the windowed series",
            "ann     said: it was the cache",
            "tester  closed",
        ] {
            assert!(page.contains(part), "'{part}' is not in\n{page}");
        }
        later.output(&["incident", "reopen", "2"]);
        let page = later.output(&["incident", "show", "2"]);
        assert!(page.contains("Superseded snapshots") && page.contains("open for"), "{page}");
    }

    async fn the_page_of_a_snapshot_draws_both_series(database: TestDatabase) {
        begun(&database);
        let later = Afterimage::on(&database).with(&["--now", DAY_LATER]);
        later.output(&["process"]);
        let page = later.output(&["snapshot", "show", "2"]);
        for part in ["Windowed: 200 buckets of 1m", "Lifetime: 190 buckets of 1m", "▁▁▁▁", "no events", "--json"] {
            assert!(page.contains(part), "'{part}' is not in\n{page}");
        }
        let ascii = Afterimage::on(&database).with_variable("LANG", "C").output(&["snapshot", "show", "2"]);
        assert!(ascii.is_ascii(), "{ascii}");
    }

    async fn closing_again_says_by_whom_and_changes_nothing(database: TestDatabase) {
        let program = begun(&database);
        let before = everything(&database).await;
        let said = program.output(&["incident", "close", "2"]);
        assert!(said.contains("closed already, by tester at 2026-11-24T12:00:00Z: nothing changed"), "{said}");
        let said = program.output(&["incident", "reopen", "1"]);
        assert!(said.contains("open already"), "{said}");
        assert_eq!(everything(&database).await, before);
    }

    async fn a_title_and_a_comment_may_come_from_stdin(database: TestDatabase) {
        let program = program(&database);
        assert_eq!(program.run_with_input(&["incident", "open", "-"], "From a pipe\n").status, 0);
        assert_eq!(program.run_with_input(&["incident", "comment", "1", "-"], "two\nlines\n").status, 0);
        let shown = program.json(&["incident", "show", "1"]);
        assert_eq!(shown["title"], "From a pipe");
        assert_eq!(shown["activities"][1]["comment"], "two\nlines");
    }

    async fn a_rule_edit_says_how_many_open_incidents_keep_the_old_values(database: TestDatabase) {
        let said = begun(&database).output(&["rule", "update", "5xx", "--time-window", "30"]);
        assert!(said.contains("time window 30m") && said.contains("1 open incident keeps the old values"), "{said}");
    }

    async fn processing_says_what_became_of_the_rows(database: TestDatabase) {
        begun(&database);
        let later = Afterimage::on(&database).with(&["--now", DAY_LATER]);
        let said = later.output(&["process"]);
        assert!(said.starts_with("captured 1 of 1 due (1 batch, "), "{said}");
        assert_eq!(later.output(&["process"]), "nothing was due\n");
    }

    async fn forcing_early_makes_a_partial_snapshot_and_keeps_the_promise(database: TestDatabase) {
        let program = begun(&database);
        program.output(&["process", "2", "--force"]);
        let shown = program.json(&["incident", "show", "2"]);
        assert_eq!((&shown["snapshot"]["partial"], &shown["pending"]["attempts"]), (&true.into(), &0.into()));
        assert!(program.output(&["incident", "list"]).contains("partial, in 9m"));
    }

    async fn a_failed_snapshot_is_exit_status_1_and_says_where_to_look(database: TestDatabase) {
        begun(&database);
        database.execute("update incidents set query = 'broken:' where id = 2").await;
        let later = Afterimage::on(&database).with(&["--now", DAY_LATER]);
        let outcome = later.run(&["process"]);
        assert_eq!(outcome.status, 1, "{outcome}");
        assert!(outcome.stdout.contains("captured 0 of 1 due, 1 failed"), "{outcome}");
        assert!(outcome.stderr.contains("pending list"), "{outcome}");
        let pending = later.output(&["pending", "list"]);
        assert!(pending.contains("retry 1/8 in") && pending.contains("malformed"), "{pending}");
        assert!(later.output(&["incident", "show", "2"]).contains("failed 1 of 8 times"));
    }

    async fn the_check_is_content_while_nothing_is_late(database: TestDatabase) {
        let program = begun(&database);
        assert_eq!(program.run(&["status", "--check"]).status, 0);
        let soon = Afterimage::on(&database).with(&["--now", "2026-11-24 14:08"]);
        assert_eq!(soon.run(&["status", "--check"]).status, 0, "due for less than two hours");
    }

    async fn the_check_complains_about_what_is_overdue(database: TestDatabase) {
        begun(&database);
        let later = Afterimage::on(&database).with(&["--now", "2026-11-24 14:10"]);
        let outcome = later.run(&["status", "--check"]);
        assert_eq!(outcome.status, 1, "{outcome}");
        assert!(outcome.stderr.contains("1 pending snapshot has been due for more than two hours"), "{outcome}");
        assert!(outcome.stdout.contains("1: 1 due, 0 failing, 0 dead"), "{outcome}");
        assert_eq!(later.run(&["status"]).status, 0, "only the check complains");
    }

    async fn the_check_complains_about_what_is_dead_until_it_is_revived(database: TestDatabase) {
        let program = begun(&database);
        let at = crate::support::at(NOW).as_micros();
        database.execute(&format!("update pending_snapshots set attempts = 8, dead_since = {at}")).await;
        let outcome = program.run(&["status", "--check", "--json"]);
        assert_eq!(outcome.status, 1, "{outcome}");
        assert!(outcome.stderr.contains("1 pending snapshot is dead"), "{outcome}");
        assert!(outcome.stdout.contains("\"dead\":1"), "{outcome}");
        assert!(program.output(&["pending", "list"]).contains("dead"));
        assert!(program.output(&["pending", "retry", "2"]).contains("of incident 2 is due in 9m"));
        assert_eq!(program.run(&["status", "--check"]).status, 0);
    }

    async fn a_discarded_promise_says_how_to_capture_all_the_same(database: TestDatabase) {
        let program = begun(&database);
        assert!(program.output(&["pending", "discard", "2"]).contains("afterimage process 2"));
        assert!(program.output(&["incident", "show", "2"]).contains("was discarded"));
        program.assert_fails(&["snapshot", "show", "2"], 3, &["the pending one was discarded"]);
    }

    async fn a_reader_who_has_read_enough_is_no_failure(database: TestDatabase) {
        let program = program(&database);
        program.output(&["seed", "--incidents", "2000", "--events", "0"]);
        let mut child = program.command(&["incident", "list", "--limit", "2000"]).spawn().unwrap();
        let mut beginning = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut beginning).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }

    async fn an_interrupted_command_ends_with_130(database: TestDatabase) {
        let program = program(&database);
        let mut command = program.command(&["incident", "open", "-"]);
        let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
        // Held open, for waiting would close it.
        let stdin = child.stdin.take();
        // It is at work once its database has a schema.
        let tables = database.pick(
            "select count(*) from sqlite_schema where name = 'incidents'",
            "select count(*) from pg_tables where tablename = 'incidents'",
        );
        while database.number(tables).await == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        drop(stdin);
        assert_eq!(database.number("select count(*) from incidents").await, 0);
    }

    async fn an_interrupted_run_finishes_its_batch_and_says_how_far_it_came(database: TestDatabase) {
        let program = program(&database);
        let due = program.json(&["seed", "--incidents", "4000", "--events", "0"])["due"].as_i64().unwrap();
        let child = program.command(&["process", "--json"]).spawn().unwrap();
        while database.number("select count(*) from incident_snapshots").await == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        let captured = database.number("select count(*) from incident_snapshots").await;
        assert!(captured < due, "it was interrupted in the middle");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(&format!("\"captured\":{captured},")), "{said}");
    }
}
