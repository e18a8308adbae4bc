//! What keys do: to the list, in dialogs, typed ahead.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::desk::Desk;
use super::fixtures::{id, now};
use crate::console::effect::{Effect, Load, Timing, Write};
use crate::console::event::Event;
use crate::console::listing::{Columns, Direction, SortKey};
use crate::console::screen::Focus;
use crate::console::state::ViewKind;
use crate::console::state::dialog::{Dialog, FieldKind, Place};

fn form(desk: &Desk) -> &crate::console::state::dialog::Form {
    match &desk.state.dialog {
        Some(Dialog::Form(form)) => form,
        other => panic!("no form is open: {other:?}"),
    }
}

#[test]
fn escape_never_quits_and_q_and_ctrl_c_always_do() {
    let mut desk = Desk::ready(120, 40);
    desk.press("\u{1b}\u{1b}\u{1b}");
    assert!(!desk.effects.contains(&Effect::Quit));
    desk.press("q");
    assert!(desk.effects.contains(&Effect::Quit));
    for keys in ["", "c", "/x", ":", "?"] {
        let mut desk = Desk::ready(120, 40);
        desk.press(keys);
        desk.control('c');
        assert!(desk.effects.contains(&Effect::Quit), "{keys:?}");
    }
}

#[test]
fn q_is_a_letter_where_one_types() {
    for keys in ["cq", "/q", ":q"] {
        let mut desk = Desk::ready(120, 40);
        desk.press(keys);
        assert!(!desk.effects.contains(&Effect::Quit), "{keys}");
    }
}

#[test]
fn keys_typed_ahead_act_on_what_was_on_the_screen_when_they_were_typed() {
    let mut desk = Desk::ready(120, 40);
    // All of it before a single answer comes.
    desk.press("jcdone\n");
    let close = Write::Close { ids: vec![id(483)], at: None, comment: Some("done".into()) };
    assert_eq!(desk.writes(), [close]);
    desk.press("c");
    assert_eq!(desk.toast(), "#483: closing, wait for the answer");
}

/// As the terminal reads an escape with a key right behind it.
fn alt(desk: &mut Desk, c: char) {
    desk.tell(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT)));
}

#[test]
fn a_key_that_means_something_in_another_view_only_says_so() {
    let mut desk = Desk::ready(120, 40);
    desk.press("4c");
    assert_eq!(desk.toast(), "'close' has no meaning in this view");
    assert!(desk.state.dialog.is_none());
}

#[test]
fn a_key_typed_right_after_escape_counts_as_both() {
    let mut desk = Desk::ready(120, 40);
    desk.press("c");
    alt(&mut desk, 'j');
    assert!(desk.state.dialog.is_none());
    assert_eq!(desk.state.selected(), Some(id(483)));
    desk.press("/login");
    alt(&mut desk, '2');
    assert!(desk.state.filter_line.is_none() && desk.state.incidents.filter.is_empty());
    assert_eq!(desk.state.view, ViewKind::Pending);
}

#[test]
fn alt_with_a_letter_throws_nothing_away_that_was_typed() {
    let mut desk = Desk::ready(120, 40);
    desk.press("crolled back");
    alt(&mut desk, 'b');
    assert_eq!(form(&desk).value(FieldKind::Comment), Some("rolled back"));
}

#[test]
fn keys_typed_before_the_list_is_read_act_on_nothing() {
    let mut desk = Desk::started(120, 40);
    desk.press("jcPoDr\n ");
    assert!(desk.writes().is_empty() && desk.state.dialog.is_none());
    desk.connect();
    assert!(desk.writes().is_empty() && desk.state.incidents.marks().is_empty());
}

#[test]
fn a_confirmation_has_its_safe_button_focused() {
    let mut desk = Desk::ready(120, 40);
    desk.press("jjo");
    assert_eq!(form(&desk).focus, Place::Cancel);
    desk.press("\n");
    assert!(desk.state.dialog.is_none() && desk.writes().is_empty());
    desk.press("oy");
    assert_eq!(desk.writes(), [Write::Reopen { seen: vec![desk.seen(482)], comment: None }]);
}

#[test]
fn several_are_touched_only_after_their_count_was_typed() {
    let mut desk = Desk::ready(120, 40);
    desk.press("  c\t\t3\n");
    assert!(desk.writes().is_empty());
    assert_eq!(form(&desk).fields[2].error.as_deref(), Some("type 2 to confirm"));
    desk.press("\u{8}2\n");
    assert_eq!(desk.writes(), [Write::Close { ids: vec![id(483), id(484)], at: None, comment: None }]);
}

#[test]
fn y_does_not_confirm_for_several() {
    let mut desk = Desk::ready(120, 40);
    desk.press("jj  oy\n");
    assert!(desk.writes().is_empty());
}

