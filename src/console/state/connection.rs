//! Whether the database answers, and when it is asked again when it does not. Pure: chance and time are given.

use std::time::Duration;

use crate::domain::Timestamp;

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Whether the database answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// It is being opened for the first time.
    Opening,
    /// It could not be opened yet.
    Unreachable(Outage),
    /// It answers.
    Up {
        /// When it last did.
        answered_at: Timestamp,
    },
    /// It did, and does no longer.
    Lost {
        /// When it last did.
        answered_at: Timestamp,
        /// How it goes.
        outage: Outage,
    },
}

/// How it goes with a database that does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// What was said the last time.
    pub error: String,
    /// When it is tried again.
    pub retry_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Whether an attempt is under way.
    pub attempt: Attempt,
}

/// Whether an attempt is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It waits.
    Waiting,
    /// It is being tried.
    UnderWay,
}

impl Connection {
    /// It has answered.
    pub fn answered(&mut self, now: Timestamp) {
        *self = Self::Up { answered_at: now };
    }

    /// It has not. The wait doubles up to half a minute, and is spread by `chance` so that consoles do not ask in step.
    pub fn failed(&mut self, error: String, now: Timestamp, chance: f64) {
        let attempts = self.outage().map_or(0, |outage| outage.attempts) + 1;
        let wait = FIRST_WAIT.saturating_mul(2u32.saturating_pow(attempts.min(10))).min(LONGEST_WAIT);
        let retry_at = now + wait.mul_f64(0.75 + 0.5 * chance.clamp(0.0, 1.0));
        let outage = Outage { error, retry_at, attempts, attempt: Attempt::Waiting };
        *self = match self {
            Self::Opening | Self::Unreachable(_) => Self::Unreachable(outage),
            Self::Up { answered_at } | Self::Lost { answered_at, .. } => {
                Self::Lost { answered_at: *answered_at, outage }
            }
        };
    }

    /// What is known of the outage, if there is one.
    #[must_use]
    pub fn outage(&self) -> Option<&Outage> {
        match self {
            Self::Unreachable(outage) | Self::Lost { outage, .. } => Some(outage),
            Self::Opening | Self::Up { .. } => None,
        }
    }

    /// Whether it is time to try again; if so, the attempt is under way from here on.
    pub fn begin_attempt(&mut self, now: Timestamp) -> bool {
        let (Self::Unreachable(outage) | Self::Lost { outage, .. }) = self else { return false };
        let begins = outage.attempt == Attempt::Waiting && outage.retry_at <= now;
        if begins {
            outage.attempt = Attempt::UnderWay;
        }
        begins
    }

    /// Whether it answers.
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(self, Self::Up { .. })
    }

    /// When it last answered.
    #[must_use]
    pub fn answered_at(&self) -> Option<Timestamp> {
        match self {
            Self::Up { answered_at } | Self::Lost { answered_at, .. } => Some(*answered_at),
            Self::Opening | Self::Unreachable(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_half_a_minute_and_starts_anew_after_an_answer() {
        let now = Timestamp::from_seconds(1000);
        let mut connection = Connection::Up { answered_at: now };
        let mut wait = || {
            connection.failed("gone".into(), now, 0.5);
            connection.outage().unwrap().retry_at.since(now).as_secs()
        };
        assert_eq!([wait(), wait(), wait(), wait(), wait(), wait()], [2, 4, 8, 16, 30, 30]);
        assert_eq!(connection.answered_at(), Some(now));
        connection.answered(now);
        connection.failed("gone".into(), now, 0.5);
        assert_eq!(connection.outage().unwrap().attempts, 1);
    }

    #[test]
    fn an_attempt_begins_once_and_only_when_it_is_time() {
        let now = Timestamp::from_seconds(1000);
        let mut connection = Connection::Opening;
        connection.failed("refused".into(), now, 0.5);
        assert!(!connection.begin_attempt(now));
        assert!(connection.begin_attempt(now + Duration::from_secs(2)));
        assert!(!connection.begin_attempt(now + Duration::from_secs(9)), "one is under way");
    }
}
