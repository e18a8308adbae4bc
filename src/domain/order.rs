//! In which order incidents are listed.

use super::named_enum;

named_enum! {
    /// What a list is ordered by. What has none of it comes last, whichever end is first.
    SortKey, "order", "started, urgency, due, target, status, title, projects, rule, type, duration, window, closed, captured, events, \
     users, id" {
        /// When the incident started.
        Started = "started",
        /// Whether its pending snapshot is dead, then whether it has failed, then when it is tried next.
        Urgency = "urgency",
        /// When its snapshot is tried next.
        Due = "due",
        /// When its snapshot was to be captured at the earliest.
        Target = "target",
        /// Open before closed.
        Status = "status",
        /// What it is called, ASCII case ignored.
        Title = "title",
        /// The first of its projects, ASCII case ignored.
        Projects = "projects",
        /// The rule that opened it, ASCII case ignored.
        Rule = "rule",
        /// How it came to be.
        Type = "type",
        /// How long it lasted, or has lasted so far.
        Duration = "duration",
        /// How long its time window is.
        Window = "window",
        /// When it was closed.
        Closed = "closed",
        /// When its snapshot was captured.
        Captured = "captured",
        /// The total events of its snapshot.
        Events = "events",
        /// The unique users of its snapshot.
        Users = "users",
        /// Its number.
        Id = "id",
    }
}

impl SortKey {
    /// As people read it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Urgency => "dead, failing, next",
            Self::Due => "snapshot due",
            Self::Target => "snapshot target",
            Self::Window => "time window",
            Self::Id => "number",
            other => other.name(),
        }
    }

    /// The direction that one wants first.
    #[must_use]
    pub const fn natural(self) -> Direction {
        match self {
            Self::Started
            | Self::Window
            | Self::Duration
            | Self::Closed
            | Self::Captured
            | Self::Events
            | Self::Users
            | Self::Id => Direction::Descending,
            Self::Urgency
            | Self::Due
            | Self::Target
            | Self::Status
            | Self::Title
            | Self::Projects
            | Self::Rule
            | Self::Type => Direction::Ascending,
        }
    }
}

named_enum! {
    /// Which end comes first.
    Direction, "direction", "ascending, descending" {
        /// The smallest, the earliest.
        Ascending = "ascending",
        /// The largest, the latest.
        Descending = "descending",
    }
}

/// The order of a list. Where it leaves two equal, the newer start comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// From which end.
    pub direction: Direction,
}

impl Default for Sort {
    /// The newest start first.
    fn default() -> Self {
        Self::by(SortKey::Started)
    }
}

impl Sort {
    /// By `key`, from its natural end.
    #[must_use]
    pub const fn by(key: SortKey) -> Self {
        Self { key, direction: key.natural() }
    }

    /// The other way round.
    #[must_use]
    pub const fn reversed(self) -> Self {
        let direction = match self.direction {
            Direction::Ascending => Direction::Descending,
            Direction::Descending => Direction::Ascending,
        };
        Self { key: self.key, direction }
    }

    /// By `key`: from its natural end, or the other way round where it is by that key already.
    #[must_use]
    pub fn chosen(self, key: SortKey) -> Self {
        if self.key == key { self.reversed() } else { Self::by(key) }
    }

    /// Whether time alone changes it.
    #[must_use]
    pub const fn follows_time(self) -> bool {
        matches!(self.key, SortKey::Duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reversing_twice_gives_the_same_order() {
        assert_eq!(Sort::default().reversed().reversed(), Sort::default());
        assert_ne!(Sort::default().reversed(), Sort::default());
    }

    #[test]
    fn choosing_the_same_key_again_reverses() {
        let by_title = Sort::default().chosen(SortKey::Title);
        assert_eq!(by_title, Sort::by(SortKey::Title));
        assert_eq!(by_title.chosen(SortKey::Title), by_title.reversed());
    }
}
