//! The second pass: commits the events in chunks, each together with the position that it reaches.
//!
//! ```text
//! imports:  (hash, 0) position 0 --5,000--> 5,000 --5,000--> 10,000 --1,234--> 11,234 finished
//!                                     ^ a kill here rolls its chunk back; the next import goes on from 5,000
//! ```
//!
//! Positions count records, the bad ones that are left out too.

use std::time::Duration;

use super::background::{Sender, died, in_background};
use super::check::Checked;
use super::intake::Content;
use super::parser::{Found, Parser};
use super::{ImportReport, Phase, Progress, patiently};
use crate::domain::Event;
use crate::ops::OpsError;
use crate::store::Store;

/// Records of one commit, at the most.
const CHUNK_RECORDS: u64 = 5_000;
/// Bytes of input of one commit, about: records may be long, and memory is to stay flat.
const CHUNK_BYTES: u64 = 4 << 20;
/// For so long SQLite's write lock is free after each commit, so that everybody else gets a turn.
const GAP: Duration = Duration::from_millis(5);

/// Where an import begins.
enum Begin {
    /// At a position of a row.
    At { import: i64, position: u64 },
    /// The same was imported before.
    Known,
}

/// Records that are committed together.
struct Chunk {
    events: Vec<Event>,
    /// Bad records among them, which are left out.
    invalid: u64,
    /// Records up to the end of this chunk, from the beginning of the content.
    position: u64,
    /// Bytes that were read for it, from the beginning of the content.
    bytes: u64,
}

