//! `incident ...`: opens, lists, shows and changes incidents.

use serde_json::Value;

use super::arguments::incident::{EditArguments, IncidentCommand, ListArguments, OpenArguments};
use super::arguments::values::GivenTime;
use super::incident_origin::Connection;
use super::incident_page::{self, Page};
use super::output::{json, words};
use super::{CliError, ExitStatus, Session, input};
use crate::domain::filter::{Condition, Filter, NamePattern, Word};
use crate::domain::order::Sort;
use crate::domain::{Incident, IncidentId, Listed, Status, Timestamp, text};
use crate::export::alerts_json;
use crate::ops::close::{self, CloseRequest};
use crate::ops::edit::{self, EditRequest};
use crate::ops::open::{self, OpenRequest};
use crate::ops::reopen::{self, ReopenRequest};
use crate::ops::{OpsError, StatusChange, comment};

pub(super) async fn run(session: &mut Session<'_>, command: IncidentCommand) -> Result<ExitStatus, CliError> {
    match command {
        IncidentCommand::Open(arguments) => open(session, arguments).await,
        IncidentCommand::List(arguments) => list(session, arguments).await,
        IncidentCommand::Show { id } => show(session, id).await,
        IncidentCommand::Edit(arguments) => edit(session, arguments).await,
        IncidentCommand::Close { ids, at, comment } => close(session, ids, at.as_ref(), comment).await,
        IncidentCommand::Reopen { ids, comment } => reopen(session, ids, comment).await,
        IncidentCommand::Comment { id, text } => comment(session, id, text).await,
    }
}

async fn open(session: &mut Session<'_>, arguments: OpenArguments) -> Result<ExitStatus, CliError> {
    let title = input::text_or_stdin("title", arguments.title, text::TITLE_LIMIT).await?;
    let now = session.now().await?;
    let request = OpenRequest {
        title,
        rule: arguments.rule,
        projects: arguments.projects,
        query: arguments.query,
        incident_type: arguments.incident_type,
        aggregation: arguments.aggregation,
        date_started: at(arguments.started.as_ref(), now)?,
        date_detected: at(arguments.detected.as_ref(), now)?,
    };
    let incident = open::open(&session.store, &session.settings.by, request).await?;
    let said = format!("opened {}, started {}", named(&incident), incident.date_started);
    say(session, &incident, &said)
}

async fn list(session: &mut Session<'_>, arguments: ListArguments) -> Result<ExitStatus, CliError> {
    let now = session.now().await?;
    let filter = filter(&arguments);
    let mut tx = session.store.read().await?;
    // One more tells whether there are more.
    let one_more = arguments.limit.saturating_add(1);
    let mut ids = tx.incident_ids(Listed::Incidents, &filter, Sort::default(), now, Some(one_more)).await?;
    let more = ids.len() > arguments.limit as usize;
    ids.truncate(arguments.limit as usize);
    let incidents = tx.incidents(&ids).await?;
    drop(tx);
    let output = &mut session.output;
    if output.json {
        output.document(&incidents.iter().map(json::incident).collect())?;
    } else if !incidents.is_empty() {
        let columns = output.terminal.columns;
        incident_page::table(&incidents, now).write(output.answer(), columns)?;
    }
    match (incidents.is_empty(), !filter.is_empty()) {
        (true, true) => output.note("no incident matches")?,
        (true, false) => output.note("no incidents yet: 'afterimage incident open TITLE' opens one")?,
        _ if more => output.note(&format!("only the newest {}: --limit shows more", arguments.limit))?,
        _ => {}
    }
    Ok(0)
}

/// All that was asked for must hold.
fn filter(arguments: &ListArguments) -> Filter {
    let mut filter = arguments.filter.clone().unwrap_or_default();
    if let Some(status) = arguments.status.status() {
        filter = filter.and(Condition::Status(status));
    }
    if let Some(project) = &arguments.project {
        filter = filter.and(Condition::Project(NamePattern::Exactly(project.clone())));
    }
    match arguments.search.as_deref().map(str::trim).filter(|search| !search.is_empty()) {
        Some(search) => filter.and(Condition::Word(Word::exact(search))),
        None => filter,
    }
}

