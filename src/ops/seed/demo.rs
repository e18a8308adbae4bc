//! Prepares a database for `--demo`: takes every step of the plan through the verbs that people and the processor use,
//! each at its instant. What the viewer sees was made by the product itself.

use std::sync::Arc;
use std::time::Duration;

use super::alerts::capture_estimated;
use super::feed::DemoFeed;
use super::plan::{Action, Plan, PlannedIncident, Step};
use super::scenario::Scenario;
use crate::clock::ManualClock;
use crate::domain::{Activity, ActivityKind, IncidentId, Timestamp};
use crate::ops::close::{self, CloseRequest};
use crate::ops::open::{self, OpenRequest};
use crate::ops::process::{self, ProcessRequest};
use crate::ops::reopen::{self, ReopenRequest};
use crate::ops::{OpsError, comment, rule};
use crate::store::Store;
use crate::store::incident::NewIncident;

/// Under this key a database remembers that it is a demo.
const MARKER: &str = "demo";
/// Events of one transaction.
const EVENTS_PER_COMMIT: usize = 4_000;
/// So long before the first incident the rules were made.
const RULES_BEFORE: Duration = Duration::from_hours(24 * 7);

/// A demo that is ready to be watched.
#[derive(Debug, Clone)]
pub struct DemoReport {
    /// How often its processor is to run, so that something happens before the viewer's eyes.
    pub interval: Duration,
    /// The events that are still to come.
    pub feed: DemoFeed,
    /// Everything before this instant has happened; the feed goes on from here.
    pub now: Timestamp,
    /// How many incidents there are.
    pub incidents: usize,
    /// How many events there are.
    pub events: u64,
    /// How many snapshots were captured.
    pub captured: u64,
}

/// Makes a demo of an empty database, or of an earlier demo, which it resets.
///
/// # Errors
/// Where the database holds anything else, or cannot be written to.
pub async fn prepare(store: &Store, now: Timestamp, seed: u64) -> Result<DemoReport, OpsError> {
    let scenario = Scenario::embedded();
    let plan = Plan::new(&scenario, now, seed);
    reset(store).await?;
    let events = load_events(store, &plan).await?;
    let mut replay = Replay::new(store, plan);
    replay.rules().await?;
    replay.steps().await?;
    let Replay { plan, captured, .. } = replay;
    let incidents = plan.incidents.len();
    Ok(DemoReport { interval: scenario.interval.0, feed: plan.feed, now: plan.now, incidents, events, captured })
}

/// The marker goes in before anything else, so that a demo that was killed half way is still known as one.
async fn reset(store: &Store) -> Result<(), OpsError> {
    let mut tx = store.write().await?;
    if !tx.is_empty().await? && tx.meta(MARKER).await?.is_none() {
        return Err(OpsError::Conflict(format!(
            "{} holds data that is no demo: a demo takes an empty database or an earlier demo",
            store.location()
        )));
    }
    tx.clear().await?;
    tx.set_meta(MARKER, env!("CARGO_PKG_VERSION")).await?;
    tx.commit().await?;
    Ok(())
}

async fn load_events(store: &Store, plan: &Plan) -> Result<u64, OpsError> {
    let mut events = plan.events();
    let mut batch = Vec::with_capacity(EVENTS_PER_COMMIT);
    let mut loaded = 0;
    loop {
        batch.clear();
        batch.extend(events.by_ref().take(EVENTS_PER_COMMIT));
        if batch.is_empty() {
            return Ok(loaded);
        }
        let mut tx = store.write().await?;
        loaded += tx.insert_events(&batch).await?;
        tx.commit().await?;
    }
}

/// The plan while it is carried out, on a clock that is set to each step's instant.
struct Replay {
    store: Store,
    clock: Arc<ManualClock>,
    host: String,
    plan: Plan,
    /// The numbers of the incidents that are open already, by their place in the plan.
    ids: Vec<Option<IncidentId>>,
    captured: u64,
}

impl Replay {
    fn new(store: &Store, plan: Plan) -> Self {
        let clock = Arc::new(ManualClock::new(plan.now));
        Self {
            store: store.with_clock(clock.clone()),
            clock,
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            ids: vec![None; plan.incidents.len()],
            plan,
            captured: 0,
        }
    }

