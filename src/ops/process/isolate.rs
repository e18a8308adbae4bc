//! A failing batch is replayed in halves down to single rows, and each failure recorded by itself (rule 17).

use super::Run;
use super::batch::{self, Batch, FailedBatch, FailedRow, Rows};
use crate::domain::{Timestamp, schedule};
use crate::store::StoreError;
use crate::store::pending::Failure;

/// Replays what a batch had claimed until every row is captured, or has failed alone.
pub(super) async fn isolate(run: &Run<'_>, failed: FailedBatch) -> Result<Batch, StoreError> {
    let mut whole =
        Batch { claimed: failed.claims.len(), last: failed.claims.last().map(batch::cursor), ..Batch::default() };
    if failed.claims.is_empty() {
        // It failed before it had any row: nothing here can be blamed.
        return Err(failed.error);
    }
    let mut parts = vec![failed];
    while let Some(FailedBatch { mut claims, error }) = parts.pop() {
        if let [single] = claims.as_slice() {
            whole.failures.push(FailedRow { claim: single.clone(), error: error.to_string() });
            whole.counts.failed += 1;
            continue;
        }
        let second = claims.split_off(claims.len() / 2);
        for half in [claims, second] {
            match batch::capture(run, Rows::Again(&half)).await {
                Ok(part) => {
                    whole.counts.add(part.counts);
                    whole.failures.extend(part.failures);
                }
                Err(failed) if failed.error.is_transient() => return Err(failed.error),
                Err(failed) => parts.push(failed),
            }
        }
    }
    whole.counts.batches = 1;
    Ok(whole)
}

/// Records failures in a transaction of their own, each unless its row has been rescheduled since.
pub(super) async fn record_failures(run: &Run<'_>, failures: &[FailedRow]) -> Result<(), StoreError> {
    if failures.is_empty() {
        return Ok(());
    }
    let mut tx = run.store.capture().await?;
    for failed in failures {
        let attempts = failed.claim.attempts.saturating_add(1);
        let failure = failure(run, failed, attempts, retry_at(run, attempts));
        if tx.record_failure(&failure).await? {
            tracing::warn!(
                incident = failed.claim.incident_id.value(),
                attempts,
                dead = attempts >= schedule::MAX_ATTEMPTS,
                error = %crate::domain::text::shorten(&failed.error, 200),
                "capture failed"
            );
        }
    }
    tx.commit().await
}

/// When a row is tried again after its `attempts`-th failure.
pub(super) fn retry_at(run: &Run<'_>, attempts: u32) -> Timestamp {
    run.now + schedule::backoff(attempts, rand::random())
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
