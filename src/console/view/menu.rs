//! Menus: a box with one line for each choice, scrolled so that the highlighted one is seen, and a hint below.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::canvas::Canvas;
use super::text::{cut, width_of};
use super::{dialog, incidents};
use crate::console::keymap::Action;
use crate::console::listing::{Column, Sort, SortKey};
use crate::console::pointing::Target;

/// Draws a menu.
fn draw(canvas: Canvas<'_>, frame: &mut Frame, title: &str, choices: &[String], highlighted: usize, hint: &str) {
    let theme = &canvas.look.theme;
    let height = u16::try_from(choices.len()).unwrap_or(u16::MAX).saturating_add(2);
    let inner = dialog::open(canvas, frame, title, 40, height.min(frame.area().height.saturating_sub(4)));
    let width = usize::from(inner.width);
    // One line is for the hint, and one above it stays empty where there is room.
    let rows = usize::from(inner.height).saturating_sub(if usize::from(inner.height) > choices.len() { 2 } else { 1 });
    let first = (highlighted + 1).saturating_sub(rows);
    for (line, (at, choice)) in choices.iter().enumerate().skip(first).take(rows).enumerate() {
        let text = cut(choice, width, canvas.look.glyphs);
        let padding = " ".repeat(width.saturating_sub(width_of(&text)));
        let style = if at == highlighted { theme.selected } else { theme.text };
        let y = inner.y + u16::try_from(line).unwrap_or(0);
        let place = Rect { y, height: 1, ..inner };
        frame.render_widget(Span::styled(text + &padding, style), place);
        canvas.put(place, Target::Choice(at));
    }
    if inner.height > 0 {
        let hint = cut(hint, width, canvas.look.glyphs);
        frame.render_widget(Span::styled(hint, theme.dim), Rect { y: inner.bottom() - 1, height: 1, ..inner });
    }
}

/// The menu of orders.
pub(super) fn sort(canvas: Canvas<'_>, frame: &mut Frame, highlighted: usize) {
    let sort = canvas.state.list().map_or_else(Sort::default, |list| list.sort);
    let choice = |key: &SortKey| {
        let direction = if *key == sort.key { sort.direction } else { key.natural() };
        let current = if *key == sort.key { "now; again reverses" } else { "" };
        format!(" {} {:<21}{current}", dialog::arrow(direction, canvas.look.glyphs), key.label())
    };
    let choices: Vec<String> = SortKey::ALL.iter().map(choice).collect();
    let hint = format!("enter sorts, {} reverses", canvas.state.key(Action::Sort));
    draw(canvas, frame, "Sort by", &choices, highlighted, &hint);
}

/// The menu of columns.
pub(super) fn columns(canvas: Canvas<'_>, frame: &mut Frame, highlighted: usize) {
    let mark = canvas.look.glyphs.mark();
    let shown = incidents::layout(canvas);
    let choice = |(column, wanted): &(Column, bool)| {
        let note = match wanted {
            true if column.is_needed() => "always",
            true if !shown.iter().any(|(there, _)| there == column) => "no room now",
            _ => "",
        };
        format!(" {} {:<16}{note}", if *wanted { mark } else { " " }, column.name())
    };
    let choices: Vec<String> = canvas.state.columns.all().iter().map(choice).collect();
    draw(canvas, frame, "Columns", &choices, highlighted, "space shows, J K move, r as at first");
}
