//! How a verb begins: its targets are fixed, and the form that names them is opened. Nothing is written here but what
//! needs no asking.

use super::submit::{leave_out, write};
use super::{forms, undo};
use crate::console::availability;
use crate::console::effect::{Effect, Lane, Load, Timing, Write};
use crate::console::event::Moment;
use crate::console::keymap::Action;
use crate::console::state::State;
use crate::console::state::dialog::{Dialog, Field, FieldKind, Form, Note, Place, Purpose, Target, Weight};
use crate::domain::span;
use crate::domain::text::shorten;
use crate::domain::{Incident, IncidentId, Seen, Status, Timestamp, schedule};

/// Begins what an action says.
pub(super) fn begin(state: &mut State, action: Action, moment: Moment, effects: &mut Vec<Effect>) {
    let now = moment.now;
    let form = match action {
        Action::Close => close(state),
        Action::Reopen => reopen(state),
        Action::Capture => capture(state, now),
        Action::Retry => {
            let form = retry(state, now);
            // What is in sight needs no asking.
            match form.purpose {
                Purpose::Confirm(wanted) if form.notes.is_empty() => {
                    leave_out(state, &wanted.targets());
                    return write(state, wanted, effects);
                }
                _ => form,
            }
        }
        Action::Discard => discard(state),
        Action::Comment => comment(state),
        Action::Edit => edit(state),
        Action::New => {
            effects.push(Effect::Load(state.lanes.ask(Lane::Rules), Load::Rules));
            open()
        }
        Action::Run => return write(state, Write::Run, effects),
        Action::Undo => return undo::begin(state, moment, effects),
        _ => return,
    };
    state.dialog = Some(Dialog::Form(Box::new(form)));
    forms::check(state, moment);
}

/// Those of the targets for which the verb is possible.
fn possible(state: &State, possible: impl Fn(IncidentId) -> bool) -> Vec<IncidentId> {
    state.targets().into_iter().filter(|id| possible(*id)).collect()
}

fn note(text: impl Into<String>) -> Note {
    Note { text: text.into(), weight: Weight::Plain }
}

fn warning(text: impl Into<String>) -> Note {
    Note { text: text.into(), weight: Weight::Warning }
}

/// A form about the targets for which the verb is possible. It says how many others are left alone, and how many are out
/// of sight; several have to be counted by the operator.
fn about(
    state: &State,
    verb: &str,
    left: &str,
    purpose: impl Fn(Vec<Seen>) -> Purpose,
    filter: impl Fn(IncidentId) -> bool,
) -> Form {
    let all = state.targets();
    let ids = possible(state, filter);
    let targets: Vec<Target> = ids.iter().filter_map(|id| state.rows.incident(*id)).map(Target::of).collect();
    let mut notes = Vec::new();
    let others = all.len() - ids.len();
    if others > 0 {
        notes.push(note(format!("{others} of the {} marked: {left}", all.len())));
    }
    if let Some(list) = state.list() {
        let hidden = ids.iter().filter(|id| list.hidden_marks().contains(id)).count();
        match (hidden, ids.len()) {
            (0, _) => {}
            (_, 1) => notes.push(warning("it is hidden by the filter")),
            _ => notes.push(warning(format!("{hidden} of them hidden by the filter"))),
        }
    }
    let several = targets.len() > 1;
    let title = match targets.as_slice() {
        [one] => format!("{verb} #{}", one.seen.id),
        many => format!("{verb} {} incidents", many.len()),
    };
    let seen = targets.iter().map(|target| target.seen.clone()).collect();
    let fields = if several { vec![Field::new(FieldKind::Count)] } else { Vec::new() };
    let focus = if several { Place::Field(0) } else { Place::Cancel };
    Form { purpose: purpose(seen), title, targets, notes, fields, focus, accept: "" }
}

fn close(state: &State) -> Form {
    let is_open = |id| availability::has_status(state, id, Status::Open).is_ok();
    let mut form = about(state, "Close", "closed already, left as they are", |_| Purpose::Close, is_open);
    if let [one] = form.targets.as_slice()
        && let Some(incident) = state.rows.incident(one.seen.id)
    {
        let wait = span::format(schedule::cap(incident.time_window));
        form.notes.push(note(format!(
            "its snapshot is captured {wait} after the close; {} undoes until then",
            state.key(Action::Undo)
        )));
    }
    // What is typed at once is the comment: the time is nearly always now.
    let mut fields = vec![Field::new(FieldKind::Comment), Field::new(FieldKind::ClosedAt)];
    fields.append(&mut form.fields);
    Form { fields, focus: Place::Field(0), accept: "Close", ..form }
}

