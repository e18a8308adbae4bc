//! View 3: the snapshots that were kept, the newest first.

use ratatui::Frame;
use ratatui::text::Line;

use super::canvas::Canvas;
use super::text::{Row, number};
use super::{incidents, table};
use crate::console::keymap::Action;
use crate::domain::{IncidentId, SnapshotFacts};

/// `partial, clipped` does not fit; the rarer and the graver of the two is `partial`.
const KIND: usize = 9;

#[derive(Debug, Clone, Copy)]
struct Columns {
    id: usize,
    title: usize,
    shape: usize,
    captured: usize,
    events: usize,
    users: usize,
}

impl Columns {
    fn new(width: usize, id: usize) -> Self {
        // Shape, captured, events, users, the least title.
        let sets =
            [(24, 12, 11, 9, 36), (16, 12, 10, 8, 20), (10, 12, 10, 0, 16), (0, 12, 10, 0, 10), (0, 0, 10, 0, 6)];
        let gap = |width: usize| if width > 0 { width + 1 } else { 0 };
        for (shape, captured, events, users, least) in sets {
            let fixed = table::GUTTER + id + 1 + 1 + KIND + gap(shape) + gap(captured) + gap(events) + gap(users);
            if fixed + least <= width {
                return Self { id, title: width - fixed, shape, captured, events, users };
            }
        }
        Self { id, title: 0, shape: 0, captured: 0, events: 0, users: 0 }
    }
}

/// Draws the list.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame) {
    let list = &canvas.state.snapshots;
    let columns = Columns::new(usize::from(canvas.screen.list.width), table::id_width(list));
    table::draw(canvas, frame, list, headings(canvas, columns), |at, id| {
        canvas.state.snapshot_rows.get(at).map_or_else(Line::default, |facts| row(canvas, columns, id, facts))
    });
    let (close, capture) = (canvas.state.key(Action::Close), canvas.state.key(Action::Capture));
    let advice = format!("close an incident with {close}; {capture} captures it without waiting");
    let none = ["no snapshots yet", &advice];
    table::empty(canvas, frame, list, &none);
}

fn headings(canvas: Canvas<'_>, columns: Columns) -> Line<'static> {
    let (style, glyphs) = (canvas.look.theme.dim, canvas.look.glyphs);
    let mut row = Row::default();
    row.gap(table::GUTTER).right("ID", columns.id, style, glyphs).gap(1).left("TITLE", columns.title, style, glyphs);
    if columns.shape > 0 {
        row.gap(1).left("SHAPE", columns.shape, style, glyphs);
    }
    if columns.captured > 0 {
        row.gap(1).right("CAPTURED", columns.captured, style, glyphs);
    }
    if columns.events > 0 {
        row.gap(1).right("EVENTS", columns.events, style, glyphs);
    }
    if columns.users > 0 {
        row.gap(1).right("USERS", columns.users, style, glyphs);
    }
    row.gap(1).left("KIND", KIND, style, glyphs).line()
}

fn row(canvas: Canvas<'_>, columns: Columns, id: IncidentId, facts: &SnapshotFacts) -> Line<'static> {
    let (theme, glyphs) = (&canvas.look.theme, canvas.look.glyphs);
    let title = canvas.state.rows.incident(id).map_or(glyphs.ellipsis(), |incident| incident.title.as_str());
    let count = |count: Option<i64>| count.map_or_else(|| "-".to_owned(), number);
    let mut row = Row::default();
    row.right(&id.to_string(), columns.id, theme.dim, glyphs).gap(1).left(title, columns.title, theme.text, glyphs);
    if columns.shape > 0 {
        row.gap(1).drawn(incidents::shape(canvas, id, columns.shape));
    }
    if columns.captured > 0 {
        let captured = canvas.state.zone.day_and_minute(facts.date_added);
        row.gap(1).right(&captured, columns.captured, theme.dim, glyphs);
    }
    if columns.events > 0 {
        row.gap(1).right(&count(facts.total_events), columns.events, theme.text, glyphs);
    }
    if columns.users > 0 {
        row.gap(1).right(&count(facts.unique_users), columns.users, theme.text, glyphs);
    }
    let (kind, style) = match (facts.partial, facts.clipped) {
        (true, _) => ("partial", theme.partial),
        (false, true) => ("clipped", theme.warning),
        (false, false) => ("complete", theme.captured),
    };
    row.gap(1).left(kind, KIND, style, glyphs).line()
}
