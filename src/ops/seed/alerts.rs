//! What in the demo came from elsewhere: alerts that opened an incident, and a snapshot that a monitoring system has
//! estimated. There is none behind the demo, so both are made of the scenario and of the demo's own events.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::reading::Span;
use crate::domain::alert::{Alert, Labels, Origin};
use crate::domain::series::Count;
use crate::domain::{
    Expression, IncidentId, Measure, Query, RunCounts, Series, Snapshot, Timestamp, Trigger, schedule,
};
use crate::ops::OpsError;
use crate::source::{self, Request};
use crate::store::{Store, Tx};

/// What Alertmanager is called as a source of alerts.
const ALERTMANAGER: &str = "alertmanager";
/// How long a run takes that asks another source.
const TOOK: Duration = Duration::from_millis(143);
/// What the source of the estimates is called.
const SOURCE: &str = "main";

/// The alerts that opened an incident.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    /// What they have in common.
    pub labels: Labels,
    /// What is said of all of them.
    pub annotations: Labels,
    /// Where the expression that fired can be looked at.
    pub generator_url: String,
    /// The expression by which the counts are estimated, where they are not the events table's.
    pub estimated: Option<String>,
    /// One by one.
    pub members: Vec<Member>,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// What tells it from the others.
    pub labels: Labels,
    /// How long before the start of the demo it began to fire.
    pub from: Span,
    /// How long before the start of the demo it was over; `None` while it fires.
    pub until: Option<Span>,
}

impl Alerts {
    /// What is asked about the incident, where it is not measured by the events table.
    #[must_use]
    pub fn expression(&self) -> Option<Expression> {
        let text = self.estimated.clone()?;
        Some(Expression { source: SOURCE.to_owned(), text, measure: Measure::EstimatedEvents })
    }

    /// Records the alerts of an incident as they stand at the start of the demo.
    pub(super) async fn record(&self, tx: &mut Tx, id: IncidentId, now: Timestamp) -> Result<(), OpsError> {
        let name = self.labels.get(crate::domain::alert::ALERT_NAME).map_or("", String::as_str);
        let group_key = format!("{{}}:{{alertname=\"{name}\"}}");
        let group = tx.lock_alert_group(ALERTMANAGER, &group_key).await?;
        let origin = Origin {
            source: ALERTMANAGER.to_owned(),
            group_key,
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            generator_url: Some(self.generator_url.clone()),
            external_url: Some("http://alertmanager.shop.example:9093".to_owned()),
            truncated: 0,
        };
        tx.insert_origin(id, group, &origin).await?;
        let alerts: Vec<Alert> = (1..).zip(&self.members).map(|(at, member)| self.alert(id, at, member, now)).collect();
        tx.insert_alerts(id, ALERTMANAGER, &alerts.iter().collect::<Vec<_>>()).await?;
        Ok(())
    }

    fn alert(&self, id: IncidentId, at: u64, member: &Member, now: Timestamp) -> Alert {
        let labels: BTreeMap<_, _> =
            self.labels.iter().chain(&member.labels).map(|(n, v)| (n.clone(), v.clone())).collect();
        Alert {
            fingerprint: format!(
                "{:016x}",
                (id.value().unsigned_abs() * 1_000 + at).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ),
            starts_at: now - member.from.0,
            ends_at: member.until.map(|until| now - until.0),
            labels,
            annotations: self.annotations.clone(),
            generator_url: Some(self.generator_url.clone()),
        }
    }
}

/// Captures a closed incident whose target is reached from the demo's own events, as if they had been estimated; whether
/// there was anything to capture.
pub(super) async fn capture_estimated(
    store: &Store,
    id: IncidentId,
    query: &Query,
    host: &str,
) -> Result<bool, OpsError> {
    let now = store.now().await?;
    let mut tx = store.read().await?;
    let incident = tx.incident(id).await?.ok_or_else(|| OpsError::no_incidents(&[id]))?;
    if !incident.pending.as_ref().is_some_and(|pending| pending.is_due(now)) {
        return Ok(false);
    }
    let ranges = incident.course().ranges(now);
    let request = Request {
        incident_id: id,
        projects: incident.projects.clone(),
        query: query.clone(),
        aggregation: incident.aggregation,
        ranges,
        period: incident.time_window.span(),
    };
    tx.look_events_up().await?;
    let measured = source::measure(&mut tx, &[request], now).await?.pop();
    drop(tx);
    let Some(measured) = measured else { return Ok(false) };
    let snapshot = estimated(measured.snapshot(ranges.as_of, now, false));
    let mut tx = store.write().await?;
    tx.insert_snapshots(&[snapshot.into()], &[]).await?;
    tx.delete_pending_rows(&[id]).await?;
    let run = tx.insert_run(Trigger::Interval, host, now, schedule::FIRST_BATCH).await?;
    let counts = RunCounts { captured: 1, batches: 1, ..RunCounts::default() };
    tx.finish_run(run, now + TOOK, counts, None).await?;
    tx.commit().await?;
    Ok(true)
}

/// As a monitoring system would have it, which extrapolates and knows no users.
fn estimated(snapshot: Snapshot) -> Snapshot {
    let mut facts = snapshot.facts;
    SOURCE.clone_into(&mut facts.source);
    facts.measure = Measure::EstimatedEvents;
    facts.unique_users = None;
    let series = |series: Series| {
        let estimate = |(position, count): (u32, Count)| {
            // A scrape more or less at the edges of a window.
            let error = 1.0 + f64::from(position * 7919 % 41) / 2_000.0;
            (position, Count::Estimate((count.as_f64() * error * 1_000.0).round() / 1_000.0))
        };
        Series { counts: series.counts.iter().copied().map(estimate).collect(), ..series }
    };
    Snapshot { facts, windowed: series(snapshot.windowed), lifetime: series(snapshot.lifetime) }
}
