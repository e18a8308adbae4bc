//! Which rule of the configuration an alert has: the first whose matchers all meet its labels.

use std::time::Duration;

use super::Labels;
use super::matcher::Matcher;
use crate::domain::{Aggregation, Query, TimeWindow};

/// A rule for alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutingRule {
    /// Its name, which incidents tell.
    pub name: String,
    /// All of them must be met; a rule without any is met by every alert.
    pub matchers: Vec<Matcher>,
    /// `W`; where nothing is said, the largest range of the expression that fired.
    pub time_window: Option<TimeWindow>,
    /// What a source is asked for events per window.
    pub expression: Option<String>,
    /// Which source is asked.
    pub source: Option<String>,
    /// Which events count, where the events table is asked.
    pub query: Query,
    /// What a bucket counts, where the events table is asked.
    pub aggregation: Aggregation,
    /// The projects; `{{label.NAME}}` in one is replaced.
    pub projects: Vec<String>,
    /// For how long it had been going on when the alert began to fire: its `for`, and its range.
    pub onset: Duration,
}

/// All the rules for alerts, in the order of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routing {
    /// The first that is met counts.
    pub rules: Vec<RoutingRule>,
}

impl Routing {
    /// The rule of an alert with these labels.
    #[must_use]
    pub fn rule(&self, labels: &Labels) -> Option<&RoutingRule> {
        self.rules.iter().find(|rule| rule.matchers.iter().all(|matcher| matcher.matches(labels)))
    }
}
