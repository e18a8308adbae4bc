//! Taking back the last close of this console: at once while it is the last thing that was done here, after a question
//! once something else was.

use super::submit::write;
use crate::console::effect::{Effect, Write};
use crate::console::event::{Moment, Written};
use crate::console::keymap::Action;
use crate::console::state::State;
use crate::console::state::dialog::{Dialog, Form, Note, Place, Purpose, Target, Weight};
use crate::console::state::undo::{Since, Undo, numbers};
use crate::domain::text::printable;
use crate::domain::{Incident, Seen, span};

/// So many incidents are named one by one.
pub(super) const NAMED: usize = 5;

/// Takes the last close back, or asks first.
pub(super) fn begin(state: &mut State, moment: Moment, effects: &mut Vec<Effect>) {
    let Some(undo) = &state.undo else { return };
    let closes: Vec<Seen> = undo.possible(moment.now).cloned().collect();
    match undo.since {
        Since::Nothing => write(state, Write::UndoClose(closes), effects),
        Since::AnotherWrite => {
            let form = question(state, undo, closes, moment);
            state.dialog = Some(Dialog::Form(Box::new(form)));
        }
    }
}

fn question(state: &State, undo: &Undo, closes: Vec<Seen>, moment: Moment) -> Form {
    let ids = closes.iter().map(|seen| seen.id);
    let (at, ago) = (state.zone.time(undo.made_at), span::format(moment.now.since(undo.made_at)));
    let made = Note { text: format!("closed here at {at}, {ago} ago"), weight: Weight::Plain };
    let since = "other changes were made here since: this takes back the close, and not the last of them";
    Form {
        title: format!("Undo the close of {}", numbers(ids, NAMED)),
        targets: closes.iter().map(|seen| Target { seen: seen.clone(), title: printable(&seen.title) }).collect(),
        notes: vec![made, Note { text: since.to_owned(), weight: Weight::Warning }],
        fields: Vec::new(),
        focus: Place::Cancel,
        accept: "Undo",
        purpose: Purpose::Confirm(Write::UndoClose(closes)),
    }
}

/// A close has succeeded: it is what can be taken back from now on. Says until when.
pub(super) fn remember(state: &mut State, closed: &[Incident], moment: Moment) -> Option<String> {
    state.undo = Undo::of(closed, moment.now);
    let until = state.undo.as_ref()?.until().filter(|until| *until > moment.now)?;
    Some(format!("{} undoes until {}", state.key(Action::Undo), state.zone.minute(until)))
}

/// A write has succeeded. Taken back is taken back; anything else that has changed something comes between.
pub(super) fn note(state: &mut State, write: &Write, written: &Written) {
    let changed = match written {
        Written::Incidents { changed, .. } => !changed.is_empty(),
        Written::Ran { counts, .. } => counts.due() > 0,
        Written::Opened(_) | Written::Commented(_) | Written::Pending(_) => true,
        Written::Saved { .. } => false,
    };
    match write {
        Write::UndoClose(closes) => forget(state, closes),
        _ if changed => {
            if let Some(undo) = &mut state.undo {
                undo.since = Since::AnotherWrite;
            }
        }
        _ => {}
    }
}

/// These closes are taken back, or never can be. Those that could not be for a fault of the database are not forgotten:
/// the same key tries again.
pub(super) fn forget(state: &mut State, closes: &[Seen]) {
    if state.undo.as_mut().is_some_and(|undo| !undo.forget(|seen| closes.contains(seen))) {
        state.undo = None;
    }
}
