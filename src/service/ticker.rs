//! The processor as a background task: runs at start-up, at every multiple of the interval, at the earliest retry, and
//! when an operator forces one (rule 15). It is supervised: no fault of the database ends it (rule 17).
//!
//! ```text
//! Startup ──> run ──ok──> wait for the earliest of: next tick, next retry, a command, the end
//!              ^  └─fault─> wait with a jittered backoff up to 60 s ──┐
//!              └──────────────────────────────────────────────────────┘
//! ```

use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::freezer::freeze_repeatedly;
use super::offset::Offset;
use super::report::log_report;
use super::supervised::supervised;
use super::vitals::{Ended, Vitals};
use super::watch::watch;
use crate::domain::{Processor, ProcessorKind, Timestamp, Trigger, schedule};
use crate::ops::OpsError;
use crate::ops::process::{ProcessRequest, Progress, RunReport, Selection, process};
use crate::source::Sources;
use crate::store::{Store, StoreError};

/// How the processor runs.
#[derive(Debug, Clone)]
pub struct ProcessorOptions {
    /// A run takes place at every UTC multiple of it.
    pub interval: Duration,
    /// Rows of every batch; `None` lets them grow (rule 15).
    pub batch_size: Option<u32>,
    /// What kind of process it lives in.
    pub kind: ProcessorKind,
    /// What incidents are measured by whose counts come from elsewhere. Where there are any, what they hold is frozen
    /// soon after each close.
    pub sources: Sources,
}

/// What the processor tells its shell.
#[derive(Debug, Clone, PartialEq)]
pub enum ProcessorEvent {
    /// A run has begun.
    Started {
        /// Why.
        trigger: Trigger,
    },
    /// A run is over.
    Finished {
        /// What it did.
        report: RunReport,
        /// When.
        ended_at: Timestamp,
    },
    /// A run could not be done or finished; it is tried again.
    Failed {
        /// Why.
        error: String,
        /// When it is tried again, on the host's clock.
        retry_at: Timestamp,
    },
    /// It waits.
    Waiting {
        /// For its next run, on the database's clock.
        next_run_at: Timestamp,
    },
}

/// The shell's end of a running processor.
#[derive(Debug)]
pub struct ProcessorHandle {
    commands: mpsc::Sender<Command>,
    events: broadcast::Sender<ProcessorEvent>,
    cancel: CancellationToken,
    task: JoinHandle<()>,
    freezer: Option<JoinHandle<()>>,
    watch: JoinHandle<()>,
}

#[derive(Debug)]
struct Command {
    selection: Selection,
    reply: oneshot::Sender<Result<RunReport, OpsError>>,
}

const EVENTS: usize = 64;
const COMMANDS: usize = 16;
/// A wait is never longer than this at a stretch, so that a suspended host or a moved clock is noticed.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
const LONGEST_BACKOFF: Duration = Duration::from_mins(1);
/// A retry that is due already still lets this much time pass, so that nothing can spin.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
/// After so long without a sign, a process is no longer listed.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);
/// How often a waiting process says that it is there, and looks whether another has left something to be tried again.
const ANNOUNCE_EVERY: Duration = Duration::from_mins(1);
/// How long a batch in hand may go on after the end was asked for.
const GRACE: Duration = Duration::from_millis(1_500);

/// The name of this host.
#[must_use]
pub fn host_name() -> String {
    crate::domain::text::shorten(&gethostname::gethostname().to_string_lossy(), 100)
}

impl ProcessorHandle {
    /// Starts the processor on a task of its own.
    #[must_use]
    pub fn spawn(store: Store, options: ProcessorOptions) -> Self {
        let vitals = Vitals::of_processor(options.interval);
        Self::spawn_watched(store, options, vitals)
    }

