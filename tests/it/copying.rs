//! Everything from one database to another: proven equal, whatever is in it, whenever it is killed.

mod awkward;

use std::time::{Duration, Instant};

use afterimage::ops::OpsError;
use afterimage::ops::copy::{self, Beginning, CopyReport, CopyStage};
use afterimage::store::copy::TABLES;
use afterimage::store::{Location, Store, Upgrade};
use tokio_util::sync::CancellationToken;

use crate::support::{
    Access, Afterimage, Cluster, Desk, Engine, TestDatabase, check_refused, missing_postgres, on_both_engines, run,
};

const NOW: [&str; 2] = ["--now", "2026-11-24 12:00"];

/// Every row of every table that is copied.
async fn everything(database: &TestDatabase) -> Vec<Vec<String>> {
    let mut tables = Vec::new();
    for table in TABLES {
        tables.push(database.dump(table.name).await);
    }
    tables
}

/// Copies with the real program, and reads what it says.
fn copy_by_program(source: &TestDatabase, target: &TestDatabase) -> serde_json::Value {
    Afterimage::on(source).json(&["db", "copy", "--to", target.url()])
}

async fn try_copy(source: &TestDatabase, target: &TestDatabase) -> Result<CopyReport, OpsError> {
    let (from, to) = (source.open(Upgrade::Never).await.unwrap(), open_target(target).await);
    copy::copy(&from, &to, &mut |_, _, _| {}).await
}

async fn open_target(target: &TestDatabase) -> Store {
    Store::open_target(target.location(), target.clock().clone()).await.unwrap()
}

/// Stores `count` events behind the program's back.
async fn add_events(database: &TestDatabase, count: u32) {
    database
        .execute(&format!(
            "insert into events (project, occurred_at, weight, message) \
             with recursive numbers(number) as \
                 (select 1 union all select number + 1 from numbers where number < {count}) \
             select 'checkout', number, 1, 'a message that is of the usual length, more or less' from numbers",
        ))
        .await;
}

