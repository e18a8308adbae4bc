//! The processor's statements: claim due rows, keep their snapshots, remove them. The protocol is in `ops::capture`.

use super::engine::{Text, Tx, answered};
use super::error::StoreError;
use super::packed::fetch_packed_by_ids;
use super::run::Cursor;
use crate::domain::window::Course;
use crate::domain::{Aggregation, Expression, IncidentId, Status, Timestamp};

/// A pending row with what decides its capture, as of one statement. On Postgres both rows are locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose it is.
    pub incident_id: IncidentId,
    /// The attempt that this claim is.
    pub next_attempt_at: Timestamp,
    /// When its complete snapshot may be captured.
    pub target_run_date: Timestamp,
    /// How often it has failed.
    pub attempts: u32,
    /// The incident's status.
    pub status: Status,
    /// What decides the incident's ranges.
    pub course: Course,
    /// What a bucket counts.
    pub aggregation: Aggregation,
    /// The query as it was written.
    pub query: String,
    /// What another source is asked instead.
    pub expression: Option<Expression>,
}

/// Which rows are claimed.
#[derive(Debug, Clone)]
pub enum Claiming<'a> {
    /// The due rows behind a cursor, in order (rule 15).
    Due {
        /// As of when.
        now: Timestamp,
        /// Behind which row.
        after: Cursor,
        /// At most so many.
        limit: u32,
    },
    /// These rows, if nobody else has them, whether due or not.
    Rows(&'a [IncidentId]),
}

#[derive(sqlx::FromRow, serde::Deserialize)]
pub(super) struct ClaimRow {
    incident_id: i64,
    next_attempt_at: i64,
    target_run_date: i64,
    attempts: i64,
    status: String,
    date_started: i64,
    date_closed: Option<i64>,
    time_window_minutes: i64,
    aggregation: String,
    query: String,
    source: String,
    expression: Option<String>,
    measure: String,
}

// Differs because Postgres locks the rows that it claims and leaves out what others have locked, while SQLite's one
// write lock is the claim; and because SQLite packs its rows.
const DUE: Text = Text {
    sqlite: "select json_group_array(json_array(incident_id, next_attempt_at, target_run_date, attempts, status, \
                 date_started, date_closed, time_window_minutes, aggregation, query, source, expression, measure)) from ( \
             select p.incident_id, p.next_attempt_at, p.target_run_date, p.attempts, i.status, i.date_started, \
                 i.date_closed, i.time_window_minutes, i.aggregation, i.query, i.source, i.expression, i.measure \
             from pending_snapshots p join incidents i on i.id = p.incident_id \
             where p.dead_since is null and p.next_attempt_at <= $1 and p.target_run_date <= $1 \
                 and i.source = 'events' and (p.next_attempt_at, p.incident_id) > ($2, $3) \
             order by p.next_attempt_at, p.incident_id limit $4)",
    postgres: "select p.incident_id, p.next_attempt_at, p.target_run_date, p.attempts, i.status, i.date_started, \
                   i.date_closed, i.time_window_minutes, i.aggregation, i.query, i.source, \
                 i.expression, i.measure \
               from pending_snapshots p join incidents i on i.id = p.incident_id \
               where p.dead_since is null and p.next_attempt_at <= $1 and p.target_run_date <= $1 \
                   and i.source = 'events' and (p.next_attempt_at, p.incident_id) > ($2, $3) \
               order by p.next_attempt_at, p.incident_id limit $4 \
               for no key update of i skip locked for update of p skip locked",
};
// Differs as above, and because SQLite has no arrays.
const ROWS: Text = Text {
    sqlite: "select json_group_array(json_array(incident_id, next_attempt_at, target_run_date, attempts, status, \
                 date_started, date_closed, time_window_minutes, aggregation, query, source, expression, measure)) from ( \
             select p.incident_id, p.next_attempt_at, p.target_run_date, p.attempts, i.status, i.date_started, \
                 i.date_closed, i.time_window_minutes, i.aggregation, i.query, i.source, i.expression, i.measure \
             from pending_snapshots p join incidents i on i.id = p.incident_id \
             where p.incident_id in (select value from json_each($1)))",
    postgres: "select p.incident_id, p.next_attempt_at, p.target_run_date, p.attempts, i.status, i.date_started, \
                   i.date_closed, i.time_window_minutes, i.aggregation, i.query, i.source, \
                 i.expression, i.measure \
               from pending_snapshots p join incidents i on i.id = p.incident_id \
               where p.incident_id = any($1) order by p.incident_id \
               for no key update of i skip locked for update of p skip locked",
};
const ANY_DUE: &str = "select exists (select 1 from pending_snapshots \
    where dead_since is null and next_attempt_at <= $1 and target_run_date <= $1)";