    async fn rules(&self) -> Result<(), OpsError> {
        let first = self.plan.steps.first().map_or(self.plan.now, |step| step.at);
        self.clock.set(first - RULES_BEFORE);
        for planned in &self.plan.rules {
            rule::add(&self.store, &planned.name, planned.scope.clone()).await?;
        }
        Ok(())
    }

    async fn steps(&mut self) -> Result<(), OpsError> {
        for step in std::mem::take(&mut self.plan.steps) {
            self.clock.set(step.at);
            self.take(&step).await?;
        }
        Ok(())
    }

    async fn take(&mut self, step: &Step) -> Result<(), OpsError> {
        let (store, by) = (&self.store, step.by.as_str());
        match &step.action {
            Action::Open(index) => {
                let id = self.open(*index, step).await?;
                if let Some(alerts) = &self.plan.incidents[*index].alerts {
                    let mut tx = self.store.write().await?;
                    alerts.record(&mut tx, id, self.plan.now).await?;
                    tx.commit().await?;
                }
                self.ids[*index] = Some(id);
                self.plan.feed.recognise(id, *index);
            }
            Action::Comment(index, text) => {
                if let Some(id) = self.ids[*index] {
                    comment::comment(store, by, id, text).await?;
                }
            }
            Action::Close(index, comment) => {
                let request =
                    CloseRequest { ids: self.id(*index), comment: comment.clone(), ..CloseRequest::default() };
                close::close(store, by, request).await?;
            }
            Action::Reopen(index, comment) => {
                let request =
                    ReopenRequest { ids: self.id(*index), comment: comment.clone(), ..ReopenRequest::default() };
                reopen::reopen(store, by, request).await?;
            }
            Action::Process(trigger) => {
                self.captured += self.capture_elsewhere().await?;
                let report = process::process(store, ProcessRequest::due(*trigger, &self.host)).await?;
                self.captured += report.counts.captured;
            }
        }
        Ok(())
    }

    /// No source answers the demo's processor: what it would have captured from one is made up.
    async fn capture_elsewhere(&self) -> Result<u64, OpsError> {
        let mut captured = 0;
        for (planned, id) in self.plan.incidents.iter().zip(&self.ids) {
            if let (Some(id), Some(_)) = (id, &planned.scope.expression) {
                captured += u64::from(capture_estimated(&self.store, *id, &planned.scope.query, &self.host).await?);
            }
        }
        Ok(captured)
    }

    fn id(&self, index: usize) -> Vec<IncidentId> {
        self.ids[index].into_iter().collect()
    }

    async fn open(&self, index: usize, step: &Step) -> Result<IncidentId, OpsError> {
        let planned = &self.plan.incidents[index];
        if let Some(query) = &planned.broken_query {
            return self.open_unchecked(planned, query, step).await;
        }
        if planned.scope.expression.is_some() {
            return self.open_unchecked(planned, "", step).await;
        }
        let request = OpenRequest {
            title: planned.title.clone(),
            rule: planned.rule.clone(),
            projects: planned.projects.clone(),
            query: planned.query.clone(),
            incident_type: Some(planned.incident_type),
            aggregation: planned.aggregation,
            date_started: Some(planned.date_started),
            date_detected: Some(step.at),
        };
        Ok(open::open(&self.store, &step.by, request).await?.id)
    }

    /// As an older program would have stored it, with a query that nobody can read today, so that the processor really
    /// fails; or as alerts open it, without any.
    async fn open_unchecked(
        &self,
        planned: &PlannedIncident,
        query: &str,
        step: &Step,
    ) -> Result<IncidentId, OpsError> {
        let new = NewIncident {
            title: &planned.title,
            incident_type: planned.incident_type,
            query,
            scope: &planned.scope,
            rule: None,
            date_started: planned.date_started,
            date_detected: step.at,
            date_added: step.at,
        };
        let detected = Activity {
            kind: ActivityKind::Detected,
            at: step.at,
            by: step.by.clone(),
            from: None,
            to: None,
            comment: None,
        };
        let mut tx = self.store.write().await?;
        let id = tx.insert_incident(&new).await?;
        tx.insert_activity(id, &detected).await?;
        tx.commit().await?;
        Ok(id)
    }
}
