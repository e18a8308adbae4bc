//! Deletes old events, a few at a time, and gives their pages back. What may go is decided elsewhere.

use super::engine::{Text, Tx, execute, on_engine};
use super::error::StoreError;
use crate::domain::window::Course;
use crate::domain::{IncidentId, Timestamp};

/// An incident whose snapshot is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Awaiting {
    /// Which.
    pub incident_id: IncidentId,
    /// What decides its ranges.
    pub course: Course,
}

#[derive(sqlx::FromRow)]
struct AwaitingRow {
    id: i64,
    date_started: i64,
    date_closed: Option<i64>,
    time_window_minutes: i64,
}

/// No range of an incident begins more than 201 windows, of 60,000,000 microseconds a minute, before its start.
const AWAITING: &str = "select i.id, i.date_started, i.date_closed, i.time_window_minutes \
    from incidents i left join pending_snapshots p on p.incident_id = i.id \
    where i.source = 'events' and (i.status = 'open' or p.incident_id is not null) \
        and i.date_started - 12060000000 * i.time_window_minutes < $1 \
    order by i.date_started - 12060000000 * i.time_window_minutes, i.id limit $2";
/// It only ever moves on.
const MOVE_HORIZON: &str = "insert into meta (key, value) values ('prune_horizon', $1) \
    on conflict (key) do update set value = excluded.value \
        where cast(meta.value as bigint) < cast(excluded.value as bigint)";
const OLDEST: &str = "select min(oldest) from (select (select min(e.occurred_at) from events e where e.project = p.project) \
    as oldest from event_projects p) projects";
const COUNT_BEFORE: &str = "select cast(coalesce(sum(events), 0) as bigint) from event_minutes m \
    join event_projects p on p.project = m.project where m.minute < $1";
const PROJECTS_BEFORE: &str = "select p.project from event_projects p \
    where exists (select 1 from events e where e.project = p.project and e.occurred_at < $1) \
        or exists (select 1 from event_minutes m where m.project = p.project and m.minute < $1 / 60000000) \
    order by p.project";
// Differs because Postgres leaves what another prune has in hand to that.
const DELETE_EVENTS: Text = Text {
    sqlite: "delete from events where id in (select id from events where project = $1 and occurred_at < $2 \
                 order by occurred_at limit $3)",
    postgres: "delete from events where id in (select id from events where project = $1 and occurred_at < $2 \
                   order by occurred_at limit $3 for update skip locked)",
};
/// The minutes of about so many rows, where no event is left that they count: another prune may have some in hand.
const DELETE_MINUTES: &str = "delete from event_minutes where project = $1 and minute < $2 and minute <= coalesce( \
    (select m.minute from event_minutes m where m.project = $1 order by m.minute limit 1 offset $3), $2) \
    and not exists (select 1 from events e where e.project = $1 and e.occurred_at < $2 * 60000000)";
const FREE_PAGES: &str = "select freelist_count from pragma_freelist_count()";
const PAGE_SIZE: &str = "select page_size from pragma_page_size()";
const AUTO_VACUUM: &str = "select auto_vacuum from pragma_auto_vacuum()";
/// The mode in which pages are given back when they are asked for.
const INCREMENTAL: i64 = 2;
/// It takes no parameters.
const GIVE_BACK: &str = "pragma incremental_vacuum(100)";

/// Pages of a database file that hold nothing any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FreePages {
    /// Their bytes.
    pub bytes: u64,
    /// Whether the file can be made smaller by them, bit by bit.
    pub can_be_given_back: bool,
}

impl Tx {
    /// Incidents whose snapshot is still to come and that may need events from before `before`, those first that reach
    /// back furthest.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn awaiting(&mut self, before: Timestamp, limit: u32) -> Result<Vec<Awaiting>, StoreError> {
        let rows: Vec<AwaitingRow> = on_engine!(self, connection => sqlx::query_as(AWAITING)
            .bind(before.as_micros())
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?);
        let read = |row: AwaitingRow| {
            let course = Course {
                date_started: Timestamp::from_micros(row.date_started),
                date_closed: row.date_closed.map(Timestamp::from_micros),
                time_window: super::incident::time_window(row.time_window_minutes)?,
            };
            Ok(Awaiting { incident_id: IncidentId::new(row.id), course })
        };
        rows.into_iter().map(read).collect()
    }

    /// Moves the prune horizon on (rule 14): from now on nothing before it is counted. It never goes back.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn move_prune_horizon(&mut self, to: Timestamp) -> Result<(), StoreError> {
        execute!(self, sqlx::query(MOVE_HORIZON).bind(to.as_micros().to_string()));
        Ok(())
    }

    /// When the oldest event was.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn oldest_event(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let oldest: Option<i64> =
            on_engine!(self, connection => sqlx::query_scalar(OLDEST).fetch_one(connection).await?);
        Ok(oldest.map(Timestamp::from_micros))
    }

    /// How many events there are before a whole minute.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn events_before(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let minute = before.as_micros().div_euclid(60_000_000);
        let count: i64 =
            on_engine!(self, connection => sqlx::query_scalar(COUNT_BEFORE).bind(minute).fetch_one(connection).await?);
        Ok(count.unsigned_abs())
    }

    /// The projects that have anything before `before`.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn projects_before(&mut self, before: Timestamp) -> Result<Vec<String>, StoreError> {
        let before = before.as_micros();
        Ok(on_engine!(self, connection =>
            sqlx::query_scalar(PROJECTS_BEFORE).bind(before).fetch_all(connection).await?))
    }

    /// Deletes up to `limit` of the oldest events of a project, and says how many.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn delete_events(&mut self, project: &str, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let text = DELETE_EVENTS.on(self);
        Ok(execute!(self, sqlx::query(text).bind(project).bind(before.as_micros()).bind(i64::from(limit))))
    }

    /// Deletes about `limit` of the oldest counts of a project, and says how many.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn delete_minutes(&mut self, project: &str, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let minute = before.as_micros().div_euclid(60_000_000);
        Ok(execute!(self, sqlx::query(DELETE_MINUTES).bind(project).bind(minute).bind(i64::from(limit))))
    }

    /// What of a database file holds nothing; nothing on a server, which looks after that by itself.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn free_pages(&mut self) -> Result<FreePages, StoreError> {
        let Self::Sqlite(transaction) = self else { return Ok(FreePages::default()) };
        let pages: i64 = sqlx::query_scalar(FREE_PAGES).fetch_one(&mut **transaction).await?;
        let size: i64 = sqlx::query_scalar(PAGE_SIZE).fetch_one(&mut **transaction).await?;
        let mode: i64 = sqlx::query_scalar(AUTO_VACUUM).fetch_one(&mut **transaction).await?;
        Ok(FreePages { bytes: (pages * size).unsigned_abs(), can_be_given_back: mode == INCREMENTAL })
    }

    /// Makes a database file smaller by a few of its free pages.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn give_pages_back(&mut self) -> Result<(), StoreError> {
        if let Self::Sqlite(transaction) = self {
            sqlx::query(GIVE_BACK).fetch_all(&mut **transaction).await?;
        }
        Ok(())
    }
}
