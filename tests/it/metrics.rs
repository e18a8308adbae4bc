//! `/readyz` and `/metrics`: what a process says of itself, and that a real Prometheus understands it.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use afterimage::domain::{IncidentId, ProcessorKind, Timestamp};
use afterimage::http::{Limits, Policy, Process, Token};
use afterimage::ops::process::Selection;
use afterimage::service::{ProcessorHandle, ProcessorOptions, Vitals};
use afterimage::source::Sources;

use crate::support::{
    Access, Afterimage, Cluster, Desk, PrometheusProgram, Served, TestDatabase, Web, missing_postgres, on_both_engines,
    serve_process, until,
};

const TOKEN: &str = "correct-horse-battery";
const HOUR: Duration = Duration::from_hours(1);
const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/prometheus-rules.yml");
const RULES_TEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/prometheus-rules-test.yml");

/// A processor that runs every hour, and what shows how it does.
async fn processor(desk: &Desk, policy: Policy) -> (Served, ProcessorHandle, Vitals) {
    let vitals = Vitals::of_processor(HOUR);
    let process = Process { vitals: vitals.clone(), ..Process::default() };
    let served = serve_process(Some(&desk.store), policy, Limits::default(), process).await;
    let options =
        ProcessorOptions { interval: HOUR, batch_size: None, kind: ProcessorKind::Daemon, sources: Sources::default() };
    let handle = ProcessorHandle::spawn_watched(desk.store.clone(), options, vitals.clone());
    let deadline = Instant::now() + Duration::from_secs(30);
    while vitals.last_success().is_none() {
        assert!(Instant::now() < deadline, "the first run has not succeeded");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (served, handle, vitals)
}

fn closed() -> Policy {
    Policy { token: Some(Token::new(TOKEN)), public_url: None }
}

/// The value of a series, where it is there.
fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

#[track_caller]
fn check_values(text: &str, expected: &[(&str, f64)]) {
    for (series, expected) in expected {
        let shown = value(text, series).unwrap_or_else(|| panic!("{series} is not in\n{text}"));
        assert!((shown - expected).abs() < 1e-6, "{series} is {shown}, and not {expected}\n{text}");
    }
}

/// What promtool says of something on its stdin or in a file.
#[track_caller]
fn check_by_promtool(arguments: &[&str], input: &str) {
    let mut child = Command::new("promtool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "promtool {arguments:?}: {said}\n{input}");
}

on_both_engines! {
    async fn what_runs_did_and_what_is_left_is_counted(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(10).await;
        let poisoned = IncidentId::new(3);
        desk.poison(poisoned).await;
        desk.database.execute("update pending_snapshots set attempts = 7 where incident_id = 3").await;
        desk.open(1).await;
        let (served, handle, _) = processor(&desk, Policy::default()).await;
        let reply = served.web.get("/metrics");
        assert_eq!(reply.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        let noon = Duration::from_micros(desk.now().as_micros().unsigned_abs()).as_secs_f64();
        check_values(&reply.body, &[
            ("afterimage_runs_total{trigger=\"startup\",outcome=\"succeeded\"}", 1.0),
            ("afterimage_runs_total{trigger=\"startup\",outcome=\"failed\"}", 0.0),
            ("afterimage_snapshots_total{outcome=\"captured\"}", 9.0),
            ("afterimage_snapshots_total{outcome=\"failed\"}", 1.0),
            ("afterimage_snapshots_total{outcome=\"skipped_open\"}", 0.0),
            ("afterimage_run_duration_seconds_count", 1.0),
            ("afterimage_last_successful_run_timestamp_seconds", noon),
            ("afterimage_database_up", 1.0),
            ("afterimage_ready", 1.0),
            ("afterimage_pending", 1.0),
            ("afterimage_dead", 1.0),
            ("afterimage_due", 0.0),
            ("afterimage_oldest_due_age_seconds", 0.0),
            ("afterimage_incidents{status=\"open\"}", 1.0),
            ("afterimage_incidents{status=\"closed\"}", 10.0),
            ("afterimage_snapshots_stored", 9.0),
            ("afterimage_outbox_messages", 0.0),
        ]);
        assert!(reply.body.contains("afterimage_build_info{version=\"0.1.0\"} 1"), "{}", reply.body);
        if !PrometheusProgram::is_missing() {
            check_by_promtool(&["check", "metrics"], &reply.body);
        }
        desk.cure().await;
        let selection = Selection::Incidents { ids: vec![poisoned], early: false, seen: Vec::new() };
        handle.process(selection).await.unwrap();
        let text = served.web.get("/metrics").body;
        check_values(&text, &[
            ("afterimage_runs_total{trigger=\"forced\",outcome=\"succeeded\"}", 1.0),
            ("afterimage_snapshots_total{outcome=\"captured\"}", 10.0),
            // The numbers of the database are kept for some seconds.
            ("afterimage_dead", 1.0),
        ]);
        handle.shutdown().await;
    }

    async fn what_is_due_ages_from_when_it_became_due(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed(1, "11:00", "11:05").await;
        let due = desk.closed(1, "11:10", "11:15").await;
        // It was put off, and is due from then on.
        let later = crate::support::at("11:50").as_micros();
        let put_off = format!("update pending_snapshots set next_attempt_at = {later} where incident_id < {}", due.value());
        desk.database.execute(&put_off).await;
        let served = serve_process(Some(&desk.store), Policy::default(), Limits::default(), Process::default()).await;
        check_values(&served.web.get("/metrics").body, &[
            ("afterimage_due", 2.0), ("afterimage_failing", 0.0), ("afterimage_oldest_due_age_seconds", 35.0 * 60.0),
        ]);
    }

    async fn a_process_is_ready_for_two_intervals_after_its_last_success(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (served, handle, vitals) = processor(&desk, closed()).await;
        let (stranger, friend) = (&served.web, served.web.clone().with("Authorization", &format!("Bearer {TOKEN}")));
        let ready = stranger.get("/readyz");
        assert_eq!((ready.status, ready.body.as_str()), (200, "ready\n"));
        stranger.get("/metrics").refused(401, &["a token is needed"]);
        handle.shutdown().await;
        desk.wait(2 * HOUR);
        assert_eq!(stranger.get("/readyz").status, 200);
        desk.wait(Duration::from_secs(1));
        let late = friend.get("/readyz");
        let said = "no run has succeeded since 12:00:00 UTC, which is more than two intervals (1h)\n";
        assert_eq!((late.status, late.body.as_str()), (503, said));
        check_values(&friend.get("/metrics").body, &[("afterimage_ready", 0.0), ("afterimage_database_up", 1.0)]);
        assert_eq!(vitals.last_success().map(Timestamp::as_seconds), Some(crate::support::at("12:00").as_seconds()));
    }
}

#[test]
fn a_daemon_without_its_database_answers_both_all_the_same() {
    let program = Afterimage::new().with(&["--database-url", "postgres://nobody@127.0.0.1:1/none"]);
    let mut running = program.start(&["--daemon", "--listen", "127.0.0.1:0"]);
    let web = Web::at(running.listens());
    let ready = web.get("/readyz");
    assert_eq!((ready.status, ready.body.as_str()), (503, "the database is not there yet\n"));
    let text = web.get("/metrics").body;
    check_values(&text, &[("afterimage_database_up", 0.0), ("afterimage_ready", 0.0)]);
    assert_eq!(
        (value(&text, "afterimage_pending"), value(&text, "afterimage_run_duration_seconds_count")),
        (None, Some(0.0))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_away_is_said_and_one_that_comes_back_too() {
    if missing_postgres().is_some() {
        return;
    }
    let mut cluster = Cluster::start(Access::Password("hunter2-hunter2")).unwrap();
    let program = Afterimage::new().with(&["--database-url", &cluster.url("postgres")]);
    let mut running = program.start(&["--daemon", "--listen", "127.0.0.1:0"]);
    let web = Web::at(running.listens());
    until("it is ready", async || web.get("/readyz").status == 200).await;
    cluster.stop();
    until("it is not ready", async || web.get("/readyz").status == 503).await;
    let said = web.get("/readyz").body;
    assert!(said.starts_with("the database does not answer: ") && !said.contains("hunter2"), "{said}");
    check_values(
        &web.get("/metrics").body,
        &[("afterimage_database_up", 0.0), ("afterimage_run_duration_seconds_count", 1.0)],
    );
    cluster.resume();
    until("it is ready again", async || web.get("/readyz").status == 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_prometheus_scrapes_a_real_daemon() {
    if PrometheusProgram::is_missing() {
        return;
    }
    let program = Afterimage::new();
    let url = format!("sqlite:{}?mode=rwc", program.home().join("test.db").display());
    std::fs::write(program.home().join("config.toml"), "[http]\ntoken_file = 'token'\n").unwrap();
    std::fs::write(program.home().join("token"), TOKEN).unwrap();
    let program = program.with(&["--database-url", &url, "--config", "config.toml"]);
    program.output(&["incident", "open", "Checkout errors", "--started", "3h ago"]);
    program.output(&["incident", "open", "Login latency", "--started", "3h ago"]);
    program.output(&["incident", "close", "1", "--at", "-2h"]);
    let mut running = program.start(&["--daemon", "--listen", "127.0.0.1:0"]);
    let prometheus = PrometheusProgram::scraping(running.listens(), TOKEN).await;
    until("it is scraped", async || prometheus.evaluate("sum(up)", seconds_now()).await == Some(1.0)).await;
    for (expression, expected) in [
        ("afterimage_snapshots_total{outcome=\"captured\"}", 1.0),
        ("afterimage_runs_total{trigger=\"startup\",outcome=\"succeeded\"}", 1.0),
        ("afterimage_incidents{status=\"open\"}", 1.0),
        ("afterimage_snapshots_stored", 1.0),
        ("afterimage_ready", 1.0),
        ("afterimage_dead", 0.0),
        ("histogram_quantile(0.9, afterimage_run_duration_seconds_bucket) > bool 0", 1.0),
        ("(time() - afterimage_last_successful_run_timestamp_seconds) < bool 120", 1.0),
    ] {
        let wanted = async || prometheus.evaluate(expression, seconds_now()).await == Some(expected);
        until(expression, wanted).await;
    }
}

/// What the host's clock says: Prometheus stamps what it scrapes with it.
fn seconds_now() -> f64 {
    let clock = afterimage::clock::SystemClock;
    let micros = afterimage::clock::Clock::now(&clock).as_micros();
    Duration::from_micros(micros.unsigned_abs()).as_secs_f64()
}

#[test]
fn the_alert_rules_are_understood_and_fire_when_they_should() {
    if PrometheusProgram::is_missing() {
        return;
    }
    check_by_promtool(&["check", "rules", RULES], "");
    check_by_promtool(&["test", "rules", RULES_TEST], "");
}

#[test]
fn every_metric_of_the_alert_rules_is_one_that_is_answered() {
    let source = include_str!("../../src/http/metrics.rs");
    let rules = std::fs::read_to_string(RULES).unwrap();
    let named = rules
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter_map(|word| word.strip_prefix("afterimage_"));
    let named: std::collections::BTreeSet<&str> = named.collect();
    assert!(named.len() >= 6, "{named:?}");
    let missing: Vec<&&str> = named.iter().filter(|name| !source.contains(&format!("\"{name}\""))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
