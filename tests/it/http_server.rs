//! The listener: who may listen and ask, how much and how long, and how it ends. Whatever clients do, it answers the next.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use afterimage::http::{Limits, Policy};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::support::{Afterimage, Desk, Reply, Running, Screen, TestDatabase, Web, on_both_engines, serve};

const TOKEN: &str = "correct-horse-battery";
/// What may take ever so long in this many seconds is an answer that came in time.
const SOON: Duration = Duration::from_secs(10);

/// A daemon that listens on a port of its own, and what answers there.
fn daemon(program: &Afterimage, arguments: &[&str]) -> (Running, Web) {
    let mut running = program.start(&[&["--daemon", "--listen", "127.0.0.1:0"], arguments].concat());
    let web = Web::at(running.listens());
    (running, web)
}

/// Waits until the daemon has its database.
fn wait_until_there(running: &mut Running) {
    running.wait_for_line("daemon started");
}

fn in_memory() -> Afterimage {
    let program = Afterimage::new();
    let url = format!("sqlite:{}?mode=rwc", program.home().join("test.db").display());
    program.with(&["--database-url", &url])
}

fn configured(text: &str) -> Afterimage {
    let program = in_memory();
    let file = program.home().join("config.toml");
    std::fs::write(&file, text).unwrap();
    program.with(&["--config", file.to_str().unwrap()])
}

/// What is left of a connection, if it ends.
fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn short() -> Limits {
    Limits { head: Duration::from_millis(200), request: Duration::from_millis(300), ..Limits::default() }
}

#[test]
fn a_daemon_listens_where_it_is_told_and_ends_within_two_seconds_with_connections_open() {
    let (mut running, web) = daemon(&in_memory(), &[]);
    wait_until_there(&mut running);
    assert_eq!(web.get("/healthz").body, "ok\n");
    web.post("/api/v1/incidents", &json!({ "title": "Checkout errors" })).ok(201);
    let idle = web.connect();
    let mut half =
        web.begin("POST", "/api/v1/incidents", &[("Content-Type", "application/json"), ("Content-Length", "99")]);
    half.write_all(b"{\"title\":").unwrap();
    let began = Instant::now();
    running.signal("TERM");
    let outcome = running.wait();
    assert!(began.elapsed() < Duration::from_millis(2_500), "{:?}: {outcome}", began.elapsed());
    assert_eq!(outcome.status, 0, "{outcome}");
    assert!(outcome.stderr.contains("daemon stopped"), "{outcome}");
    assert_eq!((rest(idle), rest(half)), (String::new(), String::new()));
}

#[test]
fn a_daemon_answers_before_its_database_does() {
    let program = Afterimage::new().with(&["--database-url", "postgres://nobody@127.0.0.1:1/none"]);
    let (running, web) = daemon(&program, &[]);
    assert_eq!(web.get("/healthz").status, 200);
    for reply in [web.get("/api/v1/incidents"), web.post("/api/v1/incidents", &json!({ "title": "x" }))] {
        reply.refused(503, &["the database is not there yet"]);
        assert_eq!(reply.header("retry-after"), Some("5"));
    }
    assert_eq!(web.get("/api/v1/openapi.json").ok(200)["openapi"], "3.1.0");
    running.signal("TERM");
    assert_eq!(running.wait().status, 0);
}

#[test]
fn a_daemon_that_can_never_have_its_database_ends_with_what_it_says() {
    let program = Afterimage::new().with(&["--database-url", "sqlite:missing.db"]);
    let outcome = program.run(&["--daemon", "--listen", "127.0.0.1:0"]);
    assert_eq!(outcome.status, 5, "{outcome}");
    assert!(outcome.stderr.contains("there is no database at"), "{outcome}");
}

#[test]
fn the_token_of_the_configuration_is_asked_for_and_never_said() {
    let program = configured("[http]\nlisten = '127.0.0.1:0'\ntoken_file = 'token'\nmax_body = 1000\n");
    std::fs::write(program.home().join("token"), format!("{TOKEN}\n")).unwrap();
    let program = program.with_variable("AFTERIMAGE_LOG", "trace");
    let mut running = program.start(&["--daemon"]);
    let web = Web::at(running.listens());
    wait_until_there(&mut running);
    assert_eq!(web.get("/healthz").status, 200, "whoever watches it has no token");
    for path in ["/api/v1/incidents", "/api/v1/openapi.json", "/api/v1/nothing"] {
        let missing = web.get(path);
        missing.refused(401, &["a token is needed", "Authorization: Bearer"]);
        assert_eq!(missing.header("www-authenticate"), Some("Bearer realm=\"afterimage\""));
        web.clone()
            .with("Authorization", "Bearer wrong-horse-battery")
            .get(path)
            .refused(401, &["this is not the token"]);
        web.clone().with("Authorization", &format!("Basic {TOKEN}")).get(path).refused(401, &["in another way"]);
    }
    let right = web.with("Authorization", &format!("Bearer {TOKEN}"));
    right.get("/api/v1/incidents").ok(200);
    right.post("/api/v1/incidents", &json!({ "title": "x".repeat(1_000) })).refused(413, &["the limit is 1000 bytes"]);
    running.signal("TERM");
    let outcome = running.wait();
    assert!(!outcome.stderr.contains("horse"), "{outcome}");
}

