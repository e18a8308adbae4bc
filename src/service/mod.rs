//! Background loops that the shells share: the ticker that runs the processor, and what keeps a demo alive.

mod alertmanagers;
mod demo;
mod report;
mod ticker;

pub use alertmanagers::AlertPolls;
pub use demo::feed_demo;
pub use report::log_report;
pub use ticker::{ProcessorEvent, ProcessorHandle, ProcessorOptions, host_name};
