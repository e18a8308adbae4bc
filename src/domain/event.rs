//! One event as it enters: when, where, how much. What a feed may say, checked field by field.

use std::collections::BTreeMap;

use thiserror::Error;

use super::text::{self, TextError};
use super::timestamp::{TimeError, Timestamp};

/// The largest weight of an event.
pub const WEIGHT_LIMIT: i64 = 1_000_000_000;
/// Tags of an event, at the most.
pub const TAG_LIMIT: usize = 64;

/// Something that happened, `weight` times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub occurred_at: Timestamp,
    /// How often; 0 still counts its user.
    pub weight: i64,
    /// Where; `None` belongs to no project.
    pub project: Option<String>,
    /// How bad.
    pub level: Option<String>,
    /// Which deployment.
    pub environment: Option<String>,
    /// To whom.
    pub user: Option<String>,
    /// What groups it with its like.
    pub fingerprint: Option<String>,
    /// What it said.
    pub message: Option<String>,
    /// Anything else, by name.
    pub tags: BTreeMap<String, String>,
    /// What makes it the same event when it is sent again.
    pub event_id: Option<String>,
}

/// Why an event is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EventError {
    /// It does not say when.
    #[error("there is no 'timestamp'")]
    NoTimestamp,
    /// It says when in a way that cannot be read.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// Its weight is no whole number from 0 to 10^9.
    #[error("the weight '{0}' is not a whole number from 0 to 1000000000")]
    Weight(String),
    /// One of its texts is not acceptable.
    #[error(transparent)]
    Text(#[from] TextError),
    /// It has too many tags.
    #[error("it has {0} tags: the limit is 64")]
    Tags(usize),
}

impl Event {
    /// An event of weight 1 at `occurred_at` that says nothing else.
    #[must_use]
    pub fn at(occurred_at: Timestamp) -> Self {
        Self {
            occurred_at,
            weight: 1,
            project: None,
            level: None,
            environment: None,
            user: None,
            fingerprint: None,
            message: None,
            tags: BTreeMap::new(),
            event_id: None,
        }
    }

    /// Checks the limits of every text, and makes empty ones absent.
    ///
    /// # Errors
    /// Where a text is too long or contains a NUL, or where there are too many tags.
    pub fn checked(mut self) -> Result<Self, EventError> {
        if self.tags.len() > TAG_LIMIT {
            return Err(EventError::Tags(self.tags.len()));
        }
        for (name, value) in &self.tags {
            text::required("tag name", name, text::NAME_LIMIT)?;
            text::optional("tag value", value, text::MESSAGE_LIMIT)?;
        }
        let fields = [
            ("project", &mut self.project, text::NAME_LIMIT),
            ("level", &mut self.level, text::NAME_LIMIT),
            ("environment", &mut self.environment, text::NAME_LIMIT),
            ("user", &mut self.user, text::NAME_LIMIT),
            ("fingerprint", &mut self.fingerprint, text::NAME_LIMIT),
            ("message", &mut self.message, text::MESSAGE_LIMIT),
            ("event_id", &mut self.event_id, text::NAME_LIMIT),
        ];
        for (what, value, limit) in fields {
            if let Some(given) = value {
                text::optional(what, given, limit)?;
                if given.is_empty() {
                    *value = None;
                }
            }
        }
        Ok(self)
    }
}

/// Reads a weight: a whole number from 0 to 10^9. `94.0` is 94, as exports of metrics write it; a fraction, a negative
/// or an exponent is an error.
///
/// # Errors
/// Where it is anything else.
pub fn parse_weight(text: &str) -> Result<i64, EventError> {
    let refused = || EventError::Weight(super::text::shorten(text, 40));
    let trimmed = text.trim();
    let whole = match trimmed.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => return Err(refused()),
        None => trimmed,
    };
    if whole.is_empty() || !whole.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(refused());
    }
    whole.parse().ok().filter(|weight| *weight <= WEIGHT_LIMIT).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_weight_is_a_whole_number_however_it_is_written() {
        assert_eq!(
            ["0", "1", "94.0", "94.000", " 7 ", "1000000000"].map(parse_weight),
            [0, 1, 94, 94, 7, 1_000_000_000].map(Ok)
        );
        for text in ["", "-1", "+1", "94.5", "1e3", "1000000001", "9".repeat(30).as_str(), "NaN", ".0", "1.", "0x10"] {
            assert_eq!(parse_weight(text), Err(EventError::Weight(text.to_owned())));
        }
    }

    #[test]
    fn texts_of_an_event_are_limited_and_empty_ones_absent() {
        let event = Event { project: Some(String::new()), level: Some("error".into()), ..Event::at(Timestamp::MIN) };
        let checked = event.clone().checked().unwrap();
        assert_eq!((checked.project, checked.level), (None, Some("error".to_owned())));
        let long = Event { user: Some("u".repeat(201)), ..event.clone() };
        assert_eq!(long.checked().unwrap_err().to_string(), "the user is 201 bytes long: the limit is 200");
        let nul = Event { message: Some("a\0".into()), ..event };
        assert!(matches!(nul.checked(), Err(EventError::Text(TextError::Nul("message")))));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_weight_reader_panic(text in ".*") {
            if let Ok(weight) = parse_weight(&text) {
                prop_assert!((0..=WEIGHT_LIMIT).contains(&weight));
            }
        }
    }
}
