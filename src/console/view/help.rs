//! Two texts to read: the help, from the table of actions, and what the console has said.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::dialog;
use super::text::{Row, wrap};
use crate::console::keymap::{BINDINGS, Group};
use crate::console::state::toasts::Tone;

/// The help.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame, scroll: usize) {
    let (theme, glyphs) = (&canvas.look.theme, canvas.look.glyphs);
    let width = 96.min(frame.area().width);
    let text_width = usize::from(width).saturating_sub(4);
    let mut lines = Vec::new();
    for group in Group::ALL {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(group.heading(), theme.title));
        for binding in BINDINGS.iter().filter(|binding| binding.group == group) {
            let listed = canvas.state.options.keymap.listed(binding.action);
            let wrapped = wrap(binding.help, text_width.saturating_sub(17).max(10));
            for (at, help) in wrapped.into_iter().enumerate() {
                let mut row = Row::default();
                let keys = if at == 0 { listed.as_str() } else { "" };
                row.left(keys, 16, theme.key, glyphs);
                row.gap(1).drawn(Line::styled(help, theme.text));
                lines.push(row.line());
            }
        }
    }
    read(canvas, frame, "Help", width, lines, scroll);
}

/// What the console has said, the newest first.
pub(super) fn messages(canvas: Canvas<'_>, frame: &mut Frame, scroll: usize) {
    let theme = &canvas.look.theme;
    let width = 96.min(frame.area().width);
    let mut lines = Vec::new();
    for toast in canvas.state.toasts.history() {
        let style = match toast.tone {
            Tone::Plain => theme.text,
            Tone::Success => theme.success,
            Tone::Warning => theme.warning,
            Tone::Error => theme.error,
        };
        let wrapped = wrap(&toast.text, usize::from(width).saturating_sub(14).max(10));
        for (at, text) in wrapped.into_iter().enumerate() {
            let when = if at == 0 { canvas.state.zone.time(toast.at) } else { String::new() };
            lines.push(Line::from(vec![Span::styled(format!("{when:<10}"), theme.dim), Span::styled(text, style)]));
        }
    }
    if lines.is_empty() {
        lines.push(Line::styled("nothing was said yet", theme.dim));
    }
    read(canvas, frame, "Messages", width, lines, scroll);
}

/// A text that can be scrolled, never beyond its end.
fn read(canvas: Canvas<'_>, frame: &mut Frame, title: &str, width: u16, lines: Vec<Line<'static>>, scroll: usize) {
    let most = frame.area().height.saturating_sub(2);
    let wanted = u16::try_from(lines.len()).unwrap_or(most).saturating_add(1);
    let inner = dialog::open(canvas, frame, title, width, wanted.min(most));
    let Some(rows) = usize::from(inner.height).checked_sub(1).filter(|rows| *rows > 0) else { return };
    let scroll = scroll.min(lines.len().saturating_sub(rows));
    let more = lines.len().saturating_sub(scroll + rows);
    for (line, y) in lines.into_iter().skip(scroll).take(rows).zip(inner.y..) {
        frame.render_widget(line, Rect { y, height: 1, ..inner });
    }
    let hint = if more > 0 { format!("{more} more lines: j; esc closes") } else { "esc closes".to_owned() };
    let place = Rect { y: inner.bottom() - 1, height: 1, ..inner };
    frame.render_widget(Span::styled(hint, canvas.look.theme.dim), place);
}
