//! `db copy`: everything from one database to another.

use serde_json::{Map, Value, json};

use super::arguments::CopyArguments;
use super::output::progress::Progress;
use super::output::{Output, words};
use super::{CliError, ExitStatus, Settings};
use crate::ops::copy::{self, Beginning, CopyReport, CopyStage};
use crate::store::{Location, Store, Upgrade};

pub(super) async fn run(
    arguments: CopyArguments,
    settings: &Settings,
    mut output: Output<'_>,
) -> Result<ExitStatus, CliError> {
    let target = Location::parse(&arguments.to)?.creating();
    let source = settings.database.clone().read_only();
    let source = Store::open(source, settings.clock.clone(), Upgrade::Never).await?;
    let target = Store::open_target(target, settings.clock.clone()).await?;
    let bar = Progress::things(output.terminal);
    let mut progress = |stage, done, total| bar.show(stage_name(stage), done, Some(total));
    let report = copy::copy(&source, &target, &mut progress).await;
    drop(bar);
    let report = report?;
    if output.json {
        output.document(&document(&source, &target, &report))?;
    } else {
        say(&source, &target, &report, &mut output)?;
    }
    source.close().await;
    target.close().await;
    Ok(0)
}

fn stage_name(stage: CopyStage) -> &'static str {
    match stage {
        CopyStage::Copying => "copying",
        CopyStage::Comparing => "comparing",
    }
}

fn document(source: &Store, target: &Store, report: &CopyReport) -> Value {
    let tables: Map<String, Value> =
        report.tables.iter().map(|(table, rows)| ((*table).to_owned(), json!(rows))).collect();
    json!({
        "source": source.location().to_string(),
        "target": target.location().to_string(),
        "resumed": report.beginning == Beginning::Resumed,
        "rows": report.rows(),
        "tables": tables,
    })
}

fn say(source: &Store, target: &Store, report: &CopyReport, output: &mut Output<'_>) -> Result<(), CliError> {
    match report.beginning {
        Beginning::New => {}
        Beginning::Resumed => output.note("an earlier copy had not come to its end: it was continued")?,
        Beginning::Anew => output.note("the source has changed since an earlier copy: it was begun anew")?,
    }
    let rows = |table: &str| report.tables.iter().find(|(name, _)| *name == table).map_or(0, |(_, rows)| *rows);
    output.line(&format!(
        "copied {} to {}: {}, {} and {} in all, every one compared",
        source.location(),
        target.location(),
        words::counted(rows("incidents"), "incident"),
        words::counted(rows("events"), "event"),
        words::counted(report.rows(), "row"),
    ))?;
    output.note("from now on work on the new database alone: name it in the configuration, then start the daemons")?;
    Ok(())
}
