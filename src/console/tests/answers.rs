//! What becomes of answers: late ones, failed ones, and those of writes.

use std::time::Duration;

use super::desk::Desk;
use super::fixtures::{id, incident, now};
use crate::console::effect::{Edition, Effect, Lane, Load, Write};
use crate::console::event::{Answer, Cause, Event, Failure, Loaded, ProcessorNews, Written};
use crate::console::listing::Listed;
use crate::console::options::Access;
use crate::console::state::connection::Connection;
use crate::console::state::processor::Standing;
use crate::domain::{RunCounts, Trigger};

fn gone() -> Failure {
    Failure { message: "connection refused".into(), cause: Cause::Unreachable }
}

fn list_question(desk: &mut Desk) -> u64 {
    let at = desk.effects.iter().rposition(|effect| matches!(effect, Effect::Load(_, Load::List(..)))).unwrap();
    match desk.effects.remove(at) {
        Effect::Load(sequence, _) => sequence,
        _ => unreachable!(),
    }
}

#[test]
fn a_refresh_never_moves_the_cursor_to_another_incident() {
    let mut desk = Desk::ready(120, 40);
    desk.press("jj");
    desk.answer_all();
    assert_eq!(desk.state.selected(), Some(id(482)));
    desk.stored.insert(0, incident(485, "Newer", 2, None, 1));
    desk.stored.insert(0, incident(486, "Newest", 1, None, 1));
    desk.pass(Duration::from_secs(3));
    desk.answer_all();
    assert_eq!(desk.state.incidents.ids()[0], id(486));
    assert_eq!(desk.state.selected(), Some(id(482)));
}

#[test]
fn a_refresh_between_key_press_and_answer_never_acts_on_another_incident() {
    let mut desk = Desk::ready(120, 40);
    desk.press("jc");
    desk.stored.retain(|incident| incident.id != id(483));
    desk.stored.insert(0, incident(490, "Another", 1, None, 1));
    desk.pass(Duration::from_secs(3));
    desk.answer_all();
    desk.press("\n");
    assert_eq!(desk.writes(), [Write::Close { ids: vec![id(483)], at: None, comment: None }]);
}

#[test]
fn an_incident_that_left_the_list_stays_the_one_that_is_acted_on() {
    let mut desk = Desk::ready(120, 40);
    desk.press("/status:open\n");
    desk.answer_all();
    desk.press("j");
    assert_eq!(desk.state.selected(), Some(id(483)));
    let gone = desk.stored.iter().position(|incident| incident.id == id(483)).unwrap();
    desk.stored[gone] = incident(483, "Login latency", 41, Some(0), 1);
    desk.pass(Duration::from_secs(3));
    desk.answer_all();
    assert_eq!((desk.state.selected(), desk.state.incidents.is_listed()), (Some(id(483)), false));
    desk.press("c");
    assert_eq!(desk.toast(), "#483 is already closed");
}

#[test]
fn an_answer_to_the_filter_before_is_dropped() {
    let mut desk = Desk::ready(120, 40);
    desk.press("/l");
    let late = list_question(&mut desk);
    desk.press("og");
    desk.answer_all();
    let listed = desk.state.incidents.ids().to_vec();
    desk.tell(Event::Answer(Answer::Loaded {
        sequence: late,
        loaded: Loaded::List(Listed::Incidents, vec![id(1)], Edition(1)),
    }));
    assert_eq!(desk.state.incidents.ids(), listed);
}

#[test]
fn rows_read_before_a_write_do_not_undo_it_on_the_screen() {
    let mut desk = Desk::ready(120, 40);
    desk.pass(Duration::from_secs(3));
    let (sequence, ids) = desk
        .effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Load(sequence, Load::Rows(ids)) => Some((*sequence, ids.clone())),
            _ => None,
        })
        .unwrap();
    let before = desk.load(&Load::Rows(ids));
    desk.press("c\n");
    let closed = incident(484, "Checkout", 18, Some(0), 5);
    let written = Written::Incidents { changed: vec![closed], unchanged: Vec::new(), remarks: Vec::new() };
    desk.tell(Event::Answer(Answer::Written { request: 1, written }));
    desk.tell(Event::Answer(Answer::Loaded { sequence, loaded: before }));
    assert!(desk.state.rows.incident(id(484)).unwrap().date_closed.is_some());
}

