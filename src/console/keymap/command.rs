//! What can be found by words: every action of the table, and every order of the list.

use super::{Action, BINDINGS, Keymap, Scope};
use crate::console::listing::SortKey;
use crate::console::views::ViewKind;

/// Something that can be found by its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Do what a line of the table says.
    Act(Action),
    /// Put the list of the view in this order; in the other direction where it has it already.
    SortBy(SortKey),
}

/// A command that was found, and where its texts have what was looked for: positions of their characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What was found.
    pub command: Command,
    /// What it is called.
    pub label: String,
    /// The characters of the label that were looked for.
    pub in_label: Vec<usize>,
    /// What it does.
    pub help: &'static str,
    /// The characters of the help that were looked for.
    pub in_help: Vec<usize>,
    /// In which views it has a meaning.
    pub scope: Scope,
}

/// How well a word fits, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    LabelBegins,
    WordOfLabelBegins,
    InLabel,
    Key,
    WordOfHelpBegins,
    InHelp,
    Scattered,
}

/// The commands that have all the words of `query`, the best first; of those that fit alike, what has no meaning in this
/// view comes last. Depends on nothing that changes while one types: what was first on the screen is first when enter is
/// pressed.
#[must_use]
pub fn search(query: &str, keymap: &Keymap, view: ViewKind) -> Vec<Found> {
    let words: Vec<&str> = query.split_whitespace().collect();
    let mut found: Vec<(Vec<Fit>, Found)> =
        all().into_iter().filter_map(|command| fitting(command, &words, keymap)).collect();
    // The worst fit of its words decides, so that one that fits badly is not made up for by others.
    found.sort_by_cached_key(|(fits, found)| (fits.iter().max().copied(), fits.clone(), !found.scope.covers(view)));
    found.into_iter().map(|(_, found)| found).collect()
}

fn all() -> Vec<Found> {
    let new =
        |command, label, help, scope| Found { command, label, in_label: Vec::new(), help, in_help: Vec::new(), scope };
    let actions = BINDINGS.iter().map(|it| new(Command::Act(it.action), it.label.to_owned(), it.help, it.scope));
    let orders = SortKey::ALL.iter().map(|key| {
        let help = "put the list in this order; again reverses it";
        new(Command::SortBy(*key), format!("sort by {}", key.label()), help, Scope::Lists)
    });
    actions.chain(orders).collect()
}

fn fitting(mut found: Found, words: &[&str], keymap: &Keymap) -> Option<(Vec<Fit>, Found)> {
    let mut fits = Vec::new();
    for word in words {
        fits.push(fit(&mut found, word, keymap)?);
    }
    Some((fits, found))
}

fn fit(found: &mut Found, word: &str, keymap: &Keymap) -> Option<Fit> {
    let (label, help, wanted) = (letters(&found.label), letters(found.help), letters(word));
    let has_key = |action| keymap.keys(action).iter().any(|key| key.name() == word);
    if let Some(at) = place(&label, &wanted) {
        found.in_label.extend(at..at + wanted.len());
        return Some(match at {
            0 => Fit::LabelBegins,
            at if begins_word(&label, at) => Fit::WordOfLabelBegins,
            _ => Fit::InLabel,
        });
    }
    if matches!(found.command, Command::Act(action) if has_key(action)) {
        return Some(Fit::Key);
    }
    if let Some(at) = place(&help, &wanted) {
        found.in_help.extend(at..at + wanted.len());
        return Some(if begins_word(&help, at) { Fit::WordOfHelpBegins } else { Fit::InHelp });
    }
    let scattered = scattered(&label, &wanted)?;
    found.in_label.extend(scattered);
    Some(Fit::Scattered)
}

fn letters(text: &str) -> Vec<char> {
    text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
}

/// Where a word stands: at the beginning of a word rather than within one.
fn place(text: &[char], word: &[char]) -> Option<usize> {
    let mut places = text.windows(word.len().max(1)).enumerate().filter(|(_, part)| *part == word).map(|(at, _)| at);
    let first = places.next()?;
    Some(std::iter::once(first).chain(places).find(|at| begins_word(text, *at)).unwrap_or(first))
}

fn begins_word(text: &[char], at: usize) -> bool {
    at == 0 || !text[at - 1].is_alphanumeric()
}

/// The letters of a word in their order, with others between them.
fn scattered(text: &[char], word: &[char]) -> Option<Vec<usize>> {
    let mut at = 0;
    let mut places = Vec::new();
    for letter in word {
        at += text[at..].iter().position(|c| c == letter)? + 1;
        places.push(at - 1);
    }
    Some(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(query: &str, view: ViewKind) -> Vec<String> {
        search(query, &Keymap::default(), view).into_iter().map(|found| found.label).collect()
    }

    #[test]
    fn an_action_is_found_by_its_words_and_first_by_its_name() {
        assert_eq!(labels("close", ViewKind::Incidents)[0], "close");
        assert_eq!(labels("dead retry", ViewKind::Incidents), ["retry"]);
        assert_eq!(labels("re", ViewKind::Incidents)[..3], ["reopen", "retry", "refresh"]);
        assert!(labels("no such thing", ViewKind::Incidents).is_empty());
        assert_eq!(labels("", ViewKind::Incidents).len(), BINDINGS.len() + SortKey::ALL.len());
    }

    #[test]
    fn letters_may_be_left_out_and_a_key_finds_its_action() {
        assert_eq!(labels("cpnw", ViewKind::Incidents), ["capture now"]);
        assert_eq!(labels("ctrl-z", ViewKind::Incidents)[0], "suspend");
    }

    #[test]
    fn the_orders_and_the_views_are_among_them() {
        assert_eq!(labels("sort title", ViewKind::Incidents), ["sort by title"]);
        assert_eq!(labels("view 3", ViewKind::Incidents), ["snapshots"]);
    }

    #[test]
    fn what_has_no_meaning_in_this_view_comes_after_what_fits_as_well_and_before_what_fits_worse() {
        let found = labels("", ViewKind::Processor);
        assert!(found.iter().position(|it| it == "close") > found.iter().position(|it| it == "quit"), "{found:?}");
        assert_eq!(labels("filter", ViewKind::Snapshots)[0], "filter");
    }

    #[test]
    fn the_letters_that_were_looked_for_are_told() {
        let found = &search("now capt", &Keymap::default(), ViewKind::Incidents)[0];
        assert_eq!((found.label.as_str(), found.in_label.as_slice()), ("capture now", &[8, 9, 10, 0, 1, 2, 3][..]));
    }
}
