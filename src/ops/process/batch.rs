//! One batch: claim rows, measure those that need it, keep the snapshots, delete the rows, move the run's record.
//!
//! On Postgres all of it is one transaction under the row locks of the claim. On SQLite the counting is done on a
//! reader first; then the write lock is taken only to look again whether the rows are still what they were, and to
//! write. On both, a batch can be prepared while the one before it is written.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::Run;
use crate::domain::{IncidentId, MessageKind, Query, RunCounts, Status, Timestamp};
use crate::source::{self, Request};
use crate::store::capture::{Claim, Claiming};
use crate::store::keep::SnapshotRow;
use crate::store::run::Cursor;
use crate::store::{StoreError, Tx};

/// For so long SQLite's write lock is free after each commit, so that an operator's own write gets its turn.
pub(super) const GAP: Duration = Duration::from_millis(5);
/// A batch that holds SQLite's write lock for longer is too large.
pub(super) const LONGEST_LOCK: Duration = Duration::from_millis(10);

/// A batch that was committed.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// How many rows it claimed.
    pub(super) claimed: usize,
    /// What became of them.
    pub(super) counts: RunCounts,
    /// The last of them; `None` where there was none.
    pub(super) last: Option<Cursor>,
    /// The rows that failed by themselves, to be recorded.
    pub(super) failures: Vec<FailedRow>,
    /// For how long it held SQLite's write lock.
    pub(super) held_lock: Duration,
}

/// A row that failed, and why.
#[derive(Debug, Clone)]
pub(super) struct FailedRow {
    pub(super) claim: Claim,
    pub(super) error: String,
    /// Whether it is the row's own fault (rule 17).
    pub(super) is_own_fault: bool,
}

/// A batch that was rolled back as a whole.
#[derive(Debug)]
pub(super) struct FailedBatch {
    /// What it had claimed.
    pub(super) claims: Vec<Claim>,
    /// Why.
    pub(super) error: StoreError,
}

/// Which rows a batch takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rows<'a> {
    /// Due ones.
    Due(Due),
    /// These, as long as they are what they were when they were claimed before.
    Again(&'a [Claim]),
    /// These, whether due or not.
    Named(&'a [Named]),
}

/// The due rows behind a cursor, up to a limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    pub(super) after: Cursor,
    pub(super) limit: u32,
}

/// A row that an operator wants captured: the one with this target, and no other of the same incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Named {
    pub(super) incident_id: IncidentId,
    pub(super) target_run_date: Timestamp,
}

/// What becomes of the claimed rows (rule 16).
#[derive(Debug, Default)]
pub(super) struct Triage {
    counts: RunCounts,
    /// Rows that go without a snapshot.
    removed: Vec<IncidentId>,
    /// Rows whose snapshot is to be made.
    pub(super) wanted: Vec<Claim>,
    /// Those of them that have a partial one.
    partial: Vec<IncidentId>,
}

/// What was made of the wanted rows.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pub(super) snapshots: Vec<SnapshotRow>,
    pub(super) failures: Vec<FailedRow>,
}

/// A batch of which all is known that is to be written.
#[derive(Debug)]
pub(super) struct Prepared<'a> {
    rows: Rows<'a>,
    /// What it has claimed, in order.
    pub(super) claims: Vec<Claim>,
    triage: Triage,
    measured: Measured,
    /// The transaction that holds the claim; `None` on SQLite, where only whoever writes holds anything.
    tx: Option<Tx>,
}

impl Batch {
    /// How many rows it should have had, to hold SQLite's write lock for as long as it may; `None` where it held none.
    pub(super) fn fitting_rows(&self) -> Option<u32> {
        let held = self.held_lock.as_micros();
        (held > 0).then(|| {
            let rows = self.claimed as u128 * LONGEST_LOCK.as_micros() / held;
            u32::try_from(rows).unwrap_or(u32::MAX)
        })
    }
}

