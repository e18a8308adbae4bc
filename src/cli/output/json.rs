//! The JSON documents, with the keys that scripts rely on, in their order.

use serde_json::{Value, json};

use crate::domain::{
    Activity, AlertRule, Incident, PendingSnapshot, Processor, ProcessorRun, SupersededSnapshot, Timestamp,
};
use crate::ops::process::RunReport;
use crate::store::status::Counts;

pub use crate::export::json::{facts, snapshot, write};

fn time(at: Timestamp) -> Value {
    Value::String(at.to_string())
}

fn optional_time(at: Option<Timestamp>) -> Value {
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
        "from": activity.from.map(crate::domain::Status::name),
        "to": activity.to.map(crate::domain::Status::name),
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

/// What a run did.
#[must_use]
pub fn report(report: &RunReport) -> Value {
    let counts = report.counts;
    json!({
        "trigger": report.trigger.name(),
        "due": counts.due(),
        "captured": counts.captured,
        "skipped_open": counts.skipped_open,
        "skipped_existing": counts.skipped_existing,
        "failed": counts.failed,
        "batches": counts.batches,
        "duration_ms": u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
    })
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

/// How things stand.
#[must_use]
pub fn status(
    engine: &str,
    schema_version: i64,
    counts: &Counts,
    last_run: Option<&ProcessorRun>,
    next_run_at: Option<Timestamp>,
    processors: &[Processor],
) -> Value {
    json!({
        "engine": engine,
        "schema_version": schema_version,
        "incidents_open": counts.incidents_open,
        "incidents_closed": counts.incidents_closed,
        "pending": counts.pending,
        "due": counts.due,
        "failing": counts.failing,
        "dead": counts.dead,
        "snapshots": counts.snapshots,
        "last_run": last_run.map(run),
        "next_run_at": optional_time(next_run_at),
        "processors": processors.iter().map(processor).collect::<Vec<_>>(),
    })
}

fn processor(processor: &Processor) -> Value {
    json!({
        "host": processor.host,
        "pid": processor.pid,
        "kind": processor.kind.name(),
        "version": processor.version,
        "next_run_at": optional_time(processor.next_run_at),
        "last_seen": time(processor.last_seen),
    })
}
