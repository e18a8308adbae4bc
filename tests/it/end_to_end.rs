//! From an alert to what was kept of it, with the real Prometheus and Alertmanager. A snapshot is due ten minutes after
//! its close at the earliest, so this takes a quarter of an hour, and is asked for by name:
//!
//! ```text
//! cargo test --test it end_to_end -- --ignored --nocapture
//! ```

mod station;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::Value;
use station::{Station, free_port, programs};

use crate::support::{Afterimage, Running};

const TOKEN: &str = "a-token-of-the-test";
const SOON: Duration = Duration::from_secs(90);
/// `W` is a minute, so a snapshot is due ten minutes after the close; then comes a run, or a retry after a minute.
const CAPTURED: Duration = Duration::from_mins(14);

/// The daemon under test, and what is said of its database.
struct OnCall {
    program: Afterimage,
    configuration: String,
    daemon: Option<Running>,
    began: Instant,
}

impl OnCall {
    fn new(station: &Station, port: u16) -> Self {
        let program = Afterimage::new();
        let configuration = program.home().join("afterimage.toml");
        let urls: Vec<String> = station.alertmanager_urls().iter().map(|url| format!("\"{url}\"")).collect();
        fs::write(
            &configuration,
            format!(
                "interval = '10s'\n\n[http]\nlisten = '127.0.0.1:{port}'\ntoken = '{TOKEN}'\n\n\
                 [[prometheus]]\nname = 'main'\nurl = '{}'\n\n\
                 [[alertmanager]]\nurls = [{}]\npoll_interval = '3s'\nprometheus = 'main'\n\n\
                 [[rule]]\nname = 'errors'\nmatch = ['alertname=\"HighErrorRate\"', 'service!=\"derived\"']\n\
                 time_window = 1\nsource = 'main'\nprojects = ['{{{{label.service}}}}']\n\
                 expression = 'sum(increase(demo_errors_total{{service=\"{{{{label.service}}}}\"}}[{{{{window}}}}]))'\n",
                station.prometheus_url(),
                urls.join(", "),
            ),
        )
        .expect("our own folder");
        let configuration = configuration.display().to_string();
        Self { program, configuration, daemon: None, began: Instant::now() }
    }

    fn start(&mut self) {
        self.daemon = Some(self.program.start(&["--config", &self.configuration, "--daemon"]));
    }

    fn stop(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.signal("TERM");
            let outcome = daemon.wait();
            assert_eq!(outcome.status, 0, "{outcome}");
            assert!(!outcome.stderr.contains(TOKEN), "the token is in the log");
        }
    }

    /// The incidents of a service.
    fn incidents(&self, service: &str) -> Vec<Value> {
        let outcome = self.program.run(&["incident", "list", "--limit", "1000", "--json"]);
        let listed: Value = serde_json::from_str(&outcome.stdout).unwrap_or(Value::Null);
        let of_service = |incident: &&Value| incident["title"] == format!("{service} fails");
        listed.as_array().map(|all| all.iter().filter(of_service).cloned().collect()).unwrap_or_default()
    }

    /// The one incident of a service.
    fn only(&self, service: &str) -> Value {
        let incidents = self.incidents(service);
        assert_eq!(incidents.len(), 1, "{service}: {incidents:?}");
        incidents[0].clone()
    }

    fn id(&self, service: &str) -> String {
        self.only(service)["id"].to_string()
    }

    fn timeline(&self, service: &str) -> String {
        self.program.json(&["incident", "show", &self.id(service)])["activities"].to_string()
    }

    fn snapshot(&self, service: &str) -> Value {
        self.program.json(&["snapshot", "show", &self.id(service)])
    }

    /// Waits until `so` of the service's one incident.
    fn wait_for(&self, what: &str, service: &str, patience: Duration, so: impl Fn(&Value) -> bool) {
        let deadline = Instant::now() + patience;
        while !self.incidents(service).first().is_some_and(&so) {
            assert!(Instant::now() < deadline, "{service} is not {what}: {:?}", self.incidents(service));
            std::thread::sleep(Duration::from_millis(500));
        }
        self.say(&format!("{service} is {what}"));
    }

    fn wait_until_open(&self, service: &str) {
        self.wait_for("open", service, SOON, |incident| incident["status"] == "open");
    }

    fn wait_until_closed(&self, service: &str) {
        self.wait_for("closed", service, SOON, |incident| incident["status"] == "closed");
    }

    fn wait_until_captured(&self, service: &str) {
        let captured = |incident: &Value| incident["snapshot"]["partial"] == false && incident["pending"].is_null();
        self.wait_for("captured", service, CAPTURED, captured);
    }

    fn say(&self, what: &str) {
        // Not the printing macro, which the lints keep for the program itself.
        let _ = writeln!(std::io::stderr(), "{:>4} s  {what}", self.began.elapsed().as_secs());
    }
}

fn seconds(time: &Value) -> i64 {
    crate::support::at(time.as_str().expect("a time")).as_seconds()
}

