//! What the lists show: the columns, and how many rows at most. Which incidents in which order is the domain's.

mod columns;

pub use crate::domain::Listed;
pub use crate::domain::filter::Filter;
pub use crate::domain::order::{Direction, Sort, SortKey};
pub use columns::{Column, Columns, GAP, SNAPSHOT, Side};
