//! `snapshot ...`

use clap::{Subcommand, ValueEnum};

use super::values;
use crate::domain::IncidentId;

const EXPORT_HELP: &str = "\
csv has a row for each bucket of both series: series, bucket_start, period_seconds, value (empty where the \
source did not hold it), and whether the bucket lies whole within the range. json is the document of 'snapshot show --json'.

Example:
  afterimage snapshot export 12 --format csv > 12.csv";

/// `snapshot ...`
#[derive(Debug, Subcommand)]
pub enum SnapshotCommand {
    /// List them, newest first
    List {
        /// At most so many
        #[arg(long, value_name = "N", default_value = "50", value_parser = values::limit())]
        limit: u32,
    },
    /// What was kept of an incident
    Show {
        /// Incident
        #[arg(value_name = "ID", value_parser = values::incident_id)]
        id: IncidentId,
    },
    /// The snapshot that an incident would get, before it is captured
    Preview {
        /// Incident
        #[arg(value_name = "ID", value_parser = values::incident_id)]
        id: IncidentId,
    },
    /// Print a snapshot in another format
    #[command(after_help = EXPORT_HELP)]
    Export {
        /// Incident
        #[arg(value_name = "ID", value_parser = values::incident_id)]
        id: IncidentId,
        /// json or csv
        #[arg(long, value_enum, hide_possible_values = true)]
        format: ExportFormat,
    },
}

/// How a snapshot is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// The document of 'snapshot show --json'
    Json,
    /// A row for each bucket
    Csv,
}
