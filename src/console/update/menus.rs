//! Menus: the orders of the list, and its columns.

use crossterm::event::{KeyCode, KeyEvent};

use super::refresh;
use crate::console::event::Moment;
use crate::console::keymap::Action;
use crate::console::listing::{Columns, Sort, SortKey};
use crate::console::state::State;
use crate::console::state::dialog::Dialog;
use crate::console::state::toasts::Tone;

/// A key was pressed in the menu of orders.
pub(super) fn press_in_sort(state: &mut State, highlighted: usize, key: &KeyEvent, moment: Moment) {
    match key.code {
        KeyCode::Esc | KeyCode::Char('q') => state.dialog = None,
        _ if opened_by(state, key, Action::Sort) => sort(state, Sort::reversed, moment),
        KeyCode::Enter => choose_order(state, highlighted, moment),
        code => state.dialog = Some(Dialog::Sort(step(code, highlighted, SortKey::ALL.len()))),
    }
}

/// Whether a key is the one that opens a menu: there it does something too.
fn opened_by(state: &State, key: &KeyEvent, action: Action) -> bool {
    state.options.keymap.binding_of(key, state.view).is_some_and(|binding| binding.action == action)
}

/// The order at this place of the menu is chosen; the one that there is, the other way round.
pub(super) fn choose_order(state: &mut State, at: usize, moment: Moment) {
    if let Some(key) = SortKey::ALL.get(at) {
        sort_by(state, *key, moment);
    }
}

/// An order is chosen by its name.
pub(super) fn sort_by(state: &mut State, key: SortKey, moment: Moment) {
    sort(state, |before| before.chosen(key), moment);
}

/// Another order in this view: its list is seen from its beginning.
fn sort(state: &mut State, chosen: impl Fn(Sort) -> Sort, moment: Moment) {
    state.dialog = None;
    let Some(list) = state.list_mut() else { return };
    list.sort = chosen(list.sort);
    list.restart();
    refresh::list_anew(state, moment);
}

/// A key was pressed in the menu of columns. What it changes is seen behind it at once.
pub(super) fn press_in_columns(state: &mut State, highlighted: usize, key: &KeyEvent, moment: Moment) {
    if opened_by(state, key, Action::Columns) {
        state.dialog = None;
        return;
    }
    let highlighted = match key.code {
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => {
            state.dialog = None;
            return;
        }
        KeyCode::Char(' ' | 'x') => {
            toggle(state, highlighted, moment);
            highlighted
        }
        KeyCode::Char('J') | KeyCode::Right => state.columns.shift(highlighted, 1),
        KeyCode::Char('K') | KeyCode::Left => state.columns.shift(highlighted, -1),
        KeyCode::Char('r') => {
            state.columns = Columns::default();
            0
        }
        code => step(code, highlighted, state.columns.all().len()),
    };
    state.dialog = Some(Dialog::Columns(highlighted));
}

/// Wants the column at this place of the menu, or no longer does.
pub(super) fn toggle(state: &mut State, at: usize, moment: Moment) {
    if !state.columns.toggle(at) {
        state.toasts.say(Tone::Warning, "no list is without its titles and snapshots", moment.real);
    }
}

/// The highlighted line after a key that moves, round and round.
fn step(code: KeyCode, highlighted: usize, count: usize) -> usize {
    match code {
        KeyCode::Char('j') | KeyCode::Down | KeyCode::Tab => (highlighted + 1) % count,
        KeyCode::Char('k') | KeyCode::Up | KeyCode::BackTab => (highlighted + count - 1) % count,
        KeyCode::Char('g') | KeyCode::Home => 0,
        KeyCode::Char('G') | KeyCode::End => count - 1,
        _ => highlighted,
    }
}
