//! Notifications of alerts: an incident is one firing episode of a group, whatever is repeated, lost or told too late.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use afterimage::domain::alert::{Alert, Labels, Notification};
use afterimage::domain::{ActivityKind, Incident, IncidentId, IncidentType, Status, Timestamp};
use afterimage::ops::alerts::poll::{self, Listing};
use afterimage::ops::alerts::{DEFAULT_SOURCE, Intake, Received, receive};
use afterimage::store::Store;
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::support::{Desk, FakePrometheus, Mood, TestDatabase, at, on_both_engines, seconds};

const GROUP: &str = "{}:{alertname=\"High\"}";

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// An alert of an instance that fires from `starts` to `ends`, or still.
fn alert(instance: &str, starts: &str, ends: Option<&str>) -> Alert {
    Alert {
        fingerprint: format!("fp-{instance}"),
        starts_at: at(starts),
        ends_at: ends.map(at),
        labels: labels(&[("alertname", "High"), ("instance", instance), ("team", "web")]),
        annotations: labels(&[("summary", "too high"), ("instance", instance)]),
        generator_url: Some("http://prometheus:9090/graph?g0.expr=up+%3E+5&g0.tab=1".into()),
    }
}

fn said(alerts: &[Alert]) -> Notification {
    Notification {
        group_key: GROUP.into(),
        resolved: alerts.iter().all(|alert| alert.ends_at.is_some()),
        truncated: 0,
        labels: labels(&[("alertname", "High")]),
        annotations: labels(&[("summary", "too high")]),
        external_url: Some("http://alertmanager:9093".into()),
        alerts: alerts.to_vec(),
    }
}

async fn tell(desk: &Desk, alerts: &[Alert]) -> Received {
    deliver(&desk.store, &said(alerts)).await
}

