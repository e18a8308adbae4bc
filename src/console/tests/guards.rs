//! Writes carry what the operator saw at the key press, and what is refused for it is told in the words of the console.

use std::time::Duration;

use super::desk::Desk;
use super::fixtures::id;
use crate::console::effect::{Timing, Write};
use crate::console::event::{Answer, Event};
use crate::console::state::dialog::Dialog;
use crate::domain::{Incident, Refusal, Remedy};

/// Somebody has reopened it and closed it again a minute later.
fn closed_again(incident: &mut Incident) {
    incident.date_closed = incident.date_closed.map(|closed| closed + Duration::from_mins(1));
    incident.pending.as_mut().unwrap().target_run_date = incident.course().target_run_date().unwrap();
}

fn refuse(desk: &mut Desk, refusal: Refusal) {
    let request = desk.state.last_request;
    desk.tell(Event::Answer(Answer::WriteRefused { request, refusal: Box::new(refusal) }));
}

fn field(desk: &Desk, at: usize) -> String {
    let Some(Dialog::Form(form)) = &desk.state.dialog else { panic!("no form") };
    form.fields[at].input.value().to_owned()
}

#[test]
fn a_write_carries_what_its_dialog_showed_even_when_a_refresh_came_between() {
    for (keys, write) in [
        ("o", (|seen| Write::Reopen { seen: vec![seen], comment: None }) as fn(_) -> Write),
        ("P", |seen| Write::Capture { seen: vec![seen], timing: Timing::Early }),
        ("D", |seen| Write::Discard(vec![seen])),
    ] {
        let mut desk = Desk::ready(120, 40);
        desk.press("jj");
        desk.answer_all();
        let seen = desk.seen(482);
        desk.press(keys);
        desk.change(482, closed_again);
        assert_ne!(desk.seen(482), seen, "the refresh is on the screen");
        desk.press("y");
        assert_eq!(desk.writes(), [write(seen)]);
    }
}

#[test]
fn an_edit_carries_the_title_and_the_start_that_its_form_began_with() {
    let mut desk = Desk::ready(120, 40);
    desk.press("jje");
    let seen = desk.seen(482);
    desk.press(" now");
    desk.change(482, |incident| incident.title = "Bob's title".into());
    desk.press("\n");
    let title = Some("Checkout errors above 5% now".to_owned());
    assert_eq!(desk.writes(), [Write::Edit { seen, title, date_started: None }]);
}

#[test]
fn a_refused_edit_comes_back_with_what_is_so_now_and_may_then_be_agreed_to() {
    let mut desk = Desk::ready(120, 40);
    desk.press("jje now\n");
    let mut incident = desk.stored.iter().find(|incident| incident.id == id(482)).unwrap().clone();
    incident.title = "Bob's title".into();
    incident.date_started = incident.date_started - Duration::from_mins(1);
    let text = "the title of incident 482 was changed by bob at 2026-11-24T13:36:40Z: 'Bob's title'".to_owned();
    refuse(&mut desk, Refusal { text: text.clone(), remedy: None, incident: Some(incident.clone()) });
    assert_eq!(desk.toast(), format!("editing: {text}"));
    assert!(desk.screen().contains("Bob's title"), "{}", desk.screen());
    assert_eq!(field(&desk, 0), "Checkout errors above 5% now", "what was typed is kept");
    assert_eq!(field(&desk, 1), incident.date_started.to_string(), "what was not touched is not written back");
    desk.press("\t\n");
    let write = desk.writes().pop();
    let title = Some("Checkout errors above 5% now".to_owned());
    let seen = crate::domain::Seen::of(&incident);
    assert_eq!(write, Some(Write::Edit { seen, title, date_started: None }));
}

#[test]
fn a_refusal_names_the_keys_that_help_and_never_a_command() {
    for (remedy, said) in [
        (Remedy::CommentOrReopen, "m comments on it, o reopens it"),
        (Remedy::Reopen, "o reopens it"),
        (Remedy::CaptureEarly, "P asks whether to capture it before"),
        (Remedy::SeeSnapshot(id(484)), "enter shows its snapshot"),
    ] {
        let mut desk = Desk::ready(120, 40);
        desk.press("c\n");
        refuse(&mut desk, Refusal::new("incident 484 was first".to_owned(), Some(remedy)));
        assert_eq!(desk.toast(), format!("closing: incident 484 was first: {said}"));
        assert_eq!(desk.state.busy(id(484)), None);
    }
}

#[test]
fn what_somebody_else_has_made_of_an_incident_is_on_the_screen_with_the_refusal() {
    let mut desk = Desk::ready(120, 40);
    desk.press("jj");
    desk.answer_all();
    desk.press("oy");
    let mut incident = desk.stored.iter().find(|incident| incident.id == id(482)).unwrap().clone();
    closed_again(&mut incident);
    let text = "incident 482 was closed again by bob at 2026-11-24T13:36:40Z".to_owned();
    refuse(&mut desk, Refusal { text, remedy: None, incident: Some(incident.clone()) });
    assert_eq!(desk.state.rows.incident(id(482)), Some(&incident));
}
