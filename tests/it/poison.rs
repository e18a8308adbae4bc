//! Failing rows at the head of the queue, one or thousands: the rest is captured in the same run, nothing spins, and a
//! row that takes its process with it is found. Rule 17, on both engines.
//!
//! With 5,000 of them, and with rows that take too long: `cargo test --test it poison:: -- --ignored --nocapture`

use std::io::Write;
use std::time::{Duration, Instant};

use afterimage::domain::{IncidentId, ProcessorKind, schedule};
use afterimage::service::{ProcessorEvent, ProcessorHandle, ProcessorOptions};
use afterimage::source::Sources;

use crate::support::{Afterimage, Desk, Engine, TestDatabase, at, on_both_engines, run};

const HEALTHY: u32 = 600;

/// `count` failing rows, all due before `HEALTHY` others.
async fn queue(database: TestDatabase, count: u32) -> Desk {
    let desk = Desk::on(database).await;
    desk.closed_many(count + HEALTHY).await;
    let head = format!(
        "update pending_snapshots set target_run_date = {0}, next_attempt_at = {0} where incident_id <= {count}",
        at("11:09").as_micros()
    );
    desk.database.execute(&head).await;
    desk.poison_where(&format!("id <= {count}")).await;
    desk
}

async fn snapshots(desk: &Desk) -> i64 {
    desk.database.number("select count(*) from incident_snapshots").await
}

/// One run over such a queue: how long it took.
async fn check_run(desk: &Desk, count: u32) -> Duration {
    let began = Instant::now();
    let counts = desk.process().await.counts;
    let took = began.elapsed();
    assert_eq!((counts.captured, counts.failed), (u64::from(HEALTHY), u64::from(count)));
    assert_eq!(snapshots(desk).await, i64::from(HEALTHY), "the rest is captured in the same run");
    let early = format!(
        "select count(*) from pending_snapshots where attempts <> 1 or next_attempt_at < {} or dead_since is not null",
        (desk.now() + Duration::from_secs(45)).as_micros()
    );
    assert_eq!(desk.database.number(&early).await, 0, "each has failed once, and waits");
    took
}

/// Counts the statements that failed: a sequence is not rolled back.
const COUNTING: &str = "create sequence failures; \
    create or replace function poison() returns trigger language plpgsql as $$ begin \
        if exists (select 1 from poisoned p where p.id = new.incident_id) then \
            perform nextval('failures'); raise exception 'this row is poisoned'; end if; return new; end $$";

async fn check_bounded(database: TestDatabase, count: u32) {
    let engine = database.engine();
    let desk = queue(database, count).await;
    if engine == Engine::Postgres {
        desk.database.execute(COUNTING).await;
    }
    check_run(&desk, count).await;
    if engine == Engine::Postgres {
        let failed = desk.database.number("select last_value from failures").await;
        let at_most = 2 * i64::from(count) + 10 * i64::from(count.ilog2() + 1);
        assert!(failed <= at_most, "{count} rows cost {failed} failing batches, and not {at_most} at the most");
    }
    assert_eq!(desk.process().await.counts.due(), 0, "none is tried again at once");
}

