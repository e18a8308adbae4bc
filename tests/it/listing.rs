//! What a filter lets through and what an order puts first: the same on both engines.

use afterimage::domain::filter::Filter;
use afterimage::domain::order::{Sort, SortKey};
use afterimage::domain::{IncidentId, Listed};
use afterimage::store::Store;

use crate::support::{TestDatabase, at, on_both_engines};

const MINUTE: i64 = 60_000_000;

/// Nine incidents, one of every standing, as of noon:
///
/// | | title | projects | rule | W | started | closed | snapshot |
/// |-|-|-|-|-|-|-|-|
/// | 1 | Checkout errors | web, Shop | 5xx | 10 | 3 d ago | 1 h later | captured, 500 events, 40 users |
/// | 2 | Login latency | api | | 1 | 30 m ago | open | |
/// | 3 | ÜBERLAST der Warteschlange | api, web | latency-p99 | 5 | 5 h | 3 h | waits |
/// | 4 | queue backlog (50%) | batch | 5xx | 1 | 4 h | 2 h | due |
/// | 5 | Image resizer out of memory | | oom | 30 | 6 h | 1 h | failed 3 times |
/// | 6 | 12 disks full | batch | | 1 | 8 h | 7 h | dead |
/// | 7 | checkout flapping | shop | 5XX | 60 | 2 h | 30 m | partial, promised, 9 events |
/// | 8 | Checkout 42 | web | | 1 | 1 d | 1 m | none, given up |
/// | 9 | login page blank | web | | 1 | 10 d | 30 m | captured and clipped, 7 events |
async fn listed_incidents(database: &TestDatabase) -> Store {
    let store = database.store().await;
    let now = at("12:00").as_micros();
    let incidents = [
        ("Checkout errors", "alert_triggered", "'5xx'", 10, 4_320, Some(4_260)),
        ("Login latency", "created", "null", 1, 30, None),
        ("ÜBERLAST der Warteschlange", "alert_triggered", "'latency-p99'", 5, 300, Some(180)),
        ("queue backlog (50%)", "alert_triggered", "'5xx'", 1, 240, Some(120)),
        ("Image resizer out of memory", "alert_triggered", "'oom'", 30, 360, Some(60)),
        ("12 disks full", "detected", "null", 1, 480, Some(420)),
        ("checkout flapping", "alert_triggered", "'5XX'", 60, 120, Some(30)),
        ("Checkout 42", "created", "null", 1, 1_440, Some(1)),
        ("login page blank", "created", "null", 1, 14_400, Some(30)),
    ];
    for (title, kind, rule, window, started, closed) in incidents {
        let started = now - started * MINUTE;
        let status = if closed.is_some() { "closed" } else { "open" };
        let closed = closed.map_or("null".to_owned(), |closed| (now - closed * MINUTE).to_string());
        let columns = "title, type, status, aggregation, query, rule_name, time_window_minutes, date_started, \
                       date_detected, date_closed, date_added";
        let values = format!(
            "'{title}', '{kind}', '{status}', 'total', '', {rule}, {window}, {started}, {started}, {closed}, {started}"
        );
        database.execute(&format!("insert into incidents ({columns}) values ({values})")).await;
    }
    database
        .execute(
            "insert into incident_projects (incident_id, project) values (1, 'Shop'), (1, 'web'), (2, 'api'), \
             (3, 'api'), (3, 'web'), (4, 'batch'), (6, 'batch'), (7, 'shop'), (8, 'web'), (9, 'web')",
        )
        .await;
    let pending = [
        (3, 10, 10, 0, "null"),
        (4, -5, -5, 0, "null"),
        (5, -30, 2, 3, "null"),
        (6, -90, -60, 8, "1"),
        (7, 600, 600, 0, "null"),
    ];
    for (id, target, next, attempts, dead) in pending {
        let (target, next) = (now + target * MINUTE, now + next * MINUTE);
        let columns = "incident_id, target_run_date, next_attempt_at, attempts, dead_since";
        let values = format!("{id}, {target}, {next}, {attempts}, {dead}");
        database.execute(&format!("insert into pending_snapshots ({columns}) values ({values})")).await;
    }
    database
        .execute(
            "insert into incident_snapshots \
             (incident_id, as_of, date_added, partial, clipped, source, total_events, unique_users) values \
             (1, 1, 1, false, false, 'events', 500, 40), (7, 1, 2, true, false, 'events', 9, null), \
             (9, 1, 3, false, true, 'events', 7, 7)",
        )
        .await;
    store
}

async fn listed(store: &Store, filter: &str, sort: Sort) -> Vec<i64> {
    listed_of(store, Listed::Incidents, filter, sort).await
}

async fn listed_of(store: &Store, listed: Listed, filter: &str, sort: Sort) -> Vec<i64> {
    let filter = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    let mut tx = store.read().await.unwrap();
    let ids = tx.incident_ids(listed, &filter, sort, at("12:00"), None).await.unwrap_or_else(|error| panic!("{error}"));
    ids.into_iter().map(IncidentId::value).collect()
}

