//! What is typed into forms: how it is read, completed and pasted, and what becomes of it.

use std::time::Duration;

use super::desk::Desk;
use super::fixtures::{id, incident};
use crate::console::effect::Write;
use crate::console::event::{Answer, Event, Written};
use crate::console::state::dialog::{Dialog, FieldKind, Form, Place};
use crate::domain::Timestamp;

fn form(desk: &Desk) -> &Form {
    match &desk.state.dialog {
        Some(Dialog::Form(form)) => form,
        other => panic!("no form is open: {other:?}"),
    }
}

#[test]
fn tab_completes_a_rule_and_then_moves_on_and_a_project_without_events_is_pointed_at() {
    let mut desk = Desk::ready(120, 40);
    desk.press("nCards declined\t");
    desk.answer_all();
    assert!(desk.screen().contains("none, or checkout-5xx, checkout-latency; tab completes"), "{}", desk.screen());
    desk.press("LAT\t");
    let rule = |desk: &Desk| match &desk.state.dialog {
        Some(Dialog::Form(form)) => (form.value(FieldKind::Rule).map(ToOwned::to_owned), form.focus),
        other => panic!("{other:?}"),
    };
    assert_eq!(rule(&desk), (Some("checkout-latency".to_owned()), Place::Field(1)));
    desk.press("\tchekout");
    assert_eq!(rule(&desk).1, Place::Field(2));
    assert!(
        desk.screen().contains("no event has the project 'chekout' so far: perhaps 'checkout'"),
        "{}",
        desk.screen()
    );
    desk.press("\n");
    assert!(
        matches!(&desk.writes()[..], [Write::Open(opening)] if opening.projects == ["chekout"]),
        "it may be the first"
    );
}

#[test]
fn a_minute_is_read_as_the_last_there_was() {
    let mut desk = Desk::ready(120, 40);
    desk.press("c\t13:30");
    assert!(desk.screen().contains("2026-11-24 13:30:00 UTC, 6m 49s ago"), "{}", desk.screen());
    desk.press("\n");
    let at = Timestamp::parse("2026-11-24 13:30", Timestamp::MIN).unwrap();
    assert!(matches!(&desk.writes()[..], [Write::Close { at: Some(closed), .. }] if *closed == at));
}

#[test]
fn what_is_pasted_goes_where_the_cursor_is() {
    let mut desk = Desk::ready(120, 40);
    desk.press("nab");
    desk.press("←");
    desk.tell(Event::Paste("größer\n漢".into()));
    desk.press("!");
    assert_eq!(form(&desk).value(FieldKind::Title), Some("agrößer 漢!b"));
}

/// An incident was opened by the form, and the list that has it comes.
fn opened(keys_meanwhile: &str) -> Desk {
    let mut desk = Desk::ready(120, 40);
    desk.press("nCards declined\n");
    let new = incident(500, "Cards declined", 0, None, 1);
    desk.tell(Event::Answer(Answer::Written { request: 1, written: Written::Opened(Box::new(new.clone())) }));
    desk.press(keys_meanwhile);
    desk.stored.insert(0, new);
    desk.pass(Duration::from_secs(3));
    desk.answer_all();
    desk
}

#[test]
fn the_cursor_goes_to_what_was_opened_here_unless_a_key_is_pressed_before_it_is_listed() {
    assert_eq!(opened("").state.selected(), Some(id(500)));
    assert_eq!(opened("j").state.selected(), Some(id(483)), "whoever moves on means what is under the cursor");
}
