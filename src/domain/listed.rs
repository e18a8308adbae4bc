//! What is listed: all incidents, or those of which something is promised or kept.

use super::order::{Sort, SortKey};

/// What a list has in it, whatever its filter lets through of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listed {
    /// All incidents.
    Incidents,
    /// Those that have a pending snapshot.
    Pending,
    /// Those that have a snapshot.
    Snapshots,
}

impl Listed {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Incidents, Self::Pending, Self::Snapshots];

    /// The order that one wants first: what is new, or what needs somebody.
    #[must_use]
    pub const fn order(self) -> Sort {
        Sort::by(match self {
            Self::Incidents => SortKey::Started,
            Self::Pending => SortKey::Urgency,
            Self::Snapshots => SortKey::Captured,
        })
    }
}
