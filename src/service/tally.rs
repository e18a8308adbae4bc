//! What the runs of this process came to, counted as Prometheus wants it.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use crate::domain::{RunCounts, Trigger};

/// From a run that finds nothing to one that drains a large backlog.
const DURATIONS: [f64; 13] = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0];

/// The labels of a counter.
pub type Labels = Vec<(&'static str, &'static str)>;

/// What the runs of this process came to, as it is counted for Prometheus.
#[derive(Debug, Clone)]
pub struct Tally {
    /// Runs, by trigger and outcome.
    pub runs: Family<Labels, Counter>,
    /// Rows, by what became of them.
    pub snapshots: Family<Labels, Counter>,
    /// How long runs took.
    pub durations: Histogram,
}

impl Default for Tally {
    fn default() -> Self {
        let tally =
            Self { runs: Family::default(), snapshots: Family::default(), durations: Histogram::new(DURATIONS) };
        // What has never happened is 0, and not absent: a rate needs both.
        tally.count(RunCounts::default(), RunCounts::default());
        for trigger in Trigger::ALL {
            for outcome in ["succeeded", "failed"] {
                let labels = vec![("trigger", trigger.name()), ("outcome", outcome)];
                drop(tally.runs.get_or_create(&labels));
            }
        }
        tally
    }
}

impl Tally {
    /// Counts what rows came to between two looks at a run.
    pub(super) fn count(&self, before: RunCounts, after: RunCounts) {
        for (outcome, before, after) in [
            ("captured", before.captured, after.captured),
            ("skipped_open", before.skipped_open, after.skipped_open),
            ("skipped_existing", before.skipped_existing, after.skipped_existing),
            ("failed", before.failed, after.failed),
        ] {
            self.snapshots.get_or_create(&vec![("outcome", outcome)]).inc_by(after.saturating_sub(before));
        }
    }

    pub(super) fn run_ended(&self, trigger: Trigger, outcome: &'static str, took: Duration) {
        self.runs.get_or_create(&vec![("trigger", trigger.name()), ("outcome", outcome)]).inc();
        self.durations.observe(took.as_secs_f64());
    }
}
