//! A copy of a database file while others work on it, and the proof that it is one.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::engine::{Tx, on_engine};
use super::error::StoreError;
use super::{FileMode, Location, Store};

/// Reads one instant of the file: in a write-ahead log that keeps nobody from writing. The file that it makes has no log.
const VACUUM: &str = "vacuum into $1";
const CHECK: &str = "pragma integrity_check(1)";

impl Store {
    /// The database's file, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.location {
            Location::Sqlite { path, .. } => Some(path),
            Location::Postgres(_) => None,
        }
    }

    /// Whether that file is this one, whatever it is called.
    #[must_use]
    pub fn is_file(&self, file: &Path) -> bool {
        self.file().is_some_and(|own| super::copy::is_same_file(own, file))
    }

    /// Writes what the database file holds at one instant to another, which is empty. Nothing makes it lasting yet.
    ///
    /// # Errors
    /// Where one cannot be read, or the other not be written to.
    pub async fn write_copy(&self, from: &Path, to: &str) -> Result<(), StoreError> {
        let options = SqliteConnectOptions::new().filename(from).read_only(true).busy_timeout(Duration::from_secs(5));
        let mut connection = options.connect().await?;
        sqlx::query(VACUUM).bind(to).execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    /// Another database file, only to be read.
    ///
    /// # Errors
    /// Where it is none.
    pub async fn beside(&self, file: &Path) -> Result<Self, StoreError> {
        let location = Location::Sqlite { path: file.to_owned(), mode: FileMode::ReadOnly };
        Self::connect(location, self.clock.clone()).await
    }
}

impl Tx {
    /// What is wrong with the pages of a database file: `None` where every one, every index and every row is in order.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn damage(&mut self) -> Result<Option<String>, StoreError> {
        let found: String = on_engine!(answered_at_length, self, connection =>
            sqlx::query_scalar(CHECK).fetch_one(connection).await?);
        Ok((found != "ok").then_some(found))
    }
}
