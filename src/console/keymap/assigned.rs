//! Which keys the actions have: those of the table, or the operator's own.

use crossterm::event::KeyEvent;

use super::{Action, BINDINGS, Binding, Key};
use crate::console::views::ViewKind;

/// Which keys the actions have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// In the order of the table.
    keys: Vec<Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { keys: BINDINGS.iter().map(|binding| binding.keys.to_vec()).collect() }
    }
}

impl Keymap {
    /// The lines of the table with their keys.
    pub fn lines(&self) -> impl Iterator<Item = (&'static Binding, &[Key])> {
        BINDINGS.iter().zip(self.keys.iter().map(Vec::as_slice))
    }

    /// The keys of an action, the first of which is the one that is named.
    #[must_use]
    pub fn keys(&self, action: Action) -> &[Key] {
        self.lines().find(|(binding, _)| binding.action == action).map(|(_, keys)| keys).unwrap_or_default()
    }

    /// The keys of an action as they are listed: `o ctrl-o`.
    #[must_use]
    pub fn listed(&self, action: Action) -> String {
        let names: Vec<String> = self.keys(action).iter().map(|key| key.name()).collect();
        names.join(" ")
    }

    /// How a sentence names the way to an action: by its key, or as it is found among the commands: `:undo`.
    #[must_use]
    pub fn way_to(&self, action: Action) -> String {
        if let Some(key) = self.keys(action).first() {
            return key.name();
        }
        let label = self.lines().find(|(binding, _)| binding.action == action).map_or("", |(binding, _)| binding.label);
        let commands = self.keys(Action::Palette).first().map(|key| key.name()).unwrap_or_default();
        let gap = if commands.chars().count() > 1 { " " } else { "" };
        format!("{commands}{gap}{label}")
    }

    /// The line of the table for a key that was pressed, if it means anything in this view.
    #[must_use]
    pub fn binding_of(&self, event: &KeyEvent, view: ViewKind) -> Option<&'static Binding> {
        let pressed = |(binding, keys): &(&'static Binding, &[Key])| {
            binding.scope.covers(view) && keys.iter().any(|key| key.matches(event))
        };
        self.lines().find(pressed).map(|(binding, _)| binding)
    }

    /// The line of the table for a key that was pressed, if it means anything in any view.
    #[must_use]
    pub fn binding_elsewhere(&self, event: &KeyEvent) -> Option<&'static Binding> {
        ViewKind::ALL.into_iter().find_map(|view| self.binding_of(event, view))
    }

    /// Gives the line at a place of the table other keys.
    pub(super) fn assign(&mut self, at: usize, keys: Vec<Key>) {
        self.keys[at] = keys;
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;

    #[test]
    fn ctrl_d_scrolls_and_only_a_capital_d_discards() {
        let press = |code, modifiers| {
            let event = KeyEvent::new(code, modifiers);
            Keymap::default().binding_of(&event, ViewKind::Pending).map(|binding| binding.action)
        };
        assert_eq!(press(KeyCode::Char('d'), KeyModifiers::CONTROL), Some(Action::HalfPageDown));
        assert_eq!(press(KeyCode::Char('D'), KeyModifiers::SHIFT), Some(Action::Discard));
        assert_eq!(press(KeyCode::Char('d'), KeyModifiers::NONE), None);
    }

    #[test]
    fn a_sentence_names_the_key_or_the_way_through_the_commands() {
        let way = |file: &str| Keymap::read(file).unwrap().way_to(Action::Undo);
        assert_eq!(way(""), "z");
        assert_eq!(way("undo = ['U', 'z']"), "U");
        assert_eq!(way("undo = []"), ":undo");
        assert_eq!(way("undo = []\ncommands = 'ctrl-p'"), "ctrl-p undo");
    }
}
