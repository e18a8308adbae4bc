//! The labelled places of a chart's two axes: round values, round times. Knows neither pixels nor columns, only how many
//! labels have room.

use std::time::Duration;

use super::words;
use crate::domain::Timestamp;
use crate::domain::series::{Count, Point};
use crate::domain::window::Range;

/// The vertical axis: from zero, or a round value at or below a lowest one below it, to a round value at or above the
/// highest count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Values {
    /// The value of its lower end.
    pub bottom: f64,
    /// The value of its upper end.
    pub top: f64,
    /// From one labelled value to the next.
    pub step: f64,
}

/// What a step may begin with, so that its multiples are easily read.
const ROUND: [f64; 4] = [1.0, 2.0, 2.5, 5.0];

impl Values {
    /// The finest axis with at most `most` labels above its lower end, two where there are values on both sides of zero.
    /// Whole counts get whole steps.
    #[must_use]
    pub fn new((lowest, peak): (f64, f64), most: u8, whole: bool) -> Self {
        let (lowest, peak) = (lowest.min(0.0), peak.max(0.0));
        let span = peak - lowest;
        if !(span > 0.0 && span.is_finite()) {
            return Self { bottom: 0.0, top: 1.0, step: 1.0 };
        }
        let most = if lowest < 0.0 && peak > 0.0 { most.max(2) } else { most };
        let magnitude = span.log10().floor();
        let steps = [-1.0, 0.0, 1.0]
            .into_iter()
            .flat_map(|exponent| ROUND.iter().map(move |mantissa| mantissa * 10f64.powf(magnitude + exponent)));
        let fine = |step: &f64| !whole || (*step >= 1.0 && step.fract() == 0.0);
        let ends = |step: f64| ((lowest / step).floor(), (peak / step).ceil());
        let fits = |step: &f64| *step > 0.0 && ends(*step).1 - ends(*step).0 <= f64::from(most);
        let finite = |step: &f64| (step * ends(*step).1).is_finite() && (step * ends(*step).0).is_finite();
        let step = steps.filter(fine).find(fits).filter(finite);
        step.map_or(Self { bottom: lowest, top: peak, step: span }, |step| {
            let (first, last) = ends(step);
            Self { bottom: step * first, top: step * last, step }
        })
    }

    /// The axis of these points.
    #[must_use]
    pub fn of(points: &[Point], most: u8) -> Self {
        let counts = || points.iter().filter_map(|point| point.count);
        let finite = counts().map(Count::as_f64).filter(|count| count.is_finite());
        let extremes = finite.fold((0.0f64, 0.0f64), |(low, high), count| (low.min(count), high.max(count)));
        Self::new(extremes, most, counts().all(|count| matches!(count, Count::Whole(_))))
    }

    /// The labelled values, the lower end first.
    pub fn labels(self) -> impl Iterator<Item = f64> {
        let Self { bottom, top, step } = self;
        // Steps do not meet zero exactly.
        let value = move |number: u8| Some(bottom + step * f64::from(number)).filter(|value| value.abs() > step * 1e-9);
        (0..=u8::MAX)
            .map(move |number| value(number).unwrap_or(0.0))
            .take_while(move |value| *value <= top + step * 0.001)
    }

    /// How high a value stands: 0 at the lower end, 1 at the upper one.
    #[must_use]
    pub fn share(self, value: f64) -> f64 {
        (value - self.bottom) / (self.top - self.bottom)
    }
}

/// A labelled place of the horizontal axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Time {
    /// Where.
    pub at: Timestamp,
    /// What is written there: `13:30`, `Nov 24`.
    pub label: String,
    /// What is written below it where it is the first or differs from the one before: `Nov 24`, `2026`.
    pub context: Option<String>,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Seconds from one label to the next. From a week on they fall on Mondays.
const STEPS: [i64; 23] = [
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
    56 * DAY,
    112 * DAY,
    224 * DAY,
    448 * DAY,
    896 * DAY,
    1792 * DAY,
    3584 * DAY,
];
/// 1970-01-05, a Monday.
const FIRST_MONDAY: i64 = 4 * DAY;

/// At most `most` round times within a range, in UTC.
#[must_use]
pub fn times(range: Range, most: usize) -> Vec<Time> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let start = (range.start + Duration::from_micros(999_999)).as_seconds();
    let end = range.end.as_seconds();
    for step in STEPS {
        let phase = if step >= 7 * DAY { FIRST_MONDAY } else { 0 };
        // Rounded up: the first multiple that is not before the start.
        let first = -(phase - start).div_euclid(step);
        let last = (end - 1 - phase).div_euclid(step);
        if last - first < most {
            return labelled((first..=last).map(|number| phase + number * step), step);
        }
    }
    Vec::new()
}