#[test]
fn what_others_can_reach_needs_a_token() {
    let listen = ["--daemon", "--listen", "0.0.0.0:0"];
    in_memory().assert_fails(&listen, 2, &["0.0.0.0:0 can be reached from other hosts", "token_file", "127.0.0.1"]);
    configured("[http]\nlisten = '[::]:0'\n").assert_fails(&["--daemon"], 2, &["no token is asked for"]);
    configured("[http]\ntoken = 'short'\n").assert_fails(&listen, 2, &["the token of [http] must have 8"]);
    configured("[http]\ntoken_file = 'none'\n").assert_fails(&listen, 3, &["the token file", "cannot be read"]);
    let program = configured(&format!("[http]\ntoken = '{TOKEN}'\n"));
    let mut running = program.start(&listen);
    running.listens();
}

#[test]
fn an_address_that_is_taken_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = format!("cannot listen on {address}: Address already in use");
    in_memory().assert_fails(&["--daemon", "--listen", &address], 5, &[&said]);
}

#[test]
fn a_console_listens_where_it_is_told_and_says_before_it_opens_where_it_cannot() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    let taken = Screen::open_in(in_memory(), &["--listen", &address.to_string()]);
    taken.wait_for("cannot listen on");
    assert!(!taken.is_alternate());
    assert_eq!(taken.ended(), 5);
    drop(port);
    let mut screen = Screen::open_in(in_memory(), &["--listen", &address.to_string()]);
    screen.wait_for("1 Incidents");
    let web = Web::at(address);
    let deadline = Instant::now() + SOON;
    while web.get("/api/v1/incidents").status == 503 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    web.post("/api/v1/incidents", &json!({ "title": "Said by another program" })).ok(201);
    screen.wait_for("Said by another program");
    screen.press("q");
    assert_eq!(screen.ended(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_over_the_limit_is_refused_however_it_comes() {
    let served = serve(None, Policy::default(), Limits { body: 1_000, ..Limits::default() }).await;
    let web = &served.web;
    web.send("POST", "/api/v1/events", &[], &[b'x'; 1_001]).refused(413, &["the limit is 1000 bytes"]);
    web.send("POST", "/api/v1/events", &[], &vec![b'x'; 3_000_000]).refused(413, &["the limit is 1000 bytes"]);
    web.send("POST", "/api/v1/events", &[], &[b'x'; 1_000]).refused(415, &[]);
    let mut stream = web.begin("POST", "/api/v1/events", &[("Transfer-Encoding", "chunked"), ("Connection", "close")]);
    for _ in 0..20 {
        let _ = stream.write_all(format!("64\r\n{}\r\n", "x".repeat(100)).as_bytes());
    }
    let _ = stream.write_all(b"0\r\n\r\n");
    Reply::read(stream).refused(413, &["the limit is 1000 bytes"]);
    let huge = web.begin("POST", "/api/v1/events", &[("Content-Length", "99999999999999"), ("Connection", "close")]);
    Reply::read(huge).refused(413, &["the limit is 1000 bytes"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_are_let_go_and_keep_nobody_from_work() {
    let limits = Limits { requests: 1, ..short() };
    let served = serve(None, Policy::default(), limits).await;
    let web = &served.web;
    let mut half_head = web.connect();
    half_head.write_all(b"GET /healthz HTT").unwrap();
    let json = [("Content-Type", "application/json"), ("Content-Length", "100"), ("Connection", "close")];
    let mut half_bodies: Vec<TcpStream> = (0..10).map(|_| web.begin("POST", "/api/v1/incidents", &json)).collect();
    for stream in &mut half_bodies {
        stream.write_all(b"{\"title\"").unwrap();
    }
    assert_eq!(web.get("/healthz").status, 200);
    web.get("/api/v1/openapi.json").ok(200);
    for stream in half_bodies {
        Reply::read(stream).refused(408, &["the body has not come in time"]);
    }
    Reply::read(half_head).refused(408, &["the head of the request has not come in time"]);
    assert_eq!(rest(web.connect()), "", "who says nothing is let go as well");
    assert_eq!(web.get("/healthz").status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn further_clients_wait_for_a_place() {
    let served =
        serve(None, Policy::default(), Limits { connections: 2, head: Duration::from_millis(300), ..short() }).await;
    let web = &served.web;
    let held = [web.connect(), web.connect()];
    assert_eq!(web.get("/healthz").status, 200, "as soon as one of the others is let go");
    drop(held);
    let lasting =
        serve(None, Policy::default(), Limits { connection: Duration::from_millis(100), ..Limits::default() }).await;
    assert_eq!(rest(lasting.web.connect()), "", "no connection lasts for ever");
}

on_both_engines! {
    async fn too_many_requests_at_once_are_told_to_come_again(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let limits = Limits { requests: 1, wait: Duration::from_millis(50), request: SOON, ..Limits::default() };
        let served = serve(Some(&desk.store), Policy::default(), limits).await;
        let web = &served.web;
        // Another process that holds the row, or the file, keeps the one request at work waiting.
        let id = desk.open(1).await;
        let mut tx = desk.database.store().await.write().await.unwrap();
        tx.lock_incidents(&[id]).await.unwrap();
        let replies: Vec<Reply> = std::thread::scope(|scope| {
            let ask = || web.post("/api/v1/incidents/1/comments", &json!({ "text": "x" }));
            let asked: Vec<_> = (0..3).map(|_| scope.spawn(ask)).collect();
            asked.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        drop(tx);
        let busy = |said: &str| replies.iter().filter(|reply| reply.status == 503 && reply.body.contains(said)).count();
        assert_eq!((busy("too many requests are at work"), busy("the database is busy")), (2, 1), "{replies:?}");
        assert!(replies.iter().all(|reply| reply.header("retry-after") == Some("1")), "{replies:?}");
        assert_eq!(desk.timeline(id).await.len(), 1);
    }

    async fn what_is_at_work_may_finish_when_the_end_comes(database: TestDatabase) {
        let desk = Desk::on(database).await;
        let served = serve(None, Policy::default(), Limits::default()).await;
        let web = served.web.clone();
        web.get("/api/v1/incidents").refused(503, &["the database is not there yet"]);
        served.database.opened(&desk.store);
        web.get("/api/v1/incidents").ok(200);
        let id = desk.open(1).await;
        let mut tx = desk.store.write().await.unwrap();
        tx.lock_incidents(&[id]).await.unwrap();
        let asked = std::thread::spawn(move || web.post("/api/v1/incidents/1/comments", &json!({ "text": "x" })));
        let web = served.web.clone();
        // It has come as far as the lock when nothing else is left to do; then the end comes, and then the lock is free.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let ended = tokio::spawn(served.server.shutdown());
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(tx);
        ended.await.unwrap();
        asked.join().unwrap().ok(201);
        assert!(std::panic::catch_unwind(|| web.connect()).is_err(), "nobody listens any more");
    }

    async fn no_bytes_make_it_fail_or_end(database: TestDatabase) {
        let desk = Desk::on(database).await;
        desk.open(1).await;
        let served = serve(Some(&desk.store), Policy::default(), Limits::default()).await;
        let web = &served.web;
        let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&any_request(), |(path, media_type, body)| {
            let reply = web.send("POST", path, &[("Content-Type", media_type)], &body);
            prop_assert!(reply.status < 500, "{path} {media_type} {body:?}: {reply:?}");
            Ok(())
        });
        outcome.unwrap();
        let outcome = runner.run(&proptest::collection::vec(any::<u8>(), 1..200), |bytes| {
            let mut stream = web.connect();
            let _ = stream.write_all(&bytes);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let said = rest(stream);
            prop_assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
            Ok(())
        });
        outcome.unwrap();
        assert_eq!(web.get("/healthz").status, 200);
        web.get("/api/v1/incidents").ok(200);
        desk.check_whole().await;
    }
}

/// Requests that are wrong in some way, or nearly right.
fn any_request() -> impl Strategy<Value = (&'static str, &'static str, Vec<u8>)> {
    let paths = [
        "/api/v1/incidents",
        "/api/v1/incidents/1/close",
        "/api/v1/incidents/1/reopen",
        "/api/v1/incidents/1/comments",
        "/api/v1/events",
        "/api/v1/events?skip_invalid=true&project=web",
    ];
    let media_types = ["application/json", "application/x-ndjson", "text/csv"];
    let key = proptest::sample::select(vec![
        "title",
        "rule",
        "projects",
        "query",
        "type",
        "aggregation",
        "started",
        "detected",
        "at",
        "comment",
        "text",
        "timestamp",
        "value",
        "tags",
        "event_id",
    ]);
    let value = prop_oneof![
        any::<String>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        proptest::sample::select(vec!["now", "-2h", "2026-11-24", "level:error", "created", "total", "\0", "5xx"])
            .prop_map(serde_json::Value::from),
        proptest::collection::vec(any::<String>(), 0..3).prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    let object = proptest::collection::vec((key, value), 0..5).prop_map(|fields| {
        let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value));
        serde_json::Value::Object(fields.collect()).to_string().into_bytes()
    });
    let body = prop_oneof![2 => object, 1 => proptest::collection::vec(any::<u8>(), 0..300)];
    (proptest::sample::select(paths.to_vec()), proptest::sample::select(media_types.to_vec()), body)
}
