//! `PgBouncer` in transaction mode before the server: everything works as without it, and nobody has to set anything.

use crate::support::{Afterimage, Desk, Engine, Pooler, Running, Screen, TestDatabase, missing_pooler, run};

#[test]
fn the_product_works_behind_a_pooler_of_transactions() {
    if missing_pooler() {
        return;
    }
    run(Engine::Postgres, |database| async move {
        let pooler = Pooler::before(database.url(), 2);
        let program = Afterimage::new().with(&["--database-url", &pooler.url()]);
        // Any number of them start at once, on a schema that is not there yet.
        let starting: Vec<Running> = (0..4).map(|_| program.start(&["db", "migrate"])).collect();
        for running in starting {
            assert_eq!(running.wait().status, 0);
        }
        program.output(&["rule", "add", "checkout", "--time-window", "5"]);
        program.output(&["incident", "open", "Checkout errors", "--rule", "checkout"]);
        program.output(&["incident", "close", "1", "--comment", "over"]);
        program.output(&["incident", "reopen", "1"]);
        assert_eq!(program.json(&["incident", "show", "1"])["activities"].as_array().unwrap().len(), 3);
        let line = |number: u32| format!("2026-11-24 10:55:00,1,u{number}\n");
        let events: String = (0..6_000).map(line).collect();
        let imported = program.run_with_input(&["event", "import"], format!("timestamp,value,user\n{events}"));
        assert_eq!(imported.status, 0, "{imported}");
        let mut screen = Screen::open(&["--database-url", &pooler.url()]);
        screen.wait_for("Checkout errors");
        for (key, seen) in [("2", "ending"), ("3", "napshots"), ("4", "rocessor"), ("1", "Checkout errors")] {
            screen.press(key);
            screen.wait_for(seen);
        }
        screen.press("q");
        assert_eq!(screen.ended(), 0);
        database.execute("delete from incidents").await;
        let desk = Desk::through(database, &pooler.url()).await;
        drain_by_three(&desk, &program).await;
        program.output(&["status"]);
    });
}

/// Two daemons and a forced run at once; all of them share two connections.
async fn drain_by_three(desk: &Desk, program: &Afterimage) {
    desk.closed_many(1_000).await;
    let at_noon = |rest: &[&str]| program.start(&[&["--now", "2026-11-24 12:00"], rest].concat());
    let daemon = ["--daemon", "--once", "--batch-size", "20"];
    let running = [at_noon(&daemon), at_noon(&daemon), at_noon(&["process"])];
    for outcome in running.map(Running::wait) {
        assert_eq!(outcome.status, 0, "{outcome}");
    }
    desk.check_captured(1_000).await;
    let total = "select cast(min(total_events) as bigint) from incident_snapshots where total_events = 6000";
    assert_eq!(desk.database.number(total).await, 6_000);
    assert_eq!(desk.database.number("select count(*) from incident_snapshots where total_events <> 6000").await, 0);
}

#[test]
fn a_database_is_copied_to_a_server_behind_a_pooler() {
    if missing_pooler() {
        return;
    }
    run(Engine::Postgres, |target| async move {
        let pooler = Pooler::before(target.url(), 2);
        let source = Desk::on(TestDatabase::create(Engine::Sqlite).await).await;
        source.closed_many(300).await;
        source.process().await;
        let program = Afterimage::on(&source.database);
        program.output(&["db", "copy", "--to", &pooler.url()]);
        assert_eq!(target.number("select count(*) from incident_snapshots").await, 300);
    });
}
