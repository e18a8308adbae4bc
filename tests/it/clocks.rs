//! Clocks that are wrong: hosts two hours apart on one Postgres, and a host of SQLite whose clock jumps and is set back.
//! What a clock decides is decided once, and by the database's where that has one.

use std::sync::Arc;
use std::time::Duration;

use afterimage::clock::{Clock, SystemClock};
use afterimage::domain::{IncidentId, ProcessorKind, Timestamp, Trigger};
use afterimage::ops;
use afterimage::ops::close::CloseRequest;
use afterimage::ops::edit::EditRequest;
use afterimage::ops::open::OpenRequest;
use afterimage::ops::process::ProcessRequest;
use afterimage::service::{ProcessorEvent, ProcessorHandle, ProcessorOptions};
use afterimage::source::Sources;
use afterimage::store::{Store, Upgrade};

use crate::support::{Desk, Engine, HOST, TESTER, TestDatabase, at, check_refused, on_both_engines, run};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const APART: i64 = 2 * 3_600 * 1_000_000;

/// A host's clock that goes right but is wrong.
#[derive(Debug)]
struct Skewed(i64);

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(SystemClock.now().as_micros() + self.0)
    }

    fn overrides_database(&self) -> bool {
        false
    }
}

async fn host(database: &TestDatabase, ahead: i64) -> Store {
    Store::open(database.location(), Arc::new(Skewed(ahead)), Upgrade::Allowed).await.expect("the server is up")
}

async fn open(store: &Store, started: Timestamp) -> IncidentId {
    let request = OpenRequest { title: "Errors".into(), date_started: Some(started), ..OpenRequest::default() };
    ops::open::open(store, TESTER, request).await.expect("it has not started in the future").id
}

async fn close(store: &Store, id: IncidentId, at: Option<Timestamp>) -> Result<(), ops::OpsError> {
    ops::close::close(store, TESTER, CloseRequest { ids: vec![id], at, comment: None }).await.map(drop)
}

async fn captured(store: &Store) -> u64 {
    let request = ProcessRequest::due(Trigger::Interval, HOST);
    ops::process::process(store, request).await.expect("the database is there").counts.captured
}

async fn incident(store: &Store, id: IncidentId) -> afterimage::domain::Incident {
    store.read().await.unwrap().incident(id).await.unwrap().expect("it is there")
}

/// Whether this is the present time of the database, which is that of the test's own host.
fn is_now(instant: Timestamp) -> bool {
    let now = SystemClock.now();
    now.since(instant).max(instant.since(now)) < MINUTE
}

#[test]
fn hosts_two_hours_apart_on_one_postgres_neither_capture_early_nor_late() {
    run(Engine::Postgres, |database| async move {
        let hosts = [host(&database, APART).await, host(&database, -APART).await];
        for (own, other) in [(&hosts[0], &hosts[1]), (&hosts[1], &hosts[0])] {
            let now = SystemClock.now();
            let (ahead, due) = (open(own, now - HOUR).await, open(own, now - HOUR).await);
            check_refused(close(own, ahead, Some(now + HOUR)).await, 2, &["in the future"]);
            close(own, ahead, None).await.unwrap();
            close(own, due, Some(now - 15 * MINUTE)).await.unwrap();
            let closed = incident(other, ahead).await;
            assert!(is_now(closed.date_closed.unwrap()) && is_now(closed.date_added), "{closed:?}");
            assert_eq!(captured(other).await, 1, "one is due, by whichever host's processor");
            let facts = incident(own, due).await.snapshot.expect("it is captured");
            assert_eq!(facts.as_of, now - 5 * MINUTE);
            assert!(is_now(facts.date_added), "{facts:?}");
            assert!(incident(own, ahead).await.snapshot.is_none(), "its ten minutes are not over");
            ops::pending::discard(own, TESTER, &[ahead], &[]).await.unwrap();
        }
        check_backoff_between(&hosts[0], &hosts[1], &database).await;
    });
}

