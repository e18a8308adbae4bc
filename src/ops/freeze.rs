//! The first half of a capture from elsewhere: as soon as an incident is closed, what its source holds of "before" and
//! "during" is frozen, so that the source's retention can no longer take it away. "After" is added by the processor.

use std::collections::HashMap;
use std::time::Duration;

use super::remote;
use crate::domain::{Incident, IncidentId, schedule, text};
use crate::source::{SourceError, Sources};
use crate::store::{Store, StoreError};

/// What was frozen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frozen {
    /// How many incidents.
    pub frozen: u64,
    /// How many could not be, and are tried again.
    pub failed: u64,
    /// Why the last of them could not be.
    pub error: Option<String>,
}

/// Incidents that are frozen in one go.
const AT_ONCE: u32 = 50;
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// Freezes the closed incidents that wait for it. A source that does not answer is tried again, as often as it takes.
///
/// # Errors
/// Where the database cannot.
pub async fn freeze(store: &Store, sources: &Sources) -> Result<Frozen, StoreError> {
    let now = store.now().await?;
    let mut done = Frozen::default();
    if sources.is_empty() {
        return Ok(done);
    }
    let ids = store.read().await?.incidents_to_freeze(now, AT_ONCE).await?;
    let mut silent = HashMap::new();
    for id in ids {
        freeze_one(store, sources, id, &mut done, &mut silent).await?;
    }
    Ok(done)
}

/// Freezes one incident. A source that has not answered is not asked again for the next one, which is put off like it, so
/// that those of other sources get their turn.
async fn freeze_one(
    store: &Store,
    sources: &Sources,
    id: IncidentId,
    done: &mut Frozen,
    silent: &mut HashMap<String, SourceError>,
) -> Result<(), StoreError> {
    let now = store.now().await?;
    let Some((incident, request)) = remote::requests(store, &[id], now).await?.pop() else { return Ok(()) };
    let source = request.expression.source.clone();
    let outcome = match silent.get(&source) {
        Some(error) => Err(error.clone()),
        None => sources.freeze(&request, now).await,
    };
    if let Some(error) = outcome.as_ref().err().filter(|error| !error.is_own_fault()) {
        silent.entry(source).or_insert_with(|| error.clone());
    }
    let mut tx = store.write().await?;
    let unchanged = tx.lock_incidents(&[id]).await?.pop().filter(|found| is_same(found, &incident));
    let (Some(incident), Some(date_closed)) = (unchanged, incident.date_closed) else { return tx.rollback().await };
    match outcome {
        Ok(series) => {
            tx.freeze(incident.id, date_closed, &series).await?;
            done.frozen += 1;
        }
        Err(error) => {
            let attempts = tx.freezing_attempts(id).await?.saturating_add(1);
            let pause = schedule::backoff(attempts, rand::random()).min(LONGEST_PAUSE);
            let error = text::shorten(&error.to_string(), 500);
            tx.fail_freezing(id, now + pause, &error).await?;
            done.failed += 1;
            done.error = Some(error);
        }
    }
    tx.commit().await
}

/// Whether what was asked for is still what is so.
fn is_same(found: &Incident, asked: &Incident) -> bool {
    let key = |incident: &Incident| (incident.date_started, incident.date_closed, incident.expression.clone());
    key(found) == key(asked) && found.date_closed.is_some() && !found.is_captured()
}
