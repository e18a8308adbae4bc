//! Draining a backlog: the program, one process and four, beside the script with the same pause and without, and beside the
//! way of one row a transaction.

use std::time::Duration;

use crate::Choice;
use crate::ground::{Ground, time};
use crate::row::Row;
use crate::script;

/// The processor's largest batch, and for how long it leaves SQLite's write lock free after each.
const BATCH: u64 = 500;
const GAP: Duration = Duration::from_millis(5);
/// The rest of the row-by-row way is known after so many.
const ROW_BY_ROW: u64 = 1_000;

pub async fn run(ground: &Ground, choice: &Choice) {
    for rows in choice.sizes(choice.rows, 300, &[10_000, 100_000]) {
        for events in choice.sizes(choice.events, 10, &[0, 10]) {
            for engine in &ground.engines {
                let seeded = ground.database(*engine, "drain_seed").await;
                script::fill(&seeded, rows, events);

                // Ours first: its batches say how large the script's are to be.
                let mut ran = Vec::new();
                let mut batch = BATCH;
                let mut expected = String::new();
                for processes in [1, 4] {
                    let database = ground.copy(&seeded, "drain_ours");
                    let mut commands: Vec<_> = (0..processes).map(|_| database.program(&["process"])).collect();
                    ran.push((processes, time(&mut commands)));
                    let outcome = script::outcome(&database);
                    if processes == 1 {
                        let sizes = "select cast((sum(captured) + sum(batches) - 1) / sum(batches) as bigint) from processor_runs";
                        batch = database.sql(sizes).parse().expect("a number");
                        expected = outcome;
                    } else {
                        assert_eq!(outcome, expected, "any number of processes comes to the same");
                    }
                    ground.remove(&database);
                }
                let limit_of = |batch, gap| {
                    let scripted = ground.copy(&seeded, "drain_script");
                    let took = script::drain(&scripted, rows, batch, gap);
                    assert_eq!(script::outcome(&scripted), expected, "the program and the script come to the same");
                    ground.remove(&scripted);
                    took
                };
                let gap = if seeded.pick("yes", "no") == "yes" { GAP } else { Duration::ZERO };
                let limit = limit_of(batch, gap);
                let largest = limit_of(BATCH, gap);
                let gapless = limit_of(BATCH, Duration::ZERO);
                let single = ground.copy(&seeded, "drain_single");
                let some = rows.min(ROW_BY_ROW);
                let row_by_row = script::drain_row_by_row(&single, some);
                let bytes = script::bytes_per_snapshot(&single);
                ground.remove(&single);
                for (processes, ran) in ran {
                    let others = Others { batch, largest, gapless, row_by_row, some, bytes };
                    Row {
                        work: format!("drain, {processes} process{}", if processes == 1 { "" } else { "es" }),
                        engine: engine.name(),
                        size: format!("{rows} rows, {events} events each"),
                        ours: ran.took,
                        limit: Some(limit),
                        beside: others.told(rows, ran.took),
                        peak: ran.peak,
                        things: rows,
                    }
                    .print();
                }
                ground.remove(&seeded);
            }
        }
    }
}

/// What else was measured in the same run.
struct Others {
    /// Rows of a batch of ours on average, and of the script's.
    batch: u64,
    /// The script with the largest batch.
    largest: Duration,
    /// The same without a pause.
    gapless: Duration,
    /// So many rows one by one.
    row_by_row: Duration,
    some: u64,
    /// What a snapshot takes, with its series and indices.
    bytes: u64,
}

impl Others {
    fn told(&self, rows: u64, ours: Duration) -> String {
        let Self { batch, largest, gapless, row_by_row, some, bytes } = *self;
        #[expect(clippy::cast_precision_loss, reason = "rates are shown with no fraction")]
        let rate = |count: u64, took: Duration| count as f64 / took.as_secs_f64();
        // A second between batches of 50.
        let paused = row_by_row + Duration::from_secs(some.div_ceil(50));
        format!(
            "batches of {batch}; the script with {BATCH}: {:.0}/s, without a pause {:.0}/s; row by row {:.0}/s, with its \
             pauses {:.0}/s: ours is {:.0} x and {:.0} x that; {bytes} bytes a snapshot",
            rate(rows, largest),
            rate(rows, gapless),
            rate(some, row_by_row),
            rate(some, paused),
            rate(rows, ours) / rate(some, row_by_row),
            rate(rows, ours) / rate(some, paused),
        )
    }
}
