//! How far a run has come, for whoever watches it from outside: what it has done, and when it last did anything.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::RunCounts;

/// How far a run has come. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Mutex<(Instant, RunCounts)>>);

impl Default for Progress {
    fn default() -> Self {
        Self(Arc::new(Mutex::new((Instant::now(), RunCounts::default()))))
    }
}

impl Progress {
    /// The run has come a step further.
    pub(super) fn step(&self, counts: RunCounts) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), counts);
    }

    /// What it has done so far, also where it fails in the end.
    #[must_use]
    pub fn counts(&self) -> RunCounts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// How long ago it last came a step further. The database ends every call long before it is minutes.
    #[must_use]
    pub fn still_for(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.elapsed()
    }
}
