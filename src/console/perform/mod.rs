//! Runs effects on tasks of their own and answers with events. The only part of the console that touches the database;
//! the task of the screen never waits for anything here.
//!
//! ```text
//! Load ──> lane (one read at a time, only the newest wish waits) ──> Answer::Loaded
//! Write ─> a task of its own, never dropped ─────────────────────> Answer::Written
//! Inspect ──> a lane of its own, without the database ───────────> Answer::Inspected
//! ```

mod copy;
mod keep;
mod outlook;
mod read;
mod save;
mod write;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::console::effect::{Effect, Lane, Load};
use crate::console::event::{Answer, Cause, Event, Failure, ProcessorNews};
use crate::console::kept::Kept;
use crate::console::options::{Access, ConsoleOptions, Multiplexer, ProcessorChoice};
use crate::domain::{ProcessorKind, Trigger};
use crate::ops::OpsError;
use crate::service::{ProcessorEvent, ProcessorHandle, ProcessorOptions, Vitals};
use crate::source::Sources;
use crate::store::{Store, StoreError};

pub(super) use keep::kept;

/// Opens the database: tried until it succeeds.
pub type Connect = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Store, StoreError>> + Send>> + Send + Sync>;

/// How long what is under way may go on after the operator has left.
const GRACE: Duration = Duration::from_secs(2);

/// What everything here shares.
struct Shared {
    options: ConsoleOptions,
    connect: Connect,
    sources: Sources,
    events: mpsc::Sender<Event>,
    store: OnceLock<Store>,
    processor: OnceLock<ProcessorHandle>,
    vitals: Vitals,
    outlook: outlook::Outlook,
    /// Why the database can never be used, where that is so.
    fatal: Mutex<Option<StoreError>>,
    tasks: TaskTracker,
    cancel: CancellationToken,
}

/// Runs effects.
pub struct Performer {
    shared: Arc<Shared>,
    lanes: Vec<watch::Sender<Option<(u64, Load)>>>,
    files: watch::Sender<String>,
    kept: watch::Sender<Kept>,
    multiplexer: Multiplexer,
}

impl Performer {
    /// A performer that sends its answers to `events`.
    #[must_use]
    pub fn new(
        options: ConsoleOptions,
        (connect, sources): (Connect, Sources),
        (multiplexer, view_file, vitals): (Multiplexer, Option<PathBuf>, Vitals),
        events: mpsc::Sender<Event>,
    ) -> Self {
        let shared = Arc::new(Shared {
            options,
            connect,
            sources,
            events,
            store: OnceLock::new(),
            processor: OnceLock::new(),
            vitals,
            outlook: outlook::Outlook::default(),
            fatal: Mutex::new(None),
            tasks: TaskTracker::new(),
            cancel: CancellationToken::new(),
        });
        let lanes = Lane::ALL.map(|_| watch::channel(None).0).into();
        let (files, wishes) = watch::channel(String::new());
        shared.tasks.spawn(save::inspect(Arc::clone(&shared), wishes));
        let (kept, changes) = watch::channel(Kept::default());
        if let Some(file) = view_file {
            shared.tasks.spawn(keep::keep(Arc::clone(&shared), file, changes));
        }
        Self { shared, lanes, files, kept, multiplexer }
    }

    /// Runs an effect. Returns at once; effects of the terminal are not for here.
    pub fn perform(&self, effect: Effect) {
        match effect {
            Effect::Connect => self.connect(),
            Effect::Load(sequence, load) => {
                self.lanes[load.lane() as usize].send_replace(Some((sequence, load)));
            }
            Effect::Write(request, write) => {
                let shared = Arc::clone(&self.shared);
                self.shared.tasks.spawn(async move {
                    let answer = write::write(&shared, request, write).await;
                    shared.tell(Event::Answer(answer)).await;
                });
            }
            Effect::Inspect(file) => {
                self.files.send_replace(file);
            }
            Effect::Keep(kept) => {
                self.kept.send_replace(*kept);
            }
            Effect::Copy(text) if self.multiplexer == Multiplexer::Tmux => {
                self.shared.tasks.spawn_blocking(move || copy::hand_to_tmux(&text));
            }
            Effect::Copy(_) | Effect::Suspend | Effect::Mouse(_) | Effect::Repaint | Effect::Quit => {}
        }
    }

