//! The story of the demo as it is written down: signals, rules, incidents and what people did about them.
//!
//! Every instant is a span before the start of the demo. Knows neither the database nor any clock.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use thiserror::Error;

use super::alerts::Alerts;
use super::reading;
pub use super::reading::Span;
use super::shape::Shape;
use crate::domain::rule::{Scope, ScopeChoice, sorted};
use crate::domain::{Aggregation, IncidentType, Query, TimeWindow, span};

/// The scenario that the program carries.
const EMBEDDED: &str = include_str!("../../../assets/demo.toml");

/// Why a text is no scenario.
#[derive(Debug, Error)]
pub enum ScenarioError {
    /// It does not have the form.
    #[error("cannot read the scenario: {0}")]
    Form(#[from] toml::de::Error),
    /// It has the form, but its parts do not fit together.
    #[error("the scenario does not fit together: {0}")]
    Fit(String),
}

/// A whole story.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// How often the processor of the demo runs.
    pub interval: Span,
    /// The kinds of events there are.
    #[serde(rename = "signal")]
    pub signals: Vec<Signal>,
    /// The alert rules.
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
    /// What went wrong.
    #[serde(rename = "incident")]
    pub incidents: Vec<Incident>,
}

/// One kind of event, and how often it happens on an ordinary day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// What rules and incidents call it; also the fingerprint of its events.
    pub name: String,
    /// Where it happens.
    pub project: String,
    /// How bad it is.
    pub level: String,
    /// How often a minute, averaged over a day.
    pub rate: f64,
    /// How a day's nights and a week's end show: 0 not at all, 1 fully.
    #[serde(default = "reading::half")]
    pub rhythm: f64,
    /// Whether each of its events is one user's, rather than a count of many.
    #[serde(default)]
    pub each_user: bool,
    /// How many users it can happen to.
    #[serde(default = "reading::many")]
    pub users: u32,
    /// What its events say; `{}` becomes a number.
    pub messages: Vec<String>,
    /// The values each tag may have.
    #[serde(default)]
    pub tags: BTreeMap<String, Vec<String>>,
}

/// An alert rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What it watches.
    pub signal: String,
    /// `W` in minutes.
    #[serde(rename = "window", deserialize_with = "reading::read_window")]
    pub time_window: TimeWindow,
    /// Which events it counts.
    #[serde(deserialize_with = "reading::read_query")]
    pub query: Query,
    /// What it counts of them.
    #[serde(default = "reading::total", deserialize_with = "reading::read_name")]
    pub aggregation: Aggregation,
    /// Its projects, where they are not the signal's alone.
    #[serde(default)]
    pub projects: Vec<String>,
}

/// Something that went wrong.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// What it is called.
    pub title: String,
    /// The rule that opened it; then all but the shape is the rule's.
    pub rule: Option<String>,
    /// What it disturbed, where no rule says it.
    pub signal: Option<String>,
    /// Which events count, where no rule says it or differently.
    #[serde(default, deserialize_with = "reading::read_optional_query")]
    pub query: Option<Query>,
    /// How it came to be: through its rule or by hand, unless said otherwise.
    #[serde(rename = "type", default, deserialize_with = "reading::read_optional_name")]
    pub incident_type: Option<IncidentType>,
    /// What is counted, where it is not what the rule counts.
    #[serde(default, deserialize_with = "reading::read_optional_name")]
    pub aggregation: Option<Aggregation>,
    /// A query that no program of today would store.
    pub broken_query: Option<String>,
    /// How it came and went.
    pub shape: Shape,
    /// How many times the ordinary rate at its worst; less than 1 where something failed to happen.
    pub peak: f64,
    /// How long before the start of the demo it began.
    pub started: Span,
    /// How long before the start of the demo somebody noticed; the beginning unless said otherwise.
    pub detected: Option<Span>,
    /// Who opened it.
    #[serde(default = "reading::alerting")]
    pub by: String,
    /// The alerts that opened it, where a monitoring system did.
    pub alerts: Option<Alerts>,
    /// What people did about it, in order.
    #[serde(default)]
    pub timeline: Vec<Entry>,
}

