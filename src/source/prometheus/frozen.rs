//! What was frozen at the close, in whole buckets of `W`, beside what the source says now.

use std::time::Duration;

use super::plan::{self, Values};
use crate::domain::expression::has_window;
use crate::domain::window::Range;
use crate::domain::{Measure, Timestamp};
use crate::source::RemoteRequest;

/// The frozen buckets of an incident.
pub(super) fn of(request: &RemoteRequest) -> Values {
    // A bucket of another length says nothing of these.
    let frozen = request.frozen.as_ref().filter(|frozen| frozen.period == request.period);
    frozen.map(plan::values).unwrap_or_default()
}

/// In the windowed series a frozen bucket goes before what the source says now.
pub(super) fn stand_first(windows: &mut Values, frozen: &Values, request: &RemoteRequest) {
    let range = request.ranges.windowed;
    for (bucket, value) in frozen {
        if range.contains(whole(*bucket, request.period)) {
            windows.insert(*bucket, *value);
        }
    }
    let expression = &request.expression;
    let first = range.start.floor(request.period);
    // The value of a metric at the end of a bucket is the same, whether the range has all of it or its end.
    let ends_alike = expression.measure.is_metric() && !has_window(&expression.text);
    if let Some(value) = frozen.get(&first).filter(|_| ends_alike && range.end >= first + request.period) {
        windows.entry(first).or_insert(*value);
    }
}

/// In the lifetime series frozen buckets together stand for one of theirs that the source has no longer, or no longer
/// all of.
pub(super) fn stand_in(lives: &mut Values, frozen: &Values, request: &RemoteRequest, horizon: Option<Timestamp>) {
    let (range, period) = (request.ranges.lifetime, request.ranges.lifetime_period);
    let buckets = plan::whole_buckets(range, period, range.end);
    let mut bucket = buckets.start;
    while bucket < buckets.end && !frozen.is_empty() {
        let is_past = horizon.is_some_and(|horizon| bucket < horizon);
        if (is_past || !lives.contains_key(&bucket))
            && let Some(value) = together(frozen, whole(bucket, period), request.period, request.expression.measure)
        {
            lives.insert(bucket, value);
        }
        bucket = bucket + period;
    }
}

/// The sum of the buckets that lie within a range; `None` where none does.
pub(super) fn total(frozen: &Values, windows: &Values, range: Range, period: Duration) -> Option<f64> {
    let mut within = windows.clone();
    within.extend(frozen);
    within.retain(|bucket, _| range.contains(whole(*bucket, period)));
    within.into_values().reduce(|one, other| one + other)
}

/// What the frozen buckets within `all` are as one; `None` where one of them is missing.
fn together(frozen: &Values, all: Range, period: Duration, measure: Measure) -> Option<f64> {
    let within = || frozen.range(all.start..all.end);
    let wanted = all.length().as_micros() / period.as_micros().max(1);
    let complete = within().count() as u128 == wanted;
    within().map(|(_, value)| *value).reduce(|one, other| measure.combine(one, other)).filter(|_| complete)
}

fn whole(bucket: Timestamp, period: Duration) -> Range {
    Range::new(bucket, bucket + period)
}
