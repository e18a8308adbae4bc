//! Background loops that the shells share: the ticker that runs the processor.

mod ticker;

pub use ticker::{ProcessorEvent, ProcessorHandle, ProcessorOptions, host_name};
