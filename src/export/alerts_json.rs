//! The JSON documents of what opened an incident: the group of alerts that it is an episode of, and its alerts.

use serde_json::{Value, json};

use crate::domain::Timestamp;
use crate::domain::alert::{MemberAlert, Origin};

/// Where an incident came from; null where no alert has opened it.
#[must_use]
pub fn origin(origin: Option<&Origin>) -> Value {
    let document = |origin: &Origin| {
        json!({
            "source": origin.source,
            "group_key": origin.group_key,
            "labels": origin.labels,
            "annotations": origin.annotations,
            "generator_url": origin.generator_url,
            "external_url": origin.external_url,
            "truncated": origin.truncated,
        })
    };
    origin.map_or(Value::Null, document)
}

/// The alerts of an incident, by their start.
#[must_use]
pub fn alerts(alerts: &[MemberAlert]) -> Value {
    let time = |at: Timestamp| at.to_string();
    let document = |MemberAlert { alert, .. }: &MemberAlert| {
        json!({
            "fingerprint": alert.fingerprint,
            "starts_at": time(alert.starts_at),
            "ends_at": alert.ends_at.map(time),
            "labels": alert.labels,
            "annotations": alert.annotations,
            "generator_url": alert.generator_url,
        })
    };
    alerts.iter().map(document).collect()
}
