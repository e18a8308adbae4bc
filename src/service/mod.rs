//! Background loops that the shells share: the ticker that runs the processor, what freezes after a close, the polls of
//! Alertmanagers, the delivery of what others are to be told, and what keeps a demo alive.

mod alertmanagers;
mod demo;
mod freezer;
pub mod outbox;
mod report;
mod supervised;
mod ticker;

pub use alertmanagers::AlertPolls;
pub use demo::feed_demo;
pub use report::log_report;
pub use ticker::{ProcessorEvent, ProcessorHandle, ProcessorOptions, host_name};
