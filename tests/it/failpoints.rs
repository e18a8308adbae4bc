//! Every call that an operation makes to the database, failed once: lost, unanswered, refused, on a full disk, or with the
//! end of the process. Whatever happens, all or nothing of it is done, and doing it again completes it.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use afterimage::domain::alert::{Alert, Labels, Notification};
use afterimage::domain::rule::Scope;
use afterimage::domain::{Expression, IncidentId, Measure, Seen, Timestamp, Trigger};
use afterimage::ops;
use afterimage::ops::alerts::{DEFAULT_SOURCE, Intake, receive};
use afterimage::ops::close::CloseRequest;
use afterimage::ops::import::{ImportRequest, Input};
use afterimage::ops::open::OpenRequest;
use afterimage::ops::process::{ProcessRequest, Selection};
use afterimage::ops::reopen::ReopenRequest;
use afterimage::store::failpoint::{Failpoint, Fault, armed};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use tokio::sync::Mutex;

use crate::support::{
    Afterimage, Desk, Engine, FakePrometheus, HOST, TESTER, TestDatabase, at, minutes, on_both_engines,
};

/// The status of a process that has ended itself.
const ABORTED: i32 = -6;

const CLOSED: &str = "select count(*) from incidents where status = 'closed' and id";
const PROMISED: &str = "select count(*) from pending_snapshots where incident_id";
const REVIVED: &str =
    "select count(*) from pending_snapshots where dead_since is null and attempts = 0 and incident_id";
const PARTIAL: &str = "select count(*) from incident_snapshots where partial and incident_id";
const COMPLETE: &str = "select count(*) from incident_snapshots where not partial and incident_id";
const FROZEN: &str = "select count(*) from frozen_series where counts is not null and incident_id";
const SAID: &str = "select count(*) from incident_activities where kind = 'status_change' and incident_id";
const CLOSE_TOLD: &str = "select count(*) from outbox where kind = 'incident.closed' and incident_id";
const CAPTURE_TOLD: &str = "select count(*) from outbox where kind = 'snapshot.captured' and incident_id";

/// What an operator, a sender or the processor does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Open,
    Close,
    Reopen,
    ReopenCaptured,
    UndoClose,
    CaptureDue,
    CaptureNamed,
    CaptureEarly,
    CompletePartial,
    CaptureRemote,
    Freeze,
    Retry,
    Discard,
    Import,
    Fires,
    Resolves,
}

/// What it is done to.
#[derive(Debug, Clone)]
struct Case {
    number: u32,
    ids: Vec<IncidentId>,
    seen: Vec<Seen>,
}

/// A desk, a source for rows from elsewhere, and somebody who wants to be told of everything.
struct Stage {
    desk: Desk,
    server: FakePrometheus,
    /// Looks behind the store's back, and is kept, for there are thousands of looks.
    look: Option<Mutex<PgConnection>>,
}

impl Stage {
    async fn on(database: TestDatabase) -> Self {
        let desk = Desk::on(database).await;
        let far = Timestamp::MAX.as_micros();
        let target = format!(
            "insert into outbox_targets (name, kinds, last_seen) values \
             ('all', 'snapshot.captured pending.dead incident.closed', {far})"
        );
        desk.database.execute(&target).await;
        let look = match desk.database.engine() {
            Engine::Sqlite => None,
            Engine::Postgres => {
                Some(Mutex::new(PgConnection::connect(desk.database.url()).await.expect("the server is up")))
            }
        };
        Self { desk, server: FakePrometheus::start(|_, _| Some(10.0)).await, look }
    }

