//! What the incident list shows and in which order: the filter as it is typed, and the sort. Knows no rows.

use thiserror::Error;

use crate::domain::Status;
use crate::domain::names::UnknownName;

/// So many pending snapshots, and so many snapshots, are listed at most.
pub const LIST_LIMIT: u32 = 1_000;

/// A filter as the operator typed it, and what it means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// As it was typed.
    pub text: String,
    /// `status:open`.
    pub status: Option<Status>,
    /// `project:web`.
    pub project: Option<String>,
    /// Everything else, in the order of typing: looked for in titles, projects and numbers.
    pub search: Option<String>,
}

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FilterError {
    /// `status:` with something that is none.
    #[error(transparent)]
    Status(#[from] UnknownName),
    /// `project:` without one.
    #[error("'project:' names no project")]
    NoProject,
}

impl Filter {
    /// Reads `status:open project:web words`.
    ///
    /// # Errors
    /// Where a field has a value that it cannot have.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut filter = Self { text: text.trim().to_owned(), ..Self::default() };
        let mut words = Vec::new();
        for word in text.split_whitespace() {
            match word.split_once(':') {
                Some(("status", "all")) => filter.status = None,
                Some(("status", name)) => filter.status = Some(name.parse()?),
                Some(("project", "")) => return Err(FilterError::NoProject),
                Some(("project", name)) => filter.project = Some(name.to_owned()),
                _ => words.push(word),
            }
        }
        filter.search = (!words.is_empty()).then(|| words.join(" "));
        Ok(filter)
    }

    /// Whether it leaves everything in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.status.is_none() && self.project.is_none() && self.search.is_none()
    }
}

/// What the list is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// When the incident started.
    Started,
    /// When its snapshot is tried next; those that wait for none come last.
    Due,
    /// Open before closed.
    Status,
    /// What it is called.
    Title,
    /// How long its time window is.
    Window,
}

impl SortKey {
    /// All of them, in the order of the menu.
    pub const ALL: [Self; 5] = [Self::Started, Self::Due, Self::Status, Self::Title, Self::Window];

    /// As it stands in the menu.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Due => "snapshot due",
            Self::Status => "status",
            Self::Title => "title",
            Self::Window => "time window",
        }
    }

    /// The direction that one wants first.
    #[must_use]
    pub const fn natural(self) -> Direction {
        match self {
            Self::Started | Self::Window => Direction::Descending,
            Self::Due | Self::Status | Self::Title => Direction::Ascending,
        }
    }
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest, the earliest.
    Ascending,
    /// The largest, the latest.
    Descending,
}

/// The order of the list.
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_fields_and_words() {
        let filter = Filter::parse(" status:open checkout  project:web 5xx: ").unwrap();
        assert_eq!(filter.status, Some(Status::Open));
        assert_eq!(filter.project.as_deref(), Some("web"));
        assert_eq!(filter.search.as_deref(), Some("checkout 5xx:"));
        assert!(Filter::parse("  ").unwrap().is_empty());
        assert!(Filter::parse("status:all").unwrap().is_empty());
    }

    #[test]
    fn a_field_with_an_impossible_value_is_refused() {
        let error = Filter::parse("status:resolved").unwrap_err();
        assert_eq!(error.to_string(), "'resolved' is no status: it is one of open, closed");
        assert_eq!(Filter::parse("project:"), Err(FilterError::NoProject));
    }

    #[test]
    fn reversing_twice_gives_the_same_order() {
        assert_eq!(Sort::default().reversed().reversed(), Sort::default());
        assert_ne!(Sort::default().reversed(), Sort::default());
    }
}
