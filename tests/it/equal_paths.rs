//! The set-based path equals the row-by-row path: the same incidents, processed in large batches, one by one, by the
//! isolation of failures and by the takeover of a dead run, end in the same snapshots, series, promises and counts.
//!
//! `AFTERIMAGE_CASES=200 cargo test --test it equal_paths::` tries more than the few of the suite.

use std::fmt::Write;
use std::time::Duration;

use afterimage::domain::{Event, IncidentId, RunCounts, Trigger, schedule};
use afterimage::ops::process::ProcessRequest;

use crate::support::{Desk, Dice, Early, Engine, HOST, TestDatabase, at, cases, run};

const INCIDENTS: u64 = 24;

/// How the rows are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    Sets,
    OneByOne,
    /// A batch with more than one row fails as a whole; on SQLite, where no trigger can say so, what is poisoned decides.
    Isolation,
    Takeover,
}

/// What became of everything, without what is meant to differ: chance, and when a failure was written down.
type Ending = (Vec<Vec<String>>, RunCounts);

/// Events and incidents of a seed, in an empty database.
async fn fill(desk: &Desk, seed: u64) {
    let mut dice = Dice::of(seed);
    let minute = Duration::from_mins(1);
    let when = |dice: &mut Dice| at("12:00") - minute * u32::try_from(dice.below(2_000)).unwrap_or(0);
    let events: Vec<Event> = (0..300)
        .map(|_| Event {
            weight: i64::try_from(dice.below(5)).unwrap_or(1),
            project: dice.one_of(&[None, Some("shop"), Some("login")]).map(str::to_owned),
            level: dice.one_of(&[None, Some("error"), Some("info")]).map(str::to_owned),
            user: dice.one_of(&[None, Some("ann"), Some("bob"), Some("eve")]).map(str::to_owned),
            message: dice.one_of(&[None, Some("Time is out"), Some("no disk")]).map(str::to_owned),
            ..Event::at(when(&mut dice))
        })
        .collect();
    desk.import(&events).await;
    let mut sql = String::new();
    for id in 1..=INCIDENTS {
        let started = when(&mut dice).as_micros();
        let window = dice.one_of(&[1, 2, 5, 60, 1_440]);
        let closed = (started + i64::try_from(dice.below(90)).unwrap_or(0) * 60_000_000).min(at("12:00").as_micros());
        let (query, aggregation) = (
            dice.one_of(&["", "level:error", "!level:error", "user:ann", "time", "message:*disk", "nokey:x"]),
            dice.one_of(&["total", "unique_users"]),
        );
        let target = closed + (window * 10 * 60_000_000).min(864_000_000_000);
        let attempts = dice.one_of(&[0, 0, 0, 3, 7]);
        write!(
            sql,
            "insert into incidents (title, type, status, aggregation, query, time_window_minutes, date_started, \
                 date_detected, date_closed, date_added) \
             values ('x', 'created', 'closed', '{aggregation}', '{query}', {window}, {started}, {started}, {closed}, {closed}); \
             insert into pending_snapshots (incident_id, target_run_date, next_attempt_at, attempts) \
             values ({id}, {target}, {target}, {attempts});"
        )
        .expect("a text");
        if dice.below(3) == 0 {
            write!(sql, "insert into incident_projects values ({id}, '{}');", dice.one_of(&["shop", "login", "none"]))
                .expect("a text");
        }
        // What is left over from other versions or hands: of an open incident, and of one that is counted elsewhere.
        let left_over = match dice.below(12) {
            0 => "status = 'open', date_closed = null",
            1 => "source = 'main', expression = 'up'",
            _ => "title = 'x'",
        };
        write!(sql, "update incidents set {left_over} where id = {id};").expect("a text");
    }
    desk.database.execute(&sql).await;
    add_earlier_snapshots(desk, &mut dice).await;
    if seed % 2 == 1 {
        add_poison(desk, &mut dice).await;
    }
}

/// Some are captured already and have a promise all the same, others are captured in part.
async fn add_earlier_snapshots(desk: &Desk, dice: &mut Dice) {
    for id in 1..=INCIDENTS {
        let fits = format!(
            "select count(*) from incidents where id = {id} and status = 'closed' and query <> 'nokey:x' and source = 'events'"
        );
        if dice.below(4) == 0 && desk.database.number(&fits).await == 1 {
            let id = IncidentId::new(i64::try_from(id).unwrap_or(1));
            desk.try_force(&[id], Early::Allowed).await.expect("it is closed");
            let row = format!(
                "insert into pending_snapshots (incident_id, target_run_date, next_attempt_at) \
                 values ({id}, 5, 5) on conflict (incident_id) do nothing"
            );
            desk.database.execute(&row).await;
        }
    }
    // What is due when it is processed, a little later, are rows of whole and of partial ones.
    desk.wait(Duration::from_hours(1));
}

