//! What becomes of rows that fail, and of rows that only seem to: rule 17, on both engines.

use std::time::Duration;

use afterimage::domain::{IncidentId, PendingState, RunCounts, Trigger, schedule};
use afterimage::ops;
use afterimage::ops::process::ProcessRequest;

use crate::support::{Desk, Engine, HOST, TESTER, TestDatabase, at, on_both_engines, postgres_poison, run};

const MINUTE: Duration = Duration::from_mins(1);

on_both_engines! {
    async fn rule_17_a_failing_row_in_the_middle_of_a_batch_stays_and_holds_up_no_other(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(50).await;
        let poisoned = IncidentId::new(25);
        desk.poison(poisoned).await;
        let report = desk.process().await;
        assert_eq!(report.counts, RunCounts { captured: 49, failed: 1, batches: 1, ..RunCounts::default() });
        assert_eq!(desk.database.number("select count(*) from incident_snapshots").await, 49);
        assert_eq!(desk.database.number("select count(*) from time_series_snapshots").await, 98);
        let row = desk.pending(poisoned).await.expect("it stays");
        assert_eq!((row.attempts, row.dead_since), (1, None));
        assert!(row.last_error.as_ref().is_some_and(|error| error.contains("poisoned")), "{row:?}");
        assert!(row.last_error_at >= Some(at("12:00")) && row.last_host.is_some());
        let wait = row.next_attempt_at.since(at("12:00"));
        assert!(wait >= Duration::from_secs(45) && wait <= Duration::from_secs(75), "{wait:?}");
        assert_eq!(row.target_run_date, at("11:10"), "the target stays");
    }

    async fn rule_17_several_failing_rows_among_many_are_each_found(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(160).await;
        desk.database.execute("update incidents set query = 'nokey:x' where id in (1, 2, 77, 160)").await;
        let poisoned = IncidentId::new(50);
        desk.poison(poisoned).await;
        let report = desk.process().await;
        assert_eq!((report.counts.captured, report.counts.failed), (155, 5));
        let waiting = "select incident_id from pending_snapshots where attempts = 1 and last_error is not null \
                       order by incident_id";
        assert_eq!(desk.database.numbers(waiting).await, [1, 2, 50, 77, 160]);
        desk.cure().await;
        desk.database.execute("update incidents set query = ''").await;
        desk.wait(2 * MINUTE);
        assert_eq!(desk.process().await.counts.captured, 5);
        assert_eq!(desk.database.number("select count(*) from pending_snapshots").await, 0);
    }

    async fn rule_17_a_row_backs_off_and_is_dead_after_8_failures(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        desk.poison(id).await;
        for attempt in 1..=schedule::MAX_ATTEMPTS {
            let now = desk.now();
            assert_eq!(desk.process().await.counts.failed, 1, "attempt {attempt}");
            let row = desk.pending(id).await.expect("it stays");
            assert_eq!(row.attempts, attempt);
            assert_eq!(row.dead_since.is_some(), attempt == schedule::MAX_ATTEMPTS);
            let wait = row.next_attempt_at.since(now).as_secs_f64() / (30.0 * f64::from(1 << attempt));
            assert!((0.75..=1.25).contains(&wait), "attempt {attempt} waits for {wait} of what it should");
            desk.database.clock().set(row.next_attempt_at - Duration::from_micros(1));
            assert_eq!(desk.process().await.counts, RunCounts::default(), "it is not tried early");
            desk.wait(Duration::from_micros(1));
        }
        desk.wait(Duration::from_hours(100));
        desk.cure().await;
        assert_eq!(desk.process().await.counts, RunCounts::default(), "a dead row waits for an operator");
        assert!(desk.pending(id).await.expect("it is kept").dead_since.is_some());

        ops::pending::retry(&desk.store, TESTER, &[id], &[]).await.unwrap();
        let row = desk.pending(id).await.expect("it is back");
        assert_eq!((row.attempts, row.dead_since, row.next_attempt_at), (0, None, desk.now()));
        let next = desk.store.read().await.unwrap().next_retry().await.unwrap();
        assert_eq!(next, Some(desk.now()), "it does not wait for the hour");
        assert_eq!(desk.process().await.counts.captured, 1);
    }

    async fn rule_17_a_dead_row_can_be_discarded(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        desk.database.execute("update pending_snapshots set attempts = 8, dead_since = 1").await;
        ops::pending::discard(&desk.store, TESTER, &[id], &[]).await.unwrap();
        let incident = desk.incident(id).await;
        assert_eq!((incident.pending, incident.snapshot), (None, None));
        let again = ops::pending::discard(&desk.store, TESTER, &[id], &[]).await.unwrap_err();
        assert_eq!(again.exit_status(), 4, "{again}");
    }

    async fn rule_17_a_dead_row_that_is_forced_and_fails_again_stays_dead(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        desk.database.execute("update pending_snapshots set attempts = 8, dead_since = 1").await;
        desk.poison(id).await;
        let report = desk.process_only(&[id]).await;
        assert_eq!((report.counts.captured, report.counts.failed), (0, 1));
        let row = desk.pending(id).await.expect("it stays");
        assert!(row.dead_since.is_some());
        assert!(row.last_error.is_some_and(|error| error.contains("poisoned")));
    }

    async fn rule_17_a_fault_of_the_database_is_not_counted_against_the_row(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        let before = desk.everything().await;
        let error = match desk.database.engine() {
            Engine::Sqlite => {
                let lock = desk.database.lock().await;
                let error = desk.try_force(&[id], crate::support::Early::Refused).await.unwrap_err();
                lock.release().await;
                error
            }
            Engine::Postgres => {
                desk.database.execute(&postgres_poison(id, "40P01")).await;
                let error = desk.try_force(&[id], crate::support::Early::Refused).await.unwrap_err();
                desk.cure().await;
                error
            }
        };
        assert_eq!(error.exit_status(), 4, "{error}");
        assert!(error.to_string().contains("busy"), "{error}");
        assert_eq!(desk.everything().await, before);
        assert_eq!(desk.process().await.counts.captured, 1);
    }

    async fn a_run_whose_process_died_is_taken_over_row_by_row(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(5).await;
        desk.poison(IncidentId::new(3)).await;
        let (moved, fresh) = (at("11:57:59").as_micros(), at("11:58:01").as_micros());
        let run = |id: i64, updated: i64| format!(
            "insert into processor_runs (trigger, host, started_at, updated_at, batch_size) \
             values ('interval', 'host-{id}', {updated}, {updated}, 50)");
        desk.database.execute(&run(1, moved)).await;
        desk.database.execute(&run(2, fresh)).await;
        let counts = desk.process().await.counts;
        assert_eq!((counts.captured, counts.failed), (4, 1));
        let row = desk.pending(IncidentId::new(3)).await.expect("it stays");
        assert_eq!(row.attempts, 1, "the attempt is counted once");
        assert!(row.last_error.as_ref().is_some_and(|error| error.contains("poisoned")), "{row:?}");
        let ended = "select host from processor_runs where finished_at is not null and error is not null \
                     and host like 'host-%'";
        assert_eq!(desk.database.texts(ended).await, ["host-1"], "one that moved within 2 minutes may be alive");
    }
}

