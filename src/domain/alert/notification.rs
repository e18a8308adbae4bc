//! What Alertmanager posts, payload version 4: read, checked, and brought within limits. Unknown fields are ignored.

use std::collections::HashMap;

use serde::Deserialize;
use thiserror::Error;

use super::{Alert, Labels};
use crate::domain::text;
use crate::domain::timestamp::Timestamp;

/// Alerts of one notification, at the most. `max_alerts` keeps a receiver's below.
pub const ALERTS_LIMIT: usize = 10_000;
/// Names of labels or annotations of one alert, at the most.
const NAMES_LIMIT: usize = 256;
/// Bytes of a label's or annotation's value that are kept.
const VALUE_LIMIT: usize = 4_096;
/// Bytes of a group's key or a URL, at the most.
const KEY_LIMIT: usize = 16_384;

/// What a group of alerts is said to be at some instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The group.
    pub group_key: String,
    /// Whether every alert of the group is over, those that were left out as well.
    pub resolved: bool,
    /// How many alerts were left out because there are so many.
    pub truncated: u64,
    /// What all of its alerts have in common.
    pub labels: Labels,
    /// What is said of all of its alerts.
    pub annotations: Labels,
    /// Where the sender itself can be looked at.
    pub external_url: Option<String>,
    /// Its alerts, by fingerprint and start, each once.
    pub alerts: Vec<Alert>,
}

