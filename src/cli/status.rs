//! `status`: how things stand, whether somebody should look, and what to do.

use std::time::Duration;

use super::arguments::StatusArguments;
use super::attention::{Attention, Findings, MANY_ATTEMPTS, NAMED, OVERDUE, STILL};
use super::output::page::Facts;
use super::output::table::Table;
use super::output::{Output, json, words};
use super::{CliError, ExitStatus, Session};
use crate::domain::{ProcessorRun, SourceHealth, Timestamp, text};
use crate::store::SCHEMA_VERSION;

/// For so long the sources of the configuration are asked.
const LONGEST_PROBE: Duration = Duration::from_secs(5);

/// Everything that is said.
struct Overview {
    findings: Findings,
    last_run: Option<ProcessorRun>,
}

pub(super) async fn run(session: &mut Session<'_>, arguments: &StatusArguments) -> Result<ExitStatus, CliError> {
    let overview = read(session).await?;
    let attention = overview.findings.attention();
    let (engine, location) = (session.store.engine_name(), session.store.location().to_string());
    let output = &mut session.output;
    if output.json {
        let (counts, last) = (&overview.findings.counts, overview.last_run.as_ref());
        let processors = &overview.findings.processors;
        let mut document = json::status(engine, SCHEMA_VERSION, counts, last, overview.next_run_at(), processors);
        document["attention"] = attention.iter().map(Attention::document).collect();
        output.document(&document)?;
    } else {
        headline(output, &attention)?;
        output.line(&format!("\n{location}\n"))?;
        overview.facts(engine).write(output.answer())?;
        if !overview.findings.processors.is_empty() {
            output.line("\nProcessors")?;
            let columns = output.terminal.columns;
            overview.table().write(output.answer(), columns)?;
        }
    }
    if arguments.check {
        for one in &attention {
            output.note(&one.said())?;
        }
        return Ok(u8::from(!attention.is_empty()));
    }
    Ok(0)
}

/// The answer to the question that is asked at night.
fn headline(output: &mut Output<'_>, attention: &[Attention]) -> Result<(), CliError> {
    match attention.len() {
        0 => output.line("all is well")?,
        1 => output.line("1 thing needs attention:")?,
        several => output.line(&format!("{several} things need attention:"))?,
    }
    for one in attention {
        output.line(&format!("  - {}", text::printable(&one.said())))?;
    }
    Ok(())
}

async fn read(session: &Session<'_>) -> Result<Overview, CliError> {
    let now = session.now().await?;
    let sources = probe(session, now).await;
    let mut tx = session.store.read().await?;
    let findings = Findings {
        now,
        counts: tx.counts(now).await?,
        backlog: tx.backlog(now).await?,
        overdue: tx.counts(now - OVERDUE).await?.due,
        struggling: tx.struggling(MANY_ATTEMPTS, now - OVERDUE, NAMED).await?,
        still: tx.still_runs(now - STILL, NAMED).await?,
        slow_targets: tx.slow_targets(now - OVERDUE, NAMED).await?,
        processors: tx.processors().await?,
        sources,
    };
    Ok(Overview { findings, last_run: tx.runs(1).await?.pop() })
}

/// Asks the sources of the configuration. One that is silent is down, however long it would still take.
async fn probe(session: &Session<'_>, now: Timestamp) -> Vec<SourceHealth> {
    let sources = &session.settings.sources;
    if let Ok(health) = tokio::time::timeout(LONGEST_PROBE, sources.probe(now)).await {
        return health;
    }
    let silent = || format!("no answer within {} s", LONGEST_PROBE.as_secs());
    let late = |health: SourceHealth| match health.answered_at {
        Some(_) => health,
        None => SourceHealth { error: health.error.or_else(|| Some(silent())), ..health },
    };
    sources.health().into_iter().map(late).collect()
}

impl Overview {
    /// The earliest run that a processor means to do which has been heard of lately.
    fn next_run_at(&self) -> Option<Timestamp> {
        self.findings.lively().filter_map(|processor| processor.next_run_at).min()
    }

    fn facts(&self, engine: &str) -> Facts {
        let Findings { counts, backlog, now, .. } = &self.findings;
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
        if let Some(since) = backlog.due_since {
            facts.add("oldest due", &format!("since {} ({})", words::instant(since), words::distance(since, *now)));
        }
        facts.add("snapshots", &words::total(counts.snapshots));
        if backlog.messages > 0 {
            facts.add("messages", &format!("{} not delivered yet", words::total(backlog.messages)));
        }
        facts.add("last run", &self.last_run.as_ref().map_or_else(|| "none yet".to_owned(), |run| self.last(run)));
        facts.add(
            "next run",
            &match self.next_run_at() {
                Some(next) => format!("{} ({})", words::instant(next), words::distance(next, *now)),
                None => "no processor is known: 'afterimage', 'afterimage --daemon' or 'afterimage process'".to_owned(),
            },
        );
        facts
    }

    fn last(&self, run: &ProcessorRun) -> String {
        let started =
            format!("{} ({})", words::instant(run.started_at), words::distance(run.started_at, self.findings.now));
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
        for processor in &self.findings.processors {
            table.row([
                words::name(&processor.host),
                processor.pid.to_string(),
                processor.kind.to_string(),
                words::name(&processor.version),
                processor.next_run_at.map_or_else(|| "-".to_owned(), words::instant),
                words::distance(processor.last_seen, self.findings.now),
            ]);
        }
        table
    }
}
