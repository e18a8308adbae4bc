//! Texts from outside: what is accepted, and how they are made harmless before anyone sees them.

use thiserror::Error;
use unicode_segmentation::UnicodeSegmentation;

/// Why a text from outside is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// Longer than the limit.
    #[error("the {what} is {length} bytes long: the limit is {limit}")]
    TooLong {
        /// What the text is, as a person says it.
        what: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The most it may have.
        limit: usize,
    },
    /// Contains U+0000, which Postgres cannot hold.
    #[error("the {0} contains a NUL character (U+0000), which cannot be stored")]
    Nul(&'static str),
}

/// Bytes of a title, at the most.
pub const TITLE_LIMIT: usize = 1_000;
/// Bytes of a comment, at the most.
pub const COMMENT_LIMIT: usize = 16_384;
/// Bytes of a name, at the most: a project, a rule, a level, a user.
pub const NAME_LIMIT: usize = 200;
/// Bytes of an event's message, at the most.
pub const MESSAGE_LIMIT: usize = 65_536;

/// Checks a text that must say something. White space around it is cut off; the rest is kept as it is.
///
/// # Errors
/// Where it is empty, longer than `limit` bytes, or contains a NUL.
pub fn required<'a>(what: &'static str, text: &'a str, limit: usize) -> Result<&'a str, TextError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(TextError::Empty(what));
    }
    optional(what, trimmed, limit)
}

/// Checks a text that may be empty.
///
/// # Errors
/// Where it is longer than `limit` bytes or contains a NUL.
pub fn optional<'a>(what: &'static str, text: &'a str, limit: usize) -> Result<&'a str, TextError> {
    if text.len() > limit {
        return Err(TextError::TooLong { what, length: text.len(), limit });
    }
    if text.contains('\0') {
        return Err(TextError::Nul(what));
    }
    Ok(text)
}

/// A text on one line that can do nothing to a terminal: control characters, line ends and tabs become a space, and
/// characters that reorder or hide text are left out. Letters of any script stay.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

/// A text that is being typed, as it may be shown: like [`printable`], but sign for sign, so that the cursor stands where
/// it does. What has no place of its own, and would be left out, is seen as �.
#[must_use]
pub fn typed(text: &str) -> String {
    let shown = |c: char| match c {
        '\u{2028}' | '\u{2029}' => ' ',
        c if c.is_control() => ' ',
        c if is_invisible(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(shown).collect()
}

/// Format characters that change the order of what follows or take no place: bidirectional controls, the byte order
/// mark, the soft hyphen, tags. The zero-width joiner stays, emoji need it.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Bytes of a shortened text, at the most: so many, and so many for each character as people count them. A letter may
/// carry any number of accents, so that counting letters alone bounds nothing.
const BYTES: (usize, usize) = (64, 8);

/// At most `limit` characters as people count them, printable, with `…` where something was cut off.
#[must_use]
pub fn shorten(text: &str, limit: usize) -> String {
    let safe = printable(text);
    let most = limit.saturating_mul(BYTES.1).saturating_add(BYTES.0);
    if safe.len() <= most && safe.graphemes(true).nth(limit).is_none() {
        return safe;
    }
    let kept: usize = safe.graphemes(true).take(limit.saturating_sub(1)).map(str::len).sum();
    let end = safe.floor_char_boundary(kept.min(most));
    format!("{}…", &safe[..end])
}

/// `: perhaps 'close'`, where one of the names is nearly what was written; else nothing.
#[must_use]
pub fn perhaps<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let alike = |name: &'a str| (strsim::jaro_winkler(&written.to_lowercase(), name), name);
    let best = names.into_iter().map(alike).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness > 0.8).map(|(_, name)| format!(": perhaps '{name}'")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_that_must_say_something_is_checked() {
        assert_eq!(required("title", "  Checkout errors ", 20), Ok("Checkout errors"));
        assert_eq!(required("title", " \t", 20), Err(TextError::Empty("title")));
        assert_eq!(required("title", "a\0b", 20), Err(TextError::Nul("title")));
        let error = required("title", "abcdef", 5).unwrap_err();
        assert_eq!(error.to_string(), "the title is 6 bytes long: the limit is 5");
    }

    #[test]
    fn escape_sequences_are_shown_harmless() {
        assert_eq!(printable("red \u{1b}[31malert\u{1b}]0;pwned\u{7}"), "red  [31malert ]0;pwned ");
        assert_eq!(printable("two\nlines\tand a \u{202e}turn"), "two lines and a turn");
        assert_eq!(printable("\u{9b}31m"), " 31m");
        assert_eq!(typed("a\u{202e}b\tc\u{2028}"), "a�b c ");
        assert_eq!(printable("größer 漢字 👩‍🚒"), "größer 漢字 👩‍🚒");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shorten("checkout", 8), "checkout");
        assert_eq!(shorten("checkout errors", 8), "checkou…");
        assert_eq!(shorten("👩‍🚒👩‍🚒👩‍🚒", 2), "👩‍🚒…");
        let accents = format!("a{}", "\u{301}".repeat(10_000));
        assert_eq!(shorten(&accents, 2).len(), 1 + 78 + "…".len());
    }

    proptest! {
        #[test]
        fn nothing_printable_can_control_a_terminal_or_hide(text in any::<String>()) {
            let (printable, typed) = (printable(&text), typed(&text));
            let harmless = |c: char| !c.is_control() && !is_invisible(c) && !matches!(c, '\u{2028}' | '\u{2029}');
            prop_assert!(printable.chars().chain(typed.chars()).all(harmless));
            prop_assert_eq!(typed.chars().count(), text.chars().count());
        }
    }

    #[test]
    fn a_slip_is_met_with_what_was_meant() {
        assert_eq!(perhaps("clsoe", ["reopen", "close"]), ": perhaps 'close'");
        assert_eq!(perhaps("xyz", ["reopen", "close"]), "");
    }
}
