//! Prometheus as a source, against a server that says what a test wants: what is asked, and what becomes of the answers.

use std::collections::BTreeMap;
use std::time::Duration;

use afterimage::domain::series::{Count, Coverage};
use afterimage::domain::window::{Course, Range};
use afterimage::domain::{Expression, IncidentId, Measure, Secret, Series, Timestamp};
use afterimage::source::{Authentication, RemoteRequest, SourceError, Sources};

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

async fn fault(server: &FakePrometheus, status: u16, body: &str) -> SourceError {
    server.set_mood(Mood::Failing(status, body.to_owned()));
    let now = at("14:00");
    server.sources().measure(&request("12:00", "12:05", 1, now), now).await.unwrap_err()
}

#[tokio::test]
async fn the_servers_own_words_are_passed_on_by_whose_fault_it_is() {
    let server = FakePrometheus::start(history).await;
    let said = r#"{"status":"error","errorType":"bad_data","error":"1:5: parse error: \u001b[31munexpected"}"#;
    let refused = fault(&server, 400, said).await;
    assert!(refused.is_own_fault());
    assert_eq!(refused.to_string(), "source 'main' refuses the expression: 1:5: parse error:  [31munexpected");
    let denied = fault(&server, 401, "Unauthorized").await;
    assert_eq!(denied.to_string(), "source 'main' refuses its credentials: HTTP 401: Unauthorized");
    let busy = fault(&server, 503, r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#).await;
    assert_eq!(busy.to_string(), "source 'main' does not answer: query timed out (HTTP 503)");
    assert!(!busy.is_own_fault() && !denied.is_own_fault());
    let html = fault(&server, 502, "<html>").await;
    assert_eq!(html.to_string(), "source 'main' does not answer: HTTP 502");
}

#[tokio::test]
async fn an_unknown_source_is_asked_nothing() {
    let now = at("14:00");
    let error = Sources::default().measure(&request("12:00", "12:05", 1, now), now).await.unwrap_err();
    assert_eq!(error, SourceError::Unknown("main".to_owned()));
}

#[tokio::test]
async fn a_server_that_hangs_or_is_down_is_given_up() {
    let now = at("14:00");
    let mut server = FakePrometheus::start(history).await;
    server.set_mood(Mood::Hanging);
    let sources = server.sources_with(|options| options.timeout = Duration::from_millis(1_200));
    let request = request("12:00", "12:05", 1, now);
    let hanging = sources.measure(&request, now).await.unwrap_err();
    assert_eq!(hanging.to_string(), "source 'main' does not answer: no answer within 1s");
    server.stop();
    let url = server.url().to_owned();
    let down = Sources::new(&[prometheus_options("main", &url)]).unwrap();
    let error = down.measure(&request, now).await.unwrap_err();
    assert!(
        matches!(&error, SourceError::Unreachable { reason, .. } if reason.starts_with("no connection: ")),
        "{error}"
    );
    let health = &down.health()[0];
    assert_eq!((health.answered_at, health.error.as_deref()), (None, Some(error.to_string().as_str())));
}

#[tokio::test]
async fn credentials_are_sent_and_shown_nowhere() {
    let now = at("14:00");
    let server = FakePrometheus::start(history).await;
    let bearer = server.sources_with(|options| {
        options.authentication = Authentication::Bearer(Secret::new("t0ken"));
        options.headers = vec![("X-Scope-OrgID".to_owned(), Secret::new("team-a"))];
    });
    bearer.measure(&request("12:00", "12:05", 1, now), now).await.unwrap();
    for asked in server.asked() {
        assert_eq!(asked.headers["authorization"], "Bearer t0ken");
        assert_eq!(asked.headers["x-scope-orgid"], "team-a");
        assert!(asked.headers["user-agent"].starts_with("afterimage/"));
    }
    let mut url = reqwest::Url::parse(server.url()).unwrap();
    url.set_username("ann").unwrap();
    url.set_password(Some("hunter2")).unwrap();
    let basic = server.sources_with(|options| {
        options.url = url.to_string();
        options.authentication =
            Authentication::Basic { username: "ann".to_owned(), password: Secret::new("pass:word") };
    });
    assert!(!format!("{basic:?}{bearer:?}{:?}", basic.health()).contains("hunter2"));
    basic.measure(&request("12:00", "12:05", 1, now), now).await.unwrap();
    assert_eq!(server.asked()[0].headers["authorization"], "Basic YW5uOnBhc3M6d29yZA==");
}

#[tokio::test]
async fn where_a_post_is_not_allowed_it_is_a_get_from_then_on() {
    let now = at("14:00");
    let server = FakePrometheus::start(history).await;
    server.set_mood(Mood::ReadsOnly);
    let sources = server.sources();
    let measured = sources.measure(&request("12:00", "12:05", 1, now), now).await.unwrap();
    check_series(&measured.windowed, history, now);
    server.asked();
    sources.measure(&request("12:00", "12:05", 1, now), now).await.unwrap();
    assert!(server.asked().iter().all(|asked| asked.method == "GET"));
}

#[tokio::test]
async fn a_redirect_is_named_and_not_followed() {
    let server = FakePrometheus::start(history).await;
    let error = fault(&server, 302, "").await;
    assert!(error.to_string().contains("it redirects to"), "{error}");
}

/// All whole buckets from `start` on, each with a value.
fn frozen(start: Timestamp, period: Duration, values: &[Option<f64>]) -> Series {
    let end = start + period * u32::try_from(values.len()).unwrap();
    let (mut counts, mut held) = (Vec::new(), Vec::new());
    for (position, value) in (0u32..).zip(values) {
        let bucket = start + period * position;
        if value.is_some() {
            held.push(Range::new(bucket, bucket + period));
        }
        counts.extend(value.filter(|value| *value != 0.0).map(|value| (position, Count::Estimate(value))));
    }
    Series { range: Range::new(start, end), period, counts, held }
}

fn value_at(series: &Series, bucket: Timestamp) -> Option<f64> {
    read(series).iter().find(|(at, ..)| *at == bucket).and_then(|(_, value, _)| *value)
}

#[tokio::test]
async fn what_was_frozen_goes_before_what_the_source_says_now() {
    let now = at("14:00");
    let known = seconds(at("12:03"));
    let server = FakePrometheus::start(move |_, at| (at >= known).then_some(5.0)).await;
    let mut request = request("12:00", "12:05", 1, now);
    request.frozen = Some(frozen(at("11:58"), minutes(1).span(), &[Some(1.0), None, Some(0.0), Some(2.5), Some(3.0)]));
    let measured = server.sources().measure(&request, now).await.unwrap();
    let windowed = |time: &str| value_at(&measured.windowed, at(time));
    let read = ["11:57", "11:58", "11:59", "12:00", "12:01", "12:02", "12:03"].map(windowed);
    assert_eq!(read, [None, Some(1.0), None, Some(0.0), Some(2.5), Some(3.0), Some(5.0)]);
    // The lifetime series asks the source first, and takes the same buckets where it has none.
    let lifetime = |time: &str| value_at(&measured.lifetime, at(time));
    assert_eq!(
        ["11:59", "12:00", "12:01", "12:02", "12:03"].map(lifetime),
        [None, Some(0.0), Some(2.5), Some(5.0), Some(5.0)]
    );
}

#[tokio::test]
async fn frozen_buckets_make_one_of_the_lifetime_where_all_of_its_are_there() {
    let now = at("2026-11-25 12:00");
    // 405 minutes: the period is three windows.
    let base = || request("06:00", "12:35", 1, now);
    assert_eq!(base().ranges.lifetime_period, Duration::from_mins(3));
    let server = FakePrometheus::start(|_, _| None).await;
    for (measure, text, expected) in [
        (Measure::EstimatedEvents, EVENTS, 7.0),
        (Measure::Metric, "queue", 4.0),
        (Measure::LowestMetric, "queue", 1.0),
    ] {
        let mut request = metric(base(), text, measure);
        let values = [2.0, 4.0, 1.0, 9.0, 9.0].map(Some);
        request.frozen = Some(frozen(at("09:00"), minutes(1).span(), &values));
        let measured = server.sources().measure(&request, now).await.unwrap();
        assert_eq!(value_at(&measured.lifetime, at("09:00")), Some(expected), "{measure:?}");
        assert_eq!(value_at(&measured.lifetime, at("09:03")), None, "two of three are not one");
        assert_eq!(measured.total_events, (!measure.is_metric()).then_some(25));
    }
}

#[tokio::test]
async fn what_the_retention_has_taken_is_clipped_unless_it_was_frozen() {
    let now = at("12:15");
    // Ranges begin at 08:55; the source has everything from 11:15 on.
    let horizon = seconds(at("11:15"));
    let server = FakePrometheus::start(move |_, at| (at > horizon).then_some(1.0)).await;
    server.set_retention(Some("1h or 10GB"));
    let sources = server.sources();
    let mut request = request("12:00", "12:05", 1, now);
    let clipped = sources.measure(&request, now).await.unwrap();
    assert!(clipped.clipped);
    assert_eq!(read(&clipped.windowed).iter().filter(|(_, value, _)| value.is_none()).count(), 140);
    assert_eq!(clipped.total_events, Some(1), "the totals begin after what is gone");
    request.frozen = Some(frozen(at("08:55"), minutes(1).span(), &[Some(2.0); 140]));
    let whole = sources.measure(&request, now).await.unwrap();
    assert!(!whole.clipped && !whole.windowed.has_gaps());
    server.set_retention(Some("10GB"));
    request.frozen = None;
    assert!(!server.sources().measure(&request, now).await.unwrap().clipped, "nobody knows what is gone");
    let configured = server.sources_with(|options| options.retention = Some(Duration::from_mins(20)));
    let measured = configured.measure(&request, now).await.unwrap();
    assert!(measured.clipped);
    assert_eq!(configured.health()[0].retention, Some(Duration::from_mins(20)));
}

#[tokio::test]
async fn a_total_whose_begin_is_gone_is_the_sum_of_what_was_kept() {
    let now = at("14:00");
    let server = FakePrometheus::start(|_, _| Some(1.0)).await;
    let sources = server.sources_with(|options| options.retention = Some(Duration::from_mins(119)));
    let mut request = request("12:00", "12:05", 1, now);
    request.frozen = Some(frozen(at("11:50"), minutes(1).span(), &[Some(10.0); 12]));
    // The totals range is [11:59, 12:06), of which three buckets were frozen with 10 and four are answered with 1.
    assert_eq!(sources.measure(&request, now).await.unwrap().total_events, Some(34));
}

#[tokio::test]
async fn freezing_keeps_whole_buckets_that_have_settled() {
    let now = at("12:05:29");
    let server = FakePrometheus::start(history).await;
    let sources = server.sources();
    let mut request = request("12:00:20", "12:05", 1, now);
    let series = sources.freeze(&request, now).await.unwrap();
    assert_eq!(series.range, Range::new(at("08:46"), at("12:04")), "12:05 may not have arrived yet");
    check_series(&series, history, now);
    assert!(server.asked().iter().all(|asked| asked.path == "query_range"), "no parts of buckets");
    // Later, after a reopening, with other answers: what was frozen stays.
    server.answer(|_, _| Some(99.0));
    request.frozen = Some(series.clone());
    let later = sources.freeze(&request, at("12:07")).await.unwrap();
    for (bucket, value, _) in read(&series) {
        assert_eq!(value_at(&later, bucket), value.or(Some(99.0)), "{bucket}");
    }
    assert_eq!(value_at(&later, at("12:04")), Some(99.0));
}

#[tokio::test]
async fn a_long_incident_is_frozen_in_several_questions_and_up_to_a_limit() {
    let now = at("2026-11-24 12:00");
    let server = FakePrometheus::start(|_, _| Some(1.0)).await;
    let request = request("2026-10-10 12:00", "2026-11-24 11:00", 1, now);
    let series = server.sources().freeze(&request, now).await.unwrap();
    assert_eq!((series.len(), series.counts.len()), (50_000, 50_000));
    assert_eq!(series.range.end, at("11:10"), "the cap lies before now");
    let asked = server.asked();
    assert_eq!(asked.len(), 5);
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
