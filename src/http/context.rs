//! What every handler is given: the database once it is there, the policy, and the limits.

use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;

use super::access::Policy;
use super::error::ApiError;
use super::limits::Limits;
use crate::ops::alerts::Intake;
use crate::service::{Surveyor, Vitals};
use crate::source::Alertmanager;
use crate::store::Store;

/// The database, as soon as there is one: a daemon answers before it has found its own.
#[derive(Debug, Clone, Default)]
pub struct Database(Arc<OnceLock<Store>>);

impl Database {
    /// It is open now. The first one stays.
    pub fn opened(&self, store: &Store) {
        // A console that reaches its database again has the same.
        let _ = self.0.set(store.clone());
    }
}

/// What of its process the interface shows and uses.
#[derive(Debug, Clone, Default)]
pub struct Process {
    /// How what alerts open is measured, and by which sources.
    pub intake: Arc<Intake>,
    /// Who is asked which alerts there still are.
    pub alertmanagers: Arc<Vec<Alertmanager>>,
    /// How its processor does.
    pub vitals: Vitals,
}

/// What every handler is given. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Context(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    database: Database,
    policy: Policy,
    limits: Limits,
    process: Process,
    surveyor: Surveyor,
    /// A permit for each request at work.
    work: Semaphore,
    /// A permit for each byte of a body that is held.
    memory: Arc<Semaphore>,
}

impl Context {
    /// What handlers are given.
    #[must_use]
    pub fn new(database: Database, policy: Policy, limits: Limits) -> Self {
        Self::of_process(database, policy, limits, Process::default())
    }

    /// The same, in a process that does more than that.
    #[must_use]
    pub fn of_process(database: Database, policy: Policy, limits: Limits, process: Process) -> Self {
        let work = Semaphore::new(limits.requests.min(Semaphore::MAX_PERMITS));
        let memory = Arc::new(Semaphore::new(limits.bodies.min(Semaphore::MAX_PERMITS)));
        let surveyor = Surveyor::default();
        Self(Arc::new(Shared { database, policy, limits, process, surveyor, work, memory }))
    }

    /// The database.
    ///
    /// # Errors
    /// Where it has not been reached yet.
    pub fn store(&self) -> Result<&Store, ApiError> {
        let missing = || ApiError::unavailable("the database is not there yet: it is waited for");
        self.0.database.0.get().ok_or_else(missing)
    }

    /// Who may ask.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// How much may be asked.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// How what alerts open is measured.
    #[must_use]
    pub fn intake(&self) -> &Intake {
        &self.0.process.intake
    }

    pub(super) fn process(&self) -> &Process {
        &self.0.process
    }

    pub(super) fn surveyor(&self) -> &Surveyor {
        &self.0.surveyor
    }

    pub(super) fn work(&self) -> &Semaphore {
        &self.0.work
    }

    pub(super) fn memory(&self) -> &Arc<Semaphore> {
        &self.0.memory
    }
}
