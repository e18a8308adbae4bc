//! The lists of views 2 and 3: as long as they are, with a filter and an order of their own.

use std::time::Duration;

use super::desk::Desk;
use super::fixtures::{id, now, snapshot};
use crate::console::effect::{Edition, Effect, Lane, Load, Write};
use crate::console::event::{Answer, Event, Loaded};
use crate::console::listing::{Direction, Listed, Sort, SortKey};
use crate::console::state::dialog::Dialog;
use crate::domain::{Incident, IncidentId};

/// A console on a view whose list has been read.
fn on_view(view: &str) -> Desk {
    let mut desk = Desk::ready(120, 40);
    desk.press(view);
    desk.answer_all();
    desk
}

fn answer_list(desk: &mut Desk, listed: Listed, ids: Vec<IncidentId>) {
    let sequence = desk.state.lanes.ask(Lane::of(listed));
    desk.edition = Edition(desk.edition.0 + 1);
    desk.tell(Event::Answer(Answer::Loaded { sequence, loaded: Loaded::List(listed, ids, desk.edition) }));
}

#[test]
fn every_pending_snapshot_can_be_reached_and_only_what_is_seen_is_read() {
    let mut desk = on_view("2");
    answer_list(&mut desk, Listed::Pending, (1..=18_000).map(id).collect());
    desk.answer_all();
    desk.effects.clear();
    desk.press("G");
    assert_eq!(desk.state.selected(), Some(id(18_000)));
    let rows = desk.state.screen().list_rows();
    let asked: Vec<usize> = desk
        .effects
        .iter()
        .filter_map(|effect| if let Effect::Load(_, Load::Rows(ids)) = effect { Some(ids.len()) } else { None })
        .collect();
    assert!(!asked.is_empty() && asked.iter().all(|count| *count <= 3 * rows), "{asked:?}");
    assert!(desk.screen().contains(" 18,000 of 18,000 "), "{}", desk.screen());
}

#[test]
fn each_view_keeps_a_filter_and_an_order_of_its_own() {
    let mut desk = on_view("2");
    desk.press("/image\n:sort target\n");
    desk.answer_all();
    assert_eq!(desk.state.pending.ids(), [id(478)]);
    desk.press("3/queue\n");
    desk.answer_all();
    assert_eq!(desk.state.snapshots.ids(), [id(480)]);
    desk.press("1");
    desk.answer_all();
    assert_eq!(desk.state.incidents.ids().len(), 12);
    assert!(desk.state.incidents.filter.is_empty() && desk.state.incidents.sort == Sort::default());
    desk.press("2");
    desk.answer_all();
    assert_eq!((desk.state.pending.filter.text(), desk.state.pending.sort), ("image", Sort::by(SortKey::Target)));
    assert_eq!(desk.state.to_keep().filter.text(), "", "what is kept is view 1's");
    desk.press("\u{1b}");
    desk.answer_all();
    assert_eq!(desk.state.pending.ids().len(), 5);
    assert_eq!(desk.state.snapshots.filter.text(), "queue");
}

#[test]
fn what_a_filter_hides_is_said_in_every_view() {
    for (view, hidden) in [("1", " 1 of 1, 239 hidden "), ("2", " 1 of 1, 4 hidden "), ("3", " 1 of 1, 230 hidden ")] {
        let mut desk = on_view(view);
        let wanted = if view == "3" { "queue" } else { "image" };
        desk.press(&format!("/{wanted}\n"));
        desk.answer_all();
        assert!(desk.screen().contains(hidden), "{}", desk.screen());
        desk.press("/nothing\n");
        desk.answer_all();
        assert!(desk.screen().contains("nothing matches the filter"), "{}", desk.screen());
        assert!(desk.screen().contains("/ changes it, esc clears it"), "{}", desk.screen());
    }
}

#[test]
fn a_heading_of_views_2_and_3_orders_by_its_column() {
    use crate::console::pointing::Gesture;

    let mut desk = on_view("2");
    desk.press("M");
    desk.point(Gesture::Press, "TARGET");
    assert_eq!(desk.state.pending.sort, Sort::by(SortKey::Target));
    desk.point(Gesture::Press, "↑TARGET");
    assert_eq!(desk.state.pending.sort.direction, Direction::Descending);
    desk.press("3");
    desk.answer_all();
    desk.point(Gesture::Press, "EVENTS");
    assert_eq!(desk.state.snapshots.sort, Sort::by(SortKey::Events));
    assert_eq!(desk.state.incidents.sort, Sort::default());
}

