//! Pages of rows: read behind a key, stored as they are, and compared.

use futures_util::{Stream, TryStreamExt};
use serde_json::Value;
use sqlx::AssertSqlSafe;

use super::super::engine::{Tx, execute, on_engine};
use super::super::error::StoreError;
use super::statements::Dialect;
use super::tables::Table;

/// At most so many rows of a page, and not many more bytes than these: a row may be large.
const ROWS: u32 = 5_000;
const BYTES: usize = 4 << 20;

/// Rows of a table, in the order of its key.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Each as the text of a JSON array.
    pub rows: Vec<String>,
}

impl Page {
    /// The key of the last row, as a JSON array.
    ///
    /// # Errors
    /// Where the row is none.
    pub fn last_key(&self, table: &Table) -> Result<Option<String>, StoreError> {
        let Some(last) = self.rows.last() else { return Ok(None) };
        let mut values = values(last)?;
        values.truncate(table.key);
        Ok(Some(Value::Array(values).to_string()))
    }
}

/// What a row holds, whichever engine has written it: they put their spaces in other places.
///
/// # Errors
/// Where the row is none.
pub fn values(row: &str) -> Result<Vec<Value>, StoreError> {
    serde_json::from_str(row).map_err(|error| StoreError::Damaged(format!("a row that is copied: {error}")))
}

impl Tx {
    /// The rows of a table behind a key.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn page(&mut self, table: &Table, after: Option<&str>) -> Result<Page, StoreError> {
        let text = AssertSqlSafe(table.select(self.dialect(), after.is_some(), ROWS));
        let rows = on_engine!(self, connection => {
            let query = sqlx::query_scalar(text);
            let query = if let Some(after) = after { query.bind(after) } else { query };
            gather(query.fetch(connection)).await?
        });
        Ok(Page { rows })
    }

    /// Stores rows as they are, numbers included.
    ///
    /// # Errors
    /// Where the database cannot, or has one of them already.
    pub async fn insert_page(&mut self, table: &Table, page: &Page) -> Result<(), StoreError> {
        let text = AssertSqlSafe(table.insert(self.dialect()));
        let rows = format!("[{}]", page.rows.join(","));
        execute!(self, sqlx::query(text).bind(rows));
        Ok(())
    }

    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }
}

/// Takes rows until they are many bytes.
async fn gather(rows: impl Stream<Item = Result<String, sqlx::Error>>) -> Result<Vec<String>, sqlx::Error> {
    let mut rows = std::pin::pin!(rows);
    let (mut taken, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        bytes += row.len();
        taken.push(row);
        if bytes >= BYTES {
            break;
        }
    }
    Ok(taken)
}
