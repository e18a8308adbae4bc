//! When what is read: everything every so often, what is missing on the screen at once, and after an outage again and
//! again with growing waits.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::console::effect::{Edition, Effect, Lane, Load};
use crate::console::event::{Moment, Picture};
use crate::console::listing::Listed;
use crate::console::state::connection::Connection;
use crate::console::state::dialog::{Dialog, Purpose};
use crate::console::state::list::{Contents, List};
use crate::console::state::rows::Measured;
use crate::console::state::{DetailPane, Refresh, State};
use crate::domain::IncidentId;

/// Between two readings, where they cost next to nothing.
const SHORTEST: Duration = Duration::from_secs(2);
/// Between two readings, however much they cost.
const LONGEST: Duration = Duration::from_secs(10);
/// Reading takes a hundredth of the time at most.
const SHARE: u32 = 100;
/// So many shapes are read at once.
const SHAPES_AT_ONCE: usize = 12;
/// So many of the marked incidents are read again with those in sight.
const MARKS_AT_ONCE: usize = 500;
/// A shape that may still change is read again after this time.
const SHAPE_AGE: Duration = Duration::from_secs(20);

/// Sources are asked less often than the database.
const SOURCE_AGE: Duration = Duration::from_secs(10);

/// Time has passed.
pub(super) fn tick(state: &mut State, moment: Moment, effects: &mut Vec<Effect>) {
    if state.connection.begin_attempt(moment.real) {
        if matches!(state.connection, Connection::Unreachable(_)) {
            effects.push(Effect::Connect);
        } else {
            state.refresh.asked_at = moment.real;
            ask(state, Load::Overview, effects);
        }
    }
    // What is captured by now cannot be taken back; what is on its way is told by its answer.
    if state.undo.as_ref().is_some_and(|undo| undo.possible(moment.now).next().is_none()) {
        state.undo = None;
    }
    if state.connection.is_up() && state.refresh.next_at <= moment.real {
        if state.frozen_since.is_some() {
            let waiting = state.lanes.is_waiting(Lane::Overview);
            let asked_at = if waiting { state.refresh.asked_at } else { moment.real };
            state.refresh = Refresh { next_at: moment.real + SHORTEST, asked_at };
            ask_if_ready(state, Load::Overview, moment, effects);
        } else {
            everything(state, moment, effects);
        }
    }
}

/// Reads everything at the next tick, or rather now: `fill` comes right after.
pub(super) fn soon(state: &mut State, moment: Moment) {
    state.refresh.next_at = moment.real;
}

/// Another filter or order is wanted in this view: what is at hand or on its way is of the old one.
pub(super) fn list_anew(state: &mut State, moment: Moment) {
    let Some(list) = state.list_mut() else { return };
    list.edition = None;
    let lane = Lane::of(list.listed());
    state.lanes.outdate(lane);
    soon(state, moment);
}

/// What is read of the whole database has come: the dearer it was, the later it is read again.
pub(super) fn whole_came(state: &mut State, moment: Moment) {
    let cost = moment.real.since(state.refresh.asked_at);
    let wait = cost.saturating_mul(SHARE).clamp(SHORTEST, LONGEST);
    state.refresh.next_at = state.refresh.next_at.max(state.refresh.asked_at + wait);
}

/// Reads everything that is shown.
pub(super) fn everything(state: &mut State, moment: Moment, effects: &mut Vec<Effect>) {
    if !state.connection.is_up() {
        return;
    }
    if !state.lanes.is_waiting(Lane::Overview) {
        state.refresh.asked_at = moment.real;
    }
    state.refresh.next_at = moment.real + SHORTEST;
    ask_if_ready(state, Load::Overview, moment, effects);
    if let Some(load) = list_of(state) {
        ask_if_ready(state, load, moment, effects);
    }
    let rows = state.screen().list_rows();
    let visible = state.list().map(|list| list.visible(rows).to_vec()).unwrap_or_default();
    // What is marked is acted on from out of sight, too.
    let marked = state.list().into_iter().flat_map(|list| list.marks().iter().take(MARKS_AT_ONCE)).copied();
    let wanted = visible.iter().copied().chain(marked.filter(|id| !visible.contains(id))).collect();
    ask_rows(state, wanted, moment, effects);
    let aged = state.rows.missing_shapes(&visible, moment.real - SHAPE_AGE);
    ask_shapes(state, &aged, moment, effects);
    if let Some(id) = state.selected() {
        ask_if_ready(state, Load::Detail(id), moment, effects);
    }
    let is_old = state.detail.heard_at.is_none_or(|heard_at| moment.real.since(heard_at) >= SOURCE_AGE);
    if let Some(id) = measured_elsewhere(state).filter(|_| is_old) {
        ask_if_ready(state, Load::Preview(id), moment, effects);
    }
    if let Some(id) = state.overlay.as_ref().map(|overlay| overlay.id) {
        ask_if_ready(state, Load::Overlay(id), moment, effects);
    }
}

