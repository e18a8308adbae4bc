//! `seed`: made-up data for load tests.

use serde_json::json;

use super::arguments::SeedArguments;
use super::output::progress::Progress;
use super::output::words;
use super::{CliError, ExitStatus, Session};
use crate::ops::seed::{self, SeedRequest};

pub(super) async fn run(session: &mut Session<'_>, arguments: &SeedArguments) -> Result<ExitStatus, CliError> {
    let request =
        SeedRequest { incidents: arguments.incidents, events: arguments.events, random_seed: arguments.random_seed };
    let bar = Progress::things(session.output.terminal);
    let report = seed::seed(&session.store, request, &mut |done, total| bar.show("seeding", done, Some(total))).await;
    drop(bar);
    let report = report?;
    if session.output.json {
        session.output.document(&json!({
            "incidents": report.incidents,
            "open": report.open,
            "pending": report.pending,
            "due": report.due,
            "events": report.events,
        }))?;
        return Ok(0);
    }
    let (incidents, events) = (words::counted(report.incidents, "incident"), words::counted(report.events, "event"));
    let due = words::counted(report.due, "snapshot");
    session.output.line(&format!("seeded {incidents} and {events}; {due} due: 'afterimage process' captures them"))?;
    Ok(0)
}
