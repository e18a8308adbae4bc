//! Only its owner may read what tells about incidents, whatever the umask of the one who starts the program.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use afterimage::clock::SystemClock;
use afterimage::store::{Location, Store, Upgrade};

use crate::support::Afterimage;

/// Runs the program under a umask, and something behind it while its last process still has the database open.
fn run(program: &Afterimage, umask: &str, arguments: &[&str]) {
    let command = program.command(arguments);
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask \"$0\" && exec \"$@\"", umask]).arg(command.get_program()).args(command.get_args());
    shell.current_dir(program.home());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn mode(path: &Path) -> String {
    format!("{:o}", fs::metadata(path).unwrap().permissions().mode() & 0o777)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_its_journals_and_its_backups_are_for_their_owner_only() {
    for umask in ["000", "022", "077"] {
        let program = Afterimage::new();
        run(&program, umask, &["--database-url", "sqlite:a.db?mode=rwc", "incident", "open", "Checkout"]);
        run(&program, umask, &["--database-url", "sqlite:a.db", "db", "backup", "b.db"]);
        run(&program, umask, &["incident", "list"]);
        let own = program.home().join("data/afterimage/afterimage.db");
        // Whoever opens it makes its journals anew, with the mode of the file itself.
        let location = Location::parse(&format!("sqlite:{}", program.home().join("a.db").display())).unwrap();
        let store = Store::open(location, Arc::new(SystemClock), Upgrade::Never).await.unwrap();
        store.write().await.unwrap().commit().await.unwrap();
        for file in ["a.db", "a.db-wal", "a.db-shm", "b.db"].map(|name| program.home().join(name)).iter().chain([&own])
        {
            assert_eq!(mode(file), "600", "{} under {umask}", file.display());
        }
        store.close().await;
    }
}

#[test]
fn an_export_is_shared_as_the_umask_says_for_that_is_what_it_is_for() {
    for (umask, expected) in [("000", "666"), ("022", "644"), ("077", "600")] {
        let program = Afterimage::new().with(&["--now", "2026-11-24T12:00:00Z"]);
        run(&program, umask, &["incident", "open", "Checkout", "--started", "-2h"]);
        run(&program, umask, &["incident", "close", "1", "--at", "-1h"]);
        run(&program, umask, &["process"]);
        run(&program, umask, &["snapshot", "export", "1", "--format", "csv", "--output", "a.csv"]);
        assert_eq!(mode(&program.home().join("a.csv")), expected, "under {umask}");
    }
}
