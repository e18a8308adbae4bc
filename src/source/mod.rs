//! Where counts come from, behind one small interface: ranges in, totals and series out.
//!
//! The events table is measured by the batch, within a transaction. The sources that the configuration names are asked
//! one incident at a time, and never within a transaction.

mod alertmanager;
mod events;
mod previews;
mod prometheus;
mod remote;

use crate::domain::window::Ranges;
use crate::domain::{Aggregation, IncidentId, Measure, Query, Series, Snapshot, SnapshotFacts, Timestamp};

pub use alertmanager::{Alertmanager, AlertmanagerOptions};
pub use events::measure;
pub use prometheus::{Authentication, Derived, OptionsError, PrometheusOptions, derive, validate};
pub use remote::{RemoteRequest, SourceError, Sources};

/// What is to be measured of one incident.
#[derive(Debug, Clone)]
pub struct Request {
    /// Whose.
    pub incident_id: IncidentId,
    /// Its projects; none means all.
    pub projects: Vec<String>,
    /// Which events count.
    pub query: Query,
    /// What a bucket counts.
    pub aggregation: Aggregation,
    /// Over which ranges.
    pub ranges: Ranges,
    /// The period of the windowed series: `W`.
    pub period: std::time::Duration,
}

/// What a source says of one incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Whose.
    pub incident_id: IncidentId,
    /// The name of the source.
    pub source: String,
    /// What the values are.
    pub measure: Measure,
    /// The sum of the weights over the totals range (rule 9).
    pub total_events: Option<i64>,
    /// The distinct users over the totals range; `None` where the source does not know them (rule 14).
    pub unique_users: Option<i64>,
    /// 200 windows around the start (rule 10).
    pub windowed: Series,
    /// The whole incident and its tail (rule 13).
    pub lifetime: Series,
    /// Whether the source no longer held part of a range (rule 14).
    pub clipped: bool,
}

impl Measurement {
    /// The snapshot that this measurement is, as of an instant and captured at `now`.
    #[must_use]
    pub fn snapshot(self, as_of: Timestamp, now: Timestamp, partial: bool) -> Snapshot {
        Snapshot {
            facts: SnapshotFacts {
                incident_id: self.incident_id,
                as_of,
                date_added: now,
                partial,
                clipped: self.clipped,
                source: self.source,
                measure: self.measure,
                total_events: self.total_events,
                unique_users: self.unique_users,
            },
            windowed: self.windowed,
            lifetime: self.lifetime,
        }
    }
}
