//! The one table of actions: their names, help, and the keys that they have unless a keymap file gives them others. Key
//! dispatch, the hint line, the help and the palette are all read from it, so that they can never tell different stories.

mod action;
mod assigned;
mod command;
mod file;
mod key;

use crossterm::event::KeyCode;

use crate::console::views::ViewKind;

pub use action::Action;
pub use assigned::Keymap;
pub use command::{Command, Found, search};
pub use key::{Key, KeyError};
use key::{code, control, control_code, key, shift};

/// In which views an action has a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In all.
    Everywhere,
    /// Where there is a list.
    Lists,
    /// In the list of incidents.
    Incidents,
    /// Where incidents and pending snapshots are listed.
    Promises,
    /// In the view of the processor.
    Processor,
}

impl Scope {
    /// Whether a view is one of them.
    #[must_use]
    pub fn covers(self, view: ViewKind) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Lists => view != ViewKind::Processor,
            Self::Incidents => view == ViewKind::Incidents,
            Self::Promises => matches!(view, ViewKind::Incidents | ViewKind::Pending),
            Self::Processor => view == ViewKind::Processor,
        }
    }
}

/// Under which heading of the help an action stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Changes something.
    Act,
    /// Chooses what is shown.
    Look,
    /// Goes somewhere.
    Move,
    /// About the console itself.
    Console,
}

impl Group {
    /// All of them, in the order of the help.
    pub const ALL: [Self; 4] = [Self::Act, Self::Look, Self::Move, Self::Console];

    /// The heading.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Act => "Act",
            Self::Look => "Look",
            Self::Move => "Move",
            Self::Console => "Console",
        }
    }
}

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// What is done.
    pub action: Action,
    /// By which keys, where no file gives it others.
    pub keys: &'static [Key],
    /// In one or two words, for the hint line.
    pub label: &'static str,
    /// In a sentence.
    pub help: &'static str,
    /// In which views.
    pub scope: Scope,
    /// Under which heading.
    pub group: Group,
    /// Its place in the hint line, if it has one.
    pub hint: Option<u8>,
}

const fn binding(
    action: Action,
    keys: &'static [Key],
    label: &'static str,
    help: &'static str,
    (scope, group, hint): (Scope, Group, Option<u8>),
) -> Binding {
    Binding { action, keys, label, help, scope, group, hint }
}

use Action as A;
use Group as G;
use Scope as S;

