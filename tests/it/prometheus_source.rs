//! Prometheus as a source, against a server that says what a test wants: what is asked, and what becomes of the answers.

mod faults;
mod frozen;
mod program;

use std::collections::BTreeMap;
use std::time::Duration;

use afterimage::domain::series::{Count, Coverage};
use afterimage::domain::window::{Course, Range};
use afterimage::domain::{Expression, IncidentId, Measure, Series, Timestamp};
use afterimage::source::{RemoteRequest, Sources};

use crate::support::{FakePrometheus, Mood, at, minutes, prometheus_options, seconds};

const EVENTS: &str = "sum(increase(errors_total[{{window}}]))";

fn request(started: &str, closed: &str, window: i64, as_of: Timestamp) -> RemoteRequest {
    let course = Course { date_started: at(started), date_closed: Some(at(closed)), time_window: minutes(window) };
    RemoteRequest {
        incident_id: IncidentId::new(7),
        expression: Expression {
            source: "main".to_owned(),
            text: EVENTS.to_owned(),
            measure: Measure::EstimatedEvents,
        },
        labels: BTreeMap::new(),
        ranges: course.ranges(as_of),
        period: minutes(window).span(),
        frozen: None,
    }
}

fn metric(mut request: RemoteRequest, text: &str, measure: Measure) -> RemoteRequest {
    request.expression.text = text.to_owned();
    request.expression.measure = measure;
    request
}

/// What a series says, bucket by bucket.
fn read(series: &Series) -> Vec<(Timestamp, Option<f64>, Coverage)> {
    series.points().iter().map(|point| (point.bucket, point.count.map(Count::as_f64), point.coverage)).collect()
}

/// The seconds of a window as an expression has it: `[10m]`.
fn window(expression: &str) -> f64 {
    let (_, rest) = expression.split_once('[').unwrap();
    let (span, _) = rest.split_once(']').unwrap();
    promql_parser::util::parse_duration(span).unwrap().as_secs_f64()
}

/// Some events a second, more than a minute long absent, at times none: as exact as a test needs it.
fn history(expression: &str, evaluated: f64) -> Option<f64> {
    let minute = (evaluated / 60.0).floor() % 17.0;
    match format!("{minute}").as_str() {
        "3" => None,
        "5" => Some(0.0),
        "7" => Some(f64::NAN),
        "8" => Some(f64::INFINITY),
        _ => Some(minute * window(expression) / 10.0),
    }
}

fn check_series(series: &Series, answer: impl Fn(&str, f64) -> Option<f64>, now: Timestamp) {
    for (bucket, value, _) in read(series) {
        let inside = Range::new(bucket, bucket + series.period).intersection(series.range);
        let expression = format!("[{}ms]", inside.length().as_millis());
        let expected = answer(&expression, seconds(inside.end)).filter(|value| value.is_finite());
        assert_eq!(value, expected.filter(|_| inside.end <= now), "the bucket of {bucket}");
    }
}

#[tokio::test]
async fn every_bucket_is_what_the_server_says_at_its_end() {
    let now = at("14:00");
    let server = FakePrometheus::start(history).await;
    for (started, closed, window) in [("12:00", "12:05", 1), ("12:00:20.123", "13:07", 1), ("09:00", "12:05:31", 3)] {
        let request = request(started, closed, window, now);
        let measured = server.sources().measure(&request, now).await.unwrap();
        assert_eq!(measured.windowed.range, request.ranges.windowed);
        assert_eq!(measured.lifetime.period, request.ranges.lifetime_period);
        check_series(&measured.windowed, history, now);
        check_series(&measured.lifetime, history, now);
        assert_eq!((measured.incident_id, measured.source.as_str()), (IncidentId::new(7), "main"));
        assert_eq!((measured.measure, measured.unique_users), (Measure::EstimatedEvents, None));
    }
}

#[tokio::test]
async fn absent_is_a_gap_and_zero_is_zero() {
    let now = at("14:00");
    let absent = seconds(at("12:02"));
    let server = FakePrometheus::start(move |_, at| ((at - absent).abs() > 0.5).then_some(0.0)).await;
    let measured = server.sources().measure(&request("12:00", "12:05", 1, now), now).await.unwrap();
    let gaps: Vec<Timestamp> =
        read(&measured.windowed).iter().filter(|(_, value, _)| value.is_none()).map(|(bucket, ..)| *bucket).collect();
    assert_eq!(gaps, [at("12:01")], "the value at 12:02 is that of the bucket which begins at 12:01");
    assert!(measured.windowed.counts.is_empty() && measured.windowed.held.len() == 2);
}

