//! `status`: how things stand, and whether somebody should look.

use std::time::Duration;

use super::arguments::StatusArguments;
use super::output::page::Facts;
use super::output::table::Table;
use super::output::{json, words};
use super::{CliError, ExitStatus, Session};
use crate::domain::{Processor, ProcessorRun, Timestamp, text};
use crate::store::SCHEMA_VERSION;
use crate::store::status::Counts;

/// What is due for longer than this is overdue: at least one hourly run has passed it by.
const OVERDUE: Duration = Duration::from_hours(2);
/// A processor says every minute that it is there; one that has said nothing for so long is not counted on.
const SILENT: Duration = Duration::from_mins(5);

/// Everything that is said.
struct Overview {
    now: Timestamp,
    counts: Counts,
    overdue: u64,
    last_run: Option<ProcessorRun>,
    processors: Vec<Processor>,
}

pub(super) async fn run(session: &mut Session<'_>, arguments: &StatusArguments) -> Result<ExitStatus, CliError> {
    let overview = read(session).await?;
    let (engine, next) = (session.store.engine_name(), overview.next_run_at());
    let output = &mut session.output;
    if output.json {
        let last = overview.last_run.as_ref();
        output.document(&json::status(engine, SCHEMA_VERSION, &overview.counts, last, next, &overview.processors))?;
    } else {
        output.line(&format!("{}\n", session.store.location()))?;
        overview.facts(engine).write(output.answer())?;
        if !overview.processors.is_empty() {
            output.line("\nProcessors")?;
            let columns = output.terminal.columns;
            overview.table().write(output.answer(), columns)?;
        }
    }
    let complaints = overview.complaints();
    if arguments.check {
        for complaint in &complaints {
            output.note(complaint)?;
        }
        return Ok(u8::from(!complaints.is_empty()));
    }
    Ok(0)
}

async fn read(session: &Session<'_>) -> Result<Overview, CliError> {
    let now = session.now().await?;
    let mut tx = session.store.read().await?;
    Ok(Overview {
        now,
        counts: tx.counts(now).await?,
        overdue: tx.counts(now - OVERDUE).await?.due,
        last_run: tx.runs(1).await?.pop(),
        processors: tx.processors().await?,
    })
}

impl Overview {
    /// The earliest run that a processor means to do which has been heard of lately.
    fn next_run_at(&self) -> Option<Timestamp> {
        let lively = self.processors.iter().filter(|processor| processor.last_seen + SILENT >= self.now);
        lively.filter_map(|processor| processor.next_run_at).min()
    }

    fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        if self.counts.dead > 0 {
            let dead = words::counted(self.counts.dead, "pending snapshot");
            let are = if self.counts.dead == 1 { "is" } else { "are" };
            complaints.push(format!(
                "{dead} {are} dead: 'afterimage pending list' says why, 'pending retry' revives, 'pending discard' gives up"
            ));
        }
        if self.overdue > 0 {
            let overdue = words::counted(self.overdue, "pending snapshot");
            let have = if self.overdue == 1 { "has" } else { "have" };
            complaints.push(format!(
                "{overdue} {have} been due for more than two hours: does a processor run ('afterimage --daemon')?"
            ));
        }
        complaints
    }

    fn facts(&self, engine: &str) -> Facts {
        let counts = &self.counts;
        let mut facts = Facts::default();
        facts.add("engine", &format!("{engine}, schema version {SCHEMA_VERSION}"));
        let (open, closed) = (words::total(counts.incidents_open), words::total(counts.incidents_closed));
        facts.add("incidents", &format!("{open} open, {closed} closed"));
        facts.add(
            "pending",
            &format!(
                "{}: {} due, {} failing, {} dead",
                words::total(counts.pending),
                words::total(counts.due),
                words::total(counts.failing),
                words::total(counts.dead)
            ),
        );
        facts.add("snapshots", &words::total(counts.snapshots));
        facts.add("last run", &self.last_run.as_ref().map_or_else(|| "none yet".to_owned(), |run| self.last(run)));
        facts.add(
            "next run",
            &match self.next_run_at() {
                Some(next) => format!("{} ({})", words::instant(next), words::distance(next, self.now)),
                None => "no processor is known: 'afterimage', 'afterimage --daemon' or 'afterimage process'".to_owned(),
            },
        );
        facts
    }

    fn last(&self, run: &ProcessorRun) -> String {
        let started = format!("{} ({})", words::instant(run.started_at), words::distance(run.started_at, self.now));
        let how = match (&run.error, run.finished_at) {
            (Some(error), _) => format!("failed: {}", text::shorten(error, 120)),
            (None, None) => "unfinished".to_owned(),
            (None, Some(_)) => {
                format!("{} captured, {} failed", words::total(run.counts.captured), words::total(run.counts.failed))
            }
        };
        format!("{started}: {how}")
    }

    fn table(&self) -> Table {
        let mut table =
            Table::default().flexible("HOST").number("PID").text("KIND").text("VERSION").text("NEXT RUN").text("SEEN");
        for processor in &self.processors {
            table.row([
                words::name(&processor.host),
                processor.pid.to_string(),
                processor.kind.to_string(),
                words::name(&processor.version),
                processor.next_run_at.map_or_else(|| "-".to_owned(), words::instant),
                words::distance(processor.last_seen, self.now),
            ]);
        }
        table
    }
}
