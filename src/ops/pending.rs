//! Revives and discards pending snapshots: what only an operator may do (rule 17).

use super::{OpsError, guard};
use crate::domain::{Activity, ActivityKind, IncidentId, PendingSnapshot, Seen};
use crate::store::{Store, Tx};

/// What the timeline says where a failed row is set to be tried again.
pub(super) const RETRIED: &str = "snapshot to be tried again";
/// What the timeline says where a promise is taken back.
pub(super) const DISCARDED: &str = "pending snapshot discarded";

/// Every pending snapshot, what is tried next first.
///
/// # Errors
/// Where the database cannot be read.
pub async fn list(store: &Store) -> Result<Vec<PendingSnapshot>, OpsError> {
    Ok(store.read().await?.pending_list(None).await?)
}

/// Lets failed or dead rows be tried again, from their target or from now on, with all their attempts before them.
///
/// # Errors
/// Where one of the incidents does not exist or has no pending snapshot, or the promise is no longer what was `seen` of
/// it. Then none is revived.
pub async fn retry(
    store: &Store,
    by: &str,
    ids: &[IncidentId],
    seen: &[Seen],
) -> Result<Vec<PendingSnapshot>, OpsError> {
    let by = super::checked_name(by)?;
    let now = store.now().await?;
    let mut tx = store.write().await?;
    let mut revived = Vec::with_capacity(ids.len());
    for row in lock_pending(&mut tx, ids, seen).await? {
        tx.revive_pending(row.incident_id, now.max(row.target_run_date)).await?;
        if row.attempts > 0 || row.dead_since.is_some() {
            tx.insert_activity(row.incident_id, &said(&by, now, RETRIED)).await?;
        }
        revived.extend(tx.incident(row.incident_id).await?.and_then(|incident| incident.pending));
    }
    tx.commit().await?;
    Ok(revived)
}

/// Takes promises back: these incidents get no snapshot unless somebody forces one.
///
/// # Errors
/// As [`retry`]. Then none is discarded.
pub async fn discard(
    store: &Store,
    by: &str,
    ids: &[IncidentId],
    seen: &[Seen],
) -> Result<Vec<PendingSnapshot>, OpsError> {
    let by = super::checked_name(by)?;
    let now = store.now().await?;
    let mut tx = store.write().await?;
    let rows = lock_pending(&mut tx, ids, seen).await?;
    for row in &rows {
        tx.delete_pending(row.incident_id).await?;
        tx.insert_activity(row.incident_id, &said(&by, now, DISCARDED)).await?;
    }
    tx.commit().await?;
    Ok(rows)
}

fn said(by: &str, at: crate::domain::Timestamp, what: &str) -> Activity {
    Activity {
        kind: ActivityKind::Comment,
        at,
        by: by.to_owned(),
        from: None,
        to: None,
        comment: Some(what.to_owned()),
    }
}

async fn lock_pending(tx: &mut Tx, ids: &[IncidentId], seen: &[Seen]) -> Result<Vec<PendingSnapshot>, OpsError> {
    let mut rows = Vec::with_capacity(ids.len());
    for incident in super::lock_all(tx, ids).await? {
        let seen = guard::seen_of(seen, incident.id);
        guard::check(tx, &incident, seen.and_then(|seen| seen.attempts_since(&incident))).await?;
        let state = incident.status;
        let captured = incident.is_captured();
        rows.push(incident.pending.ok_or_else(|| {
            let why = if captured { "it is captured already".to_owned() } else { format!("it is {state}") };
            OpsError::Conflict(format!("incident {} has no pending snapshot: {why}", incident.id))
        })?);
    }
    Ok(rows)
}
