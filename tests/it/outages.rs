//! Databases that are not there, not to be used, or gone for a while.

mod crowd;
mod files;
mod network;
mod pooler;
mod programs;
mod restarts;

use std::fs;

use afterimage::clock::ManualClock;
use afterimage::domain::{RunCounts, Trigger};
use afterimage::ops::open::OpenRequest;
use afterimage::ops::process::ProcessRequest;
use afterimage::ops::{self, close::CloseRequest};
use afterimage::store::{Location, Store, Upgrade};

use crate::support::{Access, Afterimage, Cluster, HOST, TESTER, at, check_refused, missing_postgres};

const PASSWORD: &str = "correct-horse";

/// Says what a test has come to, to whoever runs it by hand with `--nocapture`.
fn say(figures: &str) {
    use std::io::Write;
    if std::env::args().any(|argument| argument == "--nocapture") {
        let _ = writeln!(std::io::stderr(), "{figures}");
    }
}

fn on(url: &str) -> Afterimage {
    Afterimage::new().with_variable("AFTERIMAGE_DATABASE_URL", url)
}

#[test]
fn a_wrong_postgres_password_is_refused_and_never_printed() {
    if missing_postgres().is_some() {
        return;
    }
    let cluster = Cluster::start(Access::Password(PASSWORD)).unwrap();
    let program = on(&cluster.url("postgres").replace(PASSWORD, "hunter2"));
    for command in [["incident", "list"], ["db", "migrate"]] {
        let outcome = program.run(&command);
        outcome.assert_failed(5, &["password authentication failed", "127.0.0.1"]);
        assert!(!outcome.stderr.contains("hunter2"), "{outcome}");
    }
    on(&cluster.url("postgres")).output(&["incident", "list"]);
}

#[test]
fn postgres_that_does_not_run_is_named_without_its_password() {
    if missing_postgres().is_some() {
        return;
    }
    let mut cluster = Cluster::start(Access::Password(PASSWORD)).unwrap();
    cluster.stop();
    let outcome = on(&cluster.url("postgres")).run(&["incident", "list"]);
    outcome.assert_failed(5, &["not reachable", "127.0.0.1", "postgres"]);
    assert!(!outcome.stderr.contains(PASSWORD), "{outcome}");
    on(&cluster.url("nowhere")).assert_fails(&["incident", "list"], 5, &["not reachable"]);
    cluster.resume();
    on(&cluster.url("nowhere")).assert_fails(&["incident", "list"], 5, &["nowhere"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_17_a_store_outlives_its_server_and_no_row_is_blamed() {
    if missing_postgres().is_some() {
        return;
    }
    let mut cluster = Cluster::start(Access::Password(PASSWORD)).unwrap();
    let location = Location::parse(&cluster.url("postgres")).unwrap();
    let clock = std::sync::Arc::new(ManualClock::new(at("12:00")));
    let store = Store::open(location, clock.clone(), Upgrade::Allowed).await.unwrap();
    let request = OpenRequest { title: "Checkout errors".into(), ..OpenRequest::default() };
    let id = ops::open::open(&store, TESTER, request).await.unwrap().id;
    ops::close::close(&store, TESTER, CloseRequest { ids: vec![id], ..CloseRequest::default() }).await.unwrap();
    clock.set(at("12:10"));
    for outage in [Cluster::stop, Cluster::kill] {
        outage(&mut cluster);
        let run = ops::process::process(&store, ProcessRequest::due(Trigger::Interval, HOST)).await;
        check_refused(run, 5, &[]);
        cluster.resume();
    }
    // What the pool still holds of the old server may cost one more attempt.
    let mut run = ops::process::process(&store, ProcessRequest::due(Trigger::Interval, HOST)).await;
    if run.is_err() {
        run = ops::process::process(&store, ProcessRequest::due(Trigger::Interval, HOST)).await;
    }
    assert_eq!(run.unwrap().counts, RunCounts { captured: 1, batches: 1, ..RunCounts::default() });
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_was() {
    let program = Afterimage::new();
    let file = program.home().join("notes.txt");
    let text = "These are notes, and not a database.\n".repeat(100);
    fs::write(&file, &text).unwrap();
    let url = format!("sqlite:{}", file.display());
    let program = program.with(&["--database-url", &url]);
    for command in [["incident", "list"], ["db", "migrate"]] {
        program.assert_fails(&command, 5, &["notes.txt is not a database"]);
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_folder_or_a_missing_file_is_refused_and_nothing_is_made() {
    let program = Afterimage::new();
    let folder = program.home().to_owned();
    on(&format!("sqlite:{}", folder.display())).assert_fails(&["incident", "list"], 5, &["not a database"]);
    let missing = folder.join("missing.db");
    on(&format!("sqlite:{}", missing.display())).assert_fails(&["incident", "list"], 5, &["missing.db", "db migrate"]);
    assert!(!missing.exists());
    on(&format!("sqlite:{}", missing.display())).output(&["db", "migrate"]);
    on(&format!("sqlite:{}", missing.display())).output(&["incident", "list"]);
}

#[test]
fn a_url_that_names_no_kept_database_is_refused() {
    for url in ["sqlite::memory:", "sqlite:x?mode=memory", "mysql://ops:hunter2@db/x", "sqlite:"] {
        let outcome = on(url).run(&["incident", "list"]);
        outcome.assert_failed(2, &[]);
        assert!(!outcome.stderr.contains("hunter2"), "{outcome}");
    }
}

#[test]
fn a_read_only_database_can_be_read_and_not_written() {
    let program = Afterimage::new();
    let file = program.home().join("kept.db");
    let url = |mode: &str| format!("sqlite:{}?mode={mode}", file.display());
    let opened = on(&url("rwc")).json(&["incident", "open", "Checkout errors"]);
    assert_eq!((&opened["id"], &opened["status"]), (&1.into(), &"open".into()));
    let read_only = on(&url("ro"));
    assert_eq!(read_only.json(&["incident", "list"])[0]["title"], "Checkout errors");
    for command in
        [&["incident", "close", "1"][..], &["incident", "open", "x"], &["rule", "add", "r", "--time-window", "5"]]
    {
        read_only.assert_fails(command, 5, &["read-only"]);
    }
    assert_eq!(on(&url("rw")).json(&["incident", "list"]).as_array().unwrap().len(), 1);
}
