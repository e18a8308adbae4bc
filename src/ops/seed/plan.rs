//! The story told relative to an instant: the rules, the incidents, and every step that people and the processor took
//! before it. Pure; [`super::demo`] takes the steps.

use std::collections::BTreeMap;
use std::time::Duration;

use super::feed::{DemoFeed, course, start_of_demo};
use super::scenario::{self, Scenario};
use crate::domain::rule::Scope;
use crate::domain::{Aggregation, Event, IncidentType, Query, Timestamp, Trigger, schedule};

const HOUR: Duration = Duration::from_hours(1);
/// When the processor tries a row that fails, counted from its target: it backs off in between.
const FAILING_RUNS: [(u64, Trigger); 3] = [(5, Trigger::Interval), (95, Trigger::Retry), (260, Trigger::Retry)];
/// So long after a target somebody runs the processor where the next hour is too far away.
const PROMPT_RUN: Duration = Duration::from_secs(7);

/// All that happened before a demo starts.
#[derive(Debug, Clone)]
pub struct Plan {
    /// When the demo starts: nothing in the plan lies after it.
    pub now: Timestamp,
    /// The alert rules, in the order of the scenario.
    pub rules: Vec<PlannedRule>,
    /// The incidents, in the order of the scenario.
    pub incidents: Vec<PlannedIncident>,
    /// What people and the processor did, in time order.
    pub steps: Vec<Step>,
    /// The events, those that are still to come included.
    pub feed: DemoFeed,
}

/// An alert rule to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRule {
    /// Its name.
    pub name: String,
    /// What incidents copy from it.
    pub scope: Scope,
}

/// An incident to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedIncident {
    /// What it is called.
    pub title: String,
    /// The rule that opens it.
    pub rule: Option<String>,
    /// Its projects, where no rule says them.
    pub projects: Vec<String>,
    /// Its query, where no rule says it.
    pub query: Option<Query>,
    /// What it counts, where no rule says it.
    pub aggregation: Option<Aggregation>,
    /// How it comes to be.
    pub incident_type: IncidentType,
    /// What it ends up with.
    pub scope: Scope,
    /// A query that only an older program could have stored.
    pub broken_query: Option<String>,
    /// When it began.
    pub date_started: Timestamp,
}

/// Something done at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// What.
    pub action: Action,
}

/// What is done; incidents are named by their place in [`Plan::incidents`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The incident is opened.
    Open(usize),
    /// Somebody says something.
    Comment(usize, String),
    /// The incident is closed.
    Close(usize, Option<String>),
    /// The incident is reopened.
    Reopen(usize, Option<String>),
    /// The processor runs.
    Process(Trigger),
}

impl Plan {
    /// Tells `scenario` as of `now`, with the events that chance `seed` gives.
    #[must_use]
    pub fn new(scenario: &Scenario, now: Timestamp, seed: u64) -> Self {
        let feed = DemoFeed::new(scenario, now, seed);
        let now = start_of_demo(now);
        let mut steps = Vec::new();
        let mut runs = BTreeMap::new();
        for (index, incident) in scenario.incidents.iter().enumerate() {
            steps.extend(human_steps(index, incident, now));
            runs.extend(runs_for(scenario, incident, now));
        }
        let processor = |(at, trigger)| Step { at, by: String::new(), action: Action::Process(trigger) };
        steps.extend(runs.into_iter().map(processor));
        // Stable: at one instant, people act in the order of the scenario, and the processor runs last.
        steps.sort_by_key(|step| step.at);
        Self {
            now,
            rules: scenario.rules.iter().map(|rule| planned_rule(scenario, rule)).collect(),
            incidents: scenario.incidents.iter().map(|incident| planned_incident(scenario, incident, now)).collect(),
            steps,
            feed,
        }
    }

    /// Everything that has happened when the demo starts.
    pub fn events(&self) -> impl Iterator<Item = Event> + '_ {
        self.feed.events_before(self.now)
    }
}

fn planned_rule(scenario: &Scenario, rule: &scenario::Rule) -> PlannedRule {
    PlannedRule { name: rule.name.clone(), scope: rule.scope(scenario) }
}

fn planned_incident(scenario: &Scenario, incident: &scenario::Incident, now: Timestamp) -> PlannedIncident {
    PlannedIncident {
        title: incident.title.clone(),
        rule: incident.rule.clone(),
        projects: scenario.own_projects(incident),
        query: incident.query.clone(),
        aggregation: incident.aggregation,
        incident_type: incident.incident_type(),
        scope: scenario.scope_of(incident),
        broken_query: incident.broken_query.clone(),
        date_started: now - incident.started.0,
    }
}

fn human_steps(index: usize, incident: &scenario::Incident, now: Timestamp) -> impl Iterator<Item = Step> + '_ {
    let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let opening = Step { at: now - incident.detected().0, by: incident.by.clone(), action: Action::Open(index) };
    let later = incident.timeline.iter().filter_map(move |entry| {
        let action = match (&entry.comment, &entry.close, &entry.reopen) {
            (Some(comment), ..) => Action::Comment(index, comment.clone()),
            (_, Some(comment), _) => Action::Close(index, said(comment)),
            (_, _, Some(comment)) => Action::Reopen(index, said(comment)),
            _ => return None,
        };
        Some(Step { at: now - entry.at.0, by: entry.by.clone(), action })
    });
    std::iter::once(opening).chain(later)
}

/// When the processor must have run for this incident to stand as the scenario has it.
fn runs_for(scenario: &Scenario, incident: &scenario::Incident, now: Timestamp) -> Vec<(Timestamp, Trigger)> {
    let time_window = course(scenario, incident, now).time_window;
    let mut runs = Vec::new();
    for (position, entry) in incident.timeline.iter().enumerate().filter(|(_, entry)| entry.close.is_some()) {
        let target = schedule::target_run_date(now - entry.at.0, time_window);
        let reopened = incident.timeline[position..].iter().find(|entry| entry.reopen.is_some());
        let until = reopened.map_or(now, |entry| now - entry.at.0);
        if incident.broken_query.is_some() {
            runs.extend(FAILING_RUNS.map(|(after, trigger)| (target + Duration::from_secs(after), trigger)));
        } else {
            let hourly = schedule::next_tick(target, HOUR) + hourly_jitter(target);
            runs.push((if hourly < until { hourly } else { target + PROMPT_RUN }, Trigger::Interval));
        }
        runs.retain(|(at, _)| *at < until);
    }
    runs
}

/// What the processor adds to the hour after `target`: the same for all that wait for that hour.
fn hourly_jitter(target: Timestamp) -> Duration {
    let hour = schedule::next_tick(target, HOUR).as_seconds().unsigned_abs() / HOUR.as_secs();
    Duration::from_millis(hour.wrapping_mul(7_919) % 59_000)
}
