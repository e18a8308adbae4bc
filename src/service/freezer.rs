//! Freezes what the sources of closed incidents hold, every few seconds and soon after each close. Supervised: no fault
//! of the database or of a source ends it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::ticker::supervised;
use crate::ops::OpsError;
use crate::ops::freeze::{Frozen, freeze};
use crate::source::Sources;
use crate::store::Store;

/// Between two looks. Each is one indexed question where nothing waits.
const EVERY: Duration = Duration::from_secs(5);

/// Freezes until `cancel`; what is under way then is dropped, and nothing of it is kept.
pub(super) async fn freeze_repeatedly(store: Store, sources: Sources, cancel: CancellationToken) {
    let freezing = async {
        loop {
            let frozen = supervised(async { freeze(&store, &sources).await.map_err(OpsError::from) }).await;
            tell(frozen);
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::select! {
        () = cancel.cancelled() => {}
        () = freezing => {}
    }
}

fn tell(outcome: Result<Frozen, OpsError>) {
    match outcome {
        Ok(Frozen { frozen, failed, error }) => {
            if frozen > 0 {
                tracing::info!(incidents = frozen, "what sources hold was frozen");
            }
            if failed > 0 {
                let error = error.unwrap_or_default();
                tracing::warn!(incidents = failed, error, "what sources hold could not be frozen, and is tried again");
            }
        }
        // The runs of the processor say it too, and to more people.
        Err(error) => tracing::debug!(%error, "nothing could be frozen"),
    }
}
