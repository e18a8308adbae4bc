//! Believable incidents, and what a database would say of them.

use std::time::Duration;

use crate::console::event::{Alerts, Counts, Detail, Overview, Picture, Previewed};
use crate::console::keymap::Keymap;
use crate::console::options::{Access, ClockKind, ConsoleOptions, DataKind, ProcessorChoice};
use crate::domain::alert::{Alert, Labels, MemberAlert, Origin};
use crate::domain::rule::Scope;
use crate::domain::series::{Count, held};
use crate::domain::window::Range;
use crate::domain::{
    Activity, ActivityKind, Aggregation, AlertRule, Expression, Freezing, Incident, IncidentId, IncidentType, Measure,
    PendingQueue, PendingSnapshot, Processor, ProcessorKind, ProcessorRun, Query, RunCounts, Series, Snapshot,
    SnapshotFacts, SourceHealth, Status, SupersededSnapshot, TimeWindow, Timestamp, Trigger,
};

pub const SIZES: [(u16, u16); 4] = [(160, 45), (120, 40), (80, 24), (40, 12)];

/// 2026-11-24T13:36:49Z
pub fn now() -> Timestamp {
    Timestamp::parse("2026-11-24T13:36:49Z", Timestamp::MIN).unwrap()
}

fn before(minutes: u64) -> Timestamp {
    now() - Duration::from_mins(minutes)
}

fn seconds_before(seconds: u64) -> Timestamp {
    now() - Duration::from_secs(seconds)
}

pub fn id(number: i64) -> IncidentId {
    IncidentId::new(number)
}

pub fn options() -> ConsoleOptions {
    ConsoleOptions {
        database: "sqlite:demo.db".into(),
        by: "anna".into(),
        processor: ProcessorChoice::Every(Duration::from_hours(1)),
        access: Access::Full,
        clock: ClockKind::Moving,
        data: DataKind::Real,
        keymap: Keymap::default(),
    }
}

pub fn incident(number: i64, title: &str, started: u64, closed: Option<u64>, window: i64) -> Incident {
    let time_window = TimeWindow::from_minutes(window).unwrap();
    let mut incident = Incident {
        id: id(number),
        title: title.into(),
        incident_type: IncidentType::AlertTriggered,
        status: if closed.is_some() { Status::Closed } else { Status::Open },
        aggregation: Aggregation::Total,
        query: "level:error !environment:dev".into(),
        projects: vec!["checkout".into(), "web".into()],
        expression: None,
        rule: Some("5xx".into()),
        time_window,
        date_started: before(started),
        date_detected: before(started) + Duration::from_secs(50),
        date_closed: closed.map(before),
        date_added: before(started),
        pending: None,
        snapshot: None,
    };
    incident.pending = incident.course().target_run_date().map(|target| PendingSnapshot {
        incident_id: id(number),
        target_run_date: target,
        next_attempt_at: target,
        attempts: 0,
        last_error: None,
        last_error_at: None,
        last_host: None,
        dead_since: None,
    });
    incident
}

fn captured(mut incident: Incident, partial: bool) -> Incident {
    let target = incident.course().target_run_date().unwrap();
    incident.snapshot = Some(SnapshotFacts {
        incident_id: incident.id,
        as_of: if partial { before(10) } else { target },
        date_added: if partial { before(10) } else { target + Duration::from_mins(20) },
        partial,
        clipped: incident.id.value() % 4 == 0,
        source: incident.expression.as_ref().map_or("events", |expression| &expression.source).to_owned(),
        measure: incident.measure(),
        total_events: (!incident.measure().is_metric()).then_some(1_204 * incident.id.value()),
        unique_users: (incident.measure() == Measure::Events && incident.id.value() % 3 > 0).then_some(311),
    });
    if !partial {
        incident.pending = None;
    }
    incident
}

