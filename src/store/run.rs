//! The records of the processor's runs.

use super::engine::{Text, Tx, execute, on_engine};
use super::error::StoreError;
use crate::domain::{IncidentId, ProcessorRun, RunCounts, Timestamp, Trigger};

#[derive(sqlx::FromRow)]
struct RunRow {
    id: i64,
    trigger: String,
    host: String,
    started_at: i64,
    updated_at: i64,
    finished_at: Option<i64>,
    captured: i64,
    skipped_open: i64,
    skipped_existing: i64,
    failed: i64,
    batches: i64,
    error: Option<String>,
}

/// A place in the order in which due rows are taken: behind this row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The row's next attempt.
    pub next_attempt_at: Timestamp,
    /// The row's incident.
    pub incident_id: IncidentId,
}

impl Cursor {
    /// Before every row.
    pub const START: Self =
        Self { next_attempt_at: Timestamp::from_micros(i64::MIN), incident_id: IncidentId::new(i64::MIN) };
}

/// A run whose process has not moved it for long, and where it stood.
#[derive(Debug, Clone, Copy)]
pub struct AbandonedRun {
    /// Its number.
    pub id: i64,
    /// Behind which row its last batch began.
    pub cursor: Cursor,
    /// How many rows that batch had, at the most.
    pub batch_size: u32,
}

#[derive(sqlx::FromRow)]
struct AbandonedRow {
    id: i64,
    cursor_next_attempt_at: Option<i64>,
    cursor_incident_id: Option<i64>,
    batch_size: i64,
}

const INSERT: &str = "insert into processor_runs (trigger, host, started_at, updated_at, batch_size) \
    values ($1, $2, $3, $3, $4) returning id";
const ADVANCE: &str = "update processor_runs set updated_at = $2, cursor_next_attempt_at = $3, \
        cursor_incident_id = $4, batch_size = $5, captured = $6, skipped_open = $7, skipped_existing = $8, \
        failed = $9, batches = $10 \
    where id = $1";
const TOUCH: &str = "update processor_runs set updated_at = $2 where id = $1";
const FINISH: &str = "update processor_runs set updated_at = $2, finished_at = $2, captured = $3, skipped_open = $4, \
        skipped_existing = $5, failed = $6, batches = $7, error = $8 \
    where id = $1";
const DELETE: &str = "delete from processor_runs where id = $1";
const LIST: &str = "select id, trigger, host, started_at, updated_at, finished_at, captured, skipped_open, \
        skipped_existing, failed, batches, error \
    from processor_runs order by id desc limit $1";
const STILL: &str = "select id, trigger, host, started_at, updated_at, finished_at, captured, skipped_open, \
        skipped_existing, failed, batches, error \
    from processor_runs where finished_at is null and updated_at < $1 order by updated_at, id limit $2";
// Differs because SQLite holds its write lock anyway, while on Postgres another process may be taking the same over.
const ABANDONED: Text = Text {
    sqlite: "select id, cursor_next_attempt_at, cursor_incident_id, batch_size from processor_runs \
             where finished_at is null and updated_at < $1 order by id",
    postgres: "select id, cursor_next_attempt_at, cursor_incident_id, batch_size from processor_runs \
               where finished_at is null and updated_at < $1 order by id for update skip locked",
};
const TAKE_OVER: &str = "update processor_runs set finished_at = updated_at, error = $2 where id = $1";

impl TryFrom<RunRow> for ProcessorRun {
    type Error = StoreError;

    fn try_from(row: RunRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            trigger: super::incident::named(&row.trigger)?,
            host: row.host,
            started_at: Timestamp::from_micros(row.started_at),
            updated_at: Timestamp::from_micros(row.updated_at),
            finished_at: row.finished_at.map(Timestamp::from_micros),
            counts: RunCounts {
                captured: row.captured.unsigned_abs(),
                skipped_open: row.skipped_open.unsigned_abs(),
                skipped_existing: row.skipped_existing.unsigned_abs(),
                failed: row.failed.unsigned_abs(),
                batches: row.batches.unsigned_abs(),
            },
            error: row.error,
        })
    }
}

fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Tx {
    /// Begins the record of a run.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn insert_run(
        &mut self,
        trigger: Trigger,
        host: &str,
        now: Timestamp,
        batch_size: u32,
    ) -> Result<i64, StoreError> {
        Ok(on_engine!(self, connection => sqlx::query_scalar(INSERT)
            .bind(trigger.name())
            .bind(host)
            .bind(now.as_micros())
            .bind(i64::from(batch_size))
            .fetch_one(connection)
            .await?))
    }

    /// Moves the record of a run, in the transaction of its batch. `batch_size` is that of the batch to come.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn advance_run(
        &mut self,
        id: i64,
        now: Timestamp,
        cursor: Cursor,
        batch_size: u32,
        counts: RunCounts,
    ) -> Result<(), StoreError> {
        execute!(
            self,
            sqlx::query(ADVANCE)
                .bind(id)
                .bind(now.as_micros())
                .bind(cursor.next_attempt_at.as_micros())
                .bind(cursor.incident_id.value())
                .bind(i64::from(batch_size))
                .bind(stored(counts.captured))
                .bind(stored(counts.skipped_open))
                .bind(stored(counts.skipped_existing))
                .bind(stored(counts.failed))
                .bind(stored(counts.batches))
        );
        Ok(())
    }

    /// Says that a run goes on, without moving its cursor.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn touch_run(&mut self, id: i64, now: Timestamp) -> Result<(), StoreError> {
        execute!(self, sqlx::query(TOUCH).bind(id).bind(now.as_micros()));
        Ok(())
    }

    /// Ends the record of a run; one that found nothing leaves none.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn finish_run(
        &mut self,
        id: i64,
        now: Timestamp,
        counts: RunCounts,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        if counts.due() == 0 && error.is_none() {
            execute!(self, sqlx::query(DELETE).bind(id));
            return Ok(());
        }
        execute!(
            self,
            sqlx::query(FINISH)
                .bind(id)
                .bind(now.as_micros())
                .bind(stored(counts.captured))
                .bind(stored(counts.skipped_open))
                .bind(stored(counts.skipped_existing))
                .bind(stored(counts.failed))
                .bind(stored(counts.batches))
                .bind(error)
        );
        Ok(())
    }

    /// Takes over the runs that nobody has moved since `before`: their processes are dead.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn take_over_runs(&mut self, before: Timestamp) -> Result<Vec<AbandonedRun>, StoreError> {
        let text = ABANDONED.on(self);
        let rows: Vec<AbandonedRow> = on_engine!(self, connection =>
            sqlx::query_as(text).bind(before.as_micros()).fetch_all(connection).await?);
        let mut runs = Vec::with_capacity(rows.len());
        for row in rows {
            execute!(
                self,
                sqlx::query(TAKE_OVER)
                    .bind(row.id)
                    .bind("its process ended in the middle of a batch; the batch is replayed row by row")
            );
            let cursor = row.cursor_next_attempt_at.zip(row.cursor_incident_id).map_or(Cursor::START, |(at, id)| {
                Cursor { next_attempt_at: Timestamp::from_micros(at), incident_id: IncidentId::new(id) }
            });
            let batch_size = u32::try_from(row.batch_size).unwrap_or(crate::domain::schedule::LARGEST_BATCH);
            runs.push(AbandonedRun { id: row.id, cursor, batch_size });
        }
        Ok(runs)
    }

    /// The records of runs, newest first.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn runs(&mut self, limit: u32) -> Result<Vec<ProcessorRun>, StoreError> {
        let rows: Vec<RunRow> =
            on_engine!(self, connection => sqlx::query_as(LIST).bind(i64::from(limit)).fetch_all(connection).await?);
        rows.into_iter().map(ProcessorRun::try_from).collect()
    }

    /// The runs that are not over and that nobody has moved since `before`, `limit` at most.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn still_runs(&mut self, before: Timestamp, limit: u32) -> Result<Vec<ProcessorRun>, StoreError> {
        let rows: Vec<RunRow> = on_engine!(self, connection => sqlx::query_as(STILL)
            .bind(before.as_micros())
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?);
        rows.into_iter().map(ProcessorRun::try_from).collect()
    }
}
