//! The database's own events table as a source. It is exact, and holds everything from its prune horizon on (rule 14).

use std::collections::HashMap;

use super::{Measurement, Request};
use crate::domain::expression::EVENTS_SOURCE;
use crate::domain::series::{self, Count};
use crate::domain::window::Range;
use crate::domain::{Aggregation, Measure, Query, Series, Timestamp};
use crate::store::{MeasuredTotals, SeriesSlot, StoreError, TotalsSlot, Tx};

type Counts = Vec<(u32, Count)>;

/// Measures incidents by the events table, as known at `now`: what lies after it has not happened yet and is a gap.
/// Requests with the same query and aggregation share their statements.
///
/// # Errors
/// Where the database cannot.
pub async fn measure(tx: &mut Tx, requests: &[Request], now: Timestamp) -> Result<Vec<Measurement>, StoreError> {
    tx.look_events_up().await?;
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
        let mut series = |slot, range, period| Series {
            range,
            period,
            counts: counts.remove(&slot).unwrap_or_default(),
            held: series::held(range, horizon, now),
        };
        let answer = totals.remove(&index);
        Measurement {
            incident_id: request.incident_id,
            source: EVENTS_SOURCE.to_owned(),
            measure: Measure::Events,
            total_events: Some(answer.map_or(0, |answer| answer.total_events)),
            unique_users: Some(answer.map_or(0, |answer| answer.unique_users)),
            windowed: series(2 * index, request.ranges.windowed, request.period),
            lifetime: series(2 * index + 1, request.ranges.lifetime, request.ranges.lifetime_period),
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

    fn known(&self, range: Range) -> Range {
        range.intersection(self.known)
    }

    fn totals(&self) -> impl Iterator<Item = TotalsSlot> {
        let slot = |project: &String| TotalsSlot {
            slot: self.index,
            project: project.clone(),
            range: self.known(self.request.ranges.totals),
        };
        self.projects.iter().map(slot)
    }

    fn series(&self) -> impl Iterator<Item = SeriesSlot> {
        let ranges = self.request.ranges;
        let kinds = [
            (2 * self.index, ranges.windowed, self.request.period),
            (2 * self.index + 1, ranges.lifetime, ranges.lifetime_period),
        ];
        kinds.into_iter().flat_map(move |(slot, range, period)| {
            self.projects.iter().map(move |project| SeriesSlot {
                slot,
                project: project.clone(),
                range: self.known(range),
                period_micros: i64::try_from(period.as_micros()).unwrap_or(i64::MAX),
                // Positions count from the first bucket of the series, whether that is known or not.
                first_bucket: series::bucket_number(range.start, period),
            })
        })
    }
}
