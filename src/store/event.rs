//! Events as they come in.

use std::collections::BTreeSet;

use sqlx::{Postgres, QueryBuilder, Sqlite};

use super::engine::{Tx, answered, execute, on_engine};
use super::error::StoreError;
use crate::domain::Event;

/// Rows of one statement: each has ten values, and SQLite takes 32,766 at the most.
const CHUNK: usize = 1_000;

const INSERT_PROJECT: &str = "insert into event_projects (project) values ($1) on conflict (project) do nothing";
const COUNT: &str = "select count(*) from events";

impl Tx {
    /// Stores events, and says how many: those with an `event_id` that is known already change nothing.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn insert_events(&mut self, events: &[Event]) -> Result<u64, StoreError> {
        let mut inserted = 0;
        for chunk in events.chunks(CHUNK) {
            inserted += match self {
                Self::Sqlite(transaction) => {
                    let mut query = insert_query::<Sqlite>(chunk)?;
                    answered(async { Ok(query.build().execute(&mut **transaction).await?.rows_affected()) }).await?
                }
                Self::Postgres(transaction) => {
                    let mut query = insert_query::<Postgres>(chunk)?;
                    answered(async { Ok(query.build().execute(&mut **transaction).await?.rows_affected()) }).await?
                }
            };
        }
        // In order, so that two imports never wait for each other in a circle.
        let projects: BTreeSet<&str> = events.iter().map(|event| event.project.as_deref().unwrap_or("")).collect();
        for project in projects {
            execute!(self, sqlx::query(INSERT_PROJECT).bind(project));
        }
        Ok(inserted)
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

fn insert_query<'a, DB>(events: &'a [Event]) -> Result<QueryBuilder<DB>, StoreError>
where
    DB: sqlx::Database,
    String: sqlx::Encode<'a, DB> + sqlx::Type<DB>,
    Option<String>: sqlx::Encode<'a, DB> + sqlx::Type<DB>,
    i64: sqlx::Encode<'a, DB> + sqlx::Type<DB>,
{
    let tags = events.iter().map(tags).collect::<Result<Vec<_>, _>>()?;
    let mut query = QueryBuilder::new(
        "insert into events (project, occurred_at, weight, user_name, level, environment, fingerprint, message, \
         tags, event_id) ",
    );
    query.push_values(events.iter().zip(tags), |mut row, (event, tags)| {
        row.push_bind(event.project.clone().unwrap_or_default())
            .push_bind(event.occurred_at.as_micros())
            .push_bind(event.weight)
            .push_bind(event.user.clone())
            .push_bind(event.level.clone())
            .push_bind(event.environment.clone())
            .push_bind(event.fingerprint.clone())
            .push_bind(event.message.clone())
            .push_bind(tags)
            .push_bind(event.event_id.clone());
    });
    query.push(" on conflict do nothing");
    Ok(query)
}

fn tags(event: &Event) -> Result<Option<String>, StoreError> {
    if event.tags.is_empty() { Ok(None) } else { super::measure::json(&event.tags).map(Some) }
}