/// Reads what is missing on the screen. Called after every event, so nothing is ever asked for twice: while a question
/// of a kind is on its way the next waits for its answer.
pub(super) fn fill(state: &mut State, moment: Moment, effects: &mut Vec<Effect>) {
    let rows = state.screen().list_rows();
    if let Some(list) = state.list_mut().filter(|_| rows > 0) {
        list.scroll_into_view(rows);
    }
    let selected = state.selected();
    if state.detail.wanted != selected {
        // What was read last is kept until the answer comes, so that going through a list does not flicker.
        let (data, extent) = (state.detail.data.take(), state.detail.extent.carried_over());
        state.detail = DetailPane { wanted: selected, data, extent, ..DetailPane::default() };
        state.lanes.outdate(Lane::Detail);
        state.lanes.outdate(Lane::Preview);
        if let Some(id) = selected.filter(|_| state.connection.is_up()) {
            ask(state, Load::Detail(id), effects);
        }
    }
    if !state.connection.is_up() {
        return;
    }
    // A form that was opened before the database answered still lacks them.
    if matches!(&state.dialog, Some(Dialog::Form(form)) if form.purpose == Purpose::Open) && state.rules.is_none() {
        ask_if_ready(state, Load::Rules, moment, effects);
    }
    if let Some(id) = state.overlay.as_ref().filter(|overlay| overlay.data.is_none()).map(|overlay| overlay.id) {
        ask_if_ready(state, Load::Overlay(id), moment, effects);
    }
    if state.shown_detail().is_some_and(|detail| detail.picture == Picture::Awaited)
        && let Some(id) = measured_elsewhere(state)
    {
        ask_if_ready(state, Load::Preview(id), moment, effects);
    }
    let due = state.refresh.next_at <= moment.real && state.frozen_since.is_none();
    let unknown = state.list().is_some_and(|list| list.contents() == Contents::Unknown);
    if due || (unknown && list_of(state).is_some_and(|load| state.lanes.is_ready(load.lane(), moment.real))) {
        everything(state, moment, effects);
    }
    let Some(list) = state.list() else { return };
    let missing = state.rows.missing(list.visible(rows));
    let missing = if missing.is_empty() { missing } else { state.rows.missing(list.around(rows)) };
    let shapes = state.rows.missing_shapes(list.visible(rows), crate::domain::Timestamp::MIN);
    let selected: Vec<IncidentId> = selected.into_iter().collect();
    let missing = if missing.is_empty() { state.rows.missing(&selected) } else { missing };
    ask_rows(state, missing, moment, effects);
    ask_shapes(state, &shapes, moment, effects);
    if state.rows.is_overfull() {
        prune(state, rows);
    }
}

/// The selected incident, where only its source knows what it would get.
fn measured_elsewhere(state: &State) -> Option<IncidentId> {
    let shown = &state.shown_detail()?.incident;
    (shown.expression.is_some() && shown.snapshot.is_none()).then_some(shown.id)
}

fn list_of(state: &State) -> Option<Load> {
    state.list().map(|list| Load::List(list.listed(), list.filter.clone(), list.sort, list.held()))
}

fn ask_rows(state: &mut State, ids: Vec<IncidentId>, moment: Moment, effects: &mut Vec<Effect>) {
    if !ids.is_empty() && state.lanes.is_ready(Lane::Rows, moment.real) {
        state.rows.ask_rows(&ids);
        ask(state, Load::Rows(ids), effects);
    }
}

fn ask_shapes(state: &mut State, ids: &[IncidentId], moment: Moment, effects: &mut Vec<Effect>) {
    for (measured, load) in [(Measured::Here, Load::Shapes as fn(_) -> _), (Measured::Elsewhere, Load::RemoteShapes)] {
        let of_this = ids.iter().copied().filter(|id| state.rows.measured(*id) == measured);
        // A few at a time: a read that is under way when the operator scrolls on is over soon.
        let load = load(of_this.take(SHAPES_AT_ONCE).collect());
        let (Load::Shapes(asked) | Load::RemoteShapes(asked)) = &load else { continue };
        if !asked.is_empty() && state.lanes.is_ready(load.lane(), moment.real) {
            state.rows.ask_shapes(measured, asked);
            ask(state, load, effects);
        }
    }
}

fn ask_if_ready(state: &mut State, load: Load, moment: Moment, effects: &mut Vec<Effect>) {
    if state.lanes.is_ready(load.lane(), moment.real) {
        ask(state, load, effects);
    }
}

/// Asks, whatever is on its way: the newest wish replaces the one that waits.
pub(super) fn ask(state: &mut State, load: Load, effects: &mut Vec<Effect>) {
    effects.push(Effect::Load(state.lanes.ask(load.lane()), load));
}

/// The list of another edition has come: rows that were out of sight may have changed unseen. Those in sight are read
/// again with it. What is frozen is to stay as it is.
pub(super) fn renew_rows(state: &mut State, edition: Edition) {
    if state.frozen_since.is_none() {
        let rows = state.screen().list_rows();
        let kept = kept(state, |list| list.visible(rows));
        state.rows.renew(edition, &kept);
    }
}

fn prune(state: &mut State, rows: usize) {
    let kept = kept(state, |list| list.around(rows));
    state.rows.prune(|id| kept.contains(&id));
}

/// What is at hand for a reason: part of the list in sight, what is selected, what is marked.
fn kept(state: &State, seen: impl Fn(&List) -> &[IncidentId]) -> BTreeSet<IncidentId> {
    let mut kept: BTreeSet<IncidentId> = state.list().into_iter().flat_map(seen).copied().collect();
    for listed in Listed::ALL {
        let list = state.list_of(listed);
        kept.extend(list.marks());
        kept.extend(list.selected());
    }
    kept
}
