//! The stage on which deeds take turns, and the orders in which they do: each order is a list of choices among those who
//! can take a step, and the next order differs in the last choice that has an alternative.

use std::time::{Duration, Instant};

use afterimage::clock::Clock;
use afterimage::store::{Location, Store, Upgrade};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Deed;
use crate::support::{Arrival, Desk, Gate, TestDatabase};

/// As many as ever act at once.
const ACTORS: usize = 3;
/// Who has done nothing for so long, and does not wait for a lock, pauses.
const PAUSES_AFTER: Duration = Duration::from_millis(60);
const PATIENCE: Duration = Duration::from_secs(20);

/// At which statements the gates stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fineness {
    /// At the locks, the first write after them, and the end.
    Turns,
    /// At every statement that locks, writes or ends.
    Writes,
}

/// Where everybody acts: each with connections of its own, behind a gate of its own.
pub(super) struct Stage {
    pub(super) desk: Desk,
    actors: Vec<(Store, Gate)>,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
}

/// The orders so far, and the one in hand.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// The choices of the order in hand, each with how many there were.
    choices: Vec<(usize, usize)>,
    made: usize,
    count: usize,
    steps: Vec<String>,
}

/// How far an actor is.
enum Standing {
    /// It has not shown itself since its last step.
    Under,
    Waits(oneshot::Sender<()>, String),
    Over(u8),
}

struct Acting {
    standing: Standing,
    /// It waits for a lock or for a second: others go first.
    is_stuck: bool,
    task: JoinHandle<u8>,
    cancel: CancellationToken,
}

fn turns(statement: &str) -> bool {
    ["for no key update", "update incidents set status", "delete from pending_snapshots where incident_id = any"]
        .iter()
        .any(|part| statement.contains(part))
        || is_end(statement)
}

fn writes(statement: &str) -> bool {
    let is_kept = |table| !statement.contains(table);
    let writes = ["update ", "insert into ", "delete from "].iter().any(|verb| statement.starts_with(verb));
    (writes && is_kept("processor_runs") && is_kept("outbox"))
        || statement.contains("for no key update")
        || is_end(statement)
}

fn is_end(statement: &str) -> bool {
    statement.eq_ignore_ascii_case("commit")
}

impl Stage {
    pub(super) async fn on(database: TestDatabase, fineness: Fineness) -> Self {
        let desk = Desk::on(database).await;
        let (arrive, arrivals) = mpsc::unbounded_channel();
        let is_stop = if fineness == Fineness::Turns { turns } else { writes };
        let name = desk.database.texts("select cast(current_database() as text)").await.remove(0);
        let mut actors = Vec::new();
        for number in 0..ACTORS {
            let gate = Gate::before(desk.database.url(), number, is_stop, arrive.clone());
            let location = Location::parse(&gate.url(&name)).expect("our own URL");
            let clock: std::sync::Arc<dyn Clock> = desk.database.clock().clone();
            let store = Store::open(location, clock, Upgrade::Never).await.expect("the server is up");
            gate.shut(true);
            actors.push((store, gate));
        }
        Self { desk, actors, arrivals }
    }

    /// Lets the deeds take their steps in the order in hand; the exit status of each.
    pub(super) async fn play(&mut self, deeds: &[Deed], orders: &mut Orders) -> Vec<(usize, u8)> {
        let mut acting: Vec<Acting> = Vec::new();
        for (deed, (store, _)) in deeds.iter().copied().zip(&self.actors) {
            let (store, cancel) = (store.clone(), CancellationToken::new());
            let inner = cancel.clone();
            let task = tokio::spawn(async move { deed.run(&store, &inner).await });
            acting.push(Acting { standing: Standing::Under, is_stuck: false, task, cancel });
        }
        loop {
            self.settle(&mut acting).await;
            let ready: Vec<usize> = (0..acting.len()).filter(|place| acting[*place].waits()).collect();
            if ready.is_empty() {
                break;
            }
            let chosen = ready[orders.choose(ready.len())];
            orders.steps.push(acting[chosen].go_on(chosen));
        }
        let statuses = acting.iter().map(|one| match one.standing {
            Standing::Over(status) => status,
            _ => unreachable!("nobody is left"),
        });
        statuses.enumerate().collect()
    }

    /// Waits until everybody waits at a gate, is stuck, or is done. Where all that are left are stuck, time must pass.
    async fn settle(&mut self, acting: &mut [Acting]) {
        let (deadline, mut quiet) = (Instant::now() + PATIENCE, Instant::now());
        loop {
            while let Ok(arrival) = self.arrivals.try_recv() {
                acting[arrival.of].arrive(arrival);
                quiet = Instant::now();
            }
            for one in acting.iter_mut() {
                if !matches!(one.standing, Standing::Over(_)) && one.task.is_finished() {
                    one.standing = Standing::Over((&mut one.task).await.expect("it does not panic"));
                    quiet = Instant::now();
                }
            }
            let is_under = |one: &Acting| matches!(one.standing, Standing::Under);
            let somebody_can = acting.iter().any(Acting::waits);
            if acting.iter().all(|one| !is_under(one))
                || (somebody_can && acting.iter().all(|one| !is_under(one) || one.is_stuck))
            {
                return;
            }
            assert!(Instant::now() < deadline, "nobody comes forward");
            if quiet.elapsed() > Duration::from_millis(8) && somebody_can {
                let waits_for_lock = self.locks_waited_for().await > 0;
                if waits_for_lock || quiet.elapsed() > PAUSES_AFTER {
                    acting.iter_mut().filter(|one| is_under(one)).for_each(|one| one.is_stuck = true);
                }
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn locks_waited_for(&self) -> i64 {
        let sql =
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        self.desk.database.number(sql).await
    }
}

impl Acting {
    fn waits(&self) -> bool {
        matches!(self.standing, Standing::Waits(..))
    }

    fn arrive(&mut self, arrival: Arrival) {
        if arrival.statement.contains("for no key update of i") {
            // One batch is enough: a run that found its row held would come again each second.
            self.cancel.cancel();
        }
        self.is_stuck = false;
        self.standing = Standing::Waits(arrival.permit, arrival.statement);
    }

    /// Takes its next step; what that is.
    fn go_on(&mut self, place: usize) -> String {
        let Standing::Waits(permit, statement) = std::mem::replace(&mut self.standing, Standing::Under) else {
            unreachable!("it was chosen because it waits")
        };
        // Its connection may be gone.
        let _ = permit.send(());
        let statement: String = statement.chars().take(70).collect();
        format!("{place}: {statement}")
    }
}

impl Orders {
    /// Goes over to the next order; whether there is one.
    pub(super) fn begin_next(&mut self) -> bool {
        if self.count > 0 {
            while self.choices.last().is_some_and(|(choice, of)| choice + 1 >= *of) {
                self.choices.pop();
            }
            let Some((choice, _)) = self.choices.last_mut() else { return false };
            *choice += 1;
        }
        self.count += 1;
        self.made = 0;
        self.steps.clear();
        true
    }

    /// How many there have been.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// What was done in this one.
    pub(super) fn steps(&self) -> String {
        self.steps.join("\n")
    }

    fn choose(&mut self, of: usize) -> usize {
        if self.made == self.choices.len() {
            self.choices.push((0, of));
        }
        let (choice, seen) = &mut self.choices[self.made];
        self.made += 1;
        // How soon somebody is found stuck depends on the machine.
        *seen = of.min(*seen).max(1);
        (*choice).min(of - 1)
    }
}
