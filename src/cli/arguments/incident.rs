//! `incident ...`

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::values::{self, GivenTime};
use crate::domain::filter::Filter;
use crate::domain::{Aggregation, IncidentId, IncidentType, Query, Status};

const OPEN_HELP: &str = "\
What is not given is copied from the rule, and stays: changing the rule later changes no incident.

Examples:
  afterimage incident open 'Checkout errors above 5%' --rule 5xx
  afterimage incident open 'Login slow' --project web --query 'level:error' --started '20m ago'";

const CLOSE_HELP: &str = "\
Several are closed together or not at all. Closing a closed one changes nothing and is no failure, unless \
another time or a comment is given.

Examples:
  afterimage incident close 12 --comment 'rolled back'
  afterimage incident close 12 14 --at '2026-11-24 13:05'";

/// `incident ...`
#[derive(Debug, Subcommand)]
pub enum IncidentCommand {
    /// Open one
    Open(OpenArguments),
    /// List them, newest start first
    List(ListArguments),
    /// Everything about one: facts, snapshot, timeline
    Show {
        /// Incident
        #[arg(value_name = "ID", value_parser = values::incident_id)]
        id: IncidentId,
    },
    /// Correct the title; the start too, until it is captured
    Edit(EditArguments),
    /// Close them: each gets a snapshot once the dust has settled
    #[command(after_help = CLOSE_HELP)]
    Close {
        /// Incidents
        #[arg(value_name = "ID", required = true, value_parser = values::incident_id)]
        ids: Vec<IncidentId>,
        /// When they were over [default: now]
        #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = values::time())]
        at: Option<GivenTime>,
        /// Said with it, on the timeline
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
    },
    /// Reopen them: what was promised is taken back, what was captured is kept aside
    Reopen {
        /// Incidents
        #[arg(value_name = "ID", required = true, value_parser = values::incident_id)]
        ids: Vec<IncidentId>,
        /// Said with it, on the timeline
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
    },
    /// Say something on the timeline
    Comment {
        /// Incident
        #[arg(value_name = "ID", value_parser = values::incident_id)]
        id: IncidentId,
        /// What to say; - reads it from stdin
        #[arg(value_name = "TEXT")]
        text: String,
    },
}

/// `incident open ...`
#[derive(Debug, Args)]
#[command(after_help = OPEN_HELP)]
pub struct OpenArguments {
    /// What it is called; - reads it from stdin
    pub title: String,
    /// Alert rule to copy the time window, query, aggregation and projects from
    #[arg(long, value_name = "NAME")]
    pub rule: Option<String>,
    /// Project; may be given several times [default: the rule's, else all]
    #[arg(long = "project", value_name = "P")]
    pub projects: Vec<String>,
    /// Which events count, like 'level:error !environment:dev "timeout"' [default: the rule's, else all]
    #[arg(long, value_name = "Q", value_parser = Query::parse)]
    pub query: Option<Query>,
    /// How it came to be [default: created]
    #[arg(long = "type", value_name = "T", value_parser = values::incident_type())]
    pub incident_type: Option<IncidentType>,
    /// What is counted [default: the rule's, else total]
    #[arg(long, value_name = "A", value_parser = values::aggregation())]
    pub aggregation: Option<Aggregation>,
    /// When it started, like '2026-11-24 13:05', -2h or '2h ago' [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = values::time())]
    pub started: Option<GivenTime>,
    /// When it was noticed [default: when it started]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = values::time())]
    pub detected: Option<GivenTime>,
}

const LIST_HELP: &str = "\
A filter is fields, numbers and words that must all hold; '!' before one turns it round, and commas between values mean \
any of them. Fields are status, project, rule, type, window, age, started, closed, duration, snapshot, events, users and \
id. The letters of a word need only stand in order and close together; 'word and \"several words\" are exact.

Examples:
  afterimage incident list --filter 'status:open project:web,api window:>10m'
  afterimage incident list --filter 'snapshot:failing,dead !rule:canary-* chkout'
  afterimage incident list --filter 'closed:<8h' --json";

/// `incident list ...`
#[derive(Debug, Args)]
#[command(after_help = LIST_HELP)]
pub struct ListArguments {
    /// open, closed or all
    #[arg(long, value_enum, value_name = "STATUS", default_value_t = StatusChoice::All, hide_possible_values = true)]
    pub status: StatusChoice,
    /// Only those of this project
    #[arg(long, value_name = "P")]
    pub project: Option<String>,
    /// Only those whose title, project or number contains this
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Only those that a filter of the console lets through
    #[arg(long, value_name = "FILTER", value_parser = Filter::parse)]
    pub filter: Option<Filter>,
    /// At most so many
    #[arg(long, value_name = "N", default_value = "50", value_parser = values::limit())]
    pub limit: u32,
}

/// `incident edit ...`
#[derive(Debug, Args)]
#[command(override_usage = "afterimage incident edit [OPTIONS] <ID>")]
#[command(group(ArgGroup::new("edited").required(true).multiple(true).args(["title", "started"])))]
pub struct EditArguments {
    /// Incident
    #[arg(value_name = "ID", value_parser = values::incident_id)]
    pub id: IncidentId,
    /// The new title
    #[arg(long, value_name = "T")]
    pub title: Option<String>,
    /// The new start
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = values::time())]
    pub started: Option<GivenTime>,
}

/// Which incidents a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusChoice {
    /// Going on
    Open,
    /// Over
    Closed,
    /// Both
    All,
}

impl StatusChoice {
    /// The one status that is wanted.
    #[must_use]
    pub fn status(self) -> Option<Status> {
        match self {
            Self::Open => Some(Status::Open),
            Self::Closed => Some(Status::Closed),
            Self::All => None,
        }
    }
}
