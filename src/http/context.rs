//! What every handler is given: the database once it is there, the policy, and the limits.

use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;

use super::access::Policy;
use super::error::ApiError;
use super::limits::Limits;
use crate::ops::alerts::Intake;
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

/// What every handler is given. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Context(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    database: Database,
    policy: Policy,
    limits: Limits,
    intake: Arc<Intake>,
    /// A permit for each request at work.
    work: Semaphore,
    /// A permit for each byte of a body that is held.
    memory: Arc<Semaphore>,
}

impl Context {
    /// What handlers are given.
    #[must_use]
    pub fn new(database: Database, policy: Policy, limits: Limits) -> Self {
        Self::with_intake(database, policy, limits, Arc::default())
    }

    /// The same, where alerts are measured as the configuration says.
    #[must_use]
    pub fn with_intake(database: Database, policy: Policy, limits: Limits, intake: Arc<Intake>) -> Self {
        let work = Semaphore::new(limits.requests.min(Semaphore::MAX_PERMITS));
        let memory = Arc::new(Semaphore::new(limits.bodies.min(Semaphore::MAX_PERMITS)));
        Self(Arc::new(Shared { database, policy, limits, intake, work, memory }))
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
        &self.0.intake
    }

    pub(super) fn work(&self) -> &Semaphore {
        &self.0.work
    }

    pub(super) fn memory(&self) -> &Arc<Semaphore> {
        &self.0.memory
    }
}
