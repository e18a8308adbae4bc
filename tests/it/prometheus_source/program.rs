//! The real Prometheus: what is kept is, bucket by bucket, what its own API answers.

use afterimage::domain::window::Range;
use afterimage::domain::{Measure, Series, Timestamp};
use afterimage::source::{SourceError, Sources};

use super::{EVENTS, metric, read, request};
use crate::support::{PrometheusProgram, Written, at, prometheus_options, seconds};

const DAY: &str = "2025-01-15";

/// A counter that rises, bursts, begins anew and is absent for a while; a gauge that falls below zero and is at times no
/// number; an alert that fires for a while.
fn samples() -> Vec<Written> {
    let start = at(&format!("{DAY} 06:00")).as_seconds();
    let (mut errors, mut queue, mut alert) = (Vec::new(), Vec::new(), Vec::new());
    let mut total = 0.0;
    for step in 0..2_400i32 {
        let instant = start + i64::from(step) * 15;
        let minute = step / 4;
        total += if (360..380).contains(&minute) { 7.0 } else { f64::from(step % 3) };
        if minute == 370 {
            total = 0.0;
        }
        if !(300..315).contains(&minute) {
            errors.push((instant, total));
        }
        let depth = f64::from(minute % 11 - 3) / 4.0;
        queue.push((instant, if minute % 29 == 0 { f64::NAN } else { depth }));
        if (360..365).contains(&minute) {
            alert.push((instant, 1.0));
        }
    }
    vec![
        ("errors_total", r#"service="a""#, errors),
        ("queue", r#"service="a""#, queue),
        ("ALERTS", r#"alertname="HighErrors",alertstate="firing",service="a""#, alert),
    ]
}

/// Compares a series with the API, and says how many of its buckets have a value and how many are gaps.
async fn check(program: &PrometheusProgram, series: &Series, expression: &str) -> (usize, usize) {
    let (mut values, mut gaps) = (0, 0);
    for (bucket, value, coverage) in read(series) {
        let inside = Range::new(bucket, bucket + series.period).intersection(series.range);
        let expression =
            expression.replace("{{window}}", &format!("{}ms", (inside.length().as_micros() + 500) / 1_000));
        let answered = program.evaluate(&expression, seconds(inside.end)).await;
        assert_eq!(value, answered, "the bucket of {bucket}, {coverage:?}");
        *(if value.is_some() { &mut values } else { &mut gaps }) += 1;
    }
    (values, gaps)
}

fn day(time: &str) -> String {
    format!("{DAY} {time}")
}

#[tokio::test]
async fn every_bucket_is_what_the_real_program_answers() {
    if PrometheusProgram::is_missing() {
        return;
    }
    let program = PrometheusProgram::start(&samples()).await;
    let sources = Sources::new(&[prometheus_options("main", program.url())]).unwrap();
    let now: Timestamp = at(&day("15:00"));
    let mut compared = Vec::new();
    for (started, closed, window) in
        [("12:00", "12:20", 1), ("12:00:20.123", "12:20:07", 1), ("08:00", "12:20", 1), ("12:00:05", "12:20", 2)]
    {
        let request = request(&day(started), &day(closed), window, now);
        let measured = sources.measure(&request, now).await.unwrap();
        compared.extend([
            check(&program, &measured.windowed, EVENTS).await,
            check(&program, &measured.lifetime, EVENTS).await,
        ]);
        let totals = request.ranges.totals;
        let expression = EVENTS.replace("{{window}}", &format!("{}ms", (totals.length().as_micros() + 500) / 1_000));
        let total = program.evaluate(&expression, seconds(totals.end)).await.unwrap();
        assert!((counted(measured.total_events) - total.round()).abs() < 0.5);
        assert!(!measured.clipped);
        for measure in [Measure::Metric, Measure::LowestMetric] {
            let measured = sources.measure(&metric(request.clone(), "queue", measure), now).await.unwrap();
            compared.push(check(&program, &measured.windowed, "queue").await);
        }
    }
    let (values, gaps) = compared.into_iter().fold((0, 0), |all, next| (all.0 + next.0, all.1 + next.1));
    assert!(values > 2_000 && gaps > 50, "what was compared says something: {values} values, {gaps} gaps");
    let wrong = metric(request(&day("12:00"), &day("12:20"), 1, now), "sum(", Measure::Metric);
    let refused = sources.measure(&wrong, now).await.unwrap_err();
    assert!(matches!(&refused, SourceError::Refused { reason, .. } if reason.contains("parse error")), "{refused}");
    let labels = [("alertname", "HighErrors"), ("service", "a"), ("cluster", "eu")];
    let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let last = sources.last_firing("main", &labels, at(&day("11:00")), now).await.unwrap();
    assert_eq!(last, Some(at(&day("12:04:45"))));
    assert_eq!(sources.is_firing("main", &labels, now).await, Ok(false));
    let health = sources.probe(now).await.remove(0);
    assert_eq!((health.error, health.retention.map(|kept| kept.as_secs() / 86_400)), (None, Some(20 * 365)));
}

#[expect(clippy::cast_precision_loss, reason = "a count of a test")]
fn counted(total: Option<i64>) -> f64 {
    total.unwrap() as f64
}