fn failed(mut incident: Incident, attempts: u32, dead: bool) -> Incident {
    if let Some(pending) = &mut incident.pending {
        pending.attempts = attempts;
        pending.next_attempt_at = now() + Duration::from_secs(130);
        pending.last_error = Some("the query is malformed at character 7: the quote is not closed".into());
        pending.last_error_at = Some(before(3));
        pending.last_host = Some("ops-1".into());
        pending.dead_since = dead.then(|| before(3));
    }
    incident
}

/// One of every standing, and titles that want to do harm.
pub fn incidents() -> Vec<Incident> {
    vec![
        incident(484, "Checkout: card payments declined by the acquirer in eu-west", 18, None, 5),
        incident(483, "Login latency", 41, None, 1),
        incident(482, "Checkout errors above 5%", 130, Some(58), 10),
        incident(481, "Search returns nothing for umlauts (größer, 漢字)", 200, Some(101), 10),
        captured(incident(480, "Queue backlog", 300, Some(290), 1), false),
        failed(incident(479, "Nightly export \u{1b}[31mred\u{1b}[0m \u{202e}turned", 420, Some(300), 5), 3, false),
        failed(incident(478, "Image resizer out of memory", 600, Some(500), 5), 8, true),
        captured(incident(477, "Slow leak in the session store", 9 * 1440, Some(7 * 1440), 20), false),
        captured(incident(476, "Flapping health checks", 100, Some(30), 30), true),
        captured(incident(475, "DNS resolution failures", 3 * 1440, Some(3 * 1440 - 45), 5), false),
        captured(incident(474, "Payment webhooks delayed", 4 * 1440, Some(4 * 1440 - 130), 15), false),
        captured(incident(473, "Feature flag service unreachable", 150 * 1440, Some(150 * 1440 - 20), 1), false),
    ]
}

/// A believable shape: a quiet hum, the incident, its decay.
pub fn series(incident: &Incident, range: Range, period: Duration, horizon: Option<Timestamp>) -> Series {
    let mut series = Series { range, period, counts: Vec::new(), held: held(range, horizon, now()) };
    let closed = incident.date_closed.unwrap_or_else(now);
    for (position, point) in (0u32..).zip(series.points()) {
        let seed = (i64::from(position) * 7919 + incident.id.value() * 104_729) % 17;
        let inside = point.bucket + period > incident.date_started && point.bucket < closed;
        let count = if inside { 60 + seed * 5 } else { seed / 4 };
        if point.bucket < now() && point.count.is_some() && count > 0 {
            let measured = match incident.measure() {
                Measure::Events => Count::Whole(count),
                Measure::EstimatedEvents => Count::Estimate(f64::from(i32::try_from(count).unwrap()) * 1.013),
                Measure::Metric | Measure::LowestMetric => {
                    Count::Estimate(f64::from(i32::try_from(count).unwrap() - 20) * 0.0123)
                }
            };
            series.counts.push((position, measured));
        }
    }
    series
}

pub fn snapshot(incident: &Incident) -> Snapshot {
    let ranges = incident.course().preview_ranges(now());
    let horizon = incident.snapshot.as_ref().is_some_and(|facts| facts.clipped).then_some(incident.date_started);
    Snapshot {
        facts: incident.snapshot.clone().unwrap_or(SnapshotFacts {
            incident_id: incident.id,
            as_of: ranges.as_of,
            date_added: now(),
            partial: true,
            clipped: false,
            source: incident.expression.as_ref().map_or("events", |expression| &expression.source).to_owned(),
            measure: incident.measure(),
            total_events: (!incident.measure().is_metric()).then_some(1_204),
            unique_users: (incident.measure() == Measure::Events).then_some(311),
        }),
        windowed: series(incident, ranges.windowed, incident.time_window.span(), horizon),
        lifetime: series(incident, ranges.lifetime, ranges.lifetime_period, horizon),
    }
}

