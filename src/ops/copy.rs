//! Moves everything from one database to another: a page at a time, resumed after a kill, and compared at the end.
//!
//! The source is read, and never written to. The marker of the copy stands in the target from before its first row
//! until every row was compared; while it stands, no other command, console or daemon opens the target. What is there
//! at the end is what one instant of the source held, whatever happened in between.

use std::collections::VecDeque;

use super::OpsError;
use crate::domain::text;
use crate::store::copy::{CopyMarker, Page, TABLES, Table, values};
use crate::store::{Store, Tx};

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyReport {
    /// How the copy began.
    pub beginning: Beginning,
    /// The rows of each table.
    pub tables: Vec<(&'static str, u64)>,
}

impl CopyReport {
    /// The rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|(_, rows)| rows).sum()
    }
}

/// How a copy began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// In an empty database.
    New,
    /// Behind the last row of a copy that was not complete.
    Resumed,
    /// Anew, for the source was no longer what an earlier copy had begun with.
    Anew,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyStage {
    /// Rows go over.
    Copying,
    /// They are compared.
    Comparing,
}

/// Told what is being done, and how many rows of how many are.
pub type CopyProgress<'a> = &'a mut (dyn FnMut(CopyStage, u64, u64) + Send);

/// Copies all of `source` to `target`, which is empty or holds a part of such a copy, and compares every row.
///
/// # Errors
/// Where both are one database; where the target holds anything else, or somebody else copies into it; where the source
/// has changed meanwhile: then the target stays closed to others, and the next copy begins anew.
pub async fn copy(source: &Store, target: &Store, progress: CopyProgress<'_>) -> Result<CopyReport, OpsError> {
    if source.is_same_as(target).await? {
        return Err(OpsError::Input(format!("{} and {} are one database", source.location(), target.location())));
    }
    let mut reading = source.read_at_length().await?;
    let counts = reading.row_counts().await?;
    let numbers = reading.last_numbers().await?;
    let fingerprint = counts.iter().copied().chain(numbers.iter().map(|number| number.unsigned_abs())).collect();
    let fresh = CopyMarker::new(name(source), fingerprint);
    let (mut marker, beginning) = begin(target, fresh).await?;
    let total = counts.iter().sum();
    copy_rows(&mut reading, target, &mut marker, &mut |rows| progress(CopyStage::Copying, rows, total)).await?;
    drop(reading);
    let mut comparison = Comparison { source, target, tables: Vec::new(), rows: 0 };
    let equal = comparison.run(&mut |rows| progress(CopyStage::Comparing, rows, total)).await?;
    if let Err(table) = equal {
        let outdated = CopyMarker { is_outdated: true, ..marker.clone() };
        move_marker(target, &marker, &outdated).await?;
        return Err(OpsError::Conflict(format!(
            "the source has changed while it was copied ({table}): stop what works on {}, and run it again",
            source.location()
        )));
    }
    let tables = comparison.tables;
    analyse(target).await;
    complete(target, &marker, &numbers).await?;
    Ok(CopyReport { beginning, tables })
}

/// The source's name in the marker: that of its file wherever one stands, and never a password.
fn name(source: &Store) -> String {
    source.location().absolute().to_string()
}

/// Marks an empty target, or finds out how far an earlier copy has come.
async fn begin(target: &Store, fresh: CopyMarker) -> Result<(CopyMarker, Beginning), OpsError> {
    let mut tx = target.write().await?;
    let Some(found) = tx.copy_marker().await? else {
        check_empty(&mut tx, target).await?;
        if !tx.place_copy_marker(&fresh).await? {
            return Err(not_alone(target));
        }
        tx.commit().await?;
        return Ok((fresh, Beginning::New));
    };
    if found.source != fresh.source {
        return Err(OpsError::Conflict(format!(
            "{} holds a part of a copy of {}, which is another database: end that first, or use an empty database",
            target.location(),
            text::shorten(&found.source, 200)
        )));
    }
    if !found.is_outdated && found.fingerprint == fresh.fingerprint {
        return Ok((found, Beginning::Resumed));
    }
    tx.clear_copied().await?;
    if !tx.move_copy_marker(&found, &fresh).await? {
        return Err(not_alone(target));
    }
    tx.commit().await?;
    Ok((fresh, Beginning::Anew))
}

/// A target holds nothing, and nobody works on it.
async fn check_empty(tx: &mut Tx, target: &Store) -> Result<(), OpsError> {
    let counts = tx.row_counts().await?;
    let held: Vec<String> = TABLES
        .iter()
        .zip(counts)
        .filter(|(_, rows)| *rows > 0)
        .map(|(table, rows)| format!("{} ({rows})", table.name))
        .collect();
    if !held.is_empty() {
        return Err(OpsError::Conflict(format!(
            "{} is not empty: it has rows in {}; a copy takes an empty database",
            target.location(),
            held.join(", ")
        )));
    }
    match tx.processors().await?.first() {
        None => Ok(()),
        Some(processor) => Err(OpsError::Conflict(format!(
            "a {} on {} (process {}) works on {}: stop it first",
            processor.kind.name(),
            text::shorten(&processor.host, 60),
            processor.pid,
            target.location()
        ))),
    }
}

