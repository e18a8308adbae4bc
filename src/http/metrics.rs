//! `GET /metrics`: what this process did and how its database stands, in the text format of Prometheus. What the database
//! does not say is left out; the rest is answered all the same.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use prometheus_client::encoding::prometheus_text::{CONTENT_TYPE, encode};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::context::Context;
use super::error::ApiError;
use super::{answer, ready};
use crate::domain::{SourceHealth, Timestamp, text};
use crate::service::{Figures, Vitals};
use crate::source::Alertmanager;

type Number = Gauge<f64, AtomicU64>;
type SourceLabels = Vec<(&'static str, String)>;

pub(super) async fn metrics(State(context): State<Context>) -> Result<Response, ApiError> {
    let mut registry = Registry::with_prefix("afterimage");
    let version = vec![("version", env!("CARGO_PKG_VERSION"))];
    registry.register("build", "The program that answers", Info::new(version));
    let is_ready = ready::unready(&context).await.is_none();
    count(&mut registry, "ready", "Whether /readyz says so", u64::from(is_ready));
    database(&mut registry, &context).await;
    of_process(&mut registry, &context.process().vitals);
    sources(&mut registry, &context);
    let mut text = String::new();
    encode(&mut text, &registry)
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(answer::text(StatusCode::OK, CONTENT_TYPE, text))
}

fn of_process(registry: &mut Registry, vitals: &Vitals) {
    let tally = vitals.tally();
    registry.register("runs", "Runs of the processor of this process", tally.runs);
    let what = "Pending snapshots that runs of this process took, by what became of them";
    registry.register("snapshots", what, tally.snapshots);
    registry.register("run_duration_seconds", "How long runs of this process took", tally.durations);
    if let Some(at) = vitals.last_success() {
        let what = "When a run of this process over all that is due last succeeded";
        instant(registry, "last_successful_run_timestamp_seconds", what, at);
    }
}

async fn database(registry: &mut Registry, context: &Context) {
    let surveyor = context.surveyor();
    let store = match context.store() {
        Ok(store) if surveyor.reach(store).await.is_ok() => Some(store),
        _ => None,
    };
    count(registry, "database_up", "Whether the database answers", u64::from(store.is_some()));
    let Some(store) = store else { return };
    if let Ok(figures) = surveyor.figures(store).await {
        standing(registry, &figures);
    }
}

/// What is the same for every process on this database.
fn standing(registry: &mut Registry, figures: &Figures) {
    let Figures { counts, backlog, as_of } = figures;
    count(registry, "pending", "Pending snapshots, dead ones too", counts.pending);
    count(registry, "due", "Pending snapshots that the next run takes", counts.due);
    count(registry, "failing", "Pending snapshots that have failed and are tried again", counts.failing);
    count(registry, "dead", "Pending snapshots that only an operator can revive", counts.dead);
    let age = |since: Option<Timestamp>| since.map_or(Duration::ZERO, |since| as_of.since(since));
    let what = "For how long the pending snapshot has been due that has been so for the longest; 0 where none is";
    number(registry, "oldest_due_age_seconds", what, age(backlog.due_since).as_secs_f64());
    let incidents = Family::<Vec<(&'static str, &'static str)>, Gauge>::default();
    for (status, number) in [("open", counts.incidents_open), ("closed", counts.incidents_closed)] {
        incidents.get_or_create(&vec![("status", status)]).set(stored(number));
    }
    registry.register("incidents", "Incidents, by their status", incidents);
    count(registry, "snapshots_stored", "Snapshots that are kept, without superseded ones", counts.snapshots);
    count(registry, "outbox_messages", "Messages that are not delivered yet", backlog.messages);
    let what = "How old the oldest message is that is not delivered yet; 0 where there is none";
    number(registry, "outbox_oldest_message_age_seconds", what, age(backlog.messages_since).as_secs_f64());
}

/// Sources of counts and of alerts, as this process found them when it last asked. One that was never asked is not shown.
fn sources(registry: &mut Registry, context: &Context) {
    let process = context.process();
    let (up, answered) = (Family::<SourceLabels, Gauge>::default(), Family::<SourceLabels, Number>::default());
    let show = |kind: &str, health: &SourceHealth| {
        let name = |given: &str| text::shorten(given, 100);
        let labels = vec![("source", name(&health.name)), ("kind", kind.to_owned()), ("url", name(&health.url))];
        if health.answered_at.is_some() || health.error.is_some() {
            up.get_or_create(&labels).set(i64::from(health.error.is_none()));
        }
        if let Some(at) = health.answered_at {
            answered.get_or_create(&labels).set(seconds(at));
        }
    };
    process.intake.sources.health().iter().for_each(|health| show("prometheus", health));
    let members = process.alertmanagers.iter().flat_map(Alertmanager::health);
    members.for_each(|health| show("alertmanager", &health));
    registry.register("source_up", "Whether a source answered when it was last asked", up);
    registry.register("source_last_answer_timestamp_seconds", "When a source last answered", answered);
}

fn count(registry: &mut Registry, name: &str, what: &str, value: u64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(stored(value));
    registry.register(name, what, gauge);
}

fn number(registry: &mut Registry, name: &str, what: &str, value: f64) {
    let gauge = Number::default();
    gauge.set(value);
    registry.register(name, what, gauge);
}

fn instant(registry: &mut Registry, name: &str, what: &str, at: Timestamp) {
    number(registry, name, what, seconds(at));
}

#[expect(clippy::cast_precision_loss, reason = "instants have 53 bits until the year 2255")]
fn seconds(at: Timestamp) -> f64 {
    at.as_micros() as f64 / 1e6
}

fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
