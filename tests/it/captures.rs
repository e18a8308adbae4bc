//! What is in a snapshot: rules 9 to 13, each checked against a count of every event by itself, on both engines.

use std::collections::BTreeSet;
use std::time::Duration;

use afterimage::domain::series::{Count, Coverage};
use afterimage::domain::{Aggregation, Event, IncidentId, Query, Series, Snapshot, SnapshotFacts, Timestamp};
use afterimage::ops::close::CloseRequest;
use afterimage::ops::open::OpenRequest;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::{Desk, Early, TestDatabase, at, on_both_engines};

/// An incident as the rules see it, in whole seconds and microseconds, written down a second time.
#[derive(Debug, Clone, Copy)]
struct Case {
    minutes: i64,
    started: &'static str,
    closed: &'static str,
    aggregation: Aggregation,
    query: &'static str,
    projects: &'static [&'static str],
}

const TOTAL: Case =
    Case { minutes: 1, started: "11:00", closed: "11:05", aggregation: Aggregation::Total, query: "", projects: &[] };

const SECOND: i64 = 1_000_000;

impl Case {
    fn window(self) -> i64 {
        self.minutes * 60 * SECOND
    }

    fn anchor(self) -> i64 {
        at(self.started).as_micros() - self.window()
    }

    fn target(self) -> i64 {
        at(self.closed).as_micros() + (10 * self.window()).min(10 * 86_400 * SECOND)
    }

    /// Whether an event is one of this incident's.
    fn counts(self, event: &Event) -> bool {
        let of_project = self.projects.is_empty()
            || event.project.as_deref().is_some_and(|project| self.projects.contains(&project));
        let of_query = match self.query {
            "" => true,
            "level:error" => event.level.as_deref() == Some("error"),
            "!level:error" => event.level.as_deref() != Some("error"),
            other => panic!("teach this test the query {other}"),
        };
        of_project && of_query
    }

    fn within(self, events: &[Event], start: i64, end: i64) -> Vec<&Event> {
        let inside = |event: &&Event| (start..end).contains(&event.occurred_at.as_micros()) && self.counts(event);
        events.iter().filter(inside).collect()
    }

    /// Every bucket that meets the range, with its count and whether the range covers all of it.
    fn points(self, events: &[Event], start: i64, end: i64, period: i64) -> Vec<(i64, i64, bool)> {
        let first = start.div_euclid(period) * period;
        let buckets = (0..).map(|number| first + number * period).take_while(|bucket| *bucket < end);
        let within = self.within(events, start, end);
        let point = |bucket: i64| {
            let in_bucket = |event: &&&Event| (bucket..bucket + period).contains(&event.occurred_at.as_micros());
            let inside: Vec<&Event> = within.iter().filter(in_bucket).copied().collect();
            let count = match self.aggregation {
                Aggregation::Total => inside.iter().map(|event| event.weight).sum(),
                Aggregation::UniqueUsers => users(&inside),
            };
            (bucket, count, bucket >= start && bucket + period <= end)
        };
        buckets.map(point).collect()
    }

    fn check(self, events: &[Event], snapshot: &Snapshot) {
        let (window, target) = (self.window(), self.target());
        let totals = self.within(events, self.anchor(), (at(self.closed).as_micros() + window).min(target));
        let weights: i64 = totals.iter().map(|event| event.weight).sum();
        let facts = &snapshot.facts;
        assert_eq!((facts.total_events, facts.unique_users), (Some(weights), Some(users(&totals))), "{self:?}");
        assert_eq!(facts.as_of.as_micros(), target, "{self:?}");

        let end = (self.anchor() + 100 * window).min(target);
        let expected = self.points(events, end - 200 * window, end, window);
        check_series(&snapshot.windowed, (end - 200 * window, end), &expected, "windowed", self);

        let length = target - self.anchor();
        let multiple = (1..10_000).find(|multiple| 200 * multiple * window >= length).expect("there is one");
        let expected = self.points(events, self.anchor(), target, multiple * window);
        check_series(&snapshot.lifetime, (self.anchor(), target), &expected, "lifetime", self);
    }

