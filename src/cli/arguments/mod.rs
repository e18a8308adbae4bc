//! What can be typed. Checks what can be checked without a database, so that a slip costs nothing.

pub mod config;
pub mod db;
pub mod event;
pub mod incident;
mod processing;
pub mod rule;
pub mod snapshot;
pub mod values;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::{parse_batch_size, parse_interval, parse_listen, parse_retention};
pub use db::{BackupArguments, CopyArguments, DbCommand, PruneArguments};
pub use processing::{PendingCommand, ProcessArguments, RunCommand};
use values::GivenTime;

const EXAMPLES: &str = "\
Examples:
  afterimage --demo                                   look around in made-up data
  afterimage                                          open the console
  afterimage --daemon                                 capture snapshots without a console
  afterimage --daemon --listen 127.0.0.1:9470         and answer over HTTP: GET /api/v1/openapi.json says what
  afterimage rule add 5xx --time-window 10 --query level:error --project checkout
  afterimage incident open 'Checkout errors' --rule 5xx --started '20m ago'
  afterimage incident close 1 --comment 'rolled back'
  afterimage snapshot show 1 --json

Environment:
  AFTERIMAGE_DATABASE_URL    where --database-url is not given
  AFTERIMAGE_USER            where --by is not given
  AFTERIMAGE_LOG             what is logged: error, warn, info, debug, or as tracing's filters
  NO_COLOR                   as --no-color

Exit status:
  0    done; also where there was nothing to do
  1    a failure of the program, or 'process' with failed snapshots
  2    wrong input: usage, a time, a query, a title, a bad line
  3    absent: an incident, a rule, a snapshot, a file
  4    the state refuses: a conflict, a busy database, another schema
  5    the database or the source cannot be used, or a commit has no answer
  130  interrupted

Exit status of --daemon:
  0    ended in order, by SIGTERM or SIGINT; with --once: done
  1    with --once: a snapshot has failed
  2    wrong configuration, or an address that others can reach without a token
  3    a file of the configuration is absent
  4    the schema is not of this version: see 'db migrate'
  5    the database can never be used, or the address is taken; one that only does not answer is waited for,
       unless with --once
  130  with --once: interrupted before all that is due was done";

const DATABASE_URL_HELP: &str =
    "Database: sqlite:PATH, with ?mode=ro|rw|rwc, or postgres://USER@HOST/NAME [default: a file of your own]";

const ABOUT: &str = "\
Keeps the exact before, during and after of every incident.

Without a command it opens the console on this terminal. The snapshot of an incident is captured some time \
after it is closed (ten of its time windows, at most ten days): by the console in its background, by a \
daemon, or by 'process'.";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "afterimage", version, about = ABOUT, after_help = EXAMPLES, subcommand_help_heading = "Commands")]
#[command(disable_help_subcommand = true, max_term_width = 110)]
pub struct Arguments {
    /// What every command takes.
    #[command(flatten)]
    pub global: GlobalOptions,
    /// What the console and the daemon take.
    #[command(flatten)]
    pub console: ConsoleOptions,
    /// One thing to do; without it the console opens, or the daemon starts.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalOptions {
    /// Where the database is.
    #[arg(long, value_name = "URL", global = true, help = DATABASE_URL_HELP)]
    pub database_url: Option<String>,
    /// Configuration file [default: afterimage/config.toml in the XDG configuration folder]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Pretend that it is this time: for rehearsals and backfills
    #[arg(long, value_name = "TIME", global = true, allow_hyphen_values = true, value_parser = values::time())]
    pub now: Option<GivenTime>,
    /// Print one JSON document instead of text; with --daemon, log in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// No colours
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Who does it, for the timeline [default: your login]
    #[arg(long, value_name = "NAME", global = true)]
    pub by: Option<String>,
}

