//! The console on a real pseudo terminal: keys go in, a screen comes out, and the terminal's modes are compared before and
//! after.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};

use super::{Afterimage, scratch};

const PATIENCE: Duration = Duration::from_secs(30);
/// What is looked at so often is seen as soon as a person would see it.
const GLANCE: Duration = Duration::from_millis(2);

/// What has not changed for so long has been drawn to its end.
const STILL: Duration = Duration::from_millis(80);

/// A program on a terminal of its own. It is killed where the test forgets it.
pub struct Screen {
    master: Box<dyn MasterPty + Send>,
    /// Kept, so that the modes of the terminal can still be asked for when the program is gone.
    _slave: Box<dyn SlavePty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    parser: Arc<Mutex<Parser>>,
    before: String,
    home: Arc<Afterimage>,
}

type Parser = vt100::Parser<Clipboard>;

/// What the program has put into the terminal's clipboard.
#[derive(Debug, Default)]
struct Clipboard {
    encoded: Option<Vec<u8>>,
}

impl vt100::Callbacks for Clipboard {
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.encoded = Some(data.to_owned());
    }
}

impl Screen {
    /// The console on a terminal of 120 columns and 30 rows.
    pub fn open(arguments: &[&str]) -> Self {
        Self::open_in(Afterimage::new(), arguments)
    }

    /// The console of somebody whose home is there already.
    pub fn open_in(home: impl Into<Arc<Afterimage>>, arguments: &[&str]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_afterimage"));
        command.args(arguments);
        Self::start(home.into(), 120, 30, command)
    }

    /// The console on a terminal of another size.
    pub fn open_sized((columns, rows): (u16, u16), arguments: &[&str]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_afterimage"));
        command.args(arguments);
        Self::start(Arc::new(Afterimage::new()), columns, rows, command)
    }

    /// A shell with job control, in which the console is a command as any other.
    pub fn open_shell() -> Self {
        let mut command = CommandBuilder::new("bash");
        command.args(["--norc", "--noprofile", "-i"]);
        Self::start(Arc::new(Afterimage::new()), 120, 30, command)
    }

