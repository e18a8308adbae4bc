//! Counts per bucket: what is stored of a series, and how it is read with its zeros and gaps (rule 12).

use std::time::Duration;

use thiserror::Error;

use super::timestamp::{Timestamp, micros};
use super::window::Range;

/// What a bucket counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Count {
    /// From an exact source.
    Whole(i64),
    /// From an estimating source.
    Estimate(f64),
}

impl Count {
    /// For drawing; exact up to 2^53.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a drawing has less than 53 bits of height")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Whole(count) => count as f64,
            Self::Estimate(count) => count,
        }
    }
}

/// Whether a point covers all of its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// All of it lies within the range.
    Whole,
    /// The range begins or ends within it.
    Partial,
}

/// One bucket as it is read: filled (rule 12).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The bucket's time: `floor(t / period) * period`.
    pub bucket: Timestamp,
    /// What it counted; `None` where the source did not hold it.
    pub count: Option<Count>,
    /// Whether the range covers all of the bucket.
    pub coverage: Coverage,
}

/// What is stored of a series: its range, its non-empty buckets in time order, and what its source held.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Exactly the range that was queried.
    pub range: Range,
    /// The length of a bucket.
    pub period: Duration,
    /// The non-empty buckets, by their position on the period's grid counted from the first bucket of the range.
    pub counts: Vec<(u32, Count)>,
    /// The intervals that the source held, in time order, within the range.
    pub held: Vec<Range>,
}

/// A stored series is not readable: somebody else wrote to the database.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a stored series is damaged: cannot read '{0}'")]
pub struct SeriesError(String);

impl Series {
    /// The time of the bucket at which positions begin to count.
    #[must_use]
    pub fn first_bucket(&self) -> Timestamp {
        self.range.start.floor(self.period)
    }

    /// Every bucket that meets the range, with zeros and gaps filled in (rule 12).
    #[must_use]
    pub fn points(&self) -> Vec<Point> {
        let mut counts = self.counts.iter().peekable();
        let mut points = Vec::with_capacity(self.len());
        for (position, bucket) in self.buckets().enumerate() {
            let counted = counts.next_if(|(at, _)| *at as usize == position).map(|(_, count)| *count);
            let whole = Range::new(bucket, bucket + self.period);
            let inside = whole.intersection(self.range);
            let held = || self.held.iter().any(|interval| interval.contains(inside));
            points.push(Point {
                bucket,
                count: counted.or_else(|| held().then_some(Count::Whole(0))),
                coverage: if inside == whole { Coverage::Whole } else { Coverage::Partial },
            });
        }
        points
    }

    /// How many buckets meet the range: 200 for an aligned windowed one, 201 for an unaligned one.
    #[must_use]
    pub fn len(&self) -> usize {
        if self.range.is_empty() || self.period.is_zero() {
            return 0;
        }
        let covered = self.range.end.since(self.first_bucket()).as_micros();
        usize::try_from(covered.div_ceil(self.period.as_micros())).unwrap_or(0)
    }

    /// Whether no bucket meets the range.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the source no longer, or not yet, held part of the range.
    #[must_use]
    pub fn has_gaps(&self) -> bool {
        !self.range.is_empty() && !self.held.iter().any(|interval| interval.contains(self.range))
    }

    fn buckets(&self) -> impl Iterator<Item = Timestamp> + use<> {
        let (first, period) = (self.first_bucket(), self.period);
        (0..self.len()).scan(first, move |next, _| {
            let bucket = *next;
            *next = bucket + period;
            Some(bucket)
        })
    }

    /// The stored form of the counts: `position:count` joined by commas, readable by people and by SQL alike.
    #[must_use]
    pub fn encode_counts(counts: &[(u32, Count)]) -> String {
        let written = counts.iter().map(|(position, count)| match count {
            Count::Whole(count) => format!("{position}:{count}"),
            // The debug form always has a point, which is how an estimate is told from a whole number.
            Count::Estimate(count) => format!("{position}:{count:?}"),
        });
        written.collect::<Vec<_>>().join(",")
    }

    /// Reads what [`Series::encode_counts`] has written.
    ///
    /// # Errors
    /// Where the text is damaged.
    pub fn decode_counts(text: &str) -> Result<Vec<(u32, Count)>, SeriesError> {
        let damaged = || SeriesError(super::text::shorten(text, 40));
        let read = |entry: &str| {
            let (position, count) = entry.split_once(':')?;
            let count = if count.contains(['.', 'e', 'E', 'N', 'i']) {
                Count::Estimate(count.parse().ok().filter(|count: &f64| count.is_finite())?)
            } else {
                Count::Whole(count.parse().ok()?)
            };
            Some((position.parse().ok()?, count))
        };
        let entries = text.split(',').filter(|entry| !entry.is_empty());
        let counts: Vec<(u32, Count)> = entries.map(read).collect::<Option<_>>().ok_or_else(damaged)?;
        if counts.is_sorted_by(|one, next| one.0 < next.0) { Ok(counts) } else { Err(damaged()) }
    }

    /// The stored form of the held intervals: `start-end` in microseconds, joined by commas.
    #[must_use]
    pub fn encode_held(held: &[Range]) -> String {
        let written = held.iter().map(|range| format!("{}..{}", range.start.as_micros(), range.end.as_micros()));
        written.collect::<Vec<_>>().join(",")
    }

    /// Reads what [`Series::encode_held`] has written.
    ///
    /// # Errors
    /// Where the text is damaged.
    pub fn decode_held(text: &str) -> Result<Vec<Range>, SeriesError> {
        let read = |entry: &str| {
            let (start, end) = entry.split_once("..")?;
            let instant = |text: &str| text.parse().ok().map(Timestamp::from_micros);
            Some(Range::new(instant(start)?, instant(end)?))
        };
        let entries = text.split(',').filter(|entry| !entry.is_empty());
        entries.map(read).collect::<Option<_>>().ok_or_else(|| SeriesError(super::text::shorten(text, 40)))
    }
}