/// What the console and the daemon take.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Console and daemon")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct ConsoleOptions {
    /// Run the processor without a console
    #[arg(long)]
    pub daemon: bool,
    /// With --daemon: one run, then exit
    #[arg(long, requires = "daemon")]
    pub once: bool,
    /// Open the console on made-up data
    #[arg(long, conflicts_with_all = ["daemon", "read_only"])]
    pub demo: bool,
    /// Change nothing: no processor, no upgrade of the schema
    #[arg(long, conflicts_with = "daemon")]
    pub read_only: bool,
    /// Open the console without the processor in its background
    #[arg(long, conflicts_with = "daemon")]
    pub no_processor: bool,
    /// What the console looks like: terminal, mono, dark, light, high-contrast, colorblind, or one of your own by its
    /// name or its file [default: terminal]
    #[arg(long, value_name = "THEME", conflicts_with = "daemon")]
    pub theme: Option<String>,
    /// Time between two runs, like 30s, 5m or 1h [default: 1h]
    #[arg(long, value_name = "SPAN", value_parser = parse_interval)]
    pub interval: Option<Duration>,
    /// With --daemon: rows of every batch [default: from 50, growing to 500]
    #[arg(long, value_name = "N", requires = "daemon", value_parser = parse_batch_size)]
    pub batch_size: Option<u32>,
    /// With --daemon: delete events that are older, like 90d [default: never, or as the configuration says]
    #[arg(long, value_name = "SPAN", requires = "daemon", value_parser = parse_retention)]
    pub events_retention: Option<Duration>,
    /// Listen for HTTP here, like 127.0.0.1:9470: the API, and webhooks [default: nowhere; a daemon where the
    /// configuration says]
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with_all = ["once", "read_only", "demo"])]
    #[arg(value_parser = parse_listen)]
    pub listen: Option<SocketAddr>,
}

/// One thing to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open, close, reopen, correct and read incidents
    #[command(subcommand)]
    Incident(incident::IncidentCommand),
    /// Alert rules: the time window, query and projects that incidents copy
    #[command(subcommand)]
    Rule(rule::RuleCommand),
    /// Bring events in
    #[command(subcommand)]
    Event(event::EventCommand),
    /// Snapshots that are promised and not captured yet
    #[command(subcommand)]
    Pending(PendingCommand),
    /// Capture now what is due, or the incidents that are named
    Process(ProcessArguments),
    /// What was kept
    #[command(subcommand)]
    Snapshot(snapshot::SnapshotCommand),
    /// What the processor did
    #[command(subcommand)]
    Run(RunCommand),
    /// Whether all is well, and what to do where it is not
    Status(StatusArguments),
    /// Fill an empty database with made-up incidents and events, for load tests
    Seed(SeedArguments),
    /// The database: its schema, a backup of it, a copy in another engine
    #[command(subcommand)]
    Db(DbCommand),
    /// The configuration file
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Print the keys of the console, as a keymap file
    #[command(after_help = KEYS_HELP)]
    Keys {
        /// Those that it has by itself, whatever your keymap file says
        #[arg(long)]
        default: bool,
    },
    /// Print a theme of the console, as a theme file
    #[command(after_help = THEME_HELP)]
    Theme {
        /// Which [default: the one that the console would have]
        #[arg(value_name = "THEME")]
        name: Option<String>,
    },
    /// Print what makes a shell complete commands and options
    #[command(after_help = COMPLETIONS_HELP)]
    Completions {
        /// Which
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Print the manual page, of everything or of one command
    #[command(after_help = MAN_HELP)]
    Man {
        /// Which command, like 'incident close' [default: the whole program]
        #[arg(value_name = "COMMAND")]
        command: Vec<String>,
    },
}

const COMPLETIONS_HELP: &str = "\
Examples:
  afterimage completions bash > ~/.local/share/bash-completion/completions/afterimage
  afterimage completions zsh > ~/.zfunc/_afterimage     with ~/.zfunc in $fpath
  afterimage completions fish > ~/.config/fish/completions/afterimage.fish";

const MAN_HELP: &str = "\
Examples:
  afterimage man > ~/.local/share/man/man1/afterimage.1
  afterimage man incident close | man -l -";

const KEYS_HELP: &str = "\
Example:
  afterimage keys > ~/.config/afterimage/keymap.toml     then edit it

The configuration may name another file: keymap = \"FILE\".";

const THEME_HELP: &str = "\
Example:
  afterimage theme dark > ~/.config/afterimage/themes/mine.toml     then edit it
  afterimage --theme mine

The configuration names the one to use without --theme: theme = \"mine\".";

const STATUS_HELP: &str = "\
The first line says whether all is well, or what needs attention and what to do about it.

--check is for monitoring: exit status 1, and the reasons on stderr, where
  - a pending snapshot is dead: it has failed eight times
  - a pending snapshot has been due for more than two hours: no processor runs, or it cannot keep up
  - a run is not over and has not moved for five minutes: its process is dead or hangs
  - the snapshot of an incident has failed three times or more, or fails two hours after it was due
  - a source of the configuration does not answer within five seconds
  - a message has been waiting for its webhook for more than two hours
With --json they are in 'attention', each as {kind, what, remedy}; the kinds are dead, late, hanging_run, \
failing, source and outbox. A database that cannot be used is exit status 5, as for every command.";

