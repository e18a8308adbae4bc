//! What this process knows of its own processor: how its runs went, what they did, and whether it is alive. A run that
//! finds nothing leaves no record in the database, so it must be remembered here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::tally::Tally;
use crate::domain::{RunCounts, Timestamp, Trigger, span, text};
use crate::ops::OpsError;
use crate::ops::process::{Progress, RunReport};

/// After so long without a sign the processor is taken to hang. Every call of the database, and every question to a
/// source, has an end long before.
pub const HANGS_AFTER: Duration = Duration::from_mins(5);
/// What this process knows of its own processor. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Vitals(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    tally: Tally,
    changes: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    /// How often it runs; `None` where this process has no processor.
    interval: Option<Duration>,
    running: Option<Running>,
    last_success: Option<(Timestamp, Instant)>,
    /// Why the last run failed, where it did.
    error: Option<String>,
    next_run_at: Option<Timestamp>,
    signed_at: Option<Instant>,
}

#[derive(Debug)]
struct Running {
    trigger: Trigger,
    since: Timestamp,
    began: Instant,
    progress: Progress,
    /// What of its progress has been counted.
    counted: RunCounts,
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Succeeded,
    /// It was told to stop before it was done.
    Interrupted,
    Failed(String),
}

impl Ended {
    pub(super) fn of(outcome: &Result<RunReport, OpsError>) -> Self {
        match outcome {
            Ok(report) if report.cancelled => Self::Interrupted,
            Ok(_) => Self::Succeeded,
            Err(OpsError::Interrupted) => Self::Interrupted,
            Err(error) => Self::Failed(text::shorten(&error.to_string(), 200)),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Interrupted => "interrupted",
            Self::Failed(_) => "failed",
        }
    }
}

impl Vitals {
    /// Of a process whose processor runs this often. By default there is none.
    #[must_use]
    pub fn of_processor(interval: Duration) -> Self {
        let state = State { interval: Some(interval), ..State::default() };
        Self(Arc::new(Shared { state: Mutex::new(state), ..Shared::default() }))
    }

    /// What its runs came to, with what the present one has done so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        if let Some(running) = &mut self.state().running {
            running.count(&self.0.tally);
        }
        self.0.tally.clone()
    }

    /// When a run over all that is due last succeeded.
    #[must_use]
    pub fn last_success(&self) -> Option<Timestamp> {
        self.state().last_success.map(|(at, _)| at)
    }

    /// For when the next run is planned, while none goes on.
    #[must_use]
    pub fn next_run_at(&self) -> Option<Timestamp> {
        let state = self.state();
        state.next_run_at.filter(|_| state.running.is_none())
    }

    /// Why the last run failed, where it did.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        self.state().error.clone()
    }

    /// Whether any run has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.state().signed_at.is_some()
    }

    /// Whether the processor has given a sign lately.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.state().silent_for().is_none_or(|silent| silent < HANGS_AFTER)
    }

    /// Why this process should not be relied on, in a sentence, where that is so.
    #[must_use]
    pub fn unready(&self, now: Timestamp) -> Option<String> {
        let state = self.state();
        let silent = state.silent_for().unwrap_or_default();
        state.unready(now, silent)
    }

    /// That the processor hangs, in a sentence, where it does.
    #[must_use]
    pub fn hanging(&self, now: Timestamp) -> Option<String> {
        let state = self.state();
        let silent = state.silent_for()?;
        state.hanging(now, silent)
    }

    /// Learns of changes from now on.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.0.changes.subscribe()
    }

    /// The processor is alive.
    pub(super) fn sign(&self) {
        self.state().signed_at = Some(Instant::now());
    }

    pub(super) fn run_begins(&self, trigger: Trigger, now: Timestamp, progress: Progress) {
        let began = Instant::now();
        let running = Running { trigger, since: now, began, progress, counted: RunCounts::default() };
        let mut state = self.state();
        state.running = Some(running);
        state.signed_at = Some(began);
        self.changed(state);
    }

    /// `is_pass`: over all that is due. Others say nothing of how the processor does.
    pub(super) fn run_ends(&self, now: Timestamp, is_pass: bool, ended: &Ended) {
        let mut state = self.state();
        let Some(mut running) = state.running.take() else { return };
        running.count(&self.0.tally);
        self.0.tally.run_ended(running.trigger, ended.name(), running.began.elapsed());
        state.signed_at = Some(Instant::now());
        match ended {
            Ended::Succeeded if is_pass => (state.last_success, state.error) = (Some((now, Instant::now())), None),
            Ended::Failed(error) if is_pass => state.error = Some(error.clone()),
            _ => {}
        }
        self.changed(state);
    }

    pub(super) fn waits(&self, next_run_at: Timestamp) {
        let mut state = self.state();
        state.signed_at = Some(Instant::now());
        if state.next_run_at != Some(next_run_at) {
            state.next_run_at = Some(next_run_at);
            self.changed(state);
        }
    }

    fn changed(&self, state: MutexGuard<'_, State>) {
        drop(state);
        self.0.changes.send_replace(());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn count(&mut self, tally: &Tally) {
        let counts = self.progress.counts();
        tally.count(self.counted, counts);
        self.counted = counts;
    }
}

