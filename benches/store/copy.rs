//! What goes through everything that a database holds: a copy into the other engine, and a prune of all events. What is
//! looked at here is whether memory grows with the database.

use crate::Choice;
use crate::ground::{Engine, Ground, time};
use crate::row::Row;
use crate::script;

const EVENTS_EACH: u64 = 10;

pub async fn run(ground: &Ground, choice: &Choice) {
    for events in choice.sizes(choice.events, 5_000, &[100_000, 1_000_000]) {
        for engine in &ground.engines {
            let database = ground.database(*engine, "copy_source").await;
            script::fill(&database, events / EVENTS_EACH, EVENTS_EACH);
            for into in &ground.engines {
                let target = ground.database(*into, "copy_target").await;
                let ran = time(&mut [database.program(&["db", "copy", "--to", &target.url])]);
                let count = "select count(*) from events";
                assert_eq!(target.sql(count), events.to_string(), "all of them are there");
                ground.remove(&target);
                row(format!("copy into {}", into.name()), *engine, events, ran).print();
            }
            // Nothing may be pending that needs them.
            database.sql("delete from pending_snapshots");
            let ran = time(&mut [database.program(&["db", "prune", "--events-before", "2026-01-01T00:00:00Z"])]);
            assert_eq!(database.sql("select count(*) from events"), "0", "all of them are gone");
            ground.remove(&database);
            row("prune of all events".to_owned(), *engine, events, ran).print();
        }
    }
}

fn row(work: String, engine: Engine, events: u64, ran: crate::ground::Ran) -> Row {
    Row {
        work,
        engine: engine.name(),
        size: format!("{events} events, {} incidents", events / EVENTS_EACH),
        ours: ran.took,
        peak: ran.peak,
        things: events,
        ..Row::default()
    }
}
