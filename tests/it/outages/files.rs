//! Database files that are deleted, replaced, damaged, or out of room while they are in use.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use afterimage::domain::Trigger;
use afterimage::ops::close::CloseRequest;
use afterimage::ops::process::ProcessRequest;

use crate::support::{Afterimage, Desk, Engine, HOST, Screen, TestDatabase, check_refused, run};

fn file(database: &TestDatabase) -> PathBuf {
    database.directory().join("test.db")
}

fn due() -> ProcessRequest {
    ProcessRequest::due(Trigger::Interval, HOST)
}

#[test]
fn a_file_that_was_moved_away_takes_no_more_and_is_used_again_when_it_is_back() {
    run(Engine::Sqlite, |database| async move {
        let desk = Desk::on(database).await;
        desk.closed_many(3).await;
        let (kept, asked) = (desk.open(1).await, desk.open(1).await);
        desk.close(kept).await;
        let (path, away) = (file(&desk.database), desk.database.directory().join("away.db"));
        fs::rename(&path, &away).unwrap();
        let request = CloseRequest { ids: vec![asked], ..CloseRequest::default() };
        check_refused(desk.try_close(request).await, 5, &["test.db is gone", "deleted or moved"]);
        check_refused(desk.try_process(due()).await, 5, &["is gone"]);
        assert!(desk.store.commit_mark().await.is_err(), "the console learns of it too");
        assert!(!path.exists(), "nothing is made in its place");
        fs::rename(&away, &path).unwrap();
        desk.close(asked).await;
        desk.process().await;
        assert_eq!(desk.database.number("select count(*) from pending_snapshots where attempts > 0").await, 0);
        assert_eq!(desk.database.number("select count(*) from incidents where status = 'closed'").await, 5);
        desk.check_whole().await;
    });
}

#[test]
fn a_file_that_was_replaced_by_an_older_copy_takes_no_more() {
    run(Engine::Sqlite, |database| async move {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        let (path, copy) = (file(&desk.database), desk.database.directory().join("copy.db"));
        Afterimage::on(&desk.database).output(&["db", "backup", &copy.display().to_string()]);
        desk.close(id).await;
        fs::rename(&path, desk.database.directory().join("old.db")).unwrap();
        fs::rename(&copy, &path).unwrap();
        let before = fs::read(&path).unwrap();
        let request = CloseRequest { ids: vec![id], ..CloseRequest::default() };
        check_refused(desk.try_close(request).await, 5, &["test.db was replaced", "-wal"]);
        check_refused(desk.try_process(due()).await, 5, &["was replaced"]);
        assert!(fs::read(&path).unwrap() == before, "the other file is left as it is");
    });
}

#[test]
fn a_commit_into_a_file_that_goes_meanwhile_is_not_said_to_be_done() {
    run(Engine::Sqlite, |database| async move {
        let desk = Desk::on(database).await;
        let id = desk.open(1).await;
        let mut tx = desk.store.write().await.unwrap();
        tx.lock_incidents(&[id]).await.unwrap();
        tx.set_status(id, None).await.unwrap();
        fs::remove_file(file(&desk.database)).unwrap();
        let error = tx.commit().await.unwrap_err();
        assert!(error.to_string().contains("is gone"), "{error}");
    });
}

#[test]
fn a_console_says_that_its_file_is_gone() {
    run(Engine::Sqlite, |database| async move {
        let desk = Desk::on(database).await;
        desk.open(1).await;
        let mut screen = Screen::open(&["--database-url", desk.database.url()]);
        screen.wait_for("Checkout errors");
        fs::rename(file(&desk.database), desk.database.directory().join("away.db")).unwrap();
        screen.press("R");
        screen.wait_for("is gone");
        fs::rename(desk.database.directory().join("away.db"), file(&desk.database)).unwrap();
        screen.wait_until("that it is back", |text| !text.contains("is gone"));
        screen.press("q");
        assert_eq!(screen.ended(), 0);
    });
}

