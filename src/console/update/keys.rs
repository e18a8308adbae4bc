//! Where a key goes: to the dialog, to the filter line, or through the table to an action.

use crossterm::event::{Event as TerminalEvent, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::{actions, export, filter, forms, menus};
use crate::console::availability;
use crate::console::effect::Effect;
use crate::console::event::Moment;
use crate::console::keymap::{self, Action, Command, Found};
use crate::console::reading;
use crate::console::state::State;
use crate::console::state::dialog::{Dialog, Palette};
use crate::console::state::toasts::Tone;

/// A key was pressed.
pub(super) fn press(state: &mut State, key: &KeyEvent, moment: Moment, effects: &mut Vec<Effect>) {
    if key.kind == KeyEventKind::Release {
        return;
    }
    state.follow = None;
    if let Some(letter) = after_escape(key) {
        // An escape would throw away what was typed, and this may have been meant as a key of the editor.
        if !matches!(&state.dialog, Some(Dialog::Form(form)) if form.was_filled_in()) {
            press(state, &KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE), moment, effects);
            press(state, &letter, moment, effects);
        }
    } else if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
        effects.push(Effect::Quit);
    } else if state.dialog.is_some() {
        press_in_dialog(state, key, moment, effects);
    } else if state.filter_line.is_some() {
        filter::press(state, key, moment);
    } else if let Some(binding) = state.options.keymap.binding_of(key, state.view) {
        run(state, binding.action, moment, effects);
    } else if let Some(binding) = state.options.keymap.binding_elsewhere(key) {
        say_not_here(state, binding.label, moment);
    }
}

fn say_not_here(state: &mut State, label: &str, moment: Moment) {
    let reason = format!("'{label}' has no meaning in this view");
    state.toasts.say(Tone::Warning, reason, moment.real);
}

/// The key after an escape, where both came in one piece: the terminal writes alt and a key just so, and no key here has
/// alt. With control it is how some keyboards type a character.
fn after_escape(key: &KeyEvent) -> Option<KeyEvent> {
    let split = matches!(key.code, KeyCode::Char(_))
        && key.modifiers.contains(KeyModifiers::ALT)
        && !key.modifiers.contains(KeyModifiers::CONTROL);
    split.then(|| KeyEvent { modifiers: key.modifiers - KeyModifiers::ALT, ..*key })
}

/// A text was pasted: it goes where typed characters go, and never acts.
pub(super) fn paste(state: &mut State, text: &str, moment: Moment) {
    if let Some(Dialog::Form(form)) = &mut state.dialog {
        if let Some(field) = form.focused_field() {
            insert(&mut field.input, text);
            field.visited = true;
            export::follow(form);
        }
        forms::check(state, moment);
    } else if let Some(Dialog::Palette(palette)) = &mut state.dialog {
        insert(&mut palette.input, text);
        palette.highlighted = 0;
    } else if let Some(line) = &mut state.filter_line {
        insert(&mut line.input, text);
        filter::apply(state, moment);
    }
}

/// All at once: one by one every character would move all that stand behind it.
fn insert(input: &mut Input, text: &str) {
    let typed: String = text.chars().take(20_000).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let (value, cursor) = (input.value(), input.cursor());
    let at = value.char_indices().nth(cursor).map_or(value.len(), |(at, _)| at);
    let joined = format!("{}{typed}{}", &value[..at], &value[at..]);
    *input = Input::new(joined).with_cursor(cursor + typed.chars().count());
}

/// Does what an action says, or says why not.
pub(super) fn run(state: &mut State, action: Action, moment: Moment, effects: &mut Vec<Effect>) {
    match availability::of(action, state, moment.now) {
        Ok(()) => actions::run(state, action, moment, effects),
        // Escape is pressed to be sure, again and again: what it says is no message to be found again.
        Err(reason) if action == Action::Back => state.toasts.mention(Tone::Warning, reason, moment.real),
        Err(reason) => state.toasts.say(Tone::Warning, reason, moment.real),
    }
}

