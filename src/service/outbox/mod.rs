//! Tells others what has happened: sends what waits in the outbox to the addresses of the configuration, signed, at least
//! once, and each under an id that stays the same in every attempt.
//!
//! ```text
//! close, capture, death ──tx──> outbox row a target ──lease 60 s──> POST ──2xx or 410──> deleted
//!                                      ^                              └────else──┐
//!                                      └──────────── backoff up to 1 h <─────────┘   given up after 7 days
//! ```
//!
//! Each target has a courier of its own, so that a slow one holds up no other. A process that ends in the middle leaves
//! its leases behind; when they are over, any process sends those messages again.

mod body;
mod courier;
mod post;
mod signature;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use reqwest::{Client, Url};
use thiserror::Error;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::domain::{MessageFormat, MessageKind};
use crate::store::{Store, StoreError};
use courier::Courier;

pub use signature::SigningKey;

/// How often a process looks for messages where nothing is said.
pub const POLL: Duration = Duration::from_secs(2);
/// A delivery ends within this time when the end is asked for.
const GRACE: Duration = Duration::from_secs(1);
/// Before a courier that has panicked starts again.
const PAUSE_AFTER_PANIC: Duration = Duration::from_secs(30);

/// Somebody who wants to be told.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxTarget {
    /// By which the database knows it: processes that name the same one share its messages.
    pub name: String,
    /// Where messages are sent.
    pub url: Url,
    /// What they are signed with.
    pub key: Option<SigningKey>,
    /// Which are wanted.
    pub kinds: Vec<MessageKind>,
    /// In which form.
    pub format: MessageFormat,
    /// How long an attempt may take. Less than the lease, or two processes would send the same message.
    pub timeout: Duration,
    /// Certificates that are trusted beside those of the system, in PEM form.
    pub ca: Option<Vec<u8>>,
}

/// To whom messages are sent, and what they say of this process.
#[derive(Debug, Clone)]
pub struct OutboxOptions {
    /// To whom; names are unique.
    pub targets: Vec<OutboxTarget>,
    /// Where the HTTP API of this database can be reached, for links.
    pub public_url: Option<String>,
    /// How often one looks for messages.
    pub poll: Duration,
}

/// Why nothing can be sent to a target, ever.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("webhook '{}' cannot be used: {problem}", crate::domain::text::shorten(name, 60))]
pub struct OutboxError {
    /// Its name.
    pub name: String,
    /// What is wrong.
    pub problem: String,
}

/// What delivers messages. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbox {
    recipients: Arc<[Arc<Recipient>]>,
    poll: Duration,
}

/// The shell's end of a running delivery.
#[derive(Debug)]
pub struct OutboxHandle {
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

/// A target, with what it takes to send something there.
#[derive(Debug)]
struct Recipient {
    target: OutboxTarget,
    client: Client,
    public_url: Option<String>,
}

impl fmt::Debug for OutboxTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its address may hold a secret, and its key is one.
        formatter
            .debug_struct("OutboxTarget")
            .field("name", &self.name)
            .field("place", &post::place(&self.url))
            .field("kinds", &self.kinds)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

impl Outbox {
    /// Prepares the delivery.
    ///
    /// # Errors
    /// Where nothing can ever be sent to a target.
    pub fn new(options: OutboxOptions) -> Result<Self, OutboxError> {
        let OutboxOptions { targets, public_url, poll } = options;
        let recipient = |target: OutboxTarget| {
            let client = post::client(&target)?;
            Ok(Arc::new(Recipient { target, client, public_url: public_url.clone() }))
        };
        let recipients: Result<Vec<_>, OutboxError> = targets.into_iter().map(recipient).collect();
        Ok(Self { recipients: recipients?.into(), poll })
    }

    /// Says in the database who wants to be told: what happens from now on is kept for them. Where the database cannot
    /// take it now, the delivery says it again.
    pub async fn announce(&self, store: &Store) {
        let announce = async {
            let now = store.now().await?;
            for recipient in self.recipients.iter() {
                recipient.announce(store, now).await?;
            }
            Ok::<_, StoreError>(())
        };
        if let Err(error) = announce.await {
            tracing::warn!(%error, "could not say who wants to be told");
        }
    }

    /// Starts the delivery on a task of its own.
    #[must_use]
    pub fn spawn(&self, store: &Store) -> OutboxHandle {
        let cancel = CancellationToken::new();
        let (outbox, store, stop) = (self.clone(), store.clone(), cancel.clone());
        let task = tokio::spawn(async move {
            let couriers = outbox.recipients.iter().map(|recipient| supervised(&store, recipient, outbox.poll, &stop));
            join_all(couriers).await;
        });
        OutboxHandle { cancel, task }
    }

    /// Delivers what is due, once, until nothing is. What fails is left to another time.
    pub async fn deliver_due(&self, store: &Store) {
        let deliver = async |recipient: &Arc<Recipient>| {
            let mut courier = Courier::new(store.clone(), Arc::clone(recipient));
            if let Err(error) = courier.until_idle().await {
                tracing::warn!(webhook = recipient.shown(), %error, "messages wait for the database");
            }
        };
        join_all(self.recipients.iter().map(deliver)).await;
    }
}

impl OutboxHandle {
    /// Ends it: what is being sent may end within a second; the rest is sent again when its lease is over.
    pub async fn shutdown(mut self) {
        self.cancel.cancel();
        if tokio::time::timeout(GRACE, &mut self.task).await.is_err() {
            self.task.abort();
            let _ = (&mut self.task).await;
        }
    }
}

impl Recipient {
    /// Its name as it may be shown.
    fn shown(&self) -> String {
        crate::domain::text::shorten(&self.target.name, 60)
    }
}

/// A courier that panics is replaced: a defect that one message meets must not keep all others.
async fn supervised(store: &Store, recipient: &Arc<Recipient>, poll: Duration, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        let courier = Courier::new(store.clone(), Arc::clone(recipient));
        if AssertUnwindSafe(courier.run(poll, stop)).catch_unwind().await.is_ok() {
            return;
        }
        tracing::error!(webhook = recipient.shown(), "the delivery has panicked: it starts again");
        tokio::select! {
            () = tokio::time::sleep(PAUSE_AFTER_PANIC) => {}
            () = stop.cancelled() => {}
        }
    }
}
