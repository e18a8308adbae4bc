//! What the mouse does, on the screen that was drawn.

use std::time::Duration;

use super::desk::Desk;
use super::fixtures::{id, incident};
use crate::console::effect::{Effect, Write};
use crate::console::listing::SortKey;
use crate::console::pointing::{Gesture, Target};
use crate::console::screen::Focus;
use crate::console::state::ViewKind;
use crate::console::state::dialog::{Dialog, Place};
use crate::domain::order::Direction;

fn ready(width: u16, height: u16) -> Desk {
    let mut desk = Desk::ready(width, height);
    desk.press("M");
    desk
}

#[test]
fn a_press_selects_a_row_and_a_second_one_opens_it() {
    let mut desk = ready(120, 40);
    desk.point(Gesture::Press, "Queue backlog");
    assert_eq!((desk.state.selected(), desk.state.focus), (Some(id(480)), Focus::List));
    desk.pass(Duration::from_millis(900));
    desk.point(Gesture::Press, "480 ○");
    assert_eq!(desk.state.focus, Focus::List, "that was a while ago");
    desk.point(Gesture::Press, "480 ○");
    assert_eq!(desk.state.focus, Focus::Detail);
}

#[test]
fn what_has_come_since_the_frame_was_drawn_is_not_pressed() {
    let mut desk = ready(120, 40);
    // The frame says that #480 stood there; whatever the list is now, that one is meant.
    desk.stored.insert(0, incident(500, "just come", 1, None, 1));
    desk.press("R");
    desk.answer_all();
    desk.tell(crate::console::event::Event::Pointed(Gesture::Press, Some(Target::Row(id(480)))));
    assert_eq!(desk.state.selected(), Some(id(480)));
    desk.tell(crate::console::event::Event::Pointed(Gesture::Press, Some(Target::Row(id(999)))));
    assert_eq!(desk.state.selected(), Some(id(480)), "one that has gone is not replaced by its neighbour");
}

#[test]
fn tabs_and_headings_can_be_pressed() {
    let mut desk = ready(160, 45);
    desk.point(Gesture::Press, "TITLE");
    assert_eq!(
        (desk.state.incidents.sort.key, desk.state.incidents.sort.direction),
        (SortKey::Title, Direction::Ascending)
    );
    desk.answer_all();
    desk.point(Gesture::Press, "TITLE");
    assert_eq!(desk.state.incidents.sort.direction, Direction::Descending);
    for (text, view) in [
        ("2 Pending", ViewKind::Pending),
        ("1 failing", ViewKind::Pending),
        ("231", ViewKind::Snapshots),
        ("4 Processor", ViewKind::Processor),
        ("1 Incidents", ViewKind::Incidents),
    ] {
        desk.point(Gesture::Press, text);
        assert_eq!(desk.state.view, view, "{text}");
        desk.answer_all();
    }
}

#[test]
fn a_bucket_of_the_chart_is_read_where_it_is_pressed_and_the_wheel_zooms_about_it() {
    let mut desk = ready(120, 40);
    desk.press("jj+");
    desk.answer_all();
    desk.point(Gesture::Press, "█");
    let cursor = desk.state.detail.cursor.unwrap();
    assert_eq!(desk.state.focus, Focus::Detail);
    let shown = |desk: &Desk| desk.state.detail.extent.range(desk.state.charted(desk.moment.now).unwrap());
    let before = shown(&desk);
    assert!((before.start.floor(Duration::from_mins(10))..before.end).contains(&cursor));
    desk.point(Gesture::ScrollUp, "█");
    let after = shown(&desk);
    assert!(before.contains(after) && after.length() < before.length());
    assert!((after.start..after.end).contains(&cursor));
    desk.point(Gesture::ScrollDown, "█");
    assert_eq!(shown(&desk).length(), before.length());
}

#[test]
fn the_wheel_scrolls_what_it_is_over() {
    let mut desk = ready(120, 40);
    desk.point(Gesture::ScrollDown, "Queue backlog");
    assert_eq!(desk.state.incidents.position(), 3);
    desk.point(Gesture::ScrollUp, "Queue backlog");
    assert_eq!(desk.state.incidents.position(), 0);
    desk.answer_all();
    desk.point(Gesture::ScrollDown, "timeline");
    assert_eq!((desk.state.detail.scroll, desk.state.incidents.position()), (1, 0));
    desk.state.size = (80, 24);
    desk.press("?");
    desk.point(Gesture::ScrollDown, "Keys of the view");
    assert!(matches!(desk.state.dialog, Some(Dialog::Help(3))), "{:?}", desk.state.dialog);
}

#[test]
fn a_dialog_covers_all_and_its_buttons_fields_and_lines_can_be_pressed() {
    let mut desk = ready(120, 40);
    let selected = desk.state.selected();
    desk.press("c");
    desk.point(Gesture::Press, "4 Processor");
    assert_eq!(desk.state.view, ViewKind::Incidents);
    desk.point(Gesture::Press, "closed at");
    assert!(matches!(&desk.state.dialog, Some(Dialog::Form(form)) if form.focus == Place::Field(1)));
    desk.point(Gesture::Press, "[ Cancel ]");
    assert!(desk.state.dialog.is_none());
    desk.press("c");
    desk.point(Gesture::Press, "[ Close ]");
    assert!(matches!(&desk.writes()[..], [Write::Close { ids, .. }] if ids.first() == selected.as_ref()));
    desk.press("s");
    desk.point(Gesture::Press, "projects   ");
    assert_eq!((desk.state.incidents.sort.key, desk.state.dialog.is_none()), (SortKey::Projects, true));
    desk.press(":freeze");
    desk.point(Gesture::Press, "stop reading");
    assert!(desk.state.frozen_since.is_some() && desk.state.dialog.is_none());
}

#[test]
fn a_hint_does_what_its_key_does() {
    let mut desk = ready(120, 40);
    desk.pass(Duration::from_secs(30));
    desk.answer_all();
    desk.point(Gesture::Press, "help");
    assert!(matches!(desk.state.dialog, Some(Dialog::Help(_))));
}

#[test]
fn without_the_mouse_nothing_stands_anywhere() {
    let mut desk = Desk::ready(120, 40);
    desk.point(Gesture::Press, "Queue backlog");
    assert_eq!(desk.state.selected(), Some(id(484)));
    assert!(!desk.effects.iter().any(|effect| matches!(effect, Effect::Mouse(_))));
}