/// The table.
#[rustfmt::skip]
pub const BINDINGS: &[Binding] = &[
    binding(A::Close, &[key('c')], "close", "close the selected or the marked incidents", (S::Promises, G::Act, Some(10))),
    binding(A::Reopen, &[key('o')], "reopen", "reopen the selected or the marked incidents", (S::Lists, G::Act, Some(11))),
    binding(A::Capture, &[key('P')], "capture now", "capture the snapshot of the selected or the marked incidents now", (S::Lists, G::Act, Some(14))),
    binding(A::Retry, &[key('r')], "retry", "try a failed or dead pending snapshot again", (S::Promises, G::Act, Some(12))),
    binding(A::Discard, &[key('D')], "discard", "give a pending snapshot up", (S::Promises, G::Act, Some(25))),
    binding(A::Run, &[key('p')], "run", "run the processor over all that is due", (S::Everywhere, G::Act, Some(15))),
    binding(A::New, &[key('n')], "new", "open a new incident", (S::Everywhere, G::Act, Some(16))),
    binding(A::Comment, &[key('m')], "comment", "say something about the selected incident", (S::Lists, G::Act, Some(17))),
    binding(A::Edit, &[key('e')], "edit", "correct the title or the start of the selected incident", (S::Promises, G::Act, None)),
    binding(A::Undo, &[key('z')], "undo", "take back this console's last close", (S::Everywhere, G::Act, Some(5))),
    binding(A::Mark, &[key(' ')], "mark", "mark or unmark the selected; verbs act on the marked", (S::Lists, G::Act, None)),
    binding(A::Unmark, &[key('u')], "unmark all", "take all marks away", (S::Lists, G::Act, Some(18))),
    binding(A::Filter, &[key('/')], "filter", "filter by fields, words: status:open project:web chkout", (S::Lists, G::Look, Some(20))),
    binding(A::Sort, &[key('s')], "sort", "choose the order; the order that it has is reversed", (S::Lists, G::Look, Some(21))),
    binding(A::Columns, &[key('C')], "columns", "choose the columns of the list and their order", (S::Incidents, G::Look, None)),
    binding(A::SwitchSeries, &[key('w')], "other series", "switch the chart between windowed and lifetime series", (S::Lists, G::Look, Some(22))),
    binding(A::ZoomIn, &[key('+')], "zoom in", "show the incident and what is around it in the chart, then half of that", (S::Lists, G::Look, Some(23))),
    binding(A::ZoomOut, &[key('-')], "zoom out", "show twice as much in the chart, up to all of the series", (S::Lists, G::Look, Some(23))),
    binding(A::ZoomWhole, &[key('0')], "all of it", "show all of the series in the chart", (S::Lists, G::Look, None)),
    binding(A::PanLeft, &[key('H'), shift(KeyCode::Left)], "pan left", "show what was before in the chart", (S::Lists, G::Look, None)),
    binding(A::PanRight, &[key('L'), shift(KeyCode::Right)], "pan right", "show what came after in the chart", (S::Lists, G::Look, None)),
    binding(A::Overlay, &[key('b')], "behind", "draw the marked or this one behind other charts; again scales", (S::Lists, G::Look, None)),
    binding(A::CursorLeft, &[code(KeyCode::Left), key('h')], "cursor left", "move the cursor of the chart to the left", (S::Lists, G::Look, None)),
    binding(A::CursorRight, &[code(KeyCode::Right), key('l')], "cursor right", "move the cursor of the chart to the right", (S::Lists, G::Look, None)),
    binding(A::CursorFarLeft, &[control_code(KeyCode::Left)], "far left", "move the cursor of the chart ten buckets to the left", (S::Lists, G::Look, None)),
    binding(A::CursorFarRight, &[control_code(KeyCode::Right)], "far right", "move the cursor of the chart ten buckets to the right", (S::Lists, G::Look, None)),
    binding(A::LogLevel, &[key('l')], "log level", "show all of the log, warnings and errors, or errors alone", (S::Processor, G::Look, Some(24))),
    binding(A::SwitchZone, &[key('t')], "UTC/local", "write times in UTC or in local time", (S::Everywhere, G::Look, None)),
    binding(A::Freeze, &[key('f')], "freeze", "stop reading the rows again, or go on", (S::Everywhere, G::Look, Some(30))),
    binding(A::Refresh, &[key('R'), control('r')], "refresh", "read everything again now", (S::Everywhere, G::Look, None)),
    binding(A::CopyNumber, &[key('y')], "copy", "copy the number of the selected incident to the clipboard", (S::Lists, G::Look, None)),
    binding(A::CopyRow, &[key('Y')], "copy row", "copy the row of the selected incident to the clipboard", (S::Lists, G::Look, None)),
    binding(A::CopyPage, &[control('y')], "copy page", "copy the snapshot of the selected incident as Markdown", (S::Lists, G::Look, None)),
    binding(A::CopyGenerator, &[key('A')], "copy generator URL", "copy the generator URL of the alert that opened the incident", (S::Lists, G::Look, None)),
    binding(A::Export, &[key('x')], "export", "export the snapshot of the selected incident to a file", (S::Lists, G::Look, None)),
    binding(A::Open, &[code(KeyCode::Enter)], "open", "go into the detail of the selected incident", (S::Lists, G::Move, Some(19))),
    binding(A::Back, &[code(KeyCode::Esc)], "back", "go back, then clear the marks, then the filter; never quits", (S::Everywhere, G::Move, None)),
    binding(A::Down, &[key('j'), code(KeyCode::Down)], "down", "one row down", (S::Everywhere, G::Move, None)),
    binding(A::Up, &[key('k'), code(KeyCode::Up)], "up", "one row up", (S::Everywhere, G::Move, None)),
    binding(A::HalfPageDown, &[control('d')], "half page down", "half a page down", (S::Everywhere, G::Move, None)),
    binding(A::HalfPageUp, &[control('u')], "half page up", "half a page up", (S::Everywhere, G::Move, None)),
    binding(A::PageDown, &[code(KeyCode::PageDown), control('f')], "page down", "a page down", (S::Everywhere, G::Move, None)),
    binding(A::PageUp, &[code(KeyCode::PageUp), control('b')], "page up", "a page up", (S::Everywhere, G::Move, None)),
    binding(A::First, &[key('g'), code(KeyCode::Home)], "first", "to the first row", (S::Everywhere, G::Move, None)),
    binding(A::Last, &[key('G'), code(KeyCode::End)], "last", "to the last row", (S::Everywhere, G::Move, None)),
    binding(A::NextPane, &[code(KeyCode::Tab)], "other pane", "to the other pane; from the log to the runs and back", (S::Everywhere, G::Move, None)),
    binding(A::PreviousPane, &[code(KeyCode::BackTab)], "other pane", "to the other pane, the other way round", (S::Everywhere, G::Move, None)),
    binding(A::View(ViewKind::Incidents), &[key('1')], "incidents", "view 1: all incidents", (S::Everywhere, G::Move, None)),
    binding(A::View(ViewKind::Pending), &[key('2')], "pending", "view 2: the pending snapshots", (S::Everywhere, G::Move, None)),
    binding(A::View(ViewKind::Snapshots), &[key('3')], "snapshots", "view 3: the snapshots", (S::Everywhere, G::Move, None)),
    binding(A::View(ViewKind::Processor), &[key('4')], "processor", "view 4: the processor, its runs, its log", (S::Everywhere, G::Move, None)),
    binding(A::Palette, &[key(':'), control('p')], "commands", "find an action by its name", (S::Everywhere, G::Console, Some(40))),
    binding(A::Help, &[key('?'), code(KeyCode::F(1))], "help", "this help", (S::Everywhere, G::Console, Some(41))),
    binding(A::Messages, &[key('!')], "messages", "what the console has said so far", (S::Everywhere, G::Console, None)),
    binding(A::Mouse, &[key('M')], "mouse", "let the console have the mouse, or the terminal", (S::Everywhere, G::Console, None)),
    binding(A::Suspend, &[control('z')], "suspend", "stop the console; fg brings it back", (S::Everywhere, G::Console, None)),
    binding(A::Quit, &[key('q'), control('c')], "quit", "leave the console", (S::Everywhere, G::Console, Some(42))),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_key_and_says_what_it_does() {
        for binding in BINDINGS {
            assert!(!binding.keys.is_empty() && !binding.help.is_empty() && !binding.label.is_empty());
        }
    }
}
