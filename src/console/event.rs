//! What the console is told: keys, the passing of time, answers to its effects, news of the processor. Plain values.

use crossterm::event::KeyEvent;

use crate::console::effect::{Edition, Lane};
use crate::console::listing::Listed;
use crate::console::pointing::{Gesture, Target};
use crate::domain::alert::{MemberAlert, Origin};
use crate::domain::text::printable;
use crate::domain::{
    Activity, AlertRule, Freezing, Incident, IncidentId, Measure, PendingQueue, Processor, ProcessorRun, Refusal,
    RunCounts, Series, Snapshot, SourceHealth, SupersededSnapshot, Timestamp, Trigger,
};

/// An instant on both clocks. They differ where the operator has frozen one of them with `--now`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// On the clock of the product: what incidents, countdowns and ages are measured with.
    pub now: Timestamp,
    /// On the clock of the host, which always moves: what the console's own waiting is measured with.
    pub real: Timestamp,
}

impl Moment {
    /// The same instant on both.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self { now, real: now }
    }
}

/// Something has happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// A text was pasted.
    Paste(String),
    /// Something was done with the mouse, to what stood there.
    Pointed(Gesture, Option<Target>),
    /// The terminal has this size now.
    Resize {
        /// In columns.
        width: u16,
        /// In rows.
        height: u16,
    },
    /// A deadline of the state was reached.
    Tick,
    /// The process goes on after it was stopped.
    Resumed,
    /// The log has something new.
    Log {
        /// The lines that are kept, the newest last.
        lines: Vec<String>,
        /// How many there ever were.
        written: u64,
    },
    /// The answer to an effect.
    Answer(Answer),
    /// The processor of this console says something.
    Processor(ProcessorNews),
}

/// The answer to an effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The database is open.
    Connected {
        /// As the store describes itself, without a password.
        database: String,
    },
    /// The database could not be opened.
    NotConnected {
        /// Why.
        failure: Failure,
        /// A random number from 0 to 1, for the wait.
        chance: f64,
    },
    /// What was asked for.
    Loaded {
        /// The number of the question.
        sequence: u64,
        /// The answer.
        loaded: Loaded,
    },
    /// What stands where a file is to be saved.
    Inspected {
        /// The file, as it was typed.
        file: String,
        /// What was found.
        found: Found,
    },
    /// It could not be read.
    LoadFailed {
        /// Of which kind the question was.
        lane: Lane,
        /// The number of the question.
        sequence: u64,
        /// Why.
        failure: Failure,
        /// A random number from 0 to 1, for the wait.
        chance: f64,
    },
    /// A write has succeeded.
    Written {
        /// The number of the request.
        request: u64,
        /// What came of it.
        written: Written,
    },
    /// A write was refused since what is so forbids it: again it would be refused again.
    WriteRefused {
        /// The number of the request.
        request: u64,
        /// Why.
        refusal: Box<Refusal>,
    },
    /// A write has failed.
    WriteFailed {
        /// The number of the request.
        request: u64,
        /// Why.
        failure: Failure,
    },
}

/// What stands where a file is to be saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing: it would be made, with this name from the root on.
    Nothing(String),
    /// A file of this name from the root on, which would be replaced.
    File(String),
    /// It cannot be, and why.
    Impossible(String),
}

/// Why something could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// As it is shown.
    pub message: String,
    /// Whose fault it is.
    pub cause: Cause,
}

/// Whether trying again later may help by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The database does not answer.
    Unreachable,
    /// The database answers, but not with what was wanted.
    Refused,
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Loaded {
    /// See [`crate::console::effect::Load::List`].
    List(Listed, Vec<IncidentId>, Edition),
    /// The list that is at hand still holds.
    ListHolds(Listed),
    /// Those of the incidents that there are.
    Rows(Vec<Incident>),
    /// Their shapes.
    Shapes(Vec<(IncidentId, Series)>),
    /// The shapes of those that are measured elsewhere.
    RemoteShapes(Vec<(IncidentId, Series)>),
    /// What an incident that is measured elsewhere would get, or why that is not known; `None` where it has its snapshot
    /// meanwhile.
    Preview(IncidentId, Option<Box<Previewed>>),
    /// Everything about one incident; `None` where there is no such.
    Detail(IncidentId, Option<Box<Detail>>),
    /// The same of the one that stands behind the charts of others.
    Overlay(IncidentId, Option<Box<Detail>>),
    /// How things stand.
    Overview(Box<Overview>),
    /// By name; and the projects that events have.
    Rules(Vec<AlertRule>, Vec<String>),
}