fn press_in_dialog(state: &mut State, key: &KeyEvent, moment: Moment, effects: &mut Vec<Effect>) {
    match &mut state.dialog {
        Some(Dialog::Form(_)) => forms::press(state, key, moment, effects),
        Some(Dialog::Sort(highlighted)) => {
            let highlighted = *highlighted;
            menus::press_in_sort(state, highlighted, key, moment);
        }
        Some(Dialog::Columns(highlighted)) => {
            let highlighted = *highlighted;
            menus::press_in_columns(state, highlighted, key, moment);
        }
        Some(Dialog::Palette(_)) => press_in_palette(state, key, moment, effects),
        Some(Dialog::Help(_) | Dialog::Messages(_)) => press_in_text(state, key),
        None => {}
    }
}

/// A text is scrolled by the keys that move in a list, and left by those that go back, leave, or open it.
pub(super) fn press_in_text(state: &mut State, key: &KeyEvent) {
    let keymap = &state.options.keymap;
    let (rows, last) = if matches!(state.dialog, Some(Dialog::Help(_))) {
        let page = reading::help(state.size, keymap, state.view);
        (page.rows, page.last())
    } else {
        let page = reading::messages(state);
        (page.rows, page.last())
    };
    let action = match (key.code, keymap.binding_of(key, state.view).map(|binding| binding.action)) {
        (KeyCode::Esc | KeyCode::Enter, _) => Some(Action::Back),
        (KeyCode::Down, _) => Some(Action::Down),
        (KeyCode::Up, _) => Some(Action::Up),
        (KeyCode::Char(' '), _) => Some(Action::PageDown),
        (_, action) => action,
    };
    let Some(Dialog::Help(scroll) | Dialog::Messages(scroll)) = &mut state.dialog else { return };
    let at = (*scroll).min(last);
    *scroll = match action {
        Some(Action::Down) => at + 1,
        Some(Action::Up) => at.saturating_sub(1),
        Some(Action::HalfPageDown) => at + rows / 2,
        Some(Action::HalfPageUp) => at.saturating_sub(rows / 2),
        Some(Action::PageDown) => at + rows,
        Some(Action::PageUp) => at.saturating_sub(rows),
        Some(Action::First) => 0,
        Some(Action::Last) => last,
        Some(Action::Back | Action::Quit | Action::Help | Action::Messages) => {
            state.dialog = None;
            return;
        }
        _ => at,
    }
    .min(last);
}

fn press_in_palette(state: &mut State, key: &KeyEvent, moment: Moment, effects: &mut Vec<Effect>) {
    let Some(Dialog::Palette(palette)) = &mut state.dialog else { return };
    let found = keymap::search(palette.input.value(), &state.options.keymap, state.view);
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Esc => state.dialog = None,
        KeyCode::Down | KeyCode::Tab => palette.highlighted = (palette.highlighted + 1) % found.len().max(1),
        KeyCode::Char('n') if control => palette.highlighted = (palette.highlighted + 1) % found.len().max(1),
        KeyCode::Up | KeyCode::BackTab => palette.step_back(found.len()),
        KeyCode::Char('p') if control => palette.step_back(found.len()),
        KeyCode::Enter => take_command(state, moment, effects),
        _ => {
            if palette.input.handle_event(&TerminalEvent::Key(*key)).is_some_and(|changed| changed.value) {
                palette.highlighted = 0;
            }
        }
    }
}

/// Does what the highlighted line of the palette says.
pub(super) fn take_command(state: &mut State, moment: Moment, effects: &mut Vec<Effect>) {
    let Some(Dialog::Palette(palette)) = &state.dialog else { return };
    let found = keymap::search(palette.input.value(), &state.options.keymap, state.view);
    let chosen = found.get(palette.highlighted);
    state.dialog = None;
    match chosen {
        Some(chosen) if !chosen.scope.covers(state.view) => say_not_here(state, &chosen.label, moment),
        Some(Found { command: Command::Act(action), .. }) => run(state, *action, moment, effects),
        Some(Found { command: Command::SortBy(key), .. }) => menus::sort_by(state, *key, moment),
        None => {}
    }
}

impl Palette {
    fn step_back(&mut self, count: usize) {
        self.highlighted = (self.highlighted + count.max(1) - 1) % count.max(1);
    }
}
