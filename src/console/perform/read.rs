//! Reads. Each kind has a lane of its own: one read at a time, and only the newest wish waits behind it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::outlook::{Outlook, Seen, Stood};
use super::{Shared, failure, store_failure};
use crate::console::effect::{Edition, Lane, Load};
use crate::console::event::{
    Alerts, Answer, Cause, Counts, Detail, Event, Failure, Loaded, Overview, Picture, Previewed,
};
use crate::console::listing::{Filter, Listed, Sort};
use crate::domain::{IncidentId, Timestamp, schedule};
use crate::ops::{self, OpsError};
use crate::source::Sources;
use crate::store::{Store, Tx};

const RUN_LIMIT: u32 = 50;
/// Whether the database answers at all is known after this time.
const PATIENCE: Duration = Duration::from_secs(5);
/// A read that takes longer is given up.
const LONGEST: Duration = Duration::from_secs(30);
/// A read that waits for sources, each of which has its own limit.
const LONGEST_ELSEWHERE: Duration = Duration::from_secs(90);
/// So many of the alerts of an incident are shown.
const ALERTS_SHOWN: u32 = 100;
/// Going through a list with a held key asks for the detail of every row, and typing a filter for the list of every
/// beginning of it; those in passing are left out.
const SETTLE: Duration = Duration::from_millis(60);

/// Serves a lane until the console ends. A newer question about something else ends the read of the older one.
pub(super) async fn serve(shared: Arc<Shared>, store: Store, mut wishes: watch::Receiver<Option<(u64, Load)>>) {
    let mut last = Instant::now();
    loop {
        let changed = tokio::select! {
            changed = wishes.changed() => changed,
            () = shared.cancel.cancelled() => return,
        };
        if changed.is_err() {
            return;
        }
        let Some((sequence, load)) = wishes.borrow_and_update().clone() else { continue };
        if matches!(load, Load::Detail(_) | Load::List(..)) && last.elapsed() < SETTLE * 2 {
            last = Instant::now();
            tokio::select! {
                _ = wishes.changed() => { wishes.mark_changed(); continue }
                () = tokio::time::sleep(SETTLE) => {}
                () = shared.cancel.cancelled() => return,
            }
        }
        last = Instant::now();
        let replaceable = matches!(load, Load::Detail(_) | Load::List(..) | Load::Preview(_) | Load::Overlay(_));
        let answer = tokio::select! {
            answer = answer(&shared, &store, sequence, &load) => answer,
            _ = wishes.changed(), if replaceable => { wishes.mark_changed(); continue }
            () = shared.cancel.cancelled() => return,
        };
        shared.tell(Event::Answer(answer)).await;
    }
}

async fn answer(shared: &Shared, store: &Store, sequence: u64, load: &Load) -> Answer {
    let lane = load.lane();
    let (patience, cause) = match lane {
        Lane::Overview => (PATIENCE, Cause::Unreachable),
        Lane::RemoteShapes | Lane::Preview | Lane::Overlay => (LONGEST_ELSEWHERE, Cause::Refused),
        _ => (LONGEST, Cause::Refused),
    };
    let read = tokio::time::timeout(patience, read(shared, store, load)).await;
    let failure = match read {
        Ok(Ok(loaded)) => return Answer::Loaded { sequence, loaded },
        Ok(Err(error)) => failure(&error),
        Err(_) => Failure { message: format!("no answer within {} s", patience.as_secs()), cause },
    };
    Answer::LoadFailed { lane, sequence, failure, chance: rand::random() }
}

async fn read(shared: &Shared, store: &Store, load: &Load) -> Result<Loaded, OpsError> {
    let (outlook, sources) = (&shared.outlook, &shared.sources);
    Ok(match load {
        Load::List(listed, filter, sort, held) => list(store, outlook, (*listed, filter, *sort), *held).await?,
        Load::Rows(ids) => Loaded::Rows(store.read().await?.incidents(ids).await?),
        Load::Shapes(ids) => Loaded::Shapes(ops::preview::shapes(store, ids).await?),
        Load::RemoteShapes(ids) => Loaded::RemoteShapes(ops::preview::remote_shapes(store, sources, ids).await?),
        Load::Preview(id) => Loaded::Preview(*id, previewed(store, sources, *id).await?.map(Box::new)),
        Load::Detail(id) => Loaded::Detail(*id, detail(store, *id).await?.map(Box::new)),
        Load::Overlay(id) => Loaded::Overlay(*id, whole_detail(store, sources, *id).await?.map(Box::new)),
        Load::Overview => {
            let interval = shared.options.interval().unwrap_or(schedule::USUAL_INTERVAL);
            let overview = overview(store, outlook, interval).await?;
            Loaded::Overview(Box::new(Overview { sources: sources.health(), ..overview }))
        }
        Load::Rules => Loaded::Rules(ops::rule::list(store).await?, store.read().await?.event_projects().await?),
    })
}

async fn list(
    store: &Store,
    outlook: &Outlook,
    (listed, filter, sort): (Listed, &Filter, Sort),
    held: Option<Edition>,
) -> Result<Loaded, OpsError> {
    let seen = outlook.look(store).await?;
    if seen.is_still(held) {
        return Ok(Loaded::ListHolds(listed));
    }
    let now = store.now().await?;
    let ids = store.read().await?.incident_ids(listed, filter, sort, now, None).await?;
    Ok(Loaded::List(listed, ids, seen.edition))
}

