//! The courier of one target: takes what is due under a lease, sends some of it at a time, and records what became of it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::post::{self, Outcome};
use super::{Recipient, body};
use crate::domain::{Timestamp, schedule};
use crate::store::outbox::OutboxMessage;
use crate::store::{Store, StoreError, Tx};

/// How many messages are under way to a target at a time.
const CONCURRENCY: usize = 4;
/// For so long a message belongs to the process that took it. Longer than an attempt takes with all around it.
const LEASE: Duration = Duration::from_mins(1);
/// After so long a message that nobody takes is given up.
const GIVEN_UP_AFTER: Duration = Duration::from_hours(7 * 24);
/// How often a process says that it delivers to a target.
const ANNOUNCE_EVERY: Duration = Duration::from_hours(1);
/// What is under way may end within this time when the end is asked for, so that it can still be recorded.
const GRACE: Duration = Duration::from_millis(600);
/// A target that takes nothing at all is asked no more seldom than this.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// A message, and what became of it.
struct Settled {
    message: OutboxMessage,
    outcome: Outcome,
}

pub(super) struct Courier {
    store: Store,
    recipient: Arc<Recipient>,
    sending: JoinSet<Settled>,
    /// What is over, but not yet recorded.
    settled: Vec<Settled>,
    announced_at: Option<Timestamp>,
    /// Between two looks, where the target took nothing the last time; nothing where it did.
    pause: Duration,
    rests_until: Instant,
}

impl Courier {
    pub(super) fn new(store: Store, recipient: Arc<Recipient>) -> Self {
        Self {
            store,
            recipient,
            sending: JoinSet::new(),
            settled: Vec::new(),
            announced_at: None,
            pause: Duration::ZERO,
            rests_until: Instant::now(),
        }
    }

