//! What others are to be told: who wants it, what waits to be sent, and the lease under which a process sends it.

use std::time::Duration;

use super::engine::{Text, Tx, execute};
use super::error::StoreError;
use super::incident::{json_ids, named, raw_ids};
use crate::domain::{IncidentId, MessageKind, Timestamp};

/// A target that no process has named for so long is forgotten, with all that waits for it.
pub const FORGOTTEN_AFTER: Duration = Duration::from_hours(7 * 24);

/// A message that a process has taken to send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// The number of its row.
    pub id: i64,
    /// By which a receiver knows it again; the same in every attempt.
    pub message_id: String,
    /// What it tells.
    pub kind: MessageKind,
    /// Of which incident.
    pub incident_id: IncidentId,
    /// Since when it is so.
    pub occurred_at: Timestamp,
    /// How often it was sent without success.
    pub attempts: u32,
    /// Until then no other process takes it.
    pub leased_until: Timestamp,
}

/// A target whose messages have been waiting for long.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SlowTarget {
    /// Its name.
    pub target: String,
    /// How many messages wait for it.
    #[sqlx(try_from = "i64")]
    pub waiting: u64,
    /// Why the oldest of them was not delivered, where it was tried.
    pub last_error: Option<String>,
}

#[derive(sqlx::FromRow)]
struct MessageRow {
    id: i64,
    message_id: String,
    kind: String,
    incident_id: i64,
    occurred_at: i64,
    attempts: i64,
}

impl MessageRow {
    fn leased(self, until: Timestamp) -> Result<OutboxMessage, StoreError> {
        Ok(OutboxMessage {
            id: self.id,
            message_id: self.message_id,
            kind: named(&self.kind)?,
            incident_id: IncidentId::new(self.incident_id),
            occurred_at: Timestamp::from_micros(self.occurred_at),
            attempts: u32::try_from(self.attempts).unwrap_or(0),
            leased_until: until,
        })
    }
}

const UPSERT_TARGET: &str = "insert into outbox_targets (name, kinds, last_seen) values ($1, $2, $3) \
    on conflict (name) do update set kinds = excluded.kinds, last_seen = excluded.last_seen";
const FORGET_TARGETS: &str = "delete from outbox_targets where last_seen < $1";
const FORGET_MESSAGES: &str = "delete from outbox where not exists \
    (select 1 from outbox_targets t where t.name = outbox.target)";
// Differs because SQLite has no arrays, and reads the targets first, of which there may be none, only where it is told to.
const ENQUEUE: Text = Text {
    sqlite: "insert into outbox (target, kind, incident_id, occurred_at, next_attempt_at) \
             select t.name, $2, i.value, $3, $3 from outbox_targets t cross join json_each($1) i \
             where t.last_seen >= $4 and t.kinds like '%' || $2 || '%'",
    postgres: "insert into outbox (target, kind, incident_id, occurred_at, next_attempt_at) \
               select t.name, $2, i.id, $3, $3 from outbox_targets t cross join unnest($1::bigint[]) as i(id) \
               where t.last_seen >= $4 and t.kinds like '%' || $2 || '%'",
};
const ANY_DUE: &str = "select exists (select 1 from outbox where target = $1 and next_attempt_at <= $2)";
// Differs because Postgres leaves out what another process takes at the same time, while SQLite has one write lock.
const CLAIM: Text = Text {
    sqlite: "update outbox set next_attempt_at = $3 where id in \
                 (select id from outbox where target = $1 and next_attempt_at <= $2 \
                  order by next_attempt_at, id limit $4) \
             returning id, message_id, kind, incident_id, occurred_at, attempts",
    postgres: "update outbox set next_attempt_at = $3 where id = any(array( \
                   select id from outbox where target = $1 and next_attempt_at <= $2 \
                   order by next_attempt_at, id limit $4 for update skip locked)) \
               returning id, message_id, kind, incident_id, occurred_at, attempts",
};
const SLOW: &str = "select o.target, count(*) as waiting, \
        (select l.last_error from outbox l where l.target = o.target order by l.occurred_at, l.id limit 1) as last_error \
    from outbox o group by o.target having min(o.occurred_at) < $1 order by o.target limit $2";
