//! In which zone instants are written on the screen. Never reads the present time: the offset is that of the instant
//! itself, so a time before a change to or from summer time is written as it was on the wall then.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, Local, NaiveTime, Offset, TimeZone, Utc};

use crate::domain::Timestamp;
use crate::domain::text::shorten;
use crate::domain::timestamp::TimeError;

/// Which zone to write instants in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Coordinated universal time: what is stored, and what all hosts share.
    Utc,
    /// What the host's clock on the wall shows.
    Local,
}

impl Zone {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Utc => Self::Local,
            Self::Local => Self::Utc,
        }
    }

    /// `13:05:59`.
    #[must_use]
    pub fn time(self, instant: Timestamp) -> String {
        self.write(instant, "%H:%M:%S")
    }

    /// `13:05`.
    #[must_use]
    pub fn minute(self, instant: Timestamp) -> String {
        self.write(instant, "%H:%M")
    }

    /// `2026-11-24`.
    #[must_use]
    pub fn date(self, instant: Timestamp) -> String {
        self.write(instant, "%Y-%m-%d")
    }

    /// `Nov 24`: the label of a place where the day changes.
    #[must_use]
    pub fn day(self, instant: Timestamp) -> String {
        self.write(instant, "%b %-d")
    }

    /// `Nov 24 13:05`.
    #[must_use]
    pub fn day_and_minute(self, instant: Timestamp) -> String {
        self.write(instant, "%b %-d %H:%M")
    }

    /// `13:05` on the day of `now`, `Nov 23 13:05` on any other.
    #[must_use]
    pub fn brief(self, instant: Timestamp, now: Timestamp) -> String {
        if self.date(instant) == self.date(now) { self.minute(instant) } else { self.day_and_minute(instant) }
    }

    /// `2026-11-24 13:05:59 UTC`, `2026-11-24 14:05:59 +01:00`.
    #[must_use]
    pub fn full(self, instant: Timestamp) -> String {
        format!("{} {}", self.write(instant, "%Y-%m-%d %H:%M:%S"), self.name(instant))
    }

    /// `UTC`, or the numeric offset of the instant: `+01:00`.
    #[must_use]
    pub fn name(self, instant: Timestamp) -> String {
        match self {
            Self::Utc => "UTC".to_owned(),
            Self::Local => self.write(instant, "%:z"),
        }
    }

    /// Reads a time as it is typed: in every form of [`Timestamp::parse`], where one without an offset is of this zone, and
    /// `14:50` or `14:50:30`, the last that there was.
    ///
    /// # Errors
    /// Where it is no time, or one that the clocks of this zone have skipped.
    pub fn read(self, text: &str, now: Timestamp) -> Result<Timestamp, TimeError> {
        if let Some(instant) = self.read_minute(text.trim(), now) {
            return Ok(instant);
        }
        let instant = Timestamp::parse(text, now)?;
        if self == Self::Utc || !is_without_offset(text.trim()) {
            return Ok(instant);
        }
        let wall = instant.to_utc().map(|utc| utc.naive_utc());
        // Of the two that a clock shows where it is put back, the first; chrono does not order them for every zone.
        let both = wall.map(|wall| Local.from_local_datetime(&wall));
        let local = both.and_then(|both| both.earliest().into_iter().chain(both.latest()).min());
        local
            .map(|local| Timestamp::from_micros(local.timestamp_micros()))
            .ok_or_else(|| TimeError::Malformed(shorten(text, 60)))
    }

    /// The last `14:50` there was: today's, or where that lies ahead yesterday's.
    fn read_minute(self, text: &str, now: Timestamp) -> Option<Timestamp> {
        let forms = ["%H:%M:%S", "%H:%M"];
        let time = forms.iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())?;
        let on = |day: Timestamp| self.read(&format!("{} {}", self.date(day), time.format("%H:%M:%S")), now).ok();
        on(now).filter(|instant| *instant <= now).or_else(|| on(now - Duration::from_hours(24)))
    }

    /// Seconds that this zone was ahead of UTC at the instant.
    #[must_use]
    pub fn offset_seconds(self, instant: Timestamp) -> i32 {
        self.at(instant).map_or(0, |time| time.offset().local_minus_utc())
    }

    fn write(self, instant: Timestamp, form: &str) -> String {
        self.at(instant).map_or_else(|| "?".to_owned(), |time| time.format(form).to_string())
    }

    /// `None` for what lies far beyond the years that are accepted: chrono cannot shift its outermost instants.
    fn at(self, instant: Timestamp) -> Option<DateTime<FixedOffset>> {
        let accepted = -Timestamp::MAX.as_micros()..2 * Timestamp::MAX.as_micros();
        let utc = instant.to_utc().filter(|_| accepted.contains(&instant.as_micros()))?;
        let offset = match self {
            Self::Utc => Utc.fix(),
            Self::Local => Local.offset_from_utc_datetime(&utc.naive_utc()).fix(),
        };
        Some(utc.with_timezone(&offset))
    }
}

