//! What the console says in passing, and what it has said. Knows nothing of why.
//!
//! What answers the operator is seen at once. What comes by itself waits behind an answer that has just come, and behind
//! an error, unless it is an error too: nobody should lose what they are reading to a run that happened to end.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::Timestamp;

const KEPT: usize = 200;
/// For so long an answer is seen before something takes its place that came by itself.
const UNDISTURBED: Duration = Duration::from_secs(4);

/// How something said is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// For information.
    Plain,
    /// Something has gone well.
    Success,
    /// Something is not as one might think.
    Warning,
    /// Something went wrong.
    Error,
}

impl Tone {
    const fn lasts(self) -> Duration {
        match self {
            Self::Plain => Duration::from_secs(5),
            Self::Success => Duration::from_secs(8),
            Self::Warning => Duration::from_secs(10),
            Self::Error => Duration::from_secs(15),
        }
    }
}

/// What something said is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// What the operator has just done.
    Answer,
    /// As much, and not worth keeping.
    Passing,
    /// What has happened by itself.
    News,
}

/// Something said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// When.
    pub at: Timestamp,
    /// How it is meant.
    pub tone: Tone,
    /// What.
    pub text: String,
    origin: Origin,
    /// From when on it is seen.
    from: Timestamp,
    until: Timestamp,
}

impl Toast {
    /// Until when it keeps the screen from news of this tone.
    fn undisturbed_by(&self, tone: Tone) -> Timestamp {
        match (self.tone, self.origin) {
            (Tone::Error, _) if tone == Tone::Error => self.from,
            (Tone::Error, _) => self.until,
            (_, Origin::News) => self.from,
            (_, Origin::Answer | Origin::Passing) => self.until.min(self.from + UNDISTURBED),
        }
    }

    fn waits_until(&mut self, from: Timestamp) {
        self.from = from;
        self.until = from + self.tone.lasts();
    }
}

/// What was said, the newest last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toasts {
    said: VecDeque<Toast>,
}

impl Toasts {
    /// Answers the operator: it is seen at once, whatever else is.
    pub fn say(&mut self, tone: Tone, text: impl Into<String>, now: Timestamp) {
        self.add(tone, text.into(), Origin::Answer, now);
    }

    /// Answers what is not worth keeping: it is seen, and not found again.
    pub fn mention(&mut self, tone: Tone, text: impl Into<String>, now: Timestamp) {
        self.add(tone, text.into(), Origin::Passing, now);
    }

    /// Says what has happened by itself: it waits for its turn.
    pub fn report(&mut self, tone: Tone, text: impl Into<String>, now: Timestamp) {
        self.add(tone, text.into(), Origin::News, now);
    }

    fn add(&mut self, tone: Tone, text: String, origin: Origin, now: Timestamp) {
        if self.said.len() == KEPT {
            self.said.pop_front();
        }
        let seen = self.current(now).filter(|_| origin == Origin::News);
        let from = seen.map_or(now, |seen| seen.undisturbed_by(tone).max(now));
        let toast = Toast { at: now, tone, text, origin, from, until: from + tone.lasts() };
        if from == now {
            // What waits comes behind this one, rather than in the middle of it.
            for waiting in self.said.iter_mut().filter(|waiting| now < waiting.from) {
                let turn = toast.undisturbed_by(waiting.tone).max(now);
                waiting.waits_until(turn);
            }
        }
        self.said.push_back(toast);
    }

    /// What is still to be seen: of all whose turn has come, the one whose turn came last.
    #[must_use]
    pub fn current(&self, now: Timestamp) -> Option<&Toast> {
        let begun = self.said.iter().filter(|toast| toast.from <= now);
        begun.max_by_key(|toast| toast.from).filter(|toast| now < toast.until)
    }

    /// Takes away what is to be seen, now or later; it stays in the history.
    pub fn dismiss(&mut self, now: Timestamp) {
        for toast in &mut self.said {
            (toast.from, toast.until) = (toast.from.min(now), toast.until.min(now));
        }
    }

    /// Everything kept, the newest first.
    pub fn history(&self) -> impl Iterator<Item = &Toast> {
        self.said.iter().rev().filter(|toast| toast.origin != Origin::Passing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    /// Checks what is seen in some seconds.
    #[track_caller]
    fn check(toasts: &Toasts, seen: &[(i64, Option<&str>)]) {
        for (second, text) in seen {
            assert_eq!(toasts.current(at(*second)).map(|toast| toast.text.as_str()), *text, "at {second}");
        }
    }

    #[test]
    fn what_was_said_goes_from_the_screen_and_stays_in_the_history() {
        let mut toasts = Toasts::default();
        toasts.say(Tone::Plain, "copied #482", at(100));
        check(&toasts, &[(100, Some("copied #482")), (105, None)]);
        assert_eq!(toasts.history().count(), 1);
    }

    #[test]
    fn what_comes_by_itself_waits_until_an_answer_has_been_seen_for_four_seconds() {
        let mut toasts = Toasts::default();
        toasts.say(Tone::Success, "closed #39", at(0));
        toasts.report(Tone::Success, "captured 2 snapshots", at(1));
        let (ours, news) = (Some("closed #39"), Some("captured 2 snapshots"));
        check(&toasts, &[(1, ours), (3, ours), (4, news), (11, news), (12, None)]);
        toasts.say(Tone::Plain, "copied #39", at(3));
        check(&toasts, &[(3, Some("copied #39")), (6, Some("copied #39")), (7, news), (15, None)]);
        assert_eq!(toasts.history().count(), 3);
    }

    #[test]
    fn an_error_stays_until_its_time_is_over_or_a_newer_error_comes() {
        let mut toasts = Toasts::default();
        toasts.say(Tone::Error, "closing: the database is busy", at(0));
        toasts.report(Tone::Success, "captured 2 snapshots", at(1));
        check(&toasts, &[(14, Some("closing: the database is busy")), (15, Some("captured 2 snapshots"))]);
        toasts.report(Tone::Error, "the processor failed", at(5));
        check(&toasts, &[(5, Some("the processor failed")), (19, Some("the processor failed"))]);
        check(&toasts, &[(20, Some("captured 2 snapshots"))]);
    }

    #[test]
    fn an_answer_is_seen_at_once_whatever_else_is() {
        let mut toasts = Toasts::default();
        toasts.say(Tone::Error, "closing: the database is busy", at(0));
        toasts.say(Tone::Success, "closed #39", at(1));
        check(&toasts, &[(1, Some("closed #39")), (9, None)]);
    }

    #[test]
    fn what_is_only_mentioned_is_not_kept() {
        let mut toasts = Toasts::default();
        toasts.mention(Tone::Warning, "there is nothing to go back from", at(0));
        check(&toasts, &[(0, Some("there is nothing to go back from"))]);
        assert_eq!(toasts.history().count(), 0);
    }

    #[test]
    fn the_history_is_bounded() {
        let mut toasts = Toasts::default();
        for second in 0..1000 {
            toasts.say(Tone::Error, "again", at(second));
        }
        assert_eq!(toasts.history().count(), KEPT);
    }
}
