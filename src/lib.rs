//! Afterimage keeps the before, during and after of every incident.
//!
//! Reading order, from the rules outwards:
//!
//! - [`domain`]: the rules of the product as pure functions of values and `now`.
//! - [`clock`]: where `now` comes from.
//! - [`cli`]: one command, one thing done.
//! - [`config`]: what the configuration file and the environment say.
#![forbid(unsafe_code)]

pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod ops;
pub mod source;
pub mod store;
