//! What a form comes to when it is agreed to: a write, with the targets that the form has named.

use super::{export, fields, forms};
use crate::console::effect::{Effect, Opening, Write};
use crate::console::event::Moment;
use crate::console::state::State;
use crate::console::state::dialog::{Dialog, FieldKind, Form, Purpose};
use crate::console::zone::Zone;
use crate::domain::{IncidentId, Timestamp};

/// The operator agrees. Where a field has a fault, the keys go there instead.
pub(super) fn submit(state: &mut State, moment: Moment, effects: &mut Vec<Effect>) {
    forms::check(state, moment);
    let Some(Dialog::Form(form)) = &mut state.dialog else { return };
    if forms::go_to_fault(form) {
        return;
    }
    if let Purpose::Export(_) = form.purpose {
        return export::submit(state, moment, effects);
    }
    if !state.connection.is_up() {
        form.warn("the database is not reachable: try again when it answers, what is typed here stays");
        return;
    }
    let wanted = wanted(form, state.zone, moment.now);
    let draft = form.has_text().then(|| form.clone());
    let named = acts_on_marks(&form.purpose).then(|| form.ids());
    state.dialog = None;
    if let Some(named) = named {
        leave_out(state, &named);
    }
    if let Some(wanted) = wanted {
        write(state, wanted, effects);
        state.drafts.extend(draft.map(|draft| (state.last_request, draft)));
    }
}

/// Comments and corrections are about the selected incident, whatever is marked.
fn acts_on_marks(purpose: &Purpose) -> bool {
    match purpose {
        Purpose::Close => true,
        Purpose::Confirm(write) => !matches!(write, Write::UndoClose(_)),
        Purpose::Comment | Purpose::Edit | Purpose::Open | Purpose::Export(_) => false,
    }
}

/// A verb is agreed to for these incidents: the marks of those that it leaves as they are have served too. Had they
/// stayed, the next verb would act on them and not on what is looked at.
pub(super) fn leave_out(state: &mut State, named: &[IncidentId]) {
    let Some(list) = state.list_mut() else { return };
    let left: Vec<IncidentId> = list.marks().iter().filter(|id| !named.contains(id)).copied().collect();
    list.unmark(&left);
}

/// Sends a write on its way. Its targets are busy until the answer comes.
pub(super) fn write(state: &mut State, write: Write, effects: &mut Vec<Effect>) {
    state.last_request += 1;
    state.writes.insert(state.last_request, write.clone());
    effects.push(Effect::Write(state.last_request, write));
}

fn wanted(form: &Form, zone: Zone, now: Timestamp) -> Option<Write> {
    let text = |kind| form.value(kind).map(ToOwned::to_owned);
    let time = |kind| form.value(kind).and_then(|value| zone.read(value, now).ok());
    match &form.purpose {
        Purpose::Confirm(write) => Some(write.clone()),
        Purpose::Export(_) => None,
        Purpose::Close => {
            Some(Write::Close { ids: form.ids(), at: time(FieldKind::ClosedAt), comment: text(FieldKind::Comment) })
        }
        Purpose::Comment => Some(Write::Comment { id: form.targets.first()?.seen.id, text: text(FieldKind::Comment)? }),
        Purpose::Edit => {
            let target = form.targets.first()?;
            let title = text(FieldKind::Title).filter(|title| *title != target.title);
            let date_started = time(FieldKind::Started).filter(|started| *started != target.seen.date_started);
            let changed = title.is_some() || date_started.is_some();
            changed.then_some(Write::Edit { seen: target.seen.clone(), title, date_started })
        }
        Purpose::Open => Some(Write::Open(Opening {
            title: text(FieldKind::Title)?,
            rule: text(FieldKind::Rule),
            projects: form.value(FieldKind::Projects).map(fields::split_projects).unwrap_or_default(),
            query: text(FieldKind::Query),
            date_started: time(FieldKind::Started),
        })),
    }
}
