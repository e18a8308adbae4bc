//! Says in the log when the processor of this process no longer comes forward, and when it does again.

use std::time::Duration;

use super::vitals::Vitals;
use crate::store::Store;

const EVERY: Duration = Duration::from_secs(5);

/// Watches until it is aborted.
pub(super) async fn watch(vitals: Vitals, store: Store) {
    let mut hangs = false;
    loop {
        tokio::time::sleep(EVERY).await;
        let hanging = vitals.hanging(store.host_now());
        match &hanging {
            Some(said) if !hangs => tracing::error!("{said}"),
            None if hangs => tracing::info!("the processor comes forward again"),
            _ => {}
        }
        hangs = hanging.is_some();
    }
}
