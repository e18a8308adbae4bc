//! Keeps how the console is looked at in a file, and finds it there at the next start. Nothing of it is worth an error:
//! what cannot be kept or read is said in the log, and the console is as at first.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Shared;
use crate::console::kept::Kept;
use crate::ops::save::{self, Existing};

/// Bytes of the file, at the most: it is ours, and never larger.
const LIMIT: u64 = 1_000_000;
/// What changes again within this time is written once.
const SETTLE: Duration = Duration::from_millis(300);

/// What was kept for a database.
#[must_use]
pub(in crate::console) fn kept(file: Option<&Path>, database: &str) -> Kept {
    let Some(file) = file else { return Kept::default() };
    let read = match read(file) {
        Ok(text) => Kept::read(&text, database),
        Err(error) if error.kind() == ErrorKind::NotFound => return Kept::default(),
        Err(error) => Err(error.to_string()),
    };
    read.unwrap_or_else(|problem| {
        tracing::warn!(file = %file.display(), problem, "how the console was left cannot be read");
        Kept::default()
    })
}

/// Writes every change until the console ends, the last one included.
pub(super) async fn keep(shared: Arc<Shared>, file: PathBuf, mut changes: watch::Receiver<Kept>) {
    loop {
        let ended = tokio::select! {
            changed = changes.changed() => changed.is_err(),
            () = shared.cancel.cancelled() => true,
        };
        if !ended {
            tokio::select! {
                () = tokio::time::sleep(SETTLE) => {}
                () = shared.cancel.cancelled() => {}
            }
        } else if !changes.has_changed().unwrap_or(false) {
            return;
        }
        let kept = changes.borrow_and_update().clone();
        let (target, database) = (file.clone(), shared.options.database.clone());
        let written = tokio::task::spawn_blocking(move || write(&target, &kept, &database)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(file = %file.display(), %error, "how the console is looked at cannot be kept");
        }
    }
}

fn write(file: &Path, kept: &Kept, database: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    // Another console may have kept the filter of another database meanwhile.
    let before = read(file).unwrap_or_default();
    Ok(save::save(file, &kept.write(&before, database), Existing::Replaced)?)
}

fn read(file: &Path) -> io::Result<String> {
    if fs::metadata(file)?.len() > LIMIT {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "it is larger than it ever is"));
    }
    fs::read_to_string(file)
}
