//! How an exported text says numbers and instants. Always UTC: who reads it may be anywhere.

use std::time::Duration;

use crate::domain::series::Count;
use crate::domain::{Aggregation, Measure, Timestamp, span};

/// `2026-11-24 13:05:59 UTC`.
#[must_use]
pub fn instant(at: Timestamp) -> String {
    format!("{} UTC", written(at, "%Y-%m-%d %H:%M:%S"))
}

/// `2026-11-24 13:05:59`: where UTC is said beside it.
#[must_use]
pub fn second(at: Timestamp) -> String {
    written(at, "%Y-%m-%d %H:%M:%S")
}

/// `2026-11-24 13:05`: where UTC is said beside it.
#[must_use]
pub fn minute(at: Timestamp) -> String {
    written(at, "%Y-%m-%d %H:%M")
}

/// `13:05`.
#[must_use]
pub fn clock(at: Timestamp) -> String {
    written(at, "%H:%M")
}

/// `Nov 24`.
#[must_use]
pub fn day(at: Timestamp) -> String {
    written(at, "%b %-d")
}

/// `2026`.
#[must_use]
pub fn year(at: Timestamp) -> String {
    written(at, "%Y")
}

/// A range whose two ends share a day names it once: `2026-11-24 13:05 to 14:10 UTC`.
#[must_use]
pub fn range(start: Timestamp, end: Timestamp) -> String {
    let end = if is_same_day(start, end) { clock(end) } else { minute(end) };
    format!("{} to {end} UTC", minute(start))
}

/// Whether two instants lie on one day.
#[must_use]
pub fn is_same_day(one: Timestamp, other: Timestamp) -> bool {
    const DAY: Duration = Duration::from_hours(24);
    one.floor(DAY) == other.floor(DAY)
}

fn written(at: Timestamp, form: &str) -> String {
    at.to_utc().map_or_else(|| "?".to_owned(), |utc| utc.format(form).to_string())
}

/// A number with its thousands set apart: `1,204,311`.
#[must_use]
pub fn number(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(&number.unsigned_abs().to_string()))
}

/// Exactly what was counted; `~1,204.5` from an estimating source.
#[must_use]
pub fn count(count: Count) -> String {
    match count {
        Count::Whole(count) => number(count),
        Count::Estimate(count) => format!("~{}", decimal(count)),
    }
}

/// A mean: with one digit after the point below a hundred, without above.
#[must_use]
pub fn decimal(value: f64) -> String {
    if value.abs() >= 1e15 {
        return format!("{value:.3e}");
    }
    if value != 0.0 && value.abs() < 0.1 {
        return metric(value);
    }
    let digits = if value.abs() < 100.0 { format!("{:.1}", value.abs()) } else { format!("{:.0}", value.abs()) };
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, "0"));
    let fraction = if fraction == "0" { String::new() } else { format!(".{fraction}") };
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}{fraction}", grouped(whole))
}

/// The value of a metric, to four digits that matter below a thousand: `0.0123`, `98.25`, `12,500,000`, `-4`.
#[must_use]
pub fn metric(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e15).contains(&size) {
        return exponential(value, 3);
    }
    let decimals = match size {
        0.0 | 100.0.. => 1,
        10.0.. => 2,
        1.0.. => 3,
        0.1.. => 4,
        0.01.. => 5,
        0.001.. => 6,
        _ => 7,
    };
    let digits = format!("{size:.decimals$}");
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let (sign, point) = (if value < 0.0 { "-" } else { "" }, if fraction.is_empty() { "" } else { "." });
    format!("{sign}{}{point}{fraction}", grouped(whole))
}

/// `1.25e-7`, without zeros that say nothing.
fn exponential(value: f64, digits: usize) -> String {
    let written = format!("{value:.digits$e}");
    let Some((digits, exponent)) = written.split_once('e') else { return written };
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    format!("{digits}e{exponent}")
}

/// A mean, as what was measured is written.
#[must_use]
pub fn mean_of(value: f64, measure: Measure) -> String {
    if measure.is_metric() { metric(value) } else { decimal(value) }
}