fn activity(kind: ActivityKind, at: Timestamp, by: &str, to: Option<Status>, comment: Option<&str>) -> Activity {
    Activity { kind, at, by: by.into(), from: None, to, comment: comment.map(Into::into) }
}

pub fn detail(incident: &Incident) -> Detail {
    let mut activities = vec![
        activity(ActivityKind::Detected, incident.date_detected, "alerts", None, None),
        activity(
            ActivityKind::Comment,
            incident.date_started + Duration::from_mins(4),
            "anna",
            None,
            Some("the acquirer confirms: one of two data centres is down, they are failing over; ETA 20 minutes"),
        ),
    ];
    if let Some(closed) = incident.date_closed {
        let kind = ActivityKind::StatusChange;
        activities.push(activity(kind, closed, "ben", Some(Status::Closed), Some("failed over, error rate normal")));
    }
    let snapshot = snapshot(incident);
    let superseded = SupersededSnapshot {
        facts: SnapshotFacts { as_of: incident.date_started, ..snapshot.facts.clone() },
        superseded_at: incident.date_started + Duration::from_mins(9),
    };
    let is_captured = incident.snapshot.is_some();
    let is_elsewhere = incident.expression.is_some();
    Detail {
        incident: incident.clone(),
        activities,
        picture: match (is_captured, is_elsewhere) {
            (true, _) => Picture::Captured(snapshot),
            (false, true) => Picture::Awaited,
            (false, false) => Picture::Preview(snapshot),
        },
        silence: None,
        superseded: if incident.id.value() % 2 == 1 { vec![superseded] } else { Vec::new() },
        alerts: is_elsewhere.then(|| alerts(incident)),
        freezing: is_elsewhere.then(|| freezing(incident)),
    }
}

