//! Parses, loads, wires and dispatches. The only place that touches the terminal's streams, and that makes a clock.

#[path = "main/beside.rs"]
mod beside;
#[path = "main/look.rs"]
mod look;
#[path = "main/messages.rs"]
mod messages;
#[path = "main/shells.rs"]
mod shells;
#[path = "main/sources.rs"]
mod sources;
#[path = "main/web.rs"]
mod web;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use afterimage::cli::{
    self, Arguments, CheckArguments, CliError, Command, ConfigCommand, GlobalOptions, Settings, Terminal,
};
use afterimage::clock::{Clock, ManualClock, SystemClock};
use afterimage::config::{ConfigError, Configuration, Database, Environment};
use afterimage::console::ConsoleError;
use afterimage::console::keymap::Keymap;
use afterimage::domain::text;
use afterimage::domain::timestamp::TimeError;
use afterimage::http::HttpError;
use afterimage::ops::OpsError;
use afterimage::ops::alerts::Intake;
use afterimage::source::{OptionsError, Sources};
use afterimage::store::{Location, StoreError};
use shells::Shell;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

/// Why the program ends with anything but success.
#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Cli(#[from] CliError),
    #[error("the program cannot start: {0}")]
    Start(#[from] io::Error),
    #[error(transparent)]
    Console(#[from] ConsoleError),
    #[error(transparent)]
    Source(#[from] OptionsError),
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl Failure {
    fn exit_status(&self) -> u8 {
        match self {
            Self::Config(error) => error.exit_status(),
            Self::Cli(error) => error.exit_status(),
            Self::Console(error) => error.exit_status(),
            Self::Http(error) => error.exit_status(),
            Self::Start(_) => 1,
            Self::Source(_) => 2,
        }
    }

    fn is_silent(&self) -> bool {
        matches!(self, Self::Cli(error) if error.is_silent())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Cli(error.into())
    }
}

impl From<OpsError> for Failure {
    fn from(error: OpsError) -> Self {
        Self::Cli(error.into())
    }
}

impl From<TimeError> for Failure {
    fn from(error: TimeError) -> Self {
        Self::Cli(error.into())
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    match start(arguments) {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            if !failure.is_silent() {
                let _ = writeln!(io::stderr(), "error: {}", text::printable(&failure.to_string()));
            }
            ExitCode::from(failure.exit_status())
        }
    }
}

/// Help goes to stdout in colour; a refusal repeats what was typed, which may come from anywhere, so it is made harmless.
fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let message = error.render().to_string();
        let lines: Vec<String> = message.lines().map(text::printable).collect();
        let _ = writeln!(io::stderr(), "{}", lines.join("\n"));
    } else {
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn start(arguments: Arguments) -> Result<u8, Failure> {
    #[cfg(feature = "failpoints")]
    if let Ok(failpoint) = std::env::var("AFTERIMAGE_FAILPOINT") {
        afterimage::store::failpoint::arm_process(&failpoint).map_err(io::Error::other)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(dispatch(arguments));
    // A read of stdin may still hang in a thread that nobody waits for any more.
    runtime.shutdown_background();
    outcome
}

async fn dispatch(arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { global, console, command } = arguments;
    match &command {
        Some(Command::Completions { shell }) => return print(&cli::manual::completions(*shell)),
        Some(Command::Man { command }) => return print(&cli::manual::page(command)?),
        _ => {}
    }
    let environment = Environment::read();
    let clock: Arc<dyn Clock> = match &global.now {
        Some(time) => Arc::new(ManualClock::new(time.at(SystemClock.now())?)),
        None => Arc::new(SystemClock),
    };
    let configuration = Configuration::load(global.config.as_deref())?;
    if console.demo {
        // It takes no database from the environment or the configuration: nobody's own gets seeded by accident.
        let dress = look::dress(&global, &console, &configuration, &environment)?;
        return shells::start_demo(&global, &console, dress, clock).await;
    }
    match &command {
        Some(Command::Keys { default: true }) => return print(Keymap::default().file().as_bytes()),
        Some(Command::Keys { default: false }) => return print(look::keymap(&configuration)?.file().as_bytes()),
        Some(Command::Theme { name }) => return print(look::theme(name.as_deref(), &configuration)?.file().as_bytes()),
        _ => {}
    }
    let database = match configuration.database(global.database_url.as_deref(), &environment)? {
        Database::Named(url) => Location::parse(&url)?,
        Database::Own(path) => Location::file(path),
    };
    let by = configuration.user(global.by.as_deref(), &environment);
    let Some(command) = command else {
        let sources = sources::sources(&configuration)?;
        let shell =
            Shell { global: &global, options: &console, configuration: &configuration, database, clock, sources };
        return if console.daemon {
            shells::start_daemon(shell).await
        } else {
            let dress = look::dress(&global, &console, &configuration, &environment)?;
            shells::start_console(shell, by, dress).await
        };
    };
    let check = match command {
        Command::Config(ConfigCommand::Check(ref arguments)) => {
            Some((config_subject(&global, &configuration)?, arguments.clone()))
        }
        _ => None,
    };
    let interrupt = CancellationToken::new();
    let settings = Settings {
        database,
        clock,
        by,
        host: gethostname::gethostname().to_string_lossy().into_owned(),
        json: global.json,
        terminal: terminal(&environment),
        sources: wanted_sources(&command, &configuration)?,
        interrupt: interrupt.clone(),
    };
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupt.cancel();
        }
    });
    match check {
        Some((subject, arguments)) => check_configuration(subject, arguments, &settings).await,
        None => run_command(command, &settings).await,
    }
}

/// All that the configuration names, made ready to be asked.
fn config_subject(global: &GlobalOptions, configuration: &Configuration) -> Result<cli::config::Subject, Failure> {
    let sources = sources::sources(configuration)?;
    // Whoever tells and whoever listens must be in order, too.
    messages::outbox(configuration, None)?;
    configuration.http.token()?;
    Ok(cli::config::Subject {
        file: Configuration::file(global.config.as_deref()),
        intake: Intake { routing: configuration.routing(), sources },
        alertmanagers: sources::alertmanagers(configuration)?,
        webhooks: configuration.webhooks.iter().map(|webhook| webhook.name.clone()).collect(),
    })
}

/// The sources, for a command that asks them. Whoever may not read a secret still learns how the rest stands.
fn wanted_sources(command: &Command, configuration: &Configuration) -> Result<Sources, Failure> {
    if command.asks_sources() {
        return sources::sources(configuration);
    }
    if !matches!(command, Command::Status(_)) {
        return Ok(Sources::default());
    }
    Ok(sources::sources(configuration).unwrap_or_else(|failure| {
        let reason = text::printable(&failure.to_string());
        let _ = writeln!(io::stderr(), "note: the sources are not asked: {reason}");
        Sources::default()
    }))
}

async fn check_configuration(
    subject: cli::config::Subject,
    arguments: CheckArguments,
    settings: &Settings,
) -> Result<u8, Failure> {
    let mut out = BufWriter::new(io::stdout());
    let status = cli::check_configuration(subject, arguments, settings, &mut out, &mut io::stderr()).await?;
    out.flush().map_err(CliError::from)?;
    Ok(status)
}

async fn run_command(command: Command, settings: &Settings) -> Result<u8, Failure> {
    let mut out = BufWriter::new(io::stdout());
    let outcome = cli::run(command, settings, &mut out, &mut io::stderr()).await;
    let flushed = out.flush().map_err(CliError::from);
    let status = outcome?;
    flushed?;
    Ok(status)
}

fn print(text: &[u8]) -> Result<u8, Failure> {
    io::stdout().write_all(text).map_err(CliError::from)?;
    Ok(0)
}

fn terminal(environment: &Environment) -> Terminal {
    let columns = if io::stdout().is_terminal() { crossterm::terminal::size().ok() } else { None };
    Terminal {
        columns: columns.map(|(columns, _)| usize::from(columns)).filter(|columns| *columns > 0),
        unicode: environment.unicode,
        progress: io::stderr().is_terminal(),
    }
}
