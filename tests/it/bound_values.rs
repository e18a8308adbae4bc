//! What somebody has typed reaches the database as a bound value only: the few statements that are put together at run
//! time are listed with their reason, and hostile texts come back letter by letter and match only themselves.

use std::fs;
use std::path::Path;

use crate::cli_fixture::program;
use crate::support::{TestDatabase, on_both_engines};

/// sqlx takes statements that are no constants only by these names. Each place where one stands: how often, and of
/// what the text is made.
const ASSEMBLED: [(&str, &str, usize, &str); 8] = [
    ("src/store/change.rs", "raw_sql(", 1, "a constant, as a simple query"),
    ("src/store/copy/page.rs", "AssertSqlSafe(", 2, "names of tables and columns, from the constant `TABLES`"),
    ("src/store/copy/target.rs", "AssertSqlSafe(", 3, "the same"),
    ("src/store/event.rs", "AssertSqlSafe(", 1, "a constant, and a constant that asks for what was stored"),
    ("src/store/list.rs", "QueryBuilder::new(", 1, "constants; every value is pushed by `push_bind`"),
    ("src/store/measure.rs", "AssertSqlSafe(", 2, "constants, and a predicate of constants and numbered parameters"),
    ("src/store/migrate.rs", "raw_sql(", 1, "the migrations, which are embedded"),
    ("src/store/mod.rs", "raw_sql(", 1, "a constant, as a simple query"),
];

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn every_statement_that_is_no_constant_is_listed() {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    assert!(all.len() > 100);
    for (file, text) in &all {
        for name in ["AssertSqlSafe(", "QueryBuilder::new(", "raw_sql(", "SqlStr::"] {
            let listed = ASSEMBLED.iter().find(|(place, what, ..)| place == file && *what == name);
            let expected = listed.map_or(0, |(.., count, _)| *count);
            assert_eq!(text.matches(name).count(), expected, "{file}: {name}...) is not listed");
        }
        let is_store = file.starts_with("src/store/");
        assert!(is_store || !text.contains("sqlx::"), "{file} knows of SQL");
    }
    assert!(ASSEMBLED.iter().all(|(place, ..)| all.iter().any(|(file, _)| file == place)));
}

/// What ends a literal, a statement or a pattern, and what two engines take differently.
const HOSTILE: [&str; 14] = [
    "'",
    "''",
    "\"; drop table incidents; --",
    "'; delete from events; --",
    "%",
    "_",
    "a%b_c",
    "\\",
    "\\%",
    "$1 ?1 :a @b",
    "{\"a\": [\"b\\u0000\"]}",
    "größer 漢字 👩‍🚒",
    "*",
    "A%B_C",
];

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

on_both_engines! {
    async fn hostile_texts_come_back_letter_by_letter_and_match_only_themselves(database: TestDatabase) {
        let program = program(&database);
        let event = |text: &&str| {
            let mut event = serde_json::json!({"timestamp": "2026-11-24T11:30:00Z", "tags": {"t": text}});
            for key in ["project", "level", "environment", "user", "fingerprint", "message"] {
                event[key] = (*text).into();
            }
            event.to_string() + "\n"
        };
        let feed: String = HOSTILE.iter().map(event).collect();
        let outcome = program.run_with_input(&["event", "import", "-", "--format", "ndjson"], feed);
        assert_eq!(outcome.status, 0, "{outcome}");
        for (at, text) in HOSTILE.iter().enumerate() {
            let id = (at + 1).to_string();
            // A star in a query is a wildcard, quoted or not: that one matches all.
            let matches = if *text == "*" { HOSTILE.len() } else { 1 };
            let keys = ["level", "environment", "user", "fingerprint", "message", "tags[t]"];
            let query: Vec<String> = keys.iter().map(|key| format!("{key}:{}", quoted(text))).collect();
            let arguments = ["incident", "open", text, "--started", "-1h", "--query", &query.join(" ")];
            let opened = program.json(&arguments);
            assert_eq!((&opened["title"], &opened["id"]), (&(*text).into(), &(at + 1).into()));
            let preview = program.json(&["snapshot", "preview", &id]);
            assert_eq!(preview["total_events"], matches, "{query:?}");
            program.output(&["incident", "edit", &id, "--title", &format!("x{text}")]);
            program.output(&["incident", "comment", &id, text]);
            let shown = program.json(&["incident", "show", &id]);
            assert_eq!(shown["title"], format!("x{text}"));
            let said = shown["activities"].as_array().unwrap().iter().any(|activity| activity["comment"] == *text);
            assert!(said, "{shown}");
        }
        for text in HOSTILE {
            let opened = program.json(&["incident", "open", "by project", "--project", text, "--started", "-1h"]);
            assert_eq!(opened["projects"], serde_json::json!([text]));
            let listed = program.json(&["incident", "list", "--project", text]);
            assert_eq!(listed.as_array().map(Vec::len), Some(1), "{text}: {listed}");
            let preview = program.json(&["snapshot", "preview", &opened["id"].to_string()]);
            assert_eq!(preview["total_events"], 1, "{text}");
        }
    }
}
