//! Keeps a demo alive: its events go on happening while it is watched, and follow what the viewer does to incidents.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::domain::filter::Filter;
use crate::domain::order::Sort;
use crate::domain::{Listed, Timestamp};
use crate::ops::seed::{DemoFeed, DemoReport};
use crate::store::{Store, StoreError};

const PAUSE: Duration = Duration::from_secs(1);

/// Adds the demo's events as they happen, until `stop`.
pub async fn feed_demo(store: Store, demo: DemoReport, stop: CancellationToken) {
    let DemoReport { mut feed, now: mut since, .. } = demo;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
        match feed_once(&store, &mut feed, since).await {
            Ok(now) => since = now,
            // What could not be added now is added with what comes next.
            Err(error) => tracing::warn!(%error, "the demo's events wait for the database"),
        }
    }
}

async fn feed_once(store: &Store, feed: &mut DemoFeed, since: Timestamp) -> Result<Timestamp, StoreError> {
    let now = store.now().await?;
    if now <= since {
        return Ok(since);
    }
    let mut tx = store.read().await?;
    let ids = tx.incident_ids(Listed::Incidents, &Filter::default(), Sort::default(), now, None).await?;
    for incident in tx.incidents(&ids).await? {
        feed.observe(incident.id, incident.date_closed);
    }
    drop(tx);
    let events = feed.events_between(since, now);
    if !events.is_empty() {
        let mut tx = store.write().await?;
        tx.insert_events(&events).await?;
        tx.commit().await?;
    }
    Ok(now)
}
