//! What the lists show: how much of them at most. What the incident list shows and in which order is the domain's.

pub use crate::domain::filter::Filter;
pub use crate::domain::order::{Direction, Sort, SortKey};

/// So many pending snapshots, and so many snapshots, are listed at most.
pub const LIST_LIMIT: u32 = 1_000;
