//! The database's own events table as a source. It is exact, and holds everything from its prune horizon on (rule 14).

use std::collections::HashMap;
use std::time::Duration;

use super::{Measurement, Request};
use crate::domain::expression::EVENTS_SOURCE;
use crate::domain::series::{self, Count};
use crate::domain::window::Range;
use crate::domain::{Aggregation, Measure, Query, Series, Timestamp};
use crate::store::{MeasuredTotals, SeriesSlot, StoreError, TotalsSlot, Tx};

type Counts = Vec<(u32, Count)>;

/// Measures incidents by the events table, as known at `now`: what lies after it has not happened yet and is a gap.
/// Requests with the same query and aggregation share their statements. The transaction is one that captures, or has been
/// told to look events up.
///
/// # Errors
/// Where the database cannot.
pub async fn measure(tx: &mut Tx, requests: &[Request], now: Timestamp) -> Result<Vec<Measurement>, StoreError> {
    let mut horizon = tx.prune_horizon().await?;
    loop {
        let measured = measure_from(horizon, tx, requests, now).await?;
        // On Postgres each statement sees what was deleted before it: what was counted meanwhile may be a part.
        let present = tx.prune_horizon().await?;
        if present == horizon {
            return Ok(measured);
        }
        horizon = present;
    }
}

/// Measures by the events from `horizon` on; what still lies before it is about to be deleted.
async fn measure_from(
    horizon: Option<Timestamp>,
    tx: &mut Tx,
    requests: &[Request],
    now: Timestamp,
) -> Result<Vec<Measurement>, StoreError> {
    let everywhere = if requests.iter().any(|request| request.projects.is_empty()) {
        tx.event_projects().await?
    } else {
        Vec::new()
    };
    let known = Range::new(horizon.unwrap_or(Timestamp::MIN), now);
    let mut totals: HashMap<usize, MeasuredTotals> = HashMap::with_capacity(requests.len());
    let mut counts: HashMap<usize, Counts> = HashMap::with_capacity(2 * requests.len());
    for ((query, aggregation), members) in groups(requests) {
        let slots: Vec<Slots<'_>> =
            members.iter().map(|index| Slots::new(*index, &requests[*index], &everywhere, known)).collect();
        let ranges: Vec<TotalsSlot> = slots.iter().flat_map(Slots::totals).collect();
        for answer in tx.measure_totals(query, &ranges).await? {
            totals.insert(index(answer.slot), answer);
        }
        let ranges: Vec<SeriesSlot> = slots.iter().flat_map(Slots::series).collect();
        for answer in tx.measure_series(query, aggregation, &ranges).await? {
            counts.insert(index(answer.slot), answer.counts);
        }
    }
    let measured = requests.iter().enumerate().map(|(index, request)| {
        let windowed = counts.remove(&(2 * index)).unwrap_or_default();
        let mut lifetime = counts.remove(&(2 * index + 1)).unwrap_or_default();
        lifetime.extend(Shared::of(request, known).into_iter().flat_map(|shared| shared.counts(request, &windowed)));
        let series = |range, period, counts| Series { range, period, counts, held: series::held(range, horizon, now) };
        let answer = totals.remove(&index);
        Measurement {
            incident_id: request.incident_id,
            source: EVENTS_SOURCE.to_owned(),
            measure: Measure::Events,
            total_events: Some(answer.map_or(0, |answer| answer.total_events)),
            unique_users: Some(answer.map_or(0, |answer| answer.unique_users)),
            windowed: series(request.ranges.windowed, request.period, windowed),
            lifetime: series(request.ranges.lifetime, request.ranges.lifetime_period, lifetime),
            clipped: horizon.is_some_and(|horizon| is_clipped(request, horizon)),
        }
    });
    Ok(measured.collect())
}

/// Requests by what they ask, each group in a fixed order, so that two processes never lock in different ones.
fn groups(requests: &[Request]) -> Vec<((&Query, Aggregation), Vec<usize>)> {
    let mut groups: HashMap<(&Query, Aggregation), Vec<usize>> = HashMap::new();
    for (index, request) in requests.iter().enumerate() {
        groups.entry((&request.query, request.aggregation)).or_default().push(index);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_unstable_by_key(|(_, members)| members[0]);
    groups
}

fn is_clipped(request: &Request, horizon: Timestamp) -> bool {
    let ranges = [request.ranges.totals, request.ranges.windowed, request.ranges.lifetime];
    ranges.iter().any(|range| !range.is_empty() && range.start < horizon)
}

fn index(slot: i64) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

/// The ranges of one request, once for each of its projects.
struct Slots<'a> {
    index: i64,
    request: &'a Request,
    projects: &'a [String],
    /// What is stored with a later time has not happened yet: a clock may be ahead, or ours frozen. What lies before is
    /// deleted, or will be.
    known: Range,
}

impl<'a> Slots<'a> {
    fn new(index: usize, request: &'a Request, everywhere: &'a [String], known: Range) -> Self {
        let projects = if request.projects.is_empty() { everywhere } else { &request.projects };
        Self { index: i64::try_from(index).unwrap_or(i64::MAX), request, projects, known }
    }

    fn totals(&self) -> impl Iterator<Item = TotalsSlot> {
        let slot = |project: &String| TotalsSlot {
            slot: self.index,
            project: project.clone(),
            range: self.request.ranges.totals.intersection(self.known),
        };
        self.projects.iter().map(slot)
    }

