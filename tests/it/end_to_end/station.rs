//! The real programs on loopback ports with short intervals: a Prometheus, a pair of Alertmanagers that know nothing of
//! each other, and an exporter whose counters a test makes spike. All of it is gone when the test is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_mins(1);
/// Errors a second of a service that does well.
const CALM: f64 = 1.0;
/// Errors a second of one that does not.
const SPIKE: f64 = 20.0;

/// Which services spike now.
type Rates = Arc<Mutex<BTreeMap<String, f64>>>;

/// The programs of a team that is on call.
pub struct Station {
    folder: TempDir,
    rates: Rates,
    exporter: u16,
    prometheus: Program,
    alertmanagers: Vec<Program>,
}

/// One program that can be stopped and started again on its port.
struct Program {
    binary: PathBuf,
    arguments: Vec<String>,
    port: u16,
    log: PathBuf,
    child: Option<Child>,
}

/// Where the programs are, or which of them are missing.
pub fn programs() -> Result<(PathBuf, PathBuf), String> {
    let found = |names: &[&str]| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
            .find(|file| file.is_file())
    };
    let prometheus = found(&["prometheus"]).ok_or("prometheus is not installed")?;
    let alertmanager = found(&["prometheus-alertmanager", "alertmanager"]).ok_or("alertmanager is not installed")?;
    Ok((prometheus, alertmanager))
}

/// A port of this host that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
    listener.local_addr().expect("it is bound").port()
}

impl Station {
    /// Starts everything; alerts go to a receiver on `receiver`'s port that wants `token`.
    pub fn start(services: &[&str], receiver: u16, token: &str) -> Result<Self, String> {
        let (prometheus, alertmanager) = programs()?;
        let folder = tempfile::Builder::new().prefix("afterimage-station-").tempdir().expect("a folder");
        let rates: Rates = Arc::new(Mutex::new(services.iter().map(|name| ((*name).to_owned(), CALM)).collect()));
        let exporter = export(rates.clone());
        let path = folder.path();
        let mut alertmanagers: Vec<Program> =
            (0..2).map(|number| alertmanager_program(&alertmanager, path, number, receiver, token)).collect();
        let targets: Vec<String> = alertmanagers.iter().map(|one| format!("'127.0.0.1:{}'", one.port)).collect();
        let mut prometheus = prometheus_program(&prometheus, path, exporter, &targets.join(", "));
        for program in &mut alertmanagers {
            program.start();
        }
        prometheus.start();
        Ok(Self { folder, rates, exporter, prometheus, alertmanagers })
    }

    /// Lets a service do badly, or well again.
    pub fn spike(&self, service: &str, spikes: bool) {
        let mut rates = self.rates.lock().expect("nobody panics with it");
        rates.insert(service.to_owned(), if spikes { SPIKE } else { CALM });
    }

    /// Where Prometheus is.
    pub fn prometheus_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.prometheus.port)
    }

    /// Where the Alertmanagers are.
    pub fn alertmanager_urls(&self) -> Vec<String> {
        self.alertmanagers.iter().map(|program| format!("http://127.0.0.1:{}", program.port)).collect()
    }

    /// Stops Prometheus; its data stay.
    pub fn stop_prometheus(&mut self) {
        self.prometheus.stop();
    }

    /// Starts Prometheus again.
    pub fn start_prometheus(&mut self) {
        self.prometheus.start();
    }

    /// Restarts both Alertmanagers, which forget all that they knew.
    pub fn restart_alertmanagers(&mut self) {
        for program in &mut self.alertmanagers {
            program.stop();
        }
        for number in 0..self.alertmanagers.len() {
            let _ = fs::remove_dir_all(self.folder.path().join(format!("alertmanager-{number}")));
        }
        for program in &mut self.alertmanagers {
            program.start();
        }
    }

    /// Silences a service at both Alertmanagers for an hour.
    pub fn silence(&self, service: &str) {
        for program in &self.alertmanagers {
            let silence = serde_json::json!({
                "matchers": [{ "name": "service", "value": service, "isRegex": false, "isEqual": true }],
                "startsAt": rfc3339(0), "endsAt": rfc3339(3_600), "createdBy": "test", "comment": "a test",
            });
            let body = silence.to_string();
            let (status, answer) = post(program.port, "/api/v2/silences", "application/json", &body);
            assert_eq!(status, 200, "{answer}");
        }
    }

    /// What Prometheus answers for a range, by the second of evaluation.
    pub fn query_range(&self, expression: &str, start: i64, end: i64, step: i64) -> BTreeMap<i64, f64> {
        let form = form(&[
            ("query", expression),
            ("start", &start.to_string()),
            ("end", &end.to_string()),
            ("step", &step.to_string()),
        ]);
        let (status, body) =
            post(self.prometheus.port, "/api/v1/query_range", "application/x-www-form-urlencoded", &form);
        assert_eq!(status, 200, "{body}");
        let answer: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let mut values = BTreeMap::new();
        for series in answer["data"]["result"].as_array().expect("a matrix") {
            for point in series["values"].as_array().expect("points") {
                let at = point[0].as_f64().expect("a time").round();
                let value: f64 = point[1].as_str().expect("a value").parse().expect("a number");
                #[expect(clippy::cast_possible_truncation, reason = "whole seconds of this century")]
                values.insert(at as i64, value);
            }
        }
        values
    }

    /// Deletes all that Prometheus has of a service.
    pub fn delete_series(&self, service: &str) {
        let form = form(&[("match[]", &format!("{{service=\"{service}\"}}"))]);
        let kind = "application/x-www-form-urlencoded";
        let (status, body) = post(self.prometheus.port, "/api/v1/admin/tsdb/delete_series", kind, &form);
        assert_eq!(status, 204, "{body}");
    }

    /// What the programs logged, for a test that fails.
    pub fn logs(&self) -> String {
        let mut text = format!("exporter on {}\n", self.exporter);
        for program in self.alertmanagers.iter().chain([&self.prometheus]) {
            let log = fs::read_to_string(&program.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines.len().saturating_sub(15);
            let _ = write!(text, "-- {}\n{}\n", program.log.display(), lines[last..].join("\n"));
        }
        text
    }
}

