//! Writes: one verb of `ops` each. Captures and runs go through the processor of this console, where there is one.

use super::{Shared, failure};
use crate::console::effect::{Opening, Timing, Write};
use crate::console::event::{Answer, Cause, FailedCapture, Failure, Written};
use crate::domain::{IncidentId, PendingSnapshot, Query, Refusal, Seen, Trigger};
use crate::ops::close::CloseRequest;
use crate::ops::edit::EditRequest;
use crate::ops::open::OpenRequest;
use crate::ops::process::{ProcessRequest, RunReport, Selection};
use crate::ops::reopen::ReopenRequest;
use crate::ops::{self, OpsError, StatusChange};
use crate::service::host_name;
use crate::store::Store;

/// So many failures of a run are named.
const FAILURES_SAID: u32 = 5;

/// Writes, and says what came of it.
pub(super) async fn write(shared: &Shared, request: u64, write: Write) -> Answer {
    let write = match write {
        Write::Save(saving) => return super::save::save(request, saving).await,
        write => write,
    };
    let Some(store) = shared.store.get() else {
        let failure = Failure { message: "the database is not open yet".to_owned(), cause: Cause::Refused };
        return Answer::WriteFailed { request, failure };
    };
    match verb(shared, store, write).await {
        Ok(written) => Answer::Written { request, written },
        Err(OpsError::Refused(refusal)) => Answer::WriteRefused { request, refusal },
        Err(OpsError::Conflict(text)) => Answer::WriteRefused { request, refusal: Box::new(Refusal::new(text, None)) },
        Err(error) => Answer::WriteFailed { request, failure: failure(&error) },
    }
}

async fn verb(shared: &Shared, store: &Store, write: Write) -> Result<Written, OpsError> {
    let by = shared.options.by.as_str();
    Ok(match write {
        Write::Close { ids, at, comment } => {
            done("closed", ops::close::close(store, by, CloseRequest { ids, at, comment }).await?)
        }
        Write::UndoClose(closes) => done("reopened", ops::close::undo(store, by, &closes).await?),
        Write::Reopen { seen, comment } => {
            let request = ReopenRequest { ids: ids(&seen), comment, seen };
            done("open", ops::reopen::reopen(store, by, request).await?)
        }
        Write::Comment { id, text } => {
            ops::comment::comment(store, by, id, &text).await?;
            Written::Commented(id)
        }
        Write::Edit { seen, title, date_started } => {
            let (id, request) = (seen.id, EditRequest { title, date_started, seen: Some(seen) });
            let incident = ops::edit::edit(store, by, id, request).await?;
            Written::Incidents { changed: vec![incident], unchanged: Vec::new(), remarks: Vec::new() }
        }
        Write::Open(opening) => Written::Opened(Box::new(open(store, by, opening).await?)),
        Write::Retry(seen) => promises(ops::pending::retry(store, by, &ids(&seen), &seen).await?),
        Write::Discard(seen) => promises(ops::pending::discard(store, by, &ids(&seen), &seen).await?),
        Write::Capture { seen, timing } => {
            let selection = Selection::Incidents { ids: ids(&seen), early: timing == Timing::Early, seen };
            process(shared, store, selection).await?
        }
        Write::Run => process(shared, store, Selection::Due).await?,
        Write::Save(_) => return Err(OpsError::Defect("a file was taken for a change of the database".to_owned())),
    })
}

fn promises(rows: Vec<PendingSnapshot>) -> Written {
    Written::Pending(rows.into_iter().map(|row| row.incident_id).collect())
}

fn ids(seen: &[Seen]) -> Vec<IncidentId> {
    seen.iter().map(|seen| seen.id).collect()
}

async fn open(store: &Store, by: &str, opening: Opening) -> Result<crate::domain::Incident, OpsError> {
    let query = opening.query.as_deref().map(Query::parse).transpose()?;
    let request = OpenRequest {
        title: opening.title,
        rule: opening.rule,
        projects: opening.projects,
        query,
        date_started: opening.date_started,
        ..OpenRequest::default()
    };
    ops::open::open(store, by, request).await
}

async fn process(shared: &Shared, store: &Store, selection: Selection) -> Result<Written, OpsError> {
    let report = if let Some(processor) = shared.processor.get() {
        processor.process(selection).await?
    } else {
        let due = ProcessRequest::due(Trigger::Forced, &host_name());
        let request =
            ProcessRequest { selection, sources: shared.sources.clone(), cancel: shared.cancel.child_token(), ..due };
        ops::process::process(store, request).await?
    };
    Ok(Written::Ran { counts: report.counts, failures: failures(store, &report).await })
}

/// What has failed in a run. That it is not known is no reason to call the run itself a failure.
pub(super) async fn failures(store: &Store, report: &RunReport) -> Vec<FailedCapture> {
    if report.counts.failed == 0 {
        return Vec::new();
    }
    let rows = async { store.read().await?.failed_since(report.started_at, FAILURES_SAID).await };
    let failed =
        |row: PendingSnapshot| FailedCapture { id: row.incident_id, error: row.last_error.unwrap_or_default() };
    rows.await.map(|rows| rows.into_iter().map(failed).collect()).unwrap_or_default()
}

/// What was changed, and who had made it so before where nothing was.
fn done(status: &str, outcomes: Vec<StatusChange>) -> Written {
    let (mut changed, mut unchanged, mut remarks) = (Vec::new(), Vec::new(), Vec::new());
    for StatusChange { incident, already } in outcomes {
        match already {
            None => changed.push(incident),
            Some(already) => {
                let by = crate::domain::text::shorten(&already.by, 40);
                let by = if by.is_empty() { String::new() } else { format!(", by {by}") };
                remarks.push(format!("#{} was already {status}{by} at {}", incident.id, already.at.whole_second()));
                unchanged.push(incident);
            }
        }
    }
    Written::Incidents { changed, unchanged, remarks }
}
