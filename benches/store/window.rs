//! One window of 200 points and its totals, out of many events, beside the plain `group by` over the same index.

use std::time::{Duration, Instant};

use afterimage::domain::series::bucket_number;
use afterimage::domain::window::Course;
use afterimage::domain::{Aggregation, IncidentId, Query, TimeWindow, Timestamp};
use afterimage::source::{self, Request};
use afterimage::store::{SeriesSlot, Store};

use crate::Choice;
use crate::ground::{Database, Engine, Ground};
use crate::row::{Row, quantile};
use crate::script::{COUNT_MINUTES, COUNT_MINUTES_OF};

/// 2025-01-01: a minute's window sees 200 minutes, whatever else there is.
const BEGINNING: i64 = 1_735_689_600_000_000;
const MINUTE: i64 = 60_000_000;
const TURNS: usize = 7;

/// A way to ask.
struct Case {
    name: &'static str,
    aggregation: Aggregation,
    query: &'static str,
    /// Microseconds after a whole minute.
    offset: i64,
}

const CASES: [Case; 5] = [
    Case { name: "total", aggregation: Aggregation::Total, query: "", offset: 0 },
    Case { name: "total, not aligned", aggregation: Aggregation::Total, query: "", offset: 17_250_000 },
    Case { name: "total of a level", aggregation: Aggregation::Total, query: "level:error", offset: 0 },
    Case { name: "total of a message", aggregation: Aggregation::Total, query: "message:*timeout*", offset: 0 },
    Case { name: "unique users", aggregation: Aggregation::UniqueUsers, query: "", offset: 0 },
];

pub async fn run(ground: &Ground, choice: &Choice) {
    for events in choice.sizes(choice.events, 20_000, &[1_000_000, 10_000_000]) {
        for engine in &ground.engines {
            let database = ground.database(*engine, "windows").await;
            fill(&database, events);
            let store = database.store().await;
            for case in &CASES {
                measure(&database, &store, case, events).await;
            }
            store.close().await;
            ground.remove(&database);
        }
    }
}

/// Events of one statement on SQLite, which would sort all of them to count them.
const CHUNK: u64 = 1_000_000;

/// All events lie within the 200 minutes of the window, in the order of time, by 10,000 users.
fn fill(database: &Database, events: u64) {
    let span = 200 * MINUTE;
    let row = format!(
        "select 'web', {BEGINNING} + n * {span} / {events}, 1, 'user-' || (n * 7919 % 10000), \
         case n % 10 when 0 then 'fatal' when 1 then 'warning' else 'error' end, 'production', \
         case n % 5 when 0 then 'connection timeout' else 'other' end from n"
    );
    let insert = "insert into events (project, occurred_at, weight, user_name, level, environment, message)";
    database.sql(&match database.engine {
        Engine::Sqlite => {
            let chunk = |first: u64| {
                let end = events.min(first + CHUNK);
                format!(
                    "begin; {insert} with recursive n(n) as \
                     (select {first} union all select n + 1 from n where n + 1 < {end}) {row}; \
                     {COUNT_MINUTES_OF} where id > {first} and id <= {end} group by 1, 2, 3, 4 on conflict do update set \
                     weight = weight + excluded.weight, events = events + excluded.events; commit"
                )
            };
            let chunks: Vec<String> = (0..events).step_by(usize::try_from(CHUNK).expect("few")).map(chunk).collect();
            format!(
                "pragma synchronous = off; pragma cache_size = -400000; insert into event_projects values ('web'); {}; \
                 pragma wal_checkpoint(truncate)",
                chunks.join("; ")
            )
        }
        Engine::Postgres => format!(
            "{insert} with n(n) as (select * from generate_series(0::bigint, {events} - 1)) {row}; \
             insert into event_projects values ('web'); {COUNT_MINUTES}; vacuum (analyze); checkpoint"
        ),
    });
}

