//! How far the first half of a capture from elsewhere is: what is kept of "before" and "during" as soon as an incident
//! is closed.

use super::timestamp::Timestamp;

/// How far the first half of an incident's capture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freezing {
    /// The close for which something was frozen; `None` until then.
    pub date_closed: Option<Timestamp>,
    /// Up to when it was.
    pub until: Option<Timestamp>,
    /// Why it could not be, the last time; `None` where it could.
    pub last_error: Option<String>,
    /// Not before then it is tried again.
    pub next_attempt_at: Timestamp,
}