impl Prepared<'_> {
    /// The place behind its last row.
    pub(super) fn last(&self) -> Option<Cursor> {
        self.claims.last().map(cursor)
    }

    /// Gives its rows back. A connection that is lost has done so already.
    pub(super) async fn abandon(self) {
        if let Some(tx) = self.tx {
            tx.rollback().await.ok();
        }
    }
}

/// Captures rows in one transaction.
pub(super) async fn capture(run: &Run<'_>, rows: Rows<'_>) -> Result<Batch, FailedBatch> {
    let prepared = prepare(run, rows).await?;
    write(run, prepared).await
}

/// Claims rows and measures them.
pub(super) async fn prepare<'a>(run: &Run<'_>, rows: Rows<'a>) -> Result<Prepared<'a>, FailedBatch> {
    let mut claims = Vec::new();
    let prepared = async {
        if run.store.locks_rows() {
            let mut tx = run.store.capture().await?;
            match look(run, &mut tx, rows, &mut claims).await {
                Ok((triage, measured)) => Ok((triage, measured, Some(tx))),
                Err(error) => {
                    // Its locks must be gone before the rows are tried again, or that would leave them out.
                    tx.rollback().await?;
                    Err(error)
                }
            }
        } else {
            let mut reader = run.store.read().await?;
            let (triage, measured) = look(run, &mut reader, rows, &mut claims).await?;
            Ok((triage, measured, None))
        }
    };
    match prepared.await {
        Ok((triage, measured, tx)) => Ok(Prepared { rows, claims, triage, measured, tx }),
        Err(error) => Err(FailedBatch { claims, error }),
    }
}

async fn look(
    run: &Run<'_>,
    tx: &mut Tx,
    rows: Rows<'_>,
    claims: &mut Vec<Claim>,
) -> Result<(Triage, Measured), StoreError> {
    *claims = claim(run, tx, rows).await?;
    if claims.is_empty() {
        return Ok(<_>::default());
    }
    let triage = triage(tx, claims).await?;
    let measured = measure(run, tx, &triage.wanted).await?;
    Ok((triage, measured))
}

/// Writes what a prepared batch has come to, and moves the run's record with it.
pub(super) async fn write(run: &Run<'_>, prepared: Prepared<'_>) -> Result<Batch, FailedBatch> {
    if prepared.claims.is_empty() {
        // Rows that are not what they were may be locked.
        prepared.abandon().await;
        return Ok(Batch::default());
    }
    let Prepared { rows, claims, triage, measured, tx } = prepared;
    let written = match tx {
        Some(tx) => write_under_row_locks(run, tx, rows, &claims, triage, measured).await,
        None => write_what_is_unchanged(run, rows, &claims, measured).await,
    };
    written.map_err(|error| FailedBatch { claims, error })
}

async fn write_under_row_locks(
    run: &Run<'_>,
    mut tx: Tx,
    rows: Rows<'_>,
    claims: &[Claim],
    triage: Triage,
    measured: Measured,
) -> Result<Batch, StoreError> {
    let kept = keep(run, &mut tx, rows, claims, triage, measured).await;
    end(tx, kept).await
}

/// Writes what was measured without a hold on its rows, as far as they are still what they were.
async fn write_what_is_unchanged(
    run: &Run<'_>,
    rows: Rows<'_>,
    claims: &[Claim],
    mut measured: Measured,
) -> Result<Batch, StoreError> {
    let mut tx = run.store.capture().await?;
    let locked = Instant::now();
    let work = async {
        let unchanged = claim(run, &mut tx, Rows::Again(claims)).await?;
        let triage = triage(&mut tx, &unchanged).await?;
        measured.only(&triage.wanted);
        keep(run, &mut tx, rows, &unchanged, triage, measured).await
    };
    let kept = work.await;
    let mut batch = end(tx, kept).await?;
    if matches!(rows, Rows::Due(_)) {
        // Rows that changed meanwhile are left to a later pass, but the cursor goes on behind all that was read.
        batch.claimed = claims.len();
        batch.last = claims.last().map(cursor);
    }
    if !run.store.locks_rows() {
        batch.held_lock = locked.elapsed();
        tokio::time::sleep(GAP).await;
    }
    Ok(batch)
}

