//! What is known of the processor: the one that lives in this console, and those elsewhere on the same database.

use std::time::Duration;

use crate::console::event::{Overview, ProcessorNews};
use crate::domain::{Incident, PendingSnapshot};
use crate::domain::{PendingState, Processor, RunCounts, Timestamp, Trigger};

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
    /// How many lines the log is scrolled back.
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
