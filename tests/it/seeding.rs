//! Made-up data: the demo, which the product itself makes, and databases for load tests. On both engines.

use std::collections::BTreeSet;
use std::time::Duration;

use afterimage::domain::filter::Filter;
use afterimage::domain::order::Sort;
use afterimage::domain::series::Count;
use afterimage::domain::{Incident, IncidentId, Listed, Measure, PendingState, SeriesKind, Status, Timestamp, Trigger};
use afterimage::ops::open::OpenRequest;
use afterimage::ops::process::{ProcessRequest, RunReport, process};
use afterimage::ops::seed::{DemoReport, SeedReport, SeedRequest, prepare, seed};
use afterimage::store::Store;

use crate::support::{Desk, TestDatabase, on_both_engines};

/// What must come out the same from the same seed. When a failed row is tried again is chance, and so is how long a run
/// takes.
const SEEDED: [&str; 9] = [
    "alert_rules",
    "alert_rule_projects",
    "incidents",
    "incident_projects",
    "incident_activities",
    "incident_snapshots",
    "superseded_snapshots",
    "time_series_snapshots",
    "events",
];

async fn demo(desk: &Desk) -> DemoReport {
    prepare(&desk.store, desk.now(), 1).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn incidents(store: &Store) -> Vec<Incident> {
    let mut tx = store.read().await.unwrap();
    let ids =
        tx.incident_ids(Listed::Incidents, &Filter::default(), Sort::default(), Timestamp::MIN, None).await.unwrap();
    tx.incidents(&ids).await.unwrap()
}

async fn titled(desk: &Desk, title: &str) -> Incident {
    incidents(&desk.store).await.into_iter().find(|incident| incident.title == title).unwrap()
}

async fn run(desk: &Desk) -> RunReport {
    process(&desk.store, ProcessRequest::due(Trigger::Interval, "here")).await.unwrap()
}

async fn feed(desk: &Desk, demo: &DemoReport, to: Timestamp) {
    desk.import(&demo.feed.events_between(demo.now, to)).await;
}

async fn check_refused(desk: &Desk, said: &str) {
    let before = desk.everything().await;
    let error = prepare(&desk.store, desk.now(), 1).await.expect_err("it is somebody's own");
    assert_eq!(error.exit_status(), 4);
    assert!(error.to_string().contains(said), "{error}");
    assert_eq!(desk.everything().await, before);
}

fn request(incidents: u64, events: u64) -> SeedRequest {
    SeedRequest { incidents, events, random_seed: 5 }
}

async fn load(desk: &Desk, request: SeedRequest) -> (SeedReport, Vec<(u64, u64)>) {
    let mut told = Vec::new();
    let report = seed(&desk.store, request, &mut |done, total| told.push((done, total))).await;
    (report.unwrap_or_else(|error| panic!("{error}")), told)
}

async fn check_states(desk: &Desk, demo: &DemoReport) {
    let incidents = incidents(&desk.store).await;
    assert_eq!(incidents.len(), demo.incidents);
    let counts = desk.store.read().await.unwrap().counts(desk.now()).await.unwrap();
    assert!(counts.incidents_open >= 5, "{counts:?}");
    assert!(counts.snapshots >= 20, "{counts:?}");
    assert!(counts.pending >= 12, "{counts:?}");
    assert_eq!((counts.due, counts.failing, counts.dead), (0, 1, 0), "{counts:?}");
    let captured = incidents.iter().filter(|incident| incident.is_captured());
    assert!(captured.clone().all(|incident| incident.pending.is_none() && incident.status == Status::Closed));
    assert_eq!(captured.count() as u64, counts.snapshots);
    // One more was captured than there are: it was reopened since.
    assert_eq!(demo.captured, counts.snapshots + 1);
}

async fn check_failing_row(desk: &Desk) {
    let pending = titled(desk, "Refund job gives up").await.pending.unwrap();
    assert_eq!(pending.attempts, 3);
    assert_eq!(pending.state(desk.now()), PendingState::Retrying);
    assert!(pending.last_error.unwrap().contains("'severity' is no key"));
    assert!(pending.next_attempt_at > desk.now());
    desk.wait(Duration::from_mins(10));
    assert_eq!(run(desk).await.counts.failed, 1);
}

async fn check_superseded(desk: &Desk) {
    let reopened = titled(desk, "Stock differs from the warehouse").await;
    let superseded = desk.superseded(reopened.id).await;
    assert_eq!(superseded.len(), 1);
    assert!(!superseded[0].facts.partial);
    assert!(superseded[0].facts.as_of < reopened.snapshot.unwrap().as_of);
    let changes = desk.timeline(reopened.id).await.iter().filter(|activity| activity.to.is_some()).count();
    assert_eq!(changes, 3);
}

async fn check_runs(desk: &Desk, demo: &DemoReport) {
    let runs = desk.store.read().await.unwrap().runs(100).await.unwrap();
    assert!(runs.len() >= 15, "{}", runs.len());
    assert!(runs.is_sorted_by_key(|run| std::cmp::Reverse(run.started_at)));
    assert_eq!(runs.iter().map(|run| run.counts.captured).sum::<u64>(), demo.captured);
    assert_eq!(runs.iter().map(|run| run.counts.failed).sum::<u64>(), 3);
    assert!(runs.iter().all(|run| run.finished_at.is_some() && run.error.is_none()));
}

/// What alerts have opened, one of which is measured elsewhere.
async fn check_alerts(desk: &Desk) {
    let mut tx = desk.store.read().await.unwrap();
    for (title, firing, measure) in [
        ("Storefront answers 5xx, on and off", 1, Measure::Events),
        ("Storefront answers 503 after a deploy", 0, Measure::EstimatedEvents),
    ] {
        let incident = titled(desk, title).await;
        let (_, origin) = tx.origins(&[incident.id]).await.unwrap().pop().expect("alerts have opened it");
        assert!(origin.generator_url.unwrap().contains("/graph?g0.expr="));
        assert_eq!(tx.alert_progress(incident.id).await.unwrap().firing, firing, "{title}");
        assert_eq!(incident.measure(), measure);
    }
}

async fn check_series(desk: &Desk) {
    for incident in incidents(&desk.store).await.into_iter().filter(Incident::is_captured) {
        let snapshot = desk.snapshot(incident.id).await.unwrap();
        for (kind, series) in [(SeriesKind::Windowed, &snapshot.windowed), (SeriesKind::Lifetime, &snapshot.lifetime)] {
            let filled = series.counts.len() * 10 >= series.len() * 6;
            assert!(filled, "{kind} of {}: {} of {}", incident.title, series.counts.len(), series.len());
        }
        let users = snapshot.facts.unique_users;
        assert_eq!(users.is_none(), snapshot.facts.measure.is_estimated(), "{}", incident.title);
        assert!(!snapshot.facts.clipped && users.is_none_or(|users| users > 0), "{}", incident.title);
    }
}

on_both_engines! {
    // One demo for all of it: making one takes seconds where nothing is optimised.
    async fn the_demo_shows_every_state_that_there_is(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let demo = demo(&desk).await;
        check_states(&desk, &demo).await;
        check_superseded(&desk).await;
        check_runs(&desk, &demo).await;
        check_alerts(&desk).await;
        check_series(&desk).await;
        check_failing_row(&desk).await;
    }

    async fn within_the_first_minute_of_the_demo_snapshots_are_captured(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let demo = demo(&desk).await;
        assert_eq!(run(&desk).await.counts.captured, 0, "nothing is due at the start");
        let mut captured = Vec::new();
        for _ in 0..3 {
            desk.wait(demo.interval);
            captured.push(run(&desk).await.counts.captured);
        }
        assert_eq!(captured, [1, 1, 1], "one after the other");
        let evictions = titled(&desk, "Session store evicts logged-in customers").await;
        assert!(evictions.is_captured());
    }

    async fn the_feed_completes_what_a_countdown_promises(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let demo = demo(&desk).await;
        let to = desk.now() + Duration::from_secs(40);
        feed(&desk, &demo, to).await;
        desk.database.clock().set(to);
        run(&desk).await;
        let evictions = titled(&desk, "Session store evicts logged-in customers").await;
        let snapshot = desk.snapshot(evictions.id).await.unwrap();
        let points = snapshot.windowed.points();
        let tail: Vec<f64> = points.iter().rev().skip(1).take(5).filter_map(|it| it.count.map(Count::as_f64)).collect();
        assert_eq!(tail.len(), 5);
        assert!(tail.iter().all(|count| *count > 0.0), "{tail:?}");
    }

    async fn the_same_seed_gives_the_same_demo_whatever_was_done_to_the_earlier_one(database: TestDatabase) {
        let desk = Desk::on(database).await;
        demo(&desk).await;
        let mut first = Vec::new();
        for table in SEEDED {
            first.push(desk.database.dump(table).await);
        }
        desk.open(1).await;
        desk.close(IncidentId::new(42)).await;
        demo(&desk).await;
        for (table, first) in SEEDED.iter().zip(first) {
            assert!(desk.database.dump(table).await == first, "{table}");
        }
    }

    async fn a_database_that_is_no_demo_is_refused_and_stays_as_it_was(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.open_as(OpenRequest { title: "ours".into(), ..OpenRequest::default() }).await;
        check_refused(&desk, "holds data that is no demo").await;
    }

    async fn an_emptied_database_with_a_rule_is_no_demo_either(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.rule(5).await;
        check_refused(&desk, "holds data that is no demo").await;
    }

    async fn a_load_has_as_many_of_everything_as_asked_for(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (report, told) = load(&desk, request(1_203, 25_001)).await;
        assert_eq!((report.incidents, report.events), (1_203, 25_001));
        let mut tx = desk.store.read().await.unwrap();
        assert_eq!(tx.event_count().await.unwrap(), 25_001);
        let counts = tx.counts(desk.now()).await.unwrap();
        assert_eq!(counts.incidents_open, report.open);
        assert_eq!(counts.incidents_open + counts.incidents_closed, 1_203);
        assert_eq!((counts.pending, counts.due), (report.pending, report.due));
        assert_eq!((told.first(), told.last()), (Some(&(0, 26_204)), Some(&(26_204, 26_204))));
        assert!(told.is_sorted());
    }

    async fn what_is_due_of_a_load_is_captured_without_a_failure(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (report, _) = load(&desk, request(300, 3_000)).await;
        let counts = run(&desk).await.counts;
        assert_eq!((counts.captured, counts.failed), (report.due, 0));
        let incidents = incidents(&desk.store).await;
        assert_eq!(incidents.iter().map(|incident| incident.id).collect::<BTreeSet<_>>().len(), 300);
        let totals: i64 = incidents.iter().filter_map(|it| it.snapshot.as_ref()?.total_events).sum();
        assert!(totals > 0);
        let timeline = desk.timeline(IncidentId::new(1)).await;
        assert_eq!(timeline[0].at, desk.incident(IncidentId::new(1)).await.date_started);
    }

    async fn only_an_empty_database_is_loaded(database: TestDatabase) {
        let desk = Desk::on(database).await;
        load(&desk, request(2, 2)).await;
        let before = desk.everything().await;
        let error = seed(&desk.store, request(2, 2), &mut |_, _| {}).await.unwrap_err();
        assert_eq!(error.exit_status(), 4);
        assert!(error.to_string().contains("is not empty"), "{error}");
        assert_eq!(desk.everything().await, before);
        check_refused_load_without_incidents(&desk).await;
    }
}

async fn check_refused_load_without_incidents(desk: &Desk) {
    let error = seed(&desk.store, request(0, 2), &mut |_, _| {}).await.unwrap_err();
    assert_eq!(error.exit_status(), 2);
}
