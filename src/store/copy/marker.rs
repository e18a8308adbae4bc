//! The marker of a database that is being copied into: of what, and how far it has come. While it stands, nobody else
//! opens the database.

use serde::{Deserialize, Serialize};

use super::super::engine::{Tx, execute};
use super::super::error::StoreError;
use super::super::measure::json;

/// How far a copy has come. It moves in the transaction of each page, so that a killed copy goes on where it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyMarker {
    /// The name of the database that is copied.
    pub source: String,
    /// What that was made of when the copy began.
    pub fingerprint: Vec<u64>,
    /// The table that is being copied; those before it are complete.
    pub table: usize,
    /// The key of the last row of it, as a JSON array.
    pub after: Option<String>,
    /// How many rows are there.
    pub rows: u64,
    /// Whether what was copied proved not to be what the source holds.
    pub is_outdated: bool,
}

/// Under this key of `meta`.
const KEY: &str = "copy";
const PLACE: &str = "insert into meta (key, value) values ($1, $2) on conflict (key) do nothing";
const MOVE: &str = "update meta set value = $3 where key = $1 and value = $2";
const REMOVE: &str = "delete from meta where key = $1 and value = $2";

impl CopyMarker {
    /// A copy that has copied nothing yet.
    #[must_use]
    pub fn new(source: String, fingerprint: Vec<u64>) -> Self {
        Self { source, fingerprint, table: 0, after: None, rows: 0, is_outdated: false }
    }
}

impl Tx {
    /// The marker of a copy that is not complete, where there is one.
    ///
    /// # Errors
    /// Where the database cannot, or the marker makes no sense.
    pub async fn copy_marker(&mut self) -> Result<Option<CopyMarker>, StoreError> {
        let text = self.meta(KEY).await?;
        let read = |text: String| {
            serde_json::from_str(&text).map_err(|error| StoreError::Damaged(format!("the marker of a copy: {error}")))
        };
        text.map(read).transpose()
    }

    /// Marks a database as one that is being copied into; `false` where somebody was faster.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn place_copy_marker(&mut self, marker: &CopyMarker) -> Result<bool, StoreError> {
        Ok(execute!(self, sqlx::query(PLACE).bind(KEY).bind(json(marker)?)) > 0)
    }

    /// Moves the marker; `false` where another process has moved it meanwhile.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn move_copy_marker(&mut self, from: &CopyMarker, to: &CopyMarker) -> Result<bool, StoreError> {
        Ok(execute!(self, sqlx::query(MOVE).bind(KEY).bind(json(from)?).bind(json(to)?)) > 0)
    }

    /// Takes the marker away: the copy is complete. `false` where another process has moved it meanwhile.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn remove_copy_marker(&mut self, marker: &CopyMarker) -> Result<bool, StoreError> {
        Ok(execute!(self, sqlx::query(REMOVE).bind(KEY).bind(json(marker)?)) > 0)
    }
}