    async fn make(self, desk: &Desk) -> IncidentId {
        let request = OpenRequest {
            date_started: Some(at(self.started)),
            aggregation: Some(self.aggregation),
            query: Some(Query::parse(self.query).unwrap()),
            projects: self.projects.iter().map(ToString::to_string).collect(),
            ..desk.request(self.minutes).await
        };
        let id = desk.open_as(request).await;
        let close = CloseRequest { ids: vec![id], at: Some(at(self.closed)), comment: None };
        desk.try_close(close).await.unwrap();
        id
    }
}

fn users(events: &[&Event]) -> i64 {
    let users: BTreeSet<&str> = events.iter().filter_map(|event| event.user.as_deref()).collect();
    i64::try_from(users.len()).unwrap()
}

fn check_series(series: &Series, range: (i64, i64), expected: &[(i64, i64, bool)], name: &str, case: Case) {
    assert_eq!((series.range.start.as_micros(), series.range.end.as_micros()), range, "{name} of {case:?}");
    let found: Vec<(i64, i64, bool)> = series
        .points()
        .iter()
        .map(|point| match point.count {
            Some(Count::Whole(count)) => (point.bucket.as_micros(), count, point.coverage == Coverage::Whole),
            other => panic!("{name} of {case:?} has {other:?} at {}", point.bucket),
        })
        .collect();
    assert_eq!(found, expected, "{name} of {case:?}");
}

/// Events of three days, many at the edges of minutes, some without weight, user, project or level.
fn events() -> Vec<Event> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let some = |chosen: u32, names: &[&str]| names.get(chosen as usize).map(ToString::to_string);
    let mut event = |_| {
        let spread = if random.random_bool(0.5) { 3 * 86_400 } else { 5 * 3_600 };
        let second = at("12:00").as_seconds() - random.random_range(0..spread);
        let second = if random.random_bool(0.3) { second / 60 * 60 } else { second };
        let micros = if random.random_bool(0.5) { 0 } else { random.random_range(0..SECOND) };
        Event {
            weight: random.random_range(0..6),
            project: some(random.random_range(0..3), &["web", "api"]),
            level: some(random.random_range(0..3), &["error", "info"]),
            user: some(random.random_range(0..8), &["ann", "bob", "cem", "dot", "eve", "fay"]),
            ..Event::at(Timestamp::from_micros(second * SECOND + micros))
        }
    };
    (0..4_000).map(&mut event).collect()
}

/// What of a snapshot must not depend on when it was captured.
fn content(snapshot: Snapshot) -> (SnapshotFacts, Series, Series) {
    let Snapshot { facts, windowed, lifetime } = snapshot;
    let (incident_id, date_added) = (IncidentId::new(0), Timestamp::MIN);
    (SnapshotFacts { incident_id, date_added, ..facts }, windowed, lifetime)
}

