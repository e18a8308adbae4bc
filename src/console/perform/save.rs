//! Files: looked at while their names are typed, and saved. On threads that may wait for a disk.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Shared, failure};
use crate::console::effect::{Existing, Saving};
use crate::console::event::{Answer, Event, Found, Written};
use crate::domain::text::{printable, shorten};
use crate::ops::{OpsError, save};

/// Looks at files, one at a time; of those that were asked about meanwhile only the newest.
pub(super) async fn inspect(shared: Arc<Shared>, mut wishes: watch::Receiver<String>) {
    loop {
        let changed = tokio::select! {
            changed = wishes.changed() => changed,
            () = shared.cancel.cancelled() => return,
        };
        if changed.is_err() {
            return;
        }
        let file = wishes.borrow_and_update().clone();
        let asked = file.clone();
        // A folder on a host that does not answer holds up the next look, and nothing else.
        let look = tokio::task::spawn_blocking(move || look(&asked));
        let found = tokio::select! {
            found = look => found.unwrap_or_else(|error| Found::Impossible(error.to_string())),
            () = shared.cancel.cancelled() => return,
        };
        shared.tell(Event::Answer(Answer::Inspected { file, found })).await;
    }
}

fn look(file: &str) -> Found {
    let path = save::absolute(file);
    let name = printable(&path.to_string_lossy());
    match save::inspect(&path) {
        Ok(save::Found::Nothing) => Found::Nothing(name),
        Ok(save::Found::File) => Found::File(name),
        Err(error) => Found::Impossible(shorten(&error.to_string(), 300)),
    }
}

/// Saves a text, and says what came of it.
pub(super) async fn save(request: u64, saving: Saving) -> Answer {
    let work = tokio::task::spawn_blocking(move || {
        let path = save::absolute(&saving.file);
        let existing = match saving.existing {
            Existing::Kept => save::Existing::Kept,
            Existing::Replaced => save::Existing::Replaced,
        };
        save::save(&path, &saving.text, existing)?;
        Ok(Written::Saved { file: printable(&path.to_string_lossy()) })
    });
    match work.await.unwrap_or_else(|error| Err(OpsError::Defect(error.to_string()))) {
        Ok(written) => Answer::Written { request, written },
        Err(error) => Answer::WriteFailed { request, failure: failure(&error) },
    }
}
