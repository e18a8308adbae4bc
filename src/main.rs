//! Parses, loads, wires and dispatches. The only place that touches the terminal's streams, and that makes a clock.

#[path = "main/look.rs"]
mod look;
#[path = "main/shells.rs"]
mod shells;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use afterimage::cli::{self, Arguments, CliError, Command, Settings, Terminal};
use afterimage::clock::{Clock, ManualClock, SystemClock};
use afterimage::config::{ConfigError, Configuration, Database, Environment};
use afterimage::console::ConsoleError;
use afterimage::console::keymap::Keymap;
use afterimage::domain::text;
use afterimage::domain::timestamp::TimeError;
use afterimage::ops::OpsError;
use afterimage::source::Sources;
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
}

impl Failure {
    fn exit_status(&self) -> u8 {
        match self {
            Self::Config(error) => error.exit_status(),
            Self::Cli(error) => error.exit_status(),
            Self::Console(error) => error.exit_status(),
            Self::Start(_) => 1,
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
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(dispatch(arguments));
    // A read of stdin may still hang in a thread that nobody waits for any more.
    runtime.shutdown_background();
    outcome
}

async fn dispatch(arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { global, console, command } = arguments;
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
        Some(Command::Keys { default: true }) => return print(&Keymap::default().file()),
        Some(Command::Keys { default: false }) => return print(&look::keymap(&configuration)?.file()),
        Some(Command::Theme { name }) => return print(&look::theme(name.as_deref(), &configuration)?.file()),
        _ => {}
    }
    let database = match configuration.database(global.database_url.as_deref(), &environment)? {
        Database::Named(url) => Location::parse(&url)?,
        Database::Own(path) => Location::file(path),
    };
    let by = configuration.user(global.by.as_deref(), &environment);
    let Some(command) = command else {
        let shell = Shell { global: &global, options: &console, configuration: &configuration, database, clock };
        return if console.daemon {
            shells::start_daemon(shell).await
        } else {
            let dress = look::dress(&global, &console, &configuration, &environment)?;
            shells::start_console(shell, by, dress).await
        };
    };
    let interrupt = CancellationToken::new();
    let settings = Settings {
        database,
        clock,
        by,
        host: gethostname::gethostname().to_string_lossy().into_owned(),
        json: global.json,
        terminal: terminal(&environment),
        sources: Sources::default(),
        interrupt: interrupt.clone(),
    };
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupt.cancel();
        }
    });
    run_command(command, &settings).await
}

async fn run_command(command: Command, settings: &Settings) -> Result<u8, Failure> {
    let mut out = BufWriter::new(io::stdout());
    let outcome = cli::run(command, settings, &mut out, &mut io::stderr()).await;
    let flushed = out.flush().map_err(CliError::from);
    let status = outcome?;
    flushed?;
    Ok(status)
}

fn print(text: &str) -> Result<u8, Failure> {
    io::stdout().write_all(text.as_bytes()).map_err(CliError::from)?;
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
