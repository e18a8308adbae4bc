//! Databases for load tests: any number of incidents of the last months, and events spread evenly over them.
//!
//! Nothing is held in memory but one batch: the n-th incident is a function of the seed and n.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::domain::window::Range;
use crate::domain::{
    Activity, ActivityKind, Aggregation, Event, Incident, IncidentId, IncidentType, PendingSnapshot, Status,
    TimeWindow, Timestamp, schedule,
};
use crate::ops::OpsError;
use crate::store::Store;

/// How much is made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeedRequest {
    /// How many incidents.
    pub incidents: u64,
    /// How many events, over all of them.
    pub events: u64,
    /// The same number gives the same data, relative to now.
    pub random_seed: u64,
}

/// What was made up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeedReport {
    /// How many incidents.
    pub incidents: u64,
    /// How many of them are open.
    pub open: u64,
    /// How many snapshots are promised, due ones included.
    pub pending: u64,
    /// How many of those are due now.
    pub due: u64,
    /// How many events.
    pub events: u64,
}

/// Incidents of one transaction.
const INCIDENTS_PER_COMMIT: u64 = 5_000;
/// Events of one transaction.
const EVENTS_PER_COMMIT: usize = 20_000;
/// So far back the oldest incidents began.
const HISTORY: Duration = Duration::from_hours(90 * 24);
/// Of a hundred incidents so many are open, and so many closed too recently to be captured yet. The rest is due.
const OPEN: u64 = 8;
const WAITING: u64 = 22;
/// Incidents that share a project.
const INCIDENTS_PER_PROJECT: u64 = 200;
const LEAST_PROJECTS: u64 = 12;
const MOST_PROJECTS: u64 = 500;
const WINDOWS: [i64; 8] = [1, 1, 5, 5, 10, 10, 30, 60];
const SUBJECTS: [&str; 10] = [
    "Checkout errors",
    "Login latency",
    "Queue backlog",
    "Payment timeouts",
    "Search errors",
    "Index lag",
    "Cache misses",
    "Failed jobs",
    "Slow pages",
    "Dropped connections",
];
const QUERIES: [&str; 4] = ["", "level:error", "level:error environment:production", "\"timeout\""];
const MESSAGES: [&str; 4] =
    ["upstream answered 502", "timeout while waiting for a connection", "request cancelled: timeout", "retry gave up"];
const PEOPLE: [&str; 5] = ["imani", "marek", "priya", "rosa", "teo"];

