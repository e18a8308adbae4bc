//! The rules of the product: pure functions of values and `now`. No I/O, no SQL, no ambient time.
//!
//! [`window`] and [`schedule`] are its heart: which range a snapshot shows, and when it is captured.

pub mod activity;
pub mod alert;
pub mod event;
pub mod expression;
pub mod filter;
pub mod freezing;
pub mod incident;
pub mod listed;
pub mod names;
pub mod order;
pub mod pending;
pub mod query;
pub mod refusal;
pub mod rule;
pub mod run;
pub mod schedule;
pub mod seen;
pub mod series;
pub mod snapshot;
pub mod source_health;
pub mod span;
pub mod text;
pub mod time_window;
pub mod timestamp;
pub mod window;

pub(crate) use names::named_enum;

pub use activity::Activity;
pub use event::Event;
pub use expression::{Expression, Measure};
pub use freezing::Freezing;
pub use incident::{ActivityKind, Aggregation, Incident, IncidentId, IncidentType, Status};
pub use listed::Listed;
pub use pending::{PendingQueue, PendingSnapshot, PendingState};
pub use query::Query;
pub use refusal::{Refusal, Remedy};
pub use rule::AlertRule;
pub use run::{Processor, ProcessorKind, ProcessorRun, RunCounts, Trigger};
pub use seen::Seen;
pub use series::Series;
pub use snapshot::{SeriesKind, Snapshot, SnapshotFacts, SupersededSnapshot};
pub use source_health::SourceHealth;
pub use time_window::TimeWindow;
pub use timestamp::Timestamp;
