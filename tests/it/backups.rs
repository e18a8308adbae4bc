//! Backups of a database file while others work on it: each of them whole, and restored by being put in its place.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use afterimage::clock::SystemClock;
use afterimage::domain::Trigger;
use afterimage::ops;
use afterimage::ops::close::CloseRequest;
use afterimage::ops::open::OpenRequest;
use afterimage::ops::process::ProcessRequest;
use afterimage::ops::reopen::ReopenRequest;
use afterimage::ops::seed::SeedRequest;
use afterimage::store::{Location, SCHEMA_VERSION, Store, Upgrade};

use crate::cli_fixture::{begun, everything};
use crate::support::{Afterimage, Desk, Engine, HOST, TESTER, TestDatabase, at, missing_postgres, run};

/// What lies in a folder, by name.
fn listed(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// A folder for backups, beside the database.
fn folder(database: &TestDatabase) -> PathBuf {
    let folder = database.directory().join("backups");
    fs::create_dir(&folder).unwrap();
    folder
}

/// A backup, put in the place of a database.
async fn restored(backup: &Path) -> TestDatabase {
    let database = TestDatabase::create(Engine::Sqlite).await;
    fs::copy(backup, database.directory().join("test.db")).unwrap();
    database
}

#[test]
fn four_writers_at_work_and_every_backup_is_whole() {
    run(Engine::Sqlite, async |database| {
        let desk = Desk::on(database).await;
        desk.closed_many(200).await;
        let folder = folder(&desk.database);
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let mut writers = Vec::new();
        for number in 0..4 {
            let (store, stop, written) = (desk.database.store().await, Arc::clone(&stop), Arc::clone(&written));
            writers.push(tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let date_started = Some(at("10:00"));
                    let open = OpenRequest { title: format!("by {number}"), date_started, ..OpenRequest::default() };
                    let id = ops::open::open(&store, TESTER, open).await.unwrap().id;
                    let close = CloseRequest { ids: vec![id], at: Some(at("10:30")), comment: None };
                    ops::close::close(&store, TESTER, close).await.unwrap();
                    ops::process::process(&store, ProcessRequest::due(Trigger::Interval, HOST)).await.unwrap();
                    if id.value() % 2 == 0 {
                        let reopen = ReopenRequest { ids: vec![id], ..ReopenRequest::default() };
                        ops::reopen::reopen(&store, TESTER, reopen).await.unwrap();
                    }
                    written.fetch_add(1, Ordering::Relaxed);
                }
            }));
        }
        let program = Afterimage::on(&desk.database);
        let mut before = 0;
        for number in 0..8 {
            while written.load(Ordering::Relaxed) < before + 4 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            before = written.load(Ordering::Relaxed);
            let file = folder.join(format!("{number}.db"));
            let running = program.start(&["db".as_ref(), "backup".as_ref(), file.as_os_str()]);
            let outcome = tokio::task::spawn_blocking(|| running.wait()).await.unwrap();
            assert_eq!(outcome.status, 0, "{outcome}");
        }
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        let mut incidents = 200;
        for name in listed(&folder) {
            let copy = restored(&folder.join(name)).await;
            assert_eq!(copy.texts("pragma integrity_check").await, ["ok"]);
            let desk = Desk::on(copy).await;
            desk.check_whole().await;
            let held = desk.database.number("select count(*) from incidents").await;
            assert!(held > incidents, "each is newer than the one before");
            incidents = held;
            desk.process().await;
        }
        desk.check_whole().await;
    });
}

#[test]
fn a_backup_is_everything_for_its_owner_alone_and_leaves_nothing_beside_it() {
    run(Engine::Sqlite, async |database| {
        begun(&database);
        let folder = folder(&database);
        let file = folder.join("a.db");
        let program = Afterimage::on(&database);
        let said = program.json(&["db", "backup", file.to_str().unwrap()]);
        let keys: Vec<&String> = said.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["database", "file", "size_bytes", "schema_version", "incidents"]);
        assert_eq!((&said["incidents"], &said["schema_version"]), (&2.into(), &SCHEMA_VERSION.into()));
        assert_eq!(said["size_bytes"], fs::metadata(&file).unwrap().len());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(listed(&folder), ["a.db"]);
        let before = everything(&database).await;
        assert_eq!(everything(&restored(&file).await).await, before);
        // It is looked into where it lies.
        let url = format!("sqlite:{}?mode=ro", file.display());
        assert!(
            Afterimage::new().with(&["--database-url", &url]).output(&["incident", "list"]).contains("Queue backlog")
        );
    });
}

