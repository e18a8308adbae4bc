//! What a shell does beside its processor, as far as the configuration wants it: it asks Alertmanagers what still fires,
//! and delivers messages.

use std::sync::{Arc, Mutex, PoisonError};

use afterimage::config::Configuration;
use afterimage::http::Process;
use afterimage::ops::alerts::Intake;
use afterimage::service::outbox::{Outbox, OutboxHandle};
use afterimage::service::{AlertPolls, Vitals};
use afterimage::source::{Alertmanager, Sources};
use afterimage::store::Store;

use super::{Failure, messages, sources};

/// What is done beside a processor. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(super) struct Beside {
    intake: Arc<Intake>,
    alertmanagers: Arc<Vec<Alertmanager>>,
    outbox: Option<Outbox>,
    running: Arc<Mutex<Option<Running>>>,
}

struct Running {
    polls: Option<AlertPolls>,
    delivery: Option<OutboxHandle>,
}

impl Beside {
    /// What the configuration wants. Reads the files of its secrets, and asks nothing.
    pub(super) fn new(configuration: &Configuration, sources: &Sources) -> Result<Self, Failure> {
        Ok(Self {
            intake: Arc::new(Intake { routing: configuration.routing(), sources: sources.clone() }),
            alertmanagers: Arc::new(sources::alertmanagers(configuration)?),
            outbox: messages::outbox(configuration, configuration.http.public_url.as_deref())?,
            running: Arc::default(),
        })
    }

    /// Whether there is nothing to do.
    pub(super) fn is_idle(&self) -> bool {
        self.alertmanagers.is_empty() && self.outbox.is_none()
    }

    /// What the HTTP interface shows of this process.
    pub(super) fn shown(&self, vitals: Vitals) -> Process {
        Process { intake: self.intake.clone(), alertmanagers: self.alertmanagers.clone(), vitals }
    }

    /// Who is told what happens.
    pub(super) fn outbox(&self) -> Option<&Outbox> {
        self.outbox.as_ref()
    }

    /// Begins, before the processor does, so that its first run is told of.
    pub(super) async fn start(&self, store: &Store) {
        let delivery = match &self.outbox {
            Some(outbox) => {
                outbox.announce(store).await;
                Some(outbox.spawn(store))
            }
            None => None,
        };
        let polls = (!self.alertmanagers.is_empty())
            .then(|| AlertPolls::spawn(store.clone(), self.intake.clone(), self.alertmanagers.clone()));
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(Running { polls, delivery });
    }

    /// Ends what was begun.
    pub(super) async fn shutdown(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { polls, delivery }) = running else { return };
        let polls = async {
            if let Some(polls) = polls {
                polls.shutdown().await;
            }
        };
        let delivery = async {
            if let Some(delivery) = delivery {
                delivery.shutdown().await;
            }
        };
        tokio::join!(polls, delivery);
    }
}
