//! Incidents that alerts have opened and another source measures, as they are looked at: what is told of them, and what
//! there is to see where their source does not answer.

use std::time::Duration;

use afterimage::domain::alert::{Alert, Labels, Notification};
use afterimage::domain::series::Count;
use afterimage::domain::window::Range;
use afterimage::domain::{IncidentId, Measure, Series, Status};
use afterimage::ops::alerts::{DEFAULT_SOURCE, Intake, receive};
use afterimage::ops::preview::{preview, remote_shapes, shapes};
use afterimage::source::Sources;
use serde_json::json;

use crate::cli_fixture::program;
use crate::support::{Desk, TestDatabase, at, check_refused, on_both_engines};

const URL: &str = "http://prometheus:9090/graph?g0.expr=up+%3E+5&g0.tab=1";
/// No process of the tests has a source, so every one is as one that does not answer.
const SILENCE: &str = "the configuration names no source 'main'";

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn alert(instance: &str, starts: &str, ends: Option<&str>) -> Alert {
    Alert {
        fingerprint: format!("fp-{instance}"),
        starts_at: at(starts),
        ends_at: ends.map(at),
        labels: labels(&[("alertname", "High"), ("instance", instance)]),
        annotations: labels(&[("summary", "too \u{1b}[31mhigh")]),
        generator_url: Some(URL.into()),
    }
}

/// An incident of two alerts, one of which is over; `closed`, or still open.
async fn alerted(desk: &Desk, closed: Option<&str>) -> IncidentId {
    let alerts = vec![alert("a", "11:50", closed), alert("b", "11:52", Some("11:54"))];
    let notification = Notification {
        group_key: "{}:{alertname=\"High\"}".into(),
        resolved: closed.is_some(),
        truncated: 3,
        labels: labels(&[("alertname", "High")]),
        annotations: labels(&[("summary", "too \u{1b}[31mhigh")]),
        external_url: Some("http://alertmanager:9093".into()),
        alerts,
    };
    let received = receive(&desk.store, &Intake::default(), DEFAULT_SOURCE, &notification).await.unwrap();
    *received.opened.first().expect("it is new")
}

async fn measure_elsewhere(desk: &Desk, id: IncidentId) {
    let sql = "update incidents set source = 'main', expression = 'sum(increase(errors[{{window}}]))', \
               measure = 'estimated_events' where id = ";
    desk.database.execute(&format!("{sql}{id}")).await;
}

/// What the source held from 11:40 to 11:55, as of the close then.
async fn freeze(desk: &Desk, id: IncidentId) {
    let range = Range::new(at("11:40"), at("11:55"));
    let counts = (0..15).map(|position| (position, Count::Estimate(f64::from(position) + 0.5))).collect();
    let series = Series { range, period: Duration::from_mins(1), counts, held: vec![range] };
    let mut tx = desk.store.write().await.unwrap();
    tx.freeze(id, at("11:55"), &series).await.unwrap();
    tx.commit().await.unwrap();
}