/// Why a notification can never be read, however often it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotificationError {
    /// It is no such JSON document.
    #[error("this is no notification of Alertmanager: {0}")]
    Malformed(String),
    /// Of another version.
    #[error("the notification has version '{0}': this program reads version 4")]
    Version(String),
    /// Something in it makes no sense.
    #[error("the notification cannot be used: {0}")]
    Unusable(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    version: String,
    group_key: String,
    status: GroupStatus,
    #[serde(default)]
    truncated_alerts: u64,
    #[serde(default)]
    common_labels: Labels,
    #[serde(default)]
    common_annotations: Labels,
    #[serde(default, rename = "externalURL")]
    external_url: String,
    alerts: Vec<PayloadAlert>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum GroupStatus {
    Firing,
    Resolved,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PayloadAlert {
    status: GroupStatus,
    #[serde(default)]
    labels: Labels,
    #[serde(default)]
    annotations: Labels,
    starts_at: String,
    #[serde(default)]
    ends_at: String,
    #[serde(default, rename = "generatorURL")]
    generator_url: String,
    fingerprint: String,
}

impl Notification {
    /// Reads the body of a webhook.
    ///
    /// # Errors
    /// Where it is no such document, of another version, or says what cannot be.
    pub fn read(body: &[u8]) -> Result<Self, NotificationError> {
        let payload: Payload = serde_json::from_slice(body)
            .map_err(|error| NotificationError::Malformed(text::shorten(&error.to_string(), 200)))?;
        if payload.version != "4" {
            return Err(NotificationError::Version(text::shorten(&payload.version, 20)));
        }
        let group_key = checked("groupKey", payload.group_key, KEY_LIMIT)?;
        if payload.alerts.is_empty() {
            return Err(unusable("it has no alerts"));
        }
        if payload.alerts.len() > ALERTS_LIMIT {
            let count = payload.alerts.len();
            return Err(unusable(&format!("it has {count} alerts, and the limit is {ALERTS_LIMIT}: set max_alerts")));
        }
        let alerts = payload.alerts.into_iter().enumerate().map(|(index, alert)| alert.checked(index + 1));
        Ok(Self {
            group_key,
            resolved: payload.status == GroupStatus::Resolved,
            truncated: payload.truncated_alerts,
            labels: kept(payload.common_labels, "the notification")?,
            annotations: kept(payload.common_annotations, "the notification")?,
            external_url: url(payload.external_url),
            alerts: each_once(alerts.collect::<Result<_, _>>()?),
        })
    }
}

impl PayloadAlert {
    fn checked(self, number: usize) -> Result<Alert, NotificationError> {
        let whose = format!("alert {number}");
        let fingerprint = checked("fingerprint", self.fingerprint, text::NAME_LIMIT)
            .map_err(|error| unusable(&format!("{whose}: {error}")))?;
        let starts_at = Timestamp::parse_absolute(&self.starts_at)
            .map_err(|error| unusable(&format!("startsAt of {whose}: {error}")))?;
        let ends_at = (self.status == GroupStatus::Resolved).then(|| {
            // One that is over without saying since when is over now, which is the latest that it can be.
            let said = Timestamp::parse_absolute(&self.ends_at).unwrap_or(Timestamp::MAX);
            said.max(starts_at)
        });
        Ok(Alert {
            fingerprint,
            starts_at,
            ends_at,
            labels: kept(self.labels, &whose)?,
            annotations: kept(self.annotations, &whose)?,
            generator_url: url(self.generator_url),
        })
    }
}

/// One alert may be told twice in a notification; that it is over goes before that it fires.
fn each_once(alerts: Vec<Alert>) -> Vec<Alert> {
    let mut places: HashMap<(String, Timestamp), usize> = HashMap::with_capacity(alerts.len());
    let mut once: Vec<Alert> = Vec::with_capacity(alerts.len());
    for alert in alerts {
        match places.entry((alert.fingerprint.clone(), alert.starts_at)) {
            std::collections::hash_map::Entry::Occupied(place) => {
                let first = &mut once[*place.get()];
                first.ends_at = first.ends_at.max(alert.ends_at);
            }
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(once.len());
                once.push(alert);
            }
        }
    }
    // In one order everywhere, so that two receivers never wait for each other.
    once.sort_unstable_by(|one, other| (&one.fingerprint, one.starts_at).cmp(&(&other.fingerprint, other.starts_at)));
    once
}

fn unusable(reason: &str) -> NotificationError {
    NotificationError::Unusable(text::printable(reason))
}

fn checked(what: &'static str, given: String, limit: usize) -> Result<String, NotificationError> {
    text::required(what, &given, limit).map_err(|error| unusable(&error.to_string()))?;
    Ok(given)
}

/// An address that is too long or holds what cannot be stored is left out: nothing depends on it.
fn url(given: String) -> Option<String> {
    (!given.is_empty() && given.len() <= KEY_LIMIT && !given.contains('\0')).then_some(given)
}

/// Labels within limits: a value that is too long is cut, for it would not be sent otherwise the next time.
fn kept(labels: Labels, whose: &str) -> Result<Labels, NotificationError> {
    if labels.len() > NAMES_LIMIT {
        let count = labels.len();
        return Err(unusable(&format!("{whose} has {count} labels or annotations, and the limit is {NAMES_LIMIT}")));
    }
    Ok(labels.into_iter().map(|(name, value)| (bounded(&name), bounded(&value))).collect())
}

fn bounded(value: &str) -> String {
    let end = value.floor_char_boundary(VALUE_LIMIT);
    value[..end].replace('\0', "\u{FFFD}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIRING: &str = r#"{"version":"4","groupKey":"{}:{alertname=\"High\"}","status":"firing","receiver":"x",
        "truncatedAlerts":2,"commonLabels":{"alertname":"High"},"commonAnnotations":{"summary":"too high"},
        "externalURL":"http://am:9093","notification_reason":"something new","alerts":[{"status":"firing",
        "labels":{"alertname":"High","instance":"a"},"annotations":{},"startsAt":"2026-11-24T12:00:00.568Z",
        "endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p/graph?g0.expr=up","fingerprint":"f1","values":null}]}"#;

    fn check_refused(body: &str, part: &str) {
        let refusal = Notification::read(body.as_bytes()).unwrap_err().to_string();
        assert!(refusal.contains(part), "{refusal}");
    }

    #[test]
    fn an_alert_that_fires_has_no_end_though_its_text_says_the_year_1() {
        let read = Notification::read(FIRING.as_bytes()).unwrap();
        assert_eq!((read.resolved, read.truncated, read.alerts.len()), (false, 2, 1));
        let alert = &read.alerts[0];
        assert_eq!((alert.ends_at, alert.name()), (None, "High"));
        assert_eq!(alert.starts_at.to_string(), "2026-11-24T12:00:00.568Z");
        assert_eq!(alert.generator_url.as_deref(), Some("http://p/graph?g0.expr=up"));
    }

    #[test]
    fn an_alert_is_over_by_its_own_status_and_not_by_that_of_its_group() {
        let body = FIRING.replacen(r#"[{"status":"firing""#, r#"[{"status":"resolved""#, 1);
        let ended = body.replace("0001-01-01T00:00:00Z", "2026-11-24T12:05:00Z");
        let read = Notification::read(ended.as_bytes()).unwrap();
        assert!(!read.resolved);
        assert_eq!(read.alerts[0].ends_at.unwrap().to_string(), "2026-11-24T12:05:00Z");
    }

    #[test]
    fn what_can_never_be_read_is_refused_by_name() {
        check_refused("{", "no notification of Alertmanager");
        check_refused(&FIRING.replace(r#""version":"4""#, r#""version":"5""#), "version '5'");
        check_refused(&FIRING.replace("2026-11-24T12:00:00.568Z", "noon"), "startsAt of alert 1");
        check_refused(&FIRING.replace("2026-11-24T12:00:00.568Z", "0001-01-01T00:00:00Z"), "startsAt of alert 1");
        check_refused(&FIRING.replace(r#""fingerprint":"f1""#, r#""fingerprint":"""#), "fingerprint is empty");
        check_refused(r#"{"version":"4","groupKey":"g","status":"firing","alerts":[]}"#, "no alerts");
    }

    #[test]
    fn an_alert_that_is_told_twice_is_one_and_its_end_counts() {
        let (head, alert) = FIRING.split_once('[').unwrap();
        let alert = alert.strip_suffix("]}").unwrap();
        let over = alert.replace(r#""status":"firing""#, r#""status":"resolved""#).replace("0001-01-01", "2026-11-25");
        for pair in [format!("{alert},{over}"), format!("{over},{alert}")] {
            let read = Notification::read(format!("{head}[{pair}]}}").as_bytes()).unwrap();
            assert_eq!(read.alerts.len(), 1);
            assert!(read.alerts[0].ends_at.is_some());
        }
    }

    proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..400), cut in 0..FIRING.len(), with in ".{0,8}") {
            let _ = Notification::read(&body);
            let cut = FIRING.floor_char_boundary(cut);
            let _ = Notification::read(format!("{}{with}{}", &FIRING[..cut], &FIRING[cut..]).as_bytes());
        }
    }
}
