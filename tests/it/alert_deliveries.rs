//! The receiver of alerts under load and abuse: what is answered with success is there, once, and nothing else is.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use afterimage::http::{Limits, Policy, Token};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::support::{Desk, TestDatabase, Web, on_both_engines, serve};

const PATH: &str = "/webhooks/alertmanager";
const DELIVERIES: usize = 10_000;
const GROUPS: usize = 250;
const CLIENTS: usize = 64;

/// What Alertmanager says of a group with one alert; its two states are told over and over.
fn body(group: usize, is_over: bool) -> Value {
    let status = if is_over { "resolved" } else { "firing" };
    let ends_at = if is_over { "2026-11-24T11:55:00Z" } else { "0001-01-01T00:00:00Z" };
    json!({
        "version": "4", "groupKey": format!("{{}}:{{group=\"{group}\"}}"), "status": status, "truncatedAlerts": 0,
        "commonLabels": { "alertname": "High" }, "commonAnnotations": { "summary": format!("group {group}") },
        "externalURL": "http://am", "receiver": "x", "groupLabels": {},
        "alerts": [{
            "status": status, "labels": { "alertname": "High", "group": group.to_string() }, "annotations": {},
            "startsAt": "2026-11-24T11:50:00Z", "endsAt": ends_at, "generatorURL": "",
            "fingerprint": format!("fp{group}"),
        }],
    })
}

/// Delivers as Alertmanager does: what is answered with 5xx comes again.
fn deliver(web: &Web, body: &Value) -> u64 {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let reply = web.post(PATH, body);
        match reply.status {
            200 => return attempts,
            503 => thread::sleep(Duration::from_millis(20)),
            _ => panic!("{reply:?}"),
        }
    }
}

/// Every group's two states, each twenty times, in a random order of all.
fn deliveries() -> Vec<(usize, bool)> {
    let all: Vec<(usize, bool)> = (0..DELIVERIES).map(|n| (n % GROUPS, (n / GROUPS) % 2 == 1)).collect();
    Just(all).prop_shuffle().new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

on_both_engines! {

    async fn ten_thousand_deliveries_at_once_with_duplicates_come_to_one_incident_a_group(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let served = serve(Some(&desk.store), Policy::default(), Limits::default()).await;
        let deliveries = Arc::new(deliveries());
        let next = Arc::new(AtomicUsize::new(0));
        let began = Instant::now();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let (web, deliveries, next) = (served.web.clone(), deliveries.clone(), next.clone());
                thread::spawn(move || {
                    let mut attempts = 0;
                    while let Some((group, is_over)) = deliveries.get(next.fetch_add(1, Ordering::Relaxed)) {
                        attempts += deliver(&web, &body(*group, *is_over));
                    }
                    attempts
                })
            })
            .collect();
        let slow = served.web.begin("POST", PATH, &[("Content-Length", "1000")]);
        let attempts = tokio::task::spawn_blocking(move || clients.into_iter().map(|one| one.join().unwrap()).sum::<u64>());
        let attempts = attempts.await.unwrap();
        drop(slow);
        let took = began.elapsed();
        assert!(attempts >= DELIVERIES as u64, "{attempts} attempts in {took:?}");
        let groups = i64::try_from(GROUPS).unwrap();
        for (count, what) in [
            (groups, "select count(*) from incidents where status = 'closed'"),
            (groups, "select count(*) from incidents"),
            (groups, "select count(*) from pending_snapshots"),
            (groups, "select count(*) from incident_alerts where ends_at is not null"),
            (groups, "select count(*) from incident_alerts"),
            (groups, "select count(*) from incident_activities where kind = 'detected'"),
            (groups, "select count(*) from incident_activities where kind = 'status_change'"),
            (2 * groups, "select count(*) from incident_activities"),
        ] {
            assert_eq!(desk.database.number(what).await, count, "{what}");
        }
    }

    async fn no_body_makes_it_fail_and_what_it_takes_is_well_formed(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let served = serve(Some(&desk.store), Policy::default(), Limits::default()).await;
        let web = served.web.clone();
        let statuses = tokio::task::spawn_blocking(move || fuzz(&web)).await.unwrap();
        assert!(statuses.keys().all(|status| [200, 400].contains(status)), "{statuses:?}");
        assert!(statuses.contains_key(&200) && statuses.contains_key(&400), "{statuses:?}");
        let damaged = "select count(*) from incidents where date_closed < date_started or title = ''";
        assert_eq!(desk.database.number(damaged).await, 0);
        deliver(&served.web, &body(1, false));
    }

    async fn only_who_has_the_token_may_deliver_and_nothing_is_taken_without_a_database(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let policy = Policy { token: Some(Token::new("a-long-token")), ..Policy::default() };
        let served = serve(None, policy, Limits::default()).await;
        assert_eq!(served.web.post(PATH, &body(1, false)).status, 401);
        let known = served.web.clone().with("Authorization", "Bearer a-long-token");
        assert_eq!(known.post(PATH, &body(1, false)).status, 503, "it comes again when there is one");
        assert_eq!(known.post(PATH, &json!({ "version": "4" })).status, 400, "what can never be read is said at once");
        served.database.opened(&desk.store);
        let taken = known.post(&format!("{PATH}?source=eu"), &body(1, false)).ok(200);
        assert_eq!((&taken["changed"], taken["opened"].as_array().map(Vec::len)), (&true.into(), Some(1)));
        assert_eq!(known.post(&format!("{PATH}?sauce=eu"), &body(1, false)).status, 400);
        let wrong = served.web.clone().with("Authorization", "Bearer a-long-tokem");
        assert_eq!(wrong.post(PATH, &body(2, false)).status, 401);
    }

    async fn a_body_over_the_limit_is_refused_and_one_that_stops_keeps_nobody(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let limits = Limits { request: Duration::from_millis(400), ..Limits::with_body(50_000) };
        let served = serve(Some(&desk.store), Policy::default(), limits).await;
        let mut large = body(1, false);
        large["alerts"][0]["annotations"]["description"] = "x".repeat(60_000).into();
        served.web.post(PATH, &large).refused(413, &["the limit is 50000 bytes"]);
        let mut stopped = served.web.begin("POST", PATH, &[("Content-Length", "30000")]);
        stopped.write_all(b"{\"version\":").unwrap();
        deliver(&served.web, &body(1, false));
        assert_eq!(crate::support::Reply::read(stopped).status, 408);
    }
}

