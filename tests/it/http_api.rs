//! The HTTP API: what each route does, what it refuses, and that it does and says the same as the command line. On both
//! engines, over real connections.

use afterimage::http::{Limits, Policy};
use serde_json::{Value, json};

use crate::cli_fixture::NOW;
use crate::support::{Afterimage, Desk, Reply, Served, TestDatabase, Web, on_both_engines, serve};

const INCIDENTS: &str = "/api/v1/incidents";

/// A desk with a rule `5xx` of ten minutes, an open incident 1 and a captured incident 2, and the API on it.
async fn begun(database: TestDatabase) -> (Desk, Served) {
    let desk = Desk::on(database).await;
    let program = program(&desk);
    program.output(&["rule", "add", "5xx", "--time-window", "10", "--query", "level:error", "--project", "checkout"]);
    program.output(&["incident", "open", "Checkout errors", "--rule", "5xx", "--started", "2h ago"]);
    desk.closed(1, "09:00", "10:00").await;
    desk.process().await;
    let served = on(&desk).await;
    (desk, served)
}

async fn on(desk: &Desk) -> Served {
    serve(Some(&desk.store), Policy::default(), Limits::default()).await
}

fn program(desk: &Desk) -> Afterimage {
    Afterimage::on(&desk.database).with(&["--now", NOW])
}

fn import(web: &Web, path: &str, media_type: &str, body: &str) -> Reply {
    web.send("POST", path, &[("Content-Type", media_type)], body.as_bytes())
}

fn ids(list: &Value) -> Vec<i64> {
    list.as_array().expect("a list").iter().filter_map(|incident| incident["id"].as_i64()).collect()
}