const DELETE: &str = "delete from outbox where id = $1";
const FAIL: &str = "update outbox set attempts = attempts + 1, last_error = $3, next_attempt_at = $4 \
    where id = $1 and next_attempt_at = $2";

/// Characters of an error that are kept.
const ERROR_LIMIT: usize = 500;

impl Tx {
    /// Says that somebody delivers to this target what is of these kinds, and forgets the targets of which nobody has
    /// said so for a week.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn announce_outbox_target(
        &mut self,
        name: &str,
        kinds: &[MessageKind],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        execute!(self, sqlx::query(UPSERT_TARGET).bind(name).bind(kinds.join(" ")).bind(now.as_micros()));
        let forgotten = execute!(self, sqlx::query(FORGET_TARGETS).bind((now - FORGOTTEN_AFTER).as_micros()));
        if forgotten > 0 {
            self.execute(FORGET_MESSAGES).await?;
        }
        Ok(())
    }

    /// Leaves a message of each of these incidents to every target that wants this kind. It is told only where this
    /// transaction is committed.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn enqueue_messages(
        &mut self,
        kind: MessageKind,
        ids: &[IncidentId],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        if ids.is_empty() {
            return Ok(0);
        }
        let text = ENQUEUE.on(self);
        let (at, seen_since) = (now.as_micros(), (now - FORGOTTEN_AFTER).as_micros());
        let enqueued = async {
            let enqueued = match self {
                Self::Sqlite(transaction) => {
                    let query = sqlx::query(text).bind(json_ids(ids)).bind(kind.name()).bind(at).bind(seen_since);
                    query.execute(&mut **transaction).await?.rows_affected()
                }
                Self::Postgres(transaction) => {
                    let query = sqlx::query(text).bind(raw_ids(ids)).bind(kind.name()).bind(at).bind(seen_since);
                    query.execute(&mut **transaction).await?.rows_affected()
                }
            };
            Ok(enqueued)
        };
        super::engine::answered(enqueued).await
    }

    /// Whether anything waits to be sent to a target at `now`.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn any_message_due(&mut self, target: &str, now: Timestamp) -> Result<bool, StoreError> {
        Ok(super::engine::on_engine!(self, connection =>
            sqlx::query_scalar(ANY_DUE).bind(target).bind(now.as_micros()).fetch_one(connection).await?))
    }

    /// Takes up to `limit` messages that are due for a target, so that until the end of `lease` no other process does.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn claim_messages(
        &mut self,
        target: &str,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> Result<Vec<OutboxMessage>, StoreError> {
        let (text, until) = (CLAIM.on(self), now + lease);
        let mut rows: Vec<MessageRow> = super::engine::on_engine!(self, connection => sqlx::query_as(text)
            .bind(target)
            .bind(now.as_micros())
            .bind(until.as_micros())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(connection)
            .await?);
        // What an update returns has no order.
        rows.sort_by_key(|row| row.id);
        rows.into_iter().map(|row| row.leased(until)).collect()
    }

    /// The targets for which a message has been waiting since `before`, `limit` at most.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn slow_targets(&mut self, before: Timestamp, limit: u32) -> Result<Vec<SlowTarget>, StoreError> {
        Ok(super::engine::on_engine!(self, connection => sqlx::query_as(SLOW)
            .bind(before.as_micros())
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?))
    }

    /// Removes a message that is delivered, or that nobody needs to be told any more.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn delete_message(&mut self, id: i64) -> Result<(), StoreError> {
        execute!(self, sqlx::query(DELETE).bind(id));
        Ok(())
    }

    /// Records that a message could not be delivered, unless another process has taken it since.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn record_undelivered(
        &mut self,
        message: &OutboxMessage,
        error: &str,
        retry_at: Timestamp,
    ) -> Result<(), StoreError> {
        execute!(
            self,
            sqlx::query(FAIL)
                .bind(message.id)
                .bind(message.leased_until.as_micros())
                .bind(crate::domain::text::shorten(error, ERROR_LIMIT))
                .bind(retry_at.as_micros())
        );
        Ok(())
    }
}
