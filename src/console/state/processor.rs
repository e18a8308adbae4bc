//! What is known of the processor: the one that lives in this console, and those elsewhere on the same database.

use std::time::Duration;

use crate::console::event::{Overview, ProcessorNews};
use crate::domain::{
    Incident, IncidentId, PendingQueue, PendingSnapshot, PendingState, Processor, RunCounts, Timestamp, Trigger,
    schedule,
};

/// A processor elsewhere counts as alive until so long after it meant to run.
const GRACE: Duration = Duration::from_mins(3);

/// What the processor of this console does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessorState {
    /// There is none, and this is why.
    Off(&'static str),
    /// It has not said anything yet.
    Starting,
    /// It sleeps.
    Waiting {
        /// Until then.
        next_run_at: Timestamp,
    },
    /// It runs.
    Running {
        /// Since when.
        since: Timestamp,
        /// Why.
        trigger: Trigger,
    },
    /// It has failed and tries again.
    Failed {
        /// Why it failed.
        error: String,
        /// When it tries again.
        retry_at: Timestamp,
    },
}

/// How the last run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// When.
    pub at: Timestamp,
    /// What it did, or why it failed.
    pub result: Result<RunCounts, String>,
}

/// What is known of the processor in this console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessorPane {
    /// What it does.
    pub state: ProcessorState,
    /// How its last run ended.
    pub last: Option<LastRun>,
    /// How many of the newest runs are scrolled away.
    pub scroll: usize,
}

impl ProcessorPane {
    /// Takes over news.
    pub fn hear(&mut self, news: ProcessorNews) {
        self.state = match news {
            ProcessorNews::Waiting { next_run_at } => ProcessorState::Waiting { next_run_at },
            ProcessorNews::Started { at, trigger } => ProcessorState::Running { since: at, trigger },
            ProcessorNews::Finished { at, counts, .. } => {
                self.last = Some(LastRun { at, result: Ok(counts) });
                return;
            }
            ProcessorNews::Failed { at, error, retry_at } => {
                self.last = Some(LastRun { at, result: Err(error.clone()) });
                ProcessorState::Failed { error, retry_at }
            }
        };
    }

    /// When a processor runs next: the one here, or the first elsewhere that is alive.
    #[must_use]
    pub fn next_run_at(&self, overview: &Overview, now: Timestamp) -> Option<Timestamp> {
        match self.state {
            ProcessorState::Waiting { next_run_at } => Some(next_run_at),
            ProcessorState::Failed { retry_at, .. } => Some(retry_at),
            ProcessorState::Running { .. } => None,
            ProcessorState::Off(_) | ProcessorState::Starting => {
                alive(overview, now).filter_map(|processor| processor.next_run_at).min()
            }
        }
    }

    /// Whether a run is going on here.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.state, ProcessorState::Running { .. })
    }
}

/// The processors on this database that seem to be alive.
pub fn alive(overview: &Overview, now: Timestamp) -> impl Iterator<Item = &Processor> {
    overview.processors.iter().filter(move |processor| is_alive(processor, now))
}

/// Whether a processor seems to be alive: it was seen a moment ago, or the time it meant to run at has not passed.
#[must_use]
pub fn is_alive(processor: &Processor, now: Timestamp) -> bool {
    now.since(processor.last_seen) < GRACE || processor.next_run_at.is_some_and(|next| now < next + GRACE)
}

/// How it stands with the snapshot of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The incident is open.
    Open,
    /// It was given up.
    Nothing,
    /// It is due in so long.
    Waiting(Duration),
    /// It is due; the run that takes it comes then, if it is known.
    Due(Option<Timestamp>),
    /// A run is at it.
    Capturing,
    /// It has failed so often, and is tried again in so long.
    Retrying(u32, Duration),
    /// Only an operator can revive it.
    Dead,
    /// It was captured early, and again in so long.
    Partial,
    /// It is complete.
    Captured,
}

/// What of the processor bears on every row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prospect {
    /// When it runs next.
    pub next_run_at: Option<Timestamp>,
    /// Whether it runs now.
    pub running: bool,
    /// How often the one of this console runs; `None` where there is none.
    pub interval: Option<Duration>,
}

impl Prospect {
    /// When the run comes that takes a pending snapshot (rule 15), as far as that can be told: of a processor elsewhere
    /// only the next run is known.
    #[must_use]
    pub fn run_of(self, pending: &PendingSnapshot, now: Timestamp) -> Option<Timestamp> {
        match pending.state(now) {
            PendingState::Dead => None,
            PendingState::Retrying => Some(pending.next_attempt_at),
            PendingState::Due => self.next_run_at,
            PendingState::Waiting => {
                let from = pending.next_attempt_at.max(pending.target_run_date);
                self.next_run_at.filter(|run| *run >= from).or_else(|| Some(tick_from(from, self.interval?)))
            }
        }
    }

    /// For how long a pending snapshot has been waiting for a run that should have come; `None` while none is missing.
    #[must_use]
    pub fn late_by(self, pending: &PendingSnapshot, now: Timestamp) -> Option<Duration> {
        let late_until = schedule::late_until(now, self.interval.unwrap_or(schedule::USUAL_INTERVAL));
        let late = !self.running && pending.is_due(late_until);
        late.then(|| now.since(pending.target_run_date))
    }
}

/// The first multiple of the interval from an instant on.
fn tick_from(instant: Timestamp, interval: Duration) -> Timestamp {
    if instant.floor(interval) == instant { instant } else { schedule::next_tick(instant, interval) }
}

