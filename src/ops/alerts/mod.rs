//! Alerts in: what a monitoring system reports opens, extends and closes incidents.

mod close;
pub mod poll;
mod receive;
mod scope;

use crate::domain::alert::Routing;
use crate::source::Sources;

pub use receive::{Received, receive};
pub use scope::{Opening, opening};

/// What decides how an incident that alerts open is measured.
#[derive(Debug, Clone, Default)]
pub struct Intake {
    /// The rules for alerts.
    pub routing: Routing,
    /// The sources that an expression may be for.
    pub sources: Sources,
}

/// The source of alerts where nothing else is said.
pub const DEFAULT_SOURCE: &str = "alertmanager";
