//! Many processes on one database: daemons, an import, and operators who close and reopen by commands, all at once.

use std::time::{Duration, Instant};

use crate::support::{Afterimage, Desk, Engine, TestDatabase, on_both_engines, run};

const EVENTS: i64 = 20_000;

/// Everybody works for at least `span`, then all that is due is done.
async fn check(database: TestDatabase, span: Duration, incidents: u32) {
    let desk = Desk::on(database).await;
    desk.closed_many(incidents).await;
    let program = Afterimage::on(&desk.database).with(&["--now", "2026-11-24 12:00"]);
    let line = |number: i64| format!("2026-11-20 10:55:00,1,user{number}\n");
    let events: String = (0..EVENTS).map(line).collect();
    std::fs::write(program.home().join("events.csv"), format!("timestamp,value,user\n{events}")).unwrap();
    let ends_at = Instant::now() + span;
    let (mut imports, mut closes) = (0, Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while Instant::now() < ends_at {
                    program.output(&["--daemon", "--once", "--batch-size", "10"]);
                }
            });
        }
        scope.spawn(|| {
            while imports == 0 || Instant::now() < ends_at {
                program.output(&["event", "import", "events.csv", "--again"]);
                imports += 1;
            }
        });
        for id in (1..=20).cycle().map(|id: i32| id.to_string()) {
            if Instant::now() > ends_at {
                break;
            }
            program.output(&["incident", "reopen", &id]);
            let began = Instant::now();
            program.output(&["incident", "close", &id]);
            closes.push(began.elapsed());
        }
    });
    program.output(&["process"]);
    desk.check_whole().await;
    let number = async |sql: &str| desk.database.number(sql).await;
    assert_eq!(number("select count(*) from events").await, EVENTS * imports);
    let kept = "select (select count(*) from incident_snapshots) + (select count(*) from pending_snapshots)";
    assert_eq!(number(kept).await, i64::from(incidents));
    let changes = "select count(*) from incident_activities where kind = 'status_change'";
    assert_eq!(number(changes).await, 2 * i64::try_from(closes.len()).unwrap());
    assert_eq!(number("select count(*) from pending_snapshots where attempts > 0").await, 0);
    closes.sort_unstable();
    let at = |share: usize| closes[(closes.len() * share / 100).min(closes.len() - 1)];
    super::say(&format!(
        "{} closes as commands: median {:?}, p99 {:?}, longest {:?}; {imports} imports of {EVENTS}",
        closes.len(),
        at(50),
        at(99),
        closes[closes.len() - 1]
    ));
}

on_both_engines! {
    async fn rule_18_two_daemons_an_import_and_an_operator_at_once_get_in_nobody_s_way(database: TestDatabase) {
        super::check(database, Duration::from_secs(2), 1_000).await;
    }
}

#[test]
#[ignore = "half a minute on each engine: everybody at once for 20 s"]
fn at_length_two_daemons_an_import_and_an_operator_at_once() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        run(engine, |database| check(database, Duration::from_secs(20), 20_000));
    }
}
