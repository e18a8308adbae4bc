//! How an exported text says numbers and instants. Always UTC: who reads it may be anywhere.

use std::time::Duration;

use crate::domain::series::Count;
use crate::domain::{Aggregation, Timestamp};

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
    let digits = if value.abs() < 100.0 { format!("{:.1}", value.abs()) } else { format!("{:.0}", value.abs()) };
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, "0"));
    let fraction = if fraction == "0" { String::new() } else { format!(".{fraction}") };
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}{fraction}", grouped(whole))
}

/// Short, for the label of an axis: `0`, `0.25`, `750`, `1.5k`, `20M`.
#[must_use]
pub fn compact(value: f64) -> String {
    const UNITS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
    if value != 0.0 && !(0.01..1e21).contains(&value) {
        return format!("{value:.0e}");
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

/// `1 event`, `1,204 events`.
#[must_use]
pub fn counted(counted: Count, aggregation: Aggregation) -> String {
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
        let labels = [(0.0, "0"), (0.25, "0.25"), (1500.0, "1.5k"), (2e7, "20M"), (1e300, "1e300")];
        for (value, written) in labels {
            assert_eq!(compact(value), written);
        }
    }

    #[test]
    fn a_range_within_a_day_names_the_day_once() {
        let at = |text| Timestamp::parse(text, Timestamp::MIN).unwrap();
        assert_eq!(range(at("2026-11-24 13:05"), at("2026-11-24 14:10")), "2026-11-24 13:05 to 14:10 UTC");
        assert_eq!(range(at("2026-11-24 13:05"), at("2026-11-25")), "2026-11-24 13:05 to 2026-11-25 00:00 UTC");
    }
}