/// Everything about one incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Detail {
    /// The incident.
    pub incident: Incident,
    /// Its timeline, the oldest first.
    pub activities: Vec<Activity>,
    /// What was kept of it, or what would be.
    pub picture: Picture,
    /// Why its source has said nothing now, where that is so.
    pub silence: Option<String>,
    /// Snapshots from before it was reopened.
    pub superseded: Vec<SupersededSnapshot>,
    /// Where it came from, where alerts have opened it.
    pub alerts: Option<Alerts>,
    /// How far the first half of its capture is, where its counts come from elsewhere.
    pub freezing: Option<Freezing>,
}

/// The alerts that have opened an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alerts {
    /// Where they came from, and what they have in common.
    pub origin: Origin,
    /// The first of them, by their start.
    pub members: Vec<MemberAlert>,
    /// How many there are.
    pub count: u64,
    /// How many of them fire.
    pub firing: u64,
}

impl Alerts {
    /// What is said of all of them, printable.
    #[must_use]
    pub fn annotations(&self) -> String {
        let annotations = self.origin.annotations.iter();
        let said = annotations.map(|(name, value)| format!("{}: {}", printable(name), printable(value)));
        said.collect::<Vec<_>>().join("; ")
    }
}

/// What an incident that is measured elsewhere would get.
#[derive(Debug, Clone, PartialEq)]
pub struct Previewed {
    /// As far as it is known.
    pub picture: Picture,
    /// Why its source has said nothing now, where that is so.
    pub silence: Option<String>,
}

impl Detail {
    /// Whether it came from, or is measured by, what others run.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.alerts.is_some() || self.incident.expression.is_some()
    }

    /// How many entries its timeline has: what was done, and what became of its snapshots.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.activities.len() + self.superseded.len() + usize::from(self.incident.snapshot.is_some())
    }
}

/// What the chart of an incident shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Picture {
    /// The snapshot that was captured.
    Captured(Snapshot),
    /// The snapshot that it will get, as far as it has happened.
    Preview(Snapshot),
    /// Its source was asked and has not answered yet.
    Awaited,
    /// It could not be made.
    Unavailable(String),
}

impl Picture {
    /// What its values are.
    #[must_use]
    pub fn measure(&self) -> Measure {
        self.snapshot().map_or(Measure::Events, |snapshot| snapshot.facts.measure)
    }

    /// The snapshot that is shown, kept or not.
    ///
    /// # Errors
    /// Why there is none.
    pub fn snapshot(&self) -> Result<&Snapshot, &str> {
        match self {
            Self::Captured(snapshot) | Self::Preview(snapshot) => Ok(snapshot),
            Self::Awaited => Err("its source has not answered yet"),
            Self::Unavailable(reason) => Err(reason),
        }
    }
}

/// How things stand in the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// How many of everything.
    pub counts: Counts,
    /// What is captured next, and what is late.
    pub queue: PendingQueue,
    /// The newest first.
    pub runs: Vec<ProcessorRun>,
    /// All processes that said they run the processor.
    pub processors: Vec<Processor>,
    /// The sources of the configuration, and how they did when they were last asked.
    pub sources: Vec<SourceHealth>,
    /// How far the clock of the database is ahead of the host's, in microseconds.
    pub clock_offset: i64,
}

/// How many of everything there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name says it")]
pub struct Counts {
    pub incidents_open: u64,
    pub incidents_closed: u64,
    pub pending: u64,
    pub due: u64,
    pub failing: u64,
    pub dead: u64,
    pub snapshots: u64,
}

/// What came of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// The incidents as they are now, and who was there first ("already closed, by anna").
    Incidents {
        /// Those that were changed, as they are now.
        changed: Vec<Incident>,
        /// Those that were so already, as they are now.
        unchanged: Vec<Incident>,
        /// Who had made them so before.
        remarks: Vec<String>,
    },
    /// The incident was opened.
    Opened(Box<Incident>),
    /// Something was said.
    Commented(IncidentId),
    /// The pending snapshots of these were changed.
    Pending(Vec<IncidentId>),
    /// A text was saved as a file.
    Saved {
        /// Its name from the root on.
        file: String,
    },
    /// A run took place within the request itself.
    Ran {
        /// What it did.
        counts: RunCounts,
        /// The first of its failures.
        failures: Vec<FailedCapture>,
    },
}

/// A snapshot that could not be captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCapture {
    /// Whose.
    pub id: IncidentId,
    /// Why.
    pub error: String,
}

/// News of the processor that lives in this console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessorNews {
    /// It sleeps until this instant.
    Waiting {
        /// When it runs next.
        next_run_at: Timestamp,
    },
    /// It has begun a run.
    Started {
        /// When.
        at: Timestamp,
        /// Why.
        trigger: Trigger,
    },
    /// A run has ended.
    Finished {
        /// When.
        at: Timestamp,
        /// What it did.
        counts: RunCounts,
        /// Why it took place.
        trigger: Trigger,
        /// The first of its failures.
        failures: Vec<FailedCapture>,
    },
    /// A run could not be completed.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        error: String,
        /// When it tries again.
        retry_at: Timestamp,
    },
}
