//! The model of one incident: the rules once more, as short as they can be said. Knows no database.

use std::time::Duration;

use afterimage::domain::{IncidentId, Timestamp};

use crate::support::Desk;

/// An incident as the rules have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Model {
    window: i64,
    started: Timestamp,
    pub(super) closed: Option<Timestamp>,
    pub(super) promise: Option<Promise>,
    /// As of when its snapshot is, and whether that is a partial one.
    snapshot: Option<(Timestamp, bool)>,
    superseded: usize,
    pub(super) activities: usize,
    pub(super) is_poisoned: bool,
}

/// The promise of its snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Promise {
    target: Timestamp,
    /// `None` while chance decides.
    pub(super) next: Option<Timestamp>,
    pub(super) attempts: u32,
    is_dead: bool,
}

impl Model {
    /// Rule 2: opening writes one activity.
    pub(super) fn new(window: i64, started: Timestamp) -> Self {
        let (closed, promise, snapshot) = (None, None, None);
        Self { window, started, closed, promise, snapshot, superseded: 0, activities: 1, is_poisoned: false }
    }

    /// What the store says of the same incident; what it does not know is taken from the model.
    pub(super) async fn of(desk: &Desk, id: IncidentId, model: &Self) -> Self {
        let incident = desk.incident(id).await;
        let promise = incident.pending.map(|row| Promise {
            target: row.target_run_date,
            next: Some(row.next_attempt_at),
            attempts: row.attempts,
            is_dead: row.dead_since.is_some(),
        });
        Self {
            window: i64::from(incident.time_window.minutes()),
            started: incident.date_started,
            closed: incident.date_closed,
            promise,
            snapshot: incident.snapshot.map(|facts| (facts.as_of, facts.partial)),
            superseded: desk.superseded(id).await.len(),
            activities: desk.timeline(id).await.len(),
            is_poisoned: model.is_poisoned,
        }
    }

    fn target(&self, closed: Timestamp) -> Timestamp {
        let minutes = (10 * self.window).min(10 * 24 * 60);
        closed + Duration::from_secs(minutes.unsigned_abs() * 60)
    }

    /// Rules 4 to 6; the exit status.
    pub(super) fn close(&mut self, given: Option<Timestamp>, now: Timestamp) -> u8 {
        if let Some(closed) = self.closed {
            return if given.is_none_or(|given| given == closed) { 0 } else { 4 };
        }
        let closed = given.unwrap_or(now);
        if closed < self.started || closed > now {
            return 2;
        }
        let target = self.target(closed);
        self.closed = Some(closed);
        self.promise = Some(Promise { target, next: Some(target), attempts: 0, is_dead: false });
        self.activities += 1;
        0
    }

    /// Rules 4, 5 and 7.
    pub(super) fn reopen(&mut self) {
        if self.closed.take().is_some() {
            self.promise = None;
            self.activities += 1;
            if let Some((_, false)) = self.snapshot.take() {
                self.superseded += 1;
            }
        }
    }

    /// Rules 11, 17 and 19; the exit status.
    pub(super) fn force(&mut self, now: Timestamp, early: bool) -> u8 {
        let Some(closed) = self.closed else { return 4 };
        let target = self.target(closed);
        if matches!(self.snapshot, Some((_, false))) || (target > now && !early) {
            return 4;
        }
        self.promise.get_or_insert(Promise { target, next: Some(target), attempts: 0, is_dead: false });
        self.capture(now);
        0
    }

    /// Rule 17; the exit status.
    pub(super) fn retry(&mut self, now: Timestamp) -> u8 {
        let Some(promise) = &mut self.promise else { return 4 };
        if promise.attempts > 0 || promise.is_dead {
            self.activities += 1;
        }
        *promise = Promise { next: Some(now.max(promise.target)), attempts: 0, is_dead: false, ..*promise };
        0
    }

    /// Takes the promise back; the exit status.
    pub(super) fn discard(&mut self) -> u8 {
        let had = self.promise.take().is_some();
        self.activities += usize::from(had);
        if had { 0 } else { 4 }
    }

    /// Rules 15 and 16: whether it was captured or failed, where it is due.
    pub(super) fn process(&mut self, now: Timestamp) -> Option<bool> {
        let promise = self.promise.filter(|promise| !promise.is_dead)?;
        let is_due = promise.target <= now && promise.next.is_some_and(|next| next <= now);
        is_due.then(|| self.capture(now))
    }

    /// Whether it could be captured.
    fn capture(&mut self, now: Timestamp) -> bool {
        let Some(promise) = &mut self.promise else { return false };
        let target = promise.target;
        if self.is_poisoned {
            promise.attempts += 1;
            promise.next = None;
            promise.is_dead |= promise.attempts >= 8;
            return false;
        }
        let is_partial = now < target;
        self.snapshot = Some((now.min(target), is_partial));
        let fresh = Promise { target, next: Some(target), attempts: 0, is_dead: false };
        self.promise = is_partial.then_some(fresh);
        true
    }
}
