//! `rule ...`: alert rules.

use super::arguments::rule::{AddArguments, RuleCommand, UpdateArguments};
use super::output::page::Facts;
use super::output::table::Table;
use super::output::{json, words};
use super::{CliError, ExitStatus, Session};
use crate::domain::retention::retention_warning;
use crate::domain::rule::Scope;
use crate::domain::{Aggregation, AlertRule, Expression, Measure, text};
use crate::ops::OpsError;
use crate::ops::rule::{self, RuleChange, RuleChanged};

pub(super) async fn run(session: &mut Session<'_>, command: RuleCommand) -> Result<ExitStatus, CliError> {
    match command {
        RuleCommand::Add(arguments) => add(session, arguments).await,
        RuleCommand::List => list(session).await,
        RuleCommand::Show { name } => show(session, &name).await,
        RuleCommand::Update(arguments) => update(session, arguments).await,
        RuleCommand::Delete { name } => {
            let deleted = rule::delete(&session.store, &name).await?;
            say_changed(session, &deleted, "deleted")
        }
    }
}

async fn add(session: &mut Session<'_>, arguments: AddArguments) -> Result<ExitStatus, CliError> {
    let expression = arguments.expression.map(|text| expression(session, text, arguments.source)).transpose()?;
    let scope = Scope {
        time_window: arguments.time_window,
        query: arguments.query.unwrap_or_default(),
        aggregation: arguments.aggregation.unwrap_or(Aggregation::Total),
        projects: arguments.projects,
        expression,
    };
    let added = rule::add(&session.store, &arguments.name, scope).await?;
    if session.output.json {
        session.output.document(&json::rule(&added))?;
    } else {
        session.output.line(&format!("added rule '{}': {}", words::name(&added.name), said(&added)))?;
    }
    warn_of_retention(session, &added).await?;
    Ok(0)
}

async fn list(session: &mut Session<'_>) -> Result<ExitStatus, CliError> {
    let rules = rule::list(&session.store).await?;
    let output = &mut session.output;
    if output.json {
        output.document(&rules.iter().map(json::rule).collect())?;
    } else if !rules.is_empty() {
        let columns = output.terminal.columns;
        table(&rules).write(output.answer(), columns)?;
    }
    if rules.is_empty() {
        output.note("no rules yet: 'afterimage rule add NAME --time-window MINUTES' adds one")?;
    }
    Ok(0)
}

async fn show(session: &mut Session<'_>, name: &str) -> Result<ExitStatus, CliError> {
    let shown = rule::show(&session.store, name).await?;
    let now = session.now().await?;
    let output = &mut session.output;
    if output.json {
        output.document(&json::rule(&shown))?;
        return Ok(0);
    }
    let mut facts = Facts::default();
    facts.add("time window", &format!("{} ({} minutes)", shown.scope.time_window, shown.scope.time_window.minutes()));
    if let Some(expression) = &shown.scope.expression {
        facts.add("source", &expression.source);
        facts.add("expression", &expression.text);
    } else {
        facts.add("query", query(&shown));
        facts.add("counts", words::aggregation(shown.scope.aggregation));
    }
    facts.add("projects", &words::projects(&shown.scope.projects));
    facts.add("added", &words::instant_and_distance(shown.date_added, now));
    facts.add("changed", &words::instant_and_distance(shown.date_updated, now));
    output.line(&format!("{}\n", text::printable(&shown.name)))?;
    facts.write(output.answer())?;
    Ok(0)
}

async fn update(session: &mut Session<'_>, arguments: UpdateArguments) -> Result<ExitStatus, CliError> {
    let projects = (arguments.all_projects || !arguments.projects.is_empty()).then_some(arguments.projects);
    let expression = match arguments.expression {
        Some(text) => Some(Some(expression(session, text, arguments.source)?)),
        None => arguments.events.then_some(None),
    };
    let change = RuleChange {
        time_window: arguments.time_window,
        query: arguments.query,
        aggregation: arguments.aggregation,
        projects,
        expression,
    };
    let changed = rule::update(&session.store, &arguments.name, change).await?;
    let status = say_changed(session, &changed, "updated")?;
    warn_of_retention(session, &changed.rule).await?;
    Ok(status)
}

/// What a source of the configuration is asked.
fn expression(session: &Session<'_>, text: String, source: Option<String>) -> Result<Expression, CliError> {
    let sources = &session.settings.sources;
    let known = sources.names();
    let source = match source.or_else(|| sources.only().map(ToOwned::to_owned)) {
        Some(source) if known.contains(&source.as_str()) => source,
        Some(source) => {
            let problem = format!("the configuration names no source '{}'", text::shorten(&source, 60));
            return Err(OpsError::Input(problem).into());
        }
        None if known.is_empty() => {
            let problem = "the configuration names no Prometheus that could be asked: add a [[prometheus]]";
            return Err(OpsError::Input(problem.to_owned()).into());
        }
        None => {
            let problem = format!("which of {} is to be asked: say --source", known.join(", "));
            return Err(OpsError::Input(problem).into());
        }
    };
    Ok(Expression { source, text, measure: Measure::EstimatedEvents })
}

/// Says so where the source keeps less than what the rule's incidents will want. Nothing is refused for it: what a source
/// holds at the close is frozen.
async fn warn_of_retention(session: &mut Session<'_>, rule: &AlertRule) -> Result<(), CliError> {
    let Some(expression) = &rule.scope.expression else { return Ok(()) };
    let now = session.settings.clock.now();
    let retention = session.settings.sources.retention(&expression.source, now).await;
    let warning = retention.and_then(|kept| retention_warning(&expression.source, rule.scope.time_window, kept));
    if let Some(warning) = warning {
        session.output.note(&format!("warning: {warning}"))?;
    }
    Ok(())
}

fn say_changed(session: &mut Session<'_>, changed: &RuleChanged, verb: &str) -> Result<ExitStatus, CliError> {
    let rule = &changed.rule;
    if session.output.json {
        session.output.document(&json::changed_rule(rule, changed.open_incidents))?;
        return Ok(0);
    }
    let scope = if verb == "deleted" { String::new() } else { format!(": {}", said(rule)) };
    session.output.line(&format!("{verb} rule '{}'{scope}", words::name(&rule.name)))?;
    if changed.open_incidents > 0 {
        let keep = if changed.open_incidents == 1 { "keeps" } else { "keep" };
        let incidents = words::counted(changed.open_incidents, "open incident");
        session.output.line(&format!("{incidents} {keep} the old values"))?;
    }
    Ok(0)
}

fn table(rules: &[AlertRule]) -> Table {
    let mut table =
        Table::default().flexible("NAME").number("WINDOW").text("COUNTS").flexible("QUERY").flexible("PROJECTS");
    for rule in rules {
        table.row([
            words::name(&rule.name),
            rule.scope.time_window.to_string(),
            rule.scope.aggregation.to_string(),
            text::shorten(query(rule), 80),
            text::shorten(&words::projects(&rule.scope.projects), 60),
        ]);
    }
    table
}

fn query(rule: &AlertRule) -> &str {
    if let Some(expression) = &rule.scope.expression {
        return &expression.text;
    }
    if rule.scope.query.text().is_empty() { "every event" } else { rule.scope.query.text() }
}

fn said(rule: &AlertRule) -> String {
    let scope = &rule.scope;
    let (query, projects) = (text::printable(query(rule)), text::printable(&words::projects(&scope.projects)));
    format!("time window {}, {}, {query}, projects: {projects}", scope.time_window, scope.aggregation)
}