/// The part of `range` that a source holds that has everything from `horizon` on and nothing after `now` yet.
#[must_use]
pub fn held(range: Range, horizon: Option<Timestamp>, now: Timestamp) -> Vec<Range> {
    let start = horizon.map_or(range.start, |horizon| range.start.max(horizon));
    let held = Range::new(start, range.end.min(now));
    if held.is_empty() { Vec::new() } else { vec![held] }
}

/// The number of a bucket on the grid of its period: `floor(t / period)`, also before 1970.
#[must_use]
pub fn bucket_number(instant: Timestamp, period: Duration) -> i64 {
    instant.as_micros().div_euclid(micros(period).max(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn series(start: i64, end: i64, counts: &[(u32, i64)]) -> Series {
        let range = Range::new(at(start), at(end));
        let counts = counts.iter().map(|(position, count)| (*position, Count::Whole(*count))).collect();
        Series { range, period: MINUTE, counts, held: vec![range] }
    }

    #[test]
    fn rule_12_an_aligned_windowed_range_has_200_points_and_an_unaligned_one_201() {
        assert_eq!(series(600, 600 + 12_000, &[]).points().len(), 200);
        let unaligned = series(630, 630 + 12_000, &[]).points();
        assert_eq!(unaligned.len(), 201);
        let partial: Vec<usize> =
            (0..201).filter(|position| unaligned[*position].coverage == Coverage::Partial).collect();
        assert_eq!(partial, [0, 200], "the first and the last are marked");
    }

    #[test]
    fn rule_12_what_was_held_is_filled_with_zeros_and_the_rest_is_a_gap() {
        let mut series = series(0, 300, &[(3, 7)]);
        series.held = held(series.range, Some(at(90)), at(270));
        let counts: Vec<Option<Count>> = series.points().iter().map(|point| point.count).collect();
        let (zero, seven) = (Some(Count::Whole(0)), Some(Count::Whole(7)));
        assert_eq!(counts, [None, None, zero, seven, None], "a bucket held in part is not known to be empty");
        assert!(series.has_gaps());
    }

    #[test]
    fn rule_12_a_bucket_before_1970_is_on_the_same_grid() {
        let points = series(-90, 30, &[]).points();
        let buckets: Vec<i64> = points.iter().map(|point| point.bucket.as_seconds()).collect();
        assert_eq!(buckets, [-120, -60, 0]);
        assert_eq!(bucket_number(at(-90), MINUTE), -2);
    }

    #[test]
    fn an_empty_range_has_no_points() {
        assert!(series(60, 60, &[]).points().is_empty());
        assert!(series(60, 60, &[]).is_empty());
    }

    #[test]
    fn a_damaged_series_is_an_error_and_not_a_wrong_picture() {
        for text in ["1", "a:1", "1:b", "5:1,4:1", "1:NaN", "1:inf", "-1:4"] {
            assert!(Series::decode_counts(text).is_err(), "{text}");
        }
        assert!(Series::decode_held("1-2").is_err());
    }

    fn any_counts() -> impl Strategy<Value = Vec<(u32, Count)>> {
        let count = prop_oneof![(1..i64::MAX).prop_map(Count::Whole), (0.001..1e15f64).prop_map(Count::Estimate),];
        proptest::collection::btree_map(0..200u32, count, 0..200).prop_map(|map| map.into_iter().collect())
    }

    proptest! {
        #[test]
        fn counts_are_read_as_they_were_written(counts in any_counts()) {
            prop_assert_eq!(Series::decode_counts(&Series::encode_counts(&counts)), Ok(counts));
        }

        #[test]
        fn rule_12_filling_conserves_the_sum_and_stays_on_the_grid(
            start in -1_000_000_000_000_000i64..Timestamp::MAX.as_micros(), minutes in 1..=43_200u64,
            counts in proptest::collection::btree_map(0..200u32, 1..1_000_000i64, 0..200),
        ) {
            let period = Duration::from_mins(minutes);
            let start = Timestamp::from_micros(start);
            let range = Range::new(start, start + period * 200);
            let stored = counts.iter().map(|(position, count)| (*position, Count::Whole(*count))).collect();
            let points = Series { range, period, counts: stored, held: vec![range] }.points();
            let filled = points.iter().map(|point| match point.count {
                Some(Count::Whole(count)) => count,
                other => panic!("an exact source that held everything: {other:?}"),
            });
            prop_assert_eq!(filled.sum::<i64>(), counts.values().sum::<i64>());
            prop_assert_eq!(points.len(), if start == start.floor(period) { 200 } else { 201 });
            for point in &points {
                prop_assert_eq!(point.bucket, point.bucket.floor(period));
                prop_assert!(point.bucket < range.end && point.bucket + period > range.start);
            }
            prop_assert!(points.is_sorted_by(|one, next| one.bucket + period == next.bucket));
        }

        #[test]
        fn no_series_of_any_values_panics(start: i64, end: i64, period in 1u64..1 << 40, counts in any_counts()) {
            let range = Range::new(Timestamp::from_micros(start), Timestamp::from_micros(end));
            let series = Series { range, period: Duration::from_micros(period), counts, held: vec![range] };
            if series.len() < 10_000 {
                let _ = series.points();
            }
        }

        #[test]
        fn no_stored_text_panics(text in ".*") {
            let _ = (Series::decode_counts(&text), Series::decode_held(&text));
        }
    }
}