#[test]
fn a_lost_database_is_tried_again_and_everything_is_read_when_it_is_back() {
    let mut desk = Desk::ready(120, 40);
    desk.pass(Duration::from_secs(3));
    let asked: Vec<(u64, Lane)> = desk
        .effects
        .drain(..)
        .filter_map(
            |effect| if let Effect::Load(sequence, load) = effect { Some((sequence, load.lane())) } else { None },
        )
        .collect();
    assert!(asked.len() >= 4);
    for (sequence, lane) in asked {
        desk.tell(Event::Answer(Answer::LoadFailed { lane, sequence, failure: gone(), chance: 0.5 }));
    }
    assert_eq!(desk.state.connection.outage().map(|outage| outage.attempts), Some(1), "one outage, one wait");
    assert!(!desk.state.rows.missing(&[id(484)]).contains(&id(484)), "the rows stay");
    desk.pass(Duration::from_secs(1));
    assert!(desk.effects.is_empty(), "it waits");
    desk.pass(Duration::from_secs(1));
    assert!(matches!(desk.effects.as_slice(), [Effect::Load(_, Load::Overview)]));
    desk.answer_all();
    assert!(desk.state.connection.is_up());
    assert_eq!(desk.toast(), "the database answers again");
}

#[test]
fn while_the_database_is_gone_keys_move_and_verbs_say_why_not() {
    let mut desk = Desk::ready(120, 40);
    desk.state.connection = Connection::Up { answered_at: now() };
    desk.state.connection.failed("refused".into(), now(), 0.5);
    desk.press("j");
    assert_eq!(desk.state.selected(), Some(id(483)));
    desk.press("p");
    assert_eq!(desk.toast(), "the database is not reachable");
    assert!(desk.state.dialog.is_none());
}

#[test]
fn what_is_typed_into_a_form_while_the_database_is_gone_is_kept_and_sent_when_it_answers() {
    let mut desk = Desk::ready(120, 40);
    desk.state.connection.failed("refused".into(), now(), 0.5);
    // Had the form not opened, these letters would have been keys.
    desk.press("jcfreeze over\n");
    assert!(desk.writes().is_empty() && desk.state.frozen_since.is_none());
    desk.press("\n");
    assert!(desk.screen().contains("the database is not reachable: try again"), "{}", desk.screen());
    desk.state.connection.answered(now());
    desk.press("\n");
    let close = Write::Close { ids: vec![id(483)], at: None, comment: Some("freeze over".into()) };
    assert_eq!(desk.writes(), [close]);
}

#[test]
fn a_refused_read_is_said_once_and_not_asked_for_in_a_circle() {
    let mut desk = Desk::ready(120, 40);
    desk.press("j");
    let (sequence, _) = desk
        .effects
        .drain(..)
        .find_map(|effect| match effect {
            Effect::Load(sequence, Load::Detail(id)) => Some((sequence, id)),
            _ => None,
        })
        .unwrap();
    let failure = Failure { message: "a stored row is damaged".into(), cause: Cause::Refused };
    desk.tell(Event::Answer(Answer::LoadFailed { lane: Lane::Detail, sequence, failure, chance: 0.5 }));
    assert!(desk.effects.is_empty());
    assert_eq!(desk.toast(), "a stored row is damaged");
    assert!(desk.state.connection.is_up());
}

#[test]
fn a_failed_write_says_why_and_frees_the_row() {
    let mut desk = Desk::ready(120, 40);
    desk.press("c\n");
    assert_eq!(desk.state.busy(id(484)), Some("closing"));
    desk.press("c");
    assert_eq!(desk.toast(), "#484: closing, wait for the answer");
    let failure = Failure { message: "the database is busy".into(), cause: Cause::Refused };
    desk.tell(Event::Answer(Answer::WriteFailed { request: 1, failure }));
    assert_eq!((desk.state.busy(id(484)), desk.toast().as_str()), (None, "closing: the database is busy"));
}

