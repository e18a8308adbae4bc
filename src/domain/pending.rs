//! A pending snapshot: the promise of a snapshot, and how keeping it has gone so far.

use super::incident::IncidentId;
use super::timestamp::Timestamp;

/// The promise of a snapshot: at most one for each incident (rule 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingSnapshot {
    /// Whose it is.
    pub incident_id: IncidentId,
    /// When it is captured, at the earliest, without force (rule 6).
    pub target_run_date: Timestamp,
    /// When it is tried next: the target, or later after a failure (rule 17).
    pub next_attempt_at: Timestamp,
    /// How often it has failed.
    pub attempts: u32,
    /// Why it failed the last time.
    pub last_error: Option<String>,
    /// When it failed the last time.
    pub last_error_at: Option<Timestamp>,
    /// On which host it failed the last time.
    pub last_host: Option<String>,
    /// Since when only an operator can revive it (rule 17).
    pub dead_since: Option<Timestamp>,
}

/// What all pending snapshots come to as a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PendingQueue {
    /// What is tried next.
    pub next: Option<PendingSnapshot>,
    /// How many should have been taken by a run already.
    pub late: u64,
    /// The earliest target of those.
    pub late_since: Option<Timestamp>,
}

/// How a pending snapshot stands at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingState {
    /// Its target lies ahead.
    Waiting,
    /// The next run takes it.
    Due,
    /// It has failed and waits for its next attempt.
    Retrying,
    /// It has failed too often; only an operator can revive it.
    Dead,
}

impl PendingSnapshot {
    /// How it stands at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> PendingState {
        if self.dead_since.is_some() {
            PendingState::Dead
        } else if self.is_due(now) || self.is_settling(now) {
            PendingState::Due
        } else if self.attempts > 0 || self.next_attempt_at > self.target_run_date {
            PendingState::Retrying
        } else {
            PendingState::Waiting
        }
    }

    /// Its target is reached, and only the last samples of its source are waited for.
    fn is_settling(&self, now: Timestamp) -> bool {
        self.target_run_date <= now && self.attempts == 0 && self.last_error.is_none()
    }

    /// Whether a run at `now` takes it (rule 15).
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.target_run_date <= now && self.next_attempt_at <= now && self.dead_since.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_15_due_means_target_and_next_attempt_reached_and_not_dead() {
        let at = Timestamp::from_seconds;
        let row = PendingSnapshot {
            incident_id: IncidentId::new(1),
            target_run_date: at(100),
            next_attempt_at: at(100),
            attempts: 0,
            last_error: None,
            last_error_at: None,
            last_host: None,
            dead_since: None,
        };
        assert_eq!(row.state(at(99)), PendingState::Waiting);
        assert_eq!(row.state(at(100)), PendingState::Due);
        let failed = PendingSnapshot { attempts: 1, next_attempt_at: at(160), ..row.clone() };
        assert_eq!((failed.state(at(159)), failed.state(at(160))), (PendingState::Retrying, PendingState::Due));
        let settling = PendingSnapshot { next_attempt_at: at(130), ..row.clone() };
        assert_eq!(settling.state(at(110)), PendingState::Due, "nothing has failed");
        let dead = PendingSnapshot { dead_since: Some(at(150)), ..row };
        assert_eq!(dead.state(at(200)), PendingState::Dead);
    }
}
