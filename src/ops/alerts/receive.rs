//! Takes in one notification: once, however often and in whatever order it comes, and wholly or not at all.

use std::collections::{BTreeMap, BTreeSet};

use super::Intake;
use super::close::close_if_over;
use super::scope::{self, Opening};
use crate::domain::alert::episode::{self, Changes, Known};
use crate::domain::alert::{Alert, Notification, Origin, in_common};
use crate::domain::{Activity, ActivityKind, IncidentId, IncidentType, Timestamp, incident, text};
use crate::ops::OpsError;
use crate::ops::reopen::reopen_one;
use crate::store::alert::GroupId;
use crate::store::incident::NewIncident;
use crate::store::{Store, StoreError, Tx};

/// What a notification came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// Incidents that it opened.
    pub opened: BTreeSet<IncidentId>,
    /// Incidents that it closed.
    pub closed: BTreeSet<IncidentId>,
    /// Whether it changed anything.
    pub changed: bool,
}

/// How often it is tried anew where another has changed the same in between.
const ATTEMPTS: u32 = 8;

/// Takes in a notification from a source of alerts. When it returns, all of it is committed.
///
/// # Errors
/// Where the source's name cannot be, or the database cannot: then nothing is changed, and it can be sent again.
pub async fn receive(
    store: &Store,
    intake: &Intake,
    source: &str,
    notification: &Notification,
) -> Result<Received, OpsError> {
    let source = text::required("source of the alerts", source, text::NAME_LIMIT)?;
    let now = store.now().await?;
    if is_known(store, source, notification, now).await? {
        return Ok(Received::default());
    }
    for _ in 0..ATTEMPTS {
        let mut taking = Taking { tx: store.write().await?, intake, source, notification, now };
        match taking.take_in().await {
            Ok(Some(received)) => {
                taking.tx.commit().await?;
                return Ok(received);
            }
            // Another was first with one of these alerts, in another group, or holds what is needed.
            Ok(None) | Err(OpsError::Store(StoreError::Busy)) => taking.tx.rollback().await?,
            Err(error) => return Err(error),
        }
    }
    Err(StoreError::Busy.into())
}

/// Most notifications repeat what is known, and need no lock for that.
async fn is_known(store: &Store, source: &str, notification: &Notification, now: Timestamp) -> Result<bool, OpsError> {
    let mut tx = store.read().await?;
    let Some(group) = tx.alert_group(source, &notification.group_key).await? else { return Ok(false) };
    let known = known(&mut tx, group, source, notification).await?;
    Ok(episode::changes(&known, notification, now).is_empty())
}

async fn known(tx: &mut Tx, group: GroupId, source: &str, said: &Notification) -> Result<Known, StoreError> {
    Ok(Known {
        episodes: tx.episodes(group, source).await?,
        alerts: tx.known_alerts(source, &said.alerts).await?.into_iter().collect(),
    })
}

/// A notification while it is taken in.
struct Taking<'a> {
    tx: Tx,
    intake: &'a Intake,
    source: &'a str,
    notification: &'a Notification,
    now: Timestamp,
}

