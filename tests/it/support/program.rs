//! The real program as a child process: its own home, no settings of the caller's, and never longer than a minute.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{TestDatabase, scratch};

const PATIENCE: Duration = Duration::from_mins(1);

/// The program with a clean environment. Settings made here hold for each of its runs.
#[derive(Debug)]
pub struct Afterimage {
    home: TempDir,
    global_arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

/// What a run of the program came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit status; a signal's number is negative.
    pub status: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said beside that.
    pub stderr: String,
}

/// A run that has not ended yet. It is killed where the test forgets it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Option<Reading>,
    stderr: Option<Reading>,
}

/// What is read of a pipe, on a thread of its own.
#[derive(Debug)]
struct Reading {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Afterimage {
    /// The program in an empty home, with no database named.
    pub fn new() -> Self {
        let home = tempfile::Builder::new().prefix("afterimage-home-").tempdir_in(scratch()).expect("a folder");
        Self { home, global_arguments: Vec::new(), variables: Vec::new() }
    }

    /// The program on `database`.
    pub fn on(database: &TestDatabase) -> Self {
        Self::new().with(&["--database-url", database.url()])
    }

    /// Puts arguments before those of each run.
    #[must_use]
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.global_arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its home folder.
    pub fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// Runs it to its end, without input.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Outcome {
        self.run_with_input(arguments, "")
    }

    /// Runs it to its end, with `input` on its stdin.
    pub fn run_with_input<A: AsRef<OsStr>>(&self, arguments: &[A], input: impl Into<Vec<u8>>) -> Outcome {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().expect("the program can be started");
        let mut stdin = child.stdin.take().expect("it is piped");
        let input = input.into();
        // On a thread of its own, for the program may print before it has read; and it may end without reading.
        std::thread::spawn(move || _ = stdin.write_all(&input));
        Running::new(child).wait()
    }

    /// Starts it and goes on, without input.
    pub fn start<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Running {
        let child = self.command(arguments).stdin(Stdio::null()).spawn().expect("the program can be started");
        Running::new(child)
    }

    /// What it prints, where it must succeed.
    #[track_caller]
    pub fn output<A: AsRef<OsStr>>(&self, arguments: &[A]) -> String {
        let outcome = self.run(arguments);
        assert_eq!(outcome.status, 0, "{outcome}");
        outcome.stdout
    }

    /// The document that it prints with `--json`, where it must succeed.
    #[track_caller]
    pub fn json<A: AsRef<OsStr>>(&self, arguments: &[A]) -> serde_json::Value {
        let mut arguments: Vec<&OsStr> = arguments.iter().map(AsRef::as_ref).collect();
        arguments.push(OsStr::new("--json"));
        let text = self.output(&arguments);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    /// Checks that it fails with `status`, says each of `fragments` on stderr, and prints nothing.
    #[track_caller]
    pub fn assert_fails<A: AsRef<OsStr>>(&self, arguments: &[A], status: i32, fragments: &[&str]) {
        self.run(arguments).assert_failed(status, fragments);
    }

    /// The command itself, for a test that needs a terminal or pipes of its own.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let home = self.home.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_afterimage"));
        command.args(&self.global_arguments).args(arguments).current_dir(home);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", home).env("USER", "tester").env("LOGNAME", "tester");
        command.env("LANG", "C.UTF-8").env("TZ", "UTC").env("RUST_BACKTRACE", "1");
        for (name, folder) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
        ] {
            command.env(name, home.join(folder));
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Default for Afterimage {
    fn default() -> Self {
        Self::new()
    }
}

impl Outcome {
    /// Checks that the run failed with `status`, said each of `fragments` on stderr, and printed nothing.
    #[track_caller]
    pub fn assert_failed(&self, status: i32, fragments: &[&str]) {
        assert_eq!(self.status, status, "{self}");
        for fragment in fragments {
            assert!(self.stderr.contains(fragment), "'{fragment}' is not said: {self}");
        }
        assert!(!self.stderr.contains("panicked"), "{self}");
        assert_eq!(self.stdout, "", "a failure prints nothing on stdout");
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { status, stdout, stderr } = self;
        write!(formatter, "status {status}\n-- stdout\n{stdout}\n-- stderr\n{stderr}")
    }
}

impl Running {
    fn new(mut child: Child) -> Self {
        let stdout = child.stdout.take().map(read_all);
        let stderr = child.stderr.take().map(read_all);
        Self { child, stdout, stderr }
    }

    /// Sends it a signal: `TERM`, `KILL`, `STOP`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(status.expect("there is a kill").success(), "the process {} is there", self.child.id());
    }

    /// Kills it, and waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// Where it takes longer than a minute.
    pub fn wait(self) -> Outcome {
        self.wait_at_most(PATIENCE)
    }

    /// Waits for its end, for so long.
    ///
    /// # Panics
    /// Where it takes longer.
    pub fn wait_at_most(mut self, patience: Duration) -> Outcome {
        let deadline = Instant::now() + patience;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                break status;
            }
            if Instant::now() > deadline {
                let _ = self.child.kill();
                let (stdout, stderr) = self.texts();
                panic!("the program has not ended after {patience:?}\n-- stdout\n{stdout}\n-- stderr\n{stderr}");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let (stdout, stderr) = self.texts();
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        Outcome { status: status.code().or(signal.map(|signal| -signal)).unwrap_or(i32::MIN), stdout, stderr }
    }

    fn texts(&mut self) -> (String, String) {
        (
            self.stdout.take().map(Reading::end).unwrap_or_default(),
            self.stderr.take().map(Reading::end).unwrap_or_default(),
        )
    }

    /// Waits for a line of stderr with this in it.
    ///
    /// # Panics
    /// Where it does not come within a minute.
    pub fn wait_for_line(&mut self, fragment: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = self.stderr.as_ref().map(Reading::so_far).unwrap_or_default();
            // The last line may not be whole.
            let whole = said.rsplit_once('\n').map(|(whole, _)| whole).unwrap_or_default();
            if let Some(line) = whole.lines().find(|line| line.contains(fragment)) {
                return line.to_owned();
            }
            let ended = self.child.try_wait().expect("it is our child").is_some();
            assert!(!ended && Instant::now() < deadline, "'{fragment}' is not said: {said}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until it listens, and says where.
    pub fn listens(&mut self) -> SocketAddr {
        let line = self.wait_for_line("listening address=");
        let (_, address) = line.split_once("address=").expect("it is in the line");
        address.trim().parse().expect("an address")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Reading {
    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().expect("the reader does not panic")).into_owned()
    }

    fn end(self) -> String {
        let Self { bytes, reader } = self;
        let _ = reader.join();
        let bytes = bytes.lock().expect("the reader does not panic");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn read_all(mut pipe: impl Read + Send + 'static) -> Reading {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&bytes);
    let reader = std::thread::spawn(move || {
        let mut block = [0; 4_096];
        while let Ok(length @ 1..) = pipe.read(&mut block) {
            kept.lock().expect("nobody panics with it").extend_from_slice(&block[..length]);
        }
    });
    Reading { bytes, reader }
}