/// `status ...`
#[derive(Debug, Args)]
#[command(after_help = STATUS_HELP)]
pub struct StatusArguments {
    /// Exit status 1 where something needs attention
    #[arg(long)]
    pub check: bool,
}

const SEED_HELP: &str = "\
Example:
  afterimage seed --incidents 100000 --events 10000000 --database-url sqlite:load.db";

/// `seed ...`
#[derive(Debug, Args)]
#[command(after_help = SEED_HELP)]
pub struct SeedArguments {
    /// How many incidents
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub incidents: u64,
    /// How many events, over all of them
    #[arg(long, value_name = "TOTAL", default_value_t = 100_000)]
    pub events: u64,
    /// The same number gives the same data, relative to now
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub random_seed: u64,
}

impl Arguments {
    /// Reads the command line of this process. What can be wrong with it is said as clap says it.
    ///
    /// # Errors
    /// Where it makes no sense, or asks for help.
    pub fn read() -> Result<Self, clap::Error> {
        Self::try_parse()?.checked()
    }

    /// Refuses what clap's own rules cannot: options of the console beside a command, and a frozen clock that would
    /// never let a daemon run again.
    fn checked(self) -> Result<Self, clap::Error> {
        if self.command.is_some() && self.console.is_given() {
            return Err(conflict("the options of the console and the daemon go without a command"));
        }
        if self.global.now.is_some() && self.console.daemon && !self.console.once {
            return Err(conflict("--now stops the clock: with --daemon it needs --once"));
        }
        if self.global.json && self.command.is_none() && !self.console.daemon {
            return Err(conflict("--json goes with a command, or with --daemon"));
        }
        Ok(self)
    }
}

fn conflict(message: &str) -> clap::Error {
    Arguments::command().error(ErrorKind::ArgumentConflict, message)
}

impl Command {
    /// Whether it may have to ask the sources of the configuration, whose secrets not everybody may read.
    #[must_use]
    pub fn asks_sources(&self) -> bool {
        match self {
            Self::Process(_) => true,
            Self::Snapshot(command) => command.asks_sources(),
            Self::Rule(command) => command.asks_sources(),
            _ => false,
        }
    }

    /// Whether it ends well when it is interrupted, if it is given a moment: a run of the processor, a live feed.
    #[must_use]
    pub fn ends_by_itself(&self) -> bool {
        match self {
            Self::Process(_) => true,
            Self::Event(event::EventCommand::Import(arguments)) => arguments.follow,
            _ => false,
        }
    }
}

impl ConsoleOptions {
    fn is_given(&self) -> bool {
        let flags = [self.daemon, self.once, self.demo, self.read_only, self.no_processor];
        flags.contains(&true)
            || self.theme.is_some()
            || self.interval.is_some()
            || self.batch_size.is_some()
            || self.listen.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(arguments: &[&str]) -> String {
        let read = Arguments::try_parse_from([&["afterimage"], arguments].concat()).and_then(Arguments::checked);
        read.unwrap_err().to_string()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn options_of_the_console_go_without_a_command() {
        assert!(refusal(&["--demo", "incident", "list"]).contains("go without a command"));
        assert!(refusal(&["--once"]).contains("--daemon"));
        assert!(refusal(&["--batch-size", "5"]).contains("--daemon"));
    }

    #[test]
    fn a_frozen_clock_and_a_daemon_exclude_each_other_unless_it_runs_once() {
        assert!(refusal(&["--daemon", "--now", "2026-11-24"]).contains("--once"));
        let once = ["afterimage", "--daemon", "--once", "--now", "2026-11-24"];
        assert!(Arguments::try_parse_from(once).and_then(Arguments::checked).is_ok());
    }

    #[test]
    fn an_interval_of_nothing_is_refused() {
        assert!(refusal(&["--interval", "0"]).contains("write it like 30s, 5m or 1h"));
        assert!(refusal(&["--interval", "0s"]).contains("at least a second"));
    }

    #[test]
    fn listening_goes_with_what_stays_and_may_write() {
        for other in ["--read-only", "--demo"] {
            assert!(refusal(&["--listen", "127.0.0.1:0", other]).contains("--listen"));
        }
        assert!(refusal(&["--daemon", "--once", "--listen", "127.0.0.1:0"]).contains("--once"));
        assert!(refusal(&["--listen", "9470"]).contains("write it like 127.0.0.1:9470"));
        assert!(refusal(&["--listen", "127.0.0.1:0", "incident", "list"]).contains("go without a command"));
    }

    #[test]
    fn force_without_an_incident_is_refused() {
        assert!(refusal(&["process", "--force"]).contains("ID"));
    }
}
