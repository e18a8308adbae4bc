//! Which incidents a list shows: `status:open project:web window:>10m !rule:canary* chkout`. Knows no SQL.
//!
//! All terms must hold. A term is `field:value`, a number `#12`, or a word of the title; `!` before it turns it round.
//! Several values with commas between them mean any of them. A word is found where its letters stand in order and close
//! together; `'word` and `"several words"` are found only as they are written.

mod complete;
mod parse;
mod word;

use super::{IncidentId, IncidentType, Status, Timestamp, named_enum};

pub use complete::{Names, completions};
pub use parse::{FilterError, Problem};
pub use word::Word;

/// Bytes of a filter, at the most.
pub const FILTER_LIMIT: usize = 500;
/// Terms of a filter, at the most.
pub const TERM_LIMIT: usize = 30;

named_enum! {
    /// What a filter can ask about.
    Field, "field", "status, project, rule, type, window, age, started, closed, duration, snapshot, events, users, id" {
        /// Open or closed.
        Status = "status",
        /// One of its projects.
        Project = "project",
        /// The rule that opened it.
        Rule = "rule",
        /// How it came to be.
        Type = "type",
        /// Its time window.
        Window = "window",
        /// How long ago it started.
        Age = "age",
        /// How long ago it started, or when.
        Started = "started",
        /// How long ago it was closed, or when.
        Closed = "closed",
        /// How long it lasted, or has lasted so far.
        Duration = "duration",
        /// How it stands with its snapshot.
        Snapshot = "snapshot",
        /// The total events of its snapshot.
        Events = "events",
        /// The unique users of its snapshot.
        Users = "users",
        /// Its number.
        Id = "id",
    }
}

named_enum! {
    /// How it stands with an incident's snapshot, as a filter asks for it.
    SnapshotState, "state of a snapshot", "waiting, due, failing, dead, pending, captured, partial, clipped, none" {
        /// Its target lies ahead.
        Waiting = "waiting",
        /// The next run takes it.
        Due = "due",
        /// It has failed and is tried again.
        Failing = "failing",
        /// It has failed too often.
        Dead = "dead",
        /// Any of these: it is promised.
        Pending = "pending",
        /// It is complete.
        Captured = "captured",
        /// It was captured early.
        Partial = "partial",
        /// Its source no longer held all of its range.
        Clipped = "clipped",
        /// There is none, and none is promised.
        None = "none",
    }
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name says it")]
pub enum Comparison {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

impl Comparison {
    /// As it is written, in a filter and in SQL.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Equal => "=",
            Self::AtLeast => ">=",
            Self::More => ">",
        }
    }

    /// What holds of instants where this holds of the time since them.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::More,
            Self::AtMost => Self::AtLeast,
            Self::Equal => Self::Equal,
            Self::AtLeast => Self::AtMost,
            Self::More => Self::Less,
        }
    }
}

/// Something of an incident that can be measured: spans in microseconds, the rest in whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in `Field`")]
pub enum Measure {
    Window,
    Duration,
    Events,
    Users,
}

/// An end of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name says it")]
pub enum Edge {
    Started,
    Closed,
}

/// Which names are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamePattern {
    /// This one, letter case included.
    Exactly(String),
    /// Those with these pieces and anything between them, ASCII case ignored.
    Like(Vec<String>),
}

/// One condition on an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// It has this status.
    Status(Status),
    /// It came to be so.
    Type(IncidentType),
    /// It has this number.
    Id(IncidentId),
    /// One of its projects is called so.
    Project(NamePattern),
    /// Its rule is called so.
    Rule(NamePattern),
    /// So it stands with its snapshot.
    Snapshot(SnapshotState),
    /// It measures so much.
    Measure(Measure, Comparison, i64),
    /// It started or was closed so long ago, in microseconds.
    Since(Edge, Comparison, i64),
    /// It started or was closed before or after an instant.
    At(Edge, Comparison, Timestamp),
    /// Its title or one of its projects has this word, or its number is this.
    Word(Word),
}

/// Conditions of which one must hold, or none where it is negated. A word stands alone in its term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Any of these.
    pub any: Vec<Condition>,
    /// Whether it holds where none of them does.
    pub negated: bool,
}

/// A filter that can be asked: its text as it was written, and the terms it means. The empty one lets everything through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
}

impl Filter {
    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its terms; all must hold.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Whether it lets everything through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The same with one more condition that must hold.
    #[must_use]
    pub fn and(mut self, condition: Condition) -> Self {
        self.terms.push(Term { any: vec![condition], negated: false });
        self
    }

    /// Whether time alone changes what it lets through.
    #[must_use]
    pub fn follows_time(&self) -> bool {
        let follows = |condition: &Condition| match condition {
            Condition::Since(..) | Condition::Measure(Measure::Duration, ..) => true,
            Condition::Snapshot(state) => {
                matches!(state, SnapshotState::Waiting | SnapshotState::Due | SnapshotState::Failing)
            }
            _ => false,
        };
        self.terms.iter().flat_map(|term| &term.any).any(follows)
    }

    /// Every word, with whether it must not be there.
    pub fn words(&self) -> impl Iterator<Item = (&Word, bool)> {
        self.terms.iter().filter_map(|term| match term.any.as_slice() {
            [Condition::Word(word)] => Some((word, term.negated)),
            _ => None,
        })
    }

    /// Which characters of a title its words have found, in ascending order: what is worth pointing at.
    #[must_use]
    pub fn found_in(&self, title: &str) -> Vec<usize> {
        let wanted = self.words().filter(|(_, negated)| !negated);
        let mut found: Vec<usize> = wanted.flat_map(|(word, _)| word.find(title).unwrap_or_default()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}