    /// Brings about what the operation needs, without a fault.
    async fn prepare(&self, operation: Operation, number: u32) -> Case {
        use Operation as O;
        let desk = &self.desk;
        let ids = match operation {
            O::Open | O::Import | O::Fires => Vec::new(),
            O::Close => vec![desk.open(1).await, desk.open(5).await],
            O::CaptureDue => vec![self.due().await, self.due().await, self.due().await],
            O::Reopen | O::UndoClose | O::CaptureNamed => vec![self.due().await, self.due().await],
            O::CaptureEarly => vec![desk.closed(15, "11:50", "11:55").await],
            O::ReopenCaptured => {
                let id = self.due().await;
                desk.process_only(&[id]).await;
                vec![id]
            }
            O::CompletePartial => {
                let id = self.due().await;
                let later = "update pending_snapshots set target_run_date = target_run_date + 3600000000 \
                             where incident_id =";
                desk.database.execute(&format!("{later} {id}")).await;
                desk.try_force(&[id], crate::support::Early::Allowed).await.expect("it may be early");
                let due = "update pending_snapshots set target_run_date = target_run_date - 3600000000, \
                           next_attempt_at = next_attempt_at - 3600000000 where incident_id =";
                desk.database.execute(&format!("{due} {id}")).await;
                vec![id]
            }
            O::CaptureRemote => vec![self.remote("11:45").await],
            O::Freeze => vec![self.remote("11:58").await],
            O::Retry | O::Discard => {
                let id = self.due().await;
                let dead = "update pending_snapshots set attempts = 8, dead_since = 1 where incident_id =";
                desk.database.execute(&format!("{dead} {id}")).await;
                vec![id]
            }
            O::Resolves => {
                self.tell(number, false).await.expect("nothing is wrong yet");
                Vec::new()
            }
        };
        let mut seen = Vec::new();
        for id in &ids {
            seen.push(Seen::of(&desk.incident(*id).await));
        }
        Case { number, ids, seen }
    }

    async fn due(&self) -> IncidentId {
        self.desk.closed(1, "11:00", "11:05").await
    }

    async fn remote(&self, closed: &str) -> IncidentId {
        let text = "sum(increase(errors[{{window}}]))".into();
        let expression = Some(Expression { source: "main".into(), text, measure: Measure::EstimatedEvents });
        let scope = Scope { time_window: minutes(1), expression, ..Scope::default() };
        let _ = ops::rule::add(&self.desk.store, "remote", scope).await;
        let (rule, date_started) = (Some("remote".to_owned()), Some(at("11:40")));
        let id =
            self.desk.open_as(OpenRequest { title: "x".into(), rule, date_started, ..OpenRequest::default() }).await;
        let request = CloseRequest { ids: vec![id], at: Some(at(closed)), comment: None };
        self.desk.try_close(request).await.expect("it is open");
        id
    }

    async fn tell(&self, number: u32, resolved: bool) -> Result<(), String> {
        let labels: Labels = [("alertname".to_owned(), format!("Alert{number}"))].into_iter().collect();
        let alert = Alert {
            fingerprint: format!("fp-{number}"),
            starts_at: at("11:30"),
            ends_at: resolved.then(|| at("11:40")),
            labels: labels.clone(),
            annotations: Labels::default(),
            generator_url: None,
        };
        let notification = Notification {
            group_key: format!("group {number}"),
            resolved,
            truncated: 0,
            labels,
            annotations: Labels::default(),
            external_url: None,
            alerts: vec![alert],
        };
        failure(receive(&self.desk.store, &Intake::default(), DEFAULT_SOURCE, &notification).await)
    }

    /// Does it, as the program would.
    async fn operate(&self, operation: Operation, case: &Case) -> Result<(), String> {
        use Operation as O;
        let store = &self.desk.store;
        let ids = case.ids.clone();
        let due = ProcessRequest { sources: self.server.sources(), ..ProcessRequest::due(Trigger::Forced, HOST) };
        let named = |early| Selection::Incidents { ids: case.ids.clone(), early, seen: Vec::new() };
        match operation {
            O::Open => {
                let title = format!("opened {}", case.number);
                failure(ops::open::open(store, TESTER, OpenRequest { title, ..OpenRequest::default() }).await)
            }
            O::Close => failure(self.desk.try_close(CloseRequest { ids, at: Some(at("12:00")), comment: None }).await),
            O::Reopen | O::ReopenCaptured => {
                failure(self.desk.try_reopen(ReopenRequest { ids, ..ReopenRequest::default() }).await)
            }
            O::UndoClose => failure(ops::close::undo(store, TESTER, &case.seen).await),
            O::CaptureDue | O::CompletePartial | O::CaptureRemote => failure(self.desk.try_process(due).await),
            O::CaptureNamed => failure(self.desk.try_process(ProcessRequest { selection: named(false), ..due }).await),
            O::CaptureEarly => failure(self.desk.try_process(ProcessRequest { selection: named(true), ..due }).await),
            O::Freeze => failure(ops::freeze::freeze(store, &self.server.sources()).await),
            O::Retry => failure(ops::pending::retry(store, TESTER, &ids, &[]).await),
            O::Discard => failure(ops::pending::discard(store, TESTER, &ids, &[]).await),
            O::Import => {
                let request = ImportRequest::of(Input::File(self.file(case.number)));
                failure(ops::import::import(store, request, &mut |_| {}).await)
            }
            O::Fires => self.tell(case.number, false).await,
            O::Resolves => self.tell(case.number, true).await,
        }
    }

