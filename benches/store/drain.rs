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

                let scripted = ground.copy(&seeded, "drain_script");
                let gap = if seeded.pick("yes", "no") == "yes" { GAP } else { Duration::ZERO };
                let limit = script::drain(&scripted, rows, BATCH, gap);
                let expected = script::outcome(&scripted);
                ground.remove(&scripted);
                let gapless = ground.copy(&seeded, "drain_script");
                let without = if gap.is_zero() { limit } else { script::drain(&gapless, rows, BATCH, Duration::ZERO) };
                ground.remove(&gapless);
                let single = ground.copy(&seeded, "drain_single");
                let some = rows.min(ROW_BY_ROW);
                let single_took = script::drain_row_by_row(&single, some);
                ground.remove(&single);

                for processes in [1, 4] {
                    let database = ground.copy(&seeded, "drain_ours");
                    let mut commands: Vec<_> = (0..processes).map(|_| database.program(&["process"])).collect();
                    let ran = time(&mut commands);
                    assert_eq!(script::outcome(&database), expected, "the program and the script come to the same");
                    ground.remove(&database);
                    Row {
                        work: format!("drain, {processes} process{}", if processes == 1 { "" } else { "es" }),
                        engine: engine.name(),
                        size: format!("{rows} rows, {events} events each"),
                        ours: ran.took,
                        limit: Some(limit),
                        beside: beside(rows, ran.took, without, single_took, some),
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

fn beside(rows: u64, ours: Duration, gapless: Duration, single: Duration, some: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "rates are shown with no fraction")]
    let rate = |count: u64, took: Duration| count as f64 / took.as_secs_f64();
    // A second between batches of 50.
    let paused = single + Duration::from_secs(some.div_ceil(50));
    format!(
        "script without a pause {:.0}/s; row by row {:.0}/s, with its pauses {:.0}/s: ours is {:.0} x and {:.0} x that",
        rate(rows, gapless),
        rate(some, single),
        rate(some, paused),
        rate(rows, ours) / rate(some, single),
        rate(rows, ours) / rate(some, paused),
    )
}