fn reopen(state: &State) -> Form {
    let is_closed = |id| availability::has_status(state, id, Status::Closed).is_ok();
    let purpose = |seen| Purpose::Confirm(Write::Reopen { seen, comment: None });
    let mut form = about(state, "Reopen", "open already, left as they are", purpose, is_closed);
    let count = |wanted: &dyn Fn(&Incident) -> bool| {
        form.targets.iter().filter_map(|target| state.rows.incident(target.seen.id)).filter(|it| wanted(it)).count()
    };
    let (pending, kept) = (count(&|it| it.pending.is_some()), count(&Incident::is_captured));
    if pending > 0 {
        form.notes.push(note("the pending snapshot is given up; closing again promises a new one"));
    }
    if kept > 0 {
        form.notes.push(note("the snapshot is kept among the superseded ones; closing again makes a new one"));
    }
    Form { accept: "Reopen", ..form }
}

fn capture(state: &State, now: Timestamp) -> Form {
    let ids = possible(state, |id| availability::can_capture(state, id).is_ok());
    let ahead = |incident: &Incident| incident.course().target_run_date().filter(|target| *target > now);
    let early: Vec<Timestamp> = ids.iter().filter_map(|id| state.rows.incident(*id)).filter_map(ahead).collect();
    let timing = if early.is_empty() { Timing::Due } else { Timing::Early };
    let purpose = |seen| Purpose::Confirm(Write::Capture { seen, timing });
    let can = |id| availability::can_capture(state, id).is_ok();
    let mut form = about(state, "Capture now", "open or captured, left as they are", purpose, can);
    match (early.as_slice(), form.targets.len()) {
        ([], _) => form.notes.push(note("due already: nothing will be missing")),
        ([target], 1) => {
            let (from, to) = (state.zone.minute(now), state.zone.brief(*target, now));
            let wait = span::format(target.since(now));
            form.notes.push(warning(format!("{wait} early: the time from {from} to {to} will be missing")));
            form.notes.push(note("the complete snapshot replaces this partial one then"));
        }
        (early, all) => {
            form.notes.push(warning(format!("{} of {all} are early: their last minutes will be missing", early.len())));
            form.notes.push(note("the complete snapshots replace the partial ones at their targets"));
        }
    }
    Form { accept: "Capture", ..form }
}

fn retry(state: &State, now: Timestamp) -> Form {
    let can = |id| availability::can_retry(state, id, now).is_ok();
    let purpose = |seen| Purpose::Confirm(Write::Retry(seen));
    let form = about(state, "Retry the pending snapshot of", "not failed, left as they are", purpose, can);
    let hidden = form.notes.iter().any(|note| note.weight == Weight::Warning);
    Form { accept: "Retry", notes: if hidden { form.notes } else { Vec::new() }, ..form }
}

fn discard(state: &State) -> Form {
    let purpose = |seen| Purpose::Confirm(Write::Discard(seen));
    let pending = |id| availability::is_pending(state, id).is_ok();
    let mut form =
        about(state, "Discard the pending snapshot of", "nothing pending, left as they are", purpose, pending);
    let capture = state.key(Action::Capture);
    let left = format!("no snapshot will be made; {capture} makes one as long as the source holds the events");
    form.notes.push(warning(left));
    if let [one] = form.targets.as_slice()
        && let Some(error) = state.rows.incident(one.seen.id).and_then(|it| it.pending.as_ref()?.last_error.as_ref())
    {
        form.notes.push(note(format!("last error: {}", shorten(error, 160))));
    }
    Form { accept: "Discard", ..form }
}

fn one(state: &State) -> Vec<Target> {
    state.selected_incident().map(Target::of).into_iter().collect()
}

fn numbered(verb: &str, targets: &[Target]) -> String {
    targets.first().map_or_else(|| verb.to_owned(), |target| format!("{verb} #{}", target.seen.id))
}

fn comment(state: &State) -> Form {
    let targets = one(state);
    Form {
        purpose: Purpose::Comment,
        title: numbered("Comment on", &targets),
        targets,
        notes: Vec::new(),
        fields: vec![Field::new(FieldKind::Comment)],
        focus: Place::Field(0),
        accept: "Comment",
    }
}

fn edit(state: &State) -> Form {
    let targets = one(state);
    let (title, started) = targets.first().map_or_else(Default::default, |target| {
        // The zone of the screen would not be read back as such, so the field is in the form that is always read.
        (target.title.clone(), target.seen.date_started.to_string())
    });
    Form {
        purpose: Purpose::Edit,
        title: numbered("Edit", &targets),
        targets,
        notes: Vec::new(),
        fields: vec![Field::with(FieldKind::Title, &title), Field::with(FieldKind::Started, &started)],
        focus: Place::Field(0),
        accept: "Save",
    }
}

fn open() -> Form {
    let kinds = [FieldKind::Title, FieldKind::Rule, FieldKind::Projects, FieldKind::Query, FieldKind::Started];
    Form {
        purpose: Purpose::Open,
        title: "New incident".to_owned(),
        targets: Vec::new(),
        notes: Vec::new(),
        fields: kinds.map(Field::new).into(),
        focus: Place::Field(0),
        accept: "Open",
    }
}
