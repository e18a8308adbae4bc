//! Importing events: what is taken, what is refused, and that nothing is lost or counted twice.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use afterimage::ops::OpsError;
use afterimage::ops::import::{
    FollowReport, FollowRequest, Format, ImportReport, ImportRequest, Input, Phase, Progress, follow, import,
};
use afterimage::store::Store;
use tokio::io::{AsyncWriteExt, BufReader};

use crate::support::{TestDatabase, on_both_engines};

const SUMS: &str = "select cast(coalesce(sum(weight), 0) as bigint) from events";
const COUNT: &str = "select count(*) from events";

fn stream(text: &str) -> ImportRequest {
    ImportRequest::of(Input::Stdin(Box::new(std::io::Cursor::new(text.as_bytes().to_vec()))))
}

fn file(database: &TestDatabase, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = database.directory().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

async fn run(store: &Store, request: ImportRequest) -> Result<ImportReport, OpsError> {
    import(store, request, &mut |_| {}).await
}

async fn refused(store: &Store, request: ImportRequest, status: u8, message: &str) {
    let error = run(store, request).await.unwrap_err();
    assert_eq!((error.to_string().as_str(), error.exit_status()), (message, status));
}

/// `count` rows of weight 1 to `count`, a second apart.
fn rows(count: u64) -> String {
    let row = |number| format!("{},{}\n", afterimage::domain::Timestamp::from_seconds(number), number);
    std::iter::once("timestamp,value\n".to_owned()).chain((1..=i64::try_from(count).unwrap()).map(row)).collect()
}

fn sum_to(count: i64) -> i64 {
    count * (count + 1) / 2
}

/// A few records of every kind, in both formats.
const CSV: &str = "timestamp,count,project,level,environment,user,fingerprint,message,event_id,zone\n\
    2026-11-24 11:00,94.0,web,error,prod,ann,f1,\"a \"\"b\"\",\nc\",e1,x\n\
    2026-11-24T11:00:30+01:00,1,,,,,,,,\n";
const NDJSON: &str = r#"{"timestamp":"2026-11-24 11:00","weight":"94.0","project":"web","level":"error","environment":"prod","user":"ann","fingerprint":"f1","message":"a \"b\",\nc","event_id":"e1"}

{"timestamp":"2026-11-24T11:00:30+01:00","tags":{"a":1,"b":"two"},"zone":[1]}
"#;

on_both_engines! {
    async fn every_field_arrives_from_both_formats(database: TestDatabase) {
        let store = database.store().await;
        let columns = "project || '|' || occurred_at || '|' || weight || '|' || coalesce(user_name, '-') || '|' \
            || coalesce(level, '-') || '|' || coalesce(environment, '-') || '|' || coalesce(fingerprint, '-') || '|' \
            || coalesce(message, '-') || '|' || coalesce(event_id, '-') || '|' || coalesce(tags, '-')";
        for (text, tags) in [(CSV, "-"), (NDJSON, r#"{"a":"1","b":"two"}"#)] {
            let report = run(&store, ImportRequest { level: Some("info".into()), ..stream(text) }).await.unwrap();
            assert_eq!((report.records, report.imported, report.known), (2, 2, 0));
            let stored = database.texts(&format!("select {columns} from events order by occurred_at desc")).await;
            assert_eq!(stored, [
                "web|1795518000000000|94|ann|error|prod|f1|a \"b\",\nc|e1|-".to_owned(),
                format!("|1795514430000000|1|-|info|-|-|-|-|{tags}"),
            ]);
            database.execute("delete from events").await;
        }
        assert_eq!(database.texts("select project from event_projects order by project").await, ["", "web"]);
    }

    async fn a_gap_in_a_metric_is_an_error_of_its_line_and_never_counts_one(database: TestDatabase) {
        let store = database.store().await;
        let gap = "timestamp,value\n2026-11-24 11:00,5\n2026-11-24 11:01,\n";
        refused(&store, stream(gap), 2, "line 3: the weight '' is not a whole number from 0 to 1000000000; \
            nothing was imported, --skip-invalid imports the rest").await;
        let null = "{\"timestamp\":\"2026-11-24 11:00\",\"count\":null}\n";
        refused(&store, stream(null), 2, "line 1: the weight 'null' is not a whole number from 0 to 1000000000; \
            nothing was imported, --skip-invalid imports the rest").await;
        assert_eq!(database.number(COUNT).await, 0);
        run(&store, stream("timestamp,user\n2026-11-24 11:00,ann\n")).await.unwrap();
        assert_eq!(database.number(SUMS).await, 1, "without such a column each event counts one");
    }

    async fn an_import_of_many_chunks_stores_every_record_once(database: TestDatabase) {
        let store = database.store().await;
        let path = file(&database, "many.csv", rows(12_345));
        let request = ImportRequest { project: Some("web".into()), ..ImportRequest::of(Input::File(path)) };
        let mut seen: Vec<Progress> = Vec::new();
        let report = import(&store, request, &mut |progress| seen.push(progress)).await.unwrap();
        assert_eq!(report, ImportReport { records: 12_345, imported: 12_345, ..ImportReport::default() });
        assert_eq!(database.number(SUMS).await, sum_to(12_345));
        assert_eq!(database.number("select count(*) from events where project = 'web'").await, 12_345);
        let last = seen.last().unwrap();
        assert_eq!((last.phase, last.records, Some(last.bytes_done)), (Phase::Importing, 12_345, last.bytes_total));
    }

    async fn the_same_content_again_is_a_no_op_unless_it_is_meant(database: TestDatabase) {
        let store = database.store().await;
        assert_eq!(run(&store, stream(&rows(10))).await.unwrap().imported, 10);
        // Under another name, and whether or not bad lines would be left out.
        let path = file(&database, "copy.csv", rows(10));
        for skip_invalid in [false, true] {
            let request = ImportRequest { skip_invalid, ..ImportRequest::of(Input::File(path.clone())) };
            let report = run(&store, request).await.unwrap();
            assert_eq!((report.already_imported, report.imported, report.records), (true, 0, 10));
        }
        assert_eq!(database.number(SUMS).await, sum_to(10));
        for times in [2, 3] {
            let report = run(&store, ImportRequest { again: true, ..stream(&rows(10)) }).await.unwrap();
            assert_eq!((report.already_imported, report.imported), (false, 10));
            assert_eq!(database.number(SUMS).await, times * sum_to(10));
        }
        assert!(run(&store, stream(&rows(10))).await.unwrap().already_imported);
        // Another project means another import.
        let other = ImportRequest { project: Some("web".into()), ..stream(&rows(10)) };
        assert_eq!(run(&store, other).await.unwrap().imported, 10);
    }

    async fn an_import_that_was_killed_goes_on_where_it_was(database: TestDatabase) {
        let store = database.store().await;
        let path = file(&database, "many.csv", rows(12_000));
        let request = || ImportRequest::of(Input::File(path.clone()));
        // A kill is a future that is never polled again: here, after the first chunk.
        let killed = Arc::new(tokio::sync::Notify::new());
        let (notify, wait) = (killed.clone(), killed.notified());
        tokio::select! {
            biased;
            () = wait => {}
            report = async {
                let mut progress = |progress: Progress| {
                    if progress.phase == Phase::Importing {
                        notify.notify_waiters();
                    }
                };
                let report = import(&store, request(), &mut progress).await;
                std::future::pending::<()>().await;
                report
            } => panic!("{report:?}"),
        }
        let committed = database.number("select position from imports").await;
        assert_eq!(database.number(COUNT).await, committed, "what is committed has its position");
        assert!(committed < 12_000, "it was killed before its end");
        let report = run(&store, request()).await.unwrap();
        assert_eq!(report.resumed_at.map(u64::cast_signed), Some(committed));
        assert_eq!(report.imported.cast_signed(), 12_000 - committed);
        assert_eq!(database.number(SUMS).await, sum_to(12_000));
        assert!(run(&store, request()).await.unwrap().already_imported);
    }

    async fn a_partly_advanced_import_is_resumed_from_its_position(database: TestDatabase) {
        let store = database.store().await;
        let bad = "2026-11-24,-1\n";
        let text = format!("{}{bad}2026-11-24,100\n{bad}", rows(10));
        let request = || ImportRequest { skip_invalid: true, ..stream(&text) };
        run(&store, request()).await.unwrap();
        // As a kill after record 4 would have left it.
        database.execute("delete from events where weight > 4").await;
        database.execute("update imports set position = 4, imported = 4, finished_at = null").await;
        let report = run(&store, request()).await.unwrap();
        let expected = (13, 7, 2, Some(4));
        assert_eq!((report.records, report.imported, report.skipped_invalid, report.resumed_at), expected);
        assert_eq!(database.number(SUMS).await, sum_to(10) + 100);
        assert_eq!(database.texts("select position || ' ' || imported from imports").await, ["13 11"]);
    }

    async fn two_imports_of_the_same_at_once_count_nothing_twice(database: TestDatabase) {
        let stores = [database.store().await, database.store().await, database.store().await];
        let path = file(&database, "many.csv", rows(20_000));
        let request = || ImportRequest::of(Input::File(path.clone()));
        let (one, two, three) =
            tokio::join!(run(&stores[0], request()), run(&stores[1], request()), run(&stores[2], request()));
        let outcomes = [one, two, three];
        assert!(outcomes.iter().any(Result::is_ok), "{outcomes:?}");
        for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            assert_eq!(error.exit_status(), 4, "{error}");
            assert!(error.to_string().starts_with("another process imports the same content"), "{error}");
        }
        assert_eq!(database.number(COUNT).await, 20_000);
        assert_eq!(database.number(SUMS).await, sum_to(20_000));
        assert!(run(&stores[0], request()).await.unwrap().already_imported);
    }

    async fn rows_whose_event_id_is_known_change_nothing(database: TestDatabase) {
        let store = database.store().await;
        let text = "timestamp,value,event_id\n2026-11-24,1,a\n2026-11-24,2,b\n2026-11-24,4,a\n2026-11-24,8,\n";
        let report = run(&store, stream(text)).await.unwrap();
        assert_eq!((report.records, report.imported, report.known), (4, 3, 1));
        let later = "{\"timestamp\":\"2026-11-25\",\"value\":16,\"event_id\":\"b\"}\n";
        let report = run(&store, stream(later)).await.unwrap();
        assert_eq!((report.imported, report.known), (0, 1));
        assert_eq!(database.number(SUMS).await, 1 + 2 + 8);
    }

    async fn a_broken_line_7_is_named_and_nothing_is_imported(database: TestDatabase) {
        let store = database.store().await;
        let good = "{\"timestamp\":\"2026-11-24\"}\n";
        let text = format!("{}{{\"timestamp\":\n{good}", good.repeat(6));
        let message = "line 7: it is not a JSON object: EOF while parsing a value at column 13; \
            nothing was imported, --skip-invalid imports the rest";
        refused(&store, stream(&text), 2, message).await;
        assert_eq!(database.number(COUNT).await + database.number("select count(*) from imports").await, 0);
        let report = run(&store, ImportRequest { skip_invalid: true, ..stream(&text) }).await.unwrap();
        assert_eq!((report.records, report.imported, report.skipped_invalid), (8, 7, 1));
        assert_eq!(report.invalid[0].to_string(), "line 7: it is not a JSON object: EOF while parsing a value at column 13");
    }

    async fn fractions_and_negatives_are_named_with_their_lines(database: TestDatabase) {
        let store = database.store().await;
        let text = "timestamp,value\n2026-11-24,94.0\n2026-11-24,0.5\n2026-11-24,-1\n2026-11-24,1e3\n2026-11-24,x\n";
        let message = "line 3: the weight '0.5' is not a whole number from 0 to 1000000000; \
            line 4: the weight '-1' is not a whole number from 0 to 1000000000; \
            line 5: the weight '1e3' is not a whole number from 0 to 1000000000; and 1 more bad line; \
            nothing was imported, --skip-invalid imports the rest";
        refused(&store, stream(text), 2, message).await;
        let report = run(&store, ImportRequest { skip_invalid: true, ..stream(text) }).await.unwrap();
        assert_eq!((report.imported, report.skipped_invalid), (1, 4));
        assert_eq!(database.number(SUMS).await, 94);
    }

    async fn what_is_no_importable_input_says_so_and_leaves_the_database_alone(database: TestDatabase) {
        let store = database.store().await;
        let folder = database.directory().display().to_string();
        let at = |path: PathBuf| ImportRequest::of(Input::File(path));
        let is_folder = format!("cannot import '{folder}': is a directory");
        refused(&store, at(folder.clone().into()), 2, &is_folder).await;
        let missing = format!("cannot import '{folder}/none.csv': No such file or directory (os error 2)");
        refused(&store, at(database.directory().join("none.csv")), 3, &missing).await;
        let empty = file(&database, "empty.csv", "");
        refused(&store, at(empty), 2, &format!("there is nothing in '{folder}/empty.csv' to import")).await;
        refused(&store, stream(" \n\n"), 2, "there is nothing in 'standard input' to import").await;
        let no_header = file(&database, "bare.csv", "2026-11-24,1\n2026-11-25,2\n");
        let message = "line 1: there is no column 'timestamp' in the header '2026-11-24,1': \
            the first line must name the columns, like 'timestamp,value'; nothing was imported";
        refused(&store, at(no_header.clone()), 2, message).await;
        refused(&store, ImportRequest { skip_invalid: true, ..at(no_header) }, 2, message).await;
        let project = ImportRequest { project: Some(" ".into()), ..stream(&rows(1)) };
        refused(&store, project, 2, "the project is empty").await;
        assert_eq!(database.number(COUNT).await + database.number("select count(*) from imports").await, 0);
    }

    async fn a_file_that_is_written_to_meanwhile_is_refused(database: TestDatabase) {
        let store = database.store().await;
        let path = file(&database, "growing.csv", rows(60_000));
        let mut written = false;
        let mut grow = |progress: Progress| {
            if progress.phase == Phase::Importing && !written {
                written = true;
                fs::write(&path, rows(60_001)).unwrap();
            }
        };
        let outcome = import(&store, ImportRequest::of(Input::File(path.clone())), &mut grow).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.exit_status(), 4);
        assert!(error.to_string().contains("was written to while it was being imported"), "{error}");
        assert_eq!(database.number(COUNT).await, database.number("select position from imports").await);
    }

    async fn a_header_without_rows_imports_nothing(database: TestDatabase) {
        let store = database.store().await;
        let report = run(&store, stream("timestamp,value\n")).await.unwrap();
        assert_eq!(report, ImportReport::default());
    }

    async fn an_import_can_be_moved_to_another_thread(database: TestDatabase) {
        let store = database.store().await;
        let report = tokio::spawn(async move { run(&store, stream(&rows(3))).await }).await.unwrap();
        assert_eq!(report.unwrap().imported, 3);
    }

    async fn a_live_feed_is_stored_before_it_ends(database: TestDatabase) {
        let store = database.store().await;
        let (mut sender, receiver) = tokio::io::duplex(1_000);
        let invalid = Arc::new(Mutex::new(Vec::new()));
        let feed = tokio::spawn({
            let (store, invalid) = (store.clone(), invalid.clone());
            async move {
                let request = FollowRequest { project: Some("web".into()), ..FollowRequest::default() };
                let mut note = |line: u64, reason: &str| invalid.lock().unwrap().push(format!("{line}: {reason}"));
                follow(&store, request, BufReader::new(receiver), &mut note).await
            }
        });
        sender.write_all(b"{\"timestamp\":\"2026-11-24\",\"value\":1}\n{\"timestamp\":7}\n{\"time").await.unwrap();
        wait_for(&database, 1).await;
        sender.write_all(b"stamp\":\"2026-11-24\",\"value\":2}\n{\"timestamp\":\"2026-11-24\",\"value\":4}").await.unwrap();
        wait_for(&database, 3).await;
        drop(sender);
        let report = feed.await.unwrap().unwrap();
        assert_eq!(report, FollowReport { records: 4, imported: 3, known: 0, skipped_invalid: 1 });
        assert_eq!(database.number("select count(*) from events where project = 'web'").await, 3);
        let said = "2: cannot read the time '7': write it like 2026-11-24T13:05:00Z or 2026-11-24 13:05:00";
        assert_eq!(*invalid.lock().unwrap(), [said]);
    }

    async fn a_live_feed_in_csv_needs_a_header(database: TestDatabase) {
        let store = database.store().await;
        let csv = || FollowRequest { format: Some(Format::Csv), ..FollowRequest::default() };
        let outcome = follow(&store, csv(), &b"2026-11-24,1\n"[..], &mut |_, _| {}).await;
        assert!(outcome.unwrap_err().to_string().starts_with("line 1: there is no column 'timestamp'"));
        let report = follow(&store, csv(), rows(5_000).as_bytes(), &mut |_, _| {}).await.unwrap();
        assert_eq!((report.records, report.imported), (5_000, 5_000));
        assert_eq!(database.number(SUMS).await, sum_to(5_000));
    }
}