/// Commits what was kept. What failed is undone: row locks must be gone before the rows are tried again, or that would
/// leave them out.
async fn end(tx: Tx, kept: Result<Batch, StoreError>) -> Result<Batch, StoreError> {
    match kept {
        Ok(batch) => tx.commit().await.map(|()| batch),
        Err(error) if tx.locks_rows() => tx.rollback().await.and(Err(error)),
        // SQLite has undone some failures by itself, and asked to do so again it would say only that.
        Err(error) => Err(error),
    }
}

/// Keeps what another source has said of one row, if the row is still what it was.
pub(super) async fn keep_measured(run: &Run<'_>, claim: &Claim, measured: Measured) -> Result<RunCounts, StoreError> {
    let claims = std::slice::from_ref(claim);
    let batch = write_what_is_unchanged(run, Rows::Again(claims), claims, measured).await?;
    Ok(RunCounts { batches: 0, ..batch.counts })
}

async fn claim(run: &Run<'_>, tx: &mut Tx, rows: Rows<'_>) -> Result<Vec<Claim>, StoreError> {
    match rows {
        Rows::Due(Due { after, limit }) => tx.claim(&Claiming::Due { now: run.now, after, limit }).await,
        Rows::Named(named) => {
            let ids: Vec<IncidentId> = named.iter().map(|named| named.incident_id).collect();
            let mut found = tx.claim(&Claiming::Rows(&ids)).await?;
            let named: HashSet<Named> = named.iter().copied().collect();
            found.retain(|claim| {
                let Claim { incident_id, target_run_date, .. } = *claim;
                named.contains(&Named { incident_id, target_run_date })
            });
            Ok(found)
        }
        Rows::Again(before) => {
            let ids: Vec<IncidentId> = before.iter().map(|claim| claim.incident_id).collect();
            let found = tx.claim(&Claiming::Rows(&ids)).await?;
            let mut found: HashMap<IncidentId, Claim> =
                found.into_iter().map(|claim| (claim.incident_id, claim)).collect();
            let unchanged = before.iter().filter(|claim| found.remove(&claim.incident_id).as_ref() == Some(*claim));
            Ok(unchanged.cloned().collect())
        }
    }
}

/// Rule 16: what is not closed or is captured already goes, the rest is wanted.
pub(super) async fn triage(tx: &mut Tx, claims: &[Claim]) -> Result<Triage, StoreError> {
    let ids: Vec<IncidentId> = claims.iter().map(|claim| claim.incident_id).collect();
    let kept: HashMap<IncidentId, bool> = tx.kept(&ids).await?.into_iter().collect();
    let mut triage = Triage::default();
    for claim in claims {
        if claim.status != Status::Closed {
            triage.counts.skipped_open += 1;
            triage.removed.push(claim.incident_id);
            continue;
        }
        match kept.get(&claim.incident_id) {
            Some(false) => {
                triage.counts.skipped_existing += 1;
                triage.removed.push(claim.incident_id);
                continue;
            }
            Some(true) => triage.partial.push(claim.incident_id),
            None => {}
        }
        triage.wanted.push(claim.clone());
    }
    Ok(triage)
}

/// Asks the source about the wanted rows. A row with a query that cannot be read fails alone.
async fn measure(run: &Run<'_>, tx: &mut Tx, wanted: &[Claim]) -> Result<Measured, StoreError> {
    let ids: Vec<IncidentId> = wanted.iter().map(|claim| claim.incident_id).collect();
    let mut projects: HashMap<IncidentId, Vec<String>> = HashMap::new();
    for (id, project) in tx.projects_of(&ids).await? {
        projects.entry(id).or_default().push(project);
    }
    let mut failures = Vec::new();
    let (mut asked, mut requests) = (Vec::new(), Vec::new());
    for claim in wanted {
        match Query::parse(&claim.query) {
            Ok(query) => {
                requests.push(request(run, claim, query, projects.remove(&claim.incident_id).unwrap_or_default()));
                asked.push(claim);
            }
            Err(error) => {
                failures.push(FailedRow { claim: claim.clone(), error: error.to_string(), is_own_fault: true });
            }
        }
    }
    if requests.is_empty() {
        return Ok(Measured { snapshots: Vec::new(), failures });
    }
    let measured = source::measure(tx, &requests, run.now).await?;
    let answered = asked.into_iter().zip(&requests).zip(measured);
    let snapshots = answered.map(|((claim, request), measured)| {
        measured.snapshot(request.ranges.as_of, run.now, claim.target_run_date > run.now).into()
    });
    Ok(Measured { snapshots: snapshots.collect(), failures })
}

