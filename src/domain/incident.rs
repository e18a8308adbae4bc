//! An incident's vocabulary and what may become of it: open, close, reopen. Knows nothing of how it is stored.

use std::fmt;

use thiserror::Error;

use super::expression::{Expression, Measure};
use super::named_enum;
use super::pending::PendingSnapshot;
use super::snapshot::SnapshotFacts;
use super::time_window::TimeWindow;
use super::timestamp::Timestamp;
use super::window::Course;

/// The number of an incident: what people say, `#482`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId(i64);

impl IncidentId {
    /// The incident numbered `id`.
    #[must_use]
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// The bare number.
    #[must_use]
    pub const fn value(self) -> i64 {
        self.0
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

named_enum! {
    /// Whether an incident is going on.
    Status, "status", "open, closed" {
        /// It is going on; there is nothing to capture yet.
        Open = "open",
        /// It is over; a pending snapshot or a snapshot belongs to it.
        Closed = "closed",
    }
}

named_enum! {
    /// How an incident came to be.
    IncidentType, "incident type", "detected, created, alert_triggered" {
        /// Found by a person or a program that looked at the data.
        Detected = "detected",
        /// Made by hand.
        Created = "created",
        /// An alert rule fired.
        AlertTriggered = "alert_triggered",
    }
}

named_enum! {
    /// What a bucket of a series counts.
    Aggregation, "aggregation", "total, unique_users" {
        /// The sum of the event weights.
        Total = "total",
        /// The number of distinct users.
        UniqueUsers = "unique_users",
    }
}

named_enum! {
    /// What an entry of an incident's timeline tells.
    ActivityKind, "activity kind", "detected, status_change, comment, edit" {
        /// The incident was opened.
        Detected = "detected",
        /// It was closed or reopened.
        StatusChange = "status_change",
        /// Somebody said something.
        Comment = "comment",
        /// Its title or its start was corrected.
        Edit = "edit",
    }
}

/// An incident as it stands, with its promise and what was kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// What it is called; from outside, so made printable before it is shown.
    pub title: String,
    /// How it came to be.
    pub incident_type: IncidentType,
    /// Whether it is going on.
    pub status: Status,
    /// What a bucket counts.
    pub aggregation: Aggregation,
    /// Which events count, as it was written.
    pub query: String,
    /// The projects, sorted; none means all.
    pub projects: Vec<String>,
    /// What another source is asked instead of the events table.
    pub expression: Option<Expression>,
    /// The name of the rule that opened it.
    pub rule: Option<String>,
    /// `W`.
    pub time_window: TimeWindow,
    /// When it started.
    pub date_started: Timestamp,
    /// When somebody or something noticed.
    pub date_detected: Timestamp,
    /// When it was over; `None` while it is open.
    pub date_closed: Option<Timestamp>,
    /// When it was recorded here.
    pub date_added: Timestamp,
    /// The promise of a snapshot.
    pub pending: Option<PendingSnapshot>,
    /// The current snapshot, without its series.
    pub snapshot: Option<SnapshotFacts>,
}

impl Incident {
    /// What decides its ranges.
    #[must_use]
    pub fn course(&self) -> Course {
        Course { date_started: self.date_started, date_closed: self.date_closed, time_window: self.time_window }
    }

    /// What the values of its series are: those of its snapshot, or else those that it will have.
    #[must_use]
    pub fn measure(&self) -> Measure {
        let expected = self.expression.as_ref().map_or(Measure::Events, |expression| expression.measure);
        self.snapshot.as_ref().map_or(expected, |facts| facts.measure)
    }

    /// Whether a complete snapshot exists, which nothing but a reopening may replace (rule 16).
    #[must_use]
    pub fn is_captured(&self) -> bool {
        self.snapshot.as_ref().is_some_and(|snapshot| !snapshot.partial)
    }
}

/// Why an incident cannot have the times that it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IncidentTimeError {
    /// Rule 2.
    #[error("the start {given} is in the future: it is {now} now")]
    StartInFuture {
        /// The start that was asked for.
        given: Timestamp,
        /// The instant at which it was asked.
        now: Timestamp,
    },
    /// A start after the close.
    #[error("the start {given} is after the close {date_closed}")]
    StartAfterClose {
        /// The start that was asked for.
        given: Timestamp,
        /// When the incident was closed.
        date_closed: Timestamp,
    },
    /// Detected before it began or after now.
    #[error("the detection {given} is not between the start {date_started} and now, {now}")]
    DetectedOutside {
        /// The detection that was asked for.
        given: Timestamp,
        /// When the incident started.
        date_started: Timestamp,
        /// The instant at which it was asked.
        now: Timestamp,
    },
    /// Rule 6.
    #[error("the close {given} is before the start {date_started}")]
    CloseBeforeStart {
        /// The close that was asked for.
        given: Timestamp,
        /// When the incident started.
        date_started: Timestamp,
    },
    /// Rule 6.
    #[error("the close {given} is in the future: it is {now} now")]
    CloseInFuture {
        /// The close that was asked for.
        given: Timestamp,
        /// The instant at which it was asked.
        now: Timestamp,
    },
}

