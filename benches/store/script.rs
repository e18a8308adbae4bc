//! The work of the processor as somebody would write it by hand in SQL, for the engine's own client.
//!
//! Incidents are all alike: a window of a minute, closed five minutes after a start on a whole minute, due ten minutes
//! after that. So the ranges of rules 9 to 13 are constants here, and the script is spared what the program must compute.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::ground::{Database, Engine};

/// Projects, each with an incident every 400 minutes: no window sees the events of another incident.
const PROJECTS: u64 = 1_000;
const MINUTE: i64 = 60_000_000;
/// 2024-01-01.
const BEGINNING: i64 = 1_704_067_200_000_000;

/// What the program keeps up as events come in.
pub const COUNT_MINUTES: &str = "insert into event_minutes (project, minute, level, environment, weight, events) \
    select project, occurred_at / 60000000, coalesce('=' || level, ''), coalesce('=' || environment, ''), sum(weight), \
    count(*) from events group by 1, 2, 3, 4";
/// The same of some events, of which the condition follows.
pub const COUNT_MINUTES_OF: &str = "insert into event_minutes (project, minute, level, environment, weight, events) \
    select project, occurred_at / 60000000, coalesce('=' || level, ''), coalesce('=' || environment, ''), sum(weight), \
    count(*) from events";

/// Fills an empty database with closed incidents of which each is due, with so many events within its course.
pub fn fill(database: &Database, incidents: u64, events: u64) {
    let numbers = database.pick(
        "with recursive n(n) as (select 0 union all select n + 1 from n where n + 1 <",
        "with n(n) as (select * from generate_series(0::bigint,",
    );
    let upto = |count: u64| match database.engine {
        Engine::Sqlite => format!("{numbers} {count})"),
        Engine::Postgres => format!("{numbers} {}))", count.saturating_sub(1)),
    };
    let start = format!("{BEGINNING} + (n / {PROJECTS}) * {}", 400 * MINUTE);
    let mut statements = vec![
        database.pick("pragma synchronous = off; pragma cache_size = -400000; begin", "begin").to_owned(),
        format!(
            "insert into incidents (title, type, status, aggregation, query, time_window_minutes, date_started, \
                 date_detected, date_closed, date_added) {} select 'Incident ' || n, 'created', 'closed', 'total', \
                 '', 1, {start}, {start}, {start} + {}, {start} from n",
            upto(incidents),
            5 * MINUTE
        ),
        format!(
            "insert into incident_projects (incident_id, project) {} select n + 1, 'project-' || (n % {PROJECTS}) from n",
            upto(incidents)
        ),
        format!(
            "insert into incident_activities (incident_id, kind, at, author) {} \
                 select n + 1, 'detected', {start}, 'bench' from n",
            upto(incidents)
        ),
        format!(
            "insert into pending_snapshots (incident_id, target_run_date, next_attempt_at) {} \
                 select n + 1, {start} + {}, {start} + {} from n",
            upto(incidents),
            15 * MINUTE,
            15 * MINUTE
        ),
    ];
    if events > 0 {
        // Spread over the course, each by one of seven users.
        statements.push(format!(
            "insert into events (project, occurred_at, weight, user_name, level) {} \
                 select 'project-' || ((n / {events}) % {PROJECTS}), \
                 {BEGINNING} + (n / {events} / {PROJECTS}) * {} + (n % {events}) * {}, 1 + n % 3, 'user-' || (n % 7), 'error' \
                 from n", upto(incidents * events), 400 * MINUTE, 15 * MINUTE / i64::try_from(events).expect("few")));
        statements.push(format!(
            "insert into event_projects (project) {} select 'project-' || n from n",
            upto(PROJECTS.min(incidents))
        ));
    }
    statements.push(COUNT_MINUTES.to_owned());
    statements.push("commit".to_owned());
    statements.push(database.pick("pragma wal_checkpoint(truncate)", "vacuum (analyze)").to_owned());
    if database.engine == Engine::Postgres {
        statements.push("checkpoint".to_owned());
    }
    database.sql(&statements.join(";\n"));
}

/// Counts what a capture has kept, to see that two ways come to the same.
pub fn outcome(database: &Database) -> String {
    database.sql(
        "select count(*), cast(sum(total_events) as bigint), cast(sum(unique_users) as bigint) from incident_snapshots; \
         select kind, count(*), sum(length(counts)), min(range_start), max(range_end) from time_series_snapshots \
         group by kind order by kind; select count(*) from pending_snapshots",
    )
}

/// What a kept snapshot takes on the disk, with both series and all indices.
pub fn bytes_per_snapshot(database: &Database) -> u64 {
    let bytes = database.pick(
        "select sum(pgsize) from dbstat where name in (select name from sqlite_master where tbl_name in \
             ('incident_snapshots', 'time_series_snapshots'))",
        "select pg_total_relation_size('incident_snapshots') + pg_total_relation_size('time_series_snapshots')",
    );
    let answer = database.sql(&format!("select ({bytes}) / (select count(*) from incident_snapshots)"));
    answer.parse().expect("a number")
}

