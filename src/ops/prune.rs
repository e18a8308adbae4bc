//! Deletes events that are too old to be kept (rule 14), while everybody else goes on.
//!
//! ```text
//! horizon:  ....|--slice-->|--slice-->|       target, or where a snapshot that is to come begins
//!               1. moves on in a transaction of its own: from then on nothing before it is counted
//!               2. what lies before it is deleted, a small transaction at a time; after a kill the next prune goes on
//! ```
//!
//! Before each slice it looks again which snapshots are to come, so that what was opened or reopened meanwhile keeps the
//! rest. What was opened in between is clipped, and says so: a part is never counted as all.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::OpsError;
use crate::domain::{IncidentId, Timestamp};
use crate::store::{Store, StoreError, Tx};

/// What holds a prune back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// The incident whose snapshot is to come.
    pub incident_id: IncidentId,
    /// From when on that needs events.
    pub needed_from: Timestamp,
    /// Whether the incident is open; otherwise its snapshot is pending.
    pub is_open: bool,
}

/// What a prune would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Events before this go.
    pub before: Timestamp,
    /// Why that is not as late as it was asked for.
    pub hold: Option<Hold>,
    /// How many they are.
    pub events: u64,
}

/// What a prune did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PruneReport {
    /// No event before this is left.
    pub before: Timestamp,
    /// Why that is not as late as it was asked for.
    pub hold: Option<Hold>,
    /// How many were deleted.
    pub events: u64,
    /// Bytes by which a database file has become smaller.
    pub bytes_given_back: u64,
    /// Bytes of a database file that are free for what comes.
    pub bytes_free: u64,
}

/// Between two batches SQLite's write lock is free at least for so long.
const GAP: Duration = Duration::from_millis(5);
/// A batch that holds SQLite's write lock for longer is too large.
const LONGEST_LOCK: Duration = Duration::from_millis(10);
/// On Postgres nobody waits for old events: only the disk is shared.
const LONGEST_TRANSACTION: Duration = Duration::from_millis(50);
const SMALLEST_BATCH: u32 = 20;
const FIRST_BATCH: u32 = 200;
const LARGEST_BATCH: u32 = 5_000;
const MINUTE: Duration = Duration::from_mins(1);
const FIRST_SLICE: Duration = Duration::from_hours(1);
/// Slices grow until they hold so many events.
const SLICE_EVENTS: u64 = 100_000;
/// Incidents that are looked at for what they need.
const HOLDERS: u32 = 1_000;
/// Between two attempts while the database is busy.
const PAUSE: Duration = Duration::from_millis(50);
const BUSY_ATTEMPTS: u32 = 12;

/// What [`prune`] would delete at this moment.
///
/// # Errors
/// As [`prune`].
pub async fn plan(store: &Store, before: Timestamp) -> Result<Plan, OpsError> {
    check_past(store, before).await?;
    let mut tx = store.read_at_length().await?;
    let (before, hold) = limit(&mut tx, before.floor(MINUTE)).await?;
    let events = tx.events_before(before).await?;
    Ok(Plan { before, hold, events })
}

/// Deletes the events before `before`, as far as no snapshot that is to come needs them. `progress` is told how many.
///
/// # Errors
/// Where `before` lies in the future, the database fails, or `cancel` ends it: what is deleted stays so, and the next
/// prune goes on there.
pub async fn prune(
    store: &Store,
    before: Timestamp,
    cancel: &CancellationToken,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<PruneReport, OpsError> {
    check_past(store, before).await?;
    let target = before.floor(MINUTE);
    let size = store.read().await?.size_bytes().await?;
    let mut work = Work { store, cancel, progress, batch: FIRST_BATCH, events: 0 };
    let (before, hold) = work.delete_slices(target).await?;
    work.give_back().await?;
    let events = work.events;
    let mut tx = store.read().await?;
    let bytes_given_back = if store.locks_rows() { 0 } else { size.saturating_sub(tx.size_bytes().await?) };
    Ok(PruneReport { before, hold, events, bytes_given_back, bytes_free: tx.free_pages().await?.bytes })
}

async fn check_past(store: &Store, before: Timestamp) -> Result<(), OpsError> {
    let now = store.now().await?;
    if before > now {
        return Err(OpsError::Input(format!("{before} lies in the future: only what is past can be pruned")));
    }
    Ok(())
}

/// How far a prune up to `target` may go, and what holds it back.
async fn limit(tx: &mut Tx, target: Timestamp) -> Result<(Timestamp, Option<Hold>), OpsError> {
    let awaiting = tx.awaiting(target, HOLDERS).await?;
    let holds = awaiting.iter().map(|awaiting| Hold {
        incident_id: awaiting.incident_id,
        needed_from: awaiting.course.needed_from(),
        is_open: awaiting.course.date_closed.is_none(),
    });
    let hold = holds.min_by_key(|hold| (hold.needed_from, hold.incident_id));
    let hold = hold.filter(|hold| hold.needed_from < target);
    Ok((hold.map_or(target, |hold| hold.needed_from.floor(MINUTE)), hold))
}

/// What a small transaction does.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    /// Moves the horizon on.
    Horizon(Timestamp),
    /// Deletes the events of projects, and their counts.
    Projects { projects: &'a [String], horizon: Timestamp, limit: u32 },
    /// Makes the file smaller.
    GiveBack,
}

/// What a small transaction has done.
#[derive(Debug, Clone, Copy, Default)]
struct Done {
    /// Events that it deleted.
    events: u64,
    /// Projects of which nothing is left to be deleted.
    projects: usize,
}

impl Step<'_> {
    async fn take(self, tx: &mut Tx) -> Result<Done, StoreError> {
        match self {
            Self::Horizon(to) => tx.move_prune_horizon(to).await?,
            Self::GiveBack => tx.give_pages_back().await?,
            Self::Projects { projects, horizon, limit } => return clear(tx, projects, horizon, limit).await,
        }
        Ok(Done::default())
    }
}

