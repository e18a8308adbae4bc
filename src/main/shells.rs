//! Wires the two shells that stay: the console and the daemon.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use afterimage::cli::{CliError, ConsoleOptions as Flags, GlobalOptions};
use afterimage::clock::{Clock, SystemClock};
use afterimage::config::{self, Configuration, DEFAULT_INTERVAL};
use afterimage::console::options::{Access, ClockKind, ConsoleOptions, DataKind, Look, Multiplexer, ProcessorChoice};
use afterimage::console::perform::Connect;
use afterimage::console::{self, Surroundings, terminal};
use afterimage::daemon::{Oversight, ServiceManager};
use afterimage::domain::ProcessorKind;
use afterimage::http::{Database, Process};
use afterimage::ops::OpsError;
use afterimage::ops::alerts::Intake;
use afterimage::ops::seed::{self, Scenario};
use afterimage::service::{ProcessorOptions, RetentionHandle, Vitals, feed_demo, prune_once};
use afterimage::source::Sources;
use afterimage::store::{Location, Store, StoreError, Upgrade};
use afterimage::{daemon, logging};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::beside::Beside;
use super::look::Dress;
use super::web::Web;

/// What both shells are started with.
pub(super) struct Shell<'a> {
    pub(super) global: &'a GlobalOptions,
    pub(super) options: &'a Flags,
    pub(super) configuration: &'a Configuration,
    pub(super) database: Location,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sources: Sources,
}

/// Every demo is the same.
const DEMO_SEED: u64 = 20_261_124;

/// The processor without a console: until a signal, or once.
pub(super) async fn start_daemon(shell: Shell<'_>) -> Result<u8, Failure> {
    let Shell { global, options, configuration, database, clock, sources } = shell;
    if clock.overrides_database() && !options.once {
        return Err(OpsError::Input("--now goes with --daemon only where it runs once: add --once".into()).into());
    }
    logging::to_stderr(global.json, io::stderr().is_terminal() && !global.no_color);
    if !sources.is_empty() {
        tracing::info!(sources = ?sources.names(), "sources configured");
    }
    let processor = ProcessorOptions {
        interval: options.interval.or(configuration.interval).unwrap_or(DEFAULT_INTERVAL),
        batch_size: options.batch_size.or(configuration.batch_size),
        kind: ProcessorKind::Daemon,
        sources: sources.clone(),
    };
    let retention = options.events_retention.or(configuration.retention.events);
    let beside = Beside::new(configuration, &sources)?;
    let stop = stop_on_signals()?;
    let upgrade = Store::upgrade_at_start(&database);
    let open = || Store::open(database.clone(), clock.clone(), upgrade);
    if options.once {
        let store = open().await?;
        // A rehearsal tells nobody.
        let outbox = beside.outbox().filter(|_| !clock.overrides_database());
        let stop_pruning = stop.clone();
        let report = daemon::run_once(&store, &processor, outbox, stop).await.map_err(CliError::from)?;
        if let Some(keep) = retention {
            prune_once(&store, keep, &stop_pruning).await.map_err(CliError::from)?;
        }
        store.close().await;
        return Ok(u8::from(report.counts.failed > 0));
    }
    let vitals = Vitals::of_processor(processor.interval);
    let oversight = Oversight { vitals: vitals.clone(), service_manager: ServiceManager::of_environment() };
    let shown = beside.shown(vitals);
    let mut web = Web::bind(options.listen.or(configuration.http.listen), configuration, shown).await?;
    web.serve(&stop);
    let opened = daemon::open_patiently(open, &oversight.service_manager, &stop).await;
    if let Ok(Some(store)) = &opened {
        beside.start(store).await;
        web.opened(store);
        let pruning = retention.map(|keep| RetentionHandle::spawn(store.clone(), keep));
        let pruning = async {
            if let Some(pruning) = pruning {
                pruning.shutdown().await;
            }
        };
        let others = async { _ = tokio::join!(web.shutdown(), beside.shutdown(), pruning) };
        daemon::run(store.clone(), processor, oversight, stop, others).await;
    } else {
        stop.cancel();
        web.shutdown().await;
    }
    opened?;
    Ok(0)
}