/// A batch of `limit` rows as one transaction of set-based statements.
fn batch(database: &Database, limit: u64) -> String {
    let total =
        "e.project = ip.project and e.occurred_at >= b.start - 60000000 and e.occurred_at < b.start + 360000000";
    let series = |kind: &str, from: i64| {
        let aggregate = database.pick(
            "group_concat(position || ':' || counted, ',')",
            "string_agg(position || ':' || counted, ',' order by position)",
        );
        let order = database.pick("order by 1", "");
        format!(
            "insert into time_series_snapshots (incident_id, kind, range_start, range_end, period_seconds, counts) \
             select b.incident_id, '{kind}', b.start - {from}, b.start + 900000000, 60, coalesce((select {aggregate} from \
             (select (e.occurred_at - b.start + {from}) / 60000000 as position, sum(e.weight) as counted \
              from incident_projects ip join events e on e.project = ip.project \
              where ip.incident_id = b.incident_id and e.occurred_at >= b.start - {from} and e.occurred_at < b.start + 900000000 \
              group by 1 having sum(e.weight) > 0 {order}) x), '') from batch b;\n"
        )
    };
    // Postgres would do all of a derived table for every row of the batch, once the tables are large.
    let totals = database.pick(
        "(select b.incident_id, sum(e.weight) as total, count(distinct e.user_name) as users from batch b \
         cross join incident_projects ip cross join events e where ip.incident_id = b.incident_id and ",
        "lateral (select sum(e.weight) as total, count(distinct e.user_name) as users \
         from incident_projects ip cross join events e where ip.incident_id = b.incident_id and ",
    );
    let totals_end = database.pick(" group by 1) x on x.incident_id = b.incident_id", ") x on true");
    let totals = format!("{totals}{total}{totals_end}");
    let begin = database.pick(
        "begin immediate;\n",
        "begin;\nset local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off; \
         set local enable_bitmapscan = off; set local jit = off;\n",
    );
    let locks = database.pick("", "for no key update of i skip locked for update of p skip locked");
    let empty = database.pick("delete from batch", "truncate batch");
    format!(
        "{begin}{empty};\n\
         insert into batch select p.incident_id, i.date_started, p.next_attempt_at from pending_snapshots p \
         join incidents i on i.id = p.incident_id where p.dead_since is null and p.next_attempt_at <= 4000000000000000 \
         and p.target_run_date <= 4000000000000000 and i.source = 'events' and i.status = 'closed' \
         and (p.next_attempt_at, p.incident_id) > ({place}) \
         order by p.next_attempt_at, p.incident_id limit {limit} {locks};\n\
         {next};\n\
         insert into incident_snapshots (incident_id, as_of, date_added, partial, clipped, source, total_events, unique_users) \
         select b.incident_id, b.start + 900000000, 0, {no}, {no}, 'events', \
         coalesce(x.total, 0), coalesce(x.users, 0) from batch b left join {totals} \
         where not exists (select 1 from incident_snapshots s where s.incident_id = b.incident_id and not s.partial);\n\
         {}{}delete from pending_snapshots where incident_id in (select incident_id from batch);\n\
         update processor_runs set updated_at = updated_at + 1, captured = captured + {limit};\n\
         commit;\n",
        series("windowed", 11_100_000_000),
        series("lifetime", 60_000_000),
        no = database.pick("0", "false"),
        // Behind the batch before, or each would step over all that is gone.
        place = database.pick("select next_attempt_at, incident_id from place", ":next_attempt_at, :incident_id"),
        next = database.pick(
            "update place set (next_attempt_at, incident_id) = (select next_attempt_at, incident_id from batch \
             order by 1 desc, 2 desc limit 1) where exists (select 1 from batch)",
            "select next_attempt_at, incident_id from batch order by 1 desc, 2 desc limit 1 \\gset\n"
        ),
    )
}

/// Drains a database by the script, with a pause between batches; how long it took.
pub fn drain(database: &Database, rows: u64, limit: u64, gap: Duration) -> Duration {
    let mut client = database.client();
    let mut client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the client can be started");
    let mut stdin = client.stdin.take().expect("it is piped");
    let mut lines = BufReader::new(client.stdout.take().expect("it is piped")).lines();
    let prepare = database.pick(
        "pragma synchronous = full; pragma foreign_keys = on; pragma temp_store = memory; \
         create temp table batch (incident_id integer primary key, start integer, next_attempt_at integer); \
         create temp table place (next_attempt_at integer, incident_id integer); insert into place values (0, 0);\n",
        "create temp table batch (incident_id bigint primary key, start bigint, next_attempt_at bigint);\n\
         \\set next_attempt_at 0\n\\set incident_id 0\n",
    );
    let began = Instant::now();
    let run = "insert into processor_runs (trigger, host, started_at, updated_at, batch_size) values ('forced', 'script', 0, 0, 1)";
    writeln!(stdin, "{prepare}{run};").expect("it reads");
    let text = batch(database, limit);
    for _ in 0..rows.div_ceil(limit) {
        writeln!(stdin, "{text}select 'done';").expect("it reads");
        stdin.flush().expect("it reads");
        let line = lines.next().and_then(Result::ok).unwrap_or_default();
        assert_eq!(line, "done", "the script fails");
        std::thread::sleep(gap);
    }
    drop(stdin);
    assert!(client.wait().expect("it is our child").success());
    began.elapsed()
}

/// Drains `rows` one by one, a transaction each, as the first design of such processors does it: in batches of 50. How long
/// that took without the second that it waits between two batches.
pub fn drain_row_by_row(database: &Database, rows: u64) -> Duration {
    drain(database, rows, 1, Duration::ZERO)
}
