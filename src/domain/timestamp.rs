//! An instant in Unix microseconds, and how people write and read one. Knows no clock.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use thiserror::Error;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
///
/// Arithmetic saturates, so no value of this type can make a rule overflow or panic. Instants that come from outside
/// go through [`Timestamp::parse`] and lie between the years 1970 and 9000; computed ones may lie a window beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a text is not a usable time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TimeError {
    /// The text has no form that we read.
    #[error("cannot read the time '{0}': write it like 2026-11-24T13:05:00Z, '2026-11-24 13:05', -2h or '2h ago'")]
    Malformed(String),
    /// The text is a time, but not one that can be worked with.
    #[error("the time '{0}' is outside the years 1970 to 9000")]
    OutOfRange(String),
    /// No clock of the zone that it is meant in has shown it.
    #[error("the clocks here have skipped the time '{0}': they were put forward")]
    Skipped(String),
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z, the earliest instant that is accepted from outside.
    pub const MIN: Self = Self(0);
    /// 9000-01-01T00:00:00Z, the first instant that is no longer accepted from outside.
    pub const MAX: Self = Self(221_845_392_000 * MICROS_PER_SECOND);

    /// The instant `micros` microseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The instant `seconds` seconds after 1970-01-01T00:00:00Z, saturating.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// The same without the fraction of a second, for sentences.
    #[must_use]
    pub const fn whole_second(self) -> Self {
        Self::from_seconds(self.as_seconds())
    }

    /// The start of the period that this instant lies in: `floor(t / period) * period`, UTC.
    ///
    /// A zero period leaves the instant as it is.
    #[must_use]
    pub fn floor(self, period: Duration) -> Self {
        match micros(period) {
            0 => self,
            period => Self(self.0.div_euclid(period).saturating_mul(period)),
        }
    }

    /// The time since `earlier`; zero where `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The same instant for `chrono`; `None` beyond what it can hold, which no accepted instant is.
    #[must_use]
    pub fn to_utc(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.0)
    }

    /// Reads RFC 3339, also with a space and without an offset (then UTC), a date alone, or a time relative to `now`
    /// (`-2h`, `2h ago`, `1h 30m ago`, `now`). Digits beyond the microsecond are cut off.
    ///
    /// # Errors
    /// Where the text has none of these forms, or lies outside the years 1970 to 9000.
    pub fn parse(text: &str, now: Self) -> Result<Self, TimeError> {
        let trimmed = text.trim();
        let instant = parse_relative(trimmed, now)
            .or_else(|| parse_absolute(trimmed))
            .ok_or_else(|| TimeError::Malformed(super::text::shorten(text, 60)))?;
        if (Self::MIN..Self::MAX).contains(&instant) {
            Ok(instant)
        } else {
            Err(TimeError::OutOfRange(super::text::shorten(text, 60)))
        }
    }

    /// Reads an absolute time, without relative forms: what an event feed may carry.
    ///
    /// # Errors
    /// As [`Timestamp::parse`].
    pub fn parse_absolute(text: &str) -> Result<Self, TimeError> {
        let instant =
            parse_absolute(text.trim()).ok_or_else(|| TimeError::Malformed(super::text::shorten(text, 60)))?;
        if (Self::MIN..Self::MAX).contains(&instant) {
            Ok(instant)
        } else {
            Err(TimeError::OutOfRange(super::text::shorten(text, 60)))
        }
    }
}

/// Whole microseconds of a span, saturating.
pub(super) fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

fn parse_relative(text: &str, now: Timestamp) -> Option<Timestamp> {
    if text == "now" {
        return Some(now);
    }
    let span = text.strip_prefix('-').or_else(|| text.strip_suffix("ago"))?;
    Some(now - super::span::parse(span.trim())?)
}

fn parse_absolute(text: &str) -> Option<Timestamp> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(Timestamp(instant.timestamp_micros()));
    }
    if let Ok(instant) = DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f %z") {
        return Some(Timestamp(instant.timestamp_micros()));
    }
    let forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    let utc = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let naive = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(utc, form).ok());
    let naive = naive.or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0));
    Some(Timestamp(naive?.and_utc().timestamp_micros()))
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros(span)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(micros(span)))
    }
}