on_both_engines! {
    async fn rule_17_a_failing_row_at_the_head_holds_up_no_other(database: TestDatabase) {
        check_bounded(database, 1).await;
    }

    async fn rule_17_51_failing_rows_at_the_head_hold_up_no_other(database: TestDatabase) {
        check_bounded(database, 51).await;
    }

    async fn rule_17_200_failing_rows_cost_a_bounded_number_of_batches(database: TestDatabase) {
        check_bounded(database, 200).await;
    }

    async fn rule_17_51_failing_rows_back_off_and_are_dead_after_8_runs(database: TestDatabase) {
        let desk = queue(database, 51).await;
        for attempt in 1..=schedule::MAX_ATTEMPTS {
            let failed = desk.process().await.counts.failed;
            assert_eq!(failed, 51, "attempt {attempt}");
            desk.wait(schedule::backoff(attempt, 1.0));
        }
        assert_eq!(desk.database.number("select count(*) from pending_snapshots where dead_since is not null and attempts = 8").await, 51);
        desk.wait(Duration::from_hours(100));
        assert_eq!(desk.process().await.counts.due(), 0);
        let program = Afterimage::on(&desk.database).with(&["--now", "2026-12-24 12:00"]);
        let checked = program.run(&["status", "--check"]);
        assert_eq!(checked.status, 1, "{checked}");
        assert!(checked.stderr.contains("51") && checked.stderr.contains("dead"), "{checked}");
        desk.cure_where("id > 0").await;
        program.output(&["pending", "retry", "1", "2"]);
        program.output(&["pending", "discard", "3"]);
        assert_eq!(program.json(&["process"])["captured"], 2);
        assert_eq!(program.json(&["status"])["dead"], 48);
    }

    async fn rule_17_a_processor_does_not_come_back_before_the_next_attempt(database: TestDatabase) {
        let desk = queue(database, 20).await;
        let interval = Duration::from_hours(1);
        let options = ProcessorOptions { interval, batch_size: None, kind: ProcessorKind::Daemon, sources: Sources::default() };
        let handle = ProcessorHandle::spawn(desk.store.clone(), options);
        let mut events = handle.subscribe();
        let (mut finished, mut started_again) = (0, false);
        let listening = async {
            while let Ok(event) = events.recv().await {
                match event {
                    ProcessorEvent::Finished { .. } => finished += 1,
                    ProcessorEvent::Started { .. } => started_again |= finished > 0,
                    ProcessorEvent::Waiting { next_run_at } => {
                        assert!(next_run_at.since(desk.now()) >= Duration::from_secs(45), "{next_run_at}");
                        // What would spin would do it now.
                        tokio::time::sleep(Duration::from_millis(1_300)).await;
                        return;
                    }
                    ProcessorEvent::Failed { error, .. } => panic!("{error}"),
                }
            }
        };
        tokio::time::timeout(Duration::from_mins(1), listening).await.expect("it waits in the end");
        while let Ok(event) = events.try_recv() {
            started_again |= matches!(event, ProcessorEvent::Started { .. });
        }
        assert!(!started_again, "the clock has not moved");
        handle.shutdown().await;
    }

    #[ignore = "takes minutes; see above"]
    async fn rule_17_5000_failing_rows_hold_up_no_other_for_long(database: TestDatabase) {
        let name = database.pick("sqlite", "postgres").to_owned();
        let without = TestDatabase::create(database.engine()).await;
        let alone = {
            let desk = queue(without, 0).await;
            let took = check_run(&desk, 0).await;
            desk.database.remove().await;
            took
        };
        let desk = queue(database, 5_000).await;
        let took = check_run(&desk, 5_000).await;
        let said = format!("{name}: {HEALTHY} rows alone in {alone:?}, behind 5,000 failing ones in {took:?}");
        let _ = writeln!(std::io::stderr(), "{said}");
        assert!(took < Duration::from_mins(4), "{said}");
    }

    async fn rule_18_a_row_that_takes_its_process_with_it_is_counted_and_dead_in_the_end(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(30).await;
        desk.database.execute(desk.database.pick(
            "create trigger deadly before insert on incident_snapshots when new.incident_id = 12 begin \
                 select max(n) from (with recursive n(n) as (select 1 union all select n + 1 from n) select n from n); end",
            "create function deadly() returns trigger language plpgsql as $$ begin perform pg_sleep(25); return new; end $$; \
             create trigger deadly before insert on incident_snapshots for each row when (new.incident_id = 12) \
                 execute function deadly()",
        )).await;
        let (deadly, mut deaths) = (IncidentId::new(12), 0);
        while desk.pending(deadly).await.expect("it stays").dead_since.is_none() {
            assert!(deaths < 20, "it is never found: {:?}", desk.pending(deadly).await);
            // Each process begins when the one before is long dead, and the row is due again.
            desk.wait(Duration::from_hours(3));
            let daemon = Afterimage::on(&desk.database).with(&["--now", &desk.now().to_string()]).start(&["--daemon", "--once"]);
            wait_for_the_deadly_row(&desk).await;
            daemon.kill();
            desk.database.execute(desk.database.pick("select 1", "select pg_terminate_backend(pid) from pg_stat_activity \
                where datname = current_database() and wait_event = 'PgSleep'")).await;
            deaths += 1;
            desk.check_whole().await;
        }
        assert!((9..=12).contains(&deaths), "{deaths} processes died");
        desk.wait(Duration::from_hours(3));
        desk.process().await;
        assert_eq!(snapshots(&desk).await, 29, "all others are captured");
        assert_eq!(desk.pending(deadly).await.expect("it stays").attempts, 8);
    }
}

#[test]
#[ignore = "takes a minute: the time limit of a statement, twice"]
fn rule_17_a_row_that_takes_too_long_is_found_and_costs_its_time_twice() {
    run(Engine::Postgres, |database| async {
        let desk = queue(database, 0).await;
        let slow = IncidentId::new(40);
        desk.database
            .execute(
                "create function slow() returns trigger language plpgsql as $$ begin \
                     perform pg_sleep(100); return new; end $$; \
                 create trigger slow before insert on incident_snapshots for each row when (new.incident_id = 40) \
                     execute function slow()",
            )
            .await;
        let began = Instant::now();
        let counts = desk.process().await.counts;
        let took = began.elapsed();
        let _ = writeln!(std::io::stderr(), "{HEALTHY} rows with one that does not end: {took:?}");
        assert_eq!((counts.captured, counts.failed), (u64::from(HEALTHY) - 1, 1));
        assert_eq!(desk.pending(slow).await.expect("it stays").attempts, 1);
        assert!(took < Duration::from_secs(90), "{took:?}: the limit of a statement twice, and not for each half");
    });
}

/// Until a process is at the row that it does not survive.
async fn wait_for_the_deadly_row(desk: &Desk) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut seen = 0;
    // On SQLite a lock that is held for so long tells it: a batch that ends holds it for some milliseconds.
    while seen < if desk.database.engine() == Engine::Sqlite { 15 } else { 1 } {
        assert!(Instant::now() < deadline, "no process has come to the row");
        tokio::time::sleep(Duration::from_millis(10)).await;
        let is_there = match desk.database.engine() {
            Engine::Sqlite => desk.database.is_locked().await,
            Engine::Postgres => {
                let sleeping = "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
                desk.database.number(sleeping).await > 0
            }
        };
        seen = if is_there { seen + 1 } else { 0 };
    }
}

#[test]
fn rule_17_a_batch_that_took_too_long_is_not_tried_again_in_halves() {
    run(Engine::Postgres, |database| async {
        let desk = queue(database, 1).await;
        let slow = COUNTING.replace("'this row is poisoned'", "'canceling statement' using errcode = '57014'");
        desk.database.execute(&slow).await;
        check_run(&desk, 1).await;
        assert_eq!(desk.database.number("select last_value from failures").await, 2, "with the others, and alone");
        let row = desk.pending(IncidentId::new(1)).await.expect("it stays");
        assert_eq!(row.attempts, 1, "it is the row's own fault");
    });
}
