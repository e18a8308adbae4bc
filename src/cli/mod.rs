//! The command line: one command, one thing done, and then the end.
//!
//! Turns arguments into one call of `ops` or one reading transaction, and the answer into text or one JSON document.
//! Prints only through the writers that it is given. Knows neither the console nor the daemon.

mod arguments;
mod attention;
pub mod config;
mod db;
mod db_backup;
mod db_copy;
mod db_prune;
mod error;
mod event;
mod feed;
mod incident;
mod incident_origin;
mod incident_page;
mod input;
pub mod manual;
mod output;
mod pending;
mod process;
mod rule;
mod run;
mod seed;
mod snapshot;
mod snapshot_export;
mod snapshot_page;
mod status;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use arguments::config::{CheckArguments, ConfigCommand};
pub use arguments::{Arguments, Command, ConsoleOptions, DbCommand, GlobalOptions};
pub use error::CliError;
pub use output::Terminal;

use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::ops::OpsError;
use crate::source::Sources;
use crate::store::{Location, Store};
use output::Output;

/// How a command ended that did what it was to do: 0, or 1 where what it found is bad news.
pub type ExitStatus = u8;

/// What commands need beside their arguments.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which database.
    pub database: Location,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who acts.
    pub by: String,
    /// On which host.
    pub host: String,
    /// Whether one JSON document is wanted.
    pub json: bool,
    /// What the texts are printed on.
    pub terminal: Terminal,
    /// What incidents are measured by whose counts come from elsewhere.
    pub sources: Sources,
    /// Cancelled when the user has had enough.
    pub interrupt: CancellationToken,
}

/// A command at work: the database it works on, and where it prints.
struct Session<'a> {
    store: Store,
    settings: &'a Settings,
    output: Output<'a>,
}

/// How long the batch in hand may take after an interruption.
const GRACE: Duration = Duration::from_millis(1500);

/// Does what a command says.
///
/// # Errors
/// Where it could not be done, or was interrupted; the error knows its exit status.
pub async fn run(
    command: Command,
    settings: &Settings,
    out: &mut (dyn Write + Send),
    diagnostics: &mut (dyn Write + Send),
) -> Result<ExitStatus, CliError> {
    // What is interrupted rolls back; what watches the interruption itself is first given the time for its batch.
    let grace = if command.ends_by_itself() { GRACE } else { Duration::ZERO };
    let output = Output::new(out, diagnostics, settings.json, settings.terminal);
    tokio::select! {
        biased;
        outcome = dispatch(command, settings, output) => outcome,
        () = interrupted(settings, grace) => Err(OpsError::Interrupted.into()),
    }
}

/// Checks a configuration and all that it names; no database is needed for that.
///
/// # Errors
/// Where a writer fails.
pub async fn check_configuration(
    subject: config::Subject,
    arguments: CheckArguments,
    settings: &Settings,
    out: &mut (dyn Write + Send),
    diagnostics: &mut (dyn Write + Send),
) -> Result<ExitStatus, CliError> {
    let mut output = Output::new(out, diagnostics, settings.json, settings.terminal);
    config::check(subject, arguments, settings, &mut output).await
}

async fn interrupted(settings: &Settings, grace: Duration) {
    settings.interrupt.cancelled().await;
    tokio::time::sleep(grace).await;
}

async fn dispatch<'a>(command: Command, settings: &'a Settings, output: Output<'a>) -> Result<ExitStatus, CliError> {
    if let Command::Db(command) = command {
        return db::run(command, settings, output).await;
    }
    let location = settings.database.clone();
    let location = if matches!(command, Command::Seed(_)) { location.creating() } else { location };
    let upgrade = Store::upgrade_at_start(&location);
    let store = Store::open(location, settings.clock.clone(), upgrade).await?;
    let mut session = Session { store, settings, output };
    let outcome = session.run(command).await;
    session.store.close().await;
    outcome
}

impl Session<'_> {
    async fn run(&mut self, command: Command) -> Result<ExitStatus, CliError> {
        match command {
            Command::Incident(command) => incident::run(self, command).await,
            Command::Rule(command) => rule::run(self, command).await,
            Command::Event(command) => event::run(self, command).await,
            Command::Pending(command) => pending::run(self, command).await,
            Command::Process(arguments) => process::run(self, arguments).await,
            Command::Snapshot(command) => snapshot::run(self, command).await,
            Command::Run(command) => run::run(self, command).await,
            Command::Status(arguments) => status::run(self, &arguments).await,
            Command::Seed(arguments) => seed::run(self, &arguments).await,
            // The first works on databases that are not ready for anything else; the others ask none.
            Command::Db(_)
            | Command::Config(_)
            | Command::Keys { .. }
            | Command::Theme { .. }
            | Command::Completions { .. }
            | Command::Man { .. } => Ok(0),
        }
    }

    /// What time it is, on the database's clock.
    async fn now(&self) -> Result<Timestamp, CliError> {
        Ok(self.store.now().await?)
    }
}
