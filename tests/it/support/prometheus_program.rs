//! The real Prometheus on data that a test writes, where it is installed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A running Prometheus. It ends, and its data go, with its value.
pub struct PrometheusProgram {
    url: String,
    process: Child,
    client: reqwest::Client,
    folder: TempDir,
}

/// One series of a test's data: its name, its labels, and its samples as seconds and value.
pub type Written = (&'static str, &'static str, Vec<(i64, f64)>);

impl Drop for PrometheusProgram {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl PrometheusProgram {
    /// Whether the programs are not there, which is said aloud: what wants them has shown nothing.
    ///
    /// # Panics
    /// Where they are required.
    pub fn is_missing() -> bool {
        let is_there = |name: &str| {
            let run = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            run.is_ok_and(|status| status.success())
        };
        let Some(missing) = ["prometheus", "promtool"].into_iter().find(|name| !is_there(name)) else { return false };
        let required = std::env::var("AFTERIMAGE_REQUIRE_PROMETHEUS").is_ok_and(|value| value == "1");
        assert!(!required, "AFTERIMAGE_REQUIRE_PROMETHEUS is set, but there is no program {missing}");
        // Past the test's own capture, so that it is seen.
        let _ = writeln!(std::io::stderr(), "\nNOT RUN: there is no program {missing}: install prometheus");
        true
    }

    /// One that holds these series, and knows of nothing that it should watch.
    pub async fn start(series: &[Written]) -> Self {
        let folder = tempfile::tempdir_in(super::scratch()).unwrap();
        write_blocks(folder.path(), series);
        Self::launch(folder, "global: {}\n").await
    }

    /// One that scrapes what answers there every second, with this token.
    pub async fn scraping(address: SocketAddr, token: &str) -> Self {
        let folder = tempfile::tempdir_in(super::scratch()).unwrap();
        std::fs::write(folder.path().join("token"), token).unwrap();
        let configuration = format!(
            "global: {{ scrape_interval: 1s }}\nscrape_configs:\n  - job_name: afterimage\n    authorization: \
             {{ credentials_file: token }}\n    static_configs: [ {{ targets: ['{address}'] }} ]\n"
        );
        Self::launch(folder, &configuration).await
    }

    async fn launch(folder: TempDir, configuration: &str) -> Self {
        std::fs::write(folder.path().join("prometheus.yml"), configuration).unwrap();
        // Nobody else takes it between here and there but by an accident that the wait would show.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg("--storage.tsdb.retention.time=20y")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let program = Self { url, process, client: client(), folder };
        program.wait().await;
        program
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What its own API says of an expression at an instant, asked by a way of the test's own.
    pub async fn evaluate(&self, expression: &str, at: f64) -> Option<f64> {
        let mut address = reqwest::Url::parse(&format!("{}/api/v1/query", self.url)).unwrap();
        address.query_pairs_mut().append_pair("query", expression).append_pair("time", &at.to_string());
        let answer = self.client.get(address).send().await.unwrap().text().await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["status"], "success", "{answer}");
        let value = answer["data"]["result"][0]["value"][1].as_str()?.parse::<f64>().unwrap();
        value.is_finite().then_some(value)
    }

    async fn wait(&self) {
        let started = Instant::now();
        loop {
            let ready = self.client.get(format!("{}/-/ready", self.url)).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            if started.elapsed() > Duration::from_secs(30) {
                let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                panic!("prometheus is not ready after 30 s:\n{log}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn client() -> reqwest::Client {
    // Somebody else in this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().tls_certs_only([]).build().unwrap()
}

fn write_blocks(folder: &Path, series: &[Written]) {
    let mut text = String::new();
    for (name, labels, samples) in series {
        // The name of a counter's samples ends with what its own does not.
        match name.strip_suffix("_total") {
            Some(counter) => writeln!(text, "# TYPE {counter} counter").unwrap(),
            None => writeln!(text, "# TYPE {name} gauge").unwrap(),
        }
        for (at, value) in samples {
            writeln!(text, "{name}{{{labels}}} {value} {at}").unwrap();
        }
    }
    text.push_str("# EOF\n");
    std::fs::write(folder.join("samples.om"), text).unwrap();
    let output = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([folder.join("samples.om"), folder.join("data")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
