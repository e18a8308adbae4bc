//! The keymap file: which action has which keys, checked as a whole, so that no key ever means two things.

use std::fmt::Write;

use super::{Action, BINDINGS, Binding, Group, Key, Keymap};
use crate::console::settings::{self, Fault, Setting, shown};
use crate::console::views::ViewKind;
use crate::domain::text::perhaps;

const PREAMBLE: &str = "\
# The keys of the console: NAME = \"key\", NAME = [\"key\", \"key\"], or NAME = [] for no key but the commands.
# An action that is not named keeps the keys it has here. A key is one character (\"D\" is shift and d), space, enter,
# esc, tab, backspace, insert, delete, up, down, left, right, home, end, pgup, pgdn or F1 to F12, with \"ctrl-\" or
# \"shift-\" before it. ctrl-c always quits. Keys within forms and menus stay as they are.
";

impl Keymap {
    /// Reads a keymap file.
    ///
    /// # Errors
    /// Where it names what there is not, or gives one key to two actions of a view.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let mut keymap = Self::default();
        let mut lines: Vec<Option<usize>> = vec![None; BINDINGS.len()];
        for setting in settings::read(text)? {
            let at = place_of(&setting)?;
            keymap.assign(at, keys_of(&setting, BINDINGS[at].action)?);
            lines[at] = Some(setting.line);
        }
        keymap.check(&lines)?;
        Ok(keymap)
    }

    /// The keymap as a file that gives it again.
    #[must_use]
    pub fn file(&self) -> String {
        let mut file = PREAMBLE.to_owned();
        for group in Group::ALL {
            let lines: Vec<(String, &str)> = self
                .lines()
                .filter(|(binding, _)| binding.group == group)
                .map(|(binding, keys)| (format!("{} = {}", binding.action.name(), written(keys)), binding.help))
                .collect();
            let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
            let _ = writeln!(file, "\n# {}", group.heading());
            for (line, help) in lines {
                let _ = writeln!(file, "{line:<width$}  # {help}");
            }
        }
        file
    }

    /// No key means two things in one view. `lines` says where the file gives which line of the table its keys.
    fn check(&self, lines: &[Option<usize>]) -> Result<(), Fault> {
        let assigned: Vec<(&Binding, &[Key])> = self.lines().collect();
        for (later, (one, keys)) in assigned.iter().enumerate() {
            for (earlier, (other, others)) in assigned.iter().enumerate().take(later) {
                let Some(key) = keys.iter().find(|key| others.contains(key)) else { continue };
                let Some(view) = shared_view(one, other) else { continue };
                return Err(clash(*key, view, (one.action, lines[later]), (other.action, lines[earlier])));
            }
        }
        Ok(())
    }
}

fn place_of(setting: &Setting) -> Result<usize, Fault> {
    let found = BINDINGS.iter().position(|binding| binding.action.name() == setting.name);
    found.ok_or_else(|| {
        let perhaps = perhaps(&setting.name, BINDINGS.iter().map(|binding| binding.action.name()));
        let problem =
            format!("there is no action '{}'{perhaps}; 'afterimage keys --default' lists them", shown(&setting.name));
        Fault { line: setting.line, problem }
    })
}

