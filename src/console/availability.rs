//! When an action is possible, and if not, why: in words for the operator. And which of the possible ones matter now.

use std::borrow::Cow;

use crate::console::keymap::{Action, BINDINGS, Binding};
use crate::console::options::Access;
use crate::console::screen::{Arrangement, Focus};
use crate::console::state::extent::{Change, Direction};
use crate::console::state::overlay::Height;
use crate::console::state::undo::numbers;
use crate::console::state::{State, ViewKind};
use crate::domain::{IncidentId, PendingState, Seen, Status, Timestamp};

use Action as A;

/// Whether an action is possible now; if not, why, in words for the operator.
///
/// # Errors
/// Where it is not possible.
pub fn of(action: Action, state: &State, now: Timestamp) -> Result<(), String> {
    match action {
        // Forms that one types into open without the database too: had they not, what is typed ahead would be keys.
        A::Close => possible_for_one(state, |id| has_status(state, id, Status::Open)),
        A::Reopen => changes(state, |id| has_status(state, id, Status::Closed)),
        A::Capture => changes(state, |id| can_capture(state, id)),
        A::Retry => changes(state, |id| can_retry(state, id, now)),
        A::Discard => changes(state, |id| is_pending(state, id)),
        A::Comment | A::Edit => {
            permitted(state)?;
            let id = state.selected().ok_or("nothing is selected")?;
            free(state, id)?;
            known(state, id).map(|_| ())
        }
        A::New => permitted(state),
        A::Run => writable(state),
        A::Undo => {
            writable(state)?;
            let closes: Vec<&Seen> = state.undo.iter().flat_map(|undo| undo.possible(now)).collect();
            closes.first().ok_or("there is no close of this console to take back")?;
            closes.iter().try_for_each(|seen| free(state, seen.id))
        }
        A::Mark => state.selected_incident().map(|_| ()).ok_or_else(|| "nothing is selected".to_owned()),
        A::Open | A::CopyNumber | A::CopyRow => {
            state.selected().map(|_| ()).ok_or_else(|| "nothing is selected".to_owned())
        }
        // Neither needs the database: what is on the screen can be taken along while it is away.
        A::CopyPage | A::Export => exportable(state),
        A::CopyGenerator => has_generator(state),
        A::Overlay => can_stand_behind(state),
        A::Unmark => {
            let marked = state.list().is_some_and(|list| !list.marks().is_empty());
            marked.then_some(()).ok_or_else(|| "nothing is marked".to_owned())
        }
        A::NextPane | A::PreviousPane if state.screen().arrangement == Arrangement::TooSmall => {
            Err("the terminal is too small".to_owned())
        }
        A::SwitchSeries => state.shown_detail().map(|_| ()).ok_or_else(|| "there is no chart".to_owned()),
        A::CursorLeft | A::CursorRight | A::CursorFarLeft | A::CursorFarRight => {
            state.charted(now).map(|_| ()).ok_or_else(|| "there is no chart".to_owned())
        }
        A::ZoomIn => changes_chart(state, Change::In, "the chart is zoomed in as far as it goes", now),
        A::ZoomOut | A::ZoomWhole => changes_chart(state, Change::All, "the chart shows all of the series", now),
        A::PanLeft => changes_chart(state, Change::Pan(Direction::Earlier), "the series begins here", now),
        A::PanRight => changes_chart(state, Change::Pan(Direction::Later), "the series ends here", now),
        A::Back if state.focus == Focus::List && state.list().is_none_or(|list| list.marks().is_empty()) => {
            let clears = state.list().is_some_and(|list| !list.filter.text().is_empty());
            clears
                .then_some(())
                .ok_or_else(|| format!("there is nothing to go back from; {} quits", state.key(A::Quit)))
        }
        _ => Ok(()),
    }
}

