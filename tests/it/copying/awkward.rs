//! A database with all that is hard to carry: every table, odd texts, odd times, nulls, and what has failed.

use crate::support::{Engine, TestDatabase};

/// Every character that a program may trip over, but NUL, which no database of ours holds.
pub const ODD: &str = "\u{1}\u{7}\u{1b}[31m\t\r\n\u{7f}\u{85}\u{2028}\u{202e}'' \" \\ \\u0041 {} [1,2] 👩‍🚒 ﷽ e\u{301} \u{fffd}\u{10ffff} null 007";

/// Fills a database whose schema is there.
pub async fn fill(database: &TestDatabase) {
    // Postgres keeps the numbers that it is given only where it is told to.
    let keep = database.pick("", "overriding system value");
    let huge = "long ".repeat(20_000);
    let (early, late) = (-62_135_596_800_000_000_i64, 253_402_300_799_999_999_i64);
    database
        .execute(&format!(
            "insert into meta (key, value) values ('demo', '{ODD}'); \
             insert into alert_rules (id, name, time_window_minutes, query, aggregation, date_added, date_updated, \
                 source, expression, measure) {keep} values \
                 (3, '{ODD}', 43200, 'level:error', 'unique_users', -1, 0, 'events', null, 'events'), \
                 (8, 'up', 1, '', 'total', 1, 2, 'prometheus', 'sum(rate(x[5m]))', 'lowest_metric'); \
             insert into alert_rule_projects values (3, ''), (3, '{ODD}'), (8, 'Z'), (8, 'a'), (8, 'ä'); \
             insert into incidents (id, title, type, status, aggregation, query, rule_id, rule_name, \
                 time_window_minutes, date_started, date_detected, date_closed, date_added, source, expression, \
                 measure) {keep} values \
                 (1, '{ODD}', 'detected', 'closed', 'total', '{ODD}', 3, '{ODD}', 43200, {early}, {early}, -1, 5, \
                     'events', null, 'estimated_events'), \
                 (2, '{huge}', 'created', 'open', 'unique_users', '', null, null, 1, 0, 0, null, 0, 'prometheus', 'up', \
                     'metric'), \
                 (7, '', 'alert_triggered', 'closed', 'total', '', null, 'gone', 1, 1, 1, {late}, {late}, 'events', null, \
                     'events'), \
                 (9, 'dead', 'created', 'closed', 'total', 'x:y', null, null, 1, 1, 1, 2, 3, 'events', null, 'events'); \
             insert into incident_projects values (1, ''), (1, '{ODD}'), (2, '007'), (7, 'checkout'); \
             insert into incident_activities (id, incident_id, kind, at, author, status_from, status_to, comment) {keep} \
                 values (1, 1, 'detected', {early}, '{ODD}', null, null, null), \
                 (40, 7, 'status_change', -5, 'x', 'open', 'closed', '{huge}'), (41, 2, 'comment', 0, '', null, null, '')",
        ))
        .await;
    database
        .execute(&format!(
            "insert into alert_groups (id, source, group_key) {keep} values (4, '{ODD}', '{{}}:{{a=\"b\"}}'); \
             insert into incident_origins values (2, 4, '{{\"a\":\"b\"}}', '{{}}', null, 'http://x', 12); \
             insert into incident_alerts values ('{ODD}', 'f1', -7, null, 2, '{{}}', '{{}}', null, null), \
                 ('{ODD}', 'f1', 7, 8, 2, '[]', 'x', 'http://y', 9), ('', '', 0, null, 7, '', '', '', null); \
             insert into frozen_series values (1, null, 5, 3, '{ODD}', null, null, null, null, null), \
                 (9, 2, 0, 0, null, {early}, {late}, 60, '0:1.5,3:0.25', null); \
             insert into incident_snapshots values (7, 1, 2, {yes}, {no}, 'events', null, null, 'events'), \
                 (1, -1, 3, {no}, {yes}, '{ODD}', 9007199254740993, 0, 'estimated_events'); \
             insert into superseded_snapshots values (2, 1, 5, 1, 2, {yes}, {yes}, 'events', 1, null, 'events'), \
                 (2, 2, 6, 1, 2, {no}, {no}, 'events', null, 4, 'metric'); \
             insert into time_series_snapshots values (7, 0, 'windowed', {early}, {late}, 60, '', ''), \
                 (7, 0, 'lifetime', -2, -1, 9223372036854775807, '0:0.30000000000000004', '{early}-{late}'), \
                 (1, 0, 'lifetime', -2, -1, 60, '5:1e21', null), (1, 0, 'windowed', -2, -1, 60, '5:7', null), \
                 (2, 1, 'windowed', 1, 2, 60, '', null), (2, 2, 'lifetime', 1, 2, 60, '', null); \
             insert into pending_snapshots values (7, 5, 6, 2, '{ODD}', 4, 'host', null), \
                 (9, 5, {late}, 8, 'poisoned', 4, '{ODD}', 77); \
             insert into events (id, project, occurred_at, weight, user_name, level, environment, fingerprint, message, \
                 tags, event_id) {keep} values (1, '', 0, 0, null, null, null, null, null, null, null), \
                 (5, '{ODD}', {late}, 1000000000, '{ODD}', 'error', '', '1e5', '{huge}', '{{\"k\":\"v\"}}', '42'), \
                 (6, 'x', 1, 1, '1', '2', '3', '4', '5', '6', '{ODD}'); \
             insert into event_minutes values ('', 0, '', '', 0, 1), ('{ODD}', 7, '={ODD}', '=', {late}, 2); \
             insert into event_projects values (''), ('{ODD}'), ('x'); \
             insert into imports (id, content_hash, repetition, name, position, imported, started_at, finished_at) {keep} \
                 values (2, 'h', 0, '{ODD}', 10, 9, 1, null), (3, 'h', 1, '-', 10, 9, 1, 2); \
             insert into processor_runs (id, trigger, host, started_at, updated_at, finished_at, batch_size, \
                 cursor_next_attempt_at, cursor_incident_id, captured, error) {keep} values \
                 (11, 'forced', '{ODD}', 1, 2, null, 50, null, null, 0, null), \
                 (12, 'retry', 'h', 1, 2, 3, 50, -9, 7, 3, '{ODD}'); \
             insert into outbox_targets values ('{ODD}', 'pending.dead incident.closed', 5); \
             insert into outbox (id, message_id, target, kind, incident_id, occurred_at, attempts, next_attempt_at, \
                 last_error) {keep} values (21, '{ODD}', '{ODD}', 'pending.dead', 9, -1, 4, 5, '{ODD}')",
            yes = truth(database, true),
            no = truth(database, false),
        ))
        .await;
}

fn truth(database: &TestDatabase, value: bool) -> &'static str {
    match (database.engine(), value) {
        (Engine::Sqlite, true) => "1",
        (Engine::Sqlite, false) => "0",
        (Engine::Postgres, true) => "true",
        (Engine::Postgres, false) => "false",
    }
}
