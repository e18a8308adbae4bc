//! The sources that the configuration names: what they are asked, what they answer, and whether they answer now.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use thiserror::Error;

use super::Measurement;
use super::previews::Previews;
use super::prometheus::{OptionsError, Prometheus, PrometheusOptions};
use crate::domain::window::Ranges;
use crate::domain::{Expression, IncidentId, Series, SourceHealth, Timestamp, text};

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
#[derive(Clone, Default)]
pub struct Sources {
    prometheus: Arc<Vec<Prometheus>>,
    previews: Arc<Previews>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Sources").field(&self.names()).finish()
    }
}

impl Sources {
    /// The sources with these options. Nothing is asked yet.
    ///
    /// # Errors
    /// Where one cannot be reached by what is said of it.
    pub fn new(options: &[PrometheusOptions]) -> Result<Self, OptionsError> {
        let prometheus = options.iter().map(Prometheus::new).collect::<Result<_, _>>()?;
        Ok(Self { prometheus: Arc::new(prometheus), previews: Arc::default() })
    }

    /// Their names, in the order of the configuration.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.prometheus.iter().map(Prometheus::name).collect()
    }

    /// Whether the configuration names none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.prometheus.is_empty()
    }

    /// The source, where the configuration names but one.
    #[must_use]
    pub fn only(&self) -> Option<&str> {
        let [only] = self.prometheus.as_slice() else { return None };
        Some(only.name())
    }

    /// The source that a `generatorURL` belongs to; `None` where the configuration names none such, which is never asked.
    #[must_use]
    pub fn of_generator(&self, url: &str) -> Option<&str> {
        let lengths = self.prometheus.iter().filter_map(|source| Some((source.generated(url)?, source.name())));
        // Of two that stand behind one host the longer path is meant; of two alike the first.
        lengths.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, name)| name)
    }

    /// Measures one incident, as known at `now`: what lies after it has not happened yet and is a gap.
    ///
    /// # Errors
    /// Where there is no such source, it does not answer, or it refuses what it is asked.
    pub async fn measure(&self, request: &RemoteRequest, now: Timestamp) -> Result<Measurement, SourceError> {
        let source = self.source(&request.expression.source)?;
        source.measure(request, now).await.map_err(|fault| source.error(fault))
    }

    /// As [`Sources::measure`], for screens: what was answered some seconds ago is not asked for again.
    ///
    /// # Errors
    /// As [`Sources::measure`].
    pub async fn preview(&self, request: &RemoteRequest, now: Timestamp) -> Result<Measurement, SourceError> {
        if let Some(known) = self.previews.known(request, now) {
            return known;
        }
        let measured = self.measure(request, now).await;
        self.previews.keep(request, now, measured.clone());
        measured
    }

    /// What an expression says of the last `window` before `now`; `None` where the source knows nothing of it.
    ///
    /// # Errors
    /// As [`Sources::measure`].
    pub async fn evaluate(
        &self,
        expression: &Expression,
        labels: &BTreeMap<String, String>,
        window: Duration,
        now: Timestamp,
    ) -> Result<Option<f64>, SourceError> {
        let source = self.source(&expression.source)?;
        source.evaluate(expression, labels, window, now).await.map_err(|fault| source.error(fault))
    }

    /// What the source holds now of "before" and "during": every bucket of `W` that has ended. What the request brings
    /// as frozen already stays as it is.
    ///
    /// # Errors
    /// As [`Sources::measure`].
    pub async fn freeze(&self, request: &RemoteRequest, now: Timestamp) -> Result<Series, SourceError> {
        let source = self.source(&request.expression.source)?;
        source.freeze(request, now).await.map_err(|fault| source.error(fault))
    }

    /// Whether a source says that an alert with these labels fires now.
    ///
    /// # Errors
    /// As [`Sources::measure`].
    pub async fn is_firing(
        &self,
        source: &str,
        labels: &BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<bool, SourceError> {
        let source = self.source(source)?;
        source.is_firing(labels, now).await.map_err(|fault| source.error(fault))
    }

    /// When an alert with these labels last fired, by what a source says: not before `since`, and at most a day ago.
    ///
    /// # Errors
    /// As [`Sources::measure`].
    pub async fn last_firing(
        &self,
        source: &str,
        labels: &BTreeMap<String, String>,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, SourceError> {
        let source = self.source(source)?;
        source.last_firing(labels, since, now).await.map_err(|fault| source.error(fault))
    }

    /// How each did when it was last asked.
    #[must_use]
    pub fn health(&self) -> Vec<SourceHealth> {
        self.prometheus.iter().map(Prometheus::health).collect()
    }

    /// Asks each whether it answers and for how long it keeps what it has, and says how they did.
    pub async fn probe(&self, now: Timestamp) -> Vec<SourceHealth> {
        join_all(self.prometheus.iter().map(|source| source.probe(now))).await;
        self.health()
    }

    /// For how long a source keeps what it has; `None` where there is no such source or nobody says.
    pub async fn retention(&self, source: &str, now: Timestamp) -> Option<Duration> {
        self.source(source).ok()?.retention(now).await
    }

    fn source(&self, name: &str) -> Result<&Prometheus, SourceError> {
        let found = self.prometheus.iter().find(|source| source.name() == name);
        found.ok_or_else(|| SourceError::Unknown(text::shorten(name, 60)))
    }
}
