//! Many rows of SQLite as one. What the library takes to hand a row from one thread to another, column by column, is several
//! times what SQLite takes to find it; a JSON text of all rows crosses once.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, SeqAccess, Visitor};

use super::error::StoreError;

/// Reads what `select json_group_array(json_array(...)) from (...)` gives: rows as arrays, or values where there is one column.
pub(super) fn rows<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// Shows each row, in their order, and keeps none.
pub(super) fn each<'de, T: Deserialize<'de>>(text: &'de str, show: impl FnMut(T)) -> Result<(), StoreError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = deserializer.deserialize_seq(Each { show, row: PhantomData });
    read.map_err(|error| StoreError::Damaged(error.to_string()))
}

struct Each<F, T> {
    show: F,
    row: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> Visitor<'de> for Each<F, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut rows: A) -> Result<(), A::Error> {
        while let Some(row) = rows.next_element()? {
            (self.show)(row);
        }
        Ok(())
    }
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
