//! A file of settings as the console reads it: names, each with one text or several, each with its line. Knows neither
//! keys nor colours.

use std::ops::Range;

use thiserror::Error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::text::shorten;

/// A name and what is set for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// What is set.
    pub name: String,
    /// To what: `"a"` is one text, `["a", "b"]` are two, `[]` is none.
    pub texts: Vec<String>,
    /// Where, counted from 1.
    pub line: usize,
}

/// What is wrong with a file of settings.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
pub struct Fault {
    /// Where, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: String,
}

/// Reads the settings of a file, in the order of their lines.
///
/// # Errors
/// Where it is no TOML, or something else than texts is set.
pub fn read(text: &str) -> Result<Vec<Setting>, Fault> {
    let line_of = |span: Range<usize>| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1;
    let table = DeTable::parse(text).map_err(|error| Fault {
        line: line_of(error.span().unwrap_or_default()),
        problem: shorten(error.message(), 300),
    })?;
    let mut settings = Vec::new();
    for (name, value) in table.get_ref() {
        let line = line_of(name.span());
        let fault = || Fault {
            line,
            problem: format!(
                "'{}' is set to something else than texts: write \"c\" or [\"c\", \"x\"]",
                shown(name.get_ref())
            ),
        };
        let texts = texts(value).ok_or_else(fault)?;
        settings.push(Setting { name: name.get_ref().to_string(), texts, line });
    }
    settings.sort_by_key(|setting| setting.line);
    Ok(settings)
}

fn texts(value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
    match value.get_ref() {
        DeValue::String(text) => Some(vec![text.to_string()]),
        DeValue::Array(values) => values.iter().map(|value| value.get_ref().as_str().map(ToOwned::to_owned)).collect(),
        _ => None,
    }
}

/// Something from a file as it may stand in a message.
#[must_use]
pub fn shown(text: &str) -> String {
    shorten(text, 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_one_text_or_several_or_none() {
        let read = read("# keys\nclose = 'c'\n\nreopen = ['o', 'ctrl-o']\ndiscard = []\n").unwrap();
        let lines: Vec<(&str, usize, usize)> =
            read.iter().map(|it| (it.name.as_str(), it.texts.len(), it.line)).collect();
        assert_eq!(lines, [("close", 1, 2), ("reopen", 2, 4), ("discard", 0, 5)]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let fault = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(
            fault("a = 'x'\nclose = 5\n"),
            "line 2: 'close' is set to something else than texts: write \"c\" or [\"c\", \"x\"]"
        );
        assert!(fault("a = 'x'\nclose = \n").starts_with("line 2: "));
        assert!(fault("a = 'x'\nb = ''\na = 'y'\n").starts_with("line 3: duplicate key"), "{}", fault("a='x'\na='y'"));
        assert!(!fault("'\u{1b}[31m' = 5").contains('\u{1b}'));
    }
}
