//! The way to Postgres is cut, swallows all, is slow, or loses the answer to a commit. Nothing is lost, nothing is done
//! twice, and no row is blamed.

use std::time::{Duration, Instant};

use afterimage::domain::{IncidentId, Trigger};
use afterimage::http::{Limits, Policy};
use afterimage::ops::close::{self, CloseRequest};
use afterimage::ops::process::{self, ProcessRequest};
use afterimage::ops::reopen::ReopenRequest;

use crate::support::{Afterimage, Desk, Engine, HOST, Proxy, TESTER, Way, check_refused, run, serve};

const BLAMED: &str = "select count(*) from pending_snapshots where attempts > 0";

/// Runs a test whose store reaches its database through a proxy.
fn through_proxy(test: impl AsyncFnOnce(Desk, Proxy)) {
    run(Engine::Postgres, |database| async move {
        database.store().await;
        let proxy = Proxy::before(database.url());
        let desk = Desk::through(database, proxy.url()).await;
        test(desk, proxy).await;
    });
}

fn due() -> ProcessRequest {
    ProcessRequest { batch_size: Some(5), ..ProcessRequest::due(Trigger::Interval, HOST) }
}

/// Runs the processor until nothing fails; says how often it failed.
async fn drain(desk: &Desk) -> u32 {
    let mut failed = 0;
    while let Err(error) = process::process(&desk.store, due()).await {
        assert_eq!(error.exit_status(), 5, "{error}");
        assert_eq!(desk.database.number(BLAMED).await, 0, "{error}");
        failed += 1;
    }
    failed
}

/// Closes and reopens, each until it is said to be done, while every third answer to a commit is lost.
fn close_with_lost_answers(incidents: u32) {
    through_proxy(async |desk, proxy| {
        let mut ids = Vec::new();
        for _ in 0..incidents {
            ids.push(desk.open(1).await);
        }
        proxy.make(Way::LosesCommits(3));
        let (mut unknown, mut found_done) = (0, 0);
        for id in &ids {
            let request = CloseRequest { ids: vec![*id], ..CloseRequest::default() };
            let changes = loop {
                match close::close(&desk.store, TESTER, request.clone()).await {
                    Ok(changes) => break changes,
                    refused => check_refused(refused, 5, &["may have been made or not", "look"]),
                }
                unknown += 1;
            };
            found_done += u64::from(changes[0].already.as_ref().is_some_and(|already| already.by == TESTER));
            let reopen = ReopenRequest { ids: vec![*id], ..ReopenRequest::default() };
            while let Err(error) = desk.try_reopen(reopen.clone()).await {
                assert_eq!(error.exit_status(), 5, "{error}");
            }
        }
        proxy.make(Way::Open);
        assert!(unknown > 0 && found_done == unknown, "{unknown} answers were lost, {found_done} were done already");
        let changes = "select count(*) from incident_activities where kind = 'status_change'";
        assert_eq!(desk.database.number(changes).await, 2 * i64::from(incidents), "each is done once");
        assert_eq!(desk.database.number("select count(*) from incidents where status = 'closed'").await, 0);
        desk.check_whole().await;
        crate::outages::say(&format!("{} of {} commits lost their answer", proxy.lost(), 3 * proxy.lost()));
    });
}

#[test]
fn a_close_whose_answer_is_lost_is_said_to_be_unknown_and_found_done_the_next_time() {
    close_with_lost_answers(30);
}

#[test]
#[ignore = "some minutes: hundreds of lost answers"]
fn at_length_a_close_whose_answer_is_lost() {
    close_with_lost_answers(200);
}

/// Captures while every third answer to a commit is lost: a run begins with two that come before its first batch.
fn process_with_lost_answers(incidents: u32) {
    through_proxy(async |desk, proxy| {
        desk.closed_many(incidents).await;
        proxy.make(Way::LosesCommits(3));
        let failed = drain(&desk).await;
        proxy.make(Way::Open);
        assert!(failed > 0 && u64::from(failed) <= proxy.lost(), "{failed} runs failed");
        desk.check_captured(incidents).await;
        crate::outages::say(&format!("{incidents} captured, {} commits lost their answer", proxy.lost()));
    });
}

#[test]
fn rule_18_a_batch_whose_answer_is_lost_is_captured_once() {
    process_with_lost_answers(100);
}

#[test]
#[ignore = "some minutes: hundreds of lost answers"]
fn at_length_a_batch_whose_answer_is_lost() {
    process_with_lost_answers(600);
}

