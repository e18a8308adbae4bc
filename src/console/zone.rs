//! In which zone instants are written on the screen. Never reads the present time: the offset is that of the instant
//! itself, so a time before a change to or from summer time is written as it was on the wall then.

use chrono::{DateTime, FixedOffset, Local, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc};

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
        let shown = wall.map(|wall| self.instants(wall)).unwrap_or_default();
        // Of the two that a clock shows where it is put back, the first.
        shown.first().copied().ok_or_else(|| TimeError::Skipped(shorten(text, 60)))
    }

    /// The last `14:50` there was: today's, or where that lies ahead yesterday's. By the calendar, for a day may have 23
    /// hours or 25; and the day before, where yesterday's clocks have skipped it.
    fn read_minute(self, text: &str, now: Timestamp) -> Option<Timestamp> {
        let forms = ["%H:%M:%S", "%H:%M"];
        let time = forms.iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())?;
        let today = self.at(now)?.date_naive();
        let days = std::iter::successors(Some(today), NaiveDate::pred_opt).take(3);
        let mut shown = days.map(|day| self.instants(day.and_time(time)));
        shown.find_map(|shown| shown.into_iter().rfind(|instant| (Timestamp::MIN..=now).contains(instant)))
    }

    /// When the clocks of this zone show this, in order: twice where they are put back, never where they skip it.
    fn instants(self, wall: NaiveDateTime) -> Vec<Timestamp> {
        let mut micros = match self {
            Self::Utc => vec![wall.and_utc().timestamp_micros()],
            Self::Local => {
                let both = Local.from_local_datetime(&wall);
                both.earliest().into_iter().chain(both.latest()).map(|local| local.timestamp_micros()).collect()
            }
        };
        // chrono does not order them for every zone.
        micros.sort_unstable();
        micros.into_iter().map(Timestamp::from_micros).collect()
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

    /// The zone of a process is fixed at its start, so each test of one runs in a process of its own.
    #[track_caller]
    fn check_in(zone: &str, test: &str) {
        let tests = std::env::current_exe().unwrap();
        let name = format!("console::zone::tests::{test}");
        let status = Command::new(tests).args(["--exact", &name, "--ignored"]).env("TZ", zone).output().unwrap();
        let said = String::from_utf8_lossy(&status.stdout).into_owned();
        assert!(status.status.success() && said.contains("1 passed"), "{zone}: {said}");
    }

    /// A host may be without the database of zones, in which this file would be.
    fn is_known(zone: &str) -> bool {
        std::path::Path::new("/usr/share/zoneinfo").join(zone).exists()
    }

    #[test]
    fn local_time_has_the_offset_of_the_instant_and_not_of_today() {
        check_in("CET-1CEST,M3.5.0,M10.5.0/3", "in_central_europe");
        for (zone, test) in [
            ("Europe/Berlin", "in_central_europe"),
            ("America/New_York", "in_new_york"),
            ("Asia/Kathmandu", "in_kathmandu"),
            ("Australia/Lord_Howe", "on_lord_howe_island"),
        ] {
            if is_known(zone) {
                check_in(zone, test);
            }
        }
    }

    fn typed(text: &str, now: &str) -> Result<String, String> {
        let read = Zone::Local.read(text, at(now));
        read.map(|instant| instant.to_string()).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn check_typed(text: &str, now: &str, instant: &str) {
        assert_eq!(typed(text, now), Ok(at(instant).to_string()), "{text} at {now}");
    }

    #[test]
    #[ignore = "run with TZ set, by the test above"]
    fn in_central_europe() {
        assert_eq!(Zone::Local.full(at("2026-10-25 00:30")), "2026-10-25 02:30:00 +02:00");
        assert_eq!(Zone::Local.full(at("2026-10-25 01:30")), "2026-10-25 02:30:00 +01:00");
        assert_eq!(Zone::Local.full(at("2026-03-29 00:59:59")), "2026-03-29 01:59:59 +01:00");
        assert_eq!(Zone::Local.full(at("2026-03-29 01:00")), "2026-03-29 03:00:00 +02:00");
        assert_eq!(Zone::Local.day_and_minute(at("2026-07-31 22:00")), "Aug 1 00:00");
        assert_eq!(Zone::Local.offset_seconds(at("2026-07-31 22:00")), 7200);
        let now = "2026-11-24 13:00";
        check_typed("2026-11-24 13:30", now, "2026-11-24T12:30:00Z");
        check_typed("2026-07-01", now, "2026-06-30T22:00:00Z");
        check_typed("2026-11-24 13:30Z", now, "2026-11-24T13:30:00Z");
        check_typed("2026-11-24T13:30:00-05:00", now, "2026-11-24T18:30:00Z");
        check_typed("-2h", now, "2026-11-24T11:00:00Z");
        check_typed("13:30", now, "2026-11-24T12:30:00Z");
        // It is 14:00 there.
        check_typed("14:30", now, "2026-11-23T13:30:00Z");
        check_typed("2026-10-25 02:30", now, "2026-10-25T00:30:00Z");
        check_typed("2026-10-25 02:30:00 +01:00", now, "2026-10-25T01:30:00Z");
    }

    #[test]
    #[ignore = "run with TZ set, by the test above"]
    fn in_new_york() {
        assert_eq!(Zone::Local.full(at("2026-11-01 05:30")), "2026-11-01 01:30:00 -04:00");
        assert_eq!(Zone::Local.full(at("2026-11-01 06:30")), "2026-11-01 01:30:00 -05:00");
        check_typed("2026-11-01 01:30", "2026-11-24 13:00", "2026-11-01T05:30:00Z");
        assert!(typed("2026-03-08 02:30", "2026-11-24 13:00").unwrap_err().contains("skipped"));
        // Between the two a clock shows 01:45 for the first time; after them, for the second.
        check_typed("01:30", "2026-11-01 05:45", "2026-11-01 05:30");
        check_typed("01:30", "2026-11-01 06:45", "2026-11-01 06:30");
        check_typed("01:50", "2026-11-01 06:45", "2026-11-01 05:50");
    }

    #[test]
    #[ignore = "run with TZ set, by the test above"]
    fn in_kathmandu() {
        assert_eq!(Zone::Local.full(at("2026-11-24 18:14:59")), "2026-11-24 23:59:59 +05:45");
        assert_eq!(Zone::Local.date(at("2026-11-24 18:15")), "2026-11-25");
        check_typed("00:10", "2026-11-24 18:30", "2026-11-24 18:25");
        check_typed("00:20", "2026-11-24 18:30", "2026-11-23 18:35");
    }

    /// Half an hour is put forward and back there: at 02:00, +11:00 becomes +10:30 and 01:30 comes again.
    #[test]
    #[ignore = "run with TZ set, by the test above"]
    fn on_lord_howe_island() {
        assert_eq!(Zone::Local.full(at("2026-04-04 14:59:59")), "2026-04-05 01:59:59 +11:00");
        assert_eq!(Zone::Local.full(at("2026-04-04 15:00")), "2026-04-05 01:30:00 +10:30");
        check_typed("2026-04-05 01:45", "2026-11-24 13:00", "2026-04-04 14:45");
        check_typed("01:45", "2026-04-04 15:20", "2026-04-04 15:15");
        assert!(typed("2026-10-04 02:15", "2026-11-24 13:00").unwrap_err().contains("skipped"));
        check_typed("2026-10-04 02:30", "2026-11-24 13:00", "2026-10-03 15:30");
    }

    #[test]
    fn a_minute_is_found_by_the_calendar_where_a_day_has_23_hours_or_25() {
        if is_known("Europe/Berlin") {
            check_in("Europe/Berlin", "around_the_change_in_berlin");
        }
    }

    #[test]
    #[ignore = "run with TZ set, by the test above"]
    fn around_the_change_in_berlin() {
        let error = typed("2026-03-29 02:30", "2026-11-24 13:00").unwrap_err();
        assert_eq!(error, "the clocks here have skipped the time '2026-03-29 02:30': they were put forward");
        // 23:30 on the day of 25 hours: that minute lies ahead.
        check_typed("23:45", "2026-10-25 22:30", "2026-10-24 21:45");
        // 00:10 on the day after the one of 23 hours: that minute was 40 minutes ago.
        check_typed("23:30", "2026-03-29 22:10", "2026-03-29 21:30");
        // Of the two on that day, the last that there was.
        check_typed("02:30", "2026-10-25 00:45", "2026-10-25 00:30");
        check_typed("02:30", "2026-10-25 01:45", "2026-10-25 01:30");
        check_typed("02:30", "2026-10-25 09:00", "2026-10-25 01:30");
        // On the day on which it was skipped, and on the morning after it.
        check_typed("02:30", "2026-03-29 08:00", "2026-03-28 01:30");
        check_typed("02:30", "2026-03-29 23:00", "2026-03-28 01:30");
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
