//! Two texts to read: the help, from the table of actions, and what the console has said.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::dialog;
use super::text::{Row, width_of};
use crate::console::keymap::Action;
use crate::console::reading::{self, GUTTER, HelpLine, MessageLine, Page};
use crate::console::state::toasts::Tone;

/// The help.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame, scroll: usize) {
    let (theme, glyphs, state) = (&canvas.look.theme, canvas.look.glyphs, canvas.state);
    let keymap = &state.options.keymap;
    let page = reading::help((frame.area().width, frame.area().height), keymap, state.view);
    let keys_width = reading::keys_width(keymap);
    let title = format!("Keys of the view {}", state.view.name());
    let find = format!("; {} finds an action by its words", state.key(Action::Palette));
    read(canvas, frame, &title, &find, &page, scroll, |line| match line {
        HelpLine::Blank => Line::default(),
        HelpLine::Heading(heading) => Line::styled(heading.clone(), theme.title),
        HelpLine::Keys(keys, help) => {
            let mut row = Row::default();
            row.left(keys, keys_width, theme.key, glyphs);
            row.gap(1).drawn(Line::styled(help.clone(), theme.text)).line()
        }
    });
}

/// What the console has said, the newest first.
pub(super) fn messages(canvas: Canvas<'_>, frame: &mut Frame, scroll: usize) {
    let theme = &canvas.look.theme;
    let mut page = reading::messages(canvas.state);
    if page.last() + page.rows == 0 {
        let text = "nothing was said yet".to_owned();
        page = Page { columns: vec![vec![MessageLine { at: None, tone: Tone::Plain, text }]], rows: 1, ..page };
    }
    read(canvas, frame, "Messages", "", &page, scroll, |line| {
        let style = match line.tone {
            Tone::Plain => theme.text,
            Tone::Success => theme.success,
            Tone::Warning => theme.warning,
            Tone::Error => theme.error,
        };
        let when = line.at.map(|at| canvas.state.zone.time(at)).unwrap_or_default();
        Line::from(vec![Span::styled(format!("{when:<10}"), theme.dim), Span::styled(line.text.clone(), style)])
    });
}

/// A text that can be scrolled, never beyond its end.
fn read<L>(
    canvas: Canvas<'_>,
    frame: &mut Frame,
    title: &str,
    advice: &str,
    page: &Page<L>,
    scroll: usize,
    draw: impl Fn(&L) -> Line<'static>,
) {
    let height = u16::try_from(page.rows).unwrap_or(u16::MAX).saturating_add(1);
    let inner = dialog::open(canvas, frame, title, page.width, height);
    if inner.height == 0 {
        return;
    }
    let scroll = scroll.min(page.last());
    let columns = u16::try_from(page.columns.len()).unwrap_or(1).max(1);
    let width = inner.width.saturating_sub(GUTTER * (columns - 1)) / columns;
    for (column, x) in page.columns.iter().zip((inner.x..).step_by(usize::from(width + GUTTER))) {
        let seen = column.iter().skip(scroll).take(usize::from(inner.height - 1));
        for (line, y) in seen.zip(inner.y..) {
            frame.render_widget(draw(line), Rect { x, y, width, height: 1 });
        }
    }
    let (down, back) = (canvas.state.key(Action::Down), canvas.state.key(Action::Back));
    let more = page.last() - scroll;
    let scrolls = if more > 0 { format!("{more} more: {down}; ") } else { String::new() };
    let closes = format!("{scrolls}{back} closes");
    let hint = format!("{closes}{advice}");
    let hint = if width_of(&hint) <= usize::from(inner.width) { hint } else { closes };
    let place = Rect { y: inner.bottom() - 1, height: 1, ..inner };
    frame.render_widget(Span::styled(hint, canvas.look.theme.dim), place);
}
