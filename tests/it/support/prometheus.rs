//! A Prometheus of which a test says what it answers: on a port of its own, within the test's process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use afterimage::domain::Timestamp;
use afterimage::source::{Authentication, PrometheusOptions, Sources};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::tls::TlsListener;

/// One series of an answer at an instant: its labels and its value.
pub type FakeSeries = (BTreeMap<String, String>, f64);
type Answer = dyn Fn(&str, f64) -> Vec<FakeSeries> + Send;

/// How the server does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mood {
    /// It answers.
    Answering,
    /// It answers with this status and body.
    Failing(u16, String),
    /// It takes a question and never answers.
    Hanging,
    /// It answers reads only: a POST is refused with 405.
    ReadsOnly,
}

/// One request as it came.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// `query`, `query_range` or `status/runtimeinfo`.
    pub path: String,
    /// `POST` or `GET`.
    pub method: String,
    /// What it asked for.
    pub parameters: BTreeMap<String, String>,
    /// The headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
}

struct Script {
    answer: Box<Answer>,
    mood: Mood,
    retention: Option<String>,
    /// The server's own now, in seconds.
    now: f64,
    asked: Vec<Asked>,
}

/// The server. It ends with its value.
pub struct FakePrometheus {
    url: String,
    script: Arc<Mutex<Script>>,
    server: Option<JoinHandle<()>>,
}

impl Drop for FakePrometheus {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Options for a source at `url`, which tests change as they need.
pub fn prometheus_options(name: &str, url: &str) -> PrometheusOptions {
    PrometheusOptions {
        name: name.to_owned(),
        url: url.to_owned(),
        external_urls: Vec::new(),
        authentication: Authentication::Nobody,
        authorities: None,
        timeout: Duration::from_secs(10),
        retention: None,
        headers: Vec::new(),
    }
}

impl FakePrometheus {
    /// A server that answers with one series without labels: what `answer` makes of an expression and an instant.
    pub async fn start(answer: impl Fn(&str, f64) -> Option<f64> + Send + 'static) -> Self {
        Self::with_series(alone(answer)).await
    }

    /// A server that answers with several series.
    pub async fn with_series(answer: impl Fn(&str, f64) -> Vec<FakeSeries> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self::serve(listener, url, Box::new(answer))
    }

    /// A server with a certificate of a private authority, which is returned in PEM.
    pub async fn with_tls(answer: impl Fn(&str, f64) -> Option<f64> + Send + 'static) -> (Self, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let (listener, authority) = TlsListener::new(listener);
        (Self::serve(listener, url, alone(answer)), authority)
    }

    fn serve<L>(listener: L, url: String, answer: Box<Answer>) -> Self
    where
        L: Listener,
        L::Addr: std::fmt::Debug,
    {
        let script = Script { answer, mood: Mood::Answering, retention: None, now: 0.0, asked: Vec::new() };
        let script = Arc::new(Mutex::new(script));
        let app = app(script.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, script, server: Some(server) }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// It as the source `main`.
    pub fn sources(&self) -> Sources {
        self.sources_with(|_| {})
    }

    /// It as the source `main`, with other options.
    pub fn sources_with(&self, change: impl FnOnce(&mut PrometheusOptions)) -> Sources {
        let mut options = prometheus_options("main", &self.url);
        change(&mut options);
        Sources::new(&[options]).unwrap()
    }

    /// Answers otherwise from now on.
    pub fn answer(&self, answer: impl Fn(&str, f64) -> Option<f64> + Send + 'static) {
        self.script().answer = alone(answer);
    }

    /// Does otherwise from now on.
    pub fn set_mood(&self, mood: Mood) {
        self.script().mood = mood;
    }

    /// What it says of its retention; nothing else knows the address.
    pub fn set_retention(&self, retention: Option<&str>) {
        self.script().retention = retention.map(str::to_owned);
    }

    /// What its own clock says.
    pub fn set_now(&self, now: Timestamp) {
        self.script().now = seconds(now);
    }

    /// What it was asked, and forgets it.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.script().asked)
    }

