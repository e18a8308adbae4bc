//! A program on a pseudo terminal, and what it uses.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const SIZE: PtySize = PtySize { rows: 45, cols: 160, pixel_width: 0, pixel_height: 0 };

/// What a program has used over a time, by the second.
pub struct Use {
    /// Of a core.
    pub share: f64,
    /// To the terminal.
    pub bytes: f64,
}

/// A program on a terminal of 160 columns and 45 rows. It is told to end when it is dropped.
pub struct Session {
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    parser: Arc<Mutex<vt100::Parser>>,
    written: Arc<AtomicU64>,
    began: Instant,
}

impl Session {
    /// Starts it.
    pub fn start(program: &[String], folder: &Path) -> Self {
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

    /// What stands on the screen.
    pub fn text(&self) -> String {
        self.parser.lock().expect("nobody panics with it").screen().contents()
    }

    /// Until a dozen characters stand on the screen.
    pub fn first_frame(&self) -> Duration {
        loop {
            if self.text().chars().filter(|character| !character.is_whitespace()).count() >= 12 {
                return self.began.elapsed();
            }
            assert!(self.began.elapsed() < Duration::from_secs(20), "nothing is drawn");
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// One row down, until something was drawn; `None` where nothing is within a second.
    pub fn down(&mut self) -> Option<Duration> {
        self.key("\x1b[B")
    }

    /// A key, until something was drawn; `None` where nothing is within a second.
    pub fn key(&mut self, key: &str) -> Option<Duration> {
        let before = self.written.load(Ordering::SeqCst);
        let began = Instant::now();
        self.keys.write_all(key.as_bytes()).and_then(|()| self.keys.flush()).expect("the terminal takes keys");
        while began.elapsed() < Duration::from_secs(1) {
            if self.written.load(Ordering::SeqCst) > before {
                return Some(began.elapsed());
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        None
    }

    /// What is used while something is done.
    pub fn over(&mut self, what: impl FnOnce(&mut Self)) -> Use {
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
    pub fn memory(&self) -> f64 {
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
