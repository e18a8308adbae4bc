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

/// Which part of a series tells of its incident, on the grid of its buckets.
#[must_use]
pub fn around(series: &Series, incident: &Incident) -> Range {
    let start = beginning(incident, series.range.end).floor(series.period);
    // Of an incident that starts after its series ends, the end of the series is shown.
    let last = (series.range.end - series.period).floor(series.period);
    Range::new(start.min(last).max(series.range.start), series.range.end)
}

/// The buckets of a series that lie in a range of whole buckets. They stay on their grid.
#[must_use]
pub fn part(series: &Series, range: Range) -> Series {
    let first = range.start.floor(series.period);
    let position = |instant: Timestamp| {
        let skipped = instant.since(series.first_bucket()).as_micros() / series.period.as_micros().max(1);
        u32::try_from(skipped).unwrap_or(u32::MAX)
    };
    let (skipped, end) = (position(first), position(range.end));
    let ends_within = range.end > range.end.floor(series.period);
    let inside = |at: u32| at < end || (at == end && ends_within);
    let counts = series.counts.iter().filter(|(at, _)| inside(*at));
    let counts = counts.filter_map(|(at, count)| Some((at.checked_sub(skipped)?, *count))).collect();
    let held = series.held.iter().map(|held| held.intersection(range)).filter(|held| !held.is_empty()).collect();
    Series { range, period: series.period, counts, held }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::series::Count;
    use crate::domain::{Aggregation, IncidentId, IncidentType, Status, TimeWindow};

    pub(in super::super) fn incident(started: i64, closed: i64) -> Incident {
        Incident {
            id: IncidentId::new(1),
            title: String::new(),
            incident_type: IncidentType::Detected,
            status: Status::Closed,
            aggregation: Aggregation::Total,
            query: String::new(),
            projects: Vec::new(),
            expression: None,
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
        let excerpt = part(&series, around(&series, &incident)).points();
        assert!((20..40).contains(&excerpt.len()), "{}", excerpt.len());
        // The first bucket of the excerpt is whole, that of the series may not be.
        let tail: Vec<_> =
            whole[whole.len() - excerpt.len()..].iter().map(|point| (point.bucket, point.count)).collect();
        assert_eq!(excerpt.iter().map(|point| (point.bucket, point.count)).collect::<Vec<_>>(), tail);
        assert!(telling(&whole, &incident).len() <= excerpt.len());
    }

    #[test]
    fn a_part_has_the_buckets_of_its_range_and_no_others() {
        let range = Range::new(Timestamp::from_seconds(30), Timestamp::from_seconds(630));
        let counts = (0..11).map(|at| (at, Count::Whole(i64::from(at) + 1))).collect();
        let series = Series { range, period: Duration::from_mins(1), counts, held: vec![range] };
        let part = |start, end| {
            let range = Range::new(Timestamp::from_seconds(start), Timestamp::from_seconds(end));
            part(&series, range).points()
        };
        assert_eq!(part(30, 630), series.points());
        assert_eq!(part(120, 300), series.points()[2..5]);
        assert_eq!(part(30, 120), series.points()[..2]);
        assert_eq!(part(540, 630), series.points()[9..]);
    }
}
