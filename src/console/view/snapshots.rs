//! View 3: the snapshots that were kept, the newest first.

use ratatui::Frame;
use ratatui::text::Line;

use super::canvas::Canvas;
use super::table::Heading;
use super::text::Row;
use super::{incidents, table};
use crate::console::keymap::Action;
use crate::console::listing::{Side, SortKey};
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
    let headings = table::headings(canvas, list, &headings(columns));
    table::draw(canvas, frame, list, headings, |id| row(canvas, columns, id));
    let (close, capture) = (canvas.state.key(Action::Close), canvas.state.key(Action::Capture));
    let advice = format!("close an incident with {close}; {capture} captures it without waiting");
    table::empty(canvas, frame, list, ["no snapshots yet", &advice]);
}

fn headings(columns: Columns) -> Vec<Heading> {
    let Columns { id, title, shape, captured, events, users } = columns;
    let headings = [
        ("ID", id, Side::Right, Some(SortKey::Id)),
        ("TITLE", title, Side::Left, Some(SortKey::Title)),
        ("SHAPE", shape, Side::Left, None),
        ("CAPTURED", captured, Side::Right, Some(SortKey::Captured)),
        ("EVENTS", events, Side::Right, Some(SortKey::Events)),
        ("USERS", users, Side::Right, Some(SortKey::Users)),
        ("KIND", KIND, Side::Left, None),
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
    if columns.shape > 0 {
        row.gap(1).drawn(incidents::shape(canvas, id, columns.shape));
    }
    // Where there is none any more, it was reopened, and leaves the list in a moment.
    if let Some(facts) = &incident.snapshot {
        kept(&mut row, canvas, columns, facts);
    }
    row.line()
}

fn kept(row: &mut Row, canvas: Canvas<'_>, columns: Columns, facts: &SnapshotFacts) {
    let (theme, glyphs) = (&canvas.look.theme, canvas.look.glyphs);
    let count = |count: Option<i64>, width: usize| incidents::counted(facts, count, width);
    if columns.captured > 0 {
        let captured = canvas.state.zone.day_and_minute(facts.date_added);
        row.gap(1).right(&captured, columns.captured, theme.dim, glyphs);
    }
    if columns.events > 0 {
        row.gap(1).right(&count(facts.total_events, columns.events), columns.events, theme.text, glyphs);
    }
    if columns.users > 0 {
        row.gap(1).right(&count(facts.unique_users, columns.users), columns.users, theme.text, glyphs);
    }
    let (kind, style) = match (facts.partial, facts.clipped) {
        (true, _) => ("partial", theme.partial),
        (false, true) => ("clipped", theme.warning),
        (false, false) => ("complete", theme.captured),
    };
    row.gap(1).left(kind, KIND, style, glyphs);
}
