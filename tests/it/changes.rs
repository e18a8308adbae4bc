//! What an idle console goes by: nothing was committed, or nothing that its lists are made of.

use std::time::Duration;

use afterimage::domain::{Event, IncidentId};
use afterimage::ops;
use afterimage::ops::edit::EditRequest;
use afterimage::store::Store;
use afterimage::store::change::{CommitMark, Fingerprint};

use crate::support::{Desk, Early, TESTER, TestDatabase, on_both_engines};

/// What a console has seen, on connections of its own.
struct Onlooker {
    store: Store,
    mark: CommitMark,
    fingerprint: Fingerprint,
}

impl Onlooker {
    async fn on(database: &TestDatabase) -> Self {
        let store = database.store().await;
        let (mark, fingerprint) = look(&store).await;
        Self { store, mark, fingerprint }
    }

    /// Looks again: whether anything was committed, and whether any of it was about incidents.
    async fn sees(&mut self) -> (bool, bool) {
        let (mark, fingerprint) = look(&self.store).await;
        let seen = (mark != self.mark, fingerprint != self.fingerprint);
        (self.mark, self.fingerprint) = (mark, fingerprint);
        seen
    }

    async fn sees_a_change_by(&mut self, what: &str) {
        assert_eq!(self.sees().await, (true, true), "{what}");
    }
}

async fn look(store: &Store) -> (CommitMark, Fingerprint) {
    let mark = store.commit_mark().await.unwrap();
    let fingerprint = store.read().await.unwrap().fingerprint().await.unwrap();
    (mark, fingerprint)
}

on_both_engines! {
    async fn every_change_of_an_incident_by_somebody_else_is_seen(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let mut onlooker = Onlooker::on(&desk.database).await;
        let id = desk.open(1).await;
        onlooker.sees_a_change_by("opening").await;
        ops::comment::comment(&desk.store, TESTER, id, "looking").await.unwrap();
        onlooker.sees_a_change_by("a comment").await;
        let request = EditRequest { title: Some("Another".into()), ..EditRequest::default() };
        ops::edit::edit(&desk.store, TESTER, id, request).await.unwrap();
        onlooker.sees_a_change_by("a correction").await;
        desk.wait(Duration::from_mins(5));
        desk.close(id).await;
        onlooker.sees_a_change_by("a close").await;
        desk.try_force(&[id], Early::Allowed).await.unwrap();
        onlooker.sees_a_change_by("a partial snapshot").await;
        desk.wait(Duration::from_mins(1));
        desk.try_force(&[id], Early::Allowed).await.unwrap();
        onlooker.sees_a_change_by("another partial snapshot").await;
        desk.wait(Duration::from_mins(30));
        desk.process().await;
        onlooker.sees_a_change_by("the complete snapshot").await;
        desk.reopen(id).await;
        onlooker.sees_a_change_by("a reopening").await;
    }

    async fn what_becomes_of_a_promise_is_seen(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        let mut onlooker = Onlooker::on(&desk.database).await;
        let failure = format!("attempts = 1, next_attempt_at = next_attempt_at + 1 where incident_id = {id}");
        desk.database.execute(&format!("update pending_snapshots set {failure}")).await;
        onlooker.sees_a_change_by("a failure").await;
        desk.database.execute("update pending_snapshots set dead_since = 1").await;
        onlooker.sees_a_change_by("a death").await;
        ops::pending::retry(&desk.store, TESTER, &[id], &[]).await.unwrap();
        onlooker.sees_a_change_by("a retry").await;
        ops::pending::discard(&desk.store, TESTER, &[id], &[]).await.unwrap();
        onlooker.sees_a_change_by("a discard").await;
    }

    async fn one_s_own_writes_are_seen_too(database: TestDatabase) {
        let mut onlooker = Onlooker::on(&database).await;
        let desk = Desk { store: onlooker.store.clone(), database };
        desk.open(1).await;
        onlooker.sees_a_change_by("opening").await;
    }

    async fn where_nothing_was_committed_nothing_is_seen(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.open(1).await;
        // On a server, others may commit something elsewhere.
        let mut onlooker = Onlooker::on(&desk.database).await;
        if !onlooker.store.locks_rows() {
            assert_eq!(onlooker.sees().await, (false, false));
        }
        let mut undone = desk.store.write().await.unwrap();
        undone.delete_pending(IncidentId::new(1)).await.unwrap();
        undone.rollback().await.unwrap();
        assert!(!onlooker.sees().await.1);
    }

    async fn events_and_signs_of_life_are_commits_but_no_change_of_any_incident(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.open(1).await;
        let mut onlooker = Onlooker::on(&desk.database).await;
        let mut tx = desk.store.write().await.unwrap();
        tx.insert_events(&[Event::at(desk.now())]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(onlooker.sees().await, (true, false));
    }

    async fn a_commit_that_was_under_way_when_one_looked_is_seen_when_it_comes(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        let mut slow = desk.store.write().await.unwrap();
        slow.replace_pending(id, desk.now()).await.unwrap();
        // On SQLite nobody else can write meanwhile.
        if desk.store.locks_rows() {
            let other = desk.database.store().await;
            Desk { database: desk.database, store: other.clone() }.open(1).await;
            let (mark, fingerprint) = look(&other).await;
            let mut onlooker = Onlooker { store: other, mark, fingerprint };
            slow.commit().await.unwrap();
            onlooker.sees_a_change_by("the slow one").await;
        }
    }
}