// Differs because SQLite has no arrays, packs its rows, and has no word for what is true.
const KEPT: Text = Text {
    sqlite: "select json_group_array(json_array(incident_id, json(iif(partial, 'true', 'false')))) \
             from incident_snapshots where incident_id in (select value from json_each($1))",
    postgres: "select incident_id, partial from incident_snapshots where incident_id = any($1)",
};
// Differs because SQLite has no arrays.
const DELETE_PENDING: Text = Text {
    sqlite: "delete from pending_snapshots where incident_id in (select value from json_each($1))",
    postgres: "delete from pending_snapshots where incident_id = any($1)",
};
// Differs because SQLite has no arrays.
const SETTLE_PENDING: Text = Text {
    sqlite: "update pending_snapshots set next_attempt_at = target_run_date, attempts = 0, last_error = null, \
                 last_error_at = null, last_host = null, dead_since = null \
             where incident_id in (select value from json_each($1))",
    postgres: "update pending_snapshots set next_attempt_at = target_run_date, attempts = 0, last_error = null, \
                   last_error_at = null, last_host = null, dead_since = null where incident_id = any($1)",
};
impl TryFrom<ClaimRow> for Claim {
    type Error = StoreError;

    fn try_from(row: ClaimRow) -> Result<Self, StoreError> {
        Ok(Self {
            incident_id: IncidentId::new(row.incident_id),
            next_attempt_at: Timestamp::from_micros(row.next_attempt_at),
            target_run_date: Timestamp::from_micros(row.target_run_date),
            attempts: u32::try_from(row.attempts).unwrap_or(0),
            status: super::incident::named(&row.status)?,
            course: Course {
                date_started: Timestamp::from_micros(row.date_started),
                date_closed: row.date_closed.map(Timestamp::from_micros),
                time_window: super::incident::time_window(row.time_window_minutes)?,
            },
            aggregation: super::incident::named(&row.aggregation)?,
            query: row.query,
            expression: super::incident::expression(row.source, row.expression, &row.measure)?,
        })
    }
}

/// Runs a statement whose one parameter is a list of numbers.
macro_rules! execute_by_ids {
    ($tx:expr, $text:expr, $ids:expr) => {{
        let text = $text.on($tx);
        match $tx {
            Tx::Sqlite(transaction) => {
                let executed = sqlx::query(text).bind(super::incident::json_ids($ids)).execute(&mut **transaction);
                super::engine::answered(async { Ok(executed.await?.rows_affected()) }).await?
            }
            Tx::Postgres(transaction) => {
                let executed = sqlx::query(text).bind(super::incident::raw_ids($ids)).execute(&mut **transaction);
                super::engine::answered(async { Ok(executed.await?.rows_affected()) }).await?
            }
        }
    }};
}
pub(super) use execute_by_ids;

impl Tx {
    /// Claims rows: on Postgres they and their incidents are locked until the end of the transaction, and what others
    /// have locked is left out; on SQLite it takes a write transaction to make it a claim.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn claim(&mut self, claiming: &Claiming<'_>) -> Result<Vec<Claim>, StoreError> {
        let mut rows: Vec<ClaimRow> = match claiming {
            Claiming::Due { now, after, limit } => {
                let text = DUE.on(self);
                let (now, limit) = (now.as_micros(), i64::from(*limit));
                let (after, incident) = (after.next_attempt_at.as_micros(), after.incident_id.value());
                match self {
                    Self::Sqlite(transaction) => {
                        let query = sqlx::query_scalar(text).bind(now).bind(after).bind(incident).bind(limit);
                        let packed: String = answered(async { Ok(query.fetch_one(&mut **transaction).await?) }).await?;
                        super::packed::rows(&packed)?
                    }
                    Self::Postgres(transaction) => {
                        let query = sqlx::query_as(text).bind(now).bind(after).bind(incident).bind(limit);
                        answered(async { Ok(query.fetch_all(&mut **transaction).await?) }).await?
                    }
                }
            }
            Claiming::Rows(ids) => fetch_packed_by_ids!(self, ROWS, ids)?,
        };
        rows.sort_unstable_by_key(|row| (row.next_attempt_at, row.incident_id));
        rows.into_iter().map(Claim::try_from).collect()
    }

    /// Whether anything is due at `now`, locked or not.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn anything_due(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        Ok(super::engine::on_engine!(self, connection =>
            sqlx::query_scalar(ANY_DUE).bind(now.as_micros()).fetch_one(connection).await?))
    }

    /// Which of these incidents have a snapshot, and whether it is partial. Asked after the claim, it sees what was committed
    /// before.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn kept(&mut self, ids: &[IncidentId]) -> Result<Vec<(IncidentId, bool)>, StoreError> {
        let rows: Vec<(i64, bool)> = fetch_packed_by_ids!(self, KEPT, ids)?;
        Ok(rows.into_iter().map(|(id, partial)| (IncidentId::new(id), partial)).collect())
    }

    /// Removes pending rows; how many there were.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn delete_pending_rows(&mut self, ids: &[IncidentId]) -> Result<u64, StoreError> {
        if ids.is_empty() {
            return Ok(0);
        }
        Ok(execute_by_ids!(self, DELETE_PENDING, ids))
    }

    /// Forgets what went wrong with rows before, so that each is tried at its target.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn settle_pending_rows(&mut self, ids: &[IncidentId]) -> Result<(), StoreError> {
        if !ids.is_empty() {
            execute_by_ids!(self, SETTLE_PENDING, ids);
        }
        Ok(())
    }
}
