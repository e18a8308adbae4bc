//! Event queries and lists mean the same on both engines, whatever the server's locale.

use afterimage::domain::filter::{Condition, Filter, Word};
use afterimage::domain::order::{Sort, SortKey};
use afterimage::domain::window::Range;
use afterimage::domain::{Event, IncidentId, Listed, Query, TimeWindow, rule::Scope};
use afterimage::store::incident::NewIncident;
use afterimage::store::{Store, TotalsSlot};

use crate::support::{TestDatabase, at, on_both_engines};

#[expect(clippy::unnecessary_wraps, reason = "an event's texts are optional")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Events that each weigh a power of two, so that a total says which of them were counted.
async fn store_with_events(database: &TestDatabase) -> Store {
    let at = at("2026-11-24 11:00");
    let tag = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
    let events = [
        Event { level: some("error"), project: some("web"), user: some("ann"), ..Event::at(at) },
        Event { level: some("ERROR"), project: some("web"), message: some("Timeout after 50%"), ..Event::at(at) },
        Event { level: some("warning"), environment: some("dev"), message: some("50 timeouts"), ..Event::at(at) },
        Event { message: some("größer ÄRGER a_b c\\d"), fingerprint: some("f\"1\""), ..Event::at(at) },
        Event { tags: tag("region.1", "eu-west"), user: some("bob@example.com"), ..Event::at(at) },
        Event { tags: tag("7", "Seven"), environment: some("prod"), ..Event::at(at) },
        Event { tags: tag("größe", "l'été"), level: some("*"), ..Event::at(at) },
    ];
    let weigh = |(event, place): (Event, u32)| Event { weight: 1 << place, ..event };
    let store = database.store().await;
    let mut tx = store.write().await.unwrap();
    tx.insert_events(&events.into_iter().zip(0..).map(weigh).collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
    store
}

/// Which events a query counts, by their place.
async fn counted(store: &Store, query: &str) -> Vec<u32> {
    let range = Range::new(at("2026-11-24 11:00"), at("2026-11-24 11:01"));
    let slot = |project: &str| TotalsSlot { slot: 1, project: project.to_owned(), range };
    let query = Query::parse(query).unwrap();
    let totals = store.read().await.unwrap().measure_totals(&query, &[slot(""), slot("web")]).await.unwrap();
    let total = totals.first().map_or(0, |totals| totals.total_events);
    (0..7).filter(|place| total & (1 << place) != 0).collect()
}

const CASES: &[(&str, &[u32])] = &[
    ("", &[0, 1, 2, 3, 4, 5, 6]),
    ("level:error", &[0]),
    ("level:ERROR", &[1]),
    ("level:err*", &[0, 1]),
    ("!level:error", &[1, 2, 3, 4, 5, 6]),
    ("!level:err*", &[2, 3, 4, 5, 6]),
    ("level:*", &[0, 1, 2, 6]),
    ("!level:*", &[3, 4, 5]),
    ("level:error !level:error", &[]),
    ("project:web", &[0, 1]),
    ("!project:web", &[2, 3, 4, 5, 6]),
    ("project:*", &[0, 1]),
    ("!environment:dev", &[0, 1, 3, 4, 5, 6]),
    ("timeout", &[1, 2]),
    ("TIMEOUT", &[1, 2]),
    ("!timeout", &[0, 3, 4, 5, 6]),
    ("50%", &[1]),
    ("a_b", &[3]),
    ("a?b", &[]),
    ("GRÖSSER", &[]),
    ("ärger", &[]),
    ("ÄRGER", &[3]),
    ("GRößer", &[3]),
    (r"c\d", &[3]),
    (r"c\\d", &[]),
    ("message:\"50 timeouts\"", &[2]),
    ("message:\"50 Timeouts\"", &[]),
    ("message:*timeouts", &[2]),
    ("message:timeout*", &[1]),
    ("50*t*s", &[2]),
    (r#"fingerprint:"f\"1\"""#, &[3]),
    ("user:*@example.com", &[4]),
    ("tags[region.1]:eu-west", &[4]),
    ("tags[region.1]:EU-*", &[4]),
    ("tags[region]:*", &[]),
    ("!tags[region.1]:eu-west", &[0, 1, 2, 3, 5, 6]),
    ("tags[7]:Seven", &[5]),
    ("tags[größe]:l'été", &[6]),
    ("tags[größe]:L'été*", &[6]),
    ("level:'", &[]),
    ("level:$1", &[]),
];

on_both_engines! {
    async fn a_query_counts_the_same_events_on_both_engines(database: TestDatabase) {
        let store = store_with_events(&database).await;
        for (query, expected) in CASES {
            assert_eq!(counted(&store, query).await, *expected, "{query}");
        }
    }

    async fn a_search_finds_the_same_incidents_on_both_engines(database: TestDatabase) {
        let store = store_with_incidents(&database).await;
        let cases: [(&str, &[i64]); 9] = [
            ("ch%", &[]),
            ("CHECKOUT", &[1]),
            ("zahlung", &[3]),
            ("ÜBER", &[4]),
            ("über", &[4]),
            ("API", &[2]),
            ("#2", &[2]),
            ("_", &[5]),
            (" checkout ", &[1]),
        ];
        for (search, expected) in cases {
            let filter = Filter::default().and(Condition::Word(Word::exact(search.trim())));
            assert_eq!(listed(&store, &filter, Sort::default()).await, expected, "{search}");
        }
    }

    async fn a_list_has_the_same_order_on_both_engines(database: TestDatabase) {
        let store = store_with_incidents(&database).await;
        let all = Filter::default();
        assert_eq!(listed(&store, &all, Sort::default()).await, [5, 4, 3, 2, 1]);
        assert_eq!(listed(&store, &all, Sort::default().reversed()).await, [1, 2, 3, 4, 5]);
        assert_eq!(listed(&store, &all, Sort::by(SortKey::Title)).await, [5, 2, 1, 3, 4]);
    }

    async fn rules_are_listed_in_the_same_order_on_both_engines(database: TestDatabase) {
        let store = database.store().await;
        let mut tx = store.write().await.unwrap();
        for name in ["b", "_c", "A", "ä"] {
            assert!(tx.insert_rule(name, &Scope::default(), at("2026-11-24 11:00")).await.unwrap());
        }
        let names: Vec<String> = tx.rules().await.unwrap().into_iter().map(|rule| rule.name).collect();
        assert_eq!(names, ["A", "_c", "b", "ä"]);
    }
}

async fn store_with_incidents(database: &TestDatabase) -> Store {
    let store = database.store().await;
    let mut tx = store.write().await.unwrap();
    let incidents = [("Checkout errors", "web"), ("b", "api"), ("Zahlung hängt", ""), ("ÜBERLAST", ""), ("_a", "")];
    for ((title, project), hour) in incidents.into_iter().zip(1..) {
        let projects = if project.is_empty() { Vec::new() } else { vec![project.to_owned()] };
        let scope = Scope { time_window: TimeWindow::DEFAULT, projects, ..Scope::default() };
        let instant = at(&format!("2026-11-24 0{hour}:00"));
        let new = NewIncident {
            title,
            incident_type: afterimage::domain::IncidentType::Created,
            query: "",
            scope: &scope,
            rule: None,
            date_started: instant,
            date_detected: instant,
            date_added: instant,
        };
        assert_eq!(tx.insert_incident(&new).await.unwrap().value(), hour);
    }
    tx.commit().await.unwrap();
    store
}

async fn listed(store: &Store, filter: &Filter, sort: Sort) -> Vec<i64> {
    let ids =
        store.read().await.unwrap().incident_ids(Listed::Incidents, filter, sort, at("12:00"), None).await.unwrap();
    ids.into_iter().map(IncidentId::value).collect()
}
