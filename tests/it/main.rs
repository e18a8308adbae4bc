//! The integration tests, as one binary: it is linked once, and shares one Postgres server.
#![cfg(test)]

mod captures;
mod failures;
mod incidents;
mod layers;
mod processor;
mod queries;
mod races;
mod schema;
#[expect(dead_code, reason = "the tests that need the rest of it follow")]
mod support;
mod the_support;
