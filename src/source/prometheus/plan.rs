//! Which instants a series is evaluated at: a point that is labelled with its bucket's start is the value at its end.
//!
//! ```text
//!            range.start                                   range.end
//!  ----|---------*=====|===============|===============|======*--------|----> the period's grid, UTC
//!                ^part ^ whole         ^ whole         ^ part ^
//!                      evaluated at the end of each ---^      ^ and the last one where the range ends
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::series::{Count, bucket_number};
use crate::domain::window::Range;
use crate::domain::{Series, Timestamp};

/// Evaluations that a source is asked for at once: Prometheus refuses more than 11,000.
pub(super) const EVALUATIONS: u32 = 11_000;

/// Values by the start of their bucket. A bucket without one is a gap.
pub(super) type Values = BTreeMap<Timestamp, f64>;

/// The instants at which an expression is evaluated at once: `first`, and every `step` up to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) step: Duration,
}

/// The whole buckets of a range that have ended by `now`, as the range that they cover.
pub(super) fn whole_buckets(range: Range, period: Duration, now: Timestamp) -> Range {
    let floor = range.start.floor(period);
    let start = if floor == range.start { floor } else { floor + period };
    Range::new(start, range.end.min(now).floor(period))
}

/// The parts of buckets with which a range begins and ends, where they have ended by `now`.
pub(super) fn parts(range: Range, period: Duration, now: Timestamp) -> Vec<Range> {
    let (first, last) = (range.start.floor(period), range.end.floor(period));
    let mut parts = Vec::new();
    if first != range.start {
        parts.push(Range::new(range.start, range.end.min(first + period)));
    }
    if last != range.end && last >= range.start {
        parts.push(Range::new(last, range.end));
    }
    parts.retain(|part| !part.is_empty() && part.end <= now);
    parts
}

/// The evaluations that give the whole buckets of an aligned range, split into what may be asked at once.
pub(super) fn steps(whole: Range, period: Duration) -> Vec<Steps> {
    let longest = period * EVALUATIONS;
    let mut steps = Vec::new();
    let mut start = whole.start;
    while start < whole.end {
        let end = whole.end.min(start + longest);
        steps.push(Steps { first: start + period, last: end, step: period });
        start = end;
    }
    steps
}

/// The bucket whose end was evaluated: Prometheus says instants to the millisecond.
pub(super) fn bucket_of(evaluated: Timestamp, period: Duration) -> Timestamp {
    (evaluated + Duration::from_millis(1)).floor(period) - period
}

/// A series of exactly these values, gap for gap: what has a value was held, and a zero is not stored.
pub(super) fn series(range: Range, period: Duration, values: &Values) -> Series {
    let first = bucket_number(range.start, period);
    let mut series = Series { range, period, counts: Vec::new(), held: Vec::new() };
    for (bucket, value) in values {
        let inside = Range::new(*bucket, *bucket + period).intersection(range);
        let Ok(position) = u32::try_from(bucket_number(*bucket, period) - first) else { continue };
        if inside.is_empty() || !value.is_finite() {
            continue;
        }
        if *value != 0.0 {
            series.counts.push((position, Count::Estimate(*value)));
        }
        match series.held.last_mut() {
            Some(interval) if interval.end == inside.start => interval.end = inside.end,
            _ => series.held.push(inside),
        }
    }
    series
}

