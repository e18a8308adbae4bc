//! The pages that people wait for: `incident list`, and what the console reads for a view, at any number of incidents.

use std::time::Instant;

use afterimage::domain::filter::Filter;
use afterimage::domain::order::Sort;
use afterimage::domain::{Listed, Timestamp};

use crate::Choice;
use crate::ground::{Ground, time};
use crate::row::{Row, quantile};
use crate::script;

const TURNS: usize = 7;
/// Rows of a screen.
const PAGE: usize = 50;

pub async fn run(ground: &Ground, choice: &Choice) {
    for rows in choice.sizes(choice.rows, 300, &[1_000, 100_000]) {
        for engine in &ground.engines {
            let database = ground.database(*engine, "list").await;
            script::fill(&database, rows, 0);
            let (mut ours, mut plain, mut pages) = (Vec::new(), Vec::new(), Vec::new());
            let mut peak = 0;
            let store = database.store().await;
            for _ in 0..TURNS {
                let ran = time(&mut [database.program(&["incident", "list", "--limit", "50"])]);
                peak = peak.max(ran.peak);
                ours.push(ran.took);
                let began = Instant::now();
                database.sql("select id, title, status, date_started, date_closed from incidents order by date_started desc, id desc limit 50");
                plain.push(began.elapsed());
                let began = Instant::now();
                let mut tx = store.read().await.expect("it is there");
                let now = Timestamp::from_micros(1_800_000_000_000_000);
                let ids = tx.incident_ids(Listed::Incidents, &Filter::default(), Sort::default(), now, None).await;
                let ids = ids.expect("they can be listed");
                let page = tx.incidents(&ids[..PAGE.min(ids.len())]).await.expect("they can be read");
                pages.push(began.elapsed());
                assert_eq!((ids.len() as u64, page.len()), (rows, PAGE));
            }
            store.close().await;
            ground.remove(&database);
            Row {
                work: "incident list".to_owned(),
                engine: engine.name(),
                size: format!("{rows} incidents"),
                ours: quantile(&mut ours, 0.5),
                limit: Some(quantile(&mut plain, 0.5)),
                beside: format!(
                    "both with their start; the console's first page, with the numbers of all: {:.1?}",
                    quantile(&mut pages, 0.5)
                ),
                peak,
                ..Row::default()
            }
            .print();
        }
    }
}