#[test]
fn a_click_on_another_tab_ends_the_typing_of_a_filter() {
    use crate::console::pointing::Gesture;

    let mut desk = on_view("2");
    desk.press("M/image");
    desk.point(Gesture::Press, "1 Incidents");
    desk.press("j");
    assert_eq!(desk.state.pending.filter.text(), "image");
    assert!(desk.state.filter_line.is_none() && desk.state.incidents.filter.is_empty());
}

#[test]
fn the_queue_is_that_of_all_rows_whatever_the_filter_shows() {
    let mut desk = on_view("2");
    desk.press("/image\n");
    desk.pass(Duration::from_mins(170));
    desk.answer_all();
    assert_eq!(desk.state.pending.ids(), [id(478)]);
    let screen = desk.screen();
    assert!(screen.contains("3 late, by up to 7h") && screen.contains("next is #481"), "{screen}");
}

#[test]
fn a_list_of_any_view_that_still_holds_is_not_read_again() {
    for (view, listed) in [("2", Listed::Pending), ("3", Listed::Snapshots)] {
        let mut desk = on_view(view);
        desk.pass(Duration::from_secs(3));
        let held = desk.effects.iter().find_map(|effect| match effect {
            Effect::Load(_, Load::List(of, _, _, held)) if *of == listed => Some(*held),
            _ => None,
        });
        assert_eq!(held, Some(Some(Edition(1))));
        assert!(desk.moment.now > now());
    }
}

/// What the database holds of an incident is another thing from now on.
fn change(desk: &mut Desk, number: i64, change: impl Fn(&mut Incident)) {
    let at = desk.stored.iter().position(|stored| stored.id == id(number)).unwrap();
    change(&mut desk.stored[at]);
    desk.edition = Edition(desk.edition.0 + 1);
}

fn capture(incident: &mut Incident) {
    incident.pending = None;
    incident.snapshot = Some(snapshot(incident).facts);
}

fn refresh(desk: &mut Desk) {
    desk.pass(Duration::from_secs(11));
    desk.answer_all();
}

#[test]
fn a_mark_goes_with_what_leaves_the_list_and_that_is_said() {
    let mut desk = on_view("2");
    desk.press("   ");
    assert_eq!(desk.state.pending.marks().len(), 3);
    change(&mut desk, 479, capture);
    refresh(&mut desk);
    assert_eq!(desk.toast(), "#479 left this list: no longer marked");
    assert!(desk.state.pending.marks().iter().eq(&[id(478), id(481)]));
    assert!(desk.screen().contains(" 2 marked "), "{}", desk.screen());
}

#[test]
fn a_mark_that_the_filter_of_the_view_hides_stays_and_is_said() {
    let mut desk = on_view("2");
    desk.press("  /search\n");
    desk.answer_all();
    assert_eq!(desk.state.pending.ids(), [id(481)]);
    assert!(desk.screen().contains(" 2 marked, 2 hidden by the filter "), "{}", desk.screen());
    desk.press("o");
    let Some(Dialog::Form(form)) = &desk.state.dialog else { panic!("no form") };
    assert!(form.notes.iter().any(|note| note.text == "2 of them hidden by the filter"));
    desk.press("\u{1b}");
    change(&mut desk, 479, capture);
    refresh(&mut desk);
    assert_eq!(desk.toast(), "#479 left this list: no longer marked");
    assert!(desk.screen().contains(" 1 marked, 1 hidden by the filter "), "{}", desk.screen());
    desk.press("o");
    let Some(Dialog::Form(form)) = &desk.state.dialog else { panic!("no form") };
    assert_eq!((form.ids(), form.notes[0].text.as_str()), (vec![id(478)], "it is hidden by the filter"));
}

