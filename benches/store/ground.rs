//! Databases of both engines, filled by SQL, and processes that are timed.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use afterimage::clock::SystemClock;
use afterimage::store::{Location, Store, Upgrade};
use tempfile::TempDir;

use crate::support::postgres::{Access, Cluster};

const AFTERIMAGE: &str = env!("CARGO_BIN_EXE_afterimage");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// Where all of it takes place.
pub struct Ground {
    folder: TempDir,
    cluster: Option<Cluster>,
    pub engines: Vec<Engine>,
}

/// A database with the schema, and the ways to it.
#[derive(Debug, Clone)]
pub struct Database {
    pub engine: Engine,
    pub url: String,
    /// The file on SQLite, what `psql` is given on Postgres.
    target: String,
}

/// A process that has ended.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ran {
    pub took: Duration,
    /// Peak memory in KiB.
    pub peak: u64,
}

#[expect(clippy::single_match_else, reason = "an engine each")]
impl Ground {
    pub fn new(engines: &[Engine]) -> Self {
        let folder = tempfile::tempdir().expect("there is room");
        let started = engines.contains(&Engine::Postgres).then(|| Cluster::start(Access::Socket));
        let cluster = match started {
            Some(Err(reason)) => {
                println!("POSTGRES IS NOT MEASURED: {reason}\n");
                None
            }
            Some(Ok(cluster)) => Some(cluster),
            None => None,
        };
        let engines = engines.iter().copied().filter(|engine| *engine == Engine::Sqlite || cluster.is_some()).collect();
        Self { folder, cluster, engines }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A new database with our schema.
    pub async fn database(&self, engine: Engine, name: &str) -> Database {
        let database = match (engine, &self.cluster) {
            (Engine::Postgres, Some(cluster)) => {
                let administer = Database { engine, url: String::new(), target: cluster.url("postgres") };
                administer.sql(&format!("drop database if exists {name} with (force)"));
                administer.sql(&format!("create database {name}"));
                Database { engine, url: cluster.url(name), target: cluster.url(name) }
            }
            _ => {
                let path = self.folder().join(format!("{name}.db"));
                for suffix in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
                }
                Database {
                    engine,
                    url: format!("sqlite:{}?mode=rwc", path.display()),
                    target: path.display().to_string(),
                }
            }
        };
        database.store().await.close().await;
        database
    }

    /// A copy of a database that nobody uses.
    pub fn copy(&self, of: &Database, name: &str) -> Database {
        match (of.engine, &self.cluster) {
            (Engine::Postgres, Some(cluster)) => {
                let administer = Database { target: cluster.url("postgres"), ..of.clone() };
                let from = of.target.split('?').next().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
                administer.sql(&format!("drop database if exists {name} with (force)"));
                administer.sql(&format!("create database {name} template {from}"));
                Database { url: cluster.url(name), target: cluster.url(name), ..*of }
            }
            _ => {
                of.sql("pragma wal_checkpoint(truncate)");
                let path = self.folder().join(format!("{name}.db"));
                for suffix in ["-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
                }
                std::fs::copy(&of.target, &path).expect("there is room");
                Database { url: format!("sqlite:{}", path.display()), target: path.display().to_string(), ..*of }
            }
        }
    }

    /// Takes a database away, for disks are finite.
    pub fn remove(&self, database: &Database) {
        match (database.engine, &self.cluster) {
            (Engine::Postgres, Some(cluster)) => {
                let administer = Database { target: cluster.url("postgres"), ..database.clone() };
                let name = database.target.split('?').next().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
                administer.sql(&format!("drop database if exists {name} with (force)"));
            }
            _ => {
                for suffix in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{suffix}", database.target));
                }
            }
        }
    }
}

impl Database {
    /// A store on it in this process.
    pub async fn store(&self) -> Store {
        let location = Location::parse(&self.url).expect("our own URL");
        Store::open(location, Arc::new(SystemClock), Upgrade::Allowed).await.unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn pick<'a>(&self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        match self.engine {
            Engine::Sqlite => sqlite,
            Engine::Postgres => postgres,
        }
    }

    /// The engine's own client, reading statements from its stdin.
    pub fn client(&self) -> Command {
        let mut command = Command::new(self.pick("sqlite3", "psql"));
        match self.engine {
            Engine::Sqlite => _ = command.args(["-batch", "-bail", "-cmd", ".timeout 10000", &self.target]),
            Engine::Postgres => _ = command.args(["-qXAt", "-v", "ON_ERROR_STOP=1", "-d", &self.target]),
        }
        command
    }

    /// Runs statements in the engine's own client; what it printed.
    pub fn sql(&self, statements: &str) -> String {
        let mut client = self.client();
        let started = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut client =
            started.unwrap_or_else(|error| panic!("{} cannot be started: {error}", self.pick("sqlite3", "psql")));
        let mut stdin = client.stdin.take().expect("it is piped");
        let text = statements.to_owned();
        let writer = std::thread::spawn(move || _ = stdin.write_all(format!("{text};\n").as_bytes()));
        let output = client.wait_with_output().expect("it is our child");
        writer.join().expect("it does not panic");
        assert!(output.status.success(), "{statements}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// A command of the program on it, not started yet.
    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(AFTERIMAGE);
        command.args(["--database-url", &self.url]).args(arguments).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }
}

impl fmt::Display for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.engine.name())
    }
}

/// What all of it was measured on.
pub fn heading() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let profile = if cfg!(debug_assertions) { "NOT OPTIMISED: only to see that it works" } else { "optimised" };
    format!("{cores} cores, {}; {profile}\n", model.trim_start_matches([':', '\t', ' ']))
}

/// Runs processes at once to their end, and watches their memory.
pub fn time(commands: &mut [Command]) -> Ran {
    let began = Instant::now();
    let mut running: Vec<_> = commands.iter_mut().map(|command| command.spawn().expect("it can be started")).collect();
    let mut peak = 0;
    loop {
        let mut over = true;
        for child in &mut running {
            peak = peak.max(peak_of(child.id()));
            over &= child.try_wait().expect("it is our child").is_some();
        }
        if over {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let took = began.elapsed();
    for child in running {
        let output = child.wait_with_output().expect("it is our child");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    Ran { took, peak }
}

fn peak_of(process: u32) -> u64 {
    let status = std::fs::read_to_string(PathBuf::from(format!("/proc/{process}/status"))).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
