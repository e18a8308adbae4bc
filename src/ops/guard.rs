//! Writes are guarded by the state that the operator saw: what has come between is refused, within the transaction that
//! would have written, and the refusal says who was first and when. Whoever names no state is refused nothing here.

use super::{OpsError, pending};
use crate::domain::refusal::{Refusal, Remedy};
use crate::domain::seen::{Change, Seen};
use crate::domain::{Activity, ActivityKind, Incident, IncidentId, Status, Timestamp, text};
use crate::store::Tx;

/// How one incident was seen, if the request says so.
pub(super) fn seen_of(seen: &[Seen], id: IncidentId) -> Option<&Seen> {
    seen.iter().find(|seen| seen.id == id)
}

/// Refuses where something has come between. The incident is locked.
pub(super) async fn check(tx: &mut Tx, incident: &Incident, change: Option<Change>) -> Result<(), OpsError> {
    match change {
        Some(change) => Err(refuse(tx, incident, change, None).await?),
        None => Ok(()),
    }
}

/// The refusal that names what has come between, by whom and when, as far as that is recorded.
pub(super) async fn refuse(
    tx: &mut Tx,
    incident: &Incident,
    change: Change,
    remedy: Option<Remedy>,
) -> Result<OpsError, OpsError> {
    let id = incident.id;
    let what = match change {
        Change::Reopened => format!("incident {id} was reopened"),
        Change::ClosedAgain => format!("incident {id} was closed again"),
        Change::Captured => format!("incident {id} was captured"),
        Change::Discarded => format!("the pending snapshot of incident {id} was discarded"),
        Change::Retried => format!("the pending snapshot of incident {id} was set to be tried again"),
        Change::Renamed => format!("the title of incident {id} was changed"),
        Change::Moved => format!("the start of incident {id} was changed"),
    };
    let whence = if change == Change::Captured {
        incident.snapshot.as_ref().map(|facts| (String::new(), facts.date_added))
    } else {
        let activities = tx.activities(id).await?;
        let made_it = |activity: &Activity| is_record_of(activity, change, incident);
        activities.into_iter().rev().find(made_it).map(|activity| (activity.by, activity.at))
    };
    let outcome = match change {
        Change::Renamed => format!(": '{}'", text::shorten(&incident.title, 80)),
        Change::Moved => format!(": {}", incident.date_started.whole_second()),
        _ => String::new(),
    };
    let whence = whence.map(|(by, at)| by_and_at(&by, at)).unwrap_or_default();
    let text = format!("{what}{whence}{outcome}");
    Ok(OpsError::Refused(Box::new(Refusal { text, remedy, incident: Some(incident.clone()) })))
}

/// ` by bob at 2026-11-24T15:07:02Z`: nobody reads a fraction of a second in a sentence.
pub(super) fn by_and_at(by: &str, at: Timestamp) -> String {
    let by = text::shorten(by, 40);
    let by = if by.is_empty() { by } else { format!(" by {by}") };
    format!("{by} at {}", at.whole_second())
}

/// Whether an entry of the timeline tells of the change that made the incident what it is.
fn is_record_of(activity: &Activity, change: Change, incident: &Incident) -> bool {
    let comment = activity.comment.as_deref().unwrap_or_default();
    let edited = activity.kind == ActivityKind::Edit;
    match change {
        Change::Reopened => activity.to == Some(Status::Open),
        Change::ClosedAgain => activity.to == Some(Status::Closed),
        Change::Captured => false,
        Change::Discarded => comment == pending::DISCARDED,
        Change::Retried => comment == pending::RETRIED,
        Change::Renamed => edited && comment.contains(&format!("-> {}", incident.title)),
        Change::Moved => edited && comment.ends_with(&format!("-> {}", incident.date_started)),
    }
}
