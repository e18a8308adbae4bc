//! Reopen, close, force, retry, discard, edit and process on one incident in every order of their steps: real operations
//! on real transactions of Postgres, each behind a gate of its own that lets one statement through at a time. After each
//! order the database is what some order of whole operations leaves: rules 5, 7, 8, 16, 18 and 19.
//!
//! The short form stops at the locks, the first write and the commit. All statements that write, by hand:
//! `cargo test --test it orders:: -- --ignored --nocapture`

mod schedule;

use std::io::Write;

use afterimage::domain::{IncidentId, Trigger};
use afterimage::ops::close::CloseRequest;
use afterimage::ops::edit::EditRequest;
use afterimage::ops::process::{ProcessRequest, Selection};
use afterimage::ops::reopen::ReopenRequest;
use afterimage::ops::{self, OpsError};
use afterimage::store::Store;
use tokio_util::sync::CancellationToken;

use crate::support::{Desk, Engine, HOST, TESTER, at, run};
use schedule::{Fineness, Stage};

/// The one incident: the sequence begins anew with each order.
const ID: IncidentId = IncidentId::new(1);

/// What is done to the incident at the same time as something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Reopen,
    Close,
    /// One operator, two transactions.
    CloseAnew,
    Force,
    Retry,
    Discard,
    Edit,
    Comment,
    Process,
}

/// How the incident stands before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Open,
    Due,
    /// Its target lies ahead.
    Ahead,
    /// The same, with a partial snapshot.
    Partial,
    Dead,
}

impl Deed {
    /// Does it; the exit status that the command line would end with.
    async fn run(self, store: &Store, cancel: &CancellationToken) -> u8 {
        let outcome = match self {
            Self::Reopen => ops::reopen::reopen(store, TESTER, reopening()).await.map(drop),
            Self::Close => ops::close::close(store, TESTER, closing()).await.map(drop),
            Self::CloseAnew => close_anew(store).await,
            Self::Force => process(store, early(), CancellationToken::new()).await,
            Self::Retry => ops::pending::retry(store, TESTER, &[ID], &[]).await.map(drop),
            Self::Discard => ops::pending::discard(store, TESTER, &[ID], &[]).await.map(drop),
            Self::Edit => {
                let request = EditRequest { date_started: Some(at("10:59")), ..EditRequest::default() };
                ops::edit::edit(store, TESTER, ID, request).await.map(drop)
            }
            Self::Comment => ops::comment::comment(store, TESTER, ID, "looking").await.map(drop),
            Self::Process => process(store, Selection::Due, cancel.clone()).await,
        };
        outcome.map_or_else(|error| error.exit_status(), |()| 0)
    }

    /// The processor takes nothing that somebody else holds: that it came and went is an order too. What was forced and
    /// is no longer what was checked is refused, and nothing is done. With what status that ends.
    fn when_left_out(self) -> Option<u8> {
        match self {
            Self::Process => Some(0),
            Self::Force => Some(4),
            _ => None,
        }
    }
}

fn reopening() -> ReopenRequest {
    ReopenRequest { ids: vec![ID], ..ReopenRequest::default() }
}

fn closing() -> CloseRequest {
    CloseRequest { ids: vec![ID], at: Some(at("11:40")), comment: None }
}

fn early() -> Selection {
    Selection::Incidents { ids: vec![ID], early: true, seen: Vec::new() }
}

async fn close_anew(store: &Store) -> Result<(), OpsError> {
    ops::reopen::reopen(store, TESTER, reopening()).await?;
    ops::close::close(store, TESTER, closing()).await.map(drop)
}

async fn process(store: &Store, selection: Selection, cancel: CancellationToken) -> Result<(), OpsError> {
    let request = ProcessRequest { selection, cancel, ..ProcessRequest::due(Trigger::Interval, HOST) };
    ops::process::process(store, request).await.map(drop)
}

/// An incident as it is to stand, in an empty database.
async fn set_up(desk: &Desk, start: Start) {
    desk.database.execute("truncate incidents, processor_runs, outbox restart identity cascade").await;
    match start {
        Start::Open => _ = desk.open_started("11:00").await,
        Start::Due => _ = desk.closed(1, "11:00", "11:05").await,
        Start::Ahead => _ = desk.closed(1, "11:00", "11:55").await,
        Start::Partial => {
            desk.closed(1, "11:00", "11:55").await;
            desk.try_force(&[ID], crate::support::Early::Allowed).await.expect("it is closed");
        }
        Start::Dead => {
            desk.closed(1, "11:00", "11:05").await;
            desk.database.execute("update pending_snapshots set attempts = 8, dead_since = 1, last_error = 'x'").await;
        }
    }
}

/// Everything as it stands, and the exit statuses by deed.
type Ending = (Vec<Vec<String>>, Vec<(usize, u8)>);

