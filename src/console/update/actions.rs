//! What an action does once it is known to be possible. Verbs that change something are in `verbs`.

use tui_input::Input;

use super::{chart, export, filter, overlay, refresh, verbs};
use crate::console::effect::{CLIPBOARD_LIMIT, Effect, Lane};
use crate::console::event::Moment;
use crate::console::keymap::Action;
use crate::console::listing::SortKey;
use crate::console::pointing::MouseMode;
use crate::console::screen::{Arrangement, Focus, Zoom};
use crate::console::state::dialog::{Dialog, Palette};
use crate::console::state::extent::{Change, Direction};
use crate::console::state::list::List;
use crate::console::state::toasts::Tone;
use crate::console::state::{State, ViewKind};
use crate::domain::Incident;
use crate::domain::text::printable;

/// Buckets that the cursor of the chart moves at a time, where it goes far.
const FAR: u32 = 10;

/// Does what an action says.
pub(super) fn run(state: &mut State, action: Action, moment: Moment, effects: &mut Vec<Effect>) {
    match action {
        Action::Down => step(state, 1),
        Action::Up => step(state, -1),
        Action::HalfPageDown => step(state, page(state) / 2),
        Action::HalfPageUp => step(state, -(page(state) / 2)),
        Action::PageDown => step(state, page(state)),
        Action::PageUp => step(state, -page(state)),
        Action::First => step(state, isize::MIN / 2),
        Action::Last => step(state, isize::MAX / 2),
        Action::Open => open(state),
        Action::Back => back(state, moment),
        Action::NextPane | Action::PreviousPane => other_pane(state),
        Action::View(view) => go_to(state, view, moment),
        Action::CursorLeft => chart::move_cursor(state, Direction::Earlier, 1, moment),
        Action::CursorRight => chart::move_cursor(state, Direction::Later, 1, moment),
        Action::CursorFarLeft => chart::move_cursor(state, Direction::Earlier, FAR, moment),
        Action::CursorFarRight => chart::move_cursor(state, Direction::Later, FAR, moment),
        Action::SwitchSeries => chart::switch_series(state, moment),
        Action::ZoomIn => chart::change_extent(state, Change::In, moment),
        Action::ZoomOut => chart::change_extent(state, Change::Out, moment),
        Action::ZoomWhole => chart::change_extent(state, Change::All, moment),
        Action::PanLeft => chart::change_extent(state, Change::Pan(Direction::Earlier), moment),
        Action::PanRight => chart::change_extent(state, Change::Pan(Direction::Later), moment),
        Action::Overlay => overlay::change(state, moment),
        Action::Mark => mark(state),
        Action::Unmark => state.list_mut().into_iter().for_each(List::clear_marks),
        Action::Filter => filter::edit(state),
        Action::Sort => {
            let current = state.list().map(|list| list.sort.key);
            let at = SortKey::ALL.iter().position(|key| Some(*key) == current).unwrap_or(0);
            state.dialog = Some(Dialog::Sort(at));
        }
        Action::Columns => state.dialog = Some(Dialog::Columns(0)),
        Action::Freeze => freeze(state, moment),
        Action::Refresh => {
            state.frozen_since = state.frozen_since.map(|_| moment.real);
            state.detail.heard_at = None;
            refresh::everything(state, moment, effects);
        }
        Action::CopyNumber | Action::CopyRow => copy(state, action, moment, effects),
        Action::CopyPage => export::copy(state, moment, effects),
        Action::CopyGenerator => copy_generator(state, moment, effects),
        Action::Export => export::begin(state, moment),
        Action::LogLevel => state.log.next_level(),
        Action::SwitchZone => state.zone = state.zone.other(),
        Action::Mouse => switch_mouse(state, moment, effects),
        Action::Messages => state.dialog = Some(Dialog::Messages(0)),
        Action::Palette => state.dialog = Some(Dialog::Palette(Palette { input: Input::default(), highlighted: 0 })),
        Action::Help => state.dialog = Some(Dialog::Help(0)),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Quit => effects.push(Effect::Quit),
        Action::Close
        | Action::Reopen
        | Action::New
        | Action::Comment
        | Action::Edit
        | Action::Capture
        | Action::Run
        | Action::Retry
        | Action::Discard
        | Action::Undo => verbs::begin(state, action, moment, effects),
    }
}

fn page(state: &State) -> isize {
    isize::try_from(state.screen().list_rows().max(2)).unwrap_or(2)
}

/// Moves in the list, the timeline or the log, whichever has the keys.
fn step(state: &mut State, step: isize) {
    let rows = state.screen().list_rows();
    if state.view == ViewKind::Processor && state.focus == Focus::Detail {
        scroll_runs(state, step);
    } else if state.view == ViewKind::Processor {
        state.log.scroll_by(-step);
    } else if state.focus == Focus::Detail {
        scroll_timeline(state, step);
    } else if let Some(list) = state.list_mut() {
        list.move_by(step, rows);
    }
}

