//! How a source of counts or alerts did when it was last asked.

use std::time::Duration;

use super::timestamp::Timestamp;

/// How a source did when it was last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceHealth {
    /// Which.
    pub name: String,
    /// Where it is, without credentials.
    pub url: String,
    /// When it last answered.
    pub answered_at: Option<Timestamp>,
    /// What was wrong the last time; `None` where it answered.
    pub error: Option<String>,
    /// For how long it keeps what it has; `None` where it does not say.
    pub retention: Option<Duration>,
}
