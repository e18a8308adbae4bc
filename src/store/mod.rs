//! The only SQL: one noun per file, every query an async method on [`Tx`].

pub mod activity;
pub mod alert;
mod backup;
mod bulk;
pub mod capture;
pub mod change;
pub mod copy;
mod engine;
mod error;
pub mod event;
#[cfg(feature = "failpoints")]
pub mod failpoint;
mod file;
pub mod frozen;
pub mod import;
pub mod incident;
pub mod keep;
mod list;
mod location;
mod measure;
mod migrate;
mod minute;
mod origin;
pub mod outbox;
mod packed;
pub mod pending;
pub mod predicate;
pub mod processor;
pub mod prune;
mod remote;
pub mod rule;
pub mod run;
pub mod snapshot;
pub mod status;
mod unnamed;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions};
use sqlx::{ConnectOptions, Connection, Row};

use crate::clock::Clock;
use crate::domain::Timestamp;
use engine::{Engine, execute};

pub use engine::{Purpose, Tx};
pub use error::StoreError;
pub use location::{FileMode, Location};
pub use measure::{MeasuredSeries, MeasuredTotals, SeriesSlot, TotalsSlot};
pub use migrate::{SCHEMA_VERSION, Upgrade};

/// One database, and the clock that goes with it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    clock: Arc<dyn Clock>,
    location: Location,
}

/// A connection is made anew this often while others are switching a new file to WAL.
const WAL_ATTEMPTS: u32 = 100;
const WAL_PAUSE: Duration = Duration::from_millis(20);

/// As a simple query, like all that is asked outside a transaction: a pooler may send the parts of a prepared one to two
/// of its connections.
const POSTGRES_NOW: &str = "select cast(floor(extract(epoch from clock_timestamp()) * 1000000) as bigint)";

impl Store {
    /// Connects, and brings the schema to this program's version as far as `upgrade` allows.
    ///
    /// # Errors
    /// Where there is no such database, it cannot be reached, its schema does not fit, or it is being copied into.
    pub async fn open(location: Location, clock: Arc<dyn Clock>, upgrade: Upgrade) -> Result<Self, StoreError> {
        let store = Self::connect(location, clock).await?;
        let now = store.clock.now();
        migrate::migrate(&store.engine, upgrade, now.as_micros()).await?;
        match store.read().await?.copy_marker().await? {
            Some(marker) => Err(StoreError::Schema(copy::refusal(&store.location, &marker))),
            None => Ok(store),
        }
    }

    /// Connects without looking at the schema.
    ///
    /// # Errors
    /// Where there is no such database, or it cannot be reached.
    pub async fn connect(location: Location, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let engine = match &location {
            Location::Sqlite { path, mode } => connect_sqlite(path, *mode).await?,
            Location::Postgres(options) => {
                // A pool would hide why a connection cannot be had.
                let attempt = tokio::time::timeout(Duration::from_secs(5), options.connect());
                let unreachable = |reason| StoreError::Unreachable { location: location.to_string(), reason };
                let connection = attempt
                    .await
                    .map_err(|_| unreachable("no answer within 5 s".into()))?
                    .map_err(|error| unreachable(reason(&error)))?;
                connection.close().await?;
                Engine::postgres((**options).clone())
            }
        };
        Ok(Self { engine, clock, location })
    }

    /// The upgrade that a plain start may do on this engine.
    #[must_use]
    pub fn upgrade_at_start(location: &Location) -> Upgrade {
        match location {
            Location::Sqlite { mode: FileMode::ReadOnly, .. } => Upgrade::Never,
            Location::Sqlite { .. } => Upgrade::Allowed,
            Location::Postgres(_) => Upgrade::CreateOnly,
        }
    }

