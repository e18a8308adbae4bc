//! What sources have answered for screens, kept for some seconds: a screen that refreshes must not hammer a server.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Measurement, RemoteRequest, SourceError};
use crate::domain::window::{Range, Ranges};
use crate::domain::{Expression, IncidentId, Timestamp};

/// For how long an answer serves, faults included. The ranges of an open incident move with `now`, and may be as old.
const SERVES: Duration = Duration::from_secs(10);
/// Answers that are kept, at the most.
const LIMIT: usize = 500;

type Answer = Result<Measurement, SourceError>;
type Key = (IncidentId, Expression, BTreeMap<String, String>, Duration, Duration, bool);

/// The answers of the last seconds.
#[derive(Default)]
pub(super) struct Previews(Mutex<HashMap<Key, Kept>>);

struct Kept {
    at: Timestamp,
    ranges: Ranges,
    answer: Answer,
}

impl Previews {
    /// What was answered for this a moment ago.
    pub(super) fn known(&self, request: &RemoteRequest, now: Timestamp) -> Option<Answer> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get(&key(request))?;
        (is_near(kept.at, now) && are_near(kept.ranges, request.ranges)).then(|| kept.answer.clone())
    }

    pub(super) fn keep(&self, request: &RemoteRequest, now: Timestamp, answer: Answer) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, kept| is_near(kept.at, now));
        if kept.len() >= LIMIT {
            kept.clear();
        }
        kept.insert(key(request), Kept { at: now, ranges: request.ranges, answer });
    }
}

fn key(request: &RemoteRequest) -> Key {
    (
        request.incident_id,
        request.expression.clone(),
        request.labels.clone(),
        request.period,
        request.ranges.lifetime_period,
        request.frozen.is_some(),
    )
}

fn are_near(one: Ranges, other: Ranges) -> bool {
    let are_near = |one: Range, other: Range| is_near(one.start, other.start) && is_near(one.end, other.end);
    are_near(one.windowed, other.windowed)
        && are_near(one.lifetime, other.lifetime)
        && are_near(one.totals, other.totals)
        && is_near(one.as_of, other.as_of)
}

fn is_near(one: Timestamp, other: Timestamp) -> bool {
    one.since(other).max(other.since(one)) < SERVES
}
