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
mod menus;
mod overlay;
mod pointing;
mod refresh;
mod submit;
mod verbs;

use crate::console::effect::Effect;
use crate::console::event::{Event, Moment};
use crate::console::state::State;

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
    export::inspect(state, &mut effects);
    effects
}

/// What happens at the very start, before anything has.
#[must_use]
pub fn start() -> Vec<Effect> {
    vec![Effect::Connect]
}
