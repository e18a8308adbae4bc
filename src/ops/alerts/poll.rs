//! Missed resolves: an alert that was silenced or dropped never says that it is over. What its source no longer lists, and
//! what Prometheus, asked twice, no longer sees firing, is over. That a source lists nothing is no proof: it may have
//! been restarted.

use std::collections::HashMap;
use std::time::Duration;

use super::Intake;
use super::close::close_if_over;
use crate::domain::alert::{Alert, MemberAlert};
use crate::domain::{IncidentId, Timestamp};
use crate::ops::OpsError;
use crate::store::Store;

/// What a source of alerts lists: the start of each alert that it has, whether silenced or not, by its fingerprint.
pub type Listing = HashMap<String, Timestamp>;

/// What was found out about alerts of which no end was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many are said to fire.
    pub firing: u64,
    /// How many are over after all.
    pub ended: u64,
    /// Incidents that were closed by that.
    pub closed: Vec<IncidentId>,
    /// Why Prometheus could not be asked about some, where it could not: those stay as they are.
    pub unconfirmed: Option<String>,
}

/// An alert is gone only where it is still so after this long: a Prometheus that was just started has not evaluated its
/// rules yet.
const CONFIRMED_AFTER: Duration = Duration::from_secs(30);

/// What is known of an alert that its source no longer lists.
enum Found {
    /// It fires.
    Firing,
    /// It is not seen, for the first time.
    Missing,
    /// It is not seen again, but that is too soon after the first time.
    StillMissing,
    /// It is over, since when, and how that is known.
    Over(Timestamp, String),
}

/// Ends what is over though nobody said so, and closes incidents by that. `prometheus` names the source that evaluates
/// the alerts.
///
/// # Errors
/// Where the database cannot.
pub async fn sweep(
    store: &Store,
    intake: &Intake,
    source: &str,
    prometheus: &str,
    listing: &Listing,
) -> Result<Swept, OpsError> {
    let now = store.now().await?;
    let firing = store.read().await?.firing_alerts(source).await?;
    let mut swept = Swept::default();
    for member in firing {
        swept.firing += 1;
        let found = match listing.get(&member.alert.fingerprint) {
            Some(start) if *start > member.alert.starts_at => {
                Found::Over(*start, format!("{source} lists a later occurrence"))
            }
            Some(_) => Found::Firing,
            None => match confirm(intake, source, prometheus, &member, now).await {
                Ok(found) => found,
                Err(reason) => {
                    swept.unconfirmed = Some(reason);
                    continue;
                }
            },
        };
        match found {
            Found::StillMissing => {}
            Found::Firing if member.missing_since.is_none() => {}
            Found::Firing => set_missing(store, source, &member.alert, None).await?,
            Found::Missing => set_missing(store, source, &member.alert, Some(now)).await?,
            Found::Over(at, how) => {
                swept.firing -= 1;
                swept.ended += 1;
                swept.closed.extend(end(store, source, &member, at, &how).await?);
            }
        }
    }
    Ok(swept)
}

async fn confirm(
    intake: &Intake,
    source: &str,
    prometheus: &str,
    member: &MemberAlert,
    now: Timestamp,
) -> Result<Found, String> {
    let alert = &member.alert;
    let said = |error: crate::source::SourceError| error.to_string();
    if intake.sources.is_firing(prometheus, &alert.labels, now).await.map_err(said)? {
        return Ok(Found::Firing);
    }
    match member.missing_since {
        Some(since) if now.since(since) >= CONFIRMED_AFTER => {
            let seen =
                intake.sources.last_firing(prometheus, &alert.labels, alert.starts_at, now).await.map_err(said)?;
            let how = match seen {
                Some(at) => {
                    format!("{source} no longer lists it, and '{prometheus}' last saw it fire at {}", at.whole_second())
                }
                None => format!("neither {source} nor '{prometheus}' knows it any more"),
            };
            Ok(Found::Over(seen.unwrap_or(since), how))
        }
        Some(_) => Ok(Found::StillMissing),
        None => Ok(Found::Missing),
    }
}

async fn set_missing(store: &Store, source: &str, alert: &Alert, since: Option<Timestamp>) -> Result<(), OpsError> {
    let mut tx = store.write().await?;
    tx.set_alert_missing(source, alert, since).await?;
    Ok(tx.commit().await?)
}

/// Ends an alert, and closes its incident if it was the last; which.
async fn end(
    store: &Store,
    source: &str,
    member: &MemberAlert,
    at: Timestamp,
    how: &str,
) -> Result<Option<IncidentId>, OpsError> {
    let now = store.now().await?;
    let mut tx = store.write().await?;
    tx.lock_incidents(&[member.incident_id]).await?;
    let over = Alert { ends_at: Some(at.max(member.alert.starts_at)), ..member.alert.clone() };
    tx.end_alerts(source, &[&over]).await?;
    let closed = close_if_over(&mut tx, member.incident_id, source, &format!(": {how}"), now).await?;
    tx.commit().await?;
    Ok(closed.map(|incident| incident.id))
}
