//! A pair of Alertmanagers, or one, as what is asked which alerts there still are. That it lists one is proof that it
//! goes on; that it does not is none that it is over.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use serde::Deserialize;

use super::SourceError;
use super::prometheus::{Fault, HttpClient, OptionsError, PrometheusOptions};
use crate::domain::{SourceHealth, Timestamp, text};

/// How Alertmanagers that tell the same are reached.
#[derive(Debug, Clone)]
pub struct AlertmanagerOptions {
    /// The name of the source of alerts: what its webhook says, or `alertmanager`.
    pub name: String,
    /// Each of them.
    pub members: Vec<PrometheusOptions>,
    /// How often they are asked.
    pub poll_interval: Duration,
    /// The source that evaluates the alerts, which confirms that one is over.
    pub prometheus: Option<String>,
}

/// Alertmanagers that tell the same.
pub struct Alertmanager {
    name: String,
    members: Vec<Member>,
    poll_interval: Duration,
    prometheus: Option<String>,
}

struct Member {
    client: HttpClient,
    health: Mutex<(Option<Timestamp>, Option<String>)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedAlert {
    fingerprint: String,
    starts_at: String,
}

impl std::fmt::Debug for Alertmanager {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Its members hold credentials.
        formatter.debug_tuple("Alertmanager").field(&self.name()).finish()
    }
}

impl Alertmanager {
    /// Alertmanagers with these options. Nothing is asked yet.
    ///
    /// # Errors
    /// Where one cannot be reached by what is said of it.
    pub fn new(options: &AlertmanagerOptions) -> Result<Self, OptionsError> {
        let member = |options: &PrometheusOptions| {
            let unusable = |reason| OptionsError { name: options.name.clone(), reason };
            Ok(Member { client: HttpClient::new(options).map_err(unusable)?, health: Mutex::default() })
        };
        Ok(Self {
            name: options.name.clone(),
            members: options.members.iter().map(member).collect::<Result<_, _>>()?,
            poll_interval: options.poll_interval,
            prometheus: options.prometheus.clone(),
        })
    }

    /// The name of the source of alerts.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How often it is to be asked.
    #[must_use]
    pub fn poll_interval(&self) -> Duration {
        self.poll_interval
    }

    /// The source that evaluates its alerts.
    #[must_use]
    pub fn prometheus(&self) -> Option<&str> {
        self.prometheus.as_deref()
    }

    /// The start of every alert that any of them has, silenced or not, by its fingerprint.
    ///
    /// # Errors
    /// Where none of them answers.
    pub async fn list(&self, now: Timestamp) -> Result<HashMap<String, Timestamp>, SourceError> {
        let answers = join_all(self.members.iter().map(|member| member.list(now))).await;
        let mut listed: Option<HashMap<String, Timestamp>> = None;
        let mut failure = None;
        for answer in answers {
            match answer {
                Ok(alerts) => {
                    let all = listed.get_or_insert_default();
                    for (fingerprint, start) in alerts {
                        // One of a pair may have heard of it earlier.
                        all.entry(fingerprint).and_modify(|known| *known = start.min(*known)).or_insert(start);
                    }
                }
                Err(reason) => failure = Some(reason),
            }
        }
        listed.ok_or_else(|| SourceError::Unreachable {
            name: self.name.clone(),
            reason: failure.unwrap_or_else(|| "it has no address".to_owned()),
        })
    }

    /// How each of them did when it was last asked.
    #[must_use]
    pub fn health(&self) -> Vec<SourceHealth> {
        let health = |member: &Member| {
            let (answered_at, error) = member.health.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let url = member.client.url().to_string();
            SourceHealth { name: self.name.clone(), url, answered_at, error, retention: None }
        };
        self.members.iter().map(health).collect()
    }
}

impl Member {
    async fn list(&self, now: Timestamp) -> Result<Vec<(String, Timestamp)>, String> {
        let outcome = self.ask().await;
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        match &outcome {
            Ok(_) => *health = (Some(now), None),
            Err(reason) => health.1 = Some(reason.clone()),
        }
        outcome
    }

    async fn ask(&self) -> Result<Vec<(String, Timestamp)>, String> {
        // Silenced and inhibited ones are there, too: they go on.
        let query = [("active", "true"), ("silenced", "true"), ("inhibited", "true"), ("unprocessed", "true")];
        let (status, body) = self.client.get("api/v2/alerts", &query).await.map_err(said)?;
        if status != 200 {
            return Err(format!("it answers {status}"));
        }
        let listed: Vec<ListedAlert> = serde_json::from_slice(&body)
            .map_err(|error| format!("its answer cannot be read: {}", text::shorten(&error.to_string(), 120)))?;
        let start = |alert: ListedAlert| {
            let start = Timestamp::parse_absolute(&alert.starts_at).map_err(|error| error.to_string())?;
            Ok((alert.fingerprint, start))
        };
        listed.into_iter().map(start).collect()
    }
}

fn said(fault: Fault) -> String {
    match fault {
        Fault::Unreachable(reason) | Fault::Denied(reason) | Fault::Refused(reason) => reason,
    }
}
