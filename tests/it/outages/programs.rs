//! The real program while its server cannot be reached: at its start, and in the middle.

use std::time::{Duration, Instant};

use crate::support::{Afterimage, Desk, Engine, Proxy, Running, Screen, Way, Web, run, until};

const CAPTURED: &str = "select count(*) from incident_snapshots";

fn on(proxy: &Proxy) -> Afterimage {
    Afterimage::new().with(&["--database-url", proxy.url()])
}

fn ready(web: &Web) -> u16 {
    tokio::task::block_in_place(|| web.get("/readyz").status)
}

fn wait_for_line(daemon: &mut Running, line: &str) {
    tokio::task::block_in_place(|| daemon.wait_for_line(line));
}

#[test]
fn a_daemon_that_finds_no_database_waits_and_is_alive_and_not_ready() {
    run(Engine::Postgres, |database| async move {
        let desk = Desk::on(database).await;
        desk.closed_many(20).await;
        desk.make_long_due().await;
        let proxy = Proxy::before(desk.database.url());
        proxy.make(Way::Cut);
        let mut daemon = on(&proxy).start(&["--daemon", "--listen", "127.0.0.1:0"]);
        let web = Web::at(tokio::task::block_in_place(|| daemon.listens()));
        wait_for_line(&mut daemon, "waiting for the database");
        assert_eq!((tokio::task::block_in_place(|| web.get("/healthz").status), ready(&web)), (200, 503));
        tokio::time::sleep(Duration::from_secs(4)).await;
        let attempts = proxy.connected().len();
        assert!((2..=8).contains(&attempts), "{attempts} attempts in 4 s");
        proxy.make(Way::Open);
        until("it comes alive", async || ready(&web) == 200).await;
        until("and works", async || desk.database.number(CAPTURED).await == 20).await;
        desk.check_captured(20).await;
        daemon.signal("TERM");
        assert_eq!(tokio::task::block_in_place(|| daemon.wait()).status, 0);
    });
}

#[test]
fn commands_that_reach_no_server_name_it_and_no_password() {
    run(Engine::Postgres, |database| async move {
        let proxy = Proxy::before(database.url());
        proxy.make(Way::Cut);
        let url = proxy.url().replace("postgres@", "postgres:correct-horse@");
        let place = url.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
        let program = Afterimage::new().with(&["--database-url", &url]);
        for command in
            [&["incident", "list"][..], &["incident", "close", "1"], &["process"], &["db", "migrate"], &["status"]]
        {
            let outcome = program.run(command);
            assert_eq!(outcome.status, 5, "{outcome}");
            assert!(outcome.stderr.contains(&place) && !outcome.to_string().contains("correct-horse"), "{outcome}");
        }
    });
}

#[test]
fn rule_17_a_daemon_whose_database_goes_in_the_middle_tries_seldom_and_ends_its_work() {
    run(Engine::Postgres, |database| async move {
        let desk = Desk::on(database).await;
        desk.closed_many(1_000).await;
        desk.make_long_due().await;
        let proxy = Proxy::before(desk.database.url());
        let daemon = on(&proxy).start(&["--daemon", "--batch-size", "5"]);
        until("it has begun", async || desk.database.number(CAPTURED).await > 0).await;
        proxy.make(Way::Cut);
        let (cut, before) = (Instant::now(), proxy.connected().len());
        tokio::time::sleep(Duration::from_secs(4)).await;
        let attempts = proxy.connected().len() - before;
        assert!(desk.database.number(CAPTURED).await < 1_000, "it was cut in the middle");
        // A connection is tried again until its caller has waited for 5 s.
        super::say(&format!("{attempts} attempts to connect in {:?}", cut.elapsed()));
        assert!((1..=60).contains(&attempts), "{attempts} attempts in 4 s");
        proxy.make(Way::Open);
        until("it goes on", async || desk.database.number(CAPTURED).await == 1_000).await;
        desk.check_captured(1_000).await;
        daemon.signal("TERM");
        let outcome = tokio::task::block_in_place(|| daemon.wait());
        assert!(outcome.status == 0 && outcome.stderr.contains("run failed"), "{outcome}");
    });
}

#[test]
fn a_console_says_that_its_database_is_away_and_comes_alive_with_it() {
    run(Engine::Postgres, |database| async move {
        let desk = Desk::on(database).await;
        let proxy = Proxy::before(desk.database.url());
        desk.open(1).await;
        proxy.make(Way::Cut);
        let mut screen = Screen::open(&["--database-url", proxy.url()]);
        screen.wait_for("not reachable");
        proxy.make(Way::Open);
        screen.wait_for("Checkout errors");
        proxy.make(Way::Cut);
        screen.press("R");
        screen.wait_until("that it is away", |text| text.contains("DATABASE LOST") && text.contains("Checkout errors"));
        proxy.make(Way::Slow(Duration::from_millis(200)));
        screen.press("?");
        let took = screen.wait_until("help", |text| text.contains("help") || text.contains("Help"));
        assert!(took < Duration::from_secs(1), "{took:?}: a key waits for the database");
        screen.press("\u{1b}");
        screen.press("q");
        assert_eq!(screen.ended(), 0);
    });
}
