//! Postgres goes away and comes back, and its backends are ended, while a backlog drains and operators close and reopen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use afterimage::domain::{IncidentId, Trigger};
use afterimage::ops::close::{self, CloseRequest};
use afterimage::ops::process::{self, ProcessRequest};
use afterimage::ops::reopen::{self, ReopenRequest};
use afterimage::store::Store;

use crate::support::{Access, Cluster, Desk, Engine, HOST, TESTER, TestDatabase, missing_postgres, run};

/// Drains until it is told that this was the end, and once more.
async fn drain(store: Store, is_over: Arc<AtomicBool>) -> u32 {
    let mut failed = 0;
    loop {
        let was_over = is_over.load(Ordering::SeqCst);
        let request = ProcessRequest { batch_size: Some(5), ..ProcessRequest::due(Trigger::Interval, HOST) };
        match process::process(&store, request).await {
            Ok(_) if was_over => return failed,
            Ok(_) => tokio::time::sleep(Duration::from_millis(2)).await,
            Err(error) => {
                assert!(matches!(error.exit_status(), 4 | 5), "{error}");
                failed += 1;
            }
        }
    }
}

/// Reopens and closes the same incidents in turn; what was said to be done must be so at the end. Says how often.
async fn operate(store: Store, ids: Vec<IncidentId>, is_over: Arc<AtomicBool>) -> u32 {
    let mut done = 0;
    for id in ids.into_iter().cycle() {
        if is_over.load(Ordering::SeqCst) {
            return done;
        }
        // Each until it is said to be done: an answer that was lost is found done the next time.
        let request = ReopenRequest { ids: vec![id], ..ReopenRequest::default() };
        while let Err(error) = reopen::reopen(&store, TESTER, request.clone()).await {
            assert!(matches!(error.exit_status(), 4 | 5), "{error}");
        }
        let request = CloseRequest { ids: vec![id], ..CloseRequest::default() };
        while let Err(error) = close::close(&store, TESTER, request.clone()).await {
            assert!(matches!(error.exit_status(), 4 | 5), "{error}");
        }
        done += 2;
    }
    done
}

/// Lets `disturb` happen while a backlog drains, and checks what is left.
async fn under_fire(database: TestDatabase, incidents: u32, disturb: impl AsyncFnOnce(&TestDatabase)) {
    let desk = Desk::on(database).await;
    desk.closed_many(incidents).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let drains = [(); 2].map(|()| tokio::spawn(drain(desk.store.clone(), is_over.clone())));
    let ids = (1..=20).map(IncidentId::new).collect();
    let operator = tokio::spawn(operate(desk.database.store().await, ids, is_over.clone()));
    disturb(&desk.database).await;
    is_over.store(true, Ordering::SeqCst);
    let done = operator.await.expect("it does not panic");
    let mut failed = 0;
    for drain in drains {
        failed += drain.await.expect("it does not panic");
    }
    let number = async |sql: &str| desk.database.number(sql).await;
    assert_eq!(number("select count(*) from incident_activities where kind = 'status_change'").await, i64::from(done));
    assert_eq!(number("select count(*) from pending_snapshots where attempts > 0").await, 0, "no row is blamed");
    assert_eq!(number("select count(*) from incidents where status = 'open'").await, 0);
    // What operators have closed anew is due ten minutes later.
    let whole = number("select count(*) from incident_snapshots").await
        + number("select count(*) from pending_snapshots").await;
    assert_eq!(whole, i64::from(incidents));
    desk.check_whole().await;
    super::say(&format!("{incidents} incidents, {done} changes by operators, {failed} runs failed, nothing lost"));
}

fn restart(turns: usize, incidents: u32) {
    if missing_postgres().is_some() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut cluster = Cluster::start(Access::Socket).unwrap();
        let database = TestDatabase::of_cluster(&cluster).await;
        under_fire(database, incidents, async |_| {
            for turn in 0..turns {
                tokio::time::sleep(Duration::from_millis(150)).await;
                tokio::task::block_in_place(|| {
                    if turn % 2 == 0 {
                        cluster.kill();
                    } else {
                        cluster.stop();
                    }
                    cluster.resume();
                });
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        })
        .await;
    });
}

#[test]
fn rule_18_a_server_that_is_restarted_during_a_drain_loses_nothing() {
    restart(4, 2_000);
}

#[test]
#[ignore = "some minutes: twenty restarts"]
fn at_length_a_server_that_is_restarted_during_a_drain() {
    restart(20, 5_000);
}

fn end_backends(turns: u32, incidents: u32) {
    const END: &str = "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity where \
        application_name = 'afterimage' and datname = current_database() order by random() limit 2) chosen";
    run(Engine::Postgres, |database| async move {
        under_fire(database, incidents, async |database| {
            let mut ended = 0;
            for _ in 0..turns {
                ended += database.number(END).await;
            }
            assert!(ended > i64::from(turns) / 2, "{ended} were ended");
            super::say(&format!("{ended} backends ended"));
        })
        .await;
    });
}

#[test]
fn rule_18_backends_that_are_ended_during_a_drain_lose_nothing() {
    end_backends(100, 1_000);
}

#[test]
#[ignore = "some minutes: more than a thousand ended backends"]
fn at_length_backends_that_are_ended_during_a_drain() {
    end_backends(600, 5_000);
}
