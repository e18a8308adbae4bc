//! The console beside other terminal programs, on the same pseudo terminal in one run: time to the first frame, a key to
//! the screen, the share of a core, memory, and bytes to the terminal.
//!
//! ```text
//! cargo bench --bench console                       what is installed of htop, btop, btm, lazygit, gitui, k9s, tig, top
//! cargo bench --bench console -- --seconds 5 htop   only these, more shortly
//! cargo bench --bench console -- --smallest         one console, once, to see that it still works
//! cargo bench --bench console -- --soak 60          an hour on a database that changes all the time
//! ```
#![expect(clippy::print_stdout, reason = "a table is what it is for")]

mod session;
mod soak;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use session::Session;

const OTHERS: [&str; 8] = ["htop", "btop", "btm", "lazygit", "gitui", "k9s", "tig", "top"];
/// Programs read what there is to show before they are measured.
const SETTLE: Duration = Duration::from_secs(6);
const STARTS: usize = 5;
const KEYS: usize = 60;
const AFTERIMAGE: &str = env!("CARGO_BIN_EXE_afterimage");

fn main() {
    let mut seconds = 20;
    let mut smallest = false;
    let mut names: Vec<String> = Vec::new();
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(seconds),
            "--smallest" => (smallest, seconds) = (true, 1),
            "--soak" => {
                let minutes = arguments.next().and_then(|text| text.parse().ok()).expect("--soak takes minutes");
                return soak::run(minutes);
            }
            _ => names.push(argument),
        }
    }
    let names = if names.is_empty() { OTHERS.map(str::to_owned).into() } else { names };
    let folder = tempfile::tempdir().expect("there is room for a database");
    println!("160x45, {STARTS} starts, {seconds} s idle, {KEYS} keys; medians, in brackets the worst\n");
    println!("{}", heading());
    let sizes = [("afterimage, 1,000", "1000", "20000"), ("afterimage, 100,000", "100000", "100000")];
    for (name, incidents, events) in sizes.into_iter().take(if smallest { 1 } else { 2 }) {
        let database = seeded(folder.path(), incidents, events);
        let program = vec![AFTERIMAGE.to_owned(), "--database-url".to_owned(), database];
        let (row, bars) = row(name, &program, folder.path(), seconds);
        println!("{row}\n{bars}");
    }
    if smallest {
        return;
    }
    println!("{}", row("afterimage --demo", &[AFTERIMAGE.to_owned(), "--demo".to_owned()], folder.path(), seconds).0);
    for name in names {
        match on_path(&name) {
            Some(path) => println!("{}", row(&name, &[path.display().to_string()], folder.path(), seconds).0),
            None => println!("{name:<22} is not installed"),
        }
    }
}

fn heading() -> String {
    format!(
        "{:<22} {:>16} {:>16} {:>9} {:>11} {:>11} {:>11} {:>10}",
        "program", "first frame ms", "key ms", "idle cpu", "idle B/s", "scroll cpu", "scroll B/s", "memory MB"
    )
}

fn seeded(folder: &Path, incidents: &str, events: &str) -> String {
    let url = format!("sqlite:{}?mode=rwc", folder.join(format!("{incidents}.db")).display());
    let arguments = ["--database-url", &url, "seed", "--incidents", incidents, "--events", events];
    let seeded = Command::new(AFTERIMAGE).args(arguments).output().expect("it is built");
    assert!(seeded.status.success(), "{}", String::from_utf8_lossy(&seeded.stderr));
    // What is due is captured first: a console that captures is not idle.
    let captured = Command::new(AFTERIMAGE).args(["--database-url", &url, "process"]).output().expect("it is built");
    assert!(captured.status.success(), "{}", String::from_utf8_lossy(&captured.stderr));
    url
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The figures of a program, and how they stand to what the console must reach.
fn row(name: &str, program: &[String], folder: &Path, seconds: u64) -> (String, String) {
    let mut starts: Vec<Duration> = (0..STARTS).map(|_| Session::start(program, folder).first_frame()).collect();
    let mut session = Session::start(program, folder);
    session.first_frame();
    std::thread::sleep(SETTLE);
    let idle = session.over(|_| std::thread::sleep(Duration::from_secs(seconds)));
    let memory = session.memory();
    let mut latencies = Vec::new();
    let scroll = session.over(|session| {
        for _ in 0..KEYS {
            latencies.extend(session.down());
            std::thread::sleep(Duration::from_millis(30));
        }
    });
    let mut text = String::new();
    let _ = write!(
        text,
        "{name:<22} {:>16} {:>16} {:>7.2} % {:>11.0} {:>9.2} % {:>11.0} {:>10.1}",
        spread(&mut starts),
        spread(&mut latencies),
        idle.share * 100.0,
        idle.bytes,
        scroll.share * 100.0,
        scroll.bytes,
        session.memory()
    );
    let bars = [
        ("first frame", "ms", 50.0, milliseconds(&starts)),
        ("key", "ms", 16.0, milliseconds(&latencies)),
        ("idle", "%", 0.5, idle.share * 100.0),
        ("memory", "MB", 40.0, memory),
    ];
    let bars = bars.map(|(what, unit, bar, is)| {
        let stands = if is < bar { "reached" } else { "MISSED" };
        format!("{what} below {bar} {unit} {stands}")
    });
    (text, format!("{:<22} {}", "", bars.join(", ")))
}

/// The median, in milliseconds, of durations in order.
fn milliseconds(durations: &[Duration]) -> f64 {
    durations.get(durations.len() / 2).map_or(f64::NAN, |it| it.as_secs_f64() * 1e3)
}

/// The median, in brackets the worst, in milliseconds.
fn spread(durations: &mut [Duration]) -> String {
    durations.sort();
    let milliseconds = |at: usize| durations.get(at).map_or(f64::NAN, |it| it.as_secs_f64() * 1e3);
    format!("{:.1} ({:.1})", milliseconds(durations.len() / 2), milliseconds(durations.len().saturating_sub(1)))
}