#[test]
fn a_close_can_be_taken_back_until_its_snapshot_is_due() {
    let mut desk = Desk::ready(120, 40);
    desk.press("c\n");
    let closed = incident(484, "Checkout", 18, Some(0), 5);
    let written = Written::Incidents { changed: vec![closed], unchanged: Vec::new(), remarks: Vec::new() };
    desk.tell(Event::Answer(Answer::Written { request: 1, written }));
    assert_eq!(desk.toast(), "closed #484; z undoes until 14:26");
    let mut late = Desk { state: desk.state.clone(), ..Desk::started(120, 40) };
    late.stored.clear();
    late.pass(Duration::from_mins(51));
    late.press("z");
    assert_eq!(late.toast(), "there is no close of this console to take back");
    desk.press("z");
    assert_eq!(desk.writes().last(), Some(&Write::UndoClose(vec![desk.seen(484)])));
}

#[test]
fn what_somebody_else_did_first_is_said() {
    let mut desk = Desk::ready(120, 40);
    desk.press("c\n");
    let written = Written::Incidents {
        changed: Vec::new(),
        unchanged: vec![incident(484, "Checkout", 18, Some(1), 5)],
        remarks: vec!["#484 was already closed, by ben at 13:35".into()],
    };
    desk.tell(Event::Answer(Answer::Written { request: 1, written }));
    assert_eq!(desk.toast(), "#484 was already closed, by ben at 13:35");
    assert!(desk.state.undo.is_none(), "another's close is not ours to take back");
}

#[test]
fn a_due_row_is_being_captured_while_the_processor_runs_and_is_read_again_after() {
    let mut desk = Desk::ready(120, 40);
    desk.pass(Duration::from_mins(50));
    desk.answer_all();
    let standing = |desk: &Desk| {
        let (now, incident) = (desk.moment.now, desk.state.rows.incident(id(482)).unwrap());
        crate::console::state::processor::standing(incident, desk.state.prospect(now), now)
    };
    assert!(matches!(standing(&desk), Standing::Due(Some(_))));
    desk.tell(Event::Processor(ProcessorNews::Started { at: now(), trigger: Trigger::Interval }));
    assert_eq!(standing(&desk), Standing::Capturing);
    let counts = RunCounts { captured: 1, ..RunCounts::default() };
    desk.effects.clear();
    desk.tell(Event::Processor(ProcessorNews::Finished {
        at: now(),
        counts,
        trigger: Trigger::Interval,
        failures: Vec::new(),
    }));
    assert_eq!(desk.toast(), "captured 1 snapshot");
    assert!(desk.effects.iter().any(|effect| matches!(effect, Effect::Load(_, Load::Rows(_)))));
}

#[test]
fn a_frozen_view_reads_no_rows_but_still_knows_whether_the_database_answers() {
    let mut desk = Desk::ready(120, 40);
    desk.press("f");
    for _ in 0..5 {
        desk.pass(Duration::from_secs(3));
        let rows = desk.effects.iter().any(|effect| matches!(effect, Effect::Load(_, Load::List(..) | Load::Rows(_))));
        assert!(!rows);
        assert!(desk.effects.iter().any(|effect| matches!(effect, Effect::Load(_, Load::Overview))));
        desk.answer_all();
    }
    desk.press("f");
    assert!(desk.effects.iter().any(|effect| matches!(effect, Effect::Load(_, Load::List(..)))));
}

#[test]
fn a_dear_list_is_read_less_often() {
    let mut desk = Desk::ready(120, 40);
    desk.pass(Duration::from_secs(3));
    let sequence = list_question(&mut desk);
    desk.effects.clear();
    desk.pass(Duration::from_millis(80));
    desk.tell(Event::Answer(Answer::Loaded {
        sequence,
        loaded: Loaded::List(Listed::Incidents, vec![id(484)], Edition(1)),
    }));
    desk.effects.clear();
    desk.pass(Duration::from_secs(5));
    assert!(!desk.effects.iter().any(|effect| matches!(effect, Effect::Load(_, Load::List(..)))));
    desk.pass(Duration::from_secs(3));
    assert!(desk.effects.iter().any(|effect| matches!(effect, Effect::Load(_, Load::List(..)))));
}