/// Stores what was checked.
pub(super) async fn commit(
    store: &Store,
    checked: Checked,
    again: bool,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<ImportReport, OpsError> {
    let mut report = ImportReport { records: checked.findings.records, ..ImportReport::default() };
    report.invalid.clone_from(&checked.findings.shown);
    let (import, mut position) = match patiently(|| begin(store, &checked, again)).await? {
        Begin::Known => {
            report.skipped_invalid = checked.findings.invalid;
            return Ok(ImportReport { already_imported: true, ..report });
        }
        Begin::At { import, position } => (import, position),
    };
    report.resumed_at = (position > 0).then_some(position);
    let bytes_total = Some(checked.content.length);
    let mut chunks = in_background(move |sender| read(checked, position, &sender))?;
    let mut is_read = false;
    while let Some(chunk) = chunks.recv().await {
        let Some(chunk) = chunk? else {
            is_read = true;
            continue;
        };
        let stored = patiently(|| commit_chunk(store, import, position, &chunk)).await?.ok_or_else(overtaken)?;
        position = chunk.position;
        report.imported += stored;
        report.known += (chunk.events.len() as u64).saturating_sub(stored);
        report.skipped_invalid += chunk.invalid;
        progress(Progress { phase: Phase::Importing, bytes_done: chunk.bytes, bytes_total, records: position });
        if !store.locks_rows() {
            tokio::time::sleep(GAP).await;
        }
    }
    if !is_read {
        return Err(died());
    }
    patiently(|| finish(store, import, position)).await?;
    Ok(report)
}

/// Finds the row that an earlier import of the same has left, or makes one.
async fn begin(store: &Store, checked: &Checked, again: bool) -> Result<Begin, OpsError> {
    let now = store.now().await?;
    let mut tx = store.write().await?;
    let repetition = match tx.latest_import(&checked.hash).await? {
        None => 0,
        Some(row) if row.finished_at.is_none() => {
            return Ok(Begin::At { import: row.id, position: row.position.unsigned_abs() });
        }
        Some(row) if again => row.repetition + 1,
        Some(_) => return Ok(Begin::Known),
    };
    let inserted = tx.insert_import(&checked.hash, repetition, &checked.content.name, now).await?;
    let import = inserted.ok_or_else(overtaken)?;
    tx.commit().await?;
    Ok(Begin::At { import, position: 0 })
}

/// Stores a chunk's events and the position that they reach; `None` where the row is no longer at `position`.
async fn commit_chunk(store: &Store, import: i64, position: u64, chunk: &Chunk) -> Result<Option<u64>, OpsError> {
    let mut tx = store.write().await?;
    let stored = tx.insert_events(&chunk.events).await?;
    let positions = as_position(position)..as_position(chunk.position);
    if !tx.advance_import(import, positions, as_position(stored), None).await? {
        // Dropped, the transaction is rolled back.
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some(stored))
}

async fn finish(store: &Store, import: i64, position: u64) -> Result<(), OpsError> {
    let now = store.now().await?;
    let mut tx = store.write().await?;
    let position = as_position(position);
    if !tx.advance_import(import, position..position, 0, Some(now)).await? {
        return Err(overtaken());
    }
    tx.commit().await?;
    Ok(())
}

fn as_position(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn overtaken() -> OpsError {
    OpsError::Conflict(
        "another process imports the same content at this moment: this one has stopped, and nothing is counted twice"
            .to_owned(),
    )
}

/// Sends the chunks behind `position`, then `None`.
fn read(checked: Checked, position: u64, sender: &Sender<Result<Option<Chunk>, OpsError>>) {
    let Checked { mut content, format, defaults, findings, .. } = checked;
    let mut parser = Parser::new(Some(format), defaults);
    let mut cutter = Cutter::new(position, findings.invalid > 0);
    let read = content.read_again(|content, bytes| {
        cutter.bytes += bytes.len() as u64;
        parser.feed(bytes, |found| cutter.take(found, content, sender));
        if cutter.bytes - cutter.cut_at >= CHUNK_BYTES {
            cutter.cut(content, sender);
        }
        !cutter.is_over
    });
    if let Err(error) = read {
        let _ = sender.blocking_send(Err(error));
        return;
    }
    parser.finish(|found| cutter.take(found, &content, sender));
    cutter.cut(&content, sender);
    if !cutter.is_over {
        let _ = sender.blocking_send(Ok(None));
    }
}

/// Cuts the records behind a position into chunks.
struct Cutter {
    /// Records before this one are committed already.
    from: u64,
    /// Whether bad records are left out; otherwise there cannot be any.
    skips_invalid: bool,
    /// Records that were read, from the beginning.
    records: u64,
    /// Bytes that were read, from the beginning.
    bytes: u64,
    /// Bytes that had been read when the last chunk was cut.
    cut_at: u64,
    /// The record at which the chunk in hand begins.
    begun_at: u64,
    events: Vec<Event>,
    invalid: u64,
    /// Nothing more is to be sent: an error was, or nobody listens.
    is_over: bool,
}

impl Cutter {
    fn new(from: u64, skips_invalid: bool) -> Self {
        Self {
            from,
            skips_invalid,
            records: 0,
            bytes: 0,
            cut_at: 0,
            begun_at: from,
            events: Vec::new(),
            invalid: 0,
            is_over: false,
        }
    }

    fn take(&mut self, found: Found, content: &Content, sender: &Sender<Result<Option<Chunk>, OpsError>>) {
        let event = match found {
            Found::Header => return,
            Found::Event { event, .. } => Some(event),
            Found::Bad { .. } if self.skips_invalid => None,
            Found::Bad { line, .. } | Found::NoHeader { line, .. } => {
                // The first pass has read this line without complaint.
                let error = format!("line {line} of '{}' was changed while it was being imported", content.name);
                return self.end(OpsError::Conflict(error), sender);
            }
        };
        self.records += 1;
        if self.records <= self.from {
            return;
        }
        match event {
            Some(event) => self.events.push(event),
            None => self.invalid += 1,
        }
        if self.records - self.begun_at >= CHUNK_RECORDS {
            self.cut(content, sender);
        }
    }

    fn cut(&mut self, content: &Content, sender: &Sender<Result<Option<Chunk>, OpsError>>) {
        self.cut_at = self.bytes;
        if self.is_over || self.records <= self.begun_at {
            return;
        }
        if let Err(error) = content.check_unchanged() {
            return self.end(error, sender);
        }
        self.begun_at = self.records;
        let (events, invalid) = (std::mem::take(&mut self.events), std::mem::take(&mut self.invalid));
        let chunk = Chunk { events, invalid, position: self.records, bytes: self.bytes };
        self.is_over = sender.blocking_send(Ok(Some(chunk))).is_err();
    }

    fn end(&mut self, error: OpsError, sender: &Sender<Result<Option<Chunk>, OpsError>>) {
        if !self.is_over {
            self.is_over = true;
            let _ = sender.blocking_send(Err(error));
        }
    }
}
