//! Takes over runs whose process died, so that a row that kills its process is found and counted against.

use super::Run;
use super::batch::{self, FailedRow, Rows};
use super::isolate;
use crate::domain::RunCounts;
use crate::store::StoreError;
use crate::store::capture::{Claim, Claiming};
use crate::store::run::AbandonedRun;

impl Run<'_> {
    /// Replays the batches in which runs were abandoned, row by row; then sets follow again.
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
        let claiming = Claiming::Due { now: self.now, after: abandoned.cursor, limit: abandoned.batch_size };
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
        let retry_at = isolate::retry_at(self, attempts);
        let error = "the process ended while this row's batch was captured".to_owned();
        let counted = FailedRow { claim: claim.clone(), error };
        let mut tx = self.store.capture().await?;
        let counts_against = tx.record_failure(&isolate::failure(self, &counted, attempts, retry_at)).await?;
        tx.commit().await?;
        if !counts_against {
            return Ok(());
        }
        let again = Claim { attempts, next_attempt_at: retry_at, ..claim };
        match batch::capture(self, Rows::Again(std::slice::from_ref(&again))).await {
            Ok(batch) => {
                self.counts.add(RunCounts { batches: 0, ..batch.counts });
                if let Some(failed) = batch.failures.into_iter().next() {
                    self.say_why(&failed, attempts).await?;
                }
            }
            Err(failed) if failed.error.is_transient() => return Err(failed.error),
            Err(failed) => {
                self.counts.failed += 1;
                let failed = FailedRow { claim: again, error: failed.error.to_string() };
                self.say_why(&failed, attempts).await?;
            }
        }
        Ok(())
    }

    /// The attempt is counted; only its reason is corrected.
    async fn say_why(&self, failed: &FailedRow, attempts: u32) -> Result<(), StoreError> {
        let mut tx = self.store.capture().await?;
        let retry_at = failed.claim.next_attempt_at;
        tx.record_failure(&isolate::failure(self, failed, attempts, retry_at)).await?;
        tx.commit().await
    }
}