    /// A file of two chunks with a project of its own.
    fn file(&self, number: u32) -> PathBuf {
        let path = self.desk.database.directory().join(format!("{number}.csv"));
        if !path.exists() {
            let row = format!("2026-11-24 11:00,project-{number}\n");
            std::fs::write(&path, format!("timestamp,project\n{}", row.repeat(5_001))).expect("there is room");
        }
        path
    }

    async fn number(&self, sql: &str) -> i64 {
        match &self.look {
            None => self.desk.database.number(sql).await,
            Some(look) => {
                let asked = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
                asked.fetch_one(&mut *look.lock().await).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
            }
        }
    }

    async fn count(&self, what: &str, case: &Case) -> i64 {
        let ids: Vec<String> = case.ids.iter().map(ToString::to_string).collect();
        self.number(&format!("{what} in ({})", ids.join(", "))).await
    }

    /// Whether it has been done, all of it, and once.
    async fn is_done(&self, operation: Operation, case: &Case) -> bool {
        use Operation as O;
        let all = i64::try_from(case.ids.len()).expect("they are few");
        match operation {
            O::Open => {
                // An operator who was told nothing may open it twice, but each is whole.
                let opened = "select count(*) from incidents i join incident_activities a on a.incident_id = i.id \
                              where a.kind = 'detected' and i.title =";
                (1..=2).contains(&self.number(&format!("{opened} 'opened {}'", case.number)).await)
            }
            O::Close => {
                let counts = [CLOSED, PROMISED, SAID, CLOSE_TOLD];
                let mut done = true;
                for what in counts {
                    done &= self.count(what, case).await == all;
                }
                done
            }
            O::Reopen | O::UndoClose | O::ReopenCaptured => {
                let left = self.count(CLOSED, case).await + self.count(PROMISED, case).await;
                left + self.count(COMPLETE, case).await == 0 && self.count(SAID, case).await == 2 * all
            }
            O::CaptureDue | O::CaptureNamed | O::CompletePartial | O::CaptureRemote => {
                self.count(COMPLETE, case).await == all
                    && self.count(PROMISED, case).await == 0
                    && self.count(CAPTURE_TOLD, case).await == all
            }
            O::CaptureEarly => self.count(PARTIAL, case).await == all && self.count(PROMISED, case).await == all,
            O::Freeze => self.count(FROZEN, case).await == all,
            O::Retry => self.count(REVIVED, case).await == all,
            O::Discard => self.count(PROMISED, case).await == 0,
            O::Import => {
                let stored = format!("select count(*) from events where project = 'project-{}'", case.number);
                self.number(&stored).await == 5_001
            }
            O::Fires | O::Resolves => {
                let (status, told) = if operation == O::Fires { ("open", 0) } else { ("closed", 1) };
                let group = format!("g.group_key = 'group {}'", case.number);
                let opened = "select count(*) from incidents i join incident_origins o on o.incident_id = i.id \
                              join alert_groups g on g.id = o.group_id";
                let messages = "select count(*) from outbox m join incident_origins o on o.incident_id = m.incident_id \
                                join alert_groups g on g.id = o.group_id";
                self.number(&format!("{opened} where {group}")).await == 1
                    && self.number(&format!("{opened} where {group} and i.status = '{status}'")).await == 1
                    && self.number(&format!("{messages} where {group}")).await == told
            }
        }
    }

    /// Everything that an operation may touch. Equal before and after, nothing was done.
    async fn everything(&self) -> Vec<String> {
        let tables = [
            "incidents",
            "incident_activities",
            "pending_snapshots",
            "incident_snapshots",
            "superseded_snapshots",
            "time_series_snapshots",
            "frozen_series",
            "alert_groups",
            "incident_origins",
            "incident_alerts",
            "outbox",
        ];
        match &self.look {
            None => {
                let mut all = Vec::new();
                for table in tables {
                    all.extend(self.desk.database.dump(table).await);
                }
                all
            }
            Some(look) => {
                let each = tables.map(|table| format!("select '{table}' || row::text from {table} row"));
                let asked = sqlx::query_scalar(AssertSqlSafe(format!("{} order by 1", each.join(" union all "))));
                asked.fetch_all(&mut *look.lock().await).await.expect("the tables are there")
            }
        }
    }

