//! A run of the processor: one pass over all that is due, or over the incidents that an operator names (rules 15 to 19).
//!
//! ```text
//! take over runs whose process died      row by row, each attempt counted first
//! batches behind a cursor                batch::capture: claim, measure, keep, delete, advance the record; one commit
//!   a batch fails                        isolate: halves, down to single rows; the failure in a transaction of its own
//! passes without the cursor              for rows that others had locked meanwhile
//! remote                                 rows of other sources, one by one: ask, then claim, keep, delete
//! ```

mod batch;
mod isolate;
mod progress;
mod remote;
mod selected;
mod takeover;

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::OpsError;
use crate::domain::{IncidentId, RunCounts, Seen, Timestamp, Trigger, schedule};
use crate::source::Sources;
use crate::store::run::Cursor;
use crate::store::{Store, StoreError};
use batch::{Batch, Due, FailedBatch, Prepared, Rows};

pub use progress::Progress;

/// What is to be processed, and by whom.
#[derive(Debug, Clone)]
pub struct ProcessRequest {
    /// Why.
    pub trigger: Trigger,
    /// Which rows.
    pub selection: Selection,
    /// Rows of every batch; where nothing is said they grow from 50 to 500 (rule 15).
    pub batch_size: Option<u32>,
    /// What incidents are measured by whose counts come from elsewhere.
    pub sources: Sources,
    /// The host, for the records.
    pub host: String,
    /// Ends the run after the batch in hand.
    pub cancel: CancellationToken,
    /// Where it says how far it has come.
    pub progress: Progress,
}

/// Which pending snapshots are processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All that is due.
    Due,
    /// Those of these incidents, waiting and dead ones too (rule 19).
    Incidents {
        /// Which.
        ids: Vec<IncidentId>,
        /// Also before their target: a partial snapshot (rule 11).
        early: bool,
        /// How they were seen, by whoever decided by that: those that are no longer what they were are not captured.
        seen: Vec<Seen>,
    },
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunReport {
    /// Why it took place.
    pub trigger: Trigger,
    /// What became of the rows.
    pub counts: RunCounts,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// Whether it was told to stop before it was done.
    pub cancelled: bool,
}

impl ProcessRequest {
    /// A run over all that is due.
    #[must_use]
    pub fn due(trigger: Trigger, host: &str) -> Self {
        Self {
            trigger,
            selection: Selection::Due,
            batch_size: None,
            sources: Sources::default(),
            host: host.to_owned(),
            cancel: CancellationToken::new(),
            progress: Progress::default(),
        }
    }
}

/// After so long without a move, an unfinished run's process is taken to be dead.
const ABANDONED_AFTER: Duration = Duration::from_mins(2);
/// How often, a second apart, rows that others had locked are looked at again.
const LAST_PASSES: u32 = 60;
/// Batches of which one is written while this process reads nothing.
const COMMITS_PER_LOG: u64 = 16;
const LAST_PASS_PAUSE: Duration = Duration::from_secs(1);

/// Runs the processor once.
///
/// # Errors
/// Where the database fails, what was captured before stays captured. Where incidents are named, an unknown one, an
/// open one, one that is captured, one whose target lies ahead without `early`, or one that is no longer what was seen of
/// it: then none is processed. One that is reopened and closed again before its turn is not captured either.
pub async fn process(store: &Store, request: ProcessRequest) -> Result<RunReport, OpsError> {
    let now = store.now().await?;
    let mut run = Run { store, now, began: Instant::now(), request, record: None, counts: RunCounts::default() };
    let selection = run.request.selection.clone();
    let outcome = match selection {
        Selection::Due => run.all_due().await.map_err(OpsError::from),
        Selection::Incidents { ids, early, seen } => run.selected(&ids, early, &seen).await,
    };
    run.step();
    run.finish(outcome.as_ref().err()).await?;
    outcome?;
    Ok(RunReport {
        trigger: run.request.trigger,
        counts: run.counts,
        started_at: run.now,
        duration: run.began.elapsed(),
        cancelled: run.request.cancel.is_cancelled(),
    })
}

/// A batch that was prepared while the one before it was written.
type Ahead = Option<Result<Prepared<'static>, FailedBatch>>;

/// Lets others have what was prepared.
async fn give_back(ahead: Ahead) {
    if let Some(Ok(prepared)) = ahead {
        prepared.abandon().await;
    }
}

/// A run while it goes on.
struct Run<'a> {
    store: &'a Store,
    /// Asked once, and bound in every statement that asks what is due.
    now: Timestamp,
    began: Instant,
    request: ProcessRequest,
    /// The number of its record, once there is one.
    record: Option<i64>,
    counts: RunCounts,
}

