//! Which ranges a snapshot is counted over (rules 9, 10, 11 and 13).
//!
//! ```text
//!        A = date_started - W      date_closed        + cap = target_run_date
//! --------|----|---------------------|-----------------|------------------> time
//!         |<-------- totals ---------->|  (to date_closed + W, rule 9)
//!         |<-------------- lifetime ------------------>|  (rule 13)
//!   |<------------- windowed: 200 W ------------------>|  (rule 10, when A + 100 W lies after as_of)
//! ```

use std::time::Duration;

use super::schedule;
use super::time_window::TimeWindow;
use super::timestamp::Timestamp;

/// Windows in a windowed range.
pub const WINDOWS: u32 = 200;
/// Beyond this many windows the windowed series no longer shows all of the tail after the close (rule 13).
pub const LONG_INCIDENT_WINDOWS: u32 = 89;

/// A half-open range of time, `start <= t < end` (rule 12). Never ends before it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first instant within.
    pub start: Timestamp,
    /// The first instant after.
    pub end: Timestamp,
}

impl Range {
    /// `[start, end)`; empty at `start` where `end` lies before it.
    #[must_use]
    pub fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end: end.max(start) }
    }

    /// How long it is.
    #[must_use]
    pub fn length(self) -> Duration {
        self.end.since(self.start)
    }

    /// What it shares with `other`; empty where they do not meet.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// The whole minutes of the UTC grid within; empty where there are none.
    #[must_use]
    pub fn whole_minutes(self) -> Self {
        let minute = Duration::from_mins(1);
        let start = self.start.floor(minute);
        let start = if start < self.start { start + minute } else { start };
        Self::new(start, self.end.floor(minute))
    }

    /// Whether nothing lies within.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// Whether all of `other` lies within.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// What of an incident decides its ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Course {
    /// When it started.
    pub date_started: Timestamp,
    /// When it was closed; `None` while it is open.
    pub date_closed: Option<Timestamp>,
    /// `W`.
    pub time_window: TimeWindow,
}

/// The ranges of one snapshot, and the instant as of which they were evaluated (rule 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranges {
    /// Everything is evaluated as of this instant.
    pub as_of: Timestamp,
    /// What total events and unique users are counted over (rule 9).
    pub totals: Range,
    /// The 200 windows around the start (rule 10).
    pub windowed: Range,
    /// The whole incident and what came after (rule 13).
    pub lifetime: Range,
    /// The period of the lifetime series, a multiple of `W`.
    pub lifetime_period: Duration,
}

impl Course {
    /// `A = date_started - W`.
    #[must_use]
    pub fn anchor(self) -> Timestamp {
        self.date_started - self.time_window.span()
    }

    /// When its snapshot is due (rule 6); `None` while it is open.
    #[must_use]
    pub fn target_run_date(self) -> Option<Timestamp> {
        self.date_closed.map(|closed| schedule::target_run_date(closed, self.time_window))
    }

    /// `as_of = min(now, target_run_date)` (rule 11).
    #[must_use]
    pub fn as_of(self, now: Timestamp) -> Timestamp {
        self.target_run_date().map_or(now, |target| now.min(target))
    }

    /// The ranges of the snapshot that a capture at `now` stores (rule 11).
    #[must_use]
    pub fn ranges(self, now: Timestamp) -> Ranges {
        self.ranges_as_of(self.as_of(now))
    }

    /// No snapshot that is still to come begins before this, however early it is captured and, while the incident is
    /// open, whenever it is closed.
    #[must_use]
    pub fn needed_from(self) -> Timestamp {
        let closed = self.date_closed.unwrap_or(self.date_started);
        let ranges = Self { date_closed: Some(closed), ..self }.ranges(closed);
        ranges.windowed.start.min(ranges.totals.start).min(ranges.lifetime.start)
    }

    /// The ranges of the snapshot that this incident will get: as of the target, or as of `now` while it is open.
    #[must_use]
    pub fn preview_ranges(self, now: Timestamp) -> Ranges {
        self.ranges_as_of(self.target_run_date().unwrap_or(now))
    }

    fn ranges_as_of(self, as_of: Timestamp) -> Ranges {
        let end_date = self.date_closed.unwrap_or(as_of);
        let tail = end_date + schedule::cap(self.time_window);
        let lifetime = Range::new(self.anchor(), tail.min(as_of));
        Ranges {
            as_of,
            totals: Range::new(self.anchor(), (end_date + self.time_window.span()).min(as_of)),
            windowed: self.windowed_range(end_date, as_of),
            lifetime,
            lifetime_period: self.lifetime_period(lifetime),
        }
    }

    /// Rule 10, as of `t`.
    fn windowed_range(self, end_date: Timestamp, t: Timestamp) -> Range {
        let half = self.time_window.times(WINDOWS / 2);
        let end = self.anchor() + half;
        let end = if end > t { t.min(end_date + schedule::cap(self.time_window)) } else { end };
        Range { start: end - self.time_window.times(WINDOWS), end }
    }

