//! Corrects an incident's title, and its start until it is captured.

use super::{OpsError, guard};
use crate::domain::incident::IncidentTimeError;
use crate::domain::seen::Change;
use crate::domain::{Activity, ActivityKind, Incident, IncidentId, Seen, Timestamp, text};
use crate::store::Store;

/// What is corrected.
#[derive(Debug, Clone, Default)]
pub struct EditRequest {
    /// The new title.
    pub title: Option<String>,
    /// The new start.
    pub date_started: Option<Timestamp>,
    /// How it was seen, by whoever decided by that: what has been corrected since is not written over.
    pub seen: Option<Seen>,
}

/// Corrects an incident, and writes down what it was before.
///
/// # Errors
/// Where the title or the start cannot be; a start after the close or in the future; a start of an incident that is
/// captured, whose picture would no longer be true; and where somebody else has corrected the same since it was seen.
pub async fn edit(store: &Store, by: &str, id: IncidentId, request: EditRequest) -> Result<Incident, OpsError> {
    let by = super::checked_name(by)?;
    let title = request.title.as_deref().map(|title| text::required("title", title, text::TITLE_LIMIT)).transpose()?;
    let now = store.now().await?;
    let mut tx = store.write().await?;
    let incident = super::lock_all(&mut tx, &[id]).await?.pop().ok_or_else(|| OpsError::no_incidents(&[id]))?;
    let date_started = request.date_started.unwrap_or(incident.date_started);
    let title = title.unwrap_or(&incident.title);
    let overwritten = request.seen.and_then(|seen| overwritten(&seen, &incident, title, date_started));
    guard::check(&mut tx, &incident, overwritten).await?;
    if date_started != incident.date_started {
        check_start(&incident, date_started, now)?;
    }
    let mut changes = Vec::new();
    if title != incident.title {
        changes.push(format!("title: {} -> {title}", incident.title));
    }
    if date_started != incident.date_started {
        changes.push(format!("start: {} -> {date_started}", incident.date_started));
    }
    if !changes.is_empty() {
        let date_detected = incident.date_detected.max(date_started);
        tx.set_incident_facts(id, title, date_started, date_detected).await?;
        if date_started != incident.date_started {
            // What was captured early shows another start than this one.
            tx.supersede_snapshot(id, now).await?;
        }
        let comment = Some(changes.join("; "));
        let activity = Activity { kind: ActivityKind::Edit, at: now, by, from: None, to: None, comment };
        tx.insert_activity(id, &activity).await?;
    }
    let incident = tx.incident(id).await?.ok_or_else(|| OpsError::no_incidents(&[id]))?;
    tx.commit().await?;
    Ok(incident)
}

/// What somebody else has written since it was seen, and this would write over.
fn overwritten(seen: &Seen, incident: &Incident, title: &str, date_started: Timestamp) -> Option<Change> {
    let renamed = title != incident.title && incident.title != seen.title;
    let moved = date_started != incident.date_started && incident.date_started != seen.date_started;
    if renamed { Some(Change::Renamed) } else { moved.then_some(Change::Moved) }
}

fn check_start(incident: &Incident, given: Timestamp, now: Timestamp) -> Result<(), OpsError> {
    if incident.is_captured() {
        return Err(OpsError::Conflict(format!(
            "incident {} is captured, and its start with it: reopen it to correct the start",
            incident.id
        )));
    }
    if given > now {
        return Err(IncidentTimeError::StartInFuture { given, now }.into());
    }
    match incident.date_closed {
        Some(date_closed) if given > date_closed => {
            Err(IncidentTimeError::StartAfterClose { given, date_closed }.into())
        }
        _ => Ok(()),
    }
}
