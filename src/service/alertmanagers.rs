//! Asks Alertmanagers at intervals which alerts there still are, and ends those of which no end was told.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ops::alerts::Intake;
use crate::ops::alerts::poll::{Swept, sweep};
use crate::source::Alertmanager;
use crate::store::Store;

/// The shell's end of the polls.
#[derive(Debug)]
pub struct AlertPolls {
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

const GRACE: Duration = Duration::from_secs(1);

impl AlertPolls {
    /// Starts asking each of them, on a task of its own.
    #[must_use]
    pub fn spawn(store: Store, intake: Arc<Intake>, alertmanagers: Arc<Vec<Alertmanager>>) -> Self {
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        let task = tokio::spawn(async move {
            join_all(alertmanagers.iter().map(|one| poll(&store, &intake, one, &stop))).await;
        });
        Self { cancel, task }
    }

    /// Ends them: what is asked is no longer waited for.
    pub async fn shutdown(mut self) {
        self.cancel.cancel();
        if tokio::time::timeout(GRACE, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

async fn poll(store: &Store, intake: &Intake, alertmanager: &Alertmanager, stop: &CancellationToken) {
    let mut said = String::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(alertmanager.poll_interval()) => {}
        }
        let asked = async {
            let answer = poll_once(store, intake, alertmanager).await;
            // The same every minute would bury what else there is in the log.
            match answer {
                Ok(swept) => say(alertmanager.name(), &swept, &mut said),
                Err(error) if error != said => {
                    tracing::warn!(alertmanager = alertmanager.name(), %error, "alerts cannot be checked");
                    said = error;
                }
                Err(_) => {}
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = asked => {}
        }
    }
}

async fn poll_once(store: &Store, intake: &Intake, alertmanager: &Alertmanager) -> Result<Swept, String> {
    let Some(prometheus) = alertmanager.prometheus() else { return Ok(Swept::default()) };
    let listing = alertmanager.list(store.host_now()).await.map_err(|error| error.to_string())?;
    sweep(store, intake, alertmanager.name(), prometheus, &listing).await.map_err(|error| error.to_string())
}

fn say(alertmanager: &str, swept: &Swept, said: &mut String) {
    let unconfirmed = swept.unconfirmed.clone().unwrap_or_default();
    if unconfirmed != *said {
        if unconfirmed.is_empty() {
            tracing::info!(alertmanager, "alerts can be checked again");
        } else {
            tracing::warn!(alertmanager, error = %unconfirmed, "what is no longer listed cannot be confirmed");
        }
        *said = unconfirmed;
    }
    if swept.ended > 0 {
        let closed: Vec<i64> = swept.closed.iter().map(|id| id.value()).collect();
        tracing::info!(alertmanager, ended = swept.ended, ?closed, "alerts were over though no end was told");
    }
}