impl State {
    /// Since its last sign; `None` before the first one.
    fn silent_for(&self) -> Option<Duration> {
        let signed = self.signed_at?.elapsed();
        let moved = self.running.as_ref().map(|running| running.progress.still_for());
        Some(moved.map_or(signed, |moved| moved.min(signed)))
    }

    fn hanging(&self, now: Timestamp, silent: Duration) -> Option<String> {
        if silent < HANGS_AFTER {
            return None;
        }
        let silent = span::format(silent);
        Some(match &self.running {
            Some(running) => {
                let (trigger, since) = (running.trigger.name(), clock_time(running.since, now));
                format!("a run hangs: begun at {since} ({trigger}), it has not come forward for {silent}")
            }
            None => format!("the processor hangs: it has given no sign for {silent}"),
        })
    }

    fn unready(&self, now: Timestamp, silent: Duration) -> Option<String> {
        let interval = self.interval?;
        if let Some(hangs) = self.hanging(now, silent) {
            return Some(hangs);
        }
        let because = self.error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
        match (self.last_success, &self.running) {
            (None, Some(_)) if self.error.is_none() => Some("the first run has not ended yet".to_owned()),
            (None, _) => Some(format!("no run has succeeded yet{because}")),
            // One that comes forward may take as long as there is something to do.
            (Some(_), Some(_)) if self.error.is_none() => None,
            // The clock may have been wrong when it succeeded, and set back since: so much has passed all the same.
            (Some((at, ended)), _) if now.since(at).max(ended.elapsed()) > 2 * interval => {
                let (since, interval) = (clock_time(at, now), span::format(interval));
                Some(format!(
                    "no run has succeeded since {since}, which is more than two intervals ({interval}){because}"
                ))
            }
            (Some(_), _) => None,
        }
    }
}

