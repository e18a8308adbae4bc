//! The documents that scripts rely on: their keys in their order, and what their values mean.

use serde_json::Value;

use crate::cli_fixture::{begun, program};
use crate::support::{Afterimage, TestDatabase, on_both_engines};

const INCIDENT: [&str; 18] = [
    "id",
    "title",
    "type",
    "status",
    "aggregation",
    "query",
    "projects",
    "source",
    "expression",
    "measure",
    "rule",
    "time_window_minutes",
    "date_started",
    "date_detected",
    "date_closed",
    "date_added",
    "pending",
    "snapshot",
];
const PENDING: [&str; 6] =
    ["incident_id", "target_run_date", "next_attempt_at", "attempts", "last_error", "dead_since"];
const SNAPSHOT: [&str; 10] = [
    "incident_id",
    "as_of",
    "date_added",
    "partial",
    "clipped",
    "source",
    "measure",
    "estimated",
    "total_events",
    "unique_users",
];
const ACTIVITY: [&str; 6] = ["kind", "at", "by", "from", "to", "comment"];
const RULE: [&str; 9] = [
    "name",
    "time_window_minutes",
    "query",
    "aggregation",
    "projects",
    "source",
    "expression",
    "date_added",
    "date_updated",
];
const SERIES: [&str; 4] = ["start", "end", "period_seconds", "values"];

fn keys(document: &Value) -> Vec<&str> {
    document.as_object().unwrap_or_else(|| panic!("{document} is no object")).keys().map(String::as_str).collect()
}

