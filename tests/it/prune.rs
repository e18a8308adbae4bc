//! Old events go, and nothing else: no snapshot, nothing that one to come needs, and no part is ever counted as all.

use std::time::{Duration, Instant};

use afterimage::domain::{Event, IncidentId, Timestamp};
use afterimage::ops::prune::{Hold, PruneReport, plan, prune};
use afterimage::service::{Pace, RetentionHandle};
use afterimage::store::Store;
use tokio_util::sync::CancellationToken;

use crate::support::{Afterimage, Desk, Engine, TestDatabase, at, check_refused, on_both_engines};

/// Compares what is counted by the minute with the events that are left.
const DIFFERENCES: &str = "select count(*) from (\
        select project, occurred_at / 60000000 as minute, cast(sum(weight) as bigint) as weight, count(*) as events \
            from events group by 1, 2 \
        except select project, minute, cast(sum(weight) as bigint), cast(sum(events) as bigint) \
            from event_minutes group by 1, 2) different";

async fn prune_before(store: &Store, before: &str) -> PruneReport {
    prune(store, at(before), &CancellationToken::new(), &mut |_| {}).await.unwrap()
}

/// An event in each minute from `from` until `to`, in three projects by turns.
async fn fill(desk: &Desk, from: &str, to: &str) -> i64 {
    let minutes = at(from).as_micros() / 60_000_000..at(to).as_micros() / 60_000_000;
    let project = |minute: i64| [None, Some("web"), Some("api")][usize::try_from(minute % 3).unwrap()];
    let events: Vec<Event> = minutes
        .map(|minute| Event {
            project: project(minute).map(str::to_owned),
            user: Some(format!("user {}", minute % 7)),
            ..Event::at(Timestamp::from_micros(minute * 60_000_000 + 1))
        })
        .collect();
    desk.import(&events).await;
    i64::try_from(events.len()).unwrap()
}

async fn left(desk: &Desk) -> (i64, i64) {
    let events = desk.database.number("select count(*) from events").await;
    assert_eq!(desk.database.number(DIFFERENCES).await, 0);
    (events, desk.database.number("select cast(coalesce(sum(events), 0) as bigint) from event_minutes").await)
}

