//! Why something was not done, in the kinds that become exit statuses.

use thiserror::Error;

use crate::domain::event::EventError;
use crate::domain::incident::IncidentTimeError;
use crate::domain::names::UnknownName;
use crate::domain::query::QueryError;
use crate::domain::text::TextError;
use crate::domain::time_window::TimeWindowError;
use crate::domain::timestamp::TimeError;
use crate::domain::{IncidentId, Refusal, Remedy, text};
use crate::source::SourceError;
use crate::store::StoreError;

/// Why something was not done. Nothing was changed, except where an import says how far it came.
#[derive(Debug, Error)]
pub enum OpsError {
    /// What was asked makes no sense.
    #[error("{0}")]
    Input(String),
    /// What was asked for does not exist.
    #[error("{0}")]
    Absent(String),
    /// What is so forbids it.
    #[error("{0}")]
    Conflict(String),
    /// What is so forbids it, and each shell says in its own words what can be done instead.
    #[error("{}", .0.text)]
    Refused(Box<Refusal>),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A source of the configuration.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file.
    #[error("{what}: {source}")]
    File {
        /// Which.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It ran into something that cannot be.
    #[error("a defect in this program: {0}")]
    Defect(String),
    /// It was interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl OpsError {
    /// No incident has this number.
    #[must_use]
    pub fn no_incidents(ids: &[IncidentId]) -> Self {
        let numbers: Vec<String> = ids.iter().map(ToString::to_string).collect();
        match numbers.as_slice() {
            [number] => Self::Absent(format!("there is no incident {number}")),
            _ => Self::Absent(format!("there are no incidents {}", numbers.join(", "))),
        }
    }

    /// No rule has this name.
    #[must_use]
    pub fn no_rule(name: &str) -> Self {
        Self::Absent(format!("there is no rule '{}': see 'afterimage rule list'", text::shorten(name, 60)))
    }

    /// What is so forbids it; this can be done instead.
    #[must_use]
    pub fn refused(text: String, remedy: Remedy) -> Self {
        Self::Refused(Box::new(Refusal::new(text, Some(remedy))))
    }

    /// The exit status that says it to scripts.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => 3,
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => 5,
            Self::Input(_) | Self::File { .. } => 2,
            Self::Absent(_) => 3,
            Self::Conflict(_) | Self::Refused(_) => 4,
            Self::Store(error) => store_status(error),
            Self::Source(error) => {
                if error.is_own_fault() {
                    4
                } else {
                    5
                }
            }
            Self::Defect(_) => 1,
            Self::Interrupted => 130,
        }
    }
}

fn store_status(error: &StoreError) -> u8 {
    match error {
        StoreError::Url(_) => 2,
        StoreError::Busy | StoreError::Schema(_) => 4,
        StoreError::Damaged(_) | StoreError::Statement(_) => 1,
        StoreError::Missing(_)
        | StoreError::NotADatabase(_)
        | StoreError::Unreachable { .. }
        | StoreError::ReadOnly
        | StoreError::Full(_)
        | StoreError::Gone(_)
        | StoreError::Replaced(_)
        | StoreError::Unconfirmed(_)
        | StoreError::Exhausted(_)
        | StoreError::Connection(_) => 5,
    }
}

/// Every way in which an input can be wrong says itself what is wrong with it.
macro_rules! input_errors {
    ($($error:ty),+) => {
        $(impl From<$error> for OpsError {
            fn from(error: $error) -> Self {
                Self::Input(error.to_string())
            }
        })+
    };
}
input_errors!(EventError, IncidentTimeError, QueryError, TextError, TimeError, TimeWindowError, UnknownName);
