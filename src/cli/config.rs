//! `config check`: everything that can be found out about a configuration before an alert comes at night.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::arguments::config::CheckArguments;
use super::output::Output;
use super::output::page::Facts;
use super::{CliError, ExitStatus, Settings};
use crate::domain::alert::routing::RoutingRule;
use crate::domain::alert::{Alert, Labels};
use crate::domain::expression::{EVENTS_SOURCE, fill_labels, wanted_labels};
use crate::domain::retention::retention_warning;
use crate::domain::{SourceHealth, TimeWindow, Timestamp, span, text};
use crate::ops::alerts::{Intake, Opening, opening};
use crate::source::{Alertmanager, validate};

/// What a configuration names, made ready to be asked.
pub struct Subject {
    /// The file; `None` where there is none.
    pub file: Option<PathBuf>,
    /// The rules for alerts, and the sources.
    pub intake: Intake,
    /// Who is asked which alerts there still are.
    pub alertmanagers: Vec<Alertmanager>,
    /// The names of those who are told what happens.
    pub webhooks: Vec<String>,
}

/// What was found out.
struct Findings {
    sources: Vec<SourceHealth>,
    alertmanagers: Vec<(SourceHealth, Option<usize>)>,
    rules: Vec<RuleFindings>,
    alert: Option<AlertFindings>,
}

struct RuleFindings {
    rule: RoutingRule,
    problems: Vec<String>,
    warnings: Vec<String>,
}

struct AlertFindings {
    labels: Labels,
    opening: Opening,
    /// What the expression says of the last window, or why it says nothing.
    now: Option<Result<Option<f64>, String>>,
}

/// Checks a configuration. The file itself has been read without a fault.
///
/// # Errors
/// Where the writer fails.
pub async fn check(
    subject: Subject,
    arguments: CheckArguments,
    settings: &Settings,
    output: &mut Output<'_>,
) -> Result<ExitStatus, CliError> {
    let now = settings.clock.now();
    let sources = subject.intake.sources.probe(now).await;
    let mut alertmanagers = Vec::new();
    for alertmanager in &subject.alertmanagers {
        let listed = alertmanager.list(now).await.ok().map(|alerts| alerts.len());
        alertmanagers.extend(alertmanager.health().into_iter().map(|health| (health, listed)));
    }
    let rules = subject.intake.routing.rules.iter().map(|rule| look_at(rule, &sources)).collect();
    let alert = alert(&subject.intake, arguments, now).await;
    let findings = Findings { sources, alertmanagers, rules, alert };
    if output.json {
        output.document(&findings.document(&subject))?;
    } else {
        findings.print(&subject, output)?;
    }
    Ok(findings.exit_status())
}

fn look_at(rule: &RoutingRule, sources: &[SourceHealth]) -> RuleFindings {
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    if let Some(expression) = &rule.expression {
        if sources.is_empty() || rule.source.as_deref() == Some(EVENTS_SOURCE) {
            problems.push("it has an expression, and there is no source to evaluate it".to_owned());
        }
        // Any value will do to see whether it is PromQL.
        let labels = wanted_labels(expression).map_err(|error| error.to_string());
        let filled = labels.and_then(|names| {
            let labels = names.into_iter().map(|name| (name, "x".to_owned())).collect();
            fill_labels(expression, &labels).map_err(|error| error.to_string())
        });
        match filled {
            Ok(text) => warnings.extend(validate(&text).err()),
            Err(problem) => problems.push(problem),
        }
    }
    let asked = sources.iter().filter(|source| rule.source.as_ref().is_none_or(|name| *name == source.name));
    for source in asked.filter(|_| rule.source.as_deref() != Some(EVENTS_SOURCE)) {
        let window = rule.time_window.unwrap_or(TimeWindow::DEFAULT);
        warnings.extend(source.retention.and_then(|retention| retention_warning(&source.name, window, retention)));
    }
    RuleFindings { rule: rule.clone(), problems, warnings }
}

