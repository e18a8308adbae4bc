//! What is kept at a close, and what becomes of it when the source no longer has it.

use std::time::Duration;

use afterimage::domain::series::Count;
use afterimage::domain::window::Range;
use afterimage::domain::{Measure, Series, Timestamp};

use super::{EVENTS, check_series, history, metric, read, request};
use crate::support::{FakePrometheus, at, minutes, seconds};

/// All whole buckets from `start` on, each with a value.
fn frozen(start: Timestamp, period: Duration, values: &[Option<f64>]) -> Series {
    let end = start + period * u32::try_from(values.len()).unwrap();
    let (mut counts, mut held) = (Vec::new(), Vec::new());
    for (position, value) in (0u32..).zip(values) {
        let bucket = start + period * position;
        if value.is_some() {
            held.push(Range::new(bucket, bucket + period));
        }
        counts.extend(value.filter(|value| *value != 0.0).map(|value| (position, Count::Estimate(value))));
    }
    Series { range: Range::new(start, end), period, counts, held }
}

fn value_at(series: &Series, bucket: Timestamp) -> Option<f64> {
    read(series).iter().find(|(at, ..)| *at == bucket).and_then(|(_, value, _)| *value)
}

#[tokio::test]
async fn what_was_frozen_goes_before_what_the_source_says_now() {
    let now = at("14:00");
    let known = seconds(at("12:03"));
    let server = FakePrometheus::start(move |_, at| (at >= known).then_some(5.0)).await;
    let mut request = request("12:00", "12:05", 1, now);
    request.frozen = Some(frozen(at("11:58"), minutes(1).span(), &[Some(1.0), None, Some(0.0), Some(2.5), Some(3.0)]));
    let measured = server.sources().measure(&request, now).await.unwrap();
    let windowed = |time: &str| value_at(&measured.windowed, at(time));
    let read = ["11:57", "11:58", "11:59", "12:00", "12:01", "12:02", "12:03"].map(windowed);
    assert_eq!(read, [None, Some(1.0), None, Some(0.0), Some(2.5), Some(3.0), Some(5.0)]);
    // The lifetime series asks the source first, and takes the same buckets where it has none.
    let lifetime = |time: &str| value_at(&measured.lifetime, at(time));
    assert_eq!(
        ["11:59", "12:00", "12:01", "12:02", "12:03"].map(lifetime),
        [None, Some(0.0), Some(2.5), Some(5.0), Some(5.0)]
    );
}

#[tokio::test]
async fn frozen_buckets_make_one_of_the_lifetime_where_all_of_its_are_there() {
    let now = at("2026-11-25 12:00");
    // 405 minutes: the period is three windows.
    let base = || request("06:00", "12:35", 1, now);
    assert_eq!(base().ranges.lifetime_period, Duration::from_mins(3));
    let server = FakePrometheus::start(|_, _| None).await;
    for (measure, text, expected) in [
        (Measure::EstimatedEvents, EVENTS, 7.0),
        (Measure::Metric, "queue", 4.0),
        (Measure::LowestMetric, "queue", 1.0),
    ] {
        let mut request = metric(base(), text, measure);
        let values = [2.0, 4.0, 1.0, 9.0, 9.0].map(Some);
        request.frozen = Some(frozen(at("09:00"), minutes(1).span(), &values));
        let measured = server.sources().measure(&request, now).await.unwrap();
        assert_eq!(value_at(&measured.lifetime, at("09:00")), Some(expected), "{measure:?}");
        assert_eq!(value_at(&measured.lifetime, at("09:03")), None, "two of three are not one");
        assert_eq!(measured.total_events, (!measure.is_metric()).then_some(25));
    }
}

#[tokio::test]
async fn what_the_retention_has_taken_is_clipped_unless_it_was_frozen() {
    let now = at("12:15");
    // Ranges begin at 08:55; the source has everything from 11:15 on.
    let horizon = seconds(at("11:15"));
    let server = FakePrometheus::start(move |_, at| (at > horizon).then_some(1.0)).await;
    server.set_retention(Some("1h or 10GB"));
    let sources = server.sources();
    let mut request = request("12:00", "12:05", 1, now);
    let clipped = sources.measure(&request, now).await.unwrap();
    assert!(clipped.clipped);
    assert_eq!(read(&clipped.windowed).iter().filter(|(_, value, _)| value.is_none()).count(), 140);
    assert_eq!(clipped.total_events, Some(1), "the totals begin after what is gone");
    request.frozen = Some(frozen(at("08:55"), minutes(1).span(), &[Some(2.0); 140]));
    let whole = sources.measure(&request, now).await.unwrap();
    assert!(!whole.clipped && !whole.windowed.has_gaps());
    server.set_retention(Some("10GB"));
    request.frozen = None;
    assert!(!server.sources().measure(&request, now).await.unwrap().clipped, "nobody knows what is gone");
    let configured = server.sources_with(|options| options.retention = Some(Duration::from_mins(20)));
    let measured = configured.measure(&request, now).await.unwrap();
    assert!(measured.clipped);
    assert_eq!(configured.health()[0].retention, Some(Duration::from_mins(20)));
}

#[tokio::test]
async fn a_total_whose_begin_is_gone_is_the_sum_of_what_was_kept() {
    let now = at("14:00");
    let server = FakePrometheus::start(|_, _| Some(1.0)).await;
    let sources = server.sources_with(|options| options.retention = Some(Duration::from_mins(119)));
    let mut request = request("12:00", "12:05", 1, now);
    request.frozen = Some(frozen(at("11:50"), minutes(1).span(), &[Some(10.0); 12]));
    // The totals range is [11:59, 12:06), of which three buckets were frozen with 10 and four are answered with 1.
    assert_eq!(sources.measure(&request, now).await.unwrap().total_events, Some(34));
}

#[tokio::test]
async fn freezing_keeps_whole_buckets_that_have_settled() {
    let now = at("12:05:29");
    let server = FakePrometheus::start(history).await;
    let sources = server.sources();
    let mut request = request("12:00:20", "12:05", 1, now);
    let series = sources.freeze(&request, now).await.unwrap();
    assert_eq!(series.range, Range::new(at("08:46"), at("12:04")), "12:05 may not have arrived yet");
    check_series(&series, history, now);
    assert!(server.asked().iter().all(|asked| asked.path == "query_range"), "no parts of buckets");
    // Later, after a reopening, with other answers: what was frozen stays.
    server.answer(|_, _| Some(99.0));
    request.frozen = Some(series.clone());
    let later = sources.freeze(&request, at("12:07")).await.unwrap();
    for (bucket, value, _) in read(&series) {
        assert_eq!(value_at(&later, bucket), value.or(Some(99.0)), "{bucket}");
    }
    assert_eq!(value_at(&later, at("12:04")), Some(99.0));
}

#[tokio::test]
async fn a_long_incident_is_frozen_in_several_questions_and_up_to_a_limit() {
    let now = at("2026-11-24 12:00");
    let server = FakePrometheus::start(|_, _| Some(1.0)).await;
    let request = request("2026-10-10 12:00", "2026-11-24 11:00", 1, now);
    let series = server.sources().freeze(&request, now).await.unwrap();
    assert_eq!((series.len(), series.counts.len()), (50_000, 50_000));
    assert_eq!(series.range.end, at("11:10"), "the cap lies before now");
    let asked = server.asked();
    assert_eq!(asked.len(), 5);
}
