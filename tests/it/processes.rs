//! Several processes of the real program on one database, started at once and killed at any instant, on both engines.

use std::time::{Duration, Instant};

use afterimage::store::SCHEMA_VERSION;

use crate::support::{Afterimage, Desk, Engine, Running, TestDatabase, on_both_engines};

const INCIDENTS: u32 = 1_000;

/// The program on a database, at the instant at which the tests take place.
fn at_noon(database: &TestDatabase) -> Afterimage {
    Afterimage::on(database).with(&["--now", "2026-11-24 12:00"])
}

on_both_engines! {
    async fn eight_processes_that_start_at_once_find_one_schema(database: TestDatabase) {
        let program = Afterimage::on(&database);
        let commands = [["db", "migrate"], ["incident", "list"]].into_iter().cycle().take(8);
        let running: Vec<Running> = commands.map(|command| program.start(&command)).collect();
        for outcome in running.into_iter().map(Running::wait) {
            assert_eq!(outcome.status, 0, "{outcome}");
        }
        assert_eq!(database.number("select count(*) from schema_migrations").await, SCHEMA_VERSION);
    }

    async fn a_newer_schema_is_refused_by_every_command(database: TestDatabase) {
        database.store().await;
        database.execute("insert into schema_migrations values (9999, 'to come', 0)").await;
        let program = Afterimage::on(&database);
        for command in [&["incident", "list"][..], &["db", "migrate"], &["--daemon", "--once"], &["process"], &["status"]] {
            program.assert_fails(command, 4, &["9999", "upgrade the program"]);
        }
    }

    async fn an_older_schema_is_refused_on_postgres_until_db_migrate(database: TestDatabase) {
        database.execute("create table schema_migrations (version bigint primary key, name text not null, \
                          applied_at bigint not null); insert into schema_migrations values (0, 'none', 0)").await;
        let program = Afterimage::on(&database);
        match database.engine() {
            Engine::Postgres => program.assert_fails(&["incident", "list"], 4, &["afterimage db migrate"]),
            Engine::Sqlite => _ = program.output(&["incident", "list"]),
        }
        program.output(&["db", "migrate"]);
        program.output(&["incident", "list"]);
        assert_eq!(database.number("select max(version) from schema_migrations").await, SCHEMA_VERSION);
    }

    async fn rule_18_two_daemons_and_a_forced_run_as_processes_make_each_snapshot_once(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(INCIDENTS).await;
        let program = at_noon(&desk.database);
        let daemon = ["--daemon", "--once", "--batch-size", "20"];
        let running = [program.start(&daemon), program.start(&daemon), program.start(&["process"])];
        for outcome in running.map(Running::wait) {
            assert_eq!(outcome.status, 0, "{outcome}");
        }
        desk.check_whole().await;
        assert_eq!(desk.database.number("select count(*) from incident_snapshots").await, i64::from(INCIDENTS));
        assert_eq!(desk.database.number("select cast(sum(captured) as bigint) from processor_runs").await, i64::from(INCIDENTS));
    }

    async fn one_run_of_the_daemon_says_what_it_did(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(3).await;
        let outcome = at_noon(&desk.database).run(&["--daemon", "--once", "--json"]);
        assert_eq!(outcome.status, 0, "{outcome}");
        let said = outcome.to_string();
        assert!(said.contains("run finished") && said.contains("\"captured\":3"), "{said}");
    }

    async fn rule_18_killed_at_any_instant_no_row_is_lost_and_no_snapshot_made_twice(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(INCIDENTS).await;
        let program = at_noon(&desk.database);
        for turn in 0..16 {
            let running = program.start(&["--daemon", "--once", "--batch-size", "10"]);
            tokio::time::sleep(Duration::from_millis(8 * turn)).await;
            running.kill();
            desk.check_whole().await;
        }
        desk.process().await;
        desk.check_whole().await;
        assert_eq!(desk.database.number("select count(*) from incident_snapshots").await, i64::from(INCIDENTS));
    }

    async fn a_daemon_ends_in_order_when_it_is_told_to(database: TestDatabase) {
        database.store().await;
        for name in ["TERM", "INT"] {
            let daemon = Afterimage::on(&database).start(&["--daemon"]);
            let patience = Instant::now() + Duration::from_secs(30);
            while database.number("select count(*) from processors").await == 0 {
                assert!(Instant::now() < patience, "the daemon does not say that it is there");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let told = Instant::now();
            daemon.signal(name);
            let outcome = daemon.wait();
            assert_eq!(outcome.status, 0, "{outcome}");
            assert!(told.elapsed() < Duration::from_secs(2), "{:?}", told.elapsed());
            assert_eq!(database.number("select count(*) from processors").await, 0, "it takes its leave");
        }
    }
}
