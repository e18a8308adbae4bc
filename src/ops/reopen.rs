//! Reopens incidents (rule 7).

use super::{OpsError, StatusChange, guard};
use crate::domain::{Activity, ActivityKind, Incident, IncidentId, Seen, Status, Timestamp};
use crate::store::{Store, Tx};

/// Which incidents are reopened.
#[derive(Debug, Clone, Default)]
pub struct ReopenRequest {
    /// Which; all or none of them (rule 5).
    pub ids: Vec<IncidentId>,
    /// Said with it.
    pub comment: Option<String>,
    /// How they were seen, by whoever decided by that: with another close than that they are not reopened.
    pub seen: Vec<Seen>,
}

/// Reopens incidents in one transaction: each loses its close and its promise, and has no current snapshot (rule 7).
/// What is open already stays as it is (rule 4).
///
/// # Errors
/// Where one does not exist, or was closed again since it was seen: the message says by whom and when. Then none is
/// reopened.
pub async fn reopen(store: &Store, by: &str, request: ReopenRequest) -> Result<Vec<StatusChange>, OpsError> {
    let by = super::checked_name(by)?;
    let comment = super::checked_comment(request.comment.as_deref())?;
    let now = store.now().await?;
    let mut tx = store.write().await?;
    let mut changes = Vec::with_capacity(request.ids.len());
    for incident in super::lock_all(&mut tx, &request.ids).await? {
        let already = match incident.status {
            Status::Closed => {
                let seen = guard::seen_of(&request.seen, incident.id);
                guard::check(&mut tx, &incident, seen.and_then(|seen| seen.close_since(&incident))).await?;
                reopen_one(&mut tx, &incident, &by, comment.clone(), now).await?;
                None
            }
            Status::Open => Some(super::last_change(&mut tx, &incident, Status::Open).await?),
        };
        let incident = tx.incident(incident.id).await?.ok_or_else(|| OpsError::no_incidents(&[incident.id]))?;
        changes.push(StatusChange { incident, already });
    }
    tx.commit().await?;
    Ok(changes)
}

/// Reopens one incident that is locked and closed.
pub(super) async fn reopen_one(
    tx: &mut Tx,
    incident: &Incident,
    by: &str,
    comment: Option<String>,
    now: Timestamp,
) -> Result<(), OpsError> {
    tx.set_status(incident.id, None).await?;
    tx.delete_pending(incident.id).await?;
    tx.supersede_snapshot(incident.id, now).await?;
    let activity = Activity {
        kind: ActivityKind::StatusChange,
        at: now,
        by: by.to_owned(),
        from: Some(Status::Closed),
        to: Some(Status::Open),
        comment,
    };
    tx.insert_activity(incident.id, &activity).await?;
    Ok(())
}