    fn series(&self) -> impl Iterator<Item = SeriesSlot> {
        let ranges = self.request.ranges;
        let windowed = ranges.windowed.intersection(self.known);
        let mut lifetime = ranges.lifetime.intersection(self.known);
        if let Some(shared) = Shared::of(self.request, self.known) {
            lifetime = Range::new(lifetime.start, shared.from);
        }
        // Positions count from the first bucket of a series, whether that is known or not.
        let kinds = [
            (2 * self.index, windowed, ranges.windowed.start, self.request.period),
            (2 * self.index + 1, lifetime, ranges.lifetime.start, ranges.lifetime_period),
        ];
        let kinds = kinds.into_iter().filter(|(_, range, ..)| !range.is_empty());
        kinds.flat_map(move |(slot, range, start, period)| {
            self.projects.iter().map(move |project| SeriesSlot {
                slot,
                project: project.clone(),
                range,
                period_micros: i64::try_from(period.as_micros()).unwrap_or(i64::MAX),
                first_bucket: series::bucket_number(start, period),
            })
        })
    }
}

/// The part of a lifetime series that its windowed series holds too: of a short incident all but the beginning of its first
/// bucket. It is counted once.
#[derive(Debug, Clone, Copy)]
struct Shared {
    /// To the end of the lifetime.
    from: Timestamp,
}

impl Shared {
    /// What is shared of what is known.
    fn of(request: &Request, known: Range) -> Option<Self> {
        let period = request.period;
        let windowed = request.ranges.windowed.intersection(known);
        let lifetime = request.ranges.lifetime.intersection(known);
        let bucket = lifetime.start.floor(period);
        let from =
            if bucket == lifetime.start || lifetime.start == windowed.start { lifetime.start } else { bucket + period };
        let ends_alike = lifetime.end == windowed.end || lifetime.end.floor(period) == lifetime.end;
        let shares = request.ranges.lifetime_period == period
            && ends_alike
            && !lifetime.is_empty()
            && windowed.contains(Range::new(from, lifetime.end));
        (shares && from < lifetime.end).then_some(Self { from })
    }

    /// The counts of the lifetime series in it, out of those of the windowed one.
    fn counts(self, request: &Request, windowed: &Counts) -> Counts {
        let number = |instant| series::bucket_number(instant, request.period);
        let ranges = request.ranges;
        let first = number(self.from) - number(ranges.windowed.start);
        let end = ranges.lifetime.end - Duration::from_micros(1);
        let last = number(end) - number(ranges.windowed.start);
        let shift = number(ranges.windowed.start) - number(ranges.lifetime.start);
        let within = windowed.iter().filter(|(position, _)| (first..=last).contains(&i64::from(*position)));
        within
            .filter_map(|(position, count)| Some((u32::try_from(i64::from(*position) + shift).ok()?, *count)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::window::Course;
    use crate::domain::{IncidentId, TimeWindow};

    const HOUR: i64 = 3_600_000_000;

    fn count(events: &[i64], within: Range, first: Timestamp, period: Duration) -> Counts {
        let mut counts = std::collections::BTreeMap::<u32, i64>::new();
        for event in events
            .iter()
            .map(|micros| Timestamp::from_micros(*micros))
            .filter(|at| within.start <= *at && *at < within.end)
        {
            let position = series::bucket_number(event, period) - series::bucket_number(first, period);
            *counts.entry(u32::try_from(position).unwrap()).or_default() += 1;
        }
        counts.into_iter().map(|(position, count)| (position, Count::Whole(count))).collect()
    }

    proptest! {
        #[test]
        fn rule_13_a_lifetime_that_shares_buckets_with_its_windowed_series_is_as_if_counted_alone(
            started in 90 * HOUR..94 * HOUR, lasted in 0..3 * HOUR, minutes in 1..20u32, aligned: bool,
            horizon in 80 * HOUR..95 * HOUR, now in 95 * HOUR..100 * HOUR, is_pruned: bool,
            events in proptest::collection::vec(80 * HOUR..99 * HOUR, 300),
        ) {
            let unit = if aligned { 60_000_000 } else { 1 };
            let date_started = Timestamp::from_micros(started / unit * unit);
            let date_closed = Some(date_started + Duration::from_micros((lasted / unit * unit).unsigned_abs()));
            let time_window = TimeWindow::from_minutes(i64::from(minutes)).unwrap();
            let now = Timestamp::from_micros(now / unit * unit);
            let request = Request {
                incident_id: IncidentId::new(1),
                projects: Vec::new(),
                query: Query::default(),
                aggregation: Aggregation::Total,
                ranges: Course { date_started, date_closed, time_window }.ranges(now),
                period: time_window.span(),
            };
            let known = Range::new(if is_pruned { Timestamp::from_micros(horizon) } else { Timestamp::MIN }, now);
            let ranges = request.ranges;
            let (windowed, lifetime) = (ranges.windowed.intersection(known), ranges.lifetime.intersection(known));
            let whole = count(&events, lifetime, ranges.lifetime.start, ranges.lifetime_period);
            if let Some(shared) = Shared::of(&request, known) {
                let alone = Range::new(lifetime.start, shared.from);
                prop_assert!(alone.length() < request.period, "only a part of a bucket is counted twice");
                let mut parts = count(&events, alone, ranges.lifetime.start, request.period);
                parts.extend(shared.counts(&request, &count(&events, windowed, ranges.windowed.start, request.period)));
                prop_assert_eq!(parts, whole);
            } else {
                let is_long = ranges.lifetime_period > request.period || !windowed.contains(lifetime);
                let ends_apart = lifetime.end != windowed.end || lifetime.length() < request.period;
                prop_assert!(is_long || ends_apart || lifetime.is_empty(), "what can be shared is");
            }
        }
    }
}
