//! The schema: creates it in an empty database, upgrades an older one, refuses what does not fit.
//!
//! Migrations are embedded, paired by number and name, and append-only. They are serialised by `begin immediate` on
//! SQLite and by a transaction's advisory lock on Postgres, so that any number of processes may start at once.

use super::engine::{Purpose, Text, Tx, execute, on_engine};
use super::error::StoreError;

struct Migration {
    version: i64,
    name: &'static str,
    text: Text,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "initial",
        // Differs because generated keys and covering indexes are declared differently.
        text: Text {
            sqlite: include_str!("../../migrations/sqlite/0001_initial.sql"),
            postgres: include_str!("../../migrations/postgres/0001_initial.sql"),
        },
    },
    Migration {
        version: 2,
        name: "connections",
        // Differs as above, and because texts are compared by their bytes only where Postgres is told so.
        text: Text {
            sqlite: include_str!("../../migrations/sqlite/0002_connections.sql"),
            postgres: include_str!("../../migrations/postgres/0002_connections.sql"),
        },
    },
    Migration {
        version: 3,
        name: "event_minutes",
        // Differs as above, and because SQLite would sort all events in memory.
        text: Text {
            sqlite: include_str!("../../migrations/sqlite/0003_event_minutes.sql"),
            postgres: include_str!("../../migrations/postgres/0003_event_minutes.sql"),
        },
    },
];

/// The schema version that this program works with.
pub const SCHEMA_VERSION: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// What may be done to a schema that is not there or not of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upgrade {
    /// It is created and upgraded: `db migrate`, and any start on a file, which has one user.
    Allowed,
    /// It is created in an empty database: any start on a server. One upgraded laptop must not lock out a team.
    CreateOnly,
    /// Nothing: `--read-only`.
    Never,
}

/// A migration may have to read every event.
const WITHOUT_LIMIT: &str = "set local statement_timeout = 0";
const LOCK: &str = "select pg_advisory_xact_lock(4702394921427289928)";
// Differs because each engine lists its tables elsewhere.
const TABLES: Text = Text {
    sqlite: "select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name",
    postgres: "select cast(tablename as text) as name from pg_tables where schemaname = current_schema() order by 1",
};
const CREATE: &str = "create table schema_migrations \
    (version bigint primary key, name text not null, applied_at bigint not null)";
const VERSION: &str = "select coalesce(max(version), 0) from schema_migrations";
const RECORD: &str = "insert into schema_migrations (version, name, applied_at) values ($1, $2, $3)";

impl Tx {
    async fn lock_schema(&mut self) -> Result<(), StoreError> {
        // On SQLite, `begin immediate` has done it.
        if let Self::Postgres(transaction) = self {
            sqlx::query(WITHOUT_LIMIT).execute(&mut **transaction).await?;
            sqlx::query(LOCK).execute(&mut **transaction).await?;
        }
        Ok(())
    }

    async fn tables(&mut self) -> Result<Vec<String>, StoreError> {
        let text = TABLES.on(self);
        Ok(on_engine!(self, connection => sqlx::query_scalar(text).fetch_all(connection).await?))
    }

    /// The schema's version: `None` in an empty database.
    ///
    /// # Errors
    /// Where the database holds something else.
    pub async fn schema_version(&mut self) -> Result<Option<i64>, StoreError> {
        let tables = self.tables().await?;
        if tables.iter().any(|table| table == "schema_migrations") {
            return Ok(Some(on_engine!(self, connection => sqlx::query_scalar(VERSION).fetch_one(connection).await?)));
        }
        match tables.first() {
            None => Ok(None),
            Some(table) => Err(StoreError::Schema(format!(
                "the database holds something else than Afterimage (a table '{}'): use an empty one",
                crate::domain::text::shorten(table, 40)
            ))),
        }
    }

    async fn apply(&mut self, migration: &Migration, now_micros: i64) -> Result<(), StoreError> {
        let text = migration.text.on(self);
        on_engine!(answered_at_length, self, connection => _ = sqlx::raw_sql(text).execute(connection).await?);
        execute!(self, sqlx::query(RECORD).bind(migration.version).bind(migration.name).bind(now_micros));
        Ok(())
    }
}

/// Brings the schema to [`SCHEMA_VERSION`] as far as `upgrade` allows, and says from which version.
pub(super) async fn migrate(
    engine: &super::engine::Engine,
    upgrade: Upgrade,
    now_micros: i64,
) -> Result<Option<i64>, StoreError> {
    let found = engine.read().await?.schema_version().await?;
    if !needs_migration(found, upgrade)? {
        return Ok(found);
    }
    let mut tx = engine.write(Purpose::Operator).await?;
    tx.lock_schema().await?;
    // Another process may have been first.
    let found = tx.schema_version().await?;
    if !needs_migration(found, upgrade)? {
        return Ok(found);
    }
    if found.is_none() {
        execute!(&mut tx, sqlx::query(CREATE));
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > found.unwrap_or(0)) {
        tx.apply(migration, now_micros).await?;
    }
    tx.commit().await?;
    Ok(found)
}

fn needs_migration(found: Option<i64>, upgrade: Upgrade) -> Result<bool, StoreError> {
    match found {
        Some(version) if version > SCHEMA_VERSION => Err(StoreError::Schema(format!(
            "the database has schema version {version}, this program works with {SCHEMA_VERSION}: upgrade the program"
        ))),
        Some(SCHEMA_VERSION) => Ok(false),
        None if upgrade == Upgrade::Never => {
            Err(StoreError::Schema("the database is empty, and read-only creates nothing".into()))
        }
        None => Ok(true),
        Some(_) if upgrade == Upgrade::Allowed => Ok(true),
        Some(version) => Err(StoreError::Schema(format!(
            "the database has the older schema version {version}, this program works with {SCHEMA_VERSION}: \
             when nobody works with an older program any more, upgrade it with 'afterimage db migrate'"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_schema_is_always_refused_and_the_present_one_left_alone() {
        for upgrade in [Upgrade::Allowed, Upgrade::CreateOnly, Upgrade::Never] {
            assert!(needs_migration(Some(SCHEMA_VERSION + 1), upgrade).is_err());
            assert!(!needs_migration(Some(SCHEMA_VERSION), upgrade).unwrap());
        }
        assert!(needs_migration(None, Upgrade::CreateOnly).unwrap());
        assert!(needs_migration(None, Upgrade::Never).is_err());
    }

    #[test]
    fn an_older_schema_is_upgraded_only_where_that_is_allowed() {
        assert!(needs_migration(Some(0), Upgrade::Allowed).unwrap());
        for upgrade in [Upgrade::CreateOnly, Upgrade::Never] {
            let refusal = needs_migration(Some(0), upgrade).unwrap_err().to_string();
            assert!(refusal.contains("db migrate"), "{refusal}");
        }
    }

    #[test]
    fn migrations_are_numbered_without_gaps() {
        assert!(MIGRATIONS.iter().zip(1..).all(|(migration, number)| migration.version == number));
    }
}
