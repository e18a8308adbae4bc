//! An operator at a desk: opens, closes, lets time pass, and looks at what became of it.

use std::time::Duration;

use afterimage::domain::rule::Scope;
use afterimage::domain::{
    Activity, Event, Incident, IncidentId, PendingSnapshot, Snapshot, SupersededSnapshot, TimeWindow, Timestamp,
    Trigger,
};
use afterimage::ops::close::CloseRequest;
use afterimage::ops::open::OpenRequest;
use afterimage::ops::process::{ProcessRequest, RunReport, Selection};
use afterimage::ops::reopen::ReopenRequest;
use afterimage::ops::{self, OpsError};
use afterimage::store::{Location, Store, Upgrade};

use super::{TestDatabase, at, minutes};

/// Who does what the tests do.
pub const TESTER: &str = "tester";

/// Where the tests' processor runs.
pub const HOST: &str = "test-host";

/// Whether a snapshot may be captured before its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Early {
    /// A partial snapshot is wanted.
    Allowed,
    /// The target must have been reached.
    Refused,
}

/// Everything that a change may touch; runs and the list of processors only tell of it.
const TABLES: [&str; 9] = [
    "alert_rules",
    "alert_rule_projects",
    "incidents",
    "incident_projects",
    "incident_activities",
    "pending_snapshots",
    "incident_snapshots",
    "superseded_snapshots",
    "time_series_snapshots",
];

/// A store, its database, and a clock that stands at noon until it is turned.
#[derive(Debug)]
pub struct Desk {
    /// The database itself, for a look behind the store's back.
    pub database: TestDatabase,
    /// What the operator works on.
    pub store: Store,
}

impl Desk {
    /// A desk on an empty database.
    pub async fn on(database: TestDatabase) -> Self {
        let store = database.store().await;
        Self { database, store }
    }

    /// A desk on a database that is reached another way: through what stands before it.
    pub async fn through(database: TestDatabase, url: &str) -> Self {
        let location = Location::parse(url).expect("our own URL");
        let store = Store::open(location, database.clock().clone(), Upgrade::Allowed).await;
        Self { database, store: store.unwrap_or_else(|error| panic!("{error}")) }
    }

    /// Turns the clock to the instant that `text` says.
    pub fn turn_to(&self, text: &str) {
        self.database.clock().set(at(text));
    }

    /// Lets time pass.
    pub fn wait(&self, span: Duration) {
        self.database.clock().advance(span);
    }

    /// What the clock says.
    pub fn now(&self) -> Timestamp {
        self.store.host_now()
    }

    /// The name of a rule whose time window is `count` minutes.
    pub async fn rule(&self, count: i64) -> String {
        let name = format!("every {count}m");
        let scope = Scope { time_window: minutes(count), ..Scope::default() };
        match ops::rule::add(&self.store, &name, scope).await {
            Ok(_) | Err(OpsError::Conflict(_)) => name,
            Err(error) => panic!("{error}"),
        }
    }

    /// What an incident with a window of `count` minutes is opened with.
    pub async fn request(&self, count: i64) -> OpenRequest {
        let rule = if minutes(count) == TimeWindow::DEFAULT { None } else { Some(self.rule(count).await) };
        OpenRequest { title: "Checkout errors".to_owned(), rule, ..OpenRequest::default() }
    }

    /// Opens an incident now, with a window of `count` minutes.
    pub async fn open(&self, count: i64) -> IncidentId {
        let request = self.request(count).await;
        self.open_as(request).await
    }

    /// Opens an incident as it is asked for.
    pub async fn open_as(&self, request: OpenRequest) -> IncidentId {
        ops::open::open(&self.store, TESTER, request).await.unwrap_or_else(|error| panic!("{error}")).id
    }

    /// Opens an incident that started at `started`.
    pub async fn open_started(&self, started: &str) -> IncidentId {
        self.open_as(OpenRequest { date_started: Some(at(started)), ..self.request(1).await }).await
    }

    /// Opens an incident that started at `started`, and closes it as of `closed`.
    pub async fn closed(&self, count: i64, started: &str, closed: &str) -> IncidentId {
        let request = OpenRequest { date_started: Some(at(started)), ..self.request(count).await };
        let id = self.open_as(request).await;
        self.try_close(CloseRequest { ids: vec![id], at: Some(at(closed)), comment: None }).await.expect("it is open");
        id
    }

    /// Closes an incident now.
    pub async fn close(&self, id: IncidentId) {
        self.try_close(CloseRequest { ids: vec![id], at: None, comment: None }).await.expect("it can be closed");
    }

