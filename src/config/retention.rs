//! `[retention]`: how long events are kept.

use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use crate::domain::span;

/// What the configuration says of how long things are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// How long a daemon keeps events; for good where nothing is said.
    #[serde(default, deserialize_with = "events")]
    pub events: Option<Duration>,
}

/// Less would be gone before it is looked at.
const SHORTEST: Duration = Duration::from_hours(1);
const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);

/// Reads how long events are kept: from an hour to a hundred years.
///
/// # Errors
/// Where it is anything else.
pub fn parse_retention(text: &str) -> Result<Duration, String> {
    let keep = span::parse(text).ok_or("events are kept for a span of time: write it like 12h, 90d or 52w")?;
    if !(SHORTEST..=LONGEST).contains(&keep) {
        return Err("events are kept for at least an hour, and at most a hundred years".into());
    }
    Ok(keep)
}

fn events<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_retention(&text).map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_kept_for_at_least_an_hour() {
        assert_eq!(parse_retention("90d"), Ok(Duration::from_hours(90 * 24)));
        for text in ["59m", "0d", "ever", "", "9999999w"] {
            assert!(parse_retention(text).is_err(), "{text}");
        }
    }
}
