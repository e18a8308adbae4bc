//! The integration tests, as one binary: it is linked once, and shares one Postgres server.
#![cfg(test)]

mod alerts;
mod captures;
mod changes;
mod cli_bad_input;
mod cli_database;
mod cli_fixture;
mod cli_import;
mod cli_json;
mod cli_text;
mod connected;
mod console_keys;
mod console_settings;
mod console_terminal;
mod edits;
mod exports;
mod failures;
mod guards;
mod import;
mod incidents;
mod layers;
mod listing;
mod outages;
mod pictures;
mod previews;
mod processes;
mod processor;
mod queries;
mod races;
mod recorded;
mod schema;
mod seeding;
mod support;
mod the_support;
