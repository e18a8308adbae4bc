//! Every schema that there has been, with data in it, becomes the present one.

use afterimage::domain::{IncidentId, Status};
use afterimage::store::{SCHEMA_VERSION, Store, Upgrade};

use crate::support::{Afterimage, Desk, Engine, Screen, TestDatabase, at, on_both_engines};

const SQLITE_1: &str = include_str!("../../migrations/sqlite/0001_initial.sql");
const POSTGRES_1: &str = include_str!("../../migrations/postgres/0001_initial.sql");
const RECORDS: &str = "create table schema_migrations (version bigint primary key, name text not null, \
    applied_at bigint not null); insert into schema_migrations values (1, 'initial', 0)";

/// A database as the first version made it, with incidents in every state: 1 open, 2 captured, 3 due, 4 dead, 5 captured
/// before its target, 6 reopened after it was captured.
pub async fn make_version_1(database: &TestDatabase) {
    database.execute(RECORDS).await;
    database.execute(database.pick(SQLITE_1, POSTGRES_1)).await;
    let keep = database.pick("", "overriding system value");
    let (yes, no) = (database.pick("1", "true"), database.pick("0", "false"));
    let (start, end, target) = (at("10:50").as_micros(), at("11:00").as_micros(), at("11:10").as_micros());
    let later = at("14:00").as_micros();
    database
        .execute(&format!(
            "insert into alert_rules (id, name, time_window_minutes, query, aggregation, date_added, date_updated) {keep} \
                 values (1, '5xx', 1, 'level:error', 'unique_users', 1, 2); \
             insert into alert_rule_projects values (1, 'checkout'); \
             insert into incidents (id, title, type, status, aggregation, query, rule_id, rule_name, \
                 time_window_minutes, date_started, date_detected, date_closed, date_added) {keep} values \
                 (1, 'open', 'alert_triggered', 'open', 'unique_users', 'level:error', 1, '5xx', 1, {start}, {start}, null, 1), \
                 (2, 'captured', 'created', 'closed', 'total', '', null, null, 1, {start}, {start}, {end}, 1), \
                 (3, 'due', 'created', 'closed', 'total', '', null, null, 1, {start}, {start}, {end}, 1), \
                 (4, 'dead', 'created', 'closed', 'total', '', null, null, 1, {start}, {start}, {end}, 1), \
                 (5, 'partial', 'created', 'closed', 'total', '', null, null, 1, {start}, {start}, {end}, 1), \
                 (6, 'reopened', 'created', 'open', 'total', '', null, 'gone', 1, {start}, {start}, null, 1); \
             insert into incident_projects values (1, 'checkout'), (3, 'checkout'); \
             insert into incident_activities (id, incident_id, kind, at, author, status_from, status_to, comment) {keep} \
                 values (1, 1, 'detected', {start}, 'imani', null, null, null), \
                 (2, 3, 'status_change', {end}, 'rosa', 'open', 'closed', 'rolled back'); \
             insert into pending_snapshots values (3, {target}, {target}, 0, null, null, null, null), \
                 (4, {target}, {target}, 8, 'poisoned', 5, 'host', 6), (5, {target}, {later}, 0, null, null, null, null); \
             insert into incident_snapshots values (2, {target}, {target}, {no}, {no}, 'events', 12, 3), \
                 (5, {end}, {end}, {yes}, {no}, 'events', 1, null); \
             insert into superseded_snapshots values (6, 1, 9, {target}, {target}, {no}, {yes}, 'events', 7, 2); \
             insert into time_series_snapshots values (2, 0, 'windowed', {start}, {end}, 60, '0:12', null), \
                 (2, 0, 'lifetime', {start}, {end}, 60, '0:12', null), (5, 0, 'windowed', {start}, {end}, 60, '', null), \
                 (5, 0, 'lifetime', {start}, {end}, 60, '', null), (6, 1, 'windowed', {start}, {end}, 60, '0:7', null), \
                 (6, 1, 'lifetime', {start}, {end}, 60, '0:7', null); \
             insert into events (id, project, occurred_at, weight, user_name, level, event_id) {keep} values \
                 (1, 'checkout', {start}, 5, 'u1', 'error', 'e1'), (2, 'checkout', {start}, 2, 'u2', null, null), \
                 (3, '', {start}, 1, null, null, null); \
             insert into event_projects values (''), ('checkout'); \
             insert into imports (id, content_hash, repetition, name, position, imported, started_at, finished_at) {keep} \
                 values (1, 'hash', 0, 'a.csv', 3, 3, 1, 2); \
             insert into processor_runs (id, trigger, host, started_at, updated_at, finished_at, batch_size, captured) {keep} \
                 values (1, 'interval', 'host', 1, 2, 3, 50, 1); \
             insert into processors values ('host', 7, 'daemon', '0.0.1', null, 5)",
        ))
        .await;
    if database.engine() == Engine::Postgres {
        for (table, last) in [
            ("alert_rules", 1),
            ("incidents", 6),
            ("incident_activities", 2),
            ("events", 3),
            ("imports", 1),
            ("processor_runs", 1),
        ] {
            database.number(&format!("select setval(pg_get_serial_sequence('{table}', 'id'), {last})")).await;
        }
    }
}

