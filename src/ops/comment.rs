//! Says something on an incident's timeline.

use super::OpsError;
use crate::domain::{Activity, ActivityKind, IncidentId, text};
use crate::store::Store;

/// Adds a comment to an incident.
///
/// # Errors
/// Where the text says nothing, is too long or contains a NUL, or there is no such incident.
pub async fn comment(store: &Store, by: &str, id: IncidentId, comment: &str) -> Result<Activity, OpsError> {
    let comment = text::required("comment", comment, text::COMMENT_LIMIT)?.to_owned();
    let by = super::checked_name(by)?;
    let now = store.now().await?;
    let mut tx = store.write().await?;
    super::lock_all(&mut tx, &[id]).await?;
    let activity = Activity { kind: ActivityKind::Comment, at: now, by, from: None, to: None, comment: Some(comment) };
    tx.insert_activity(id, &activity).await?;
    tx.commit().await?;
    Ok(activity)
}
