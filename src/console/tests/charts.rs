//! What keys do to the chart, and what becomes of it while everything is read again.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::desk::Desk;
use super::fixtures::{id, now};
use crate::console::effect::{Effect, Load};
use crate::console::event::Event;
use crate::console::state::extent::Extent;
use crate::console::state::overlay::Height;
use crate::domain::window::Range;
use crate::domain::{SeriesKind, Timestamp};

/// A pending incident is selected, its preview read.
fn pending(width: u16, height: u16) -> Desk {
    let mut desk = Desk::ready(width, height);
    desk.press("jj");
    desk.answer_all();
    assert_eq!(desk.state.selected(), Some(id(482)));
    desk
}

fn shown(desk: &Desk) -> Range {
    desk.state.detail.extent.range(desk.state.charted(desk.moment.now).unwrap())
}

fn minutes(range: Range) -> u64 {
    range.length().as_secs() / 60
}

#[test]
fn the_cursor_of_the_chart_begins_at_the_start_of_the_incident() {
    let mut desk = Desk::ready(120, 40);
    desk.press("jj");
    desk.answer_all();
    desk.press("→");
    let detail = desk.state.shown_detail().unwrap();
    let crate::console::event::Picture::Preview(snapshot) = &detail.picture else { panic!("it is pending") };
    let (period, end) = (snapshot.windowed.period, snapshot.windowed.range.end);
    let first = detail.incident.date_started.floor(period);
    assert_eq!(desk.state.detail.cursor, Some(first));
    desk.press("→→←");
    assert_eq!(desk.state.detail.cursor, Some(first + period));
    desk.press("+");
    desk.press(&"→".repeat(300));
    assert!(desk.state.detail.cursor.unwrap() < end, "it stays within the chart");
}

#[test]
fn a_long_incident_shows_its_lifetime_first_and_w_switches() {
    let mut desk = Desk::ready(120, 40);
    let shown = |desk: &Desk| desk.state.shown_series(&desk.state.shown_detail().unwrap().incident, now());
    assert_eq!(shown(&desk), SeriesKind::Windowed);
    desk.press("w");
    assert_eq!(shown(&desk), SeriesKind::Lifetime);
}

#[test]
fn plus_goes_to_the_incident_and_nearer_and_minus_all_the_way_back() {
    let mut desk = pending(120, 40);
    let mut ranges = vec![shown(&desk)];
    assert_eq!(minutes(ranges[0]), 2_000);
    for _ in 0..2 {
        desk.press("+");
        ranges.push(shown(&desk));
    }
    assert_eq!(minutes(ranges[1]), 348, "the incident, what came after, and as much before");
    assert!(minutes(ranges[2]) <= 190 && ranges[1].contains(ranges[2]));
    desk.press("++");
    assert_eq!(desk.toast(), "the chart is zoomed in as far as it goes");
    desk.press("-");
    while let Some(range) = ranges.pop() {
        assert_eq!(shown(&desk), range);
        desk.press("-");
    }
    assert_eq!(desk.toast(), "the chart shows all of the series");
}

#[test]
fn zero_shows_all_of_it_at_once() {
    let mut desk = pending(120, 40);
    desk.press("++H0");
    assert_eq!(desk.state.detail.extent, Extent::Whole);
    desk.press("0");
    assert_eq!(desk.toast(), "the chart shows all of the series");
}

#[test]
fn panning_keeps_the_length_and_ends_where_the_series_does() {
    let mut desk = pending(120, 40);
    desk.press("H");
    assert_eq!(desk.toast(), "the series begins here", "where all is shown there is nowhere to go");
    desk.press("+");
    let before = shown(&desk);
    desk.press("H");
    let after = shown(&desk);
    assert_eq!((minutes(after), minutes(Range::new(after.start, before.start))), (350, 80));
    desk.tell(Event::Key(KeyEvent::new(KeyCode::Right, KeyModifiers::SHIFT)));
    assert_eq!(shown(&desk), before);
    desk.press("L");
    assert_eq!(desk.toast(), "the series ends here");
    assert_eq!(desk.state.detail.cursor, None, "an arrow with shift does not move the cursor");
}

