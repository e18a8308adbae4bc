//! `pending ...`: what is promised, and how keeping it has gone.

use super::arguments::PendingCommand;
use super::output::table::Table;
use super::output::{json, words};
use super::{CliError, ExitStatus, Session};
use crate::domain::{Incident, IncidentId, PendingSnapshot, Timestamp, text};
use crate::ops::pending;

pub(super) async fn run(session: &mut Session<'_>, command: PendingCommand) -> Result<ExitStatus, CliError> {
    match command {
        PendingCommand::List => list(session).await,
        PendingCommand::Retry { ids } => {
            let now = session.now().await?;
            let rows = pending::retry(&session.store, &session.settings.by, &ids, &[]).await?;
            say(session, &rows, |row| {
                let next = match words::distance(row.next_attempt_at.max(row.target_run_date), now) {
                    next if next == "now" => "tried again with the next run".to_owned(),
                    next => format!("due {next}"),
                };
                format!("the snapshot of incident {} is {next}", row.incident_id)
            })
        }
        PendingCommand::Discard { ids } => {
            let rows = pending::discard(&session.store, &session.settings.by, &ids, &[]).await?;
            say(session, &rows, |row| {
                let id = row.incident_id;
                format!(
                    "discarded the pending snapshot of incident {id}: 'afterimage process {id}' captures it all the same"
                )
            })
        }
    }
}

async fn list(session: &mut Session<'_>) -> Result<ExitStatus, CliError> {
    let now = session.now().await?;
    let rows = pending::list(&session.store).await?;
    if session.output.json {
        session.output.document(&rows.iter().map(json::pending).collect())?;
    } else if !rows.is_empty() {
        let ids: Vec<IncidentId> = rows.iter().map(|row| row.incident_id).collect();
        let incidents = session.store.read().await?.incidents(&ids).await?;
        let columns = session.output.terminal.columns;
        table(&rows, &incidents, now).write(session.output.answer(), columns)?;
    }
    if rows.is_empty() {
        session.output.note("nothing is pending: closing an incident promises a snapshot of it")?;
    }
    Ok(0)
}

fn table(rows: &[PendingSnapshot], incidents: &[Incident], now: Timestamp) -> Table {
    let mut table = Table::default()
        .number("INCIDENT")
        .flexible("TITLE")
        .text("STATE")
        .text("TARGET")
        .number("TRIES")
        .flexible("LAST ERROR");
    // Both are in the order of the rows, but an incident may have gone meanwhile.
    let mut incidents = incidents.iter().peekable();
    for row in rows {
        let incident = incidents.next_if(|incident| incident.id == row.incident_id);
        table.row([
            row.incident_id.to_string(),
            incident.map(|incident| text::shorten(&incident.title, 60)).unwrap_or_default(),
            words::pending(row, now),
            words::instant(row.target_run_date),
            row.attempts.to_string(),
            row.last_error.as_deref().map(|error| text::shorten(error, 120)).unwrap_or_default(),
        ]);
    }
    table
}

fn say(
    session: &mut Session<'_>,
    rows: &[PendingSnapshot],
    line: impl Fn(&PendingSnapshot) -> String,
) -> Result<ExitStatus, CliError> {
    if session.output.json {
        session.output.document(&rows.iter().map(json::pending).collect())?;
        return Ok(0);
    }
    for row in rows {
        session.output.line(&line(row))?;
    }
    Ok(0)
}