#[tokio::test]
async fn parts_of_buckets_are_asked_for_by_their_own_length() {
    let now = at("14:00");
    let server = FakePrometheus::start(history).await;
    let request = request("12:00:23", "12:05:23", 1, now);
    server.sources().measure(&request, now).await.unwrap();
    let windowed: Vec<(String, String)> = server
        .asked()
        .into_iter()
        .filter(|asked| asked.path == "query")
        .map(|asked| (asked.parameters["query"].clone(), asked.parameters["time"].clone()))
        .collect();
    let expected = |span: &str, time: &str| (EVENTS.replace("{{window}}", span), at(time).as_seconds().to_string());
    // The windowed range is [08:55:23, 12:15:23), the lifetime one [11:59:23, 12:15:23), the totals end at 12:06:23.
    for asked in
        [expected("37s", "08:56"), expected("23s", "12:15:23"), expected("37s", "12:00"), expected("7m", "12:06:23")]
    {
        assert!(windowed.contains(&asked), "{asked:?} of {windowed:?}");
    }
}

#[tokio::test]
async fn nothing_is_asked_of_what_has_not_happened() {
    let now = at("12:07:30");
    let server = FakePrometheus::start(history).await;
    let mut request = request("12:00", "12:05", 1, at("14:00"));
    let measured = server.sources().measure(&request, now).await.unwrap();
    check_series(&measured.windowed, history, now);
    assert_eq!(
        read(&measured.windowed).iter().filter(|(bucket, value, _)| *bucket >= at("12:07") && value.is_some()).count(),
        0
    );
    for asked in server.asked() {
        for instant in ["time", "end"] {
            assert!(asked.parameters.get(instant).is_none_or(|time| time.parse::<f64>().unwrap() <= seconds(now)));
        }
    }
    request.ranges = Course { date_started: at("12:00"), date_closed: None, time_window: minutes(1) }.ranges(now);
    let open = server.sources().measure(&request, now).await.unwrap();
    assert_eq!(read(&open.windowed).last().unwrap(), &(at("12:07"), history("[30s]", seconds(now)), Coverage::Partial));
}

#[tokio::test]
async fn totals_are_one_evaluation_over_their_range_and_metrics_have_none() {
    let now = at("14:00");
    let server =
        FakePrometheus::start(|expression, _| Some(if expression.contains("[7m]") { 41.6 } else { 1.0 })).await;
    let sources = server.sources();
    let events = request("12:00", "12:05", 1, now);
    assert_eq!(sources.measure(&events, now).await.unwrap().total_events, Some(42));
    let metric = metric(events, "queue_length", Measure::Metric);
    let measured = sources.measure(&metric, now).await.unwrap();
    assert_eq!((measured.total_events, measured.unique_users), (None, None));
    assert_eq!(read(&measured.windowed)[0].1, Some(1.0));
}

#[tokio::test]
async fn of_several_series_those_of_the_incident_count() {
    let now = at("14:00");
    let labels = |service: &str, pod: &str| {
        BTreeMap::from([("service".to_owned(), service.to_owned()), ("pod".to_owned(), pod.to_owned())])
    };
    let server = FakePrometheus::with_series(move |_, _| {
        vec![(labels("a", "1"), 1.0), (labels("a", "2"), 2.0), (labels("b", "1"), 4.0)]
    })
    .await;
    let sources = server.sources();
    let first = async |labels: &[(&str, &str)], measure| {
        let mut request = metric(request("12:00", "12:05", 1, now), EVENTS, measure);
        request.labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        read(&sources.measure(&request, now).await.unwrap().windowed)[0].1
    };
    assert_eq!(first(&[("service", "a")], Measure::EstimatedEvents).await, Some(3.0));
    assert_eq!(first(&[("service", "a")], Measure::Metric).await, Some(2.0));
    assert_eq!(first(&[("service", "a")], Measure::LowestMetric).await, Some(1.0));
    assert_eq!(first(&[("service", "z")], Measure::EstimatedEvents).await, Some(7.0));
}

