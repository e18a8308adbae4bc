//! The headless shell: the processor and what goes on beside it, their log on stderr, and an orderly end on SIGTERM and
//! SIGINT.

mod service_manager;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::domain::Trigger;
use crate::ops::OpsError;
use crate::ops::freeze::freeze;
use crate::ops::process::{ProcessRequest, RunReport, process};
use crate::service::outbox::Outbox;
use crate::service::{ProcessorHandle, ProcessorOptions, Vitals, host_name, log_report};
use crate::store::{Store, StoreError};

pub use service_manager::ServiceManager;

/// Between attempts to reach a database that is not there when the daemon starts.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
const GRACE: Duration = Duration::from_millis(1_500);

/// For so long one run waits for receivers of messages.
const LONGEST_DELIVERY: Duration = Duration::from_secs(10);

/// Who looks after a daemon.
#[derive(Debug, Clone, Default)]
pub struct Oversight {
    /// Where its processor shows how it does.
    pub vitals: Vitals,
    /// Who has started it, where it wants to be told.
    pub service_manager: ServiceManager,
}

/// Runs until `stop`. What else of this process uses the database ends by `others`, together with the processor and
/// before the database is closed.
pub async fn run(
    store: Store,
    options: ProcessorOptions,
    oversight: Oversight,
    stop: CancellationToken,
    others: impl Future<Output = ()>,
) {
    let Oversight { vitals, service_manager } = oversight;
    tracing::info!(
        database = %store.location(),
        interval_seconds = options.interval.as_secs(),
        version = env!("CARGO_PKG_VERSION"),
        "daemon started"
    );
    let processor = ProcessorHandle::spawn_watched(store.clone(), options, vitals.clone());
    service_manager.keep_told(&vitals, &store, &stop).await;
    stop.cancelled().await;
    tracing::info!("stopping");
    service_manager.stopping();
    tokio::join!(processor.shutdown(), others);
    // Closing waits for connections; what was rolled back by force may not give its own back in time.
    let _ = tokio::time::timeout(Duration::from_millis(200), store.close()).await;
    tracing::info!("daemon stopped");
}

/// Runs the processor once, and delivers what is due then.
///
/// # Errors
/// As [`process`]; [`OpsError::Interrupted`] where `stop` comes before all that is due is done.
pub async fn run_once(
    store: &Store,
    options: &ProcessorOptions,
    outbox: Option<&Outbox>,
    stop: CancellationToken,
) -> Result<RunReport, OpsError> {
    if let Some(outbox) = outbox {
        outbox.announce(store).await;
    }
    let request = ProcessRequest {
        batch_size: options.batch_size,
        sources: options.sources.clone(),
        cancel: stop.clone(),
        ..ProcessRequest::due(Trigger::Startup, &host_name())
    };
    // What was closed since the last run; the processor's own retry takes what cannot be frozen now.
    if let Err(error) = freeze(store, &options.sources).await {
        tracing::warn!(%error, "nothing could be frozen");
    }
    let too_long = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    let outcome = tokio::select! {
        outcome = process(store, request) => outcome.inspect(log_report),
        () = too_long => Err(OpsError::Interrupted),
    };
    if let Some(outbox) = outbox {
        // What is not delivered in this time is left to the next run.
        let delivery = tokio::time::timeout(LONGEST_DELIVERY, outbox.deliver_due(store));
        tokio::select! {
            _ = delivery => {}
            () = stop.cancelled() => {}
        }
    }
    outcome.and_then(|report| if report.cancelled { Err(OpsError::Interrupted) } else { Ok(report) })
}

/// Opens the database as often as it takes: on-call tools start when everything else is broken. `None` where `stop`
/// comes first.
///
/// # Errors
/// Where waiting cannot help: a schema that does not fit, something that is no database.
pub async fn open_patiently<Opening>(
    mut open: impl FnMut() -> Opening,
    service_manager: &ServiceManager,
    stop: &CancellationToken,
) -> Result<Option<Store>, StoreError>
where
    Opening: Future<Output = Result<Store, StoreError>>,
{
    let mut pause = FIRST_PAUSE;
    loop {
        let error = tokio::select! {
            opened = open() => match opened {
                Ok(store) => return Ok(Some(store)),
                Err(error) => error,
            },
            () = stop.cancelled() => return Ok(None),
        };
        if matches!(error, StoreError::Missing(_)) || !(error.is_outage() || matches!(error, StoreError::Busy)) {
            return Err(error);
        }
        let wait = pause.mul_f64(0.5 + 0.5 * rand::random::<f64>());
        tracing::warn!(%error, retry_in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX), "waiting for the database");
        service_manager.status(&format!("waiting for the database: {error}"));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return Ok(None),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
