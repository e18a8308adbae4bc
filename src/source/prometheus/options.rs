//! What a Prometheus is reached by. Its secrets are given, and never shown.

use std::time::Duration;

use thiserror::Error;

use crate::domain::Secret;

/// How a source is reached.
#[derive(Debug, Clone)]
pub struct PrometheusOptions {
    /// Its name in rules and on screens.
    pub name: String,
    /// Where its API is; may hold a path, holds no credentials.
    pub url: String,
    /// What else the `generatorURL`s of its alerts begin with.
    pub external_urls: Vec<String>,
    /// Who asks.
    pub authentication: Authentication,
    /// The only authorities that are trusted, in PEM; `None` for those of the system.
    pub authorities: Option<Vec<u8>>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How long it keeps what it has; `None` where it is to be asked.
    pub retention: Option<Duration>,
    /// What else it is told with every request.
    pub headers: Vec<(String, Secret)>,
}

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Authentication {
    /// Nobody in particular.
    #[default]
    Nobody,
    /// The bearer of a token.
    Bearer(Secret),
    /// A user with a password.
    Basic {
        /// Who.
        username: String,
        /// By what it is known.
        password: Secret,
    },
}

/// A source cannot be reached by what was configured for it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("source '{name}' cannot be used: {reason}")]
pub struct OptionsError {
    /// Which.
    pub name: String,
    /// Why.
    pub reason: String,
}
