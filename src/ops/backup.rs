//! Backs up a database file while others work on it.
//!
//! The backup is written in a folder of its own beside its place, readable by its owner alone, checked by opening it, made
//! lasting, and only then given its name: whatever carries the name is a whole backup.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::OpsError;
use crate::domain::text;
use crate::store::{Store, StoreError};

/// What was backed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupReport {
    /// The size of the backup.
    pub bytes: u64,
    /// The version of its schema.
    pub schema_version: i64,
    /// Its incidents.
    pub incidents: u64,
}

/// What becomes of a file that has the backup's name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is done.
    Kept,
    /// The backup takes its place.
    Replaced,
}

/// Between two looks at how far it has come.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// What SQLite keeps beside a database that is in use, or was when its process died.
const COMPANIONS: [&str; 2] = ["-wal", "-journal"];

/// Backs up the database of `store` to `file`. `progress` is told how many bytes of about how many are written.
///
/// # Errors
/// Where the database is no file; where the backup's name is taken, or it cannot be written; where what was written is
/// not in order. Then there is no backup, and whatever had its name before has it still.
pub async fn backup(
    store: &Store,
    file: &Path,
    existing: Existing,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<BackupReport, OpsError> {
    let own = database_file(store)?;
    check_place(store, file, existing)?;
    if store.read().await?.schema_version().await?.is_none() {
        return Err(OpsError::Conflict(format!("{} is empty: there is nothing to back up", store.location())));
    }
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = tempfile::Builder::new()
        .prefix(".afterimage-backup-")
        .tempdir_in(parent)
        .map_err(|error| unwritable(file, error))?;
    let made = folder.path().join("backup.db");
    create_private(&made).map_err(|error| unwritable(file, error))?;
    write(store, own, &made, file, progress).await?;
    let report = check(store, &made, file).await?;
    give_name(&made, file, existing)?;
    Ok(report)
}

/// Postgres has its own program for that, which knows more of it.
fn database_file(store: &Store) -> Result<&Path, OpsError> {
    store.file().ok_or_else(|| {
        let place = store.location();
        OpsError::Input(format!(
            "'db backup' is for database files; Postgres has a program of its own for that: \
             'pg_dump --format=custom --file=FILE {place}' backs up, \
             'pg_restore --clean --if-exists --dbname={place} FILE' restores"
        ))
    })
}

fn check_place(store: &Store, file: &Path, existing: Existing) -> Result<(), OpsError> {
    let shown = shown(file);
    if store.is_file(file) {
        return Err(OpsError::Input(format!("{shown} is the database itself")));
    }
    if file.is_dir() || file.file_name().is_none() {
        return Err(OpsError::Input(format!("{shown} is a folder: name a file in it")));
    }
    let is_there = file.symlink_metadata().is_ok();
    if is_there && existing == Existing::Kept {
        return Err(OpsError::Conflict(format!("{shown} is there already: with --force it is replaced")));
    }
    for companion in COMPANIONS.map(|suffix| with_suffix(file, suffix)) {
        // SQLite would take them for a part of the backup.
        if companion.metadata().is_ok_and(|found| found.len() > 0) {
            return Err(OpsError::Conflict(format!(
                "{} belongs to a database in the backup's place: take another name",
                self::shown(&companion)
            )));
        }
    }
    Ok(())
}

async fn write(
    store: &Store,
    own: &Path,
    made: &Path,
    file: &Path,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<(), OpsError> {
    let path = made.to_str().ok_or_else(|| OpsError::Input(format!("{} is not a name in UTF-8", shown(file))))?;
    let expected = store.read().await?.size_bytes().await?;
    let mut writing = std::pin::pin!(store.write_copy(own, path));
    let written = loop {
        tokio::select! {
            written = &mut writing => break written,
            () = tokio::time::sleep(LOOK_EVERY) => {
                // What is written goes to the disk bit by bit: at once at the end, it would hold up everybody's commits.
                let bytes = make_lasting(made.to_owned()).await.unwrap_or(0);
                progress(bytes, expected.max(bytes));
            }
        }
    };
    written.map_err(|error| match error {
        StoreError::Full(_) => unwritable(file, io::ErrorKind::StorageFull.into()),
        StoreError::Connection(reason) => unwritable(file, io::Error::other(reason)),
        other => other.into(),
    })?;
    make_lasting(made.to_owned()).await.map_err(|error| unwritable(file, error))?;
    Ok(())
}

/// Opens the backup as a restored database would be.
async fn check(store: &Store, made: &Path, file: &Path) -> Result<BackupReport, OpsError> {
    let backup = store.beside(made).await?;
    let mut tx = backup.read_at_length().await?;
    if let Some(damage) = tx.damage().await? {
        let damage = text::shorten(&damage, 200);
        return Err(StoreError::Damaged(format!(
            "the backup {} was given up, for it is not in order, and so may be the database: {damage}",
            shown(file)
        ))
        .into());
    }
    let found = tx.schema_version().await?;
    let schema_version = found.ok_or_else(|| OpsError::Defect("the backup has no schema".into()))?;
    let counts = tx.counts(store.host_now()).await?;
    let bytes = tx.size_bytes().await?;
    drop(tx);
    backup.close().await;
    Ok(BackupReport { bytes, schema_version, incidents: counts.incidents_open + counts.incidents_closed })
}

fn give_name(made: &Path, file: &Path, existing: Existing) -> Result<(), OpsError> {
    let named = tempfile::TempPath::try_from_path(made).and_then(|made| {
        let persisted = match existing {
            Existing::Kept => made.persist_noclobber(file),
            Existing::Replaced => made.persist(file),
        };
        persisted.map_err(|refused| refused.error)
    });
    match named {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(OpsError::Conflict(format!("{} has come meanwhile: with --force it is replaced", shown(file))))
        }
        Err(error) => Err(unwritable(file, error)),
        Ok(()) => {
            let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // The name, too, must outlast a power failure; where a folder cannot be told so, it is kept all the same.
            if let Ok(folder) = fs::File::open(parent) {
                let _ = folder.sync_all();
            }
            Ok(())
        }
    }
}

/// Waits until all that was written to a file is on its disk, and says how much that is.
async fn make_lasting(path: PathBuf) -> io::Result<u64> {
    let synced = tokio::task::spawn_blocking(move || {
        let file = fs::File::open(path)?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    });
    synced.await.map_err(io::Error::other)?
}

fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    name.into()
}

fn shown(file: &Path) -> String {
    text::printable(&file.display().to_string())
}

fn unwritable(file: &Path, source: io::Error) -> OpsError {
    OpsError::File { what: format!("the backup {} cannot be written", shown(file)), source }
}