/// One thing somebody did.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// How long before the start of the demo.
    pub at: Span,
    /// Who.
    pub by: String,
    /// They said this.
    pub comment: Option<String>,
    /// They closed it saying this, or nothing.
    pub close: Option<String>,
    /// They reopened it saying this, or nothing.
    pub reopen: Option<String>,
}

impl Scenario {
    /// The scenario that the program carries.
    ///
    /// # Panics
    /// Never: a test reads the same text.
    #[must_use]
    pub fn embedded() -> Self {
        Self::parse(EMBEDDED).expect("the embedded scenario is well formed, as a test shows")
    }

    /// Reads a scenario.
    ///
    /// # Errors
    /// Where the text does not have the form, or names a signal or a rule that there is not.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text)?;
        scenario.check().map_err(ScenarioError::Fit)?;
        Ok(scenario)
    }

    /// The signal of this name.
    #[must_use]
    pub fn signal(&self, name: &str) -> Option<&Signal> {
        self.signals.iter().find(|signal| signal.name == name)
    }

    /// The rule of this name.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }

    /// The name of the signal that an incident disturbed.
    #[must_use]
    pub fn signal_of<'a>(&'a self, incident: &'a Incident) -> Option<&'a str> {
        let of_rule = || Some(self.rule(incident.rule.as_deref()?)?.signal.as_str());
        incident.signal.as_deref().or_else(of_rule)
    }

    /// What decides an incident's picture.
    #[must_use]
    pub fn scope_of(&self, incident: &Incident) -> Scope {
        let rule = incident.rule.as_deref().and_then(|name| self.rule(name));
        let scope = rule.map(|rule| rule.scope(self)).unwrap_or_default().for_incident(ScopeChoice {
            query: incident.query.clone(),
            aggregation: incident.aggregation,
            projects: self.own_projects(incident),
        });
        let expression = incident.alerts.as_ref().and_then(Alerts::expression);
        Scope { expression: expression.or(scope.expression), ..scope }
    }

    /// The projects that an incident is given when it opens: none where its rule says them.
    #[must_use]
    pub fn own_projects(&self, incident: &Incident) -> Vec<String> {
        let signal = incident.signal.as_deref().and_then(|name| self.signal(name));
        signal.map(|signal| signal.project.clone()).into_iter().collect()
    }

    fn check(&self) -> Result<(), String> {
        unlike(self.signals.iter().map(|signal| &signal.name))?;
        unlike(self.rules.iter().map(|rule| &rule.name))?;
        for signal in &self.signals {
            if signal.messages.is_empty() || signal.users == 0 || signal.tags.values().any(Vec::is_empty) {
                return Err(format!("'{}' has no message, no user, or a tag without a value", signal.name));
            }
        }
        for rule in &self.rules {
            self.signal(&rule.signal).ok_or_else(|| format!("'{}' watches no signal", rule.name))?;
        }
        self.incidents.iter().try_for_each(|incident| self.check_incident(incident))
    }

    fn check_incident(&self, incident: &Incident) -> Result<(), String> {
        let title = &incident.title;
        if incident.rule.as_deref().is_some_and(|name| self.rule(name).is_none()) {
            return Err(format!("'{title}' has a rule that there is not"));
        }
        if self.signal_of(incident).and_then(|name| self.signal(name)).is_none() {
            return Err(format!("'{title}' disturbs no signal"));
        }
        let mut latest = incident.detected();
        let mut open = true;
        if latest > incident.started {
            return Err(format!("'{title}' is detected before it started"));
        }
        for entry in &incident.timeline {
            if entry.at > latest {
                return Err(format!("the timeline of '{title}' is not in order at {}", span::format(entry.at.0)));
            }
            latest = entry.at;
            open = match (&entry.comment, &entry.close, &entry.reopen) {
                (Some(_), None, None) => open,
                (None, Some(_), None) if open => false,
                (None, None, Some(_)) if !open => true,
                _ => return Err(format!("'{title}' cannot do this at {}", span::format(entry.at.0))),
            };
        }
        Ok(())
    }
}