/// Imports 10,000 events by the program, again and again until it succeeds.
fn import_with_lost_answers(rounds: i64) {
    through_proxy(async |desk, proxy| {
        proxy.make(Way::LosesCommits(2));
        let program = Afterimage::new().with(&["--database-url", proxy.url()]);
        let mut failed = 0;
        for round in 0..rounds {
            let line = |number: i64| format!("2026-11-24 11:00:{:02},1,user{round}-{number}\n", number % 60);
            let text: String = (0..10_000).map(line).collect();
            std::fs::write(program.home().join("events.csv"), format!("timestamp,value,user\n{text}")).unwrap();
            loop {
                let outcome = program.run(&["event", "import", "events.csv"]);
                if outcome.status == 0 {
                    break;
                }
                outcome.assert_failed(5, &["connection"]);
                failed += 1;
            }
        }
        proxy.make(Way::Open);
        assert!(failed > 0 && proxy.lost() > 0);
        assert_eq!(desk.database.number("select count(*) from events").await, 10_000 * rounds);
        assert_eq!(desk.database.number("select count(distinct user_name) from events").await, 10_000 * rounds);
        crate::outages::say(&format!("{rounds} imports of 10,000 events, {} commits lost their answer", proxy.lost()));
    });
}

#[test]
fn an_import_whose_answers_are_lost_goes_on_behind_them() {
    import_with_lost_answers(1);
}

#[test]
#[ignore = "some minutes: hundreds of lost answers"]
fn at_length_an_import_whose_answers_are_lost() {
    import_with_lost_answers(20);
}

#[test]
fn rule_17_a_way_that_is_cut_fifty_times_during_a_drain_blames_no_row() {
    through_proxy(async |desk, proxy| {
        desk.closed_many(1_500).await;
        let mut failed = 0;
        let drained = async {
            failed = drain(&desk).await;
        };
        let cut = async {
            for _ in 0..50 {
                tokio::time::sleep(Duration::from_millis(20)).await;
                tokio::task::block_in_place(|| proxy.cut_once());
            }
        };
        tokio::join!(drained, cut);
        failed += drain(&desk).await;
        assert!(failed > 0, "it was never cut in the middle");
        desk.check_captured(1_500).await;
    });
}

#[test]
fn a_way_that_swallows_all_ends_an_operator_s_wait_and_is_used_again_when_it_does_not() {
    through_proxy(async |desk, proxy| {
        let id = desk.open(1).await;
        proxy.make(Way::Silent);
        let began = Instant::now();
        let request = CloseRequest { ids: vec![id], ..CloseRequest::default() };
        check_refused(desk.try_close(request.clone()).await, 5, &["does not answer"]);
        assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
        proxy.make(Way::Open);
        desk.try_close(request).await.unwrap();
        desk.check_whole().await;
    });
}

#[test]
#[ignore = "a minute: the longest silence within a transaction"]
fn at_length_a_way_that_falls_silent_within_a_transaction_ends_its_wait() {
    through_proxy(async |desk, proxy| {
        let id = desk.open(1).await;
        let mut tx = desk.store.write().await.unwrap();
        tx.lock_incidents(&[id]).await.unwrap();
        proxy.make(Way::Silent);
        let began = Instant::now();
        let error = tx.lock_incidents(&[id]).await.unwrap_err();
        assert!(error.is_outage() && began.elapsed() < Duration::from_secs(50), "{error}: {:?}", began.elapsed());
        proxy.make(Way::Open);
        drop(tx);
        desk.close(id).await;
    });
}

#[test]
fn when_all_connections_are_held_it_is_said_so_and_goes_on_when_they_are_not() {
    through_proxy(async |desk, _proxy| {
        let id = desk.open(1).await;
        let served = serve(Some(&desk.store), Policy::default(), Limits::default()).await;
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(desk.store.read().await.unwrap());
        }
        let began = Instant::now();
        let request = CloseRequest { ids: vec![id], ..CloseRequest::default() };
        let ready = || tokio::task::block_in_place(|| served.web.get("/readyz").status);
        let alive = || tokio::task::block_in_place(|| served.web.get("/healthz").status);
        assert_eq!((alive(), ready()), (200, 503));
        check_refused(desk.try_close(request.clone()).await, 5, &["all connections of this process are in use"]);
        assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
        drop(held);
        desk.try_close(request).await.unwrap();
        tokio::time::timeout(Duration::from_secs(10), async {
            while ready() != 200 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await
        .expect("it is ready again");
    });
}

#[test]
fn a_slow_way_delays_a_drain_and_fails_nothing() {
    through_proxy(async |desk, proxy| {
        desk.closed_many(60).await;
        proxy.make(Way::Slow(Duration::from_millis(50)));
        process::process(&desk.store, ProcessRequest::due(Trigger::Interval, HOST)).await.unwrap();
        desk.check_captured(60).await;
        assert_eq!(desk.incident(IncidentId::new(1)).await.id.value(), 1);
    });
}
