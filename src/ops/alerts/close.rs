//! Closes an incident whose alerts are all over.

use crate::domain::{Incident, IncidentId, Status, Timestamp};
use crate::ops::{OpsError, close};
use crate::store::Tx;

/// Closes an incident that is locked, at the end of its last alert, if it is open and all of its alerts are over. `how`
/// is what the timeline says after their number.
pub(super) async fn close_if_over(
    tx: &mut Tx,
    id: IncidentId,
    by: &str,
    how: &str,
    now: Timestamp,
) -> Result<Option<Incident>, OpsError> {
    let Some(incident) = tx.incident(id).await?.filter(|incident| incident.status == Status::Open) else {
        return Ok(None);
    };
    let progress = tx.alert_progress(id).await?;
    let (0, 0, Some(last_end)) = (progress.firing, progress.truncated, progress.last_end) else { return Ok(None) };
    // Another host's clock may be ahead of ours, or an operator may have corrected the start.
    let date_closed = last_end.min(now).max(incident.date_started);
    let alerts = if progress.alerts == 1 {
        "its alert is over".to_owned()
    } else {
        format!("all {} alerts are over", progress.alerts)
    };
    close::close_one(tx, &incident, date_closed, by, Some(format!("{alerts}{how}")), now).await?;
    Ok(tx.incident(id).await?)
}
