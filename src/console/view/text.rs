//! Texts in exactly so many columns, and numbers and times as they stand in a table. Knows nothing of incidents.

use std::time::Duration;

use ratatui::style::{Modifier, Style};
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
        self.push(&(text + &padding), style);
        self
    }

    /// As [`Row::left`], with the characters at these places of the text in another style.
    pub(super) fn pointed(
        &mut self,
        text: &str,
        width: usize,
        (style, pointed): (Style, Style),
        places: &[usize],
        glyphs: Glyphs,
    ) -> &mut Self {
        let whole = printable(text);
        let shown = cut(&whole, width, glyphs);
        let mut at = 0;
        let mut used = 0;
        for grapheme in shown.graphemes(true) {
            let next = at + grapheme.chars().count();
            // What was cut off is not what stands there instead.
            let kept = whole.chars().nth(at) == grapheme.chars().next();
            let hit = kept && places.iter().any(|place| (at..next).contains(place));
            self.push(grapheme, if hit { pointed } else { style });
            (at, used) = (next, used + width_of(grapheme));
        }
        self.push(&" ".repeat(width.saturating_sub(used)), style);
        self
    }

    /// A cell that ends at its right: numbers.
    pub(super) fn right(&mut self, text: &str, width: usize, style: Style, glyphs: Glyphs) -> &mut Self {
        let text = cut(text, width, glyphs);
        let padding = " ".repeat(width - width_of(&text).min(width));
        self.push(&(padding + &text), style);
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

    /// What comes next stands after as many columns as a span says it has, which is less than its characters fill where a
    /// script joins them. Those stay spans of their own.
    fn push(&mut self, text: &str, style: Style) {
        if let Some(last) = self.spans.last_mut().filter(|last| last.style == style) {
            let together = Span::styled(format!("{}{text}", last.content), style);
            if together.width() == width_of(&together.content) {
                *last = together;
                return;
            }
        }
        let span = Span::styled(text.to_owned(), style);
        if span.width() == width_of(text) {
            self.spans.push(span);
        } else {
            self.spans.extend(text.graphemes(true).map(|it| Span::styled(it.to_owned(), style)));
        }
    }

    /// The line.
    pub(super) fn line(&mut self) -> Line<'static> {
        Line::from(std::mem::take(&mut self.spans))
    }
}

/// The same line in one style: what is selected is reversed as a whole, what is out of date dimmed as a whole. What is
/// pointed at stays so.
pub(super) fn restyle(line: Line<'static>, style: Style) -> Line<'static> {
    let mut row = Row::default();
    for span in line.spans {
        row.push(&span.content, style.add_modifier(span.style.add_modifier & Modifier::UNDERLINED));
    }
    row.line()
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
    fn what_was_found_is_pointed_at_wherever_it_is_still_seen() {
        let pointed = |text: &str, width, places: &[usize]| -> String {
            let styles = (Style::new(), Style::new().add_modifier(Modifier::UNDERLINED));
            let line = Row::default().pointed(text, width, styles, places, Glyphs::Unicode).line();
            let span = |span: Span<'static>| {
                if span.style == styles.1 { format!("<{}>", span.content) } else { span.content.into_owned() }
            };
            line.spans.into_iter().map(span).collect()
        };
        assert_eq!(pointed("Checkout", 10, &[0, 1, 5]), "<Ch>eck<o>ut  ");
        assert_eq!(pointed("Checkout", 5, &[3, 4, 5]), "Che<c>…");
        assert_eq!(pointed("漢字e\u{301}x", 6, &[1, 2]), "漢<字e\u{301}>x");
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