/// Waits until so much weight is stored, for what arrives within a second.
async fn wait_for(database: &TestDatabase, weight: i64) {
    for _ in 0..200 {
        if database.number(SUMS).await == weight {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the feed is not stored");
}

/// Gives the same rows for ever, so that only an import which keeps none of them can end.
struct Endless {
    left: u64,
    row: &'static [u8],
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let rows = (buffer.len() / self.row.len()).min(usize::try_from(self.left).unwrap());
        for place in buffer.chunks_exact_mut(self.row.len()).take(rows) {
            place.copy_from_slice(self.row);
        }
        self.left -= rows as u64;
        Ok(rows * self.row.len())
    }
}

/// Runs in a process of its own, for the other tests need memory too.
#[test]
fn a_long_input_is_imported_in_flat_memory() {
    const ALONE: &str = "AFTERIMAGE_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let name = "import::a_long_input_is_imported_in_flat_memory";
        let program = std::env::current_exe().unwrap();
        let output = Command::new(program).args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    crate::support::run(crate::support::Engine::Sqlite, async |database: TestDatabase| {
        let store = database.store().await;
        let good = b"{\"timestamp\":\"2026-11-24\",\"message\":\"...........................................\"}\n";
        run(&store, ImportRequest::of(Input::Stdin(Box::new(Endless { left: 10_000, row: good })))).await.unwrap();
        let before = peak_kilobytes();
        // 2 MB of rows that are kept, and 32 MB that are not: storing them would take this test too long.
        let bad = b"{\"timestamp\":\"never-----\",\"message\":\"...........................................\"}\n";
        let rows = Endless { left: 25_000, row: good }.chain(Endless { left: 400_000, row: bad });
        let request = ImportRequest { skip_invalid: true, ..ImportRequest::of(Input::Stdin(Box::new(rows))) };
        let report = run(&store, request).await.unwrap();
        assert_eq!((report.imported, report.skipped_invalid), (25_000, 400_000));
        let grown = peak_kilobytes().saturating_sub(before);
        assert!(grown < 10_000, "34 MB of input took {grown} kB of memory");
    });
}

/// The most memory that this process ever had, in kilobytes; 0 where the system does not say.
fn peak_kilobytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