fn request(run: &Run<'_>, claim: &Claim, query: Query, projects: Vec<String>) -> Request {
    Request {
        incident_id: claim.incident_id,
        projects,
        query,
        aggregation: claim.aggregation,
        ranges: claim.course.ranges(run.now),
        period: claim.course.time_window.span(),
    }
}

impl Measured {
    /// Leaves what belongs to other rows out.
    fn only(&mut self, wanted: &[Claim]) {
        let wanted: HashSet<IncidentId> = wanted.iter().map(|claim| claim.incident_id).collect();
        self.snapshots.retain(|snapshot| wanted.contains(&snapshot.facts.incident_id));
        self.failures.retain(|failed| wanted.contains(&failed.claim.incident_id));
    }
}

/// Writes what was decided and measured. A partial snapshot keeps its pending row (rule 11).
async fn keep(
    run: &Run<'_>,
    tx: &mut Tx,
    rows: Rows<'_>,
    claims: &[Claim],
    triage: Triage,
    measured: Measured,
) -> Result<Batch, StoreError> {
    let mut instead = triage.partial;
    if !instead.is_empty() {
        // One that cannot be measured keeps what it has.
        let snapshots: HashSet<IncidentId> =
            measured.snapshots.iter().map(|snapshot| snapshot.facts.incident_id).collect();
        instead.retain(|id| snapshots.contains(id));
    }
    tx.insert_snapshots(&measured.snapshots, &instead).await?;
    let (partial, complete): (Vec<_>, Vec<_>) =
        measured.snapshots.iter().map(|snapshot| &snapshot.facts).partition(|facts| facts.partial);
    let captured: Vec<IncidentId> = complete.iter().map(|facts| facts.incident_id).collect();
    tx.enqueue_messages(MessageKind::SnapshotCaptured, &captured, run.now).await?;
    let mut done = triage.removed;
    done.extend(captured);
    tx.delete_pending_rows(&done).await?;
    let remote: Vec<IncidentId> =
        complete.iter().filter(|facts| facts.measure.is_estimated()).map(|facts| facts.incident_id).collect();
    if !remote.is_empty() {
        tx.delete_frozen(&remote).await?;
    }
    // Whatever went wrong before, the complete one is to replace it at the target.
    let kept: Vec<IncidentId> = partial.iter().map(|facts| facts.incident_id).collect();
    tx.settle_pending_rows(&kept).await?;
    let counts = RunCounts {
        captured: measured.snapshots.len() as u64,
        failed: measured.failures.len() as u64,
        batches: 1,
        ..triage.counts
    };
    let last = claims.last().map(cursor);
    if let (Some(record), Rows::Due(Due { limit, .. }), Some(last)) = (run.record, rows, last) {
        let mut total = run.counts;
        total.add(counts);
        let next_size = run.request.batch_size.unwrap_or_else(|| crate::domain::schedule::next_batch_size(limit));
        tx.advance_run(record, run.present(), last, next_size, total).await?;
    } else if let Some(record) = run.record {
        tx.touch_run(record, run.present()).await?;
    }
    Ok(Batch { claimed: claims.len(), counts, last, failures: measured.failures, held_lock: Duration::ZERO })
}

/// The place behind a row.
pub(super) fn cursor(claim: &Claim) -> Cursor {
    Cursor { next_attempt_at: claim.next_attempt_at, incident_id: claim.incident_id }
}
