//! What can go wrong with the database, in the few kinds that callers tell apart.

use std::borrow::Cow;

use thiserror::Error;

/// What went wrong with the database. No message ever holds a password.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database URL cannot be used.
    #[error("{0}")]
    Url(String),
    /// There is no database file at that place.
    #[error("there is no database at {0}: create one with 'afterimage db migrate' or with ?mode=rwc")]
    Missing(String),
    /// The file is something else.
    #[error("{0} is not a database")]
    NotADatabase(String),
    /// The database answers nothing, or refuses the connection.
    #[error("the database {location} is not reachable: {reason}")]
    Unreachable {
        /// Its name.
        location: String,
        /// What the attempt said.
        reason: String,
    },
    /// The schema is not one that this program works with.
    #[error("{0}")]
    Schema(String),
    /// The database may not be written to.
    #[error("the database is read-only")]
    ReadOnly,
    /// Somebody else holds what is needed for longer than one waits.
    #[error("the database is busy: somebody else holds the rows that are needed, try again")]
    Busy,
    /// The disk is full.
    #[error("the database's disk is full: {0}; nothing was changed: make room, then what waits goes on")]
    Full(String),
    /// The database file is no longer where it was opened.
    #[error(
        "the database {0} is gone: its file was deleted or moved while it was in use; what was not done is done when it is back"
    )]
    Gone(String),
    /// Another file has taken the place of the database file.
    #[error(
        "the database {0} was replaced by another file while it was in use: stop all that uses it, remove the old -wal and -shm \
             files beside it, and start again"
    )]
    Replaced(String),
    /// It has not enough memory or time for this, or cannot read what it needs for it.
    #[error("the database could not do it: {0}")]
    Exhausted(String),
    /// A stored row makes no sense.
    #[error("a stored row is damaged: {0}")]
    Damaged(String),
    /// The statement failed on what it was given.
    #[error("the database refused a statement: {0}")]
    Statement(#[source] sqlx::Error),
    /// The connection failed in the middle.
    #[error("the connection to the database failed: {0}")]
    Connection(String),
    /// The connection failed before the database said whether it has made a change.
    #[error(
        "the connection to the database failed before it confirmed the change, which may have been made or not: look, \
             then try again: {0}"
    )]
    Unconfirmed(String),
}

impl StoreError {
    /// Whether it is a fault of the database or of the way to it, and not of the row in hand (rule 17).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Damaged(_) | Self::Statement(_))
    }

    /// Whether every other row would meet it as well, so that a run ends with it. What is no row's fault and does not
    /// end a run may still be one row's doing: a huge one takes all the memory or all the disk there is.
    #[must_use]
    pub fn stops_every_row(&self) -> bool {
        self.is_transient() && !matches!(self, Self::Exhausted(_) | Self::Full(_))
    }

    /// Whether a statement was ended because it took too long.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        let Self::Statement(sqlx::Error::Database(fault)) = self else { return false };
        // Postgres cancels the statement, SQLite interrupts it.
        fault.code().is_some_and(|code| code == "57014" || code == "9")
    }

    /// Whether it means that the database cannot be used at all at the moment.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Connection(_)
                | Self::Unconfirmed(_)
                | Self::Full(_)
                | Self::Missing(_)
                | Self::Gone(_)
                | Self::Replaced(_)
        )
    }

    /// What it means where it comes of a commit.
    pub(super) fn of_commit(self) -> Self {
        match self {
            Self::Connection(reason) => Self::Unconfirmed(reason),
            other => other,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(fault) => classify(fault.code(), fault.message()).unwrap_or(Self::Statement(error)),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                Self::Damaged(error.to_string())
            }
            sqlx::Error::PoolTimedOut => Self::Connection(
                "no connection could be had in time: the database does not answer, or all connections of this process are \
                 in use"
                    .into(),
            ),
            sqlx::Error::Encode(_) | sqlx::Error::InvalidArgument(_) | sqlx::Error::RowNotFound => {
                Self::Statement(error)
            }
            _ => Self::Connection(error.to_string()),
        }
    }
}

/// Postgres codes have five characters, SQLite's are numbers whose low byte is the primary code.
fn classify(code: Option<Cow<'_, str>>, message: &str) -> Option<StoreError> {
    let code = code?;
    if code.len() == 5 && !code.starts_with("SQ") {
        return classify_postgres(&code, message);
    }
    match code.parse::<u32>().ok()? & 0xff {
        // The last one is what many processes at once on one log may meet.
        5 | 6 | 15 => Some(StoreError::Busy),
        8 => Some(StoreError::ReadOnly),
        13 => Some(StoreError::Full(message.to_owned())),
        26 => Some(StoreError::NotADatabase("the file".into())),
        // No memory, and a damaged page, which may be one that a single row needs.
        7 | 11 => Some(StoreError::Exhausted(message.to_owned())),
        10 | 14 => Some(StoreError::Connection(message.to_owned())),
        _ => None,
    }
}

fn classify_postgres(code: &str, message: &str) -> Option<StoreError> {
    match code {
        // Serialization failure, deadlock, lock not available.
        "40001" | "40P01" | "55P03" => Some(StoreError::Busy),
        "25006" => Some(StoreError::ReadOnly),
        "53100" => Some(StoreError::Full(message.to_owned())),
        // No memory, or a configured limit, as that of temporary files: one huge row may be the reason.
        "53000" | "53200" | "53400" => Some(StoreError::Exhausted(message.to_owned())),
        _ => {
            // Connection exceptions, exhausted resources, and the server going away. A statement that ran into its
            // own timeout (57014) is not among them: it is the fault of what it was asked for.
            let server = code.starts_with("08") || code.starts_with("53") || code.starts_with("58");
            let leaving = matches!(code, "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03");
            (server || leaving).then(|| StoreError::Connection(message.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transient(code: &'static str) -> bool {
        classify(Some(code.into()), "x").is_some_and(|error| error.is_transient())
    }

    #[test]
    fn rule_17_faults_of_the_database_are_not_the_row_s_fault() {
        for code in ["40001", "40P01", "55P03", "57P01", "57P03", "08006", "53300", "5", "517", "6", "10", "13"] {
            assert!(transient(code), "{code}");
        }
        for code in ["53200", "53400", "7", "267", "15"] {
            assert!(transient(code), "{code}");
        }
        for code in ["57014", "22003", "23514", "1", "19", "P0001"] {
            assert!(!transient(code), "{code}");
        }
    }

    #[test]
    fn rule_17_what_may_be_one_row_s_doing_does_not_end_a_run() {
        let ends = |code: &'static str| classify(Some(code.into()), "x").is_some_and(|error| error.stops_every_row());
        for code in ["40001", "55P03", "57P01", "08006", "53300", "25006", "5", "8", "10"] {
            assert!(ends(code), "{code}");
        }
        for code in ["53200", "53400", "53100", "7", "11", "13", "57014", "22003", "19"] {
            assert!(!ends(code), "{code}");
        }
    }
}