/// `12:00:00 UTC`, with the day where it is not the present one.
fn clock_time(at: Timestamp, now: Timestamp) -> String {
    let day = Duration::from_hours(24);
    let form = if at.floor(day) == now.floor(day) { "%H:%M:%S UTC" } else { "%Y-%m-%d %H:%M:%S UTC" };
    at.to_utc().map_or_else(|| at.to_string(), |at| at.format(form).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_absolute(&format!("2026-11-24 {text}")).unwrap()
    }

    fn run(vitals: &Vitals, when: &str, ended: &Ended) {
        vitals.run_begins(Trigger::Interval, at(when), Progress::default());
        vitals.run_ends(at(when), true, ended);
    }

    #[test]
    fn a_process_is_ready_after_its_first_run_and_for_two_intervals_after_each() {
        let vitals = Vitals::of_processor(HOUR);
        assert_eq!(vitals.unready(at("12:00")).unwrap(), "no run has succeeded yet");
        vitals.run_begins(Trigger::Startup, at("12:00"), Progress::default());
        assert_eq!(vitals.unready(at("12:00")).unwrap(), "the first run has not ended yet");
        vitals.run_ends(at("12:00"), true, &Ended::Succeeded);
        assert_eq!((vitals.unready(at("12:00")), vitals.unready(at("14:00"))), (None, None));
        run(&vitals, "13:00", &Ended::Failed("the database is busy".into()));
        assert_eq!(vitals.unready(at("14:00")), None);
        let said =
            "no run has succeeded since 12:00:00 UTC, which is more than two intervals (1h): the database is busy";
        assert_eq!(vitals.unready(at("14:01")).unwrap(), said);
        run(&vitals, "14:05", &Ended::Succeeded);
        assert_eq!(vitals.unready(at("14:06")), None);
    }

    #[test]
    fn a_clock_that_was_ahead_and_is_set_back_does_not_keep_a_process_ready() {
        let vitals = Vitals::of_processor(HOUR);
        run(&vitals, "23:00", &Ended::Succeeded);
        assert_eq!(vitals.unready(at("12:00")), None);
        // A host that was started a moment ago has no such instant.
        let Some(long_ago) = Instant::now().checked_sub(2 * HOUR) else { return };
        vitals.state().last_success = Some((at("23:00"), long_ago));
        assert!(
            vitals.unready(at("14:00")).is_some_and(|said| said.contains("no run has succeeded since 23:00:00 UTC"))
        );
    }

    #[test]
    fn a_run_that_comes_forward_may_take_long_and_one_that_does_not_hangs() {
        let vitals = Vitals::of_processor(HOUR);
        run(&vitals, "12:00", &Ended::Succeeded);
        vitals.run_begins(Trigger::Interval, at("13:00"), Progress::default());
        assert_eq!((vitals.unready(at("19:00")), vitals.is_alive()), (None, true));
        let state = vitals.state();
        let said = "a run hangs: begun at 13:00:00 UTC (interval), it has not come forward for 6m";
        assert_eq!(state.unready(at("19:00"), Duration::from_mins(6)).unwrap(), said);
    }

    #[test]
    fn a_processor_that_gives_no_sign_is_not_alive() {
        let vitals = Vitals::of_processor(HOUR);
        assert!(vitals.is_alive() && !vitals.has_begun(), "before its first run there is nothing to expect");
        run(&vitals, "12:00", &Ended::Succeeded);
        assert!(vitals.is_alive());
        // A host that was started a moment ago has no such instant.
        let Some(long_ago) = Instant::now().checked_sub(HANGS_AFTER) else { return };
        vitals.state().signed_at = Some(long_ago);
        let said = "the processor hangs: it has given no sign for 5m";
        assert_eq!((vitals.hanging(at("12:05")).as_deref(), vitals.is_alive()), (Some(said), false));
        assert_eq!(vitals.unready(at("12:05")).as_deref(), Some(said));
        vitals.sign();
        assert!(vitals.is_alive() && vitals.unready(at("12:05")).is_none());
    }

    #[test]
    fn a_run_that_fails_is_counted_with_what_it_said() {
        let vitals = Vitals::of_processor(HOUR);
        run(&vitals, "12:00", &Ended::Failed("the disk is full".into()));
        assert_eq!(vitals.last_error().as_deref(), Some("the disk is full"));
        let labels = vec![("trigger", "interval"), ("outcome", "failed")];
        assert_eq!(vitals.tally().runs.get_or_create(&labels).get(), 1);
    }

    #[test]
    fn what_an_operator_forces_says_nothing_of_the_processor() {
        let vitals = Vitals::of_processor(HOUR);
        vitals.run_begins(Trigger::Forced, at("12:00"), Progress::default());
        vitals.run_ends(at("12:00"), false, &Ended::Succeeded);
        assert!(vitals.unready(at("12:00")).is_some() && vitals.last_success().is_none());
    }

    #[test]
    fn a_process_without_a_processor_is_ready() {
        assert_eq!(Vitals::default().unready(at("12:00")), None);
        assert!(Vitals::default().is_alive());
    }
}
