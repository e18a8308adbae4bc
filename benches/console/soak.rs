//! The console over a long time, on a database that others change all the time: its memory must not grow, and no key may
//! come to wait.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::session::Session;
use super::{AFTERIMAGE, spread};

/// What the memory may grow by, after the first minutes.
const GROWTH_MB: f64 = 4.0;
const LAG: Duration = Duration::from_millis(100);
/// All of what is on the screen is gone through: lists, views, chart, filter, help, and back.
const KEYS: [&str; 24] = [
    "j", "j", "j", "\x1b[C", "\x1b[C", "w", "+", "-", "2", "j", "j", "3", "j", "4", "k", "1", "G", "g", "/", "c", "h",
    "\r", "?", "\x1b",
];

/// Goes through the console for so many minutes and prints a line for each.
///
/// # Panics
/// Where the memory grows or keys come to wait.
pub fn run(minutes: u64) {
    let folder = tempfile::tempdir().expect("there is room for a database");
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("soak.db").display());
    command(&url, &["seed", "--incidents", "5000", "--events", "100000"]);
    let mut feed = feed(&url);
    let program = [AFTERIMAGE, "--database-url", &url, "--interval", "20s"].map(str::to_owned);
    let mut session = Session::start(&program, folder.path());
    session.first_frame();
    let mut keys = KEYS.iter().cycle();
    let (mut turn, mut memories) = (0u64, Vec::new());
    println!("minute  memory MB  key ms (worst)  cpu");
    for minute in 1..=minutes {
        let mut latencies = Vec::new();
        let used = session.over(|session| {
            let end = Instant::now() + Duration::from_mins(1);
            while Instant::now() < end {
                for _ in 0..4 {
                    latencies.extend(session.key(keys.next().expect("it goes round")));
                    std::thread::sleep(Duration::from_millis(200));
                }
                session.key("\x1b");
                change(&url, &mut feed, turn);
                turn += 1;
            }
        });
        memories.push(session.memory());
        println!("{minute:>6} {:>10.1} {:>15} {:>5.2} %", session.memory(), spread(&mut latencies), used.share * 100.0);
        let median = latencies.get(latencies.len() / 2).copied().unwrap_or(Duration::MAX);
        assert!(median < LAG, "keys have come to wait: {median:?}\n{}", session.text());
    }
    let early = memories.iter().take(5).copied().fold(0.0, f64::max);
    let late = memories.iter().rev().take(5).copied().fold(0.0, f64::max);
    println!(
        "\n{turn} changes by other processes; memory {early:.1} MB in the first minutes, {late:.1} MB in the last"
    );
    assert!(late < early + GROWTH_MB, "the memory grows");
}

/// What a team does: incidents are opened, commented on, closed, reopened, and events keep coming.
fn change(url: &str, feed: &mut Feed, turn: u64) {
    let id = (turn % 4_000 + 1).to_string();
    match turn % 5 {
        0 => command(url, &["incident", "open", &format!("soak {turn}")]),
        1 => command(url, &["incident", "comment", &id, "looked at it"]),
        2 => command(url, &["incident", "reopen", &id]),
        3 => command(url, &["incident", "close", &id]),
        _ => {
            let line = format!("{{\"timestamp\":\"2026-01-01T00:00:{:02}Z\",\"project\":\"web\"}}\n", turn % 60);
            let _ = feed.0.stdin.as_mut().map(|pipe| pipe.write_all(line.as_bytes()));
        }
    }
}

/// A feed of events. It ends with the soak.
struct Feed(Child);

impl Drop for Feed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn feed(url: &str) -> Feed {
    let arguments = ["--database-url", url, "event", "import", "-", "--format", "ndjson", "--follow"];
    let mut feed = Command::new(AFTERIMAGE);
    feed.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    Feed(feed.spawn().expect("it is built"))
}

fn command(url: &str, arguments: &[&str]) {
    // What the state refuses is refused: the point is that something happens all the time.
    let done = Command::new(Path::new(AFTERIMAGE)).args(["--database-url", url]).args(arguments).output();
    assert!(done.expect("it is built").status.code().is_some_and(|status| status != 2), "{arguments:?}");
}
