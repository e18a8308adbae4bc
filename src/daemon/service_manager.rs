//! Tells the service manager how the daemon does, where there is one that listens: systemd, or what speaks as it does.
//!
//! ```text
//! STATUS=waiting for the database ──> READY=1 with the first run ──> STATUS, WATCHDOG=1 ... ──> STOPPING=1
//! ```
//!
//! The watchdog is fed only while the processor gives signs: a process that is there and does nothing is not alive.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

use crate::domain::{Timestamp, text};
use crate::service::{Surveyor, Vitals};
use crate::store::Store;

/// How often the numbers of the status line are read again.
const REFRESH: Duration = Duration::from_secs(30);
const STATUS_LIMIT: usize = 300;

/// Who has started this process, where it wants to be told how it does.
#[derive(Debug, Clone, Default)]
pub struct ServiceManager {
    listens: bool,
    /// Within this time it must hear of the process again and again.
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// The one that the environment names: `NOTIFY_SOCKET`, and `WATCHDOG_USEC` where it watches.
    #[must_use]
    pub fn of_environment() -> Self {
        let listens = std::env::var_os("NOTIFY_SOCKET").is_some_and(|socket| !socket.is_empty());
        let watchdog = sd_notify::watchdog_enabled().filter(|watchdog| !watchdog.is_zero());
        Self { listens, watchdog }
    }

    /// Says in a line what goes on.
    pub fn status(&self, line: &str) {
        self.tell(&[NotifyState::Status(&text::shorten(line, STATUS_LIMIT))]);
    }

    pub(super) fn stopping(&self) {
        self.tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
    }

    fn tell(&self, states: &[NotifyState<'_>]) {
        if !self.listens {
            return;
        }
        if let Err(error) = sd_notify::notify(states) {
            tracing::debug!(%error, "the service manager cannot be told");
        }
    }

    /// Keeps it told of a processor until `stop`.
    pub(super) async fn keep_told(&self, vitals: &Vitals, store: &Store, stop: &CancellationToken) {
        if !self.listens {
            return;
        }
        let told = async { tokio::join!(self.tell_status(vitals, store), self.feed(vitals)) };
        tokio::select! {
            () = stop.cancelled() => {}
            _ = told => {}
        }
    }

    async fn feed(&self, vitals: &Vitals) {
        let Some(watchdog) = self.watchdog else { return };
        loop {
            // What hangs is said in the log. It is restarted by whoever watches.
            if vitals.is_alive() {
                self.tell(&[NotifyState::Watchdog]);
            }
            tokio::time::sleep(watchdog / 3).await;
        }
    }

    async fn tell_status(&self, vitals: &Vitals, store: &Store) {
        let (surveyor, mut changes) = (Surveyor::default(), vitals.changes());
        let (mut is_ready, mut said) = (false, String::new());
        loop {
            changes.mark_unchanged();
            if !is_ready && vitals.has_begun() {
                self.tell(&[NotifyState::Ready]);
                is_ready = true;
            }
            let line = line(vitals, &surveyor, store).await;
            if line != said {
                self.status(&line);
                said = line;
            }
            // A sender that is gone changes nothing any more.
            let _ = tokio::time::timeout(REFRESH, changes.changed()).await;
        }
    }
}

/// `next run 14:00:00 UTC; 3 pending, 0 dead`
async fn line(vitals: &Vitals, surveyor: &Surveyor, store: &Store) -> String {
    let now = store.host_now();
    let processor = match (vitals.hanging(now), vitals.last_error(), vitals.next_run_at()) {
        (Some(hangs), ..) => hangs,
        (None, Some(error), _) => format!("the last run failed: {error}"),
        (None, None, Some(next)) => format!("next run {}", time_of_day(next)),
        (None, None, None) => "a run goes on".to_owned(),
    };
    let queue = match surveyor.figures(store).await {
        Ok(figures) => format!("{} pending, {} dead", figures.counts.pending, figures.counts.dead),
        Err(_) => "the database does not answer".to_owned(),
    };
    format!("{processor}; {queue}")
}

fn time_of_day(at: Timestamp) -> String {
    at.to_utc().map_or_else(|| at.to_string(), |at| at.format("%H:%M:%S UTC").to_string())
}
