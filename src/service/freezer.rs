//! Freezes what the sources of closed incidents hold, every few seconds and soon after each close. Supervised: no fault
//! of the database or of a source ends it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::supervised::supervised;
use crate::ops::OpsError;
use crate::ops::freeze::{Frozen, freeze};
use crate::source::Sources;
use crate::store::Store;

/// Between two looks. Each is one indexed question where nothing waits.
const EVERY: Duration = Duration::from_secs(5);
/// After so many looks each source is asked whether it answers, so that screens know it before it is needed.
const LOOKS_BETWEEN_PROBES: u32 = 6;

/// Freezes until `cancel`; what is under way then is dropped, and nothing of it is kept.
pub(super) async fn freeze_repeatedly(store: Store, sources: Sources, cancel: CancellationToken) {
    let freezing = async {
        for look in 0u32.. {
            if look % LOOKS_BETWEEN_PROBES == 0 {
                sources.probe(store.host_now()).await;
            }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;
    use crate::domain::Timestamp;
    use crate::store::{Location, Upgrade};

    #[tokio::test]
    async fn it_ends_when_it_is_told_to() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::parse_absolute("2026-11-24 12:59").unwrap()));
        let location = Location::file(folder.path().join("x.db"));
        let store = Store::open(location, clock, Upgrade::Allowed).await.unwrap();
        let cancel = CancellationToken::new();
        let task = tokio::spawn(freeze_repeatedly(store, Sources::default(), cancel.clone()));
        tokio::task::yield_now().await;
        cancel.cancel();
        task.await.unwrap();
    }
}