/// What fails on one host waits on the other too, by the database's clock.
async fn check_backoff_between(ahead: &Store, behind: &Store, database: &TestDatabase) {
    let now = SystemClock.now();
    let id = open(ahead, now - HOUR).await;
    close(ahead, id, Some(now - 15 * MINUTE)).await.unwrap();
    database.execute("update incidents set query = 'nokey:x' where query = ''").await;
    assert_eq!(captured(ahead).await, 0);
    let row = incident(behind, id).await.pending.expect("it stays");
    assert!(is_now(row.last_error_at.unwrap()) && row.attempts == 1, "{row:?}");
    let wait = row.next_attempt_at.since(SystemClock.now());
    assert!(wait > 30 * Duration::from_secs(1) && wait < 2 * MINUTE, "{wait:?}");
    for store in [ahead, behind] {
        captured(store).await;
        assert_eq!(incident(store, id).await.pending.expect("it stays").attempts, 1, "it waits");
        let run = ahead.read().await.unwrap().runs(1).await.unwrap().remove(0);
        assert!(is_now(run.started_at) && run.finished_at.is_some_and(is_now), "{run:?}");
    }
}

#[test]
fn processors_two_hours_apart_plan_their_runs_by_the_database_s_clock() {
    run(Engine::Postgres, |database| async move {
        for skew in [APART, -APART] {
            let store = host(&database, skew).await;
            let options = ProcessorOptions {
                interval: HOUR,
                batch_size: None,
                kind: ProcessorKind::Daemon,
                sources: Sources::default(),
            };
            let handle = ProcessorHandle::spawn(store.clone(), options);
            let mut events = handle.subscribe();
            let planned = async {
                loop {
                    if let ProcessorEvent::Waiting { next_run_at } = events.recv().await.expect("it runs") {
                        return next_run_at;
                    }
                }
            };
            let next = tokio::time::timeout(MINUTE, planned).await.expect("it waits in the end");
            assert!(next.since(SystemClock.now()) <= HOUR + MINUTE && next >= SystemClock.now() - MINUTE, "{next}");
            let mut seen = database.numbers("select last_seen from processors").await;
            while seen.is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
                seen = database.numbers("select last_seen from processors").await;
            }
            assert!(seen.iter().all(|seen| is_now(Timestamp::from_micros(*seen))), "{seen:?}");
            handle.shutdown().await;
        }
    });
}

on_both_engines! {
    async fn after_a_jump_ahead_by_a_day_and_back_nothing_is_lost_or_made_twice(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (early, other) = (desk.closed(1, "11:00", "11:58").await, desk.open(1).await);
        desk.wait(24 * HOUR);
        assert_eq!(desk.process().await.counts.captured, 1, "as far as anybody can know, it is due");
        desk.turn_to("12:01");
        assert_eq!(desk.snapshot(early).await.unwrap().facts.as_of, at("12:08"));
        assert_eq!(desk.process().await.counts.due(), 0);
        desk.close(other).await;
        desk.turn_to("12:11");
        assert_eq!(desk.process().await.counts.captured, 1, "what is closed now is captured in its time");
        desk.check_whole().await;
        desk.reopen(early).await;
        desk.close(early).await;
        desk.turn_to("12:21");
        assert_eq!(desk.process().await.counts.captured, 1, "who knows that the clock was wrong can have it made anew");
        assert_eq!(desk.superseded(early).await.len(), 1);
    }

    async fn after_a_jump_back_what_has_started_ahead_is_corrected_and_closed(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        desk.turn_to("11:00");
        let refused = desk.try_close(CloseRequest { ids: vec![id], at: None, comment: None }).await;
        check_refused(refused, 2, &["2026-11-24T11:00:00Z", "before the start 2026-11-24T12:00:00Z"]);
        let request = EditRequest { date_started: Some(at("10:58")), ..EditRequest::default() };
        ops::edit::edit(&desk.store, TESTER, id, request).await.unwrap();
        desk.close(id).await;
        desk.turn_to("11:10");
        assert_eq!(desk.process().await.counts.captured, 1);
        desk.check_whole().await;
    }

    async fn after_a_jump_back_what_failed_waits_and_a_dead_run_is_taken_over_all_the_same(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(4).await;
        let noon = at("12:00").as_micros();
        let dead = format!("insert into processor_runs (trigger, host, started_at, updated_at, batch_size) \
                            values ('interval', 'gone', {noon}, {noon}, 50)");
        desk.database.execute(&dead).await;
        desk.turn_to("11:30");
        assert_eq!(desk.process().await.counts.captured, 4, "what it left is captured without waiting for its end");
        let runs = desk.store.read().await.unwrap().runs(5).await.unwrap();
        assert!(runs[0].finished_at.is_some_and(|end| end >= at("11:30") && end < at("11:32")), "{runs:?}");
        desk.turn_to("12:03");
        assert_eq!(desk.process().await.counts.due(), 0);
        assert_eq!(desk.database.number("select count(*) from processor_runs where finished_at is null").await, 0);
    }
}
