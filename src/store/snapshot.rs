//! What was kept: current snapshots, superseded ones, and their series.

use std::time::Duration;

use super::engine::{Text, Tx, execute, on_engine};
use super::error::StoreError;
use crate::domain::window::Range;
use crate::domain::{IncidentId, Series, SeriesKind, Snapshot, SnapshotFacts, SupersededSnapshot, Timestamp};

#[derive(sqlx::FromRow)]
pub(super) struct FactsRow {
    pub(super) incident_id: i64,
    as_of: i64,
    date_added: i64,
    partial: bool,
    clipped: bool,
    source: String,
    measure: String,
    total_events: Option<i64>,
    unique_users: Option<i64>,
}

impl TryFrom<FactsRow> for SnapshotFacts {
    type Error = StoreError;

    fn try_from(row: FactsRow) -> Result<Self, StoreError> {
        Ok(Self {
            incident_id: IncidentId::new(row.incident_id),
            as_of: Timestamp::from_micros(row.as_of),
            date_added: Timestamp::from_micros(row.date_added),
            partial: row.partial,
            clipped: row.clipped,
            source: row.source,
            measure: super::incident::named(&row.measure)?,
            total_events: row.total_events,
            unique_users: row.unique_users,
        })
    }
}

#[derive(sqlx::FromRow)]
struct SupersededRow {
    #[sqlx(flatten)]
    facts: FactsRow,
    superseded_at: i64,
}

#[derive(sqlx::FromRow)]
struct SeriesRow {
    incident_id: i64,
    kind: String,
    range_start: i64,
    range_end: i64,
    period_seconds: i64,
    counts: String,
    held: Option<String>,
}

impl TryFrom<SeriesRow> for Series {
    type Error = StoreError;

    fn try_from(row: SeriesRow) -> Result<Self, StoreError> {
        let damaged = |error: crate::domain::series::SeriesError| StoreError::Damaged(error.to_string());
        let range = Range::new(Timestamp::from_micros(row.range_start), Timestamp::from_micros(row.range_end));
        let period = u64::try_from(row.period_seconds).unwrap_or(0);
        Ok(Self {
            range,
            period: Duration::from_secs(period.max(1)),
            counts: Series::decode_counts(&row.counts).map_err(damaged)?,
            held: match row.held {
                None => vec![range],
                Some(held) => Series::decode_held(&held).map_err(damaged)?,
            },
        })
    }
}

// Differs because SQLite has no arrays.
pub(super) const FACTS_BY_IDS: Text = Text {
    sqlite: "select incident_id, as_of, date_added, partial, clipped, source, measure, total_events, unique_users \
             from incident_snapshots where incident_id in (select value from json_each($1))",
    postgres: "select incident_id, as_of, date_added, partial, clipped, source, measure, total_events, unique_users \
               from incident_snapshots where incident_id = any($1)",
};
// Differs because SQLite has no arrays.
const SERIES: Text = Text {
    sqlite: "select incident_id, kind, range_start, range_end, period_seconds, counts, held \
             from time_series_snapshots \
             where revision = 0 and incident_id in (select value from json_each($1)) order by incident_id, kind",
    postgres: "select incident_id, kind, range_start, range_end, period_seconds, counts, held \
               from time_series_snapshots \
               where revision = 0 and incident_id = any($1) order by incident_id, kind",
};
const LIST: &str = "select incident_id, as_of, date_added, partial, clipped, source, measure, total_events, unique_users \
    from incident_snapshots order by date_added desc, incident_id desc limit $1";
const SUPERSEDED: &str = "select incident_id, as_of, date_added, partial, clipped, source, measure, total_events, \
        unique_users, superseded_at \
    from superseded_snapshots where incident_id = $1 order by revision desc";
const NEXT_REVISION: &str = "select coalesce(max(revision), 0) + 1 from superseded_snapshots where incident_id = $1";
const SUPERSEDE_FACTS: &str = "insert into superseded_snapshots (incident_id, revision, superseded_at, as_of, \
        date_added, partial, clipped, source, measure, total_events, unique_users) \
    select incident_id, $2, $3, as_of, date_added, partial, clipped, source, measure, total_events, unique_users \
    from incident_snapshots where incident_id = $1 and not partial";
