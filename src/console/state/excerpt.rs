//! The part of a series that tells of its incident: the incident, what came after, and as much before.
//!
//! Of the 200 windows of a short incident a dozen are its own and ten come after. In a narrow place they would all be
//! squeezed into the last column or two.

use crate::domain::series::Point;
use crate::domain::window::Range;
use crate::domain::{Incident, Series, Timestamp};

/// Windows that are shown before the incident, at the least.
const LEAD: u32 = 10;

/// Where the part begins, in a series whose last bucket is `last`.
fn beginning(incident: &Incident, last: Timestamp) -> Timestamp {
    let lead = last.since(incident.date_started).max(incident.time_window.times(LEAD));
    incident.date_started - lead
}

/// Those of the points that tell of the incident.
#[must_use]
pub fn telling<'a>(points: &'a [Point], incident: &Incident) -> &'a [Point] {
    let Some(last) = points.last() else { return points };
    let from = beginning(incident, last.bucket);
    &points[points.partition_point(|point| point.bucket < from)..]
}

/// The series from where it tells of the incident. Its buckets stay on their grid.
#[must_use]
pub fn around_incident(series: &Series, incident: &Incident) -> Series {
    let start = beginning(incident, series.range.end).floor(series.period);
    let range = Range::new(start.max(series.range.start), series.range.end);
    let first = range.start.floor(series.period);
    let skipped = first.since(series.first_bucket()).as_micros() / series.period.as_micros().max(1);
    let skipped = u32::try_from(skipped).unwrap_or(u32::MAX);
    let counts = series.counts.iter().filter_map(|(at, count)| Some((at.checked_sub(skipped)?, *count))).collect();
    let held = series.held.iter().map(|held| held.intersection(range)).filter(|held| !held.is_empty()).collect();
    Series { range, period: series.period, counts, held }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::series::Count;
    use crate::domain::{Aggregation, IncidentId, IncidentType, Status, TimeWindow};

    fn incident(started: i64, closed: i64) -> Incident {
        Incident {
            id: IncidentId::new(1),
            title: String::new(),
            incident_type: IncidentType::Detected,
            status: Status::Closed,
            aggregation: Aggregation::Total,
            query: String::new(),
            projects: Vec::new(),
            rule: None,
            time_window: TimeWindow::DEFAULT,
            date_started: Timestamp::from_seconds(started),
            date_detected: Timestamp::from_seconds(started),
            date_closed: Some(Timestamp::from_seconds(closed)),
            date_added: Timestamp::from_seconds(started),
            pending: None,
            snapshot: None,
        }
    }

    #[test]
    fn the_excerpt_has_the_same_counts_in_the_same_buckets() {
        let incident = incident(100_003, 100_303);
        let range = incident.course().ranges(Timestamp::from_seconds(200_000)).windowed;
        let period = Duration::from_mins(1);
        let mut series = Series { range, period, counts: Vec::new(), held: vec![range] };
        let len = u32::try_from(series.len()).unwrap();
        series.counts = (0..len).map(|at| (at, Count::Whole(i64::from(at) + 1))).collect();
        let whole = series.points();
        let excerpt = around_incident(&series, &incident).points();
        assert!((20..40).contains(&excerpt.len()), "{}", excerpt.len());
        // The first bucket of the excerpt is whole, that of the series may not be.
        let tail: Vec<_> =
            whole[whole.len() - excerpt.len()..].iter().map(|point| (point.bucket, point.count)).collect();
        assert_eq!(excerpt.iter().map(|point| (point.bucket, point.count)).collect::<Vec<_>>(), tail);
        assert!(telling(&whole, &incident).len() <= excerpt.len());
    }
}
