//! The two engines as closed enums, and the transactions on which every query is a method.
//!
//! One text serves both engines. `on_engine!` writes one ordinary sqlx expression into both arms; where a text must
//! differ, both stand in one [`Text`] under a comment that begins "Differs because".

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Executor, Sqlite, Transaction};

use super::change::Watcher;
use super::error::StoreError;
use super::file::{OnFile, OpenFile};
use super::unnamed::Unnamed;

/// How long an operator's own write waits for others.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How often SQLite is asked again for its write lock. Left to itself it would wait longer each time, up to 100 ms, and miss
/// the moments in which a busy processor leaves the lock to others.
const LOCK_PAUSE: Duration = Duration::from_millis(1);
/// For so long a statement may read. Postgres is told in its own words below; on SQLite it is all of a transaction.
const LONGEST_READ: Duration = Duration::from_secs(if cfg!(test) { 2 } else { 30 });
/// SQLite looks at the clock after so many steps of its machine: some milliseconds.
const STEPS_BETWEEN_LOOKS: i32 = 1_000_000;
/// The database ends every statement long before; this ends the wait for one that is no longer there.
const LONGEST_SILENCE: Duration = Duration::from_secs(45);
/// For so long a whole database may be read, counted or checked.
const LONGEST_WORK: Duration = Duration::from_hours(4);
/// Readers of a SQLite file. Each has a cache and a thread of its own.
const READERS: u32 = 3;

/// The connections to one database.
#[derive(Debug, Clone)]
pub(super) enum Engine {
    Sqlite {
        /// One connection: whoever writes in this process waits its turn here, in order, rather than for a lock.
        writer: SqlitePool,
        reader: SqlitePool,
        /// Says whether anybody has committed anything.
        watcher: Watcher,
        /// Says whether it is still the file that everybody else finds there.
        file: Arc<OpenFile>,
    },
    Postgres(PgPool),
}

/// An open transaction; rolled back where it is dropped.
#[derive(Debug)]
pub enum Tx {
    /// On a database file.
    Sqlite(OnFile),
    /// On a server.
    Postgres(Box<Unnamed>),
}

/// A statement whose text must differ between the engines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

/// What a write transaction is for: it decides for how long it waits, and how queries are planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An operator's own write waits 5 s for a lock.
    Operator,
    /// The processor never waits for a row lock, and joins few incidents with many events.
    Capture,
}

/// Waits for the database, but not for one that is silent: a server that is stopped, or a network that swallows all.
pub(super) fn answered<T>(
    call: impl Future<Output = Result<T, StoreError>>,
) -> impl Future<Output = Result<T, StoreError>> {
    answered_within(LONGEST_SILENCE, call)
}

/// The same for what reads or writes a whole database.
pub(super) fn answered_at_length<T>(
    call: impl Future<Output = Result<T, StoreError>>,
) -> impl Future<Output = Result<T, StoreError>> {
    answered_within(LONGEST_WORK, call)
}

fn answered_within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> impl Future<Output = Result<T, StoreError>> {
    // Boxed, or every caller's future would have room for all of its calls.
    let call = Box::pin(call);
    async move {
        #[cfg(feature = "failpoints")]
        let passing = super::failpoint::reached()?;
        let answer = tokio::time::timeout(limit, call).await.unwrap_or_else(|_| {
            Err(StoreError::Connection(format!("the database has not answered for {} s", limit.as_secs())))
        });
        #[cfg(feature = "failpoints")]
        passing.done()?;
        answer
    }
}

/// Runs one sqlx expression on the connection of a transaction, whichever engine it is on, and waits for it as `answered`
/// or the function that is named first does.
macro_rules! on_engine {
    ($tx:expr, $connection:ident => $body:expr) => {
        $crate::store::engine::on_engine!(answered, $tx, $connection => $body)
    };
    ($answered:ident, $tx:expr, $connection:ident => $body:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $crate::store::engine::$answered(async { Ok($body) }).await?
            }
            $crate::store::Tx::Postgres(transaction) => {
                let $connection = &mut **transaction;
                $crate::store::engine::$answered(async { Ok($body) }).await?
            }
        }
    };
}
pub(super) use on_engine;

