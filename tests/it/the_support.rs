//! The foundation itself, so that no test above it passes for want of a database.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

use crate::support::{Access, Afterimage, Cluster, Engine, TestDatabase, missing_postgres, on_both_engines};

/// Set for the process that holds a cluster until it is killed.
const HOLD: &str = "AFTERIMAGE_TEST_HOLD_CLUSTER";

#[test]
fn the_postgres_half_runs() {
    // Where it does not, this says why on the harness's own stderr, and fails where it must.
    let _ = missing_postgres();
}

on_both_engines! {
    async fn each_test_has_an_empty_database_of_its_own(database: TestDatabase) {
        database.execute("create table kept (number bigint, word text)").await;
        database.execute("insert into kept values (2, 'two'), (1, null)").await;
        assert_eq!(database.number("select number from kept where word is null").await, 1);
        assert_eq!(database.texts("select word from kept where word is not null").await, ["two"]);
        assert_eq!(database.dump("kept").await.len(), 2);
        assert_eq!(database.pick("sqlite", "postgres"), if database.engine() == Engine::Sqlite { "sqlite" } else { "postgres" });
    }
}

#[test]
fn a_cluster_is_gone_when_its_process_is_killed() {
    if std::env::var_os(HOLD).is_some() {
        hold_a_cluster();
    }
    if missing_postgres().is_some() {
        return;
    }
    let mut holder = Command::new(std::env::current_exe().unwrap());
    holder.args(["--exact", "the_support::a_cluster_is_gone_when_its_process_is_killed", "--nocapture"]);
    let mut holder = holder.env(HOLD, "1").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines().map(Result::unwrap);
    let directory = lines.find_map(|line| Some(PathBuf::from(line.split_once("holding ")?.1))).unwrap();
    assert!(directory.join("data/postmaster.pid").exists());
    holder.kill().unwrap();
    holder.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while directory.exists() {
        assert!(Instant::now() < deadline, "{} is still there", directory.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn hold_a_cluster() -> ! {
    let cluster = Cluster::start(Access::Socket).unwrap();
    writeln!(std::io::stdout(), "holding {}", cluster.directory().display()).unwrap();
    loop {
        std::thread::park();
    }
}

#[tokio::test]
async fn a_cluster_with_a_password_can_be_stopped_and_started() {
    if missing_postgres().is_some() {
        return;
    }
    let mut cluster = Cluster::start(Access::Password("correct-horse")).unwrap();
    let url = cluster.url("postgres");
    PgConnection::connect(&url).await.unwrap().execute("create table kept (number bigint)").await.unwrap();
    let wrong = PgConnection::connect(&url.replace("correct", "wrong")).await.unwrap_err();
    assert!(wrong.to_string().contains("password authentication failed"), "{wrong}");
    cluster.stop();
    assert!(PgConnection::connect(&url).await.is_err());
    cluster.resume();
    PgConnection::connect(&url).await.unwrap().execute("insert into kept values (1)").await.unwrap();
    cluster.kill();
    cluster.resume();
    PgConnection::connect(&url).await.unwrap().execute("select number from kept").await.unwrap();
}

#[test]
fn the_program_runs_in_a_home_of_its_own() {
    let program = Afterimage::new();
    let home = program.home().to_owned();
    let variables: Vec<_> = program.command::<&str>(&[]).get_envs().map(|(name, _)| name.to_owned()).collect();
    assert!(home.is_dir() && !variables.iter().any(|name| name.to_string_lossy().starts_with("AFTERIMAGE")));
    drop(program);
    assert!(!home.exists());
}
