//! Incidents as people read them: the list, and the page about one.

use std::io::{self, Write};

use super::incident_origin::Connection;
use super::output::page::Facts;
use super::output::table::Table;
use super::output::words;
use crate::domain::{
    Activity, ActivityKind, Incident, PendingSnapshot, PendingState, Status, SupersededSnapshot, Timestamp, schedule,
    span, text,
};

/// Incidents, a row each.
pub(super) fn table(incidents: &[Incident], now: Timestamp) -> Table {
    let mut table = Table::default()
        .number("ID")
        .text("STATUS")
        .flexible("TITLE")
        .flexible("PROJECTS")
        .text("STARTED")
        .text("LASTS")
        .text("SNAPSHOT");
    for incident in incidents {
        let lasts = incident.date_closed.unwrap_or(now).since(incident.date_started);
        table.row([
            incident.id.to_string(),
            incident.status.to_string(),
            text::shorten(&incident.title, 60),
            text::shorten(&words::projects(&incident.projects), 40),
            words::instant(incident.date_started),
            span::format(lasts),
            words::snapshot_state(incident, now),
        ]);
    }
    table
}

/// What a page about an incident is made of.
#[derive(Clone, Copy)]
pub(super) struct Page<'a> {
    pub incident: &'a Incident,
    pub activities: &'a [Activity],
    pub superseded: &'a [SupersededSnapshot],
}

/// Everything about one incident.
pub(super) fn write(
    out: &mut dyn Write,
    Page { incident, activities, superseded }: Page<'_>,
    connection: Connection<'_>,
    now: Timestamp,
) -> io::Result<()> {
    writeln!(out, "#{} {}\n", incident.id, text::printable(&incident.title))?;
    facts(incident, now).write(out)?;
    writeln!(out, "\nSnapshot")?;
    snapshot(incident, now).write(out)?;
    if incident.snapshot.as_ref().is_some_and(|facts| !facts.measure.is_metric()) {
        writeln!(
            out,
            "  The totals are counted from one window before the start to one window after the close: they do"
        )?;
        writeln!(out, "  not sum to the windowed series ('afterimage snapshot show {}').", incident.id)?;
    }
    connection.write(out, incident, now)?;
    writeln!(out, "\nTimeline")?;
    timeline(activities).write(out, None)?;
    if !superseded.is_empty() {
        writeln!(out, "\nSuperseded snapshots")?;
        for old in superseded {
            let (totals, state) = (words::totals(&old.facts), words::completeness(&old.facts));
            let (as_of, at) = (old.facts.as_of, words::instant(old.superseded_at));
            writeln!(out, "  as of {as_of}: {totals}; {state}; superseded {at}")?;
        }
    }
    Ok(())
}

fn facts(incident: &Incident, now: Timestamp) -> Facts {
    let mut facts = Facts::default();
    let lasted = span::format(incident.date_closed.unwrap_or(now).since(incident.date_started));
    let status = match incident.status {
        Status::Open => format!("open for {lasted}"),
        Status::Closed => format!("closed, lasted {lasted}"),
    };
    facts.add("status", &status);
    facts.add("type", incident.incident_type.name());
    facts.add("rule", incident.rule.as_deref().unwrap_or("none"));
    facts.add("time window", &incident.time_window.to_string());
    facts.add("counts", words::aggregation(incident.aggregation));
    match &incident.expression {
        Some(expression) => {
            facts.add("query", &expression.text);
            facts.add("source", &words::source(&expression.source, expression.measure));
        }
        None => facts.add("query", if incident.query.is_empty() { "every event" } else { &incident.query }),
    }
    facts.add("projects", &words::projects(&incident.projects));
    facts.add("started", &words::instant_and_distance(incident.date_started, now));
    facts.add("detected", &words::instant_and_distance(incident.date_detected, now));
    if let Some(closed) = incident.date_closed {
        facts.add("closed", &words::instant_and_distance(closed, now));
    }
    facts.add("recorded", &words::instant_and_distance(incident.date_added, now));
    facts
}

fn snapshot(incident: &Incident, now: Timestamp) -> Facts {
    let mut facts = Facts::default();
    if let Some(snapshot) = &incident.snapshot {
        facts.add("captured", &words::instant_and_distance(snapshot.date_added, now));
        facts.add("as of", &snapshot.as_of.to_string());
        facts.add("state", words::completeness(snapshot));
        facts.add("totals", &words::totals(snapshot));
    }
    if let Some(row) = &incident.pending {
        facts.add("pending", &pending(row, now));
        facts.add("target", &words::instant_and_distance(row.target_run_date, now));
        if let Some(error) = &row.last_error {
            facts.add("last error", error);
        }
    }
    if incident.snapshot.is_none() && incident.pending.is_none() {
        facts.add(
            "none",
            match incident.status {
                Status::Open => "there will be one some time after it is closed",
                Status::Closed => "the pending one was discarded: 'afterimage process ID' captures one all the same",
            },
        );
    }
    facts
}

/// How a pending snapshot stands, in a sentence.
fn pending(row: &PendingSnapshot, now: Timestamp) -> String {
    let next = words::distance(row.target_run_date.max(row.next_attempt_at), now);
    match row.state(now) {
        PendingState::Waiting => format!("captured {next}"),
        PendingState::Due => "due: the next run captures it".to_owned(),
        PendingState::Retrying => {
            format!("failed {} of {} times, tried again {next}", row.attempts, schedule::MAX_ATTEMPTS)
        }
        PendingState::Dead => {
            let since = row.dead_since.map(|since| format!(" since {since}")).unwrap_or_default();
            format!("dead{since}: 'afterimage pending retry {}' revives it", row.incident_id)
        }
    }
}

fn timeline(activities: &[Activity]) -> Table {
    let mut table = Table::default().text("  AT").text("BY").text("WHAT");
    for activity in activities {
        let what = match (activity.kind, activity.to) {
            (ActivityKind::Detected, _) => "opened",
            (ActivityKind::StatusChange, Some(Status::Closed)) => "closed",
            (ActivityKind::StatusChange, _) => "reopened",
            (ActivityKind::Comment, _) => "said",
            (ActivityKind::Edit, _) => "corrected",
        };
        let comment = activity.comment.as_ref().map(|comment| format!(": {comment}")).unwrap_or_default();
        table.row([
            format!("  {}", words::instant(activity.at)),
            words::name(&activity.by),
            format!("{what}{comment}"),
        ]);
    }
    table
}
