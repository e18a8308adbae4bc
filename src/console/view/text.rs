//! Texts in exactly so many columns, and numbers and times as they stand in a table. Knows nothing of incidents.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;

use crate::console::glyphs::Glyphs;
use crate::domain::span;
use crate::domain::text::printable;

pub(super) use crate::console::lines::{width_of, wrap};

/// A text in at most `width` columns, printable, with an ellipsis where something was cut off.
pub(super) fn cut(text: &str, width: usize, glyphs: Glyphs) -> String {
    let safe = printable(text);
    if width_of(&safe) <= width {
        return safe;
    }
    let mut kept = String::new();
    let mut used = 0;
    for grapheme in safe.graphemes(true) {
        let next = width_of(grapheme);
        if used + next + 1 > width {
            break;
        }
        kept.push_str(grapheme);
        used += next;
    }
    if width > 0 {
        kept.push_str(glyphs.ellipsis());
    }
    kept
}

/// A line in at most `width` columns, with a sign where something is left out.
pub(super) fn cut_line(line: &Line<'static>, width: usize, glyphs: Glyphs) -> Line<'static> {
    let width_of_span = |span: &Span<'_>| width_of(&span.content);
    if line.spans.iter().map(width_of_span).sum::<usize>() <= width {
        return line.clone();
    }
    let mut room = width;
    let mut spans = Vec::new();
    for span in &line.spans {
        if width_of_span(span) > room || (width_of_span(span) == room && spans.len() + 1 < line.spans.len()) {
            let text = format!("{}{}", span.content, glyphs.ellipsis());
            spans.push(Span::styled(cut(&text, room, glyphs), span.style));
            break;
        }
        room -= width_of_span(span);
        spans.push(span.clone());
    }
    Line { spans, ..line.clone() }
}

/// The end of a text in at most `width` columns: what tells one place from another is its last part.
pub(super) fn cut_start(text: &str, width: usize, glyphs: Glyphs) -> String {
    let safe = printable(text);
    if width_of(&safe) <= width {
        return safe;
    }
    let mut kept: Vec<&str> = Vec::new();
    let mut used = 1;
    for grapheme in safe.graphemes(true).rev() {
        used += width_of(grapheme);
        if used > width {
            break;
        }
        kept.push(grapheme);
    }
    let ellipsis = if width > 0 { glyphs.ellipsis() } else { "" };
    std::iter::once(ellipsis).chain(kept.into_iter().rev()).collect()
}

/// A line built cell by cell, each in exactly its columns.
#[derive(Debug, Default)]
pub(super) struct Row {
    spans: Vec<Span<'static>>,
}

impl Row {
    /// A cell that begins at its left.
    pub(super) fn left(&mut self, text: &str, width: usize, style: Style, glyphs: Glyphs) -> &mut Self {
        let text = cut(text, width, glyphs);
        let padding = " ".repeat(width - width_of(&text).min(width));
        self.spans.push(Span::styled(text + &padding, style));
        self
    }

    /// A cell that ends at its right: numbers.
    pub(super) fn right(&mut self, text: &str, width: usize, style: Style, glyphs: Glyphs) -> &mut Self {
        let text = cut(text, width, glyphs);
        let padding = " ".repeat(width - width_of(&text).min(width));
        self.spans.push(Span::styled(padding + &text, style));
        self
    }

    /// A cell that begins at its left, with some of its characters in the second style.
    pub(super) fn marked(
        &mut self,
        text: &str,
        marked: &[usize],
        width: usize,
        (plain, mark): (Style, Style),
        glyphs: Glyphs,
    ) -> &mut Self {
        let text = cut(text, width, glyphs);
        for (at, c) in text.chars().enumerate() {
            let style = if marked.contains(&at) { mark } else { plain };
            match self.spans.last_mut().filter(|last| at > 0 && last.style == style) {
                Some(last) => last.content.to_mut().push(c),
                None => self.spans.push(Span::styled(c.to_string(), style)),
            }
        }
        self.spans.push(Span::styled(" ".repeat(width - width_of(&text).min(width)), plain));
        self
    }

    /// A cell that is drawn already.
    pub(super) fn drawn(&mut self, line: Line<'static>) -> &mut Self {
        self.spans.extend(line.spans);
        self
    }

    /// Empty columns.
    pub(super) fn gap(&mut self, width: usize) -> &mut Self {
        self.spans.push(Span::raw(" ".repeat(width)));
        self
    }

    /// The line.
    pub(super) fn line(&mut self) -> Line<'static> {
        Line::from(std::mem::take(&mut self.spans))
    }
}

/// The same line in one style: what is selected is reversed as a whole, what is out of date dimmed as a whole.
pub(super) fn restyle(line: Line<'static>, style: Style) -> Line<'static> {
    let text: String = line.spans.into_iter().map(|span| span.content.into_owned()).collect();
    Line::from(Span::styled(text, style))
}

/// `1,204`.
pub(super) fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if number < 0 { format!("-{grouped}") } else { grouped }
}

/// How long ago, in at most seven columns: `18m`, `2h 10m`, `3d 4h`, `120d`.
pub(super) fn age(span: Duration) -> String {
    let days = span.as_secs() / 86_400;
    match span.as_secs() {
        0..60 => "now".to_owned(),
        60..3_600 => format!("{}m", span.as_secs() / 60),
        _ if days >= 100 => format!("{days}d"),
        _ => span::format(span),
    }
}

/// How long yet, always in seven columns, so that nothing moves while it counts: `28m 10s`, ` 2h 05m`, `    45s`.
pub(super) fn countdown(left: Duration) -> String {
    let seconds = left.as_secs();
    match seconds {
        0..60 => format!("{seconds:>6}s"),
        60..3_600 => format!("{:>2}m {:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{:>2}h {:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{:>2}d {:02}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// How long yet, roughly: `2m`, `45s`, `3h`.
pub(super) fn roughly(left: Duration) -> String {
    let seconds = left.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_columns_and_never_within_a_character() {
        let cut = |text, width| cut(text, width, Glyphs::Unicode);
        assert_eq!(cut("checkout", 8), "checkout");
        assert_eq!(cut("checkout errors", 8), "checkou…");
        assert_eq!(cut("漢字漢字", 5), "漢字…");
        assert_eq!(cut("漢字漢字", 4), "漢…");
        assert_eq!(cut("ab", 0), "");
        assert_eq!(cut("a\u{1b}[31m", 20), "a [31m");
    }

    #[test]
    fn of_a_long_place_the_end_is_kept() {
        assert_eq!(cut_start("postgres://anna@db.example/incidents", 21, Glyphs::Unicode), "…db.example/incidents");
        assert_eq!(cut_start("demo.db", 7, Glyphs::Unicode), "demo.db");
        assert_eq!(cut_start("demo.db", 0, Glyphs::Unicode), "");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_204, 1_000_000, -12_345].map(number), ["0", "999", "1,204", "1,000,000", "-12,345"]);
    }

    #[test]
    fn a_countdown_never_changes_its_width() {
        for seconds in [0, 9, 59, 60, 599, 3_599, 3_600, 86_399, 86_400, 863_999] {
            assert_eq!(countdown(Duration::from_secs(seconds)).len(), 7, "{seconds}");
        }
        assert_eq!(countdown(Duration::from_secs(1690)), "28m 10s");
    }

    #[test]
    fn an_age_has_at_most_seven_columns() {
        for seconds in [0, 59, 60, 3_599, 3_600, 86_399, 86_400, 8_639_999, 8_640_000, 900_000_000] {
            assert!(age(Duration::from_secs(seconds)).len() <= 7, "{seconds}");
        }
    }
}