on_both_engines! {
    async fn an_incident_goes_its_whole_way_and_is_what_the_command_line_shows(database: TestDatabase) {
        let (desk, Served { web, .. }) = begun(database).await;
        let ann = web.clone().with("X-Afterimage-User", " ann ");
        let asked = json!({
            "title": " Login slow ", "rule": "5xx", "projects": ["web", "api"], "query": "level:fatal", "type": "detected",
            "aggregation": "unique_users", "started": "20m ago", "detected": "2026-11-24 11:45",
        });
        let reply = ann.post(INCIDENTS, &asked);
        let opened = reply.ok(201);
        assert_eq!(reply.header("location"), Some("/api/v1/incidents/3"));
        assert_eq!((&opened["title"], &opened["projects"]), (&"Login slow".into(), &json!(["api", "web"])));
        assert_eq!((&opened["date_started"], &opened["time_window_minutes"]), (&"2026-11-24T11:40:00Z".into(), &10.into()));
        let closed = ann.post("/api/v1/incidents/3/close", &json!({ "at": "-5m", "comment": "rolled back" })).ok(200);
        assert_eq!((&closed["status"], &closed["date_closed"]), (&"closed".into(), &"2026-11-24T11:55:00Z".into()));
        assert_eq!(closed["pending"]["target_run_date"], "2026-11-24T13:35:00Z");
        let said = web.post("/api/v1/incidents/3/comments", &json!({ "text": "thanks" })).ok(201);
        assert_eq!((&said["by"], &said["comment"]), (&"api".into(), &"thanks".into()));
        let reopened = ann.post("/api/v1/incidents/3/reopen", &json!({ "comment": "it came back" })).ok(200);
        assert!(reopened["date_closed"].is_null() && reopened["pending"].is_null());
        let shown = web.get("/api/v1/incidents/3").ok(200);
        let who: Vec<&Value> = shown["activities"].as_array().unwrap().iter().map(|activity| &activity["by"]).collect();
        assert_eq!(who, ["ann", "ann", "api", "ann"]);
        assert_eq!(shown, program(&desk).json(&["incident", "show", "3"]));
        assert_eq!(web.get(INCIDENTS).ok(200), program(&desk).json(&["incident", "list"]));
    }

    async fn a_list_has_what_all_of_its_parameters_let_through(database: TestDatabase) {
        let (_desk, Served { web, .. }) = begun(database).await;
        for (query, expected) in [
            ("", &[1, 2][..]),
            ("?status=open", &[1]),
            ("?status=closed", &[2]),
            ("?status=all&limit=1", &[1]),
            ("?project=checkout", &[1]),
            ("?project=queue", &[]),
            ("?search=%20checkout%20errors", &[1, 2]),
            ("?search=nothing", &[]),
            ("?filter=window:%3E1m&status=open", &[1]),
            ("?filter=snapshot:captured", &[2]),
        ] {
            let listed = web.get(&format!("{INCIDENTS}{query}")).ok(200);
            assert_eq!(ids(&listed), expected, "{query}");
        }
    }

    async fn what_is_so_already_is_no_failure_and_anything_else_a_conflict(database: TestDatabase) {
        let (desk, Served { web, .. }) = begun(database).await;
        let before = desk.everything().await;
        // Without a body, there is no media type either.
        assert_eq!(web.send("POST", "/api/v1/incidents/2/close", &[], b"").ok(200)["id"], 2);
        assert_eq!(web.post("/api/v1/incidents/1/reopen", &json!({})).ok(200)["status"], "open");
        let again = web.post("/api/v1/incidents/2/close", &json!({ "comment": "really" }));
        again.refused(409, &["incident 2 was already closed by tester", "as of 2026-11-24T10:00:00Z", "/comments"]);
        web.post("/api/v1/incidents/2/close", &json!({ "at": "11:00" })).refused(400, &["cannot read the time '11:00'"]);
        assert_eq!(desk.everything().await, before);
    }

    async fn what_cannot_be_is_refused_in_the_words_of_the_command_line_and_changes_nothing(database: TestDatabase) {
        let (desk, Served { web, .. }) = begun(database).await;
        let before = desk.everything().await;
        let long = "x".repeat(20_000);
        for (path, body, status, said) in [
            ("", json!({ "title": " " }), 400, "the title is empty"),
            ("", json!({ "title": "a\0b" }), 400, "NUL"),
            ("", json!({ "title": long }), 400, "the limit is 1000"),
            ("", json!({}), 400, "missing field `title`"),
            ("", json!({ "title": 5 }), 400, "expected a string"),
            ("", json!({ "title": "x", "titel": "y" }), 400, "unknown field `titel`"),
            ("", json!({ "title": "x", "rule": "none" }), 404, "there is no rule 'none'"),
            ("", json!({ "title": "x", "rule": "a\0b" }), 400, "NUL"),
            ("", json!({ "title": "x", "type": "made" }), 400, "'made' is no incident type"),
            ("", json!({ "title": "x", "aggregation": "sum" }), 400, "'sum' is no aggregation"),
            ("", json!({ "title": "x", "query": "level:" }), 400, "at character 7: the key has no value"),
            ("", json!({ "title": "x", "projects": [""] }), 400, "the project is empty"),
            ("", json!({ "title": "x", "started": "soon" }), 400, "cannot read the time 'soon'"),
            ("", json!({ "title": "x", "started": "2030-01-01" }), 400, "in the future"),
            ("", json!({ "title": "x", "detected": "-2h" }), 400, "is not between the start"),
            ("", json!(["title"]), 400, "not a JSON object"),
            ("/1/close", json!({ "at": "2020-01-01" }), 400, "is before the start"),
            ("/1/close", json!({ "comment": long }), 400, "the limit is 16384"),
            ("/1/close", json!({ "at": null, "when": "now" }), 400, "unknown field `when`"),
            ("/99/close", json!({}), 404, "there is no incident 99"),
            ("/99/reopen", json!({}), 404, "there is no incident 99"),
            ("/1/reopen", json!({ "at": "now" }), 400, "unknown field `at`"),
            ("/99/comments", json!({ "text": "x" }), 404, "there is no incident 99"),
            ("/1/comments", json!({ "text": "" }), 400, "the comment is empty"),
            ("/1/comments", json!({ "text": long }), 400, "the limit is 16384"),
            ("/one/close", json!({}), 400, "'one' is not the number of an incident"),
        ] {
            web.post(&format!("{INCIDENTS}{path}"), &body).refused(status, &[said]);
        }
        let with = |name, value, body: &[u8]| web.send("POST", INCIDENTS, &[(name, value)], body);
        with("Content-Type", "application/json", b"{\"title\": \"x\"").refused(400, &["the body cannot be read", "line 1"]);
        with("Content-Type", "text/plain", b"{\"title\": \"x\"}").refused(415, &["'text/plain'", "application/json"]);
        with("X-Afterimage-User", "ann", b"{\"title\": \"x\"}").refused(415, &["there is no Content-Type"]);
        let nobody = web.clone().with("X-Afterimage-User", &"x".repeat(201));
        nobody.post(INCIDENTS, &json!({ "title": "x" })).refused(400, &["X-Afterimage-User", "the limit is 200"]);
        assert_eq!(desk.everything().await, before);
    }

    async fn what_cannot_be_asked_for_is_refused(database: TestDatabase) {
        let (_desk, Served { web, .. }) = begun(database).await;
        for (path, status, said) in [
            ("/api/v1/incidents/99", 404, "there is no incident 99"),
            ("/api/v1/incidents/9223372036854775808", 400, "is not the number of an incident"),
            ("/api/v1/incidents/%FF", 400, "the path is not UTF-8"),
            ("/api/v1/incidents?status=shut", 400, "'shut' is no status"),
            ("/api/v1/incidents?limit=0", 400, "from 1 to 1000"),
            ("/api/v1/incidents?limit=1001", 400, "from 1 to 1000"),
            ("/api/v1/incidents?filter=widnow:1", 400, "widnow"),
            ("/api/v1/incidents?project=a%00b", 400, "NUL"),
            ("/api/v1/incidents?state=open", 400, "state"),
            ("/api/v1/snapshots?limit=x", 400, "from 1 to 1000"),
            ("/api/v1/snapshots/1", 404, "incident 1 has no snapshot: it is open"),
            ("/api/v1/snapshots/99.svg", 404, "there is no incident 99"),
            ("/api/v1/snapshots/2.png", 404, "as .svg, .md and .csv"),
            ("/api/v1/snapshots/2.svg?theme=pink", 400, "'pink' is no theme"),
            ("/api/v1/snapshots/2.csv?series=lifetime", 400, "csv has both"),
            ("/api/v1/snapshots/2.md?theme=dark", 400, "theme goes with svg"),
            ("/api/v1/nothing", 404, "there is nothing at this path"),
            ("/", 404, "there is nothing at this path"),
        ] {
            web.get(path).refused(status, &[said]);
        }
        for (method, path, allowed) in [
            ("DELETE", "/api/v1/incidents/1", "GET,HEAD"),
            ("GET", "/api/v1/incidents/1/close", "POST"),
            ("PUT", "/api/v1/incidents", "GET,HEAD,POST"),
            ("POST", "/healthz", "GET,HEAD"),
        ] {
            let reply = web.send(method, path, &[], b"");
            reply.refused(405, &["this method is not for this path"]);
            assert_eq!(reply.header("allow"), Some(allowed), "{method} {path}");
        }
    }

    async fn events_are_imported_whole_or_not_at_all(database: TestDatabase) {
        let (desk, Served { web, .. }) = begun(database).await;
        let lines = "{\"timestamp\":\"2026-11-24 10:00\",\"event_id\":\"a\"}\n{\"timestamp\":\"2026-11-24 10:01\",\"value\":7}\n";
        let report = import(&web, "/api/v1/events?project=web&level=error", "application/x-ndjson", lines).ok(200);
        assert_eq!((&report["records"], &report["imported"], &report["already_imported"]), (&2.into(), &2.into(), &false.into()));
        let again = import(&web, "/api/v1/events?project=web&level=error", "application/x-ndjson", lines).ok(200);
        assert_eq!((&again["imported"], &again["already_imported"]), (&0.into(), &true.into()));
        let bad = format!("{lines}{{\"timestamp\":\"never\"}}\n");
        import(&web, "/api/v1/events", "application/x-ndjson", &bad).refused(400, &["line 3: cannot read the time 'never'"]);
        assert_eq!(desk.database.number("select count(*) from events").await, 2);
        let skipped = import(&web, "/api/v1/events?skip_invalid=true", "application/x-ndjson; charset=utf-8", &bad).ok(200);
        assert_eq!((&skipped["imported"], &skipped["known"], &skipped["skipped_invalid"]), (&1.into(), &1.into(), &1.into()));
        assert_eq!(skipped["invalid"][0]["line"], 3);
        let csv = import(&web, "/api/v1/events", "text/csv", "timestamp,value\n2026-11-24 10:02,3\n").ok(200);
        assert_eq!(csv["imported"], 1);
        assert_eq!(desk.database.number("select cast(sum(weight) as bigint) from events where project = 'web'").await, 8);
        import(&web, "/api/v1/events", "text/csv", "").refused(400, &["there is nothing in 'the request' to import"]);
        import(&web, "/api/v1/events", "text/plain", lines).refused(415, &["application/x-ndjson or text/csv"]);
        import(&web, "/api/v1/events?project=", "text/csv", lines).refused(400, &["the project is empty"]);
        import(&web, "/api/v1/events?skip=1", "text/csv", lines).refused(400, &["skip"]);
    }

    async fn a_snapshot_is_what_the_command_line_exports(database: TestDatabase) {
        let (desk, Served { web, .. }) = begun(database).await;
        let program = program(&desk);
        assert_eq!(web.get("/api/v1/snapshots").ok(200), program.json(&["snapshot", "list"]));
        assert_eq!(web.get("/api/v1/snapshots/2").ok(200), program.json(&["snapshot", "show", "2"]));
        for (path, format, media_type) in [
            ("2.svg", "svg", "image/svg+xml"),
            ("2.md", "markdown", "text/markdown; charset=utf-8"),
            ("2.csv", "csv", "text/csv; charset=utf-8"),
            ("2.json", "json", "application/json"),
        ] {
            let reply = web.get(&format!("/api/v1/snapshots/{path}"));
            assert_eq!((reply.status, reply.header("content-type")), (200, Some(media_type)));
            assert_eq!(reply.body, program.output(&["snapshot", "export", "2", "--format", format]));
        }
        let dark = web.get("/api/v1/snapshots/2.svg?theme=dark&series=lifetime").body;
        let arguments = ["snapshot", "export", "2", "--format", "svg", "--theme", "dark", "--series", "lifetime"];
        assert_eq!(dark, program.output(&arguments));
        desk.store.read().await.unwrap();
        let closed = web.send("POST", "/api/v1/incidents/1/close", &[], b"").ok(200);
        web.get("/api/v1/snapshots/1").refused(404, &["it is pending", closed["pending"]["target_run_date"].as_str().unwrap()]);
    }

    async fn two_hundred_at_once_open_two_hundred_incidents(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let served = on(&desk).await;
        let web = &served.web;
        std::thread::scope(|scope| {
            for thread in 0..20 {
                scope.spawn(move || {
                    for number in 0..10 {
                        web.post(INCIDENTS, &json!({ "title": format!("{thread} {number}") })).ok(201);
                    }
                });
            }
        });
        assert_eq!(desk.database.number("select count(*) from incidents").await, 200);
        assert_eq!(desk.database.number("select count(distinct title) from incidents").await, 200);
        desk.check_whole().await;
    }
}