async fn deliver(store: &Store, notification: &Notification) -> Received {
    receive(store, &Intake::default(), DEFAULT_SOURCE, notification).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn incidents(desk: &Desk) -> Vec<Incident> {
    let mut tx = desk.store.read().await.unwrap();
    let ids = desk.database.number("select coalesce(max(id), 0) from incidents").await;
    let ids: Vec<IncidentId> = (1..=ids).map(IncidentId::new).collect();
    tx.incidents(&ids).await.unwrap()
}

async fn only(desk: &Desk) -> Incident {
    let incidents = incidents(desk).await;
    assert_eq!(incidents.len(), 1, "{incidents:?}");
    incidents.into_iter().next().unwrap()
}

async fn comments(desk: &Desk, id: IncidentId) -> Vec<String> {
    let activities = desk.store.read().await.unwrap().activities(id).await.unwrap();
    activities.into_iter().filter_map(|activity| activity.comment).collect()
}

/// What an episode came to, apart from its number and when it was told.
async fn outcome(desk: &Desk) -> Vec<(Timestamp, Option<Timestamp>, Vec<(String, Option<Timestamp>)>, bool)> {
    let mut outcome = Vec::new();
    for incident in incidents(desk).await {
        let members = desk.store.read().await.unwrap().alerts_of(incident.id, 1_000).await.unwrap();
        let members = members.into_iter().map(|member| (member.alert.fingerprint, member.alert.ends_at)).collect();
        outcome.push((incident.date_started, incident.date_closed, members, incident.pending.is_some()));
    }
    outcome
}

on_both_engines! {

    async fn an_alert_opens_an_incident_at_its_start_and_closes_it_at_its_end(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let received = tell(&desk, &[alert("a", "11:50", None)]).await;
        let incident = only(&desk).await;
        assert_eq!(received.opened, [incident.id].into());
        assert_eq!((incident.status, incident.incident_type), (Status::Open, IncidentType::AlertTriggered));
        assert_eq!((incident.title.as_str(), incident.date_started), ("too high", at("11:50")));
        desk.turn_to("12:10");
        let received = tell(&desk, &[alert("a", "11:50", Some("12:05"))]).await;
        let incident = only(&desk).await;
        assert_eq!(received.closed, [incident.id].into());
        assert_eq!((incident.status, incident.date_closed), (Status::Closed, Some(at("12:05"))));
        assert_eq!(incident.pending.unwrap().target_run_date, at("12:15"));
        assert_eq!(comments(&desk, incident.id).await, ["its alert is over"]);
        let (_, origin) = desk.store.read().await.unwrap().origins(&[incident.id]).await.unwrap().pop().unwrap();
        assert_eq!((origin.group_key.as_str(), origin.labels["instance"].as_str()), (GROUP, "a"));
    }

    async fn a_storm_of_a_hundred_alerts_is_one_incident_with_what_they_have_in_common(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let storm: Vec<Alert> = (0..100).map(|n| alert(&n.to_string(), "11:50", None)).collect();
        tell(&desk, &storm).await;
        let incident = only(&desk).await;
        let (_, origin) = desk.store.read().await.unwrap().origins(&[incident.id]).await.unwrap().pop().unwrap();
        assert_eq!(origin.labels, labels(&[("alertname", "High"), ("team", "web")]));
        let over: Vec<Alert> = (0..100).map(|n| alert(&n.to_string(), "11:50", Some("11:58"))).collect();
        tell(&desk, &over[..99]).await;
        assert_eq!(only(&desk).await.status, Status::Open, "one of them fires");
        tell(&desk, &over).await;
        assert_eq!(only(&desk).await.date_closed, Some(at("11:58")));
        assert_eq!(comments(&desk, incident.id).await, ["all 100 alerts are over"]);
    }

    async fn what_two_alertmanagers_say_at_once_and_again_is_taken_in_once(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let (firing, over) = (said(&[alert("a", "11:50", None)]), said(&[alert("a", "11:50", Some("11:55"))]));
        for notification in [&firing, &over] {
            let received = join_all((0..24).map(|_| deliver(&desk.store, notification))).await;
            assert_eq!(received.iter().filter(|received| received.changed).count(), 1);
        }
        assert_eq!(only(&desk).await.date_closed, Some(at("11:55")));
        assert_eq!(desk.database.number("select count(*) from incident_activities").await, 2);
    }

    async fn an_episode_comes_to_the_same_in_whatever_order_it_is_told(database: TestDatabase) {
        let told = [
            said(&[alert("a", "11:00", None)]),
            said(&[alert("a", "11:00", None), alert("b", "11:05", None)]),
            said(&[alert("a", "11:00", Some("11:20")), alert("b", "11:05", None)]),
            said(&[alert("a", "11:00", Some("11:20")), alert("b", "11:05", Some("11:30"))]),
        ];
        let desk = Desk::on(database).await;
        let mut first = None;
        let mut orders: Vec<Vec<usize>> = vec![(0..4).collect()];
        let mut runner = TestRunner::deterministic();
        orders.extend((0..10).map(|_| Just((0..4).collect::<Vec<_>>()).prop_shuffle().new_tree(&mut runner).unwrap().current()));
        for order in orders {
            for table in ["incident_alerts", "incident_origins", "pending_snapshots", "incident_activities", "incidents", "alert_groups"] {
                desk.database.execute(&format!("delete from {table}")).await;
            }
            for place in &order {
                deliver(&desk.store, &told[*place]).await;
            }
            let came_to = outcome(&desk).await;
            assert_eq!(came_to.len(), 1, "{order:?}: {came_to:?}");
            assert_eq!(*first.get_or_insert(came_to.clone()), came_to, "{order:?}");
        }
        assert_eq!(first.unwrap()[0].1, Some(at("11:30")));
    }

    async fn a_resolve_before_its_firing_opens_and_closes_and_the_firing_changes_nothing(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let received = tell(&desk, &[alert("a", "11:50", Some("11:55"))]).await;
        assert_eq!(received.opened, received.closed);
        assert!(!tell(&desk, &[alert("a", "11:50", None)]).await.changed);
        assert_eq!(only(&desk).await.date_closed, Some(at("11:55")));
    }

    async fn what_an_operator_closed_stays_closed_and_the_timeline_says_once_that_it_fires(database: TestDatabase) {
        let desk = Desk::on(database).await;
        tell(&desk, &[alert("a", "11:50", None)]).await;
        let id = only(&desk).await.id;
        desk.close(id).await;
        for _ in 0..3 {
            desk.wait(Duration::from_hours(4));
            tell(&desk, &[alert("a", "11:50", None)]).await;
        }
        assert_eq!(only(&desk).await.date_closed, Some(at("12:00")));
        assert_eq!(comments(&desk, id).await, ["still firing after it was closed: 'High': it stays closed"]);
        desk.turn_to("2026-11-25 12:00");
        tell(&desk, &[alert("a", "11:50", Some("2026-11-25 11:00"))]).await;
        assert_eq!(only(&desk).await.date_closed, Some(at("12:00")), "its end is the operator's");
        assert_eq!(desk.database.number("select count(*) from incident_alerts where ends_at is null").await, 0);
    }

    async fn the_same_alert_that_fires_anew_is_a_new_incident(database: TestDatabase) {
        let desk = Desk::on(database).await;
        tell(&desk, &[alert("a", "11:00", Some("11:05"))]).await;
        tell(&desk, &[alert("a", "11:20", None)]).await;
        let both = incidents(&desk).await;
        assert_eq!(both.iter().map(|one| (one.date_started, one.status)).collect::<Vec<_>>(), [
            (at("11:00"), Status::Closed),
            (at("11:20"), Status::Open),
        ]);
    }

    async fn an_alert_that_was_not_over_reopens_what_its_episode_had_closed(database: TestDatabase) {
        let desk = Desk::on(database).await;
        tell(&desk, &[alert("a", "11:00", Some("11:30"))]).await;
        tell(&desk, &[alert("b", "10:58", None)]).await;
        let incident = only(&desk).await;
        assert_eq!((incident.status, incident.date_started, incident.pending), (Status::Open, at("10:58"), None));
        tell(&desk, &[alert("b", "10:58", Some("11:40"))]).await;
        assert_eq!(only(&desk).await.date_closed, Some(at("11:40")));
    }

    async fn two_groups_that_share_an_alert_share_its_incident(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let firing = said(&[alert("a", "11:50", None)]);
        let routed_twice = Notification { group_key: "{}/{team=\"web\"}:{}".into(), ..firing.clone() };
        deliver(&desk.store, &firing).await;
        deliver(&desk.store, &routed_twice).await;
        only(&desk).await;
        let over = Notification { group_key: routed_twice.group_key, ..said(&[alert("a", "11:50", Some("11:59"))]) };
        deliver(&desk.store, &over).await;
        assert_eq!(only(&desk).await.date_closed, Some(at("11:59")));
    }

    async fn two_groups_that_share_alerts_and_come_at_once_never_share_or_lose_one(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let storm: Vec<Alert> = (0..20).map(|n| alert(&n.to_string(), "11:50", None)).collect();
        let told: Vec<Notification> = (0..6)
            .map(|group| Notification { group_key: format!("group {group}"), ..said(&storm[group..group + 14]) })
            .collect();
        join_all(told.iter().map(|notification| deliver(&desk.store, notification))).await;
        assert_eq!(desk.database.number("select count(*) from incident_alerts").await, 19);
        let over: Vec<Alert> = storm.iter().map(|one| Alert { ends_at: Some(at("11:58")), ..one.clone() }).collect();
        join_all((0..6).map(|group| {
            let over = Notification { group_key: format!("group {group}"), ..said(&over[group..group + 14]) };
            let store = desk.store.clone();
            async move { deliver(&store, &over).await }
        }))
        .await;
        assert_eq!(desk.database.number("select count(*) from incidents where status = 'open'").await, 0);
    }

    async fn a_group_that_is_told_in_part_is_closed_when_all_of_it_is_over(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let part = [alert("a", "11:50", None)];
        deliver(&desk.store, &Notification { truncated: 3, ..said(&part) }).await;
        let over = [alert("a", "11:50", Some("11:55"))];
        deliver(&desk.store, &Notification { truncated: 3, resolved: false, ..said(&over) }).await;
        assert_eq!(only(&desk).await.status, Status::Open, "of three nothing is known");
        deliver(&desk.store, &Notification { truncated: 3, ..said(&over) }).await;
        let incident = only(&desk).await;
        assert_eq!(incident.date_closed, Some(at("11:55")));
        assert!(comments(&desk, incident.id).await[0].contains("3 more alerts"));
    }

    async fn clocks_that_are_ahead_close_nothing_in_the_future(database: TestDatabase) {
        let desk = Desk::on(database).await;
        tell(&desk, &[alert("a", "12:03", None)]).await;
        assert_eq!(only(&desk).await.date_started, at("12:00"));
        tell(&desk, &[alert("a", "12:03", Some("12:04"))]).await;
        assert_eq!(only(&desk).await.date_closed, Some(at("12:00")));
    }

    async fn an_operator_s_reopening_is_not_undone_by_a_repeat(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let over = [alert("a", "11:50", Some("11:55"))];
        tell(&desk, &over).await;
        let id = only(&desk).await.id;
        desk.reopen(id).await;
        assert!(!tell(&desk, &over).await.changed);
        assert_eq!(only(&desk).await.status, Status::Open);
    }

    async fn a_missed_resolve_is_found_where_both_say_so_twice(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let server = FakePrometheus::start(|_, _| None).await;
        tell(&desk, &[alert("a", "11:50", None)]).await;
        let id = only(&desk).await.id;
        let intake = Intake { sources: server.sources(), ..Intake::default() };
        let sweep = async |listing: &Listing| {
            poll::sweep(&desk.store, &intake, DEFAULT_SOURCE, "main", listing).await.unwrap()
        };
        sweep(&Listing::new()).await;
        assert_eq!(only(&desk).await.status, Status::Open, "once may be a restart");
        desk.wait(Duration::from_mins(1));
        let last = seconds(at("11:57:30"));
        server.answer(move |expression, _| expression.contains('[').then_some(last));
        let swept = sweep(&Listing::new()).await;
        assert_eq!((swept.ended, swept.closed), (1, vec![id]));
        let incident = only(&desk).await;
        assert!(incident.date_closed.is_some() && incident.pending.is_some());
        let said = comments(&desk, id).await.pop().unwrap();
        assert!(said.starts_with("its alert is over: alertmanager no longer lists it"), "{said}");
    }

    async fn what_is_listed_or_fires_or_cannot_be_asked_stays_open(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let server = FakePrometheus::start(|_, _| None).await;
        tell(&desk, &[alert("a", "11:50", None)]).await;
        let intake = Intake { sources: server.sources(), ..Intake::default() };
        let sweep = async |listing: &Listing| {
            desk.wait(Duration::from_mins(1));
            poll::sweep(&desk.store, &intake, DEFAULT_SOURCE, "main", listing).await.unwrap()
        };
        let listed: Listing = [("fp-a".to_owned(), at("11:50"))].into();
        for _ in 0..3 {
            assert_eq!(sweep(&listed).await.firing, 1, "silenced, but there");
        }
        server.answer(|_, _| Some(1.0));
        for _ in 0..3 {
            assert_eq!(sweep(&Listing::new()).await.firing, 1, "Alertmanager was restarted, and Prometheus sees it fire");
        }
        server.answer(|_, _| None);
        sweep(&Listing::new()).await;
        sweep(&listed).await;
        assert_eq!(sweep(&Listing::new()).await.ended, 0, "it was there in between");
        server.set_mood(Mood::Failing(503, String::new()));
        for _ in 0..3 {
            assert!(sweep(&Listing::new()).await.unconfirmed.is_some());
        }
        assert_eq!(only(&desk).await.status, Status::Open);
        let anew: Listing = [("fp-a".to_owned(), at("12:05"))].into();
        assert_eq!(sweep(&anew).await.ended, 1, "a later occurrence proves the end of this one");
        assert_eq!(only(&desk).await.date_closed, Some(at("12:05")));
    }

    async fn notifications_recorded_from_the_real_program_are_taken_in(database: TestDatabase) {
        let Some(folder) = std::env::var_os("AFTERIMAGE_TEST_DATA") else { return };
        let folder = PathBuf::from(folder).join("alertmanager");
        let desk = Desk::on(database).await;
        let recorded = |name: &str| Notification::read(&fs::read(folder.join(name)).unwrap()).unwrap();
        deliver(&desk.store, &recorded("webhook-firing.json")).await;
        let received = deliver(&desk.store, &recorded("webhook-resolved.json")).await;
        let incident = only(&desk).await;
        assert_eq!(received.closed, [incident.id].into());
        assert_eq!(incident.title, "demo_gauge is 9.5 on 127.0.0.1:19100");
        assert_eq!(incident.date_started.to_string(), "2026-11-23T23:57:25.568Z");
        assert_eq!(incident.date_closed.unwrap().to_string(), "2026-11-23T23:57:32.568Z");
        let kinds: Vec<ActivityKind> = desk.store.read().await.unwrap().activities(incident.id).await.unwrap()
            .into_iter().map(|activity| activity.kind).collect();
        assert_eq!(kinds, [ActivityKind::Detected, ActivityKind::StatusChange]);
        let (_, origin) = desk.store.read().await.unwrap().origins(&[incident.id]).await.unwrap().pop().unwrap();
        let expected: BTreeMap<String, String> = labels(&[
            ("alertname", "DemoGaugeHigh"), ("cluster", "feas"), ("instance", "127.0.0.1:19100"), ("job", "demo"),
            ("project", "web"), ("severity", "critical"), ("team", "growth"),
        ]);
        assert_eq!(origin.labels, expected);
    }
}
