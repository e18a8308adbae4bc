//! How wide a text is, and how it is broken into lines: as the screen counts, character by character.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::domain::text::printable;

/// How many columns a text takes.
///
/// The sum of its characters as people count them, since the screen places them one by one: some scripts are narrower
/// as a whole than their characters are.
#[must_use]
pub fn width_of(text: &str) -> usize {
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// A text broken between words into lines of at most `width` columns.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for word in printable(text).split_whitespace() {
        if !line.is_empty() && used + 1 + width_of(word) > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if !line.is_empty() {
            line.push(' ');
            used += 1;
        }
        for grapheme in word.graphemes(true) {
            if !line.is_empty() && used + width_of(grapheme) > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(grapheme);
            used += width_of(grapheme);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_wrapped_between_words_and_long_words_within() {
        assert_eq!(wrap("the checkout is slow", 9), ["the", "checkout", "is slow"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("漢字漢字", 1).len(), 4);
    }

    #[test]
    fn a_text_is_as_wide_as_its_characters() {
        assert_eq!(width_of("漢字"), 4);
        assert_eq!(width_of("e\u{301}"), 1);
        assert_eq!(width_of("👩‍🚒🇩🇪"), 4);
        assert_eq!(width_of("\u{644}\u{627}"), 2, "a ligature is drawn as two characters");
    }
}
