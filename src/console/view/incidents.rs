//! View 1: the incidents. Which columns there are depends on the width alone, so that nothing moves but what changes.

use ratatui::Frame;
use ratatui::text::Line;

use super::canvas::Canvas;
use super::sparkline::sparkline;
use super::standing::{self, CELL};
use super::table;
use super::text::{Row, age};
use crate::console::keymap::Action;
use crate::console::state::excerpt::telling;
use crate::console::state::processor::standing;
use crate::domain::{Incident, IncidentId, Status};

/// The widths of the columns; 0 for one that is left out.
#[derive(Debug, Clone, Copy)]
struct Columns {
    id: usize,
    status: usize,
    title: usize,
    shape: usize,
    started: usize,
    window: usize,
}

impl Columns {
    /// The fullest set that leaves the title enough; the title takes the rest. State and countdown are never left out.
    fn new(width: usize, id: usize) -> Self {
        let sets = [
            (8, 24, 7, 7, 40),
            (8, 16, 7, 7, 26),
            (8, 12, 7, 0, 22),
            (8, 10, 7, 0, 16),
            (8, 0, 7, 0, 16),
            (1, 0, 7, 0, 14),
            (1, 0, 0, 0, 0),
        ];
        let gap = |width: usize| if width > 0 { width + 1 } else { 0 };
        for (status, shape, started, window, least) in sets {
            let fixed = table::GUTTER + id + 1 + status + 1 + gap(shape) + gap(started) + gap(window) + 1 + CELL;
            if fixed + least <= width {
                return Self { id, status, title: width - fixed, shape, started, window };
            }
        }
        Self { id, status: 1, title: 0, shape: 0, started: 0, window: 0 }
    }
}

/// Draws the list.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame) {
    let list = &canvas.state.incidents;
    let columns = Columns::new(usize::from(canvas.screen.list.width), table::id_width(list));
    table::draw(canvas, frame, list, headings(canvas, columns), |_, id| row(canvas, columns, id));
    let key = |action| canvas.state.key(action);
    let (none, advice) = if canvas.state.filter.is_empty() {
        ("no incidents yet", format!("{} opens one; 'afterimage incident open TITLE' does too", key(Action::New)))
    } else {
        let (change, clear) = (key(Action::Filter), key(Action::Back));
        ("nothing matches the filter", format!("{change} changes it, {clear} clears it"))
    };
    table::empty(canvas, frame, list, &[none, &advice]);
}

fn headings(canvas: Canvas<'_>, columns: Columns) -> Line<'static> {
    let (style, glyphs) = (canvas.look.theme.dim, canvas.look.glyphs);
    let mut row = Row::default();
    row.gap(table::GUTTER).right("ID", columns.id, style, glyphs).gap(1);
    let status = if columns.status > 1 { "STATUS" } else { "" };
    row.left(status, columns.status, style, glyphs).gap(1).left("TITLE", columns.title, style, glyphs);
    if columns.shape > 0 {
        row.gap(1).left("SHAPE", columns.shape, style, glyphs);
    }
    if columns.started > 0 {
        row.gap(1).right("STARTED", columns.started, style, glyphs);
    }
    if columns.window > 0 {
        row.gap(1).right("WINDOW", columns.window, style, glyphs);
    }
    row.gap(1).left("SNAPSHOT", CELL, style, glyphs).line()
}

fn row(canvas: Canvas<'_>, columns: Columns, id: IncidentId) -> Line<'static> {
    let (look, glyphs) = (canvas.look, canvas.look.glyphs);
    let mut row = Row::default();
    row.right(&id.to_string(), columns.id, look.theme.dim, glyphs).gap(1);
    let Some(incident) = canvas.state.rows.incident(id) else {
        return row.left(glyphs.ellipsis(), columns.status + 1 + columns.title, look.theme.dim, glyphs).line();
    };
    let (glyph, style) = status(canvas, incident);
    let word = if columns.status > 1 { format!("{glyph} {}", incident.status) } else { glyph.to_owned() };
    row.left(&word, columns.status, style, glyphs).gap(1);
    row.left(&incident.title, columns.title, look.theme.text, glyphs);
    if columns.shape > 0 {
        row.gap(1).drawn(shape(canvas, id, columns.shape));
    }
    let now = canvas.moment.now;
    if columns.started > 0 {
        row.gap(1).right(&age(now.since(incident.date_started)), columns.started, look.theme.dim, glyphs);
    }
    if columns.window > 0 {
        row.gap(1).right(&incident.time_window.to_string(), columns.window, look.theme.dim, glyphs);
    }
    let (text, style) = snapshot_cell(canvas, incident);
    row.gap(1).left(&text, CELL, style, glyphs).line()
}

/// The glyph of the status and its style.
pub(super) fn status(canvas: Canvas<'_>, incident: &Incident) -> (&'static str, ratatui::style::Style) {
    match incident.status {
        Status::Open => (canvas.look.glyphs.open(), canvas.look.theme.open),
        Status::Closed => (canvas.look.glyphs.closed(), canvas.look.theme.closed),
    }
}

/// The shape in exactly so many columns; blank while it is not at hand.
pub(super) fn shape(canvas: Canvas<'_>, id: IncidentId, width: usize) -> Line<'static> {
    let columns = u16::try_from(width).unwrap_or(0);
    let points = match (canvas.state.rows.shape(id), canvas.state.rows.incident(id)) {
        (Some(shape), Some(incident)) => telling(&shape.points, incident),
        _ => &[],
    };
    if points.is_empty() {
        return Line::from(" ".repeat(width));
    }
    sparkline(points, columns, canvas.moment.now, canvas.look.glyphs, &canvas.look.theme)
}

/// How it stands with the snapshot; while something is being done to the incident, that.
pub(super) fn snapshot_cell(canvas: Canvas<'_>, incident: &Incident) -> (String, ratatui::style::Style) {
    if let Some(progress) = canvas.state.busy(incident.id) {
        return (format!("{} {progress}", spinner(canvas)), canvas.look.theme.due);
    }
    let now = canvas.moment.now;
    standing::cell(standing(incident, canvas.state.prospect(now), now), canvas.state.zone, canvas.look)
}

fn spinner(canvas: Canvas<'_>) -> &'static str {
    let frames = canvas.look.glyphs.spinner();
    let tenths = canvas.moment.real.as_micros().div_euclid(200_000);
    frames[usize::try_from(tenths).unwrap_or(0) % frames.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_fill_the_width_exactly_or_leave_the_title_out() {
        for width in 24..250 {
            let columns = Columns::new(width, 4);
            let gap = |width: usize| if width > 0 { width + 1 } else { 0 };
            let used = table::GUTTER
                + columns.id
                + 1
                + columns.status
                + 1
                + columns.title
                + gap(columns.shape)
                + gap(columns.started)
                + gap(columns.window)
                + 1
                + CELL;
            assert!(used == width || columns.title == 0, "{width}: {columns:?}");
        }
    }
}