impl Run<'_> {
    async fn all_due(&mut self) -> Result<(), StoreError> {
        self.replay_abandoned().await?;
        if !self.store.read().await?.anything_due(self.now).await? {
            return Ok(());
        }
        self.begin_record().await?;
        self.local_due().await?;
        self.remote_due().await
    }

    /// Captures what is due and comes from the events table.
    async fn local_due(&mut self) -> Result<(), StoreError> {
        self.pass().await?;
        for _ in 0..LAST_PASSES {
            if self.is_cancelled() || !self.store.read().await?.anything_local_due(self.now).await? {
                return Ok(());
            }
            // Others hold these rows: whatever they do with them, they do it soon.
            if self.pass().await? == 0 {
                tokio::select! {
                    () = tokio::time::sleep(LAST_PASS_PAUSE) => {}
                    () = self.request.cancel.cancelled() => return Ok(()),
                }
            }
        }
        Ok(())
    }

    /// Batches from the first due row to the last, each prepared while the one before it is written; how many rows they
    /// claimed.
    async fn pass(&mut self) -> Result<u64, StoreError> {
        let mut due = Due { after: Cursor::START, limit: self.first_batch_size() };
        let mut ahead = None;
        // How many rows SQLite's write lock has time for, as the last batch has shown.
        let mut fitting = None;
        let mut claimed = 0;
        while !self.is_cancelled() {
            let prepared = match ahead.take() {
                Some(prepared) => prepared,
                None => batch::prepare(self, Rows::Due(due)).await,
            };
            let limit = self.following_batch_size(due.limit, fitting);
            let (batch, prepared) = self.batch(prepared, due, limit).await?;
            ahead = prepared;
            let Some(last) = batch.last else { break };
            claimed += batch.counts.due();
            if batch.claimed < due.limit as usize {
                break;
            }
            fitting = batch.fitting_rows().or(fitting);
            due = Due { after: last, limit };
        }
        give_back(ahead).await;
        Ok(claimed)
    }

    /// Writes one batch, with what to do where it fails. Where it is full, up to `limit` rows behind it are prepared
    /// meanwhile.
    async fn batch(
        &mut self,
        prepared: Result<Prepared<'static>, FailedBatch>,
        due: Due,
        limit: u32,
    ) -> Result<(Batch, Ahead), StoreError> {
        let (written, ahead) = match prepared {
            Err(failed) => (Err(failed), None),
            Ok(prepared) => match prepared.last() {
                Some(after) if prepared.claims.len() >= due.limit as usize && self.may_look_ahead() => {
                    let next = batch::prepare(self, Rows::Due(Due { after, limit }));
                    let (written, ahead) = tokio::join!(batch::write(self, prepared), next);
                    (written, Some(ahead))
                }
                _ => (batch::write(self, prepared).await, None),
            },
        };
        match written {
            Err(failed) if failed.error.stops_every_row() => Err(failed.error),
            Ok(batch) if batch.failures.is_empty() => {
                self.counts.add(batch.counts);
                Ok((batch, ahead))
            }
            // To find and record the rows at fault may take long, and an operator who has one of them may be waiting for one
            // that is prepared: those are given back first.
            Ok(batch) => {
                give_back(ahead).await;
                self.counts.add(batch.counts);
                isolate::record_failures(self, &batch.failures).await?;
                Ok((batch, None))
            }
            Err(failed) => {
                give_back(ahead).await;
                let batch = isolate::isolate(self, failed).await?;
                self.advance_record(&batch, limit).await?;
                Ok((batch, None))
            }
        }
    }

    /// Moves the record behind a batch that did not move it itself.
    async fn advance_record(&self, batch: &Batch, next_size: u32) -> Result<(), StoreError> {
        if let (Some(record), Some(last)) = (self.record, batch.last) {
            let mut tx = self.store.capture().await?;
            tx.advance_run(record, self.present(), last, next_size, self.counts).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    fn first_batch_size(&self) -> u32 {
        self.request.batch_size.unwrap_or(schedule::FIRST_BATCH)
    }

    /// Rule 15; on SQLite never more than what `fits`, in steps that keep its statements the same.
    fn following_batch_size(&self, size: u32, fits: Option<u32>) -> u32 {
        let grown = schedule::next_batch_size(size);
        let fits = fits.unwrap_or(grown) / schedule::FIRST_BATCH * schedule::FIRST_BATCH;
        self.request.batch_size.unwrap_or_else(|| grown.min(fits).max(schedule::FIRST_BATCH))
    }

    /// Whether the next batch is prepared while one is written. On SQLite not each time: its log begins anew only behind a
    /// commit at which nobody reads, and would grow until the end of the backlog.
    fn may_look_ahead(&self) -> bool {
        let has_its_log = self.store.locks_rows() || !self.counts.batches.is_multiple_of(COMMITS_PER_LOG);
        has_its_log && !self.is_cancelled()
    }

    /// Asked between the steps of a run, so that asking is a sign of life.
    fn is_cancelled(&self) -> bool {
        self.step();
        self.request.cancel.is_cancelled()
    }

    fn step(&self) {
        self.request.progress.step(self.counts);
    }

    /// The present instant on the run's clock, for records: a run may take longer than its `now` is true.
    fn present(&self) -> Timestamp {
        self.now + self.began.elapsed()
    }

    async fn begin_record(&mut self) -> Result<(), StoreError> {
        let size = self.first_batch_size();
        let mut tx = self.store.capture().await?;
        let id = tx.insert_run(self.request.trigger, &self.request.host, self.present(), size).await?;
        tx.commit().await?;
        self.record = Some(id);
        Ok(())
    }

    async fn finish(&mut self, error: Option<&OpsError>) -> Result<(), StoreError> {
        let Some(id) = self.record else { return Ok(()) };
        let error = error.map(|error| crate::domain::text::shorten(&error.to_string(), 500));
        let finish = async {
            let mut tx = self.store.capture().await?;
            tx.finish_run(id, self.present(), self.counts, error.as_deref()).await?;
            tx.commit().await
        };
        match finish.await {
            // The run's own error says more than that its record could not be written because of it.
            Err(_) if error.is_some() => Ok(()),
            other => other,
        }
    }
}
