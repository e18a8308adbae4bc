//! Another incident behind the chart of the selected one, aligned at the start of both: which, how it is drawn, and what it
//! counted where. Knows nothing of columns.

use crate::console::event::Detail;
use crate::domain::series::{Count, Point};
use crate::domain::{IncidentId, Measure, Series, Timestamp};

/// How high what stands behind is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Height {
    /// As it counted.
    AsItWas,
    /// So that its peak is as high as that of the selected one: shapes can be compared whatever they count.
    Normalised,
}

/// What stands behind the charts of others.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    /// Which incident. It stays so whatever is marked or selected afterwards.
    pub id: IncidentId,
    /// How high it is drawn.
    pub height: Height,
    /// Everything about it; `None` until it is read.
    pub data: Option<Detail>,
}

/// What stands behind a chart, bucket by bucket of that chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Behind {
    /// What it counted in the time of each bucket; `None` where it is not known.
    pub counts: Vec<Option<f64>>,
    /// Times this it is drawn as it should be.
    pub factor: f64,
    /// Whether its own buckets are others, so that its counts are shares or sums of them.
    pub resampled: bool,
    /// What its values are.
    pub measure: Measure,
}

impl Overlay {
    /// To be read.
    #[must_use]
    pub const fn new(id: IncidentId) -> Self {
        Self { id, height: Height::AsItWas, data: None }
    }
}

impl Height {
    /// The highest counts of both, which are made one, or left as they are.
    fn factor(self, selected: f64, behind: f64) -> f64 {
        match self {
            Self::Normalised if selected > 0.0 && behind > 0.0 => selected / behind,
            Self::Normalised | Self::AsItWas => 1.0,
        }
    }
}

/// What is drawn behind `shown`, a part of `whole`. Bucket by bucket from the one that each incident starts in.
#[must_use]
pub fn behind(
    (shown, whole, started): (&Series, &Series, Timestamp),
    (other, other_started, measure): (&Series, Timestamp, Measure),
    height: Height,
) -> Behind {
    let points = other.points();
    let (period, other_period) = (micros(shown), micros(other));
    let (anchor, other_anchor) = (started.floor(shown.period), other_started.floor(other.period));
    let first = other.first_bucket().as_micros();
    let count = |point: &Point| {
        let offset = point.bucket.as_micros() - anchor.as_micros();
        let from = other_anchor.as_micros() + offset - first;
        share((&points, measure), other_period, from, from + period)
    };
    Behind {
        counts: shown.points().iter().map(count).collect(),
        factor: height.factor(
            peak(&whole.points()),
            peak(&points) * if measure.is_metric() { 1.0 } else { ratio(period, other_period) },
        ),
        resampled: period != other_period,
        measure,
    }
}

/// What was counted from one place to another, in microseconds after the first bucket: of each bucket its share. Of a
/// metric its worst.
fn share((points, measure): (&[Point], Measure), period: i64, from: i64, to: i64) -> Option<f64> {
    let (first, last) = (from.div_euclid(period), (to - 1).div_euclid(period));
    let mut known = None;
    for position in first.max(0)..=last {
        let Some(point) = usize::try_from(position).ok().and_then(|at| points.get(at)) else { break };
        let Some(count) = point.count else { continue };
        let start = position * period;
        let inside = (start + period).min(to) - start.max(from);
        let count = count.as_f64();
        known = Some(match known {
            Some(known) if measure.is_metric() => measure.combine(known, count),
            None if measure.is_metric() => count,
            known => known.unwrap_or(0.0) + count * ratio(inside, period),
        });
    }
    known
}

fn micros(series: &Series) -> i64 {
    i64::try_from(series.period.as_micros()).unwrap_or(i64::MAX).max(1)
}

#[expect(clippy::cast_precision_loss, reason = "spans of time, to be divided")]
fn ratio(one: i64, other: i64) -> f64 {
    one as f64 / other as f64
}

