//! The JSON documents, with the keys that scripts rely on, in their order: one writer for what is printed, what is saved,
//! and what is answered over HTTP.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Value, json};

use crate::domain::expression::EVENTS_SOURCE;
use crate::domain::series::{Count, Point};
use crate::domain::{
    Activity, AlertRule, Incident, Measure, PendingSnapshot, Processor, ProcessorRun, Series, Snapshot, SnapshotFacts,
    Status, SupersededSnapshot, Timestamp, text,
};

/// Writes one document on one line.
///
/// # Errors
/// Where the writer fails.
pub fn write(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Harmless))?;
    writeln!(out)
}

/// The same as a text.
///
/// # Panics
/// Never: memory takes everything that is written to it.
#[must_use]
pub fn text(value: &Value) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes, value).expect("memory takes everything that is written to it");
    String::from_utf8(bytes).expect("a serializer of JSON writes UTF-8")
}

/// Compact, with every character escaped that can control a terminal. JSON itself only asks for those below U+0020.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut written = 0;
        for (index, character) in fragment.char_indices() {
            let printable = !character.is_control() && !text::printable(character.encode_utf8(&mut [0; 4])).is_empty();
            if printable {
                continue;
            }
            writer.write_all(&fragment.as_bytes()[written..index])?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            written = index + character.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[written..])
    }
}

/// An instant.
fn time(at: Timestamp) -> Value {
    Value::String(at.to_string())
}

/// An instant, where there is one.
#[must_use]
pub fn optional_time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, time)
}

/// An incident as lists have it.
#[must_use]
pub fn incident(incident: &Incident) -> Value {
    json!({
        "id": incident.id.value(),
        "title": incident.title,
        "type": incident.incident_type.name(),
        "status": incident.status.name(),
        "aggregation": incident.aggregation.name(),
        "query": incident.query,
        "projects": incident.projects,
        "source": incident.expression.as_ref().map_or(EVENTS_SOURCE, |expression| &expression.source),
        "expression": incident.expression.as_ref().map(|expression| &expression.text),
        "measure": incident.expression.as_ref().map_or(Measure::Events, |expression| expression.measure).name(),
        "rule": incident.rule,
        "time_window_minutes": incident.time_window.minutes(),
        "date_started": time(incident.date_started),
        "date_detected": time(incident.date_detected),
        "date_closed": optional_time(incident.date_closed),
        "date_added": time(incident.date_added),
        "pending": incident.pending.as_ref().map(pending),
        "snapshot": incident.snapshot.as_ref().map(facts),
    })
}

/// An incident with its timeline and its superseded snapshots.
#[must_use]
pub fn whole_incident(shown: &Incident, activities: &[Activity], superseded: &[SupersededSnapshot]) -> Value {
    let mut document = incident(shown);
    document["activities"] = activities.iter().map(activity).collect();
    document["superseded"] = superseded.iter().map(superseded_facts).collect();
    document
}

/// A pending snapshot.
#[must_use]
pub fn pending(row: &PendingSnapshot) -> Value {
    json!({
        "incident_id": row.incident_id.value(),
        "target_run_date": time(row.target_run_date),
        "next_attempt_at": time(row.next_attempt_at),
        "attempts": row.attempts,
        "last_error": row.last_error,
        "dead_since": optional_time(row.dead_since),
    })
}

fn superseded_facts(superseded: &SupersededSnapshot) -> Value {
    let mut document = facts(&superseded.facts);
    document["superseded_at"] = time(superseded.superseded_at);
    document
}

/// An entry of a timeline.
#[must_use]
pub fn activity(activity: &Activity) -> Value {
    json!({
        "kind": activity.kind.name(),
        "at": time(activity.at),
        "by": activity.by,
        "from": activity.from.map(Status::name),
        "to": activity.to.map(Status::name),
        "comment": activity.comment,
    })
}

/// An alert rule.
#[must_use]
pub fn rule(rule: &AlertRule) -> Value {
    json!({
        "name": rule.name,
        "time_window_minutes": rule.scope.time_window.minutes(),
        "query": rule.scope.query.text(),
        "aggregation": rule.scope.aggregation.name(),
        "projects": rule.scope.projects,
        "source": rule.scope.expression.as_ref().map_or(EVENTS_SOURCE, |expression| &expression.source),
        "expression": rule.scope.expression.as_ref().map(|expression| &expression.text),
        "date_added": time(rule.date_added),
        "date_updated": time(rule.date_updated),
    })
}

/// A rule that was changed or deleted, and how many open incidents keep what they copied from it.
#[must_use]
pub fn changed_rule(changed: &AlertRule, open_incidents: u64) -> Value {
    let mut document = rule(changed);
    document["open_incidents"] = json!(open_incidents);
    document
}

/// The record of a run.
#[must_use]
pub fn run(run: &ProcessorRun) -> Value {
    json!({
        "id": run.id,
        "trigger": run.trigger.name(),
        "host": run.host,
        "started_at": time(run.started_at),
        "finished_at": optional_time(run.finished_at),
        "due": run.counts.due(),
        "captured": run.counts.captured,
        "skipped_open": run.counts.skipped_open,
        "skipped_existing": run.counts.skipped_existing,
        "failed": run.counts.failed,
        "batches": run.counts.batches,
        "error": run.error,
    })
}

/// A process that runs the processor.
#[must_use]
pub fn processor(processor: &Processor) -> Value {
    json!({
        "host": processor.host,
        "pid": processor.pid,
        "kind": processor.kind.name(),
        "version": processor.version,
        "next_run_at": optional_time(processor.next_run_at),
        "last_seen": time(processor.last_seen),
    })
}

/// A snapshot without its series.
#[must_use]
pub fn facts(facts: &SnapshotFacts) -> Value {
    json!({
        "incident_id": facts.incident_id.value(),
        "as_of": facts.as_of.to_string(),
        "date_added": facts.date_added.to_string(),
        "partial": facts.partial,
        "clipped": facts.clipped,
        "source": facts.source,
        "measure": facts.measure.name(),
        "estimated": facts.measure.is_estimated(),
        "total_events": facts.total_events,
        "unique_users": facts.unique_users,
    })
}

/// A snapshot with its series.
#[must_use]
pub fn snapshot(snapshot: &Snapshot) -> Value {
    let mut document = facts(&snapshot.facts);
    document["windowed"] = series(&snapshot.windowed);
    document["lifetime"] = series(&snapshot.lifetime);
    document
}

fn series(series: &Series) -> Value {
    let value = |point: Point| json!([point.bucket.as_seconds(), point.count.map(count)]);
    json!({
        "start": series.range.start.to_string(),
        "end": series.range.end.to_string(),
        "period_seconds": series.period.as_secs(),
        "values": series.points().into_iter().map(value).collect::<Vec<_>>(),
    })
}

/// What a bucket counted.
pub(super) fn count(count: Count) -> Value {
    match count {
        Count::Whole(count) => json!(count),
        Count::Estimate(count) => json!(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_of_a_document_can_control_a_terminal() {
        let given = "a\u{1b}[31m \u{7f}\u{9b}31m \u{202e}\u{2028} größer 漢字 👩‍🚒 \"\\ \u{e0001}";
        let written = text(&json!({ "title": given }));
        assert!(written.trim_end().chars().all(|c| !c.is_control() && c != '\u{202e}' && c != '\u{e0001}'));
        assert!(written.contains("\\u009b31m") && written.contains("größer 漢字 👩‍🚒"), "{written}");
        let read: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(read["title"], given);
    }
}
