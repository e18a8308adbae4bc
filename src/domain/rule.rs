//! What an alert rule says, and how an incident takes it over (rule 3).

use super::expression::Expression;
use super::incident::Aggregation;
use super::query::Query;
use super::time_window::TimeWindow;
use super::timestamp::Timestamp;

/// An alert rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRule {
    /// Its name, unlike any other rule's.
    pub name: String,
    /// What incidents copy from it.
    pub scope: Scope,
    /// When it was made.
    pub date_added: Timestamp,
    /// When it was last changed.
    pub date_updated: Timestamp,
}

/// What decides an incident's picture. A rule has it, an incident copies it when it opens, and keeps it (rule 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `W`.
    pub time_window: TimeWindow,
    /// Which events count.
    pub query: Query,
    /// What is counted.
    pub aggregation: Aggregation,
    /// The projects, sorted, each once; none means all.
    pub projects: Vec<String>,
    /// What another source is asked instead of the events table.
    pub expression: Option<Expression>,
}

/// What was asked for explicitly when an incident was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopeChoice {
    /// Instead of the rule's query.
    pub query: Option<Query>,
    /// Instead of the rule's aggregation.
    pub aggregation: Option<Aggregation>,
    /// Instead of the rule's projects, where not empty.
    pub projects: Vec<String>,
}

impl Default for Scope {
    /// An incident without a rule: a window of a minute, every event, their total.
    fn default() -> Self {
        Self {
            time_window: TimeWindow::DEFAULT,
            query: Query::default(),
            aggregation: Aggregation::Total,
            projects: Vec::new(),
            expression: None,
        }
    }
}

impl Scope {
    /// The scope of an incident that opens under this rule's scope (rule 3): its own where it has been given one.
    #[must_use]
    pub fn for_incident(self, choice: ScopeChoice) -> Self {
        Self {
            time_window: self.time_window,
            query: choice.query.unwrap_or(self.query),
            aggregation: choice.aggregation.unwrap_or(self.aggregation),
            projects: if choice.projects.is_empty() { self.projects } else { sorted(choice.projects) },
            expression: self.expression,
        }
    }
}

/// Project names in order, each once.
#[must_use]
pub fn sorted(mut projects: Vec<String>) -> Vec<String> {
    projects.sort_unstable();
    projects.dedup();
    projects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_3_an_incident_copies_its_rule_unless_given_its_own() {
        let rule = Scope {
            time_window: TimeWindow::from_minutes(10).unwrap(),
            query: Query::parse("level:error").unwrap(),
            aggregation: Aggregation::UniqueUsers,
            projects: vec!["checkout".into()],
            expression: None,
        };
        assert_eq!(rule.clone().for_incident(ScopeChoice::default()), rule);
        let own = ScopeChoice {
            query: Some(Query::parse("level:fatal").unwrap()),
            aggregation: Some(Aggregation::Total),
            projects: vec!["web".into(), "api".into(), "web".into()],
        };
        let scope = rule.clone().for_incident(own);
        assert_eq!(scope.query.text(), "level:fatal");
        assert_eq!(scope.aggregation, Aggregation::Total);
        assert_eq!(scope.projects, ["api", "web"]);
        assert_eq!(scope.time_window, rule.time_window);
    }
}