fn peak(points: &[Point]) -> f64 {
    let counts = points.iter().filter_map(|point| point.count).map(Count::as_f64);
    counts.filter(|count| count.is_finite()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::window::Range;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    /// Minute by minute from `start`, with `counts`.
    fn series(start: i64, minutes: u64, counts: &[i64]) -> Series {
        let period = Duration::from_mins(minutes);
        let length = period * u32::try_from(counts.len()).unwrap();
        let range = Range::new(at(start), at(start) + length);
        let counts = (0..).zip(counts).filter(|(_, count)| **count > 0);
        let counts = counts.map(|(at, count)| (at, Count::Whole(*count))).collect();
        Series { range, period, counts, held: vec![range] }
    }

    fn counts(shown: (&Series, i64), other: (&Series, i64)) -> Vec<Option<f64>> {
        let shown = (shown.0, shown.0, at(shown.1));
        behind(shown, (other.0, at(other.1), Measure::Events), Height::AsItWas).counts
    }

    #[test]
    fn the_buckets_that_the_incidents_start_in_stand_behind_each_other() {
        let (one, other) = (series(600, 1, &[1, 1, 9, 1]), series(6_000, 1, &[2, 8, 2, 2]));
        // In the third minute the one starts, in the second the other; within the minute it does not matter.
        let shown = counts((&one, 725), (&other, 6_110));
        assert_eq!(shown, [None, Some(2.0), Some(8.0), Some(2.0)]);
    }

    #[test]
    fn other_windows_are_brought_to_the_buckets_of_the_chart() {
        let (fine, coarse) = (series(0, 1, &[1; 10]), series(0, 5, &[50, 100]));
        assert_eq!(counts((&fine, 0), (&coarse, 0)), [[Some(10.0); 5], [Some(20.0); 5]].concat());
        assert_eq!(counts((&coarse, 0), (&fine, 0)), [Some(5.0), Some(5.0)]);
        let behind = behind((&coarse, &coarse, at(0)), (&fine, at(0), Measure::Events), Height::Normalised);
        assert!(behind.resampled);
        assert!((behind.factor - 20.0).abs() < 1e-9, "{}", behind.factor);
    }

    #[test]
    fn what_the_other_does_not_know_is_not_known() {
        let mut other = series(0, 1, &[4, 4, 4]);
        other.held = vec![Range::new(at(60), at(180))];
        other.counts.remove(0);
        assert_eq!(counts((&series(0, 1, &[1; 4]), 0), (&other, 0)), [None, Some(4.0), Some(4.0), None]);
    }

    #[test]
    fn normalised_the_peaks_are_as_high_and_nothing_divides_by_zero() {
        let factor = |one: &[i64], other: &[i64]| {
            let (one, other) = (series(0, 1, one), series(0, 1, other));
            behind((&one, &one, at(0)), (&other, at(0), Measure::Events), Height::Normalised).factor
        };
        assert!((factor(&[1, 50], &[200, 0]) - 0.25).abs() < 1e-9);
        assert!((factor(&[0, 0], &[200, 0]) - 1.0).abs() < 1e-9);
        assert!((factor(&[3, 0], &[0, 0]) - 1.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn an_incident_behind_itself_is_itself(
            start in -90_000..1_000_000_000i64, counted in proptest::collection::vec(0..1_000i64, 1..50),
            started in -3_000..6_000i64, minutes in 1..20u64,
        ) {
            let series = series(start, minutes, &counted);
            let started = start + started;
            let whole = series.points();
            let known: Vec<Option<f64>> = whole.iter().map(|point| point.count.map(Count::as_f64)).collect();
            prop_assert_eq!(counts((&series, started), (&series, started)), known);
        }

        #[test]
        fn nothing_is_counted_twice_or_lost_where_one_is_within_the_other(
            counted in proptest::collection::vec(0..1_000i64, 1..40), minutes in 1..7u64, other_minutes in 1..7u64,
        ) {
            let other = series(0, other_minutes, &counted);
            let length = other_minutes * counted.len() as u64;
            let zeros = vec![0; usize::try_from(length.div_ceil(minutes)).unwrap()];
            let shown = counts((&series(0, minutes, &zeros), 0), (&other, 0));
            let (sum, expected) = (shown.iter().flatten().sum::<f64>(), counted.iter().sum::<i64>());
            #[expect(clippy::cast_precision_loss, reason = "some thousands")]
            let expected = expected as f64;
            prop_assert!((sum - expected).abs() < 1e-6 * expected.max(1.0), "{sum} of {expected}");
        }
    }
}
