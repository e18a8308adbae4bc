//! What a run says in the log, whichever shell it ran under.

use crate::ops::process::RunReport;

/// Says in the log what a run did.
pub fn log_report(report: &RunReport) {
    let counts = report.counts;
    if counts.due() == 0 {
        tracing::debug!(trigger = report.trigger.name(), "nothing was due");
        return;
    }
    tracing::info!(
        trigger = report.trigger.name(),
        due = counts.due(),
        captured = counts.captured,
        skipped_open = counts.skipped_open,
        skipped_existing = counts.skipped_existing,
        failed = counts.failed,
        batches = counts.batches,
        duration_ms = u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
        "run finished"
    );
}
