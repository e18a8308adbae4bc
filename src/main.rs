//! Parses, loads, wires and dispatches. The only place that touches the terminal's streams, and that makes a clock.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use afterimage::cli::{self, Arguments, CliError, Command, ConsoleOptions, GlobalOptions, Settings, Terminal};
use afterimage::clock::{Clock, ManualClock, SystemClock};
use afterimage::config::{ConfigError, Configuration, DEFAULT_INTERVAL, Database, Environment};
use afterimage::daemon;
use afterimage::domain::timestamp::TimeError;
use afterimage::domain::{ProcessorKind, text};
use afterimage::logging;
use afterimage::ops::OpsError;
use afterimage::service::ProcessorOptions;
use afterimage::store::{Location, Store, StoreError};
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};
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
    #[error(
        "the console needs a terminal: without one run 'afterimage --daemon', or a command such as \
         'afterimage incident list' (see 'afterimage --help')"
    )]
    NoTerminal,
    #[error("{0} is not there yet")]
    NotYet(&'static str),
}

impl Failure {
    fn exit_status(&self) -> u8 {
        match self {
            Self::Config(error) => error.exit_status(),
            Self::Cli(error) => error.exit_status(),
            Self::NoTerminal => 2,
            Self::Start(_) | Self::NotYet(_) => 1,
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
    if console.demo {
        return start_console(&console);
    }
    let configuration = Configuration::load(global.config.as_deref())?;
    let database = match configuration.database(global.database_url.as_deref(), &environment)? {
        Database::Named(url) => Location::parse(&url)?,
        Database::Own(path) => Location::file(path),
    };
    let Some(command) = command else {
        if console.daemon {
            let options = processor_options(&console, &configuration, ProcessorKind::Daemon);
            return start_daemon(&global, console.once, options, database, clock).await;
        }
        return start_console(&console);
    };
    let interrupt = CancellationToken::new();
    let settings = Settings {
        database,
        clock,
        by: configuration.user(global.by.as_deref(), &environment),
        host: gethostname::gethostname().to_string_lossy().into_owned(),
        json: global.json,
        terminal: terminal(&environment),
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

fn terminal(environment: &Environment) -> Terminal {
    let columns = if io::stdout().is_terminal() { crossterm::terminal::size().ok() } else { None };
    Terminal {
        columns: columns.map(|(columns, _)| usize::from(columns)).filter(|columns| *columns > 0),
        unicode: environment.unicode,
        progress: io::stderr().is_terminal(),
    }
}

/// The console and the daemon come here.
fn start_console(_options: &ConsoleOptions) -> Result<u8, Failure> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(Failure::NoTerminal);
    }
    Err(Failure::NotYet("the console"))
}

fn processor_options(options: &ConsoleOptions, configuration: &Configuration, kind: ProcessorKind) -> ProcessorOptions {
    ProcessorOptions {
        interval: options.interval.or(configuration.interval).unwrap_or(DEFAULT_INTERVAL),
        batch_size: options.batch_size.or(configuration.batch_size),
        kind,
    }
}

/// The processor without a console: until a signal, or once.
async fn start_daemon(
    global: &GlobalOptions,
    once: bool,
    options: ProcessorOptions,
    database: Location,
    clock: Arc<dyn Clock>,
) -> Result<u8, Failure> {
    if clock.overrides_database() && !once {
        return Err(OpsError::Input("--now goes with --daemon only where it runs once: add --once".into()).into());
    }
    logging::to_stderr(global.json, io::stderr().is_terminal() && !global.no_color);
    let stop = stop_on_signals()?;
    let upgrade = Store::upgrade_at_start(&database);
    let open = || Store::open(database.clone(), clock.clone(), upgrade);
    if once {
        let store = open().await?;
        let report = daemon::run_once(&store, options.batch_size, stop).await.map_err(CliError::from)?;
        store.close().await;
        return Ok(u8::from(report.counts.failed > 0));
    }
    if let Some(store) = daemon::open_patiently(open, &stop).await? {
        daemon::run(store, options, stop).await;
    }
    Ok(0)
}

/// Cancelled by the first SIGTERM or SIGINT.
fn stop_on_signals() -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stopped.cancel();
    });
    Ok(stop)
}
