//! The JSON documents of what only the command line tells, with the keys that scripts rely on, in their order. Those of
//! incidents, rules and snapshots are everybody's: `export::json`.

use serde_json::{Value, json};

use crate::domain::{Processor, ProcessorRun, Timestamp};
use crate::ops::process::RunReport;
use crate::store::status::Counts;

pub use crate::export::json::{
    activity, changed_rule, facts, incident, pending, rule, run, snapshot, whole_incident, write,
};
use crate::export::json::{optional_time, processor};

/// What a run did.
#[must_use]
pub fn report(report: &RunReport) -> Value {
    let counts = report.counts;
    json!({
        "trigger": report.trigger.name(),
        "due": counts.due(),
        "captured": counts.captured,
        "skipped_open": counts.skipped_open,
        "skipped_existing": counts.skipped_existing,
        "failed": counts.failed,
        "batches": counts.batches,
        "duration_ms": u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
    })
}

/// How things stand.
#[must_use]
pub fn status(
    engine: &str,
    schema_version: i64,
    counts: &Counts,
    last_run: Option<&ProcessorRun>,
    next_run_at: Option<Timestamp>,
    processors: &[Processor],
) -> Value {
    json!({
        "engine": engine,
        "schema_version": schema_version,
        "incidents_open": counts.incidents_open,
        "incidents_closed": counts.incidents_closed,
        "pending": counts.pending,
        "due": counts.due,
        "failing": counts.failing,
        "dead": counts.dead,
        "snapshots": counts.snapshots,
        "last_run": last_run.map(run),
        "next_run_at": optional_time(next_run_at),
        "processors": processors.iter().map(processor).collect::<Vec<_>>(),
    })
}
