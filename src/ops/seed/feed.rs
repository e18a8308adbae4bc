//! The events of a demo: those before it starts, and those that go on happening while it is watched.
//!
//! Pure: what happens when is a function of the scenario, the start of the demo, the seed, and what has been observed
//! of its incidents since.

use std::collections::BTreeMap;
use std::time::Duration;

use super::grid::Grid;
use super::scenario::{Incident, Scenario};
use super::signal::Stream;
use super::trouble::Trouble;
use crate::domain::window::{Course, Range, WINDOWS};
use crate::domain::{Event, IncidentId, TimeWindow, Timestamp};

/// Cells of a bucket around an incident.
const CELLS_PER_WINDOW: u32 = 4;
/// What a new incident without a rule looks back on: 200 windows of a minute, and something more.
const RECENT: Duration = Duration::from_hours(4);
const RECENT_STEP: Duration = Duration::from_mins(1);
/// How far back there is anything of a signal that nothing has disturbed.
const HISTORY: Duration = Duration::from_hours(45 * 24);
const HISTORY_STEP: Duration = Duration::from_hours(6);

/// The events of a demo.
#[derive(Debug, Clone)]
pub struct DemoFeed {
    streams: Vec<Stream>,
    disturbances: Vec<Disturbance>,
    known: BTreeMap<IncidentId, usize>,
}

/// Where an incident's trouble is, and what was last observed of the incident.
#[derive(Debug, Clone)]
struct Disturbance {
    stream: usize,
    trouble: usize,
    date_closed: Option<Timestamp>,
}

impl DemoFeed {
    /// The events of `scenario`, of which a demo starts at `now`, as chance `seed` has it.
    #[must_use]
    pub fn new(scenario: &Scenario, now: Timestamp, seed: u64) -> Self {
        let now = start_of_demo(now);
        let mut disturbances: Vec<Option<Disturbance>> = vec![None; scenario.incidents.len()];
        let mut streams = Vec::new();
        for signal in &scenario.signals {
            let mut wanted = vec![
                (Range::new(now - HISTORY, Timestamp::MAX), HISTORY_STEP),
                (Range::new(now - RECENT, Timestamp::MAX), RECENT_STEP),
            ];
            let mut troubles = Vec::new();
            for (incident, disturbance) in scenario.incidents.iter().zip(&mut disturbances) {
                if scenario.signal_of(incident) != Some(&signal.name) {
                    continue;
                }
                let course = course(scenario, incident, now);
                let (stream, trouble) = (streams.len(), troubles.len());
                *disturbance = Some(Disturbance { stream, trouble, date_closed: course.date_closed });
                wanted.push((looked_at(course, now), step(course.time_window)));
                troubles.push(Trouble::new(
                    (incident.shape, incident.peak),
                    course.time_window,
                    course.date_started,
                    course.date_closed,
                    now,
                ));
            }
            streams.push(Stream::new(signal.clone(), Grid::new(&wanted), troubles, seed));
        }
        // Every incident disturbs a signal, or the scenario would not have been read.
        Self { streams, disturbances: disturbances.into_iter().flatten().collect(), known: BTreeMap::new() }
    }

    /// What happens in `[from, to)`, in time order. Neighbouring ranges give each event exactly once.
    #[must_use]
    pub fn events_between(&self, from: Timestamp, to: Timestamp) -> Vec<Event> {
        let mut events: Vec<Event> = self.events(Range::new(from, to)).collect();
        events.sort_by_key(|event| event.occurred_at);
        events
    }

    /// What happens within `range`, one signal after the other, without holding it all.
    pub fn events(&self, range: Range) -> impl Iterator<Item = Event> + '_ {
        self.streams.iter().flat_map(move |stream| stream.events(range))
    }

    /// Everything that has happened before `now`.
    pub fn events_before(&self, now: Timestamp) -> impl Iterator<Item = Event> + '_ {
        self.events(Range::new(Timestamp::MIN, now))
    }

    /// The `index`-th incident of the scenario has got this number.
    pub fn recognise(&mut self, id: IncidentId, index: usize) {
        self.known.insert(id, index);
    }

    /// How an incident stands, as the viewer has left it: what is closed recovers, what is reopened goes wrong again.
    /// Only what happens from now on follows; incidents that the scenario does not know disturb nothing.
    pub fn observe(&mut self, id: IncidentId, date_closed: Option<Timestamp>) {
        let Some(disturbance) = self.known.get(&id).and_then(|index| self.disturbances.get_mut(*index)) else { return };
        if disturbance.date_closed == date_closed {
            return;
        }
        disturbance.date_closed = date_closed;
        self.streams[disturbance.stream].troubles_mut()[disturbance.trouble].mend(date_closed);
    }
}

