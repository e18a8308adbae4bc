//! Made-up data: the demo, and databases for load tests. Refuses every database that may hold somebody's own.
//!
//! - [`scenario`]: the story of the demo as it is written down in `assets/demo.toml`.
//! - [`shape`]: how trouble comes and goes, as a function of its progress.
//! - [`signal`]: the events of one kind: an ordinary day, its noise, and the trouble on top.
//! - [`plan`]: the story told relative to an instant: rules, what people did when, and the events.
//! - `demo`: carries that plan out on a database, through the verbs that people use.
//! - [`feed`]: the same events going on while the demo is watched.
//! - [`load`]: databases of any size for load tests.

pub mod alerts;
mod demo;
pub mod feed;
mod grid;
pub mod load;
#[cfg(test)]
mod matching;
pub mod plan;
mod reading;
pub mod scenario;
pub mod shape;
pub mod signal;
mod trouble;

pub use demo::{DemoReport, prepare};
pub use feed::DemoFeed;
pub use load::{SeedReport, SeedRequest, seed};
pub use plan::Plan;
pub use scenario::Scenario;

use super::OpsError;
use crate::store::Store;

/// Refuses a database that holds anything: made-up data never mixes with somebody's own.
async fn require_empty(store: &Store) -> Result<(), OpsError> {
    if store.read().await?.is_empty().await? {
        return Ok(());
    }
    Err(OpsError::Conflict(format!("{} is not empty: only an empty database is seeded", store.location())))
}
