//! The database as a whole: counts, sizes, and what it remembers about itself.

use super::engine::{Text, Tx, execute, on_engine};
use super::error::StoreError;
use crate::domain::Timestamp;

/// How many there are of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Incidents that are open.
    pub incidents_open: u64,
    /// Incidents that are closed.
    pub incidents_closed: u64,
    /// Pending snapshots, dead ones too.
    pub pending: u64,
    /// Pending snapshots that the next run takes.
    pub due: u64,
    /// Pending snapshots that have failed and are tried again.
    pub failing: u64,
    /// Pending snapshots that only an operator can revive.
    pub dead: u64,
    /// Current snapshots.
    pub snapshots: u64,
    /// As of when.
    pub as_of: Timestamp,
    /// Until then time alone changes none of this; `None`: ever.
    pub hold_until: Option<Timestamp>,
    /// Living pending snapshots that are tried before their target: forced by an operator, and failed.
    pub rushed: u64,
}

/// What waits for a processor, or for a receiver of messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Since when the pending snapshot has been due that has been so for the longest.
    pub due_since: Option<Timestamp>,
    /// Messages that are not delivered yet.
    pub messages: u64,
    /// Of when the oldest of them tells.
    pub messages_since: Option<Timestamp>,
}

const COUNTS: &str = "select o.open, o.closed, p.rows, p.due, p.failing, p.dead, s.rows, p.next, p.rushed \
    from (select count(case when status = 'open' then 1 end) as open, \
            count(case when status = 'closed' then 1 end) as closed from incidents) o, \
        (select count(*) as rows, \
            count(case when dead_since is null and next_attempt_at <= $1 and target_run_date <= $1 then 1 end) as due, \
            count(case when dead_since is null and (attempts > 0 or next_attempt_at > target_run_date \
                and next_attempt_at > $1) then 1 end) as failing, \
            count(dead_since) as dead, \
            min(case when dead_since is null and next_attempt_at > $1 then next_attempt_at \
                when dead_since is null and target_run_date > $1 then target_run_date end) as next, \
            count(case when dead_since is null and next_attempt_at < target_run_date then 1 end) as rushed \
            from pending_snapshots) p, \
        (select count(*) as rows from incident_snapshots) s";
/// What has become due between two instants, what of that had been waiting for another try without having failed, and
/// when the next is. By the index of attempts: no row may be tried before its target.
const MOVED: &str = "select count(*), \
        count(case when attempts = 0 and next_attempt_at > target_run_date then 1 end), \
        (select min(next_attempt_at) from pending_snapshots where dead_since is null and next_attempt_at > $2) \
    from pending_snapshots where dead_since is null and next_attempt_at > $1 and next_attempt_at <= $2";
/// A row that is tried again is due from then on, and not from its target.
const BACKLOG: &str = "select p.since, o.rows, o.since \
    from (select min(case when next_attempt_at > target_run_date then next_attempt_at else target_run_date end) as since \
            from pending_snapshots where dead_since is null and next_attempt_at <= $1 and target_run_date <= $1) p, \
        (select count(*) as rows, min(occurred_at) as since from outbox) o";
// Differs because each engine knows its size in another way.
const SIZE: Text = Text {
    sqlite: "select page_count * page_size from pragma_page_count(), pragma_page_size()",
    postgres: "select pg_database_size(current_database())",
};
const EMPTY: &str = "select not exists (select 1 from incidents) and not exists (select 1 from alert_rules) \
    and not exists (select 1 from events)";
const GET_META: &str = "select value from meta where key = $1";
const SET_META: &str = "insert into meta (key, value) values ($1, $2) \
    on conflict (key) do update set value = excluded.value";