fn labelled(seconds: impl Iterator<Item = i64>, step: i64) -> Vec<Time> {
    let mut before = None;
    seconds
        .map(|second| {
            let at = Timestamp::from_seconds(second);
            let (label, context) =
                if step < DAY { (words::clock(at), words::day(at)) } else { (words::day(at), words::year(at)) };
            let is_new = before.replace(context.clone()).is_none_or(|before| before != context);
            Time { at, label, context: is_new.then_some(context) }
        })
        .collect()
}

/// How long a range is from its start to an instant, as a share of all of it: 0 at the start, 1 at the end.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a share of a drawing")]
pub fn share(range: Range, at: Timestamp) -> f64 {
    let length = range.length().max(Duration::from_micros(1)).as_micros() as f64;
    at.as_micros().saturating_sub(range.start.as_micros()) as f64 / length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check_values(peak: f64, most: u8, whole: bool, labels: &[&str]) {
        let written: Vec<String> = Values::new((0.0, peak), most, whole).labels().map(words::compact).collect();
        assert_eq!(written, labels, "{peak}");
    }

    #[test]
    fn values_are_round_and_the_highest_is_at_or_above_the_peak() {
        check_values(1204.0, 5, true, &["0", "250", "500", "750", "1k", "1.25k"]);
        check_values(1204.0, 2, true, &["0", "1k", "2k"]);
        check_values(93.0, 5, true, &["0", "20", "40", "60", "80", "100"]);
        check_values(3.0, 5, true, &["0", "1", "2", "3"]);
        check_values(1.0, 5, true, &["0", "1"]);
        check_values(0.0, 5, true, &["0", "1"]);
        check_values(0.7, 5, false, &["0", "0.2", "0.4", "0.6", "0.8"]);
        check_values(9_223_372_036_854_775_807.0, 5, true, &["0", "2E", "4E", "6E", "8E", "10E"]);
    }

    #[test]
    fn values_below_zero_have_an_axis_that_goes_through_it() {
        let labels =
            |extremes| -> Vec<String> { Values::new(extremes, 5, false).labels().map(words::compact).collect() };
        assert_eq!(labels((-0.03, 0.011)), ["-0.03", "-0.02", "-0.01", "0", "0.01", "0.02"]);
        assert_eq!(labels((-41.0, -20.0)), ["-50", "-40", "-30", "-20", "-10", "0"]);
        assert_eq!(labels((0.0, 0.0123)), ["0", "0.0025", "0.005", "0.0075", "0.01", "0.0125"]);
        assert_eq!(labels((0.0, 12_500_000.0)), ["0", "2.5M", "5M", "7.5M", "10M", "12.5M"]);
    }

    fn check_times(start: &str, minutes: u64, most: usize, labels: &[&str]) {
        let start = Timestamp::parse(start, Timestamp::MIN).unwrap();
        let times = times(Range::new(start, start + Duration::from_mins(minutes)), most);
        let written = |time: Time| match time.context {
            Some(context) => format!("{}/{context}", time.label),
            None => time.label,
        };
        assert_eq!(times.into_iter().map(written).collect::<Vec<_>>(), labels);
    }

    #[test]
    fn times_are_round_and_as_many_as_have_room() {
        check_times("2026-11-24 08:55", 200, 4, &["09:00/Nov 24", "10:00", "11:00", "12:00"]);
        check_times("2026-11-24 18:55", 1000, 6, &["21:00/Nov 24", "00:00/Nov 25", "03:00", "06:00", "09:00"]);
        check_times("2026-11-24 18:55", 1000, 3, &["00:00/Nov 25", "06:00"]);
        check_times("2026-11-24", 1440 * 60, 5, &["Dec 7/2026", "Dec 21", "Jan 4/2027", "Jan 18"]);
        let years = ["Nov 20/2028", "May 5/2031", "Oct 17/2033", "Mar 31/2036", "Sep 13/2038", "Feb 25/2041"];
        check_times("2026-11-24", 43_200 * 200, 6, &years);
        check_times("2026-11-24 08:55", 0, 4, &[]);
    }

    proptest! {
        #[test]
        fn no_axis_of_any_values_panics(lowest: f64, peak: f64, most in 1..9u8, whole: bool, start: i64, end: i64, room in 0..30usize) {
            let values = Values::new((lowest, peak), most, whole);
            prop_assert!(values.top > values.bottom && values.labels().count() <= usize::from(most).max(2) + 2);
            let range = Range::new(Timestamp::from_micros(start), Timestamp::from_micros(end));
            let times = times(range, room);
            prop_assert!(times.len() <= room);
            for time in times {
                prop_assert!(range.start <= time.at + Duration::from_secs(1) && time.at <= range.end);
            }
        }
    }
}
