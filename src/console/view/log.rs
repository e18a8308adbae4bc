//! The log in the view of the processor: the newest line at the bottom, long ones wrapped, because the end of a line is
//! where its error stands.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::text::wrap;
use crate::console::state::log::{Level, LogLine};

/// The time and the level before each line: `13:36:40 ERROR `.
const MARGIN: usize = 15;
/// A line is wrapped onto so many rows at most.
const ROWS: usize = 4;

/// The heading and what fits below it.
pub(super) fn lines(canvas: Canvas<'_>, height: usize, width: usize) -> Vec<Line<'static>> {
    let theme = &canvas.look.theme;
    let Some(room) = height.checked_sub(1) else { return Vec::new() };
    let log = &canvas.state.log;
    let mut rows: Vec<Line<'static>> = Vec::new();
    for line in log.shown().skip(log.scroll()) {
        if rows.len() >= room {
            break;
        }
        rows.extend(entry(canvas, line, width).into_iter().rev());
    }
    rows.truncate(room);
    if rows.is_empty() {
        let none = if log.is_empty() { "nothing was logged yet" } else { "nothing of that was logged" };
        rows.push(Line::styled(none, theme.dim));
    }
    rows.push(heading(canvas));
    rows.reverse();
    rows
}

fn heading(canvas: Canvas<'_>) -> Line<'static> {
    let (theme, log) = (&canvas.look.theme, &canvas.state.log);
    let level = match log.level() {
        Level::Debug | Level::Info => "",
        Level::Warning => "  warnings and errors alone",
        Level::Error => "  errors alone",
    };
    let scrolled = match log.scroll() {
        0 => String::new(),
        lines => format!("  {lines} newer below"),
    };
    Line::from(vec![
        Span::styled("log", theme.title),
        Span::styled(level, theme.warning),
        Span::styled(scrolled, theme.warning),
    ])
}

/// A line, wrapped, with its time in the zone of the screen instead of a date and microseconds.
fn entry(canvas: Canvas<'_>, line: &LogLine, width: usize) -> Vec<Line<'static>> {
    let (theme, zone) = (&canvas.look.theme, canvas.state.zone);
    let (name, style) = match line.level {
        Level::Debug => ("debug", theme.dim),
        Level::Info => ("info", theme.dim),
        Level::Warning => ("warn", theme.warning),
        Level::Error => ("error", theme.error),
    };
    let first = line.at.map(|at| format!("{} {name:<5} ", zone.time(at))).unwrap_or_default();
    let wrapped = wrap(&line.text, width.saturating_sub(MARGIN).max(20));
    let row = |(at, text): (usize, String)| {
        let margin = if at == 0 { first.as_str() } else { "" };
        Line::from(vec![
            Span::styled(format!("{margin:<MARGIN$}"), if line.level > Level::Info { style } else { theme.dim }),
            Span::styled(text, if line.level > Level::Info { Style::new() } else { theme.dim }),
        ])
    };
    wrapped.into_iter().take(ROWS).enumerate().map(row).collect()
}
