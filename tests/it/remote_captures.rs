//! Captures of incidents whose counts come from a Prometheus: frozen at the close, completed at the target, and never at
//! the expense of anything else.

use std::time::{Duration, Instant};

use afterimage::domain::rule::Scope;
use afterimage::domain::{Expression, IncidentId, Measure, Timestamp, Trigger};
use afterimage::ops;
use afterimage::ops::freeze::freeze;
use afterimage::ops::open::OpenRequest;
use afterimage::ops::process::{ProcessRequest, RunReport, Selection};
use afterimage::source::Sources;

use crate::support::{
    Desk, FakePrometheus, HOST, Mood, TestDatabase, at, minutes, on_both_engines, prometheus_options, seconds,
};

const RULE: &str = "errors of checkout";

/// Ten events in every minute that the server knows.
#[expect(clippy::unnecessary_wraps, reason = "a server may know nothing of an instant")]
fn ten(_: &str, _: f64) -> Option<f64> {
    Some(10.0)
}

impl Desk {
    /// Opens an incident that is counted by source `main`, and closes it.
    async fn closed_remote(&self, started: &str, closed: &str) -> IncidentId {
        let id = self.open_remote(started).await;
        self.try_close(ops::close::CloseRequest { ids: vec![id], at: Some(at(closed)), comment: None }).await.unwrap();
        id
    }

    async fn open_remote(&self, started: &str) -> IncidentId {
        let expression = Expression {
            source: "main".into(),
            text: "sum(increase(errors[{{window}}]))".into(),
            measure: Measure::EstimatedEvents,
        };
        let scope = Scope { time_window: minutes(1), expression: Some(expression), ..Scope::default() };
        let _ = ops::rule::add(&self.store, RULE, scope).await;
        let date_started = Some(at(started));
        self.open_as(OpenRequest {
            title: "Errors".into(),
            rule: Some(RULE.into()),
            date_started,
            ..OpenRequest::default()
        })
        .await
    }

