//! What stands behind the `?` of a URL. A parameter that means nothing is refused by its name.

use axum::extract::Query;
use axum::http::Uri;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};

use super::error::ApiError;
use crate::domain::text;

/// Rows of a list where nothing is said.
const USUAL_ROWS: u32 = 50;
/// Rows of a list, at the most.
const MOST_ROWS: u32 = 1_000;

/// Reads the parameters of a request.
pub(super) fn read<T: DeserializeOwned>(uri: &Uri) -> Result<T, ApiError> {
    // No stored text has a NUL, and Postgres refuses to look for one.
    if uri.query().is_some_and(|query| query.contains("%00")) {
        return Err(ApiError::input("a parameter contains a NUL character (U+0000)"));
    }
    let read = Query::<T>::try_from_uri(uri);
    read.map(|Query(parameters)| parameters)
        .map_err(|refused| ApiError::input(text::shorten(&refused.body_text(), 300)))
}

/// How many rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rows(pub(super) u32);

impl Default for Rows {
    fn default() -> Self {
        Self(USUAL_ROWS)
    }
}

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let rows = text.parse().ok().filter(|rows| (1..=MOST_ROWS).contains(rows));
        rows.map(Self).ok_or_else(|| D::Error::custom(format!("it is a number from 1 to {MOST_ROWS}")))
    }
}
