//! `db prune`: deletes events that are too old to be kept.

use serde_json::{Value, json};

use super::arguments::PruneArguments;
use super::output::progress::Progress;
use super::output::{Output, words};
use super::{CliError, ExitStatus, Settings};
use crate::domain::Timestamp;
use crate::ops::prune::{self, Hold};
use crate::store::Store;

pub(super) async fn run(
    arguments: PruneArguments,
    settings: &Settings,
    mut output: Output<'_>,
) -> Result<ExitStatus, CliError> {
    let upgrade = Store::upgrade_at_start(&settings.database);
    let store = Store::open(settings.database.clone(), settings.clock.clone(), upgrade).await?;
    let asked = arguments.events_before.at(store.now().await?)?;
    if arguments.dry_run {
        let plan = prune::plan(&store, asked).await?;
        if output.json {
            let mut document = document(plan.before, plan.hold, plan.events);
            document["dry_run"] = true.into();
            output.document(&document)?;
        } else {
            let events = words::counted(plan.events, "event");
            output.line(&format!("{events} before {} would be deleted", words::instant(plan.before)))?;
        }
        say_hold(&mut output, plan.hold, asked)?;
        store.close().await;
        return Ok(0);
    }
    let total = prune::plan(&store, asked).await?.events;
    let bar = Progress::things(output.terminal);
    let mut progress = |done| bar.show("pruning", done, Some(total.max(done)));
    let pruned = prune::prune(&store, asked, &settings.interrupt, &mut progress).await;
    drop(bar);
    let report = pruned?;
    if output.json {
        let mut document = document(report.before, report.hold, report.events);
        document["dry_run"] = false.into();
        document["bytes_given_back"] = report.bytes_given_back.into();
        document["bytes_free"] = report.bytes_free.into();
        output.document(&document)?;
    } else {
        let events = words::counted(report.events, "event");
        output.line(&format!("deleted {events} before {}; every snapshot stays", words::instant(report.before)))?;
        output.line(&space(&store, report.bytes_given_back, report.bytes_free))?;
    }
    say_hold(&mut output, report.hold, asked)?;
    store.close().await;
    Ok(0)
}

fn document(before: Timestamp, hold: Option<Hold>, events: u64) -> Value {
    let held = hold.map(|hold| {
        let status = if hold.is_open { "open" } else { "pending" };
        json!({
            "incident_id": hold.incident_id.value(),
            "status": status,
            "needed_from": hold.needed_from.to_string(),
        })
    });
    json!({ "events_before": before.to_string(), "events": events, "held_back_by": held })
}

fn space(store: &Store, given_back: u64, free: u64) -> String {
    if store.locks_rows() {
        return "the server's autovacuum makes their space free for what comes".to_owned();
    }
    let given_back = words::bytes(given_back);
    match free {
        0 => format!("the file is {given_back} smaller"),
        free => format!(
            "the file is {given_back} smaller, and {} in it are free for what comes: a file that an older program has \
             made becomes no smaller",
            words::bytes(free)
        ),
    }
}

fn say_hold(output: &mut Output<'_>, hold: Option<Hold>, asked: Timestamp) -> Result<(), CliError> {
    let Some(hold) = hold else { return Ok(()) };
    let why = if hold.is_open { "is open" } else { "has a pending snapshot" };
    output.note(&format!(
        "held back from {}: incident {} {why}, and its snapshot needs events from {} on",
        words::instant(asked),
        hold.incident_id,
        words::instant(hold.needed_from)
    ))?;
    Ok(())
}