async fn alert(intake: &Intake, arguments: CheckArguments, now: Timestamp) -> Option<AlertFindings> {
    if arguments.labels.is_empty() {
        return None;
    }
    let alert = Alert {
        fingerprint: String::new(),
        starts_at: now,
        ends_at: None,
        labels: arguments.labels.into_iter().collect(),
        annotations: arguments.annotations.into_iter().collect(),
        generator_url: arguments.generator_url,
    };
    let opening = opening(intake, &alert);
    let now = match &opening.scope.expression {
        None => None,
        Some(expression) => {
            let window = opening.scope.time_window.span();
            let answer = intake.sources.evaluate(expression, &alert.labels, window, now).await;
            Some(answer.map_err(|error| error.to_string()))
        }
    };
    Some(AlertFindings { labels: alert.labels, opening, now })
}

impl Findings {
    fn exit_status(&self) -> ExitStatus {
        let is_wrong = self.rules.iter().any(|found| !found.problems.is_empty())
            || self.alert.as_ref().is_some_and(|found| !found.opening.notes.is_empty());
        let health = self.sources.iter().chain(self.alertmanagers.iter().map(|(health, _)| health));
        let mut silent = health.filter(|health| health.error.is_some());
        let refused = self.alert.as_ref().is_some_and(|found| matches!(found.now, Some(Err(_))));
        match () {
            () if is_wrong => 2,
            () if silent.next().is_some() => 5,
            () if refused => 2,
            () => 0,
        }
    }

    fn print(&self, subject: &Subject, output: &mut Output<'_>) -> Result<(), CliError> {
        let file = subject.file.as_ref().map(|file| text::printable(&file.display().to_string()));
        output.line(&match file {
            Some(file) => format!("{file} can be read"),
            None => "there is no configuration file: everything is as it comes".to_owned(),
        })?;
        output.line("\nSources")?;
        let mut facts = Facts::default();
        for health in &self.sources {
            facts.add("prometheus", &format!("{}  {}  {}", health.name, health.url, answers(health, None)));
        }
        for (health, listed) in &self.alertmanagers {
            facts.add("alertmanager", &format!("{}  {}  {}", health.name, health.url, answers(health, *listed)));
        }
        facts.add("events", "the table of this database");
        facts.write(output.answer())?;
        if !subject.webhooks.is_empty() {
            output.line(&format!("\nTold what happens\n  {}", text::printable(&subject.webhooks.join(", "))))?;
        }
        output.line("\nRules for alerts, the first that is met counts")?;
        for found in &self.rules {
            found.print(output)?;
        }
        let otherwise = "the afterimage_query annotation, else the expression of the generatorURL, else events";
        output.line(&format!("  (no rule)\n    measured by {otherwise}"))?;
        if let Some(found) = &self.alert {
            found.print(output)?;
        }
        Ok(())
    }

    fn document(&self, subject: &Subject) -> Value {
        let health = |health: &SourceHealth| {
            json!({
                "name": health.name, "url": health.url, "answers": health.error.is_none(), "error": health.error,
                "retention_seconds": health.retention.map(|retention| retention.as_secs()),
            })
        };
        let alertmanager = |(found, listed): &(SourceHealth, Option<usize>)| {
            let mut document = health(found);
            document["alerts"] = json!(listed);
            document
        };
        json!({
            "file": subject.file.as_ref().map(|file| file.display().to_string()),
            "prometheus": self.sources.iter().map(health).collect::<Vec<_>>(),
            "alertmanagers": self.alertmanagers.iter().map(alertmanager).collect::<Vec<_>>(),
            "webhooks": subject.webhooks,
            "rules": self.rules.iter().map(RuleFindings::document).collect::<Vec<_>>(),
            "alert": self.alert.as_ref().map(AlertFindings::document),
        })
    }
}

fn answers(health: &SourceHealth, listed: Option<usize>) -> String {
    match (&health.error, health.retention, listed) {
        (Some(error), ..) => error.clone(),
        (None, Some(retention), _) => format!("answers, keeps {}", span::format(retention)),
        (None, None, Some(count)) => format!("answers, lists {count} alerts"),
        (None, None, None) => "answers".to_owned(),
    }
}

