//! A series brought to the columns that there are: where it is longer, reduced to what matters most, so that no peak is
//! lost, and stretched where it is shorter. Knows columns, not characters.

use std::ops::Range;
use std::time::Duration;

use crate::domain::series::{Coverage, Point};
use crate::domain::{Measure, Timestamp};

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// The count of its buckets that matters most; finite, and negative only of a metric.
    Count(f64),
    /// The source did not hold its buckets.
    Gap,
    /// Its buckets are not over yet.
    Future,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The positions of its buckets among the points; never empty.
    pub points: Range<usize>,
    /// What it shows.
    pub value: Value,
    /// Whether one of its counts is of a part of a bucket only.
    pub partial: bool,
}

/// The points in exactly `width` columns; none where there is no point. Of several buckets in a column the highest one is
/// kept, or the lowest where that is the worst.
#[must_use]
pub fn reduce(points: &[Point], width: usize, now: Timestamp, measure: Measure) -> Vec<Cell> {
    if points.is_empty() {
        return Vec::new();
    }
    let period = period(points);
    let cell = |column: usize| {
        let start = column * points.len() / width;
        let end = ((column + 1) * points.len() / width).max(start + 1);
        Cell {
            points: start..end,
            value: telling(points[start..end].iter().map(|point| value(point, period, now)), measure),
            partial: points[start..end].iter().any(|point| is_partial(point, period, now)),
        }
    };
    (0..width).map(cell).collect()
}

/// The length of a bucket, as far as the points tell.
pub(super) fn period(points: &[Point]) -> Duration {
    points.get(1).map_or(Duration::ZERO, |second| second.bucket.since(points[0].bucket))
}

/// What one bucket shows. The bucket that `now` lies in is not over, so without a count it is no gap.
pub(super) fn value(point: &Point, period: Duration, now: Timestamp) -> Value {
    match point.count {
        Some(count) => Value::Count(Some(count.as_f64()).filter(|count| count.is_finite()).unwrap_or(0.0)),
        None if point.bucket + period > now || point.bucket >= now => Value::Future,
        None => Value::Gap,
    }
}

/// Whether a count is of a part of its bucket only, because the range or the present ends within it.
pub(super) fn is_partial(point: &Point, period: Duration, now: Timestamp) -> bool {
    let in_progress = point.bucket <= now && now < point.bucket + period;
    point.count.is_some() && (point.coverage == Coverage::Partial || in_progress)
}

/// What counted something hides everything else; what is unknown is not hidden by a zero beside it. To a metric zero is a
/// value like any other.
fn telling(values: impl Iterator<Item = Value>, measure: Measure) -> Value {
    let rank = |value: &Value| match (*value, measure) {
        (Value::Count(count), Measure::LowestMetric) => (3, -count),
        (Value::Count(count), Measure::Metric) => (3, count),
        (Value::Count(count), _) if count > 0.0 => (3, count),
        (Value::Gap, _) => (2, 0.0),
        (Value::Count(_), _) => (1, 0.0),
        (Value::Future, _) => (0, 0.0),
    };
    values
        .max_by(|one, other| rank(one).partial_cmp(&rank(other)).unwrap_or(std::cmp::Ordering::Equal))
        .unwrap_or(Value::Gap)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::series::Count;

    const NEVER: Timestamp = Timestamp::MAX;

    fn points(counts: &[Option<i64>]) -> Vec<Point> {
        let point = |(minute, count): (usize, &Option<i64>)| Point {
            bucket: Timestamp::from_seconds(i64::try_from(minute).unwrap() * 60),
            count: count.map(Count::Whole),
            coverage: Coverage::Whole,
        };
        counts.iter().enumerate().map(point).collect()
    }

    fn values(counts: &[Option<i64>], width: usize, now: Timestamp) -> Vec<Value> {
        reduce(&points(counts), width, now, Measure::Events).into_iter().map(|cell| cell.value).collect()
    }

    #[test]
    fn a_narrow_column_shows_the_largest_of_its_buckets() {
        let counts = [Some(1), Some(9), Some(0), Some(0), Some(3), Some(2)];
        assert_eq!(values(&counts, 3, NEVER), [Value::Count(9.0), Value::Count(0.0), Value::Count(3.0)]);
    }

    #[test]
    fn a_short_series_is_stretched_over_all_columns() {
        let counts = [Some(1), Some(2)];
        let (one, two) = (Value::Count(1.0), Value::Count(2.0));
        assert_eq!(values(&counts, 4, NEVER), [one, one, two, two]);
    }

    #[test]
    fn a_gap_hides_behind_a_count_but_not_behind_a_zero() {
        let counts = [Some(4), None, Some(0), None, None, None];
        assert_eq!(values(&counts, 3, NEVER), [Value::Count(4.0), Value::Gap, Value::Gap]);
    }

    #[test]
    fn of_a_metric_zero_is_a_value_and_the_worst_is_kept() {
        let counts = points(&[Some(4), Some(0), Some(-2), Some(-7), None, Some(0)]);
        let values =
            |measure| -> Vec<Value> { reduce(&counts, 3, NEVER, measure).into_iter().map(|cell| cell.value).collect() };
        assert_eq!(values(Measure::Metric), [Value::Count(4.0), Value::Count(-2.0), Value::Count(0.0)]);
        assert_eq!(values(Measure::LowestMetric), [Value::Count(0.0), Value::Count(-7.0), Value::Count(0.0)]);
    }

    #[test]
    fn a_bucket_that_is_not_over_is_not_yet_and_not_a_gap() {
        let now = Timestamp::from_seconds(90);
        let (gap, future) = (Value::Gap, Value::Future);
        assert_eq!(values(&[None, None, None, None], 4, now), [gap, future, future, future]);
    }

    #[test]
    fn a_count_of_a_bucket_that_is_not_over_is_partial() {
        let cells = reduce(&points(&[Some(1), Some(1), None]), 3, Timestamp::from_seconds(90), Measure::Events);
        assert_eq!(cells.iter().map(|cell| cell.partial).collect::<Vec<_>>(), [false, true, false]);
    }

    proptest! {
        #[test]
        fn every_bucket_is_in_a_column_and_the_peak_is_kept(
            counts in proptest::collection::vec(proptest::option::of(0..1000i64), 1..300), width in 1..300usize,
        ) {
            let cells = reduce(&points(&counts), width, NEVER, Measure::Events);
            prop_assert_eq!(cells.len(), width);
            for position in 0..counts.len() {
                prop_assert!(cells.iter().any(|cell| cell.points.contains(&position)));
            }
            let peak = counts.iter().flatten().max().copied().filter(|peak| *peak > 0);
            #[expect(clippy::cast_precision_loss, reason = "below a thousand")]
            let peak = peak.map(|peak| peak as f64);
            let shown = cells.iter().filter_map(|cell| match cell.value {
                Value::Count(count) if count > 0.0 => Some(count),
                _ => None,
            });
            prop_assert_eq!(shown.reduce(f64::max), peak);
        }
    }
}