fn not_alone(target: &Store) -> OpsError {
    OpsError::Conflict(format!("somebody else copies into {} at the moment", target.location()))
}

async fn move_marker(target: &Store, from: &CopyMarker, to: &CopyMarker) -> Result<(), OpsError> {
    let mut tx = target.write().await?;
    if !tx.move_copy_marker(from, to).await? {
        return Err(not_alone(target));
    }
    tx.commit().await?;
    Ok(())
}

/// Copies what is behind the marker, which moves in the transaction of each page.
async fn copy_rows(
    reading: &mut Tx,
    target: &Store,
    marker: &mut CopyMarker,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<(), OpsError> {
    while let Some(table) = TABLES.get(marker.table) {
        progress(marker.rows);
        let page = reading.page(table, marker.after.as_deref()).await?;
        let mut next = marker.clone();
        if let Some(key) = page.last_key(table)? {
            next.after = Some(key);
            next.rows += page.rows.len() as u64;
            store_page(target, table, &page, marker, &next).await?;
        } else {
            // Which table it is alone is nothing that a killed copy must know: an empty page finds it out again.
            next.table += 1;
            next.after = None;
            move_marker(target, marker, &next).await?;
        }
        *marker = next;
    }
    progress(marker.rows);
    Ok(())
}

async fn store_page(
    target: &Store,
    table: &Table,
    page: &Page,
    from: &CopyMarker,
    to: &CopyMarker,
) -> Result<(), OpsError> {
    let mut tx = target.write().await?;
    // The marker goes first: whoever else moves it waits here, and then sees that it is not alone.
    if !tx.move_copy_marker(from, to).await? {
        return Err(not_alone(target));
    }
    tx.insert_page(table, page).await?;
    tx.commit().await?;
    Ok(())
}

/// Where it cannot be done now, the server does it by itself before long.
async fn analyse(target: &Store) {
    let analysing = async {
        let mut tx = target.write().await?;
        tx.analyse().await?;
        tx.commit().await
    };
    if let Err(error) = analysing.await {
        tracing::warn!(%error, "the new database knows little of its tables yet");
    }
}

/// Opens the target to everybody.
async fn complete(target: &Store, marker: &CopyMarker, numbers: &[i64]) -> Result<(), OpsError> {
    let mut tx = target.write().await?;
    tx.set_last_numbers(numbers).await?;
    if !tx.remove_copy_marker(marker).await? {
        return Err(not_alone(target));
    }
    tx.commit().await?;
    Ok(())
}

/// Both sides, row by row, each as of one instant.
struct Comparison<'a> {
    source: &'a Store,
    target: &'a Store,
    tables: Vec<(&'static str, u64)>,
    rows: u64,
}

impl Comparison<'_> {
    /// The table that is not the same on both sides, where there is one.
    async fn run(&mut self, progress: &mut (dyn FnMut(u64) + Send)) -> Result<Result<(), &'static str>, OpsError> {
        let mut source = self.source.read_at_length().await?;
        let mut target = self.target.read_at_length().await?;
        for table in TABLES {
            let before = self.rows;
            let (mut left, mut right) = (Rows::of(table), Rows::of(table));
            loop {
                progress(self.rows);
                left.fill(&mut source).await?;
                right.fill(&mut target).await?;
                while let (Some(one), Some(other)) = (left.rows.front(), right.rows.front()) {
                    // Most rows of one engine are written alike.
                    if one != other && values(one)? != values(other)? {
                        return Ok(Err(table.name));
                    }
                    left.rows.pop_front();
                    right.rows.pop_front();
                    self.rows += 1;
                }
                if left.has_ended != right.has_ended && !(left.rows.is_empty() && right.rows.is_empty()) {
                    return Ok(Err(table.name));
                }
                if left.has_ended && right.has_ended {
                    break;
                }
            }
            self.tables.push((table.name, self.rows - before));
        }
        Ok(Ok(()))
    }
}

/// The rows of a table, some of which are read already.
struct Rows {
    table: &'static Table,
    after: Option<String>,
    rows: VecDeque<String>,
    has_ended: bool,
}

impl Rows {
    fn of(table: &'static Table) -> Self {
        Self { table, after: None, rows: VecDeque::new(), has_ended: false }
    }

    /// Reads the next page where the last one is used up.
    async fn fill(&mut self, tx: &mut Tx) -> Result<(), OpsError> {
        if self.has_ended || !self.rows.is_empty() {
            return Ok(());
        }
        let page = tx.page(self.table, self.after.as_deref()).await?;
        match page.last_key(self.table)? {
            Some(key) => self.after = Some(key),
            None => self.has_ended = true,
        }
        self.rows = page.rows.into();
        Ok(())
    }
}
