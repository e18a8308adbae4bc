//! Closes incidents, and undoes a close (rules 4 to 8).

use super::{Already, OpsError, StatusChange, guard};
use crate::domain::incident::{self, Closing};
use crate::domain::seen::Change;
use crate::domain::{
    Activity, ActivityKind, Incident, IncidentId, MessageKind, Remedy, Seen, Status, Timestamp, schedule,
};
use crate::store::{Store, Tx};

/// Which incidents are closed, and how.
#[derive(Debug, Clone, Default)]
pub struct CloseRequest {
    /// Which; all or none of them (rule 5).
    pub ids: Vec<IncidentId>,
    /// When they were over; now where nothing is said.
    pub at: Option<Timestamp>,
    /// Said with it.
    pub comment: Option<String>,
}

/// Closes incidents in one transaction and promises a snapshot of each (rules 5 and 6). What is closed already and is
/// asked for nothing else stays as it is (rule 4).
///
/// # Errors
/// Where one does not exist, cannot be closed at that time, or was closed already with another time or without this
/// comment: the message says by whom and when. Then none is closed.
pub async fn close(store: &Store, by: &str, request: CloseRequest) -> Result<Vec<StatusChange>, OpsError> {
    let by = super::checked_name(by)?;
    let comment = super::checked_comment(request.comment.as_deref())?;
    let now = store.now().await?;
    let mut tx = store.write().await?;
    let mut changes = Vec::with_capacity(request.ids.len());
    for incident in super::lock_all(&mut tx, &request.ids).await? {
        let decided =
            incident::closing(incident.date_started, incident.date_closed, request.at, comment.is_some(), now)
                .map_err(|error| OpsError::Input(format!("incident {}: {error}", incident.id)))?;
        let already = match decided {
            Closing::CloseAt(date_closed) => {
                close_one(&mut tx, &incident, date_closed, &by, comment.clone(), now).await?;
                None
            }
            Closing::NothingToDo => Some(super::last_change(&mut tx, &incident, Status::Closed).await?),
            Closing::Conflict { date_closed } => {
                let already = super::last_change(&mut tx, &incident, Status::Closed).await?;
                return Err(already_closed(&incident, &already, date_closed));
            }
        };
        let incident = tx.incident(incident.id).await?.ok_or_else(|| OpsError::no_incidents(&[incident.id]))?;
        changes.push(StatusChange { incident, already });
    }
    tx.commit().await?;
    Ok(changes)
}

/// Closes one incident that is locked and open, and promises its snapshot.
pub(super) async fn close_one(
    tx: &mut Tx,
    incident: &Incident,
    date_closed: Timestamp,
    by: &str,
    comment: Option<String>,
    now: Timestamp,
) -> Result<(), OpsError> {
    tx.set_status(incident.id, Some(date_closed)).await?;
    let target = schedule::target_run_date(date_closed, incident.time_window);
    tx.replace_pending(incident.id, target).await?;
    let activity = Activity {
        kind: ActivityKind::StatusChange,
        at: now,
        by: by.to_owned(),
        from: Some(Status::Open),
        to: Some(Status::Closed),
        comment,
    };
    tx.insert_activity(incident.id, &activity).await?;
    tx.enqueue_messages(MessageKind::IncidentClosed, &[incident.id], now).await?;
    Ok(())
}

fn already_closed(incident: &Incident, already: &Already, date_closed: Timestamp) -> OpsError {
    let whence = guard::by_and_at(&already.by, already.at);
    let text = format!("incident {} was already closed{whence}, as of {}", incident.id, date_closed.whole_second());
    OpsError::refused(text, Remedy::CommentOrReopen)
}

/// Undoes closes in one transaction (rule 5), while the snapshots that they promised are pending and `date_closed` is
/// still what they wrote.
///
/// # Errors
/// Where one of the incidents was reopened, closed anew or captured, or its promise discarded, since it was `closed`: the
/// message says by whom and when. Then none is undone.
pub async fn undo(store: &Store, by: &str, closed: &[Seen]) -> Result<Vec<StatusChange>, OpsError> {
    let by = super::checked_name(by)?;
    let now = store.now().await?;
    let mut tx = store.write().await?;
    let ids: Vec<IncidentId> = closed.iter().map(|seen| seen.id).collect();
    let mut changes = Vec::with_capacity(ids.len());
    for incident in super::lock_all(&mut tx, &ids).await? {
        match guard::seen_of(closed, incident.id).and_then(|seen| seen.promise_since(&incident)) {
            None => {}
            // What is open or was closed anew by another is no longer this close, and not this operator's to reopen.
            Some(change @ (Change::Reopened | Change::ClosedAgain)) => {
                return Err(guard::refuse(&mut tx, &incident, change, None).await?);
            }
            Some(change) => return Err(guard::refuse(&mut tx, &incident, change, Some(Remedy::Reopen)).await?),
        }
        super::reopen::reopen_one(&mut tx, &incident, &by, Some("close undone".to_owned()), now).await?;
        let incident = tx.incident(incident.id).await?.ok_or_else(|| OpsError::no_incidents(&[incident.id]))?;
        changes.push(StatusChange { incident, already: None });
    }
    tx.commit().await?;
    Ok(changes)
}
