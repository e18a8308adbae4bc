//! From the texts of a record to an event. Knows the names of the fields, and no format.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::domain::event::{EventError, parse_weight};
use crate::domain::timestamp::TimeError;
use crate::domain::{Event, Timestamp, text};

/// What a feed may say of an event, apart from its tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Timestamp,
    Weight,
    Project,
    Level,
    Environment,
    User,
    Fingerprint,
    Message,
    EventId,
}

const FIELDS: usize = 9;

impl Field {
    /// The field of this name; the weight has three.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "timestamp" => Self::Timestamp,
            "value" | "count" | "weight" => Self::Weight,
            "project" => Self::Project,
            "level" => Self::Level,
            "environment" => Self::Environment,
            "user" => Self::User,
            "fingerprint" => Self::Fingerprint,
            "message" => Self::Message,
            "event_id" => Self::EventId,
            _ => return None,
        })
    }

    /// What it is called when it is there twice.
    pub(super) fn twice(self) -> &'static str {
        match self {
            Self::Timestamp => "'timestamp' is there twice",
            Self::Weight => "'value', 'count' and 'weight' mean the same: there must be one of them at the most",
            Self::Project => "'project' is there twice",
            Self::Level => "'level' is there twice",
            Self::Environment => "'environment' is there twice",
            Self::User => "'user' is there twice",
            Self::Fingerprint => "'fingerprint' is there twice",
            Self::Message => "'message' is there twice",
            Self::EventId => "'event_id' is there twice",
        }
    }
}

/// What a record says where it does not say so itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Defaults {
    pub(super) project: Option<String>,
    pub(super) level: Option<String>,
}

/// The texts of a record.
#[derive(Debug, Default)]
pub(super) struct Texts<'a> {
    fields: [Option<Cow<'a, str>>; FIELDS],
    pub(super) tags: BTreeMap<String, String>,
}

impl<'a> Texts<'a> {
    /// Sets a field; an empty text is an absent one, but for the weight: a gap in an export of a metric counts nothing,
    /// and certainly not one.
    pub(super) fn set(&mut self, field: Field, text: Cow<'a, str>) {
        self.fields[field as usize] = Some(text).filter(|text| field == Field::Weight || !text.is_empty());
    }

    fn text(&mut self, field: Field) -> Option<String> {
        self.fields[field as usize].take().map(Cow::into_owned)
    }

    /// The event that they make; otherwise what is wrong with them, fit to be shown.
    pub(super) fn event(mut self, defaults: &Defaults) -> Result<Event, String> {
        let occurred_at = match self.fields[Field::Timestamp as usize].as_deref() {
            None => return Err(EventError::NoTimestamp.to_string()),
            Some(given) => Timestamp::parse_absolute(given).map_err(|error| time_reason(&error))?,
        };
        let weight = match self.fields[Field::Weight as usize].as_deref() {
            None => 1,
            Some(given) => parse_weight(given).map_err(|error| error.to_string())?,
        };
        let event = Event {
            occurred_at,
            weight,
            project: self.text(Field::Project).or_else(|| defaults.project.clone()),
            level: self.text(Field::Level).or_else(|| defaults.level.clone()),
            environment: self.text(Field::Environment),
            user: self.text(Field::User),
            fingerprint: self.text(Field::Fingerprint),
            message: self.text(Field::Message),
            tags: std::mem::take(&mut self.tags),
            event_id: self.text(Field::EventId),
        };
        event.checked().map_err(|error| error.to_string())
    }
}

/// A feed may not say `2h ago`, so it is not told that it may.
fn time_reason(error: &TimeError) -> String {
    match error {
        TimeError::Malformed(given) => {
            let shown = text::shorten(given, 60);
            format!("cannot read the time '{shown}': write it like 2026-11-24T13:05:00Z or 2026-11-24 13:05:00")
        }
        TimeError::OutOfRange(_) | TimeError::Skipped(_) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(texts: &[(Field, &'static str)]) -> Result<Event, String> {
        let mut record = Texts::default();
        for (field, text) in texts {
            record.set(*field, Cow::Borrowed(text));
        }
        record.event(&Defaults { project: Some("web".into()), level: None })
    }

    #[test]
    fn a_time_suffices_and_the_weight_is_one() {
        let event = event(&[(Field::Timestamp, "1970-01-01 00:00:01"), (Field::User, "")]).unwrap();
        assert_eq!(event, Event { project: Some("web".into()), ..Event::at(Timestamp::from_seconds(1)) });
    }

    #[test]
    fn a_weight_that_is_there_and_says_nothing_is_an_error_and_not_one() {
        for empty in ["", " "] {
            let reason = event(&[(Field::Timestamp, "1970-01-01"), (Field::Weight, empty)]).unwrap_err();
            assert!(reason.ends_with("is not a whole number from 0 to 1000000000"), "{reason}");
        }
    }

    #[test]
    fn a_project_of_its_own_goes_before_the_default() {
        let event = event(&[(Field::Timestamp, "1970-01-01"), (Field::Project, "api")]).unwrap();
        assert_eq!(event.project.as_deref(), Some("api"));
    }

    #[test]
    fn what_is_wrong_is_said_without_offering_what_a_feed_may_not_say() {
        assert_eq!(event(&[]), Err("there is no 'timestamp'".into()));
        let reason = event(&[(Field::Timestamp, "2h ago")]).unwrap_err();
        assert!(reason.starts_with("cannot read the time '2h ago': write it like 2026"), "{reason}");
        assert!(!reason.contains("-2h"), "{reason}");
        let reason = event(&[(Field::Timestamp, "1970-01-01"), (Field::Weight, "-3")]).unwrap_err();
        assert_eq!(reason, "the weight '-3' is not a whole number from 0 to 1000000000");
    }
}
