//! `event import`: brings events in, from a file, a stream or a live feed.

use std::io::IsTerminal;

use serde_json::json;

use super::arguments::event::{EventCommand, FormatChoice, ImportArguments};
use super::feed::UntilInterrupted;
use super::output::progress::Progress;
use super::output::words;
use super::{CliError, ExitStatus, Session};
use crate::ops::OpsError;
use crate::ops::import::{self, FollowReport, FollowRequest, Format, ImportReport, ImportRequest, Input, Phase};

/// Bad lines that are said one by one; the rest is only counted.
const SAID: usize = 10;

pub(super) async fn run(session: &mut Session<'_>, command: EventCommand) -> Result<ExitStatus, CliError> {
    let EventCommand::Import(arguments) = command;
    if arguments.reads_stdin() && session.output.terminal.progress && std::io::stdin().is_terminal() {
        session.output.note("reading events from the terminal: ctrl-d ends them")?;
    }
    match (arguments.follow, arguments.reads_stdin()) {
        (false, _) => import(session, arguments).await,
        (true, true) => follow(session, arguments).await,
        (true, false) => Err(OpsError::Input("--follow takes its feed from stdin: name no file".into()).into()),
    }
}

async fn import(session: &mut Session<'_>, arguments: ImportArguments) -> Result<ExitStatus, CliError> {
    let input =
        if arguments.reads_stdin() { Input::Stdin(Box::new(std::io::stdin())) } else { Input::File(arguments.file) };
    let request = ImportRequest {
        input,
        format: arguments.format.map(format),
        project: arguments.project,
        level: arguments.level,
        again: arguments.again,
        skip_invalid: arguments.skip_invalid,
    };
    let bar = Progress::bytes(session.output.terminal);
    let show = &mut |progress: import::Progress| {
        let stage = match progress.phase {
            Phase::Checking => "checking",
            Phase::Importing => "importing",
        };
        bar.show(stage, progress.bytes_done, progress.bytes_total);
    };
    let report = import::import(&session.store, request, show).await;
    drop(bar);
    say(session, &report?)
}

async fn follow(session: &mut Session<'_>, arguments: ImportArguments) -> Result<ExitStatus, CliError> {
    let request =
        FollowRequest { format: arguments.format.map(format), project: arguments.project, level: arguments.level };
    let interrupt = &session.settings.interrupt;
    let feed = UntilInterrupted::new(tokio::io::stdin(), interrupt.clone());
    let output = &mut session.output;
    let report = import::follow(&session.store, request, feed, &mut |line, reason| {
        // A feed goes on though nobody reads what is said about it.
        let _ = output.note(&format!("line {line}: {reason}"));
    })
    .await?;
    say_followed(session, report)?;
    if session.settings.interrupt.is_cancelled() {
        return Err(OpsError::Interrupted.into());
    }
    Ok(0)
}

fn format(choice: FormatChoice) -> Format {
    match choice {
        FormatChoice::Ndjson => Format::Ndjson,
        FormatChoice::Csv => Format::Csv,
    }
}

fn say(session: &mut Session<'_>, report: &ImportReport) -> Result<ExitStatus, CliError> {
    let output = &mut session.output;
    for invalid in report.invalid.iter().take(SAID) {
        output.note(&format!("left out {invalid}"))?;
    }
    let unsaid = report.skipped_invalid.saturating_sub(report.invalid.len().min(SAID) as u64);
    if unsaid > 0 && report.skipped_invalid > 0 {
        output.note(&format!("left out {} more", words::counted(unsaid, "line")))?;
    }
    if output.json {
        let invalid = |invalid: &import::InvalidLine| json!({ "line": invalid.line, "reason": invalid.reason });
        output.document(&json!({
            "records": report.records,
            "imported": report.imported,
            "known": report.known,
            "skipped_invalid": report.skipped_invalid,
            "already_imported": report.already_imported,
            "resumed_at": report.resumed_at,
            "invalid": report.invalid.iter().map(invalid).collect::<Vec<_>>(),
        }))?;
        return Ok(0);
    }
    if report.already_imported {
        output.line("imported already: nothing changed (--again counts it once more)")?;
        return Ok(0);
    }
    let resumed = report.resumed_at.map(|record| format!(", going on behind record {record}")).unwrap_or_default();
    let (imported, rest) = (words::counted(report.imported, "event"), besides(report.known, report.skipped_invalid));
    output.line(&format!("imported {imported}{resumed}{rest}"))?;
    Ok(0)
}

fn say_followed(session: &mut Session<'_>, report: FollowReport) -> Result<(), CliError> {
    if session.output.json {
        session.output.document(&json!({
            "records": report.records,
            "imported": report.imported,
            "known": report.known,
            "skipped_invalid": report.skipped_invalid,
        }))?;
        return Ok(());
    }
    let imported = words::counted(report.imported, "event");
    session.output.line(&format!("imported {imported}{}", besides(report.known, report.skipped_invalid)))?;
    Ok(())
}

fn besides(known: u64, skipped_invalid: u64) -> String {
    let known = (known > 0).then(|| format!("; {} known already", words::counted(known, "event")));
    let skipped = (skipped_invalid > 0).then(|| format!("; {} left out", words::counted(skipped_invalid, "bad line")));
    known.into_iter().chain(skipped).collect()
}