    /// The same, where others of this process want to know how it does.
    #[must_use]
    pub fn spawn_watched(store: Store, options: ProcessorOptions, vitals: Vitals) -> Self {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (events, _) = broadcast::channel(EVENTS);
        let cancel = CancellationToken::new();
        let sources = options.sources.clone();
        let freezer =
            (!sources.is_empty()).then(|| tokio::spawn(freeze_repeatedly(store.clone(), sources, cancel.clone())));
        let watch = tokio::spawn(watch(vitals.clone(), store.clone()));
        let ticker = Ticker {
            store,
            options,
            vitals,
            host: host_name(),
            inbox,
            events: events.clone(),
            cancel: cancel.clone(),
            failures: 0,
            tick: None,
        };
        Self { commands, events, cancel, task: tokio::spawn(ticker.run()), freezer, watch }
    }

    /// What it tells from now on. A listener that falls behind misses the oldest.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<ProcessorEvent> {
        self.events.subscribe()
    }

    /// Asks for a run now, and waits for what it did. What is asked for while a run goes on is done after it.
    ///
    /// # Errors
    /// As [`process`]; [`OpsError::Interrupted`] where the processor ends first.
    pub async fn process(&self, selection: Selection) -> Result<RunReport, OpsError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command { selection, reply }).await.map_err(|_| OpsError::Interrupted)?;
        answer.await.map_err(|_| OpsError::Interrupted)?
    }

    /// Ends it: a batch in hand is finished, or rolled back after 1.5 s.
    pub async fn shutdown(mut self) {
        self.cancel.cancel();
        if tokio::time::timeout(GRACE, &mut self.task).await.is_err() {
            self.task.abort();
            let _ = (&mut self.task).await;
        }
        if let Some(freezer) = self.freezer {
            let _ = freezer.await;
        }
        self.watch.abort();
        let _ = self.watch.await;
    }
}

struct Ticker {
    store: Store,
    options: ProcessorOptions,
    /// Where it shows that it is alive.
    vitals: Vitals,
    host: String,
    inbox: mpsc::Receiver<Command>,
    events: broadcast::Sender<ProcessorEvent>,
    cancel: CancellationToken,
    /// Runs in a row that could not be done.
    failures: u32,
    /// The tick that is waited for: a command in between, however long it takes, must not put it off to the next one.
    tick: Option<Timestamp>,
}

/// Why a wait was over.
enum Woken {
    Tick(Trigger),
    Command(Command),
    Cancelled,
}

impl Ticker {
    async fn run(mut self) {
        let mut trigger = Trigger::Startup;
        loop {
            self.run_due(trigger).await;
            trigger = loop {
                match self.wait(trigger).await {
                    Woken::Tick(trigger) => break trigger,
                    Woken::Command(command) => self.obey(command).await,
                    Woken::Cancelled => return self.leave().await,
                }
            };
        }
    }

    async fn run_due(&mut self, trigger: Trigger) {
        self.tick = None;
        let outcome = self.process(trigger, Selection::Due).await;
        self.failures = if outcome.is_ok() { 0 } else { self.failures.saturating_add(1) };
    }

    async fn obey(&mut self, command: Command) {
        let outcome = self.process(Trigger::Forced, command.selection).await;
        // Who asked may have left.
        let _ = command.reply.send(outcome);
    }

    async fn process(&self, trigger: Trigger, selection: Selection) -> Result<RunReport, OpsError> {
        let progress = Progress::default();
        let is_pass = selection == Selection::Due;
        self.vitals.run_begins(trigger, self.store.host_now(), progress.clone());
        self.tell(ProcessorEvent::Started { trigger });
        let request = ProcessRequest {
            selection,
            progress,
            batch_size: self.options.batch_size,
            sources: self.options.sources.clone(),
            cancel: self.cancel.child_token(),
            ..ProcessRequest::due(trigger, &self.host)
        };
        let outcome = supervised(process(&self.store, request)).await;
        self.vitals.run_ends(self.store.host_now(), is_pass, &Ended::of(&outcome));
        match &outcome {
            Ok(report) => {
                let ended_at = report.started_at + report.duration;
                log_report(report);
                self.tell(ProcessorEvent::Finished { report: *report, ended_at });
            }
            Err(error) => {
                let retry_at = self.store.host_now() + backoff(self.failures + 1, 1.0);
                tracing::error!(%error, trigger = trigger.name(), "run failed");
                self.tell(ProcessorEvent::Failed { error: error.to_string(), retry_at });
            }
        }
        outcome
    }

