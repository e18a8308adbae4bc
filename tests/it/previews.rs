//! The snapshot that an incident will get, before it gets it, on both engines.

use std::time::Duration;

use afterimage::domain::series::Count;
use afterimage::domain::{Event, IncidentId, Snapshot, SnapshotFacts, Timestamp};
use afterimage::ops;
use afterimage::source::Sources;

use crate::support::{Desk, Early, TestDatabase, at, check_refused, on_both_engines};

/// An event every 20 s around noon, so that every bucket holds some.
async fn import_feed(desk: &Desk) {
    let first = at("08:00");
    let events: Vec<Event> = (0..1_000).map(|n| Event::at(first + Duration::from_secs(20 * n))).collect();
    desk.import(&events).await;
}

async fn ahead(desk: &Desk, id: IncidentId) -> Snapshot {
    ops::preview::preview(&desk.store, &Sources::default(), id).await.unwrap().snapshot
}

fn without_date_added(snapshot: Snapshot) -> Snapshot {
    Snapshot { facts: SnapshotFacts { date_added: Timestamp::MIN, ..snapshot.facts }, ..snapshot }
}

on_both_engines! {
    async fn the_preview_of_a_pending_snapshot_has_its_range_and_gaps_for_what_has_not_happened(database: TestDatabase) {
        let desk = Desk::on(database).await;
        import_feed(&desk).await;
        let id = desk.closed(1, "11:50", "11:55").await;
        let preview = ahead(&desk, id).await;
        assert!(preview.facts.partial);
        assert_eq!((preview.facts.as_of, preview.windowed.range.end), (at("12:05"), at("12:05")));
        assert_eq!(preview.windowed.range.length(), Duration::from_mins(200));
        for point in preview.windowed.points().iter().chain(&preview.lifetime.points()) {
            let expected = (point.bucket < at("12:00")).then_some(Count::Whole(3));
            assert_eq!(point.count, expected, "at {}", point.bucket);
        }
    }

    async fn at_the_target_the_preview_is_the_snapshot(database: TestDatabase) {
        let desk = Desk::on(database).await;
        import_feed(&desk).await;
        for (window, started, closed) in [(1, "11:50", "11:55:30"), (3, "08:00", "11:45"), (1, "09:00", "11:55")] {
            let id = desk.closed(window, started, closed).await;
            desk.turn_to("13:30");
            let preview = ahead(&desk, id).await;
            desk.process().await;
            let snapshot = desk.snapshot(id).await.expect("it is captured");
            assert_eq!(without_date_added(preview), without_date_added(snapshot), "W = {window}");
        }
    }

    async fn the_preview_of_an_open_incident_is_as_of_now(database: TestDatabase) {
        let desk = Desk::on(database).await;
        import_feed(&desk).await;
        let id = desk.open(1).await;
        desk.turn_to("12:07");
        let preview = ahead(&desk, id).await;
        assert_eq!((preview.facts.as_of, preview.windowed.range.end), (at("12:07"), at("12:07")));
        assert!(preview.windowed.points().iter().all(|point| point.count == Some(Count::Whole(3))));
    }

    async fn a_captured_or_unknown_incident_has_no_preview(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(1, "11:00", "11:05").await;
        desk.process().await;
        check_refused(ops::preview::preview(&desk.store, &Sources::default(), id).await, 4, &["captured already"]);
        check_refused(ops::preview::preview(&desk.store, &Sources::default(), IncidentId::new(4_711)).await, 3, &["4711"]);
    }

    async fn a_list_draws_what_was_kept_or_else_what_is_live_and_of_a_long_incident_its_lifetime(database: TestDatabase) {
        let desk = Desk::on(database).await;
        import_feed(&desk).await;
        let kept = desk.closed(1, "11:00", "11:05").await;
        desk.process().await;
        let (open, pending) = (desk.open(1).await, desk.closed(1, "11:50", "11:55").await);
        let long = desk.closed(1, "08:00", "11:58").await;
        let ids = [long, IncidentId::new(4_711), pending, open, kept];
        let shapes = ops::preview::shapes(&desk.store, &ids).await.unwrap();
        let shape = |id| shapes.iter().find(|(of, _)| *of == id).map(|(_, series)| series.clone()).expect("it is drawn");
        assert_eq!(shapes.len(), 4);
        assert_eq!(shape(kept), desk.snapshot(kept).await.expect("it is captured").windowed);
        assert_eq!(shape(open), ahead(&desk, open).await.windowed);
        assert_eq!(shape(pending), ahead(&desk, pending).await.windowed);
        assert_eq!(shape(long), ahead(&desk, long).await.lifetime);
    }

    async fn looking_changes_nothing(database: TestDatabase) {
        let desk = Desk::on(database).await;
        import_feed(&desk).await;
        let (early, open) = (desk.closed(1, "11:50", "11:55").await, desk.open(1).await);
        desk.try_force(&[early], Early::Allowed).await.unwrap();
        let before = desk.everything().await;
        ahead(&desk, early).await;
        ops::preview::shapes(&desk.store, &[early, open]).await.unwrap();
        assert_eq!(desk.everything().await, before);
    }
}
