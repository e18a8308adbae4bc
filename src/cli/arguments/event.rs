//! `event ...`

use clap::Subcommand;

/// `event ...`
#[derive(Debug, Subcommand)]
pub enum EventCommand {}