    /// The same database with another clock: a rehearsal.
    #[must_use]
    pub fn with_clock(&self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self.clone() }
    }

    /// Where it is; displays without a password.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// `sqlite` or `postgres`.
    #[must_use]
    pub fn engine_name(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite { .. } => "sqlite",
            Engine::Postgres(_) => "postgres",
        }
    }

    /// Whether rows are locked one by one, so that a claim and its counting can share one transaction.
    #[must_use]
    pub fn locks_rows(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }

    /// The current instant: the database's own on Postgres, so that all hosts agree, unless the clock is frozen.
    ///
    /// # Errors
    /// Where the database cannot be asked.
    pub async fn now(&self) -> Result<Timestamp, StoreError> {
        match &self.engine {
            Engine::Postgres(pool) if !self.clock.overrides_database() => {
                let asked = async { Ok(sqlx::raw_sql(POSTGRES_NOW).fetch_one(pool).await?.try_get(0)?) };
                let micros: i64 = engine::answered(asked).await?;
                Ok(Timestamp::from_micros(micros))
            }
            _ => Ok(self.clock.now()),
        }
    }

    /// The host's view of the current instant, without asking anyone.
    #[must_use]
    pub fn host_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A transaction that sees one instant and changes nothing.
    ///
    /// # Errors
    /// Where the database cannot be reached.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        self.engine.read().await
    }

    /// A transaction for an operator's own write: it waits for others up to 5 s.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where others hold the database longer; where it cannot be reached or written to.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        self.engine.write(Purpose::Operator).await
    }

    /// A transaction for the processor.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn capture(&self) -> Result<Tx, StoreError> {
        self.engine.write(Purpose::Capture).await
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.engine.close().await;
    }
}

/// Why a connection failed, without what sqlx says around it.
fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(fault) => fault.message().to_owned(),
        sqlx::Error::Io(fault) => fault.to_string(),
        other => other.to_string(),
    }
}

async fn connect_sqlite(path: &Path, mode: FileMode) -> Result<Engine, StoreError> {
    let name = || format!("sqlite:{}", crate::domain::text::printable(&path.display().to_string()));
    if path.is_dir() {
        return Err(StoreError::NotADatabase(name()));
    }
    if !path.exists() {
        if mode != FileMode::Create {
            return Err(StoreError::Missing(name()));
        }
        create_private(path)
            .map_err(|error| StoreError::Unreachable { location: name(), reason: error.to_string() })?;
    }
    let options = SqliteConnectOptions::new().filename(path).read_only(mode == FileMode::ReadOnly);
    let is_new = mode != FileMode::ReadOnly && path.metadata().is_ok_and(|file| file.len() == 0);
    // It is made so that it can become smaller again; a file that holds something stays as it is.
    let first = if is_new { options.clone().auto_vacuum(SqliteAutoVacuum::Incremental) } else { options.clone() };
    let reached = if mode == FileMode::ReadOnly { look_at(&first).await } else { switch_to_wal(&first).await };
    reached.map_err(|error| match error {
        StoreError::NotADatabase(_) => StoreError::NotADatabase(name()),
        StoreError::Connection(reason) => StoreError::Unreachable { location: name(), reason },
        other => other,
    })?;
    Ok(Engine::sqlite(&options))
}

/// Makes an empty file that only its owner may read: incidents tell much about a company.
fn create_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Finds out whether a file is a database while its name is at hand.
async fn look_at(options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let mut connection = options.clone().busy_timeout(Duration::from_secs(5)).connect().await?;
    let _: i64 = sqlx::query_scalar("pragma schema_version").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// Write-ahead logging is a property of the file. Whoever switches it on must be alone for a moment, so it is tried
/// again while others start at the same time.
async fn switch_to_wal(options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let mut connection = options.clone().busy_timeout(Duration::from_secs(5)).connect().await?;
    for _ in 0..WAL_ATTEMPTS {
        let mode: String = sqlx::query_scalar("pragma journal_mode").fetch_one(&mut connection).await?;
        if mode == "wal" {
            break;
        }
        let switched: Result<String, sqlx::Error> =
            sqlx::query_scalar("pragma journal_mode = wal").fetch_one(&mut connection).await;
        match switched.map_err(StoreError::from) {
            // A file that cannot be written to is still worth reading.
            Ok(_) | Err(StoreError::ReadOnly) => break,
            Err(StoreError::Busy) => tokio::time::sleep(WAL_PAUSE).await,
            Err(other) => return Err(other),
        }
    }
    connection.close().await?;
    Ok(())
}

impl Tx {
    /// Runs a statement without parameters or rows.
    async fn execute(&mut self, text: &'static str) -> Result<u64, StoreError> {
        Ok(execute!(self, sqlx::query(text)))
    }
}
