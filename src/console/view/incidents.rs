//! View 1: the incidents. Which columns there are depends on the operator's choice and the width, so that nothing moves
//! but what changes.

use ratatui::Frame;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use super::canvas::Canvas;
use super::sparkline::sparkline;
use super::table::Heading;
use super::text::{Row, age, number, roughly, width_of};
use super::{standing, table};
use crate::console::keymap::Action;
use crate::console::listing::{Column, GAP};
use crate::console::state::excerpt::telling;
use crate::console::state::processor::{Standing, standing};
use crate::domain::text::printable;
use crate::domain::{Incident, IncidentId, IncidentType, Measure, SnapshotFacts, Status};

/// A column, and how wide it is.
type Cell = (Column, usize);

/// Draws the list.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame) {
    let list = &canvas.state.incidents;
    let cells = layout(canvas);
    let headings = table::headings(canvas, list, &headings(&cells));
    table::draw(canvas, frame, list, headings, |id| row(canvas, &cells, id));
    let advice = format!("{} opens one; 'afterimage incident open TITLE' does too", canvas.state.key(Action::New));
    table::empty(canvas, frame, list, ["no incidents yet", &advice]);
}

/// The columns that there is room for.
pub(super) fn layout(canvas: Canvas<'_>) -> Vec<Cell> {
    let width = usize::from(canvas.screen.list.width);
    canvas.state.columns.layout(width, table::id_width(&canvas.state.incidents), table::GUTTER)
}

fn headings(cells: &[Cell]) -> Vec<Heading> {
    let heading = |(at, (column, width)): (usize, &Cell)| Heading {
        name: heading(*column, *width),
        width: *width,
        gap: if at > 0 { GAP } else { 0 },
        side: column.side(),
        order: column.sort_key(),
    };
    cells.iter().enumerate().map(heading).collect()
}

fn heading(column: Column, width: usize) -> &'static str {
    match column {
        Column::Id => "ID",
        // A glyph alone needs no heading.
        Column::Status if width < 6 => "",
        Column::Status => "STATUS",
        Column::Title => "TITLE",
        Column::Projects => "PROJECTS",
        Column::Rule => "RULE",
        Column::Type => "TYPE",
        Column::Shape => "SHAPE",
        Column::Started => "STARTED",
        Column::Duration => "LASTED",
        Column::Window => "WINDOW",
        Column::Events => "EVENTS",
        Column::Users => "USERS",
        Column::Snapshot => "SNAPSHOT",
    }
}

