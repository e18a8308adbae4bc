//! The processor's statements: claim due rows, keep their snapshots, remove them. The protocol is in `ops::capture`.

use std::time::Duration;

use super::engine::{Text, Tx};
use super::error::StoreError;
use super::incident::{fetch_by_ids, json_ids, raw_ids};
use super::run::Cursor;
use crate::domain::series::Series;
use crate::domain::window::Course;
use crate::domain::{Aggregation, Expression, IncidentId, SeriesKind, Snapshot, Status, Timestamp};

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

#[derive(sqlx::FromRow)]
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
// write lock is the claim.
const DUE: Text = Text {
    sqlite: "select p.incident_id, p.next_attempt_at, p.target_run_date, p.attempts, i.status, i.date_started, \
                 i.date_closed, i.time_window_minutes, i.aggregation, i.query, i.source, \
                 i.expression, i.measure \
             from pending_snapshots p join incidents i on i.id = p.incident_id \
             where p.dead_since is null and p.next_attempt_at <= $1 and p.target_run_date <= $1 \
                 and i.source = 'events' and (p.next_attempt_at, p.incident_id) > ($2, $3) \
             order by p.next_attempt_at, p.incident_id limit $4",
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
    sqlite: "select p.incident_id, p.next_attempt_at, p.target_run_date, p.attempts, i.status, i.date_started, \
                 i.date_closed, i.time_window_minutes, i.aggregation, i.query, i.source, \
                 i.expression, i.measure \
             from pending_snapshots p join incidents i on i.id = p.incident_id \
             where p.incident_id in (select value from json_each($1)) order by p.incident_id",
    postgres: "select p.incident_id, p.next_attempt_at, p.target_run_date, p.attempts, i.status, i.date_started, \
                   i.date_closed, i.time_window_minutes, i.aggregation, i.query, i.source, \
                 i.expression, i.measure \
               from pending_snapshots p join incidents i on i.id = p.incident_id \
               where p.incident_id = any($1) order by p.incident_id \
               for no key update of i skip locked for update of p skip locked",
};
const ANY_DUE: &str = "select exists (select 1 from pending_snapshots \
    where dead_since is null and next_attempt_at <= $1 and target_run_date <= $1)";