fn keys_of(setting: &Setting, action: Action) -> Result<Vec<Key>, Fault> {
    let fault = |problem: String| Fault { line: setting.line, problem };
    let mut keys: Vec<Key> = Vec::new();
    for text in &setting.texts {
        let key: Key = text.parse().map_err(|error: super::KeyError| fault(format!("{}: {error}", action.name())))?;
        if key == Key::INTERRUPT && action != Action::Quit {
            return Err(fault(format!("'{}' cannot have {key}: it always quits", action.name())));
        }
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    if keys.is_empty() && action == Action::Palette {
        return Err(fault("'commands' needs a key: it is the way to all that has none".to_owned()));
    }
    Ok(keys)
}

fn shared_view(one: &Binding, other: &Binding) -> Option<ViewKind> {
    ViewKind::ALL.into_iter().find(|view| one.scope.covers(*view) && other.scope.covers(*view))
}

/// Names both actions, and of the two the one to move: that which the file says nothing of.
fn clash(key: Key, view: ViewKind, one: (Action, Option<usize>), other: (Action, Option<usize>)) -> Fault {
    // The line to look at is the later one of the file.
    let ((named, line), (kept, kept_line)) = if one.1 >= other.1 { (one, other) } else { (other, one) };
    let (named, kept) = (named.name(), kept.name());
    let advice = match kept_line {
        Some(first) => format!("'{kept}' has it in line {first}"),
        None => format!("'{kept}' has it unless the file gives it another: {kept} = \"...\", or {kept} = [] for none"),
    };
    let problem = format!("{key} would be both '{named}' and '{kept}' in the view {}: {advice}", view.name());
    Fault { line: line.unwrap_or(1), problem }
}

fn written(keys: &[Key]) -> String {
    let quoted = |key: &Key| match key.name().as_str() {
        "\"" => "'\"'".to_owned(),
        "\\" => "'\\'".to_owned(),
        name => format!("\"{name}\""),
    };
    match keys {
        [one] => quoted(one),
        keys => format!("[{}]", keys.iter().map(quoted).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let fault = Keymap::read(text).map(|_| ()).unwrap_err().to_string();
        assert!(fault.starts_with(expected), "{text}\n{fault}");
    }

    #[test]
    fn the_keys_of_the_table_clash_nowhere() {
        assert_eq!(Keymap::read(""), Ok(Keymap::default()));
        assert_eq!(Keymap::default().check(&vec![None; BINDINGS.len()]), Ok(()));
    }

    #[test]
    fn the_file_that_comes_with_the_program_says_what_the_table_says() {
        let file = include_str!("../../../assets/keymap.toml");
        assert_eq!(file, Keymap::default().file());
        assert_eq!(Keymap::read(file), Ok(Keymap::default()));
    }

    #[test]
    fn every_action_has_a_name_of_its_own() {
        let mut names: Vec<&str> = BINDINGS.iter().map(|binding| binding.action.name()).collect();
        assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), BINDINGS.len());
    }

    #[test]
    fn a_listed_action_has_its_listed_keys_alone_and_the_others_keep_theirs() {
        let keymap = Keymap::read("close = 'x1'").map(|_| ()).unwrap_err();
        assert!(keymap.problem.starts_with("close: 'x1' is no key"), "{keymap}");
        let keymap = Keymap::read("reopen = ['O', 'ctrl-o', 'O']\ndiscard = []\n").unwrap();
        assert_eq!(keymap.listed(Action::Reopen), "O ctrl-o");
        assert_eq!(keymap.listed(Action::Discard), "");
        assert_eq!(keymap.listed(Action::Close), "c");
    }

    #[test]
    fn a_key_for_two_actions_is_refused_with_both_and_the_view() {
        check(
            "# mine\nfreeze = 'a'\nclose = 'a'\n",
            "line 3: a would be both 'close' and 'freeze' in the view Incidents: 'freeze' has it in line 2",
        );
    }

    #[test]
    fn a_key_that_another_action_has_by_itself_is_refused_with_the_advice_to_move_that() {
        check(
            "\nreopen = 'c'\n",
            "line 2: c would be both 'reopen' and 'close' in the view Incidents: 'close' has it unless the file gives \
             it another: close = \"...\", or close = [] for none",
        );
        assert!(Keymap::read("reopen = 'c'\nclose = 'o'").is_ok());
    }

    #[test]
    fn what_there_is_not_is_refused_with_what_may_be_meant() {
        check(
            "reopne = 'o'",
            "line 1: there is no action 'reopne': perhaps 'reopen'; 'afterimage keys --default' lists them",
        );
        check("capture = 'ctrl-c'", "line 1: 'capture' cannot have ctrl-c: it always quits");
        check("commands = []", "line 1: 'commands' needs a key");
    }

    #[test]
    fn a_keymap_survives_being_written_and_read() {
        let keymap = Keymap::read("undo = ['\"', '\\', 'ö']\nmark = []\ndown = ['ctrl-n', 'down']").unwrap();
        assert_eq!(Keymap::read(&keymap.file()), Ok(keymap));
    }
}