#[test]
fn rule_17_a_row_that_exhausts_the_database_holds_up_no_other_and_is_not_blamed() {
    run(Engine::Postgres, |database| async {
        let desk = Desk::on(database).await;
        desk.closed_many(50).await;
        let huge = IncidentId::new(25);
        // Out of memory, as a row may be that sorts more than the server has.
        desk.database.execute(&postgres_poison(huge, "53200")).await;
        assert_eq!((desk.process().await.counts.captured, desk.now()), (49, at("12:00")));
        let row = desk.pending(huge).await.expect("it stays");
        assert_eq!((row.attempts, row.dead_since), (0, None), "the memory may be another's fault");
        assert!(row.last_error.as_ref().is_some_and(|error| error.contains("could not do it")), "{row:?}");
        // It was due at 11:10.
        assert!((at("12:37")..=at("12:51")).contains(&row.next_attempt_at), "{row:?}");
        assert_eq!(row.state(desk.now()), PendingState::Retrying);
        assert_eq!(desk.process().await.counts, RunCounts::default());
        desk.cure().await;
        desk.wait(Duration::from_hours(1));
        assert_eq!(desk.process().await.counts.captured, 1);
    });
}

#[test]
fn rule_17_a_failure_is_recorded_before_the_database_fails_on_another_row() {
    run(Engine::Postgres, |database| async {
        let desk = Desk::on(database).await;
        desk.closed_many(4).await;
        desk.poison(IncidentId::new(1)).await;
        desk.database
            .execute(
                "create function refuse() returns trigger language plpgsql as $$ begin \
                     raise exception 'deadlock' using errcode = '40P01'; end $$; \
                 create trigger refuse before insert on incident_snapshots for each row \
                     when (new.incident_id = 3) execute function refuse()",
            )
            .await;
        let error = desk.try_process(ProcessRequest::due(Trigger::Interval, HOST)).await.unwrap_err();
        assert_eq!(error.exit_status(), 4, "{error}");
        assert_eq!(desk.pending(IncidentId::new(1)).await.expect("it stays").attempts, 1);
        assert_eq!(desk.pending(IncidentId::new(3)).await.expect("it stays").attempts, 0);
        let runs = desk.store.read().await.unwrap().runs(1).await.unwrap();
        assert_eq!((runs[0].counts.captured, runs[0].counts.failed), (1, 1), "its record tells what was done");
    });
}

#[test]
fn rule_17_a_fault_while_a_dead_run_is_replayed_is_not_counted() {
    run(Engine::Postgres, |database| async {
        let desk = Desk::on(database).await;
        desk.closed_many(1).await;
        let (id, long_ago) = (IncidentId::new(1), at("11:00").as_micros());
        desk.database.execute(&postgres_poison(id, "40P01")).await;
        let abandoned = format!(
            "insert into processor_runs (trigger, host, started_at, updated_at, batch_size) \
             values ('interval', 'gone', {long_ago}, {long_ago}, 50)"
        );
        desk.database.execute(&abandoned).await;
        let before = desk.pending(id).await.unwrap();
        desk.try_process(ProcessRequest::due(Trigger::Interval, HOST)).await.unwrap_err();
        let after = desk.pending(id).await.unwrap();
        assert_eq!((after.attempts, after.next_attempt_at), (0, before.next_attempt_at));
        desk.cure().await;
        assert_eq!(desk.process().await.counts.captured, 1);
    });
}
