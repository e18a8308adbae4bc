//! The console on a real pseudo terminal: it answers keys, and gives the terminal back on every way out.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};

use crate::support::{Afterimage, scratch};

const ROWS: NonZero<u16> = NonZero::new(30).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(120).unwrap();
const PATIENCE: Duration = Duration::from_secs(30);

/// The console on a terminal of 120 columns and 30 rows.
struct Screen {
    master: Box<dyn MasterPty + Send>,
    // Held, so that the terminal can still be asked about when the console has left it.
    _slave: Box<dyn SlavePty + Send>,
    /// How the terminal was set before, as it prints itself.
    settings: String,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    parser: Arc<Mutex<vt100::Parser>>,
    home: Afterimage,
}

impl Screen {
    fn open(arguments: &[&str]) -> Self {
        Self::open_in(Afterimage::new(), arguments)
    }

    /// The console of somebody whose home is there already.
    fn open_in(home: Afterimage, arguments: &[&str]) -> Self {
        Self::start(home, env!("CARGO_BIN_EXE_afterimage"), arguments)
    }

    /// Any program on a terminal.
    fn start(home: Afterimage, program: &str, arguments: &[&str]) -> Self {
        let size = PtySize { rows: ROWS.get(), cols: COLUMNS.get(), pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        command.cwd(home.home());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", home.home());
        command.env("TMPDIR", scratch());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("USER", "anna");
        command.args(arguments);
        let settings = settings(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        let mut output = pair.master.try_clone_reader().unwrap();
        let parser = Arc::new(Mutex::new(vt100::Parser::new(ROWS, COLUMNS, 0)));
        let shown = Arc::clone(&parser);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().unwrap().process(&bytes[..count]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { master: pair.master, _slave: pair.slave, settings, keys, child, parser, home }
    }

    fn text(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    /// Waits until something stands on the screen, and says how long that took.
    fn wait_for(&self, text: &str) -> Duration {
        let began = Instant::now();
        while !self.text().contains(text) {
            assert!(began.elapsed() < PATIENCE, "'{text}' never came:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
        began.elapsed()
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end and checks that the terminal is as it was.
    fn ended(mut self) -> u32 {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        };
        // What was written last may still be on its way.
        while self.parser.lock().unwrap().screen().alternate_screen() {
            assert!(began.elapsed() < PATIENCE, "the alternate screen was not left");
            std::thread::sleep(Duration::from_millis(5));
        }
        let parser = self.parser.lock().unwrap();
        assert!(!parser.screen().hide_cursor() && !parser.screen().bracketed_paste());
        drop(parser);
        assert_eq!(settings(&*self.master), self.settings, "what stty -a would say");
        status.exit_code()
    }
}

/// How a terminal is set: echo, line by line or key by key, what ctrl-c does.
fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("it is a terminal"))
}

#[test]
fn the_console_opens_at_once_and_q_gives_the_terminal_back() {
    let mut screen = Screen::open(&["--demo"]);
    screen.wait_for("1 Incidents");
    assert!(screen.parser.lock().unwrap().screen().alternate_screen());
    screen.wait_for("Login slower than 2 s");
    screen.press("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn keys_typed_in_a_burst_all_count_and_are_seen_soon() {
    let mut screen = Screen::open(&["--demo"]);
    screen.wait_for("1 of ");
    // Singly, as people type: none may wait for the next tick of the clock.
    for row in 2..=9 {
        screen.press("j");
        let took = screen.wait_for(&format!(" {row} of "));
        assert!(took < Duration::from_millis(700), "row {row} took {took:?}");
    }
    screen.press(&"j".repeat(10));
    screen.wait_for(" 19 of ");
    screen.press("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn signals_end_the_console_and_give_the_terminal_back() {
    for signal in ["TERM", "HUP", "INT"] {
        let screen = Screen::open(&["--demo"]);
        screen.wait_for("1 of ");
        screen.signal(signal);
        assert_eq!(screen.ended(), 0, "{signal}");
    }
}

#[test]
fn a_database_that_cannot_be_reached_is_said_on_the_screen_and_keys_still_work() {
    let mut screen = Screen::open(&["--database-url", "postgres://nobody@127.0.0.1:1/none"]);
    screen.wait_for("the database is not reachable");
    screen.press("?");
    screen.wait_for("close the selected or the marked incidents");
    screen.press("\u{1b}");
    std::thread::sleep(Duration::from_millis(100));
    screen.press("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn a_file_that_is_no_database_ends_the_console_with_its_reason() {
    let path = tempfile::NamedTempFile::new_in(scratch()).unwrap();
    std::fs::write(path.path(), "this is no database, but long enough to be looked at as one".repeat(40)).unwrap();
    let url = format!("sqlite:{}", path.path().display());
    let screen = Screen::open(&["--database-url", &url]);
    screen.wait_for("is not a database");
    assert_eq!(screen.ended(), 5);
}

#[test]
fn the_operators_own_keys_do_what_they_say_and_are_the_ones_that_are_named() {
    let home = Afterimage::new();
    let folder = home.home().join(".config/afterimage");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("keymap.toml"), "down = ['ctrl-n']\nhelp = []\nclose = 'F5'\n").unwrap();
    let mut screen = Screen::open_in(home, &["--demo"]);
    screen.wait_for("1 of ");
    screen.wait_for("F5 close");
    screen.press("\u{1b}[15~");
    screen.wait_for("[ Close ]");
    screen.press("\u{1b}");
    std::thread::sleep(Duration::from_millis(100));
    screen.press("jj\u{e}");
    screen.wait_for(" 2 of ");
    screen.press("\u{3}");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_read_on_it() {
    if !cfg!(debug_assertions) {
        return;
    }
    for (signal, said, status) in [("USR1", "a panic in a task was asked for", 1), ("USR2", "a panic in the loop", 101)]
    {
        let screen = Screen::open(&["--demo"]);
        screen.wait_for("1 of ");
        assert_ne!(settings(&*screen.master), screen.settings, "it is the console's meanwhile");
        screen.signal(signal);
        screen.wait_for(said);
        assert_eq!(screen.ended(), status, "{signal}");
    }
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again() {
    let home = Afterimage::new();
    let mut screen = Screen::start(home, "sh", &["-i", "-m"]);
    let shown = |screen: &Screen, wanted: bool| {
        let began = Instant::now();
        while screen.parser.lock().unwrap().screen().alternate_screen() != wanted {
            assert!(began.elapsed() < PATIENCE, "{}", screen.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let read = |screen: &Screen, name: &str| {
        screen.wait_for(&format!("{name}.done"));
        std::fs::read_to_string(screen.home.home().join(name)).unwrap()
    };
    // What is typed is echoed, so that what is waited for is put together by the shell alone.
    let note = |name: &str| format!("stty -a > {name}; echo {name}.do''ne\n");
    screen.press(&note("before"));
    let before = read(&screen, "before");
    screen.press(&format!("{} --demo\n", env!("CARGO_BIN_EXE_afterimage")));
    screen.wait_for("1 of ");
    screen.press("\u{1a}");
    shown(&screen, false);
    screen.press(&note("stopped"));
    assert_eq!(read(&screen, "stopped"), before);
    screen.press("fg\n");
    shown(&screen, true);
    screen.wait_for("1 of ");
    screen.press("j");
    screen.wait_for("2 of ");
    screen.press("q");
    shown(&screen, false);
    screen.press(&note("after"));
    assert_eq!(read(&screen, "after"), before);
    screen.press("exit\n");
    assert_eq!(screen.ended(), 0);
}