const SUPERSEDE_SERIES: &str = "update time_series_snapshots set revision = $2 where incident_id = $1 and revision = 0";
const DELETE_SERIES: &str = "delete from time_series_snapshots where incident_id = $1 and revision = 0";
const DELETE_FACTS: &str = "delete from incident_snapshots where incident_id = $1";

impl Tx {
    /// The current snapshot of an incident, with its series.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn snapshot(&mut self, id: IncidentId) -> Result<Option<Snapshot>, StoreError> {
        Ok(self.snapshots_of(&[id]).await?.pop())
    }

    /// The current snapshots of these incidents, with their series, in ascending order of the incident.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn snapshots_of(&mut self, ids: &[IncidentId]) -> Result<Vec<Snapshot>, StoreError> {
        let mut facts: Vec<FactsRow> = super::incident::fetch_by_ids!(self, FACTS_BY_IDS, ids)?;
        facts.sort_by_key(|row| row.incident_id);
        let series: Vec<SeriesRow> = super::incident::fetch_by_ids!(self, SERIES, ids)?;
        let mut series = series.into_iter().peekable();
        let mut snapshots = Vec::with_capacity(facts.len());
        for facts in facts {
            let (mut windowed, mut lifetime) = (None, None);
            while series.next_if(|row| row.incident_id < facts.incident_id).is_some() {}
            while let Some(row) = series.next_if(|row| row.incident_id == facts.incident_id) {
                match super::incident::named(&row.kind)? {
                    SeriesKind::Windowed => windowed = Some(Series::try_from(row)?),
                    SeriesKind::Lifetime => lifetime = Some(Series::try_from(row)?),
                }
            }
            let missing =
                || StoreError::Damaged(format!("the snapshot of incident {} has no series", facts.incident_id));
            let (windowed, lifetime) = (windowed.ok_or_else(missing)?, lifetime.ok_or_else(missing)?);
            snapshots.push(Snapshot { facts: facts.try_into()?, windowed, lifetime });
        }
        Ok(snapshots)
    }

    /// Current snapshots without their series, newest first.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn snapshot_list(&mut self, limit: Option<u32>) -> Result<Vec<SnapshotFacts>, StoreError> {
        let limit = limit.map_or(i64::MAX, i64::from);
        let rows: Vec<FactsRow> =
            on_engine!(self, connection => sqlx::query_as(LIST).bind(limit).fetch_all(connection).await?);
        rows.into_iter().map(SnapshotFacts::try_from).collect()
    }

    /// The snapshots of an incident that are no longer current, the latest first.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn superseded(&mut self, id: IncidentId) -> Result<Vec<SupersededSnapshot>, StoreError> {
        let rows: Vec<SupersededRow> =
            on_engine!(self, connection => sqlx::query_as(SUPERSEDED).bind(id.value()).fetch_all(connection).await?);
        let superseded = |row: SupersededRow| {
            let superseded_at = Timestamp::from_micros(row.superseded_at);
            Ok(SupersededSnapshot { facts: row.facts.try_into()?, superseded_at })
        };
        rows.into_iter().map(superseded).collect()
    }

    /// Leaves an incident without a current snapshot (rule 7): a complete one is kept as superseded, a partial one goes.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn supersede_snapshot(&mut self, id: IncidentId, now: Timestamp) -> Result<(), StoreError> {
        let revision: i64 = on_engine!(self, connection => sqlx::query_scalar(NEXT_REVISION)
            .bind(id.value())
            .fetch_one(connection)
            .await?);
        let kept = execute!(self, sqlx::query(SUPERSEDE_FACTS).bind(id.value()).bind(revision).bind(now.as_micros()));
        if kept > 0 {
            execute!(self, sqlx::query(SUPERSEDE_SERIES).bind(id.value()).bind(revision));
        }
        for text in [DELETE_SERIES, DELETE_FACTS] {
            execute!(self, sqlx::query(text).bind(id.value()));
        }
        Ok(())
    }
}