on_both_engines! {
    async fn the_first_schema_is_upgraded_with_all_that_is_in_it(database: TestDatabase) {
        make_version_1(&database).await;
        let desk = Desk::on(database).await;
        assert_eq!(desk.store.read().await.unwrap().schema_version().await.unwrap(), Some(SCHEMA_VERSION));
        for table in ["alert_rules", "incidents"] {
            let others = format!("select count(*) from {table} where source <> 'events' or expression is not null or measure <> 'events'");
            assert_eq!(desk.database.number(&others).await, 0, "{table} counts its events");
        }
        let incident = desk.incident(IncidentId::new(1)).await;
        assert_eq!((incident.status, incident.rule.as_deref(), incident.title.as_str()), (Status::Open, Some("5xx"), "open"));
        assert_eq!(incident.projects, ["checkout"]);
        let kept = desk.snapshot(IncidentId::new(2)).await.unwrap();
        assert_eq!((kept.facts.total_events, kept.facts.unique_users), (Some(12), Some(3)));
        assert_eq!(desk.superseded(IncidentId::new(6)).await.len(), 1);
        assert_eq!(desk.timeline(IncidentId::new(3)).await[0].comment.as_deref(), Some("rolled back"));
        let report = desk.process().await;
        assert_eq!((report.counts.captured, report.counts.failed), (1, 0));
        let captured = desk.snapshot(IncidentId::new(3)).await.unwrap();
        assert_eq!(captured.facts.total_events, Some(7));
        let weights: Vec<f64> = captured.lifetime.counts.iter().map(|(_, count)| count.as_f64()).collect();
        assert_eq!(weights, [7.0], "events of before are counted by the minute too");
        assert_eq!(desk.snapshot(IncidentId::new(2)).await.unwrap(), kept, "what was kept stays as it is");
        desk.turn_to("14:30");
        assert_eq!(desk.process().await.counts.captured, 1, "the partial one is completed");
        assert!(desk.pending(IncidentId::new(4)).await.unwrap().dead_since.is_some());
        let id = desk.open(1).await;
        assert_eq!(id, IncidentId::new(7), "numbers go on");
        desk.close(id).await;
        desk.close(IncidentId::new(1)).await;
        desk.check_whole().await;
    }

    async fn what_the_command_line_tells_of_an_upgraded_database_is_all_there(database: TestDatabase) {
        make_version_1(&database).await;
        let program = Afterimage::on(&database).with(&["--now", "2026-11-24 12:00"]);
        let upgraded = program.json(&["db", "migrate"]);
        assert_eq!((&upgraded["previous_version"], &upgraded["schema_version"]), (&1.into(), &SCHEMA_VERSION.into()));
        let list = program.json(&["incident", "list"]);
        assert_eq!(list.as_array().unwrap().len(), 6);
        assert_eq!((&list[0]["source"], &list[0]["measure"]), (&"events".into(), &"events".into()));
        assert_eq!(program.json(&["rule", "show", "5xx"])["time_window_minutes"], 1);
        assert_eq!(program.json(&["snapshot", "show", "2"])["measure"], "events");
        let status = program.json(&["status"]);
        assert_eq!((&status["pending"], &status["dead"], &status["due"]), (&3.into(), &1.into(), &1.into()));
        assert_eq!(program.json(&["run", "list"])[0]["captured"], 1);
    }

    async fn a_first_schema_is_left_alone_by_who_may_not_upgrade_it(database: TestDatabase) {
        make_version_1(&database).await;
        assert!(database.open(Upgrade::Never).await.is_err());
        let started = database.open(Store::upgrade_at_start(&database.location())).await;
        assert_eq!(started.is_ok(), database.engine() == Engine::Sqlite);
        let version = database.number("select max(version) from schema_migrations").await;
        assert_eq!(version, if database.engine() == Engine::Sqlite { SCHEMA_VERSION } else { 1 });
    }

    async fn a_newer_schema_is_refused_by_the_daemon_and_the_console_too(database: TestDatabase) {
        database.store().await;
        database.execute("insert into schema_migrations values (9999, 'to come', 0)").await;
        let program = Afterimage::on(&database);
        program.assert_fails(&["--daemon"], 4, &["schema version 9999", "upgrade the program"]);
        let screen = Screen::open(&["--database-url", database.url()]);
        screen.wait_until("the refusal", |text| text.contains("9999"));
        assert_eq!(screen.ended(), 4);
        assert_eq!(database.number("select count(*) from processors").await, 0, "nobody works on it");
    }
}