/// Sends notifications with something changed in each; how often each status was answered.
fn fuzz(web: &Web) -> BTreeMap<u16, usize> {
    let mut runner = TestRunner::deterministic();
    let strategy = (any::<prop::sample::Index>(), 0..12_u8, ".{0,40}", any::<i64>());
    let mut statuses = BTreeMap::new();
    for number in 0..600 {
        let (at, change, text, integer) = strategy.new_tree(&mut runner).unwrap().current();
        let mut changed = body(number % 40, number % 3 == 0);
        match change {
            0 => changed["groupKey"] = text.as_str().into(),
            1 => changed["alerts"][0]["startsAt"] = text.as_str().into(),
            2 => changed["alerts"][0]["endsAt"] = text.as_str().into(),
            3 => changed["alerts"][0]["fingerprint"] = text.as_str().into(),
            4 => changed["alerts"][0]["labels"][&text] = text.as_str().into(),
            5 => changed["commonAnnotations"]["summary"] = text.as_str().into(),
            6 => changed["truncatedAlerts"] = integer.into(),
            7 => changed["alerts"][0]["generatorURL"] = format!("http://p/graph?g0.expr={text}").into(),
            8 => changed["alerts"] = Value::Array(vec![changed["alerts"][0].clone(); 3]),
            9 => changed["version"] = integer.into(),
            _ => {}
        }
        let mut bytes = changed.to_string().into_bytes();
        if change > 9 {
            let at = at.index(bytes.len());
            if change == 10 { bytes.truncate(at) } else { bytes[at] ^= 1 << (integer & 7) }
        }
        let status = web.send("POST", PATH, &[("Content-Type", "application/json")], &bytes).status;
        *statuses.entry(status).or_insert(0) += 1;
    }
    statuses
}
