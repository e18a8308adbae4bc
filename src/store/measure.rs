//! Counts events: totals and series for many ranges at once, whatever incidents they belong to.

use sqlx::AssertSqlSafe;

use super::engine::{Text, Tx};
use super::error::StoreError;
use super::minute;
use super::predicate::Predicate;
use crate::domain::{Aggregation, Query, Timestamp, series::Count, window::Range};

/// A range of one project to be totalled; several with the same slot are counted together.
#[derive(Debug, Clone)]
pub struct TotalsSlot {
    /// What the answer is for.
    pub slot: i64,
    /// Whose events.
    pub project: String,
    /// When.
    pub range: Range,
}

/// A range of one project to be counted per bucket; several with the same slot are counted together.
#[derive(Debug, Clone)]
pub struct SeriesSlot {
    /// What the answer is for.
    pub slot: i64,
    /// Whose events.
    pub project: String,
    /// When.
    pub range: Range,
    /// The length of a bucket in microseconds.
    pub period_micros: i64,
    /// The number of the bucket at which positions begin to count.
    pub first_bucket: i64,
}

/// The answer for a totals slot; one that counted nothing has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeasuredTotals {
    /// What it is for.
    pub slot: i64,
    /// The sum of the weights.
    pub total_events: i64,
    /// The distinct users.
    pub unique_users: i64,
}

/// The answer for a series slot; one that counted nothing has none.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredSeries {
    /// What it is for.
    pub slot: i64,
    /// Its non-empty buckets in time order.
    pub counts: Vec<(u32, Count)>,
}

// Differs because SQLite has no arrays: the ranges come as one JSON text, and the answers go as one. It is also told there to take the ranges
// first and to look the events up by their index, which `cross join` means to it.
const TOTALS: Text = Text {
    sqlite: "with request(slot, project, range_start, range_end) as materialized ( \
                 select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each($1)) ",
    postgres: "with request(slot, project, range_start, range_end) as materialized ( \
                   select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[])) ",
};
// Differs because Postgres sorts to count what is distinct, and is several times faster where it groups by that first;
// SQLite would sort to group, and is faster where it only looks up what it has seen.
const TOTALS_BODY: Text = Text {
    sqlite: "select json_group_array(json_array(slot, total, users)) from ( \
             select r.slot, cast(sum(e.weight) as bigint) as total, count(distinct e.user_name) as users \
             from request r cross join events e \
             where e.project = r.project and e.occurred_at >= r.range_start and e.occurred_at < r.range_end",
    postgres: "select slot, cast(sum(weight) as bigint), count(user_name) from ( \
                   select r.slot, e.user_name, sum(e.weight) as weight \
                   from request r cross join events e \
                   where e.project = r.project and e.occurred_at >= r.range_start and e.occurred_at < r.range_end",
};
// Differs as above.
const TOTALS_TAIL: Text =
    Text { sqlite: " group by r.slot)", postgres: " group by r.slot, e.user_name) users group by slot" };
// Differs as above.
const SERIES: Text = Text {
    sqlite: "with request(slot, project, range_start, range_end, period, first_bucket, whole_minutes) as materialized ( \
                 select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6 \
                 from json_each($1)) select json_group_array(json_array(slot, counts)) from ( ",
    postgres: "with request(slot, project, range_start, range_end, period, first_bucket, whole_minutes) \
                   as materialized ( \
                   select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], \
                                        $6::bigint[], $7::bigint[])) select slot, counts from ( ",
};
// Events do not begin before 1970, so the division that truncates rounds down here.
const SERIES_TOTAL: &str = "select slot, string_agg(position || ':' || counted, ',' order by position) as counts from ( \
         select r.slot, e.occurred_at / r.period - r.first_bucket as position, \
                cast(sum(e.weight) as bigint) as counted \
         from request r cross join events e \
         where e.project = r.project and e.occurred_at >= r.range_start and e.occurred_at < r.range_end";
