//! Pending snapshots: the promises, and how keeping them has gone.

use super::engine::{Text, Tx, execute, on_engine};
use super::error::StoreError;
use crate::domain::{IncidentId, PendingQueue, PendingSnapshot, Timestamp, schedule};

#[derive(sqlx::FromRow)]
pub(super) struct PendingRow {
    pub(super) incident_id: i64,
    target_run_date: i64,
    next_attempt_at: i64,
    attempts: i64,
    last_error: Option<String>,
    last_error_at: Option<i64>,
    last_host: Option<String>,
    dead_since: Option<i64>,
}

impl From<PendingRow> for PendingSnapshot {
    fn from(row: PendingRow) -> Self {
        Self {
            incident_id: IncidentId::new(row.incident_id),
            target_run_date: Timestamp::from_micros(row.target_run_date),
            next_attempt_at: Timestamp::from_micros(row.next_attempt_at),
            attempts: u32::try_from(row.attempts).unwrap_or(0),
            last_error: row.last_error,
            last_error_at: row.last_error_at.map(Timestamp::from_micros),
            last_host: row.last_host,
            dead_since: row.dead_since.map(Timestamp::from_micros),
        }
    }
}

/// What became of a row whose failure was to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It has been rescheduled since, and was left alone.
    Rescheduled,
    /// It stays as it was, dead or not.
    Kept,
    /// With this failure it is dead (rule 17).
    Died,
}

/// A failure of one row, to be recorded.
#[derive(Debug, Clone)]
pub struct Failure<'a> {
    /// Whose row.
    pub incident_id: IncidentId,
    /// The attempt that failed; a row that has been rescheduled since is left alone.
    pub next_attempt_at: Timestamp,
    /// How often it has failed, with this time.
    pub attempts: u32,
    /// Why.
    pub error: &'a str,
    /// When it is tried next.
    pub retry_at: Timestamp,
    /// When it failed.
    pub now: Timestamp,
    /// Where it failed.
    pub host: &'a str,
}

// Differs because SQLite has no arrays.
pub(super) const BY_IDS: Text = Text {
    sqlite: "select incident_id, target_run_date, next_attempt_at, attempts, last_error, last_error_at, last_host, \
                 dead_since \
             from pending_snapshots where incident_id in (select value from json_each($1))",
    postgres: "select incident_id, target_run_date, next_attempt_at, attempts, last_error, last_error_at, \
                   last_host, dead_since \
               from pending_snapshots where incident_id = any($1)",
};
const LIST: &str = "select incident_id, target_run_date, next_attempt_at, attempts, last_error, last_error_at, \
        last_host, dead_since \
    from pending_snapshots order by dead_since nulls first, next_attempt_at, incident_id limit $1";
const NEXT: &str = "select incident_id, target_run_date, next_attempt_at, attempts, last_error, last_error_at, \
        last_host, dead_since \
    from pending_snapshots where dead_since is null order by next_attempt_at, incident_id limit 1";
const LATE: &str = "select count(*), min(target_run_date) from pending_snapshots \
    where dead_since is null and next_attempt_at <= $1 and target_run_date <= $1";
const FAILED_SINCE: &str = "select incident_id, target_run_date, next_attempt_at, attempts, last_error, last_error_at, \
        last_host, dead_since \
    from pending_snapshots where last_error_at >= $1 order by incident_id limit $2";
const STRUGGLING: &str = "select incident_id, target_run_date, next_attempt_at, attempts, last_error, last_error_at, \
        last_host, dead_since \
    from pending_snapshots where dead_since is null and last_error is not null \
        and (attempts >= $1 or target_run_date <= $2) \
    order by attempts desc, incident_id limit $3";
const REPLACE: &str = "insert into pending_snapshots (incident_id, target_run_date, next_attempt_at) \
    values ($1, $2, $2) \
    on conflict (incident_id) do update set target_run_date = excluded.target_run_date, \
        next_attempt_at = excluded.next_attempt_at, attempts = 0, last_error = null, last_error_at = null, \
        last_host = null, dead_since = null";
const DELETE: &str = "delete from pending_snapshots where incident_id = $1";
const RETRY: &str = "update pending_snapshots set next_attempt_at = $2, dead_since = null, attempts = 0 \
    where incident_id = $1";
const PUT_OFF: &str =
    "update pending_snapshots set next_attempt_at = $3 where incident_id = $1 and next_attempt_at = $2";
const FAIL: &str = "update pending_snapshots set attempts = $3, last_error = $4, last_error_at = $5, last_host = $6, \
        next_attempt_at = $7, dead_since = case when $3 >= $8 then coalesce(dead_since, $5) end \
    where incident_id = $1 and next_attempt_at = $2 \
    returning dead_since";
/// What is tried again: after a failure, after a fault that was not counted, or because an operator wants it. A row that
/// an operator forced early and that failed is not due before its target either.
const NEXT_RETRY: &str = "select min(case when next_attempt_at > target_run_date then next_attempt_at \
        else target_run_date end) \
    from pending_snapshots where dead_since is null and (attempts > 0 or next_attempt_at > target_run_date)";

