//! The console beside other terminal programs, on the same pseudo terminal in one run: time to the first frame, a key to
//! the screen, the share of a core, memory, and bytes to the terminal.
//!
//! ```text
//! cargo bench --bench console                       what is installed of htop, btop, btm, lazygit, gitui, k9s, tig, top
//! cargo bench --bench console -- --seconds 5 htop   only these, more shortly
//! ```
#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const SIZE: PtySize = PtySize { rows: 45, cols: 160, pixel_width: 0, pixel_height: 0 };
const OTHERS: [&str; 8] = ["htop", "btop", "btm", "lazygit", "gitui", "k9s", "tig", "top"];
/// Programs read what there is to show before they are measured.
const SETTLE: Duration = Duration::from_secs(6);
const STARTS: usize = 5;
const KEYS: usize = 60;
const AFTERIMAGE: &str = env!("CARGO_BIN_EXE_afterimage");

fn main() {
    let mut seconds = 20;
    let mut names: Vec<String> = Vec::new();
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(seconds),
            _ => names.push(argument),
        }
    }
    let names = if names.is_empty() { OTHERS.map(str::to_owned).into() } else { names };
    let folder = tempfile::tempdir().expect("there is room for a database");
    println!("160x45, {STARTS} starts, {seconds} s idle, {KEYS} keys; medians, in brackets the worst\n");
    println!("{}", heading());
    for (name, incidents, events) in
        [("afterimage, 1,000", "1000", "20000"), ("afterimage, 100,000", "100000", "100000")]
    {
        let database = seeded(folder.path(), incidents, events);
        let program = vec![AFTERIMAGE.to_owned(), "--database-url".to_owned(), database];
        println!("{}", row(name, &program, folder.path(), seconds));
    }
    println!("{}", row("afterimage --demo", &[AFTERIMAGE.to_owned(), "--demo".to_owned()], folder.path(), seconds));
    for name in names {
        match on_path(&name) {
            Some(path) => println!("{}", row(&name, &[path.display().to_string()], folder.path(), seconds)),
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

fn row(name: &str, program: &[String], folder: &Path, seconds: u64) -> String {
    let mut starts: Vec<Duration> = (0..STARTS).map(|_| Session::start(program, folder).first_frame()).collect();
    let mut session = Session::start(program, folder);
    session.first_frame();
    std::thread::sleep(SETTLE);
    let idle = session.over(|_| std::thread::sleep(Duration::from_secs(seconds)));
    let mut latencies = Vec::new();
    let scroll = session.over(|session| {
        for _ in 0..KEYS {
            latencies.extend(session.key());
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
    text
}

/// The median, in brackets the worst, in milliseconds.
fn spread(durations: &mut [Duration]) -> String {
    durations.sort();
    let milliseconds = |at: usize| durations.get(at).map_or(f64::NAN, |it| it.as_secs_f64() * 1e3);
    format!("{:.1} ({:.1})", milliseconds(durations.len() / 2), milliseconds(durations.len().saturating_sub(1)))
}

/// What a program has used over a time, by the second.
struct Use {
    share: f64,
    bytes: f64,
}

struct Session {
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    parser: Arc<Mutex<vt100::Parser>>,
    written: Arc<AtomicU64>,
    began: Instant,
}

impl Session {
    fn start(program: &[String], folder: &Path) -> Self {
        let pair = native_pty_system().openpty(SIZE).expect("there are pseudo terminals");
        let mut command = CommandBuilder::new(&program[0]);
        command.args(&program[1..]);
        command.cwd(env!("CARGO_MANIFEST_DIR"));
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("XDG_STATE_HOME", folder);
        let began = Instant::now();
        let child = pair.slave.spawn_command(command).expect("the program can be started");
        let mut output = pair.master.try_clone_reader().expect("the terminal can be read");
        let parser = Arc::new(Mutex::new(vt100::Parser::new(
            SIZE.rows.try_into().expect("it has rows"),
            SIZE.cols.try_into().expect("it has columns"),
            0,
        )));
        let written = Arc::new(AtomicU64::new(0));
        let (shown, counted) = (Arc::clone(&parser), Arc::clone(&written));
        std::thread::spawn(move || {
            let mut bytes = vec![0; 1 << 16];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().expect("nobody panics with it").process(&bytes[..count]);
                counted.fetch_add(count as u64, Ordering::SeqCst);
            }
        });
        let keys = pair.master.take_writer().expect("the terminal can be written");
        Self { _master: pair.master, keys, child, parser, written, began }
    }

    /// Until a dozen characters stand on the screen.
    fn first_frame(&self) -> Duration {
        loop {
            let text = self.parser.lock().expect("nobody panics with it").screen().contents();
            if text.chars().filter(|character| !character.is_whitespace()).count() >= 12 {
                return self.began.elapsed();
            }
            assert!(self.began.elapsed() < Duration::from_secs(20), "nothing is drawn");
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// One row down, until something was drawn; `None` where nothing is within a second.
    fn key(&mut self) -> Option<Duration> {
        let before = self.written.load(Ordering::SeqCst);
        let began = Instant::now();
        self.keys.write_all(b"\x1b[B").and_then(|()| self.keys.flush()).expect("the terminal takes keys");
        while began.elapsed() < Duration::from_secs(1) {
            if self.written.load(Ordering::SeqCst) > before {
                return Some(began.elapsed());
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        None
    }

    fn over(&mut self, what: impl FnOnce(&mut Self)) -> Use {
        let (began, used, written) = (Instant::now(), self.used(), self.written.load(Ordering::SeqCst));
        what(self);
        let seconds = began.elapsed().as_secs_f64();
        let bytes = self.written.load(Ordering::SeqCst) - written;
        #[expect(clippy::cast_precision_loss, reason = "bytes of a terminal")]
        Use { share: (self.used() - used) / seconds, bytes: bytes as f64 / seconds }
    }

    fn process(&self, file: &str) -> String {
        let pid = self.child.process_id().expect("it runs");
        fs::read_to_string(format!("/proc/{pid}/{file}")).expect("it runs, and this is Linux")
    }

    /// Seconds of a core, so far. Linux counts them in hundredths.
    fn used(&self) -> f64 {
        let stat = self.process("stat");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(f64::NAN);
        (ticks(11) + ticks(12)) / 100.0
    }

    /// Resident, in megabytes.
    fn memory(&self) -> f64 {
        let status = self.process("status");
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|text| text.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let pid = self.child.process_id().map(|pid| pid.to_string()).unwrap_or_default();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.child.wait();
    }
}