    /// Closes incidents, where they can be.
    pub async fn try_close(&self, request: CloseRequest) -> Result<(), OpsError> {
        ops::close::close(&self.store, TESTER, request).await.map(drop)
    }

    /// Reopens an incident.
    pub async fn reopen(&self, id: IncidentId) {
        self.try_reopen(ReopenRequest { ids: vec![id], ..ReopenRequest::default() }).await.expect("it can be reopened");
    }

    /// Reopens incidents, where they can be.
    pub async fn try_reopen(&self, request: ReopenRequest) -> Result<(), OpsError> {
        ops::reopen::reopen(&self.store, TESTER, request).await.map(drop)
    }

    /// Runs the processor over all that is due.
    pub async fn process(&self) -> RunReport {
        self.try_process(ProcessRequest::due(Trigger::Forced, HOST)).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs the processor over these incidents, on a day when all of them are due.
    pub async fn process_only(&self, ids: &[IncidentId]) -> RunReport {
        self.try_force(ids, Early::Refused).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs the processor over these incidents, where that is possible.
    pub async fn try_force(&self, ids: &[IncidentId], early: Early) -> Result<RunReport, OpsError> {
        let selection = Selection::Incidents { ids: ids.to_vec(), early: early == Early::Allowed, seen: Vec::new() };
        self.try_process(ProcessRequest { selection, ..ProcessRequest::due(Trigger::Forced, HOST) }).await
    }

    /// Runs the processor.
    pub async fn try_process(&self, request: ProcessRequest) -> Result<RunReport, OpsError> {
        ops::process::process(&self.store, request).await
    }

    /// Makes `count` incidents that were closed at 11:00, with a window of a minute, so that each has a row that is due.
    pub async fn closed_many(&self, count: u32) {
        let (start, end) = (at("10:50").as_micros(), at("11:00").as_micros());
        let target = at("11:10").as_micros();
        let columns = "title, type, status, aggregation, query, time_window_minutes, date_started, date_detected, \
                       date_closed, date_added";
        self.database
            .execute(&format!(
                "with recursive numbers(number) as \
                     (select 1 union all select number + 1 from numbers where number < {count}) \
                 insert into incidents ({columns}) \
                 select 'Incident', 'created', 'closed', 'total', '', 1, {start}, {start}, {end}, {end} from numbers; \
                 insert into pending_snapshots (incident_id, target_run_date, next_attempt_at) \
                 select id, {target}, {target} from incidents",
            ))
            .await;
    }

    /// Brings what [`Desk::closed_many`] has made so far into the past that a clock which nobody turns finds it due.
    pub async fn make_long_due(&self) {
        self.database
            .execute(
                "update incidents set date_started = 1600000000000000, date_detected = 1600000000000000, \
                     date_closed = 1600000600000000, date_added = 1600000000000000; \
                 update pending_snapshots set target_run_date = 1600001200000000, next_attempt_at = 1600001200000000",
            )
            .await;
    }

    /// Checks that `count` incidents were captured, each once, that nothing waits, and that none was ever blamed.
    pub async fn check_captured(&self, count: u32) {
        self.check_whole().await;
        let number = async |sql| self.database.number(sql).await;
        assert_eq!(number("select count(*) from incident_snapshots").await, i64::from(count));
        assert_eq!(number("select count(*) from pending_snapshots").await, 0);
        assert_eq!(number("select count(*) from superseded_snapshots").await, 0);
    }

    /// Makes every attempt to keep a snapshot of `id` fail, as a defect in one row would.
    pub async fn poison(&self, id: IncidentId) {
        let sqlite = format!(
            "create trigger poison before insert on incident_snapshots when new.incident_id = {id} \
             begin select raise(abort, 'this row is poisoned'); end",
        );
        self.database.execute(self.database.pick(&sqlite, &postgres_poison(id, "P0001"))).await;
    }

    /// Makes every attempt to keep a snapshot of `id` fail too: any number of rows may.
    pub async fn poison_also(&self, id: IncidentId) {
        self.poison_where(&format!("id = {id}")).await;
    }

    /// The same for all incidents of which this holds.
    pub async fn poison_where(&self, condition: &str) {
        let trigger = self.database.pick(
            "create trigger if not exists poison before insert on incident_snapshots \
                 when new.incident_id in (select id from poisoned) begin select raise(abort, 'this row is poisoned'); end;",
            "create or replace function poison() returns trigger language plpgsql as $$ begin \
                 if exists (select 1 from poisoned p where p.id = new.incident_id) then \
                     raise exception 'this row is poisoned'; end if; return new; end $$; \
             create or replace trigger poison before insert on incident_snapshots \
                 for each row execute function poison();",
        );
        let list = "create table if not exists poisoned (id bigint primary key);";
        let add = format!("insert into poisoned select id from incidents where {condition} on conflict do nothing");
        self.database.execute(&format!("{list} {trigger} {add}")).await;
    }

    /// Lets the rows that [`Desk::poison_where`] named be kept again.
    pub async fn cure_where(&self, condition: &str) {
        self.database.execute(&format!("delete from poisoned where {condition}")).await;
    }

    /// Ends what [`Desk::poison`] began.
    pub async fn cure(&self) {
        let sql = self.database.pick("drop trigger poison", "drop trigger poison on incident_snapshots");
        self.database.execute(sql).await;
    }

    /// Stores events.
    pub async fn import(&self, events: &[Event]) {
        let mut tx = self.store.write().await.expect("the database is there");
        tx.insert_events(events).await.expect("the events are in order");
        tx.commit().await.expect("the database is there");
    }

    /// An incident as it stands.
    pub async fn incident(&self, id: IncidentId) -> Incident {
        let mut tx = self.store.read().await.expect("the database is there");
        tx.incident(id).await.expect("it can be read").expect("there is such an incident")
    }

    /// The promise of an incident's snapshot.
    pub async fn pending(&self, id: IncidentId) -> Option<PendingSnapshot> {
        self.incident(id).await.pending
    }

    /// The current snapshot of an incident.
    pub async fn snapshot(&self, id: IncidentId) -> Option<Snapshot> {
        self.store.read().await.expect("the database is there").snapshot(id).await.expect("it can be read")
    }

    /// The snapshots of an incident that are no longer current.
    pub async fn superseded(&self, id: IncidentId) -> Vec<SupersededSnapshot> {
        self.store.read().await.expect("the database is there").superseded(id).await.expect("they can be read")
    }

    /// Who did what to an incident.
    pub async fn timeline(&self, id: IncidentId) -> Vec<Activity> {
        self.store.read().await.expect("the database is there").activities(id).await.expect("they can be read")
    }

    /// Every row that a change may touch. Equal before and after, nothing was changed.
    pub async fn everything(&self) -> Vec<Vec<String>> {
        let mut tables = Vec::new();
        for table in TABLES {
            tables.push(self.database.dump(table).await);
        }
        tables
    }

    /// Checks that every incident has exactly what belongs to its status, and nothing twice.
    pub async fn check_whole(&self) {
        let impossible = [
            "select count(*) from incidents i where i.status = 'closed' and not exists \
                 (select 1 from pending_snapshots p where p.incident_id = i.id) and not exists \
                 (select 1 from incident_snapshots s where s.incident_id = i.id)",
            "select count(*) from incidents i where i.status = 'open' and (exists \
                 (select 1 from pending_snapshots p where p.incident_id = i.id) or exists \
                 (select 1 from incident_snapshots s where s.incident_id = i.id))",
            "select count(*) from pending_snapshots p join incident_snapshots s on s.incident_id = p.incident_id \
                 where not s.partial",
            "select count(*) from incident_snapshots s where 2 <> (select count(*) from time_series_snapshots t \
                 where t.incident_id = s.incident_id and t.revision = 0)",
            "select count(*) from time_series_snapshots t where t.revision = 0 and not exists \
                 (select 1 from incident_snapshots s where s.incident_id = t.incident_id)",
        ];
        // As one query: a connection for each of them would be most of what a test does.
        let each = impossible.map(|sql| format!("select '{}' where ({sql}) > 0", sql.replace('\'', "''")));
        let found = self.database.texts(&each.join(" union all ")).await;
        assert!(found.is_empty(), "{found:#?}");
    }
}

/// Statements that make Postgres fail with `code` wherever a snapshot of `id` is inserted.
pub fn postgres_poison(id: IncidentId, code: &str) -> String {
    format!(
        "create or replace function poison() returns trigger language plpgsql as $$ begin \
             if new.incident_id = {id} then raise exception 'this row is poisoned' using errcode = '{code}'; end if; \
             return new; end $$; \
         create trigger poison before insert on incident_snapshots for each row execute function poison()",
    )
}

/// Checks that something was refused with this exit status, and that the message says each of `fragments`.
#[track_caller]
pub fn check_refused<T: std::fmt::Debug>(result: Result<T, OpsError>, status: u8, fragments: &[&str]) {
    let error = result.expect_err("it is refused");
    assert_eq!(error.exit_status(), status, "{error}");
    for fragment in fragments {
        assert!(error.to_string().contains(fragment), "'{fragment}' is not said: {error}");
    }
}
