//! When an action is possible, and if not, why: in words for the operator.

use super::action::Action;
use crate::console::options::Access;
use crate::console::screen::{Arrangement, Focus};
use crate::console::state::{Extent, State, ViewKind};
use crate::domain::{IncidentId, PendingState, Status, Timestamp};

use Action as A;

/// Whether an action is possible now; if not, why, in words for the operator.
///
/// # Errors
/// Where it is not possible.
pub fn availability(action: Action, state: &State, now: Timestamp) -> Result<(), String> {
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
            let possible = state.undo.iter().any(|undo| now < undo.until);
            possible.then_some(()).ok_or_else(|| "there is no close of this console to take back".to_owned())
        }
        A::Mark => state.selected_incident().map(|_| ()).ok_or_else(|| "nothing is selected".to_owned()),
        A::Open | A::CopyNumber | A::CopyRow => {
            state.selected().map(|_| ()).ok_or_else(|| "nothing is selected".to_owned())
        }
        A::Unmark => {
            let marked = state.list().is_some_and(|list| !list.marks().is_empty());
            marked.then_some(()).ok_or_else(|| "nothing is marked".to_owned())
        }
        A::NextPane | A::PreviousPane if state.screen().arrangement == Arrangement::TooSmall => {
            Err("the terminal is too small".to_owned())
        }
        A::ZoomIn if state.detail.extent == Extent::Incident => Err("the chart is zoomed in already".to_owned()),
        A::ZoomOut if state.detail.extent == Extent::Whole => Err("the chart shows all of the series".to_owned()),
        A::CursorLeft | A::CursorRight | A::SwitchSeries | A::ZoomIn | A::ZoomOut => {
            state.shown_detail().map(|_| ()).ok_or_else(|| "there is no chart".to_owned())
        }
        A::Back if state.focus == Focus::List && state.list().is_none_or(|list| list.marks().is_empty()) => {
            let clears = !state.filter.is_empty() && state.view == ViewKind::Incidents;
            clears.then_some(()).ok_or_else(|| "there is nothing to go back from; q quits".to_owned())
        }
        _ => Ok(()),
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
