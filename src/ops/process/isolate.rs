//! A failing batch is replayed in halves down to single rows, and each failure recorded by itself (rule 17).

use super::Run;
use super::batch::{self, Batch, FailedBatch, FailedRow, Rows};
use crate::domain::{MessageKind, RunCounts, Timestamp, schedule};
use crate::store::StoreError;
use crate::store::capture::Claim;
use crate::store::pending::{Failure, Recorded};

/// Replays what a batch had claimed until every row is captured, or has failed alone. What comes of it is counted and
/// recorded at once: should the database fail in the middle, that much is done.
pub(super) async fn isolate(run: &mut Run<'_>, failed: FailedBatch) -> Result<Batch, StoreError> {
    let mut whole =
        Batch { claimed: failed.claims.len(), last: failed.claims.last().map(batch::cursor), ..Batch::default() };
    if failed.claims.is_empty() {
        // It failed before it had any row: nothing here can be blamed.
        return Err(failed.error);
    }
    run.counts.batches += 1;
    let mut parts = Vec::new();
    divide(run, &mut whole, failed, &mut parts).await?;
    while let Some(part) = parts.pop() {
        run.step();
        match batch::capture(run, Rows::Again(&part)).await {
            Ok(part) => {
                count(run, &mut whole, RunCounts { batches: 0, ..part.counts });
                record_failures(run, &part.failures).await?;
            }
            Err(failed) if failed.error.stops_every_row() => return Err(failed.error),
            Err(failed) => divide(run, &mut whole, failed, &mut parts).await?,
        }
    }
    Ok(whole)
}

/// Records a single row that has failed; of several, the first half comes next, or where time ran out the first row.
async fn divide(
    run: &mut Run<'_>,
    whole: &mut Batch,
    failed: FailedBatch,
    parts: &mut Vec<Vec<Claim>>,
) -> Result<(), StoreError> {
    let FailedBatch { mut claims, error } = failed;
    match claims.as_slice() {
        [] => {}
        [single] => {
            record_failures(run, &[FailedRow::new(single, &error)]).await?;
            count(run, whole, RunCounts { failed: 1, ..RunCounts::default() });
        }
        // Each half with the slow row in it would take as long again, while everything behind it waits.
        _ if error.is_timeout() => parts.extend(claims.into_iter().rev().map(|claim| vec![claim])),
        _ => {
            parts.push(claims.split_off(claims.len() / 2));
            parts.push(claims);
        }
    }
    Ok(())
}

fn count(run: &mut Run<'_>, whole: &mut Batch, counts: RunCounts) {
    run.counts.add(counts);
    whole.counts.add(counts);
}

/// Records failures, each unless its row has been rescheduled since. Each has a transaction of its own: who held two
/// rows at once could wait in a circle with an operator who locks them in another order.
pub(super) async fn record_failures(run: &Run<'_>, failures: &[FailedRow]) -> Result<(), StoreError> {
    for failed in failures {
        let attempts = failed.claim.attempts.saturating_add(u32::from(failed.is_own_fault));
        let failure = failure(run, failed, attempts, retry_at(run, failed));
        let recorded = record_failure(run, &failure).await?;
        if !run.store.locks_rows() {
            tokio::time::sleep(batch::GAP).await;
        }
        if recorded != Recorded::Rescheduled {
            tracing::warn!(
                incident = failed.claim.incident_id.value(),
                attempts,
                dead = attempts >= schedule::MAX_ATTEMPTS,
                error = %crate::domain::text::shorten(&failed.error, 200),
                "capture failed"
            );
        }
    }
    Ok(())
}

/// Records one failure, and leaves word of it to others where it is the last one.
pub(super) async fn record_failure(run: &Run<'_>, failure: &Failure<'_>) -> Result<Recorded, StoreError> {
    let mut tx = run.store.capture().await?;
    let recorded = tx.record_failure(failure).await?;
    if recorded == Recorded::Died {
        tx.enqueue_messages(MessageKind::PendingDead, &[failure.incident_id], failure.now).await?;
    }
    tx.commit().await?;
    Ok(recorded)
}

/// When a row is tried again: after its own failure by their number, otherwise by how long it has been waiting.
pub(super) fn retry_at(run: &Run<'_>, failed: &FailedRow) -> Timestamp {
    let chance = rand::random();
    run.now
        + if failed.is_own_fault {
            schedule::backoff(failed.claim.attempts.saturating_add(1), chance)
        } else {
            schedule::postponement(run.now.since(failed.claim.target_run_date), chance)
        }
}

pub(super) fn failure<'a>(run: &'a Run<'_>, failed: &'a FailedRow, attempts: u32, retry_at: Timestamp) -> Failure<'a> {
    Failure {
        incident_id: failed.claim.incident_id,
        next_attempt_at: failed.claim.next_attempt_at,
        attempts,
        error: &failed.error,
        retry_at,
        now: run.present(),
        host: &run.request.host,
    }
}

impl FailedRow {
    /// A row that failed alone.
    pub(super) fn new(claim: &Claim, error: &StoreError) -> Self {
        Self { claim: claim.clone(), error: error.to_string(), is_own_fault: !error.is_transient() }
    }
}
