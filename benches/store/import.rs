//! Importing a file of events, beside what the engine's own client reads it in with, into a table with the same indices.

use std::fmt::Write as _;
use std::path::Path;

use crate::Choice;
use crate::ground::{Database, Engine, Ground, time};
use crate::row::Row;

const COLUMNS: &str = "project, occurred_at, weight, user_name, level, environment, message";

pub async fn run(ground: &Ground, choice: &Choice) {
    for events in choice.sizes(choice.events, 5_000, &[200_000, 2_000_000]) {
        let csv = ground.folder().join("events.csv");
        let ndjson = ground.folder().join("events.ndjson");
        let raw = ground.folder().join("raw.csv");
        write_files(events, &csv, &ndjson, &raw);
        for engine in &ground.engines {
            let plain = ground.database(*engine, "import_plain").await;
            let began = std::time::Instant::now();
            plain.sql(&loading(&plain, &raw));
            let limit = began.elapsed();
            assert_eq!(plain.sql("select count(*) from events"), events.to_string());
            ground.remove(&plain);
            for (name, file) in [("CSV", &csv), ("NDJSON", &ndjson)] {
                let database = ground.database(*engine, "import_ours").await;
                let ran = time(&mut [database.program(&["event", "import", &file.display().to_string()])]);
                assert_eq!(database.sql("select count(*) from events"), events.to_string());
                ground.remove(&database);
                let megabytes = std::fs::metadata(file).expect("it was written").len() / 1_000_000;
                Row {
                    work: format!("import {name}"),
                    engine: engine.name(),
                    size: format!("{events} events, {megabytes} MB"),
                    ours: ran.took,
                    limit: Some(limit),
                    beside: database
                        .pick(".import of the ready columns, one transaction", "copy of the ready columns")
                        .to_owned(),
                    peak: ran.peak,
                    things: events,
                }
                .print();
            }
        }
    }
}

/// The same events as they come and as the table has them.
fn write_files(events: u64, csv: &Path, ndjson: &Path, raw: &Path) {
    let (mut as_csv, mut as_ndjson, mut as_rows) =
        ("timestamp,project,weight,user,level,environment,message\n".to_owned(), String::new(), String::new());
    for n in 0..events {
        let second = n / 50;
        let seconds = 1_735_689_600 + second;
        let (days, rest_of_day) = (second / 86_400, second % 86_400);
        let (hour, minute, second) = (rest_of_day / 3_600, rest_of_day / 60 % 60, second % 60);
        let when = format!("2025-01-{:02}T{hour:02}:{minute:02}:{second:02}Z", 1 + days);
        let (project, user, level) = (n % 20, n * 7_919 % 10_000, if n % 10 == 0 { "fatal" } else { "error" });
        let rest = format!("1,user-{user},{level},production,request {} failed", n % 977);
        let _ = writeln!(as_csv, "{when},project-{project},{rest}");
        let _ = writeln!(as_rows, "project-{project},{seconds}000000,{rest}");
        let _ = writeln!(
            as_ndjson,
            "{{\"timestamp\":\"{when}\",\"project\":\"project-{project}\",\"weight\":1,\"user\":\"user-{user}\",\
             \"level\":\"{level}\",\"environment\":\"production\",\"message\":\"request {} failed\"}}",
            n % 977
        );
    }
    for (path, text) in [(csv, as_csv), (ndjson, as_ndjson), (raw, as_rows)] {
        std::fs::write(path, text).expect("there is room");
    }
}

fn loading(database: &Database, raw: &Path) -> String {
    match database.engine {
        // It reads into the columns of a table from the first on: a view has just these.
        Engine::Sqlite => format!(
            "pragma synchronous = full; create view loading as select {COLUMNS} from events; \
             create trigger load instead of insert on loading begin insert into events ({COLUMNS}) values \
             (new.project, new.occurred_at, new.weight, new.user_name, new.level, new.environment, new.message); end; \
             begin;\n.import --csv {} loading\ncommit",
            raw.display()
        ),
        Engine::Postgres => format!("\\copy events ({COLUMNS}) from '{}' csv\n", raw.display()),
    }
}