#[test]
fn what_a_verb_is_not_for_is_left_out_and_said() {
    let mut desk = Desk::ready(120, 40);
    desk.press("   c");
    let form = form(&desk);
    assert_eq!(form.ids(), [id(483), id(484)]);
    assert_eq!(form.notes[0].text, "1 of the 3 marked: closed already, left as they are");
}

#[test]
fn marks_that_the_filter_hides_are_said_before_they_are_acted_on() {
    let mut desk = Desk::ready(120, 40);
    desk.press("  /login\n");
    desk.answer_all();
    assert_eq!(desk.state.incidents.hidden_marks().len(), 1);
    desk.press("c");
    assert!(form(&desk).notes.iter().any(|note| note.text == "1 of them hidden by the filter"));
}

#[test]
fn a_close_before_the_start_or_in_the_future_is_refused_in_the_words_of_the_domain() {
    let mut desk = Desk::ready(120, 40);
    desk.press("c\t-2h\n");
    assert!(desk.writes().is_empty());
    let error = form(&desk).fields[1].error.clone().unwrap();
    assert_eq!(error, "the close 2026-11-24T11:36:49Z is before the start 2026-11-24T13:18:49Z");
    desk.press("\u{8}\u{8}\u{8}2027-01-01\n");
    assert!(form(&desk).fields[1].error.as_ref().unwrap().contains("in the future"));
    desk.press("\u{1b}c\t-5m\n");
    let at = Some(now() - Duration::from_mins(5));
    assert_eq!(desk.writes(), [Write::Close { ids: vec![id(484)], at, comment: None }]);
}

#[test]
fn a_new_incident_is_checked_field_by_field() {
    let mut desk = Desk::ready(120, 40);
    desk.press("n\n");
    assert_eq!(form(&desk).fields[0].error.as_deref(), Some("the title is empty"));
    desk.answer_all();
    desk.press("Down\tnone\n");
    assert_eq!(form(&desk).fields[1].error.as_deref(), Some("there is no rule 'none'"));
    desk.press("\u{8}\u{8}\u{8}\u{8}\tweb, api\tlevel:\n");
    let error = "the query is malformed at character 7: the key has no value";
    assert_eq!(form(&desk).fields[3].error.as_deref(), Some(error));
    desk.press("error\n");
    let writes = desk.writes();
    let [Write::Open(opening)] = writes.as_slice() else { panic!("{writes:?}") };
    assert_eq!((opening.title.as_str(), opening.rule.as_deref()), ("Down", None));
    assert_eq!(
        (opening.projects.as_slice(), opening.query.as_deref()),
        (&["web".into(), "api".into()][..], Some("level:error"))
    );
}

#[test]
fn pasting_fills_a_field_and_never_acts() {
    let mut desk = Desk::ready(120, 40);
    desk.tell(Event::Paste("q\nc\n".into()));
    assert!(desk.effects.is_empty() && desk.state.dialog.is_none());
    desk.press("m");
    desk.tell(Event::Paste("line one\nline two\u{1b}[31m".into()));
    assert!(desk.writes().is_empty());
    assert_eq!(form(&desk).fields[0].input.value(), "line one line two [31m");
}

#[test]
fn capturing_early_says_which_time_will_be_missing_and_asks_for_it_explicitly() {
    let mut desk = Desk::ready(120, 40);
    desk.press("jjP");
    let notes: Vec<&str> = form(&desk).notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(notes[0], "42m early: the time from 13:36 to 14:18 will be missing");
    desk.press("y");
    assert_eq!(desk.writes(), [Write::Capture { seen: vec![desk.seen(482)], timing: Timing::Early }]);
}

#[test]
fn an_open_or_captured_incident_is_not_captured_and_the_reason_is_said() {
    let mut desk = Desk::ready(120, 40);
    desk.press("P");
    assert_eq!(desk.toast(), "#484 is open: there is a snapshot after the close");
    desk.press("jjjjP");
    assert_eq!(desk.toast(), "#480 has a complete snapshot");
}

#[test]
fn dead_rows_are_retried_and_discarding_asks_first() {
    let mut desk = Desk::ready(120, 40);
    desk.press("2");
    desk.answer_all();
    assert_eq!(desk.state.selected(), Some(id(478)));
    desk.press("r");
    assert_eq!(desk.writes(), [Write::Retry(vec![desk.seen(478)])]);
    desk.state.writes.clear();
    desk.press("D");
    assert_eq!(form(&desk).focus, Place::Cancel);
    desk.press("y");
    assert_eq!(desk.writes().last(), Some(&Write::Discard(vec![desk.seen(478)])));
}

