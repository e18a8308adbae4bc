//! Alerts as monitoring systems report them, and what becomes of them: an occurrence is (source, fingerprint, start), and
//! an incident is one firing episode of a group of alerts. Knows nothing of how it is stored or received.

pub mod episode;
pub mod matcher;
pub mod notification;
pub mod routing;

use std::collections::BTreeMap;

use super::incident::IncidentId;
use super::text::printable;
use super::timestamp::Timestamp;

pub use notification::{Notification, NotificationError};
pub use routing::Routing;

/// Names and values, as alerts are labelled and annotated.
pub type Labels = BTreeMap<String, String>;

/// The label that says which alert it is.
pub const ALERT_NAME: &str = "alertname";

/// One occurrence of an alert: firing from its start until its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Identifies its set of labels, and not the occurrence.
    pub fingerprint: String,
    /// When it began to fire.
    pub starts_at: Timestamp,
    /// When it was over; `None` while it fires.
    pub ends_at: Option<Timestamp>,
    /// What identifies it.
    pub labels: Labels,
    /// What is said of it.
    pub annotations: Labels,
    /// Where the expression that fired can be looked at.
    pub generator_url: Option<String>,
}

/// An occurrence that belongs to an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberAlert {
    /// Whose.
    pub incident_id: IncidentId,
    /// What was said of it.
    pub alert: Alert,
    /// Since when neither its source nor Prometheus knows it.
    pub missing_since: Option<Timestamp>,
}

/// The alerts' side of an incident that alerts have opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The source of the alerts, as the receiver calls it.
    pub source: String,
    /// The group of which it is an episode.
    pub group_key: String,
    /// The labels that its alerts have in common.
    pub labels: Labels,
    /// The annotations that its alerts have in common.
    pub annotations: Labels,
    /// Where the expression that fired first can be looked at.
    pub generator_url: Option<String>,
    /// Where the source of the alerts itself can be looked at.
    pub external_url: Option<String>,
    /// How many alerts the last notification left out.
    pub truncated: u64,
}

impl Alert {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        self.labels.get(ALERT_NAME).map_or("alert", String::as_str)
    }
}

/// As a selector has them, and printable: `severity="page", team="payments"`.
#[must_use]
pub fn written(labels: &Labels) -> String {
    let written = labels.iter().map(|(name, value)| format!("{}=\"{}\"", printable(name), printable(value)));
    written.collect::<Vec<_>>().join(", ")
}

/// What tells an alert from others that have these labels in common; where nothing does, its name.
#[must_use]
pub fn distinction(alert: &Alert, common: &Labels) -> String {
    let mut own = alert.labels.clone();
    own.retain(|name, value| common.get(name) != Some(value));
    if own.is_empty() { printable(alert.name()) } else { written(&own) }
}

/// What both have, with the same value.
#[must_use]
pub fn in_common(one: &Labels, other: &Labels) -> Labels {
    let same = |(name, value): &(&String, &String)| other.get(*name) == Some(*value);
    one.iter().filter(same).map(|(name, value)| (name.clone(), value.clone())).collect()
}
