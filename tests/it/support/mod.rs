//! What the tests stand on: databases of both engines, the real program, and short ways to say a time.

mod database;
mod desk;
mod dice;
mod gate;
mod pooler;
mod postgres;
mod program;
mod prometheus;
mod prometheus_program;
mod proxy;
mod receiver;
mod screen;
mod tls;
mod web;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use afterimage::domain::{TimeWindow, Timestamp};

pub(crate) use database::on_both_engines;
pub use database::{Engine, TestDatabase, missing_postgres, run};
pub use desk::{Desk, Early, HOST, TESTER, check_refused, postgres_poison};
pub use dice::Dice;
pub use gate::{Arrival, Gate};
pub use pooler::{Pooler, missing_pooler};
pub use postgres::{Access, Cluster};
pub use program::{Afterimage, Running};
pub use prometheus::{FakePrometheus, Mood, prometheus_options, seconds};
pub use prometheus_program::{PrometheusProgram, Written};
pub use proxy::{Proxy, Way};
pub use receiver::{Received, Receiver, SECRET, until};
pub use screen::{Screen, status_after_hang_up};
pub use web::{Reply, Served, Web, serve, serve_process};

/// How the throwaway servers are set: nothing that they keep outlives the test run.
const SERVER_SETTINGS: &[&str] =
    &["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200"];

/// How many random cases a test tries: those of the suite, or what `AFTERIMAGE_CASES` says.
pub fn cases(usual: u64) -> u64 {
    std::env::var("AFTERIMAGE_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

/// The instant that `text` says, in any form but a relative one; `12:05` is on the day of the tests.
pub fn at(text: &str) -> Timestamp {
    let text = if text.contains('-') { text.to_owned() } else { format!("2026-11-24 {text}") };
    Timestamp::parse(&text, Timestamp::MIN).unwrap_or_else(|error| panic!("{error}"))
}

/// A time window of `count` minutes.
pub fn minutes(count: i64) -> TimeWindow {
    TimeWindow::from_minutes(count).unwrap_or_else(|error| panic!("{error}"))
}

/// Where short-lived data go: memory where there is enough of it, for a container may have 64 MB.
pub fn scratch() -> &'static Path {
    static SCRATCH: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = Path::new("/dev/shm");
        let usable = free_kilobytes(memory) > 2_000_000 && tempfile::tempfile_in(memory).is_ok();
        if usable { memory.to_owned() } else { std::env::temp_dir() }
    });
    &SCRATCH
}

fn free_kilobytes(directory: &Path) -> u64 {
    let listed = Command::new("df").arg("-Pk").arg(directory).output();
    let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let available = listed.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    available.unwrap_or(0)
}
