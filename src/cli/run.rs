//! `run list`: what the processor did.

use super::arguments::RunCommand;
use super::output::table::Table;
use super::output::{json, words};
use super::{CliError, ExitStatus, Session};
use crate::domain::{ProcessorRun, span, text};

pub(super) async fn run(session: &mut Session<'_>, command: RunCommand) -> Result<ExitStatus, CliError> {
    let RunCommand::List { limit } = command;
    let runs = session.store.read().await?.runs(limit).await?;
    let output = &mut session.output;
    if output.json {
        output.document(&runs.iter().map(json::run).collect())?;
    } else if !runs.is_empty() {
        let columns = output.terminal.columns;
        table(&runs).write(output.answer(), columns)?;
    }
    if runs.is_empty() {
        output.note("no runs yet: a run that finds nothing due leaves no record")?;
    }
    Ok(0)
}

fn table(runs: &[ProcessorRun]) -> Table {
    let mut table = Table::default()
        .number("RUN")
        .text("STARTED")
        .text("TOOK")
        .text("TRIGGER")
        .flexible("HOST")
        .number("DUE")
        .number("CAPTURED")
        .number("SKIPPED")
        .number("FAILED")
        .number("BATCHES")
        .flexible("ERROR");
    for run in runs {
        let counts = run.counts;
        let took =
            run.finished_at.map_or_else(|| "unfinished".to_owned(), |end| span::format(end.since(run.started_at)));
        table.row([
            run.id.to_string(),
            words::instant(run.started_at),
            took,
            run.trigger.to_string(),
            words::name(&run.host),
            words::total(counts.due()),
            words::total(counts.captured),
            words::total(counts.skipped_open + counts.skipped_existing),
            words::total(counts.failed),
            words::total(counts.batches),
            run.error.as_deref().map(|error| text::shorten(error, 120)).unwrap_or_default(),
        ]);
    }
    table
}
