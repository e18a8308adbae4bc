//! scratch
use afterimage::{clock::*, domain::*, ops::process::*, store::*};
use std::sync::Arc;
use std::time::*;
#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).unwrap();
    let n: i64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let loc = Location::parse(&url).unwrap().creating();
    let now = Timestamp::parse("2026-11-24 12:00", Timestamp::MIN).unwrap();
    let clock = Arc::new(ManualClock::new(now));
    let store = Store::open(loc, clock, Upgrade::Allowed).await.unwrap();
    let t = Instant::now();
    let scope = afterimage::domain::rule::Scope { projects: vec![], ..Default::default() };
    let mut tx = store.write().await.unwrap();
    let mut events = vec![];
    for i in 0..n {
        let start = now - Duration::from_secs(86400) - Duration::from_secs((i as u64 % 20000) * 60);
        let mut s = scope.clone();
        s.projects = vec![format!("p{}", i % 500)];
        let id = tx
            .insert_incident(&afterimage::store::incident::NewIncident {
                title: "x",
                incident_type: IncidentType::Created,
                query: "",
                scope: &s,
                rule: None,
                date_started: start,
                date_detected: start,
                date_added: now,
            })
            .await
            .unwrap();
        tx.set_status(id, Some(start + Duration::from_secs(600))).await.unwrap();
        tx.replace_pending(id, start + Duration::from_secs(1200)).await.unwrap();
        for k in 0..10u64 {
            let mut e = Event::at(start + Duration::from_secs(60 * k));
            e.project = s.projects.first().cloned();
            e.user = Some(format!("u{}", k % 4));
            events.push(e);
        }
        if events.len() >= 10000 {
            tx.insert_events(&events).await.unwrap();
            events.clear();
        }
    }
    tx.insert_events(&events).await.unwrap();
    tx.commit().await.unwrap();
    eprintln!("loaded {n} in {:?}", t.elapsed());
    let r = process(&store, ProcessRequest::due(Trigger::Forced, "h")).await.unwrap();
    eprintln!("{:?} -> {:.0} rows/s", r, n as f64 / r.duration.as_secs_f64());
}
