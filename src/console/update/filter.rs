//! The filter line: what is typed filters at once, and is completed on request.

use crossterm::event::{Event as TerminalEvent, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::refresh;
use crate::console::event::Moment;
use crate::console::listing::Filter;
use crate::console::state::{FilterLine, Offered, State};
use crate::domain::filter::completions;

/// Opens the line with the filter that is set in this view.
pub(super) fn edit(state: &mut State) {
    let Some(list) = state.list() else { return };
    let input = Input::new(list.filter.text().to_owned());
    state.filter_line = Some(FilterLine { input, error: None, offered: None });
}

/// A key was pressed in the line.
pub(super) fn press(state: &mut State, key: &KeyEvent, moment: Moment) {
    let rows = state.screen().list_rows();
    let Some(line) = &mut state.filter_line else { return };
    match key.code {
        KeyCode::Esc => {
            state.filter_line = None;
            clear(state, moment);
        }
        KeyCode::Enter if line.error.is_none() => state.filter_line = None,
        KeyCode::Enter => {}
        KeyCode::Tab => complete(state, 1, moment),
        KeyCode::BackTab => complete(state, -1, moment),
        KeyCode::Down => state.list_mut().into_iter().for_each(|list| list.move_by(1, rows)),
        KeyCode::Up => state.list_mut().into_iter().for_each(|list| list.move_by(-1, rows)),
        _ => {
            line.offered = None;
            if line.input.handle_event(&TerminalEvent::Key(*key)).is_some_and(|changed| changed.value) {
                apply(state, moment);
            }
        }
    }
}

/// Filters by what is typed; where that means nothing yet, the list stays as it is.
pub(super) fn apply(state: &mut State, moment: Moment) {
    let Some(line) = &mut state.filter_line else { return };
    match Filter::parse(line.input.value()) {
        Ok(filter) => {
            line.error = None;
            let Some(list) = state.list_mut() else { return };
            let before = std::mem::replace(&mut list.filter, filter);
            if list.filter.terms() != before.terms() {
                list.restart();
                refresh::list_anew(state, moment);
            }
        }
        Err(error) => line.error = Some(error),
    }
}

/// Completes the last word; again and again, to everything that it may become.
fn complete(state: &mut State, step: isize, moment: Moment) {
    let Some(line) = &mut state.filter_line else { return };
    let text = line.input.value();
    let offered = if let Some(Offered { words, taken }) = line.offered.take() {
        let count = words.len();
        Some(Offered { taken: (taken + count).saturating_add_signed(step) % count, words })
    } else {
        let words = completions(text, &state.rows.names());
        (!words.is_empty()).then_some(Offered { words, taken: 0 })
    };
    let Some(offered) = offered else { return };
    let before =
        text.rfind(char::is_whitespace).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    line.input = Input::new(format!("{}{}", &text[..before], offered.words[offered.taken]));
    line.offered = Some(offered);
    apply(state, moment);
}

/// Takes the filter away. The cursor stays on its incident, which is surely in the longer list.
pub(super) fn clear(state: &mut State, moment: Moment) {
    if let Some(list) = state.list_mut().filter(|list| !list.filter.text().is_empty()) {
        list.filter = Filter::default();
        state.toasts.dismiss(moment.real);
        refresh::list_anew(state, moment);
    }
}
