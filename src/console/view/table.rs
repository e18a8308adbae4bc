//! What all lists share: headings, the visible rows alone, the gutter, the selected row, and what stands there instead
//! of rows.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::dialog;
use super::text::{Row, restyle, wrap};
use crate::console::keymap::Action;
use crate::console::listing::{Side, SortKey};
use crate::console::options::DataKind;
use crate::console::pointing::Target;
use crate::console::screen::Focus;
use crate::console::state::connection::Connection;
use crate::console::state::list::{Contents, List};
use crate::domain::{IncidentId, span};

/// The gutter: the cursor and the mark.
pub(super) const GUTTER: usize = 2;

/// The heading of a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heading {
    pub(super) name: &'static str,
    pub(super) width: usize,
    /// What is left empty before it.
    pub(super) gap: usize,
    pub(super) side: Side,
    /// What the list can be ordered by in it.
    pub(super) order: Option<SortKey>,
}

/// The headings, and what they order by where they are clicked. The one that the list is ordered by says so.
pub(super) fn headings(canvas: Canvas<'_>, list: &List, headings: &[Heading]) -> Line<'static> {
    let (theme, glyphs, sort, area) = (&canvas.look.theme, canvas.look.glyphs, list.sort, canvas.screen.list);
    let mut row = Row::default();
    row.gap(GUTTER);
    let mut x = area.x + u16::try_from(GUTTER).unwrap_or(0);
    for Heading { name, width, gap, side, order } in headings.iter().copied() {
        let arrow = dialog::arrow(sort.direction, glyphs);
        match (side, order == Some(sort.key)) {
            (Side::Left, false) => row.gap(gap).left(name, width, theme.dim, glyphs),
            (Side::Right, false) => row.gap(gap).right(name, width, theme.dim, glyphs),
            (Side::Left, true) => row.gap(gap).left(&format!("{name}{arrow}"), width, theme.key, glyphs),
            // A full column has room for its arrow in the gap before it.
            (Side::Right, true) => row.right(&format!("{arrow}{name}"), width + gap, theme.key, glyphs),
        };
        let taken = u16::try_from(gap + width).unwrap_or(0);
        if let Some(key) = order.filter(|_| !area.is_empty()) {
            canvas.put(Rect { x, width: taken, height: 1, ..area }, Target::Order(key));
        }
        x += taken;
    }
    row.line()
}

/// The headings of those columns that there are, with a gap between them.
pub(super) fn spaced(columns: &[(&'static str, usize, Side, Option<SortKey>)]) -> Vec<Heading> {
    let there = columns.iter().filter(|(_, width, ..)| *width > 0).enumerate();
    there
        .map(|(at, &(name, width, side, order))| Heading { name, width, gap: usize::from(at > 0), side, order })
        .collect()
}

/// Draws headings and the visible rows.
pub(super) fn draw(
    canvas: Canvas<'_>,
    frame: &mut Frame,
    list: &List,
    headings: Line<'static>,
    row: impl Fn(IncidentId) -> Line<'static>,
) {
    let area = canvas.screen.list;
    if area.is_empty() {
        return;
    }
    let (theme, glyphs) = (&canvas.look.theme, canvas.look.glyphs);
    frame.render_widget(headings, Rect { height: 1, ..area });
    canvas.put(Rect { y: area.y + 1, height: area.height - 1, ..area }, Target::List);
    let focused = canvas.state.focus == Focus::List;
    let stale = !canvas.state.connection.is_up();
    for (line, id) in list.visible(canvas.screen.list_rows()).iter().enumerate() {
        let selected = list.selected() == Some(*id);
        let gutter = if selected { glyphs.gutter() } else { " " };
        let mark = if list.marks().contains(id) { glyphs.mark() } else { " " };
        let mut spans = vec![Span::styled(gutter, theme.key), Span::styled(mark, theme.warning)];
        spans.extend(row(*id).spans);
        let mut drawn = Line::from(spans);
        if selected && focused {
            drawn = restyle(drawn, theme.selected);
        } else if selected {
            drawn = restyle(drawn, theme.title);
        }
        if stale {
            drawn = restyle(drawn, if selected { theme.selected.patch(theme.dim) } else { theme.dim });
        }
        let y = area.y + 1 + u16::try_from(line).unwrap_or(0);
        let place = Rect { y, height: 1, ..area };
        frame.render_widget(drawn, place);
        canvas.put(place, Target::Row(*id));
    }
}

/// Says why there are no rows, where there are none: each reason has its own words, and what to do. `none` is what is
/// said where no filter hides any.
pub(super) fn empty(canvas: Canvas<'_>, frame: &mut Frame, list: &List, none: [&str; 2]) {
    let area = canvas.screen.list;
    if area.height < 2 || !list.ids().is_empty() {
        return;
    }
    let theme = &canvas.look.theme;
    let mut said: Vec<(String, bool)> = Vec::new();
    match (&canvas.state.connection, list.contents()) {
        (Connection::Unreachable(outage), _) => {
            let left = span::format(outage.retry_at.since(canvas.moment.real));
            said.push(("the database is not reachable".to_owned(), true));
            said.push((outage.error.clone(), false));
            let times = if outage.attempts == 1 { "once".to_owned() } else { format!("{} times", outage.attempts) };
            said.push((format!("tried {times}, again in {left}"), false));
        }
        (Connection::Opening, _) => {
            let what = match canvas.state.options.data {
                DataKind::Real => "opening the database",
                DataKind::Demo => "preparing the demo",
            };
            said.push((what.to_owned(), false));
        }
        (_, Contents::Unknown) => said.push(("loading".to_owned(), false)),
        (_, Contents::Known) if list.filter.is_empty() => {
            said.extend(none.iter().enumerate().map(|(at, line)| ((*line).to_owned(), at == 0)));
        }
        (_, Contents::Known) => {
            let (change, clear) = (canvas.state.key(Action::Filter), canvas.state.key(Action::Back));
            said.push(("nothing matches the filter".to_owned(), true));
            said.push((format!("{change} changes it, {clear} clears it"), false));
        }
    }
    let width = usize::from(area.width).saturating_sub(4);
    let mut y = area.y + 1 + u16::from(area.height > 6);
    for (text, heading) in said {
        for line in wrap(&text, width) {
            if y >= area.bottom() {
                return;
            }
            let style = if heading { theme.text.add_modifier(Modifier::BOLD) } else { theme.dim };
            frame.render_widget(Span::styled(line, style), Rect { x: area.x + 2, y, width: area.width - 2, height: 1 });
            y += 1;
        }
    }
}

/// How wide numbers are, so that the column never moves while one scrolls.
pub(super) fn id_width(list: &List) -> usize {
    list.largest().to_string().len().max(4)
}