/// Whole minutes from their counts, the rest from the events. The condition on either stands behind each.
const SERIES_BY_MINUTE: (&str, &str) = (
    "select slot, string_agg(position || ':' || counted, ',' order by position) as counts from ( \
         select slot, position, cast(sum(weight) as bigint) as counted from ( \
             select r.slot, e.occurred_at / r.period - r.first_bucket as position, e.weight \
             from request r cross join events e \
             where r.whole_minutes = 0 and e.project = r.project and e.occurred_at >= r.range_start \
                 and e.occurred_at < r.range_end",
    " union all \
             select r.slot, e.minute * 60000000 / r.period - r.first_bucket as position, e.weight \
             from request r cross join ( \
                 select project, minute, weight, case when level <> '' then substr(level, 2) end as level, \
                     case when environment <> '' then substr(environment, 2) end as environment \
                 from event_minutes) e \
             where r.whole_minutes = 1 and e.project = r.project and e.minute >= r.range_start / 60000000 \
                 and e.minute < r.range_end / 60000000",
);
const SERIES_USERS: &str = "select slot, string_agg(position || ':' || counted, ',' order by position) as counts from ( \
         select r.slot, e.occurred_at / r.period - r.first_bucket as position, \
                count(distinct e.user_name) as counted \
         from request r cross join events e \
         where e.project = r.project and e.occurred_at >= r.range_start and e.occurred_at < r.range_end";
const SERIES_BY_MINUTE_TAIL: &str = ") parts group by 1, 2) buckets where counted > 0 group by slot) series";
const SERIES_TAIL: &str = " group by 1, 2) buckets where counted > 0 group by slot) series";

/// A few ranges against a table of any size: only nested loops over the index make sense, and a planner with old
/// statistics, or with an opinion on a query's terms, would read the whole table for them.
const LOOK_UP: &str = "select set_config('enable_seqscan', 'off', true), set_config('enable_material', 'off', true), \
    set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)";

const EVENT_PROJECTS: &str = "select project from event_projects order by project";
const PRUNE_HORIZON: &str = "select value from meta where key = 'prune_horizon'";

/// Binds the values of a predicate behind what is bound already, and fetches.
macro_rules! fetch {
    ($query:expr, $predicate:expr, $fetch:ident, $connection:expr) => {{
        let mut query = $query;
        for value in &$predicate.values {
            query = query.bind(value.clone());
        }
        super::engine::answered(async { Ok(query.$fetch($connection).await?) }).await?
    }};
}

/// The same of rows that are packed into one.
macro_rules! packed {
    ($query:expr, $predicate:expr, $connection:expr) => {{
        let packed: String = fetch!($query, $predicate, fetch_one, $connection);
        super::packed::rows(&packed)?
    }};
}

