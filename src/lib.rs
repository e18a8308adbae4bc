//! Afterimage keeps the before, during and after of every incident.
//!
//! Reading order, from the rules outwards:
//!
//! - [`domain`]: the rules of the product as pure functions of values and `now`.
//! - [`clock`]: where `now` comes from.
//! - [`console`]: the terminal console.
#![forbid(unsafe_code)]

pub mod clock;
pub mod console;
pub mod domain;
pub mod ops;
pub mod source;
pub mod store;
