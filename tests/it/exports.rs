//! Snapshots as files, as the command line writes them, on both engines.

use std::fs;

use crate::cli_fixture::{begun, everything, program};
use crate::support::{Afterimage, Screen, TestDatabase, on_both_engines, scratch};

const LATER: &str = "2026-11-24 13:00";

/// A database with an open incident 1 and a captured incident 2; the program an hour later.
fn captured(database: &TestDatabase) -> Afterimage {
    begun(database);
    let later = Afterimage::on(database).with(&["--now", LATER]);
    later.output(&["process"]);
    later
}

fn saved(program: &Afterimage, name: &str) -> String {
    fs::read_to_string(program.home().join(name)).unwrap()
}

on_both_engines! {
    async fn each_format_is_on_stdout_what_it_is_in_a_file(database: TestDatabase) {
        let program = captured(&database);
        let before = everything(&database).await;
        for (format, name, begins) in [
            ("markdown", "2.md", "# Incident 2: Queue backlog"),
            ("svg", "2.svg", "<svg "),
            ("csv", "2.csv", "series,bucket_start,period_seconds,value,coverage"),
            ("json", "2.json", "{\"incident_id\":2,"),
        ] {
            let printed = program.output(&["snapshot", "export", "2", "--format", format]);
            assert!(printed.starts_with(begins), "{printed}");
            let said = program.output(&["snapshot", "export", "2", "--output", name]);
            assert!(said.starts_with(&format!("wrote '{name}', ")), "the name tells the format: {said}");
            assert_eq!(saved(&program, name), printed);
        }
        assert_eq!(saved(&program, "2.json"), program.output(&["snapshot", "show", "2", "--json"]));
        assert_eq!(program.output(&["snapshot", "export", "2", "--format", "svg", "--output", "-"]), saved(&program, "2.svg"));
        assert_eq!(everything(&database).await, before, "exporting changes nothing");
    }

    async fn with_json_it_says_what_was_written_and_where(database: TestDatabase) {
        let program = captured(&database);
        let said = program.json(&["snapshot", "export", "2", "--output", "2.svg"]);
        let bytes = saved(&program, "2.svg").len();
        let expected = serde_json::json!({ "incident_id": 2, "format": "svg", "file": "2.svg", "bytes": bytes });
        assert_eq!(said, expected);
    }

    async fn a_file_is_never_replaced_silently(database: TestDatabase) {
        let program = captured(&database);
        fs::write(program.home().join("2.md"), "mine").unwrap();
        let refused = ["the file '2.md' exists already", "--overwrite replaces it"];
        program.assert_fails(&["snapshot", "export", "2", "--output", "2.md"], 4, &refused);
        assert_eq!(saved(&program, "2.md"), "mine");
        program.output(&["snapshot", "export", "2", "--output", "2.md", "--overwrite"]);
        assert!(saved(&program, "2.md").starts_with("# Incident 2"));
        assert_eq!(fs::read_dir(program.home()).unwrap().filter(|entry| {
            entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".afterimage-")
        }).count(), 0, "nothing temporary is left");
    }

    async fn a_file_that_cannot_be_is_named_with_the_reason(database: TestDatabase) {
        let program = captured(&database);
        let export = |arguments: &[&str], status, said: &[&str]| {
            program.assert_fails(&[&["snapshot", "export", "2"], arguments].concat(), status, said);
        };
        export(&["--output", "none/2.md"], 3, &["there is no folder 'none'"]);
        export(&["--output", ".", "--format", "csv"], 2, &["'.' is a folder"]);
        export(&["--output", "/dev/null", "--format", "csv", "--overwrite"], 2, &["'/dev/null' is not a regular file"]);
        export(&["--output", "picture.png"], 2, &["'picture.png' tells no format", "--format"]);
        export(&["--format", "csv", "--theme", "dark"], 2, &["--theme goes with svg, not with csv"]);
        export(&["--format", "json", "--series", "lifetime"], 2, &["--series goes with svg and markdown"]);
        export(&["--overwrite", "--format", "csv"], 2, &["--output"]);
        export(&[], 2, &["--format"]);
        export(&["--format", "pdf"], 2, &["'pdf'", "markdown"]);
    }

    async fn without_a_snapshot_it_says_how_to_export_a_preview(database: TestDatabase) {
        let program = begun(&database);
        for (id, why) in [("1", "it is open"), ("2", "it is pending (in 9m)")] {
            let arguments = ["snapshot", "export", id, "--format", "svg"];
            program.assert_fails(&arguments, 3, &[why, "--preview exports what it would be now"]);
        }
        let page = program.output(&["snapshot", "export", "2", "--format", "markdown", "--preview"]);
        let due = "> Preview as of 2026-11-24 12:00:00 UTC: the snapshot is due 2026-11-24 12:09:00 UTC";
        assert!(page.contains(due) && page.contains("· not yet"), "{page}");
        let picture = program.output(&["snapshot", "export", "1", "--format", "svg", "--preview"]);
        assert!(picture.contains(">preview</text>") && picture.contains("the incident is still open"), "{picture}");
        let document = program.output(&["snapshot", "export", "2", "--format", "json", "--preview"]);
        assert_eq!(document, program.output(&["snapshot", "preview", "2", "--json"]));
        let later = Afterimage::on(&database).with(&["--now", LATER]);
        later.output(&["process"]);
        later.assert_fails(&["snapshot", "export", "2", "--format", "svg", "--preview"], 4, &["captured already"]);
    }

    async fn a_partial_snapshot_says_what_is_missing(database: TestDatabase) {
        let program = begun(&database);
        program.output(&["process", "2", "--force"]);
        let page = program.output(&["snapshot", "export", "2", "--format", "markdown"]);
        let missing = "The 9m from 2026-11-24 12:00:00 UTC to 2026-11-24 12:09:00 UTC are missing";
        assert!(page.contains(missing), "{page}");
    }

    async fn a_long_incident_shows_its_lifetime_unless_asked_otherwise(database: TestDatabase) {
        let program = captured(&database);
        let page = |arguments: &[&str]| {
            program.output(&[&["snapshot", "export", "2", "--format", "markdown"], arguments].concat())
        };
        // Incident 2 has a window of a minute, and lasted three hours.
        assert!(page(&[]).contains("The lifetime series: events per 1m"));
        let windowed = page(&["--series", "windowed"]);
        assert!(windowed.contains("The windowed series") && windowed.contains("beyond the end of the chart"), "{windowed}");
    }

    async fn a_title_that_wants_to_do_harm_does_none(database: TestDatabase) {
        let program = program(&database);
        let title = "</svg><script>x</script> | **b** \u{1b}[31m\u{202e}";
        program.output(&["incident", "open", title, "--started", "1h ago"]);
        let picture = program.output(&["snapshot", "export", "1", "--format", "svg", "--preview"]);
        assert!(picture.contains("&lt;/svg&gt;&lt;script&gt;") && !picture.contains("<script"), "{picture}");
        let page = program.output(&["snapshot", "export", "1", "--format", "markdown", "--preview"]);
        assert!(page.starts_with("# Incident 1: \\</svg>\\<script>x\\</script> \\| \\*\\*b\\*\\*  \\[31m\n"), "{page}");
    }
}