    /// What was discarded is closed and has neither promise nor snapshot: it is reopened, and everything must be whole.
    async fn check_whole(&self, operation: Operation, case: &Case) {
        if operation == Operation::Discard && self.is_done(operation, case).await {
            self.desk
                .try_reopen(ReopenRequest { ids: case.ids.clone(), ..ReopenRequest::default() })
                .await
                .expect("it is there");
        }
        self.desk.check_whole().await;
    }

    /// Fails every call of an operation once with `fault`, and says how many there were.
    async fn walk(&self, operation: Operation, fault: Fault, first_case: u32) -> u32 {
        for call in 1.. {
            let case = self.prepare(operation, first_case + call).await;
            let context = format!("{operation:?} with {fault} at call {call} on {:?}", case.ids);
            let before = if operation.is_one_transaction() { self.everything().await } else { Vec::new() };
            let failpoint = Failpoint::new(fault, u64::from(call));
            let outcome = armed(&failpoint, self.operate(operation, &case)).await;
            if !failpoint.was_reached() {
                assert_eq!(outcome, Ok(()), "{context}: nothing went wrong");
                assert!(self.is_done(operation, &case).await, "{context}: nothing went wrong");
                self.check_whole(operation, &case).await;
                return call - 1;
            }
            let is_done = self.is_done(operation, &case).await;
            self.check_whole(operation, &case).await;
            match outcome {
                Ok(()) => assert!(is_done || operation.may_put_off(), "{context}: it says that it is done"),
                Err(_) if operation.is_one_transaction() && !is_done => {
                    assert!(self.everything().await == before, "{context}: all or nothing");
                }
                Err(error) => {
                    let may_be_done = fault == Fault::Unanswered || !operation.is_one_transaction();
                    assert!(!is_done || may_be_done, "{context}: it is done and fails: {error}");
                }
            }
            // A row that was put off is due later.
            if operation.may_put_off() && !is_done {
                self.desk.database.execute("update pending_snapshots set next_attempt_at = target_run_date").await;
            }
            let again = self.operate(operation, &case).await;
            assert!(is_done || again.is_ok(), "{context}: not even the second time: {again:?}");
            assert!(self.is_done(operation, &case).await, "{context}: not even when it was done again");
            self.check_whole(operation, &case).await;
        }
        unreachable!("an operation ends")
    }
}

impl Operation {
    /// Whether all of it is one transaction, so that a failure means that nothing was done.
    fn is_one_transaction(self) -> bool {
        use Operation as O;
        matches!(
            self,
            O::Open
                | O::Close
                | O::Reopen
                | O::ReopenCaptured
                | O::UndoClose
                | O::Retry
                | O::Discard
                | O::Fires
                | O::Resolves
        )
    }

    /// Whether it may end well and leave a row for later, with the reason kept in it.
    fn may_put_off(self) -> bool {
        use Operation as O;
        matches!(
            self,
            O::CaptureDue | O::CaptureNamed | O::CaptureEarly | O::CompletePartial | O::CaptureRemote | O::Freeze
        )
    }
}

fn failure<T, E: ToString>(outcome: Result<T, E>) -> Result<(), String> {
    outcome.map(drop).map_err(|error| error.to_string())
}

/// Walks operations with every fault, and checks that each had at least so many calls to fail.
async fn walk_all(database: TestDatabase, faults: &[Fault], operations: &[(Operation, u32)]) {
    let stage = Stage::on(database).await;
    let mut first_case = 0;
    for (operation, at_least) in operations {
        for fault in faults {
            let calls = stage.walk(*operation, *fault, first_case).await;
            assert!(calls >= *at_least, "{operation:?} has only {calls} calls to fail");
            first_case += 100;
        }
    }
}

