//! The sources that the configuration names: what they are asked, what they answer, and whether they answer now.

use std::collections::BTreeMap;
use std::time::Duration;

use thiserror::Error;

use super::Measurement;
use crate::domain::window::Ranges;
use crate::domain::{Expression, IncidentId, Series, Timestamp};

/// What a source is asked of one incident.
#[derive(Debug, Clone)]
pub struct RemoteRequest {
    /// Whose.
    pub incident_id: IncidentId,
    /// What is asked, and where.
    pub expression: Expression,
    /// The labels of the incident: of several series in an answer, those count that agree with them.
    pub labels: BTreeMap<String, String>,
    /// Over which ranges.
    pub ranges: Ranges,
    /// The period of the windowed series: `W`.
    pub period: Duration,
    /// What was frozen at the close, in buckets of `W`: it goes before what the source says now.
    pub frozen: Option<Series>,
}

/// Why a source gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SourceError {
    /// The configuration of this process names no such source.
    #[error("the configuration names no source '{0}'")]
    Unknown(String),
    /// It cannot be reached, is too slow, or says that it cannot answer now.
    #[error("source '{name}' does not answer: {reason}")]
    Unreachable {
        /// Which.
        name: String,
        /// What it or the system said.
        reason: String,
    },
    /// It does not let this process in.
    #[error("source '{name}' refuses its credentials: {reason}")]
    Denied {
        /// Which.
        name: String,
        /// What it said.
        reason: String,
    },
    /// It cannot evaluate the expression.
    #[error("source '{name}' refuses the expression: {reason}")]
    Refused {
        /// Which.
        name: String,
        /// What it said.
        reason: String,
    },
}

impl SourceError {
    /// Whether it is the fault of what was asked, and not of the source or the way to it (rule 17).
    #[must_use]
    pub fn is_own_fault(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

/// The sources that the configuration names. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Sources {}

impl Sources {
    /// Measures one incident, as known at `now`: what lies after it has not happened yet and is a gap.
    ///
    /// # Errors
    /// Where there is no such source, it does not answer, or it refuses what it is asked.
    pub async fn measure(&self, request: &RemoteRequest, _now: Timestamp) -> Result<Measurement, SourceError> {
        Err(SourceError::Unknown(request.expression.source.clone()))
    }
}
