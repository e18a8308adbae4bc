//! Several processors and operators on one database, and runs that end anywhere: rule 18, on both engines.

use std::time::Duration;

use afterimage::domain::{IncidentId, RunCounts, Status, Trigger};
use afterimage::ops;
use afterimage::ops::process::ProcessRequest;
use afterimage::ops::reopen::ReopenRequest;

use crate::support::{Desk, HOST, TESTER, TestDatabase, on_both_engines};

const INCIDENTS: u32 = 300;

on_both_engines! {
    async fn rule_18_two_daemons_and_a_forced_run_at_once_make_each_snapshot_once(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(INCIDENTS).await;
        let runs = [Trigger::Interval, Trigger::Interval, Trigger::Forced].map(|trigger| {
            let database = &desk.database;
            async move {
                let store = database.store().await;
                let request = ProcessRequest { batch_size: Some(20), ..ProcessRequest::due(trigger, HOST) };
                ops::process::process(&store, request).await.unwrap().counts
            }
        });
        let mut sum = RunCounts::default();
        futures_util::future::join_all(runs).await.into_iter().for_each(|counts| sum.add(counts));
        assert_eq!((sum.captured, sum.due()), (u64::from(INCIDENTS), u64::from(INCIDENTS)), "each row is claimed once");
        assert_eq!(desk.database.number("select count(*) from incident_snapshots").await, i64::from(INCIDENTS));
        assert_eq!(desk.database.number("select count(*) from pending_snapshots").await, 0);
        desk.check_whole().await;
    }

    async fn rule_18_reopening_while_the_processor_runs_leaves_no_snapshot_of_an_open_incident(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(INCIDENTS).await;
        let processor = desk.database.store().await;
        let processing = async {
            for _ in 0..3 {
                let request = ProcessRequest { batch_size: Some(7), ..ProcessRequest::due(Trigger::Interval, HOST) };
                ops::process::process(&processor, request).await.unwrap();
            }
        };
        let reopening = async {
            for id in (1..=i64::from(INCIDENTS)).rev().step_by(3) {
                let request = ReopenRequest { ids: vec![IncidentId::new(id)], comment: None, ..ReopenRequest::default() };
                ops::reopen::reopen(&desk.store, TESTER, request).await.unwrap();
            }
        };
        tokio::join!(processing, reopening);
        desk.check_whole().await;
        assert_eq!(desk.database.number("select count(*) from incidents where status = 'open'").await, 100);
        assert_eq!(desk.database.number("select count(*) from incident_snapshots").await, 200);
    }

    async fn rule_18_a_row_whose_incident_is_being_reopened_is_left_out(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(3).await;
        let id = IncidentId::new(2);
        let processor = desk.database.store().await;
        // A reopening that has its incident, and has not come to the pending row yet.
        let mut reopening = desk.store.write().await.unwrap();
        reopening.lock_incidents(&[id]).await.unwrap();
        let run = ops::process::process(&processor, ProcessRequest::due(Trigger::Interval, HOST));
        let operator = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let made = format!("select count(*) from incident_snapshots where incident_id = {id}");
            assert_eq!(desk.database.number(&made).await, 0, "it is being reopened");
            reopening.set_status(id, None).await.unwrap();
            reopening.delete_pending(id).await.unwrap();
            reopening.commit().await.unwrap();
        };
        let (report, ()) = tokio::join!(run, operator);
        assert_eq!(report.unwrap().counts.captured, 2);
        desk.check_whole().await;
    }

    async fn deleting_a_rule_and_closing_its_incidents_never_wait_in_a_circle(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (first, second) = (desk.open(5).await, desk.open(5).await);
        let rule = desk.rule(5).await;
        // The newest version of the first now lies behind the second, where a scan comes to it last.
        for _ in 0..500 {
            desk.database.execute(&format!("update incidents set rule_id = null where id = {first}; \
                update incidents set rule_id = (select id from alert_rules) where id = {first}")).await;
            if desk.database.engine() == crate::support::Engine::Sqlite { break }
            let last = "select id from incidents order by ctid desc limit 1";
            if desk.database.number(last).await == first.value() { break }
        }
        let deleter = desk.database.store().await;
        let mut closing = desk.store.write().await.unwrap();
        closing.lock_incidents(&[first]).await.unwrap();
        let closing = async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            closing.lock_incidents(&[second]).await?;
            closing.commit().await
        };
        let (deleted, closed) = tokio::join!(ops::rule::delete(&deleter, &rule), closing);
        closed.unwrap();
        assert_eq!(deleted.unwrap().open_incidents, 2);
    }

    async fn rule_18_a_run_that_ends_anywhere_loses_no_row_and_makes_no_second_snapshot(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(INCIDENTS).await;
        for turn in 0..40 {
            let store = desk.database.store().await;
            let request = ProcessRequest { batch_size: Some(5), ..ProcessRequest::due(Trigger::Startup, HOST) };
            let run = ops::process::process(&store, request);
            let _ = tokio::time::timeout(Duration::from_micros(500 + 731 * turn), run).await;
            desk.check_whole().await;
        }
        desk.process().await;
        desk.check_whole().await;
        assert_eq!(desk.database.number("select count(*) from incident_snapshots").await, i64::from(INCIDENTS));
        assert_eq!(desk.incident(IncidentId::new(1)).await.status, Status::Closed);
    }
}
