//! The frame around list and detail: the tabs and the filter in its upper edge, the marks and the age of the rows in its
//! lower one, and the line between the panes.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::border::Set;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Borders, Clear};

use super::canvas::Canvas;
use super::text::{cut, number, width_of};
use super::{dialog, footer};
use crate::console::effect::Lane;
use crate::console::glyphs::Glyphs;
use crate::console::listing::Listed;
use crate::console::pointing::Target;
use crate::console::screen::{Arrangement, Focus};
use crate::console::state::connection::{Attempt, Connection};
use crate::console::state::list::{Contents, List};
use crate::console::state::processor::Queue;
use crate::console::state::{State, ViewKind};
use crate::domain::span;

/// A database that says nothing for so long may be gone; that is not known yet, but worth saying.
const PATIENCE: Duration = Duration::from_secs(2);

/// Draws the frame.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame) {
    let (screen, theme) = (canvas.screen, &canvas.look.theme);
    let block = Block::new()
        .borders(Borders::ALL)
        .border_type(BorderType::Plain)
        .border_set(canvas.look.glyphs.border())
        .border_style(theme.border);
    frame.render_widget(block, screen.frame);
    upper(canvas, frame);
    lower(canvas, frame);
    divider(canvas, frame);
}

fn upper(canvas: Canvas<'_>, frame: &mut Frame) {
    let edge = Rect { height: 1, ..canvas.screen.frame };
    let room = usize::from(edge.width).saturating_sub(4);
    let right = position(canvas);
    // The tabs with what they hold, with their names, or with the name of this one only.
    let tabs = [tabs(canvas, Told::All), tabs(canvas, Told::Trouble), names(canvas)];
    let lines = tabs.each_ref().map(|tabs| Line::from(tabs.concat()));
    let right_width: usize = right.iter().map(Span::width).sum();
    let at = lines.iter().position(|line| line.width() + right_width < room).unwrap_or(2);
    let chosen = &lines[at];
    over_border(chosen, Rect { x: edge.x + 1, width: edge.width.saturating_sub(2), ..edge }, frame);
    point_to_tabs(canvas, &tabs[at], edge);
    if chosen.width() + right_width < room {
        let length = u16::try_from(right_width).unwrap_or(0);
        let place = Rect { x: edge.right() - 2 - length, width: length, ..edge };
        over_border(&Line::from(right), place, frame);
    }
}

fn point_to_tabs(canvas: Canvas<'_>, tabs: &[Vec<Span<'_>>], edge: Rect) {
    let mut x = edge.x + 1;
    for (tab, view) in tabs.iter().zip(ViewKind::ALL) {
        let width = u16::try_from(tab.iter().map(Span::width).sum::<usize>()).unwrap_or(0);
        canvas.put(Rect { x, width, ..edge }, Target::Tab(view));
        x += width;
    }
}

/// How much of what a tab holds is said in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    All,
    /// What has failed, for which there is always room.
    Trouble,
}

