//! Events counted by the minute: kept up with every event that is stored, and read instead of the events of whole
//! minutes, so that a busy minute costs no more to count than a quiet one.

use std::collections::BTreeMap;

use super::engine::{Text, Tx, answered};
use super::error::StoreError;
use super::measure::{column, json};
use crate::domain::query::Field;
use crate::domain::{Event, Query};

/// Rows of one statement.
const CHUNK: usize = 5_000;
const MICROS: i64 = 60_000_000;

// Differs because SQLite has no arrays: the rows come as one JSON text.
const ADD: Text = Text {
    sqlite: "insert into event_minutes (project, minute, level, environment, weight, events) \
             select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 \
             from json_each($1) where true \
             on conflict (project, minute, level, environment) do update \
                 set weight = event_minutes.weight + excluded.weight, events = event_minutes.events + excluded.events",
    postgres: "insert into event_minutes (project, minute, level, environment, weight, events) \
               select * from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[]) \
               on conflict (project, minute, level, environment) do update \
                   set weight = event_minutes.weight + excluded.weight, \
                       events = event_minutes.events + excluded.events",
};

/// Project, minute, level and environment, as the table's key has them.
type Key<'a> = (&'a str, i64, String, String);

/// What events add to the counts, in the order of the key.
#[derive(Debug, Default)]
pub(super) struct MinuteCounts<'a> {
    counts: BTreeMap<Key<'a>, (i64, i64)>,
}

impl<'a> MinuteCounts<'a> {
    /// Counts an event that was stored.
    pub(super) fn add(&mut self, event: &'a Event) {
        let project = event.project.as_deref().unwrap_or_default();
        let minute = event.occurred_at.as_micros().div_euclid(MICROS);
        let key = (project, minute, key_of(event.level.as_deref()), key_of(event.environment.as_deref()));
        let (weight, events) = self.counts.entry(key).or_default();
        *weight += event.weight;
        *events += 1;
    }
}

/// A value as a part of the key: an empty one is not an absent one.
fn key_of(value: Option<&str>) -> String {
    value.map(|value| format!("={value}")).unwrap_or_default()
}

/// Whether whole minutes can be counted for a query: it asks for nothing that they are not told apart by.
pub(super) fn can_answer(query: &Query) -> bool {
    let is_kept = |field: &Field| matches!(field, Field::Level | Field::Project | Field::Environment);
    query.terms().iter().all(|term| is_kept(&term.field))
}

impl Tx {
    /// Adds to the counts. In the order of the key, so that two imports never wait for each other in a circle.
    pub(super) async fn add_minutes(&mut self, minutes: MinuteCounts<'_>) -> Result<(), StoreError> {
        let rows: Vec<(Key<'_>, (i64, i64))> = minutes.counts.into_iter().collect();
        for chunk in rows.chunks(CHUNK) {
            answered(self.add_chunk(chunk)).await?;
        }
        Ok(())
    }

    async fn add_chunk(&mut self, rows: &[(Key<'_>, (i64, i64))]) -> Result<(), StoreError> {
        let text = ADD.on(self);
        match self {
            Self::Sqlite(transaction) => {
                let rows: Vec<_> = rows
                    .iter()
                    .map(|((project, minute, level, environment), (weight, events))| {
                        (project, minute, level, environment, weight, events)
                    })
                    .collect();
                sqlx::query(text).bind(json(&rows)?).execute(&mut **transaction).await?;
            }
            Self::Postgres(transaction) => {
                sqlx::query(text)
                    .bind(column(rows, |(key, _)| key.0.to_owned()))
                    .bind(column(rows, |(key, _)| key.1))
                    .bind(column(rows, |(key, _)| key.2.clone()))
                    .bind(column(rows, |(key, _)| key.3.clone()))
                    .bind(column(rows, |(_, counts)| counts.0))
                    .bind(column(rows, |(_, counts)| counts.1))
                    .execute(&mut **transaction)
                    .await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_that_asks_for_more_than_a_minute_keeps_is_answered_by_events() {
        for query in ["", "level:error", "!level:e* environment:dev !project:web"] {
            assert!(can_answer(&Query::parse(query).unwrap()), "{query}");
        }
        for query in ["timeout", "level:error user:ann", "fingerprint:a", "tags[a]:b", "!message:a"] {
            assert!(!can_answer(&Query::parse(query).unwrap()), "{query}");
        }
    }
}
