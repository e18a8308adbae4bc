//! The console on a real pseudo terminal: it answers keys, whatever comes, and gives the terminal back on every way out.

use std::io::Write;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{Access, Afterimage, Cluster, Screen, missing_postgres, scratch, status_after_hang_up};

#[test]
fn the_console_opens_at_once_and_q_gives_the_terminal_back() {
    let mut screen = Screen::open(&["--demo"]);
    screen.wait_for("1 Incidents");
    assert!(screen.is_alternate() && screen.modes() != screen.modes_before());
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
fn keys_typed_ahead_every_ten_milliseconds_lose_nothing() {
    let mut screen = Screen::open(&["--demo"]);
    // Before the first row is there: what cannot act yet does no harm, and what is typed into a form is all there.
    screen.wait_for("1 Incidents");
    let title = "Checkout: every letter of this was typed ahead";
    for key in format!("n{title}").chars() {
        screen.press(&key.to_string());
        std::thread::sleep(Duration::from_millis(10));
    }
    screen.wait_for(title);
    screen.press("\u{1b}");
    screen.wait_until("the list", |text| !text.contains("New incident") && text.contains("1 of "));
    for key in "jjjjjjjjjjkkkkkjjjjjjjjjjkkkkk".chars() {
        screen.press(&key.to_string());
        std::thread::sleep(Duration::from_millis(10));
    }
    screen.wait_for(" 11 of ");
    screen.press("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn what_is_copied_reaches_the_clipboard_of_the_terminal() {
    let mut screen = Screen::open(&["--demo"]);
    screen.wait_for("1 of ");
    screen.press("y");
    screen.wait_for("copied #42");
    assert_eq!(screen.wait_for_copy(), "#42");
    screen.press("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn signals_end_the_console_and_give_the_terminal_back() {
    for signal in ["TERM", "HUP", "INT", "QUIT"] {
        let screen = Screen::open(&["--demo"]);
        screen.wait_for("1 of ");
        screen.signal(signal);
        assert_eq!(screen.ended(), 0, "{signal}");
    }
}

#[test]
fn a_terminal_that_goes_away_ends_the_console_and_leaves_nothing_running() {
    assert_eq!(status_after_hang_up(), 0);
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_brings_the_console_back() {
    let mut screen = Screen::open_shell();
    screen.wait_for("prompt>");
    let shell = screen.modes();
    screen.press(&format!("'{}' --demo\r", env!("CARGO_BIN_EXE_afterimage")));
    screen.wait_for("1 of ");
    screen.press("jjM");
    screen.wait_for(" 3 of ");
    screen.wait_until("the mouse", |_| screen.has_mouse());
    for _ in 0..2 {
        screen.press("\u{1a}");
        screen.wait_for("Stopped");
        assert!(!screen.is_alternate() && !screen.has_mouse());
        screen.wait_until("the shell's own modes", |_| screen.modes() == shell);
        screen.press("clear; fg\r");
        // Drawn anew as a whole, with the cursor where it was.
        screen.wait_until("the console", |text| text.contains(" 3 of ") && text.contains("1 Incidents"));
        assert!(screen.is_alternate());
        screen.wait_until("the mouse", |_| screen.has_mouse());
    }
    screen.press("q");
    screen.wait_until("the shell", |_| !screen.is_alternate());
    screen.wait_until("the shell's own modes", |_| screen.modes() == shell);
    screen.press("exit\r");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn a_storm_of_sizes_leaves_a_console_that_draws_as_before() {
    let mut screen = Screen::open(&["--demo", "--now", "2026-11-24T13:36:49Z"]);
    screen.wait_for("1 of ");
    screen.press("jj");
    screen.wait_for(" 3 of ");
    let mut size = 7u32;
    for turn in 0..300 {
        // Every now and then slowly enough that a frame is drawn at that size.
        size = size.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let (columns, rows) = ((size >> 8) % 200 + 1, (size >> 20) % 60 + 1);
        screen.resize(u16::try_from(columns).unwrap_or(1), u16::try_from(rows).unwrap_or(1));
        screen.press(if turn % 2 == 0 { "j" } else { "k" });
        if turn % 10 == 0 {
            std::thread::sleep(Duration::from_millis(15));
        }
    }
    screen.resize(1, 1);
    std::thread::sleep(Duration::from_millis(50));
    screen.resize(120, 30);
    screen.wait_until("the whole screen", |text| text.contains(" 3 of ") && text.contains("q quit"));
    screen.press("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn a_pasted_megabyte_acts_on_nothing_and_goes_where_one_types() {
    let mut screen = Screen::open(&["--demo"]);
    screen.wait_for("1 of ");
    // Among it every verb there is; nothing may be closed, quit or opened by it.
    let megabyte = "cqjD\ny\r\u{1b}zP!".repeat(100_000);
    let began = Instant::now();
    screen.paste(&megabyte);
    screen.press("j");
    screen.wait_for(" 2 of ");
    screen.press("/");
    screen.wait_for("status: project:");
    screen.paste(&"checkout ".repeat(120_000));
    screen.press("\u{1b}");
    screen.wait_until("all rows again", |text| text.contains(" of 42 "));
    screen.press("n");
    screen.wait_for("New incident");
    screen.paste(&megabyte);
    screen.wait_for("the limit is 1000");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    screen.press("\u{1b}");
    screen.wait_until("the list", |text| !text.contains("New incident"));
    screen.press("q");
    assert_eq!(screen.ended(), 0);
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
fn a_postgres_that_stops_under_the_console_is_said_with_the_age_of_the_rows_and_its_return_too() {
    if missing_postgres().is_some() {
        return;
    }
    let mut cluster = Cluster::start(Access::Socket).unwrap();
    let mut screen = Screen::open(&["--demo", "--database-url", &cluster.url("postgres")]);
    screen.wait_for("1 of ");
    for outage in [Cluster::stop, Cluster::kill] {
        outage(&mut cluster);
        screen.wait_for("database lost, ");
        screen.wait_for("rows from ");
        // The rows are still there to be read, and no key waits for the database.
        screen.press("g");
        screen.wait_for(" 1 of ");
        for row in 2..=6 {
            screen.press("j");
            let took = screen.wait_for(&format!(" {row} of "));
            assert!(took < Duration::from_millis(700), "{took:?}");
        }
        // What is typed meanwhile is kept until it can be sent.
        screen.press("nDeclined cards\r");
        screen.wait_for("the database is not reachable: try again when it answers");
        cluster.resume();
        screen.wait_for("the database answers again");
        screen.press("\r");
        screen.wait_for("opened #");
        screen.wait_until("no word of an outage", |text| !text.contains("database lost"));
    }
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
    // Only a program under development panics on demand.
    if !cfg!(debug_assertions) {
        return;
    }
    for (signal, said, status) in [("USR1", "a panic in a task was asked for", 1), ("USR2", "a panic in the loop", 101)]
    {
        let screen = Screen::open(&["--demo"]);
        screen.wait_for("1 of ");
        assert_ne!(screen.modes(), screen.modes_before(), "it is the console's meanwhile");
        screen.signal(signal);
        screen.wait_for(said);
        assert_eq!(screen.ended(), status, "{signal}");
    }
}

#[test]
fn how_the_console_was_left_is_found_again() {
    let home = Arc::new(Afterimage::new());
    let url = format!("sqlite:{}?mode=rwc", home.home().join("ops.db").display());
    let others = Afterimage::new().with(&["--database-url", &url]);
    for title in ["beta", "alpha", "gamma"] {
        others.output(&["incident", "open", title]);
    }
    let mut screen = Screen::open_in(Arc::clone(&home), &["--database-url", &url]);
    screen.wait_for("1 of 3");
    screen.press(":sort by title\r");
    screen.wait_for("TITLE↑");
    screen.press("/eta\r");
    screen.wait_for("2 hidden");
    // Whatever ends it: what was changed is written soon after, or at the end.
    screen.signal("TERM");
    assert_eq!(screen.ended(), 0);
    let mut screen = Screen::open_in(Arc::clone(&home), &["--database-url", &url]);
    screen.wait_for("the filter is as it was left: eta; esc clears it");
    screen.wait_for("2 hidden");
    screen.wait_for("TITLE↑");
    screen.press("\u{1b}");
    screen.wait_for("of 3");
    screen.press("q");
    assert_eq!(screen.ended(), 0);
    // A file that is broken is no reason not to start.
    std::fs::write(home.home().join(".local/state/afterimage/view.toml"), "orders = ").unwrap();
    let mut screen = Screen::open_in(Arc::clone(&home), &["--database-url", &url]);
    screen.wait_for("↓STARTED");
    screen.press("q");
    assert_eq!(screen.ended(), 0);
}

/// A tmux as it comes, which takes no copy from the programs in it. Its server ends with the test.
struct Tmux(std::path::PathBuf);

impl Tmux {
    fn run(&self, arguments: &[&str]) -> String {
        let mut tmux = Command::new("tmux");
        tmux.arg("-S").arg(&self.0).args(["-f", "/dev/null", "-u"]).args(arguments);
        tmux.env_remove("TMUX").env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
        String::from_utf8_lossy(&tmux.output().expect("tmux was there before").stdout).into_owned()
    }

    #[track_caller]
    fn wait_for(&self, arguments: &[&str], text: &str) {
        let began = Instant::now();
        loop {
            let said = self.run(arguments);
            if said.contains(text) {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "'{text}' never came:\n{said}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

#[test]
fn what_is_copied_within_tmux_reaches_the_clipboard_of_tmux() {
    if Command::new("tmux").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "tmux is missing");
        let _ = writeln!(std::io::stderr(), "NOT TESTED: tmux is not installed");
        return;
    }
    let home = Afterimage::new();
    let tmux = Tmux(home.home().join("tmux.socket"));
    let console = format!("env HOME='{}' '{}' --demo", home.home().display(), env!("CARGO_BIN_EXE_afterimage"));
    tmux.run(&["new-session", "-d", "-x", "120", "-y", "30", &console]);
    tmux.wait_for(&["capture-pane", "-p"], "1 of 42");
    tmux.run(&["send-keys", "y"]);
    tmux.wait_for(&["show-buffer"], "#42");
    tmux.run(&["send-keys", "q"]);
}
