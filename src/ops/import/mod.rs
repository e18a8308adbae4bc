//! Imports events: a file or a stream in two passes, or a live feed line by line.
//!
//! ```text
//! check    reads everything on a thread, without a lock: bad lines, a hash; a stream is spooled meanwhile
//! commit   reads it again, and commits chunk by chunk with the position reached, under that hash
//! follow   one pass over a feed that may never end, committed within a second
//! ```
//!
//! Both read with the same parser, in blocks, so that memory stays flat however long the input is.

mod background;
mod check;
mod commit;
mod csv;
mod fields;
mod follow;
mod intake;
mod lines;
mod ndjson;
mod parser;
mod record;

use std::fmt;

use super::OpsError;
use crate::domain::{Event, text};
use crate::store::{Store, StoreError};
use parser::{Found, Parser};
use record::Defaults;

pub use follow::{FollowReport, FollowRequest, follow};
pub use intake::Input;
pub use parser::Format;

/// What is imported, and how.
pub struct ImportRequest {
    /// Where it comes from.
    pub input: Input,
    /// How it is written; by the extension or the first line where nothing is said.
    pub format: Option<Format>,
    /// The project of records that name none.
    pub project: Option<String>,
    /// The level of records that name none.
    pub level: Option<String>,
    /// Imports once more what was imported already.
    pub again: bool,
    /// Leaves bad records out rather than importing nothing.
    pub skip_invalid: bool,
}

impl ImportRequest {
    /// A plain import of `input`.
    #[must_use]
    pub fn of(input: Input) -> Self {
        Self { input, format: None, project: None, level: None, again: false, skip_invalid: false }
    }
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// In which pass.
    pub phase: Phase,
    /// Bytes of this pass that are done.
    pub bytes_done: u64,
    /// Bytes of this pass; `None` where the input's length is not known yet.
    pub bytes_total: Option<u64>,
    /// Records of this pass that are done.
    pub records: u64,
}

/// The pass of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The first: everything is read, nothing stored.
    Checking,
    /// The second: it is stored.
    Importing,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Records in the input: rows, or lines that are not blank; the bad ones too.
    pub records: u64,
    /// Events that were stored now.
    pub imported: u64,
    /// Records of now that changed nothing, for their `event_id` was known.
    pub known: u64,
    /// Bad records that were left out.
    pub skipped_invalid: u64,
    /// The same content was imported before with the same options: nothing was done.
    pub already_imported: bool,
    /// The record from which an import that had been cut off was continued.
    pub resumed_at: Option<u64>,
    /// The first bad records of the input.
    pub invalid: Vec<InvalidLine>,
}

/// A record that cannot be taken. Displays as `line 7: why`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidLine {
    /// The line on which it starts.
    pub line: u64,
    /// What is wrong with it, fit to be shown.
    pub reason: String,
}

impl fmt::Display for InvalidLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.reason)
    }
}

/// What a reader makes of bytes that arrive in these pieces: each record with the line on which it begins. Nothing is
/// stored; a header that cannot be worked with is an invalid line. For checks of the readers themselves.
#[doc(hidden)]
pub fn read_pieces<'a>(
    format: Option<Format>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Result<(u64, Event), InvalidLine>> {
    let mut records = Vec::new();
    let mut keep = |found: Found| match found {
        Found::Header => {}
        Found::Event { line, event } => records.push(Ok((line, event))),
        Found::Bad { line, reason } | Found::NoHeader { line, reason } => {
            records.push(Err(InvalidLine { line, reason: text::printable(&reason) }));
        }
    };
    let mut parser = Parser::new(format, Defaults::default());
    for piece in pieces {
        parser.feed(piece, &mut keep);
    }
    parser.finish(&mut keep);
    records
}

/// Imports events. What was committed before an error stays, and the next import of the same goes on behind it.
///
/// # Errors
/// Where the input cannot be read, a record of it is bad and bad ones are not to be left out (then nothing is
/// imported), it changes while it is being read, another process imports the same, or the database fails.
pub async fn import(
    store: &Store,
    request: ImportRequest,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<ImportReport, OpsError> {
    let defaults = checked_defaults(request.project.as_deref(), request.level.as_deref())?;
    let checked = check::check(request.input, request.format, defaults, progress).await?;
    if !request.skip_invalid {
        checked.findings.refuse_invalid()?;
    }
    commit::commit(store, checked, request.again, progress).await
}

/// Long work outlives a database that others keep busy, for so many waits of 5 s.
const BUSY_ATTEMPTS: u32 = 12;

/// Tries a transaction again while the database is busy: then nothing of it was committed.
async fn patiently<T, F>(transaction: impl Fn() -> F) -> Result<T, OpsError>
where
    F: Future<Output = Result<T, OpsError>>,
{
    for _ in 1..BUSY_ATTEMPTS {
        match transaction().await {
            Err(OpsError::Store(StoreError::Busy)) => {}
            outcome => return outcome,
        }
    }
    transaction().await
}

fn checked_defaults(project: Option<&str>, level: Option<&str>) -> Result<Defaults, OpsError> {
    let project = project.map(|project| text::required("project", project, text::NAME_LIMIT)).transpose()?;
    let level = level.map(|level| text::required("level", level, text::NAME_LIMIT)).transpose()?;
    Ok(Defaults { project: project.map(str::to_owned), level: level.map(str::to_owned) })
}