#[test]
fn a_file_that_is_there_is_replaced_only_on_request() {
    run(Engine::Sqlite, async |database| {
        begun(&database);
        let folder = folder(&database);
        let file = folder.join("a.db");
        fs::write(&file, "somebody's own").unwrap();
        let program = Afterimage::on(&database);
        let path = file.to_str().unwrap();
        program.assert_fails(&["db", "backup", path], 4, &["is there already", "--force"]);
        assert_eq!(fs::read_to_string(&file).unwrap(), "somebody's own");
        assert!(program.output(&["db", "backup", "--force", path]).contains("2 incidents"));
        assert_eq!(everything(&restored(&file).await).await, everything(&database).await);
        assert_eq!(listed(&folder), ["a.db"]);
        fs::write(folder.join("a.db-wal"), "of a database that is in use").unwrap();
        program.assert_fails(&["db", "backup", "--force", path], 4, &["a.db-wal", "another name"]);
    });
}

#[test]
fn the_database_itself_a_folder_and_a_place_that_is_not_there_are_refused() {
    run(Engine::Sqlite, async |database| {
        begun(&database);
        let program = Afterimage::on(&database);
        let own = database.directory().join("test.db");
        let link = database.directory().join("link.db");
        std::os::unix::fs::symlink(&own, &link).unwrap();
        for path in [&own, &link] {
            program.assert_fails(&["db", "backup", "--force", path.to_str().unwrap()], 2, &["is the database itself"]);
        }
        program.assert_fails(&["db", "backup", database.directory().to_str().unwrap()], 2, &["is a folder"]);
        program.assert_fails(&["db", "backup", "nowhere/a.db"], 3, &["nowhere/a.db cannot be written"]);
        let missing = Afterimage::new().with(&["--database-url", "sqlite:missing.db"]);
        missing.assert_fails(&["db", "backup", "a.db"], 5, &["there is no database"]);
        program.output(&["incident", "list"]);
    });
}

#[test]
fn a_disk_without_room_leaves_no_part_of_a_backup() {
    run(Engine::Sqlite, async |database| {
        begun(&database);
        database.execute("update incidents set title = hex(zeroblob(500000))").await;
        let folder = folder(&database);
        let program = Afterimage::on(&database);
        let whole = program.command(&["db", "backup", folder.join("a.db").to_str().unwrap()]);
        // No file may be larger than 400 KiB, and the signal that says so is not to end the program.
        let mut limited = std::process::Command::new("bash");
        limited.args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\""]).arg(whole.get_program());
        limited.args(whole.get_args()).current_dir(program.home()).env("HOME", program.home());
        let output = limited.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("a.db cannot be written"), "{said}");
        assert_eq!(listed(&folder), [""; 0]);
        program.output(&["incident", "list"]);
    });
}

#[test]
fn a_damaged_database_is_not_taken_for_a_backup() {
    run(Engine::Sqlite, async |database| {
        begun(&database);
        // A row that the schema forbids, behind its back: whoever only counts rows sees nothing of it.
        database
            .execute(
                "pragma writable_schema = on; update sqlite_schema set sql = replace(sql, 'not null', '') \
                          where name = 'imports'; pragma writable_schema = off",
            )
            .await;
        database
            .execute(
                "insert into imports (content_hash, repetition, name, position, imported, started_at) \
                          values (null, 0, 'x', 0, 0, 0)",
            )
            .await;
        database
            .execute(
                "pragma writable_schema = on; update sqlite_schema set sql = replace(sql, \
                          'content_hash text ', 'content_hash text not null') where name = 'imports'",
            )
            .await;
        let folder = folder(&database);
        let program = Afterimage::on(&database);
        let said = ["the backup", "was given up", "NULL value in imports.content_hash"];
        program.assert_fails(&["db", "backup", folder.join("a.db").to_str().unwrap()], 1, &said);
        assert_eq!(listed(&folder), [""; 0]);
    });
}

