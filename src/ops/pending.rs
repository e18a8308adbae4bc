//! Revives and discards pending snapshots: what only an operator may do (rule 17).

use super::OpsError;
use crate::domain::{Activity, ActivityKind, IncidentId, PendingSnapshot};
use crate::store::{Store, Tx};

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
/// Where one of the incidents does not exist or has no pending snapshot. Then none is revived.
pub async fn retry(store: &Store, by: &str, ids: &[IncidentId]) -> Result<Vec<PendingSnapshot>, OpsError> {
    let by = super::checked_name(by)?;
    let now = store.now().await?;
    let mut tx = store.write().await?;
    let mut revived = Vec::with_capacity(ids.len());
    for row in lock_pending(&mut tx, ids).await? {
        tx.revive_pending(row.incident_id, now.max(row.target_run_date)).await?;
        if row.attempts > 0 || row.dead_since.is_some() {
            tx.insert_activity(row.incident_id, &said(&by, now, "snapshot to be tried again")).await?;
        }
        revived.extend(tx.incident(row.incident_id).await?.and_then(|incident| incident.pending));
    }
    tx.commit().await?;
    Ok(revived)
}

/// Takes promises back: these incidents get no snapshot unless somebody forces one.
///
/// # Errors
/// Where one of the incidents does not exist or has no pending snapshot. Then none is discarded.
pub async fn discard(store: &Store, by: &str, ids: &[IncidentId]) -> Result<Vec<PendingSnapshot>, OpsError> {
    let by = super::checked_name(by)?;
    let now = store.now().await?;
    let mut tx = store.write().await?;
    let rows = lock_pending(&mut tx, ids).await?;
    for row in &rows {
        tx.delete_pending(row.incident_id).await?;
        tx.insert_activity(row.incident_id, &said(&by, now, "pending snapshot discarded")).await?;
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

async fn lock_pending(tx: &mut Tx, ids: &[IncidentId]) -> Result<Vec<PendingSnapshot>, OpsError> {
    let mut rows = Vec::with_capacity(ids.len());
    for incident in super::lock_all(tx, ids).await? {
        let state = incident.status;
        let captured = incident.is_captured();
        rows.push(incident.pending.ok_or_else(|| {
            let why = if captured { "it is captured already".to_owned() } else { format!("it is {state}") };
            OpsError::Conflict(format!("incident {} has no pending snapshot: {why}", incident.id))
        })?);
    }
    Ok(rows)
}
