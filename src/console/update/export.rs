//! A snapshot that leaves the console: copied as a page, or exported to a file by a form that is checked as one types.
//!
//! What is exported is what is on the screen: it is at hand, and is there while the database is not.

use crossterm::event::{KeyCode, KeyEvent};
use tui_input::Input;

use super::submit::write;
use super::{fields::Verdict, forms};
use crate::console::effect::{CLIPBOARD_LIMIT, Effect, Existing, Saving, Write};
use crate::console::event::{Detail, Found, Moment, Picture};
use crate::console::keymap::Action;
use crate::console::state::State;
use crate::console::state::dialog::{Dialog, Field, FieldKind, Form, Inspection, Note, Place, Purpose, Target, Weight};
use crate::console::state::toasts::Tone;
use crate::domain::IncidentId;
use crate::export::svg::Theme;
use crate::export::{self, Format, Origin, Subject};

/// Puts the page of the selected incident into the clipboard. Half a page would be worse than none.
pub(super) fn copy(state: &mut State, moment: Moment, effects: &mut Vec<Effect>) {
    let Some(id) = state.selected() else { return };
    let Some(page) = written(state, id, Format::Markdown, moment) else { return };
    if page.len() > CLIPBOARD_LIMIT {
        let key = state.key(Action::Export);
        let said = format!("the page of #{id} is too long for the clipboard of a terminal: {key} exports it to a file");
        return state.toasts.say(Tone::Warning, said, moment.real);
    }
    state.toasts.say(Tone::Plain, format!("copied the page of #{id} as Markdown"), moment.real);
    effects.push(Effect::Copy(page));
}

/// Opens the form.
pub(super) fn begin(state: &mut State, moment: Moment) {
    let Some(detail) = state.shown_detail() else { return };
    let origin = origin(detail);
    let incident = &detail.incident;
    let target = Target::of(incident);
    let format = Format::Markdown;
    let preview = Note { text: "a preview: the snapshot is not captured yet".to_owned(), weight: Weight::Plain };
    let form = Form {
        purpose: Purpose::Export(Inspection::default()),
        title: format!("Export the snapshot of #{}", incident.id),
        notes: if origin == Origin::Preview { vec![preview] } else { Vec::new() },
        fields: vec![
            Field::with(FieldKind::Format, format.name()),
            Field::with(FieldKind::File, &export::file_name(incident.id, origin, format)),
        ],
        focus: Place::Field(0),
        accept: "Export",
        targets: vec![target],
    };
    state.dialog = Some(Dialog::Form(Box::new(form)));
    forms::check(state, moment);
}

/// A key that chooses the format, where the keys are on it. What is no such key and would be typed is taken too.
pub(super) fn choose(form: &mut Form, key: &KeyEvent) -> bool {
    let Place::Field(at) = form.focus else { return false };
    if form.fields.get(at).is_none_or(|field| field.kind != FieldKind::Format) {
        return false;
    }
    let now = format(form);
    let at = Format::ALL.iter().position(|format| *format == now).unwrap_or(0);
    let chosen = match key.code {
        KeyCode::Right | KeyCode::Char(' ' | 'l') => Format::ALL[(at + 1) % Format::ALL.len()],
        KeyCode::Left | KeyCode::Char('h') => Format::ALL[(at + Format::ALL.len() - 1) % Format::ALL.len()],
        KeyCode::Char(letter) => *Format::ALL.iter().find(|format| format.name().starts_with(letter)).unwrap_or(&now),
        KeyCode::Backspace | KeyCode::Delete | KeyCode::Home | KeyCode::End => now,
        _ => return false,
    };
    set(form, FieldKind::Format, chosen.name());
    // The name goes with the format, where it told the one before.
    let file = form.value(FieldKind::File).unwrap_or_default().to_owned();
    if Format::of_file(&file).is_some()
        && let Some((name, _)) = file.rsplit_once('.')
    {
        set(form, FieldKind::File, &format!("{name}.{}", chosen.extension()));
    }
    true
}

/// The format goes with the name, where that tells one.
pub(super) fn follow(form: &mut Form) {
    if !matches!(form.purpose, Purpose::Export(_)) {
        return;
    }
    let told = Format::of_file(form.value(FieldKind::File).unwrap_or_default());
    if let Some(told) = told.filter(|told| *told != format(form)) {
        set(form, FieldKind::Format, told.name());
    }
}

