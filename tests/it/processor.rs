//! What the processor does with each row that is due: rules 15, 16 and 19, on both engines.

use std::time::Duration;

use afterimage::domain::{IncidentId, RunCounts, Status, Trigger};
use afterimage::ops;
use afterimage::ops::process::{ProcessRequest, RunReport};

use crate::support::{Desk, Early, Engine, HOST, TESTER, TestDatabase, at, on_both_engines};

/// The counts of a run of one batch.
fn one_batch(counts: RunCounts) -> RunCounts {
    RunCounts { batches: 1, ..counts }
}

fn captured(count: u64) -> RunCounts {
    RunCounts { captured: count, ..RunCounts::default() }
}

on_both_engines! {
    async fn rule_16_a_due_row_of_a_closed_incident_becomes_a_snapshot(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        assert_eq!(desk.process().await.counts, one_batch(captured(1)));
        let incident = desk.incident(id).await;
        assert!(incident.is_captured() && incident.pending.is_none());
        let snapshot = desk.snapshot(id).await.expect("it is captured");
        assert_eq!((snapshot.facts.as_of, snapshot.facts.date_added), (at("11:15"), at("12:00")));
        assert_eq!((snapshot.facts.partial, snapshot.facts.clipped), (false, false));
        assert_eq!(desk.process().await.counts, RunCounts::default(), "there is nothing left to do");
    }

    async fn rule_16_a_row_of_an_open_incident_goes_without_a_snapshot(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        let row = format!("insert into pending_snapshots (incident_id, target_run_date, next_attempt_at) \
                           values ({id}, 1, 1)");
        desk.database.execute(&row).await;
        let counts = RunCounts { skipped_open: 1, ..RunCounts::default() };
        assert_eq!(desk.process().await.counts, one_batch(counts));
        let incident = desk.incident(id).await;
        assert_eq!((incident.status, incident.pending, incident.snapshot), (Status::Open, None, None));
    }

    async fn rule_16_a_row_of_a_captured_incident_goes_and_its_snapshot_stays_byte_for_byte(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        desk.process().await;
        let before = desk.everything().await;
        let row = format!("insert into pending_snapshots (incident_id, target_run_date, next_attempt_at) \
                           values ({id}, 1, 1)");
        desk.database.execute(&row).await;
        desk.wait(Duration::from_hours(1));
        let counts = RunCounts { skipped_existing: 1, ..RunCounts::default() };
        assert_eq!(desk.process().await.counts, one_batch(counts));
        assert_eq!(desk.everything().await, before);
    }

    async fn rule_15_a_row_that_is_not_due_stays(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:45", "11:51").await;
        let before = desk.everything().await;
        assert_eq!(desk.process().await.counts, RunCounts::default());
        desk.turn_to("12:00:59.999999");
        assert_eq!(desk.process().await.counts, RunCounts::default());
        assert_eq!(desk.everything().await, before);
        desk.turn_to("12:01");
        assert_eq!(desk.process().await.counts, one_batch(captured(1)));
        assert!(desk.incident(id).await.is_captured());
    }

    async fn rule_15_a_run_that_found_nothing_leaves_no_record(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.process().await;
        assert_eq!(desk.database.number("select count(*) from processor_runs").await, 0);
        desk.closed(1, "11:00", "11:05").await;
        let report = desk.try_process(ProcessRequest::due(Trigger::Interval, HOST)).await.unwrap();
        let runs = desk.store.read().await.unwrap().runs(10).await.unwrap();
        assert_eq!(runs.len(), 1);
        assert_eq!((runs[0].trigger, runs[0].host.as_str()), (Trigger::Interval, HOST));
        assert_eq!(runs[0].counts, report.counts);
        assert!(runs[0].started_at.since(at("12:00")) < Duration::from_secs(10), "{:?}", runs[0]);
        assert!(runs[0].finished_at.is_some() && runs[0].error.is_none());
    }

    async fn rule_15_49_rows_are_one_batch(database: TestDatabase) {
        check_batches(database, 49, None, 1).await;
    }

    async fn rule_15_50_rows_are_one_batch(database: TestDatabase) {
        check_batches(database, 50, None, 1).await;
    }

    async fn rule_15_51_rows_are_two_batches(database: TestDatabase) {
        check_batches(database, 51, None, 2).await;
    }

    async fn rule_15_1000_rows_are_batches_that_double(database: TestDatabase) {
        // 50, 100, 200, 400 and the rest; on SQLite a batch that holds the lock for long is not followed by a larger one.
        let report = process_many(&Desk::on(database).await, 1_000, None).await;
        assert!((5..=20).contains(&report.counts.batches), "{report:?}");
    }

    async fn rule_15_a_fixed_batch_size_stays(database: TestDatabase) {
        check_batches(database, 51, Some(50), 2).await;
    }

    async fn rule_15_1000_rows_at_a_fixed_50_are_20_batches(database: TestDatabase) {
        check_batches(database, 1_000, Some(50), 20).await;
    }

    async fn a_run_that_is_ended_gives_back_what_it_has_prepared(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(400).await;
        let request = ProcessRequest { batch_size: Some(5), ..ProcessRequest::due(Trigger::Forced, HOST) };
        let (progress, cancel) = (request.progress.clone(), request.cancel.clone());
        let ending = async {
            while progress.counts().captured < 10 {
                tokio::task::yield_now().await;
            }
            cancel.cancel();
        };
        let (ended, ()) = tokio::join!(desk.try_process(request), ending);
        let ended = ended.unwrap();
        assert!(ended.cancelled && (10..400).contains(&ended.counts.captured), "{ended:?}");
        let left = 400 - i64::try_from(ended.counts.captured).unwrap();
        let free = match desk.database.engine() {
            Engine::Sqlite => "select count(*) from pending_snapshots",
            Engine::Postgres => "select count(*) from (select 1 from pending_snapshots for update skip locked) free",
        };
        assert_eq!(desk.database.number(free).await, left, "nobody holds any of them");
        assert_eq!(desk.process().await.counts.captured, left.unsigned_abs());
        desk.check_whole().await;
    }

    async fn rule_19_a_named_incident_is_captured_and_others_wait(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (id, other) = (desk.closed(1, "11:00", "11:05").await, desk.closed(1, "11:00", "11:05").await);
        assert_eq!(desk.process_only(&[id]).await.counts, one_batch(captured(1)));
        assert!(desk.incident(id).await.is_captured());
        assert!(desk.pending(other).await.is_some());
    }

    async fn rule_19_a_row_that_waits_for_its_next_attempt_is_captured_when_it_is_named(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        let later = at("13:00").as_micros();
        desk.database.execute(&format!("update pending_snapshots set attempts = 3, next_attempt_at = {later}")).await;
        assert_eq!(desk.process().await.counts, RunCounts::default(), "it waits");
        assert_eq!(desk.process_only(&[id]).await.counts.captured, 1);
        assert!(desk.incident(id).await.is_captured());
    }

    async fn rule_19_a_dead_row_is_captured_when_it_is_named(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        desk.database.execute("update pending_snapshots set attempts = 8, dead_since = 1").await;
        assert_eq!(desk.process().await.counts, RunCounts::default(), "it is dead");
        assert_eq!(desk.process_only(&[id]).await.counts.captured, 1);
        let incident = desk.incident(id).await;
        assert!(incident.is_captured() && incident.pending.is_none());
    }

    async fn rule_19_one_whose_target_lies_ahead_needs_force(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (due, ahead) = (desk.closed(1, "11:00", "11:05").await, desk.closed(1, "11:00", "11:59").await);
        let before = desk.everything().await;
        let error = desk.try_force(&[due, ahead], Early::Refused).await.unwrap_err();
        assert_eq!(error.exit_status(), 4);
        assert!(error.to_string().contains("2026-11-24T12:09:00Z"), "{error}");
        assert_eq!(desk.everything().await, before, "none is processed");
        assert_eq!(desk.try_force(&[due, ahead], Early::Allowed).await.unwrap().counts.captured, 2);
        assert!(desk.incident(due).await.is_captured());
        assert!(desk.incident(ahead).await.snapshot.expect("a partial one").partial);
    }

    async fn rule_11_a_partial_snapshot_is_replaced_at_the_target_whatever_went_wrong_before(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:00", "11:59").await;
        let later = at("15:00").as_micros();
        let dead = format!("update pending_snapshots set attempts = 8, dead_since = 1, next_attempt_at = {later}");
        desk.database.execute(&dead).await;
        assert_eq!(desk.try_force(&[id], Early::Allowed).await.unwrap().counts.captured, 1);
        assert!(desk.incident(id).await.snapshot.expect("an early one").partial);
        desk.turn_to("12:09");
        assert_eq!(desk.process().await.counts, one_batch(captured(1)));
        let incident = desk.incident(id).await;
        assert!(incident.is_captured() && incident.pending.is_none());
    }

    async fn rule_19_an_open_or_captured_incident_is_refused(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (open, done) = (desk.open(1).await, desk.closed(1, "11:00", "11:05").await);
        desk.process().await;
        let waiting = desk.closed(1, "11:00", "11:05").await;
        let before = desk.everything().await;
        let cases = [(open, 4, "is open"), (done, 4, "captured already"), (IncidentId::new(4_711), 3, "4711")];
        for (id, status, said) in cases {
            for early in [Early::Allowed, Early::Refused] {
                let error = desk.try_force(&[waiting, id], early).await.unwrap_err();
                assert_eq!(error.exit_status(), status, "{error}");
                assert!(error.to_string().contains(said), "{error}");
            }
        }
        assert_eq!(desk.everything().await, before);
    }

    async fn rule_19_a_closed_incident_with_neither_promise_nor_snapshot_is_captured(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        ops::pending::discard(&desk.store, TESTER, &[id], &[]).await.unwrap();
        assert_eq!(desk.pending(id).await, None);
        assert_eq!(desk.process().await.counts, RunCounts::default());
        assert_eq!(desk.process_only(&[id]).await.counts.captured, 1);
        let incident = desk.incident(id).await;
        assert!(incident.is_captured() && incident.pending.is_none());
    }
}

async fn process_many(desk: &Desk, rows: u32, batch_size: Option<u32>) -> RunReport {
    desk.closed_many(rows).await;
    let report =
        desk.try_process(ProcessRequest { batch_size, ..ProcessRequest::due(Trigger::Forced, HOST) }).await.unwrap();
    assert_eq!(report.counts.captured, u64::from(rows));
    assert_eq!(desk.database.number("select count(*) from pending_snapshots").await, 0);
    assert_eq!(desk.database.number("select count(*) from incident_snapshots").await, i64::from(rows));
    assert_eq!(desk.database.number("select count(*) from time_series_snapshots").await, 2 * i64::from(rows));
    report
}

async fn check_batches(database: TestDatabase, rows: u32, batch_size: Option<u32>, batches: u64) {
    let report = process_many(&Desk::on(database).await, rows, batch_size).await;
    assert_eq!(report.counts.batches, batches);
}
