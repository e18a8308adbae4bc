//! Taking back the last close: what the key says that it will do, when it asks first, and what it does not forget.

use std::time::Duration;

use super::desk::Desk;
use super::fixtures::{id, incident};
use crate::console::availability;
use crate::console::effect::Write;
use crate::console::event::{Answer, Cause, Event, Failure, Written};
use crate::console::keymap::Action;
use crate::console::state::dialog::{Dialog, Form, Purpose};
use crate::domain::{Incident, Refusal, Seen};

fn written(changed: Vec<Incident>) -> Written {
    Written::Incidents { changed, unchanged: Vec::new(), remarks: Vec::new() }
}

fn answer(desk: &mut Desk, written: Written) {
    desk.tell(Event::Answer(Answer::Written { request: desk.state.last_request, written }));
}

fn closed(numbers: &[i64]) -> Vec<Incident> {
    numbers.iter().map(|number| incident(*number, "Checkout", 18, Some(0), 5)).collect()
}

/// A console whose last close was that of these incidents.
fn after_closing(numbers: &[i64]) -> Desk {
    let mut desk = Desk::ready(120, 40);
    desk.press("c\n");
    answer(&mut desk, written(closed(numbers)));
    desk
}

fn hint(desk: &Desk) -> Option<String> {
    let hints = availability::hints(&desk.state, desk.moment.now);
    hints.into_iter().find(|hint| hint.action == Action::Undo).map(|hint| hint.label.into_owned())
}

fn question(desk: &Desk) -> &Form {
    match &desk.state.dialog {
        Some(Dialog::Form(form)) => form,
        other => panic!("{other:?} is no question"),
    }
}

fn fail(desk: &mut Desk, cause: Cause) {
    let failure = Failure { message: "the database is busy".into(), cause };
    desk.tell(Event::Answer(Answer::WriteFailed { request: desk.state.last_request, failure }));
}

#[test]
fn the_hint_says_which_close_is_taken_back() {
    assert_eq!(hint(&after_closing(&[484])).as_deref(), Some("undo close of #484"));
    assert_eq!(hint(&after_closing(&[484, 483, 482])).as_deref(), Some("undo close of #484, #483 and 1 more"));
    let mut desk = after_closing(&[484]);
    desk.state.toasts.dismiss(desk.moment.real);
    assert!(desk.screen().contains("z undo close of #484"), "{}", desk.screen());
}

#[test]
fn several_closes_are_taken_back_by_one_write_and_all_are_named() {
    let numbers = [484, 483, 482, 481, 480, 479, 478, 477];
    let mut desk = after_closing(&numbers);
    let closes: Vec<Seen> = closed(&numbers).iter().map(Seen::of).collect();
    desk.press("z");
    assert_eq!(desk.writes()[1..], [Write::UndoClose(closes)]);
    let open = numbers.iter().map(|number| incident(*number, "Checkout", 18, None, 5)).collect();
    answer(&mut desk, written(open));
    assert_eq!(desk.toast(), "taken back: the close of #484, #483, #482, #481, #480 and 3 more");
    assert!(desk.state.undo.is_none());
}

#[test]
fn an_undo_that_failed_is_not_forgotten_and_goes_again() {
    for cause in [Cause::Refused, Cause::Unreachable] {
        let mut desk = after_closing(&[484]);
        desk.press("z");
        desk.press("z");
        assert_eq!(desk.toast(), "#484: undoing, wait for the answer");
        fail(&mut desk, cause);
        assert_eq!(desk.toast(), "undoing: the database is busy");
        desk.press("z");
        let undo = || Write::UndoClose(vec![Seen::of(&closed(&[484])[0])]);
        assert_eq!(desk.writes()[1..], [undo(), undo()]);
    }
}

#[test]
fn an_undo_that_can_never_be_is_forgotten_and_the_rest_of_it_is_not() {
    let mut desk = after_closing(&[484, 483]);
    desk.press("z");
    let text = "incident 483 was captured at 2026-11-24T13:36:40Z".to_owned();
    let refusal = Refusal { text, remedy: None, incident: Some(closed(&[483]).remove(0)) };
    desk.tell(Event::Answer(Answer::WriteRefused { request: 2, refusal: Box::new(refusal) }));
    assert_eq!(hint(&desk).as_deref(), Some("undo close of #484"));
    desk.press("z");
    let refusal = Refusal::new("incident 484 was reopened".to_owned(), None);
    desk.tell(Event::Answer(Answer::WriteRefused { request: 3, refusal: Box::new(refusal) }));
    assert_eq!(hint(&desk), None);
}

#[test]
fn after_another_write_the_key_asks_first_and_names_the_close() {
    let mut desk = after_closing(&[484]);
    desk.press("jm");
    desk.press("looking\n");
    answer(&mut desk, Written::Commented(id(483)));
    desk.pass(Duration::from_mins(2));
    desk.press("z");
    let form = question(&desk);
    assert_eq!(form.title, "Undo the close of #484");
    assert_eq!(form.notes[0].text, "closed here at 13:36:49, 2m ago");
    assert!(desk.screen().contains("#484  Checkout"), "{}", desk.screen());
    assert_eq!(desk.writes().len(), 2, "nothing yet");
    let close = Write::UndoClose(vec![Seen::of(&closed(&[484])[0])]);
    assert_eq!(question(&desk).purpose, Purpose::Confirm(close.clone()));
    desk.press("y");
    assert_eq!(desk.writes().last(), Some(&close));
}

#[test]
fn what_changed_nothing_does_not_come_between() {
    let mut desk = after_closing(&[484]);
    desk.press("jc\n");
    let unchanged = Written::Incidents {
        changed: Vec::new(),
        unchanged: closed(&[483]),
        remarks: vec!["#483 was already closed, by ben at 13:35".into()],
    };
    answer(&mut desk, unchanged);
    desk.press("z");
    assert!(desk.state.dialog.is_none() && matches!(desk.writes().last(), Some(Write::UndoClose(_))));
}
