//! The snapshot that an incident would get: for open and pending ones, before it is taken.

use super::OpsError;
use crate::domain::{Incident, IncidentId, Query, Remedy, Series, Snapshot, Timestamp};
use crate::source::{self, Request};
use crate::store::{Store, Tx};

/// The snapshot that an open incident would get as of now, or a pending one will get as of its target. What has not
/// happened yet is a gap.
///
/// # Errors
/// Where there is no such incident, it is captured already, or its query cannot be read.
pub async fn preview(store: &Store, id: IncidentId) -> Result<Snapshot, OpsError> {
    let now = store.now().await?;
    let mut tx = store.read().await?;
    let incident = tx.incident(id).await?.ok_or_else(|| OpsError::no_incidents(&[id]))?;
    if incident.is_captured() {
        return Err(OpsError::refused(format!("incident {id} is captured already"), Remedy::SeeSnapshot(id)));
    }
    let snapshot = previews(&mut tx, std::slice::from_ref(&incident), now).await?.pop();
    snapshot.ok_or_else(|| {
        let error = Query::parse(&incident.query).err().map(|error| error.to_string());
        OpsError::Conflict(format!("incident {id} cannot be previewed: {}", error.unwrap_or_default()))
    })
}

/// The series that a list draws small: that of the snapshot, or the live one while there is none. For a long incident
/// the lifetime series (rule 13). Incidents that do not exist or cannot be measured are left out.
///
/// # Errors
/// Where the database cannot be read.
pub async fn shapes(store: &Store, ids: &[IncidentId]) -> Result<Vec<(IncidentId, Series)>, OpsError> {
    let now = store.now().await?;
    let mut tx = store.read().await?;
    let incidents = tx.incidents(ids).await?;
    let (kept, live): (Vec<Incident>, Vec<Incident>) =
        incidents.into_iter().partition(|incident| incident.snapshot.is_some());
    let kept_ids: Vec<IncidentId> = kept.iter().map(|incident| incident.id).collect();
    let mut snapshots = tx.snapshots_of(&kept_ids).await?;
    snapshots.extend(previews(&mut tx, &live, now).await?);
    let is_long = |id| kept.iter().chain(&live).any(|incident| incident.id == id && incident.course().is_long(now));
    let shape = |snapshot: Snapshot| {
        let id = snapshot.facts.incident_id;
        (id, if is_long(id) { snapshot.lifetime } else { snapshot.windowed })
    };
    Ok(snapshots.into_iter().map(shape).collect())
}

async fn previews(tx: &mut Tx, incidents: &[Incident], now: Timestamp) -> Result<Vec<Snapshot>, OpsError> {
    let (mut open, mut requests) = (Vec::new(), Vec::new());
    for incident in incidents {
        // A query that cannot be read has no preview; its pending row tells why.
        let Ok(query) = Query::parse(&incident.query) else { continue };
        open.push(incident.date_closed.is_none());
        requests.push(Request {
            incident_id: incident.id,
            projects: incident.projects.clone(),
            query,
            aggregation: incident.aggregation,
            ranges: incident.course().preview_ranges(now),
            period: incident.time_window.span(),
        });
    }
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let measured = source::measure(tx, &requests, now).await?;
    let previewed = requests.into_iter().zip(open).zip(measured);
    Ok(previewed
        .map(|((request, open), measured)| {
            let as_of = request.ranges.as_of;
            measured.snapshot(as_of, now, open || as_of > now)
        })
        .collect())
}