#[test]
fn a_snapshot_that_is_gone_loses_its_mark_in_view_3() {
    let mut desk = on_view("3");
    desk.press(" ");
    let marked = *desk.state.snapshots.marks().first().unwrap();
    change(&mut desk, marked.value(), |incident| incident.snapshot = None);
    refresh(&mut desk);
    assert_eq!(desk.toast(), format!("#{marked} left this list: no longer marked"));
    assert!(desk.state.snapshots.marks().is_empty());
}

#[test]
fn a_retry_of_what_the_filter_hides_is_asked_for_first() {
    let mut desk = on_view("2");
    desk.press(" /nightly\n");
    desk.answer_all();
    desk.press("r");
    assert!(desk.writes().is_empty());
    let Some(Dialog::Form(form)) = &desk.state.dialog else { panic!("no form") };
    assert_eq!((form.title.as_str(), form.notes.len()), ("Retry the pending snapshot of #478", 1));
    desk.press("y");
    assert!(matches!(&desk.writes()[..], [Write::Retry(seen)] if seen.iter().map(|seen| seen.id).eq([id(478)])));
}

#[test]
fn what_changed_out_of_sight_is_not_seen_as_it_was_when_it_comes_back() {
    let mut desk = Desk::ready(120, 40);
    assert!(desk.state.rows.incident(id(473)).is_some());
    desk.press("/login\n");
    desk.answer_all();
    assert!(desk.state.rows.incident(id(473)).is_some(), "nothing has changed");
    change(&mut desk, 473, |incident| incident.title = "Corrected".into());
    refresh(&mut desk);
    assert_eq!(desk.state.rows.incident(id(473)), None, "nobody knows how it is now");
    assert!(desk.state.rows.incident(id(483)).is_some(), "it is in sight");
    desk.press("\u{1b}");
    assert!(!desk.screen().contains("Feature flag"), "{}", desk.screen());
    desk.answer_all();
    assert!(desk.screen().contains("Corrected"), "{}", desk.screen());
}

#[test]
fn what_is_marked_or_selected_elsewhere_stays_at_hand_when_something_changes() {
    let mut desk = Desk::ready(120, 40);
    desk.press("jj /search\n");
    desk.answer_all();
    desk.press("2");
    desk.answer_all();
    desk.press("G/image\n");
    desk.answer_all();
    change(&mut desk, 473, |incident| incident.title = "Corrected".into());
    refresh(&mut desk);
    let at_hand: Vec<i64> =
        desk.stored.iter().filter(|it| desk.state.rows.incident(it.id).is_some()).map(|it| it.id.value()).collect();
    assert_eq!(at_hand, [482, 481, 478], "marked, selected in view 1, and in sight");
}

#[test]
fn what_is_frozen_stays_as_it_was_read() {
    let mut desk = Desk::ready(120, 40);
    desk.press("f");
    change(&mut desk, 473, |incident| incident.title = "Corrected".into());
    desk.press("2");
    desk.answer_all();
    desk.press("1");
    desk.answer_all();
    assert!(desk.screen().contains("Feature flag"), "{}", desk.screen());
    desk.press("f");
    desk.answer_all();
    assert!(desk.screen().contains("Corrected"), "{}", desk.screen());
}

#[test]
fn each_list_says_when_it_was_read_itself() {
    let mut desk = on_view("2");
    desk.press("1");
    desk.answer_all();
    desk.pass(Duration::from_mins(3));
    desk.answer_all();
    desk.press("f");
    assert!(desk.screen().contains(" rows from 13:39:49 "), "{}", desk.screen());
    desk.press("2");
    desk.answer_all();
    assert!(desk.screen().contains(" rows from 13:36:49 "), "{}", desk.screen());
    desk.pass(Duration::from_mins(1));
    desk.press("3");
    desk.answer_all();
    assert!(desk.screen().contains(" rows from 13:40:49 "), "it had not been read before: {}", desk.screen());
}

#[test]
fn a_lost_database_leaves_each_view_its_own_age() {
    let mut desk = on_view("2");
    desk.press("1");
    desk.answer_all();
    desk.pass(Duration::from_mins(3));
    desk.answer_all();
    desk.state.connection.failed("refused".into(), desk.moment.real, 0.5);
    assert!(desk.screen().contains("rows from 13:39:49: refused"), "{}", desk.screen());
    desk.press("2");
    assert!(desk.screen().contains("rows from 13:36:49: refused"), "{}", desk.screen());
}