/// The possible actions for the line of hints, what matters most first, each with the word for it here.
#[must_use]
pub fn hints(state: &State, now: Timestamp) -> Vec<Hint> {
    let usable = |binding: &&Binding| {
        binding.scope.covers(state.view)
            && !state.options.keymap.keys(binding.action).is_empty()
            && of(binding.action, state, now).is_ok()
    };
    let mut hints: Vec<Hint> = BINDINGS.iter().filter(usable).filter_map(|binding| hint(binding, state, now)).collect();
    hints.sort_by_key(|hint| hint.place);
    hints
}

/// An action in the line of hints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// What is done.
    pub action: Action,
    /// In a word or two.
    pub label: Cow<'static, str>,
    /// Its place: the lower, the more it matters.
    pub place: u8,
}

/// What the table says, unless something is special here: a row that has failed, a pane or a mode to leave.
fn hint(binding: &Binding, state: &State, now: Timestamp) -> Option<Hint> {
    let in_detail = state.focus == Focus::Detail;
    let marked = state.list().is_some_and(|list| !list.marks().is_empty());
    let (place, label) = match binding.action {
        A::Undo => return undo_hint(binding, state, now),
        // It is possible only where something has failed.
        A::Retry => (1, binding.label),
        A::Freeze if state.frozen_since.is_some() => (2, "go on"),
        A::Back if in_detail => (3, "back"),
        A::NextPane if state.view == ViewKind::Processor && !in_detail => (20, "runs"),
        A::Open if in_detail => return None,
        A::Back if marked => return None,
        A::Back => (19, "clear the filter"),
        A::CursorRight if in_detail => (6, "read values"),
        A::Down if is_cut_off(state) => (2, "more"),
        A::SwitchSeries | A::ZoomIn | A::ZoomOut if in_detail => (7, binding.label),
        A::Overlay => overlay_hint(state, in_detail)?,
        _ => (binding.hint?, binding.label),
    };
    Some(Hint { action: binding.action, label: label.into(), place })
}

/// The key acts at once, so it says on what.
fn undo_hint(binding: &Binding, state: &State, now: Timestamp) -> Option<Hint> {
    let closes = state.undo.iter().flat_map(|undo| undo.possible(now));
    let label = format!("undo close of {}", numbers(closes.map(|seen| seen.id), 2));
    Some(Hint { action: binding.action, label: label.into(), place: binding.hint? })
}

/// Whether the detail has the keys, and shows no more than its chart.
fn is_cut_off(state: &State) -> bool {
    let shown = state.focus == Focus::Detail && state.view != ViewKind::Processor;
    shown && state.screen().is_detail_compact() && state.detail.scroll + 1 < state.detail_parts()
}

/// What the key does next, where something stands behind or the chart has the keys.
fn overlay_hint(state: &State, in_detail: bool) -> Option<(u8, &'static str)> {
    let label = match state.overlay.as_ref().map(|overlay| overlay.height) {
        None => return in_detail.then_some((18, "behind others")),
        Some(Height::AsItWas) => "scale what is behind",
        Some(Height::Normalised) => "nothing behind",
    };
    Some((if in_detail { 8 } else { 18 }, label))
}

fn changes_chart(state: &State, change: Change, otherwise: &str, now: Timestamp) -> Result<(), String> {
    match (state.charted(now), state.extent_after(change, now)) {
        (None, _) => Err("there is no chart".to_owned()),
        (Some(_), None) => Err(otherwise.to_owned()),
        (Some(_), Some(_)) => Ok(()),
    }
}

fn permitted(state: &State) -> Result<(), String> {
    match state.options.access {
        Access::ReadOnly => Err("this console is read-only: it was started with --read-only".to_owned()),
        Access::Full => Ok(()),
    }
}

fn writable(state: &State) -> Result<(), String> {
    permitted(state)?;
    state.connection.is_up().then_some(()).ok_or_else(|| "the database is not reachable".to_owned())
}

fn changes(state: &State, possible: impl Fn(IncidentId) -> Result<(), String>) -> Result<(), String> {
    writable(state)?;
    possible_for_one(state, possible)
}