/// Executes one sqlx query on the connection of a transaction, and says how many rows it changed.
macro_rules! execute {
    ($tx:expr, $query:expr) => {
        $crate::store::engine::on_engine!($tx, connection => $query.execute(connection).await?.rows_affected())
    };
}
pub(super) use execute;

// Differs because SQLite takes its one write lock at the start or not at all, while Postgres locks rows and is told
// here how long to wait for them.
const BEGIN_OPERATOR: Text = Text {
    sqlite: "begin immediate",
    postgres: "begin isolation level read committed; set local lock_timeout = '5s'; \
               set local statement_timeout = '30s'; set local idle_in_transaction_session_timeout = '60s'",
};
// Differs as above. What is due is read off its index in order, a batch at a time, and all that belongs to it is looked up,
// whatever the planner knows of the tables.
const BEGIN_CAPTURE: Text = Text {
    sqlite: "begin immediate",
    postgres: "begin isolation level read committed; set local lock_timeout = '1s'; \
               set local statement_timeout = '30s'; set local idle_in_transaction_session_timeout = '60s'; \
               set local jit = off; set local enable_bitmapscan = off; set local enable_sort = off; \
               set local enable_seqscan = off; set local enable_material = off; set local enable_hashjoin = off; \
               set local enable_mergejoin = off",
};
// Differs because SQLite's readers always see one instant, while Postgres must be asked for that.
const BEGIN_READ: Text = Text {
    sqlite: "begin",
    postgres: "begin isolation level repeatable read read only; set local statement_timeout = '30s'; \
               set local jit = off",
};

// Differs as above; Postgres must not end it while the other side of a copy is at work.
const BEGIN_READ_AT_LENGTH: Text = Text {
    sqlite: "begin",
    postgres: "begin isolation level repeatable read read only; set local statement_timeout = 0; \
               set local idle_in_transaction_session_timeout = 0; set local jit = off",
};

impl Text {
    fn on_sqlite(self) -> &'static str {
        self.sqlite
    }

    pub(super) fn on(self, tx: &Tx) -> &'static str {
        match tx {
            Tx::Sqlite(_) => self.on_sqlite(),
            Tx::Postgres(_) => self.postgres,
        }
    }
}