    /// Is down from now on: connections are refused.
    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One series without labels.
fn alone(answer: impl Fn(&str, f64) -> Option<f64> + Send + 'static) -> Box<Answer> {
    Box::new(move |expression, at| answer(expression, at).map(|value| (BTreeMap::new(), value)).into_iter().collect())
}

fn app(script: Arc<Mutex<Script>>) -> Router {
    Router::new().route("/{*path}", axum::routing::any(answer)).with_state(script)
}

/// Seconds as the API has them.
#[expect(clippy::cast_precision_loss, reason = "instants of tests have less than 53 bits of milliseconds")]
pub fn seconds(instant: Timestamp) -> f64 {
    instant.as_micros() as f64 / 1_000_000.0
}

async fn answer(
    State(script): State<Arc<Mutex<Script>>>,
    Path(path): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = path.rsplit_once("api/v1/").map_or(path.as_str(), |(_, path)| path).to_owned();
    let encoded = if method == Method::POST {
        String::from_utf8_lossy(&body).into_owned()
    } else {
        uri.query().unwrap_or_default().to_owned()
    };
    let decoded = Url::parse(&format!("http://fake/?{encoded}")).unwrap();
    let parameters: BTreeMap<String, String> = decoded.query_pairs().into_owned().collect();
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let mood = {
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        let (path, method, parameters) = (path.clone(), method.to_string(), parameters.clone());
        script.asked.push(Asked { path, method, parameters, headers });
        script.mood.clone()
    };
    match mood {
        Mood::Failing(status, body) => return (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Mood::Hanging => std::future::pending().await,
        Mood::ReadsOnly if method == Method::POST => return StatusCode::METHOD_NOT_ALLOWED.into_response(),
        Mood::ReadsOnly | Mood::Answering => {}
    }
    let script = script.lock().unwrap_or_else(PoisonError::into_inner);
    let data = match path.as_str() {
        "query" => vector(&script, &parameters),
        "query_range" => matrix(&script, &parameters),
        "status/runtimeinfo" => {
            script.retention.as_ref().map(|retention| json!({ "storageRetention": retention })).ok_or(404)
        }
        _ => Err(404),
    };
    match data {
        Ok(data) => json_answer(200, &json!({ "status": "success", "data": data })),
        Err(404) => (StatusCode::NOT_FOUND, "404 page not found").into_response(),
        Err(status) => json_answer(
            status,
            &json!({ "status": "error", "errorType": "bad_data", "error": "exceeded maximum resolution of 11,000 points" }),
        ),
    }
}

fn json_answer(status: u16, body: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::from_u16(status).unwrap(), kind, body.to_string()).into_response()
}

fn vector(script: &Script, parameters: &BTreeMap<String, String>) -> Result<Value, u16> {
    let at = parameters.get("time").map_or(Ok(script.now), |time| time.parse()).map_err(|_| 400u16)?;
    let answered = (script.answer)(&parameters["query"], at);
    let rows: Vec<Value> =
        answered.iter().map(|(labels, value)| json!({ "metric": labels, "value": [at, written(*value)] })).collect();
    Ok(json!({ "resultType": "vector", "result": rows }))
}

/// Evaluates as the real one does: at the start, and every step up to and with the end; not more than 11,000 steps.
fn matrix(script: &Script, parameters: &BTreeMap<String, String>) -> Result<Value, u16> {
    let number = |name: &str| parameters[name].parse::<f64>().map_err(|_| 400u16);
    let (start, end, step) = (number("start")?, number("end")?, number("step")?);
    if (end - start) / step > 11_000.0 || end < start {
        return Err(400);
    }
    let mut rows: BTreeMap<BTreeMap<String, String>, Vec<Value>> = BTreeMap::new();
    let mut at = start;
    while at <= end {
        for (labels, value) in (script.answer)(&parameters["query"], at) {
            rows.entry(labels).or_default().push(json!([at, written(value)]));
        }
        at += step;
    }
    let rows: Vec<Value> = rows.iter().map(|(labels, values)| json!({ "metric": labels, "values": values })).collect();
    Ok(json!({ "resultType": "matrix", "result": rows }))
}

/// As Prometheus writes a number.
fn written(value: f64) -> String {
    if value.is_infinite() { format!("{}Inf", if value > 0.0 { '+' } else { '-' }) } else { value.to_string() }
}