/// A verb is possible when it is for one of its targets at least; the dialog says which are left as they are.
fn possible_for_one(state: &State, possible: impl Fn(IncidentId) -> Result<(), String>) -> Result<(), String> {
    permitted(state)?;
    let targets = state.targets();
    let first = *targets.first().ok_or("nothing is selected")?;
    for id in &targets {
        free(state, *id)?;
    }
    if targets.iter().any(|id| possible(*id).is_ok()) { Ok(()) } else { possible(first) }
}

/// There is something to export once the picture of the selected incident has been read.
fn exportable(state: &State) -> Result<(), String> {
    let id = state.selected().ok_or("nothing is selected")?;
    let detail = state.shown_detail().ok_or_else(|| format!("#{id} has not been read yet"))?;
    detail.picture.snapshot().map(drop).map_err(|reason| format!("#{id} has no snapshot: {reason}"))
}

/// Only alerts come with a URL, and not all of them do.
fn has_generator(state: &State) -> Result<(), String> {
    let id = state.selected().ok_or("nothing is selected")?;
    let detail = state.shown_detail().ok_or_else(|| format!("#{id} has not been read yet"))?;
    let alerts = detail.alerts.as_ref().ok_or_else(|| format!("#{id} has no generator URL: no alert has opened it"))?;
    let url = alerts.origin.generator_url.as_ref();
    url.map(drop).ok_or_else(|| format!("#{id} has no generator URL: its alerts came without one"))
}

/// One can stand behind the others at a time.
fn can_stand_behind(state: &State) -> Result<(), String> {
    let marked = state.list().map_or(0, |list| list.marks().len());
    match (marked, &state.overlay) {
        (0, Some(_)) | (1, _) => Ok(()),
        (0, None) => state.selected().map(drop).ok_or_else(|| "nothing is selected".to_owned()),
        (many, _) => Err(format!("{many} are marked: one can stand behind the chart")),
    }
}

/// No second write while the answer to the first is still out.
fn free(state: &State, id: IncidentId) -> Result<(), String> {
    state.busy(id).map_or(Ok(()), |progress| Err(format!("#{id}: {progress}, wait for the answer")))
}

fn known(state: &State, id: IncidentId) -> Result<&crate::domain::Incident, String> {
    state.rows.incident(id).ok_or_else(|| format!("#{id} has not been read yet"))
}

/// Whether the incident, as it is seen, has this status.
///
/// # Errors
/// Where it has the other one.
pub fn has_status(state: &State, id: IncidentId, status: Status) -> Result<(), String> {
    let seen = known(state, id)?.status;
    if seen == status { Ok(()) } else { Err(format!("#{id} is already {seen}")) }
}

/// Whether a snapshot of the incident can be captured (rule 19).
///
/// # Errors
/// Where it is open or has a complete one.
pub fn can_capture(state: &State, id: IncidentId) -> Result<(), String> {
    let incident = known(state, id)?;
    match incident.status {
        Status::Open => Err(format!("#{id} is open: there is a snapshot after the close")),
        Status::Closed if incident.is_captured() => Err(format!("#{id} has a complete snapshot")),
        Status::Closed => Ok(()),
    }
}

/// Whether the pending snapshot has failed and can be tried again.
///
/// # Errors
/// Where there is none, or it has not failed.
pub fn can_retry(state: &State, id: IncidentId, now: Timestamp) -> Result<(), String> {
    let pending = known(state, id)?.pending.as_ref().ok_or_else(|| format!("#{id} has no pending snapshot"))?;
    match pending.state(now) {
        PendingState::Dead | PendingState::Retrying => Ok(()),
        PendingState::Waiting | PendingState::Due => Err(format!("#{id} has not failed")),
    }
}

/// Whether there is a pending snapshot.
///
/// # Errors
/// Where there is none.
pub fn is_pending(state: &State, id: IncidentId) -> Result<(), String> {
    let pending = known(state, id)?.pending.is_some();
    pending.then_some(()).ok_or_else(|| format!("#{id} has no pending snapshot"))
}
