//! Adds, changes, deletes and reads alert rules (rule 3).

use super::OpsError;
use crate::domain::expression::has_labels;
use crate::domain::rule::{Scope, sorted};
use crate::domain::{Aggregation, AlertRule, Expression, Query, TimeWindow, text};
use crate::store::Store;

/// What of a rule is changed; what is not said stays.
#[derive(Debug, Clone, Default)]
pub struct RuleChange {
    /// The new time window.
    pub time_window: Option<TimeWindow>,
    /// The new query.
    pub query: Option<Query>,
    /// The new aggregation.
    pub aggregation: Option<Aggregation>,
    /// The new projects, where given.
    pub projects: Option<Vec<String>>,
    /// The new expression, where given: `None` within is the events table again.
    pub expression: Option<Option<Expression>>,
}

/// A changed or deleted rule, and how many open incidents keep what they copied from it (rule 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleChanged {
    /// The rule as it now is, or was.
    pub rule: AlertRule,
    /// Open incidents that keep the old values.
    pub open_incidents: u64,
}

/// Adds a rule.
///
/// # Errors
/// Where its name or a project cannot be, or there is a rule of that name.
pub async fn add(store: &Store, name: &str, scope: Scope) -> Result<AlertRule, OpsError> {
    let name = text::required("rule name", name, text::NAME_LIMIT)?;
    let scope = Scope { projects: checked_projects(&scope.projects)?, ..scope };
    scope.expression.as_ref().map(checked_expression).transpose()?;
    let now = store.now().await?;
    let mut tx = store.write().await?;
    if !tx.insert_rule(name, &scope, now).await? {
        let shown = text::shorten(name, 60);
        return Err(OpsError::Conflict(format!("there is a rule '{shown}' already: change it with 'rule update'")));
    }
    tx.commit().await?;
    Ok(AlertRule { name: name.to_owned(), scope, date_added: now, date_updated: now })
}

/// Changes what a rule says from now on. Incidents keep what they copied from it.
///
/// # Errors
/// Where there is no such rule, or a project cannot be.
pub async fn update(store: &Store, name: &str, change: RuleChange) -> Result<RuleChanged, OpsError> {
    let projects = change.projects.as_deref().map(checked_projects).transpose()?;
    change.expression.iter().flatten().try_for_each(checked_expression)?;
    let now = store.now().await?;
    let mut tx = store.write().await?;
    let stored = tx.rule(name).await?.ok_or_else(|| OpsError::no_rule(name))?;
    let old = stored.rule.scope;
    let scope = Scope {
        time_window: change.time_window.unwrap_or(old.time_window),
        query: change.query.unwrap_or(old.query),
        aggregation: change.aggregation.unwrap_or(old.aggregation),
        projects: projects.unwrap_or(old.projects),
        expression: change.expression.unwrap_or(old.expression),
    };
    tx.update_rule(stored.id, &scope, now).await?;
    let open_incidents = tx.open_incidents_of_rule(name).await?;
    tx.commit().await?;
    let rule = AlertRule { scope, date_updated: now, ..AlertRule { scope: Scope::default(), ..stored.rule } };
    Ok(RuleChanged { rule, open_incidents })
}

/// Deletes a rule. Incidents keep what they copied from it, and its name.
///
/// # Errors
/// Where there is no such rule.
pub async fn delete(store: &Store, name: &str) -> Result<RuleChanged, OpsError> {
    let mut tx = store.write().await?;
    let stored = tx.rule(name).await?.ok_or_else(|| OpsError::no_rule(name))?;
    tx.lock_incidents_of_rule(stored.id).await?;
    let open_incidents = tx.open_incidents_of_rule(name).await?;
    tx.delete_rule(name).await?;
    tx.commit().await?;
    Ok(RuleChanged { rule: stored.rule, open_incidents })
}

/// One rule.
///
/// # Errors
/// Where there is no such rule.
pub async fn show(store: &Store, name: &str) -> Result<AlertRule, OpsError> {
    let stored = store.read().await?.rule(name).await?;
    Ok(stored.ok_or_else(|| OpsError::no_rule(name))?.rule)
}

/// Every rule, by name.
///
/// # Errors
/// Where the database cannot be read.
pub async fn list(store: &Store) -> Result<Vec<AlertRule>, OpsError> {
    Ok(store.read().await?.rules().await?)
}

/// Project names as they are stored: without space around them, sorted, each once.
pub(super) fn checked_projects(projects: &[String]) -> Result<Vec<String>, OpsError> {
    let checked = projects.iter().map(|project| text::required("project", project, text::NAME_LIMIT));
    let checked = checked.map(|project| project.map(ToOwned::to_owned)).collect::<Result<Vec<_>, _>>()?;
    Ok(sorted(checked))
}

/// An expression of a rule that people use: there is no alert whose labels could be put into it.
fn checked_expression(expression: &Expression) -> Result<(), OpsError> {
    text::required("expression", &expression.text, text::COMMENT_LIMIT)?;
    if has_labels(&expression.text) {
        let problem = "the expression wants labels of an alert, which this rule has not: write their values";
        return Err(OpsError::Input(problem.to_owned()));
    }
    crate::source::validate(&expression.text).map_err(|problem| OpsError::Input(format!("the expression: {problem}")))
}