    /// Waits for the next reason to run. After a failed run that is the same reason again.
    async fn wait(&mut self, last: Trigger) -> Woken {
        if self.failures > 0 {
            let pause = backoff(self.failures, rand::random());
            return self.pause(pause).await.unwrap_or(Woken::Tick(last));
        }
        loop {
            let (next, trigger, offset) = match self.next_run().await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "the next run cannot be planned");
                    self.failures = 1;
                    return self.pause(backoff(1, rand::random())).await.unwrap_or(Woken::Tick(last));
                }
            };
            self.vitals.waits(next);
            self.tell(ProcessorEvent::Waiting { next_run_at: next });
            if let Some(woken) = self.wait_until(next, trigger, offset, self.store.host_now()).await {
                return woken;
            }
        }
    }

    /// Waits for a run that was planned at `planned`, by the host's clock; `None` where it is time to plan anew. That is
    /// so too once the clock was set back: the wait would be as long as it was wrong.
    async fn wait_until(
        &mut self,
        next: Timestamp,
        trigger: Trigger,
        offset: Offset,
        planned: Timestamp,
    ) -> Option<Woken> {
        loop {
            let present = self.store.host_now();
            if present < planned || present.since(planned) >= ANNOUNCE_EVERY {
                return None;
            }
            let left = next.since(offset.database_time(present));
            if left.is_zero() {
                return Some(Woken::Tick(trigger));
            }
            if let Some(woken) = self.pause(left.min(LONGEST_WAIT)).await {
                return Some(woken);
            }
        }
    }

    /// Waits for a time, unless a command or the end comes first.
    async fn pause(&mut self, span: Duration) -> Option<Woken> {
        self.vitals.sign();
        let woken = tokio::select! {
            () = self.cancel.cancelled() => Some(Woken::Cancelled),
            Some(command) = self.inbox.recv() => Some(Woken::Command(command)),
            () = tokio::time::sleep(span) => None,
        };
        self.vitals.sign();
        woken
    }

    /// When to run next, why, and how the host's clock differs from the database's.
    async fn next_run(&mut self) -> Result<(Timestamp, Trigger, Offset), StoreError> {
        let now = self.store.now().await?;
        let offset = Offset::new(now, self.store.host_now());
        let interval = self.options.interval;
        // No tick lies farther ahead: this one was planned before the clock was set back.
        let farthest = interval + schedule::jitter(interval, 1.0);
        let planned = self.tick.filter(|tick| tick.since(now) <= farthest);
        let new = || schedule::next_tick(now, interval) + schedule::jitter(interval, rand::random());
        let tick = *self.tick.insert(planned.unwrap_or_else(new));
        let retry = self.store.read().await?.next_retry().await?.map(|retry| retry.max(now + SHORTEST_WAIT));
        let (next, trigger) = match retry {
            Some(retry) if retry < tick => (retry, Trigger::Retry),
            _ => (tick, Trigger::Interval),
        };
        self.announce(Some(next), now).await;
        Ok((next, trigger, offset))
    }

    /// Says that this process is there. It is for display only: a fault is not worth more than a line in the log.
    async fn announce(&self, next_run_at: Option<Timestamp>, now: Timestamp) {
        let processor = Processor {
            host: self.host.clone(),
            pid: std::process::id(),
            kind: self.options.kind,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            next_run_at,
            last_seen: now,
        };
        let announce = async {
            let mut tx = self.store.write().await?;
            tx.announce_processor(&processor, now - FORGOTTEN_AFTER).await?;
            tx.commit().await
        };
        if let Err(error) = announce.await {
            tracing::debug!(%error, "could not say that this process is here");
        }
    }

    async fn leave(&self) {
        let forget = async {
            let mut tx = self.store.write().await?;
            tx.forget_processor(&self.host, std::process::id()).await?;
            tx.commit().await
        };
        if let Err(error) = forget.await {
            tracing::debug!(%error, "could not say that this process is gone");
        }
    }

    fn tell(&self, event: ProcessorEvent) {
        // Nobody may be listening.
        let _ = self.events.send(event);
    }
}

