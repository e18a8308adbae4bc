//! Afterimage keeps the before, during and after of every incident.
//!
//! Reading order, from the rules outwards:
//!
//! - [`domain`]: the rules of the product as pure functions of values and `now`.
//! - [`clock`]: where `now` comes from.
//! - [`store`]: the only SQL, one text over SQLite and Postgres.
//! - [`source`]: where event counts come from.
//! - [`export`]: a snapshot as a picture, a page, a table, a document.
//! - [`ops`]: what can be done, one verb per file; the processor's run is `ops::process`.
//! - [`service`]: the supervised ticker that the shells share.
//! - [`http`]: the listener and the HTTP API, beside the shells that start it.
//! - [`cli`], [`console`], [`daemon`]: the three shells, with what they are given by [`config`] and [`logging`].
#![forbid(unsafe_code)]

pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod daemon;
pub mod domain;
pub mod export;
pub mod http;
pub mod logging;
pub mod ops;
pub mod service;
pub mod source;
pub mod store;