/// Deletes up to `limit` rows of projects, one after the other: of most there is little, and a commit for each would cost
/// more than what it deletes.
async fn clear(tx: &mut Tx, projects: &[String], horizon: Timestamp, limit: u32) -> Result<Done, StoreError> {
    let began = Instant::now();
    let mut done = Done::default();
    let mut left = u64::from(limit);
    for project in projects {
        let events = tx.delete_events(project, horizon, u32::try_from(left).unwrap_or(limit)).await?;
        done.events += events;
        left = left.saturating_sub(events);
        if left == 0 {
            break;
        }
        // Counts go when no event is left that they count.
        left = left.saturating_sub(tx.delete_minutes(project, horizon, u32::try_from(left).unwrap_or(limit)).await?);
        if left == 0 {
            break;
        }
        done.projects += 1;
        if began.elapsed() > LONGEST_LOCK / 2 {
            break;
        }
    }
    Ok(done)
}

/// A prune under way.
struct Work<'a> {
    store: &'a Store,
    cancel: &'a CancellationToken,
    progress: &'a mut (dyn FnMut(u64) + Send),
    /// Rows of the next batch.
    batch: u32,
    /// Events that are deleted.
    events: u64,
}

impl Work<'_> {
    async fn delete_slices(&mut self, target: Timestamp) -> Result<(Timestamp, Option<Hold>), OpsError> {
        let mut slice = FIRST_SLICE;
        loop {
            let mut tx = self.store.read_at_length().await?;
            let (limit, hold) = limit(&mut tx, target).await?;
            let oldest = tx.oldest_event().await?.filter(|oldest| *oldest < limit);
            let horizon = tx.prune_horizon().await?;
            drop(tx);
            let begun = self.events;
            let next = match oldest {
                // An event that came late lies before the horizon, and goes with what is left there.
                Some(oldest) => Some((oldest.max(horizon.unwrap_or(oldest)).floor(MINUTE) + slice).min(limit)),
                None if begun > 0 => Some(limit),
                None => None,
            };
            if let Some(next) = next {
                self.patiently(Step::Horizon(next)).await?;
            }
            if let Some(reached) = next.max(horizon) {
                self.delete_before(reached).await?;
            }
            if next.is_none_or(|next| next >= limit) {
                return Ok((limit, hold));
            }
            if self.events - begun < SLICE_EVENTS {
                slice *= 2;
            }
        }
    }

    /// Deletes all that lies before a horizon that has been stored.
    async fn delete_before(&mut self, horizon: Timestamp) -> Result<(), OpsError> {
        let projects = self.store.read().await?.projects_before(horizon).await?;
        let mut left = projects.as_slice();
        while !left.is_empty() {
            let done = self.batch(Step::Projects { projects: left, horizon, limit: self.batch }).await?;
            left = left.get(done.projects..).unwrap_or_default();
            self.events += done.events;
            (self.progress)(self.events);
        }
        Ok(())
    }

    /// Makes a database file smaller by what has become free.
    async fn give_back(&mut self) -> Result<(), OpsError> {
        loop {
            let free = self.store.read().await?.free_pages().await?;
            if free.bytes == 0 || !free.can_be_given_back {
                return Ok(());
            }
            self.batch(Step::GiveBack).await?;
        }
    }

    /// Runs a small transaction, and leaves the database to others for a while. The next one is as large as this one's
    /// lock allows.
    async fn batch(&mut self, step: Step<'_>) -> Result<Done, OpsError> {
        if self.cancel.is_cancelled() {
            return Err(OpsError::Interrupted);
        }
        let (done, held) = self.patiently(step).await?;
        let longest = if self.store.locks_rows() { LONGEST_TRANSACTION } else { LONGEST_LOCK };
        self.batch = match held {
            held if held > longest => (self.batch / 2).max(SMALLEST_BATCH),
            held if held < longest / 2 => (self.batch * 2).min(LARGEST_BATCH),
            _ => self.batch,
        };
        if !self.store.locks_rows() {
            tokio::time::sleep(GAP.max(held)).await;
        }
        Ok(done)
    }

    /// Runs a transaction, again while the database is busy, and says for how long it was held.
    async fn patiently(&mut self, step: Step<'_>) -> Result<(Done, Duration), OpsError> {
        for attempt in 1.. {
            let outcome: Result<_, StoreError> = async {
                let mut tx = self.store.write().await?;
                let begun = Instant::now();
                tx.look_events_up().await?;
                let done = step.take(&mut tx).await?;
                tx.commit().await?;
                Ok((done, begun.elapsed()))
            }
            .await;
            match outcome {
                Err(StoreError::Busy) if attempt < BUSY_ATTEMPTS => tokio::time::sleep(PAUSE).await,
                outcome => return Ok(outcome?),
            }
        }
        Err(OpsError::Store(StoreError::Busy))
    }
}
