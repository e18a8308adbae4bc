//! Prometheus as a source, and whatever else speaks its API: Thanos, Mimir, `VictoriaMetrics`.
//!
//! `plan` says at which instants a series is evaluated, `client` and `answer` know the API, `selection` makes one series
//! of several, `frozen` puts beside it what was kept at the close, and `measure` brings them together.

mod alerts;
mod answer;
mod client;
mod frozen;
mod generator;
mod measure;
mod options;
mod plan;
mod promql;
mod retention;
mod selection;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use generator::{Derived, derive};
pub use options::{Authentication, OptionsError, PrometheusOptions};
pub use promql::validate;

pub(super) use answer::Fault;
pub(super) use client::HttpClient;

use answer::Sampled;
use generator::Address;
use plan::Steps;
use retention::KnownRetention;

use super::SourceError;
use crate::domain::{SourceHealth, Timestamp};

/// One Prometheus of the configuration.
pub(super) struct Prometheus {
    name: String,
    client: HttpClient,
    /// What the `generatorURL`s of its alerts begin with.
    generated: Vec<Address>,
    retention: KnownRetention,
    health: Mutex<Health>,
}

/// How it did when it was last asked.
#[derive(Default, Clone)]
struct Health {
    answered_at: Option<Timestamp>,
    error: Option<String>,
}

impl Prometheus {
    pub(super) fn new(options: &PrometheusOptions) -> Result<Self, OptionsError> {
        let unusable = |reason| OptionsError { name: options.name.clone(), reason };
        let client = HttpClient::new(options).map_err(unusable)?;
        let addresses = std::iter::once(&options.url).chain(&options.external_urls);
        let generated = addresses.map(|url| Address::parse(url).map_err(unusable)).collect::<Result<_, _>>()?;
        let retention = KnownRetention::new(options.retention);
        Ok(Self { name: options.name.clone(), client, generated, retention, health: Mutex::default() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How much of a `generatorURL` is one of this source's addresses; `None` where it is not one of its own.
    pub(super) fn generated(&self, url: &str) -> Option<usize> {
        self.generated.iter().filter_map(|address| address.begins(url)).max()
    }

    pub(super) fn health(&self) -> SourceHealth {
        let Health { answered_at, error } = self.health.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (name, url) = (self.name.clone(), self.client.url().to_string());
        SourceHealth { name, url, answered_at, error, retention: self.retention.known() }
    }

    /// The fault as others are told of it.
    pub(super) fn error(&self, fault: Fault) -> SourceError {
        let name = self.name.clone();
        match fault {
            Fault::Unreachable(reason) => SourceError::Unreachable { name, reason },
            Fault::Denied(reason) => SourceError::Denied { name, reason },
            Fault::Refused(reason) => SourceError::Refused { name, reason },
        }
    }

    /// Asks whether it answers, and for how long it keeps what it has.
    pub(super) async fn probe(&self, now: Timestamp) -> Result<Option<Duration>, Fault> {
        self.query("vector(1)", None, now).await?;
        Ok(self.retention(now).await)
    }

    async fn query(&self, expression: &str, at: Option<Timestamp>, now: Timestamp) -> Result<Vec<Sampled>, Fault> {
        self.note(self.client.query(expression, at).await, now)
    }

    async fn query_range(&self, expression: &str, steps: Steps, now: Timestamp) -> Result<Vec<Sampled>, Fault> {
        self.note(self.client.query_range(expression, steps).await, now)
    }

    /// Keeps how it did. One that refuses an expression does answer.
    fn note<T>(&self, outcome: Result<T, Fault>, now: Timestamp) -> Result<T, Fault> {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        match &outcome {
            Ok(_) | Err(Fault::Refused(_)) => *health = Health { answered_at: Some(now), error: None },
            Err(fault @ (Fault::Unreachable(_) | Fault::Denied(_))) => {
                health.error = Some(self.error(fault.clone()).to_string());
            }
        }
        outcome
    }
}