/// The texts of each tab.
fn tabs(canvas: Canvas<'_>, told: Told) -> Vec<Vec<Span<'static>>> {
    let tab = |(at, view): (usize, ViewKind)| {
        let style = tab_style(canvas, view);
        let holds = match told {
            Told::All => counts(canvas, view),
            Told::Trouble => trouble(canvas, view).into_iter().collect(),
        };
        let holds = holds.into_iter().map(|span| in_tab(canvas, view, span));
        let name = Span::styled(format!(" {} {}", at + 1, view.name()), style);
        std::iter::once(name).chain(holds).chain([Span::styled(" ", style)]).collect()
    };
    ViewKind::ALL.into_iter().enumerate().map(tab).collect()
}

fn names(canvas: Canvas<'_>) -> Vec<Vec<Span<'static>>> {
    let tab = |(at, view): (usize, ViewKind)| {
        let style = tab_style(canvas, view);
        let name = if view == canvas.state.view { format!(" {}", view.name()) } else { String::new() };
        let trouble = trouble(canvas, view).map(|span| in_tab(canvas, view, span));
        let name = Span::styled(format!(" {}{name}", at + 1), style);
        std::iter::once(name).chain(trouble).chain([Span::styled(" ", style)]).collect()
    };
    ViewKind::ALL.into_iter().enumerate().map(tab).collect()
}

/// Writes over the border, whose dim cells would dim what is written: styles only ever add to each other.
fn over_border(line: &Line<'_>, place: Rect, frame: &mut Frame) {
    let width = u16::try_from(line.width()).unwrap_or(u16::MAX).min(place.width);
    frame.render_widget(Clear, Rect { width, ..place });
    frame.render_widget(line, place);
}

/// What stands in the tab of the view that is shown is reversed as a whole.
fn in_tab(canvas: Canvas<'_>, view: ViewKind, span: Span<'static>) -> Span<'static> {
    if view == canvas.state.view { span.patch_style(canvas.look.theme.selected) } else { span }
}

fn tab_style(canvas: Canvas<'_>, view: ViewKind) -> Style {
    let theme = &canvas.look.theme;
    if view == canvas.state.view { theme.title.patch(theme.selected) } else { theme.dim }
}

/// What a tab holds, and what of it needs somebody.
fn counts(canvas: Canvas<'_>, view: ViewKind) -> Vec<Span<'static>> {
    let theme = &canvas.look.theme;
    let Some(counts) = canvas.state.overview.as_ref().map(|overview| overview.counts) else { return Vec::new() };
    let plain = |many: u64| Span::styled(format!(" {}", count(many)), tab_style(canvas, view));
    let said = |many: u64, before: &'static str, what: &str, style: Style| {
        let spans =
            [Span::styled(before, tab_style(canvas, view)), Span::styled(format!("{} {what}", count(many)), style)];
        if many > 0 { Vec::from(spans) } else { Vec::new() }
    };
    match view {
        ViewKind::Incidents => said(counts.incidents_open, " ", "open", theme.open),
        ViewKind::Pending => {
            let due = said(counts.due, ", ", "due", theme.due);
            let failing = said(counts.failing, ", ", "failing", theme.failing);
            let dead = said(counts.dead, ", ", "dead", theme.dead);
            [vec![plain(counts.pending)], due, failing, dead].concat()
        }
        ViewKind::Snapshots => vec![plain(counts.snapshots)],
        ViewKind::Processor => Vec::new(),
    }
}

/// What has failed in a tab, in as little room as there can be.
fn trouble(canvas: Canvas<'_>, view: ViewKind) -> Option<Span<'static>> {
    let theme = &canvas.look.theme;
    let counts = canvas.state.overview.as_ref().map(|overview| overview.counts)?;
    let style = if counts.dead > 0 { theme.dead } else { theme.failing };
    let many = counts.failing + counts.dead;
    let shown = view == ViewKind::Pending && many > 0;
    shown.then(|| Span::styled(format!(" {}{}", canvas.look.glyphs.failed(), count(many)), style))
}

/// The filter, and the row of the cursor among how many.
fn position(canvas: Canvas<'_>) -> Vec<Span<'static>> {
    let (state, theme, glyphs) = (canvas.state, &canvas.look.theme, canvas.look.glyphs);
    let Some(list) = state.list().filter(|list| list.contents() == Contents::Known) else { return Vec::new() };
    let mut spans = vec![Span::raw(" ")];
    if !list.filter.text().is_empty() {
        spans.push(Span::styled(format!("/{}  ", cut(list.filter.text(), 30, glyphs)), theme.warning));
    }
    if list.sort != list.listed().order() {
        let arrow = dialog::arrow(list.sort.direction, glyphs);
        spans.push(Span::styled(format!("{arrow} {}  ", list.sort.key.label()), theme.warning));
    }
    let shown = list.ids().len() as u64;
    let place = if list.is_listed() { list.position() as u64 + 1 } else { 0 };
    spans.push(Span::styled(format!("{} of {}", count(place), count(shown)), theme.dim));
    let hidden = hidden(state, list);
    if hidden > 0 {
        spans.push(Span::styled(format!(", {} hidden", count(hidden)), theme.dim));
    }
    spans.push(Span::raw(" "));
    spans
}

/// How many the filter hides.
fn hidden(state: &State, list: &List) -> u64 {
    let Some(counts) = state.overview.as_ref().map(|overview| overview.counts).filter(|_| !list.filter.is_empty())
    else {
        return 0;
    };
    let all = match list.listed() {
        Listed::Incidents => counts.incidents_open + counts.incidents_closed,
        Listed::Pending => counts.pending,
        Listed::Snapshots => counts.snapshots,
    };
    all.saturating_sub(list.ids().len() as u64)
}

fn count(count: u64) -> String {
    number(count.cast_signed())
}

fn lower(canvas: Canvas<'_>, frame: &mut Frame) {
    let frame_area = canvas.screen.frame;
    let edge = Rect { y: frame_area.bottom() - 1, height: 1, ..frame_area };
    let room = usize::from(edge.width).saturating_sub(4);
    let (said, style) = match &canvas.state.filter_line {
        Some(line) => footer::about_filter(canvas, line, room),
        None => condition(canvas),
    };
    let said = cut(&said, room, canvas.look.glyphs);
    if !said.is_empty() {
        let length = u16::try_from(width_of(&said)).unwrap_or(0);
        let place = Rect { x: edge.x + 2, width: length, ..edge };
        over_border(&Line::styled(said.clone(), style), place, frame);
    }
    let read = age(canvas.state, canvas);
    if width_of(&said) + read.len() + 2 < room && !read.is_empty() {
        let length = u16::try_from(read.len()).unwrap_or(0);
        let place = Rect { x: edge.right() - 2 - length, width: length, ..edge };
        over_border(&Line::styled(read, canvas.look.theme.dim), place, frame);
    }
}

/// What one must know about these rows: an outage first, then what left the list, then the marks.
fn condition(canvas: Canvas<'_>) -> (String, Style) {
    let (state, theme) = (canvas.state, &canvas.look.theme);
    if let Connection::Lost { answered_at, outage } = &state.connection {
        let retry = match outage.attempt {
            Attempt::UnderWay => "trying now".to_owned(),
            Attempt::Waiting => format!("retrying in {}", span::format(outage.retry_at.since(canvas.moment.real))),
        };
        let since = state.zone.time(state.list().and_then(|list| list.listed_at).unwrap_or(*answered_at));
        return (format!(" database lost, {retry}, rows from {since}: {} ", outage.error), theme.error);
    }
    let silent = canvas.moment.real.since(state.refresh.asked_at);
    if state.connection.is_up() && state.lanes.is_waiting(Lane::Overview) && silent >= PATIENCE {
        return (format!(" the database has not answered for {} ", span::format(silent)), theme.warning);
    }
    let Some(list) = state.list() else { return (String::new(), theme.text) };
    match (list.marks().len(), list.hidden_marks().len(), list.selected()) {
        (0, _, Some(id)) if !list.is_listed() => (format!(" #{id} is no longer in this list "), theme.warning),
        (0, _, _) if state.view == ViewKind::Pending => queue(canvas),
        (0, _, _) => (String::new(), theme.text),
        (marked, 0, _) => (format!(" {marked} marked "), theme.warning),
        (marked, hidden, _) => (format!(" {marked} marked, {hidden} hidden by the filter "), theme.warning),
    }
}

/// What is captured next and when, and what should have been.
fn queue(canvas: Canvas<'_>) -> (String, Style) {
    let (state, theme, now) = (canvas.state, &canvas.look.theme, canvas.moment.now);
    let Some(overview) = &state.overview else { return (String::new(), theme.text) };
    let queue = Queue::of(&overview.queue, state.prospect(now), now);
    let Some((id, run)) = queue.next else { return (String::new(), theme.text) };
    let when = run.map(|run| (state.zone.brief(run, now), run.since(now)));
    let next = match when {
        Some((at, left)) if left.is_zero() => format!("next is #{id}, with the run of {at}"),
        Some((at, left)) => format!("next is #{id}, with the run at {at}, in {}", span::format(left)),
        None => format!("next is #{id}"),
    };
    match (queue.late, queue.latest) {
        (late, Some(latest)) => {
            let late = format!("{} late, by up to {}; ", count(late), span::format(latest));
            (format!(" {late}{next} "), theme.due)
        }
        _ => (format!(" {next} "), theme.text),
    }
}

fn age(state: &State, canvas: Canvas<'_>) -> String {
    match (&state.connection, state.list().and_then(|list| list.listed_at)) {
        (Connection::Up { .. }, Some(listed)) if state.frozen_since.is_some() => {
            format!(" rows from {} ", state.zone.time(listed))
        }
        (Connection::Up { .. }, Some(listed)) => {
            let old = canvas.moment.now.since(listed);
            if old.as_secs() < 15 { String::new() } else { format!(" read {} ", super::header::ago(old)) }
        }
        _ => String::new(),
    }
}

fn divider(canvas: Canvas<'_>, frame: &mut Frame) {
    let (screen, glyphs, theme) = (canvas.screen, canvas.look.glyphs, &canvas.look.theme);
    if canvas.state.view == ViewKind::Processor || screen.divider.is_empty() {
        return;
    }
    let focused = canvas.state.focus == Focus::Detail;
    let style = if focused { theme.border_focused } else { theme.border };
    let border = glyphs.border();
    let buffer = frame.buffer_mut();
    let place = screen.divider;
    let (first, last) = ends(canvas.look.glyphs, screen.arrangement);
    for (at, symbol) in if screen.arrangement == Arrangement::Beside {
        [((place.x, place.y.saturating_sub(1)), first), ((place.x, place.bottom()), last)]
    } else {
        [((place.x.saturating_sub(1), place.y), first), ((place.right(), place.y), last)]
    } {
        // In the upper edge the divider gives way to what is written there.
        if let Some(cell) = buffer.cell_mut(at).filter(|cell| is_border(cell.symbol(), border)) {
            cell.set_symbol(symbol);
        }
    }
    for position in place.positions() {
        let symbol =
            if screen.arrangement == Arrangement::Beside { border.vertical_left } else { border.horizontal_top };
        if let Some(cell) = buffer.cell_mut(position) {
            cell.set_symbol(symbol).set_style(style);
        }
    }
}

/// How the divider meets the frame.
fn ends(glyphs: Glyphs, arrangement: Arrangement) -> (&'static str, &'static str) {
    match (glyphs, arrangement) {
        (Glyphs::Ascii, _) => ("+", "+"),
        (Glyphs::Unicode, Arrangement::Beside) => ("┬", "┴"),
        (Glyphs::Unicode, _) => ("├", "┤"),
    }
}

fn is_border(symbol: &str, border: Set<'_>) -> bool {
    [border.horizontal_top, border.horizontal_bottom, border.vertical_left, border.vertical_right].contains(&symbol)
}
