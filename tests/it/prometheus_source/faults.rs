//! A Prometheus that refuses, fails, hangs or is down, and what it is told of who asks.

use std::time::Duration;

use afterimage::domain::Secret;
use afterimage::source::{Authentication, SourceError, Sources};

use super::{check_series, history, request};
use crate::support::{FakePrometheus, Mood, at, prometheus_options};

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

#[tokio::test]
async fn a_private_authority_is_trusted_where_it_is_named_and_only_there() {
    let now = at("14:00");
    let request = request("12:00", "12:05", 1, now);
    let (server, authority) = FakePrometheus::with_tls(history).await;
    let trusting = server.sources_with(|options| options.authorities = Some(authority));
    let measured = trusting.measure(&request, now).await.unwrap();
    check_series(&measured.windowed, history, now);
    let (_, other) = FakePrometheus::with_tls(history).await;
    let mistrusting = server.sources_with(|options| options.authorities = Some(other));
    let error = mistrusting.measure(&request, now).await.unwrap_err();
    assert!(matches!(&error, SourceError::Unreachable { reason, .. } if reason.contains("certificate")), "{error}");
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_refused_with_the_limit() {
    let server = FakePrometheus::start(history).await;
    let error = fault(&server, 200, &" ".repeat(16_000_001)).await;
    assert!(error.is_own_fault() && error.to_string().contains("more than 16 MB"), "{error}");
}
