//! Writes are guarded by the state that the operator saw, and tell who was first; on both engines.

use std::time::Duration;

use afterimage::domain::{Incident, IncidentId, Seen, Status};
use afterimage::ops::edit::EditRequest;
use afterimage::ops::process::{ProcessRequest, Selection};
use afterimage::ops::reopen::ReopenRequest;
use afterimage::ops::{self, OpsError};

use crate::support::{Desk, Early, HOST, TESTER, TestDatabase, at, check_refused, on_both_engines};

/// How the operator sees it now.
async fn seen(desk: &Desk, id: IncidentId) -> Seen {
    Seen::of(&desk.incident(id).await)
}

/// Bob reopens it and closes it again, five minutes later.
async fn bob_closes_again(desk: &Desk, id: IncidentId) {
    desk.wait(Duration::from_mins(5));
    let reopen = ReopenRequest { ids: vec![id], ..ReopenRequest::default() };
    ops::reopen::reopen(&desk.store, "bob", reopen).await.unwrap();
    let close = ops::close::CloseRequest { ids: vec![id], ..Default::default() };
    ops::close::close(&desk.store, "bob", close).await.unwrap();
}

async fn reopen_as_seen(desk: &Desk, seen: Vec<Seen>) -> Result<(), OpsError> {
    let ids = seen.iter().map(|seen| seen.id).collect();
    desk.try_reopen(ReopenRequest { ids, comment: None, seen }).await
}

async fn capture_as_seen(desk: &Desk, seen: Vec<Seen>) -> Result<u64, OpsError> {
    let ids = seen.iter().map(|seen| seen.id).collect();
    let selection = Selection::Incidents { ids, early: true, seen };
    let request = ProcessRequest { selection, ..ProcessRequest::due(afterimage::domain::Trigger::Forced, HOST) };
    desk.try_process(request).await.map(|report| report.counts.captured)
}

/// The refusal has the incident as it stands, for the operator's screen.
#[track_caller]
fn check_shows<T: std::fmt::Debug>(result: Result<T, OpsError>, incident: &Incident) {
    match result {
        Err(OpsError::Refused(refusal)) => assert_eq!(refusal.incident.as_ref(), Some(incident)),
        other => panic!("{other:?}"),
    }
}