/// A filter, and what it lets through by number.
const FILTERS: &[(&str, &[i64])] = &[
    ("", &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ("status:open", &[2]),
    ("!status:open,closed", &[]),
    ("status:all type:created", &[2, 8, 9]),
    ("project:shop", &[1, 7]),
    ("project:sh*,API", &[1, 2, 3, 7]),
    ("!project:web", &[2, 4, 5, 6, 7]),
    ("!project:*", &[5]),
    ("rule:5xx", &[1, 4, 7]),
    ("rule:*p99", &[3]),
    ("!rule:*", &[2, 6, 8, 9]),
    ("window:>10m", &[5, 7]),
    ("window:10m", &[1]),
    ("window:<=5m window:>=5m", &[3]),
    ("age:<3h", &[2, 7]),
    ("age:>1d", &[1, 9]),
    ("age:>=1d", &[1, 8, 9]),
    ("started:<2026-11-22", &[1, 9]),
    ("closed:<1h", &[7, 8, 9]),
    ("closed:<=1h", &[5, 7, 8, 9]),
    ("!closed:<1h", &[1, 2, 3, 4, 5, 6]),
    ("duration:<1h", &[2]),
    ("duration:>4h", &[5, 8, 9]),
    ("events:>8", &[1, 7]),
    ("users:7", &[9]),
    ("!users:>0", &[2, 3, 4, 5, 6, 7, 8]),
    ("snapshot:waiting", &[3, 7]),
    ("snapshot:due", &[4]),
    ("snapshot:failing", &[5]),
    ("snapshot:dead", &[6]),
    ("snapshot:failing,dead", &[5, 6]),
    ("snapshot:pending", &[3, 4, 5, 6, 7]),
    ("snapshot:captured", &[1, 9]),
    ("snapshot:partial", &[7]),
    ("snapshot:clipped", &[9]),
    ("snapshot:none", &[2, 8]),
    ("!snapshot:none", &[1, 3, 4, 5, 6, 7, 9]),
    ("#3", &[3]),
    ("id:3,4", &[3, 4]),
    ("12", &[6]),
    ("8", &[8]),
    ("chkt", &[1, 7, 8]),
    ("CKERR", &[1]),
    ("'chkt", &[]),
    ("\"checkout e\"", &[1]),
    ("check 42", &[8]),
    ("überlast", &[3]),
    ("ubrl", &[]),
    ("!überlast checkout", &[1, 7, 8]),
    ("!checkout", &[2, 3, 4, 5, 6, 9]),
    ("web", &[1, 3, 8, 9]),
    ("!web login", &[2]),
    ("50%", &[4]),
    ("5_", &[]),
    ("g p", &[2, 3, 7, 9]),
    ("lgpg status:closed project:web", &[9]),
];

/// An order from its natural end, and what it makes of the incidents.
const ORDERS: &[(SortKey, &[i64])] = &[
    (SortKey::Started, &[2, 7, 4, 3, 5, 6, 8, 1, 9]),
    (SortKey::Urgency, &[6, 5, 4, 3, 7, 2, 8, 1, 9]),
    (SortKey::Due, &[6, 4, 5, 3, 7, 2, 8, 1, 9]),
    (SortKey::Target, &[6, 5, 4, 3, 7, 2, 8, 1, 9]),
    (SortKey::Status, &[2, 7, 4, 3, 5, 6, 8, 1, 9]),
    (SortKey::Title, &[6, 8, 1, 7, 5, 2, 9, 4, 3]),
    (SortKey::Projects, &[2, 3, 4, 6, 7, 1, 8, 9, 5]),
    (SortKey::Rule, &[7, 4, 1, 3, 5, 2, 6, 8, 9]),
    (SortKey::Type, &[7, 4, 3, 5, 1, 2, 8, 9, 6]),
    (SortKey::Duration, &[9, 8, 5, 4, 3, 7, 6, 1, 2]),
    (SortKey::Window, &[7, 5, 1, 3, 2, 4, 6, 8, 9]),
    (SortKey::Closed, &[8, 7, 9, 5, 4, 3, 6, 1, 2]),
    (SortKey::Captured, &[9, 7, 1, 2, 4, 3, 5, 6, 8]),
    (SortKey::Events, &[1, 7, 9, 2, 4, 3, 5, 6, 8]),
    (SortKey::Users, &[1, 9, 2, 7, 4, 3, 5, 6, 8]),
    (SortKey::Id, &[9, 8, 7, 6, 5, 4, 3, 2, 1]),
];

on_both_engines! {
    async fn a_filter_lets_the_same_incidents_through_on_both_engines(database: TestDatabase) {
        let store = listed_incidents(&database).await;
        for (filter, expected) in FILTERS {
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            let found = listed(&store, filter, Sort::by(SortKey::Id).reversed()).await;
            assert_eq!(found, expected, "{filter}");
        }
    }

    async fn every_order_is_the_same_on_both_engines_and_what_has_none_of_it_comes_last(database: TestDatabase) {
        let store = listed_incidents(&database).await;
        for (key, expected) in ORDERS {
            assert_eq!(listed(&store, "", Sort::by(*key)).await, *expected, "{key}");
        }
        assert_eq!(listed(&store, "", Sort::by(SortKey::Due).reversed()).await, [7, 3, 5, 4, 6, 2, 8, 1, 9]);
        assert_eq!(ORDERS.len(), SortKey::ALL.len());
    }

    async fn pending_snapshots_and_snapshots_are_listed_with_the_same_filters_and_orders(database: TestDatabase) {
        let store = listed_incidents(&database).await;
        let by = Sort::by(SortKey::Id).reversed();
        for (filter, all) in FILTERS {
            for (listed, has) in [(Listed::Pending, &[3, 4, 5, 6, 7][..]), (Listed::Snapshots, &[1, 7, 9])] {
                let mut expected: Vec<i64> = all.iter().filter(|id| has.contains(id)).copied().collect();
                expected.sort_unstable();
                assert_eq!(listed_of(&store, listed, filter, by).await, expected, "{listed:?} {filter}");
            }
        }
        for (key, all) in ORDERS {
            for (listed, has) in [(Listed::Pending, &[3, 4, 5, 6, 7][..]), (Listed::Snapshots, &[1, 7, 9])] {
                let expected: Vec<i64> = all.iter().filter(|id| has.contains(id)).copied().collect();
                assert_eq!(listed_of(&store, listed, "", Sort::by(*key)).await, expected, "{listed:?} {key}");
            }
        }
        assert_eq!(listed_of(&store, Listed::Pending, "", Listed::Pending.order()).await, [6, 5, 4, 3, 7]);
        assert_eq!(listed_of(&store, Listed::Snapshots, "", Listed::Snapshots.order()).await, [9, 7, 1]);
    }

    async fn what_time_moves_is_counted_as_if_everything_were(database: TestDatabase) {
        let store = listed_incidents(&database).await;
        // An operator wants it tried again at a quarter past; nothing has failed.
        database.execute(&format!(
            "update pending_snapshots set next_attempt_at = {}, attempts = 0 where incident_id = 4", at("12:15").as_micros(),
        )).await;
        let mut tx = store.read().await.unwrap();
        let mut moved = tx.counts(at("11:30")).await.unwrap();
        assert_eq!((moved.due, moved.failing, moved.hold_until), (0, 2, Some(at("12:02"))));
        for (now, next) in [("12:02", "12:10"), ("12:09", "12:10"), ("12:12", "12:15"), ("12:15", "22:00")] {
            moved = tx.counts_later(moved, at(now)).await.unwrap();
            assert_eq!(moved, tx.counts(at(now)).await.unwrap(), "{now}");
            assert_eq!(moved.hold_until, Some(at(next)), "{now}");
        }
        assert_eq!((moved.due, moved.failing), (3, 1));
        assert_eq!(tx.counts_later(moved, at("12:00")).await.unwrap(), tx.counts(at("12:00")).await.unwrap());
    }

    async fn what_is_tried_before_its_target_is_counted_when_its_target_passes(database: TestDatabase) {
        let store = listed_incidents(&database).await;
        database.execute(&format!(
            "update pending_snapshots set next_attempt_at = {}, attempts = 1 where incident_id = 7", at("12:01").as_micros(),
        )).await;
        let mut tx = store.read().await.unwrap();
        let before = tx.counts(at("21:59")).await.unwrap();
        assert_eq!((before.rushed, before.hold_until), (1, Some(at("22:00"))));
        let after = tx.counts_later(before, at("22:00")).await.unwrap();
        assert_eq!(after.due, before.due + 1);
        assert_eq!(after, tx.counts(at("22:00")).await.unwrap());
    }

    async fn the_queue_counts_all_that_is_late_and_knows_what_is_next(database: TestDatabase) {
        let store = listed_incidents(&database).await;
        let mut tx = store.read().await.unwrap();
        let queue = tx.pending_queue(at("11:00")).await.unwrap();
        assert_eq!((queue.late, queue.late_since), (0, None));
        let queue = tx.pending_queue(at("12:02")).await.unwrap();
        assert_eq!((queue.late, queue.late_since), (2, Some(at("11:30"))), "the dead one does not wait");
        assert_eq!(queue.next.map(|row| row.incident_id), Some(IncidentId::new(4)));
    }

    async fn a_limit_counts_what_the_words_have_let_through(database: TestDatabase) {
        let store = listed_incidents(&database).await;
        let filter = Filter::parse("chkt").unwrap();
        let mut tx = store.read().await.unwrap();
        let ids = tx.incident_ids(Listed::Incidents, &filter, Sort::default(), at("12:00"), Some(2)).await.unwrap();
        assert_eq!(ids, [7, 8].map(IncidentId::new));
    }
}
