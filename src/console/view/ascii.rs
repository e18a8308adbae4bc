//! The last touch where the locale has only ASCII: whatever else has come onto the screen, a title say, is shown as far as
//! such a terminal can, one sign for each column, so that nothing moves.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

/// Leaves nothing but ASCII in a frame.
pub(super) fn reduce(buffer: &mut Buffer) {
    let area = buffer.area;
    for y in area.top()..area.bottom() {
        let mut x = area.left();
        while x < area.right() {
            let symbol = buffer[(x, y)].symbol();
            let width = u16::try_from(symbol.width().max(1)).unwrap_or(1);
            if !symbol.is_ascii() {
                let (sign, style) = (sign_for(symbol), buffer[(x, y)].style());
                for cell in x..(x + width).min(area.right()) {
                    buffer[(cell, y)].set_char(sign).set_style(style);
                }
            }
            x += width;
        }
    }
}

/// A letter loses its accents where they are characters of their own; the rest is a question mark, as elsewhere.
fn sign_for(symbol: &str) -> char {
    match symbol.chars().next() {
        Some(c) if c.is_ascii() => c,
        Some('…') => '~',
        Some('‐'..='―' | '−') => '-',
        Some('‘' | '’') => '\'',
        Some('“' | '”' | '„') => '"',
        Some('·' | '•') => '.',
        Some(c) if c.is_whitespace() => ' ',
        _ => '?',
    }
}
