//! What the tests of the command line begin with, and how they see that nothing has changed.

use crate::support::{Afterimage, TestDatabase};

/// When every command runs that does not say otherwise.
pub const NOW: &str = "2026-11-24T12:00:00Z";

const TABLES: &[&str] = &[
    "meta",
    "alert_rules",
    "alert_rule_projects",
    "incidents",
    "incident_projects",
    "incident_activities",
    "pending_snapshots",
    "incident_snapshots",
    "superseded_snapshots",
    "time_series_snapshots",
    "events",
    "event_projects",
    "imports",
    "processor_runs",
];

/// The program on `database`, at a fixed time.
pub fn program(database: &TestDatabase) -> Afterimage {
    Afterimage::on(database).with(&["--now", NOW])
}

/// A database with a rule, an open incident 1, and a closed and pending incident 2.
pub fn begun(database: &TestDatabase) -> Afterimage {
    let program = program(database);
    program.output(&["rule", "add", "5xx", "--time-window", "10", "--query", "level:error", "--project", "checkout"]);
    program.output(&["incident", "open", "Checkout errors", "--rule", "5xx", "--started", "2h ago"]);
    program.output(&["incident", "open", "Queue backlog", "--project", "queue", "--started", "3h ago"]);
    program.output(&["incident", "close", "2", "--at", "-1m"]);
    program
}

/// The beginning, made once however often it is asked for.
pub async fn begun_once(database: &TestDatabase) -> Afterimage {
    let tables = database.pick(
        "select count(*) from sqlite_schema where name = 'incidents'",
        "select count(*) from pg_tables where tablename = 'incidents'",
    );
    if database.number(tables).await == 0 { begun(database) } else { program(database) }
}

/// Every row of every table.
pub async fn everything(database: &TestDatabase) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for table in TABLES {
        rows.push(database.dump(table).await);
    }
    rows
}

/// Checks that a command fails with `status`, says `fragments`, and leaves the database as it was.
pub async fn check_refused(database: &TestDatabase, arguments: &[&str], status: i32, fragments: &[&str]) {
    check_input_refused(database, arguments, "", status, fragments).await;
}

/// The same, with something on stdin.
pub async fn check_input_refused(
    database: &TestDatabase,
    arguments: &[&str],
    input: impl Into<Vec<u8>>,
    status: i32,
    fragments: &[&str],
) {
    let program = begun_once(database).await;
    let before = everything(database).await;
    program.run_with_input(arguments, input).assert_failed(status, fragments);
    assert_eq!(everything(database).await, before, "a refused command changes nothing");
}
