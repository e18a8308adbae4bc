//! Every scene at every size at which something changes its place: nothing panics, whatever the terminal is.

use super::desk::Desk;
use crate::console::effect::Lane;
use crate::console::event::{Answer, Cause, Event, Failure};
use crate::console::glyphs::Glyphs;
use crate::console::options::Look;
use crate::console::screen::SMALLEST;
use crate::console::theme::Theme;

const LOOKS: [Look; 2] =
    [Look { theme: Theme::colour(), glyphs: Glyphs::Unicode }, Look { theme: Theme::mono(), glyphs: Glyphs::Ascii }];

/// Keys, and what is on the screen after them.
pub(super) const SCENES: [&str; 30] = [
    "",
    "\n",
    "2",
    "3",
    "4",
    "4\tj",
    "c",
    "n",
    "e",
    "m",
    "jjP",
    "jjD",
    "?",
    ":",
    ":close",
    "s",
    "C",
    "!",
    "/abc",
    "/no\n",
    "/status:",
    "    c",
    "    o",
    "\t→→w",
    "jj\n++H",
    "jjbk\n",
    "jjjjjjjj\njj",
    "jjjjx",
    "f",
    "M",
];

/// Around every size at which the arrangement changes, and some beyond all screens.
fn sizes() -> Vec<(u16, u16)> {
    let small = (1..=60).flat_map(|width| [1, 2, 3, 5, 8, 11, 12, 13, 17, 20, 25].map(|height| (width, height)));
    let wide = [79, 80, 81, 100, 119, 120, 121, 160, 220];
    let large =
        wide.into_iter().flat_map(|width| [6, 12, 13, 16, 17, 19, 20, 24, 30, 45].map(|height| (width, height)));
    let odd = [(0, 0), (0, 5), (5, 0), (119, 200), (500, 300)];
    small.chain(large).chain(odd).collect()
}

fn sweep(desk: &mut Desk, what: &str) {
    for (width, height) in sizes() {
        desk.tell(Event::Resize { width, height });
        let screen = desk.screen_with(&LOOKS[usize::from(width + height) % 2]);
        let fits = width >= SMALLEST.0 && height >= SMALLEST.1;
        let said = width < 10 || height < 3 || screen.contains("too");
        assert!(fits || said, "{what} at {width}x{height}:\n{screen}");
    }
}

#[test]
fn no_size_makes_any_scene_panic() {
    for keys in SCENES {
        let mut desk = Desk::ready(120, 40);
        desk.press(keys);
        desk.answer_all();
        sweep(&mut desk, keys);
    }
}

#[test]
fn no_size_makes_a_console_without_its_database_panic() {
    let failure = || Failure { message: "the connection failed: connection refused".into(), cause: Cause::Unreachable };
    let mut never = Desk::started(120, 40);
    never.tell(Event::Answer(Answer::NotConnected { failure: failure(), chance: 0.5 }));
    sweep(&mut never, "unreachable");
    let mut lost = Desk::ready(120, 40);
    let sequence = lost.state.lanes.ask(Lane::Overview);
    lost.tell(Event::Answer(Answer::LoadFailed { lane: Lane::Overview, sequence, failure: failure(), chance: 0.5 }));
    for keys in ["", "2", "3", "4", "\n", "c"] {
        lost.press("1\u{1b}");
        lost.press(keys);
        sweep(&mut lost, keys);
    }
}
