//! `pending ...`, `process ...` and `run ...`

use clap::{Args, Subcommand};

use super::values;
use crate::domain::IncidentId;

/// `pending ...`
#[derive(Debug, Subcommand)]
pub enum PendingCommand {
    /// List them, what is tried next first
    List,
    /// Try failed or dead ones again, with all their attempts before them
    Retry {
        /// Incidents
        #[arg(value_name = "ID", required = true, value_parser = values::incident_id)]
        ids: Vec<IncidentId>,
    },
    /// Give them up: these incidents get no snapshot unless 'process ID' asks for one
    Discard {
        /// Incidents
        #[arg(value_name = "ID", required = true, value_parser = values::incident_id)]
        ids: Vec<IncidentId>,
    },
}

const PROCESS_HELP: &str = "\
Without an ID, everything due is captured. With IDs, those incidents are captured now, whether they wait for \
their next attempt or are dead. Exit status 1 where a snapshot failed; 'pending list' says why.

Examples:
  afterimage process
  afterimage process 12 14
  afterimage process 12 --force      before its target: a partial snapshot, replaced by the complete one later";

/// `process ...`
#[derive(Debug, Args)]
#[command(after_help = PROCESS_HELP)]
pub struct ProcessArguments {
    /// Incidents
    #[arg(value_name = "ID", value_parser = values::incident_id)]
    pub ids: Vec<IncidentId>,
    /// Also before the target: a partial snapshot
    #[arg(long, requires = "ids")]
    pub force: bool,
}

/// `run ...`
#[derive(Debug, Subcommand)]
pub enum RunCommand {
    /// List the latest runs, newest first; a run that found nothing leaves no record
    List {
        /// At most so many
        #[arg(long, value_name = "N", default_value = "50", value_parser = values::limit())]
        limit: u32,
    },
}
