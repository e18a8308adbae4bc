//! What is counted by the minute always equals what the events themselves say, whatever is stored, by whomever and how
//! often.

use std::time::Duration;

use afterimage::domain::window::Range;
use afterimage::domain::{Aggregation, Event, Query, Timestamp, series};
use afterimage::ops::copy;
use afterimage::store::{MeasuredSeries, SeriesSlot, Store, StoreError, Upgrade};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::{Engine, TestDatabase, at, missing_postgres, on_both_engines};

const HOURS: i64 = 3;
const PROJECTS: [&str; 4] = ["", "web", "api", "größer"];
const QUERIES: &[&str] = &[
    "",
    "level:error",
    "!level:error",
    "level:err*",
    "level:*",
    "!level:*",
    "environment:dev",
    "!environment:dev level:error",
    "project:web",
    "!project:*",
    "!project:web !level:ERR*",
];
/// No event has this fingerprint, so that it changes no answer, but who gives it must look at events.
const BY_EVENTS: &str = "!fingerprint:never";

/// What counts by the minute must show for it to equal the events; each row names one that does not.
const DIFFERENCES: &str = "with counted as (select project, occurred_at / 60000000 as minute, \
        coalesce('=' || level, '') as level, coalesce('=' || environment, '') as environment, \
        cast(sum(weight) as bigint) as weight, count(*) as events from events group by 1, 2, 3, 4) \
    select count(*) from (\
        select * from (select * from counted except select * from event_minutes) missing \
        union all select * from (select * from event_minutes except select * from counted) added) different";

fn random_event(random: &mut ChaCha8Rng) -> Event {
    let texts = [None, Some(""), Some("error"), Some("ERROR"), Some("=error"), Some("dev")];
    let text = |random: &mut ChaCha8Rng| texts.choose(random).unwrap().map(str::to_owned);
    let micros = random.random_range(0..HOURS * 3_600_000_000);
    // Half of them share one busy minute, and many lie on its border.
    let micros = match random.random_range(0..4) {
        0 => 3_600_000_000 + micros % 60_000_000,
        1 => 3_600_000_000 + 60_000_000 * random.random_range(0..2),
        _ => micros,
    };
    let occurred_at = Timestamp::from_micros(at("2026-11-24 08:00").as_micros() + micros);
    Event {
        weight: random.random_range(0..4),
        project: Some((*PROJECTS.choose(random).unwrap()).to_owned()).filter(|project| !project.is_empty()),
        level: text(random),
        environment: text(random),
        user: text(random),
        event_id: random.random_bool(0.5).then(|| format!("event {}", random.random_range(0..150))),
        ..Event::at(occurred_at)
    }
}

fn random_events(seed: u64, count: usize) -> Vec<Event> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| random_event(&mut random)).collect()
}

/// Stores events as an import does: again while others are in the way.
async fn import(store: &Store, events: &[Event]) -> u64 {
    loop {
        let stored = async {
            let mut tx = store.write().await?;
            let stored = tx.insert_events(events).await?;
            tx.commit().await?;
            Ok::<u64, StoreError>(stored)
        };
        match stored.await {
            Ok(stored) => return stored,
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
    }
}

fn random_slots(random: &mut ChaCha8Rng) -> Vec<SeriesSlot> {
    let start = at("2026-11-24 07:55").as_micros();
    let mut slots = Vec::new();
    for slot in 0..6 {
        let mut instant = || {
            let micros = start + random.random_range(0..(HOURS * 60 + 10) * 60_000_000);
            let unit = *[1, 60_000_000, 300_000_000].choose(random).unwrap();
            Timestamp::from_micros(micros / unit * unit)
        };
        let (one, other) = (instant(), instant());
        let range = Range::new(one.min(other), one.max(other));
        let period = Duration::from_mins(*[1, 5, 7].choose(random).unwrap());
        for project in PROJECTS.iter().filter(|_| random.random_bool(0.7)) {
            slots.push(SeriesSlot {
                slot,
                project: (*project).to_owned(),
                range,
                period_micros: i64::try_from(period.as_micros()).unwrap(),
                first_bucket: series::bucket_number(range.start, period),
            });
        }
    }
    slots
}

async fn counted(store: &Store, query: &str, slots: &[SeriesSlot]) -> Vec<MeasuredSeries> {
    let query = Query::parse(query).unwrap();
    store.read().await.unwrap().measure_series(&query, Aggregation::Total, slots).await.unwrap()
}

/// Compares the counts with the events, as tables and as answers.
async fn check_equal(database: &TestDatabase, store: &Store, seed: u64) {
    assert_eq!(database.number(DIFFERENCES).await, 0, "seed {seed}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut points = 0;
    for query in QUERIES {
        let slots = random_slots(&mut random);
        let answer = counted(store, query, &slots).await;
        assert_eq!(answer, counted(store, &format!("{query} {BY_EVENTS}"), &slots).await, "'{query}', seed {seed}");
        points += answer.iter().map(|series| series.counts.len()).sum::<usize>();
    }
    assert!(points > 100, "much is compared: {points}, seed {seed}");
}

on_both_engines! {
    async fn whatever_is_stored_by_several_at_once_minutes_count_as_their_events_do(database: TestDatabase) {
        let (one, other) = (database.store().await, database.store().await);
        for seed in 0..6 {
            let (left, right) = (random_events(3 * seed, 400), random_events(3 * seed + 1, 400));
            let (left, right) = tokio::join!(
                async { import(&one, &left[..200]).await + import(&one, &left[200..]).await },
                async { import(&other, &right[..300]).await + import(&other, &right[300..]).await },
            );
            assert!(left + right < 800, "some are known");
            check_equal(&database, &one, seed).await;
        }
        assert!(database.number("select max(events) from event_minutes").await > 5, "minutes are busy");
    }

    async fn a_copy_counts_minutes_as_its_source_does(database: TestDatabase) {
        let store = database.store().await;
        import(&store, &random_events(7, 600)).await;
        for to in [Engine::Sqlite, Engine::Postgres] {
            if to == Engine::Postgres && missing_postgres().is_some() { continue }
            let target = TestDatabase::create(to).await;
            let into = Store::open_target(target.location(), target.clock().clone()).await.unwrap();
            copy::copy(&store, &into, &mut |_, _, _| {}).await.unwrap();
            import(&into, &random_events(8, 300)).await;
            check_equal(&target, &into, 8).await;
            target.remove().await;
        }
    }

    async fn what_was_rolled_back_is_not_counted(database: TestDatabase) {
        let store = database.store().await;
        let mut tx = store.write().await.unwrap();
        tx.insert_events(&random_events(9, 100)).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(database.number("select count(*) from event_minutes").await, 0);
    }

    async fn the_upgrade_counts_the_events_that_there_are(database: TestDatabase) {
        let store = database.store().await;
        import(&store, &random_events(10, 600)).await;
        store.close().await;
        database.execute("drop table event_minutes; delete from schema_migrations where version >= 3").await;
        let upgraded = database.open(Upgrade::Allowed).await.unwrap();
        check_equal(&database, &upgraded, 10).await;
    }
}
