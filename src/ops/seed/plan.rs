//! The story told relative to an instant: the rules, the incidents, and every step that people and the processor took
//! before it. Pure; `demo` takes the steps.

use std::collections::BTreeMap;
use std::time::Duration;

use super::alerts::Alerts;
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
    /// The alerts that open it, where a monitoring system does.
    pub alerts: Option<Alerts>,
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
        alerts: incident.alerts.clone(),
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::super::matching;
    use super::*;
    use crate::domain::Status;
    use crate::domain::window::{Course, Range};

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-24T13:36:49.123456Z", Timestamp::MIN).unwrap()
    }

    fn plan() -> Plan {
        Plan::new(&Scenario::embedded(), now(), 1)
    }

    fn date_closed(plan: &Plan, incident: usize) -> Option<Timestamp> {
        let mut changes = plan.steps.iter().filter_map(|step| match step.action {
            Action::Close(index, _) if index == incident => Some(Some(step.at)),
            Action::Reopen(index, _) if index == incident => Some(None),
            _ => None,
        });
        changes.next_back().flatten()
    }

    fn course_of(plan: &Plan, index: usize) -> Course {
        let incident = &plan.incidents[index];
        Course {
            date_started: incident.date_started,
            date_closed: date_closed(plan, index),
            time_window: incident.scope.time_window,
        }
    }

    /// What the scope of each incident counts, a bucket of its window each.
    fn buckets(plan: &Plan) -> Vec<BTreeMap<Timestamp, i64>> {
        let mut buckets = vec![BTreeMap::new(); plan.incidents.len()];
        for event in plan.events() {
            for (incident, buckets) in plan.incidents.iter().zip(&mut buckets) {
                if matching::counts(&incident.scope, &event) {
                    let bucket = event.occurred_at.floor(incident.scope.time_window.span());
                    let weight = if incident.scope.aggregation == Aggregation::Total { event.weight } else { 1 };
                    *buckets.entry(bucket).or_insert(0) += weight;
                }
            }
        }
        buckets
    }

    #[test]
    fn the_same_seed_and_instant_give_the_same_plan_and_another_seed_other_events() {
        let scenario = Scenario::embedded();
        let events = |seed| -> Vec<Event> { Plan::new(&scenario, now(), seed).events().step_by(97).collect() };
        let first = events(1);
        assert!(first == events(1));
        assert!(first != events(2));
        assert_eq!(plan().steps, plan().steps);
    }

    #[test]
    fn nothing_lies_after_the_start_of_the_demo_and_all_is_in_order() {
        let plan = plan();
        assert!(plan.now <= now());
        assert!(plan.steps.is_sorted_by_key(|step| step.at));
        assert!(plan.steps.iter().all(|step| step.at < plan.now));
        assert!(plan.events().all(|event| event.occurred_at < plan.now));
    }

    #[test]
    fn there_are_enough_events_to_look_at_and_few_enough_to_wait_for() {
        let count = plan().events().count();
        assert!((80_000..200_000).contains(&count), "{count}");
    }

    #[test]
    fn the_events_keep_the_limits_of_an_import() {
        for event in plan().events().step_by(31) {
            assert_eq!(event.clone().checked(), Ok(event.clone()));
            assert!((1..=crate::domain::event::WEIGHT_LIMIT).contains(&event.weight));
        }
    }

    #[test]
    fn within_the_first_minute_several_targets_are_reached_one_after_the_other() {
        let plan = plan();
        let mut waits: Vec<u64> = (0..plan.incidents.len())
            .filter_map(|index| course_of(&plan, index).target_run_date())
            .filter(|target| *target > plan.now)
            .map(|target| target.since(plan.now).as_secs())
            .collect();
        waits.sort_unstable();
        assert!((10..=25).contains(&waits[0]), "{waits:?}");
        assert!(waits.iter().filter(|wait| **wait < 60).count() >= 3, "{waits:?}");
        assert!(waits.iter().any(|wait| *wait > 5 * 86_400), "{waits:?}");
        assert!(waits.len() >= 12);
    }

    #[test]
    fn whatever_was_due_has_been_run_and_the_failing_row_three_times() {
        let plan = plan();
        let ran_after = |target: Timestamp| {
            let run = |step: &&Step| matches!(step.action, Action::Process(_)) && step.at >= target;
            plan.steps.iter().filter(run).count()
        };
        for (index, incident) in plan.incidents.iter().enumerate() {
            let Some(target) = course_of(&plan, index).target_run_date().filter(|it| *it <= plan.now) else { continue };
            assert!(ran_after(target) > 0, "{}", incident.title);
            if incident.broken_query.is_some() {
                assert_eq!(ran_after(target), 3);
            }
        }
    }

    #[test]
    fn what_was_reopened_had_been_captured_before() {
        let plan = plan();
        let reopening = plan.steps.iter().find_map(|step| match step.action {
            Action::Reopen(index, _) => Some((step.at, index)),
            _ => None,
        });
        let (reopened, index) = reopening.unwrap();
        let closed = plan.steps.iter().find(|step| matches!(step.action, Action::Close(it, _) if it == index)).unwrap();
        let target = schedule::target_run_date(closed.at, plan.incidents[index].scope.time_window);
        let captures = plan.steps.iter().filter(|step| matches!(step.action, Action::Process(_)));
        assert!(captures.into_iter().any(|run| target <= run.at && run.at < reopened));
    }

    #[test]
    fn the_steps_are_steps_that_an_incident_can_take() {
        let plan = plan();
        let mut statuses = BTreeMap::new();
        for step in &plan.steps {
            match step.action {
                Action::Open(index) => assert_eq!(statuses.insert(index, Status::Open), None),
                Action::Comment(index, _) => assert!(statuses.contains_key(&index)),
                Action::Close(index, _) => assert_eq!(statuses.insert(index, Status::Closed), Some(Status::Open)),
                Action::Reopen(index, _) => assert_eq!(statuses.insert(index, Status::Open), Some(Status::Closed)),
                Action::Process(_) => {}
            }
        }
        assert_eq!(statuses.len(), plan.incidents.len());
    }

    #[test]
    fn every_query_finds_its_own_signal_and_nothing_else() {
        let plan = plan();
        let mut found: Vec<BTreeSet<String>> = vec![BTreeSet::new(); plan.incidents.len()];
        for event in plan.events().step_by(3) {
            for (incident, found) in plan.incidents.iter().zip(&mut found) {
                if matching::counts(&incident.scope, &event) {
                    found.extend(event.fingerprint.clone());
                }
            }
        }
        let scenario = Scenario::embedded();
        for (incident, found) in scenario.incidents.iter().zip(found) {
            if incident.broken_query.is_none() {
                let signal = scenario.signal_of(incident).unwrap().to_owned();
                assert_eq!(found.into_iter().collect::<Vec<_>>(), [signal], "{}", incident.title);
            }
        }
    }

    #[test]
    fn every_incident_stands_out_from_two_hundred_windows_of_ordinary_events() {
        let plan = plan();
        let scenario = Scenario::embedded();
        for (index, buckets) in buckets(&plan).into_iter().enumerate() {
            let (incident, course) = (&scenario.incidents[index], course_of(&plan, index));
            let windowed = course.ranges(plan.now).windowed;
            let width = course.time_window.span();
            let seen = |range: Range| -> Vec<i64> {
                let grid = std::iter::successors(Some(range.start.floor(width)), |at| Some(*at + width));
                grid.take_while(|at| *at < range.end).map(|at| buckets.get(&at).copied().unwrap_or(0)).collect()
            };
            let before = seen(Range::new(windowed.start, course.anchor()));
            let during = seen(Range::new(course.date_started, course.date_closed.unwrap_or(plan.now)));
            let filled = before.iter().filter(|count| **count > 0).count();
            assert!(filled * 10 >= before.len() * 8, "{}: {filled} of {} before", incident.title, before.len());
            let usual = before.iter().sum::<i64>() * 100 / i64::try_from(before.len()).unwrap();
            let (lowest, highest) = (*during.iter().min().unwrap() * 100, *during.iter().max().unwrap() * 100);
            if incident.peak < 1.0 {
                assert!(lowest * 4 <= usual, "{}: {usual} before, down to {lowest}", incident.title);
            } else {
                assert!(highest * 2 >= usual * 5, "{}: {usual} before, up to {highest}", incident.title);
            }
        }
    }
}
