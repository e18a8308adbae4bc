//! Every size has a limit: at the limit it is taken, one above it is refused, and what is said names the limit.

use std::fs;

use crate::cli_fixture::{begun_once, check_input_refused};
use crate::support::{Afterimage, TestDatabase, on_both_engines};

/// Arguments with a text of some length in the place of `{}`, and the most it may have, in the unit that is named.
const ARGUMENTS: [(&[&str], usize, &str); 9] = [
    (&["incident", "open", "{}"], 1_000, "the title is 1001 bytes long: the limit is 1000"),
    (&["incident", "edit", "1", "--title", "{}"], 1_000, "the title is 1001 bytes long: the limit is 1000"),
    (&["incident", "comment", "1", "{}"], 16_384, "the comment is 16385 bytes long: the limit is 16384"),
    (&["incident", "open", "x", "--project", "{}"], 200, "the project is 201 bytes long: the limit is 200"),
    (&["rule", "add", "{}", "--time-window", "1"], 200, "201 bytes long: the limit is 200"),
    (&["incident", "open", "x", "--query", "{}"], 2_000, "longer than 2000 bytes"),
    (&["incident", "comment", "1", "x", "--by", "{}"], 200, "201 bytes long: the limit is 200"),
    (
        &["event", "import", "-", "--format", "csv", "--project", "{}"],
        200,
        "the project is 201 bytes long: the limit is 200",
    ),
    (
        &["event", "import", "-", "--format", "csv", "--level", "{}"],
        200,
        "the level is 201 bytes long: the limit is 200",
    ),
];

/// A line in which something has a size.
type Line = Box<dyn Fn(usize) -> String>;

/// Lines of NDJSON with one size in each, the most it may be, and what is said of one that is larger by one.
fn lines() -> Vec<(&'static str, Line, usize, &'static str)> {
    let field = |name: &'static str| {
        let line = move |size: usize| format!("{{\"timestamp\":\"2026-11-24\",\"{name}\":\"{}\"}}", "x".repeat(size));
        Box::new(line) as Line
    };
    let tags = |size: usize| {
        let tags: Vec<String> = (0..size).map(|tag| format!("\"t{tag}\":1")).collect();
        format!("{{\"timestamp\":\"2026-11-24\",\"tags\":{{{}}}}}", tags.join(","))
    };
    let tag = |size: usize| format!("{{\"timestamp\":\"2026-11-24\",\"tags\":{{\"{}\":1}}}}", "t".repeat(size));
    let value = |size: usize| format!("{{\"timestamp\":\"2026-11-24\",\"tags\":{{\"t\":\"{}\"}}}}", "x".repeat(size));
    let whole = |size: usize| {
        let line = "{\"timestamp\":\"2026-11-24\",\"ignored\":\"\"}\n";
        line.replace("\"\"", &format!("\"{}\"", "x".repeat(size - line.len()))).trim_end().to_owned()
    };
    vec![
        ("user", field("user"), 200, "the user is 201 bytes long: the limit is 200"),
        ("fingerprint", field("fingerprint"), 200, "the fingerprint is 201 bytes long: the limit is 200"),
        ("environment", field("environment"), 200, "the environment is 201 bytes long: the limit is 200"),
        ("event_id", field("event_id"), 200, "the event_id is 201 bytes long: the limit is 200"),
        ("message", field("message"), 65_536, "the message is 65537 bytes long: the limit is 65536"),
        ("tags", Box::new(tags), 64, "it has 65 tags: the limit is 64"),
        ("tag name", Box::new(tag), 200, "the tag name is 201 bytes long: the limit is 200"),
        ("tag value", Box::new(value), 65_536, "the tag value is 65537 bytes long: the limit is 65536"),
        ("line", Box::new(whole), 1 << 20, "it is longer than the limit of 1048576 bytes"),
    ]
}

on_both_engines! {
    async fn every_text_on_the_command_line_has_a_limit_that_is_named(database: TestDatabase) {
        let program = begun_once(&database).await;
        for (arguments, limit, said) in ARGUMENTS {
            let filled = |size: usize| -> Vec<String> {
                arguments.iter().map(|argument| argument.replace("{}", &"x".repeat(size))).collect()
            };
            let header = "timestamp\n2026-11-24\n";
            let outcome = program.run_with_input(&filled(limit), header);
            assert_eq!(outcome.status, 0, "{arguments:?}: {outcome}");
            let over = filled(limit + 1);
            let over: Vec<&str> = over.iter().map(String::as_str).collect();
            check_input_refused(&database, &over, header, 2, &[said]).await;
        }
    }

    async fn every_size_of_an_event_has_a_limit_that_is_named(database: TestDatabase) {
        let program = begun_once(&database).await;
        let import = ["event", "import", "-", "--format", "ndjson"];
        for (what, line, limit, said) in lines() {
            let outcome = program.run_with_input(&import, line(limit) + "\n");
            assert_eq!(outcome.status, 0, "{what}: {outcome}");
            let over = ["line 1: ", said];
            check_input_refused(&database, &import, line(limit + 1) + "\n", 2, &over).await;
        }
    }
}

#[test]
fn a_configuration_has_a_limit_that_is_named() {
    for (size, status) in [(1_000_000, 0), (1_000_001, 2)] {
        let program = Afterimage::new();
        fs::write(program.home().join("a.toml"), format!("#{}\n", "x".repeat(size - 2))).unwrap();
        let outcome = program.run(&["--config", "a.toml", "config", "check"]);
        assert_eq!(outcome.status, status, "{outcome}");
        assert!(status == 0 || outcome.stderr.contains("1000000 bytes"), "{outcome}");
    }
}
