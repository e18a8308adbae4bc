//! How instants, spans, numbers and states are said to people.

use std::time::Duration;

use crate::domain::{
    Aggregation, Incident, Measure, PendingSnapshot, PendingState, SnapshotFacts, Timestamp, schedule, span, text,
};

pub use crate::export::words::number;

/// An instant to the second: lists are read by people.
#[must_use]
pub fn instant(at: Timestamp) -> String {
    at.floor(Duration::from_secs(1)).to_string()
}

/// An instant, exact, and how far away it is.
#[must_use]
pub fn instant_and_distance(at: Timestamp, now: Timestamp) -> String {
    format!("{at} ({})", distance(at, now))
}

/// How far away an instant is: `in 42m 10s`, `2h 13m ago`, `now`.
#[must_use]
pub fn distance(at: Timestamp, now: Timestamp) -> String {
    let second = Duration::from_secs(1);
    if at.since(now) >= second {
        format!("in {}", span::format(at.since(now)))
    } else if now.since(at) >= second {
        format!("{} ago", span::format(now.since(at)))
    } else {
        "now".to_owned()
    }
}

/// How many there are of something.
#[must_use]
pub fn total(count: u64) -> String {
    number(i64::try_from(count).unwrap_or(i64::MAX))
}

/// A number of something that the source may not know.
#[must_use]
pub fn known(count: Option<i64>) -> String {
    count.map_or_else(|| "not known".to_owned(), number)
}

/// `1 incident`, `3 incidents`.
#[must_use]
pub fn counted(count: u64, one: &str) -> String {
    let shown = total(count);
    if count == 1 { format!("{shown} {one}") } else { format!("{shown} {one}s") }
}

/// What is counted.
#[must_use]
pub fn aggregation(aggregation: Aggregation) -> &'static str {
    match aggregation {
        Aggregation::Total => "total (events)",
        Aggregation::UniqueUsers => "unique_users (distinct users)",
    }
}

/// Projects, where none means all.
#[must_use]
pub fn projects(projects: &[String]) -> String {
    if projects.is_empty() { "all".to_owned() } else { projects.join(", ") }
}

/// A size as people say it: `4.0 KiB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
    let mut size = bytes as f64;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if size < 1024.0 {
            return if unit == "bytes" { format!("{bytes} bytes") } else { format!("{size:.1} {unit}") };
        }
        size /= 1024.0;
    }
    format!("{size:.1} TiB")
}

/// The state of a pending snapshot in a word or two: `in 28m 10s`, `due`, `retry 3/8 in 2m`, `dead`.
#[must_use]
pub fn pending(row: &PendingSnapshot, now: Timestamp) -> String {
    match row.state(now) {
        PendingState::Waiting => distance(row.target_run_date.max(row.next_attempt_at), now),
        PendingState::Due => "due".to_owned(),
        PendingState::Retrying => {
            let next = distance(row.target_run_date.max(row.next_attempt_at), now);
            format!("retry {}/{} {next}", row.attempts, schedule::MAX_ATTEMPTS)
        }
        PendingState::Dead => "dead".to_owned(),
    }
}

/// How the snapshot of an incident stands, for a cell of a list.
#[must_use]
pub fn snapshot_state(incident: &Incident, now: Timestamp) -> String {
    match (&incident.snapshot, &incident.pending) {
        (Some(snapshot), None) if !snapshot.partial => "captured".to_owned(),
        (Some(_), Some(row)) => format!("partial, {}", pending(row, now)),
        (Some(_), None) => "partial".to_owned(),
        (None, Some(row)) => pending(row, now),
        (None, None) => "-".to_owned(),
    }
}

/// What a snapshot counted.
#[must_use]
pub fn totals(snapshot: &SnapshotFacts) -> String {
    let plural = |count: Option<i64>, one: &str| match count {
        None => format!("{one}s not known"),
        Some(count) => counted(count.unsigned_abs(), one),
    };
    if snapshot.measure.is_metric() {
        return "none: a metric, not events".to_owned();
    }
    let estimated = if snapshot.measure.is_estimated() && snapshot.total_events.is_some() { "~" } else { "" };
    format!("{estimated}{}, {}", plural(snapshot.total_events, "event"), plural(snapshot.unique_users, "user"))
}

/// A source, and what its values are.
#[must_use]
pub fn source(name: &str, measure: Measure) -> String {
    let values = match measure {
        Measure::Events => "events",
        Measure::EstimatedEvents => "events, estimated",
        Measure::Metric => "a metric, not events",
        Measure::LowestMetric => "a metric whose lowest counts, not events",
    };
    format!("{}: {values}", self::name(name))
}

/// Whether a snapshot shows everything that it could.
#[must_use]
pub fn completeness(snapshot: &SnapshotFacts) -> &'static str {
    match (snapshot.partial, snapshot.clipped) {
        (false, false) => "complete",
        (false, true) => "complete, but clipped: its source no longer held all of it",
        (true, false) => "partial: captured before its target",
        (true, true) => "partial: captured before its target, and clipped: its source no longer held all of it",
    }
}

/// What somebody called something, at most 60 characters.
#[must_use]
pub fn name(given: &str) -> String {
    text::shorten(given, 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_says_on_which_side_of_now() {
        let now = Timestamp::from_seconds(10_000);
        let at = |seconds| distance(Timestamp::from_seconds(seconds), now);
        assert_eq!((at(12_530), at(2_020), at(10_000)), ("in 42m 10s".into(), "2h 13m ago".into(), "now".into()));
    }

    #[test]
    fn sizes_have_one_digit_after_the_point() {
        assert_eq!((bytes(512), bytes(4096), bytes(5 << 30)), ("512 bytes".into(), "4.0 KiB".into(), "5.0 GiB".into()));
    }
}
