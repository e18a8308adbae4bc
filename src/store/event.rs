//! Events as they come in.

use std::collections::{BTreeSet, HashSet};

use sqlx::AssertSqlSafe;

use super::engine::{Text, Tx, answered, execute, on_engine};
use super::error::StoreError;
use super::measure::{column, json};
use super::minute::MinuteCounts;
use crate::domain::Event;

/// Rows of one statement.
const CHUNK: usize = 2_000;

// Differs because SQLite has no arrays: the rows come as one JSON text.
const INSERT: Text = Text {
    sqlite: "insert into events (project, occurred_at, weight, user_name, level, environment, fingerprint, message, \
                 tags, event_id) \
             select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, \
                 value ->> 7, value ->> 8, value ->> 9 \
             from json_each($1) where true on conflict do nothing",
    postgres: "insert into events (project, occurred_at, weight, user_name, level, environment, fingerprint, \
                   message, tags, event_id) \
               select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], \
                   $7::text[], $8::text[], $9::text[], $10::text[]) \
               on conflict do nothing",
};
const INSERT_PROJECT: &str = "insert into event_projects (project) values ($1) on conflict (project) do nothing";
const COUNT: &str = "select count(*) from events";

impl Tx {
    /// Stores events, and says how many: those with an `event_id` that is known already change nothing.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn insert_events(&mut self, events: &[Event]) -> Result<u64, StoreError> {
        let first = first_of_each(events);
        let mut inserted = 0;
        let mut minutes = MinuteCounts::default();
        for chunk in first.chunks(CHUNK) {
            let stored = answered(self.insert_chunk(chunk)).await?;
            inserted += stored.len() as u64;
            for event in stored {
                minutes.add(event);
            }
        }
        // Only when no event is waited for any more, so that two imports never wait for each other in a circle.
        self.add_minutes(minutes).await?;
        let projects: BTreeSet<&str> = events.iter().map(|event| event.project.as_deref().unwrap_or("")).collect();
        for project in projects {
            execute!(self, sqlx::query(INSERT_PROJECT).bind(project));
        }
        Ok(inserted)
    }

    /// Stores events, and says which of them were new.
    async fn insert_chunk<'a>(&mut self, events: &[&'a Event]) -> Result<Vec<&'a Event>, StoreError> {
        if events.iter().all(|event| event.event_id.is_none()) {
            // Nothing can be in the way.
            self.insert_rows_of(INSERT.on(self).to_owned(), events).await?;
            return Ok(events.to_vec());
        }
        let text = format!("{} returning event_id", INSERT.on(self));
        let new: HashSet<String> = self.insert_rows_of(text, events).await?.into_iter().flatten().collect();
        let is_new = |event: &&&Event| event.event_id.as_ref().is_none_or(|id| new.contains(id));
        Ok(events.iter().filter(is_new).copied().collect())
    }

    async fn insert_rows_of(&mut self, text: String, events: &[&Event]) -> Result<Vec<Option<String>>, StoreError> {
        let text = AssertSqlSafe(text);
        let tags = events.iter().map(|event| tags(event)).collect::<Result<Vec<_>, _>>()?;
        match self {
            Self::Sqlite(transaction) => {
                let rows: Vec<_> = events
                    .iter()
                    .zip(&tags)
                    .map(|(event, tags)| {
                        let what = (&event.user, &event.level, &event.environment, &event.fingerprint, &event.message);
                        let project = event.project.as_deref().unwrap_or_default();
                        let when = event.occurred_at.as_micros();
                        let weight = event.weight;
                        (project, when, weight, what.0, what.1, what.2, what.3, what.4, tags, &event.event_id)
                    })
                    .collect();
                Ok(sqlx::query_scalar(text).bind(json(&rows)?).fetch_all(&mut **transaction).await?)
            }
            Self::Postgres(transaction) => Ok(sqlx::query_scalar(text)
                .bind(column(events, |event| event.project.clone().unwrap_or_default()))
                .bind(column(events, |event| event.occurred_at.as_micros()))
                .bind(column(events, |event| event.weight))
                .bind(column(events, |event| event.user.clone()))
                .bind(column(events, |event| event.level.clone()))
                .bind(column(events, |event| event.environment.clone()))
                .bind(column(events, |event| event.fingerprint.clone()))
                .bind(column(events, |event| event.message.clone()))
                .bind(tags)
                .bind(column(events, |event| event.event_id.clone()))
                .fetch_all(&mut **transaction)
                .await?),
        }
    }

    /// How many events there are. It reads them all.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn event_count(&mut self) -> Result<u64, StoreError> {
        let count: i64 = on_engine!(self, connection => sqlx::query_scalar(COUNT).fetch_one(connection).await?);
        Ok(count.unsigned_abs())
    }
}

/// The events without those that repeat the `event_id` of an earlier one: it must be known which of them is stored.
fn first_of_each(events: &[Event]) -> Vec<&Event> {
    let mut seen = HashSet::new();
    events.iter().filter(|event| event.event_id.as_ref().is_none_or(|id| seen.insert(id))).collect()
}

fn tags(event: &Event) -> Result<Option<String>, StoreError> {
    if event.tags.is_empty() { Ok(None) } else { json(&event.tags).map(Some) }
}
