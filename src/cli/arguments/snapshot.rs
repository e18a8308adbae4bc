//! `snapshot ...`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::values;
use crate::domain::{IncidentId, SeriesKind};
use crate::export::Format;
use crate::export::svg::Theme;

const EXPORT_HELP: &str = "\
Formats:
  markdown  a page for a post-mortem: the facts, the timeline and the chart; the judgement is left blank
  svg       the chart, to be put into a page; it follows the reader's light or dark surroundings
  csv       a row for each bucket of both series: series, bucket_start, period_seconds, value (empty where the \
source did not hold it, or it is not over yet), and whether the bucket lies whole within the range
  json      the document of 'snapshot show --json'

The chart shows the windowed series; of a long incident, whose end lies beyond that, the lifetime series.

Examples:
  afterimage snapshot export 12 --output 12.svg
  afterimage snapshot export 12 --format markdown > post-mortem.md
  afterimage snapshot export 12 --format svg --preview --output so-far.svg --overwrite";

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
    /// Write a snapshot for other tools: a picture, a page, a table, a document
    #[command(after_help = EXPORT_HELP)]
    Export(ExportArguments),
}

impl SnapshotCommand {
    /// Whether it may have to ask the sources of the configuration.
    pub(super) fn asks_sources(&self) -> bool {
        match self {
            Self::Preview { .. } => true,
            Self::Export(arguments) => arguments.preview,
            _ => false,
        }
    }
}

/// `snapshot export ...`
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// Incident
    #[arg(value_name = "ID", value_parser = values::incident_id)]
    pub id: IncidentId,
    /// Its format [default: what the name of the file says]
    #[arg(long, value_parser = values::format(), required_unless_present = "output")]
    pub format: Option<Format>,
    /// Write it to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long, requires = "output")]
    pub overwrite: bool,
    /// Export what would be kept, where nothing is captured yet
    #[arg(long)]
    pub preview: bool,
    /// Colours of an svg [default: auto, as the reader's surroundings]
    #[arg(long, value_parser = values::theme())]
    pub theme: Option<Theme>,
    /// Series of the chart of an svg or a markdown page
    #[arg(long, value_parser = values::series())]
    pub series: Option<SeriesKind>,
}
