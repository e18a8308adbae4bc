//! `afterimage status`: whether all is well in its first line, and what to do where it is not; and the daemon's exit
//! statuses, which scripts and service managers go by.

use crate::cli_fixture::{begun, program};
use crate::support::{Afterimage, TestDatabase, at, on_both_engines, until};

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

on_both_engines! {
    async fn a_database_in_order_is_said_to_be_well(database: TestDatabase) {
        let program = begun(&database);
        let said = program.output(&["status"]);
        assert_eq!(first_line(&said), "all is well", "{said}");
        assert!(said.contains("1 open, 1 closed") && said.contains("no processor is known"), "{said}");
        assert_eq!(program.run(&["status", "--check"]).stderr, "");
    }

    async fn all_that_is_wrong_is_said_in_one_screen_with_what_to_do(database: TestDatabase) {
        let program = begun(&database);
        let micros = |text: &str| at(text).as_micros();
        for sql in [
            format!("update pending_snapshots set attempts = 4, last_error = 'a bad row', last_error_at = {}", micros("11:59")),
            format!(
                "insert into processor_runs (trigger, host, started_at, updated_at, batch_size) values ('interval', 'ops-1', {}, {}, 50)",
                micros("11:30"), micros("11:50")
            ),
            format!(
                "insert into outbox (message_id, target, kind, incident_id, occurred_at, next_attempt_at, last_error) \
                 values ('m1', 'chat', 'incident.closed', 2, {}, {}, 'answered 500')",
                micros("09:00"), micros("12:10")
            ),
        ] {
            database.execute(&sql).await;
        }
        let said = program.output(&["status"]);
        assert_eq!(first_line(&said), "3 things need attention:", "{said}");
        for part in [
            "run 1 on ops-1, begun 30m ago, has not moved for 10m",
            "the snapshot of incident 2 fails again and again (a bad row)",
            "1 message waits for webhook 'chat', the oldest for more than two hours (answered 500)",
        ] {
            assert!(said.contains(part), "'{part}' is not in\n{said}");
        }
        assert!(said.lines().count() <= 24, "it is one screen:\n{said}");
        let checked = program.run(&["status", "--check", "--json"]);
        assert_eq!((checked.status, checked.stderr.lines().count()), (1, 3), "{checked}");
        let document: serde_json::Value = serde_json::from_str(&checked.stdout).unwrap();
        let kinds: Vec<&str> = document["attention"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["hanging_run", "failing", "outbox"]);
    }

    async fn a_row_that_has_failed_once_needs_nobody_yet(database: TestDatabase) {
        let program = begun(&database);
        database.execute("update pending_snapshots set attempts = 1, last_error = 'a bad row', last_error_at = 1").await;
        assert_eq!(first_line(&program.output(&["status"])), "all is well");
    }

    async fn a_source_that_is_silent_is_named_and_its_secrets_are_not(database: TestDatabase) {
        let program = program(&database);
        program.output(&["db", "migrate"]);
        let source = "[[prometheus]]\nname = 'main'\nurl = 'http://127.0.0.1:1'\nbearer_token = 'hunter2-hunter2'\n";
        std::fs::write(program.home().join("config.toml"), source).unwrap();
        let program = program.with(&["--config", "config.toml"]);
        let outcome = program.run(&["status", "--check"]);
        assert_eq!(outcome.status, 1, "{outcome}");
        assert!(outcome.stderr.contains("source 'main' does not answer"), "{outcome}");
        assert!(!outcome.to_string().contains("hunter2"), "{outcome}");
        let absent = source.replace("bearer_token = 'hunter2-hunter2'", "bearer_token_file = 'none'");
        std::fs::write(program.home().join("config.toml"), absent).unwrap();
        let outcome = program.run(&["status", "--check"]);
        assert_eq!(outcome.status, 0, "{outcome}");
        assert!(outcome.stderr.contains("the sources are not asked"), "{outcome}");
    }

    async fn one_run_of_the_daemon_ends_with_1_where_a_snapshot_failed(database: TestDatabase) {
        let program = begun(&database);
        database.execute("update incidents set query = 'nokey:x'").await;
        let later = Afterimage::on(&database).with(&["--now", "2026-11-24 13:00"]);
        assert_eq!(later.run(&["--daemon", "--once"]).status, 1);
        drop(program);
    }

    async fn one_run_of_the_daemon_that_is_interrupted_ends_with_130(database: TestDatabase) {
        let program = program(&database);
        program.output(&["seed", "--incidents", "4000", "--events", "0"]);
        let running = program.start(&["--daemon", "--once", "--batch-size", "5"]);
        until("it captures", async || database.number("select count(*) from incident_snapshots").await > 0).await;
        running.signal("TERM");
        let outcome = running.wait();
        assert_eq!(outcome.status, 130, "{outcome}");
        assert!(database.number("select count(*) from pending_snapshots").await > 0, "it was in the middle");
    }
}

#[test]
fn the_exit_statuses_of_the_daemon_are_documented_and_so() {
    let help = Afterimage::new().output(&["--help"]);
    let section = help.split("Exit status of --daemon:").nth(1).expect("there is one");
    for status in ["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "130 "] {
        assert!(section.lines().any(|line| line.trim_start().starts_with(status)), "{status} in {section}");
    }
    let program = Afterimage::new();
    program.assert_fails(&["--daemon", "--config", "none.toml"], 3, &["none.toml"]);
    std::fs::write(program.home().join("config.toml"), "interval = 'often'\n").unwrap();
    program.assert_fails(&["--daemon", "--config", "config.toml"], 2, &["interval"]);
    program.assert_fails(
        &["--daemon", "--once", "--database-url", "postgres://nobody@127.0.0.1:1/none"],
        5,
        &["not reachable"],
    );
}