/// The whole buckets of a snapshot's windowed series, by their start.
fn whole_buckets(snapshot: &Value) -> BTreeMap<i64, Option<f64>> {
    let series = &snapshot["windowed"];
    let (start, end) = (seconds(&series["start"]), seconds(&series["end"]));
    let points = series["values"].as_array().expect("points").iter();
    let points = points.map(|point| (point[0].as_i64().expect("a second"), point[1].as_f64()));
    points.filter(|(bucket, _)| *bucket > start && bucket + 60 <= end).collect()
}

/// Checks a snapshot against what Prometheus answers for the same range, bucket by bucket; how many have a value.
fn check_against(station: &Station, snapshot: &Value, expression: &str) -> usize {
    let buckets = whole_buckets(snapshot);
    let (first, last) = (*buckets.keys().next().expect("buckets"), *buckets.keys().last().expect("buckets"));
    let answered = station.query_range(expression, first + 60, last + 60, 60);
    let expected: BTreeMap<i64, Option<f64>> =
        buckets.keys().map(|bucket| (*bucket, answered.get(&(bucket + 60)).copied())).collect();
    for (bucket, value) in &buckets {
        // Prometheus itself answers with another last digit when it was restarted.
        let is_same = match (value, expected[bucket]) {
            (Some(value), Some(expected)) => (value - expected).abs() <= 1e-9 * expected.abs(),
            (value, expected) => value.is_none() && expected.is_none(),
        };
        assert!(is_same, "{bucket}: {value:?} instead of {:?}", expected[bucket]);
    }
    buckets.values().flatten().count()
}

fn errors_of(service: &str) -> String {
    format!("sum(increase(demo_errors_total{{service=\"{service}\"}}[60s]))")
}

fn pause(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
}

#[test]
#[ignore = "takes a quarter of an hour: cargo test --test it end_to_end -- --ignored --nocapture"]
fn an_alert_becomes_a_snapshot_whatever_fails_on_the_way() {
    if let Err(missing) = programs() {
        assert!(std::env::var_os("AFTERIMAGE_REQUIRE_PROMETHEUS").is_none(), "{missing}");
        let _ = writeln!(std::io::stderr(), "\nTHE END-TO-END TEST DOES NOT RUN: {missing}\n");
        return;
    }
    let port = free_port();
    let services = ["plain", "derived", "restarted", "silenced", "away", "late"];
    let station = Station::start(&services, port, TOKEN).unwrap_or_else(|error| panic!("{error}"));
    let on_call = OnCall::new(&station, port);
    let mut scene = Scene { station, on_call };
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scene.play()));
    if let Err(panic) = outcome {
        let _ = writeln!(std::io::stderr(), "{}", scene.station.logs());
        if let Some(daemon) = scene.on_call.daemon.take() {
            daemon.signal("TERM");
            let _ = writeln!(std::io::stderr(), "{}", daemon.wait());
        }
        std::panic::resume_unwind(panic);
    }
}

struct Scene {
    station: Station,
    on_call: OnCall,
}

impl Scene {
    fn play(&mut self) {
        self.on_call.start();
        pause(12);
        self.alert_and_recover();
        self.restart_alertmanagers();
        self.silence_before_the_resolve();
        self.miss_the_firing_and_the_resolve();
        self.close_last();
        self.keep_what_was_frozen();
        self.compare_and_delete();
        self.find_prometheus_down_at_the_target();
        self.check_the_rest();
        self.on_call.stop();
    }

    /// The plain case: the counter spikes, the alert fires, the incident opens and closes with it.
    fn alert_and_recover(&mut self) {
        let Self { station, on_call } = self;
        for service in ["plain", "derived", "away"] {
            station.spike(service, true);
        }
        on_call.wait_until_open("plain");
        on_call.wait_until_open("derived");
        on_call.wait_until_open("away");
        let derived = on_call.only("derived");
        assert_eq!(derived["expression"], "sum by (service) (rate(demo_errors_total[10s]))", "{derived}");
        assert_eq!((&derived["measure"], &derived["source"]), (&"metric".into(), &"main".into()));
        let plain = on_call.only("plain");
        assert_eq!((&plain["type"], &plain["rule"]), (&"alert_triggered".into(), &"errors".into()));
        assert_eq!(plain["projects"], serde_json::json!(["plain"]));
        pause(40);
        station.spike("plain", false);
        station.spike("derived", false);
        on_call.wait_until_closed("plain");
        on_call.wait_until_closed("derived");
        assert!(on_call.timeline("plain").contains("its alert is over"), "{}", on_call.timeline("plain"));
    }

    /// Alertmanager forgets all, and Prometheus tells it again: nothing closes and nothing opens by that.
    fn restart_alertmanagers(&mut self) {
        let Self { station, on_call } = self;
        station.spike("restarted", true);
        on_call.wait_until_open("restarted");
        station.restart_alertmanagers();
        pause(20);
        assert_eq!(on_call.only("restarted")["status"], "open");
        station.spike("restarted", false);
        on_call.wait_until_closed("restarted");
    }

