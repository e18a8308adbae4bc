//! Which questions are on their way to the database, and which answers are out of date. Knows neither.

use crate::console::effect::Lane;
use crate::domain::Timestamp;

/// The questions of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Questions {
    /// The number of the last question.
    asked: u64,
    /// The number of the last question that was answered, well or not.
    answered: u64,
    /// Answers to questions before this one are out of date.
    valid_from: u64,
    /// No question before this instant: the last one was refused, and would be again.
    paused_until: Option<Timestamp>,
}

/// The questions of every kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lanes {
    questions: [Questions; Lane::COUNT],
}

impl Lanes {
    fn of(&mut self, lane: Lane) -> &mut Questions {
        &mut self.questions[lane as usize]
    }

    /// The number of a new question. Answers to earlier ones of its kind still count.
    pub fn ask(&mut self, lane: Lane) -> u64 {
        let questions = self.of(lane);
        questions.asked += 1;
        questions.asked
    }

    /// From here on, what was asked before is out of date: the question has changed, or what it is about.
    pub fn outdate(&mut self, lane: Lane) {
        let questions = self.of(lane);
        questions.valid_from = questions.asked + 1;
    }

    /// Whether an answer still counts. One that is older than another that has come already does not.
    pub fn accept(&mut self, lane: Lane, sequence: u64) -> bool {
        let questions = self.of(lane);
        let fresh = sequence > questions.answered && sequence >= questions.valid_from && sequence <= questions.asked;
        questions.answered = questions.answered.max(sequence);
        fresh
    }

    /// Whether the newest question is still without an answer, and would still count.
    #[must_use]
    pub fn is_waiting(&self, lane: Lane) -> bool {
        let questions = &self.questions[lane as usize];
        questions.asked > questions.answered && questions.asked >= questions.valid_from
    }

    /// Whether a question may be asked: none is on its way, and the last was not refused a moment ago.
    #[must_use]
    pub fn is_ready(&self, lane: Lane, now: Timestamp) -> bool {
        let paused = self.questions[lane as usize].paused_until.is_some_and(|until| now < until);
        !paused && !self.is_waiting(lane)
    }

    /// Asks nothing of this kind until then.
    pub fn pause(&mut self, lane: Lane, until: Timestamp) {
        self.of(lane).paused_until = Some(until);
    }

    /// Nothing is on its way any more: the database was opened anew.
    pub fn forget(&mut self) {
        for lane in Lane::ALL {
            let questions = self.of(lane);
            questions.answered = questions.asked;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_until_the_question_changes() {
        let mut lanes = Lanes::default();
        let first = lanes.ask(Lane::Incidents);
        assert!(lanes.is_waiting(Lane::Incidents));
        lanes.outdate(Lane::Incidents);
        assert!(!lanes.is_waiting(Lane::Incidents), "nobody waits for what is out of date");
        let second = lanes.ask(Lane::Incidents);
        assert!(!lanes.accept(Lane::Incidents, first), "the filter is another one now");
        assert!(lanes.accept(Lane::Incidents, second));
        assert!(!lanes.is_waiting(Lane::Incidents));
    }

    #[test]
    fn answers_out_of_order_and_twice_are_dropped() {
        let mut lanes = Lanes::default();
        let (first, second) = (lanes.ask(Lane::Rows), lanes.ask(Lane::Rows));
        assert!(lanes.accept(Lane::Rows, second));
        assert!(!lanes.accept(Lane::Rows, first));
        assert!(!lanes.accept(Lane::Rows, second));
    }
}