async fn add_poison(desk: &Desk, dice: &mut Dice) {
    for _ in 0..3 {
        desk.poison_also(IncidentId::new(i64::try_from(1 + dice.below(INCIDENTS)).unwrap_or(1))).await;
    }
}

/// A batch of several rows fails, whatever they are.
const ONE_AT_A_TIME: &str = "create function one_at_a_time() returns trigger language plpgsql as $$ begin \
         if (select count(*) from added) > 1 then raise exception 'one at a time'; end if; return null; end $$; \
     create trigger one_at_a_time after insert on incident_snapshots referencing new table as added \
         for each statement execute function one_at_a_time()";

async fn ending(engine: Engine, seed: u64, path: Path) -> Ending {
    let desk = Desk::on(TestDatabase::create(engine).await).await;
    fill(&desk, seed).await;
    match path {
        Path::Isolation if engine == Engine::Postgres => desk.database.execute(ONE_AT_A_TIME).await,
        Path::Takeover => {
            let dead = "insert into processor_runs (trigger, host, started_at, updated_at, batch_size) \
                        values ('interval', 'gone', 1, 1, 500)";
            desk.database.execute(dead).await;
        }
        _ => {}
    }
    let batch_size = match path {
        Path::Sets | Path::Isolation => Some(500),
        Path::OneByOne => Some(1),
        Path::Takeover => None,
    };
    let request = ProcessRequest { batch_size, ..ProcessRequest::due(Trigger::Interval, HOST) };
    let counts =
        desk.try_process(request).await.unwrap_or_else(|error| panic!("seed {seed}, {path:?}: {error}")).counts;
    check_backoff(&desk, seed).await;
    desk.database.execute("update pending_snapshots set next_attempt_at = 0, last_error_at = 0, dead_since = -1 where dead_since is null and last_error is not null").await;
    desk.database
        .execute(
            "update pending_snapshots set next_attempt_at = 0, last_error_at = 0, dead_since = 1 where dead_since > 0",
        )
        .await;
    let everything = desk.everything().await;
    let Desk { database, store } = desk;
    store.close().await;
    database.remove().await;
    (everything, RunCounts { batches: 0, ..counts })
}

/// Each failure waits as rule 17 says, whichever way it was found.
async fn check_backoff(desk: &Desk, seed: u64) {
    for id in desk.database.numbers("select incident_id from pending_snapshots where last_error is not null").await {
        let row = desk.pending(IncidentId::new(id)).await.expect("it is there");
        let wait = row.next_attempt_at.since(desk.now());
        let is_counted = !row.last_error.as_ref().is_some_and(|error| error.contains("names no source"));
        let middle = schedule::backoff(row.attempts, 0.5);
        let as_counted = (middle.mul_f64(0.74)..=middle.mul_f64(1.26)).contains(&wait);
        let as_put_off = wait >= Duration::from_secs(45) && wait <= Duration::from_hours(1);
        assert!(if is_counted { as_counted } else { as_put_off }, "seed {seed}: {row:?} waits for {wait:?}");
    }
}

fn check(engine: Engine) {
    for seed in 0..cases(4) {
        run(engine, |_| async move {
            let sets = ending(engine, seed, Path::Sets).await;
            assert!(sets.1.captured > 0, "seed {seed} has nothing to compare");
            for path in [Path::OneByOne, Path::Isolation, Path::Takeover] {
                let other = ending(engine, seed, path).await;
                assert_eq!(other.1, sets.1, "seed {seed}, {path:?}");
                for (other, sets) in other.0.iter().zip(&sets.0) {
                    assert_eq!(other, sets, "seed {seed}, {path:?}");
                }
            }
        });
    }
}

#[test]
fn rules_15_to_17_in_sets_one_by_one_isolated_or_taken_over_rows_become_the_same_on_sqlite() {
    check(Engine::Sqlite);
}

#[test]
fn rules_15_to_17_in_sets_one_by_one_isolated_or_taken_over_rows_become_the_same_on_postgres() {
    check(Engine::Postgres);
}
