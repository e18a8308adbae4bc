//! The HTTP interface: a listener with hard limits, and the API on it. Whatever it does goes through the same `ops` as the
//! command line's, so that both have the same rules, limits and messages.
//!
//! ```text
//! connection ──> gate: who asks, how much, how long ──> route ──> ops or one reading transaction ──> JSON
//! ```
//!
//! The table of routes is in [`routes`]; another shell's route, like a webhook's, is one more line there and a file here.

mod access;
mod alerts;
mod answer;
mod body;
mod caller;
mod context;
mod error;
mod events;
mod gate;
mod health;
mod incidents;
mod limits;
mod metrics;
mod number;
mod openapi;
mod parameters;
mod ready;
pub mod routes;
mod server;
mod snapshots;

pub use access::{Policy, Token};
pub use context::{Context, Database, Process};
pub use error::ApiError;
pub use limits::Limits;
pub use server::{HttpError, Listener, Server};