/// The console on somebody's own database.
pub(super) async fn start_console(shell: Shell<'_>, by: String, dress: Dress) -> Result<u8, Failure> {
    let Shell { options, configuration, database, clock, sources, .. } = shell;
    let interval = options.interval.or(configuration.interval).unwrap_or(DEFAULT_INTERVAL);
    let (database, upgrade) = if options.read_only {
        (database.read_only(), Upgrade::Never)
    } else {
        let upgrade = Store::upgrade_at_start(&database);
        (database, upgrade)
    };
    let processor = match () {
        () if options.read_only => ProcessorChoice::Off("--read-only"),
        () if options.no_processor => ProcessorChoice::Off("--no-processor"),
        () if clock.overrides_database() => ProcessorChoice::Off("--now"),
        () => ProcessorChoice::Every(interval),
    };
    let console = ConsoleOptions {
        database: database.to_string(),
        by,
        processor,
        access: if options.read_only { Access::ReadOnly } else { Access::Full },
        clock: clock_kind(&clock),
        data: DataKind::Real,
        keymap: dress.keymap,
    };
    // Only where it is asked for here: the address of the configuration is the daemon's, which may run beside this.
    let intake = Arc::new(Intake { routing: configuration.routing(), sources: sources.clone() });
    let vitals = match processor {
        ProcessorChoice::Every(interval) => Vitals::of_processor(interval),
        ProcessorChoice::Off(_) => Vitals::default(),
    };
    let shown = Process { intake, vitals: vitals.clone(), ..Process::default() };
    let web = Web::bind(options.listen, configuration, shown).await?;
    let is_quiet = options.read_only || options.no_processor || clock.overrides_database();
    // Who may not read a secret still gets a console.
    let beside =
        if is_quiet { None } else { Some(Beside::new(configuration, &sources).map_err(|error| error.to_string())) };
    let company = Arc::new(Mutex::new(None));
    let connect = connection(database, clock.clone(), upgrade, beside, web.database(), company.clone());
    let files = Files { log: config::log_file(), view: config::view_file() };
    let circumstances = Circumstances { web, sources, vitals };
    let outcome = run_console(console, connect, clock, &dress.look, files, circumstances).await;
    let company = company.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(Company { store, beside }) = company {
        beside.shutdown().await;
        store.close().await;
    }
    outcome
}

/// What goes on beside a console, on connections of its own: the console closes its own when it is left.
struct Company {
    store: Store,
    beside: Beside,
}

/// Opens somebody's own database, and begins what goes on beside the console.
fn connection(
    database: Location,
    clock: Arc<dyn Clock>,
    upgrade: Upgrade,
    beside: Option<Result<Beside, String>>,
    there: Database,
    company: Arc<Mutex<Option<Company>>>,
) -> Connect {
    Box::new(move || {
        let (database, clock, beside) = (database.clone(), clock.clone(), beside.clone());
        let (there, company) = (there.clone(), company.clone());
        let open = async move {
            let console = Store::open(database.clone(), clock.clone(), upgrade).await?;
            there.opened(&console);
            let beside = beside.and_then(|beside| {
                beside.inspect_err(|error| tracing::warn!(error, "this console asks and tells nobody")).ok()
            });
            if let Some(beside) = beside.filter(|beside| !beside.is_idle()) {
                let store = Store::open(database, clock, Upgrade::Never).await?;
                beside.start(&store).await;
                *company.lock().unwrap_or_else(PoisonError::into_inner) = Some(Company { store, beside });
            }
            Ok(console)
        };
        Box::pin(open) as Pin<Box<dyn Future<Output = Result<Store, StoreError>> + Send>>
    })
}

