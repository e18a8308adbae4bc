//! The database that is copied into, and what both sides are asked as a whole.

use std::path::Path;
use std::sync::Arc;

use sqlx::AssertSqlSafe;

use super::super::engine::{Text, Tx, execute, on_engine};
use super::super::error::StoreError;
use super::super::migrate;
use super::super::{Location, Store};
use super::statements;
use super::tables::TABLES;
use crate::clock::Clock;

// Differs because SQLite remembers the last number of a table in a table of its own, Postgres in a sequence, which has
// none before its first.
const LAST_NUMBER: Text = Text {
    sqlite: "select coalesce(max(seq), 0) from sqlite_sequence where name = $1",
    postgres: "select coalesce(pg_sequence_last_value(cast(pg_get_serial_sequence($1, 'id') as regclass)), 0)",
};
// Differs as above. SQLite keeps no row for a table that has never had one.
const FORGET_NUMBER: &str = "delete from sqlite_sequence where name = $1";
const SET_NUMBER: Text = Text {
    sqlite: "insert into sqlite_sequence (name, seq) values ($1, $2)",
    postgres: "select setval(cast(pg_get_serial_sequence($1, 'id') as regclass), $2)",
};
/// Tells one database of a server from every other, by whatever name either is reached.
const IDENTITY: &str = "select cast(pg_postmaster_start_time() as text) || ' ' || current_database() || ' ' \
    || coalesce(current_schema(), '')";
/// A table that has just been filled is planned for as if it were empty.
const ANALYSE: &str = "analyze";

impl Store {
    /// Connects to a database that is to be copied into, and creates its schema where there is none; a copy that is not
    /// complete may stand in it.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_target(location: Location, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let store = Self::connect(location, clock).await?;
        let upgrade = Self::upgrade_at_start(&store.location);
        migrate::migrate(&store.engine, upgrade, store.clock.now().as_micros()).await?;
        Ok(store)
    }

    /// A transaction that sees one instant for as long as it takes.
    ///
    /// # Errors
    /// Where the database cannot be reached.
    pub async fn read_at_length(&self) -> Result<Tx, StoreError> {
        self.engine.read_at_length().await
    }

    /// Whether both are one database, whatever they are called.
    ///
    /// # Errors
    /// Where one of them cannot be asked.
    pub async fn is_same_as(&self, other: &Self) -> Result<bool, StoreError> {
        match (&self.location, &other.location) {
            (Location::Sqlite { path, .. }, Location::Sqlite { path: other, .. }) => Ok(is_same_file(path, other)),
            (Location::Postgres(_), Location::Postgres(_)) => {
                Ok(self.read().await?.identity().await? == other.read().await?.identity().await?)
            }
            _ => Ok(false),
        }
    }
}

/// Whether two paths lead to one file.
#[cfg(unix)]
pub(in super::super) fn is_same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let file = |path: &Path| path.metadata().map(|data| (data.dev(), data.ino())).ok();
    file(one).is_some_and(|one| file(other) == Some(one))
}

/// Whether two paths lead to one file.
#[cfg(not(unix))]
pub(in super::super) fn is_same_file(one: &Path, other: &Path) -> bool {
    let file = |path: &Path| path.canonicalize().ok();
    file(one).is_some_and(|one| file(other) == Some(one))
}

impl Tx {
    async fn identity(&mut self) -> Result<String, StoreError> {
        Ok(on_engine!(self, connection => sqlx::query_scalar(IDENTITY).fetch_one(connection).await?))
    }

    /// How many rows each table has, in their order. It reads them all.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn row_counts(&mut self) -> Result<Vec<u64>, StoreError> {
        let mut counts = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            let text = AssertSqlSafe(table.count());
            let count: i64 = on_engine!(answered_at_length, self, connection =>
                sqlx::query_scalar(text).fetch_one(connection).await?);
            counts.push(count.unsigned_abs());
        }
        Ok(counts)
    }

    /// The last number that each table has given or holds, in their order; 0 where there is none.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn last_numbers(&mut self) -> Result<Vec<i64>, StoreError> {
        let text = LAST_NUMBER.on(self);
        let mut numbers = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            let mut number = 0;
            if table.is_numbered {
                let given: i64 = on_engine!(self, connection =>
                    sqlx::query_scalar(text).bind(table.name).fetch_one(connection).await?);
                let greatest = AssertSqlSafe(table.greatest());
                let greatest: i64 =
                    on_engine!(self, connection => sqlx::query_scalar(greatest).fetch_one(connection).await?);
                number = given.max(greatest);
            }
            numbers.push(number);
        }
        Ok(numbers)
    }

    /// Lets each table go on behind the last number that it is to have given.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn set_last_numbers(&mut self, numbers: &[i64]) -> Result<(), StoreError> {
        let text = SET_NUMBER.on(self);
        for (table, number) in TABLES.iter().zip(numbers).filter(|(table, number)| table.is_numbered && **number > 0) {
            if let Self::Sqlite(_) = self {
                execute!(self, sqlx::query(FORGET_NUMBER).bind(table.name));
            }
            execute!(self, sqlx::query(text).bind(table.name).bind(*number));
        }
        Ok(())
    }

    /// Deletes what was copied, those rows that refer to others first.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn clear_copied(&mut self) -> Result<(), StoreError> {
        for text in statements::clearing(self.dialect()) {
            let text = AssertSqlSafe(text);
            on_engine!(answered_at_length, self, connection => _ = sqlx::query(text).execute(connection).await?);
        }
        Ok(())
    }

    /// Lets the database look at what its tables hold now, where it plans by that.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn analyse(&mut self) -> Result<(), StoreError> {
        if let Self::Postgres(_) = self {
            self.execute(ANALYSE).await?;
        }
        Ok(())
    }
}
