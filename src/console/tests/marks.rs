//! Marks serve for one verb: once it is agreed to, none is left that would silently be the next target.

use super::desk::Desk;
use super::fixtures::{id, incident};
use crate::console::effect::Write;
use crate::console::event::{Answer, Event, Failure, Written};
use crate::domain::{IncidentId, RunCounts};

fn marks(desk: &Desk) -> Vec<IncidentId> {
    desk.state.list().unwrap().marks().iter().copied().collect()
}

/// #484 and #483 are open, #482 and #481 are closed and pending, #480 is captured: all of them are marked.
fn five_marked() -> Desk {
    let mut desk = Desk::ready(120, 40);
    desk.press("     ");
    assert_eq!(marks(&desk).len(), 5);
    desk
}

#[test]
fn the_marks_of_those_left_out_go_when_the_form_is_agreed_to() {
    let mut desk = five_marked();
    desk.press("c");
    assert_eq!(marks(&desk).len(), 5, "nothing is agreed to yet");
    desk.press("\t\t2\n");
    assert!(matches!(desk.writes().as_slice(), [Write::Close { ids, .. }] if ids.len() == 2), "{:?}", desk.writes());
    assert_eq!(marks(&desk), [id(483), id(484)], "until the answer comes, the same can be tried again");
    let changed = [484, 483].map(|number| incident(number, "Checkout", 18, Some(0), 5)).into();
    let written = Written::Incidents { changed, unchanged: Vec::new(), remarks: Vec::new() };
    desk.tell(Event::Answer(Answer::Written { request: 1, written }));
    assert_eq!(marks(&desk), []);
}

#[test]
fn a_form_that_is_left_takes_no_mark_away() {
    let mut desk = five_marked();
    desk.press("o\u{1b}");
    assert_eq!(marks(&desk).len(), 5);
}

#[test]
fn a_comment_is_about_the_selected_incident_and_leaves_the_marks() {
    let mut desk = five_marked();
    desk.press("mlooking\n");
    assert_eq!((desk.writes().len(), marks(&desk).len()), (1, 5));
}

#[test]
fn a_retry_that_needs_no_form_takes_the_marks_of_those_left_out_away_too() {
    let mut desk = Desk::ready(120, 40);
    desk.press("jj jjj r");
    assert!(matches!(desk.writes().as_slice(), [Write::Retry(seen)] if seen.len() == 1), "{:?}", desk.writes());
    desk.tell(Event::Answer(Answer::Written { request: 1, written: Written::Pending(vec![id(478)]) }));
    assert_eq!(marks(&desk), []);
}

#[test]
fn captured_incidents_are_marked_no_longer_and_those_of_a_failed_write_still_are() {
    let mut desk = five_marked();
    desk.press("P2\n");
    let cause = crate::console::event::Cause::Refused;
    let failure = Failure { message: "the database is busy".into(), cause };
    desk.tell(Event::Answer(Answer::WriteFailed { request: 1, failure }));
    assert_eq!(marks(&desk), [id(481), id(482)]);
    desk.press("P2\n");
    let counts = RunCounts { captured: 2, ..RunCounts::default() };
    desk.tell(Event::Answer(Answer::Written { request: 2, written: Written::Ran { counts, failures: Vec::new() } }));
    assert_eq!(marks(&desk), []);
}