impl Rule {
    /// What incidents copy from it.
    #[must_use]
    pub fn scope(&self, scenario: &Scenario) -> Scope {
        let own = scenario.signal(&self.signal).map(|signal| signal.project.clone());
        let projects = if self.projects.is_empty() { own.into_iter().collect() } else { self.projects.clone() };
        Scope {
            time_window: self.time_window,
            query: self.query.clone(),
            aggregation: self.aggregation,
            projects: sorted(projects),
            expression: None,
        }
    }
}

impl Incident {
    /// How long before the start of the demo it was noticed.
    #[must_use]
    pub fn detected(&self) -> Span {
        self.detected.unwrap_or(self.started)
    }

    /// How long before the start of the demo it was closed for good; `None` while it goes on.
    #[must_use]
    pub fn closed(&self) -> Option<Span> {
        let last = self.timeline.iter().rev().find(|entry| entry.close.is_some() || entry.reopen.is_some())?;
        last.close.as_ref().map(|_| last.at)
    }

    /// How it came to be.
    #[must_use]
    pub fn incident_type(&self) -> IncidentType {
        let usual = if self.rule.is_some() { IncidentType::AlertTriggered } else { IncidentType::Created };
        self.incident_type.unwrap_or(usual)
    }
}

fn unlike<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let twice = names.into_iter().find(|name| !seen.insert(name.as_str()));
    twice.map_or(Ok(()), |name| Err(format!("'{name}' is there twice")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check_refused(text: &str, problem: &str) {
        let message = Scenario::parse(text).unwrap_err().to_string();
        assert!(message.contains(problem), "{message}");
    }

    const SIGNAL: &str = "interval = '20s'\nrule = []\n[[signal]]\nname = 's'\nproject = 'p'\nlevel = 'error'\n\
                          rate = 1\nmessages = ['m']\n[[incident]]\ntitle = 't'\nshape = 'step'\npeak = 2\n";

    #[test]
    fn the_embedded_scenario_is_about_forty_incidents_of_every_shape() {
        let scenario = Scenario::embedded();
        assert!((38..=46).contains(&scenario.incidents.len()));
        for shape in Shape::ALL {
            assert!(scenario.incidents.iter().any(|incident| incident.shape == shape), "{shape:?}");
        }
        let windows: BTreeSet<u32> =
            scenario.incidents.iter().map(|incident| scenario.scope_of(incident).time_window.minutes()).collect();
        assert_eq!(windows.into_iter().collect::<Vec<_>>(), [1, 2, 5, 10, 30, 60, 1440]);
        assert!(scenario.rules.iter().all(|rule| {
            let name = Some(rule.name.clone());
            scenario.incidents.iter().any(|incident| incident.rule == name)
        }));
    }

    #[test]
    fn an_incident_is_closed_when_its_last_change_closed_it() {
        let scenario = Scenario::embedded();
        let closed = |title: &str| scenario.incidents.iter().find(|it| it.title == title).unwrap().closed();
        assert_eq!(closed("Login slower than 2 s"), None);
        assert_eq!(closed("Stock differs from the warehouse"), Some(Span(Duration::from_mins(4 * 1440 + 30))));
    }

    #[test]
    fn a_story_that_does_not_fit_together_is_refused() {
        check_refused("interval = 'soon'", "'soon' is no span");
        check_refused(&format!("{SIGNAL}started = '2h'"), "'t' disturbs no signal");
        check_refused(&format!("{SIGNAL}signal = 's'\nstarted = '2h'\nrule = 'r'"), "'t' has a rule that there is not");
        check_refused(&format!("{SIGNAL}signal = 's'\nstarted = '2h'\nquery = 'lvel:x'"), "'lvel' is no key");
        let started = format!("{SIGNAL}signal = 's'\nstarted = '2h'\n");
        check_refused(&format!("{started}detected = '3h'"), "'t' is detected before it started");
        let entry = |entry: &str| format!("{started}timeline = [{entry}]");
        check_refused(&entry("{ at = '3h', by = 'b', comment = 'c' }"), "not in order at 3h");
        check_refused(&entry("{ at = '1h', by = 'b', reopen = 'c' }"), "'t' cannot do this at 1h");
        check_refused(&entry("{ at = '1h', by = 'b' }"), "'t' cannot do this at 1h");
        assert!(Scenario::parse(&entry("{ at = '1h', by = 'b', close = '' }")).is_ok());
    }
}
