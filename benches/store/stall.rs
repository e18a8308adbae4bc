//! An operator's own close on an idle database, and while a backlog drains in another process.

use std::process::Stdio;
use std::time::{Duration, Instant};

use afterimage::domain::IncidentId;
use afterimage::ops::close::{CloseRequest, close};
use afterimage::ops::reopen::{ReopenRequest, reopen};
use afterimage::store::Store;

use crate::Choice;
use crate::ground::Ground;
use crate::row::{Row, quantile};
use crate::script;

const IDLE: u32 = 300;
/// Between two closes: an operator, or several.
const PAUSE: Duration = Duration::from_millis(5);

pub async fn run(ground: &Ground, choice: &Choice) {
    for rows in choice.sizes(choice.rows, 300, &[100_000]) {
        for engine in &ground.engines {
            let database = ground.database(*engine, "stall").await;
            script::fill(&database, rows, 10);
            let store = database.store().await;
            // One more, which is not due.
            database.sql(
                "insert into incidents (title, type, status, aggregation, query, time_window_minutes, date_started, \
                 date_detected, date_added) values ('Own', 'created', 'open', 'total', '', 60, 1, 1, 1)",
            );
            let own = database.sql("select max(id) from incidents").parse().expect("a number");
            let own = IncidentId::new(own);
            let mut idle = Vec::new();
            for _ in 0..IDLE {
                idle.push(close_once(&store, own).await);
            }
            let mut command = database.program(&["process"]);
            let mut draining = command.stderr(Stdio::null()).spawn().expect("it can be started");
            let began = Instant::now();
            let mut busy = Vec::new();
            while draining.try_wait().expect("it is our child").is_none() {
                busy.push(close_once(&store, own).await);
            }
            let took = began.elapsed();
            store.close().await;
            assert_eq!(database.sql("select count(*) from incident_snapshots"), rows.to_string(), "all are captured");
            let closes = busy.len();
            let tell = |durations: &mut [Duration]| {
                let at = [0.5, 0.99, 1.0].map(|share| quantile(durations, share));
                format!("p50 {:.1?}, p99 {:.1?}, max {:.1?}", at[0], at[1], at[2])
            };
            Row {
                work: "operator's close during a drain, p99".to_owned(),
                engine: engine.name(),
                size: format!("{rows} rows, 10 events each"),
                ours: quantile(&mut busy, 0.99),
                limit: Some(quantile(&mut idle, 0.99)),
                beside: format!("{closes} closes in {took:.1?}: {}; idle: {}", tell(&mut busy), tell(&mut idle)),
                ..Row::default()
            }
            .print();
            ground.remove(&database);
        }
    }
}

/// How long one close took; it is reopened for the next.
async fn close_once(store: &Store, id: IncidentId) -> Duration {
    let began = Instant::now();
    let request = CloseRequest { ids: vec![id], at: None, comment: None };
    close(store, "bench", request).await.unwrap_or_else(|error| panic!("{error}"));
    let took = began.elapsed();
    let request = ReopenRequest { ids: vec![id], ..ReopenRequest::default() };
    reopen(store, "bench", request).await.unwrap_or_else(|error| panic!("{error}"));
    tokio::time::sleep(PAUSE).await;
    took
}
