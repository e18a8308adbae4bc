//! View 2: the pending snapshots, what is captured next first, the dead last.

use ratatui::Frame;
use ratatui::text::Line;

use super::canvas::Canvas;
use super::standing::{self, CELL};
use super::text::{Row, roughly};
use super::{incidents, table};
use crate::console::state::processor::pending_standing;
use crate::domain::schedule::MAX_ATTEMPTS;
use crate::domain::{IncidentId, PendingSnapshot};

#[derive(Debug, Clone, Copy)]
struct Columns {
    id: usize,
    title: usize,
    window: usize,
    target: usize,
    run: usize,
    tries: usize,
    error: usize,
}

impl Columns {
    fn new(width: usize, id: usize) -> Self {
        // Window, target, run, tries, error, the least title.
        let sets = [
            (7, 12, 5, 5, 30, 24),
            (7, 12, 5, 5, 16, 20),
            (0, 12, 5, 5, 0, 16),
            (0, 0, 5, 5, 0, 12),
            (0, 0, 0, 5, 0, 8),
            (0, 0, 0, 0, 0, 0),
        ];
        let gap = |width: usize| if width > 0 { width + 1 } else { 0 };
        for (window, target, run, tries, error, least) in sets {
            let fixed = table::GUTTER + id + 1 + 1 + CELL + gap(window) + gap(target) + gap(run);
            let fixed = fixed + gap(tries) + gap(error);
            if fixed + least <= width {
                let spare = width - fixed;
                // Beyond a comfortable title, the error is worth more.
                let title = if error > 0 { spare.min(44) } else { spare };
                return Self {
                    id,
                    title,
                    window,
                    target,
                    run,
                    tries,
                    error: if error > 0 { error + spare - title } else { 0 },
                };
            }
        }
        Self { id, title: 0, window: 0, target: 0, run: 0, tries: 0, error: 0 }
    }
}

/// Draws the list.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame) {
    let list = &canvas.state.pending;
    let columns = Columns::new(usize::from(canvas.screen.list.width), table::id_width(list));
    table::draw(canvas, frame, list, headings(canvas, columns), |at, id| {
        canvas.state.pending_rows.get(at).map_or_else(Line::default, |pending| row(canvas, columns, id, pending))
    });
    let none = ["no pending snapshots", "closing an incident promises one, due ten windows later"];
    table::empty(canvas, frame, list, &none);
}

fn headings(canvas: Canvas<'_>, columns: Columns) -> Line<'static> {
    let (style, glyphs) = (canvas.look.theme.dim, canvas.look.glyphs);
    let mut row = Row::default();
    row.gap(table::GUTTER).right("ID", columns.id, style, glyphs).gap(1).left("TITLE", columns.title, style, glyphs);
    if columns.window > 0 {
        row.gap(1).right("WINDOW", columns.window, style, glyphs);
    }
    if columns.target > 0 {
        row.gap(1).right("TARGET", columns.target, style, glyphs);
    }
    if columns.run > 0 {
        row.gap(1).right("RUN", columns.run, style, glyphs);
    }
    row.gap(1).left("SNAPSHOT", CELL, style, glyphs);
    if columns.tries > 0 {
        row.gap(1).right("TRIES", columns.tries, style, glyphs);
    }
    if columns.error > 0 {
        row.gap(1).left("LAST ERROR", columns.error, style, glyphs);
    }
    row.line()
}

fn row(canvas: Canvas<'_>, columns: Columns, id: IncidentId, pending: &PendingSnapshot) -> Line<'static> {
    let (theme, glyphs, now) = (&canvas.look.theme, canvas.look.glyphs, canvas.moment.now);
    let incident = canvas.state.rows.incident(id);
    let prospect = canvas.state.prospect(now);
    let title = incident.map_or(glyphs.ellipsis(), |incident| incident.title.as_str());
    let mut row = Row::default();
    row.right(&id.to_string(), columns.id, theme.dim, glyphs).gap(1).left(title, columns.title, theme.text, glyphs);
    if columns.window > 0 {
        let window = incident.map(|incident| incident.time_window.to_string()).unwrap_or_default();
        row.gap(1).right(&window, columns.window, theme.dim, glyphs);
    }
    if columns.target > 0 {
        let late = prospect.late_by(pending, now).map(|late| format!("{} late", roughly(late)));
        let style = if late.is_some() { theme.due } else { theme.dim };
        let target = late.unwrap_or_else(|| canvas.state.zone.day_and_minute(pending.target_run_date));
        row.gap(1).right(&target, columns.target, style, glyphs);
    }
    if columns.run > 0 {
        let run = prospect.run_of(pending, now).map_or_else(|| "-".to_owned(), |run| canvas.state.zone.minute(run));
        row.gap(1).right(&run, columns.run, theme.dim, glyphs);
    }
    let (text, style) = match incident.filter(|incident| canvas.state.busy(incident.id).is_some()) {
        Some(incident) => incidents::snapshot_cell(canvas, incident),
        None => standing::cell(pending_standing(pending, prospect, now), canvas.state.zone, canvas.look),
    };
    row.gap(1).left(&text, CELL, style, glyphs);
    if columns.tries > 0 {
        let tries = if pending.attempts > 0 { format!("{}/{MAX_ATTEMPTS}", pending.attempts) } else { "-".to_owned() };
        row.gap(1).right(&tries, columns.tries, theme.dim, glyphs);
    }
    if columns.error > 0 {
        row.gap(1).left(pending.last_error.as_deref().unwrap_or(""), columns.error, theme.failing, glyphs);
    }
    row.line()
}
