//! Texts from outside as Markdown that shows them letter by letter: no markup, no HTML, no end of a cell or a line.

use crate::domain::text::printable;

/// A text within a line, a heading or a cell of a table.
#[must_use]
pub fn inline(outside: &str) -> String {
    let safe = printable(outside);
    let mut escaped = String::with_capacity(safe.len());
    let mut before = ' ';
    let mut characters = safe.trim().chars().peekable();
    while let Some(character) = characters.next() {
        let after = characters.peek().copied().unwrap_or(' ');
        let is_markup = match character {
            '\\' | '`' | '*' | '[' | ']' | '<' | '|' | '~' | '$' => true,
            // Within a word it is a letter like any other: names keep their looks.
            '_' => !(before.is_alphanumeric() && after.is_alphanumeric()),
            '&' => after.is_ascii_alphanumeric() || after == '#',
            _ => false,
        };
        if is_markup {
            escaped.push('\\');
        }
        escaped.push(character);
        before = character;
    }
    escaped
}

/// A text of several lines in a cell of a table, which has but one.
pub(super) fn lines(outside: &str) -> String {
    let lines = outside.lines().map(inline).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("<br>")
}

/// A text as code in a cell, where that can be said with single back quotes; else as any other.
pub(super) fn code(outside: &str) -> String {
    let safe = printable(outside);
    let safe = safe.trim();
    if safe.is_empty() || safe.contains(['`', '|', '\\']) { inline(safe) } else { format!("`{safe}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_shown_letter_by_letter() {
        let cases = [
            ("Checkout errors above 5% (#12)", "Checkout errors above 5% (#12)"),
            ("a|b\\|c", "a\\|b\\\\\\|c"),
            ("**bold** _it_ `code` ~~no~~", "\\*\\*bold\\*\\* \\_it\\_ \\`code\\` \\~\\~no\\~\\~"),
            ("session_store in eu_west_1", "session_store in eu_west_1"),
            ("<img src=x onerror=alert(1)>", "\\<img src=x onerror=alert(1)>"),
            ("[click](javascript:x) ![](http://x)", "\\[click\\](javascript:x) !\\[\\](http://x)"),
            ("R&D &lt; &#60; a & b", "R\\&D \\&lt; \\&#60; a & b"),
            ("$x$", "\\$x\\$"),
            ("one\n# two\u{1b}[31m", "one # two \\[31m"),
        ];
        for (given, written) in cases {
            assert_eq!(inline(given), written, "{given}");
        }
    }

    #[test]
    fn a_comment_of_several_lines_stays_in_its_cell() {
        assert_eq!(lines("rolled back\n\n- to 412 | 413\r\nwatching"), "rolled back<br>- to 412 \\| 413<br>watching");
    }

    #[test]
    fn a_query_is_code_unless_it_would_end_it() {
        assert_eq!(code("level:error *time_out*"), "`level:error *time_out*`");
        assert_eq!(code("a`b"), "a\\`b");
        assert_eq!(code("a|b"), "a\\|b");
    }
}