#[test]
fn an_older_schema_is_backed_up_as_it_is_before_it_is_upgraded() {
    run(Engine::Sqlite, async |database| {
        crate::upgrades::make_version_1(&database).await;
        let folder = folder(&database);
        let file = folder.join("before.db");
        let said = Afterimage::on(&database).json(&["db", "backup", file.to_str().unwrap()]);
        assert_eq!(said["schema_version"], 1);
        assert_eq!(database.number("select max(version) from schema_migrations").await, 1, "it is only read");
    });
}

#[test]
fn postgres_is_backed_up_by_its_own_program() {
    if missing_postgres().is_some() {
        return;
    }
    run(Engine::Postgres, async |database| {
        begun(&database);
        let program = Afterimage::on(&database);
        program.assert_fails(
            &["db", "backup", "a.dump"],
            2,
            &["pg_dump --format=custom --file=FILE postgres://", "pg_restore"],
        );
        assert!(!program.home().join("a.dump").exists());
    });
}

/// How long each of an operator's own writes took while `others` were at work, sorted.
async fn latencies(store: &Store, others: impl Future<Output = ()>) -> Vec<Duration> {
    let mut taken = Vec::new();
    let mut others = std::pin::pin!(others);
    loop {
        let began = Instant::now();
        let open = OpenRequest { title: "measured".to_owned(), ..OpenRequest::default() };
        ops::open::open(store, TESTER, open).await.unwrap();
        taken.push(began.elapsed());
        tokio::select! {
            () = &mut others => break,
            () = tokio::time::sleep(Duration::from_millis(10)) => {}
        }
    }
    taken.sort_unstable();
    taken
}

#[test]
#[ignore = "makes a gigabyte on the disk; by hand: cargo test --release --test it backups:: -- --ignored --nocapture"]
fn a_backup_of_a_gigabyte_holds_up_nobody() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir_in(std::env::temp_dir()).unwrap();
        let location = Location::file(folder.path().join("big.db"));
        let store = Store::open(location, Arc::new(SystemClock), Upgrade::Allowed).await.unwrap();
        let seed = SeedRequest { incidents: 100_000, events: 6_000_000, random_seed: 1 };
        ops::seed::seed(&store, seed, &mut |_, _| {}).await.unwrap();
        let idle = latencies(&store, tokio::time::sleep(Duration::from_secs(10))).await;
        let began = Instant::now();
        let backup = async {
            let url = format!("sqlite:{}", folder.path().join("big.db").display());
            let file = folder.path().join("backup.db");
            let program = Afterimage::new().with(&["--database-url", &url]);
            let running = program.start(&["db", "backup", file.to_str().unwrap()]);
            let outcome = tokio::task::spawn_blocking(|| running.wait_at_most(Duration::from_mins(10))).await.unwrap();
            assert_eq!(outcome.status, 0, "{outcome}");
        };
        let busy = latencies(&store, backup).await;
        let took = began.elapsed();
        let bytes = fs::metadata(folder.path().join("backup.db")).unwrap().len();
        let shown = |sorted: &[Duration]| {
            let at = |part: usize| sorted[(sorted.len() - 1) * part / 100];
            format!("{} writes, p50 {:?}, p99 {:?}, max {:?}", sorted.len(), at(50), at(99), at(100))
        };
        let said = format!("{bytes} bytes in {took:?}\nidle: {}\nbacking up: {}\n", shown(&idle), shown(&busy));
        std::io::stderr().write_all(said.as_bytes()).unwrap();
        assert!(busy[(busy.len() - 1) * 99 / 100] < Duration::from_millis(100), "{said}");
        store.close().await;
    });
}