fn row(canvas: Canvas<'_>, cells: &[Cell], id: IncidentId) -> Line<'static> {
    let (theme, glyphs) = (&canvas.look.theme, canvas.look.glyphs);
    let mut row = Row::default();
    let incident = canvas.state.rows.incident(id);
    for (at, (column, width)) in cells.iter().enumerate() {
        row.gap(if at > 0 { GAP } else { 0 });
        match (column, incident) {
            (Column::Id, _) => row.right(&id.to_string(), *width, theme.dim, glyphs),
            (Column::Title, None) => row.left(glyphs.ellipsis(), *width, theme.dim, glyphs),
            (_, None) => row.gap(*width),
            (_, Some(incident)) => cell(&mut row, canvas, *column, *width, incident),
        };
    }
    row.line()
}

fn cell<'a>(row: &'a mut Row, canvas: Canvas<'_>, column: Column, width: usize, incident: &Incident) -> &'a mut Row {
    let (theme, glyphs, now) = (&canvas.look.theme, canvas.look.glyphs, canvas.moment.now);
    let facts = incident.snapshot.as_ref();
    match column {
        Column::Id => row.right(&incident.id.to_string(), width, theme.dim, glyphs),
        Column::Status => {
            let (glyph, style) = status(canvas, incident);
            let word = if width > 1 { format!("{glyph} {}", incident.status) } else { glyph.to_owned() };
            row.left(&word, width, style, glyphs)
        }
        Column::Title => title(row, canvas, incident, width),
        Column::Projects => row.left(&projects(&incident.projects, width), width, theme.dim, glyphs),
        Column::Rule => row.left(incident.rule.as_deref().unwrap_or(""), width, theme.dim, glyphs),
        Column::Type => row.left(kind(incident.incident_type), width, theme.dim, glyphs),
        Column::Shape => row.drawn(shape(canvas, incident.id, width)),
        Column::Started => row.right(&age(now.since(incident.date_started)), width, theme.dim, glyphs),
        Column::Duration => {
            let lasted = incident.date_closed.unwrap_or(now).since(incident.date_started);
            let text = if lasted.as_secs() < 60 { roughly(lasted) } else { age(lasted) };
            row.right(&text, width, theme.dim, glyphs)
        }
        Column::Window => row.right(&incident.time_window.to_string(), width, theme.dim, glyphs),
        Column::Events => count(row, facts.map(|facts| counted(facts, facts.total_events, width)), width, canvas),
        Column::Users => count(row, facts.map(|facts| counted(facts, facts.unique_users, width)), width, canvas),
        Column::Snapshot => {
            let (text, style) = snapshot_cell(canvas, incident);
            row.left(&text, width, style, glyphs)
        }
    }
}

/// What needs somebody stands out by its title too, and what the filter has found is pointed at.
pub(super) fn title<'a>(row: &'a mut Row, canvas: Canvas<'_>, incident: &Incident, width: usize) -> &'a mut Row {
    let (state, theme, now) = (canvas.state, &canvas.look.theme, canvas.moment.now);
    let style = match standing(incident, state.prospect(now), now) {
        Standing::Dead => theme.dead,
        Standing::Retrying(..) => theme.failing,
        _ => theme.text,
    };
    let found = state.list().map(|list| list.filter.found_in(&printable(&incident.title))).unwrap_or_default();
    let pointed = style.patch(theme.key).add_modifier(Modifier::UNDERLINED);
    row.pointed(&incident.title, width, (style, pointed), &found, canvas.look.glyphs)
}

/// As many names as there is room for, and how many more there are.
fn projects(projects: &[String], width: usize) -> String {
    let whole = projects.join(", ");
    if width_of(&printable(&whole)) <= width || projects.len() < 2 {
        return whole;
    }
    for kept in (1..projects.len()).rev() {
        let text = format!("{} +{}", projects[..kept].join(", "), projects.len() - kept);
        if width_of(&printable(&text)) <= width {
            return text;
        }
    }
    whole
}

fn kind(kind: IncidentType) -> &'static str {
    match kind {
        IncidentType::Detected => "detected",
        IncidentType::Created => "created",
        IncidentType::AlertTriggered => "alert",
    }
}

fn count<'a>(row: &'a mut Row, count: Option<String>, width: usize, canvas: Canvas<'_>) -> &'a mut Row {
    row.right(&count.unwrap_or_default(), width, canvas.look.theme.dim, canvas.look.glyphs)
}

/// A number that was kept, in a cell: what its source does not know is neither nothing nor zero.
pub(super) fn counted(facts: &SnapshotFacts, count: Option<i64>, width: usize) -> String {
    match count {
        Some(count) if facts.measure.is_estimated() => format!("~{}", number(count)),
        Some(count) => number(count),
        None if facts.measure.is_metric() => "metric".to_owned(),
        None if width >= 9 => "not known".to_owned(),
        None => "?".to_owned(),
    }
}

/// The glyph of the status and its style.
pub(super) fn status(canvas: Canvas<'_>, incident: &Incident) -> (&'static str, Style) {
    match incident.status {
        Status::Open => (canvas.look.glyphs.open(), canvas.look.theme.open),
        Status::Closed => (canvas.look.glyphs.closed(), canvas.look.theme.closed),
    }
}

/// The shape in exactly so many columns; blank while it is not at hand.
pub(super) fn shape(canvas: Canvas<'_>, id: IncidentId, width: usize) -> Line<'static> {
    let columns = u16::try_from(width).unwrap_or(0);
    let points = match (canvas.state.rows.shape(id), canvas.state.rows.incident(id)) {
        (Some(shape), Some(incident)) => (telling(&shape.points, incident), incident.measure()),
        _ => (&[][..], Measure::Events),
    };
    if points.0.is_empty() {
        return Line::from(" ".repeat(width));
    }
    sparkline(points, columns, canvas.moment.now, canvas.look.glyphs, &canvas.look.theme)
}

/// How it stands with the snapshot; while something is being done to the incident, that.
pub(super) fn snapshot_cell(canvas: Canvas<'_>, incident: &Incident) -> (String, Style) {
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
    fn of_many_projects_as_many_are_named_as_there_is_room_for() {
        let names: Vec<String> = ["checkout", "web", "api"].map(String::from).into();
        assert_eq!(projects(&names, 30), "checkout, web, api");
        assert_eq!(projects(&names, 16), "checkout, web +1");
        assert_eq!(projects(&names, 12), "checkout +2");
        assert_eq!(projects(&names[..1], 4), "checkout");
        assert_eq!(projects(&[], 4), "");
    }
}