    fn start(home: Arc<Afterimage>, columns: u16, rows: u16, mut command: CommandBuilder) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).expect("there are pseudo terminals");
        command.env_clear();
        command.cwd(home.home());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", home.home());
        command.env("TMPDIR", scratch());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("TZ", "UTC");
        command.env("USER", "anna");
        command.env("PS1", "prompt> ");
        let before = modes(&pair.master.tty_name().expect("it has a name"));
        let child = pair.slave.spawn_command(command).expect("the program can be started");
        let parser = vt100::Parser::new_with_callbacks(non_zero(rows), non_zero(columns), 0, Clipboard::default());
        let parser = Arc::new(Mutex::new(parser));
        let mut output = pair.master.try_clone_reader().expect("the terminal can be read");
        let shown = Arc::clone(&parser);
        std::thread::spawn(move || {
            let mut bytes = vec![0; 1 << 16];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().expect("nobody panics with it").process(&bytes[..count]);
            }
        });
        let keys = pair.master.take_writer().expect("the terminal can be written");
        Self { master: pair.master, _slave: pair.slave, keys, child, parser, before, home }
    }

    fn parser(&self) -> MutexGuard<'_, Parser> {
        self.parser.lock().expect("nobody panics with it")
    }

    /// The home folder of the program.
    pub fn home(&self) -> &Path {
        self.home.home()
    }

    /// What stands on the screen.
    pub fn text(&self) -> String {
        self.parser().screen().contents()
    }

    /// Whether the program has the screen for itself.
    pub fn is_alternate(&self) -> bool {
        self.parser().screen().alternate_screen()
    }

    /// Whether the program has the mouse reported.
    pub fn has_mouse(&self) -> bool {
        self.parser().screen().mouse_protocol_mode() != vt100::MouseProtocolMode::None
    }

    /// Waits until something is copied.
    #[track_caller]
    pub fn wait_for_copy(&self) -> String {
        let began = Instant::now();
        loop {
            if let Some(encoded) = self.parser().callbacks_mut().encoded.take() {
                let decoded = BASE64_STANDARD.decode(encoded).expect("what is copied is encoded");
                return String::from_utf8(decoded).expect("what is copied is a text");
            }
            assert!(began.elapsed() < PATIENCE, "nothing is copied:\n{}", self.text());
            std::thread::sleep(GLANCE);
        }
    }

    /// Waits until something stands on the screen, and says how long that took.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> Duration {
        self.wait_until(&format!("'{text}'"), |screen| screen.contains(text))
    }

    /// Waits until the screen is as wanted, and says how long that took.
    #[track_caller]
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> Duration {
        let began = Instant::now();
        loop {
            let text = self.text();
            if wanted(&text) {
                return began.elapsed();
            }
            assert!(began.elapsed() < PATIENCE, "{what} never came:\n{text}");
            std::thread::sleep(GLANCE);
        }
    }

    /// Waits until the screen has stood still for a moment. Its clock must be frozen.
    #[track_caller]
    pub fn settle(&self) {
        let began = Instant::now();
        let (mut text, mut since) = (self.text(), Instant::now());
        while since.elapsed() < STILL {
            assert!(began.elapsed() < PATIENCE, "the screen does not settle:\n{text}");
            std::thread::sleep(GLANCE);
            let now = self.text();
            if now != text {
                (text, since) = (now, Instant::now());
            }
        }
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.keys.flush().expect("the terminal takes keys");
    }

    /// Pastes, as a terminal does that was asked to say so.
    pub fn paste(&mut self, text: &str) {
        assert!(self.parser().screen().bracketed_paste(), "it did not ask for it");
        self.press(&format!("\u{1b}[200~{text}\u{1b}[201~"));
    }

    /// Gives the terminal another size. The screen that is looked at keeps its own.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.master.resize(size(columns, rows)).expect("the terminal can be resized");
    }

    /// Sends the program a signal: `TERM`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.process_id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().expect("there is a kill");
        assert!(sent.success());
    }

    /// The modes of the terminal, as `stty -a` says them.
    pub fn modes(&self) -> String {
        modes(&self.master.tty_name().expect("it has a name"))
    }

    /// The modes of the terminal before the program was started.
    pub fn modes_before(&self) -> &str {
        &self.before
    }

    /// Waits for the end, checks that the terminal is as it was, and says with which status it ended.
    #[track_caller]
    pub fn ended(mut self) -> u32 {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end:\n{}", self.text());
            std::thread::sleep(GLANCE);
        };
        // What was written last may still be on its way.
        while self.is_alternate()
            || self.has_mouse()
            || self.parser().screen().hide_cursor()
            || self.parser().screen().bracketed_paste()
        {
            assert!(began.elapsed() < PATIENCE, "the terminal was not given back");
            std::thread::sleep(GLANCE);
        }
        assert_eq!(self.modes(), self.before, "the modes of the terminal");
        status.exit_code()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The exit status of the console whose terminal goes away, as a window that is closed or a connection that is lost.
#[track_caller]
pub fn status_after_hang_up() -> u32 {
    let home = Afterimage::new();
    let pair = native_pty_system().openpty(size(120, 30)).expect("there are pseudo terminals");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_afterimage"));
    command.arg("--demo");
    command.env("HOME", home.home());
    command.env("TERM", "xterm-256color");
    let mut child = pair.slave.spawn_command(command).expect("the program can be started");
    drop(pair.slave);
    let mut output = pair.master.try_clone_reader().expect("the terminal can be read");
    let (mut bytes, mut seen) = (vec![0; 1 << 16], Vec::new());
    while !String::from_utf8_lossy(&seen).contains(" of 42") {
        let count = output.read(&mut bytes).expect("it draws");
        seen.extend_from_slice(&bytes[..count]);
    }
    // These are all of the terminal's other end.
    drop((output, pair.master));
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            return status.exit_code();
        }
        if began.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("it goes on without a terminal");
        }
        std::thread::sleep(GLANCE);
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn non_zero(number: u16) -> NonZero<u16> {
    NonZero::new(number).expect("a screen has a size")
}

fn modes(terminal: &Path) -> String {
    let said = Command::new("stty").arg("-a").arg("-F").arg(terminal).output().expect("there is a stty");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    // The size is not the program's.
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    said.lines().skip(1).collect::<Vec<_>>().join("\n")
}
