//! What an operator does to incidents: rules 2 to 8, on both engines.

use std::time::Duration;

use afterimage::domain::{Activity, ActivityKind, Aggregation, IncidentId, IncidentType, Query, Status};
use afterimage::ops;
use afterimage::ops::close::CloseRequest;
use afterimage::ops::open::OpenRequest;
use afterimage::ops::reopen::ReopenRequest;
use afterimage::ops::rule::RuleChange;

use crate::support::{Desk, TESTER, TestDatabase, at, check_refused, minutes, on_both_engines};

const MINUTE: Duration = Duration::from_mins(1);

fn closing(ids: &[IncidentId]) -> CloseRequest {
    CloseRequest { ids: ids.to_vec(), ..CloseRequest::default() }
}

on_both_engines! {
    async fn rule_2_opening_writes_one_detected_activity(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        let incident = desk.incident(id).await;
        assert_eq!((incident.status, incident.incident_type), (Status::Open, IncidentType::Created));
        assert_eq!((incident.date_started, incident.date_detected), (at("12:00"), at("12:00")));
        assert_eq!((incident.pending, incident.snapshot, incident.date_closed), (None, None, None));
        let (at, by) = (at("12:00"), TESTER.to_owned());
        let detected = Activity { kind: ActivityKind::Detected, at, by, from: None, to: None, comment: None };
        assert_eq!(desk.timeline(id).await, [detected]);
    }

    async fn rule_2_an_incident_that_cannot_be_leaves_nothing(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let empty = desk.everything().await;
        let request = || OpenRequest { title: "x".into(), ..OpenRequest::default() };
        let refused = [
            (OpenRequest { title: " ".into(), ..request() }, 2, "the title is empty"),
            (OpenRequest { title: "x".repeat(1_000_000), ..request() }, 2, "limit is 1000"),
            (OpenRequest { title: "a\0b".into(), ..request() }, 2, "NUL"),
            (OpenRequest { rule: Some("none".into()), ..request() }, 3, "there is no rule 'none'"),
            (OpenRequest { date_started: Some(at("12:01")), ..request() }, 2, "in the future"),
            (OpenRequest { date_detected: Some(at("11:59")), ..request() }, 2, "not between the start"),
            (OpenRequest { projects: vec![String::new()], ..request() }, 2, "the project is empty"),
        ];
        for (request, status, said) in refused {
            check_refused(ops::open::open(&desk.store, TESTER, request).await, status, &[said]);
        }
        assert_eq!(desk.everything().await, empty);
    }

    async fn rule_1_a_project_is_stored_without_space_around_it_and_once(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let projects = vec![" web ".into(), "api".into(), "web".into()];
        let id = desk.open_as(OpenRequest { title: "x".into(), projects, ..OpenRequest::default() }).await;
        assert_eq!(desk.incident(id).await.projects, ["api", "web"]);
    }

    async fn rule_3_an_incident_keeps_what_it_copied_from_its_rule(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let rule = desk.rule(10).await;
        let first = RuleChange {
            query: Some(Query::parse("level:error").unwrap()),
            projects: Some(vec!["web".into(), "api".into()]),
            ..RuleChange::default()
        };
        ops::rule::update(&desk.store, &rule, first).await.unwrap();
        let (id, other) = (desk.open(10).await, desk.open(10).await);
        let own = OpenRequest {
            query: Some(Query::default()),
            projects: vec!["shop".into()],
            aggregation: Some(Aggregation::UniqueUsers),
            ..desk.request(10).await
        };
        let with_own = desk.incident(desk.open_as(own).await).await;
        assert_eq!((with_own.query.as_str(), with_own.aggregation), ("", Aggregation::UniqueUsers));
        assert_eq!((with_own.projects, with_own.time_window), (vec!["shop".to_owned()], minutes(10)));
        desk.close(other).await;

        let before = desk.incident(id).await;
        assert_eq!((before.query.as_str(), before.time_window), ("level:error", minutes(10)));
        assert_eq!(before.projects, ["api", "web"]);
        let edit = RuleChange { time_window: Some(minutes(20)), projects: Some(Vec::new()), ..RuleChange::default() };
        let changed = ops::rule::update(&desk.store, &rule, edit).await.unwrap();
        assert_eq!(changed.open_incidents, 2, "the closed one is not counted");
        assert_eq!(ops::rule::delete(&desk.store, &rule).await.unwrap().open_incidents, 2);
        assert_eq!(desk.incident(id).await, before);
        assert_eq!(before.rule.as_deref(), Some("every 10m"));
    }

    async fn rule_3_rule_names_are_unique(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let rule = desk.rule(10).await;
        let before = desk.everything().await;
        let again = ops::rule::add(&desk.store, &rule, afterimage::domain::rule::Scope::default()).await;
        check_refused(again, 4, &["every 10m"]);
        assert_eq!(desk.everything().await, before);
    }

    async fn rule_4_closing_a_closed_incident_changes_nothing(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(10, "11:00", "11:30").await;
        let before = desk.everything().await;
        desk.wait(5 * MINUTE);
        desk.close(id).await;
        desk.try_close(CloseRequest { at: Some(at("11:30")), ..closing(&[id]) }).await.unwrap();
        assert_eq!(desk.everything().await, before);
    }

    async fn rule_4_closing_it_with_another_time_or_a_comment_names_who_closed_it_and_when(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.closed(10, "11:00", "11:30").await;
        let before = desk.everything().await;
        desk.wait(5 * MINUTE);
        let who_and_when = ["already closed", TESTER, "2026-11-24T12:00:00Z", "2026-11-24T11:30:00Z"];
        let elsewhen = CloseRequest { at: Some(at("11:31")), ..closing(&[id]) };
        check_refused(desk.try_close(elsewhen).await, 4, &who_and_when);
        let said = CloseRequest { comment: Some("fixed".into()), ..closing(&[id]) };
        check_refused(desk.try_close(said).await, 4, &who_and_when);
        assert_eq!(desk.everything().await, before);
    }

    async fn rule_4_reopening_an_open_incident_changes_nothing(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(10).await;
        let before = desk.everything().await;
        desk.reopen(id).await;
        assert_eq!(desk.everything().await, before);
    }

    async fn rule_5_a_change_of_status_is_one_activity_that_says_who_from_to_and_why(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        desk.turn_to("12:05");
        let close = CloseRequest { comment: Some("rolled back".into()), at: Some(at("12:04")), ..closing(&[id]) };
        ops::close::close(&desk.store, "ann", close).await.unwrap();
        desk.turn_to("12:06");
        let reopen = ReopenRequest { ids: vec![id], comment: Some("again".into()), ..ReopenRequest::default() };
        ops::reopen::reopen(&desk.store, "bob", reopen).await.unwrap();
        let change = |time: &str, by: &str, from, to, comment: &str| Activity {
            kind: ActivityKind::StatusChange,
            at: at(time),
            by: by.to_owned(),
            from: Some(from),
            to: Some(to),
            comment: Some(comment.to_owned()),
        };
        assert_eq!(desk.timeline(id).await[1..], [
            change("12:05", "ann", Status::Open, Status::Closed, "rolled back"),
            change("12:06", "bob", Status::Closed, Status::Open, "again"),
        ]);
    }

    async fn rule_5_several_incidents_are_closed_all_or_none(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let early = desk.open_as(OpenRequest { date_started: Some(at("10:00")), ..desk.request(1).await }).await;
        let late = desk.open_as(OpenRequest { date_started: Some(at("11:00")), ..desk.request(1).await }).await;
        let closed = desk.closed(1, "10:00", "10:10").await;
        let before = desk.everything().await;
        let absent = IncidentId::new(4_711);
        check_refused(desk.try_close(closing(&[late, absent, early])).await, 3, &["4711"]);
        let too_early = CloseRequest { at: Some(at("10:30")), ..closing(&[early, late]) };
        check_refused(desk.try_close(too_early).await, 2, &["before the start", &late.to_string()]);
        let conflict = CloseRequest { at: Some(at("11:30")), ..closing(&[early, late, closed]) };
        check_refused(desk.try_close(conflict).await, 4, &["already closed"]);
        let reopen = ReopenRequest { ids: vec![closed, absent], comment: None, ..ReopenRequest::default() };
        check_refused(desk.try_reopen(reopen).await, 3, &["4711"]);
        assert_eq!(desk.everything().await, before);

        let changes = ops::close::close(&desk.store, TESTER, closing(&[closed, late, early, late])).await.unwrap();
        let ids: Vec<IncidentId> = changes.iter().map(|change| change.incident.id).collect();
        assert_eq!(ids, [early, late, closed], "ascending, each once");
        let unchanged: Vec<bool> = changes.iter().map(|change| change.already.is_some()).collect();
        assert_eq!(unchanged, [false, false, true]);
    }

    async fn rule_6_closing_promises_a_snapshot_at_its_target(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let targets = [
            (1, "2026-11-24 12:10"),
            (10, "2026-11-24 13:40"),
            (1_440, "2026-12-04 12:00"),
            (43_200, "2026-12-04 12:00"),
        ];
        for (window, target) in targets {
            let id = desk.open(window).await;
            desk.close(id).await;
            let pending = desk.pending(id).await.expect("a snapshot is promised");
            assert_eq!((pending.target_run_date, pending.next_attempt_at), (at(target), at(target)), "W = {window}");
            assert_eq!((pending.attempts, pending.last_error, pending.dead_since), (0, None, None));
            let incident = desk.incident(id).await;
            assert_eq!((incident.status, incident.date_closed), (Status::Closed, Some(at("12:00"))));
        }
    }

    async fn rule_6_a_close_is_neither_before_the_start_nor_in_the_future(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        let before = desk.everything().await;
        let close_at = |time| desk.try_close(CloseRequest { at: Some(at(time)), ..closing(&[id]) });
        check_refused(close_at("11:59").await, 2, &["before the start"]);
        check_refused(close_at("12:01").await, 2, &["in the future"]);
        assert_eq!(desk.everything().await, before);
        close_at("12:00").await.unwrap();
    }

    async fn rule_6_closing_again_after_a_reopening_makes_a_new_promise(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        desk.close(id).await;
        // As a failure would have left it.
        desk.database.execute("update pending_snapshots set attempts = 3, last_error = 'x', dead_since = 1").await;
        desk.turn_to("12:03");
        desk.reopen(id).await;
        assert_eq!(desk.pending(id).await, None);
        desk.turn_to("12:08");
        desk.close(id).await;
        let pending = desk.pending(id).await.expect("a snapshot is promised");
        assert_eq!((pending.target_run_date, pending.next_attempt_at), (at("12:18"), at("12:18")));
        assert_eq!((pending.attempts, pending.last_error, pending.dead_since), (0, None, None));
    }

    async fn rule_6_a_promise_that_is_left_over_is_replaced_by_the_close(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        desk.database.execute(&format!(
            "insert into pending_snapshots (incident_id, target_run_date, next_attempt_at, attempts, dead_since) \
             values ({id}, 1, 2, 8, 3)",
        )).await;
        desk.close(id).await;
        let pending = desk.pending(id).await.expect("a snapshot is promised");
        assert_eq!((pending.target_run_date, pending.attempts, pending.dead_since), (at("12:10"), 0, None));
    }

    async fn rule_7_reopening_takes_the_promise_back(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        desk.close(id).await;
        desk.reopen(id).await;
        let incident = desk.incident(id).await;
        assert_eq!((incident.status, incident.date_closed), (Status::Open, None));
        assert_eq!((incident.pending, incident.snapshot), (None, None));
    }

    async fn rule_8_the_schema_refuses_a_second_promise_and_a_second_snapshot(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        let promise = format!("insert into pending_snapshots (incident_id, target_run_date, next_attempt_at) \
                               values ({id}, 1, 1)");
        let snapshot = format!("insert into incident_snapshots (incident_id, as_of, date_added, partial, clipped, \
                                source) values ({id}, 1, 1, false, false, 'events')");
        for sql in [promise, snapshot] {
            desk.database.execute(&sql).await;
            assert!(desk.database.try_execute(&sql).await.is_err(), "{sql}");
        }
    }
}
