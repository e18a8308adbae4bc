//! `process ...`: an operator forces a run (rule 19).

use super::arguments::ProcessArguments;
use super::output::{json, words};
use super::{CliError, ExitStatus, Session};
use crate::domain::{Trigger, span};
use crate::ops::OpsError;
use crate::ops::process::{self, ProcessRequest, RunReport, Selection};

pub(super) async fn run(session: &mut Session<'_>, arguments: ProcessArguments) -> Result<ExitStatus, CliError> {
    let settings = session.settings;
    let selection = if arguments.ids.is_empty() {
        Selection::Due
    } else {
        Selection::Incidents { ids: arguments.ids, early: arguments.force, seen: Vec::new() }
    };
    let request = ProcessRequest {
        selection,
        sources: settings.sources.clone(),
        cancel: settings.interrupt.clone(),
        ..ProcessRequest::due(Trigger::Forced, &settings.host)
    };
    let report = process::process(&session.store, request).await?;
    if session.output.json {
        session.output.document(&json::report(&report))?;
    } else {
        session.output.line(&said(&report))?;
    }
    if report.counts.failed > 0 {
        session.output.note("'afterimage pending list' says why snapshots failed and when they are tried again")?;
    }
    if report.cancelled {
        return Err(OpsError::Interrupted.into());
    }
    Ok(u8::from(report.counts.failed > 0))
}

fn said(report: &RunReport) -> String {
    let counts = report.counts;
    if counts.due() == 0 {
        return "nothing was due".to_owned();
    }
    let mut parts = vec![format!("captured {} of {} due", words::total(counts.captured), words::total(counts.due()))];
    let others = [
        (counts.failed, "failed"),
        (counts.skipped_open, "no longer closed"),
        (counts.skipped_existing, "captured already"),
    ];
    parts.extend(
        others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{} {what}", words::total(*count))),
    );
    let took = match report.duration.as_millis() {
        milliseconds @ 0..10_000 => format!("{milliseconds} ms"),
        _ => span::format(report.duration),
    };
    let batches =
        if counts.batches == 1 { "1 batch".to_owned() } else { format!("{} batches", words::total(counts.batches)) };
    format!("{} ({}, {took})", parts.join(", "), batches)
}