/// How long to wait after so many runs in a row that could not be done: from a second, doubling, up to a minute, of
/// which `chance` takes off up to a half so that many processes do not come back at once.
fn backoff(failures: u32, chance: f64) -> Duration {
    let doubled = Duration::from_secs(1u64 << failures.saturating_sub(1).min(6)).min(LONGEST_BACKOFF);
    doubled.mul_f64(0.5 + 0.5 * chance)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::{Clock, ManualClock};
    use crate::store::{Location, Upgrade};

    #[test]
    fn the_backoff_of_an_outage_grows_to_a_minute_and_no_further() {
        let longest = |failures| backoff(failures, 1.0).as_secs();
        assert_eq!([1, 2, 3, 6, 7, 100].map(longest), [1, 2, 4, 32, 60, 60]);
        assert_eq!(backoff(1, 0.0), Duration::from_millis(500));
    }

    fn ticker(store: Store) -> Ticker {
        let (interval, kind) = (Duration::from_hours(1), ProcessorKind::Daemon);
        Ticker {
            store,
            options: ProcessorOptions { interval, batch_size: None, kind, sources: Sources::default() },
            vitals: Vitals::of_processor(interval),
            host: "host".into(),
            inbox: mpsc::channel(1).1,
            events: broadcast::channel(1).0,
            cancel: CancellationToken::new(),
            failures: 0,
            tick: None,
        }
    }

    #[tokio::test]
    async fn rule_15_a_command_in_between_does_not_put_a_tick_off() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::parse_absolute("2026-11-24 12:59").unwrap()));
        let location = Location::file(folder.path().join("x.db"));
        let mut ticker = ticker(Store::open(location, clock.clone(), Upgrade::Allowed).await.unwrap());
        let (tick, trigger, _) = ticker.next_run().await.unwrap();
        assert!(tick.since(clock.now()) <= Duration::from_mins(2) && trigger == Trigger::Interval, "{tick}");
        clock.set(tick + Duration::from_secs(90));
        assert_eq!(ticker.next_run().await.unwrap().0, tick, "it is late, and not forgotten");
        ticker.run_due(Trigger::Interval).await;
        let next = ticker.next_run().await.unwrap().0;
        assert!(next.since(tick) > Duration::from_mins(55), "{next}");
        clock.set(Timestamp::parse_absolute("2026-11-20 12:00").unwrap());
        assert!(ticker.next_run().await.unwrap().0.since(clock.now()) <= Duration::from_mins(62));
    }

    /// What becomes of a wait that was planned at noon, when the clock says `moved`: nothing is waited for in between.
    async fn wait_over(moved: &str) -> Option<Option<Woken>> {
        let at = |text: &str| Timestamp::parse_absolute(text).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(at("2026-11-24 12:00:30")));
        let location = Location::file(folder.path().join("x.db"));
        let mut ticker = ticker(Store::open(location, clock.clone(), Upgrade::Allowed).await.unwrap());
        let (next, trigger, offset) = ticker.next_run().await.unwrap();
        clock.set(at(moved));
        let wait = ticker.wait_until(next, trigger, offset, at("2026-11-24 12:00:30"));
        tokio::time::timeout(Duration::from_millis(200), wait).await.ok()
    }

    #[tokio::test]
    async fn rule_15_a_clock_that_moves_while_it_is_waited_for_is_planned_by_anew() {
        for moved in ["2026-11-24 12:00:29", "2026-11-23 12:00:30", "2026-11-24 12:01:30", "2026-11-25 12:00:30"] {
            assert!(matches!(wait_over(moved).await, Some(None)), "{moved}");
        }
        assert!(wait_over("2026-11-24 12:00:45").await.is_none(), "nothing has happened: it waits");
    }
}