on_both_engines! {
    async fn a_source_that_does_not_answer_leaves_what_was_frozen(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = alerted(&desk, Some("11:55")).await;
        measure_elsewhere(&desk, id).await;
        check_refused(preview(&desk.store, &Sources::default(), id).await, 5, &[SILENCE]);
        freeze(&desk, id).await;
        let shown = preview(&desk.store, &Sources::default(), id).await.unwrap();
        assert_eq!(shown.silence.as_deref(), Some(SILENCE));
        let facts = &shown.snapshot.facts;
        assert_eq!((facts.source.as_str(), facts.measure, facts.partial), ("main", Measure::EstimatedEvents, true));
        assert_eq!((facts.total_events, facts.unique_users), (None, None));
        let points = shown.snapshot.windowed.points();
        let at_minute = |minute: &str| points.iter().find(|point| point.bucket == at(minute)).unwrap().count;
        assert_eq!(at_minute("11:43"), Some(Count::Estimate(3.5)));
        assert_eq!((at_minute("11:39"), at_minute("11:56")), (None, None));
    }

    async fn local_shapes_come_without_those_of_a_silent_source(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (remote, local) = (alerted(&desk, Some("11:55")).await, desk.open(1).await);
        measure_elsewhere(&desk, remote).await;
        let ids = [remote, local];
        let answered = shapes(&desk.store, &ids).await.unwrap();
        assert_eq!(answered.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [local]);
        let sources = Sources::default();
        assert_eq!(remote_shapes(&desk.store, &sources, &ids).await.unwrap(), [], "nothing is frozen yet");
        freeze(&desk, remote).await;
        let answered = remote_shapes(&desk.store, &sources, &ids).await.unwrap();
        assert_eq!(answered.len(), 1);
        assert_eq!((answered[0].0, answered[0].1.counts.len()), (remote, 15));
    }

    async fn looking_at_it_changes_nothing(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = alerted(&desk, Some("11:55")).await;
        measure_elsewhere(&desk, id).await;
        freeze(&desk, id).await;
        let before = (desk.everything().await, desk.database.dump("frozen_series").await);
        preview(&desk.store, &Sources::default(), id).await.unwrap();
        remote_shapes(&desk.store, &Sources::default(), &[id]).await.unwrap();
        assert_eq!((desk.everything().await, desk.database.dump("frozen_series").await), before);
    }

    async fn how_far_the_freezing_is_can_be_read(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = alerted(&desk, Some("11:55")).await;
        measure_elsewhere(&desk, id).await;
        let freezing = async || desk.store.read().await.unwrap().freezing(id).await.unwrap();
        assert_eq!(freezing().await, None);
        let mut tx = desk.store.write().await.unwrap();
        tx.fail_freezing(id, at("12:02"), SILENCE).await.unwrap();
        tx.commit().await.unwrap();
        let failed = freezing().await.unwrap();
        assert_eq!((failed.until, failed.last_error.as_deref(), failed.next_attempt_at), (None, Some(SILENCE), at("12:02")));
        freeze(&desk, id).await;
        let frozen = freezing().await.unwrap();
        assert_eq!((frozen.date_closed, frozen.until, frozen.last_error), (Some(at("11:55")), Some(at("11:55")), None));
    }

    async fn the_command_line_tells_where_an_incident_came_from(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = alerted(&desk, None).await;
        let program = program(&desk.database);
        let shown = program.json(&["incident", "show", &id.to_string()]);
        assert_eq!(shown["origin"], json!({
            "source": "alertmanager",
            "group_key": "{}:{alertname=\"High\"}",
            "labels": { "alertname": "High" },
            "annotations": { "summary": "too \u{1b}[31mhigh" },
            "generator_url": URL,
            "external_url": "http://alertmanager:9093",
            "truncated": 3,
        }));
        assert_eq!(shown["alerts"][1], json!({
            "fingerprint": "fp-b",
            "starts_at": "2026-11-24T11:52:00Z",
            "ends_at": "2026-11-24T11:54:00Z",
            "labels": { "alertname": "High", "instance": "b" },
            "annotations": { "summary": "too \u{1b}[31mhigh" },
            "generator_url": URL,
        }));
        assert!(shown["alerts"][0]["ends_at"].is_null());
        let page = program.output(&["incident", "show", &id.to_string()]);
        for part in ["Origin", "alertmanager", "alertname=\"High\"", "summary: too  [31mhigh", URL, "instance=\"b\"", "fires"] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
        assert!(!page.contains('\u{1b}'));
    }

    async fn the_command_line_says_why_there_is_no_preview_and_what_is_frozen(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = alerted(&desk, Some("11:55")).await;
        assert_eq!(desk.incident(id).await.status, Status::Closed);
        measure_elsewhere(&desk, id).await;
        let (program, number) = (program(&desk.database), id.to_string());
        let refused = program.run(&["snapshot", "preview", &number]);
        assert_eq!(refused.status, 5, "{refused}");
        assert!(refused.stderr.contains(SILENCE), "{refused}");
        freeze(&desk, id).await;
        let shown = program.run(&["snapshot", "preview", &number]);
        assert_eq!(shown.status, 0, "{shown}");
        assert!(shown.stderr.contains("only what was frozen at the close is shown"), "{shown}");
        for part in ["main: events, estimated", "not known", "largest ~14.5"] {
            assert!(shown.stdout.contains(part), "{part} is not in {shown}");
        }
        let page = program.output(&["incident", "show", &number]);
        assert!(page.contains("before and during, up to 2026-11-24T11:55:00Z"), "{page}");
    }
}
