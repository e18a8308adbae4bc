//! The line at the bottom: the filter while it is typed, else what the console has just said, else the keys that matter
//! here and now.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use tui_input::Input;

use super::canvas::Canvas;
use super::text::{cut, width_of};
use crate::console::availability::{self, Hint};
use crate::console::state::FilterLine;
use crate::console::state::toasts::{Toast, Tone};

/// Hints from this place on are shown always.
const ALWAYS: u8 = 40;

/// Draws the line.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame) {
    let area = canvas.screen.footer;
    match (&canvas.state.filter_line, canvas.state.toasts.current(canvas.moment.real)) {
        (Some(line), _) => filter(canvas, frame, line),
        (None, Some(toast)) => say(canvas, frame, toast),
        (None, None) => frame.render_widget(hints(canvas, usize::from(area.width)), area),
    }
}

fn filter(canvas: Canvas<'_>, frame: &mut Frame, line: &FilterLine) {
    let (area, theme) = (canvas.screen.footer, &canvas.look.theme);
    let help = line.error.as_deref().unwrap_or("words, status:open, project:web, #12; enter keeps, esc clears");
    let style = if line.error.is_some() { theme.error } else { theme.dim };
    frame.render_widget(Span::styled(" /", theme.key), area);
    let help_width = width_of(help).min(usize::from(area.width) / 2);
    let input_width = area.width.saturating_sub(4 + u16::try_from(help_width).unwrap_or(0));
    let place = Rect { x: area.x + 2.min(area.width), width: input_width, ..area };
    input(canvas, frame, &line.input, place, Focused::Yes);
    let help = cut(help, help_width, canvas.look.glyphs);
    let length = u16::try_from(width_of(&help)).unwrap_or(0);
    frame.render_widget(Span::styled(help, style), Rect { x: area.right() - length, width: length, ..area });
}

/// Whether an input has the keys, and so the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Focused {
    Yes,
    No,
}

/// What is being typed, scrolled so that the cursor is seen.
pub(super) fn input(canvas: Canvas<'_>, frame: &mut Frame, input: &Input, place: Rect, focused: Focused) {
    if place.is_empty() {
        return;
    }
    let room = usize::from(place.width).saturating_sub(1);
    let scroll = if focused == Focused::Yes { input.visual_scroll(room) } else { 0 };
    let mut skipped = 0;
    let mut shown = String::new();
    for c in input.value().chars() {
        let width = width_of(c.encode_utf8(&mut [0; 4]));
        if skipped < scroll {
            skipped += width;
        } else if width_of(&shown) + width <= room {
            shown.push(if c.is_control() { ' ' } else { c });
        }
    }
    frame.render_widget(Span::styled(shown, canvas.look.theme.text), place);
    if focused == Focused::Yes {
        let column = u16::try_from(input.visual_cursor().saturating_sub(scroll).min(room)).unwrap_or(0);
        frame.set_cursor_position(Position::new(place.x + column, place.y));
    }
}

/// What was said stands at the right, so that the keys stay where they are; alone where there is no room for both.
fn say(canvas: Canvas<'_>, frame: &mut Frame, toast: &Toast) {
    let (area, theme) = (canvas.screen.footer, &canvas.look.theme);
    let style = match toast.tone {
        Tone::Plain => theme.text,
        Tone::Success => theme.success,
        Tone::Warning => theme.warning,
        Tone::Error => theme.error,
    };
    let width = usize::from(area.width);
    let text = cut(&toast.text, width.saturating_sub(2), canvas.look.glyphs);
    let length = width_of(&text);
    let room = width.saturating_sub(length + 2);
    let keys = hints(canvas, room);
    let x = if keys.width() <= room {
        frame.render_widget(keys, Rect { width: u16::try_from(room).unwrap_or(0), ..area });
        width - length - 1
    } else {
        1
    };
    let x = u16::try_from(x).unwrap_or(0).min(area.width);
    frame.render_widget(Span::styled(text, style), Rect { x: area.x + x, width: area.width - x, ..area });
}

/// The keys that can be used now, by their place; those for help and leaving always fit.
fn hints(canvas: Canvas<'_>, width: usize) -> Line<'static> {
    let theme = &canvas.look.theme;
    let hints = availability::hints(canvas.state, canvas.moment.now);
    let named = hints.into_iter().map(|hint| (canvas.state.key(hint.action), hint));
    let cost = |(key, hint): &(String, Hint)| width_of(key) + width_of(hint.label) + 3;
    let (always, others): (Vec<_>, Vec<_>) = named.partition(|(_, hint)| hint.place >= ALWAYS);
    let mut room = width.saturating_sub(1 + always.iter().map(cost).sum::<usize>());
    let mut shown = Vec::new();
    for named in others {
        if cost(&named) > room {
            break;
        }
        room -= cost(&named);
        shown.push(named);
    }
    let mut spans = vec![Span::raw(" ")];
    for (key, hint) in shown.into_iter().chain(always) {
        spans.push(Span::styled(key, theme.key));
        spans.push(Span::styled(format!(" {}  ", hint.label), theme.dim));
    }
    Line::from(spans)
}
