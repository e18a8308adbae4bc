//! Many rows of SQLite as one. What the library takes to hand a row from one thread to another, column by column, is several
//! times what SQLite takes to find it; a JSON text of all rows crosses once.

use serde::de::DeserializeOwned;

use super::error::StoreError;

/// Reads what `select json_group_array(json_array(...)) from (...)` gives: rows as arrays, or values where there is one column.
pub(super) fn rows<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// Binds a list of numbers as each engine takes one, to a statement whose text on SQLite packs its rows.
macro_rules! fetch_packed_by_ids {
    ($tx:expr, $text:expr, $ids:expr) => {{
        let text = $text.on($tx);
        match $tx {
            Tx::Sqlite(transaction) => {
                let fetched =
                    sqlx::query_scalar(text).bind(super::incident::json_ids($ids)).fetch_one(&mut **transaction);
                let packed: Result<String, StoreError> = super::engine::answered(async { Ok(fetched.await?) }).await;
                packed.and_then(|packed| super::packed::rows(&packed))
            }
            Tx::Postgres(transaction) => {
                let fetched = sqlx::query_as(text).bind(super::incident::raw_ids($ids)).fetch_all(&mut **transaction);
                super::engine::answered(async { Ok(fetched.await?) }).await
            }
        }
    }};
}
pub(super) use fetch_packed_by_ids;