/// Every table but the migrations', those that refer to others first.
const CLEAR: &[&str] = &[
    "delete from time_series_snapshots",
    "delete from superseded_snapshots",
    "delete from incident_snapshots",
    "delete from pending_snapshots",
    "delete from incident_activities",
    "delete from incident_projects",
    "delete from incidents",
    "delete from alert_groups",
    "delete from alert_rule_projects",
    "delete from alert_rules",
    "delete from event_minutes",
    "delete from events",
    "delete from event_projects",
    "delete from imports",
    "delete from processor_runs",
    "delete from processors",
    "delete from meta",
];
// Differs because each engine numbers its rows in another way.
const RESTART_NUMBERS: Text = Text {
    sqlite: "delete from sqlite_sequence",
    postgres: "do $$ begin execute 'alter table incidents alter column id restart'; \
               execute 'alter table incident_activities alter column id restart'; \
               execute 'alter table alert_rules alter column id restart'; \
               execute 'alter table processor_runs alter column id restart'; \
               execute 'alter table events alter column id restart'; end $$",
};

impl Tx {
    /// How many there are of what, as of `now`.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn counts(&mut self, now: Timestamp) -> Result<Counts, StoreError> {
        let row: (i64, i64, i64, i64, i64, i64, i64, Option<i64>, i64) = on_engine!(self, connection =>
            sqlx::query_as(COUNTS).bind(now.as_micros()).fetch_one(connection).await?);
        Ok(Counts {
            incidents_open: row.0.unsigned_abs(),
            incidents_closed: row.1.unsigned_abs(),
            pending: row.2.unsigned_abs(),
            due: row.3.unsigned_abs(),
            failing: row.4.unsigned_abs(),
            dead: row.5.unsigned_abs(),
            snapshots: row.6.unsigned_abs(),
            as_of: now,
            hold_until: row.7.map(Timestamp::from_micros),
            rushed: row.8.unsigned_abs(),
        })
    }

    /// What waits, as of `now`.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn backlog(&mut self, now: Timestamp) -> Result<Backlog, StoreError> {
        let (due_since, messages, messages_since): (Option<i64>, i64, Option<i64>) = on_engine!(self, connection =>
            sqlx::query_as(BACKLOG).bind(now.as_micros()).fetch_one(connection).await?);
        Ok(Backlog {
            due_since: due_since.map(Timestamp::from_micros),
            messages: messages.unsigned_abs(),
            messages_since: messages_since.map(Timestamp::from_micros),
        })
    }

    /// What becomes of counts by the passing of time alone, while nothing that was counted has changed.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn counts_later(&mut self, before: Counts, now: Timestamp) -> Result<Counts, StoreError> {
        if now < before.as_of || before.rushed > 0 {
            return self.counts(now).await;
        }
        let (due, tried_again, next): (i64, i64, Option<i64>) = on_engine!(self, connection => sqlx::query_as(MOVED)
            .bind(before.as_of.as_micros())
            .bind(now.as_micros())
            .fetch_one(connection)
            .await?);
        Ok(Counts {
            due: before.due + due.unsigned_abs(),
            failing: before.failing.saturating_sub(tried_again.unsigned_abs()),
            as_of: now,
            hold_until: next.map(Timestamp::from_micros),
            ..before
        })
    }

    /// The database's size in bytes.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn size_bytes(&mut self) -> Result<u64, StoreError> {
        let text = SIZE.on(self);
        let size: i64 = on_engine!(self, connection => sqlx::query_scalar(text).fetch_one(connection).await?);
        Ok(size.unsigned_abs())
    }

    /// Whether there is no incident, no rule and no event.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn is_empty(&mut self) -> Result<bool, StoreError> {
        Ok(on_engine!(self, connection => sqlx::query_scalar(EMPTY).fetch_one(connection).await?))
    }

    /// What the database remembers about itself under `key`.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn meta(&mut self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(on_engine!(self, connection => sqlx::query_scalar(GET_META).bind(key).fetch_optional(connection).await?))
    }

    /// Remembers `value` under `key`.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn set_meta(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        execute!(self, sqlx::query(SET_META).bind(key).bind(value));
        Ok(())
    }

    /// Deletes everything: only ever called on a demo.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn clear(&mut self) -> Result<(), StoreError> {
        for text in CLEAR {
            self.execute(text).await?;
        }
        let text = RESTART_NUMBERS.on(self);
        self.execute(text).await?;
        Ok(())
    }
}