fn set(form: &mut Form, kind: FieldKind, value: &str) {
    if let Some(field) = form.fields.iter_mut().find(|field| field.kind == kind) {
        field.input = Input::new(value.to_owned());
    }
}

fn format(form: &Form) -> Format {
    form.value(FieldKind::Format).and_then(|name| name.parse().ok()).unwrap_or(Format::Markdown)
}

/// Asks about the file that is typed, once for each name. Called after every event.
pub(super) fn inspect(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Dialog::Form(form)) = &mut state.dialog else { return };
    let file = form.value(FieldKind::File).unwrap_or_default().to_owned();
    if let Purpose::Export(inspection) = &mut form.purpose
        && inspection.asked != file
    {
        *inspection = Inspection { asked: file.clone(), found: None };
        if file.is_empty() {
            return;
        }
        effects.push(Effect::Inspect(file));
    }
}

/// Takes the answer, unless another name was typed meanwhile.
pub(super) fn take(state: &mut State, file: &str, found: Found, moment: Moment) {
    let Some(Dialog::Form(form)) = &mut state.dialog else { return };
    let Purpose::Export(inspection) = &mut form.purpose else { return };
    if inspection.asked != file {
        return;
    }
    let exists = matches!(found, Found::File(_));
    inspection.found = Some(found);
    if exists {
        form.warn(format!("the file '{file}' exists already: Replace overwrites it"));
    } else if form.accept == REPLACE {
        form.notes.retain(|note| note.weight != Weight::Warning);
    }
    form.accept = if exists { REPLACE } else { "Export" };
    forms::check(state, moment);
}

const REPLACE: &str = "Replace";

/// What the name of the file comes to.
pub(super) fn judge(form: &Form) -> Verdict {
    let Purpose::Export(inspection) = &form.purpose else { return Ok(String::new()) };
    match form.value(FieldKind::File) {
        None => Err("'' is not the name of a file".to_owned()),
        Some(file) if file != inspection.asked => Ok(String::new()),
        Some(_) => match &inspection.found {
            None => Ok(String::new()),
            Some(Found::Nothing(file)) => Ok(format!("makes {file}")),
            Some(Found::File(file)) => Ok(format!("replaces {file}")),
            Some(Found::Impossible(why)) => Err(why.clone()),
        },
    }
}

/// The operator agrees. To replace a file takes the button that says so: enter in a field only goes to the safe one.
pub(super) fn submit(state: &mut State, moment: Moment, effects: &mut Vec<Effect>) {
    let Some(Dialog::Form(form)) = &mut state.dialog else { return };
    let exists = matches!(&form.purpose, Purpose::Export(Inspection { found: Some(Found::File(_)), .. }));
    if exists && form.focus != Place::Accept {
        form.focus = Place::Cancel;
        return;
    }
    let (Some(id), Some(file)) = (form.ids().first().copied(), form.value(FieldKind::File).map(ToOwned::to_owned))
    else {
        return;
    };
    let form = form.clone();
    let Some(text) = written(state, id, format(&form), moment) else {
        state.dialog = None;
        let said = format!("#{id} is no longer on the screen: nothing was exported");
        return state.toasts.say(Tone::Warning, said, moment.real);
    };
    state.dialog = None;
    let existing = if exists { Existing::Replaced } else { Existing::Kept };
    write(state, Write::Save(Saving { file, text, existing }), effects);
    // Should it come back, the file is looked at again.
    let draft = Form { purpose: Purpose::Export(Inspection::default()), accept: "Export", ..*form };
    state.drafts.insert(state.last_request, Box::new(draft));
}

/// The snapshot on the screen in a format, with the series that the chart shows.
fn written(state: &State, id: IncidentId, format: Format, moment: Moment) -> Option<String> {
    let detail = state.shown_detail().filter(|detail| detail.incident.id == id)?;
    let subject = Subject {
        incident: &detail.incident,
        activities: &detail.activities,
        snapshot: detail.picture.snapshot().ok()?,
        origin: origin(detail),
        series: state.shown_series(&detail.incident, moment.now),
    };
    Some(export::write(&subject, format, Theme::Auto))
}

fn origin(detail: &Detail) -> Origin {
    if matches!(detail.picture, Picture::Captured(_)) { Origin::Kept } else { Origin::Preview }
}
