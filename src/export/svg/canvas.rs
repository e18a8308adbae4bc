//! The elements of a picture, written one after the other. Every text is made harmless here, whoever hands it in.

use unicode_width::UnicodeWidthStr;

use crate::domain::text;

/// Where a text stands, relative to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A picture that is being drawn.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    elements: Vec<String>,
}

impl Canvas {
    /// Writes a text. `y` is its base line.
    pub(super) fn text(&mut self, x: f64, y: f64, anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let (x, y, text) = (number(x), number(y), escaped(text));
        self.elements.push(format!("<text x=\"{x}\" y=\"{y}\"{anchor} class=\"{class}\">{text}</text>\n"));
    }

    /// Draws a filled rectangle. One without a size is left out.
    pub(super) fn rectangle(&mut self, x: f64, y: f64, width: f64, height: f64, look: &str) {
        if width > 0.0 && height > 0.0 {
            let (x, y, width, height) = (number(x), number(y), number(width), number(height));
            self.elements.push(format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {look}/>\n"));
        }
    }

    /// Draws a line.
    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(number);
        self.elements.push(format!("<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" class=\"{class}\"/>\n"));
    }

    /// Draws many upright bars of one look as one element.
    pub(super) fn bars(&mut self, bars: &[Bar], class: &str) {
        if bars.is_empty() {
            return;
        }
        let drawn = bars.iter().map(|bar| {
            let [x, bottom, height, width] = [bar.x, bar.bottom, bar.height, bar.width].map(number);
            format!("M{x} {bottom}v-{height}h{width}v{height}z")
        });
        self.elements.push(format!("<path class=\"{class}\" d=\"{}\"/>\n", drawn.collect::<String>()));
    }

    /// What was drawn.
    pub(super) fn finish(self) -> String {
        self.elements.concat()
    }
}

/// An upright bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bar {
    pub(super) x: f64,
    pub(super) bottom: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A text that can end no element and open none, and holds only what XML may hold.
pub(super) fn escaped(outside: &str) -> String {
    let mut escaped = String::with_capacity(outside.len());
    for character in text::printable(outside).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML has no way to write these two at all.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// How wide a text is at a size, about: no reader has the same letters. Rather too wide than too narrow.
#[expect(clippy::cast_precision_loss, reason = "a text that is drawn has few columns")]
pub(super) fn width_of(text: &str, size: f64) -> f64 {
    text.width() as f64 * size * 0.56
}

/// With at most two digits after the point.
fn number(value: f64) -> String {
    let written = format!("{value:.2}");
    let written = written.trim_end_matches('0').trim_end_matches('.');
    if written == "-0" { "0".to_owned() } else { written.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_short() {
        let written = [(1.0, "1"), (1.5, "1.5"), (1.006, "1.01"), (-0.001, "0"), (120.0, "120")];
        for (value, text) in written {
            assert_eq!(number(value), text);
        }
    }

    proptest! {
        #[test]
        fn no_text_of_any_characters_leaves_its_element(text in any::<String>()) {
            let escaped = escaped(&text);
            let leaves = escaped.contains(['<', '>', '"', '\'', '\u{1b}', '\u{fffe}', '\u{ffff}']);
            prop_assert!(!leaves);
            prop_assert!(escaped.chars().all(|c| !c.is_control()));
            for (at, _) in escaped.match_indices('&') {
                let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
                let entity = known.iter().any(|entity| escaped[at..].starts_with(entity));
                prop_assert!(entity);
            }
        }
    }
}