/// Whether an absolute time says nothing of a zone.
fn is_without_offset(text: &str) -> bool {
    let date_only = text.len() == "2026-11-24".len();
    // After the date a sign can only begin an offset.
    let says =
        text.ends_with(['Z', 'z']) || text.get("2026-11-24".len()..).is_some_and(|rest| rest.contains(['+', '-']));
    Timestamp::parse_absolute(text).is_ok() && (date_only || !says)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text, Timestamp::MIN).unwrap()
    }

    #[test]
    fn utc_is_written_with_its_name() {
        let instant = at("2026-11-04 13:05:59");
        assert_eq!(Zone::Utc.time(instant), "13:05:59");
        assert_eq!(Zone::Utc.minute(instant), "13:05");
        assert_eq!(Zone::Utc.date(instant), "2026-11-04");
        assert_eq!(Zone::Utc.day(instant), "Nov 4");
        assert_eq!(Zone::Utc.day_and_minute(instant), "Nov 4 13:05");
        assert_eq!(Zone::Utc.full(instant), "2026-11-04 13:05:59 UTC");
        assert_eq!(Zone::Utc.offset_seconds(instant), 0);
    }

    /// The zone of a process is fixed at its start, so the test of it runs in a process of its own.
    #[test]
    fn local_time_has_the_offset_of_the_instant_and_not_of_today() {
        let tests = std::env::current_exe().unwrap();
        let name = "console::zone::tests::in_central_europe";
        let status = Command::new(tests)
            .args(["--exact", name, "--ignored"])
            .env("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&status.stdout).into_owned();
        assert!(status.status.success() && said.contains("1 passed"), "{said}");
    }

    #[test]
    #[ignore = "run with TZ set, by the test above"]
    fn in_central_europe() {
        assert_eq!(Zone::Local.full(at("2026-10-25 00:30")), "2026-10-25 02:30:00 +02:00");
        assert_eq!(Zone::Local.full(at("2026-10-25 01:30")), "2026-10-25 02:30:00 +01:00");
        assert_eq!(Zone::Local.day_and_minute(at("2026-07-31 22:00")), "Aug 1 00:00");
        assert_eq!(Zone::Local.offset_seconds(at("2026-07-31 22:00")), 7200);
        let read = |text: &str| Zone::Local.read(text, at("2026-11-24 13:00")).map(|instant| instant.to_string());
        assert_eq!(read("2026-11-24 13:30").unwrap(), "2026-11-24T12:30:00Z", "as it was on the wall");
        assert_eq!(read("2026-07-01").unwrap(), "2026-06-30T22:00:00Z");
        assert_eq!(read("2026-11-24 13:30Z").unwrap(), "2026-11-24T13:30:00Z");
        assert_eq!(read("2026-11-24T13:30:00-05:00").unwrap(), "2026-11-24T18:30:00Z");
        assert_eq!(read("-2h").unwrap(), "2026-11-24T11:00:00Z");
        assert_eq!(read("13:30").unwrap(), "2026-11-24T12:30:00Z");
        assert_eq!(read("14:30").unwrap(), "2026-11-23T13:30:00Z", "it is 14:00 there");
        assert_eq!(read("2026-10-25 02:30").unwrap(), "2026-10-25T00:30:00Z", "the first of the two");
        assert!(read("2026-03-29 02:30").is_err(), "no clock has shown it");
    }

    #[test]
    fn a_minute_alone_is_the_last_there_was() {
        let read = |text: &str| Zone::Utc.read(text, at("2026-11-24 13:00")).map(|instant| instant.to_string());
        assert_eq!(read("12:59").unwrap(), "2026-11-24T12:59:00Z");
        assert_eq!(read(" 13:00:00 ").unwrap(), "2026-11-24T13:00:00Z");
        assert_eq!(read("13:01").unwrap(), "2026-11-23T13:01:00Z");
        assert!(read("25:00").is_err() && read("noon").is_err());
    }

    proptest! {
        #[test]
        fn no_instant_panics(micros: i64) {
            for zone in [Zone::Utc, Zone::Local] {
                let _ = (zone.full(Timestamp::from_micros(micros)), zone.day(Timestamp::from_micros(micros)));
            }
        }
    }
}