on_both_engines! {
    async fn rules_9_to_13_a_snapshot_holds_what_counting_event_by_event_gives(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let events = events();
        desk.import(&events).await;
        let courses = [
            (1, "11:00", "11:05"),
            (1, "10:58:30.25", "11:03:00.000001"),
            (10, "2026-11-24 06:03", "2026-11-24 09:59:59.999999"),
            (1, "2026-11-24 02:00", "2026-11-24 11:00"),
            (7, "2026-11-22 15:04", "2026-11-24 03:00"),
        ];
        let mut made = Vec::new();
        for (minutes, started, closed) in courses {
            for aggregation in [Aggregation::Total, Aggregation::UniqueUsers] {
                for query in ["", "level:error", "!level:error"] {
                    for projects in [&[][..], &["web"], &["api", "web"], &["nowhere"]] {
                        let case = Case { minutes, started, closed, aggregation, query, projects };
                        made.push((case, case.make(&desk).await));
                    }
                }
            }
        }
        assert_eq!(desk.process().await.counts.captured, made.len() as u64);
        for (case, id) in made {
            case.check(&events, &desk.snapshot(id).await.expect("it is captured"));
        }
    }

    async fn rule_12_the_ends_of_a_range_are_half_open(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let case = TOTAL;
        let edges = [case.anchor(), at("11:06").as_micros(), case.target(), case.target() - 200 * case.window()];
        let around = edges.iter().flat_map(|edge| [edge - 1, *edge, edge + 1]);
        let events: Vec<Event> = around
            .zip(0..)
            .map(|(micros, place)| Event { weight: 1 << place, ..Event::at(Timestamp::from_micros(micros)) })
            .collect();
        desk.import(&events).await;
        let id = case.make(&desk).await;
        desk.process().await;
        case.check(&events, &desk.snapshot(id).await.expect("it is captured"));
    }

    async fn rule_12_weight_0_still_counts_its_user(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let event = Event { weight: 0, user: Some("ann".into()), ..Event::at(at("11:00")) };
        desk.import(&[event]).await;
        let id = TOTAL.make(&desk).await;
        let by_users = Case { aggregation: Aggregation::UniqueUsers, ..TOTAL }.make(&desk).await;
        desk.process().await;
        let snapshot = desk.snapshot(id).await.expect("it is captured");
        assert_eq!((snapshot.facts.total_events, snapshot.facts.unique_users), (Some(0), Some(1)));
        assert_eq!(snapshot.windowed.counts, []);
        let windowed = desk.snapshot(by_users).await.expect("it is captured").windowed;
        assert_eq!(windowed.counts.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [Count::Whole(1)]);
    }

    async fn rule_11_captured_on_time_an_hour_late_or_three_days_late_it_is_the_same(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.import(&events()).await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(Case { aggregation: Aggregation::UniqueUsers, ..TOTAL }.make(&desk).await);
        }
        desk.turn_to("11:15");
        desk.process_only(&ids[..1]).await;
        desk.turn_to("12:15");
        desk.process_only(&ids[1..2]).await;
        desk.turn_to("2026-11-27 11:15");
        desk.process_only(&ids[2..]).await;
        let mut contents = Vec::new();
        for (id, added) in ids.into_iter().zip(["11:15", "12:15", "2026-11-27 11:15"]) {
            let snapshot = desk.snapshot(id).await.expect("it is captured");
            assert_eq!((snapshot.facts.date_added, snapshot.facts.as_of), (at(added), at("11:15")));
            contents.push(content(snapshot));
        }
        assert_eq!(contents[0], contents[1]);
        assert_eq!(contents[0], contents[2]);
    }

    async fn rule_11_forced_early_it_is_partial_and_replaced_by_the_complete_one_at_its_target(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.import(&events()).await;
        let case = Case { started: "11:50", closed: "11:59", ..TOTAL };
        let (id, on_time) = (case.make(&desk).await, case.make(&desk).await);
        let promise = desk.pending(id).await;
        desk.try_force(&[id], Early::Allowed).await.unwrap();
        let partial = desk.snapshot(id).await.expect("it is captured");
        assert!(partial.facts.partial);
        assert_eq!((partial.facts.as_of, partial.windowed.range.end), (at("12:00"), at("12:00")));
        assert_eq!(partial.windowed.range.length(), Duration::from_mins(200));
        assert_eq!(desk.pending(id).await, promise, "the promise is kept");

        desk.turn_to("12:04");
        desk.try_force(&[id], Early::Allowed).await.unwrap();
        let later = desk.snapshot(id).await.expect("it is captured");
        assert_eq!((later.facts.partial, later.facts.as_of), (true, at("12:04")));
        desk.turn_to("12:09");
        assert_eq!(desk.process().await.counts.captured, 2);
        let complete = desk.snapshot(id).await.expect("it is captured");
        assert_eq!((complete.facts.partial, complete.facts.as_of), (false, at("12:09")));
        assert_eq!(content(complete), content(desk.snapshot(on_time).await.expect("it is captured")));
        assert_eq!(desk.pending(id).await, None);
        assert_eq!(desk.superseded(id).await, [], "a partial one is not kept");
        assert_eq!(desk.database.number("select count(*) from time_series_snapshots").await, 4);
    }

    async fn rule_7_reopening_moves_a_complete_snapshot_aside_and_drops_a_partial_one(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (complete, partial) = (TOTAL.make(&desk).await, Case { closed: "11:59", ..TOTAL }.make(&desk).await);
        desk.try_force(&[complete, partial], Early::Allowed).await.unwrap();
        let kept = desk.snapshot(complete).await.expect("it is captured").facts;
        for id in [complete, partial] {
            desk.reopen(id).await;
            assert_eq!(desk.snapshot(id).await, None);
            assert_eq!(desk.pending(id).await, None);
        }
        let superseded = desk.superseded(complete).await;
        assert_eq!(superseded.len(), 1);
        assert_eq!((&superseded[0].facts, superseded[0].superseded_at), (&kept, at("12:00")));
        assert_eq!(desk.superseded(partial).await, []);

        desk.close(complete).await;
        desk.turn_to("12:10");
        assert_eq!(desk.process().await.counts.captured, 1, "closed again, it is captured again");
        assert_eq!(desk.snapshot(complete).await.expect("it is captured").facts.as_of, at("12:10"));
        desk.reopen(complete).await;
        assert_eq!(desk.superseded(complete).await.len(), 2);
    }

    async fn rule_10_the_window_ends_10_days_or_10_windows_after_the_close(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let course = |minutes| Case { minutes, started: "2026-11-13 11:00", closed: "2026-11-13 12:00", ..TOTAL };
        let (long, short) = (course(1_500).make(&desk).await, course(10).make(&desk).await);
        assert_eq!(desk.process().await.counts.captured, 2);
        let end = async |id| desk.snapshot(id).await.expect("it is captured").windowed.range.end;
        assert_eq!(end(long).await, at("2026-11-23 12:00"));
        assert_eq!(end(short).await, at("2026-11-13 13:40"));
    }

    async fn rule_14_a_pruned_part_is_a_gap_and_the_snapshot_is_clipped(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.import(&events()).await;
        let horizon = at("10:00").as_micros();
        desk.database.execute(&format!("insert into meta (key, value) values ('prune_horizon', '{horizon}')")).await;
        let id = TOTAL.make(&desk).await;
        desk.process().await;
        let snapshot = desk.snapshot(id).await.expect("it is captured");
        assert!(snapshot.facts.clipped && !snapshot.facts.partial);
        for point in snapshot.windowed.points().iter().filter(|point| point.count.is_none()) {
            assert!(point.bucket < at("10:00"), "{point:?}");
        }
        assert!(snapshot.windowed.has_gaps() && !snapshot.lifetime.has_gaps());
    }

    async fn an_incident_at_either_end_of_time_is_captured(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.import(&[Event::at(at("1970-01-01 00:00"))]).await;
        let case = Case { minutes: 43_200, started: "1970-01-01 00:00", closed: "1970-01-01 00:00", ..TOTAL };
        let first = case.make(&desk).await;
        desk.turn_to("8999-12-31 23:59:59");
        let last = Case { started: "8999-12-31 23:59", closed: "8999-12-31 23:59", ..case }.make(&desk).await;
        desk.try_force(&[first, last], Early::Allowed).await.unwrap();
        let snapshot = desk.snapshot(first).await.expect("it is captured");
        assert_eq!(snapshot.facts.total_events, Some(1));
        assert!(snapshot.windowed.range.start < Timestamp::MIN);
        case.check(&[Event::at(at("1970-01-01 00:00"))], &snapshot);
        assert!(desk.snapshot(last).await.expect("it is captured").facts.partial);
    }
}
