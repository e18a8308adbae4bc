//! One fresh database a test, on either engine, and the macro that runs a test on both.
//!
//! `AFTERIMAGE_TEST_POSTGRES_URL` names a server to use instead of a cluster of our own. Where there is neither, the
//! Postgres half says so and passes, unless `AFTERIMAGE_REQUIRE_POSTGRES=1`.

use std::fmt;
use std::future::Future;
use std::io::Write;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use afterimage::clock::ManualClock;
use afterimage::store::{Location, Store, StoreError, Upgrade};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;

use super::postgres::{Access, Cluster};
use super::{at, scratch};

/// When every test begins, on the clock of its database.
const NOON: &str = "2026-11-24 12:00";

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file of its own.
    Sqlite,
    /// A database of its own on the run's server.
    Postgres,
}

/// An empty database that nobody else uses. It is gone when the test passes.
#[derive(Debug)]
pub struct TestDatabase {
    engine: Engine,
    name: String,
    url: String,
    directory: TempDir,
    clock: Arc<ManualClock>,
}

/// SQLite's write lock, held.
#[derive(Debug)]
pub struct WriteLock(SqliteConnection);

impl WriteLock {
    /// Lets others write again.
    pub async fn release(self) {
        self.0.close().await.expect("it is open");
    }
}

/// The server that the Postgres tests share.
enum Server {
    Cluster(Cluster),
    Given(String),
}

static SERVER: LazyLock<Result<Server, String>> = LazyLock::new(|| {
    if let Ok(url) = std::env::var("AFTERIMAGE_TEST_POSTGRES_URL") {
        return Ok(Server::Given(url));
    }
    let cluster = Cluster::start(Access::Socket);
    if let Err(reason) = &cluster {
        // Not the printing macro: the test harness would swallow it.
        let _ = writeln!(std::io::stderr(), "\nTHE POSTGRES HALF OF THE TESTS DOES NOT RUN: {reason}\n");
    }
    cluster.map(Server::Cluster)
});

/// Why the Postgres half cannot run, where it cannot.
///
/// # Panics
/// Where it is required.
pub fn missing_postgres() -> Option<&'static str> {
    let reason = SERVER.as_ref().err()?;
    let required = std::env::var("AFTERIMAGE_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
    assert!(!required, "AFTERIMAGE_REQUIRE_POSTGRES is set, but {reason}");
    Some(reason)
}

/// Runs a test on a fresh database of `engine`, in a runtime of its own.
pub fn run<F: Future<Output = ()>>(engine: Engine, test: impl FnOnce(TestDatabase) -> F) {
    if engine == Engine::Postgres && missing_postgres().is_some() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let database = TestDatabase::create(engine).await;
        let name = database.name.clone();
        test(database).await;
        if engine == Engine::Postgres {
            drop_database(&name).await;
        }
    });
}

/// Writes each test twice: `async fn a_sentence(database: TestDatabase) { ... }` becomes `a_sentence::sqlite` and
/// `a_sentence::postgres`.
macro_rules! on_both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($database:ident: $type:ty) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn check($database: $type) $body

            $(#[$meta])*
            #[test]
            fn sqlite() {
                $crate::support::run($crate::support::Engine::Sqlite, check);
            }

            $(#[$meta])*
            #[test]
            fn postgres() {
                $crate::support::run($crate::support::Engine::Postgres, check);
            }
        }
    )+};
}
pub(crate) use on_both_engines;

/// Evaluates one expression with a connection of either kind.
macro_rules! with_connection {
    ($database:expr, $connection:ident => $body:expr) => {
        match $database.engine {
            Engine::Sqlite => {
                let options = SqliteConnectOptions::from_str(&$database.url).expect("our own URL");
                let mut $connection: SqliteConnection = options.connect().await.expect("the database is there");
                $body
            }
            Engine::Postgres => {
                let mut $connection = PgConnection::connect(&$database.url).await.expect("the database is there");
                $body
            }
        }
    };
}

impl TestDatabase {
    /// A database of `engine` that is empty; on SQLite, not even its file is there yet.
    pub async fn create(engine: Engine) -> Self {
        let directory = tempfile::Builder::new().prefix("afterimage-").tempdir_in(scratch()).expect("a folder");
        let name = unique_name();
        let url = match engine {
            Engine::Sqlite => format!("sqlite:{}?mode=rwc", directory.path().join("test.db").display()),
            Engine::Postgres => {
                administer(&format!("create database {name}")).await;
                server_url(&name)
            }
        };
        Self { engine, name, url, directory, clock: Arc::new(ManualClock::new(at(NOON))) }
    }

    /// The first database of a cluster that a test stops. What it has acknowledged outlives the server, as it does
    /// wherever nobody has asked for less.
    pub async fn of_cluster(cluster: &Cluster) -> Self {
        let directory = tempfile::Builder::new().prefix("afterimage-").tempdir_in(scratch()).expect("a folder");
        let (name, url) = ("postgres".to_owned(), cluster.url("postgres"));
        let clock = Arc::new(ManualClock::new(at(NOON)));
        let database = Self { engine: Engine::Postgres, name, url, directory, clock };
        database.execute("alter database postgres set synchronous_commit = on").await;
        database
    }