    async fn process_with(&self, sources: &Sources) -> RunReport {
        let request = ProcessRequest { sources: sources.clone(), ..ProcessRequest::due(Trigger::Forced, HOST) };
        self.try_process(request).await.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn force_with(&self, sources: &Sources, id: IncidentId) -> RunReport {
        let selection = Selection::Incidents { ids: vec![id], early: true, seen: Vec::new() };
        let due = ProcessRequest::due(Trigger::Forced, HOST);
        self.try_process(ProcessRequest { selection, sources: sources.clone(), ..due }).await.unwrap()
    }

    /// The whole buckets of the windowed series that have a value.
    async fn buckets(&self, id: IncidentId) -> Vec<(Timestamp, f64)> {
        let snapshot = self.store.read().await.unwrap().snapshot(id).await.unwrap().expect("it is captured");
        let points = snapshot.windowed.points().into_iter();
        points.filter_map(|point| Some((point.bucket, point.count?.as_f64()))).collect()
    }

    async fn frozen_rows(&self) -> i64 {
        self.database.number("select count(*) from frozen_series where counts is not null").await
    }
}

on_both_engines! {

    async fn a_due_row_is_captured_from_its_source_and_says_so(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let server = FakePrometheus::start(ten).await;
        let id = desk.closed_remote("11:40", "11:45").await;
        let report = desk.process_with(&server.sources()).await;
        assert_eq!((report.counts.captured, report.counts.failed), (1, 0));
        let facts = desk.incident(id).await.snapshot.unwrap();
        assert_eq!((facts.source.as_str(), facts.measure, facts.partial), ("main", Measure::EstimatedEvents, false));
        assert_eq!((facts.unique_users, facts.as_of), (None, at("11:55")));
        assert_eq!(desk.buckets(id).await.len(), 200);
        assert!(desk.incident(id).await.pending.is_none());
    }

    async fn rule_11_the_last_samples_are_waited_for_and_nothing_counts_as_a_failure(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let server = FakePrometheus::start(ten).await;
        let id = desk.closed_remote("11:40", "11:50").await;
        let report = desk.process_with(&server.sources()).await;
        assert_eq!(report.counts.due(), 0);
        let pending = desk.incident(id).await.pending.unwrap();
        assert_eq!((pending.attempts, pending.last_error, pending.next_attempt_at), (0, None, at("12:00:30")));
        assert!(server.asked().is_empty());
        let next = desk.store.read().await.unwrap().next_retry().await.unwrap();
        assert_eq!(next, Some(at("12:00:30")), "it is not left to the next hour");
        desk.turn_to("12:00:30");
        assert_eq!(desk.process_with(&server.sources()).await.counts.captured, 1);
        assert_eq!(desk.incident(id).await.snapshot.unwrap().as_of, at("12:00"));
    }

    async fn rule_17_a_source_that_does_not_answer_is_not_counted_against_the_row(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let server = FakePrometheus::start(ten).await;
        desk.closed_many(3).await;
        let ids = [desk.closed_remote("11:40", "11:45").await, desk.closed_remote("11:41", "11:45").await];
        server.set_mood(Mood::Failing(503, "{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"query timed out\"}".into()));
        for _ in 0..12 {
            desk.process_with(&server.sources()).await;
            desk.wait(Duration::from_hours(2));
        }
        for id in ids {
            let pending = desk.incident(id).await.pending.expect("it waits");
            assert_eq!((pending.attempts, pending.dead_since), (0, None));
            assert!(pending.last_error.unwrap().contains("source 'main' does not answer: query timed out"));
        }
        assert_eq!(desk.database.number("select count(*) from incident_snapshots").await, 3, "others are captured");
        server.set_mood(Mood::Answering);
        assert_eq!(desk.process_with(&server.sources()).await.counts.captured, 2);
        let facts = desk.incident(ids[0]).await.snapshot.unwrap();
        assert_eq!(facts.as_of, at("11:55"), "as if it had been captured on time");
    }

    async fn a_source_that_does_not_answer_is_not_asked_again_for_every_row(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let server = FakePrometheus::start(ten).await;
        for _ in 0..30 {
            desk.closed_remote("11:40", "11:45").await;
        }
        server.set_mood(Mood::Failing(503, String::new()));
        assert_eq!(desk.process_with(&server.sources()).await.counts.failed, 30);
        let asked = server.asked().iter().filter(|asked| asked.path == "query_range").count();
        assert!((1..=16).contains(&asked), "{asked}: two series of the eight rows that were asked at once");
    }

    async fn rule_17_an_expression_that_is_refused_is_the_row_s_own_fault(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let server = FakePrometheus::start(ten).await;
        let id = desk.closed_remote("11:40", "11:45").await;
        let refusal = "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"unknown function \\\"incraese\\\"\"}";
        server.set_mood(Mood::Failing(400, refusal.into()));
        for _ in 0..9 {
            desk.process_with(&server.sources()).await;
            desk.wait(Duration::from_hours(3));
        }
        let pending = desk.incident(id).await.pending.unwrap();
        assert!(pending.dead_since.is_some());
        assert_eq!(pending.attempts, 8);
        assert!(pending.last_error.unwrap().contains("unknown function \"incraese\""));
    }

    async fn a_process_without_the_source_leaves_the_row_to_others(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed_remote("11:40", "11:45").await;
        desk.process_with(&Sources::default()).await;
        let pending = desk.incident(id).await.pending.unwrap();
        assert_eq!(pending.attempts, 0);
        assert_eq!(pending.last_error.as_deref(), Some("the configuration names no source 'main'"));
    }

    async fn what_was_frozen_at_the_close_outlives_the_source_s_retention(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let server = FakePrometheus::start(ten).await;
        let id = desk.closed_remote("11:40", "11:55").await;
        let done = freeze(&desk.store, &server.sources()).await.unwrap();
        assert_eq!((done.frozen, done.failed), (1, 0));
        assert_eq!(freeze(&desk.store, &server.sources()).await.unwrap().frozen, 0, "once");
        let lost_before = seconds(at("12:01"));
        server.answer(move |_, at| (at > lost_before).then_some(7.0));
        server.set_retention(Some("5m"));
        desk.turn_to("12:06");
        desk.process_with(&server.sources()).await;
        let buckets = desk.buckets(id).await;
        let (frozen, after): (Vec<_>, Vec<_>) = buckets.iter().partition(|(bucket, _)| *bucket < at("11:59"));
        assert!(frozen.iter().all(|(_, count)| (count - 10.0).abs() < 1e-9), "{frozen:?}");
        assert!(!after.is_empty() && after.iter().all(|(_, count)| (count - 7.0).abs() < 1e-9), "{after:?}");
        assert_eq!(frozen.first().map(|(bucket, _)| *bucket), Some(at("08:45")), "all of before is there");
        assert_eq!(desk.frozen_rows().await, 0, "it goes with the complete capture");
    }

    async fn what_was_frozen_survives_a_reopening_and_an_early_capture(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let server = FakePrometheus::start(ten).await;
        let id = desk.closed_remote("11:40", "11:55").await;
        freeze(&desk.store, &server.sources()).await.unwrap();
        desk.force_with(&server.sources(), id).await;
        assert!(desk.incident(id).await.snapshot.unwrap().partial);
        assert_eq!(desk.frozen_rows().await, 1);
        desk.reopen(id).await;
        assert_eq!(desk.frozen_rows().await, 1);
        server.answer(|_, _| None);
        desk.turn_to("12:10");
        desk.close(id).await;
        assert_eq!(freeze(&desk.store, &server.sources()).await.unwrap().frozen, 1, "anew for the new close");
        desk.turn_to("12:21");
        desk.process_with(&server.sources()).await;
        let buckets = desk.buckets(id).await;
        assert!(buckets.iter().any(|(bucket, count)| *bucket == at("11:42") && (count - 10.0).abs() < 1e-9), "{buckets:?}");
    }

    async fn a_source_that_does_not_answer_keeps_no_other_from_being_frozen(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (server, other) = (FakePrometheus::start(ten).await, FakePrometheus::start(ten).await);
        for _ in 0..60 {
            desk.closed_remote("11:40", "11:55").await;
        }
        desk.database.execute("update incidents set source = 'other' where id = 60").await;
        server.set_mood(Mood::Failing(503, String::new()));
        let options = [prometheus_options("main", server.url()), prometheus_options("other", other.url())];
        let sources = Sources::new(&options).unwrap();
        let (first, second) = (freeze(&desk.store, &sources).await.unwrap(), freeze(&desk.store, &sources).await.unwrap());
        assert_eq!((first.frozen, first.failed, second.frozen, second.failed), (0, 50, 1, 9));
        let asked = server.asked().iter().filter(|asked| asked.path == "query_range").count();
        assert!(asked <= 4, "{asked}: once in each of two rounds");
    }

    async fn a_freezing_that_fails_is_tried_again_later_and_counts_against_nobody(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let server = FakePrometheus::start(ten).await;
        let id = desk.closed_remote("11:40", "11:55").await;
        server.set_mood(Mood::Failing(500, String::new()));
        let done = freeze(&desk.store, &server.sources()).await.unwrap();
        assert_eq!((done.frozen, done.failed), (0, 1));
        assert!(done.error.unwrap().contains("does not answer"));
        assert_eq!(freeze(&desk.store, &server.sources()).await.unwrap().failed, 0, "not at once");
        assert_eq!(desk.incident(id).await.pending.unwrap().attempts, 0);
        server.set_mood(Mood::Answering);
        desk.wait(Duration::from_mins(3));
        assert_eq!(freeze(&desk.store, &server.sources()).await.unwrap().frozen, 1);
    }

    async fn rule_16_what_was_reopened_or_is_captured_goes_without_a_question(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let server = FakePrometheus::start(ten).await;
        let id = desk.closed_remote("11:40", "11:45").await;
        desk.database.execute(&format!("update incidents set status = 'open', date_closed = null where id = {id}")).await;
        let report = desk.process_with(&server.sources()).await;
        assert_eq!((report.counts.skipped_open, report.counts.captured), (1, 0));
        assert!(desk.incident(id).await.pending.is_none());
        assert!(server.asked().is_empty());
    }

    async fn an_operator_writes_while_a_source_is_asked_and_his_reopening_wins(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let server = FakePrometheus::start(ten).await;
        let sources = server.sources_with(|options| options.timeout = Duration::from_secs(2));
        let id = desk.closed_remote("11:40", "11:45").await;
        server.set_mood(Mood::Hanging);
        let operator = async {
            while server.asked().is_empty() {
                tokio::task::yield_now().await;
            }
            let began = Instant::now();
            desk.reopen(id).await;
            assert!(began.elapsed() < Duration::from_secs(1), "no lock is held while a source is asked");
        };
        let (report, ()) = tokio::join!(desk.process_with(&sources), operator);
        assert_eq!(report.counts.captured, 0);
        let incident = desk.incident(id).await;
        assert!(incident.snapshot.is_none() && incident.pending.is_none(), "{incident:?}");
    }
}
