//! Background loops that the shells share: the ticker that runs the processor, what freezes after a close, and what keeps a demo alive.

mod demo;
mod freezer;
mod report;
mod supervised;
mod ticker;

pub use demo::feed_demo;
pub use report::log_report;
pub use ticker::{ProcessorEvent, ProcessorHandle, ProcessorOptions, host_name};