/// Until so many events are left.
async fn wait_for(desk: &Desk, events: i64) {
    let began = Instant::now();
    while desk.database.number("select count(*) from events").await != events {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?} are left, not {events}", left(desk).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

on_both_engines! {
    async fn events_before_a_time_go_and_all_others_stay(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let all = fill(&desk, "2026-11-20 00:00", "2026-11-24 00:00").await;
        let planned = plan(&desk.store, at("2026-11-23 12:00:30")).await.unwrap();
        let report = prune_before(&desk.store, "2026-11-23 12:00:30").await;
        assert_eq!((report.events, report.before, report.hold), (planned.events, planned.before, None));
        assert_eq!((i64::try_from(report.events).unwrap(), report.before), (all - 720, at("2026-11-23 12:00")));
        assert_eq!(left(&desk).await, (720, 720));
        let oldest = desk.database.number("select min(occurred_at) from events").await;
        assert_eq!(oldest, at("2026-11-23 12:00").as_micros() + 1);
        let horizon = desk.store.read().await.unwrap().prune_horizon().await.unwrap();
        assert_eq!(horizon, Some(at("2026-11-23 12:00")));
        assert_eq!(prune_before(&desk.store, "2026-11-22 00:00").await.events, 0, "it never goes back");
        assert_eq!(desk.store.read().await.unwrap().prune_horizon().await.unwrap(), horizon);
    }

    async fn where_nothing_is_old_nothing_is_said_to_be_gone(database: TestDatabase) {
        let desk = Desk::on(database).await;
        fill(&desk, "2026-11-23 00:00", "2026-11-24 00:00").await;
        assert_eq!(prune_before(&desk.store, "2026-11-23 00:00").await.events, 0);
        assert_eq!(desk.store.read().await.unwrap().prune_horizon().await.unwrap(), None);
    }

    async fn what_a_pending_snapshot_and_an_open_incident_need_stays_until_it_is_captured(database: TestDatabase) {
        let desk = Desk::on(database).await;
        fill(&desk, "2026-11-23 00:00", "2026-11-24 12:00").await;
        let closed = desk.closed(1, "2026-11-24 08:00", "2026-11-24 11:55").await;
        let open = desk.open(1).await;
        let needed = desk.incident(closed).await;
        let report = prune_before(&desk.store, "2026-11-24 11:00").await;
        let hold = report.hold.unwrap();
        // A is 07:59, and 100 windows before it are 06:19.
        assert_eq!(hold, Hold { incident_id: closed, needed_from: at("2026-11-24 06:19"), is_open: false });
        assert_eq!((needed.id, report.before), (closed, hold.needed_from));
        desk.turn_to("2026-11-24 12:30");
        assert_eq!(desk.process().await.counts.captured, 1);
        let snapshot = desk.snapshot(closed).await.unwrap();
        assert!(!snapshot.facts.clipped);
        assert_eq!((snapshot.windowed.counts.len(), snapshot.facts.unique_users), (200, Some(7)));
        let hold = prune_before(&desk.store, "2026-11-24 12:00").await.hold.unwrap();
        assert_eq!((hold.incident_id, hold.is_open, hold.needed_from), (open, true, at("2026-11-24 08:40")));
        assert_eq!(desk.snapshot(closed).await.unwrap(), snapshot, "what was kept stays");
        desk.check_whole().await;
    }

    async fn a_capture_behind_the_horizon_is_clipped_and_counts_no_part_of_what_is_gone(database: TestDatabase) {
        let desk = Desk::on(database).await;
        fill(&desk, "2026-11-23 00:00", "2026-11-24 12:00").await;
        prune_before(&desk.store, "2026-11-24 11:00").await;
        // Came late: it lies before the horizon, and is not counted.
        desk.import(&[Event::at(at("2026-11-24 10:58:30"))]).await;
        let id = desk.closed(1, "2026-11-24 10:59", "2026-11-24 11:01").await;
        desk.turn_to("2026-11-24 12:30");
        desk.process().await;
        let snapshot = desk.snapshot(id).await.unwrap();
        assert!(snapshot.facts.clipped);
        assert_eq!(snapshot.facts.total_events, Some(2));
        assert_eq!(snapshot.windowed.held, [afterimage::domain::window::Range::new(at("2026-11-24 11:00"), snapshot.windowed.range.end)]);
        assert_eq!(snapshot.windowed.points().iter().filter(|point| point.count.is_some()).count(), 11);
        let events = desk.database.number("select count(*) from events").await;
        assert_eq!((prune_before(&desk.store, "2026-11-24 11:00").await.events, events), (1, 61));
    }

    async fn a_prune_that_was_ended_is_continued_by_the_next(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let all = fill(&desk, "2026-11-20 00:00", "2026-11-24 00:00").await;
        let cancel = CancellationToken::new();
        let until = cancel.clone();
        let mut progress = |done| if done > 1_000 { until.cancel() };
        let ended = prune(&desk.store, at("2026-11-23 00:00"), &cancel, &mut progress).await;
        check_refused(ended, 130, &["interrupted"]);
        let (events, _) = left(&desk).await;
        let horizon = desk.store.read().await.unwrap().prune_horizon().await.unwrap().unwrap();
        assert!(events < all && horizon < at("2026-11-23 00:00"), "{events}, {horizon}");
        let behind = desk.database.number(&format!("select count(*) from events where occurred_at < {}", horizon.as_micros())).await;
        let gone = all - events;
        // An hour, and then each twice as long as the one before.
        assert!(gone > 1_000 && behind <= gone + 60, "it goes by slices: {behind} of {gone}");
        prune_before(&desk.store, "2026-11-23 00:00").await;
        assert_eq!(left(&desk).await, (1_440, 1_440));
    }

    async fn a_daemon_prunes_again_and_again_whatever_comes_between(database: TestDatabase) {
        let desk = Desk::on(database).await;
        fill(&desk, "2026-11-22 00:00", "2026-11-24 12:00").await;
        let pace = Pace { first: Duration::from_millis(1), every: Duration::from_millis(20) };
        let daemon = RetentionHandle::spawn_at(pace, desk.store.clone(), Duration::from_hours(24));
        wait_for(&desk, 1_440).await;
        // What comes late goes too, and what grows old meanwhile.
        desk.import(&[Event::at(at("2026-11-20 07:00"))]).await;
        wait_for(&desk, 1_440).await;
        desk.turn_to("2026-11-24 18:00");
        wait_for(&desk, 1_080).await;
        // No fault of the database ends it.
        desk.database.execute("alter table event_projects rename to elsewhere").await;
        desk.turn_to("2026-11-24 23:00");
        tokio::time::sleep(5 * pace.every).await;
        desk.database.execute("alter table elsewhere rename to event_projects").await;
        wait_for(&desk, 780).await;
        daemon.shutdown().await;
        desk.turn_to("2026-11-25 10:00");
        tokio::time::sleep(5 * pace.every).await;
        assert_eq!(left(&desk).await, (780, 780), "it has ended");
    }

    async fn two_prunes_at_once_an_import_and_an_operator_do_each_other_no_harm(database: TestDatabase) {
        let desk = Desk::on(database).await;
        fill(&desk, "2026-11-10 00:00", "2026-11-24 00:00").await;
        let other = desk.database.store().await;
        let late = async {
            for turn in 0..20 {
                desk.import(&[Event::at(at("2026-11-12 07:00") + Duration::from_mins(turn * 500))]).await;
                let id = desk.open(1).await;
                desk.close(id).await;
            }
        };
        let (one, two, ()) = tokio::join!(
            prune_before(&desk.store, "2026-11-20 00:00"),
            prune_before(&other, "2026-11-21 00:00"),
            late,
        );
        assert!(one.events + two.events >= 10 * 1_440, "{one:?} {two:?}");
        prune_before(&desk.store, "2026-11-21 00:00").await;
        assert_eq!(desk.database.number(&format!("select count(*) from events where occurred_at < {}", at("2026-11-21 00:00").as_micros())).await, 0);
        assert_eq!(desk.database.number(&format!("select count(*) from event_minutes where minute < {}", at("2026-11-21 00:00").as_micros() / 60_000_000)).await, 0);
        left(&desk).await;
        desk.check_whole().await;
    }

    async fn the_space_of_what_is_gone_is_given_back(database: TestDatabase) {
        let desk = Desk::on(database).await;
        fill(&desk, "2026-11-01 00:00", "2026-11-24 00:00").await;
        let report = prune_before(&desk.store, "2026-11-23 00:00").await;
        if desk.database.engine() == Engine::Sqlite {
            assert!(report.bytes_given_back > 2_000_000 && report.bytes_free == 0, "{report:?}");
        }
    }

    async fn the_program_says_what_it_would_delete_what_it_deleted_and_what_held_it_back(database: TestDatabase) {
        let desk = Desk::on(database).await;
        fill(&desk, "2026-11-20 00:00", "2026-11-24 00:00").await;
        let id = desk.open(1).await;
        assert_eq!(id, IncidentId::new(1));
        let program = Afterimage::on(&desk.database).with(&["--now", "2026-11-24 12:00"]);
        let planned = program.json(&["db", "prune", "--events-before", "2d ago", "--dry-run"]);
        assert_eq!((&planned["events"], &planned["held_back_by"]), (&3_600.into(), &serde_json::Value::Null));
        assert_eq!(left(&desk).await.0, 5_760, "nothing was done");
        let pruned = program.json(&["db", "prune", "--events-before", "2d ago"]);
        assert_eq!((&pruned["events"], &pruned["events_before"]), (&3_600.into(), &"2026-11-22T12:00:00Z".into()));
        let held = program.json(&["db", "prune", "--events-before", "1h ago"]);
        assert_eq!((&held["held_back_by"]["incident_id"], &held["held_back_by"]["status"]), (&1.into(), &"open".into()));
        assert_eq!(held["events_before"], "2026-11-24T08:40:00Z");
        program.assert_fails(&["db", "prune", "--events-before", "2026-11-25"], 2, &["future"]);
        program.assert_fails(&["db", "prune"], 2, &["--events-before"]);
    }
}