async fn measure(database: &Database, store: &Store, case: &Case, events: u64) {
    let started = Timestamp::from_micros(BEGINNING + 185 * MINUTE + case.offset);
    let course = Course {
        date_started: started,
        date_closed: Some(started + Duration::from_mins(5)),
        time_window: TimeWindow::from_minutes(1).expect("it may be one"),
    };
    let now = started + Duration::from_hours(24);
    let request = Request {
        incident_id: IncidentId::new(1),
        projects: vec!["web".to_owned()],
        query: Query::parse(case.query).expect("it can be read"),
        aggregation: case.aggregation,
        ranges: course.ranges(now),
        period: course.time_window.span(),
    };
    let turns = turns(events);
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    let text = plain_text(database, &request, case);
    for _ in 0..turns {
        let began = Instant::now();
        let mut tx = store.read().await.expect("it is there");
        tx.look_events_up().await.expect("it can be asked for");
        let measured = source::measure(&mut tx, std::slice::from_ref(&request), now).await.expect("it can be counted");
        ours.push(began.elapsed());
        let began = Instant::now();
        let answer = database.sql(&text);
        plain.push(began.elapsed());
        let total = measured[0].total_events.unwrap_or_default();
        let users = measured[0].unique_users.unwrap_or_default();
        let windowed: f64 = measured[0].windowed.counts.iter().map(|(_, count)| count.as_f64()).sum();
        assert_eq!(
            answer.lines().last(),
            Some(format!("{total}|{users}|{windowed:.0}").as_str()),
            "both count the same"
        );
    }
    if case.query.is_empty() {
        series_alone(database, store, case, &request, events).await;
    }
    Row {
        work: format!("window of 200, {}", case.name),
        engine: database.engine.name(),
        size: format!("{events} events within it"),
        ours: quantile(&mut ours, 0.5),
        limit: Some(quantile(&mut plain, 0.5)),
        beside: "both with the totals and the lifetime series; the limit in the engine's own client, with its start"
            .to_owned(),
        ..Row::default()
    }
    .print();
}

/// How often each is asked: the plain way takes a minute for a hundred million.
fn turns(events: u64) -> usize {
    match events {
        0..=2_000_000 => TURNS,
        2_000_001..=20_000_000 => 3,
        _ => 1,
    }
}

/// The series without the totals, whose unique users are counted event by event (rule 9).
async fn series_alone(database: &Database, store: &Store, case: &Case, request: &Request, events: u64) {
    let range = request.ranges.windowed;
    let slot = SeriesSlot {
        slot: 0,
        project: "web".to_owned(),
        range,
        period_micros: MINUTE,
        first_bucket: bucket_number(range.start, request.period),
    };
    let text = format!(
        "select occurred_at / {MINUTE}, {} from events where project = 'web' and occurred_at >= {} and occurred_at < {} \
         group by 1",
        counted(case),
        range.start.as_micros(),
        range.end.as_micros()
    );
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..turns(events) {
        let began = Instant::now();
        let mut tx = store.read().await.expect("it is there");
        tx.look_events_up().await.expect("it can be asked for");
        let series = tx.measure_series(&request.query, case.aggregation, std::slice::from_ref(&slot)).await;
        ours.push(began.elapsed());
        let began = Instant::now();
        let answer = database.sql(&text);
        plain.push(began.elapsed());
        assert_eq!(
            series.expect("it can be counted")[0].counts.len(),
            answer.lines().count(),
            "both have as many points"
        );
    }
    Row {
        work: format!("series of 200 points alone, {}", case.name),
        engine: database.engine.name(),
        size: format!("{events} events within it"),
        ours: quantile(&mut ours, 0.5),
        limit: Some(quantile(&mut plain, 0.5)),
        ..Row::default()
    }
    .print();
}

fn counted(case: &Case) -> &'static str {
    match case.aggregation {
        Aggregation::Total => "sum(weight)",
        Aggregation::UniqueUsers => "count(distinct user_name)",
    }
}

/// What somebody would write: each range grouped by the bucket.
fn plain_text(database: &Database, request: &Request, case: &Case) -> String {
    let condition = match case.query {
        "" => "",
        "level:error" => " and level = 'error'",
        _ => " and message like '%timeout%'",
    };
    let counted = counted(case);
    let ranges = request.ranges;
    let within = |range: afterimage::domain::window::Range| {
        format!(
            "project = 'web' and occurred_at >= {} and occurred_at < {}{condition}",
            range.start.as_micros(),
            range.end.as_micros()
        )
    };
    let series = |range| {
        format!(
            "select occurred_at / {MINUTE} as bucket, {counted} as counted from events where {} group by 1",
            within(range)
        )
    };
    let memory = database.pick("pragma cache_size = -200000; ", "");
    format!(
        "{memory}select count(*), sum(counted) from ({}) s; \
         select coalesce(sum(weight), 0), count(distinct user_name), \
         (select coalesce(sum(counted), 0) from ({}) s) from events where {}",
        series(ranges.lifetime),
        series(ranges.windowed),
        within(ranges.totals),
    )
}
