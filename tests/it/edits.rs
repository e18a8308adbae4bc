//! Corrections, comments and undone closes: what they change, and what they leave alone, on both engines.

use std::time::Duration;

use afterimage::domain::{ActivityKind, IncidentId, Seen, Status};
use afterimage::ops;
use afterimage::ops::edit::EditRequest;

use crate::support::{Desk, Early, TESTER, TestDatabase, at, check_refused, on_both_engines};

fn start(text: &str) -> EditRequest {
    EditRequest { date_started: Some(at(text)), ..EditRequest::default() }
}

/// What a close has made of it.
async fn closed(desk: &Desk, id: IncidentId) -> Seen {
    Seen::of(&desk.incident(id).await)
}

on_both_engines! {
    async fn a_start_is_corrected_until_it_is_captured(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        let promise = desk.pending(id).await;
        let edited = ops::edit::edit(&desk.store, "ann", id, start("10:58")).await.unwrap();
        assert_eq!((edited.date_started, edited.pending), (at("10:58"), promise));
        let activity = desk.timeline(id).await.pop().expect("it is written down");
        assert_eq!((activity.kind, activity.by.as_str()), (ActivityKind::Edit, "ann"));
        let comment = activity.comment.expect("it says what was changed");
        assert!(comment.contains("11:00:00Z") && comment.contains("10:58:00Z"), "{comment}");

        desk.process().await;
        let before = desk.everything().await;
        check_refused(ops::edit::edit(&desk.store, TESTER, id, start("10:59")).await, 4, &["captured"]);
        assert_eq!(desk.everything().await, before);
        let title = EditRequest { title: Some(" Payment errors ".into()), ..EditRequest::default() };
        assert_eq!(ops::edit::edit(&desk.store, TESTER, id, title).await.unwrap().title, "Payment errors");
    }

    async fn a_start_cannot_be_after_the_close_or_in_the_future(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (open, closed) = (desk.open(1).await, desk.closed(1, "11:00", "11:05").await);
        let before = desk.everything().await;
        let refused = [(open, "12:01", "in the future"), (closed, "11:06", "after the close")];
        for (id, time, said) in refused {
            check_refused(ops::edit::edit(&desk.store, TESTER, id, start(time)).await, 2, &[said]);
        }
        check_refused(ops::edit::edit(&desk.store, TESTER, IncidentId::new(4_711), start("11:00")).await, 3, &["4711"]);
        assert_eq!(desk.everything().await, before);
    }

    async fn an_edit_that_says_what_is_so_already_changes_nothing(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        let before = desk.everything().await;
        let same = EditRequest { title: Some("Checkout errors".into()), ..start("12:00") };
        ops::edit::edit(&desk.store, TESTER, id, same).await.unwrap();
        assert_eq!(desk.everything().await, before);
    }

    async fn a_corrected_start_takes_away_what_was_captured_early(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:50", "11:59").await;
        desk.try_force(&[id], Early::Allowed).await.unwrap();
        ops::edit::edit(&desk.store, TESTER, id, start("11:40")).await.unwrap();
        assert_eq!(desk.snapshot(id).await, None, "it showed another start");
        desk.turn_to("12:09");
        desk.process().await;
        assert_eq!(desk.snapshot(id).await.expect("it is captured").lifetime.range.start, at("11:39"));
    }

    async fn a_comment_is_kept_as_it_was_written(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        let text = "red \u{1b}[31malert, größer 漢字 'quoted' --";
        ops::comment::comment(&desk.store, "ann", id, text).await.unwrap();
        let activity = desk.timeline(id).await.pop().expect("it is there");
        assert_eq!((activity.kind, activity.comment.as_deref()), (ActivityKind::Comment, Some(text)));
        let before = desk.everything().await;
        for refused in [" ", "a\0b", &"x".repeat(20_000)] {
            check_refused(ops::comment::comment(&desk.store, TESTER, id, refused).await, 2, &["the comment"]);
        }
        check_refused(ops::comment::comment(&desk.store, TESTER, IncidentId::new(4_711), "x").await, 3, &["4711"]);
        assert_eq!(desk.everything().await, before);
    }

    async fn a_close_is_undone_while_it_is_pending_and_unchanged(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        desk.close(id).await;
        let first = [closed(&desk, id).await];
        desk.wait(Duration::from_mins(1));
        let undone = ops::close::undo(&desk.store, TESTER, &first).await.unwrap().remove(0).incident;
        assert_eq!((undone.status, undone.date_closed, undone.pending), (Status::Open, None, None));
        check_refused(ops::close::undo(&desk.store, TESTER, &first).await, 4, &["was reopened by tester at"]);

        desk.close(id).await;
        check_refused(ops::close::undo(&desk.store, TESTER, &first).await, 4, &["was closed again by tester at"]);
        let second = [closed(&desk, id).await];
        desk.turn_to("12:11");
        desk.process().await;
        let before = desk.everything().await;
        check_refused(ops::close::undo(&desk.store, TESTER, &second).await, 4, &["was captured at"]);
        assert_eq!(desk.everything().await, before);
    }

    async fn rule_5_several_closes_are_undone_together_or_not_at_all(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (first, second) = (desk.open(1).await, desk.open(1).await);
        desk.close(first).await;
        desk.close(second).await;
        let closes = [closed(&desk, first).await, closed(&desk, second).await];
        ops::pending::discard(&desk.store, "bob", &[second], &[]).await.unwrap();
        let before = desk.everything().await;
        let said = "the pending snapshot of incident 2 was discarded by bob at 2026-11-24T12:00:00Z";
        check_refused(ops::close::undo(&desk.store, TESTER, &closes).await, 4, &[said]);
        assert_eq!(desk.everything().await, before);
        desk.reopen(second).await;
        desk.close(second).await;
        let undone = ops::close::undo(&desk.store, TESTER, &[closes[0].clone(), closed(&desk, second).await]).await;
        assert!(undone.unwrap().iter().all(|change| change.incident.status == Status::Open));
    }

    async fn a_close_whose_promise_was_discarded_is_not_undone_and_says_so(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        desk.close(id).await;
        let close = [closed(&desk, id).await];
        ops::pending::discard(&desk.store, TESTER, &[id], &[]).await.unwrap();
        let undone = ops::close::undo(&desk.store, TESTER, &close).await;
        check_refused(undone, 4, &["was discarded by tester at"]);
        desk.reopen(id).await;
        desk.close(id).await;
        assert!(desk.pending(id).await.is_some(), "closing it anew promises anew");
    }
}
