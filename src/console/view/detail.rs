//! Everything about the selected incident: its facts, its chart, its timeline. Which of them depends on the room alone.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::chart::{self, Chart};
use super::text::{restyle, wrap};
use super::{facts, timeline};
use crate::console::event::{Detail, Picture};
use crate::console::keymap::Action;
use crate::console::screen::Focus;
use crate::console::state::Extent;
use crate::console::state::excerpt::around_incident;
use crate::domain::{Incident, Series, Timestamp};

/// Draws the pane.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame) {
    let place = canvas.screen.detail;
    if place.is_empty() {
        return;
    }
    let area = Rect { x: place.x + 1, width: place.width.saturating_sub(2), ..place };
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
    let full = facts::full(canvas, detail, width);
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
    let rest = Rect {
        y: area.y + u16::try_from(used).unwrap_or(0),
        height: area.height - u16::try_from(used).unwrap_or(0),
        ..area
    };
    let chart_height = if roomy { (rest.height * 3 / 5).clamp(8, 18) } else { chart_height(rest.height) };
    draw_chart(canvas, frame, Rect { height: chart_height.min(rest.height), ..rest }, detail);
    let below = rest.height.saturating_sub(chart_height);
    if below >= 3 {
        let title = Rect { y: rest.y + chart_height + 1, height: 1, ..rest };
        let hint = if detail.activities.len() > 1 { " (newest first)" } else { "" };
        let theme = &canvas.look.theme;
        frame.render_widget(
            Line::from(vec![Span::styled("timeline", theme.title), Span::styled(hint, theme.dim)]),
            title,
        );
        let entries = Rect { y: title.y + 1, height: below - 2, ..rest };
        put(frame, entries, timeline::lines(canvas, detail, width, usize::from(entries.height)));
    }
}

/// With little room the chart takes it all, unless there is enough for a few entries of the timeline too.
fn chart_height(rest: u16) -> u16 {
    if rest >= 14 { rest - 5 } else { rest }
}

fn put(frame: &mut Frame, area: Rect, lines: Vec<Line<'static>>) {
    for (line, y) in lines.into_iter().zip(area.y..area.bottom()) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}

fn draw_chart(canvas: Canvas<'_>, frame: &mut Frame, area: Rect, detail: &Detail) {
    let (state, look, now) = (canvas.state, canvas.look, canvas.moment.now);
    let preview = match &detail.picture {
        Picture::Captured(_) => "",
        Picture::Preview(_) => " preview",
        Picture::Unavailable(why) => {
            let wrapped = wrap(why, usize::from(area.width));
            return put(frame, area, wrapped.into_iter().map(|line| Line::styled(line, look.theme.error)).collect());
        }
    };
    let Some(series) = state.chart_series(now) else { return };
    let incident = &detail.incident;
    let kind = state.shown_series(incident, now);
    let extent = match state.detail.extent {
        Extent::Whole if is_small(incident, &series) && area.width >= 44 => {
            format!(", {} zooms in", state.key(Action::ZoomIn))
        }
        Extent::Whole => String::new(),
        Extent::Incident => ", zoomed".to_owned(),
    };
    let title = format!("{kind}{preview}{extent}");
    let position = |bucket: Timestamp| {
        let before = bucket.since(series.first_bucket()).as_micros() / series.period.as_micros().max(1);
        usize::try_from(before).unwrap_or(0)
    };
    let chart = Chart {
        title: &title,
        series: &series,
        date_started: incident.date_started,
        date_closed: incident.date_closed,
        target: incident.pending.as_ref().map(|pending| pending.target_run_date),
        now,
        cursor: state.detail.cursor.map(position),
        aggregation: incident.aggregation,
        zone: state.zone,
        glyphs: look.glyphs,
        theme: &look.theme,
    };
    chart::render(frame, area, &chart);
}

/// Whether the incident and its surroundings are lost in the series, so that zooming in is worth a word.
fn is_small(incident: &Incident, series: &Series) -> bool {
    around_incident(series, incident).len() * 2 < series.len()
}
