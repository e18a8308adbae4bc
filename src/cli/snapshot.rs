//! `snapshot ...`: what was kept, and what would be.

use super::arguments::snapshot::SnapshotCommand;
use super::output::table::Table;
use super::output::{json, words};
use super::{CliError, ExitStatus, Session};
use super::{snapshot_export, snapshot_page};
use crate::domain::{Incident, IncidentId, Snapshot, SnapshotFacts, text};
use crate::export::Origin;
use crate::ops::{OpsError, preview};

pub(super) async fn run(session: &mut Session<'_>, command: SnapshotCommand) -> Result<ExitStatus, CliError> {
    match command {
        SnapshotCommand::List { limit } => list(session, limit).await,
        SnapshotCommand::Show { id } => {
            let advice = format!("see 'afterimage snapshot preview {id}'");
            let (incident, snapshot) = kept(session, id, &advice).await?;
            show(session, &incident, &snapshot, Origin::Kept)
        }
        SnapshotCommand::Preview { id } => {
            let (incident, snapshot) = ahead(session, id).await?;
            show(session, &incident, &snapshot, Origin::Preview)
        }
        SnapshotCommand::Export(arguments) => snapshot_export::export(session, arguments).await,
    }
}

async fn list(session: &mut Session<'_>, limit: u32) -> Result<ExitStatus, CliError> {
    let mut tx = session.store.read().await?;
    let mut snapshots = tx.snapshot_list(Some(limit.saturating_add(1))).await?;
    let more = snapshots.len() > limit as usize;
    snapshots.truncate(limit as usize);
    let ids: Vec<IncidentId> = snapshots.iter().map(|facts| facts.incident_id).collect();
    let incidents = tx.incidents(&ids).await?;
    drop(tx);
    let output = &mut session.output;
    if output.json {
        output.document(&snapshots.iter().map(json::facts).collect())?;
    } else if !snapshots.is_empty() {
        let columns = output.terminal.columns;
        table(&snapshots, &incidents).write(output.answer(), columns)?;
    }
    if snapshots.is_empty() {
        output.note("no snapshots yet: they are captured some time after incidents are closed, see 'pending list'")?;
    } else if more {
        output.note(&format!("only the newest {limit}: --limit shows more"))?;
    }
    Ok(0)
}

/// The snapshot of an incident; where there is none, why, and what else there is.
pub(super) async fn kept(
    session: &Session<'_>,
    id: IncidentId,
    advice: &str,
) -> Result<(Incident, Snapshot), CliError> {
    let now = session.now().await?;
    let mut tx = session.store.read().await?;
    let incident = tx.incident(id).await?.ok_or_else(|| OpsError::no_incidents(&[id]))?;
    if let Some(snapshot) = tx.snapshot(id).await? {
        return Ok((incident, snapshot));
    }
    let why = match (&incident.pending, incident.date_closed) {
        (Some(row), _) => format!("it is pending ({})", words::pending(row, now)),
        (None, None) => "it is open".to_owned(),
        (None, Some(_)) => "the pending one was discarded".to_owned(),
    };
    Err(OpsError::Absent(format!("incident {id} has no snapshot: {why}; {advice}")).into())
}

/// The snapshot that an incident would get.
pub(super) async fn ahead(session: &mut Session<'_>, id: IncidentId) -> Result<(Incident, Snapshot), CliError> {
    let preview = preview::preview(&session.store, &session.settings.sources, id).await?;
    if let Some(silence) = preview.silence {
        session.output.note(&format!("{silence}; only what was frozen at the close is shown"))?;
    }
    let incident = session.store.read().await?.incident(id).await?;
    Ok((incident.ok_or_else(|| OpsError::no_incidents(&[id]))?, preview.snapshot))
}

fn show(
    session: &mut Session<'_>,
    incident: &Incident,
    snapshot: &Snapshot,
    origin: Origin,
) -> Result<ExitStatus, CliError> {
    let output = &mut session.output;
    if output.json {
        output.document(&json::snapshot(snapshot))?;
    } else {
        let unicode = output.terminal.unicode;
        snapshot_page::write(output.answer(), origin, incident, snapshot, unicode)?;
    }
    Ok(0)
}

fn table(snapshots: &[SnapshotFacts], incidents: &[Incident]) -> Table {
    let mut table = Table::default()
        .number("INCIDENT")
        .flexible("TITLE")
        .text("AS OF")
        .text("CAPTURED")
        .number("EVENTS")
        .number("USERS")
        .text("STATE");
    let mut incidents = incidents.iter().peekable();
    for facts in snapshots {
        let incident = incidents.next_if(|incident| incident.id == facts.incident_id);
        let state = match (facts.partial, facts.clipped) {
            (false, false) => "complete",
            (true, false) => "partial",
            (false, true) => "clipped",
            (true, true) => "partial, clipped",
        };
        table.row([
            facts.incident_id.to_string(),
            incident.map(|incident| text::shorten(&incident.title, 60)).unwrap_or_default(),
            words::instant(facts.as_of),
            words::instant(facts.date_added),
            words::known(facts.total_events),
            words::known(facts.unique_users),
            state.to_owned(),
        ]);
    }
    table
}