#[test]
fn the_console_writes_the_file_says_where_and_asks_before_it_replaces_it() {
    let folder = tempfile::Builder::new().prefix("x").tempdir_in(scratch()).unwrap();
    let file = folder.path().join("a.svg");
    // Around midnight the times of the details need their days too, which leaves fewer rows for what is below them.
    let mut screen = Screen::open(&["--demo", "--now", "2026-11-24T13:36:49Z"]);
    screen.wait_for("1 of ");
    screen.wait_for("timeline");
    // The name tells the format.
    let typed = format!("x\t\u{15}{}", file.display());
    screen.press(&typed);
    screen.wait_for("makes /");
    screen.press("\r");
    screen.wait_for("wrote /");
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.starts_with("<svg ") && written.ends_with("</svg>\n"), "{written}");
    fs::write(&file, "mine").unwrap();
    screen.press(&typed);
    screen.wait_for("exists already");
    screen.press("\r\r");
    screen.wait_until("the form is gone", |text| !text.contains("exists already"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine", "the safe button has the keys");
    screen.press(&typed);
    screen.wait_for("exists already");
    screen.press("\r\t\r");
    screen.wait_until("it is replaced", |_| {
        fs::read_to_string(&file).is_ok_and(|text| text == written || text.starts_with("<svg "))
    });
    screen.press("q");
    assert_eq!(screen.ended(), 0);
}