/// RFC 3339 with `Z`; a fraction only where there is one.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(utc) = self.to_utc() else { return write!(formatter, "{} µs after 1970", self.0) };
        let form = match self.0.rem_euclid(MICROS_PER_SECOND) {
            0 => "%Y-%m-%dT%H:%M:%SZ",
            rest if rest % 1000 == 0 => "%Y-%m-%dT%H:%M:%S%.3fZ",
            _ => "%Y-%m-%dT%H:%M:%S%.6fZ",
        };
        write!(formatter, "{}", utc.format(form))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: Timestamp = Timestamp::from_seconds(1_795_521_600);

    fn check(text: &str, written: &str) {
        assert_eq!(Timestamp::parse(text, NOON).map(|instant| instant.to_string()), Ok(written.to_owned()), "{text}");
    }

    #[test]
    fn times_are_read_in_every_documented_form() {
        check("2026-11-24T13:05:00Z", "2026-11-24T13:05:00Z");
        check("2026-11-24 13:05:00Z", "2026-11-24T13:05:00Z");
        check("2026-11-24T13:05:00+02:00", "2026-11-24T11:05:00Z");
        check("2026-11-24 13:05:00 +0200", "2026-11-24T11:05:00Z");
        check("2026-11-24 13:05:00", "2026-11-24T13:05:00Z");
        check("2026-11-24 13:05", "2026-11-24T13:05:00Z");
        check("2026-11-24", "2026-11-24T00:00:00Z");
        check("2014-04-12 09:04:00.000000", "2014-04-12T09:04:00Z");
        check("now", "2026-11-24T12:00:00Z");
        check("-2h", "2026-11-24T10:00:00Z");
        check("2h ago", "2026-11-24T10:00:00Z");
        check("1h 30m ago", "2026-11-24T10:30:00Z");
    }

    #[test]
    fn digits_beyond_the_microsecond_are_cut_off() {
        check("2026-11-24T13:05:00.123456789Z", "2026-11-24T13:05:00.123456Z");
        check("2026-11-24T13:05:00.5Z", "2026-11-24T13:05:00.500Z");
    }

    #[test]
    fn what_is_no_time_is_named() {
        for text in ["", "yesterday", "25:00", "2026-13-01", "-", "ago", "-2 parsecs", "2h"] {
            assert_eq!(Timestamp::parse(text, NOON), Err(TimeError::Malformed(text.to_owned())));
        }
    }

    #[test]
    fn years_before_1970_and_from_9000_are_refused() {
        for text in ["1969-12-31T23:59:59Z", "9000-01-01T00:00:00Z", "-100000d"] {
            assert_eq!(Timestamp::parse(text, NOON), Err(TimeError::OutOfRange(text.to_owned())));
        }
        check("1970-01-01", "1970-01-01T00:00:00Z");
        check("8999-12-31T23:59:59Z", "8999-12-31T23:59:59Z");
    }

    #[test]
    fn a_bucket_before_1970_is_floored_downwards() {
        assert_eq!(Timestamp::from_seconds(-1).floor(Duration::from_mins(1)), Timestamp::from_seconds(-60));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(micros in 0..Timestamp::MAX.as_micros()) {
            let instant = Timestamp::from_micros(micros);
            prop_assert_eq!(Timestamp::parse(&instant.to_string(), NOON), Ok(instant));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".*", micros in any::<i64>()) {
            let _ = Timestamp::parse(&text, Timestamp::from_micros(micros));
        }

        #[test]
        fn no_value_makes_arithmetic_panic(micros in any::<i64>(), span in any::<u64>()) {
            let (instant, span) = (Timestamp::from_micros(micros), Duration::from_micros(span));
            let _ = (instant + span, instant - span, instant.floor(span), instant.since(instant - span));
            let _ = instant.to_string();
        }
    }
}