async fn detail(store: &Store, id: IncidentId) -> Result<Option<Detail>, OpsError> {
    let mut tx = store.read().await?;
    let Some(incident) = tx.incident(id).await? else { return Ok(None) };
    let activities = tx.activities(id).await?;
    let superseded = tx.superseded(id).await?;
    let kept = if incident.snapshot.is_some() { tx.snapshot(id).await? } else { None };
    let alerts = alerts(&mut tx, id).await?;
    let freezing = if incident.expression.is_some() { tx.freezing(id).await? } else { None };
    drop(tx);
    let picture = match kept {
        Some(snapshot) => Picture::Captured(snapshot),
        // Nothing that is known waits for a source.
        None if incident.expression.is_some() => Picture::Awaited,
        None => match ops::preview::preview(store, &Sources::default(), id).await {
            Ok(preview) => Picture::Preview(preview.snapshot),
            Err(OpsError::Store(error)) if store_failure(&error).cause == Cause::Unreachable => {
                return Err(error.into());
            }
            Err(error) => Picture::Unavailable(error.to_string()),
        },
    };
    Ok(Some(Detail { incident, activities, picture, silence: None, superseded, alerts, freezing }))
}

async fn alerts(tx: &mut Tx, id: IncidentId) -> Result<Option<Alerts>, OpsError> {
    let Some((_, origin)) = tx.origins(&[id]).await?.pop() else { return Ok(None) };
    let members = tx.alerts_of(id, ALERTS_SHOWN).await?;
    let progress = tx.alert_progress(id).await?;
    Ok(Some(Alerts { origin, members, count: progress.alerts, firing: progress.firing }))
}

/// With what its source knows, however long that takes.
async fn whole_detail(store: &Store, sources: &Sources, id: IncidentId) -> Result<Option<Detail>, OpsError> {
    let Some(mut detail) = detail(store, id).await? else { return Ok(None) };
    if detail.picture == Picture::Awaited
        && let Some(Previewed { picture, silence }) = previewed(store, sources, id).await?
    {
        (detail.picture, detail.silence) = (picture, silence);
    }
    Ok(Some(detail))
}

/// That a source does not answer is no failure of the console: it is what the picture says.
async fn previewed(store: &Store, sources: &Sources, id: IncidentId) -> Result<Option<Previewed>, OpsError> {
    match ops::preview::preview(store, sources, id).await {
        Ok(preview) => Ok(Some(Previewed { picture: Picture::Preview(preview.snapshot), silence: preview.silence })),
        Err(OpsError::Source(error)) => {
            let said = error.to_string();
            Ok(Some(Previewed { picture: Picture::Unavailable(said.clone()), silence: Some(said) }))
        }
        Err(OpsError::Refused(_) | OpsError::Absent(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn overview(store: &Store, outlook: &Outlook, interval: Duration) -> Result<Overview, OpsError> {
    let now = store.now().await?;
    let clock_offset = now.as_micros().saturating_sub(store.host_now().as_micros());
    let seen = outlook.look(store).await?;
    let stands = match outlook.stood(&seen).await {
        Some(stood) if stood.holds(&seen, now) => return Ok(Overview { clock_offset, ..stood.overview }),
        Some(stood) => later(store, stood, seen, now, interval).await?,
        None => anew(store, seen, now, interval).await?,
    };
    let overview = Overview { clock_offset, ..stands.overview.clone() };
    outlook.remember(stands).await;
    Ok(overview)
}

/// Everything is counted.
async fn anew(store: &Store, seen: Seen, now: Timestamp, interval: Duration) -> Result<Stood, OpsError> {
    let mut tx = store.read().await?;
    let counts = tx.counts(now).await?;
    let overview = Overview {
        counts: shown(counts),
        queue: tx.pending_queue(schedule::late_until(now, interval)).await?,
        runs: tx.runs(RUN_LIMIT).await?,
        processors: tx.processors().await?,
        sources: Vec::new(),
        clock_offset: 0,
    };
    Ok(Stood { seen, overview, counts, late_again: schedule::late_again(now, interval) })
}

/// No incident has changed: only what time moves is counted, and what hangs on no incident is read where something was
/// committed.
async fn later(
    store: &Store,
    mut stood: Stood,
    seen: Seen,
    now: Timestamp,
    interval: Duration,
) -> Result<Stood, OpsError> {
    let mut tx = store.read().await?;
    if !stood.counts_hold(now) {
        stood.counts = tx.counts_later(stood.counts, now).await?;
        stood.overview.counts = shown(stood.counts);
    }
    if now >= stood.late_again {
        stood.overview.queue = tx.pending_queue(schedule::late_until(now, interval)).await?;
        stood.late_again = schedule::late_again(now, interval);
    }
    if !stood.is_untouched(&seen) {
        stood.overview.runs = tx.runs(RUN_LIMIT).await?;
        stood.overview.processors = tx.processors().await?;
        stood.seen = seen;
    }
    Ok(stood)
}

fn shown(counts: crate::store::status::Counts) -> Counts {
    Counts {
        incidents_open: counts.incidents_open,
        incidents_closed: counts.incidents_closed,
        pending: counts.pending,
        due: counts.due,
        failing: counts.failing,
        dead: counts.dead,
        snapshots: counts.snapshots,
    }
}
