//! What was frozen of incidents whose counts come from elsewhere, until their complete capture.

use std::time::Duration;

use super::engine::{Text, Tx, execute, on_engine};
use super::error::StoreError;
use super::incident::{fetch_by_ids, json_ids, raw_ids};
use crate::domain::window::Range;
use crate::domain::{Freezing, IncidentId, Series, Timestamp};

#[derive(sqlx::FromRow)]
struct FrozenRow {
    incident_id: i64,
    range_start: i64,
    range_end: i64,
    period_seconds: i64,
    counts: String,
    held: String,
}

#[derive(sqlx::FromRow)]
struct FreezingRow {
    date_closed: Option<i64>,
    range_end: Option<i64>,
    last_error: Option<String>,
    next_attempt_at: i64,
}

// Differs because SQLite has no arrays.
const FROZEN: Text = Text {
    sqlite: "select incident_id, range_start, range_end, period_seconds, counts, held from frozen_series \
             where counts is not null and incident_id in (select value from json_each($1)) order by incident_id",
    postgres: "select incident_id, range_start, range_end, period_seconds, counts, held from frozen_series \
               where counts is not null and incident_id = any($1) order by incident_id",
};
const FREEZING: &str =
    "select date_closed, range_end, last_error, next_attempt_at from frozen_series where incident_id = $1";
const TO_FREEZE: &str = "select i.id from pending_snapshots p join incidents i on i.id = p.incident_id \
        left join frozen_series f on f.incident_id = i.id \
    where i.source <> 'events' and i.status = 'closed' and coalesce(f.next_attempt_at, 0) <= $1 \
        and (f.date_closed is null or f.date_closed <> i.date_closed) \
    order by i.id limit $2";
const FREEZE: &str = "insert into frozen_series (incident_id, date_closed, next_attempt_at, attempts, last_error, \
        range_start, range_end, period_seconds, counts, held) \
    values ($1, $2, 0, 0, null, $3, $4, $5, $6, $7) \
    on conflict (incident_id) do update set date_closed = excluded.date_closed, next_attempt_at = 0, attempts = 0, \
        last_error = null, range_start = excluded.range_start, range_end = excluded.range_end, \
        period_seconds = excluded.period_seconds, counts = excluded.counts, held = excluded.held";
const FAIL: &str = "insert into frozen_series (incident_id, next_attempt_at, attempts, last_error) \
    values ($1, $2, 1, $3) \
    on conflict (incident_id) do update set next_attempt_at = excluded.next_attempt_at, \
        attempts = frozen_series.attempts + 1, last_error = excluded.last_error";
const ATTEMPTS: &str = "select attempts from frozen_series where incident_id = $1";
// Differs because SQLite has no arrays.
const DELETE: Text = Text {
    sqlite: "delete from frozen_series where incident_id in (select value from json_each($1))",
    postgres: "delete from frozen_series where incident_id = any($1)",
};

impl Tx {
    /// What is frozen of these incidents, in buckets of their time window.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn frozen(&mut self, ids: &[IncidentId]) -> Result<Vec<(IncidentId, Series)>, StoreError> {
        let rows: Vec<FrozenRow> = fetch_by_ids!(self, FROZEN, ids)?;
        let series = |row: FrozenRow| {
            let damaged = |error: crate::domain::series::SeriesError| StoreError::Damaged(error.to_string());
            let series = Series {
                range: Range::new(Timestamp::from_micros(row.range_start), Timestamp::from_micros(row.range_end)),
                period: Duration::from_secs(u64::try_from(row.period_seconds).unwrap_or(0).max(1)),
                counts: Series::decode_counts(&row.counts).map_err(damaged)?,
                held: Series::decode_held(&row.held).map_err(damaged)?,
            };
            Ok((IncidentId::new(row.incident_id), series))
        };
        rows.into_iter().map(series).collect()
    }

    /// How far the first half of an incident's capture is; `None` where it was neither done nor tried.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn freezing(&mut self, id: IncidentId) -> Result<Option<Freezing>, StoreError> {
        let row: Option<FreezingRow> = on_engine!(self, connection =>
            sqlx::query_as(FREEZING).bind(id.value()).fetch_optional(connection).await?);
        Ok(row.map(|row| Freezing {
            date_closed: row.date_closed.map(Timestamp::from_micros),
            until: row.range_end.map(Timestamp::from_micros),
            last_error: row.last_error,
            next_attempt_at: Timestamp::from_micros(row.next_attempt_at),
        }))
    }

    /// Closed incidents whose counts come from elsewhere and that are not frozen as of their close, where that may be
    /// tried at `now`.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn incidents_to_freeze(&mut self, now: Timestamp, limit: u32) -> Result<Vec<IncidentId>, StoreError> {
        let ids: Vec<i64> = on_engine!(self, connection => sqlx::query_scalar(TO_FREEZE)
            .bind(now.as_micros())
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?);
        Ok(ids.into_iter().map(IncidentId::new).collect())
    }

    /// Keeps what a source held of an incident when it was closed at `date_closed`.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn freeze(&mut self, id: IncidentId, date_closed: Timestamp, series: &Series) -> Result<(), StoreError> {
        execute!(
            self,
            sqlx::query(FREEZE)
                .bind(id.value())
                .bind(date_closed.as_micros())
                .bind(series.range.start.as_micros())
                .bind(series.range.end.as_micros())
                .bind(i64::try_from(series.period.as_secs()).unwrap_or(i64::MAX))
                .bind(Series::encode_counts(&series.counts))
                .bind(Series::encode_held(&series.held))
        );
        Ok(())
    }

    /// How often an incident could not be frozen.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn freezing_attempts(&mut self, id: IncidentId) -> Result<u32, StoreError> {
        let attempts: Option<i64> = on_engine!(self, connection =>
            sqlx::query_scalar(ATTEMPTS).bind(id.value()).fetch_optional(connection).await?);
        Ok(u32::try_from(attempts.unwrap_or(0)).unwrap_or(0))
    }

    /// Records that an incident could not be frozen, and when that is tried again.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn fail_freezing(&mut self, id: IncidentId, retry_at: Timestamp, error: &str) -> Result<(), StoreError> {
        execute!(self, sqlx::query(FAIL).bind(id.value()).bind(retry_at.as_micros()).bind(error));
        Ok(())
    }

    /// Lets go of what was frozen of these incidents: it is part of their snapshots now.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn delete_frozen(&mut self, ids: &[IncidentId]) -> Result<(), StoreError> {
        let text = DELETE.on(self);
        match self {
            Self::Sqlite(transaction) => {
                let executed = sqlx::query(text).bind(json_ids(ids)).execute(&mut **transaction);
                super::engine::answered(async { Ok(executed.await?) }).await?;
            }
            Self::Postgres(transaction) => {
                let executed = sqlx::query(text).bind(raw_ids(ids)).execute(&mut **transaction);
                super::engine::answered(async { Ok(executed.await?) }).await?;
            }
        }
        Ok(())
    }
}