    fn connect(&self) {
        let shared = Arc::clone(&self.shared);
        let lanes: Vec<_> = self.lanes.iter().map(watch::Sender::subscribe).collect();
        self.shared.tasks.spawn(async move {
            let opened = tokio::select! {
                opened = (shared.connect)() => opened,
                () = shared.cancel.cancelled() => return,
            };
            match opened {
                Ok(store) => shared.opened(store, lanes).await,
                Err(error) => shared.not_opened(error).await,
            }
        });
    }

    /// Ends everything: what is being written is finished, what is being read is not.
    ///
    /// # Errors
    /// Why the database could never be used, where that was so.
    pub async fn shutdown(self) -> Result<(), StoreError> {
        let Self { shared, lanes, files, kept, .. } = self;
        drop((lanes, files));
        shared.cancel.cancel();
        shared.tasks.close();
        let _ = tokio::time::timeout(GRACE, shared.tasks.wait()).await;
        drop(kept);
        let fatal = shared.fatal.lock().unwrap_or_else(PoisonError::into_inner).take();
        let store = shared.store.get().cloned();
        if let Some(processor) = Arc::into_inner(shared).and_then(|shared| shared.processor.into_inner()) {
            processor.shutdown().await;
        }
        if let Some(store) = store {
            let _ = tokio::time::timeout(GRACE, store.close()).await;
        }
        fatal.map_or(Ok(()), Err)
    }
}

impl Shared {
    /// Sends an event; after the end nobody listens any more.
    async fn tell(&self, event: Event) {
        let _ = self.events.send(event).await;
    }

    async fn opened(self: &Arc<Self>, store: Store, lanes: Vec<watch::Receiver<Option<(u64, Load)>>>) {
        let database = store.location().to_string();
        if self.store.set(store.clone()).is_err() {
            return;
        }
        for lane in lanes {
            self.tasks.spawn(read::serve(Arc::clone(self), store.clone(), lane));
        }
        self.start_processor(store);
        self.tell(Event::Answer(Answer::Connected { database })).await;
    }

    async fn not_opened(&self, error: StoreError) {
        let retriable =
            error.is_outage() && !matches!(error, StoreError::Missing(_)) || matches!(error, StoreError::Busy);
        let cause = if retriable { Cause::Unreachable } else { Cause::Refused };
        let failure = Failure { message: error.to_string(), cause };
        if cause == Cause::Refused {
            *self.fatal.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
        self.tell(Event::Answer(Answer::NotConnected { failure, chance: rand::random() })).await;
    }

    fn start_processor(self: &Arc<Self>, store: Store) {
        let (Access::Full, ProcessorChoice::Every(interval)) = (self.options.access, self.options.processor) else {
            return;
        };
        let options = ProcessorOptions {
            interval,
            batch_size: None,
            kind: ProcessorKind::Console,
            sources: self.sources.clone(),
        };
        let handle = ProcessorHandle::spawn_watched(store.clone(), options, self.vitals.clone());
        let mut heard = handle.subscribe();
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            loop {
                let event = tokio::select! {
                    event = heard.recv() => event,
                    () = shared.cancel.cancelled() => return,
                };
                match event {
                    Ok(event) => shared.tell(Event::Processor(news(&store, event).await)).await,
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                }
            }
        });
        let _ = self.processor.set(handle);
    }
}

async fn news(store: &Store, event: ProcessorEvent) -> ProcessorNews {
    let at = store.host_now();
    match event {
        ProcessorEvent::Started { trigger } => ProcessorNews::Started { at, trigger },
        ProcessorEvent::Finished { report, ended_at } => {
            // Who forced a run is told of its failures by the answer.
            let forced = report.trigger == Trigger::Forced;
            let failures = if forced { Vec::new() } else { write::failures(store, &report).await };
            ProcessorNews::Finished { at: ended_at, counts: report.counts, trigger: report.trigger, failures }
        }
        ProcessorEvent::Failed { error, retry_at } => ProcessorNews::Failed { at, error, retry_at },
        ProcessorEvent::Waiting { next_run_at } => ProcessorNews::Waiting { next_run_at },
    }
}

fn store_failure(error: &StoreError) -> Failure {
    let cause = if error.is_outage() { Cause::Unreachable } else { Cause::Refused };
    Failure { message: error.to_string(), cause }
}

fn failure(error: &OpsError) -> Failure {
    match error {
        OpsError::Store(error) => store_failure(error),
        other => Failure { message: other.to_string(), cause: Cause::Refused },
    }
}
