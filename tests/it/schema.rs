//! Which schemas a program accepts, and that any number of processes may make one at once.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use afterimage::store::{SCHEMA_VERSION, Store, Upgrade};

use crate::support::{Engine, TestDatabase, missing_postgres, on_both_engines, run};

/// A schema that was made before the first of ours.
const OLDER: &str = "create table schema_migrations (version bigint primary key, name text not null, \
    applied_at bigint not null); insert into schema_migrations values (0, 'none', 0)";

#[test]
fn migrations_are_paired_by_number_and_name() {
    let names = |engine: &str| -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let sqlite = names("sqlite");
    assert_eq!(sqlite, names("postgres"));
    assert_eq!(sqlite.len(), usize::try_from(SCHEMA_VERSION).unwrap());
    for (name, number) in sqlite.iter().zip(1..) {
        assert!(name.starts_with(&format!("{number:04}_")), "{name} is out of order");
    }
}

#[test]
fn the_schema_has_the_same_tables_and_columns_on_both_engines() {
    if missing_postgres().is_some() {
        return;
    }
    let (sender, found) = std::sync::mpsc::channel();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        run(engine, async |database| {
            database.store().await;
            sender.send(columns(&database).await).unwrap();
        });
    }
    let (sqlite, postgres) = (found.recv().unwrap(), found.recv().unwrap());
    assert_eq!(sqlite, postgres);
    assert!(sqlite.contains(&"incidents.title not null".to_owned()), "{sqlite:?}");
}

/// Every table with the names of its columns in order.
async fn columns(database: &TestDatabase) -> Vec<String> {
    let text = database.pick(
        "select t.name || '.' || c.name || case when c.\"notnull\" or c.pk then ' not null' else '' end \
         from sqlite_schema t, pragma_table_info(t.name) c \
         where t.type = 'table' and t.name not like 'sqlite%' order by t.name, c.cid",
        "select table_name || '.' || column_name || case when is_nullable = 'NO' then ' not null' else '' end \
         from information_schema.columns where table_schema = 'public' order by table_name collate \"C\", ordinal_position",
    );
    database.texts(text).await
}

on_both_engines! {

    async fn eight_stores_that_open_at_once_find_one_schema(database: TestDatabase) {
        let opened = futures_util::future::join_all((0..8).map(|_| database.open(Upgrade::CreateOnly))).await;
        for store in opened {
            assert_eq!(store.unwrap().read().await.unwrap().schema_version().await.unwrap(), Some(SCHEMA_VERSION));
        }
        assert_eq!(database.number("select count(*) from schema_migrations").await, SCHEMA_VERSION);
    }

    async fn a_newer_schema_is_refused_whatever_is_allowed(database: TestDatabase) {
        database.store().await;
        database.execute("insert into schema_migrations values (9999, 'to come', 0)").await;
        for upgrade in [Upgrade::Allowed, Upgrade::CreateOnly, Upgrade::Never] {
            let refusal = database.open(upgrade).await.unwrap_err().to_string();
            assert!(refusal.contains("9999") && refusal.contains("upgrade the program"), "{refusal}");
        }
    }

    async fn an_older_schema_is_upgraded_at_start_on_sqlite_and_by_db_migrate_on_postgres(database: TestDatabase) {
        database.execute(OLDER).await;
        let started = database.open(Store::upgrade_at_start(&database.location())).await;
        if database.engine() == Engine::Postgres {
            let refusal = started.unwrap_err().to_string();
            assert!(refusal.contains("afterimage db migrate"), "{refusal}");
            assert_eq!(database.number("select max(version) from schema_migrations").await, 0);
        }
        database.open(Upgrade::Allowed).await.unwrap();
        assert_eq!(database.number("select max(version) from schema_migrations").await, SCHEMA_VERSION);
    }

    async fn read_only_creates_and_upgrades_nothing(database: TestDatabase) {
        database.execute(OLDER).await;
        assert!(database.open(Upgrade::Never).await.is_err());
        assert_eq!(database.number("select max(version) from schema_migrations").await, 0);
        database.execute("drop table schema_migrations").await;
        assert!(database.open(Upgrade::Never).await.is_err());
    }

    async fn a_database_that_holds_something_else_is_left_alone(database: TestDatabase) {
        database.execute("create table payroll (name text)").await;
        let refusal = database.open(Upgrade::Allowed).await.unwrap_err().to_string();
        assert!(refusal.contains("payroll"), "{refusal}");
        assert_eq!(columns(&database).await, ["payroll.name"]);
    }
}