#[test]
fn a_damaged_file_is_said_to_be_and_nothing_panics() {
    run(Engine::Sqlite, |database| async move {
        let desk = Desk::on(database).await;
        desk.closed_many(2_000).await;
        desk.store.close().await;
        let path = file(&desk.database);
        let mut bytes = fs::read(&path).unwrap();
        let length = bytes.len();
        bytes[8_192..length].fill(0xa5);
        fs::write(&path, &bytes).unwrap();
        let program = Afterimage::on(&desk.database);
        for command in [&["incident", "list"][..], &["process"], &["--daemon", "--once"]] {
            let outcome = program.run(command);
            assert!(outcome.status == 5 && outcome.stderr.contains("malformed"), "{outcome}");
            assert!(!outcome.stderr.contains("panicked"), "{outcome}");
        }
        fs::write(&path, &bytes[..8_192]).unwrap();
        let outcome = program.run(&["incident", "list"]);
        assert!(outcome.status == 5 && !outcome.stderr.contains("panicked"), "{outcome}");
    });
}

/// A disk of some megabytes, which only root can have.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let option = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &option, "tmpfs"]).arg(folder.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        let _ = writeln!(std::io::stderr(), "\nTHE TEST OF A FULL DISK DOES NOT RUN: no disk can be mounted here\n");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no room at all, until the file is removed.
    fn fill(&self) -> PathBuf {
        let ballast = self.path().join("ballast");
        let mut file = fs::File::create(&ballast).unwrap();
        while file.write_all(&[0; 512]).is_ok() {}
        ballast
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

#[test]
fn a_full_disk_is_named_harms_nothing_and_is_gone_on_with_when_there_is_room() {
    let Some(disk) = Disk::new("12m") else { return };
    run(Engine::Sqlite, |database| async move {
        let url = format!("sqlite:{}?mode=rwc", disk.path().join("small.db").display());
        let desk = Desk::through(database, &url).await;
        let (id, program) = (desk.open(1).await, Afterimage::new().with(&["--database-url", &url]));
        let line = |number: u32| format!("2026-11-24 10:55:00,1,user{number}\n");
        let events: String = (0..30_000).map(line).collect();
        let events = format!("timestamp,value,user\n{events}");
        let ballast = disk.fill();
        let request = CloseRequest { ids: vec![id], ..CloseRequest::default() };
        let mut refused = desk.try_close(request.clone()).await;
        // What is left of the last page of the log may hold a change.
        for _ in 0..50 {
            if refused.is_err() {
                break;
            }
            desk.reopen(id).await;
            refused = desk.try_close(request.clone()).await;
        }
        check_refused(refused, 5, &["disk is full", "small.db", "make room"]);
        let outcome = program.run_with_input(&["event", "import"], events.clone());
        outcome.assert_failed(5, &["disk is full", "make room"]);
        fs::remove_file(&ballast).unwrap();
        desk.try_close(request).await.unwrap();
        let imported = program.run_with_input(&["event", "import"], events);
        assert_eq!(imported.status, 0, "{imported}");
        assert_eq!(program.json(&["incident", "show", "1"])["status"], "closed");
        let previewed = program.json(&["--now", "2026-11-24 12:30", "snapshot", "preview", "1"]);
        assert!(previewed["total_events"].is_number(), "{previewed}");
        desk.turn_to("12:30");
        let ballast = disk.fill();
        let full = desk.try_process(due()).await;
        fs::remove_file(&ballast).unwrap();
        if let Err(error) = full {
            assert!(error.to_string().contains("disk is full"), "{error}");
        }
        assert_eq!(desk.pending(id).await.map(|pending| pending.attempts).unwrap_or_default(), 0, "it is not blamed");
        desk.wait(std::time::Duration::from_hours(2));
        desk.process().await;
        assert!(desk.snapshot(id).await.is_some() && desk.pending(id).await.is_none());
        let checked = sqlx_check(&url).await;
        assert_eq!(checked, "ok");
        desk.store.close().await;
    });
}

async fn sqlx_check(url: &str) -> String {
    use sqlx::{Connection, SqliteConnection};
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    let said = sqlx::query_scalar("pragma integrity_check").fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    said
}
