//! A live feed: one pass, line by line, committed soon after it arrives. It may never end, so nothing of it is kept,
//! hashed or resumed; a feed that may send an event twice gives it an `event_id`.

use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio::time::{Instant, sleep_until};

use super::parser::{Format, Found, Parser};
use super::patiently;
use crate::domain::{Event, text};
use crate::ops::OpsError;
use crate::store::Store;

/// An event is committed at the latest so long after it has arrived; a second would leave no time for the commit.
const DELAY: Duration = Duration::from_millis(500);
/// So many events are committed without waiting for more.
const FULL: usize = 2_000;

/// How a feed is taken.
#[derive(Debug, Clone, Default)]
pub struct FollowRequest {
    /// How it is written; by its first line where nothing is said.
    pub format: Option<Format>,
    /// The project of records that name none.
    pub project: Option<String>,
    /// The level of records that name none.
    pub level: Option<String>,
}

/// What came of a feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FollowReport {
    /// Records, the bad ones too.
    pub records: u64,
    /// Events that were stored.
    pub imported: u64,
    /// Records that changed nothing, for their `event_id` was known.
    pub known: u64,
    /// Bad records, each of which was reported.
    pub skipped_invalid: u64,
}

/// Takes a feed until it ends. A bad record is reported with its line, and left out.
///
/// # Errors
/// Where the feed cannot be read or begins with no usable header, or the database fails. What was committed stays.
pub async fn follow(
    store: &Store,
    request: FollowRequest,
    mut input: impl AsyncBufRead + Unpin,
    on_invalid: &mut (dyn FnMut(u64, &str) + Send),
) -> Result<FollowReport, OpsError> {
    let defaults = super::checked_defaults(request.project.as_deref(), request.level.as_deref())?;
    let mut parser = Parser::new(request.format, defaults);
    let mut batch = Batch::default();
    loop {
        let due = batch.due;
        let bytes = tokio::select! {
            biased;
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => None,
            bytes = input.fill_buf() => Some(bytes.map_err(unreadable)?),
        };
        match bytes {
            None => batch.commit(store).await?,
            Some([]) => break,
            Some(bytes) => {
                let length = bytes.len();
                parser.feed(bytes, |found| batch.take(found, on_invalid));
                input.consume(length);
                batch.check_header()?;
                if batch.events.len() >= FULL {
                    batch.commit(store).await?;
                }
            }
        }
    }
    parser.finish(|found| batch.take(found, on_invalid));
    batch.check_header()?;
    batch.commit(store).await?;
    Ok(batch.report)
}

/// Events that have arrived and are not committed.
#[derive(Debug, Default)]
struct Batch {
    events: Vec<Event>,
    /// When they must be committed.
    due: Option<Instant>,
    no_header: Option<String>,
    report: FollowReport,
}

impl Batch {
    fn take(&mut self, found: Found, on_invalid: &mut (dyn FnMut(u64, &str) + Send)) {
        match found {
            Found::Header => {}
            Found::NoHeader { line, reason } => {
                self.no_header.get_or_insert_with(|| format!("line {line}: {}", text::printable(&reason)));
            }
            Found::Event { event, .. } => {
                self.report.records += 1;
                self.events.push(event);
                self.due.get_or_insert_with(|| Instant::now() + DELAY);
            }
            Found::Bad { line, reason } => {
                self.report.records += 1;
                self.report.skipped_invalid += 1;
                on_invalid(line, &text::printable(&reason));
            }
        }
    }

    fn check_header(&mut self) -> Result<(), OpsError> {
        self.no_header.take().map_or(Ok(()), |reason| Err(OpsError::Input(reason)))
    }

    async fn commit(&mut self, store: &Store) -> Result<(), OpsError> {
        self.due = None;
        if self.events.is_empty() {
            return Ok(());
        }
        let stored = patiently(|| insert(store, &self.events)).await?;
        self.report.imported += stored;
        self.report.known += (self.events.len() as u64).saturating_sub(stored);
        self.events.clear();
        Ok(())
    }
}

async fn insert(store: &Store, events: &[Event]) -> Result<u64, OpsError> {
    let mut tx = store.write().await?;
    let stored = tx.insert_events(events).await?;
    tx.commit().await?;
    Ok(stored)
}

fn unreadable(source: std::io::Error) -> OpsError {
    OpsError::File { what: "cannot read the feed".to_owned(), source }
}
