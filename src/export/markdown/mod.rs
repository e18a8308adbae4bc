//! The page for a post-mortem: what is known of the incident, its timeline and its chart. The judgement is left blank:
//! that is for people.

mod chart;
mod escape;

use super::account::Phase;
use super::{Origin, Subject, words};
use crate::domain::{Activity, ActivityKind, Aggregation, Incident, Measure, Status, Timestamp, span};
use escape::{code, inline, lines};

const JUDGEMENT: &str = "\
## Impact


## Root cause


## What went well


## What went wrong


## Action items

- [ ] 
";

/// Writes the page.
#[must_use]
pub fn write(subject: &Subject<'_>) -> String {
    let incident = subject.incident;
    // A number after `#` would become a link to whatever has that number where the page is put.
    let heading = format!("# Incident {}: {}", incident.id, inline(&incident.title));
    let is_whole = subject.origin == Origin::Kept && !subject.snapshot.facts.partial;
    let lacking = subject.standing().into_iter().next().filter(|_| !is_whole).map(|lacking| format!("> {lacking}\n"));
    let parts = [
        vec![format!("{heading}\n")],
        lacking.into_iter().collect(),
        vec![
            facts(subject),
            format!("## Timeline\n\nAll times are UTC.\n\n{}", timeline(subject)),
            format!("## Chart\n\n{}", chart(subject)),
            JUDGEMENT.to_owned(),
        ],
    ];
    parts.concat().join("\n")
}

fn facts(subject: &Subject<'_>) -> String {
    let incident = subject.incident;
    let later = incident.date_detected.since(incident.date_started);
    let detected = if later.is_zero() { "at the start".to_owned() } else { format!("{} later", span::format(later)) };
    let mut table = Table::new(["Incident", &incident.id.to_string()]);
    table.row(["Status", &subject.course_in_words()]);
    table.row(["Type", incident.incident_type.name()]);
    table.row(["Rule", &incident.rule.as_deref().map_or_else(|| "none".to_owned(), inline)]);
    table.row(["Time window", &incident.time_window.to_string()]);
    table.row(["Query", &query(incident)]);
    if subject.measure() != Measure::Events {
        table.row(["Source", &inline(&subject.source_in_words())]);
    }
    table.row(["Projects", &projects(incident)]);
    table.row(["Started", &words::instant(incident.date_started)]);
    table.row(["Detected", &format!("{}, {detected}", words::instant(incident.date_detected))]);
    if let Some(closed) = incident.date_closed {
        table.row(["Closed", &format!("{}{}", words::instant(closed), closed_by(subject))]);
        table.row(["Duration", &span::format(closed.since(incident.date_started))]);
    }
    let range = subject.totals_range_in_words();
    let (events, users) = subject.totals_in_words();
    if subject.measure().is_metric() {
        table.row(["Total events", &events]);
        table.row(["Unique users", &users]);
    } else {
        table.row(["Total events", &format!("{events}, {range}; not the sum of the chart")]);
        table.row(["Unique users", &format!("{users}, {range}")]);
    }
    table.row([subject.peak_name(), &subject.peak_in_words()]);
    for (name, phase) in [("Before", Phase::Before), ("During", Phase::During), ("After", Phase::After)] {
        if let Some(average) = subject.average_in_words(phase) {
            table.row([name, &average]);
        }
    }
    table.row(["Snapshot", &subject.standing().join("<br>")]);
    table.finish()
}

fn query(incident: &Incident) -> String {
    if let Some(expression) = &incident.expression {
        return code(&expression.text);
    }
    let query = if incident.query.is_empty() { "every event".to_owned() } else { code(&incident.query) };
    match incident.aggregation {
        Aggregation::Total => query,
        Aggregation::UniqueUsers => format!("{query}, counting unique users"),
    }
}

fn projects(incident: &Incident) -> String {
    if incident.projects.is_empty() { "all".to_owned() } else { inline(&incident.projects.join(", ")) }
}

/// Who closed it last.
fn closed_by(subject: &Subject<'_>) -> String {
    let closing = subject.activities.iter().rfind(|activity| activity.to == Some(Status::Closed));
    closing
        .map(|activity| inline(&activity.by))
        .filter(|by| !by.is_empty())
        .map_or_else(String::new, |by| format!(", by {by}"))
}

/// Who did what, when; and the start and the end themselves, which nobody did.
fn timeline(subject: &Subject<'_>) -> String {
    let incident = subject.incident;
    let mut entries: Vec<(Timestamp, String, String)> =
        vec![(incident.date_started, String::new(), "the incident starts".to_owned())];
    entries.extend(subject.activities.iter().map(entry));
    if let Some(closed) = incident.date_closed {
        entries.push((closed, String::new(), "the incident ends".to_owned()));
    }
    if subject.origin == Origin::Kept {
        let facts = &subject.snapshot.facts;
        let what = if facts.partial { "a partial snapshot is captured" } else { "the snapshot is captured" };
        entries.push((facts.date_added, String::new(), what.to_owned()));
    }
    // Stable, so that what was recorded at one instant stays in its order.
    entries.sort_by_key(|(at, ..)| *at);
    let mut table = Table::new(["Time", "Who", "What"]);
    for (at, who, what) in entries {
        table.row([&words::second(at), &who, &what]);
    }
    table.finish()
}

fn entry(activity: &Activity) -> (Timestamp, String, String) {
    let what = match (activity.kind, activity.to) {
        (ActivityKind::Detected, _) => "opened the incident",
        (ActivityKind::StatusChange, Some(Status::Closed)) => "closed it",
        (ActivityKind::StatusChange, _) => "reopened it",
        (ActivityKind::Comment, _) => "said",
        (ActivityKind::Edit, _) => "corrected",
    };
    let comment = activity.comment.as_deref().map(lines).filter(|comment| !comment.is_empty());
    let comment = comment.map(|comment| format!(": {comment}")).unwrap_or_default();
    (activity.at, inline(&activity.by), format!("{what}{comment}"))
}

fn chart(subject: &Subject<'_>) -> String {
    let series = subject.shown();
    let (shown, range) = (subject.shown_in_words(), words::range(series.range.start, series.range.end));
    let drawn = chart::draw(subject);
    let drawn = if drawn.is_empty() { "nothing lies in its range yet".to_owned() } else { drawn };
    format!("The {} series: {shown}, {range}.\n\n```text\n{drawn}\n```\n", subject.series)
}

/// A table whose cells are Markdown already.
struct Table(Vec<String>);

impl Table {
    fn new<const COLUMNS: usize>(head: [&str; COLUMNS]) -> Self {
        let mut table = Self(Vec::new());
        table.row(head);
        table.row(["---"; COLUMNS]);
        table
    }

    fn row<const COLUMNS: usize>(&mut self, cells: [&str; COLUMNS]) {
        self.0.push(format!("| {} |\n", cells.join(" | ")));
    }

    fn finish(self) -> String {
        self.0.concat()
    }
}
