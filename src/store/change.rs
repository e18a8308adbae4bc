//! Whether anything has changed: cheap to ask, so that an idle console need not read its lists again.
//!
//! Two questions, the dearer one only where the first says that something was committed:
//!
//! 1. Has anybody committed anything, be it an event or a sign of life? Each engine knows that by itself.
//! 2. Has anything changed that lists of incidents are made of? Counts and sums over what is only ever added to, or
//!    changes a number with every change.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use super::Store;
use super::engine::{Engine, Tx, answered, on_engine};
use super::error::StoreError;

/// What had been committed at a moment. Between two equal ones nothing was, by whomever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitMark(String);

/// What incidents, their pending snapshots and their snapshots come to. Between two equal ones nothing of them changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(Vec<i64>);

// Differs because SQLite counts the commits of others for each connection, while Postgres says which transactions are
// over: one that commits later had been on the list of those under way, or beyond its end.
const SQLITE_MARK: &str = "pragma data_version";
const POSTGRES_MARK: &str = "select cast(pg_current_snapshot() as text)";

/// Every change of an incident adds an activity. A capture adds or replaces a snapshot, and what becomes of a promise
/// changes one of its numbers. Sums are of remainders, since instants themselves would overflow.
const FINGERPRINT: &str = "select \
    (select count(*) from incident_activities), \
    (select coalesce(max(id), 0) from incident_activities), \
    a.rows, a.added, p.rows, p.targets, p.attempts_at, p.attempts, p.dead \
    from (select count(*) as rows, cast(coalesce(sum(date_added % 1000000007), 0) as bigint) as added \
            from incident_snapshots) a, \
        (select count(*) as rows, \
            cast(coalesce(sum(target_run_date % 1000000007), 0) as bigint) as targets, \
            cast(coalesce(sum(next_attempt_at % 1000000007), 0) as bigint) as attempts_at, \
            cast(coalesce(sum(attempts), 0) as bigint) as attempts, \
            count(dead_since) as dead \
            from pending_snapshots) p";

impl Store {
    /// What has been committed so far.
    ///
    /// # Errors
    /// Where the database cannot be asked.
    pub async fn commit_mark(&self) -> Result<CommitMark, StoreError> {
        let asked = async {
            Ok(match &self.engine {
                Engine::Sqlite { watcher, file, .. } => {
                    file.check()?;
                    watcher.mark().await?
                }
                // A simple query, as `Store::now`.
                Engine::Postgres(pool) => sqlx::raw_sql(POSTGRES_MARK).fetch_one(pool).await?.try_get(0)?,
            })
        };
        answered(asked).await.map(CommitMark)
    }
}

/// A connection to a database file that is asked for nothing else.
///
/// SQLite counts the commits of all connections but the one that asks, and each connection counts for itself: the number
/// of the connection is part of the mark.
#[derive(Debug, Clone)]
pub(super) struct Watcher {
    pool: SqlitePool,
    opened: Arc<AtomicU64>,
}

impl Watcher {
    pub(super) fn new(pool: SqlitePoolOptions, options: SqliteConnectOptions) -> Self {
        let opened = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&opened);
        let pool = pool.after_connect(move |_, _| {
            counter.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Ok(()) })
        });
        Self { pool: pool.connect_lazy_with(options), opened }
    }

    async fn mark(&self) -> Result<String, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        let version: i64 = sqlx::query_scalar(SQLITE_MARK).fetch_one(&mut *connection).await?;
        Ok(format!("{}:{version}", self.opened.load(Ordering::SeqCst)))
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

impl Tx {
    /// What everything in a list of incidents comes to.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn fingerprint(&mut self) -> Result<Fingerprint, StoreError> {
        let row: (i64, i64, i64, i64, i64, i64, i64, i64, i64) =
            on_engine!(self, connection => sqlx::query_as(FINGERPRINT).fetch_one(connection).await?);
        Ok(Fingerprint(vec![row.0, row.1, row.2, row.3, row.4, row.5, row.6, row.7, row.8]))
    }
}
