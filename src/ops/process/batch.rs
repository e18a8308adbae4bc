//! One batch: claim rows, measure those that need it, keep the snapshots, delete the rows, move the run's record.
//!
//! On Postgres all of it is one transaction under the row locks of the claim. On SQLite the counting is done on a
//! reader first; then the write lock is taken only to look again whether the rows are still what they were, and to
//! write.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::Run;
use crate::domain::{IncidentId, Query, RunCounts, Snapshot, Status};
use crate::source::Request;
use crate::store::capture::{Claim, Claiming};
use crate::store::run::Cursor;
use crate::store::{StoreError, Tx};

/// For so long SQLite's write lock is free after each commit, so that an operator's own write gets its turn.
const GAP: Duration = Duration::from_millis(5);
/// A batch that holds SQLite's write lock for longer is too large.
pub(super) const LONGEST_LOCK: Duration = Duration::from_millis(10);

/// The database ends every statement long before; this ends the wait for one that is no longer there.
const LONGEST_BATCH: Duration = Duration::from_mins(1);

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
    /// Due ones behind a cursor.
    Due { after: Cursor, limit: u32 },
    /// These, as long as they are what they were when they were claimed before.
    Again(&'a [Claim]),
    /// These, whether due or not.
    Named(&'a [IncidentId]),
}

/// What is done with each claimed row (rule 16).
#[derive(Debug, Default)]
struct Decision {
    counts: RunCounts,
    /// Rows that go without a snapshot, or with a complete one.
    removed: Vec<IncidentId>,
    /// Rows to be measured.
    requests: Vec<Request>,
    failures: Vec<FailedRow>,
}

/// Captures up to `limit` due rows behind a cursor, and moves the run's record with them.
pub(super) async fn capture_due(run: &Run<'_>, after: Cursor, limit: u32) -> Result<Batch, FailedBatch> {
    capture(run, Rows::Due { after, limit }).await
}

/// Captures rows in one transaction.
pub(super) async fn capture(run: &Run<'_>, rows: Rows<'_>) -> Result<Batch, FailedBatch> {
    let mut claims = Vec::new();
    let work = async {
        if run.store.locks_rows() {
            capture_under_row_locks(run, rows, &mut claims).await
        } else {
            capture_under_write_lock(run, rows, &mut claims).await
        }
    };
    let silence = |_| Err(StoreError::Connection("the database has not answered for 60 s".into()));
    let outcome = tokio::time::timeout(LONGEST_BATCH, work).await.unwrap_or_else(silence);
    outcome.map_err(|error| FailedBatch { claims, error })
}

async fn capture_under_row_locks(run: &Run<'_>, rows: Rows<'_>, claims: &mut Vec<Claim>) -> Result<Batch, StoreError> {
    let mut tx = run.store.capture().await?;
    *claims = claim(run, &mut tx, rows).await?;
    if claims.is_empty() {
        return Ok(Batch::default());
    }
    let decision = decide(run, &mut tx, claims).await?;
    let snapshots = measure(run, &mut tx, &decision.requests, claims).await?;
    let batch = keep(run, &mut tx, rows, claims, decision, &snapshots).await?;
    tx.commit().await?;
    Ok(batch)
}

async fn capture_under_write_lock(run: &Run<'_>, rows: Rows<'_>, claims: &mut Vec<Claim>) -> Result<Batch, StoreError> {
    let mut reader = run.store.read().await?;
    *claims = claim(run, &mut reader, rows).await?;
    if claims.is_empty() {
        return Ok(Batch::default());
    }
    let seen = decide(run, &mut reader, claims).await?;
    let mut snapshots = measure(run, &mut reader, &seen.requests, claims).await?;
    drop(reader);

    let mut tx = run.store.capture().await?;
    let locked = Instant::now();
    let unchanged = claim(run, &mut tx, Rows::Again(claims)).await?;
    let complete_batch = unchanged.len() == claims.len();
    let decision = decide(run, &mut tx, &unchanged).await?;
    let wanted: HashSet<IncidentId> = decision.requests.iter().map(|request| request.incident_id).collect();
    snapshots.retain(|snapshot| wanted.contains(&snapshot.facts.incident_id));
    let mut batch = keep(run, &mut tx, rows, &unchanged, decision, &snapshots).await?;
    tx.commit().await?;
    batch.held_lock = locked.elapsed();
    if !complete_batch {
        // Rows that changed meanwhile are left to a later pass, but the cursor goes on behind all that was read.
        batch.claimed = claims.len();
        batch.last = claims.last().map(cursor);
    }
    tokio::time::sleep(GAP).await;
    Ok(batch)
}

async fn claim(run: &Run<'_>, tx: &mut Tx, rows: Rows<'_>) -> Result<Vec<Claim>, StoreError> {
    match rows {
        Rows::Due { after, limit } => tx.claim(&Claiming::Due { now: run.now, after, limit }).await,
        Rows::Named(ids) => tx.claim(&Claiming::Rows(ids)).await,
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

/// Rule 16: what is not closed or already captured goes, the rest is measured.
async fn decide(run: &Run<'_>, tx: &mut Tx, claims: &[Claim]) -> Result<Decision, StoreError> {
    let ids: Vec<IncidentId> = claims.iter().map(|claim| claim.incident_id).collect();
    let captured: HashSet<IncidentId> = tx.completely_captured(&ids).await?.into_iter().collect();
    let mut projects: HashMap<IncidentId, Vec<String>> = HashMap::new();
    for (id, project) in tx.projects_of(&ids).await? {
        projects.entry(id).or_default().push(project);
    }
    let mut decision = Decision::default();
    for claim in claims {
        if claim.status != Status::Closed {
            decision.counts.skipped_open += 1;
            decision.removed.push(claim.incident_id);
        } else if captured.contains(&claim.incident_id) {
            decision.counts.skipped_existing += 1;
            decision.removed.push(claim.incident_id);
        } else {
            match Query::parse(&claim.query) {
                Ok(query) => decision.requests.push(Request {
                    incident_id: claim.incident_id,
                    projects: projects.remove(&claim.incident_id).unwrap_or_default(),
                    query,
                    aggregation: claim.aggregation,
                    ranges: claim.course.ranges(run.now),
                    period: claim.course.time_window.span(),
                }),
                Err(error) => {
                    decision.failures.push(FailedRow { claim: claim.clone(), error: error.to_string() });
                }
            }
        }
    }
    Ok(decision)
}

async fn measure(
    run: &Run<'_>,
    tx: &mut Tx,
    requests: &[Request],
    claims: &[Claim],
) -> Result<Vec<Snapshot>, StoreError> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let targets: HashMap<IncidentId, _> =
        claims.iter().map(|claim| (claim.incident_id, claim.target_run_date)).collect();
    let measured = run.source.measure(tx, requests, run.now).await?;
    let snapshot = |(request, measured): (&Request, crate::source::Measurement)| {
        let early = targets.get(&request.incident_id).is_some_and(|target| *target > run.now);
        measured.snapshot(request.ranges.as_of, run.now, early, run.source)
    };
    Ok(requests.iter().zip(measured).map(snapshot).collect())
}

/// Writes what was decided and measured. A partial snapshot keeps its pending row (rule 11).
async fn keep(
    run: &Run<'_>,
    tx: &mut Tx,
    rows: Rows<'_>,
    claims: &[Claim],
    mut decision: Decision,
    snapshots: &[Snapshot],
) -> Result<Batch, StoreError> {
    tx.insert_snapshots(snapshots).await?;
    let complete = snapshots.iter().filter(|snapshot| !snapshot.facts.partial);
    decision.removed.extend(complete.map(|snapshot| snapshot.facts.incident_id));
    tx.delete_pending_rows(&decision.removed).await?;
    let counts = RunCounts {
        captured: snapshots.len() as u64,
        failed: decision.failures.len() as u64,
        batches: 1,
        ..decision.counts
    };
    let last = claims.last().map(cursor);
    if let (Some(record), Rows::Due { limit, .. }, Some(last)) = (run.record, rows, last) {
        let mut total = run.counts;
        total.add(counts);
        let next_size = run.request.batch_size.unwrap_or_else(|| crate::domain::schedule::next_batch_size(limit));
        tx.advance_run(record, run.present(), last, next_size, total).await?;
    }
    Ok(Batch { claimed: claims.len(), counts, last, failures: decision.failures, held_lock: Duration::ZERO })
}

/// The place behind a row.
pub(super) fn cursor(claim: &Claim) -> Cursor {
    Cursor { next_attempt_at: claim.next_attempt_at, incident_id: claim.incident_id }
}
