//! What all lists share: headings, the visible rows alone, the gutter, the selected row, and what stands there instead
//! of rows.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::text::{restyle, wrap};
use crate::console::options::DataKind;
use crate::console::pointing::Target;
use crate::console::screen::Focus;
use crate::console::state::connection::Connection;
use crate::console::state::list::{Contents, List};
use crate::domain::{IncidentId, span};

/// The gutter: the cursor and the mark.
pub(super) const GUTTER: usize = 2;

/// Draws headings and the visible rows. `row` is given the position in the list.
pub(super) fn draw(
    canvas: Canvas<'_>,
    frame: &mut Frame,
    list: &List,
    headings: Line<'static>,
    row: impl Fn(usize, IncidentId) -> Line<'static>,
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
        spans.extend(row(list.offset() + line, *id).spans);
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

/// Says why there are no rows, where there are none: each reason has its own words, and what to do.
pub(super) fn empty(canvas: Canvas<'_>, frame: &mut Frame, list: &List, none: &[&str]) {
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
        (_, Contents::Known) => {
            said.extend(none.iter().enumerate().map(|(at, line)| ((*line).to_owned(), at == 0)));
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