#[test]
fn the_cursor_takes_the_chart_along_at_its_edge() {
    let mut desk = pending(120, 40);
    desk.press("+→");
    let before = shown(&desk);
    desk.press(&"←".repeat(40));
    let (cursor, after) = (desk.state.detail.cursor.unwrap(), shown(&desk));
    assert!(cursor < before.start);
    assert_eq!((after.start, minutes(after)), (cursor, 350));
}

#[test]
fn what_was_zoomed_to_and_the_cursor_stay_while_a_live_preview_grows() {
    let mut desk = Desk::ready(120, 40);
    desk.press("j");
    desk.answer_all();
    desk.press("++→→");
    let (range, cursor) = (shown(&desk), desk.state.detail.cursor);
    let before = desk.state.charted(desk.moment.now).unwrap().series.range;
    // What the database would say a quarter of an hour later.
    let later = now() + Duration::from_mins(15);
    let mut detail = super::fixtures::detail(&desk.stored[1]);
    if let crate::console::event::Picture::Preview(snapshot) = &mut detail.picture {
        let ranges = desk.stored[1].course().preview_ranges(later);
        snapshot.windowed = super::fixtures::series(&desk.stored[1], ranges.windowed, snapshot.windowed.period, None);
    }
    desk.state.detail.data = Some(detail);
    assert!(desk.state.charted(later).unwrap().series.range.end > before.end);
    assert_eq!((shown(&desk), desk.state.detail.cursor), (range, cursor));
}

#[test]
fn another_incident_is_shown_zoomed_in_too_but_by_its_own_times() {
    let mut desk = pending(120, 40);
    desk.press("++H");
    assert!(matches!(desk.state.detail.extent, Extent::Part(_)));
    desk.press("j");
    desk.answer_all();
    assert_eq!(desk.state.detail.extent, Extent::Incident);
    assert!(shown(&desk).contains(Range::new(started(&desk), started(&desk) + Duration::from_mins(1))));
}

fn started(desk: &Desk) -> Timestamp {
    desk.state.shown_detail().unwrap().incident.date_started
}

#[test]
fn the_chart_says_which_part_of_the_series_it_shows() {
    let mut desk = pending(120, 40);
    desk.press("++");
    assert!(desk.screen().contains("windowed, 09:50 to 13:00"), "{}", desk.screen());
}

#[test]
fn what_stands_behind_is_fixed_at_the_key_press_and_goes_through_its_heights() {
    let mut desk = pending(120, 40);
    desk.press("b");
    assert_eq!(
        desk.state.overlay.as_ref().map(|overlay| (overlay.id, overlay.height)),
        Some((id(482), Height::AsItWas))
    );
    desk.press("j");
    desk.answer_all();
    assert!(desk.screen().contains("── #482, as it was"), "{}", desk.screen());
    desk.press("b");
    assert!(desk.toast().contains("as high as the others"));
    assert!(desk.screen().contains("normalised"));
    desk.press("b");
    assert_eq!((desk.state.overlay.clone(), desk.toast().as_str()), (None, "#482 is no longer behind the charts"));
}

#[test]
fn a_marked_incident_goes_behind_and_its_mark_is_gone_so_that_no_verb_acts_on_it() {
    let mut desk = pending(120, 40);
    let (marked, other) = (desk.state.selected().unwrap(), id(484));
    desk.press(" ");
    desk.press("g");
    assert_eq!(desk.state.selected(), Some(other));
    desk.press("b");
    assert_eq!(desk.state.overlay.as_ref().map(|overlay| overlay.id), Some(marked));
    assert_eq!(desk.state.targets(), [other]);
    desk.press("  b");
    assert_eq!(desk.toast(), "2 are marked: one can stand behind the chart");
    assert_eq!(desk.state.overlay.as_ref().map(|overlay| overlay.id), Some(marked), "nothing has changed");
}

#[test]
fn what_stands_behind_is_read_again_with_everything_and_goes_with_its_incident() {
    let mut desk = pending(120, 40);
    desk.press("b");
    desk.pass(Duration::from_secs(3));
    let asked =
        desk.effects.iter().any(|effect| matches!(effect, Effect::Load(_, Load::Overlay(it)) if *it == id(482)));
    assert!(asked, "{:?}", desk.effects);
    desk.stored.retain(|incident| incident.id != id(482));
    desk.answer_all();
    assert_eq!(desk.state.overlay, None);
    assert_eq!(desk.toast(), "#482 is not there: nothing is behind the charts");
}
