//! `event import` as people and scripts use it. What is imported and how is tested with `ops`.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use crate::cli_fixture::{begun, check_input_refused, everything};
use crate::support::{TestDatabase, on_both_engines};

const THREE: &str = "timestamp,value,user\n2026-11-24 11:00,2,ann\n2026-11-24 11:01,3.0,bob\n2026-11-24 11:02,0,cyd\n";

/// Seven lines of NDJSON, the last of them broken.
fn broken() -> String {
    let line = |minute: u32| format!("{{\"timestamp\":\"2026-11-24T11:0{minute}:00Z\",\"value\":2}}\n");
    (0..6).map(line).collect::<String>() + "{\"timestamp\": oops}\n"
}

on_both_engines! {
    async fn a_file_is_imported_once(database: TestDatabase) {
        let program = begun(&database);
        fs::write(program.home().join("three.csv"), THREE).unwrap();
        let import = ["event", "import", "three.csv", "--project", "checkout", "--level", "error"];
        assert_eq!(program.output(&import), "imported 3 events\n");
        let before = everything(&database).await;
        assert!(program.output(&import).contains("imported already: nothing changed"));
        assert_eq!(everything(&database).await, before);
        assert_eq!(program.output(&[&import[..], &["--again"]].concat()), "imported 3 events\n");
        program.output(&["incident", "close", "1", "--at", "-1m"]);
        let snapshot = program.json(&["snapshot", "preview", "1"]);
        assert_eq!((&snapshot["total_events"], &snapshot["unique_users"]), (&10.into(), &3.into()));
    }

    async fn stdin_is_imported_where_no_file_is_named(database: TestDatabase) {
        let program = begun(&database);
        for arguments in [&["event", "import"] as &[&str], &["event", "import", "-", "--again", "--format", "csv"]] {
            let outcome = program.run_with_input(arguments, THREE);
            assert_eq!((outcome.status, outcome.stdout.as_str()), (0, "imported 3 events\n"), "{outcome}");
        }
    }

    async fn the_report_has_its_keys_in_order(database: TestDatabase) {
        let program = begun(&database);
        let outcome = program.run_with_input(&["event", "import", "--skip-invalid", "--json"], broken());
        assert_eq!(outcome.status, 0, "{outcome}");
        assert!(outcome.stderr.contains("left out line 7: "), "{outcome}");
        let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
        let expected =
            ["records", "imported", "known", "skipped_invalid", "already_imported", "resumed_at", "invalid"];
        assert_eq!(keys, expected);
        assert_eq!((&report["records"], &report["imported"], &report["skipped_invalid"]), (&7.into(), &6.into(), &1.into()));
        assert_eq!(report["invalid"][0]["line"], 7);
    }

    async fn a_broken_line_7_is_named_and_nothing_is_imported(database: TestDatabase) {
        check_input_refused(&database, &["event", "import"], broken(), 2, &["line 7: ", "nothing was imported"]).await;
    }

    async fn csv_without_a_header_is_refused(database: TestDatabase) {
        let rows = "2026-11-24 11:00,2\n2026-11-24 11:01,3\n";
        let said = ["line 1", "no column 'timestamp'", "nothing was imported"];
        check_input_refused(&database, &["event", "import", "--format", "csv"], rows, 2, &said).await;
    }

    async fn nothing_at_all_is_refused(database: TestDatabase) {
        check_input_refused(&database, &["event", "import"], "", 2, &["there is nothing in 'standard input'"]).await;
    }

    async fn a_folder_is_no_file(database: TestDatabase) {
        check_input_refused(&database, &["event", "import", "."], "", 2, &["cannot import '.'", "is a directory"]).await;
    }

    async fn a_file_that_is_not_there_is_absent(database: TestDatabase) {
        check_input_refused(&database, &["event", "import", "no.csv"], "", 3, &["cannot import 'no.csv'"]).await;
    }

    async fn a_feed_comes_from_stdin_alone(database: TestDatabase) {
        let said = ["--follow takes its feed from stdin"];
        check_input_refused(&database, &["event", "import", "a.csv", "--follow"], "", 2, &said).await;
        check_input_refused(&database, &["event", "import", "--follow", "--again"], "", 2, &["--follow", "--again"]).await;
    }

    async fn a_feed_says_bad_lines_and_goes_on(database: TestDatabase) {
        let program = begun(&database);
        let outcome = program.run_with_input(&["event", "import", "--follow"], broken());
        assert_eq!(outcome.status, 0, "{outcome}");
        assert_eq!(outcome.stdout, "imported 6 events; 1 bad line left out\n");
        assert!(outcome.stderr.starts_with("line 7: "), "{outcome}");
    }

    async fn an_interrupted_feed_keeps_what_has_arrived(database: TestDatabase) {
        let program = begun(&database);
        let mut command = program.command(&["event", "import", "--follow", "--json"]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"{\"timestamp\":\"2026-11-24T11:00:00Z\",\"value\":7}\n").unwrap();
        while database.number("select count(*) from events").await == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        assert_eq!(output.status.code(), Some(130));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("\"imported\":1"), "{said}");
    }
}