/// The endings of all orders of whole deeds, with and without those that may have found nothing to take.
async fn serial_endings(desk: &Desk, start: Start, deeds: &[Deed]) -> Vec<Ending> {
    let mut endings = Vec::new();
    for order in permutations(deeds.len()) {
        let optional: Vec<usize> =
            order.iter().copied().filter(|place| deeds[*place].when_left_out().is_some()).collect();
        for mask in 0..1usize << optional.len() {
            set_up(desk, start).await;
            let mut statuses = Vec::new();
            for place in &order {
                let left_out = optional.iter().position(|one| one == place).is_some_and(|bit| mask >> bit & 1 == 1);
                let cancel = CancellationToken::new();
                let status = match deeds[*place].when_left_out().filter(|_| left_out) {
                    Some(status) => status,
                    None => deeds[*place].run(&desk.store, &cancel).await,
                };
                statuses.push((*place, status));
            }
            statuses.sort_unstable();
            endings.push((desk.everything().await, statuses));
        }
    }
    endings
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(count - 1);
    let longer = shorter.iter().flat_map(|order| {
        (0..count).map(|place| {
            let mut order = order.clone();
            order.insert(place, count - 1);
            order
        })
    });
    longer.collect()
}

/// Runs the deeds in every order of their steps, `limit` at most, and compares each ending. How many orders there were.
async fn check_orders(stage: &mut Stage, start: Start, deeds: &[Deed], limit: usize) -> usize {
    let serial = serial_endings(&stage.desk, start, deeds).await;
    let mut orders = schedule::Orders::default();
    while orders.count() < limit && orders.begin_next() {
        set_up(&stage.desk, start).await;
        let statuses = stage.play(deeds, &mut orders).await;
        let ending = (stage.desk.everything().await, statuses);
        let steps = orders.steps();
        assert!(
            serial.contains(&ending),
            "{deeds:?} from {start:?} is no serial order:\n{steps}\n{ending:#?}\n{serial:#?}"
        );
        let discarded = deeds.contains(&Deed::Discard);
        if !discarded {
            stage.desk.check_whole().await;
        }
    }
    orders.count()
}

/// How many of the pairs are in the short form.
const IN_SHORT: usize = 5;

const PAIRS: [(Start, [Deed; 2]); 13] = [
    (Start::Due, [Deed::Reopen, Deed::Process]),
    (Start::Due, [Deed::CloseAnew, Deed::Process]),
    (Start::Due, [Deed::Discard, Deed::Process]),
    (Start::Ahead, [Deed::Reopen, Deed::Force]),
    (Start::Ahead, [Deed::Discard, Deed::Force]),
    (Start::Due, [Deed::Force, Deed::Process]),
    (Start::Due, [Deed::Process, Deed::Process]),
    (Start::Due, [Deed::Retry, Deed::Process]),
    (Start::Due, [Deed::Edit, Deed::Process]),
    (Start::Dead, [Deed::Retry, Deed::Force]),
    (Start::Open, [Deed::Close, Deed::Process]),
    (Start::Partial, [Deed::Edit, Deed::Force]),
    (Start::Partial, [Deed::Reopen, Deed::Force]),
];

const TRIPLES: [(Start, [Deed; 3]); 3] = [
    (Start::Due, [Deed::Reopen, Deed::Close, Deed::Process]),
    (Start::Due, [Deed::Reopen, Deed::Process, Deed::Process]),
    (Start::Due, [Deed::Reopen, Deed::Comment, Deed::Process]),
];

fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[test]
fn rule_18_any_two_deeds_in_any_order_of_their_steps_leave_what_one_after_the_other_leaves() {
    run(Engine::Postgres, |database| async {
        let mut stage = Stage::on(database, Fineness::Turns).await;
        for (start, deeds) in PAIRS.into_iter().take(IN_SHORT) {
            let count = check_orders(&mut stage, start, &deeds, 12).await;
            assert!(count >= 2, "{deeds:?} from {start:?} have been in {count} orders only");
        }
    });
}

#[test]
#[ignore = "takes minutes: every order of every statement that writes"]
fn rule_18_every_order_of_every_statement_of_two_deeds() {
    run(Engine::Postgres, |database| async {
        let mut stage = Stage::on(database, Fineness::Writes).await;
        let mut whole = 0;
        for (start, deeds) in PAIRS {
            let began = std::time::Instant::now();
            let count = check_orders(&mut stage, start, &deeds, 3_000).await;
            say(&format!("{count} orders of {deeds:?} from {start:?} in {:?}", began.elapsed()));
            whole += count;
        }
        say(&format!("{whole} orders"));
    });
}

#[test]
#[ignore = "takes minutes: every order of the turns of three"]
fn rule_18_every_order_of_the_turns_of_three_deeds() {
    run(Engine::Postgres, |database| async {
        let mut stage = Stage::on(database, Fineness::Turns).await;
        for (start, deeds) in TRIPLES {
            let began = std::time::Instant::now();
            let count = check_orders(&mut stage, start, &deeds, 3_000).await;
            say(&format!("{count} orders of {deeds:?} from {start:?} in {:?}", began.elapsed()));
        }
    });
}
