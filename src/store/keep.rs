//! Keeps snapshots.

use std::time::Duration;

use sqlx::{QueryBuilder, Sqlite};

use super::capture::execute_by_ids;
use super::engine::{Text, Tx, answered};
use super::error::StoreError;
use super::measure::column;
use crate::domain::series::Series;
use crate::domain::{IncidentId, SeriesKind, Snapshot, SnapshotFacts};

/// Rows of one statement on SQLite. Its text is the same again wherever the number of rows is, and then it stays prepared.
const CHUNK: usize = 250;
/// Numbers of rows that come again: batches are multiples of it.
const STEP: usize = crate::domain::schedule::FIRST_BATCH as usize;

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
// Differs because SQLite has no arrays: there the values follow.
const INSERT_FACTS: Text = Text {
    sqlite: "insert into incident_snapshots (incident_id, as_of, date_added, partial, clipped, source, \
                 total_events, unique_users, measure) ",
    postgres: "insert into incident_snapshots (incident_id, as_of, date_added, partial, clipped, source, \
                   total_events, unique_users, measure) \
               select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::boolean[], $5::boolean[], \
                   $6::text[], $7::bigint[], $8::bigint[], $9::text[])",
};
// Differs as above.
const INSERT_SERIES: Text = Text {
    sqlite: "insert into time_series_snapshots (incident_id, kind, range_start, range_end, period_seconds, counts, \
                 held) ",
    postgres: "insert into time_series_snapshots (incident_id, kind, range_start, range_end, period_seconds, \
                   counts, held) \
               select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], \
                   $6::text[], $7::text[])",
};

/// A snapshot as it is stored, so that nothing is left to be encoded under a lock.
#[derive(Debug, Clone)]
pub struct SnapshotRow {
    /// What there is one of.
    pub facts: SnapshotFacts,
    series: [SeriesColumns; 2],
}

/// A series as it is stored.
#[derive(Debug, Clone)]
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
    fn new(id: IncidentId, kind: SeriesKind, series: &Series) -> Self {
        Self {
            incident_id: id.value(),
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

impl From<Snapshot> for SnapshotRow {
    fn from(snapshot: Snapshot) -> Self {
        let id = snapshot.facts.incident_id;
        let windowed = SeriesColumns::new(id, SeriesKind::Windowed, &snapshot.windowed);
        let lifetime = SeriesColumns::new(id, SeriesKind::Lifetime, &snapshot.lifetime);
        Self { facts: snapshot.facts, series: [windowed, lifetime] }
    }
}

impl Tx {
    /// Keeps snapshots, those of the incidents `instead` in the place of their partial ones.
    ///
    /// # Errors
    /// Where the database cannot; also where an incident has a snapshot that is to stay (rule 8: the schema says so).
    pub async fn insert_snapshots(
        &mut self,
        snapshots: &[SnapshotRow],
        instead: &[IncidentId],
    ) -> Result<(), StoreError> {
        if !instead.is_empty() {
            execute_by_ids!(self, DELETE_PARTIAL_SERIES, instead);
            execute_by_ids!(self, DELETE_PARTIAL, instead);
        }
        if !snapshots.is_empty() {
            let facts: Vec<&SnapshotFacts> = snapshots.iter().map(|snapshot| &snapshot.facts).collect();
            answered(self.insert_facts(&facts)).await?;
            let series: Vec<&SeriesColumns> = snapshots.iter().flat_map(|snapshot| &snapshot.series).collect();
            answered(self.insert_series(&series)).await?;
        }
        Ok(())
    }

    async fn insert_facts(&mut self, facts: &[&SnapshotFacts]) -> Result<(), StoreError> {
        let text = INSERT_FACTS.on(self);
        match self {
            Self::Sqlite(transaction) => {
                for chunk in facts.chunks(CHUNK) {
                    let mut query = QueryBuilder::<Sqlite>::new(text);
                    query.push_values(chunk, |mut row, facts| {
                        row.push_bind(facts.incident_id.value())
                            .push_bind(facts.as_of.as_micros())
                            .push_bind(facts.date_added.as_micros())
                            .push_bind(facts.partial)
                            .push_bind(facts.clipped)
                            .push_bind(&facts.source)
                            .push_bind(facts.total_events)
                            .push_bind(facts.unique_users)
                            .push_bind(facts.measure.name());
                    });
                    let query = query.build().persistent(chunk.len() % STEP == 0);
                    query.execute(&mut **transaction).await?;
                }
            }
            Self::Postgres(transaction) => {
                sqlx::query(text)
                    .bind(column(facts, |facts| facts.incident_id.value()))
                    .bind(column(facts, |facts| facts.as_of.as_micros()))
                    .bind(column(facts, |facts| facts.date_added.as_micros()))
                    .bind(column(facts, |facts| facts.partial))
                    .bind(column(facts, |facts| facts.clipped))
                    .bind(column(facts, |facts| facts.source.clone()))
                    .bind(column(facts, |facts| facts.total_events))
                    .bind(column(facts, |facts| facts.unique_users))
                    .bind(column(facts, |facts| facts.measure.name().to_owned()))
                    .execute(&mut **transaction)
                    .await?;
            }
        }
        Ok(())
    }

    async fn insert_series(&mut self, series: &[&SeriesColumns]) -> Result<(), StoreError> {
        let text = INSERT_SERIES.on(self);
        match self {
            Self::Sqlite(transaction) => {
                for chunk in series.chunks(CHUNK) {
                    let mut query = QueryBuilder::<Sqlite>::new(text);
                    query.push_values(chunk, |mut row, series| {
                        row.push_bind(series.incident_id)
                            .push_bind(series.kind)
                            .push_bind(series.start)
                            .push_bind(series.end)
                            .push_bind(series.period_seconds)
                            .push_bind(&series.counts)
                            .push_bind(&series.held);
                    });
                    let query = query.build().persistent(chunk.len() % STEP == 0);
                    query.execute(&mut **transaction).await?;
                }
            }
            Self::Postgres(transaction) => {
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
