//! Due rows whose counts come from another source than the events table. They are only looked at here; each is claimed, as
//! any other, when its source has answered.

use super::capture::{Claim, ClaimRow};
use super::engine::{Text, Tx, on_engine};
use super::error::StoreError;
use super::incident::fetch_by_ids;
use super::run::Cursor;
use crate::domain::{IncidentId, Timestamp};

const REMOTE_DUE: &str = "select p.incident_id, p.next_attempt_at, p.target_run_date, p.attempts, i.status, \
        i.date_started, i.date_closed, i.time_window_minutes, i.aggregation, i.query, i.source, i.expression, i.measure \
    from pending_snapshots p join incidents i on i.id = p.incident_id \
    where p.dead_since is null and p.next_attempt_at <= $1 and p.target_run_date <= $1 and i.source <> 'events' \
        and (p.next_attempt_at, p.incident_id) > ($2, $3) \
    order by p.next_attempt_at, p.incident_id limit $4";
// Differs because SQLite has no arrays.
const REMOTE_ROWS: Text = Text {
    sqlite: "select p.incident_id, p.next_attempt_at, p.target_run_date, p.attempts, i.status, i.date_started, \
                 i.date_closed, i.time_window_minutes, i.aggregation, i.query, i.source, i.expression, i.measure \
             from pending_snapshots p join incidents i on i.id = p.incident_id \
             where i.source <> 'events' and p.incident_id in (select value from json_each($1)) order by p.incident_id",
    postgres: "select p.incident_id, p.next_attempt_at, p.target_run_date, p.attempts, i.status, i.date_started, \
                   i.date_closed, i.time_window_minutes, i.aggregation, i.query, i.source, i.expression, i.measure \
               from pending_snapshots p join incidents i on i.id = p.incident_id \
               where i.source <> 'events' and p.incident_id = any($1) order by p.incident_id",
};
const ANY_LOCAL_DUE: &str = "select exists (select 1 from pending_snapshots p join incidents i on i.id = p.incident_id \
    where p.dead_since is null and p.next_attempt_at <= $1 and p.target_run_date <= $1 and i.source = 'events')";

impl Tx {
    /// Whether anything is due at `now` that comes from the events table, locked or not.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn anything_local_due(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        Ok(on_engine!(self, connection =>
            sqlx::query_scalar(ANY_LOCAL_DUE).bind(now.as_micros()).fetch_one(connection).await?))
    }

    /// Due rows whose counts come from elsewhere, behind a cursor, in order (rule 15). They are not claimed.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn remote_due(&mut self, now: Timestamp, after: Cursor, limit: u32) -> Result<Vec<Claim>, StoreError> {
        let rows: Vec<ClaimRow> = on_engine!(self, connection => sqlx::query_as(REMOTE_DUE)
            .bind(now.as_micros())
            .bind(after.next_attempt_at.as_micros())
            .bind(after.incident_id.value())
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?);
        rows.into_iter().map(Claim::try_from).collect()
    }

    /// Those of these rows whose counts come from elsewhere, whether due or not. They are not claimed.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn remote_rows(&mut self, ids: &[IncidentId]) -> Result<Vec<Claim>, StoreError> {
        let rows: Vec<ClaimRow> = fetch_by_ids!(self, REMOTE_ROWS, ids)?;
        rows.into_iter().map(Claim::try_from).collect()
    }
}
