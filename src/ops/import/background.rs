//! A thread for work that blocks. It is no task of the runtime's, which would wait for a read from a terminal that
//! never ends before the program may.

use std::thread;

use tokio::sync::mpsc;

use crate::ops::OpsError;

pub(super) use mpsc::{Receiver, Sender};

/// Messages under way: while one is worked on, the next is made.
const AHEAD: usize = 1;

/// Starts `work` and returns what it sends. It ends when it is done, or when the receiver is gone and it sends.
pub(super) fn in_background<T: Send + 'static>(
    work: impl FnOnce(Sender<T>) + Send + 'static,
) -> Result<Receiver<T>, OpsError> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let started = thread::Builder::new().name("import".to_owned()).spawn(move || work(sender));
    started.map_err(|source| OpsError::File { what: "cannot start a thread".to_owned(), source })?;
    Ok(receiver)
}

/// The thread ended without a word.
pub(super) fn died() -> OpsError {
    OpsError::File { what: "the import stopped".to_owned(), source: std::io::Error::other("its thread has panicked") }
}