#[test]
fn the_menu_of_orders_reverses_and_chooses() {
    let mut desk = Desk::ready(120, 40);
    desk.press("ss");
    assert_eq!(
        (desk.state.incidents.sort.key, desk.state.incidents.sort.direction),
        (SortKey::Started, Direction::Ascending)
    );
    desk.press("sjj\n");
    assert_eq!(desk.state.incidents.sort.key, SortKey::Due);
    assert!(
        desk.effects
            .iter()
            .any(|effect| matches!(effect, Effect::Load(_, Load::List(_, _, sort, _)) if sort.key == SortKey::Due))
    );
    desk.answer_all();
    assert!(desk.screen().contains("↑ snapshot due  "), "{}", desk.screen());
}

#[test]
fn columns_are_chosen_and_moved_and_seen_at_once() {
    let mut desk = Desk::ready(160, 45);
    let headings = |desk: &Desk| desk.screen().lines().nth(2).unwrap().split('│').nth(1).unwrap().to_owned();
    assert!(headings(&desk).contains("TITLE") && !headings(&desk).contains("RULE"));
    desk.press("Cjjjj ");
    assert!(headings(&desk).contains("RULE"), "{}", headings(&desk));
    desk.press("KKKKK\n");
    assert!(headings(&desk).trim_start().starts_with("RULE"), "{}", headings(&desk));
    assert!(desk.state.dialog.is_none());
    desk.press("Cjjj ");
    assert_eq!(desk.toast(), "no list is without its titles and snapshots");
    desk.press("r\u{1b}");
    assert_eq!(desk.state.columns, Columns::default());
}

#[test]
fn the_filter_is_asked_for_at_once_and_escape_clears_it() {
    let mut desk = Desk::ready(120, 40);
    desk.press("/status:open");
    desk.answer_all();
    assert_eq!(desk.state.incidents.ids(), [id(484), id(483)]);
    assert_eq!(desk.state.incidents.filter.text(), "status:open");
    desk.press("\n\u{1b}");
    desk.answer_all();
    assert_eq!(desk.state.incidents.ids().len(), 12);
}

#[test]
fn a_filter_that_cannot_be_is_said_and_the_list_stays() {
    let mut desk = Desk::ready(120, 40);
    desk.press("/");
    desk.tell(Event::Paste("status:x".into()));
    desk.answer_all();
    let line = desk.state.filter_line.as_ref().unwrap();
    let said = line.error.as_ref().unwrap().to_string();
    assert_eq!(said, "at character 8: 'x' is no status: it is one of open, closed, all");
    assert_eq!(desk.state.incidents.ids().len(), 12);
}

#[test]
fn a_filter_is_completed_field_by_field_and_value_by_value() {
    let mut desk = Desk::ready(120, 40);
    let typed = |desk: &Desk| desk.state.filter_line.as_ref().unwrap().input.value().to_owned();
    desk.press("/st\t");
    assert_eq!(typed(&desk), "status:");
    desk.press("\t");
    assert_eq!(typed(&desk), "started:");
    desk.press("\t");
    assert_eq!(typed(&desk), "status:");
    desk.press("o\t project:c\t");
    assert_eq!(typed(&desk), "status:open project:checkout");
    assert_eq!(desk.state.incidents.filter.terms().len(), 2);
    desk.press(" nothing\t");
    assert_eq!(typed(&desk), "status:open project:checkout nothing");
}

#[test]
fn a_space_in_the_filter_asks_for_nothing_anew() {
    let mut desk = Desk::ready(120, 40);
    desk.press("/log");
    desk.answer_all();
    desk.press(" ");
    assert!(desk.effects.is_empty());
}

#[test]
fn what_hides_incidents_says_how_many() {
    let mut desk = Desk::ready(120, 40);
    desk.press("/login\n");
    desk.answer_all();
    assert!(desk.screen().contains("/login  1 of 1, 239 hidden "), "{}", desk.screen());
}

#[test]
fn enter_goes_into_the_detail_and_escape_comes_back() {
    let mut desk = Desk::ready(60, 20);
    assert_eq!(desk.state.screen().detail.area(), 0);
    desk.press("\n");
    assert_eq!((desk.state.focus, desk.state.screen().list.area()), (Focus::Detail, 0));
    desk.press("\u{1b}");
    assert_eq!(desk.state.focus, Focus::List);
}

#[test]
fn copying_takes_the_number_or_the_row() {
    let mut desk = Desk::ready(120, 40);
    desk.press("y");
    assert!(desk.effects.contains(&Effect::Copy("#484".into())));
    desk.press("Y");
    let row = "#484\topen\tCheckout: card payments declined by the acquirer in eu-west\t2026-11-24T13:18:49Z\t-";
    assert!(desk.effects.contains(&Effect::Copy(row.into())));
}
