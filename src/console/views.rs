//! The views of the console and their order. Knows nothing of what is in them, but whether it is a list.

use crate::domain::Listed;

/// The views, by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewKind {
    /// All incidents.
    Incidents,
    /// The pending snapshots.
    Pending,
    /// The snapshots.
    Snapshots,
    /// The processor.
    Processor,
}

impl ViewKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Incidents, Self::Pending, Self::Snapshots, Self::Processor];

    /// What is listed in it, if anything is.
    #[must_use]
    pub const fn listed(self) -> Option<Listed> {
        match self {
            Self::Incidents => Some(Listed::Incidents),
            Self::Pending => Some(Listed::Pending),
            Self::Snapshots => Some(Listed::Snapshots),
            Self::Processor => None,
        }
    }

    /// As it stands on its tab.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Incidents => "Incidents",
            Self::Pending => "Pending",
            Self::Snapshots => "Snapshots",
            Self::Processor => "Processor",
        }
    }
}
