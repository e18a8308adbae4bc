//! An entry of an incident's timeline: who did what, when.

use super::incident::{ActivityKind, Status};
use super::timestamp::Timestamp;

/// One entry of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// What happened.
    pub kind: ActivityKind,
    /// When it was recorded.
    pub at: Timestamp,
    /// Who did it.
    pub by: String,
    /// The status before a status change.
    pub from: Option<Status>,
    /// The status after a status change.
    pub to: Option<Status>,
    /// What was said with it.
    pub comment: Option<String>,
}