/// The values of the whole buckets that a series holds.
pub(super) fn values(series: &Series) -> Values {
    let mut values = Values::new();
    for point in series.points() {
        let inside = Range::new(point.bucket, point.bucket + series.period);
        if let Some(count) = point.count.filter(|_| series.range.contains(inside)) {
            values.insert(point.bucket, count.as_f64());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::series::Coverage;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn range(start: i64, end: i64) -> Range {
        Range::new(at(start), at(end))
    }

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn an_aligned_range_has_whole_buckets_only() {
        assert_eq!(whole_buckets(range(60, 240), MINUTE, at(1_000)), range(60, 240));
        assert!(parts(range(60, 240), MINUTE, at(1_000)).is_empty());
        assert_eq!(steps(range(60, 240), MINUTE), [Steps { first: at(120), last: at(240), step: MINUTE }]);
    }

    #[test]
    fn a_range_that_is_not_aligned_begins_and_ends_with_a_part() {
        assert_eq!(whole_buckets(range(70, 250), MINUTE, at(1_000)), range(120, 240));
        assert_eq!(parts(range(70, 250), MINUTE, at(1_000)), [range(70, 120), range(240, 250)]);
        assert_eq!(parts(range(60, 250), MINUTE, at(1_000)), [range(240, 250)]);
        assert_eq!(parts(range(70, 80), MINUTE, at(1_000)), [range(70, 80)], "all of it within one bucket");
        assert_eq!(parts(range(60, 80), MINUTE, at(1_000)), [range(60, 80)]);
    }

    #[test]
    fn what_has_not_ended_yet_is_not_asked_for() {
        assert_eq!(whole_buckets(range(70, 250), MINUTE, at(200)), range(120, 180));
        assert_eq!(parts(range(70, 250), MINUTE, at(249)), [range(70, 120)]);
        assert!(whole_buckets(range(70, 250), MINUTE, at(100)).is_empty());
        assert!(parts(range(70, 250), MINUTE, at(100)).is_empty());
    }

    #[test]
    fn a_long_range_is_asked_for_in_several_answers() {
        let asked = steps(range(0, 60 * 25_000), MINUTE);
        assert_eq!(asked.len(), 3);
        assert_eq!((asked[0].first, asked[0].last), (at(60), at(60 * 11_000)));
        assert_eq!((asked[1].first, asked[2].last), (at(60 * 11_001), at(60 * 25_000)));
    }

    #[test]
    fn zero_is_held_and_what_is_absent_or_no_number_is_a_gap() {
        let values = [(60, 0.0), (120, 1.5), (240, f64::NAN), (300, -2.0)];
        let values = values.map(|(bucket, value)| (at(bucket), value)).into_iter().collect();
        let series = series(range(70, 330), MINUTE, &values);
        let read: Vec<Option<f64>> = series.points().iter().map(|point| point.count.map(Count::as_f64)).collect();
        assert_eq!(read, [Some(0.0), Some(1.5), None, None, Some(-2.0)]);
        assert_eq!(series.held, [range(70, 180), range(300, 330)]);
    }

    fn any_range() -> impl Strategy<Value = (Range, Duration, Timestamp)> {
        (1..=1_440u64, 0..200_000_000_000i64, 0..300u32, 0..86_400_000_000i64, any::<u32>()).prop_map(
            |(minutes, start, periods, rest, now)| {
                let period = Duration::from_mins(minutes);
                let start = Timestamp::from_micros(start);
                let length = period * periods + Duration::from_micros(rest.unsigned_abs());
                (Range::new(start, start + length), period, Timestamp::from_micros(i64::from(now) * 400))
            },
        )
    }

    proptest! {
        #[test]
        fn every_bucket_that_has_ended_is_asked_for_exactly_once_and_at_its_end((range, period, now) in any_range()) {
            let mut asked = Vec::new();
            for step in steps(whole_buckets(range, period, now), period) {
                let count = step.last.since(step.first).as_micros() / step.step.as_micros() + 1;
                prop_assert!(count <= u128::from(EVALUATIONS) && step.last <= now);
                prop_assert_eq!(step.last, step.first + step.step * u32::try_from(count - 1).unwrap());
                for number in 0..count {
                    asked.push(bucket_of(step.first + step.step * u32::try_from(number).unwrap(), period));
                }
            }
            asked.extend(parts(range, period, now).iter().map(|part| part.start.floor(period)));
            asked.sort_unstable();
            let series = Series { range, period, counts: Vec::new(), held: Vec::new() };
            let ended = |point: &crate::domain::series::Point| {
                let inside = Range::new(point.bucket, point.bucket + period).intersection(range);
                (inside.end <= now).then_some(point.bucket)
            };
            let expected: Vec<Timestamp> = series.points().iter().filter_map(ended).collect();
            prop_assert_eq!(asked, expected);
        }

        #[test]
        fn what_was_answered_is_read_gap_for_gap(
            (range, period, _) in any_range(), answers in proptest::collection::vec(proptest::option::of(-2..3i32), 302),
        ) {
            let empty = Series { range, period, counts: Vec::new(), held: Vec::new() };
            let buckets: Vec<Timestamp> = empty.points().iter().map(|point| point.bucket).collect();
            let answered: Vec<Option<f64>> =
                (0..buckets.len()).map(|index| answers[index % 302].map(|value| f64::from(value) / 2.0)).collect();
            let given = buckets.iter().zip(&answered).filter_map(|(bucket, value)| Some((*bucket, (*value)?))).collect();
            let series = series(range, period, &given);
            let read: Vec<Option<f64>> = series.points().iter().map(|point| point.count.map(Count::as_f64)).collect();
            prop_assert_eq!(read, answered);
            let whole = |point: &crate::domain::series::Point| point.coverage == Coverage::Whole && point.count.is_some();
            prop_assert_eq!(values(&series).len(), series.points().iter().filter(|point| whole(point)).count());
        }
    }
}
