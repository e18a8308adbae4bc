//! What the mouse does: a press selects what stands there, the same again soon after opens it, and the wheel scrolls what
//! it is over.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{actions, chart, forms, keys, menus, submit};
use crate::console::effect::Effect;
use crate::console::event::Moment;
use crate::console::pointing::{Gesture, Target};
use crate::console::screen::{Focus, Zoom};
use crate::console::state::State;
use crate::console::state::dialog::{Dialog, Place};

/// The same pressed again within this time is pressed twice.
const TWICE: Duration = Duration::from_millis(400);
/// Rows that the wheel moves at a time.
const WHEEL: isize = 3;

/// Something was done with the mouse to what stood there.
pub(super) fn point(
    state: &mut State,
    gesture: Gesture,
    target: Option<Target>,
    moment: Moment,
    effects: &mut Vec<Effect>,
) {
    let Some(target) = target else { return };
    match gesture {
        Gesture::ScrollDown => scroll(state, target, WHEEL, moment),
        Gesture::ScrollUp => scroll(state, target, -WHEEL, moment),
        Gesture::Drag => {
            if let Target::Bucket(bucket) = target {
                chart::put_cursor(state, bucket, moment);
            }
        }
        Gesture::Press => {
            let again = state.pressed.is_some_and(|(before, at)| before == target && moment.real.since(at) < TWICE);
            state.pressed = (!again).then_some((target, moment.real));
            press(state, target, moment, effects);
            if again && matches!(target, Target::Row(_)) {
                actions::open(state);
            }
        }
    }
}

/// A click on something that is covered by a dialog never comes here: the dialog covers it on the screen, too.
fn press(state: &mut State, target: Target, moment: Moment, effects: &mut Vec<Effect>) {
    match target {
        Target::Tab(view) => actions::go_to(state, view, moment),
        Target::Order(key) => menus::sort_by(state, key, moment),
        Target::Row(id) => {
            let rows = state.screen().list_rows();
            focus_on(state, Focus::List);
            if let Some(list) = state.list_mut() {
                list.select_id(id, rows);
            }
        }
        Target::Detail | Target::Runs => focus_on(state, Focus::Detail),
        Target::Bucket(bucket) => {
            focus_on(state, Focus::Detail);
            chart::put_cursor(state, bucket, moment);
        }
        Target::Hint(action) => keys::run(state, action, moment, effects),
        Target::Choice(at) => choose(state, at, moment, effects),
        Target::Field(at) => move_in_form(state, Place::Field(at), moment),
        Target::Cancel => state.dialog = None,
        Target::Accept => {
            move_in_form(state, Place::Accept, moment);
            submit::submit(state, moment, effects);
        }
        Target::Log => focus_on(state, Focus::List),
        Target::List | Target::Dialog => {}
    }
}

/// Gives a pane the keys. What has all of the room keeps it.
fn focus_on(state: &mut State, focus: Focus) {
    if state.focus != focus {
        state.focus = focus;
        state.zoom = Zoom::Shared;
    }
}

fn choose(state: &mut State, at: usize, moment: Moment, effects: &mut Vec<Effect>) {
    match &mut state.dialog {
        Some(Dialog::Sort(_)) => menus::choose_order(state, at, moment),
        Some(Dialog::Columns(highlighted)) => {
            *highlighted = at;
            menus::toggle(state, at, moment);
        }
        Some(Dialog::Palette(palette)) => {
            palette.highlighted = at;
            keys::take_command(state, moment, effects);
        }
        _ => {}
    }
}

fn move_in_form(state: &mut State, place: Place, moment: Moment) {
    if let Some(Dialog::Form(form)) = &mut state.dialog {
        form.go_to(place);
        forms::check(state, moment);
    }
}

fn scroll(state: &mut State, target: Target, step: isize, moment: Moment) {
    let rows = state.screen().list_rows();
    match target {
        Target::List | Target::Row(_) => state.list_mut().into_iter().for_each(|list| list.move_by(step, rows)),
        Target::Detail => actions::scroll_timeline(state, step.signum()),
        Target::Bucket(bucket) => chart::zoom_at(state, bucket, step, moment),
        Target::Runs => actions::scroll_runs(state, step),
        Target::Log => state.log.scroll_by(-step),
        Target::Dialog | Target::Choice(_) => scroll_dialog(state, step),
        _ => {}
    }
}

/// As the arrow keys do.
fn scroll_dialog(state: &mut State, step: isize) {
    let code = if step > 0 { KeyCode::Down } else { KeyCode::Up };
    if matches!(state.dialog, Some(Dialog::Help(_) | Dialog::Messages(_))) {
        for _ in 0..step.unsigned_abs() {
            keys::press_in_text(state, &KeyEvent::new(code, KeyModifiers::NONE));
        }
    }
}