on_both_engines! {
    async fn an_incident_that_was_closed_again_is_not_reopened_by_whoever_saw_the_first_close(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (other, id) = (desk.closed(1, "11:00", "11:05").await, desk.closed(1, "11:00", "11:06").await);
        let seen = vec![seen(&desk, other).await, seen(&desk, id).await];
        desk.wait(Duration::from_millis(1_234));
        bob_closes_again(&desk, id).await;
        let before = desk.everything().await;
        let refused = reopen_as_seen(&desk, seen.clone()).await;
        check_refused(refused, 4, &["incident 2 was closed again by bob at 2026-11-24T12:05:01Z"]);
        assert_eq!(desk.everything().await, before, "all or nothing");
        check_shows(reopen_as_seen(&desk, seen).await, &desk.incident(id).await);

        let now = vec![Seen::of(&desk.incident(id).await)];
        reopen_as_seen(&desk, now).await.unwrap();
        assert_eq!(desk.incident(id).await.status, Status::Open);
    }

    async fn a_refusal_writes_no_fractions_of_a_second_and_names_no_shell(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        desk.wait(Duration::from_micros(1_234_567));
        desk.close(id).await;
        let request = ops::close::CloseRequest { ids: vec![id], comment: Some("done".into()), ..Default::default() };
        let refused = desk.try_close(request).await.unwrap_err();
        let instant = "2026-11-24T12:00:01Z";
        assert_eq!(
            refused.to_string(),
            format!("incident 1 was already closed by tester at {instant}, as of {instant}")
        );
        let early = desk.try_force(&[id], Early::Refused).await.unwrap_err();
        assert_eq!(early.to_string(), "incident 1 is due at 2026-11-24T12:10:01Z");
        let words = afterimage::cli::CliError::from(refused).to_string();
        assert!(words.ends_with(": comment on it with 'incident comment', or reopen it to close it at another time"));
    }

    async fn an_incident_that_somebody_has_reopened_first_stays_reopened(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        let seen = vec![seen(&desk, id).await];
        desk.reopen(id).await;
        let before = desk.everything().await;
        reopen_as_seen(&desk, seen).await.unwrap();
        assert_eq!(desk.everything().await, before, "rule 4: it is what was wanted");
    }

    async fn a_title_that_somebody_has_changed_is_not_written_over(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        let seen = Some(seen(&desk, id).await);
        let title = |title: &str| Some(title.to_owned());
        let bobs = EditRequest { title: title("New name"), ..EditRequest::default() };
        ops::edit::edit(&desk.store, "bob", id, bobs.clone()).await.unwrap();
        let before = desk.everything().await;
        let ours = EditRequest { title: title("Ours"), seen: seen.clone(), ..EditRequest::default() };
        let said = "the title of incident 1 was changed by bob at 2026-11-24T12:00:00Z: 'New name'";
        check_refused(ops::edit::edit(&desk.store, TESTER, id, ours.clone()).await, 4, &[said]);
        check_shows(ops::edit::edit(&desk.store, TESTER, id, ours).await, &desk.incident(id).await);
        assert_eq!(desk.everything().await, before);

        let same = EditRequest { seen: seen.clone(), ..bobs };
        ops::edit::edit(&desk.store, TESTER, id, same).await.expect("both wanted the same");
        let start = EditRequest { date_started: Some(at("11:50")), seen, ..EditRequest::default() };
        let edited = ops::edit::edit(&desk.store, TESTER, id, start).await.unwrap();
        assert_eq!(edited.title, "New name", "another start writes nothing over");
    }

    async fn a_start_that_somebody_has_corrected_is_not_corrected_back(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        let seen = Some(seen(&desk, id).await);
        let start = |text, seen| EditRequest { date_started: Some(at(text)), seen, ..EditRequest::default() };
        ops::edit::edit(&desk.store, "bob", id, start("11:40", None)).await.unwrap();
        let refused = ops::edit::edit(&desk.store, TESTER, id, start("11:50", seen)).await;
        let said = "the start of incident 1 was changed by bob at 2026-11-24T12:00:00Z: 2026-11-24T11:40:00Z";
        check_refused(refused, 4, &[said]);
        assert_eq!(desk.incident(id).await.date_started, at("11:40"));
    }

    async fn an_early_capture_is_not_forced_under_the_confirmation_of_another_close(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        desk.close(id).await;
        let seen = vec![seen(&desk, id).await];
        bob_closes_again(&desk, id).await;
        let before = desk.everything().await;
        let refused = capture_as_seen(&desk, seen).await;
        check_refused(refused, 4, &["incident 1 was closed again by bob at 2026-11-24T12:05:00Z"]);
        assert_eq!(desk.everything().await, before);
        assert_eq!(capture_as_seen(&desk, vec![Seen::of(&desk.incident(id).await)]).await.unwrap(), 1);
    }

    async fn a_promise_that_is_no_longer_what_was_seen_is_neither_captured_nor_retried_nor_discarded(
        database: TestDatabase
    ) {
        let desk = Desk::on(database).await;
        let ids = [desk.closed(1, "11:00", "11:05").await, desk.closed(1, "11:00", "11:06").await,
            desk.closed(1, "11:00", "11:07").await, desk.closed(1, "11:00", "11:08").await];
        let mut all = Vec::new();
        for id in ids {
            all.push(seen(&desk, id).await);
        }
        desk.process_only(&ids[..1]).await;
        ops::pending::discard(&desk.store, "bob", &ids[1..2], &[]).await.unwrap();
        desk.reopen(ids[2]).await;
        bob_closes_again(&desk, ids[3]).await;
        let before = desk.everything().await;
        let said = ["incident 1 was captured at 2026-11-24T12:00:00Z",
            "the pending snapshot of incident 2 was discarded by bob at 2026-11-24T12:00:00Z",
            "incident 3 was reopened by tester at 2026-11-24T12:00:00Z",
            "incident 4 was closed again by bob at 2026-11-24T12:05:00Z"];
        for (seen, said) in all.into_iter().zip(said) {
            let (id, seen) = ([seen.id], [seen]);
            check_refused(ops::pending::discard(&desk.store, TESTER, &id, &seen).await, 4, &[said]);
            check_refused(ops::pending::retry(&desk.store, TESTER, &id, &seen).await, 4, &[said]);
            check_refused(capture_as_seen(&desk, seen.to_vec()).await, 4, &[said]);
        }
        assert_eq!(desk.everything().await, before);
    }

    async fn a_row_that_somebody_has_set_to_be_tried_again_is_not_discarded_as_a_dead_one(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        desk.poison(id).await;
        desk.try_force(&[id], Early::Refused).await.unwrap();
        let seen = [seen(&desk, id).await];
        desk.wait(Duration::from_mins(2));
        desk.process().await;
        assert_eq!(desk.pending(id).await.map(|row| row.attempts), Some(2));
        ops::pending::retry(&desk.store, "bob", &[id], &seen).await.expect("failing once more is no change");
        let said = "the pending snapshot of incident 1 was set to be tried again by bob at 2026-11-24T12:02:00Z";
        check_refused(ops::pending::discard(&desk.store, TESTER, &[id], &seen).await, 4, &[said]);
        check_refused(ops::pending::retry(&desk.store, TESTER, &[id], &seen).await, 4, &[said]);
        desk.cure().await;
        assert_eq!(capture_as_seen(&desk, seen.to_vec()).await.unwrap(), 1, "a capture is what both want");
    }

    async fn of_two_operators_at_once_the_second_hears_of_the_first(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:50", "11:55").await;
        let (reopening, capturing, discarding) = (seen(&desk, id).await, seen(&desk, id).await, seen(&desk, id).await);
        let second = desk.database.store().await;
        // Bob has the incident, and has not come to the end of it; the others wait for the same lock.
        let mut bob = desk.store.write().await.unwrap();
        bob.lock_incidents(&[id]).await.unwrap();
        let finish = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            bob.set_status(id, Some(at("11:59"))).await.unwrap();
            bob.replace_pending(id, at("12:09")).await.unwrap();
            bob.commit().await.unwrap();
        };
        let others = async {
            let request = ReopenRequest { ids: vec![id], comment: None, seen: vec![reopening] };
            let selection = Selection::Incidents { ids: vec![id], early: true, seen: vec![capturing] };
            let process = ProcessRequest { selection, ..ProcessRequest::due(afterimage::domain::Trigger::Forced, HOST) };
            (
                ops::reopen::reopen(&second, TESTER, request).await,
                ops::process::process(&second, process).await,
                ops::pending::discard(&second, TESTER, &[id], &[discarding]).await,
            )
        };
        let ((), (reopened, captured, discarded)) = tokio::join!(finish, others);
        check_refused(reopened, 4, &["incident 1 was closed again"]);
        check_refused(captured, 4, &["incident 1 was closed again"]);
        check_refused(discarded, 4, &["incident 1 was closed again"]);
        desk.check_whole().await;
        assert_eq!((desk.snapshot(id).await, desk.incident(id).await.date_closed), (None, Some(at("11:59"))));
    }

    async fn a_row_that_becomes_another_between_check_and_capture_is_not_captured(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:50", "11:55").await;
        let seen = vec![seen(&desk, id).await];
        // Only the pending row is held: on Postgres the check of the incident passes, and the claim does not.
        let mut bob = desk.store.write().await.unwrap();
        bob.replace_pending(id, at("12:09")).await.unwrap();
        let finish = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            bob.commit().await.unwrap();
        };
        let second = Desk { store: desk.database.store().await, database: desk.database };
        let (captured, ()) = tokio::join!(capture_as_seen(&second, seen), finish);
        check_refused(captured, 4, &["incident 1 was closed again"]);
        assert_eq!(second.snapshot(id).await, None);
    }
}
