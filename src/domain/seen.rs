//! What an operator saw of an incident before deciding, and what has come between that and what is so now. A write that
//! carries it never overrides what somebody else has done meanwhile.

use super::incident::{Incident, IncidentId};
use super::pending::PendingSnapshot;
use super::timestamp::Timestamp;

/// An incident as an operator saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub id: IncidentId,
    /// What it was called.
    pub title: String,
    /// When it had started.
    pub date_started: Timestamp,
    /// When it had been closed; `None` where it was open.
    pub date_closed: Option<Timestamp>,
    /// The promise of its snapshot.
    pub pending: Option<PendingSnapshot>,
}

/// What somebody else has done to an incident since it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was reopened.
    Reopened,
    /// It was reopened and closed again: with another close, another snapshot.
    ClosedAgain,
    /// Its snapshot was captured.
    Captured,
    /// The promise of its snapshot was taken back.
    Discarded,
    /// The promise was given another eight attempts.
    Retried,
    /// It was given another title.
    Renamed,
    /// It was given another start.
    Moved,
}

impl Seen {
    /// An incident as it is seen now.
    #[must_use]
    pub fn of(incident: &Incident) -> Self {
        Self {
            id: incident.id,
            title: incident.title.clone(),
            date_started: incident.date_started,
            date_closed: incident.date_closed,
            pending: incident.pending.clone(),
        }
    }

    /// What has become of the close that was seen.
    #[must_use]
    pub fn close_since(&self, incident: &Incident) -> Option<Change> {
        match (self.date_closed, incident.date_closed) {
            (Some(_), None) => Some(Change::Reopened),
            (seen, now) => (seen != now).then_some(Change::ClosedAgain),
        }
    }

    /// What has become of the snapshot that was to come. That it failed once more is no change: it is still to come.
    #[must_use]
    pub fn promise_since(&self, incident: &Incident) -> Option<Change> {
        if let Some(change) = self.close_since(incident) {
            return Some(change);
        }
        match (&self.pending, &incident.pending) {
            (_, None) if incident.is_captured() => Some(Change::Captured),
            (Some(_), None) => Some(Change::Discarded),
            (Some(seen), Some(now)) => (seen.target_run_date != now.target_run_date).then_some(Change::ClosedAgain),
            (None, _) => None,
        }
    }

    /// As [`Seen::promise_since`], and whether somebody has set what had failed to be tried again.
    #[must_use]
    pub fn attempts_since(&self, incident: &Incident) -> Option<Change> {
        self.promise_since(incident).or_else(|| {
            let (seen, now) = (self.pending.as_ref()?, incident.pending.as_ref()?);
            let revived = now.attempts < seen.attempts || (seen.dead_since.is_some() && now.dead_since.is_none());
            revived.then_some(Change::Retried)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Aggregation, IncidentType, Measure, SnapshotFacts, Status, TimeWindow};

    fn closed(at: i64) -> Incident {
        let date = Timestamp::from_seconds;
        let (id, target) = (IncidentId::new(6), date(at + 600));
        let pending = PendingSnapshot {
            incident_id: id,
            target_run_date: target,
            next_attempt_at: target,
            attempts: 3,
            last_error: None,
            last_error_at: None,
            last_host: None,
            dead_since: None,
        };
        Incident {
            id,
            title: "Checkout errors".into(),
            incident_type: IncidentType::Created,
            status: Status::Closed,
            aggregation: Aggregation::Total,
            query: String::new(),
            projects: Vec::new(),
            expression: None,
            rule: None,
            time_window: TimeWindow::DEFAULT,
            date_started: date(0),
            date_detected: date(0),
            date_closed: Some(date(at)),
            date_added: date(0),
            pending: Some(pending),
            snapshot: None,
        }
    }

    fn with_attempts(attempts: u32, dead: Option<i64>) -> Incident {
        let mut incident = closed(100);
        if let Some(row) = &mut incident.pending {
            (row.attempts, row.dead_since) = (attempts, dead.map(Timestamp::from_seconds));
        }
        incident
    }

    #[test]
    fn another_close_is_another_incident_to_whoever_decided_about_the_first() {
        let seen = Seen::of(&closed(100));
        assert_eq!(seen.attempts_since(&closed(100)), None);
        assert_eq!(seen.close_since(&closed(160)), Some(Change::ClosedAgain));
        let open = Incident { status: Status::Open, date_closed: None, pending: None, ..closed(100) };
        assert_eq!(seen.promise_since(&open), Some(Change::Reopened));
    }

    #[test]
    fn a_promise_that_is_gone_was_kept_or_taken_back() {
        let seen = Seen::of(&closed(100));
        let discarded = Incident { pending: None, ..closed(100) };
        assert_eq!(seen.promise_since(&discarded), Some(Change::Discarded));
        let facts = SnapshotFacts {
            incident_id: seen.id,
            as_of: Timestamp::from_seconds(700),
            date_added: Timestamp::from_seconds(700),
            partial: false,
            clipped: false,
            source: "events".into(),
            measure: Measure::Events,
            total_events: None,
            unique_users: None,
        };
        let captured = Incident { snapshot: Some(facts), ..discarded };
        assert_eq!(seen.promise_since(&captured), Some(Change::Captured));
    }

    #[test]
    fn failing_once_more_is_no_change_and_being_revived_is_one() {
        let seen = Seen::of(&closed(100));
        assert_eq!(seen.attempts_since(&with_attempts(4, None)), None);
        assert_eq!(seen.attempts_since(&with_attempts(8, Some(900))), None);
        assert_eq!(seen.attempts_since(&with_attempts(0, None)), Some(Change::Retried));
        let dead = Seen::of(&with_attempts(8, Some(900)));
        assert_eq!(dead.attempts_since(&with_attempts(8, None)), Some(Change::Retried));
        assert_eq!(dead.promise_since(&with_attempts(0, None)), None, "a capture does not mind");
    }
}
