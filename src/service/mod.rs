//! Background loops that the shells share: the ticker that runs the processor, the delivery of what others are to be
//! told, and what keeps a demo alive.

mod demo;
pub mod outbox;
mod report;
mod ticker;

pub use demo::feed_demo;
pub use report::log_report;
pub use ticker::{ProcessorEvent, ProcessorHandle, ProcessorOptions, host_name};