/// Scrolls the runs of the processor.
pub(super) fn scroll_runs(state: &mut State, step: isize) {
    let last = state.overview.as_ref().map_or(0, |overview| overview.runs.len().saturating_sub(1));
    state.processor.scroll = state.processor.scroll.saturating_add_signed(step).min(last);
}

/// Scrolls the timeline by entries.
pub(super) fn scroll_timeline(state: &mut State, step: isize) {
    let parts = state.detail_parts();
    state.detail.scroll = state.detail.scroll.saturating_add_signed(step).min(parts.saturating_sub(1));
}

pub(super) fn open(state: &mut State) {
    if state.focus == Focus::List {
        state.focus = Focus::Detail;
        state.zoom = Zoom::Detail;
    }
}

fn back(state: &mut State, moment: Moment) {
    if state.focus == Focus::Detail {
        state.focus = Focus::List;
        state.zoom = Zoom::Shared;
        return;
    }
    match state.list_mut() {
        Some(list) if !list.marks().is_empty() => list.clear_marks(),
        _ => filter::clear(state, moment),
    }
}

fn other_pane(state: &mut State) {
    state.focus = match state.focus {
        Focus::List => Focus::Detail,
        Focus::Detail => Focus::List,
    };
    if state.focus == Focus::List || state.screen().arrangement == Arrangement::Beside {
        state.zoom = Zoom::Shared;
    }
}

pub(super) fn go_to(state: &mut State, view: ViewKind, moment: Moment) {
    if state.view != view {
        state.view = view;
        // What was typed is that view's filter already.
        state.filter_line = None;
        state.focus = Focus::List;
        state.zoom = Zoom::Shared;
        refresh::soon(state, moment);
    }
}

/// Marks and goes on to the next row, so that several are marked by one key held down.
fn mark(state: &mut State) {
    let rows = state.screen().list_rows();
    let Some(selected) = state.selected() else { return };
    if let Some(list) = state.list_mut() {
        list.toggle_mark(selected);
        list.move_by(1, rows);
    }
}

fn freeze(state: &mut State, moment: Moment) {
    match state.frozen_since.take() {
        None => state.frozen_since = Some(moment.real),
        Some(_) => refresh::soon(state, moment),
    }
}

fn copy(state: &mut State, action: Action, moment: Moment, effects: &mut Vec<Effect>) {
    let Some(id) = state.selected() else { return };
    let text = match (action, state.rows.incident(id)) {
        (Action::CopyRow, Some(incident)) => row(incident),
        _ => format!("#{id}"),
    };
    state.toasts.say(Tone::Plain, format!("copied {}", crate::domain::text::shorten(&text, 40)), moment.real);
    effects.push(Effect::Copy(text));
}

/// What is pasted somewhere is read as keys there: nothing but the URL is in it.
fn copy_generator(state: &mut State, moment: Moment, effects: &mut Vec<Effect>) {
    let alerts = state.shown_detail().and_then(|detail| detail.alerts.as_ref());
    let Some(url) = alerts.and_then(|alerts| alerts.origin.generator_url.as_deref()) else { return };
    let url = printable(url);
    if url.len() > CLIPBOARD_LIMIT {
        let said = "the generator URL is too long for the clipboard of a terminal: 'afterimage incident show' has it";
        return state.toasts.say(Tone::Warning, said, moment.real);
    }
    state.toasts.say(Tone::Plain, format!("copied {}", crate::domain::text::shorten(&url, 60)), moment.real);
    effects.push(Effect::Copy(url));
}

fn row(incident: &Incident) -> String {
    let closed = incident.date_closed.map_or_else(|| "-".to_owned(), |closed| closed.to_string());
    let title = printable(&incident.title);
    format!("#{}\t{}\t{title}\t{}\t{closed}", incident.id, incident.status, incident.date_started)
}

fn switch_mouse(state: &mut State, moment: Moment, effects: &mut Vec<Effect>) {
    let (mouse, said) = match state.mouse {
        MouseMode::Terminal => {
            let back = state.key(Action::Mouse);
            (MouseMode::Console, format!("the mouse selects and scrolls rows now; {back} gives it back"))
        }
        MouseMode::Console => (MouseMode::Terminal, "the mouse is the terminal's again".to_owned()),
    };
    state.mouse = mouse;
    state.toasts.say(Tone::Plain, said, moment.real);
    effects.push(Effect::Mouse(mouse == MouseMode::Console));
}

/// Makes the answer to what is on its way count no more, because what it is about has just been changed.
pub(super) fn outdate_reads(state: &mut State) {
    for lane in [
        Lane::Incidents,
        Lane::Pending,
        Lane::Snapshots,
        Lane::Rows,
        Lane::Preview,
        Lane::Detail,
        Lane::Overlay,
        Lane::Overview,
    ] {
        state.lanes.outdate(lane);
    }
}
