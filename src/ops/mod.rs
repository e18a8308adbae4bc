//! What can be done, one verb per file: a transaction, the rules, and the record of who did it.

pub mod alerts;
pub mod backup;
pub mod close;
pub mod comment;
pub mod copy;
pub mod edit;
mod error;
pub mod freeze;
mod guard;
pub mod import;
pub mod open;
pub mod pending;
pub mod preview;
pub mod process;
pub mod prune;
mod remote;
pub mod reopen;
pub mod rule;
pub mod save;
pub mod seed;

pub use error::OpsError;

use crate::domain::{Activity, Incident, IncidentId, Status, text};
use crate::store::Tx;

/// An incident after a request to change its status, and whether there was anything to change (rule 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// The incident as it now is.
    pub incident: Incident,
    /// `None` where the status was changed; otherwise who had made it so before.
    pub already: Option<Already>,
}

/// Who brought an incident to the status that it already has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Already {
    /// Who; empty where it is not recorded.
    pub by: String,
    /// When it was recorded.
    pub at: crate::domain::Timestamp,
}

/// The incidents of a request: ascending, each once, locked (rule 5). One that does not exist ends the request.
async fn lock_all(tx: &mut Tx, ids: &[IncidentId]) -> Result<Vec<Incident>, OpsError> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let incidents = tx.lock_incidents(&ids).await?;
    let missing: Vec<IncidentId> =
        ids.into_iter().filter(|id| !incidents.iter().any(|incident| incident.id == *id)).collect();
    if missing.is_empty() { Ok(incidents) } else { Err(OpsError::no_incidents(&missing)) }
}

/// Who last gave an incident the status `to`.
async fn last_change(tx: &mut Tx, incident: &Incident, to: Status) -> Result<Already, OpsError> {
    let activities = tx.activities(incident.id).await?;
    let change = activities.into_iter().rev().find(|activity| activity.to == Some(to));
    let (by, at) = change.map_or_else(
        || (String::new(), incident.date_closed.unwrap_or(incident.date_added)),
        |Activity { by, at, .. }| (by, at),
    );
    Ok(Already { by, at })
}

/// A comment that goes with a change: absent where it says nothing.
fn checked_comment(comment: Option<&str>) -> Result<Option<String>, OpsError> {
    let comment = comment.map(str::trim).filter(|comment| !comment.is_empty());
    let checked = comment.map(|comment| text::optional("comment", comment, text::COMMENT_LIMIT)).transpose()?;
    Ok(checked.map(ToOwned::to_owned))
}

/// The name under which somebody acts.
fn checked_name(by: &str) -> Result<String, OpsError> {
    Ok(text::required("name of who does it (--by)", by, text::NAME_LIMIT)?.to_owned())
}