    /// A silenced alert never says that it is over: Alertmanager no longer lists it, and Prometheus confirms.
    fn silence_before_the_resolve(&mut self) {
        let Self { station, on_call } = self;
        station.spike("silenced", true);
        on_call.wait_until_open("silenced");
        station.silence("silenced");
        pause(10);
        assert_eq!(on_call.only("silenced")["status"], "open", "a silence is no recovery");
        station.spike("silenced", false);
        self.on_call.wait_for("closed", "silenced", 2 * SOON, |incident| incident["status"] == "closed");
        let timeline = self.on_call.timeline("silenced");
        assert!(timeline.contains("no longer lists it, and 'main' last saw it fire at"), "{timeline}");
    }

    /// The daemon is down while an alert fires, and again while it resolves.
    fn miss_the_firing_and_the_resolve(&mut self) {
        let Self { station, on_call } = self;
        on_call.stop();
        station.spike("late", true);
        station.spike("away", false);
        pause(20);
        on_call.start();
        on_call.wait_until_open("late");
        on_call.wait_for("closed", "away", 2 * SOON, |incident| incident["status"] == "closed");
    }

    fn close_last(&mut self) {
        self.station.spike("late", false);
        self.on_call.wait_until_closed("late");
    }

    /// What was frozen at the close is kept, though the source loses it.
    fn keep_what_was_frozen(&mut self) {
        pause(15);
        self.station.delete_series("away");
        let away = self.on_call.only("away");
        assert!(away["snapshot"].is_null() && !away["pending"].is_null(), "{away}");
    }

    /// What was captured is what Prometheus answers, and stays when Prometheus has lost it.
    fn compare_and_delete(&mut self) {
        let Self { station, on_call } = self;
        on_call.wait_until_captured("plain");
        on_call.wait_until_captured("derived");
        let plain = on_call.snapshot("plain");
        assert_eq!((&plain["partial"], &plain["estimated"]), (&false.into(), &true.into()));
        assert!(plain["total_events"].as_i64().is_some_and(|total| total > 500), "{}", plain["total_events"]);
        assert!(plain["unique_users"].is_null());
        let compared = check_against(station, &plain, &errors_of("plain"));
        assert!(compared >= 10, "{compared} buckets");
        let derived = on_call.snapshot("derived");
        assert!(derived["total_events"].is_null(), "a metric has no total");
        let metric = "sum by (service) (rate(demo_errors_total{service=\"derived\"}[10s]))";
        assert!(check_against(station, &derived, metric) >= 10);
        station.delete_series("plain");
        let bucket = *whole_buckets(&plain).keys().next().expect("buckets");
        assert!(station.query_range(&errors_of("plain"), bucket, bucket + 12_000, 60).is_empty());
        assert_eq!(on_call.snapshot("plain"), plain, "Prometheus has lost it, and Afterimage has not");
        on_call.say("what was captured is what Prometheus answered, and survives it");
    }

    /// Prometheus is down at the target date: the row waits, and it is not counted against it.
    fn find_prometheus_down_at_the_target(&mut self) {
        let Self { station, on_call } = self;
        let target = seconds(&on_call.only("late")["pending"]["target_run_date"]);
        let clock = || afterimage::clock::Clock::now(&afterimage::clock::SystemClock).as_seconds();
        on_call.wait_until_captured("away");
        while clock() < target - 5 {
            pause(1);
        }
        station.stop_prometheus();
        let waits = |incident: &Value| {
            let pending = &incident["pending"];
            pending["last_error"].as_str().is_some_and(|error| error.contains("source 'main' does not answer"))
        };
        on_call.wait_for("waiting for Prometheus", "late", SOON, waits);
        let pending = on_call.only("late")["pending"].clone();
        assert_eq!((&pending["attempts"], &pending["dead_since"]), (&0.into(), &Value::Null), "{pending}");
        station.start_prometheus();
        on_call.wait_until_captured("late");
        let late = on_call.snapshot("late");
        assert_eq!(seconds(&late["as_of"]), target, "as if it had been captured on time");
        assert!(check_against(station, &late, &errors_of("late")) >= 10);
    }

    fn check_the_rest(&mut self) {
        let on_call = &self.on_call;
        let away = whole_buckets(&on_call.snapshot("away"));
        let spiked = away.values().flatten().filter(|count| **count > 600.0).count();
        assert!(spiked >= 2, "what was frozen of the spike is kept: {away:?}");
        for service in ["restarted", "silenced"] {
            on_call.wait_until_captured(service);
        }
        for service in ["plain", "derived", "restarted", "silenced", "away", "late"] {
            assert_eq!(on_call.incidents(service).len(), 1, "two Alertmanagers told of {service}, and it is one");
        }
        let counts = on_call.program.json(&["status"]);
        assert_eq!(
            (&counts["pending"], &counts["snapshots"], &counts["dead"]),
            (&0.into(), &6.into(), &0.into()),
            "{counts}"
        );
    }
}
