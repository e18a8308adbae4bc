//! The palette: everything that can be done by its words, with its keys, and why it is not possible where it is not.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::dialog;
use super::footer::{Focused, input};
use super::text::{Row, wrap};
use crate::console::availability;
use crate::console::keymap::{self, Command, Found};
use crate::console::pointing::Target;
use crate::console::state::dialog::Palette;

/// Keys, label; what is left is for what the command does.
const WIDE: (usize, usize) = (12, 21);
/// The first key and the label.
const NARROW: (usize, usize) = (7, 30);
/// From this width on a row has room for what its command does.
const ROOMY: u16 = 56;
/// From this width on it has room for all of it.
const COMPLETE: u16 = 94;

/// Draws the palette.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame, palette: &Palette) {
    let theme = &canvas.look.theme;
    let state = canvas.state;
    let found = keymap::search(palette.input.value(), &state.options.keymap, state.view);
    let height = frame.area().height.saturating_sub(4).min(18);
    let inner = dialog::open(canvas, frame, "Commands", 100.min(frame.area().width), height);
    if inner.height < 3 {
        return;
    }
    frame.render_widget(Span::styled(":", theme.key), Rect { height: 1, ..inner });
    let place = Rect { x: inner.x + 2.min(inner.width), width: inner.width.saturating_sub(2), height: 1, ..inner };
    input(canvas, frame, &palette.input, place, Focused::Yes);
    // Where a row has no room for it, what the highlighted one does stands below all of them.
    let told = if inner.width >= COMPLETE { Vec::new() } else { told(canvas, found.get(palette.highlighted), inner) };
    let told_height = u16::try_from(told.len()).unwrap_or(0);
    let rows = usize::from(inner.height - 1 - told_height);
    let first = (palette.highlighted + 1).saturating_sub(rows);
    for (at, y) in (first..found.len()).take(rows).zip(inner.y + 1..) {
        let highlighted = if at == palette.highlighted { Highlighted::Yes } else { Highlighted::No };
        let line = row(canvas, &found[at], highlighted, usize::from(inner.width));
        let place = Rect { y, height: 1, ..inner };
        frame.render_widget(line, place);
        canvas.put(place, Target::Choice(at));
    }
    for (line, y) in told.into_iter().zip(inner.bottom() - told_height..) {
        frame.render_widget(Span::styled(line, theme.dim), Rect { y, height: 1, ..inner });
    }
    if found.is_empty() {
        let place = Rect { y: inner.y + 1, height: 1, ..inner };
        frame.render_widget(Span::styled("nothing is called so", theme.dim), place);
    }
}

/// Whether enter takes this row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Highlighted {
    Yes,
    No,
}

fn row(canvas: Canvas<'_>, found: &Found, highlighted: Highlighted, width: usize) -> Line<'static> {
    let (theme, glyphs) = (&canvas.look.theme, canvas.look.glyphs);
    let why = why_not(canvas, found);
    let (key, label, help, letters) = match (highlighted, &why) {
        (Highlighted::Yes, _) => (theme.selected, theme.selected, theme.selected, theme.selected),
        (Highlighted::No, Some(_)) => (theme.key, theme.dim, theme.dim, theme.key),
        (Highlighted::No, None) => (theme.key, theme.text, theme.dim, theme.key),
    };
    let letters = letters.add_modifier(Modifier::UNDERLINED);
    let is_roomy = width >= usize::from(ROOMY);
    let keymap = &canvas.state.options.keymap;
    let keys = match found.command {
        Command::Act(action) if is_roomy => keymap.listed(action),
        Command::Act(action) => keymap.keys(action).first().map(|key| key.name()).unwrap_or_default(),
        Command::SortBy(_) => String::new(),
    };
    let (keys_width, label_width) = if is_roomy { WIDE } else { NARROW };
    let label_width = label_width.min(width.saturating_sub(keys_width + 1));
    let rest = width.saturating_sub(keys_width + label_width + 2);
    let mut row = Row::default();
    row.left(&keys, keys_width, key, glyphs).left(" ", 1, label, glyphs);
    row.pointed(&found.label, label_width, (label, letters), &found.in_label, glyphs).left(" ", 1, help, glyphs);
    match why {
        Some(why) => row.left(&format!("not now: {why}"), rest, help, glyphs),
        None => row.pointed(found.help, rest, (help, letters), &found.in_help, glyphs),
    };
    row.line()
}

fn told(canvas: Canvas<'_>, found: Option<&Found>, inner: Rect) -> Vec<String> {
    let Some(found) = found else { return Vec::new() };
    let said = why_not(canvas, found).map_or_else(|| found.help.to_owned(), |why| format!("not now: {why}"));
    let mut lines = wrap(&said, usize::from(inner.width));
    lines.resize(2, String::new());
    lines
}

fn why_not(canvas: Canvas<'_>, found: &Found) -> Option<String> {
    if !found.scope.covers(canvas.state.view) {
        return Some("not in this view".to_owned());
    }
    match found.command {
        Command::Act(action) => availability::of(action, canvas.state, canvas.moment.now).err(),
        Command::SortBy(_) => None,
    }
}
