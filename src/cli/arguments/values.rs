//! How single values are read from the command line.

use std::error::Error;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, RangedI64ValueParser, TypedValueParser, ValueParser};

use crate::domain::timestamp::TimeError;
use crate::domain::{Aggregation, IncidentId, IncidentType, SeriesKind, TimeWindow, Timestamp};
use crate::export::Format;
use crate::export::svg::Theme;

/// A time as it was written. What a relative one means is known only when the database has said what time it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenTime(String);

impl GivenTime {
    /// The instant that it means at `now`.
    ///
    /// # Errors
    /// Where it lies outside the years that can be worked with.
    pub fn at(&self, now: Timestamp) -> Result<Timestamp, TimeError> {
        Timestamp::parse(&self.0, now)
    }
}

/// Accepts what [`Timestamp::parse`] can read.
#[must_use]
pub fn time() -> ValueParser {
    ValueParser::new(|text: &str| match Timestamp::parse(text, Timestamp::MAX) {
        Err(error @ TimeError::Malformed(_)) => Err(error),
        _ => Ok(GivenTime(text.to_owned())),
    })
}

/// Accepts a number of an incident, `482` or `#482`.
///
/// # Errors
/// Where it is anything else.
pub fn incident_id(text: &str) -> Result<IncidentId, String> {
    let number = text.strip_prefix('#').unwrap_or(text);
    number.parse().map(IncidentId::new).map_err(|_| "it is not the number of an incident".to_owned())
}

/// Accepts whole minutes that a time window may have (rule 1).
///
/// # Errors
/// Where it is anything else.
pub fn time_window(text: &str) -> Result<TimeWindow, Box<dyn Error + Send + Sync>> {
    let minutes: i64 = text.parse().map_err(|_| "a time window is a whole number of minutes, from 1 to 43200")?;
    Ok(TimeWindow::from_minutes(minutes)?)
}

/// Accepts how many rows a list may have.
#[must_use]
pub fn limit() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

/// Accepts the name of an aggregation.
#[must_use]
pub fn aggregation() -> ValueParser {
    named::<Aggregation>(Aggregation::ALL.iter().map(|kind| kind.name()))
}

/// Accepts the name of an incident type.
#[must_use]
pub fn incident_type() -> ValueParser {
    named::<IncidentType>(IncidentType::ALL.iter().map(|kind| kind.name()))
}

/// Accepts the name of a format of exports.
#[must_use]
pub fn format() -> ValueParser {
    named::<Format>(Format::ALL.iter().map(|format| format.name()))
}

/// Accepts the name of a picture's theme.
#[must_use]
pub fn theme() -> ValueParser {
    named::<Theme>(Theme::ALL.iter().map(|theme| theme.name()))
}

/// Accepts the name of a series.
#[must_use]
pub fn series() -> ValueParser {
    named::<SeriesKind>(SeriesKind::ALL.iter().map(|kind| kind.name()))
}

fn named<T>(names: impl Iterator<Item = &'static str>) -> ValueParser
where
    T: FromStr<Err: Error + Send + Sync + 'static> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse::<T>()).into()
}
