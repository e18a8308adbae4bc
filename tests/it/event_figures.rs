//! What counting by the minute and deleting old events cost, each beside its limit in the same run. By hand:
//! `cargo test --test it event_figures:: -- --ignored --nocapture --test-threads 1`

use std::io::Write;
use std::time::{Duration, Instant};

use afterimage::domain::window::Range;
use afterimage::domain::{Aggregation, Query};
use afterimage::ops::prune::prune;
use afterimage::ops::seed::{self, SeedRequest};
use afterimage::store::{SeriesSlot, Store, TotalsSlot};
use tokio_util::sync::CancellationToken;

use crate::support::{Desk, Engine, TestDatabase, at, run};

/// No event has this fingerprint, so that it changes no answer, but who gives it must look at events.
const BY_EVENTS: &str = "!fingerprint:never";
const START: &str = "2026-11-24 00:00:30";

fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// `count` events in a thousand minutes, of 50,000 users, four levels and three environments.
async fn fill(database: &TestDatabase, count: i64) {
    let start = at(START).as_micros();
    let rows = database.pick(
        "with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < {count}) select i from n",
        "select i from generate_series(cast(0 as bigint), {count} - 1) s(i)",
    );
    let rows = rows.replace("{count}", &count.to_string());
    database
        .execute(&format!(
            "insert into events (project, occurred_at, weight, user_name, level, environment, message) \
             select 'web', {start} + i * (60000000000 / {count}), 1, 'user ' || (i * 7919 % 50000), \
                 case i % 4 when 0 then 'error' when 1 then 'warning' when 2 then 'info' end, \
                 case i % 3 when 0 then 'production' when 1 then 'staging' end, 'timeout after 30 s' from ({rows}) n; \
             insert into event_minutes select project, occurred_at / 60000000, coalesce('=' || level, ''), \
                 coalesce('=' || environment, ''), sum(weight), count(*) from events group by 1, 2, 3, 4; \
             insert into event_projects values ('web')",
        ))
        .await;
    if database.engine() == Engine::Postgres {
        database.execute("vacuum analyze events").await;
        database.execute("vacuum analyze event_minutes").await;
    }
}

/// The best of three.
async fn series(store: &Store, query: &str, aggregation: Aggregation, range: Range) -> Duration {
    let query = Query::parse(query).unwrap();
    let slot = SeriesSlot { slot: 1, project: "web".into(), range, period_micros: 300_000_000, first_bucket: 0 };
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let mut tx = store.read().await.unwrap();
        tx.look_events_up().await.unwrap();
        let begun = Instant::now();
        let answer = tx.measure_series(&query, aggregation, std::slice::from_ref(&slot)).await.unwrap();
        best = best.min(begun.elapsed());
        assert!(answer[0].counts.len() >= 200);
    }
    best
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[(times.len() * 99 / 100).min(times.len() - 1)]
}

/// How long an operator's own closes take, until `done`.
async fn closes(desk: &Desk, done: &CancellationToken, most: usize) -> Vec<Duration> {
    let mut times = Vec::new();
    while !done.is_cancelled() && times.len() < most {
        let id = desk.open(1).await;
        let begun = Instant::now();
        desk.close(id).await;
        times.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    times
}

#[test]
#[ignore = "takes minutes: a measurement"]
fn a_window_over_ten_times_the_events_takes_no_longer() {
    run(Engine::Sqlite, windows);
    run(Engine::Postgres, windows);
}

#[test]
#[ignore = "takes minutes: a measurement"]
fn a_drain_of_incidents_with_few_events_takes_no_longer() {
    run(Engine::Sqlite, drain);
    run(Engine::Postgres, drain);
}

#[test]
#[ignore = "takes minutes: a measurement"]
fn an_operator_does_not_wait_for_a_prune() {
    run(Engine::Sqlite, pruning);
    run(Engine::Postgres, pruning);
}

async fn windows(database: TestDatabase) {
    for count in [100_000, 1_000_000] {
        let database = TestDatabase::create(database.engine()).await;
        let store = database.store().await;
        fill(&database, count).await;
        let (start, end) = (at(START), at(START) + Duration::from_mins(1_000));
        let unaligned = Range::new(start, end);
        let aligned = unaligned.whole_minutes();
        let total = Aggregation::Total;
        let minutes = series(&store, "", total, unaligned).await;
        let whole = series(&store, "", total, aligned).await;
        let level = series(&store, "level:error", total, unaligned).await;
        let events = series(&store, BY_EVENTS, total, unaligned).await;
        let plain_level = series(&store, &format!("level:error {BY_EVENTS}"), total, unaligned).await;
        let users = series(&store, "", Aggregation::UniqueUsers, unaligned).await;
        let begun = Instant::now();
        let slot = TotalsSlot { slot: 1, project: "web".into(), range: unaligned };
        let mut tx = store.read().await.unwrap();
        tx.look_events_up().await.unwrap();
        assert_eq!(tx.measure_totals(&Query::default(), &[slot]).await.unwrap()[0].total_events, count);
        drop(tx);
        say(&format!(
            "{} {count}: by minute {minutes:?}, aligned {whole:?}, level {level:?}; by events {events:?}, \
             level {plain_level:?}; series of users {users:?}, totals with users {:?}",
            store.engine_name(),
            begun.elapsed()
        ));
        store.close().await;
        database.remove().await;
    }
}

async fn drain(database: TestDatabase) {
    for query in ["", BY_EVENTS, "", BY_EVENTS] {
        let database = TestDatabase::create(database.engine()).await;
        let desk = Desk::on(database).await;
        let request = SeedRequest { incidents: 20_000, events: 200_000, random_seed: 1 };
        seed::seed(&desk.store, request, &mut |_, _| {}).await.unwrap();
        desk.database.execute(&format!("update incidents set query = '{query}'")).await;
        desk.wait(Duration::from_hours(24 * 30));
        let begun = Instant::now();
        let report = desk.process().await;
        let engine = desk.store.engine_name();
        say(&format!("{engine} '{query}': {} captured in {:?}", report.counts.captured, begun.elapsed()));
        let size = format!(
            "select cast(sum(length(counts) + coalesce(length(held), 0)) as bigint) / {} from time_series_snapshots",
            report.counts.captured
        );
        let size = desk.database.number(&size).await;
        say(&format!("{engine}: {size} bytes of counts a snapshot"));
        desk.store.close().await;
        desk.database.remove().await;
    }
}

async fn pruning(database: TestDatabase) {
    let desk = Desk::on(database).await;
    fill(&desk.database, 1_000_000).await;
    desk.turn_to("2026-12-24 00:00");
    let idle = closes(&desk, &CancellationToken::new(), 300).await;
    let other = desk.database.store().await;
    let done = CancellationToken::new();
    let pruning = async {
        let begun = Instant::now();
        let (never, mut silent) = (CancellationToken::new(), |_| {});
        let report = prune(&other, at("2026-12-20 00:00"), &never, &mut silent).await.unwrap();
        done.cancel();
        (report, begun.elapsed())
    };
    let ((report, took), busy) = tokio::join!(pruning, closes(&desk, &done, usize::MAX));
    say(&format!(
        "{}: {} events pruned in {took:?}, {} bytes given back; close p99 idle {:?} of {}, meanwhile {:?} of {}",
        other.engine_name(),
        report.events,
        report.bytes_given_back,
        p99(idle.clone()),
        idle.len(),
        p99(busy.clone()),
        busy.len()
    ));
}