/// An incident that alerts have opened and a monitoring system measures: still open, frozen, or captured.
pub fn connected(number: i64, measure: Measure, closed: Option<u64>, kept: bool) -> Incident {
    let mut incident = incident(number, "Checkout answers 5xx \u{1b}[31m", 130, closed, 5);
    incident.rule = None;
    incident.query = String::new();
    let text = match measure {
        Measure::EstimatedEvents => {
            "sum(increase(http_requests_total{service=\"checkout\",code=~\"5..\"}[{{window}}]))"
        }
        _ => "max by (service) (queue_age_seconds{service=\"checkout\"})",
    };
    incident.expression = Some(Expression { source: "main".into(), text: text.into(), measure });
    if kept { captured(incident, false) } else { incident }
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn alerts(incident: &Incident) -> Alerts {
    let common = [("alertname", "CheckoutErrors"), ("severity", "page"), ("team", "payments")];
    let member = |pod: &str, from: u64, until: Option<u64>| MemberAlert {
        incident_id: incident.id,
        alert: Alert {
            fingerprint: format!("{pod:0>16}"),
            starts_at: before(from),
            ends_at: until.map(before),
            labels: labels(&[&common[..], &[("pod", pod), ("instance", "10.0.3.17:9102")][..]].concat()),
            annotations: Labels::new(),
            generator_url: None,
        },
        missing_since: None,
    };
    let is_open = incident.date_closed.is_none();
    let until = |minutes| (!is_open).then_some(minutes);
    Alerts {
        origin: Origin {
            source: "alertmanager".into(),
            group_key: "{}/{team=\"payments\"}:{alertname=\"CheckoutErrors\", service=\"checkout\"}".into(),
            labels: labels(&common),
            annotations: labels(&[
                ("runbook_url", "https://wiki.example/runbooks/checkout-5xx"),
                ("summary", "Checkout answers 5xx \u{1b}]52;c;ZXZpbA==\u{7}\u{202e}more than 5% of the time"),
            ]),
            generator_url: Some(
                "http://prometheus.example:9090/graph?g0.expr=sum%28rate%28http%29%29+%3E+5&g0.tab=1".into(),
            ),
            external_url: None,
            truncated: if is_open { 7 } else { 0 },
        },
        members: vec![
            member("checkout-5f7c-x2x1", 129, until(61)),
            member("checkout-5f7c-9kqd", 128, Some(90)),
            member("checkout-5f7c-mm2p", 101, until(58)),
        ],
        count: 3,
        firing: if is_open { 2 } else { 0 },
    }
}

fn freezing(incident: &Incident) -> Freezing {
    let is_even = incident.id.value() % 2 == 0;
    Freezing {
        date_closed: incident.date_closed.filter(|_| is_even),
        until: incident.date_closed.filter(|_| is_even),
        last_error: (!is_even).then(|| "source 'main' does not answer: connection refused".into()),
        next_attempt_at: now() + Duration::from_secs(130),
    }
}

/// One that answers and one that does not.
pub fn sources() -> Vec<SourceHealth> {
    let source = |name: &str, error: Option<&str>, answered_at, retention| SourceHealth {
        name: name.into(),
        url: format!("http://{name}.example:9090"),
        answered_at,
        error: error.map(Into::into),
        retention,
    };
    vec![
        source("main", None, Some(seconds_before(4)), Some(Duration::from_hours(15 * 24))),
        source("edge", Some("connection refused"), Some(before(3)), None),
        source("new", Some("TLS: unknown issuer"), None, None),
    ]
}

/// What the source of an incident says.
pub fn previewed(incident: &Incident, silence: Option<(String, bool)>) -> Previewed {
    let picture = match &silence {
        Some((silence, false)) => Picture::Unavailable(silence.clone()),
        _ => Picture::Preview(snapshot(incident)),
    };
    Previewed { picture, silence: silence.map(|(silence, _)| silence) }
}

fn run(id: i64, trigger: Trigger, minutes: u64, counts: RunCounts, error: Option<&str>) -> ProcessorRun {
    ProcessorRun {
        id,
        trigger,
        host: "ops-1".into(),
        started_at: before(minutes),
        updated_at: before(minutes),
        finished_at: Some(before(minutes) + Duration::from_millis(38)),
        counts,
        error: error.map(Into::into),
    }
}

pub fn overview() -> Overview {
    let counts = RunCounts { captured: 12, skipped_open: 1, batches: 1, ..RunCounts::default() };
    Overview {
        counts: Counts {
            incidents_open: 2,
            incidents_closed: 238,
            pending: 5,
            due: 0,
            failing: 1,
            dead: 1,
            snapshots: 231,
        },
        queue: PendingQueue::default(),
        runs: vec![
            run(9, Trigger::Interval, 37, counts, None),
            run(8, Trigger::Retry, 52, RunCounts { failed: 1, ..counts }, None),
            run(7, Trigger::Startup, 61, RunCounts { captured: 1_204, ..counts }, Some("the connection was lost")),
        ],
        processors: vec![
            Processor {
                host: "ops-1".into(),
                pid: 4121,
                kind: ProcessorKind::Daemon,
                version: "0.1.0".into(),
                next_run_at: Some(now() + Duration::from_mins(23)),
                last_seen: seconds_before(20),
            },
            Processor {
                host: "laptop".into(),
                pid: 99_812,
                kind: ProcessorKind::Console,
                version: "0.1.0".into(),
                next_run_at: Some(before(900)),
                last_seen: before(960),
            },
        ],
        sources: Vec::new(),
        clock_offset: 0,
    }
}

/// Two rules with names that begin alike.
pub fn rules() -> Vec<AlertRule> {
    let rule = |name: &str, minutes| AlertRule {
        name: name.to_owned(),
        scope: Scope {
            time_window: TimeWindow::from_minutes(minutes).unwrap(),
            query: Query::parse("").unwrap(),
            aggregation: Aggregation::Total,
            projects: Vec::new(),
            expression: None,
        },
        date_added: before(90),
        date_updated: before(90),
    };
    vec![rule("checkout-5xx", 10), rule("checkout-latency", 5)]
}
