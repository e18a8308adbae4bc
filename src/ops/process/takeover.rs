//! Takes over runs whose process died, so that a row that kills its process is found and counted against.

use super::Run;
use super::batch::{self, FailedRow, Rows};
use super::isolate;
use crate::domain::{RunCounts, Timestamp, schedule};
use crate::store::StoreError;
use crate::store::capture::{Claim, Claiming};
use crate::store::pending::Recorded;
use crate::store::run::AbandonedRun;

impl Run<'_> {
    /// Replays the two batches in which each run was abandoned, row by row; then sets follow again.
    pub(super) async fn replay_abandoned(&mut self) -> Result<(), StoreError> {
        let mut tx = self.store.capture().await?;
        let abandoned = tx.take_over_runs(self.now - super::ABANDONED_AFTER).await?;
        tx.commit().await?;
        for run in abandoned {
            tracing::warn!(run = run.id, "taking over a run whose process ended");
            self.replay(run).await?;
        }
        Ok(())
    }

    async fn replay(&mut self, abandoned: AbandonedRun) -> Result<(), StoreError> {
        // Its process was writing one batch and preparing the one behind it.
        let limit = abandoned.batch_size.saturating_add(schedule::next_batch_size(abandoned.batch_size));
        let claiming = Claiming::Due { now: self.now, after: abandoned.cursor, limit };
        // Only read here: each row is claimed when its turn comes.
        let mut tx = self.store.capture().await?;
        let claims = tx.claim(&claiming).await?;
        tx.rollback().await?;
        if claims.is_empty() {
            return Ok(());
        }
        if self.record.is_none() {
            self.begin_record().await?;
        }
        for claim in claims {
            if self.is_cancelled() {
                break;
            }
            self.replay_row(claim).await?;
        }
        self.counts.batches += 1;
        Ok(())
    }

    /// Counts the attempt first: should this row end this process too, the count is there already.
    async fn replay_row(&mut self, claim: Claim) -> Result<(), StoreError> {
        let attempts = claim.attempts.saturating_add(1);
        let error = "the process ended while this row's batch was captured".to_owned();
        let counted = FailedRow { claim: claim.clone(), error, is_own_fault: true };
        let retry_at = isolate::retry_at(self, &counted);
        if !self.record_again(&counted, attempts, retry_at).await? {
            return Ok(());
        }
        let again = Claim { attempts, next_attempt_at: retry_at, ..claim.clone() };
        let failed = match batch::capture(self, Rows::Again(std::slice::from_ref(&again))).await {
            Ok(batch) => {
                self.counts.add(RunCounts { batches: 0, ..batch.counts });
                batch.failures.into_iter().next()
            }
            Err(failed) if failed.error.stops_every_row() => {
                // Not the row's fault, so the count is taken back; where even that fails, the row has one too many.
                let blameless = FailedRow::new(&again, &failed.error);
                self.record_again(&blameless, claim.attempts, claim.next_attempt_at).await.ok();
                return Err(failed.error);
            }
            Err(failed) => {
                self.counts.failed += 1;
                Some(FailedRow::new(&again, &failed.error))
            }
        };
        match failed {
            // The attempt is counted; only its reason is corrected.
            Some(failed) if failed.is_own_fault => self.record_again(&failed, attempts, retry_at).await.map(drop),
            Some(failed) => {
                let retry_at = isolate::retry_at(self, &failed);
                self.record_again(&failed, claim.attempts, retry_at).await.map(drop)
            }
            None => Ok(()),
        }
    }

    async fn record_again(&self, failed: &FailedRow, attempts: u32, retry_at: Timestamp) -> Result<bool, StoreError> {
        let failure = isolate::failure(self, failed, attempts, retry_at);
        Ok(isolate::record_failure(self, &failure).await? != Recorded::Rescheduled)
    }
}
