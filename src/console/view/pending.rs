//! View 2: the pending snapshots, first those that need somebody, then what is captured next.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::Line;

use super::canvas::Canvas;
use super::standing::{self, CELL};
use super::table::Heading;
use super::text::{Row, roughly};
use super::{incidents, table};
use crate::console::listing::{Side, SortKey};
use crate::console::state::processor::pending_standing;
use crate::domain::schedule::MAX_ATTEMPTS;
use crate::domain::{Incident, IncidentId, PendingSnapshot};

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
    let headings = table::headings(canvas, list, &headings(columns));
    table::draw(canvas, frame, list, headings, |id| row(canvas, columns, id));
    let none = ["no pending snapshots", "closing an incident promises one, due ten windows later"];
    table::empty(canvas, frame, list, none);
}

fn headings(columns: Columns) -> Vec<Heading> {
    let Columns { id, title, window, target, run, tries, error } = columns;
    let headings = [
        ("ID", id, Side::Right, Some(SortKey::Id)),
        ("TITLE", title, Side::Left, Some(SortKey::Title)),
        ("WINDOW", window, Side::Right, Some(SortKey::Window)),
        ("TARGET", target, Side::Right, Some(SortKey::Target)),
        ("RUN", run, Side::Right, Some(SortKey::Due)),
        ("SNAPSHOT", CELL, Side::Left, Some(SortKey::Urgency)),
        ("TRIES", tries, Side::Right, None),
        ("LAST ERROR", error, Side::Left, None),
    ];
    table::spaced(&headings)
}

fn row(canvas: Canvas<'_>, columns: Columns, id: IncidentId) -> Line<'static> {
    let (theme, glyphs) = (&canvas.look.theme, canvas.look.glyphs);
    let mut row = Row::default();
    row.right(&id.to_string(), columns.id, theme.dim, glyphs).gap(1);
    let Some(incident) = canvas.state.rows.incident(id) else {
        return row.left(glyphs.ellipsis(), columns.title, theme.dim, glyphs).line();
    };
    incidents::title(&mut row, canvas, incident, columns.title);
    if columns.window > 0 {
        row.gap(1).right(&incident.time_window.to_string(), columns.window, theme.dim, glyphs);
    }
    if let Some(pending) = &incident.pending {
        times(&mut row, canvas, columns, pending);
    } else {
        // It has been captured or reopened, and leaves the list in a moment.
        row.gap([columns.target, columns.run].into_iter().filter(|width| *width > 0).map(|width| width + 1).sum());
    }
    let (text, style) = standing(canvas, incident);
    row.gap(1).left(&text, CELL, style, glyphs);
    let (attempts, error) =
        incident.pending.as_ref().map_or((0, None), |pending| (pending.attempts, pending.last_error.as_deref()));
    if columns.tries > 0 {
        let tries = if attempts > 0 { format!("{attempts}/{MAX_ATTEMPTS}") } else { "-".to_owned() };
        row.gap(1).right(&tries, columns.tries, theme.dim, glyphs);
    }
    if columns.error > 0 {
        row.gap(1).left(error.unwrap_or(""), columns.error, theme.failing, glyphs);
    }
    row.line()
}

/// A partial snapshot is beside the point here: what is told is when the complete one comes.
fn standing(canvas: Canvas<'_>, incident: &Incident) -> (String, Style) {
    let now = canvas.moment.now;
    match incident.pending.as_ref().filter(|_| canvas.state.busy(incident.id).is_none()) {
        Some(pending) => {
            let standing = pending_standing(pending, canvas.state.prospect(now), now);
            standing::cell(standing, canvas.state.zone, canvas.look)
        }
        None => incidents::snapshot_cell(canvas, incident),
    }
}

fn times(row: &mut Row, canvas: Canvas<'_>, columns: Columns, pending: &PendingSnapshot) {
    let (theme, glyphs, now) = (&canvas.look.theme, canvas.look.glyphs, canvas.moment.now);
    let prospect = canvas.state.prospect(now);
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
}
