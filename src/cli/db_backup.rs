//! `db backup`: a database file as it is at one instant, while others work on it.

use serde_json::json;

use super::arguments::BackupArguments;
use super::output::progress::Progress;
use super::output::{Output, words};
use super::{CliError, ExitStatus, Settings};
use crate::domain::text;
use crate::ops::backup::{self, Existing};
use crate::store::Store;

pub(super) async fn run(
    arguments: BackupArguments,
    settings: &Settings,
    mut output: Output<'_>,
) -> Result<ExitStatus, CliError> {
    // Whatever its schema: a backup is what one makes before an upgrade.
    let store = Store::connect(settings.database.clone().read_only(), settings.clock.clone()).await?;
    let existing = if arguments.force { Existing::Replaced } else { Existing::Kept };
    let bar = Progress::bytes(output.terminal);
    let mut progress = |done, total| bar.show("backing up", done, Some(total));
    let report = backup::backup(&store, &arguments.file, existing, &mut progress).await;
    drop(bar);
    let report = report?;
    let file = text::printable(&arguments.file.display().to_string());
    if output.json {
        output.document(&json!({
            "database": store.location().to_string(),
            "file": file,
            "size_bytes": report.bytes,
            "schema_version": report.schema_version,
            "incidents": report.incidents,
        }))?;
    } else {
        output.line(&format!(
            "backed up {} to {file}: {}, {}, checked",
            store.location(),
            words::counted(report.incidents, "incident"),
            words::bytes(report.bytes),
        ))?;
    }
    store.close().await;
    Ok(0)
}
