//! What the console says: which incidents it names, what waits for what, and what it does not keep.

use std::time::Duration;

use super::desk::Desk;
use super::fixtures::{id, incident, now};
use crate::console::event::{Answer, Event, FailedCapture, ProcessorNews, Written};
use crate::domain::{RunCounts, Trigger};

fn failed(number: i64) -> FailedCapture {
    FailedCapture { id: id(number), error: format!("reason {number}") }
}

fn finished(desk: &mut Desk, counts: RunCounts, failures: Vec<FailedCapture>) {
    let news = ProcessorNews::Finished { at: now(), counts, trigger: Trigger::Interval, failures };
    desk.tell(Event::Processor(news));
}

fn close(desk: &mut Desk) {
    desk.press("c\n");
    let changed = vec![incident(484, "Checkout", 18, Some(0), 5)];
    let written = Written::Incidents { changed, unchanged: Vec::new(), remarks: Vec::new() };
    desk.tell(Event::Answer(Answer::Written { request: 1, written }));
}

#[test]
fn a_run_by_itself_names_what_has_failed() {
    for (captured, count, failures, said) in [
        (2, 1, vec![failed(35)], "captured 2 snapshots; #35 failed: reason 35"),
        (0, 1, vec![failed(35)], "#35 failed: reason 35"),
        (
            1,
            4,
            vec![failed(35), failed(36)],
            "captured 1 snapshot; #35, #36 and 2 more failed: #35: reason 35; #36: reason 36",
        ),
        (1, 4, Vec::new(), "captured 1 snapshot, 4 failed"),
    ] {
        let mut desk = Desk::ready(120, 40);
        finished(&mut desk, RunCounts { captured, failed: count, ..RunCounts::default() }, failures);
        assert_eq!(desk.toast(), said);
    }
}

#[test]
fn retried_and_discarded_snapshots_are_named() {
    for (keys, ids, said) in [
        ("r", vec![id(478)], "to be tried again: the pending snapshot of #478"),
        ("Dy", vec![id(478), id(479)], "discarded: the pending snapshots of #478, #479"),
    ] {
        let mut desk = Desk::ready(120, 40);
        desk.press("2");
        desk.answer_all();
        desk.press("g");
        desk.press(keys);
        desk.tell(Event::Answer(Answer::Written { request: 1, written: Written::Pending(ids) }));
        assert_eq!(desk.toast(), said);
    }
}

#[test]
fn a_run_that_ends_does_not_take_the_answer_to_a_key_away() {
    let mut desk = Desk::ready(120, 40);
    close(&mut desk);
    finished(&mut desk, RunCounts { captured: 2, ..RunCounts::default() }, Vec::new());
    assert_eq!(desk.toast(), "closed #484; z undoes until 14:26");
    desk.pass(Duration::from_secs(4));
    assert_eq!(desk.toast(), "captured 2 snapshots");
    desk.press("!");
    let screen = desk.screen();
    assert!(screen.contains("closed #484") && screen.contains("captured 2 snapshots"), "{screen}");
}

#[test]
fn that_there_is_nothing_to_go_back_from_is_said_and_not_kept() {
    let mut desk = Desk::ready(120, 40);
    desk.press("\u{1b}");
    assert_eq!(desk.toast(), "there is nothing to go back from; q quits");
    desk.press("!");
    assert!(!desk.state.toasts.history().any(|toast| toast.text.contains("go back")));
}