// Differs because SQLite has no arrays.
const COMPLETE: Text = Text {
    sqlite: "select incident_id from incident_snapshots \
             where not partial and incident_id in (select value from json_each($1))",
    postgres: "select incident_id from incident_snapshots where not partial and incident_id = any($1)",
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
// Differs because SQLite has no arrays.
const DELETE_PARTIAL_SERIES: Text = Text {
    sqlite: "delete from time_series_snapshots where revision = 0 and incident_id in \
                 (select s.incident_id from incident_snapshots s \
                  where s.partial and s.incident_id in (select value from json_each($1)))",
    postgres: "delete from time_series_snapshots where revision = 0 and incident_id in \
                   (select s.incident_id from incident_snapshots s where s.partial and s.incident_id = any($1))",
};
// Differs because SQLite has no arrays.
const DELETE_PARTIAL: Text = Text {
    sqlite: "delete from incident_snapshots where partial and incident_id in (select value from json_each($1))",
    postgres: "delete from incident_snapshots where partial and incident_id = any($1)",
};
// Differs because SQLite has no arrays: the rows come as one JSON text.
const INSERT_FACTS: Text = Text {
    sqlite: "insert into incident_snapshots (incident_id, as_of, date_added, partial, clipped, source, \
                 total_events, unique_users, measure) \
             select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, \
                 value ->> 7, value ->> 8 from json_each($1) where true",
    postgres: "insert into incident_snapshots (incident_id, as_of, date_added, partial, clipped, source, \
                   total_events, unique_users, measure) \
               select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::boolean[], $5::boolean[], \
                   $6::text[], $7::bigint[], $8::bigint[], $9::text[])",
};
// Differs as above.
const INSERT_SERIES: Text = Text {
    sqlite: "insert into time_series_snapshots (incident_id, kind, range_start, range_end, period_seconds, counts, \
                 held) \
             select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6 \
             from json_each($1) where true",
    postgres: "insert into time_series_snapshots (incident_id, kind, range_start, range_end, period_seconds, \
                   counts, held) \
               select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], \
                   $6::text[], $7::text[])",
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

/// A series as it is stored.
struct SeriesColumns {
    incident_id: i64,
    kind: &'static str,
    start: i64,
    end: i64,
    period_seconds: i64,
    counts: String,
    held: Option<String>,
}

impl SeriesColumns {
    fn new(snapshot: &Snapshot, kind: SeriesKind) -> Self {
        let series = match kind {
            SeriesKind::Windowed => &snapshot.windowed,
            SeriesKind::Lifetime => &snapshot.lifetime,
        };
        Self {
            incident_id: snapshot.facts.incident_id.value(),
            kind: kind.name(),
            start: series.range.start.as_micros(),
            end: series.range.end.as_micros(),
            period_seconds: seconds(series.period),
            counts: Series::encode_counts(&series.counts),
            held: (series.held != [series.range]).then(|| Series::encode_held(&series.held)),
        }
    }
}

fn seconds(period: Duration) -> i64 {
    i64::try_from(period.as_secs()).unwrap_or(i64::MAX)
}

/// Runs a statement whose one parameter is a list of numbers.
macro_rules! execute_by_ids {
    ($tx:expr, $text:expr, $ids:expr) => {{
        let text = $text.on($tx);
        match $tx {
            Tx::Sqlite(transaction) => {
                let executed = sqlx::query(text).bind(json_ids($ids)).execute(&mut **transaction);
                super::engine::answered(async { Ok(executed.await?.rows_affected()) }).await?
            }
            Tx::Postgres(transaction) => {
                let executed = sqlx::query(text).bind(raw_ids($ids)).execute(&mut **transaction);
                super::engine::answered(async { Ok(executed.await?.rows_affected()) }).await?
            }
        }
    }};
}

impl Tx {
    /// Claims rows: on Postgres they and their incidents are locked until the end of the transaction, and what others
    /// have locked is left out; on SQLite it takes a write transaction to make it a claim.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn claim(&mut self, claiming: &Claiming<'_>) -> Result<Vec<Claim>, StoreError> {
        let rows: Vec<ClaimRow> = match claiming {
            Claiming::Due { now, after, limit } => {
                let text = DUE.on(self);
                super::engine::on_engine!(self, connection => sqlx::query_as(text)
                    .bind(now.as_micros())
                    .bind(after.next_attempt_at.as_micros())
                    .bind(after.incident_id.value())
                    .bind(i64::from(*limit))
                    .fetch_all(connection)
                    .await?)
            }
            Claiming::Rows(ids) => fetch_by_ids!(self, ROWS, ids)?,
        };
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

    /// Which of these incidents have a complete snapshot. Asked after the claim, it sees what was committed before.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn completely_captured(&mut self, ids: &[IncidentId]) -> Result<Vec<IncidentId>, StoreError> {
        let rows: Vec<(i64,)> = fetch_by_ids!(self, COMPLETE, ids)?;
        Ok(rows.into_iter().map(|(id,)| IncidentId::new(id)).collect())
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

    /// Keeps snapshots, each instead of a partial one where there is one.
    ///
    /// # Errors
    /// Where the database cannot; also where an incident has a complete snapshot (rule 8: the schema says so).
    pub async fn insert_snapshots(&mut self, snapshots: &[Snapshot]) -> Result<(), StoreError> {
        if snapshots.is_empty() {
            return Ok(());
        }
        let ids: Vec<IncidentId> = snapshots.iter().map(|snapshot| snapshot.facts.incident_id).collect();
        execute_by_ids!(self, DELETE_PARTIAL_SERIES, &ids);
        execute_by_ids!(self, DELETE_PARTIAL, &ids);
        super::engine::answered(self.insert_facts(snapshots)).await?;
        let both = |snapshot| SeriesKind::ALL.iter().map(move |kind| SeriesColumns::new(snapshot, *kind));
        let series: Vec<SeriesColumns> = snapshots.iter().flat_map(both).collect();
        super::engine::answered(self.insert_series(&series)).await
    }

    async fn insert_facts(&mut self, snapshots: &[Snapshot]) -> Result<(), StoreError> {
        let text = INSERT_FACTS.on(self);
        let facts: Vec<_> = snapshots.iter().map(|snapshot| &snapshot.facts).collect();
        match self {
            Self::Sqlite(transaction) => {
                let rows: Vec<_> = facts
                    .iter()
                    .map(|facts| {
                        let (as_of, added) = (facts.as_of.as_micros(), facts.date_added.as_micros());
                        let flags = (i64::from(facts.partial), i64::from(facts.clipped));
                        let id = facts.incident_id.value();
                        (
                            id,
                            as_of,
                            added,
                            flags.0,
                            flags.1,
                            &facts.source,
                            facts.total_events,
                            facts.unique_users,
                            facts.measure.name(),
                        )
                    })
                    .collect();
                sqlx::query(text).bind(super::measure::json(&rows)?).execute(&mut **transaction).await?;
            }
            Self::Postgres(transaction) => {
                use super::measure::column;
                sqlx::query(text)
                    .bind(column(&facts, |facts| facts.incident_id.value()))
                    .bind(column(&facts, |facts| facts.as_of.as_micros()))
                    .bind(column(&facts, |facts| facts.date_added.as_micros()))
                    .bind(column(&facts, |facts| facts.partial))
                    .bind(column(&facts, |facts| facts.clipped))
                    .bind(column(&facts, |facts| facts.source.clone()))
                    .bind(column(&facts, |facts| facts.total_events))
                    .bind(column(&facts, |facts| facts.unique_users))
                    .bind(column(&facts, |facts| facts.measure.name().to_owned()))
                    .execute(&mut **transaction)
                    .await?;
            }
        }
        Ok(())
    }

    async fn insert_series(&mut self, series: &[SeriesColumns]) -> Result<(), StoreError> {
        let text = INSERT_SERIES.on(self);
        match self {
            Self::Sqlite(transaction) => {
                let rows: Vec<_> = series
                    .iter()
                    .map(|row| {
                        let range = (row.start, row.end);
                        (row.incident_id, row.kind, range.0, range.1, row.period_seconds, &row.counts, &row.held)
                    })
                    .collect();
                sqlx::query(text).bind(super::measure::json(&rows)?).execute(&mut **transaction).await?;
            }
            Self::Postgres(transaction) => {
                use super::measure::column;
                sqlx::query(text)
                    .bind(column(series, |row| row.incident_id))
                    .bind(column(series, |row| row.kind.to_owned()))
                    .bind(column(series, |row| row.start))
                    .bind(column(series, |row| row.end))
                    .bind(column(series, |row| row.period_seconds))
                    .bind(column(series, |row| row.counts.clone()))
                    .bind(column(series, |row| row.held.clone()))
                    .execute(&mut **transaction)
                    .await?;
            }
        }
        Ok(())
    }
}