impl Taking<'_> {
    /// `None` where another was first.
    async fn take_in(&mut self) -> Result<Option<Received>, OpsError> {
        let group = self.tx.lock_alert_group(self.source, &self.notification.group_key).await?;
        let Some((known, changes)) = self.decide(group).await? else { return Ok(None) };
        if changes.is_empty() {
            return Ok(Some(Received::default()));
        }
        let mut received = Received { changed: true, ..Received::default() };
        let mut touched = self.end(&known, &changes).await?;
        for (id, start) in &changes.moved {
            self.move_start(*id, *start).await?;
        }
        if !self.join(&changes).await? {
            return Ok(None);
        }
        for id in &changes.reopened {
            let comment = Some("an alert of this episode was not over".to_owned());
            if let Some(incident) = self.tx.incident(*id).await? {
                reopen_one(&mut self.tx, &incident, self.source, comment, self.now).await?;
            }
        }
        self.note_what_is_left_out(&changes).await?;
        for (id, place) in &changes.still_firing {
            self.note_still_firing(*id, *place).await?;
        }
        touched.extend(changes.incidents());
        if !changes.opened.is_empty() {
            let Some(id) = self.open(group, &changes.opened).await? else { return Ok(None) };
            received.opened.insert(id);
            touched.insert(id);
        }
        for id in touched {
            if let Some(closed) = close_if_over(&mut self.tx, id, self.source, "", self.now).await? {
                received.closed.insert(closed.id);
            }
        }
        Ok(Some(received))
    }

    /// Decides under the locks of all incidents that may change; `None` where they do not stop changing.
    async fn decide(&mut self, group: GroupId) -> Result<Option<(Known, Changes)>, OpsError> {
        let mut locked: BTreeSet<IncidentId> = BTreeSet::new();
        for _ in 0..3 {
            let known = known(&mut self.tx, group, self.source, self.notification).await?;
            let changes = episode::changes(&known, self.notification, self.now);
            let mut wanted = changes.incidents();
            wanted.extend(changes.ended.iter().filter_map(|place| self.incident_of(&known, *place)));
            if wanted.is_subset(&locked) {
                return Ok(Some((known, changes)));
            }
            if !locked.is_empty() {
                // Locks are taken in ascending order or not at all.
                return Ok(None);
            }
            let ids: Vec<IncidentId> = wanted.iter().copied().collect();
            self.tx.lock_incidents(&ids).await?;
            locked = wanted;
        }
        Ok(None)
    }

    fn alert(&self, place: usize) -> &Alert {
        &self.notification.alerts[place]
    }

    fn incident_of(&self, known: &Known, place: usize) -> Option<IncidentId> {
        let alert = self.alert(place);
        Some(known.alerts.get(&(alert.fingerprint.clone(), alert.starts_at))?.incident_id)
    }

    /// Records ends; whose they are.
    async fn end(&mut self, known: &Known, changes: &Changes) -> Result<BTreeSet<IncidentId>, OpsError> {
        let ended: Vec<&Alert> = changes.ended.iter().map(|place| &self.notification.alerts[*place]).collect();
        if !ended.is_empty() {
            self.tx.end_alerts(self.source, &ended).await?;
        }
        let whose = changes.ended.iter().filter_map(|place| self.incident_of(known, *place)).collect();
        if let Some(id) = changes.all_over {
            let last = self.notification.alerts.iter().filter_map(|alert| alert.ends_at).max().unwrap_or(self.now);
            self.tx.end_remaining_alerts(id, last.min(self.now)).await?;
        }
        Ok(whose)
    }

    /// Adds new alerts to incidents that are there; `false` where another has added one of them.
    async fn join(&mut self, changes: &Changes) -> Result<bool, OpsError> {
        let mut joining: BTreeMap<IncidentId, Vec<&Alert>> = BTreeMap::new();
        for (place, id) in &changes.joined {
            joining.entry(*id).or_default().push(&self.notification.alerts[*place]);
        }
        for (id, alerts) in joining {
            if self.tx.insert_alerts(id, self.source, &alerts).await? < alerts.len() as u64 {
                return Ok(false);
            }
            if let Some((_, origin)) = self.tx.origins(&[id]).await?.pop() {
                let common = |labels, of: fn(&Alert) -> &_| {
                    alerts.iter().fold(labels, |labels, alert| in_common(&labels, of(alert)))
                };
                let labels = common(origin.labels, |alert| &alert.labels);
                let annotations = common(origin.annotations, |alert| &alert.annotations);
                self.tx.set_origin_labels(id, &labels, &annotations).await?;
            }
        }
        Ok(true)
    }

    /// Opens an incident for alerts that belong to none; `None` where another has added one of them.
    async fn open(&mut self, group: GroupId, places: &[usize]) -> Result<Option<IncidentId>, OpsError> {
        let alerts: Vec<&Alert> = places.iter().map(|place| &self.notification.alerts[*place]).collect();
        let Some(first) = alerts.iter().min_by_key(|alert| (alert.starts_at, alert.fingerprint.as_str())) else {
            return Ok(None);
        };
        let Opening { scope, rule, onset, notes } = scope::opening(self.intake, first);
        let fired = first.starts_at.min(self.now);
        let (date_started, date_detected) = incident::opening_times(Some(fired - onset), Some(fired), self.now)?;
        let title = scope::title(self.notification, &alerts, first);
        let new = NewIncident {
            title: &title,
            incident_type: IncidentType::AlertTriggered,
            query: scope.query.text(),
            scope: &scope,
            rule: rule.map(|name| (None, name)),
            date_started,
            date_detected,
            date_added: self.now,
        };
        let id = self.tx.insert_incident(&new).await?;
        self.write(id, ActivityKind::Detected, None).await?;
        let origin = Origin {
            source: self.source.to_owned(),
            group_key: self.notification.group_key.clone(),
            labels: alerts.iter().fold(first.labels.clone(), |labels, alert| in_common(&labels, &alert.labels)),
            annotations: alerts
                .iter()
                .fold(first.annotations.clone(), |common, alert| in_common(&common, &alert.annotations)),
            generator_url: first.generator_url.clone(),
            external_url: self.notification.external_url.clone(),
            truncated: if self.notification.resolved { 0 } else { self.notification.truncated },
        };
        self.tx.insert_origin(id, group, &origin).await?;
        if self.tx.insert_alerts(id, self.source, &alerts).await? < alerts.len() as u64 {
            return Ok(None);
        }
        for note in notes {
            self.write(id, ActivityKind::Comment, Some(note)).await?;
        }
        if origin.truncated > 0 {
            self.write(id, ActivityKind::Comment, Some(left_out(origin.truncated))).await?;
        }
        Ok(Some(id))
    }

    async fn move_start(&mut self, id: IncidentId, start: Timestamp) -> Result<(), OpsError> {
        let Some(incident) = self.tx.incident(id).await? else { return Ok(()) };
        self.tx.set_incident_facts(id, &incident.title, start, incident.date_detected).await?;
        // What was captured early shows another start than this one.
        self.tx.supersede_snapshot(id, self.now).await?;
        let comment = format!("start: {} -> {start}: an alert began earlier", incident.date_started);
        self.write(id, ActivityKind::Edit, Some(comment)).await
    }

    async fn note_what_is_left_out(&mut self, changes: &Changes) -> Result<(), OpsError> {
        for (id, truncated) in &changes.truncated {
            self.tx.set_origin_truncated(*id, *truncated).await?;
            if *truncated > 0 {
                self.write(*id, ActivityKind::Comment, Some(left_out(*truncated))).await?;
            }
        }
        Ok(())
    }

    /// Says, once for each close, that an alert goes on though an operator has closed.
    async fn note_still_firing(&mut self, id: IncidentId, place: usize) -> Result<(), OpsError> {
        let activities = self.tx.activities(id).await?;
        let since_close = activities.iter().rev().take_while(|activity| activity.kind != ActivityKind::StatusChange);
        if since_close.into_iter().any(|activity| self.is_note_of_firing(activity)) {
            return Ok(());
        }
        let name = text::shorten(self.alert(place).name(), 100);
        self.write(id, ActivityKind::Comment, Some(format!("{STILL_FIRING} '{name}': it stays closed"))).await
    }

    fn is_note_of_firing(&self, activity: &Activity) -> bool {
        activity.by == self.source
            && activity.comment.as_deref().is_some_and(|comment| comment.starts_with(STILL_FIRING))
    }

    async fn write(&mut self, id: IncidentId, kind: ActivityKind, comment: Option<String>) -> Result<(), OpsError> {
        let by = self.source.to_owned();
        let activity = Activity { kind, at: self.now, by, from: None, to: None, comment };
        Ok(self.tx.insert_activity(id, &activity).await?)
    }
}

const STILL_FIRING: &str = "still firing after it was closed:";

fn left_out(truncated: u64) -> String {
    format!("{truncated} more alerts of this group were left out of the notification (max_alerts)")
}
