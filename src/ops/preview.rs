//! The snapshot that an incident would get: for open and pending ones, before it is taken. The events table answers
//! within a transaction; the sources of the configuration are asked outside of any, and nobody else waits for them.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;

use super::{OpsError, remote};
use crate::domain::{Incident, IncidentId, Query, Remedy, Series, Snapshot, Timestamp};
use crate::source::{self, Measurement, RemoteRequest, Request, SourceError, Sources};
use crate::store::{Store, Tx};

/// The snapshot that an incident would get.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// As far as it is known.
    pub snapshot: Snapshot,
    /// Why its source has said nothing now, so that only what was frozen is known.
    pub silence: Option<String>,
}

/// No source is waited for longer than this, whatever the configuration allows it.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// The same where a list waits for several.
const LIST_WAIT: Duration = Duration::from_secs(5);
/// Sources are asked about so many incidents of a list at once.
const AT_ONCE: usize = 4;

/// The snapshot that an open incident would get as of now, or a pending one will get as of its target. What has not
/// happened yet is a gap.
///
/// # Errors
/// Where there is no such incident, it is captured already, its query cannot be read, or its source does not answer and
/// nothing of it is frozen.
pub async fn preview(store: &Store, sources: &Sources, id: IncidentId) -> Result<Preview, OpsError> {
    let now = store.now().await?;
    let mut tx = store.read().await?;
    let incident = tx.incident(id).await?.ok_or_else(|| OpsError::no_incidents(&[id]))?;
    if incident.is_captured() {
        return Err(OpsError::refused(format!("incident {id} is captured already"), Remedy::SeeSnapshot(id)));
    }
    if incident.expression.is_some() {
        drop(tx);
        return remote_preview(store, sources, id, now).await;
    }
    let snapshot = previews(&mut tx, std::slice::from_ref(&incident), now).await?.pop();
    let snapshot = snapshot.ok_or_else(|| {
        let error = Query::parse(&incident.query).err().map(|error| error.to_string());
        OpsError::Conflict(format!("incident {id} cannot be previewed: {}", error.unwrap_or_default()))
    })?;
    Ok(Preview { snapshot, silence: None })
}

async fn remote_preview(store: &Store, sources: &Sources, id: IncidentId, now: Timestamp) -> Result<Preview, OpsError> {
    let asked = remote::requests(store, &[id], now).await?.pop();
    let (incident, request) = asked.ok_or_else(|| OpsError::no_incidents(&[id]))?;
    let (measured, silence) = match ask(sources, &request, now, LONGEST_WAIT).await {
        Ok(measured) => (measured, None),
        Err(error) => {
            let frozen = remote::frozen_alone(&request);
            (frozen.ok_or_else(|| OpsError::Source(error.clone()))?, Some(error.to_string()))
        }
    };
    Ok(Preview { snapshot: snapshot(measured, &incident, request.ranges.as_of, now), silence })
}

/// The series that a list draws small: that of the snapshot, or the live one while there is none. For a long incident
/// the lifetime series (rule 13). Incidents that do not exist or cannot be measured are left out, and so are those that
/// have no snapshot and are measured elsewhere: see [`remote_shapes`].
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
    let live: Vec<Incident> = live.into_iter().filter(|incident| incident.expression.is_none()).collect();
    snapshots.extend(previews(&mut tx, &live, now).await?);
    let is_long = |id| kept.iter().chain(&live).any(|incident| incident.id == id && incident.course().is_long(now));
    let shape = |snapshot: Snapshot| {
        let id = snapshot.facts.incident_id;
        (id, if is_long(id) { snapshot.lifetime } else { snapshot.windowed })
    };
    Ok(snapshots.into_iter().map(shape).collect())
}

/// The same of incidents without a snapshot whose counts come from elsewhere: a few at a time, and a source that is
/// silent is not asked about the next ones. Where it is, what was frozen; incidents of which nothing is are left out.
///
/// # Errors
/// Where the database cannot be read.
pub async fn remote_shapes(
    store: &Store,
    sources: &Sources,
    ids: &[IncidentId],
) -> Result<Vec<(IncidentId, Series)>, OpsError> {
    let now = store.now().await?;
    let mut asked = remote::requests(store, ids, now).await?;
    asked.retain(|(incident, _)| incident.snapshot.is_none());
    let mut silent: HashSet<String> = HashSet::new();
    let mut shapes = Vec::with_capacity(asked.len());
    for asked in asked.chunks(AT_ONCE) {
        let answers = asked.iter().map(|(_, request)| async {
            let is_silent = silent.contains(&request.expression.source);
            if is_silent { None } else { Some(ask(sources, request, now, LIST_WAIT).await) }
        });
        let answers = join_all(answers).await;
        for ((incident, request), answer) in asked.iter().zip(answers) {
            if let Some(Err(error)) = &answer
                && !error.is_own_fault()
            {
                silent.insert(request.expression.source.clone());
            }
            let measured = answer.and_then(Result::ok).or_else(|| remote::frozen_alone(request));
            let is_long = incident.course().is_long(now);
            let shape = measured.map(|measured| if is_long { measured.lifetime } else { measured.windowed });
            shapes.extend(shape.map(|shape| (incident.id, shape)));
        }
    }
    Ok(shapes)
}

async fn ask(
    sources: &Sources,
    request: &RemoteRequest,
    now: Timestamp,
    patience: Duration,
) -> Result<Measurement, SourceError> {
    let answer = tokio::time::timeout(patience, sources.preview(request, now)).await;
    answer.unwrap_or_else(|_| {
        let reason = format!("no answer within {} s", patience.as_secs());
        Err(SourceError::Unreachable { name: request.expression.source.clone(), reason })
    })
}

fn snapshot(measured: Measurement, incident: &Incident, as_of: Timestamp, now: Timestamp) -> Snapshot {
    measured.snapshot(as_of, now, incident.date_closed.is_none() || as_of > now)
}

async fn previews(tx: &mut Tx, incidents: &[Incident], now: Timestamp) -> Result<Vec<Snapshot>, OpsError> {
    let (mut readable, mut requests) = (Vec::new(), Vec::new());
    for incident in incidents {
        // A query that cannot be read has no preview; its pending row tells why.
        let Ok(query) = Query::parse(&incident.query) else { continue };
        readable.push(incident);
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
    tx.look_events_up().await?;
    let measured = source::measure(tx, &requests, now).await?;
    let previewed = requests.iter().zip(readable).zip(measured);
    Ok(previewed
        .map(|((request, incident), measured)| snapshot(measured, incident, request.ranges.as_of, now))
        .collect())
}