const OPERATORS: [(Operation, u32); 7] = [
    (Operation::Open, 5),
    (Operation::Close, 10),
    (Operation::Reopen, 10),
    (Operation::ReopenCaptured, 6),
    (Operation::UndoClose, 10),
    (Operation::Retry, 5),
    (Operation::Discard, 5),
];
const CAPTURES: [(Operation, u32); 4] = [
    (Operation::CaptureDue, 10),
    (Operation::CaptureNamed, 10),
    (Operation::CaptureEarly, 8),
    (Operation::CompletePartial, 10),
];
const OTHERS: [(Operation, u32); 4] =
    [(Operation::CaptureRemote, 10), (Operation::Freeze, 5), (Operation::Fires, 8), (Operation::Resolves, 8)];

/// Starts a command again and again, ends it at each of its calls in turn, and checks after each; how many there were.
async fn abort_everywhere<A: AsRef<OsStr>>(desk: &Desk, mut command: impl FnMut(u32) -> Vec<A>) -> u32 {
    let mut call = 0;
    for moment in [Fault::AbortBefore, Fault::AbortAfter] {
        for at in 1.. {
            call += 1;
            let failpoint = format!("{moment}:{at}");
            let program = Afterimage::on(&desk.database).with(&["--now", "2026-11-24 12:00"]);
            let outcome = program.with_variable("AFTERIMAGE_FAILPOINT", &failpoint).run(&command(call));
            desk.check_whole().await;
            if outcome.status != ABORTED {
                assert_eq!(outcome.status, 0, "{failpoint}: {outcome}");
                break;
            }
        }
    }
    call - 2
}

on_both_engines! {
    async fn rule_18_a_process_that_ends_at_any_call_leaves_all_or_nothing(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.closed_many(200).await;
        let row = |call: u32| vec!["incident".to_owned(), "reopen".to_owned(), call.to_string()];
        let calls = abort_everywhere(&desk, row).await;
        assert!(calls >= 12, "a reopening has only {calls} calls");
        let row = |call: u32| vec!["incident".to_owned(), "close".to_owned(), call.to_string()];
        let calls = abort_everywhere(&desk, row).await;
        assert!(calls >= 12, "a close has only {calls} calls");

        // The runs that died are taken over row by row, and then there is nothing left for the next ones.
        let calls = abort_everywhere(&desk, |_| vec!["process"]).await;
        assert!(calls >= 24, "a run has only {calls} calls");
        let late = Afterimage::on(&desk.database).with(&["--now", "2026-11-24 12:30"]);
        late.output(&["process"]);
        desk.check_whole().await;
        let closed = desk.database.number("select count(*) from incidents where status = 'closed'").await;
        assert_eq!(desk.database.number("select count(*) from incident_snapshots where not partial").await, closed);
        assert_eq!(desk.database.number("select count(*) from pending_snapshots").await, 0);

        let path = desk.database.directory().join("events.csv");
        std::fs::write(&path, format!("timestamp\n{}", "2026-11-24 11:00\n".repeat(5_001))).unwrap();
        let path = path.into_os_string();
        let command = |_| vec![OsString::from("event"), "import".into(), path.clone()];
        let calls = abort_everywhere(&desk, command).await;
        assert!(calls >= 12, "an import has only {calls} calls");
        assert_eq!(desk.database.number("select count(*) from events").await, 5_001, "each is stored once");
    }

    async fn an_operator_s_change_is_done_or_not_whatever_call_fails(database: TestDatabase) {
        walk_all(database, &[Fault::Lost, Fault::Unanswered], &OPERATORS).await;
    }

    async fn rule_18_a_capture_is_made_once_whatever_call_fails(database: TestDatabase) {
        walk_all(database, &[Fault::Lost, Fault::Unanswered, Fault::Full], &CAPTURES).await;
    }

    async fn what_comes_from_elsewhere_is_taken_in_once_whatever_call_fails(database: TestDatabase) {
        walk_all(database, &[Fault::Lost, Fault::Unanswered], &OTHERS).await;
    }

    async fn an_import_stores_each_event_once_whatever_call_fails(database: TestDatabase) {
        walk_all(database, &[Fault::Unanswered], &[(Operation::Import, 8)]).await;
    }

    #[ignore = "takes minutes: cargo test --test it failpoints -- --ignored"]
    async fn every_operation_with_every_fault(database: TestDatabase) {
        let all: Vec<_> = [&OPERATORS[..], &CAPTURES, &OTHERS, &[(Operation::Import, 8)]].concat();
        walk_all(database, &Fault::SURVIVED, &all).await;
    }
}