impl RuleFindings {
    fn print(&self, output: &mut Output<'_>) -> Result<(), CliError> {
        let rule = &self.rule;
        output.line(&format!("  {}", text::printable(&rule.name)))?;
        let matchers: Vec<String> = rule.matchers.iter().map(ToString::to_string).collect();
        let mut facts = vec![if matchers.is_empty() { "every alert".to_owned() } else { matchers.join(", ") }];
        facts.push(match rule.time_window {
            Some(window) => format!("time window {window}"),
            None => "time window: the largest range of the expression that fired, else 1m".to_owned(),
        });
        facts.push(measured(rule));
        if !rule.projects.is_empty() {
            facts.push(format!("projects {}", rule.projects.join(", ")));
        }
        if rule.onset > Duration::ZERO {
            facts.push(format!("began {} before it fired", span::format(rule.onset)));
        }
        facts.extend(self.warnings.iter().map(|warning| format!("warning: {warning}")));
        facts.extend(self.problems.iter().map(|problem| format!("error: {problem}")));
        for fact in facts {
            output.line(&format!("    {}", text::printable(&fact)))?;
        }
        Ok(())
    }

    fn document(&self) -> Value {
        let rule = &self.rule;
        json!({
            "name": rule.name,
            "match": rule.matchers.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "time_window_minutes": rule.time_window.map(TimeWindow::minutes),
            "source": rule.source, "expression": rule.expression, "query": rule.query.text(),
            "aggregation": rule.aggregation.name(), "projects": rule.projects,
            "onset_seconds": rule.onset.as_secs(), "warnings": self.warnings, "problems": self.problems,
        })
    }
}

fn measured(rule: &RoutingRule) -> String {
    match (&rule.source, &rule.expression) {
        (Some(source), Some(expression)) => format!("{source}: {expression}"),
        (None, Some(expression)) => expression.clone(),
        (Some(source), None) if source == EVENTS_SOURCE => {
            let query = if rule.query.text().is_empty() { "every event" } else { rule.query.text() };
            format!("events: {query}")
        }
        (source, None) => {
            let asked = source.as_deref().map(|source| format!("{source}: ")).unwrap_or_default();
            format!("{asked}what its annotation or its generatorURL says")
        }
    }
}

impl AlertFindings {
    fn print(&self, output: &mut Output<'_>) -> Result<(), CliError> {
        let labels: Vec<String> = self.labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        output.line(&format!("\nAn alert with {}", text::printable(&labels.join(", "))))?;
        let scope = &self.opening.scope;
        let mut facts = Facts::default();
        facts.add("rule", self.opening.rule.as_deref().unwrap_or("none"));
        facts.add("time window", &scope.time_window.to_string());
        match &scope.expression {
            None => facts.add("source", "events, the table of this database"),
            Some(expression) => {
                facts.add("source", &expression.source);
                facts.add("expression", &expression.text);
                let what = if expression.measure.is_metric() { "a metric, not events" } else { "events, estimated" };
                facts.add("measures", what);
            }
        }
        match &self.now {
            None => {}
            Some(Ok(Some(value))) => facts.add("now", &format!("{value} in the last {}", scope.time_window)),
            Some(Ok(None)) => facts.add("now", "nothing: no series has these labels at the moment"),
            Some(Err(error)) => facts.add("now", &format!("error: {error}")),
        }
        let projects = if scope.projects.is_empty() { "all".to_owned() } else { scope.projects.join(", ") };
        facts.add("projects", &projects);
        for note in &self.opening.notes {
            facts.add("error", note);
        }
        facts.write(output.answer())?;
        Ok(())
    }

    fn document(&self) -> Value {
        let scope = &self.opening.scope;
        json!({
            "labels": self.labels, "rule": self.opening.rule, "time_window_minutes": scope.time_window.minutes(),
            "source": scope.expression.as_ref().map_or(EVENTS_SOURCE, |expression| &expression.source),
            "expression": scope.expression.as_ref().map(|expression| &expression.text),
            "measure": scope.expression.as_ref().map(|expression| expression.measure.name()),
            "projects": scope.projects,
            "now": self.now.as_ref().and_then(|answer| answer.as_ref().ok().copied().flatten()),
            "error": self.now.as_ref().and_then(|answer| answer.as_ref().err()),
            "problems": self.opening.notes,
        })
    }
}