/// The times of a new incident (rule 2): the start defaults to now, the detection to the start.
///
/// # Errors
/// A start in the future, or a detection before the start or in the future.
pub fn opening_times(
    date_started: Option<Timestamp>,
    date_detected: Option<Timestamp>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), IncidentTimeError> {
    let date_started = date_started.unwrap_or(now);
    if date_started > now {
        return Err(IncidentTimeError::StartInFuture { given: date_started, now });
    }
    let date_detected = date_detected.unwrap_or(date_started);
    if date_detected < date_started || date_detected > now {
        return Err(IncidentTimeError::DetectedOutside { given: date_detected, date_started, now });
    }
    Ok((date_started, date_detected))
}

/// What a request to close comes to, given the incident as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// The incident is open: it is closed at this instant (rule 6).
    CloseAt(Timestamp),
    /// It is closed already and nothing else was asked for (rule 4).
    NothingToDo,
    /// It is closed already, and the request says something else than what is so (rule 4).
    Conflict {
        /// When it was closed.
        date_closed: Timestamp,
    },
}

/// Decides a request to close an incident (rules 4 and 6).
///
/// `date_closed` is the incident's present close, `None` while it is open. An explicit time that is the present one
/// asks for nothing new.
///
/// # Errors
/// A close before the start or in the future.
pub fn closing(
    date_started: Timestamp,
    date_closed: Option<Timestamp>,
    at: Option<Timestamp>,
    with_comment: bool,
    now: Timestamp,
) -> Result<Closing, IncidentTimeError> {
    if let Some(date_closed) = date_closed {
        let same_time = at.is_none_or(|at| at == date_closed);
        return Ok(if same_time && !with_comment { Closing::NothingToDo } else { Closing::Conflict { date_closed } });
    }
    let given = at.unwrap_or(now);
    if given < date_started {
        Err(IncidentTimeError::CloseBeforeStart { given, date_started })
    } else if given > now {
        Err(IncidentTimeError::CloseInFuture { given, now })
    } else {
        Ok(Closing::CloseAt(given))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn enums_are_read_by_the_name_they_are_written_with() {
        for kind in IncidentType::ALL {
            assert_eq!(kind.name().parse(), Ok(*kind));
        }
        let error = "resolved".parse::<Status>().unwrap_err();
        assert_eq!(error.to_string(), "'resolved' is no status: it is one of open, closed");
    }

    #[test]
    fn rule_2_the_start_defaults_to_now_and_the_detection_to_the_start() {
        assert_eq!(opening_times(None, None, at(100)), Ok((at(100), at(100))));
        assert_eq!(opening_times(Some(at(40)), None, at(100)), Ok((at(40), at(40))));
        assert_eq!(opening_times(Some(at(40)), Some(at(50)), at(100)), Ok((at(40), at(50))));
    }

    #[test]
    fn rule_2_nothing_starts_in_the_future_or_is_detected_before_its_start() {
        assert!(opening_times(Some(at(101)), None, at(100)).is_err());
        assert!(opening_times(Some(at(40)), Some(at(39)), at(100)).is_err());
        assert!(opening_times(Some(at(40)), Some(at(101)), at(100)).is_err());
    }

    #[test]
    fn rule_4_closing_again_is_a_no_op_unless_it_says_something_else() {
        let check = |time, comment| closing(at(10), Some(at(50)), time, comment, at(100)).unwrap();
        assert_eq!(check(None, false), Closing::NothingToDo);
        assert_eq!(check(Some(at(50)), false), Closing::NothingToDo);
        assert_eq!(check(Some(at(51)), false), Closing::Conflict { date_closed: at(50) });
        assert_eq!(check(None, true), Closing::Conflict { date_closed: at(50) });
    }

    #[test]
    fn rule_6_a_close_is_now_or_between_the_start_and_now() {
        let check = |time| closing(at(10), None, time, false, at(100));
        assert_eq!(check(None), Ok(Closing::CloseAt(at(100))));
        assert_eq!(check(Some(at(10))), Ok(Closing::CloseAt(at(10))));
        assert!(matches!(check(Some(at(9))), Err(IncidentTimeError::CloseBeforeStart { .. })));
        assert!(matches!(check(Some(at(101))), Err(IncidentTimeError::CloseInFuture { .. })));
    }

    proptest! {
        #[test]
        fn rule_6_an_accepted_close_lies_between_the_start_and_now(start: i64, time: Option<i64>, now: i64) {
            let (start, now) = (Timestamp::from_micros(start), Timestamp::from_micros(now));
            if let Ok(decided) = closing(start, None, time.map(Timestamp::from_micros), true, now) {
                let Closing::CloseAt(close) = decided else { return Err(TestCaseError::fail("an open one closes")) };
                prop_assert!(start <= close && close <= now);
            }
        }
    }
}
