//! How a form is filled in: where the keys go within it, and when it is done.

use crossterm::event::{Event as TerminalEvent, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::{export, fields, submit};
use crate::console::effect::Effect;
use crate::console::event::Moment;
use crate::console::state::State;
use crate::console::state::dialog::{Dialog, Field, FieldKind, Form, Place, Purpose};

/// A key was pressed while a form is open.
pub(super) fn press(state: &mut State, key: &KeyEvent, moment: Moment, effects: &mut Vec<Effect>) {
    let Some(Dialog::Form(form)) = &mut state.dialog else { return };
    if export::choose(form, key) {
        return check(state, moment);
    }
    if key.code == KeyCode::Tab
        && let Some(field) = form.focused_field().filter(|field| field.kind == FieldKind::Rule)
        && let Some(name) = fields::complete_rule(field.input.value(), state.rules.as_deref().unwrap_or_default())
    {
        field.input = Input::new(name);
        return check(state, moment);
    }
    let in_field = matches!(form.focus, Place::Field(_));
    let confirms = matches!(form.purpose, Purpose::Confirm(_)) && form.fields.is_empty();
    match key.code {
        KeyCode::Esc => state.dialog = None,
        KeyCode::Tab | KeyCode::Down => form.next_place(),
        KeyCode::BackTab | KeyCode::Up => form.previous_place(),
        KeyCode::Left | KeyCode::Right | KeyCode::Char('h' | 'l') if !in_field => {
            form.focus = if form.focus == Place::Cancel { Place::Accept } else { Place::Cancel };
        }
        KeyCode::Char('y') if confirms => submit::submit(state, moment, effects),
        KeyCode::Char('n') if confirms => state.dialog = None,
        KeyCode::Enter if form.focus == Place::Cancel => state.dialog = None,
        KeyCode::Enter => submit::submit(state, moment, effects),
        _ => {
            if let Some(field) = form.focused_field() {
                let changed = field.input.handle_event(&TerminalEvent::Key(*key));
                field.visited |= changed.is_some_and(|changed| changed.value);
                export::follow(form);
            }
        }
    }
    check(state, moment);
}

/// Judges every field anew. Called after every key, since one field may decide about another.
pub(super) fn check(state: &mut State, moment: Moment) {
    let Some(Dialog::Form(form)) = &state.dialog else { return };
    let judge = |field: &Field| fields::judge(form, field.kind, &field.input, state, moment);
    let verdicts: Vec<fields::Verdict> = form.fields.iter().map(judge).collect();
    let Some(Dialog::Form(form)) = &mut state.dialog else { return };
    for (field, verdict) in form.fields.iter_mut().zip(verdicts) {
        match verdict {
            Ok(hint) => (field.hint, field.error) = (hint, None),
            Err(error) => (field.hint, field.error) = (String::new(), Some(error)),
        }
    }
}

/// Puts the keys on the first field with a fault, if there is one.
pub(super) fn go_to_fault(form: &mut Form) -> bool {
    let fault = form.fields.iter().position(|field| field.error.is_some());
    if let Some(at) = fault {
        form.fields.iter_mut().for_each(|field| field.visited = true);
        form.focus = Place::Field(at);
    }
    fault.is_some()
}