/// What a queue of pending snapshots comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queue {
    /// What is captured next, and by which run where that is known.
    pub next: Option<(IncidentId, Option<Timestamp>)>,
    /// How many wait for a run that should have come.
    pub late: u64,
    /// For how long the first of them waits.
    pub latest: Option<Duration>,
}

impl Queue {
    /// Of what all rows come to. While a run is going on it takes what is late.
    #[must_use]
    pub fn of(queue: &PendingQueue, prospect: Prospect, now: Timestamp) -> Self {
        let late_since = queue.late_since.filter(|_| !prospect.running);
        Self {
            next: queue.next.as_ref().map(|row| (row.incident_id, prospect.run_of(row, now))),
            late: late_since.map_or(0, |_| queue.late),
            latest: late_since.map(|since| now.since(since)),
        }
    }
}

/// How it stands with the snapshot of an incident.
#[must_use]
pub fn standing(incident: &Incident, prospect: Prospect, now: Timestamp) -> Standing {
    let partial = incident.snapshot.as_ref().is_some_and(|snapshot| snapshot.partial);
    match (&incident.pending, incident.date_closed) {
        (Some(pending), _) => match pending_standing(pending, prospect, now) {
            Standing::Waiting(_) if partial => Standing::Partial,
            standing => standing,
        },
        (None, _) if incident.is_captured() => Standing::Captured,
        (None, _) if partial => Standing::Partial,
        (None, None) => Standing::Open,
        (None, Some(_)) => Standing::Nothing,
    }
}

/// How it stands with a pending snapshot.
#[must_use]
pub fn pending_standing(pending: &PendingSnapshot, prospect: Prospect, now: Timestamp) -> Standing {
    match pending.state(now) {
        PendingState::Dead => Standing::Dead,
        PendingState::Due if prospect.running => Standing::Capturing,
        PendingState::Due => Standing::Due(prospect.next_run_at),
        PendingState::Retrying => Standing::Retrying(pending.attempts, pending.next_attempt_at.since(now)),
        PendingState::Waiting => Standing::Waiting(pending.next_attempt_at.since(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text, Timestamp::MIN).unwrap()
    }

    fn row(id: i64, target: &str) -> PendingSnapshot {
        PendingSnapshot {
            incident_id: IncidentId::new(id),
            target_run_date: at(target),
            next_attempt_at: at(target),
            attempts: 0,
            last_error: None,
            last_error_at: None,
            last_host: None,
            dead_since: None,
        }
    }

    const HOURLY: Prospect = Prospect { next_run_at: None, running: false, interval: Some(Duration::from_hours(1)) };

    #[test]
    fn the_run_that_takes_a_row_is_the_first_from_its_target_on() {
        let now = at("2026-11-24T13:36:49Z");
        let prospect = Prospect { next_run_at: Some(at("2026-11-24T14:00:20Z")), ..HOURLY };
        let run = |target| prospect.run_of(&row(1, target), now).map(|run| run.to_string());
        assert_eq!(run("2026-11-24T13:50:00Z").as_deref(), Some("2026-11-24T14:00:20Z"), "the next, with its jitter");
        assert_eq!(run("2026-11-24T13:10:00Z").as_deref(), Some("2026-11-24T14:00:20Z"), "due already");
        assert_eq!(run("2026-11-24T15:10:00Z").as_deref(), Some("2026-11-24T16:00:00Z"));
        assert_eq!(run("2026-11-24T16:00:00Z").as_deref(), Some("2026-11-24T16:00:00Z"), "a run at the very target");
        let failed = PendingSnapshot {
            attempts: 2,
            next_attempt_at: at("2026-11-24T13:40:00Z"),
            ..row(1, "2026-11-24T13:00:00Z")
        };
        assert_eq!(prospect.run_of(&failed, now), Some(failed.next_attempt_at), "a retry has a run of its own");
        let dead = PendingSnapshot { dead_since: Some(now), ..failed };
        assert_eq!(prospect.run_of(&dead, now), None);
        let elsewhere = Prospect { interval: None, ..prospect };
        assert_eq!(elsewhere.run_of(&row(1, "2026-11-24T15:10:00Z"), now), None, "of others only the next is known");
    }

    #[test]
    fn a_row_is_late_once_the_run_that_should_have_taken_it_has_not_come() {
        let row = row(1, "2026-11-24T13:10:00Z");
        let late = |now| HOURLY.late_by(&row, at(now)).map(|late| late.as_secs() / 60);
        assert_eq!(late("2026-11-24T13:09:00Z"), None);
        assert_eq!(late("2026-11-24T13:59:00Z"), None, "it waits for the run of the hour");
        assert_eq!(late("2026-11-24T14:05:00Z"), None, "the run may jitter and take its time");
        assert_eq!(late("2026-11-24T15:10:00Z"), Some(120));
        let running = Prospect { running: true, ..HOURLY };
        assert_eq!(running.late_by(&row, at("2026-11-24T15:10:00Z")), None, "it is being taken");
    }

    #[test]
    fn the_queue_says_what_is_next_and_what_is_late() {
        let now = at("2026-11-24T15:36:49Z");
        let next = row(7, "2026-11-24T12:10:00Z");
        let late_since = Some(next.target_run_date);
        let all = PendingQueue { next: Some(next), late: 2, late_since };
        let queue = Queue::of(&all, HOURLY, now);
        assert_eq!((queue.late, queue.latest), (2, late_since.map(|since| now.since(since))));
        assert_eq!(queue.next, Some((IncidentId::new(7), None)));
        let running = Queue::of(&all, Prospect { running: true, ..HOURLY }, now);
        assert_eq!((running.late, running.latest), (0, None), "they are being taken");
        assert_eq!(Queue::of(&PendingQueue::default(), HOURLY, now), Queue::default());
    }
}
