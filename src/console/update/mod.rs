//! What becomes of the state when something happens, and what is to be done outside of it. Pure: no clock, no I/O, no
//! chance of its own.

mod actions;
mod answers;
mod chart;
mod export;
mod fields;
mod filter;
mod forms;
mod keys;
mod marks;
mod menus;
mod overlay;
mod pointing;
mod refresh;
mod submit;
mod undo;
mod verbs;

use crate::console::effect::Effect;
use crate::console::event::{Event, Moment};
use crate::console::keymap::Action;
use crate::console::options::DataKind;
use crate::console::pointing::MouseMode;
use crate::console::state::State;
use crate::console::state::toasts::Tone;
use crate::domain::text::shorten;

/// Takes an event into the state and says what is to be done outside of it.
#[must_use]
pub fn update(state: &mut State, event: Event, moment: Moment) -> Vec<Effect> {
    let mut effects = Vec::new();
    match event {
        Event::Key(key) => keys::press(state, &key, moment, &mut effects),
        Event::Paste(text) => keys::paste(state, &text, moment),
        Event::Pointed(gesture, target) => pointing::point(state, gesture, target, moment, &mut effects),
        Event::Resize { width, height } => state.size = (width, height),
        Event::Tick => refresh::tick(state, moment, &mut effects),
        Event::Resumed => {
            state.refresh.next_at = moment.real;
            refresh::tick(state, moment, &mut effects);
            effects.push(Effect::Repaint);
        }
        Event::Log { lines, written } => state.log.replace(&lines, written),
        Event::Answer(answer) => answers::take(state, answer, moment, &mut effects),
        Event::Processor(news) => answers::hear(state, news, moment, &mut effects),
    }
    refresh::fill(state, moment, &mut effects);
    keep(state, &mut effects);
    export::inspect(state, &mut effects);
    effects
}

/// What happens at the very start, before anything has.
pub fn start(state: &mut State, moment: Moment) -> Vec<Effect> {
    let filter = &state.incidents.filter;
    if !filter.is_empty() {
        // What hides incidents must not do so unnoticed.
        let (filter, clear) = (shorten(filter.text(), 60), state.key(Action::Back));
        state.toasts.say(
            Tone::Warning,
            format!("the filter is as it was left: {filter}; {clear} clears it"),
            moment.real,
        );
    }
    let mouse = (state.mouse == MouseMode::Console).then_some(Effect::Mouse(true));
    mouse.into_iter().chain([Effect::Connect]).collect()
}

/// How the console is looked at is kept as it changes, whatever ends it; a filter once it is no longer being typed. The
/// demo is always as at first.
fn keep(state: &mut State, effects: &mut Vec<Effect>) {
    if state.options.data == DataKind::Demo || state.filter_line.is_some() {
        return;
    }
    let kept = state.to_keep();
    if kept != state.kept {
        state.kept = kept.clone();
        effects.push(Effect::Keep(Box::new(kept)));
    }
}
