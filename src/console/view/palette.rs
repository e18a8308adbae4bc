//! The palette: every action by its name, with its key, and why it is not possible where it is not.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::canvas::Canvas;
use super::dialog;
use super::footer::{Focused, input};
use super::text::{Row, restyle};
use crate::console::availability;
use crate::console::keymap::{self, Binding};
use crate::console::state::dialog::Palette;

/// Draws the palette.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame, palette: &Palette) {
    let (theme, glyphs) = (&canvas.look.theme, canvas.look.glyphs);
    let found = keymap::search(palette.input.value());
    let height = frame.area().height.saturating_sub(4).min(18);
    let inner = dialog::open(canvas, frame, "Commands", 96.min(frame.area().width.saturating_sub(4)), height);
    if inner.height < 2 {
        return;
    }
    frame.render_widget(Span::styled(":", theme.key), Rect { height: 1, ..inner });
    let place = Rect { x: inner.x + 2.min(inner.width), width: inner.width.saturating_sub(2), height: 1, ..inner };
    input(canvas, frame, &palette.input, place, Focused::Yes);
    let rows = usize::from(inner.height - 1);
    let first = (palette.highlighted + 1).saturating_sub(rows);
    if found.is_empty() {
        let place = Rect { y: inner.y + 1, height: 1, ..inner };
        frame.render_widget(Span::styled("nothing is called so", theme.dim), place);
    }
    for (line, binding) in found.iter().skip(first).take(rows).enumerate() {
        let y = inner.y + 1 + u16::try_from(line).unwrap_or(0);
        let why = why_not(canvas, binding);
        let width = usize::from(inner.width);
        let mut row = Row::default();
        let style = if why.is_some() { theme.dim } else { theme.text };
        let keys = canvas.state.options.keymap.listed(binding.action);
        row.left(&keys, 12.min(width), theme.key, glyphs).gap(1);
        row.left(binding.label, 18.min(width), style, glyphs).gap(1);
        let said = why.map_or_else(|| binding.help.to_owned(), |why| format!("not now: {why}"));
        row.left(&said, width.saturating_sub(32), theme.dim, glyphs);
        let mut drawn = row.line();
        if first + line == palette.highlighted {
            drawn = restyle(drawn, theme.selected);
        }
        frame.render_widget(drawn, Rect { y, height: 1, ..inner });
    }
}

fn why_not(canvas: Canvas<'_>, binding: &Binding) -> Option<String> {
    if !binding.scope.covers(canvas.state.view) {
        return Some("not in this view".to_owned());
    }
    availability::of(binding.action, canvas.state, canvas.moment.now).err()
}
