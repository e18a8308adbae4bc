//! Everything about the selected incident: its facts, its chart, its timeline. Which of them depends on the room alone.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::text::{restyle, wrap};
use super::{facts, origin, picture, timeline};
use crate::console::event::Detail;
use crate::console::pointing::Target;
use crate::console::screen::Focus;

/// Draws the pane.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame) {
    let place = canvas.screen.detail;
    if place.is_empty() {
        return;
    }
    let area = Rect { x: place.x + 1, width: place.width.saturating_sub(2), ..place };
    canvas.put(place, Target::Detail);
    match canvas.state.shown_detail() {
        Some(detail) => shown(canvas, frame, area, detail),
        None => unread(canvas, frame, area),
    }
    if !canvas.state.connection.is_up() {
        frame.buffer_mut().set_style(place, canvas.look.theme.dim);
    }
}

/// The heading from the row, if that is at hand, so that going through a list shows at once where one is.
fn unread(canvas: Canvas<'_>, frame: &mut Frame, area: Rect) {
    let theme = &canvas.look.theme;
    let mut lines = Vec::new();
    if let Some(incident) = canvas.state.selected_incident() {
        lines.extend(facts::heading(canvas, incident, usize::from(area.width)));
    }
    if let Some(error) = &canvas.state.detail.error {
        let wrapped = wrap(error, usize::from(area.width));
        lines.extend(wrapped.into_iter().map(|line| Line::styled(line, theme.error)));
    } else if canvas.state.selected().is_some() && canvas.state.connection.is_up() {
        lines.push(Line::styled("loading", theme.dim));
    }
    put(frame, area, lines);
}

fn shown(canvas: Canvas<'_>, frame: &mut Frame, area: Rect, detail: &Detail) {
    let width = usize::from(area.width);
    let mut heading = facts::heading(canvas, &detail.incident, width);
    if canvas.state.focus == Focus::Detail {
        heading = heading.into_iter().map(|line| restyle(line, canvas.look.theme.border_focused)).collect();
    }
    let scroll = canvas.state.detail.scroll;
    if canvas.screen.is_detail_compact() && scroll > 0 {
        return in_parts(canvas, frame, area, detail, heading);
    }
    let full = facts::full(canvas, detail, width, facts::FACT);
    let height = usize::from(area.height);
    let roomy = height >= heading.len() + full.len() + 12;
    let mut lines = heading;
    if roomy {
        lines.extend(full);
        lines.push(Line::default());
    } else {
        lines.truncate(1);
        lines.extend(facts::brief(canvas, detail, width));
    }
    let used = lines.len().min(height);
    put(frame, area, lines);
    let rest = below(area, used);
    let after = after(canvas, detail, width, roomy);
    let chart_height = if roomy { roomy_chart(canvas, area, rest, detail, &after) } else { chart_height(rest.height) };
    picture::draw(canvas, frame, Rect { height: chart_height.min(rest.height), ..rest }, detail);
    let left = rest.height.saturating_sub(chart_height);
    if left >= 3 {
        let title = Rect { y: rest.y + chart_height + 1, height: 1, ..rest };
        let hint = if detail.activities.len() > 1 { " (newest first)" } else { "" };
        let theme = &canvas.look.theme;
        frame.render_widget(
            Line::from(vec![Span::styled("timeline", theme.title), Span::styled(hint, theme.dim)]),
            title,
        );
        let entries = Rect { y: title.y + 1, height: left - 2, ..rest };
        put(frame, entries, timeline::lines(canvas, detail, &after, scroll, (width, usize::from(entries.height))));
    }
}

/// Where chart and timeline do not fit together: the chart is the first page, all facts and the timeline those after it.
fn in_parts(canvas: Canvas<'_>, frame: &mut Frame, area: Rect, detail: &Detail, heading: Vec<Line<'static>>) {
    let (width, height) = (usize::from(area.width), usize::from(area.height).saturating_sub(1).max(1));
    let mut lines = facts::full(canvas, detail, width, MOST_LINES);
    if let Some(alerts) = &detail.alerts {
        lines.extend(origin::members(canvas, alerts, width));
    }
    lines.push(Line::styled("timeline (newest first)", canvas.look.theme.title));
    lines.extend(timeline::lines(canvas, detail, &[], 0, (width, MOST_LINES)));
    let page = (canvas.state.detail.scroll - 1).min((lines.len() - 1) / height);
    let shown = lines.into_iter().skip(page * height).take(height);
    put(frame, area, heading.into_iter().take(1).chain(shown).collect());
}

/// What comes below the timeline of an incident that is connected with what others run: its alerts, and the facts that had
/// no room above.
fn after(canvas: Canvas<'_>, detail: &Detail, width: usize, roomy: bool) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(alerts) = &detail.alerts {
        lines.extend(origin::members(canvas, alerts, width));
    }
    if !roomy && detail.is_connected() {
        lines.push(Line::styled("facts", canvas.look.theme.title));
        lines.extend(facts::full(canvas, detail, width, MOST_LINES));
    }
    lines
}

fn below(area: Rect, used: usize) -> Rect {
    let used = u16::try_from(used).unwrap_or(0);
    Rect { y: area.y + used, height: area.height - used, ..area }
}

/// The chart has three fifths of what is left, and what a short timeline leaves free.
fn roomy_chart(canvas: Canvas<'_>, area: Rect, rest: Rect, detail: &Detail, after: &[Line<'static>]) -> u16 {
    let room = (usize::from(area.width), usize::from(rest.height));
    let entries = timeline::lines(canvas, detail, after, 0, room).len();
    let timeline = u16::try_from(entries).unwrap_or(u16::MAX).saturating_add(3);
    (rest.height * 3 / 5).max(rest.height.saturating_sub(timeline)).clamp(10, most_of_chart(area))
}

/// Beside a list a chart is as high as it is easily read; one that has all of the screen may be higher.
fn most_of_chart(area: Rect) -> u16 {
    if area.width >= 100 { 28 } else { 18 }
}

/// With little room the chart takes it all, unless there is enough for a few entries of the timeline too.
fn chart_height(rest: u16) -> u16 {
    if rest >= 14 { rest - 5 } else { rest }
}

/// No timeline is gone through further than this.
const MOST_LINES: usize = 5_000;

pub(super) fn put(frame: &mut Frame, area: Rect, lines: Vec<Line<'static>>) {
    for (line, y) in lines.into_iter().zip(area.y..area.bottom()) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}