#[test]
fn a_list_that_still_holds_is_not_read_again_and_another_filter_is() {
    let mut desk = Desk::ready(120, 40);
    let held = |desk: &Desk| {
        desk.effects.iter().rev().find_map(|effect| match effect {
            Effect::Load(_, Load::List(_, _, _, held)) => Some(*held),
            _ => None,
        })
    };
    desk.pass(Duration::from_secs(3));
    assert_eq!(held(&desk), Some(Some(Edition(1))));
    let sequence = list_question(&mut desk);
    desk.effects.clear();
    desk.tell(Event::Answer(Answer::Loaded { sequence, loaded: Loaded::ListHolds(Listed::Incidents) }));
    assert_eq!(desk.state.incidents.ids().len(), 12);
    assert_eq!(desk.state.incidents.listed_at, Some(desk.moment.now));
    desk.press("/web");
    assert_eq!(held(&desk), Some(None), "what is at hand is the list of another filter");
    desk.press("\u{1b}/age:<1d");
    desk.answer_all();
    desk.pass(Duration::from_secs(11));
    assert_eq!(held(&desk), Some(None), "time alone changes it");
}

#[test]
fn a_read_only_console_refuses_every_write_with_a_reason() {
    let mut options = super::fixtures::options();
    options.access = Access::ReadOnly;
    let mut desk = Desk::with(options, 120, 40);
    desk.connect();
    for key in ["c", "o", "P", "p", "n", "m", "e", "r", "D", "z"] {
        desk.press(key);
        assert_eq!(desk.toast(), "this console is read-only: it was started with --read-only", "{key}");
        assert!(desk.state.dialog.is_none() && desk.writes().is_empty());
    }
}

#[test]
fn a_list_of_a_hundred_thousand_is_scrolled_without_reading_it_all() {
    let mut desk = Desk::ready(120, 40);
    let ids = (0..100_000).rev().map(id).collect();
    desk.pass(Duration::from_secs(3));
    let sequence = list_question(&mut desk);
    desk.effects.clear();
    desk.tell(Event::Answer(Answer::Loaded { sequence, loaded: Loaded::List(Listed::Incidents, ids, Edition(2)) }));
    desk.press("G");
    let rows = desk.state.screen().list_rows();
    for effect in &desk.effects {
        if let Effect::Load(_, Load::Rows(ids) | Load::Shapes(ids)) = effect {
            assert!(ids.len() <= 3 * rows, "{} rows asked for", ids.len());
        }
    }
    let began = std::time::Instant::now();
    for _ in 0..50 {
        desk.press("k");
        let _ = desk.screen();
    }
    assert!(began.elapsed() < Duration::from_secs(5), "even a debug build draws a frame in far less than 100 ms");
}

#[test]
fn what_was_typed_comes_back_when_a_write_is_refused() {
    let mut desk = Desk::ready(120, 40);
    desk.press("m");
    desk.press("a long story\n");
    let failure = Failure { message: "the database is busy".into(), cause: Cause::Refused };
    desk.tell(Event::Answer(Answer::WriteFailed { request: 1, failure }));
    let Some(crate::console::state::dialog::Dialog::Form(form)) = &desk.state.dialog else { panic!("no form") };
    assert_eq!(form.fields[0].input.value(), "a long story");
    assert_eq!(form.notes[0].text, "the database is busy");
    desk.press("\n");
    assert!(desk.state.dialog.is_none() && desk.writes().len() == 1, "the next key does nothing by accident");
}

#[test]
fn a_form_that_was_opened_before_the_database_answered_gets_its_rules_when_it_does() {
    let mut desk = Desk::started(120, 40);
    desk.press("nDeclined cards");
    // Nobody was there yet to take the question.
    desk.effects.clear();
    desk.connect();
    assert!(desk.state.rules.is_some());
    assert!(desk.screen().contains("Declined cards"));
}