impl Tx {
    /// Has the events of the ranges to come looked up by their index, for the rest of the transaction. One that captures
    /// does so from its beginning.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn look_events_up(&mut self) -> Result<(), StoreError> {
        // SQLite does so in any case: the texts here say `cross join`.
        if let Self::Postgres(transaction) = self {
            sqlx::query(LOOK_UP).execute(&mut **transaction).await?;
        }
        Ok(())
    }

    /// The total and the distinct users of each slot.
    ///
    /// # Errors
    /// Where the database cannot, or the sum leaves the range of 64 bits.
    pub async fn measure_totals(
        &mut self,
        query: &Query,
        slots: &[TotalsSlot],
    ) -> Result<Vec<MeasuredTotals>, StoreError> {
        let parameters = if self.locks_rows() { 4 } else { 1 };
        let predicate = Predicate::new(query, self, parameters + 1);
        let text = format!("{}{}{}{}", TOTALS.on(self), TOTALS_BODY.on(self), predicate.text, TOTALS_TAIL.on(self));
        let text = AssertSqlSafe(text);
        let mut rows: Vec<(i64, i64, i64)> = match self {
            Self::Sqlite(transaction) => {
                let request: Vec<_> = slots
                    .iter()
                    .map(|slot| (slot.slot, &slot.project, slot.range.start.as_micros(), slot.range.end.as_micros()))
                    .collect();
                packed!(sqlx::query_scalar(text).bind(json(&request)?), predicate, &mut **transaction)
            }
            Self::Postgres(transaction) => {
                let query = sqlx::query_as(text)
                    .bind(column(slots, |slot| slot.slot))
                    .bind(column(slots, |slot| slot.project.clone()))
                    .bind(column(slots, |slot| slot.range.start.as_micros()))
                    .bind(column(slots, |slot| slot.range.end.as_micros()));
                fetch!(query, predicate, fetch_all, &mut **transaction)
            }
        };
        rows.sort_unstable();
        let measured = |(slot, total_events, unique_users)| MeasuredTotals { slot, total_events, unique_users };
        Ok(rows.into_iter().map(measured).collect())
    }

    /// The series of each slot.
    ///
    /// # Errors
    /// As [`Tx::measure_totals`].
    pub async fn measure_series(
        &mut self,
        query: &Query,
        aggregation: Aggregation,
        slots: &[SeriesSlot],
    ) -> Result<Vec<MeasuredSeries>, StoreError> {
        let parameters = if self.locks_rows() { 7 } else { 1 };
        let predicate = Predicate::new(query, self, parameters + 1);
        let by_minute = aggregation == Aggregation::Total && minute::can_answer(query);
        let body = series_body(aggregation, by_minute, &predicate.text);
        let text = AssertSqlSafe(format!("{}{body}", SERIES.on(self)));
        let parts: Vec<Part<'_>> = slots.iter().flat_map(|slot| Part::of(slot, by_minute)).collect();
        let mut rows: Vec<(i64, String)> = match self {
            Self::Sqlite(transaction) => {
                let request: Vec<_> = parts
                    .iter()
                    .map(|Part { slot, range, whole_minutes }| {
                        let (start, end) = (range.start.as_micros(), range.end.as_micros());
                        (slot.slot, &slot.project, start, end, slot.period_micros, slot.first_bucket, whole_minutes)
                    })
                    .collect();
                packed!(sqlx::query_scalar(text).bind(json(&request)?), predicate, &mut **transaction)
            }
            Self::Postgres(transaction) => {
                let query = sqlx::query_as(text)
                    .bind(column(&parts, |part| part.slot.slot))
                    .bind(column(&parts, |part| part.slot.project.clone()))
                    .bind(column(&parts, |part| part.range.start.as_micros()))
                    .bind(column(&parts, |part| part.range.end.as_micros()))
                    .bind(column(&parts, |part| part.slot.period_micros))
                    .bind(column(&parts, |part| part.slot.first_bucket))
                    .bind(column(&parts, |part| part.whole_minutes));
                fetch!(query, predicate, fetch_all, &mut **transaction)
            }
        };
        rows.sort_unstable();
        let decode = |(slot, counts): (i64, String)| {
            let counts = crate::domain::Series::decode_counts(&counts)
                .map_err(|error| StoreError::Damaged(error.to_string()))?;
            Ok(MeasuredSeries { slot, counts })
        };
        rows.into_iter().map(decode).collect()
    }

    /// Every project that has events; an empty name where some belong to none.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn event_projects(&mut self) -> Result<Vec<String>, StoreError> {
        Ok(super::engine::on_engine!(self, connection =>
            sqlx::query_scalar(EVENT_PROJECTS).fetch_all(connection).await?))
    }

    /// From when on the events table holds everything (rule 14); `None` where nothing was ever pruned.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn prune_horizon(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let value: Option<String> = super::engine::on_engine!(self, connection =>
            sqlx::query_scalar(PRUNE_HORIZON).fetch_optional(connection).await?);
        let read = |value: String| {
            let damaged = || StoreError::Damaged("the prune horizon is no number".into());
            value.parse().map(Timestamp::from_micros).map_err(|_| damaged())
        };
        value.map(read).transpose()
    }
}

fn series_body(aggregation: Aggregation, by_minute: bool, condition: &str) -> String {
    if by_minute {
        let (events, minutes) = SERIES_BY_MINUTE;
        return format!("{events}{condition}{minutes}{condition}{SERIES_BY_MINUTE_TAIL}");
    }
    let body = match aggregation {
        Aggregation::Total => SERIES_TOTAL,
        Aggregation::UniqueUsers => SERIES_USERS,
    };
    format!("{body}{condition}{SERIES_TAIL}")
}

/// A part of a slot's range that is counted in one way.
struct Part<'a> {
    slot: &'a SeriesSlot,
    range: Range,
    /// 1 where its minutes are whole and counted already, 0 where events are counted.
    whole_minutes: i64,
}

impl<'a> Part<'a> {
    /// A slot in parts: its whole minutes, where they are wanted, and what is left of it at both ends.
    fn of(slot: &'a SeriesSlot, by_minute: bool) -> impl Iterator<Item = Self> {
        let range = slot.range;
        let whole = if by_minute { range.whole_minutes() } else { Range::new(range.start, range.start) };
        let parts = if whole.is_empty() {
            [(range, 0), (whole, 1), (whole, 0)]
        } else {
            [(Range::new(range.start, whole.start), 0), (whole, 1), (Range::new(whole.end, range.end), 0)]
        };
        let parts = parts.into_iter().filter(|(range, _)| !range.is_empty());
        parts.map(move |(range, whole_minutes)| Self { slot, range, whole_minutes })
    }
}

pub(super) fn column<S, T>(slots: &[S], value: impl Fn(&S) -> T) -> Vec<T> {
    slots.iter().map(value).collect()
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(error.to_string()))
}
