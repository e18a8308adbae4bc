//! Messages as the real program sends them: the daemon, one run of it, and the console; and that no secret is said.

use std::sync::Arc;

use crate::support::{Afterimage, Receiver, SECRET, Screen, TestDatabase, on_both_engines, until};

const WAITING: &str = "select count(*) from outbox";

/// The program with a configuration whose one webhook is at this address, with a secret in a file.
fn configured(database: &TestDatabase, url: &str) -> Afterimage {
    let program = Afterimage::on(database);
    let folder = program.home().join("config").join("afterimage");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("key"), SECRET).unwrap();
    let text = format!("[[webhook]]\nname = 'a'\nurl = '{url}'\nsecret_file = 'key'\n");
    std::fs::write(folder.join("config.toml"), text).unwrap();
    program
}

on_both_engines! {
    async fn the_daemon_tells_what_other_processes_do(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let program = configured(&database, &receiver.url());
        let daemon = program.start(&["--daemon"]);
        // Until the schema is there, there is no table to ask.
        until("the daemon is there", async || database.try_execute("select 1 from outbox_targets").await.is_ok()).await;
        until("it says so", async || database.number("select count(*) from outbox_targets").await == 1).await;
        program.output(&["incident", "open", "Checkout errors"]);
        program.output(&["incident", "close", "1"]);
        until("it is told", async || receiver.received().len() == 1).await;
        receiver.received()[0].check_signature();
        until("and recorded", async || database.number(WAITING).await == 0).await;
        daemon.signal("TERM");
        let outcome = daemon.wait();
        assert_eq!(outcome.status, 0, "{outcome}");
    }

    async fn one_run_of_the_daemon_delivers_what_is_due_and_says_no_secret(database: TestDatabase) {
        let mut receiver = Receiver::start().await;
        let program = configured(&database, &receiver.url());
        program.output(&["--daemon", "--once"]);
        program.output(&["incident", "open", "Checkout errors"]);
        program.output(&["incident", "close", "1"]);
        receiver.stop().await;
        let failed = program.run(&["--daemon", "--once"]);
        assert_eq!(failed.status, 0, "{failed}");
        assert!(failed.stderr.contains("message not delivered") && failed.stderr.contains("127.0.0.1"), "{failed}");
        for secret in ["hunter2", SECRET, "whsec"] {
            assert!(!failed.to_string().contains(secret), "{secret}: {failed}");
        }
        receiver.restart().await;
        database.execute("update outbox set next_attempt_at = 0").await;
        program.output(&["--daemon", "--once"]);
        assert_eq!((receiver.received().len(), database.number(WAITING).await), (1, 0));
    }

    async fn the_console_tells_where_it_may_write_and_opens_without_a_secret(database: TestDatabase) {
        database.store().await;
        let receiver = Receiver::start().await;
        let home = Arc::new(configured(&database, &receiver.url()));
        let configuration = home.home().join("config/afterimage/config.toml").display().to_string();
        let arguments = ["--config", &configuration, "--database-url", database.url()];
        let mut reading = Screen::open_in(Arc::clone(&home), &[&arguments[..], &["--read-only"]].concat());
        reading.wait_for("read-only");
        reading.press("q");
        assert_eq!(reading.ended(), 0);
        assert_eq!(database.number("select count(*) from outbox_targets").await, 0);

        std::fs::rename(home.home().join("config/afterimage/key"), home.home().join("key")).unwrap();
        let mut without = Screen::open_in(Arc::clone(&home), &arguments);
        without.wait_for("1 Incidents");
        without.press("q");
        assert_eq!(without.ended(), 0);
        assert_eq!(database.number("select count(*) from outbox_targets").await, 0);
        std::fs::rename(home.home().join("key"), home.home().join("config/afterimage/key")).unwrap();

        let mut console = Screen::open_in(Arc::clone(&home), &arguments);
        console.wait_for("1 Incidents");
        until("the console says so", async || database.number("select count(*) from outbox_targets").await == 1).await;
        home.output(&["incident", "open", "Checkout errors"]);
        home.output(&["incident", "close", "1"]);
        until("it is told", async || receiver.kinds().contains(&"incident.closed".to_owned())).await;
        console.press("q");
        assert_eq!(console.ended(), 0);
    }
}

#[test]
fn a_secret_or_certificate_that_cannot_be_used_is_refused_at_the_start() {
    let program = Afterimage::new();
    let configuration = program.home().join("c.toml");
    let url = format!("sqlite:{}?mode=rwc", program.home().join("x.db").display());
    let check = |lines: &str, status: i32, said: &str| {
        let text = format!("[[webhook]]\nname = 'a'\nurl = 'https://b.example/hunter2'\n{lines}\n");
        std::fs::write(&configuration, text).unwrap();
        let arguments = ["--config", configuration.to_str().unwrap(), "--database-url", &url, "--daemon", "--once"];
        let outcome = program.run(&arguments);
        outcome.assert_failed(status, &[said]);
        assert!(!outcome.stderr.contains("hunter2") && !outcome.stderr.contains("whsec_!"), "{outcome}");
    };
    check("secret = 'whsec_!'", 2, "other than base64");
    check("secret_file = 'missing'", 3, "secret_file");
    check("ca_file = 'c.toml'", 2, "no certificate");
}