    /// Takes away what a test has made beside its own.
    pub async fn remove(self) {
        if self.engine == Engine::Postgres {
            drop_database(&self.name).await;
        }
    }

    /// Which engine it is of.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// What the program is given as `--database-url`; on SQLite the file is made where it is missing.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The clock of its stores. It moves only when told.
    pub fn clock(&self) -> &Arc<ManualClock> {
        &self.clock
    }

    /// A store on it, with connections of its own, as another process would have. Makes the schema where it is missing.
    pub async fn store(&self) -> Store {
        self.open(Upgrade::Allowed).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// A store on it, as far as its schema and `upgrade` allow.
    pub async fn open(&self, upgrade: Upgrade) -> Result<Store, StoreError> {
        Store::open(self.location(), self.clock.clone(), upgrade).await
    }

    /// Where it is.
    pub fn location(&self) -> Location {
        Location::parse(&self.url).expect("our own URL")
    }

    /// A folder that goes with the database.
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// The text for this engine, where the two must differ.
    pub fn pick<'a>(&self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        match self.engine {
            Engine::Sqlite => sqlite,
            Engine::Postgres => postgres,
        }
    }

    /// Runs statements behind the program's back.
    pub async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Runs statements that the database may refuse.
    pub async fn try_execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        with_connection!(self, connection => {
            let done = sqlx::raw_sql(sql).execute(&mut connection).await;
            connection.close().await.expect("it is open");
            done.map(drop)
        })
    }

    /// The whole number that a query answers with.
    pub async fn number(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        with_connection!(self, connection => {
            let number: i64 = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap_or_else(|e| panic!("{e}"));
            connection.close().await.expect("it is open");
            number
        })
    }

    /// The whole numbers that a query answers with, one a row.
    pub async fn numbers(&self, sql: &str) -> Vec<i64> {
        let sql = AssertSqlSafe(sql.to_owned());
        with_connection!(self, connection => {
            let numbers = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap_or_else(|e| panic!("{e}"));
            connection.close().await.expect("it is open");
            numbers
        })
    }

    /// Takes SQLite's write lock, as another process may.
    pub async fn lock(&self) -> WriteLock {
        let options = SqliteConnectOptions::from_str(&self.url).expect("our own URL, of SQLite");
        let mut connection = options.connect().await.expect("the database is there");
        sqlx::raw_sql("begin immediate").execute(&mut connection).await.expect("nobody else has it");
        WriteLock(connection)
    }

    /// Whether somebody holds SQLite's write lock.
    pub async fn is_locked(&self) -> bool {
        let options = SqliteConnectOptions::from_str(&self.url).expect("our own URL, of SQLite");
        let patience = std::time::Duration::ZERO;
        let mut connection = options.busy_timeout(patience).connect().await.expect("the database is there");
        sqlx::raw_sql("begin immediate").execute(&mut connection).await.is_err()
    }

    /// The texts that a query answers with, one a row.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        with_connection!(self, connection => {
            let texts = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap_or_else(|e| panic!("{e}"));
            connection.close().await.expect("it is open");
            texts
        })
    }

    /// Every row of a table as one text, sorted: equal dumps are equal tables.
    pub async fn dump(&self, table: &str) -> Vec<String> {
        if self.engine == Engine::Postgres {
            return self.texts(&format!("select t::text from {table} t order by 1")).await;
        }
        let columns = self.texts(&format!("select 'quote(' || name || ')' from pragma_table_info('{table}')")).await;
        assert!(!columns.is_empty(), "there is no table {table}");
        self.texts(&format!("select {} from {table} order by 1", columns.join(" || ',' || "))).await
    }
}

impl fmt::Display for TestDatabase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.url)
    }
}

fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("afterimage_test_{}_{number}_{:08x}", std::process::id(), rand::random::<u32>())
}

/// The URL of a database on the shared server.
fn server_url(database: &str) -> String {
    match SERVER.as_ref().unwrap_or_else(|reason| panic!("{reason}")) {
        Server::Cluster(cluster) => cluster.url(database),
        Server::Given(url) => {
            let options = PgConnectOptions::from_str(url).expect("AFTERIMAGE_TEST_POSTGRES_URL is a URL");
            options.database(database).to_url_lossy().to_string()
        }
    }
}

async fn drop_database(name: &str) {
    administer(&format!("drop database if exists {name} with (force)")).await;
}

/// Runs one statement on the shared server, outside any test's database.
async fn administer(sql: &str) {
    let mut connection = PgConnection::connect(&server_url("postgres")).await.expect("the server is up");
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    connection.close().await.expect("it is open");
}
