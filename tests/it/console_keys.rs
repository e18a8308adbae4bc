//! Every key of the table of actions, pressed on a real terminal, does what its help says. The `match` has no arm for the
//! rest: an action that is added has to say here what one sees of it.

use afterimage::console::keymap::{Action, BINDINGS, Binding};
use afterimage::console::views::ViewKind;

use crate::support::{Afterimage, Screen};

const NOW: &str = "2026-11-24T13:36:49Z";

/// What is to be seen after a key.
enum Seen {
    Says(&'static str),
    SaysNoLonger(&'static str),
    /// The line that has this in it becomes another.
    Changes(&'static str),
    Copies(&'static str),
    /// What another process has changed.
    Renames,
    HasMouse,
    Stops,
    Ends,
}

/// How a key is tried.
struct Trial {
    /// Keys that come before, and what they lead to.
    before: (&'static str, &'static str),
    seen: Seen,
    /// Keys that lead back.
    after: &'static str,
}

fn trial(before: (&'static str, &'static str), seen: Seen, after: &'static str) -> Trial {
    Trial { before, seen, after }
}

const FIRST_ROW: (&str, &str) = ("1g", " 1 of 42 ");
const SECOND_ROW: (&str, &str) = ("1gj", " 2 of 42 ");
/// Alerts have opened the one that is selected, and its detail is there.
const ALERTED: (&str, &str) = ("1Gg/5xx, on\r", "1 of 3 alerts fire");
/// A chart stands there, without a cursor and as a whole.
const CHART: (&str, &str) = ("1Ggj0", "start 13:17");
const ESCAPE: &str = "\u{1b}";

use Action as A;
use Seen::{Changes, Copies, Ends, HasMouse, Renames, Says, SaysNoLonger, Stops};

#[rustfmt::skip]
fn trial_of(action: Action) -> Trial {
    match action {
        A::Close => trial(FIRST_ROW, Says("Close #42"), ESCAPE),
        A::Reopen => trial(SECOND_ROW, Says("Reopen #41"), ESCAPE),
        A::Capture => trial(SECOND_ROW, Says("will be missing"), ESCAPE),
        A::Retry => trial(("1/#35\r", "#35 Refund job gives up"), Says("to be tried again: the pending snapshot of #35"), ESCAPE),
        A::Discard => trial(SECOND_ROW, Says("Discard the pending snapshot of #41"), ESCAPE),
        // The retried row is due, and fails again.
        A::Run => trial(FIRST_ROW, Says("#35 failed: the query is malformed"), ""),
        A::New => trial(FIRST_ROW, Says("New incident"), ESCAPE),
        A::Comment => trial(FIRST_ROW, Says("Comment on #42"), ESCAPE),
        A::Edit => trial(FIRST_ROW, Says("Edit #42"), ESCAPE),
        A::Undo => trial(("1gc\r", "closed #42"), Says("taken back: the close of #42"), ""),
        A::Mark => trial(FIRST_ROW, Says("1 marked"), "u"),
        A::Unmark => trial(("1g ", "1 marked"), SaysNoLonger("1 marked"), ""),
        A::Filter => trial(FIRST_ROW, Says("status: project:"), ESCAPE),
        A::Sort => trial(FIRST_ROW, Says("Sort by"), ESCAPE),
        A::Columns => trial(FIRST_ROW, Says("Columns"), ESCAPE),
        A::SwitchSeries => trial(CHART, Says("lifetime preview"), "w"),
        A::ZoomIn => trial(CHART, SaysNoLonger("zooms in"), "0"),
        A::ZoomOut => trial(("1Ggj0+", "windowed, 1"), Says("zooms in"), "0"),
        A::ZoomWhole => trial(("1Ggj0++", "windowed, 1"), Says("zooms in"), ""),
        A::PanLeft => trial(("1Ggj0++", "windowed, 1"), Changes("windowed, 1"), "0"),
        A::PanRight => trial(("1Ggj0++H", "windowed, 1"), Changes("windowed, 1"), "0"),
        A::Overlay => trial(CHART, Says("#41 is behind the charts of others"), "bb"),
        A::CursorLeft | A::CursorRight | A::CursorFarLeft | A::CursorFarRight => trial(CHART, Says(", during"), ""),
        A::LogLevel => trial(("4", "TRIGGER"), Says("warnings and errors alone"), "ll1"),
        A::SwitchZone => trial(FIRST_ROW, Says("+00:00"), "t"),
        A::Freeze => trial(FIRST_ROW, Says("frozen "), "f"),
        A::Refresh => trial(("1gf", "frozen "), Renames, "f"),
        A::CopyNumber => trial(FIRST_ROW, Copies("#42"), ""),
        A::CopyRow => trial(FIRST_ROW, Copies("#42\topen\t"), ""),
        A::CopyPage => trial(CHART, Copies("# Incident 41"), ""),
        A::CopyGenerator => trial(ALERTED, Copies("/graph?g0.expr="), ESCAPE),
        A::Export => trial(CHART, Says("Export"), ESCAPE),
        A::Back => trial(("1g\r", "read values"), SaysNoLonger("read values"), ""),
        A::Down => trial(FIRST_ROW, Says(" 2 of 42 "), ""),
        A::Up => trial(SECOND_ROW, Says(" 1 of 42 "), ""),
        A::HalfPageDown | A::PageDown => trial(FIRST_ROW, SaysNoLonger(" 1 of 42 "), ""),
        A::HalfPageUp | A::PageUp => trial(("1G", " 42 of 42 "), SaysNoLonger(" 42 of 42 "), ""),
        A::First => trial(("1G", " 42 of 42 "), Says(" 1 of 42 "), ""),
        A::Last => trial(FIRST_ROW, Says(" 42 of 42 "), "g"),
        A::Open | A::NextPane | A::PreviousPane => trial(FIRST_ROW, Says("read values"), ESCAPE),
        A::View(ViewKind::Incidents) => trial(("2", "TARGET"), SaysNoLonger("TARGET"), ""),
        A::View(ViewKind::Pending) => trial(FIRST_ROW, Says("TARGET"), "1"),
        A::View(ViewKind::Snapshots) => trial(FIRST_ROW, Says("CAPTURED"), "1"),
        A::View(ViewKind::Processor) => trial(FIRST_ROW, Says("TRIGGER"), "1"),
        A::Palette => trial(FIRST_ROW, Says("Commands"), ESCAPE),
        A::Help => trial(FIRST_ROW, Says("Keys of the view"), ESCAPE),
        A::Messages => trial(FIRST_ROW, Says("Messages"), ESCAPE),
        A::Mouse => trial(FIRST_ROW, HasMouse, "M"),
        A::Suspend => trial(FIRST_ROW, Stops, ""),
        A::Quit => trial(FIRST_ROW, Ends, ""),
    }
}

/// As a terminal sends the key of this name.
fn bytes(name: &str) -> String {
    if let Some(letter) = name.strip_prefix("ctrl-").filter(|rest| rest.len() == 1) {
        let letter = letter.bytes().next().expect("it has a letter");
        return char::from(letter & 0x1f).to_string();
    }
    let sequence = match name {
        "space" => " ",
        "enter" => "\r",
        "esc" => ESCAPE,
        "tab" => "\t",
        "shift-tab" => "\u{1b}[Z",
        "up" => "\u{1b}[A",
        "down" => "\u{1b}[B",
        "right" => "\u{1b}[C",
        "left" => "\u{1b}[D",
        "ctrl-right" => "\u{1b}[1;5C",
        "ctrl-left" => "\u{1b}[1;5D",
        "shift-right" => "\u{1b}[1;2C",
        "shift-left" => "\u{1b}[1;2D",
        "home" => "\u{1b}[H",
        "end" => "\u{1b}[F",
        "pgup" => "\u{1b}[5~",
        "pgdn" => "\u{1b}[6~",
        "F1" => "\u{1b}OP",
        character if character.chars().count() == 1 => character,
        other => panic!("how does a terminal send {other}?"),
    };
    sequence.to_owned()
}

fn line_with(text: &str, marker: &str) -> String {
    text.lines().find(|line| line.contains(marker)).unwrap_or_default().to_owned()
}

struct Console {
    screen: Screen,
    others: Afterimage,
    command: String,
}

impl Console {
    /// In a shell, since only there the console can be stopped and its end be looked at.
    fn open() -> Self {
        let mut screen = Screen::open_shell();
        screen.wait_for("prompt>");
        let url = format!("sqlite:{}?mode=rwc", screen.home().join("ops.db").display());
        let others = Afterimage::new().with(&["--database-url", &url, "--now", NOW]);
        let program = env!("CARGO_BIN_EXE_afterimage");
        let command = format!("'{program}' --demo --database-url '{url}' --now {NOW} --by anna\r");
        screen.press(&command);
        screen.wait_for("start 13:18, still open");
        Self { screen, others, command }
    }

    fn check(&mut self, binding: &Binding, key: &str) {
        let Trial { before: (before, reached), seen, after } = trial_of(binding.action);
        let screen = &mut self.screen;
        screen.press(before);
        screen.wait_for(reached);
        screen.settle();
        let what = format!("{key} ({})", binding.help);
        let shown = screen.text();
        let renamed = format!("renamed before {key}");
        if matches!(seen, Renames) {
            self.others.output(&["incident", "edit", "42", "--title", &renamed]);
        }
        screen.press(&bytes(key));
        match seen {
            Says(text) => screen.wait_until(&what, |now| now.contains(text)),
            SaysNoLonger(text) => screen.wait_until(&what, |now| !now.contains(text)),
            Changes(marker) => {
                let line = line_with(&shown, marker);
                screen.wait_until(&what, |now| now.contains(marker) && line_with(now, marker) != line)
            }
            Renames => screen.wait_until(&what, |now| now.contains(&renamed)),
            HasMouse => screen.wait_until(&what, |_| screen.has_mouse()),
            Copies(text) => {
                let copied = screen.wait_for_copy();
                assert!(copied.contains(text), "{what}: {copied}");
                std::time::Duration::ZERO
            }
            Stops => {
                screen.wait_for("Stopped");
                assert!(!screen.is_alternate());
                screen.press("clear; fg\r");
                screen.wait_for(" 1 of 42 ")
            }
            Ends => {
                let prompts = |text: &str| text.trim_end().ends_with("prompt>");
                screen.wait_until(&what, |text| !screen.is_alternate() && prompts(text));
                screen.press("clear\r");
                screen.press(&self.command);
                screen.wait_for("start 13:18, still open")
            }
        };
        screen.press(after);
        // What is typed before the whole list is there again acts on what is still shown.
        screen.wait_until("the whole list", |now| now.contains(" of 42 "));
        screen.settle();
    }
}

#[test]
fn every_key_of_every_action_does_what_its_help_says() {
    let mut console = Console::open();
    for binding in BINDINGS {
        for key in binding.keys {
            console.check(binding, &key.name());
        }
    }
    console.screen.press("q");
    // What is typed before the shell reads again may still be read by the console that ends.
    let prompts = |text: &str| text.trim_end().ends_with("prompt>");
    console.screen.wait_until("the shell", |text| !console.screen.is_alternate() && prompts(text));
    console.screen.press("exit\r");
    assert_eq!(console.screen.ended(), 0);
}
