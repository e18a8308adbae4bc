//! Texts to be read in a box of their own: how they are broken into lines and columns on a screen of a given size. Said
//! once, so that what `update` scrolls is what `view` draws.

use crate::console::keymap::{BINDINGS, Group, Keymap};
use crate::console::lines::{width_of, wrap};
use crate::console::state::State;
use crate::console::state::toasts::Tone;
use crate::console::views::ViewKind;
use crate::domain::Timestamp;

/// From this width on there is room for two columns.
const TWO_COLUMNS: u16 = 116;
/// Between two columns.
pub const GUTTER: u16 = 3;
/// The widest box.
const WIDEST: u16 = 150;
/// Keys take so many columns at most.
const KEYS: usize = 16;

/// A text in a box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<L> {
    /// How wide the box is, with its frame.
    pub width: u16,
    /// The lines of each column.
    pub columns: Vec<Vec<L>>,
    /// How many lines of each are seen at once.
    pub rows: usize,
}

impl<L> Page<L> {
    fn new(width: u16, height: u16, columns: Vec<Vec<L>>) -> Self {
        let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
        // The frame, and the line that says how to scroll and to leave.
        let rows = usize::from(height).saturating_sub(5).min(longest);
        Self { width, columns, rows }
    }

    /// How far it can be scrolled.
    #[must_use]
    pub fn last(&self) -> usize {
        self.columns.iter().map(Vec::len).max().unwrap_or(0) - self.rows
    }
}

/// A line of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HelpLine {
    /// Between two groups.
    Blank,
    /// Above a group.
    Heading(String),
    /// Keys and what they do; no keys where the line above goes on.
    Keys(String, String),
}

/// A line of what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageLine {
    /// When; nothing where the line above goes on.
    pub at: Option<Timestamp>,
    /// How it was meant.
    pub tone: Tone,
    /// What.
    pub text: String,
}

/// The help on this screen: the keys of this view in their groups, then those that mean something elsewhere.
#[must_use]
pub fn help((width, height): (u16, u16), keymap: &Keymap, view: ViewKind) -> Page<HelpLine> {
    let two = width >= TWO_COLUMNS;
    let outer = if two { width.min(WIDEST) } else { width.min(96) };
    let inner = outer.saturating_sub(4);
    let column = usize::from(if two { (inner - GUTTER) / 2 } else { inner });
    let lines = help_lines(keymap, view, column);
    let columns = if two { in_two(lines) } else { vec![lines] };
    Page::new(outer, height, columns)
}

/// How wide the keys stand in the help.
#[must_use]
pub fn keys_width(keymap: &Keymap) -> usize {
    BINDINGS.iter().map(|binding| width_of(&keymap.listed(binding.action))).max().unwrap_or(0).clamp(6, KEYS)
}

fn help_lines(keymap: &Keymap, view: ViewKind, width: usize) -> Vec<HelpLine> {
    let here = Group::ALL.map(|group| (group.heading().to_owned(), Some(group)));
    let elsewhere = [("In other views".to_owned(), None)];
    let text_width = width.saturating_sub(keys_width(keymap) + 1).max(10);
    let mut lines = Vec::new();
    for (heading, group) in here.into_iter().chain(elsewhere) {
        let belongs = |binding: &&crate::console::keymap::Binding| match group {
            Some(group) => binding.scope.covers(view) && binding.group == group,
            None => !binding.scope.covers(view),
        };
        let mut bindings = BINDINGS.iter().filter(belongs).peekable();
        if bindings.peek().is_some() && !lines.is_empty() {
            lines.push(HelpLine::Blank);
        }
        if bindings.peek().is_some() {
            lines.push(HelpLine::Heading(heading));
        }
        for binding in bindings {
            let mut keys = keymap.listed(binding.action);
            if keys.is_empty() {
                keys = keymap.way_to(binding.action);
            }
            for text in wrap(binding.help, text_width) {
                lines.push(HelpLine::Keys(std::mem::take(&mut keys), text));
            }
        }
    }
    lines
}

/// Two columns of about the same length, neither of which begins within a group.
fn in_two(mut lines: Vec<HelpLine>) -> Vec<Vec<HelpLine>> {
    let blanks = lines.iter().enumerate().filter(|(_, line)| **line == HelpLine::Blank).map(|(at, _)| at);
    let Some(middle) = blanks.min_by_key(|at| (2 * at).abs_diff(lines.len())) else { return vec![lines] };
    let second = lines.split_off(middle + 1);
    lines.pop();
    vec![lines, second]
}

/// What the console has said, the newest first.
#[must_use]
pub fn messages(state: &State) -> Page<MessageLine> {
    let (width, height) = (state.size.0.min(96), state.size.1);
    let mut lines = Vec::new();
    for toast in state.toasts.history() {
        let wrapped = wrap(&toast.text, usize::from(width).saturating_sub(14).max(10));
        for (at, text) in wrapped.into_iter().enumerate() {
            lines.push(MessageLine { at: (at == 0).then_some(toast.at), tone: toast.tone, text });
        }
    }
    Page::new(width, height, vec![lines])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_this_view_come_first() {
        let page = help((80, 24), &Keymap::default(), ViewKind::Processor);
        let headings: Vec<&str> = page.columns[0]
            .iter()
            .filter_map(|line| if let HelpLine::Heading(heading) = line { Some(heading.as_str()) } else { None })
            .collect();
        assert_eq!(headings, ["Act", "Look", "Move", "Console", "In other views"]);
        let place = |keys: &str| {
            page.columns[0].iter().position(|line| matches!(line, HelpLine::Keys(listed, _) if listed == keys))
        };
        assert!(place("c") > place("p"), "close has no meaning here");
    }

    #[test]
    fn no_line_is_wider_than_its_column_and_every_action_is_there() {
        for width in 40..200 {
            let page = help((width, 24), &Keymap::default(), ViewKind::Incidents);
            let inner = usize::from(page.width) - 4;
            let column = if page.columns.len() == 2 { (inner - usize::from(GUTTER)) / 2 } else { inner };
            let mut listed = 0;
            for line in page.columns.iter().flatten() {
                if let HelpLine::Keys(keys, text) = line {
                    listed += usize::from(!keys.is_empty());
                    assert!(keys_width(&Keymap::default()) + 1 + width_of(text) <= column, "{width}: {text}");
                }
            }
            assert_eq!(listed, BINDINGS.len());
        }
    }

    #[test]
    fn nothing_is_scrolled_where_everything_is_seen() {
        let page = help((160, 46), &Keymap::default(), ViewKind::Incidents);
        assert_eq!((page.columns.len(), page.last()), (2, 0));
        let page = help((40, 12), &Keymap::default(), ViewKind::Incidents);
        assert_eq!(page.last() + page.rows, page.columns[0].len());
    }
}