impl Program {
    fn start(&mut self) {
        let log = fs::OpenOptions::new().append(true).create(true).open(&self.log).expect("our own folder");
        let error = log.try_clone().expect("a file");
        let child =
            Command::new(&self.binary).args(&self.arguments).stdin(Stdio::null()).stdout(log).stderr(error).spawn();
        self.child = Some(child.expect("the program can be started"));
        let deadline = Instant::now() + PATIENCE;
        while get(self.port, "/-/ready").is_none_or(|(status, _)| status != 200) {
            assert!(
                Instant::now() < deadline,
                "{} is not ready: {}",
                self.binary.display(),
                fs::read_to_string(&self.log).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
            let deadline = Instant::now() + Duration::from_secs(20);
            while child.try_wait().expect("it is our child").is_none() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn prometheus_program(binary: &Path, folder: &Path, exporter: u16, alertmanagers: &str) -> Program {
    let rules = folder.join("rules.yml");
    fs::write(
        &rules,
        "groups:\n- name: demo\n  rules:\n  - alert: HighErrorRate\n    expr: sum by (service) (rate(demo_errors_total[10s])) > 5\n    for: 2s\n    labels:\n      severity: page\n    annotations:\n      summary: '{{ $labels.service }} fails'\n",
    )
    .expect("our own folder");
    let configuration = folder.join("prometheus.yml");
    fs::write(
        &configuration,
        format!(
            "global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\n  external_labels:\n    cluster: test\nrule_files:\n- {}\nalerting:\n  alertmanagers:\n  - static_configs:\n    - targets: [{alertmanagers}]\nscrape_configs:\n- job_name: demo\n  static_configs:\n  - targets: ['127.0.0.1:{exporter}']\n",
            rules.display(),
        ),
    )
    .expect("our own folder");
    let port = free_port();
    let arguments = vec![
        format!("--config.file={}", configuration.display()),
        format!("--storage.tsdb.path={}", folder.join("prometheus").display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
        "--web.enable-admin-api".to_owned(),
        "--rules.alert.resend-delay=5s".to_owned(),
        "--log.level=warn".to_owned(),
    ];
    Program { binary: binary.to_owned(), arguments, port, log: folder.join("prometheus.log"), child: None }
}

fn alertmanager_program(binary: &Path, folder: &Path, number: usize, receiver: u16, token: &str) -> Program {
    let configuration = folder.join(format!("alertmanager-{number}.yml"));
    fs::write(
        &configuration,
        format!(
            "route:\n  receiver: afterimage\n  group_by: [alertname, service]\n  group_wait: 1s\n  group_interval: 3s\n  repeat_interval: 20s\nreceivers:\n- name: afterimage\n  webhook_configs:\n  - url: http://127.0.0.1:{receiver}/webhooks/alertmanager\n    send_resolved: true\n    http_config:\n      authorization:\n        credentials: {token}\n",
        ),
    )
    .expect("our own folder");
    let port = free_port();
    let arguments = vec![
        format!("--config.file={}", configuration.display()),
        format!("--storage.path={}", folder.join(format!("alertmanager-{number}")).display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
        "--cluster.listen-address=".to_owned(),
        "--log.level=warn".to_owned(),
    ];
    Program {
        binary: binary.to_owned(),
        arguments,
        port,
        log: folder.join(format!("alertmanager-{number}.log")),
        child: None,
    }
}

/// Serves counters that grow as the rates say; its port.
fn export(rates: Rates) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        let mut counters: BTreeMap<String, f64> = BTreeMap::new();
        let mut counted = Instant::now();
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let elapsed = counted.elapsed().as_secs_f64();
            counted = Instant::now();
            let mut text = "# TYPE demo_errors_total counter\n".to_owned();
            for (service, rate) in rates.lock().expect("nobody panics with it").iter() {
                let counter = counters.entry(service.clone()).or_default();
                *counter += rate * elapsed;
                let _ = writeln!(text, "demo_errors_total{{service=\"{service}\"}} {}", counter.floor());
            }
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request);
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
                text.len()
            );
        }
    });
    port
}

/// An instant some seconds from now, as the APIs take it.
fn rfc3339(seconds: i64) -> String {
    let clock = afterimage::clock::Clock::now(&afterimage::clock::SystemClock);
    afterimage::domain::Timestamp::from_seconds(clock.as_seconds() + seconds).to_string()
}

fn form(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        text.bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect::<String>()
    };
    pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

fn get(port: u16, path: &str) -> Option<(u16, String)> {
    exchange(port, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
}

fn post(port: u16, path: &str, kind: &str, body: &str) -> (u16, String) {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    exchange(port, &format!("{head}{body}")).unwrap_or_else(|| panic!("nobody listens on {port}"))
}

fn exchange(port: u16, request: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        unchunked(body)
    } else {
        body.to_owned()
    };
    Some((status, body))
}

fn unchunked(body: &str) -> String {
    let (mut text, mut rest) = (String::new(), body);
    while let Some((size, after)) = rest.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
        if size == 0 {
            break;
        }
        text.push_str(&after[..size]);
        rest = after[size..].trim_start_matches("\r\n");
    }
    text
}