/// What a chart shows of each bucket: `events per 10m`, `events per 10m, estimated`, `metric every 10m`.
#[must_use]
pub fn shown(aggregation: Aggregation, measure: Measure, period: Duration) -> String {
    let period = span::format(period);
    let events = || format!("{} per {period}", unit(aggregation, true));
    match measure {
        Measure::Events => events(),
        Measure::EstimatedEvents => format!("{}, estimated", events()),
        Measure::Metric | Measure::LowestMetric => format!("metric every {period}"),
    }
}

/// Short, for the label of an axis: `0`, `0.25`, `750`, `1.5k`, `20M`, `-0.0125`.
#[must_use]
pub fn compact(value: f64) -> String {
    const UNITS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
    if value < 0.0 {
        return format!("-{}", compact(-value));
    }
    if value != 0.0 && !(0.001..1e21).contains(&value) {
        return exponential(value, 2);
    }
    if value < 1.0 {
        let digits = format!("{value:.5}");
        return digits.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let (mut scaled, mut unit) = (value, 0);
    while scaled >= 999.995 && unit + 1 < UNITS.len() {
        scaled /= 1000.0;
        unit += 1;
    }
    let digits = format!("{scaled:.2}");
    format!("{}{}", digits.trim_end_matches('0').trim_end_matches('.'), UNITS[unit])
}

/// What a bucket counts, as a person says it.
#[must_use]
pub fn unit(aggregation: Aggregation, many: bool) -> &'static str {
    match (aggregation, many) {
        (Aggregation::Total, true) => "events",
        (Aggregation::Total, false) => "event",
        (Aggregation::UniqueUsers, true) => "users",
        (Aggregation::UniqueUsers, false) => "user",
    }
}

/// `1 event`, `1,204 events`, `~12.5 events`; of a metric its value.
#[must_use]
pub fn counted(counted: Count, aggregation: Aggregation, measure: Measure) -> String {
    if measure.is_metric() {
        return metric(counted.as_f64());
    }
    format!("{} {}", count(counted), unit(aggregation, counted != Count::Whole(1)))
}

fn grouped(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!(
            (number(-1_204_311), number(999), number(100_000)),
            ("-1,204,311".into(), "999".into(), "100,000".into())
        );
        assert_eq!(count(Count::Estimate(1204.6)), "~1,205");
        let means = [(0.0, "0"), (1.54, "1.5"), (99.0, "99"), (1204.4, "1,204"), (1e20, "1.000e20")];
        for (value, written) in means {
            assert_eq!(decimal(value), written);
        }
        let labels = [(0.0, "0"), (0.25, "0.25"), (1500.0, "1.5k"), (2e7, "20M"), (1e300, "1e300"), (1.25e7, "12.5M")];
        for (value, written) in labels {
            assert_eq!(compact(value), written);
        }
        let small = [(0.0125, "0.0125"), (0.00125, "0.00125"), (2.5e-4, "2.5e-4"), (-0.0075, "-0.0075"), (-4.0, "-4")];
        for (value, written) in small {
            assert_eq!(compact(value), written);
        }
    }

    #[test]
    fn a_metric_is_written_with_the_digits_that_matter() {
        let values = [
            (0.0, "0"),
            (0.0123, "0.0123"),
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.3333"),
            (98.254, "98.25"),
            (-4.0, "-4"),
            (12_500_000.0, "12,500,000"),
            (-1234.56, "-1,234.6"),
            (0.000_012_34, "1.234e-5"),
            (3e20, "3e20"),
        ];
        for (value, written) in values {
            assert_eq!(metric(value), written);
        }
        assert_eq!(decimal(0.04), "0.04");
    }

    #[test]
    fn a_chart_says_what_it_shows() {
        let shown = |measure| shown(Aggregation::Total, measure, Duration::from_mins(10));
        assert_eq!(shown(Measure::Events), "events per 10m");
        assert_eq!(shown(Measure::EstimatedEvents), "events per 10m, estimated");
        assert_eq!(shown(Measure::LowestMetric), "metric every 10m");
    }

    #[test]
    fn a_range_within_a_day_names_the_day_once() {
        let at = |text| Timestamp::parse(text, Timestamp::MIN).unwrap();
        assert_eq!(range(at("2026-11-24 13:05"), at("2026-11-24 14:10")), "2026-11-24 13:05 to 14:10 UTC");
        assert_eq!(range(at("2026-11-24 13:05"), at("2026-11-25")), "2026-11-24 13:05 to 2026-11-25 00:00 UTC");
    }
}
