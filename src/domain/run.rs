//! A run of the processor and the processes that run it.

use super::timestamp::Timestamp;

super::named_enum! {
    /// Why a run took place (rule 15).
    Trigger, "trigger", "startup, interval, retry, forced" {
        /// The process has just started.
        Startup = "startup",
        /// A multiple of the interval was reached.
        Interval = "interval",
        /// A failed row was to be tried again.
        Retry = "retry",
        /// An operator wanted it.
        Forced = "forced",
    }
}

super::named_enum! {
    /// What kind of process a processor lives in.
    ProcessorKind, "processor kind", "console, daemon, command" {
        /// The background task of a console.
        Console = "console",
        /// `afterimage --daemon`.
        Daemon = "daemon",
        /// `afterimage process`.
        Command = "command",
    }
}

/// What a run did with the rows that it claimed, each counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Snapshots made.
    pub captured: u64,
    /// Rows removed because their incident is not closed (rule 16).
    pub skipped_open: u64,
    /// Rows removed because a complete snapshot exists (rule 16).
    pub skipped_existing: u64,
    /// Rows that failed and stay (rule 17).
    pub failed: u64,
    /// Transactions' worth of rows.
    pub batches: u64,
}

impl RunCounts {
    /// The rows claimed: the sum of what became of them.
    #[must_use]
    pub fn due(&self) -> u64 {
        self.captured + self.skipped_open + self.skipped_existing + self.failed
    }

    /// Adds what another batch did.
    pub fn add(&mut self, other: Self) {
        self.captured += other.captured;
        self.skipped_open += other.skipped_open;
        self.skipped_existing += other.skipped_existing;
        self.failed += other.failed;
        self.batches += other.batches;
    }
}

/// The record of a run. A run that found nothing has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessorRun {
    /// Its number.
    pub id: i64,
    /// Why it took place.
    pub trigger: Trigger,
    /// Where.
    pub host: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When its record last moved: it is written with every batch.
    pub updated_at: Timestamp,
    /// When it ended; `None` while it goes on, or where its process was killed.
    pub finished_at: Option<Timestamp>,
    /// What it did.
    pub counts: RunCounts,
    /// Why it ended early.
    pub error: Option<String>,
}

/// A process that runs the processor, as it last said. For display only, never for correctness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processor {
    /// Where.
    pub host: String,
    /// Its process id there.
    pub pid: u32,
    /// What it is.
    pub kind: ProcessorKind,
    /// The version of its program.
    pub version: String,
    /// When it means to run next.
    pub next_run_at: Option<Timestamp>,
    /// When it last said so.
    pub last_seen: Timestamp,
}
