//! Deletes what is older than events are to be kept, every hour. Supervised: no fault of the database ends it.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::supervised::supervised;
use crate::domain::IncidentId;
use crate::ops::OpsError;
use crate::ops::prune::{PruneReport, prune};
use crate::store::Store;

/// The shell's end of it.
#[derive(Debug)]
pub struct RetentionHandle {
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

/// When it is done.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Before the first prune: a start has other things to do.
    pub first: Duration,
    /// Between two prunes.
    pub every: Duration,
}

/// What a daemon does.
const HOURLY: Pace = Pace { first: Duration::from_mins(1), every: Duration::from_hours(1) };
const GRACE: Duration = Duration::from_secs(1);

impl RetentionHandle {
    /// Keeps events for `keep` from now on, on a task of its own, with a prune every hour.
    #[must_use]
    pub fn spawn(store: Store, keep: Duration) -> Self {
        Self::spawn_at(HOURLY, store, keep)
    }

    /// The same at another pace.
    #[must_use]
    pub fn spawn_at(pace: Pace, store: Store, keep: Duration) -> Self {
        let cancel = CancellationToken::new();
        let task = tokio::spawn(prune_repeatedly(pace, store, keep, cancel.clone()));
        Self { cancel, task }
    }

    /// Ends it: the batch in hand is finished or rolled back, and the next prune goes on there.
    pub async fn shutdown(mut self) {
        self.cancel.cancel();
        if tokio::time::timeout(GRACE, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

async fn prune_repeatedly(pace: Pace, store: Store, keep: Duration, cancel: CancellationToken) {
    let mut pause = pace.first;
    let mut held = None;
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = pace.every;
        let pruned = supervised(prune_once(&store, keep, &cancel)).await;
        tell(&pruned, &mut held);
    }
}

/// Deletes what is older than `keep`.
///
/// # Errors
/// As [`prune`].
pub async fn prune_once(store: &Store, keep: Duration, cancel: &CancellationToken) -> Result<PruneReport, OpsError> {
    let before = store.now().await? - keep;
    prune(store, before, cancel, &mut |_| {}).await
}

/// Says what was deleted, and once what holds the rest.
fn tell(pruned: &Result<PruneReport, OpsError>, held: &mut Option<IncidentId>) {
    match pruned {
        Ok(report) => {
            if report.events > 0 {
                tracing::info!(events = report.events, before = %report.before, "old events were deleted");
            }
            let holder = report.hold.map(|hold| hold.incident_id);
            if let Some(hold) = report.hold.filter(|_| holder != *held) {
                tracing::info!(
                    incident = hold.incident_id.value(),
                    needed_from = %hold.needed_from,
                    "old events are kept for a snapshot that is to come"
                );
            }
            *held = holder;
        }
        Err(OpsError::Interrupted) => {}
        Err(error) => tracing::warn!(%error, "old events could not be deleted, and are tried again"),
    }
}