    /// Delivers until the end is asked for.
    pub(super) async fn run(mut self, poll: Duration, stop: &CancellationToken) {
        let mut wait = poll;
        while !stop.is_cancelled() {
            match self.turn(self.free()).await {
                Ok(()) => wait = poll,
                Err(error) => {
                    tracing::debug!(webhook = self.recipient.shown(), %error, "messages wait for the database");
                    wait = (wait * 2).min(LONGEST_PAUSE);
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                Some(finished) = self.sending.join_next() => {
                    self.finished(finished.ok());
                    self.rest(poll);
                }
                () = tokio::time::sleep(wait) => {}
            }
        }
        let end = Instant::now() + GRACE;
        while let Ok(Some(finished)) = tokio::time::timeout_at(end, self.sending.join_next()).await {
            self.finished(finished.ok());
        }
        if let Err(error) = self.turn(0).await {
            tracing::debug!(webhook = self.recipient.shown(), %error, "what was delivered could not be recorded");
        }
    }

    /// Delivers until nothing is due.
    pub(super) async fn until_idle(&mut self) -> Result<(), StoreError> {
        loop {
            self.turn(CONCURRENCY - self.sending.len()).await?;
            match self.sending.join_next().await {
                Some(finished) => self.finished(finished.ok()),
                None if self.settled.is_empty() => return Ok(()),
                None => {}
            }
        }
    }

    /// How many messages may be taken now: one for a try where the target took nothing the last time.
    fn free(&self) -> usize {
        let most = if self.pause.is_zero() { CONCURRENCY } else { 1 };
        if Instant::now() < self.rests_until { 0 } else { most.saturating_sub(self.sending.len()) }
    }

    /// Notes what is over, and whatever else is over by now.
    fn finished(&mut self, first: Option<Settled>) {
        self.settled.extend(first);
        while let Some(next) = self.sending.try_join_next() {
            self.settled.extend(next.ok());
        }
    }

    /// A target that takes nothing is not asked for each of a thousand messages.
    fn rest(&mut self, poll: Duration) {
        let is = |wanted: fn(&Outcome) -> bool| self.settled.iter().any(|settled| wanted(&settled.outcome));
        if is(|outcome| matches!(outcome, Outcome::Delivered)) {
            self.pause = Duration::ZERO;
            self.rests_until = Instant::now();
        } else if is(|outcome| matches!(outcome, Outcome::Failed(_))) {
            self.pause = (self.pause * 2).clamp(poll, LONGEST_PAUSE);
            self.rests_until = Instant::now() + self.pause;
        }
    }

    /// Records what is over, and takes up to `free` messages that are due.
    async fn turn(&mut self, free: usize) -> Result<(), StoreError> {
        let now = self.store.now().await?;
        self.announce(now).await?;
        let recipient = Arc::clone(&self.recipient);
        let name = &recipient.target.name;
        let due = free > 0 && self.store.read().await?.any_message_due(name, now).await?;
        if !due && self.settled.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.write().await?;
        for settled in &self.settled {
            settled.record(&mut tx, &recipient, now).await?;
        }
        let taken = if due { tx.claim_messages(name, now, LEASE, free).await? } else { Vec::new() };
        tx.commit().await?;
        self.settled.clear();
        for message in taken {
            self.sending.spawn(deliver(self.store.clone(), Arc::clone(&recipient), message));
        }
        Ok(())
    }

    async fn announce(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if self.announced_at.is_none_or(|at| now.since(at) >= ANNOUNCE_EVERY) {
            self.recipient.announce(&self.store, now).await?;
            self.announced_at = Some(now);
        }
        Ok(())
    }
}

impl Recipient {
    /// Says that this process delivers to it.
    pub(super) async fn announce(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = store.write().await?;
        tx.announce_outbox_target(&self.target.name, &self.target.kinds, now).await?;
        tx.commit().await
    }
}

impl Settled {
    async fn record(&self, tx: &mut Tx, recipient: &Recipient, now: Timestamp) -> Result<(), StoreError> {
        let Self { message, outcome } = self;
        let (webhook, place) = (recipient.shown(), post::place(&recipient.target.url));
        let (event, incident) = (message.kind.name(), message.incident_id.value());
        match outcome {
            Outcome::Delivered => {
                tracing::debug!(webhook, event, incident, "message delivered");
                tx.delete_message(message.id).await
            }
            Outcome::Dropped(why) => {
                tracing::info!(webhook, event, incident, why, "message dropped");
                tx.delete_message(message.id).await
            }
            Outcome::Failed(error) if now.since(message.occurred_at) >= GIVEN_UP_AFTER => {
                tracing::error!(webhook, place, event, incident, error, "message given up after a week");
                tx.delete_message(message.id).await
            }
            Outcome::Failed(error) => {
                let attempts = message.attempts.saturating_add(1);
                tracing::warn!(webhook, place, event, incident, attempts, error, "message not delivered");
                let retry_at = now + schedule::redelivery(attempts, rand::random());
                tx.record_undelivered(message, error, retry_at).await
            }
            // When its lease is over somebody tries again.
            Outcome::Untried => Ok(()),
        }
    }
}

/// One attempt. A defect that this message meets is its own failure.
async fn deliver(store: Store, recipient: Arc<Recipient>, message: OutboxMessage) -> Settled {
    let attempt = AssertUnwindSafe(attempt(&store, &recipient, &message)).catch_unwind();
    let outcome = attempt.await.unwrap_or_else(|_| Outcome::Failed("a defect in this program".to_owned()));
    Settled { message, outcome }
}

async fn attempt(store: &Store, recipient: &Recipient, message: &OutboxMessage) -> Outcome {
    let Recipient { target, client, public_url } = recipient;
    if !target.kinds.contains(&message.kind) {
        return Outcome::Dropped("the configuration does not want it any more");
    }
    let read = async {
        let now = store.now().await?;
        let mut tx = store.read().await?;
        Ok((now, body::News::read(&mut tx, message.incident_id).await?))
    };
    match read.await {
        Ok((now, Some(news))) if !news.is_obsolete(message.kind) => {
            let body = news.write(message, target.format, public_url.as_deref());
            post::post(client, target, &message.message_id, now, body).await
        }
        Ok(_) => Outcome::Dropped("it is no longer so"),
        Err(StoreError::Damaged(error)) => Outcome::Failed(error),
        Err(_) => Outcome::Untried,
    }
}