on_both_engines! {
    async fn an_incident_has_its_keys_in_order_wherever_it_is_printed(database: TestDatabase) {
        let program = begun(&database);
        let opened = program.json(&["incident", "open", "Login slow", "--type", "detected"]);
        assert_eq!(keys(&opened), INCIDENT);
        assert_eq!((&opened["status"], &opened["type"]), (&"open".into(), &"detected".into()));
        assert!(opened["date_closed"].is_null() && opened["pending"].is_null() && opened["snapshot"].is_null());
        assert_eq!(opened["date_started"], "2026-11-24T12:00:00Z");
        for listed in program.json(&["incident", "list"]).as_array().unwrap() {
            assert_eq!(keys(listed), INCIDENT);
        }
        assert_eq!(keys(&program.json(&["incident", "edit", "3", "--title", "Login very slow"])), INCIDENT);
        let shown = program.json(&["incident", "show", "3"]);
        assert_eq!(keys(&shown)[..18], INCIDENT);
        assert_eq!(keys(&shown)[18..], ["activities", "superseded", "origin", "alerts"]);
        assert_eq!((&shown["origin"], &shown["alerts"]), (&Value::Null, &serde_json::json!([])));
        let kinds: Vec<&Value> = shown["activities"].as_array().unwrap().iter().map(|entry| &entry["kind"]).collect();
        assert_eq!(kinds, ["detected", "edit"]);
        assert_eq!(keys(&shown["activities"][0]), ACTIVITY);
    }

    async fn an_incident_copies_from_its_rule(database: TestDatabase) {
        let shown = begun(&database).json(&["incident", "show", "1"]);
        assert_eq!((&shown["rule"], &shown["time_window_minutes"]), (&"5xx".into(), &10.into()));
        assert_eq!((&shown["query"], &shown["projects"]), (&"level:error".into(), &serde_json::json!(["checkout"])));
    }

    async fn close_and_reopen_print_arrays(database: TestDatabase) {
        let program = begun(&database);
        let closed = program.json(&["incident", "close", "2", "1"]);
        let closed = closed.as_array().unwrap();
        assert_eq!(closed.iter().map(|incident| incident["id"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(keys(&closed[0]), INCIDENT);
        assert_eq!(keys(&closed[0]["pending"]), PENDING);
        assert_eq!(closed[0]["pending"]["target_run_date"], "2026-11-24T13:40:00Z");
        let reopened = program.json(&["incident", "reopen", "1", "--comment", "came back"]);
        assert_eq!(keys(&reopened[0]), INCIDENT);
        assert!(reopened[0]["pending"].is_null() && reopened[0]["date_closed"].is_null());
    }

    async fn a_comment_is_an_activity(database: TestDatabase) {
        let said = begun(&database).json(&["--by", "ann", "incident", "comment", "1", "looking"]);
        assert_eq!(keys(&said), ACTIVITY);
        assert_eq!((&said["kind"], &said["by"], &said["comment"]), (&"comment".into(), &"ann".into(), &"looking".into()));
        assert!(said["from"].is_null() && said["to"].is_null());
    }

    async fn a_rule_has_its_keys_in_order(database: TestDatabase) {
        let program = begun(&database);
        assert_eq!(keys(&program.json(&["rule", "show", "5xx"])), RULE);
        assert_eq!(keys(&program.json(&["rule", "add", "4xx", "--time-window", "5"])), RULE);
        let listed = program.json(&["rule", "list"]);
        assert_eq!(listed.as_array().unwrap().iter().map(|rule| &rule["name"]).collect::<Vec<_>>(), ["4xx", "5xx"]);
        let updated = program.json(&["rule", "update", "5xx", "--time-window", "20", "--all-projects"]);
        assert_eq!(keys(&updated)[9..], ["open_incidents"]);
        assert_eq!((&updated["open_incidents"], &updated["time_window_minutes"]), (&1.into(), &20.into()));
        assert_eq!(updated["projects"], serde_json::json!([]));
        assert_eq!(program.json(&["incident", "show", "1"])["time_window_minutes"], 10, "rule 3");
        assert_eq!(keys(&program.json(&["rule", "delete", "5xx"]))[9..], ["open_incidents"]);
    }

    async fn pending_snapshots_have_their_keys_in_order(database: TestDatabase) {
        let program = begun(&database);
        for arguments in [&["pending", "list"], &["pending", "retry"], &["pending", "discard"]] {
            let ids: &[&str] = if arguments[1] == "list" { &[] } else { &["2"] };
            let rows = program.json(&[arguments.as_slice(), ids].concat());
            assert_eq!(rows.as_array().unwrap().len(), 1, "{arguments:?}");
            assert_eq!(keys(&rows[0]), PENDING);
        }
        assert_eq!(program.json(&["pending", "list"]), serde_json::json!([]));
    }

    async fn a_run_reports_each_row_once(database: TestDatabase) {
        begun(&database);
        let later = Afterimage::on(&database).with(&["--now", "2026-11-24 13:00"]);
        let report = later.json(&["process"]);
        let expected =
            ["trigger", "due", "captured", "skipped_open", "skipped_existing", "failed", "batches", "duration_ms"];
        assert_eq!(keys(&report), expected);
        assert_eq!((&report["trigger"], &report["due"], &report["captured"]), (&"forced".into(), &1.into(), &1.into()));
        let runs = later.json(&["run", "list"]);
        let expected = [
            "id", "trigger", "host", "started_at", "finished_at", "due", "captured", "skipped_open",
            "skipped_existing", "failed", "batches", "error",
        ];
        assert_eq!(keys(&runs[0]), expected);
        let nothing = later.json(&["process"]);
        assert_eq!((&nothing["due"], &nothing["batches"]), (&0.into(), &0.into()));
        assert_eq!(later.json(&["run", "list"]).as_array().unwrap().len(), 1, "a run that found nothing has no record");
    }

    async fn a_snapshot_has_both_series_filled(database: TestDatabase) {
        begun(&database);
        let later = Afterimage::on(&database).with(&["--now", "2026-11-24 13:00"]);
        later.output(&["process"]);
        let snapshot = later.json(&["snapshot", "show", "2"]);
        assert_eq!(keys(&snapshot)[..10], SNAPSHOT);
        assert_eq!(keys(&snapshot)[10..], ["windowed", "lifetime"]);
        assert_eq!(snapshot["as_of"], "2026-11-24T12:09:00Z");
        for kind in ["windowed", "lifetime"] {
            assert_eq!(keys(&snapshot[kind]), SERIES);
        }
        let windowed = &snapshot["windowed"];
        assert_eq!(windowed["period_seconds"], 60);
        let values = windowed["values"].as_array().unwrap();
        assert_eq!(values.len(), 200);
        assert_eq!(values[1][0].as_i64().unwrap() - values[0][0].as_i64().unwrap(), 60);
        assert_eq!(values[0][1], 0);
        assert_eq!(later.json(&["snapshot", "export", "2", "--format", "json"]), snapshot);
        let listed = later.json(&["snapshot", "list"]);
        assert_eq!(keys(&listed[0]), SNAPSHOT);
        let shown = later.json(&["incident", "show", "2"]);
        assert_eq!(keys(&shown["snapshot"]), SNAPSHOT);
        assert!(shown["pending"].is_null());
    }

    async fn a_preview_has_nulls_for_what_has_not_happened_yet(database: TestDatabase) {
        let program = begun(&database);
        program.output(&["incident", "close", "1", "--at", "-1m"]);
        let preview = program.json(&["snapshot", "preview", "1"]);
        let values = preview["windowed"]["values"].as_array().unwrap();
        let gaps = values.iter().filter(|value| value[1].is_null()).count();
        assert_eq!((values.len(), gaps), (201, 10));
        assert_eq!(preview["partial"], true);
    }

    async fn a_reopened_incident_lists_what_was_captured_before(database: TestDatabase) {
        begun(&database);
        let later = Afterimage::on(&database).with(&["--now", "2026-11-24 13:00"]);
        later.output(&["process"]);
        later.output(&["incident", "reopen", "2"]);
        let shown = later.json(&["incident", "show", "2"]);
        assert!(shown["snapshot"].is_null());
        assert_eq!(keys(&shown["superseded"][0])[..10], SNAPSHOT);
        assert_eq!(keys(&shown["superseded"][0])[10..], ["superseded_at"]);
    }

    async fn a_csv_export_has_a_row_for_each_bucket(database: TestDatabase) {
        begun(&database);
        let later = Afterimage::on(&database).with(&["--now", "2026-11-24 13:00"]);
        later.output(&["process"]);
        let csv = later.output(&["snapshot", "export", "2", "--format", "csv"]);
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[0], "series,bucket_start,period_seconds,value,coverage");
        assert_eq!(lines.iter().filter(|line| line.starts_with("windowed,")).count(), 200);
        assert!(lines.contains(&"windowed,2026-11-24T10:38:00Z,60,0,whole"), "{csv}");
        assert!(lines.iter().any(|line| line.starts_with("lifetime,")));
    }

    async fn the_status_has_its_keys_in_order(database: TestDatabase) {
        let program = begun(&database);
        let status = program.json(&["status"]);
        let expected = [
            "engine", "schema_version", "incidents_open", "incidents_closed", "pending", "due", "failing", "dead",
            "snapshots", "last_run", "next_run_at", "processors", "attention",
        ];
        assert_eq!(keys(&status), expected);
        assert_eq!(status["engine"], database.pick("sqlite", "postgres"));
        assert_eq!((&status["incidents_open"], &status["incidents_closed"]), (&1.into(), &1.into()));
        assert_eq!((&status["pending"], &status["due"]), (&1.into(), &0.into()));
        assert!(status["last_run"].is_null() && status["next_run_at"].is_null());
        assert_eq!((&status["processors"], &status["attention"]), (&serde_json::json!([]), &serde_json::json!([])));
    }

    async fn the_status_tells_when_the_next_run_is(database: TestDatabase) {
        let program = begun(&database);
        let at = |text: &str| crate::support::at(text).as_micros();
        for (host, next, seen) in [
            ("lively", "2026-11-24 12:30", "2026-11-24 11:59"),
            ("later", "2026-11-24 13:00", "2026-11-24 11:59"),
            ("gone", "2026-11-24 12:05", "2026-11-24 09:00"),
        ] {
            database.execute(&format!(
                "insert into processors (host, pid, kind, version, next_run_at, last_seen) \
                 values ('{host}', 7, 'daemon', '0.1.0', {}, {})", at(next), at(seen)
            )).await;
        }
        let status = program.json(&["status"]);
        assert_eq!(status["next_run_at"], "2026-11-24T12:30:00Z");
        let expected = ["host", "pid", "kind", "version", "next_run_at", "last_seen"];
        assert_eq!(keys(&status["processors"][0]), expected);
    }

    async fn seeding_says_how_much_there_is(database: TestDatabase) {
        let report = program(&database).json(&["seed", "--incidents", "20", "--events", "200"]);
        assert_eq!(keys(&report), ["incidents", "open", "pending", "due", "events"]);
        assert_eq!((&report["incidents"], &report["events"]), (&20.into(), &200.into()));
    }
}
