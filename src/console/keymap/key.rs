//! A key: how it is matched, shown and written in a keymap file.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use thiserror::Error;

use crate::console::settings::shown;

/// A key, as it is matched and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    control: bool,
    shift: bool,
}

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Nothing that a keyboard has.
    #[error(
        "'{0}' is no key: write one character, or one of {names}, f1 to f12; before it ctrl- or shift-",
        names = NAMED.map(|(name, _)| name).join(", ")
    )]
    Unknown(String),
    /// What a terminal does not tell from another key.
    #[error("'{0}' reaches the console as '{1}': write that")]
    Same(String, String),
    /// Alt, which is how a terminal writes escape and a key in one piece.
    #[error("'{0}' reaches the console as escape and then the key, so it cannot be a key of its own")]
    Alt(String),
}

/// The keys that have names.
const NAMED: [(&str, KeyCode); 15] = [
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("insert", KeyCode::Insert),
    ("delete", KeyCode::Delete),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
];

/// A character.
pub(super) const fn key(c: char) -> Key {
    Key { code: KeyCode::Char(c), control: false, shift: false }
}

/// A character with control.
pub(super) const fn control(c: char) -> Key {
    Key { code: KeyCode::Char(c), control: true, shift: false }
}

/// A key that is no character.
pub(super) const fn code(code: KeyCode) -> Key {
    Key { code, control: false, shift: false }
}

/// A key that is no character, with shift.
pub(super) const fn shift(code: KeyCode) -> Key {
    Key { code, control: false, shift: true }
}

/// A key that is no character, with control.
pub(super) const fn control_code(code: KeyCode) -> Key {
    Key { code, control: true, shift: false }
}

impl Key {
    /// The way out, which nobody can give away.
    pub const INTERRUPT: Self = control('c');

    /// Whether this is the key that was pressed.
    #[must_use]
    pub fn matches(self, event: &KeyEvent) -> bool {
        // Shift is in a character already, and in the name of the one key that is only there with it.
        let bare = matches!(event.code, KeyCode::Char(_) | KeyCode::BackTab);
        let shift = event.modifiers.contains(KeyModifiers::SHIFT) && !bare;
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        event.code == self.code && control == self.control && shift == self.shift && !alt
    }

    /// As it is shown, and as a keymap file writes it.
    #[must_use]
    pub fn name(self) -> String {
        let name = match self.code {
            KeyCode::BackTab => "shift-tab".to_owned(),
            KeyCode::F(number) => format!("F{number}"),
            code => match (NAMED.iter().find(|(_, named)| *named == code), code) {
                (Some((name, _)), _) => (*name).to_owned(),
                (None, KeyCode::Char(c)) => c.to_string(),
                (None, other) => format!("{other:?}").to_lowercase(),
            },
        };
        let control = if self.control { "ctrl-" } else { "" };
        let shift = if self.shift { "shift-" } else { "" };
        format!("{control}{shift}{name}")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name())
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut rest = text;
        let (mut control, mut shift) = (false, false);
        while let Some((modifier, after)) =
            rest.split_once('-').filter(|(before, after)| !before.is_empty() && !after.is_empty())
        {
            match modifier.to_ascii_lowercase().as_str() {
                "ctrl" | "control" => control = true,
                "shift" => shift = true,
                "alt" | "meta" | "option" => return Err(KeyError::Alt(shown(text))),
                _ => return Err(KeyError::Unknown(shown(text))),
            }
            rest = after;
        }
        let unknown = || KeyError::Unknown(shown(text));
        let same = |key: &str| KeyError::Same(shown(text), key.to_owned());
        let code = code_of(rest).ok_or_else(unknown)?;
        match code {
            KeyCode::Char(' ') if shift => Err(same("space")),
            KeyCode::Char(c) if shift => Err(same(&c.to_uppercase().to_string())),
            KeyCode::Char(c) if control => control_character(c).map_err(|known| known.map_or_else(unknown, same)),
            KeyCode::Tab if control => Err(same("tab")),
            KeyCode::Tab if shift => Ok(Self { code: KeyCode::BackTab, control, shift: false }),
            KeyCode::Enter | KeyCode::Esc | KeyCode::Backspace if control || shift => Err(same(&code_name(code))),
            code => Ok(Self { code, control, shift }),
        }
    }
}

fn code_of(name: &str) -> Option<KeyCode> {
    let mut characters = name.chars();
    if let (Some(c), None) = (characters.next(), characters.next()) {
        return Some(KeyCode::Char(c)).filter(|_| !c.is_control());
    }
    let name = name.to_ascii_lowercase();
    let number = name.strip_prefix('f').and_then(|number| number.parse().ok());
    if let Some(number) = number.filter(|number| (1..=12).contains(number)) {
        return Some(KeyCode::F(number));
    }
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, code)| *code)
}

fn code_name(code: KeyCode) -> String {
    Key { code, control: false, shift: false }.name()
}

/// What control makes of a character, in the 32 codes that a terminal has for it. Some are keys of their own.
fn control_character(c: char) -> Result<Key, Option<&'static str>> {
    match c {
        'i' | 'I' => Err(Some("tab")),
        'm' | 'M' => Err(Some("enter")),
        '[' => Err(Some("esc")),
        'a'..='z' | ' ' => Ok(control(c)),
        'A'..='Z' => Ok(control(c.to_ascii_lowercase())),
        _ => Err(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let read = text.parse::<Key>().map_or_else(|error| error.to_string(), Key::name);
        assert!(read.starts_with(expected), "{text}: {read}");
    }

    #[test]
    fn a_key_is_written_as_it_is_shown() {
        for name in
            ["c", "D", "-", "ö", "space", "enter", "shift-tab", "F1", "F12", "ctrl-d", "ctrl-space", "shift-left"]
        {
            check(name, name);
        }
        check("ctrl-P", "ctrl-p");
        check("f5", "F5");
        check("Ctrl-Shift-Left", "ctrl-shift-left");
        check(" ", "space");
    }

    #[test]
    fn what_a_terminal_cannot_tell_apart_is_refused_with_the_key_that_it_is() {
        check("ctrl-i", "'ctrl-i' reaches the console as 'tab': write that");
        check("ctrl-m", "'ctrl-m' reaches the console as 'enter'");
        check("shift-x", "'shift-x' reaches the console as 'X'");
        check("shift-enter", "'shift-enter' reaches the console as 'enter'");
        check("alt-x", "'alt-x' reaches the console as escape and then the key");
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_keys_that_there_are() {
        for text in ["", "cc", "f13", "ctrl-", "hyper-x", "ctrl-1", "\u{1b}"] {
            check(text, &format!("'{}' is no key: write one character, or one of space, enter, ", shown(text)));
        }
    }

    #[test]
    fn a_key_matches_with_its_modifiers_alone() {
        let press = |code, modifiers| KeyEvent::new(code, modifiers);
        assert!(key('D').matches(&press(KeyCode::Char('D'), KeyModifiers::SHIFT)));
        assert!(!key('d').matches(&press(KeyCode::Char('d'), KeyModifiers::CONTROL)));
        assert!(code(KeyCode::BackTab).matches(&press(KeyCode::BackTab, KeyModifiers::SHIFT)));
        assert!(!code(KeyCode::Left).matches(&press(KeyCode::Left, KeyModifiers::SHIFT)));
        assert!("shift-left".parse::<Key>().unwrap().matches(&press(KeyCode::Left, KeyModifiers::SHIFT)));
    }
}
