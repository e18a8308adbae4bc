//! Processes the incidents that an operator names (rule 19).

use super::batch::{self, Named, Rows};
use super::{LAST_PASS_PAUSE, OpsError, Run, isolate};
use crate::domain::seen::Change;
use crate::domain::{Incident, IncidentId, Remedy, Seen, Status, schedule};
use crate::ops::guard;

/// How often, a second apart, rows that another process holds are tried again.
const ATTEMPTS: u32 = 5;

/// What is to be captured, by where its counts come from.
#[derive(Default)]
struct Prepared {
    local: Vec<Named>,
    remote: Vec<Named>,
}

impl Run<'_> {
    /// Checks every incident first, so that all or none are processed.
    pub(super) async fn selected(&mut self, ids: &[IncidentId], early: bool, seen: &[Seen]) -> Result<(), OpsError> {
        let named = self.prepare(ids, early, seen).await?;
        self.begin_record().await?;
        let size = self.request.batch_size.unwrap_or(schedule::LARGEST_BATCH) as usize;
        for chunk in named.local.chunks(size.max(1)) {
            if self.is_cancelled() {
                break;
            }
            self.capture_named(chunk).await?;
        }
        Ok(self.remote_named(&named.remote).await?)
    }

    /// Locks and checks the incidents, and makes sure that each has a row to be claimed.
    async fn prepare(&mut self, ids: &[IncidentId], early: bool, seen: &[Seen]) -> Result<Prepared, OpsError> {
        let mut tx = self.store.write().await?;
        let incidents = crate::ops::lock_all(&mut tx, ids).await?;
        for incident in &incidents {
            let seen = guard::seen_of(seen, incident.id);
            guard::check(&mut tx, incident, seen.and_then(|seen| seen.promise_since(incident))).await?;
            self.check(incident, early)?;
        }
        let mut prepared = Prepared::default();
        for incident in &incidents {
            let promised = incident.pending.as_ref().map(|row| row.target_run_date);
            let Some(target_run_date) = promised.or_else(|| incident.course().target_run_date()) else { continue };
            if promised.is_none() {
                // Its promise was discarded; who wants it captured wants it complete in the end.
                tx.replace_pending(incident.id, target_run_date).await?;
            }
            let named = Named { incident_id: incident.id, target_run_date };
            let whence = if incident.expression.is_some() { &mut prepared.remote } else { &mut prepared.local };
            whence.push(named);
        }
        tx.commit().await?;
        Ok(prepared)
    }

    fn check(&self, incident: &Incident, early: bool) -> Result<(), OpsError> {
        let id = incident.id;
        if incident.status == Status::Open {
            return Err(OpsError::Conflict(format!("incident {id} is open: close it first")));
        }
        if incident.is_captured() {
            return Err(OpsError::refused(format!("incident {id} is captured already"), Remedy::SeeSnapshot(id)));
        }
        match incident.course().target_run_date() {
            Some(target) if target > self.now && !early => {
                let text = format!("incident {id} is due at {}", target.whole_second());
                Err(OpsError::refused(text, Remedy::CaptureEarly))
            }
            _ => Ok(()),
        }
    }

    /// Captures incidents in one batch, and again those that another process held meanwhile.
    async fn capture_named(&mut self, named: &[Named]) -> Result<(), OpsError> {
        let mut left = named.to_vec();
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

    /// Which of these neither this run nor another process has dealt with. One that somebody has reopened since it was
    /// checked, whether or not it was closed again, is not what the operator wanted captured; one whose promise somebody
    /// has discarded is captured by nobody, which is not to pass for success.
    async fn still_waiting(&self, named: &[Named]) -> Result<Vec<Named>, OpsError> {
        let ids: Vec<IncidentId> = named.iter().map(|named| named.incident_id).collect();
        let mut tx = self.store.read().await?;
        let mut left = Vec::new();
        for incident in tx.incidents(&ids).await? {
            let Some(named) = named.iter().find(|named| named.incident_id == incident.id) else { continue };
            let promised = incident.pending.as_ref().map(|row| row.target_run_date);
            if incident.status == Status::Open {
                return Err(guard::refuse(&mut tx, &incident, Change::Reopened, None).await?);
            }
            if promised.is_some_and(|target| target != named.target_run_date) {
                return Err(guard::refuse(&mut tx, &incident, Change::ClosedAgain, None).await?);
            }
            let is_kept =
                incident.snapshot.as_ref().is_some_and(|facts| !facts.partial || facts.date_added >= self.now);
            if promised.is_none() && !is_kept {
                return Err(guard::refuse(&mut tx, &incident, Change::Discarded, None).await?);
            }
            let tried = incident.pending.as_ref().is_none_or(|row| row.last_error_at >= Some(self.now));
            let kept = incident.snapshot.as_ref().is_some_and(|snapshot| snapshot.date_added >= self.now);
            if !tried && !kept {
                left.push(*named);
            }
        }
        Ok(left)
    }
}