/// Demos start on a whole second, so that what is shown of them is tidy.
#[must_use]
pub fn start_of_demo(now: Timestamp) -> Timestamp {
    now.floor(Duration::from_secs(1))
}

/// What decides the ranges of a scenario's incident.
#[must_use]
pub fn course(scenario: &Scenario, incident: &Incident, now: Timestamp) -> Course {
    Course {
        date_started: now - incident.started.0,
        date_closed: incident.closed().map(|span| now - span.0),
        time_window: scenario.scope_of(incident).time_window,
    }
}

/// All that a snapshot of an incident can show, now or when it is looked at later.
fn looked_at(course: Course, now: Timestamp) -> Range {
    let end = course.target_run_date().filter(|target| *target <= now).unwrap_or(Timestamp::MAX);
    Range::new(course.anchor() - course.time_window.times(WINDOWS), end)
}

fn step(time_window: TimeWindow) -> Duration {
    time_window.span() / CELLS_PER_WINDOW
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-24T13:36:49Z", Timestamp::MIN).unwrap()
    }

    fn feed() -> DemoFeed {
        DemoFeed::new(&Scenario::embedded(), now(), 1)
    }

    fn minutes(count: u64) -> Timestamp {
        now() + Duration::from_mins(count)
    }

    fn total(feed: &DemoFeed, fingerprint: &str, from: u64, to: u64) -> i64 {
        let events = feed.events_between(minutes(from), minutes(to));
        let of_signal = events.iter().filter(|event| event.fingerprint.as_deref() == Some(fingerprint));
        of_signal.map(|event| event.weight).sum()
    }

    fn index_of(title: &str) -> usize {
        Scenario::embedded().incidents.iter().position(|incident| incident.title == title).unwrap()
    }

    #[test]
    fn neighbouring_ranges_give_each_event_exactly_once() {
        let feed = feed();
        let whole = feed.events_between(now() - Duration::from_mins(2), minutes(3));
        let mut parts = Vec::new();
        let mut from = now() - Duration::from_mins(2);
        for seconds in [1, 7, 60, 3, 91, 138] {
            let to = from + Duration::from_secs(seconds);
            parts.extend(feed.events_between(from, to));
            from = to;
        }
        assert!(whole.len() > 200, "{}", whole.len());
        assert!(whole.is_sorted_by_key(|event| event.occurred_at));
        assert_eq!(parts, whole);
    }

    #[test]
    fn the_feed_goes_on_where_the_seeding_stopped() {
        let feed = feed();
        let before = feed.events_before(now()).filter(|event| event.occurred_at >= now() - Duration::from_mins(30));
        let ahead = feed.events_between(now(), minutes(30));
        let (before, ahead) = (before.count(), ahead.len());
        assert!(before * 2 > ahead && ahead * 2 > before, "{before} before and {ahead} ahead");
    }

    #[test]
    fn what_the_viewer_closes_recovers_and_what_is_reopened_goes_wrong_again() {
        let mut feed = feed();
        let id = IncidentId::new(7);
        feed.recognise(id, index_of("Storefront answers 5xx, on and off"));
        let going_on = total(&feed, "web-5xx", 30, 60);
        feed.observe(id, Some(minutes(10)));
        let mended = total(&feed, "web-5xx", 30, 60);
        assert!(mended * 2 < going_on, "{mended} of {going_on}");
        feed.observe(id, None);
        assert_eq!(total(&feed, "web-5xx", 30, 60), going_on);
    }

    #[test]
    fn observing_what_is_known_or_nobody_s_incident_changes_nothing() {
        let mut feed = feed();
        let before = feed.events_between(now(), minutes(2));
        feed.recognise(IncidentId::new(3), index_of("Checkout errors above 5%"));
        feed.observe(IncidentId::new(3), Some(now() - Duration::from_mins(72)));
        feed.observe(IncidentId::new(99), Some(now()));
        assert_eq!(feed.events_between(now(), minutes(2)), before);
    }
}
