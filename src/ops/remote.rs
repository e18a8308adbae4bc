//! What sources of the configuration are asked about incidents, and what there is to see of one whose source does not
//! answer. Asks nobody itself.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::domain::alert::Labels;
use crate::domain::series::{Count, bucket_number};
use crate::domain::window::Range;
use crate::domain::{Incident, IncidentId, Measure, Series, Timestamp};
use crate::source::{Measurement, RemoteRequest};
use crate::store::{Store, StoreError};

/// What sources are asked about those of these incidents whose counts come from elsewhere, as they will be captured.
pub(super) async fn requests(
    store: &Store,
    ids: &[IncidentId],
    now: Timestamp,
) -> Result<Vec<(Incident, RemoteRequest)>, StoreError> {
    let mut tx = store.read().await?;
    let incidents = tx.incidents(ids).await?;
    let mut labels: HashMap<IncidentId, Labels> =
        tx.origins(ids).await?.into_iter().map(|(id, origin)| (id, origin.labels)).collect();
    let mut frozen: HashMap<IncidentId, Series> = tx.frozen(ids).await?.into_iter().collect();
    let request = |incident: Incident| {
        let request = RemoteRequest {
            incident_id: incident.id,
            expression: incident.expression.clone()?,
            labels: labels.remove(&incident.id).unwrap_or_default(),
            ranges: incident.course().preview_ranges(now),
            period: incident.time_window.span(),
            frozen: frozen.remove(&incident.id),
        };
        Some((incident, request))
    };
    Ok(incidents.into_iter().filter_map(request).collect())
}

/// What was frozen, as all that is known; `None` where nothing was.
pub(super) fn frozen_alone(request: &RemoteRequest) -> Option<Measurement> {
    let (frozen, measure) = (request.frozen.as_ref()?, request.expression.measure);
    let ranges = request.ranges;
    Some(Measurement {
        incident_id: request.incident_id,
        source: request.expression.source.clone(),
        measure,
        total_events: None,
        unique_users: None,
        windowed: part(frozen, ranges.windowed, request.period, measure),
        lifetime: part(frozen, ranges.lifetime, ranges.lifetime_period, measure),
        clipped: false,
    })
}

/// A part of a series in buckets that may be longer. A bucket that was not frozen as a whole is a gap.
fn part(frozen: &Series, range: Range, period: Duration, measure: Measure) -> Series {
    let held: Vec<Range> =
        frozen.held.iter().map(|held| held.intersection(range)).filter(|held| !held.is_empty()).collect();
    let first = bucket_number(range.start, period);
    let mut counts: BTreeMap<u32, f64> = BTreeMap::new();
    for (position, count) in &frozen.counts {
        let at = frozen.first_bucket() + frozen.period * *position;
        let bucket = at.floor(period);
        let inside = Range::new(bucket, bucket + period).intersection(range);
        let is_held = !inside.is_empty() && held.iter().any(|held| held.contains(inside));
        let position = u32::try_from(bucket_number(at, period) - first).ok().filter(|_| is_held);
        if let Some(position) = position {
            let known = counts.get(&position).map_or(count.as_f64(), |known| measure.combine(*known, count.as_f64()));
            counts.insert(position, known);
        }
    }
    let counts = counts.into_iter().map(|(position, count)| (position, Count::Estimate(count))).collect();
    Series { range, period, counts, held }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_seconds(60 * minutes)
    }

    fn shown(range: Range, minutes: u64, measure: Measure) -> Vec<Option<f64>> {
        let held = Range::new(at(10), at(16));
        let frozen = Series {
            range: held,
            period: Duration::from_mins(1),
            counts: vec![(0, Count::Estimate(1.5)), (1, Count::Estimate(2.0)), (4, Count::Estimate(0.5))],
            held: vec![held],
        };
        let part = part(&frozen, range, Duration::from_mins(minutes), measure);
        part.points().into_iter().map(|point| point.count.map(Count::as_f64)).collect()
    }

    #[test]
    fn what_was_frozen_is_shown_at_its_place_and_the_rest_is_a_gap() {
        let shown = shown(Range::new(at(9), at(18)), 1, Measure::EstimatedEvents);
        assert_eq!(shown, [None, Some(1.5), Some(2.0), Some(0.0), Some(0.0), Some(0.5), Some(0.0), None, None]);
    }

    #[test]
    fn in_longer_buckets_events_are_added_and_a_metric_keeps_its_worst() {
        let range = Range::new(at(8), at(18));
        assert_eq!(shown(range, 2, Measure::EstimatedEvents), [None, Some(3.5), Some(0.0), Some(0.5), None]);
        assert_eq!(shown(range, 2, Measure::Metric), [None, Some(2.0), Some(0.0), Some(0.5), None]);
        assert_eq!(shown(Range::new(at(9), at(18)), 3, Measure::Metric), [None, Some(0.5), None]);
    }
}
