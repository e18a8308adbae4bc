//! Why a command did not do what it was told.

use thiserror::Error;

use crate::domain::Remedy;
use crate::ops::OpsError;
use crate::store::StoreError;

/// Why a command did not do what it was told.
#[derive(Debug, Error)]
pub enum CliError {
    /// It could not be done.
    #[error("{}", with_remedy(.0))]
    Ops(#[from] OpsError),
    /// What was done could not be said.
    #[error("the output cannot be written: {0}")]
    Output(#[from] std::io::Error),
}

impl CliError {
    /// The exit status that says it to scripts.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Ops(error) => error.exit_status(),
            // Whoever reads has read enough, as `head` does.
            Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => 0,
            Self::Output(_) => 1,
        }
    }

    /// Whether there is nothing to say about it.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

/// What can be done instead is said in commands.
fn with_remedy(error: &OpsError) -> String {
    let OpsError::Refused(refusal) = error else { return error.to_string() };
    refusal.said(|remedy| match remedy {
        Remedy::CommentOrReopen => {
            "comment on it with 'incident comment', or reopen it to close it at another time".to_owned()
        }
        Remedy::Reopen => "reopen it instead".to_owned(),
        Remedy::CaptureEarly => "with --force it is captured now, without what happens until then".to_owned(),
        Remedy::SeeSnapshot(id) => format!("see 'snapshot show {id}'"),
    })
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        Self::Ops(error.into())
    }
}

impl From<crate::domain::timestamp::TimeError> for CliError {
    fn from(error: crate::domain::timestamp::TimeError) -> Self {
        Self::Ops(error.into())
    }
}