/// Fills an empty database. `progress` is told how many rows of how many are there.
///
/// # Errors
/// Where nothing is asked for, the database is not empty, or cannot be written to.
pub async fn seed(
    store: &Store,
    request: SeedRequest,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<SeedReport, OpsError> {
    if request.incidents == 0 && request.events > 0 {
        return Err(OpsError::Input("events belong to incidents: ask for at least one incident".into()));
    }
    let now = store.now().await?;
    super::require_empty(store).await?;
    let load = Load { request, now };
    let total = request.incidents.saturating_add(request.events);
    let mut report = SeedReport::default();
    progress(0, total);
    while report.incidents < request.incidents {
        let end = (report.incidents + INCIDENTS_PER_COMMIT).min(request.incidents);
        let incidents: Vec<_> = (report.incidents..end).map(|index| load.incident(index)).collect();
        let mut tx = store.write().await?;
        tx.insert_incidents(&incidents).await?;
        tx.commit().await?;
        for (incident, _) in &incidents {
            report.count(incident, now);
        }
        progress(report.incidents, total);
    }
    let mut batch = Vec::with_capacity(EVENTS_PER_COMMIT);
    let mut events = (0..request.incidents).flat_map(|index| load.events(index));
    loop {
        batch.clear();
        batch.extend(events.by_ref().take(EVENTS_PER_COMMIT));
        if batch.is_empty() {
            return Ok(report);
        }
        let mut tx = store.write().await?;
        report.events += tx.insert_events(&batch).await?;
        tx.commit().await?;
        progress(report.incidents + report.events, total);
    }
}

impl SeedReport {
    fn count(&mut self, incident: &Incident, now: Timestamp) {
        self.incidents += 1;
        self.open += u64::from(incident.status == Status::Open);
        self.pending += u64::from(incident.pending.is_some());
        self.due += u64::from(incident.pending.as_ref().is_some_and(|pending| pending.is_due(now)));
    }
}

/// What is asked for, as a function of the number of an incident.
#[derive(Debug, Clone, Copy)]
struct Load {
    request: SeedRequest,
    now: Timestamp,
}

/// When an incident was, and where.
#[derive(Debug, Clone, Copy)]
struct Outline {
    time_window: TimeWindow,
    date_started: Timestamp,
    date_closed: Option<Timestamp>,
    project: u64,
}

impl Load {
    fn chance(&self, index: u64) -> ChaCha8Rng {
        let mut chance = ChaCha8Rng::seed_from_u64(self.request.random_seed);
        chance.set_stream(index);
        chance
    }

    /// Numbers grow with time, as they do in life: most incidents are over and due, the last ones wait or go on.
    fn outline(&self, index: u64, chance: &mut ChaCha8Rng) -> Outline {
        let incidents = self.request.incidents;
        let time_window = TimeWindow::from_minutes(*pick(&WINDOWS, chance)).unwrap_or(TimeWindow::DEFAULT);
        let cap = schedule::cap(time_window);
        let projects = (incidents / INCIDENTS_PER_PROJECT).clamp(LEAST_PROJECTS, MOST_PROJECTS);
        let project = chance.random_range(0..projects);
        let length = time_window.times(4).mul_f64(0.25 + 4.0 * chance.random::<f64>());
        let due = incidents - incidents.saturating_mul(OPEN + WAITING) / 100;
        let share = chance.random::<f64>() * 0.999;
        let date_closed = if index < due {
            let step = HISTORY.saturating_sub(cap).as_secs_f64() / seconds(due);
            Some(self.now - cap - Duration::from_secs_f64(step * (seconds(due - 1 - index) + share)))
        } else {
            let open = chance.random_range(0..OPEN + WAITING) < OPEN;
            (!open).then(|| self.now - cap.mul_f64(share))
        };
        let date_started =
            date_closed.map_or(self.now - time_window.times(60).mul_f64(share), |closed| closed - length);
        Outline { time_window, date_started, date_closed, project }
    }

    fn incident(&self, index: u64) -> (Incident, Vec<Activity>) {
        let mut chance = self.chance(index);
        let outline = self.outline(index, &mut chance);
        let aggregation = if chance.random_ratio(1, 4) { Aggregation::UniqueUsers } else { Aggregation::Total };
        let status = if outline.date_closed.is_some() { Status::Closed } else { Status::Open };
        let incident = Incident {
            id: IncidentId::new(0),
            title: format!("{} in {}", pick(&SUBJECTS, &mut chance), project_name(outline.project)),
            incident_type: IncidentType::Detected,
            status,
            aggregation,
            query: (*pick(&QUERIES, &mut chance)).to_owned(),
            projects: vec![project_name(outline.project)],
            expression: None,
            rule: None,
            time_window: outline.time_window,
            date_started: outline.date_started,
            date_detected: outline.date_started,
            date_closed: outline.date_closed,
            date_added: outline.date_started,
            pending: outline.date_closed.map(|closed| promise(closed, outline.time_window)),
            snapshot: None,
        };
        let by = (*pick(&PEOPLE, &mut chance)).to_owned();
        let activity = |kind, at, from, to| Activity { kind, at, by: by.clone(), from, to, comment: None };
        let mut activities = vec![activity(ActivityKind::Detected, outline.date_started, None, None)];
        if let Some(closed) = outline.date_closed {
            activities.push(activity(ActivityKind::StatusChange, closed, Some(Status::Open), Some(Status::Closed)));
        }
        (incident, activities)
    }

    /// The events of one incident: its share of all, from ten windows before its start to what its snapshot shows.
    fn events(self, index: u64) -> impl Iterator<Item = Event> {
        let mut chance = self.chance(index);
        let outline = self.outline(index, &mut chance);
        let (incidents, events) = (self.request.incidents, self.request.events);
        let share = events / incidents + u64::from(index < events % incidents);
        let end = outline.date_closed.map_or(self.now, |closed| schedule::target_run_date(closed, outline.time_window));
        let range = Range::new(outline.date_started - outline.time_window.times(10), end.min(self.now));
        let trouble = Range::new(outline.date_started, outline.date_closed.unwrap_or(self.now));
        let project = project_name(outline.project);
        // Half of them while it went on, so that there is something to see.
        (0..share).map(move |count| event(if count % 2 == 0 { trouble } else { range }, &project, &mut chance))
    }
}

fn promise(date_closed: Timestamp, time_window: TimeWindow) -> PendingSnapshot {
    let target = schedule::target_run_date(date_closed, time_window);
    PendingSnapshot {
        incident_id: IncidentId::new(0),
        target_run_date: target,
        next_attempt_at: target,
        attempts: 0,
        last_error: None,
        last_error_at: None,
        last_host: None,
        dead_since: None,
    }
}

fn event(range: Range, project: &str, chance: &mut ChaCha8Rng) -> Event {
    let level = if chance.random_ratio(3, 4) { "error" } else { "warning" };
    let environment = if chance.random_ratio(9, 10) { "production" } else { "staging" };
    Event {
        project: Some(project.to_owned()),
        level: Some(level.to_owned()),
        environment: Some(environment.to_owned()),
        user: Some(format!("user-{:05}", chance.random_range(0..20_000))),
        message: Some((*pick(&MESSAGES, chance)).to_owned()),
        ..Event::at(range.start + range.length().mul_f64(chance.random()))
    }
}

/// A count as a share of time.
fn seconds(count: u64) -> f64 {
    Duration::from_secs(count).as_secs_f64()
}

fn project_name(number: u64) -> String {
    format!("shop-{:03}", number + 1)
}

fn pick<'a, T>(values: &'a [T], chance: &mut ChaCha8Rng) -> &'a T {
    &values[chance.random_range(0..values.len())]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn load(incidents: u64, events: u64) -> Load {
        let now = Timestamp::parse("2026-11-24T13:36:49Z", Timestamp::MIN).unwrap();
        Load { request: SeedRequest { incidents, events, random_seed: 7 }, now }
    }

    #[test]
    fn the_same_seed_gives_the_same_incidents_and_events() {
        let load = load(50, 500);
        let events = || (0..50).flat_map(|index| load.events(index)).collect::<Vec<_>>();
        assert_eq!(events(), events());
        assert_eq!(load.incident(13), load.incident(13));
        assert_ne!(load.incident(13), load.incident(14));
    }

    #[test]
    fn events_are_spread_evenly_and_the_total_is_exact() {
        for total in [0, 7, 100, 1_003] {
            let load = load(10, total);
            let counts: Vec<usize> = (0..10).map(|index| load.events(index).count()).collect();
            assert_eq!(counts.iter().sum::<usize>() as u64, total);
            assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1);
        }
    }

    #[test]
    fn incidents_are_possible_and_of_a_realistic_mix() {
        let load = load(2_000, 0);
        let mut kinds = BTreeMap::new();
        for index in 0..2_000 {
            let (incident, activities) = load.incident(index);
            assert!(incident.date_started <= incident.date_closed.unwrap_or(load.now));
            assert!(incident.date_closed.is_none_or(|closed| closed <= load.now));
            assert_eq!(incident.date_closed.is_some(), incident.pending.is_some());
            assert_eq!(activities.len(), if incident.status == Status::Open { 1 } else { 2 });
            assert!(crate::domain::Query::parse(&incident.query).is_ok());
            *kinds.entry(incident.pending.map(|pending| pending.is_due(load.now))).or_insert(0) += 1;
        }
        assert!((100..240).contains(&kinds[&None]), "{kinds:?}");
        assert!((340..540).contains(&kinds[&Some(false)]), "{kinds:?}");
        assert!((1_200..1_600).contains(&kinds[&Some(true)]), "{kinds:?}");
    }

    #[test]
    fn no_event_lies_ahead_and_each_can_be_seen_in_its_incident_s_snapshot() {
        let load = load(300, 6_000);
        for index in 0..300 {
            let (incident, _) = load.incident(index);
            let windowed = incident.course().ranges(load.now);
            let seen = Range::new(windowed.windowed.start, windowed.windowed.end.max(windowed.lifetime.end));
            for event in load.events(index) {
                assert!(event.occurred_at < load.now);
                assert!(seen.start <= event.occurred_at && event.occurred_at < seen.end, "{incident:?} {event:?}");
                assert_eq!(event.project.as_ref(), incident.projects.first());
            }
        }
    }
}