    /// The smallest `k * W` of which 200 cover the range (rule 13).
    fn lifetime_period(self, lifetime: Range) -> Duration {
        let whole = self.time_window.times(WINDOWS).as_micros();
        let multiple = lifetime.length().as_micros().div_ceil(whole).max(1);
        self.time_window.times(u32::try_from(multiple).unwrap_or(u32::MAX))
    }

    /// Whether the windowed series no longer shows all of the tail, so that the lifetime series is the one to look at
    /// first (rule 13).
    #[must_use]
    pub fn is_long(self, now: Timestamp) -> bool {
        let end = self.date_closed.unwrap_or(now);
        end.since(self.date_started) > self.time_window.times(LONG_INCIDENT_WINDOWS)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEN_DAYS: Duration = Duration::from_hours(240);

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text, Timestamp::MIN).unwrap()
    }

    fn course(started: &str, closed: &str, minutes: i64) -> Course {
        Course {
            date_started: time(started),
            date_closed: Some(time(closed)),
            time_window: TimeWindow::from_minutes(minutes).unwrap(),
        }
    }

    fn check_windowed(course: Course, now: &str, start: &str, end: &str) {
        let range = course.ranges(time(now)).windowed;
        assert_eq!((range.start.to_string(), range.end.to_string()), (start.to_owned(), end.to_owned()), "at {now}");
    }

    #[test]
    fn rules_10_and_11_captured_on_time_or_late_the_range_is_the_same() {
        let incident = course("2026-11-24 12:00", "2026-11-24 12:05", 1);
        for now in ["2026-11-24 12:15", "2026-11-24 13:00", "2026-11-24 14:00", "2026-11-27 14:00"] {
            check_windowed(incident, now, "2026-11-24T08:55:00Z", "2026-11-24T12:15:00Z");
        }
    }

    #[test]
    fn rule_10_without_rule_11_would_drift_with_the_time_of_capture() {
        let incident = course("2026-11-24 12:00", "2026-11-24 12:05", 1);
        let range = incident.ranges_as_of(time("2026-11-24 14:00")).windowed;
        assert_eq!(range, Range::new(time("2026-11-24 10:19"), time("2026-11-24 13:39")));
    }

    #[test]
    fn the_whole_minutes_of_a_range_leave_out_what_is_begun_or_not_over() {
        let check = |start, end, whole: Option<(&str, &str)>| {
            let found = Range::new(time(start), time(end)).whole_minutes();
            let expected = whole.map(|(start, end)| Range::new(time(start), time(end)));
            assert_eq!((!found.is_empty()).then_some(found), expected, "{start} to {end}");
        };
        check("2026-11-24 12:00", "2026-11-24 12:05", Some(("2026-11-24 12:00", "2026-11-24 12:05")));
        check("2026-11-24 12:00:01", "2026-11-24 12:05:59", Some(("2026-11-24 12:01", "2026-11-24 12:05")));
        check("2026-11-24 12:00:01", "2026-11-24 12:01:59", None);
        check("2026-11-24 12:00:01", "2026-11-24 12:00:02", None);
    }

    #[test]
    fn rule_10_an_open_incident_is_seen_up_to_now() {
        let incident = Course { date_closed: None, ..course("2026-11-24 12:00", "2026-11-24 12:05", 1) };
        check_windowed(incident, "2026-11-24 12:30", "2026-11-24T09:10:00Z", "2026-11-24T12:30:00Z");
    }

    #[test]
    fn rule_10_the_window_ends_ten_windows_or_ten_days_after_the_close() {
        let long_window = course("2026-11-13 12:00", "2026-11-13 13:00", 1500);
        check_windowed(long_window, "2026-11-24 13:00", "2026-04-29T05:00:00Z", "2026-11-23T13:00:00Z");
        let short_window = course("2026-11-13 12:00", "2026-11-13 13:00", 10);
        check_windowed(short_window, "2026-11-24 13:00", "2026-11-12T05:20:00Z", "2026-11-13T14:40:00Z");
    }

    #[test]
    fn rule_9_totals_reach_one_window_past_the_close_but_not_past_as_of() {
        let incident = course("2026-11-24 12:00", "2026-11-24 12:05", 1);
        let late = incident.ranges(time("2026-11-24 14:00")).totals;
        assert_eq!(late, Range::new(time("2026-11-24 11:59"), time("2026-11-24 12:06")));
        let early = incident.ranges(time("2026-11-24 12:05:30")).totals;
        assert_eq!(early, Range::new(time("2026-11-24 11:59"), time("2026-11-24 12:05:30")));
    }

    #[test]
    fn rule_13_the_lifetime_covers_the_tail_that_rule_10_loses() {
        let incident = course("2026-11-24 00:00", "2026-11-24 10:00", 1);
        let ranges = incident.ranges(time("2026-11-25 00:00"));
        assert_eq!(ranges.windowed.end, time("2026-11-24 01:39"));
        assert_eq!(ranges.lifetime, Range::new(time("2026-11-23 23:59"), time("2026-11-24 10:10")));
        assert_eq!(ranges.lifetime_period, Duration::from_mins(4), "611 minutes need four a bucket");
        assert!(incident.is_long(time("2026-11-25 00:00")));
    }

    #[test]
    fn rule_13_a_short_incident_has_the_period_of_its_window() {
        let incident = course("2026-11-24 12:00", "2026-11-24 12:05", 1);
        assert_eq!(incident.ranges(time("2026-11-24 14:00")).lifetime_period, Duration::from_mins(1));
        assert!(!incident.is_long(time("2026-11-24 14:00")));
    }

    prop_compose! {
        fn any_course()(
            started in 0..Timestamp::MAX.as_micros(), length in 0..4_000_000_000_000_000i64,
            open in proptest::bool::ANY, minutes in 1..=43_200i64,
        ) -> Course {
            let date_started = Timestamp::from_micros(started);
            let closed = Timestamp::from_micros(started.saturating_add(length).min(Timestamp::MAX.as_micros()));
            Course {
                date_started,
                date_closed: (!open).then_some(closed),
                time_window: TimeWindow::from_minutes(minutes).unwrap(),
            }
        }
    }

    prop_compose! {
        /// A course, and a `now` at which it can exist: not before its start or its close.
        fn course_and_now()(course in any_course(), later in 0..4_000_000_000_000_000i64) -> (Course, Timestamp) {
            let known = course.date_closed.unwrap_or(course.date_started);
            (course, known + Duration::from_micros(later.unsigned_abs()))
        }
    }

    proptest! {
        #[test]
        fn rule_10_the_windowed_range_is_exactly_200_windows((course, now) in course_and_now()) {
            prop_assert_eq!(course.ranges(now).windowed.length(), course.time_window.times(200));
        }

        #[test]
        fn rules_10_and_11_no_range_ends_after_now_or_after_the_cap((course, now) in course_and_now()) {
            let ranges = course.ranges(now);
            for range in [ranges.windowed, ranges.totals, ranges.lifetime] {
                prop_assert!(range.start <= range.end);
                prop_assert!(range.end <= now);
                if let Some(target) = course.target_run_date() {
                    prop_assert!(range.end <= target);
                }
            }
        }

        #[test]
        fn rule_11_capturing_later_never_changes_the_ranges(course in any_course(), one in 0..1u64 << 50, other in 0..1u64 << 50) {
            if let Some(target) = course.target_run_date() {
                let (one, other) = (target + Duration::from_micros(one), target + Duration::from_micros(other));
                prop_assert_eq!(course.ranges(one), course.ranges(other));
                prop_assert_eq!(course.ranges(one), course.preview_ranges(course.date_started));
                prop_assert!(course.ranges(one).windowed.end.since(course.date_closed.unwrap()) <= TEN_DAYS);
            }
        }

        #[test]
        fn no_range_begins_before_what_is_needed((course, now) in course_and_now(), closed in 0..1u64 << 52) {
            let open = Course { date_closed: None, ..course };
            let ranges = [course.ranges(now), course.preview_ranges(now)];
            let starts = ranges.iter().flat_map(|ranges| [ranges.windowed.start, ranges.totals.start, ranges.lifetime.start]);
            for start in starts {
                prop_assert!(start >= course.needed_from() && start >= open.needed_from());
                prop_assert!(start >= course.date_started - course.time_window.times(201));
            }
            let closed = course.date_started + Duration::from_micros(closed);
            let later = Course { date_closed: Some(closed), ..course };
            prop_assert!(later.needed_from() >= open.needed_from());
        }

        #[test]
        fn rule_13_the_lifetime_period_is_the_smallest_multiple_that_covers((course, now) in course_and_now()) {
            let ranges = course.ranges(now);
            let window = course.time_window.span().as_micros();
            let multiple = ranges.lifetime_period.as_micros() / window;
            prop_assert_eq!(ranges.lifetime_period.as_micros() % window, 0);
            prop_assert!(200 * multiple * window >= ranges.lifetime.length().as_micros());
            prop_assert!(multiple == 1 || 200 * (multiple - 1) * window < ranges.lifetime.length().as_micros());
        }

        #[test]
        fn no_course_of_any_values_panics(started: i64, closed: Option<i64>, minutes in 1..=43_200i64, now: i64) {
            let course = Course {
                date_started: Timestamp::from_micros(started),
                date_closed: closed.map(Timestamp::from_micros),
                time_window: TimeWindow::from_minutes(minutes).unwrap(),
            };
            let now = Timestamp::from_micros(now);
            let _ = (course.ranges(now), course.preview_ranges(now), course.is_long(now));
        }
    }
}