/// Bytes of an error that are kept.
const ERROR_LIMIT: usize = 500;

impl Tx {
    /// Puts an attempt off, which is no failure; a row that has been rescheduled since is left alone.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn put_off(&mut self, id: IncidentId, attempt: Timestamp, until: Timestamp) -> Result<(), StoreError> {
        execute!(self, sqlx::query(PUT_OFF).bind(id.value()).bind(attempt.as_micros()).bind(until.as_micros()));
        Ok(())
    }

    /// Every pending snapshot, what is tried next first and dead ones last.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn pending_list(&mut self, limit: Option<u32>) -> Result<Vec<PendingSnapshot>, StoreError> {
        let limit = limit.map_or(i64::MAX, i64::from);
        let rows: Vec<PendingRow> =
            on_engine!(self, connection => sqlx::query_as(LIST).bind(limit).fetch_all(connection).await?);
        Ok(rows.into_iter().map(PendingSnapshot::from).collect())
    }

    /// What is tried next, and how many should have been taken because they were due by `late_until`.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn pending_queue(&mut self, late_until: Timestamp) -> Result<PendingQueue, StoreError> {
        let next: Option<PendingRow> =
            on_engine!(self, connection => sqlx::query_as(NEXT).fetch_optional(connection).await?);
        let (late, since): (i64, Option<i64>) = on_engine!(self, connection => sqlx::query_as(LATE)
            .bind(late_until.as_micros())
            .fetch_one(connection)
            .await?);
        Ok(PendingQueue {
            next: next.map(PendingSnapshot::from),
            late: late.unsigned_abs(),
            late_since: since.map(Timestamp::from_micros),
        })
    }

    /// The pending snapshots that failed at `since` or later, by their incident, `limit` at most.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn failed_since(&mut self, since: Timestamp, limit: u32) -> Result<Vec<PendingSnapshot>, StoreError> {
        let rows: Vec<PendingRow> = on_engine!(self, connection => sqlx::query_as(FAILED_SINCE)
            .bind(since.as_micros())
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?);
        Ok(rows.into_iter().map(PendingSnapshot::from).collect())
    }

    /// The living ones whose last attempt failed and that have failed so often, or should have been captured by `late`:
    /// those that failed most, `limit` at most.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn struggling(
        &mut self,
        attempts: u32,
        late: Timestamp,
        limit: u32,
    ) -> Result<Vec<PendingSnapshot>, StoreError> {
        let rows: Vec<PendingRow> = on_engine!(self, connection => sqlx::query_as(STRUGGLING)
            .bind(i64::from(attempts))
            .bind(late.as_micros())
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?);
        Ok(rows.into_iter().map(PendingSnapshot::from).collect())
    }

    /// Promises a snapshot at `target`, instead of any earlier promise (rule 6).
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn replace_pending(&mut self, id: IncidentId, target: Timestamp) -> Result<(), StoreError> {
        execute!(self, sqlx::query(REPLACE).bind(id.value()).bind(target.as_micros()));
        Ok(())
    }

    /// Takes a promise back; whether there was one.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn delete_pending(&mut self, id: IncidentId) -> Result<bool, StoreError> {
        let deleted = execute!(self, sqlx::query(DELETE).bind(id.value()));
        Ok(deleted > 0)
    }

    /// Gives a failed or dead row another eight attempts, the first of them at `next_attempt_at`.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn revive_pending(&mut self, id: IncidentId, next_attempt_at: Timestamp) -> Result<(), StoreError> {
        execute!(self, sqlx::query(RETRY).bind(id.value()).bind(next_attempt_at.as_micros()));
        Ok(())
    }

    /// Records a failure (rule 17), unless the row has been rescheduled since.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn record_failure(&mut self, failure: &Failure<'_>) -> Result<Recorded, StoreError> {
        let error: String = crate::domain::text::shorten(failure.error, ERROR_LIMIT);
        let now = failure.now.as_micros();
        let row: Option<(Option<i64>,)> = on_engine!(self, connection => sqlx::query_as(FAIL)
            .bind(failure.incident_id.value())
            .bind(failure.next_attempt_at.as_micros())
            .bind(i64::from(failure.attempts))
            .bind(error)
            .bind(now)
            .bind(failure.host)
            .bind(failure.retry_at.as_micros())
            .bind(i64::from(schedule::MAX_ATTEMPTS))
            .fetch_optional(connection)
            .await?);
        Ok(match row {
            None => Recorded::Rescheduled,
            Some((Some(dead_since),)) if dead_since == now => Recorded::Died,
            Some(_) => Recorded::Kept,
        })
    }

    /// When the earliest failed row is to be tried again.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn next_retry(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let next: Option<i64> =
            on_engine!(self, connection => sqlx::query_scalar(NEXT_RETRY).fetch_one(connection).await?);
        Ok(next.map(Timestamp::from_micros))
    }
}