impl Engine {
    pub(super) fn sqlite(options: &SqliteConnectOptions) -> Self {
        let file = Arc::new(OpenFile::at(options.get_filename()));
        let options = options
            .clone()
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("temp_store", "memory");
        // A connection that were recycled would let another process in between and lose its page cache.
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(BUSY_TIMEOUT + ACQUIRE_TIMEOUT)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                .after_release(|connection, _| Box::pin(is_free(connection)))
        };
        let writer =
            pool(1).after_connect(|connection, _| Box::pin(never_waits(connection))).connect_lazy_with(options.clone());
        // A reader sorts whole lists: in memory each would keep what its largest sort has taken, for good.
        let reading = options.pragma("query_only", "on").pragma("temp_store", "default");
        let watcher = Watcher::new(pool(1), reading.clone());
        let reader = pool(READERS).connect_lazy_with(reading);
        Self::Sqlite { writer, reader, watcher, file }
    }

    pub(super) fn postgres(options: PgConnectOptions) -> Self {
        let pool = PgPoolOptions::new().max_connections(8).acquire_timeout(ACQUIRE_TIMEOUT);
        Self::Postgres(pool.connect_lazy_with(options.application_name("afterimage")))
    }

    pub(super) async fn read(&self) -> Result<Tx, StoreError> {
        let begun = async {
            Ok(match self {
                Self::Sqlite { reader, file, .. } => {
                    file.check()?;
                    let mut transaction = reader.begin_with(BEGIN_READ.sqlite).await?;
                    let ends_at = Instant::now() + LONGEST_READ;
                    let goes_on = move || Instant::now() < ends_at;
                    transaction.lock_handle().await?.set_progress_handler(STEPS_BETWEEN_LOOKS, goes_on);
                    Tx::Sqlite(OnFile::new(transaction, file))
                }
                Self::Postgres(pool) => begin(pool, BEGIN_READ).await?,
            })
        };
        answered(begun).await
    }

    /// A reading transaction that nothing ends but its caller.
    pub(super) async fn read_at_length(&self) -> Result<Tx, StoreError> {
        let begun = async {
            Ok(match self {
                Self::Sqlite { reader, file, .. } => {
                    file.check()?;
                    let mut transaction = reader.begin_with(BEGIN_READ_AT_LENGTH.sqlite).await?;
                    transaction.lock_handle().await?.remove_progress_handler();
                    Tx::Sqlite(OnFile::new(transaction, file))
                }
                Self::Postgres(pool) => begin(pool, BEGIN_READ_AT_LENGTH).await?,
            })
        };
        answered(begun).await
    }

    pub(super) async fn write(&self, purpose: Purpose) -> Result<Tx, StoreError> {
        let text = match purpose {
            Purpose::Operator => BEGIN_OPERATOR,
            Purpose::Capture => BEGIN_CAPTURE,
        };
        let begun = async {
            Ok(match self {
                Self::Sqlite { writer, file, .. } => {
                    file.check()?;
                    Tx::Sqlite(OnFile::new(begin_to_write(writer, text.sqlite).await?, file))
                }
                Self::Postgres(pool) => begin(pool, text).await?,
            })
        };
        answered(begun).await
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { writer, reader, watcher, .. } => {
                watcher.close().await;
                reader.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Whether a connection to a file can be used again. What could not be committed, as on a full disk, the engine has rolled
/// back by itself, and the library waits for a rollback that can no longer succeed.
async fn is_free(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // Behind the rollback of what was dropped.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// Only opening a file may wait for others: from then on `begin_to_write` does. Without a write-ahead log, which not every
/// file system can have, a commit waits too.
async fn never_waits(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mode: String = sqlx::query_scalar("pragma journal_mode").fetch_one(&mut *connection).await?;
    if mode == "wal" {
        connection.execute("pragma busy_timeout = 0").await?;
    }
    Ok(())
}

/// Begins as soon as the write lock is free, whoever holds it now.
async fn begin_to_write(writer: &SqlitePool, text: &'static str) -> Result<Transaction<'static, Sqlite>, StoreError> {
    let waits_until = Instant::now() + BUSY_TIMEOUT;
    loop {
        match writer.begin_with(text).await.map_err(StoreError::from) {
            Err(StoreError::Busy) if Instant::now() < waits_until => tokio::time::sleep(LOCK_PAUSE).await,
            begun => return begun,
        }
    }
}

async fn begin(pool: &PgPool, text: Text) -> Result<Tx, sqlx::Error> {
    Ok(Tx::Postgres(Box::new(Unnamed(pool.begin_with(text.postgres).await?))))
}

impl Tx {
    /// Makes it so.
    ///
    /// # Errors
    /// Where the database cannot, and nothing has been changed; [`StoreError::Unconfirmed`] where the connection was lost
    /// and it is not known.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => answered(transaction.commit()).await,
            Self::Postgres(transaction) => {
                answered(async { Ok(transaction.0.commit().await?) }).await.map_err(StoreError::of_commit)
            }
        }
    }

    /// Undoes it, and waits until its locks are gone. Dropping it undoes it too, but sometime.
    ///
    /// # Errors
    /// Where the connection is lost; then it is undone as well.
    pub async fn rollback(self) -> Result<(), StoreError> {
        let ended = async {
            match self {
                Self::Sqlite(transaction) => transaction.rollback().await?,
                Self::Postgres(transaction) => transaction.0.rollback().await?,
            }
            Ok(())
        };
        answered(ended).await
    }

    /// Whether rows are locked one by one, so that a claim and its counting can share one transaction.
    #[must_use]
    pub fn locks_rows(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_read_that_does_not_end_is_ended_on_sqlite_and_the_next_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new().filename(folder.path().join("x.db")).create_if_missing(true);
        let engine = Engine::sqlite(&options);
        let mut tx = engine.read().await.unwrap();
        let endless = "with recursive n(n) as (select 1 union all select n + 1 from n) select max(n) from n";
        let began = Instant::now();
        let error = tx.execute(endless).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(20) && !error.is_transient(), "{error}");
        drop(tx);
        for _ in 0..8 {
            assert_eq!(engine.read().await.unwrap().execute("select 1").await.unwrap(), 0);
        }
        engine.close().await;
    }
}
