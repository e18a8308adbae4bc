//! How the parts of a scenario are read: values that are checked as they come in, and what is usual where nothing is
//! said. Knows no part as a whole.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::{Aggregation, Query, TimeWindow, span};

/// How long something is, written as people do: `2h 10m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub Duration);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        span::parse(&text).map(Self).ok_or_else(|| format!("'{text}' is no span: write it like '2h 10m'"))
    }
}

pub(super) fn half() -> f64 {
    0.5
}

pub(super) fn many() -> u32 {
    4_000
}

pub(super) fn total() -> Aggregation {
    Aggregation::Total
}

pub(super) fn alerting() -> String {
    "alerting".to_owned()
}

pub(super) fn read_window<'a, D: serde::Deserializer<'a>>(reader: D) -> Result<TimeWindow, D::Error> {
    TimeWindow::from_minutes(i64::deserialize(reader)?).map_err(serde::de::Error::custom)
}

pub(super) fn read_query<'a, D: serde::Deserializer<'a>>(reader: D) -> Result<Query, D::Error> {
    Query::parse(&String::deserialize(reader)?).map_err(serde::de::Error::custom)
}

pub(super) fn read_optional_query<'a, D: serde::Deserializer<'a>>(reader: D) -> Result<Option<Query>, D::Error> {
    read_query(reader).map(Some)
}

pub(super) fn read_name<'a, D, T>(reader: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'a>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    String::deserialize(reader)?.parse().map_err(serde::de::Error::custom)
}

pub(super) fn read_optional_name<'a, D, T>(reader: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'a>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    read_name(reader).map(Some)
}