async fn show(session: &mut Session<'_>, id: IncidentId) -> Result<ExitStatus, CliError> {
    let now = session.now().await?;
    let mut tx = session.store.read().await?;
    let incident = tx.incident(id).await?.ok_or_else(|| OpsError::no_incidents(&[id]))?;
    let activities = tx.activities(id).await?;
    let superseded = tx.superseded(id).await?;
    let origin = tx.origins(&[id]).await?.pop().map(|(_, origin)| origin);
    let alerts = tx.alerts_of(id, u32::MAX).await?;
    let freezing = tx.freezing(id).await?;
    drop(tx);
    let output = &mut session.output;
    if output.json {
        let mut document = json::whole_incident(&incident, &activities, &superseded);
        document["origin"] = alerts_json::origin(origin.as_ref());
        document["alerts"] = alerts_json::alerts(&alerts);
        output.document(&document)?;
    } else {
        let page = Page { incident: &incident, activities: &activities, superseded: &superseded };
        let connection = Connection { origin: origin.as_ref(), alerts: &alerts, freezing: freezing.as_ref() };
        incident_page::write(output.answer(), page, connection, now)?;
    }
    Ok(0)
}

async fn edit(session: &mut Session<'_>, arguments: EditArguments) -> Result<ExitStatus, CliError> {
    let now = session.now().await?;
    let request = EditRequest {
        title: arguments.title,
        date_started: at(arguments.started.as_ref(), now)?,
        ..EditRequest::default()
    };
    let incident = edit::edit(&session.store, &session.settings.by, arguments.id, request).await?;
    let said = format!("corrected {}, started {}", named(&incident), incident.date_started);
    say(session, &incident, &said)
}

async fn close(
    session: &mut Session<'_>,
    ids: Vec<IncidentId>,
    given: Option<&GivenTime>,
    comment: Option<String>,
) -> Result<ExitStatus, CliError> {
    let now = session.now().await?;
    let request = CloseRequest { ids, at: at(given, now)?, comment };
    let changes = close::close(&session.store, &session.settings.by, request).await?;
    say_changes(session, &changes, now)
}

async fn reopen(
    session: &mut Session<'_>,
    ids: Vec<IncidentId>,
    comment: Option<String>,
) -> Result<ExitStatus, CliError> {
    let now = session.now().await?;
    let changes = reopen::reopen(
        &session.store,
        &session.settings.by,
        ReopenRequest { ids, comment, ..ReopenRequest::default() },
    )
    .await?;
    say_changes(session, &changes, now)
}

async fn comment(session: &mut Session<'_>, id: IncidentId, given: String) -> Result<ExitStatus, CliError> {
    let said = input::text_or_stdin("comment", given, text::COMMENT_LIMIT).await?;
    let activity = comment::comment(&session.store, &session.settings.by, id, &said).await?;
    if session.output.json {
        session.output.document(&json::activity(&activity))?;
    } else {
        session.output.line(&format!("commented on incident {id}"))?;
    }
    Ok(0)
}

fn at(given: Option<&GivenTime>, now: Timestamp) -> Result<Option<Timestamp>, CliError> {
    Ok(given.map(|given| given.at(now)).transpose()?)
}

fn named(incident: &Incident) -> String {
    format!("#{} {}", incident.id, words::name(&incident.title))
}

fn say(session: &mut Session<'_>, incident: &Incident, said: &str) -> Result<ExitStatus, CliError> {
    if session.output.json {
        session.output.document(&json::incident(incident))?;
    } else {
        session.output.line(said)?;
    }
    Ok(0)
}

fn say_changes(session: &mut Session<'_>, changes: &[StatusChange], now: Timestamp) -> Result<ExitStatus, CliError> {
    if session.output.json {
        let incidents: Value = changes.iter().map(|change| json::incident(&change.incident)).collect();
        session.output.document(&incidents)?;
        return Ok(0);
    }
    for change in changes {
        session.output.line(&change_line(change, now))?;
    }
    Ok(0)
}

fn change_line(change: &StatusChange, now: Timestamp) -> String {
    let incident = &change.incident;
    if let Some(already) = &change.already {
        let by = if already.by.is_empty() { String::new() } else { format!(", by {}", words::name(&already.by)) };
        return format!("{} is {} already{by} at {}: nothing changed", named(incident), incident.status, already.at);
    }
    match (incident.status, incident.date_closed, &incident.pending) {
        (Status::Closed, Some(closed), Some(pending)) => format!(
            "closed {} at {closed}: its snapshot is due {}",
            named(incident),
            words::instant_and_distance(pending.target_run_date, now)
        ),
        (Status::Closed, ..) => format!("closed {}", named(incident)),
        (Status::Open, ..) => format!("reopened {}: it has no snapshot until it is closed again", named(incident)),
    }
}