/// The console on made-up data, which go on happening.
pub(super) async fn start_demo(
    global: &GlobalOptions,
    options: &Flags,
    dress: Dress,
    clock: Arc<dyn Clock>,
) -> Result<u8, Failure> {
    if !terminal::is_there() {
        return Err(console::ConsoleError::NoTerminal.into());
    }
    let folder = tempfile::Builder::new().prefix("afterimage-demo-").tempdir()?;
    let database = match &global.database_url {
        Some(url) => Location::parse(url)?.creating(),
        None => Location::file(folder.path().join("demo.db")),
    };
    let interval = options.interval.unwrap_or(Scenario::embedded().interval.0);
    let console = ConsoleOptions {
        database: if global.database_url.is_some() { database.to_string() } else { "sqlite:demo.db".to_owned() },
        by: global.by.clone().unwrap_or_else(|| "you".to_owned()),
        processor: match () {
            () if options.no_processor => ProcessorChoice::Off("--no-processor"),
            () if clock.overrides_database() => ProcessorChoice::Off("--now"),
            () => ProcessorChoice::Every(interval),
        },
        access: Access::Full,
        clock: clock_kind(&clock),
        data: DataKind::Demo,
        keymap: dress.keymap,
    };
    let stop = CancellationToken::new();
    let feeding = Arc::new(Mutex::new(None));
    let connect = demo_connection(database, clock.clone(), stop.clone(), feeding.clone());
    let outcome = run_console(console, connect, clock, &dress.look, Files::default(), Circumstances::default()).await;
    stop.cancel();
    let feed = feeding.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(feed) = feed {
        // It ends within a write; a panic in it has been said already.
        let _ = feed.await;
    }
    outcome
}

type Feed = Arc<Mutex<Option<tokio::task::JoinHandle<()>>>>;

/// Opens, seeds and feeds the demo's database.
fn demo_connection(database: Location, clock: Arc<dyn Clock>, stop: CancellationToken, feeding: Feed) -> Connect {
    Box::new(move || {
        let (database, clock, stop, feeding) = (database.clone(), clock.clone(), stop.clone(), feeding.clone());
        let open = async move {
            let store = Store::open(database, clock, Upgrade::Allowed).await?;
            let now = store.now().await?;
            let demo = seed::prepare(&store, now, DEMO_SEED).await.map_err(|error| match error {
                OpsError::Store(error) => error,
                other => StoreError::Schema(other.to_string()),
            })?;
            let feed = tokio::spawn(feed_demo(store.clone(), demo, stop));
            *feeding.lock().unwrap_or_else(PoisonError::into_inner) = Some(feed);
            Ok(store)
        };
        Box::pin(open) as Pin<Box<dyn Future<Output = Result<Store, StoreError>> + Send>>
    })
}

/// What a console has to do with the world beside its database. A demo has nothing.
#[derive(Default)]
struct Circumstances {
    web: Web,
    sources: Sources,
    vitals: Vitals,
}

/// What a console writes beside its database. A demo leaves nothing behind.
#[derive(Default)]
struct Files {
    log: Option<PathBuf>,
    view: Option<PathBuf>,
}

async fn run_console(
    options: ConsoleOptions,
    connect: Connect,
    clock: Arc<dyn Clock>,
    look: &Look,
    files: Files,
    circumstances: Circumstances,
) -> Result<u8, Failure> {
    if !terminal::is_there() {
        return Err(console::ConsoleError::NoTerminal.into());
    }
    let log = logging::to_file_and_buffer(files.log.as_deref());
    let host_clock = Arc::new(SystemClock);
    let multiplexer = if std::env::var_os("TMUX").is_some_and(|socket| !socket.is_empty()) {
        Multiplexer::Tmux
    } else {
        Multiplexer::None
    };
    let look = *look;
    let surroundings = Surroundings {
        connect,
        clock,
        host_clock,
        log,
        look,
        multiplexer,
        view_file: files.view,
        sources: circumstances.sources,
        vitals: circumstances.vitals,
    };
    let mut web = circumstances.web;
    web.serve(&CancellationToken::new());
    let outcome = console::run(options, surroundings).await;
    web.shutdown().await;
    outcome?;
    Ok(0)
}

fn clock_kind(clock: &Arc<dyn Clock>) -> ClockKind {
    if clock.overrides_database() { ClockKind::Frozen } else { ClockKind::Moving }
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