#[tokio::test]
async fn an_alert_is_looked_up_in_the_servers_own_series() {
    let now = at("12:00");
    let labels = BTreeMap::from([("alertname".to_owned(), "HighErrors".to_owned())]);
    let server = FakePrometheus::start(|expression, at| expression.contains("HighErrors").then_some(at)).await;
    server.set_now(now);
    let sources = server.sources();
    assert_eq!(sources.is_firing("main", &labels, now).await, Ok(true));
    let asked = server.asked();
    assert_eq!(asked[0].parameters["query"], r#"ALERTS{alertstate="firing",alertname="HighErrors"}"#);
    assert!(!asked[0].parameters.contains_key("time"), "by its own clock");
    let other = BTreeMap::from([("alertname".to_owned(), "Other".to_owned())]);
    assert_eq!(sources.is_firing("main", &other, now).await, Ok(false));
    assert_eq!(sources.last_firing("main", &labels, at("11:00"), now).await, Ok(Some(now)));
    assert_eq!(server.asked()[1].parameters["query"], r#"ALERTS{alertstate="firing",alertname="HighErrors"}[1h]"#);
    assert_eq!(sources.last_firing("main", &other, at("11:00"), now).await, Ok(None));
}

#[tokio::test]
async fn health_says_when_it_last_answered_and_what_was_wrong_since() {
    let server = FakePrometheus::start(|_, _| Some(1.0)).await;
    server.set_retention(Some("15d"));
    let sources = server.sources();
    assert_eq!(sources.health()[0].answered_at, None);
    let health = sources.probe(at("12:00")).await.remove(0);
    assert_eq!(
        (health.answered_at, health.error, health.retention),
        (Some(at("12:00")), None, Some(Duration::from_hours(360)))
    );
    server.set_mood(Mood::Failing(503, String::new()));
    let health = sources.probe(at("12:01")).await.remove(0);
    assert_eq!(health.answered_at, Some(at("12:00")));
    assert_eq!(health.error.as_deref(), Some("source 'main' does not answer: HTTP 503"));
    assert_eq!(health.url, format!("{}/", server.url()));
}

#[tokio::test]
async fn a_screen_that_refreshes_does_not_ask_again_within_seconds() {
    let server = FakePrometheus::start(history).await;
    let sources = server.sources();
    let course = Course { date_started: at("11:00"), date_closed: None, time_window: minutes(1) };
    let mut open = request("11:00", "11:05", 1, at("12:00"));
    let mut asked = async |now: Timestamp, course: Course| {
        open.ranges = course.preview_ranges(now);
        sources.preview(&open, now).await.unwrap();
        server.asked().len()
    };
    assert!(asked(at("12:00:00"), course).await > 0);
    assert_eq!(asked(at("12:00:04"), course).await, 0, "its range has moved by four seconds");
    assert!(asked(at("12:00:12"), course).await > 0);
    let closed = Course { date_closed: Some(at("12:00:13")), ..course };
    assert!(asked(at("12:00:13"), closed).await > 0, "it was closed, so that it is another picture");
}

#[test]
fn an_alert_belongs_to_the_source_whose_address_it_begins_with() {
    let mut outer = prometheus_options("outer", "http://10.0.0.1:9090");
    outer.external_urls = vec!["https://ops.example".to_owned()];
    let mut inner = prometheus_options("inner", "http://10.0.0.2:9090");
    inner.external_urls = vec!["https://ops.example/team".to_owned()];
    let sources = Sources::new(&[outer, inner]).unwrap();
    assert_eq!(sources.names(), ["outer", "inner"]);
    for (url, expected) in [
        ("https://ops.example/graph?g0.expr=up", Some("outer")),
        ("https://ops.example/team/graph?g0.expr=up", Some("inner")),
        ("http://10.0.0.2:9090/graph?g0.expr=up", Some("inner")),
        ("http://10.0.0.3:9090/graph?g0.expr=up", None),
        ("http://10.0.0.2:9090@evil.example/graph?g0.expr=up", None),
    ] {
        assert_eq!(sources.of_generator(url), expected, "{url}");
    }
}
