//! The database file that this process has open, and whether its path still leads there.
//!
//! A file that is deleted or replaced lives on for whoever has it open: what is written goes where nobody will ever look.
//! So the path is looked at before each transaction, and once more behind each commit, before anybody is told of it. A file
//! that comes back is used again. One that has taken its place is not: beside it lies the log of the old one, which the
//! engine would take for its own.

use std::ops::{Deref, DerefMut};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Sqlite, Transaction};

use super::error::StoreError;

/// What a path led to when it was opened.
#[derive(Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    /// Device and number; `None` where there was nothing yet.
    identity: Option<(u64, u64)>,
}

/// A transaction on a database file.
#[derive(Debug)]
pub struct OnFile {
    transaction: Transaction<'static, Sqlite>,
    file: Arc<OpenFile>,
}

impl OpenFile {
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), identity: identity(path).ok() }
    }

    /// Whether the path still leads to the file that is open.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let Some(opened) = self.identity else { return Ok(()) };
        match identity(&self.path) {
            Ok(found) if found == opened => Ok(()),
            Ok(_) => Err(StoreError::Replaced(self.name())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(StoreError::Gone(self.name())),
            Err(error) => Err(StoreError::Unreachable { location: self.name(), reason: error.to_string() }),
        }
    }

    /// Says which file it was, where that helps to do something about it.
    fn named(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Full(reason) => StoreError::Full(format!("{}: {reason}", self.name())),
            other => other,
        }
    }

    fn name(&self) -> String {
        format!("sqlite:{}", crate::domain::text::printable(&self.path.display().to_string()))
    }
}

impl OnFile {
    pub(super) fn new(transaction: Transaction<'static, Sqlite>, file: &Arc<OpenFile>) -> Self {
        Self { transaction, file: file.clone() }
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        let Self { transaction, file } = self;
        transaction.commit().await.map_err(|error| file.named(error.into()))?;
        file.check()
    }

    pub(super) async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.transaction.rollback().await?)
    }
}

impl Deref for OnFile {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.transaction
    }
}

impl DerefMut for OnFile {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }
}

fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}
