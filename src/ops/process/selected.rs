//! Processes the incidents that an operator names (rule 19).

use super::batch::{self, Rows};
use super::{LAST_PASS_PAUSE, OpsError, Run, isolate};
use crate::domain::{Incident, IncidentId, Status, schedule};

/// How often, a second apart, rows that another process holds are tried again.
const ATTEMPTS: u32 = 5;

impl Run<'_> {
    /// Checks every incident first, so that all or none are processed.
    pub(super) async fn selected(&mut self, ids: &[IncidentId], early: bool) -> Result<(), OpsError> {
        let ids = self.prepare(ids, early).await?;
        self.begin_record().await?;
        let size = self.request.batch_size.unwrap_or(schedule::LARGEST_BATCH) as usize;
        for chunk in ids.chunks(size.max(1)) {
            if self.is_cancelled() {
                break;
            }
            self.capture_named(chunk).await?;
        }
        Ok(())
    }

    /// Locks and checks the incidents, and makes sure that each has a row to be claimed.
    async fn prepare(&mut self, ids: &[IncidentId], early: bool) -> Result<Vec<IncidentId>, OpsError> {
        let mut tx = self.store.write().await?;
        let incidents = crate::ops::lock_all(&mut tx, ids).await?;
        for incident in &incidents {
            self.check(incident, early)?;
        }
        for incident in incidents.iter().filter(|incident| incident.pending.is_none()) {
            // Its promise was discarded; who wants it captured wants it complete in the end.
            if let Some(target) = incident.course().target_run_date() {
                tx.replace_pending(incident.id, target).await?;
            }
        }
        tx.commit().await?;
        Ok(incidents.into_iter().map(|incident| incident.id).collect())
    }

    fn check(&self, incident: &Incident, early: bool) -> Result<(), OpsError> {
        let id = incident.id;
        if incident.status == Status::Open {
            return Err(OpsError::Conflict(format!("incident {id} is open: close it first")));
        }
        if incident.is_captured() {
            return Err(OpsError::Conflict(format!("incident {id} is captured already: see 'snapshot show {id}'")));
        }
        match incident.course().target_run_date() {
            Some(target) if target > self.now && !early => Err(OpsError::Conflict(format!(
                "incident {id} is due at {target}: with --force it is captured now, without what happens until then"
            ))),
            _ => Ok(()),
        }
    }

    /// Captures incidents in one batch, and again those that another process held meanwhile.
    async fn capture_named(&mut self, ids: &[IncidentId]) -> Result<(), OpsError> {
        let mut left = ids.to_vec();
        for _ in 0..ATTEMPTS {
            let batch = match batch::capture(self, Rows::Named(&left)).await {
                Ok(batch) => {
                    self.counts.add(batch.counts);
                    isolate::record_failures(self, &batch.failures).await?;
                    batch
                }
                Err(failed) if failed.error.stops_every_row() => return Err(failed.error.into()),
                Err(failed) => isolate::isolate(self, failed).await?,
            };
            if batch.claimed == left.len() {
                return Ok(());
            }
            left = self.still_waiting(&left).await?;
            if left.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(LAST_PASS_PAUSE).await;
        }
        Err(crate::store::StoreError::Busy.into())
    }

    /// Which of these neither this run nor another process has dealt with.
    async fn still_waiting(&self, ids: &[IncidentId]) -> Result<Vec<IncidentId>, OpsError> {
        let incidents = self.store.read().await?.incidents(ids).await?;
        let waits = |incident: &Incident| {
            let tried = incident.pending.as_ref().is_none_or(|row| row.last_error_at >= Some(self.now));
            let kept = incident.snapshot.as_ref().is_some_and(|snapshot| snapshot.date_added >= self.now);
            !tried && !kept
        };
        Ok(incidents.into_iter().filter(waits).map(|incident| incident.id).collect())
    }
}
