//! `rule ...`

use clap::{ArgGroup, Args, Subcommand};

use super::values;
use crate::domain::{Aggregation, Query, TimeWindow};

const ADD_HELP: &str = "\
Queries:
  level:error project:checkout !environment:dev \"timeout\"     all terms hold; ! negates; a bare word
                                                              searches the message
  keys: level, project, environment, user, fingerprint, message, tags[name]; * stands for anything

Example:
  afterimage rule add 5xx --time-window 10 --query 'level:error' --project checkout --project web
  afterimage rule add errors --time-window 5 --expression 'sum(increase(errors_total[{{window}}]))'";

/// `rule ...`
#[derive(Debug, Subcommand)]
pub enum RuleCommand {
    /// Add one
    Add(AddArguments),
    /// List them, by name
    List,
    /// One of them
    Show {
        /// Rule
        name: String,
    },
    /// Change what incidents copy from now on; those that are open keep what they have
    Update(UpdateArguments),
    /// Delete one; its incidents keep what they copied
    Delete {
        /// Rule
        name: String,
    },
}

/// `rule add ...`
#[derive(Debug, Args)]
#[command(after_help = ADD_HELP)]
pub struct AddArguments {
    /// Rule, unlike any other's name
    pub name: String,
    /// Time window in whole minutes, from 1 to 43200
    #[arg(long, value_name = "MINUTES", allow_negative_numbers = true, value_parser = values::time_window)]
    pub time_window: TimeWindow,
    /// Which events count [default: all]
    #[arg(long, value_name = "Q", value_parser = Query::parse)]
    pub query: Option<Query>,
    /// What is counted [default: total]
    #[arg(long, value_name = "A", value_parser = values::aggregation())]
    pub aggregation: Option<Aggregation>,
    /// Project; may be given several times [default: all]
    #[arg(long = "project", value_name = "P")]
    pub projects: Vec<String>,
    /// What a Prometheus of the configuration is asked for events per window, instead of the events table; {{window}}
    /// in it stands for the time window
    #[arg(long, value_name = "PROMQL", conflicts_with_all = ["query", "aggregation"])]
    pub expression: Option<String>,
    /// Which Prometheus of the configuration is asked [default: the only one]
    #[arg(long, value_name = "NAME", requires = "expression")]
    pub source: Option<String>,
}

/// `rule update ...`
#[derive(Debug, Args)]
#[command(override_usage = "afterimage rule update [OPTIONS] <NAME>")]
#[command(group(ArgGroup::new("changed").required(true).multiple(true)
    .args(["time_window", "query", "aggregation", "projects", "all_projects", "expression", "events"])))]
pub struct UpdateArguments {
    /// Rule
    pub name: String,
    /// Time window in whole minutes, from 1 to 43200
    #[arg(long, value_name = "MINUTES", allow_negative_numbers = true, value_parser = values::time_window)]
    pub time_window: Option<TimeWindow>,
    /// Which events count; '' for all
    #[arg(long, value_name = "Q", value_parser = Query::parse)]
    pub query: Option<Query>,
    /// What is counted
    #[arg(long, value_name = "A", value_parser = values::aggregation())]
    pub aggregation: Option<Aggregation>,
    /// Project, instead of those that it has; may be given several times
    #[arg(long = "project", value_name = "P")]
    pub projects: Vec<String>,
    /// All projects
    #[arg(long, conflicts_with = "projects")]
    pub all_projects: bool,
    /// What a Prometheus of the configuration is asked for events per window
    #[arg(long, value_name = "PROMQL", conflicts_with_all = ["query", "aggregation"])]
    pub expression: Option<String>,
    /// Which Prometheus of the configuration is asked [default: the only one]
    #[arg(long, value_name = "NAME", requires = "expression")]
    pub source: Option<String>,
    /// The events table again, instead of an expression
    #[arg(long, conflicts_with = "expression")]
    pub events: bool,
}

impl RuleCommand {
    /// Whether it may have to ask the sources of the configuration.
    pub(super) fn asks_sources(&self) -> bool {
        match self {
            Self::Add(arguments) => arguments.expression.is_some(),
            Self::Update(arguments) => arguments.expression.is_some() || arguments.time_window.is_some(),
            _ => false,
        }
    }
}
