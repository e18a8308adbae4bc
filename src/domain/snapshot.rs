//! What was kept of an incident: its totals and its two series.

use super::expression::Measure;
use super::incident::IncidentId;
use super::series::Series;
use super::timestamp::Timestamp;

/// A snapshot without its series: what lists show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotFacts {
    /// Whose it is.
    pub incident_id: IncidentId,
    /// Everything in it is evaluated as of this instant (rule 11).
    pub as_of: Timestamp,
    /// When it was captured.
    pub date_added: Timestamp,
    /// Captured before its target; the complete one replaces it (rule 11).
    pub partial: bool,
    /// Its source no longer held part of a range (rule 14).
    pub clipped: bool,
    /// Where the counts come from.
    pub source: String,
    /// What they are.
    pub measure: Measure,
    /// The sum of the weights over rule 9's range; `None` where the source does not know.
    pub total_events: Option<i64>,
    /// The distinct users over rule 9's range; `None` where the source does not know (rule 14).
    pub unique_users: Option<i64>,
}

/// A snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// All but the series.
    pub facts: SnapshotFacts,
    /// 200 windows around the start (rule 10).
    pub windowed: Series,
    /// The whole incident and its tail (rule 13).
    pub lifetime: Series,
}

/// A snapshot that is no longer current because its incident was reopened (rule 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupersededSnapshot {
    /// What was kept.
    pub facts: SnapshotFacts,
    /// When the incident was reopened.
    pub superseded_at: Timestamp,
}

super::named_enum! {
    /// Which of a snapshot's two series.
    SeriesKind, "series", "windowed, lifetime" {
        /// 200 windows around the start (rule 10).
        Windowed = "windowed",
        /// The whole incident and its tail (rule 13).
        Lifetime = "lifetime",
    }
}
