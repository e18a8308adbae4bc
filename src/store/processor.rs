//! The processes that run the processor on this database. For display only, never for correctness.

use super::engine::{Tx, execute, on_engine};
use super::error::StoreError;
use crate::domain::{Processor, Timestamp};

#[derive(sqlx::FromRow)]
struct ProcessorRow {
    host: String,
    pid: i64,
    kind: String,
    version: String,
    next_run_at: Option<i64>,
    last_seen: i64,
}

const UPSERT: &str = "insert into processors (host, pid, kind, version, next_run_at, last_seen) \
    values ($1, $2, $3, $4, $5, $6) \
    on conflict (host, pid) do update set kind = excluded.kind, version = excluded.version, \
        next_run_at = excluded.next_run_at, last_seen = excluded.last_seen";
const DELETE: &str = "delete from processors where host = $1 and pid = $2";
const FORGET: &str = "delete from processors where last_seen < $1";
const LIST: &str = "select host, pid, kind, version, next_run_at, last_seen from processors \
    order by last_seen desc, host, pid";

impl Tx {
    /// Says that a process is there, and forgets those not seen since `forgotten_before`.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn announce_processor(
        &mut self,
        processor: &Processor,
        forgotten_before: Timestamp,
    ) -> Result<(), StoreError> {
        execute!(self, sqlx::query(FORGET).bind(forgotten_before.as_micros()));
        execute!(
            self,
            sqlx::query(UPSERT)
                .bind(&processor.host)
                .bind(i64::from(processor.pid))
                .bind(processor.kind.name())
                .bind(&processor.version)
                .bind(processor.next_run_at.map(Timestamp::as_micros))
                .bind(processor.last_seen.as_micros())
        );
        Ok(())
    }

    /// Takes a process off the list.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn forget_processor(&mut self, host: &str, pid: u32) -> Result<(), StoreError> {
        execute!(self, sqlx::query(DELETE).bind(host).bind(i64::from(pid)));
        Ok(())
    }

    /// The processes on this database, as they last said.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn processors(&mut self) -> Result<Vec<Processor>, StoreError> {
        let rows: Vec<ProcessorRow> = on_engine!(self, connection => sqlx::query_as(LIST).fetch_all(connection).await?);
        let processor = |row: ProcessorRow| {
            Ok(Processor {
                host: row.host,
                pid: u32::try_from(row.pid).unwrap_or(0),
                kind: super::incident::named(&row.kind)?,
                version: row.version,
                next_run_at: row.next_run_at.map(Timestamp::from_micros),
                last_seen: Timestamp::from_micros(row.last_seen),
            })
        };
        rows.into_iter().map(processor).collect()
    }
}
