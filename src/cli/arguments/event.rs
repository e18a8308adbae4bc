//! `event ...`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

const IMPORT_HELP: &str = "\
CSV has a header: timestamp, and value or count; project, level, environment, user, fingerprint, message and \
event_id where present. NDJSON has the same keys, and tags, one object a line.

A first pass checks every line: one bad line, and nothing is imported. An import that was killed goes on \
where it was when it is run again, and the same content again changes nothing.

Examples:
  afterimage event import requests.csv --project checkout
  zcat events.ndjson.gz | afterimage event import - --skip-invalid
  tail -F errors.ndjson | afterimage event import - --follow --level error";

/// `event ...`
#[derive(Debug, Subcommand)]
pub enum EventCommand {
    /// Import events from a file or from stdin
    Import(ImportArguments),
}

/// `event import ...`
#[derive(Debug, Args)]
#[command(after_help = IMPORT_HELP)]
pub struct ImportArguments {
    /// File; - or nothing reads stdin
    #[arg(value_name = "FILE|-", default_value = "-", hide_default_value = true)]
    pub file: PathBuf,
    /// ndjson or csv [default: by the extension, else by the first line]
    #[arg(long, value_enum, hide_possible_values = true)]
    pub format: Option<FormatChoice>,
    /// Project of events that name none
    #[arg(long, value_name = "P")]
    pub project: Option<String>,
    /// Level of events that name none
    #[arg(long, value_name = "L")]
    pub level: Option<String>,
    /// Take a live feed from stdin, line by line, saying bad lines on stderr
    #[arg(long, conflicts_with_all = ["again", "skip_invalid"])]
    pub follow: bool,
    /// Import once more what was imported already: it counts twice then
    #[arg(long)]
    pub again: bool,
    /// Leave bad lines out, and import the rest
    #[arg(long)]
    pub skip_invalid: bool,
}

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatChoice {
    /// A JSON object a line
    Ndjson,
    /// Comma-separated values under a header
    Csv,
}

impl ImportArguments {
    /// Whether the events come from stdin.
    #[must_use]
    pub fn reads_stdin(&self) -> bool {
        self.file.as_os_str() == "-"
    }
}
