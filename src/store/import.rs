//! How far each import has come, so that a killed one is resumed and a repeated one counts nothing twice.

use super::engine::{Tx, execute, on_engine};
use super::error::StoreError;
use crate::domain::Timestamp;

/// An import of one content with one set of options.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ImportRow {
    /// Its number.
    pub id: i64,
    /// How often the same content had been imported on purpose before.
    pub repetition: i64,
    /// Records that are committed.
    pub position: i64,
    /// Events that were stored from them.
    pub imported: i64,
    /// When it was complete, in microseconds; `None` while it goes on, or where its process was killed.
    pub finished_at: Option<i64>,
}

const LATEST: &str = "select id, repetition, position, imported, finished_at from imports \
    where content_hash = $1 order by repetition desc limit 1";
const INSERT: &str = "insert into imports (content_hash, repetition, name, position, imported, started_at) \
    values ($1, $2, $3, 0, 0, $4) on conflict (content_hash, repetition) do nothing returning id";
const ADVANCE: &str = "update imports set position = $3, imported = imported + $4, finished_at = $5 \
    where id = $1 and position = $2 and finished_at is null";

impl Tx {
    /// The latest import of a content.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn latest_import(&mut self, content_hash: &str) -> Result<Option<ImportRow>, StoreError> {
        Ok(on_engine!(self, connection => sqlx::query_as(LATEST).bind(content_hash).fetch_optional(connection).await?))
    }

    /// Begins an import; `None` where another process has just begun the same.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn insert_import(
        &mut self,
        content_hash: &str,
        repetition: i64,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        Ok(on_engine!(self, connection => sqlx::query_scalar(INSERT)
            .bind(content_hash)
            .bind(repetition)
            .bind(name)
            .bind(now.as_micros())
            .fetch_optional(connection)
            .await?))
    }

    /// Moves an import from one position to the next, in the transaction of the events between; `false` where another
    /// process has moved it meanwhile.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn advance_import(
        &mut self,
        id: i64,
        positions: std::ops::Range<i64>,
        imported: i64,
        finished_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            sqlx::query(ADVANCE)
                .bind(id)
                .bind(positions.start)
                .bind(positions.end)
                .bind(imported)
                .bind(finished_at.map(Timestamp::as_micros))
        );
        Ok(changed > 0)
    }
}
