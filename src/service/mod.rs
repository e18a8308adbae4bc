//! Background loops that the shells share: the ticker that runs the processor, what freezes after a close, the polls of
//! Alertmanagers, the delivery of what others are to be told, what deletes old events, and what keeps a demo alive. What they know of themselves is
//! in [`Vitals`], what of the database in [`Surveyor`].

mod alertmanagers;
mod demo;
mod freezer;
mod offset;
pub mod outbox;
mod report;
mod retention;
mod supervised;
mod survey;
mod tally;
mod ticker;
mod vitals;
mod watch;

pub use alertmanagers::AlertPolls;
pub use demo::feed_demo;
pub use report::log_report;
pub use retention::{Pace, RetentionHandle, prune_once};
pub use survey::{Figures, Surveyor};
pub use tally::Tally;
pub use ticker::{ProcessorEvent, ProcessorHandle, ProcessorOptions, host_name};
pub use vitals::Vitals;