on_both_engines! {
    async fn there_and_back_through_each_engine_nothing_is_lost(database: TestDatabase) {
        database.store().await;
        awkward::fill(&database).await;
        let before = everything(&database).await;
        assert!(before.iter().all(|rows| !rows.is_empty()), "every table is tried");
        for between in [Engine::Sqlite, Engine::Postgres] {
            if between == Engine::Postgres && missing_postgres().is_some() { continue }
            let (there, back) = (TestDatabase::create(between).await, TestDatabase::create(database.engine()).await);
            let said = copy_by_program(&database, &there);
            assert_eq!(said["rows"], before.iter().map(Vec::len).sum::<usize>());
            assert_eq!((&said["resumed"], &said["tables"]["pending_snapshots"]), (&false.into(), &2.into()));
            copy_by_program(&there, &back);
            for (table, (was, is)) in TABLES.iter().zip(before.iter().zip(everything(&back).await)) {
                assert_eq!(*was, is, "{}", table.name);
            }
            there.remove().await;
            back.remove().await;
        }
        assert_eq!(everything(&database).await, before, "the source is only read");
    }

    async fn numbers_go_on_behind_those_that_were_given(database: TestDatabase) {
        let source = TestDatabase::create(Engine::Sqlite).await;
        source.store().await;
        awkward::fill(&source).await;
        source.execute("delete from processor_runs where id = 12").await;
        copy_by_program(&source, &database);
        let program = Afterimage::on(&database);
        assert_eq!(program.json(&["incident", "open", "next"])["id"], 10);
        program.output(&["rule", "add", "next", "--time-window", "5"]);
        assert_eq!(database.number("select max(id) from alert_rules").await, 9);
        database.execute("insert into processor_runs (trigger, host, started_at, updated_at, batch_size) \
                          values ('forced', 'h', 1, 1, 50)").await;
        assert_eq!(database.number("select max(id) from processor_runs").await, 13, "12 was given once");
        for table in TABLES.iter().filter(|table| table.column_names().next() == Some("id")) {
            let next = database.pick("select seq from sqlite_sequence where name = $", "select coalesce(pg_sequence_last_value(pg_get_serial_sequence($, 'id')), 0)");
            let (next, table) = (next.replace('$', &format!("'{}'", table.name)), table.name);
            assert!(database.number(&next).await >= database.number(&format!("select max(id) from {table}")).await, "{table}");
        }
    }

    async fn every_column_of_the_schema_goes_over(database: TestDatabase) {
        database.store().await;
        let here = ["processors", "schema_migrations"];
        let columns = database.texts(database.pick(
            "select t.name || '.' || c.name from sqlite_schema t, pragma_table_info(t.name) c \
             where t.type = 'table' and t.name not like 'sqlite%' order by t.name, c.cid",
            "select table_name || '.' || column_name from information_schema.columns \
             where table_schema = 'public' order by table_name collate \"C\", ordinal_position",
        )).await;
        let mut copied: Vec<_> = TABLES.iter().collect();
        copied.sort_by_key(|table| table.name);
        let copied = copied.into_iter().flat_map(|table| table.column_names().map(move |name| format!("{}.{name}", table.name)));
        let columns = columns.into_iter().filter(|column| !here.iter().any(|table| column.starts_with(&format!("{table}."))));
        assert!(columns.eq(copied), "src/store/copy/tables.rs is not what the schema is");
    }

    async fn a_copy_that_is_killed_goes_on_where_it_was(database: TestDatabase) {
        let source = TestDatabase::create(Engine::Sqlite).await;
        source.store().await;
        awkward::fill(&source).await;
        add_events(&source, 60_000).await;
        let program = Afterimage::on(&source);
        let copied = || database.number("select count(*) from events");
        open_target(&database).await.close().await;
        for kill_at in [1, 10_000, 20_000, 40_000] {
            let running = program.start(&["db", "copy", "--to", database.url()]);
            let patience = Instant::now() + Duration::from_secs(50);
            while copied().await < kill_at {
                assert!(Instant::now() < patience, "nothing is copied");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            running.kill();
            let half = copied().await;
            assert!(half < 60_003, "it was killed in the middle");
            assert_eq!(database.number("select count(*) from meta where key = 'copy'").await, 1);
            assert_eq!(database.number("select count(*) from pending_snapshots").await, 0, "what is pending comes last");
        }
        let said = copy_by_program(&source, &database);
        assert_eq!((&said["resumed"], &said["tables"]["events"]), (&true.into(), &60_003.into()));
        check_same(&source, &database).await;
        assert_eq!(database.number("select count(*) from meta where key = 'copy'").await, 0);
    }

    async fn a_database_that_is_half_copied_is_closed_to_everybody_else(database: TestDatabase) {
        let source = TestDatabase::create(Engine::Sqlite).await;
        source.store().await;
        awkward::fill(&source).await;
        let other = TestDatabase::create(Engine::Sqlite).await;
        other.store().await;
        half_copy(&source, database.location()).await;
        let program = Afterimage::on(&database);
        let commands = [&["--daemon", "--once"] as &[&str], &["--daemon"], &["process"], &["incident", "list"], &["db", "migrate"], &["status"]];
        for command in commands {
            program.assert_fails(command, 4, &["is being copied into from sqlite:", "db copy --to", "or use another database"]);
        }
        assert!(program.output(&["db", "status"]).contains("copied into"));
        let refused = Afterimage::on(&other).run(&["db", "copy", "--to", database.url()]);
        refused.assert_failed(4, &["a part of a copy of sqlite:", "another database"]);
        assert_eq!(copy_by_program(&source, &database)["resumed"], true);
        program.output(&["incident", "list"]);
        check_same(&source, &database).await;
    }

    async fn a_target_that_holds_anything_or_is_worked_on_is_refused(database: TestDatabase) {
        let source = TestDatabase::create(Engine::Sqlite).await;
        source.store().await;
        awkward::fill(&source).await;
        let program = Afterimage::on(&source);
        let to = ["db", "copy", "--to", database.url()];
        database.store().await;
        database.execute("insert into processors values ('desk-7', 4711, 'daemon', '1', null, 5)").await;
        program.assert_fails(&to, 4, &["daemon on desk-7", "4711", "stop it first"]);
        database.execute("delete from processors").await;
        Afterimage::on(&database).output(&["incident", "open", "somebody's own"]);
        let before = everything(&database).await;
        program.assert_fails(&to, 4, &["is not empty", "incidents (1)", "incident_activities (1)"]);
        assert_eq!(everything(&database).await, before);
    }

    async fn a_source_that_changes_meanwhile_is_noticed_and_copied_anew(database: TestDatabase) {
        let source = TestDatabase::create(Engine::Sqlite).await;
        source.store().await;
        awkward::fill(&source).await;
        for change in ["update incidents set title = 'other' where id = 9", "delete from outbox", "insert into event_projects values ('new')"] {
            let (from, to) = (source.open(Upgrade::Never).await.unwrap(), open_target(&database).await);
            let mut is_done = false;
            let refused = copy::copy(&from, &to, &mut |stage, rows, total| {
                if stage == CopyStage::Copying && rows == total && !std::mem::replace(&mut is_done, true) {
                    let handle = tokio::runtime::Handle::current();
                    tokio::task::block_in_place(|| handle.block_on(source.execute(change)));
                }
            }).await;
            check_refused(refused, 4, &["has changed while it was copied", "run it again"]);
            assert!(database.open(Upgrade::Allowed).await.is_err(), "it is closed still");
        }
        assert_eq!(try_copy(&source, &database).await.unwrap().beginning, Beginning::Anew);
        check_same(&source, &database).await;
        database.open(Upgrade::Allowed).await.unwrap();
    }

    async fn rule_18_what_was_pending_is_captured_once_on_the_new_database(database: TestDatabase) {
        let source = Desk::on(TestDatabase::create(Engine::Sqlite).await).await;
        source.closed_many(600).await;
        source.process_only(&[afterimage::domain::IncidentId::new(1)]).await;
        copy_by_program(&source.database, &database);
        let program = Afterimage::on(&database).with(&NOW);
        let daemons = [program.start(&["--daemon", "--once"]), program.start(&["--daemon", "--once"])];
        for outcome in daemons.map(crate::support::Running::wait) {
            assert_eq!(outcome.status, 0, "{outcome}");
        }
        let desk = Desk::on(database).await;
        desk.check_whole().await;
        assert_eq!(desk.database.number("select count(*) from incident_snapshots").await, 600);
        assert_eq!(desk.database.number("select cast(sum(captured) as bigint) from processor_runs").await, 600);
    }

    async fn the_same_database_a_wrong_url_and_one_that_is_not_there_are_told_apart(database: TestDatabase) {
        database.store().await;
        let program = Afterimage::on(&database);
        program.assert_fails(&["db", "copy", "--to", database.url()], 2, &["are one database"]);
        if database.engine() == Engine::Sqlite {
            let link = database.directory().join("link.db");
            std::os::unix::fs::symlink(database.directory().join("test.db"), &link).unwrap();
            program.assert_fails(&["db", "copy", "--to", &format!("sqlite:{}", link.display())], 2, &["are one database"]);
        }
        program.assert_fails(&["db", "copy"], 2, &["--to"]);
        program.assert_fails(&["db", "copy", "--to", "mysql://ops:hunter2@db/x"], 2, &["'sqlite:' nor 'postgres://'"]);
        for url in ["postgres://ops:hunter2@127.0.0.1:1/x", "postgres://ops:hunter2@host:port/x"] {
            let outcome = program.run(&["db", "copy", "--to", url]);
            assert!(!outcome.to_string().contains("hunter2"), "{outcome}");
            outcome.assert_failed(if url.contains("port/") { 2 } else { 5 }, &[]);
        }
        assert_eq!(database.number("select count(*) from meta").await, 0);
    }
}

/// Copies, and drops the copy in the middle of it.
async fn half_copy(source: &TestDatabase, target: Location) {
    let from = source.open(Upgrade::Never).await.unwrap();
    let to = Store::open_target(target, source.clock().clone()).await.unwrap();
    let stop = CancellationToken::new();
    let mut progress = |_, rows, _| {
        if rows > 5 {
            stop.cancel();
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        done = copy::copy(&from, &to, &mut progress) => panic!("{done:?}"),
    }
    to.close().await;
}

/// Checks that both hold the same, by a way back to the first's engine.
async fn check_same(one: &TestDatabase, other: &TestDatabase) {
    let back = TestDatabase::create(one.engine()).await;
    copy_by_program(other, &back);
    assert_eq!(everything(one).await, everything(&back).await);
    back.remove().await;
}

#[test]
fn a_password_that_a_copy_is_given_is_shown_nowhere() {
    let Ok(cluster) = Cluster::start(Access::Password("hunter2")) else { return };
    run(Engine::Sqlite, async |database| {
        database.store().await;
        awkward::fill(&database).await;
        let url = cluster.url("postgres");
        half_copy(&database, Location::parse(&url).unwrap()).await;
        let program = Afterimage::on(&database);
        for outcome in [
            Afterimage::new().with(&["--database-url", &url]).run(&["incident", "list"]),
            Afterimage::new().with(&["--database-url", &url]).run(&["db", "status"]),
            program.run(&["db", "copy", "--to", &url]),
            program.run(&["db", "copy", "--to", &url]),
            Afterimage::new().with(&["--database-url", &url]).run(&["db", "copy", "--to", "sqlite:back.db", "--json"]),
        ] {
            assert!(!outcome.to_string().contains("hunter2"), "{outcome}");
        }
    });
}
