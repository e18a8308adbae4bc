//! Which incident stands behind the charts of others, and how.

use crate::console::effect::Lane;
use crate::console::event::{Detail, Moment};
use crate::console::keymap::Action;
use crate::console::state::State;
use crate::console::state::overlay::{Height, Overlay};
use crate::console::state::toasts::Tone;
use crate::domain::IncidentId;

/// Puts the marked incident behind, or else the selected one; where one is there already and none is marked, draws it in
/// another height, and in the end no longer.
pub(super) fn change(state: &mut State, moment: Moment) {
    let marked = state.list().and_then(|list| list.marks().first().copied());
    let said = match (marked, state.overlay.take()) {
        (None, Some(overlay)) => match overlay.height {
            Height::AsItWas => {
                let said = format!("#{} is drawn as high as the others now", overlay.id);
                state.overlay = Some(Overlay { height: Height::Normalised, ..overlay });
                said
            }
            Height::Normalised => format!("#{} is no longer behind the charts", overlay.id),
        },
        (marked, _) => {
            let Some(id) = marked.or_else(|| state.selected()) else { return };
            put_behind(state, id);
            let key = state.key(Action::Overlay);
            format!("#{id} is behind the charts of others now, aligned at the start; {key} scales it")
        }
    };
    state.toasts.say(Tone::Plain, said, moment.real);
}

/// Its mark has served: had it stayed, the next verb would act on it and not on what is looked at.
fn put_behind(state: &mut State, id: IncidentId) {
    if let Some(list) = state.list_mut() {
        list.unmark(&[id]);
    }
    state.lanes.outdate(Lane::Overlay);
    let data = state.shown_detail().filter(|data| data.incident.id == id).cloned();
    state.overlay = Some(Overlay { data, ..Overlay::new(id) });
}

/// Takes what was read of it.
pub(super) fn take(state: &mut State, id: IncidentId, detail: Option<Detail>, moment: Moment) {
    let Some(overlay) = state.overlay.as_mut().filter(|overlay| overlay.id == id) else { return };
    if let Some(detail) = detail {
        overlay.data = Some(detail);
    } else {
        state.overlay = None;
        // It answers the key that has put it behind, however late: what was said then is no longer true.
        state.toasts.say(Tone::Warning, format!("#{id} is not there: nothing is behind the charts"), moment.real);
    }
}
