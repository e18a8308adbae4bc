//! No secret is ever said: the program runs with one in every place that can hold one, through commands that succeed and
//! commands that fail, and everything that it has printed, logged, drawn, answered or written is searched.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;

use crate::support::{Access, Afterimage, Cluster, Screen, Web, missing_postgres};

/// What nothing else contains. Its signs are written otherwise in a URL.
const CANARY: &str = "C4nary/Wr3n+";
const IN_URL: &str = "C4nary%2FWr3n%2B";
/// The token of the HTTP interface.
const TOKEN: &str = "C4nary-Wr3n-token";

/// All that may not be said.
fn secrets() -> Vec<String> {
    let encode = |text: String| base64::engine::general_purpose::STANDARD.encode(text).trim_end_matches('=').to_owned();
    // Without what its neighbours change.
    let basic = encode(format!("ops:{CANARY}"));
    let all =
        ["C4nary", "Wr3n", &encode(CANARY.to_owned())[..14], &encode("C4nary".to_owned()), &basic[..basic.len() - 2]];
    all.map(str::to_owned).into()
}

#[track_caller]
fn check(what: &str, text: &str) {
    for secret in secrets() {
        assert!(!text.contains(&secret), "{what} says {secret}:\n{text}");
    }
}

/// Every file below a folder, apart from those that hold the secrets by their nature.
fn check_files(folder: &Path, apart: &[&str]) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            check_files(&path, apart);
        } else if !apart.iter().any(|name| path.ends_with(name)) {
            check(&path.display().to_string(), &String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
}

fn configuration(database: &str) -> String {
    format!(
        "database_url = '{database}'\n[http]\ntoken = '{TOKEN}'\n\
        [[prometheus]]\nname = 'bearer'\nurl = 'http://127.0.0.1:1'\nbearer_token = '{CANARY}'\ntimeout = '1s'\n\
        headers = {{ X-Scope-OrgID = '{CANARY}' }}\n\
        [[prometheus]]\nname = 'basic'\nurl = 'http://127.0.0.1:1/b'\nusername = 'ops'\npassword = '{CANARY}'\ntimeout = '1s'\n\
        [[alertmanager]]\nurls = ['http://127.0.0.1:1/a']\nbearer_token = '{CANARY}'\npoll_interval = '1s'\ntimeout = '1s'\n\
        [[webhook]]\nname = 'team'\nurl = 'http://ops:{IN_URL}@127.0.0.1:1/services/{CANARY}?key={CANARY}'\n\
        secret = '{CANARY}'\ntimeout = '1s'\n"
    )
}

/// A home with a configuration that holds a secret in every place, and a log of everything.
fn program(database: &str) -> Afterimage {
    let program = Afterimage::new().with_variable("AFTERIMAGE_LOG", "trace").with_variable("RUST_LOG", "trace");
    let folder = program.home().join("config/afterimage");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), configuration(database)).unwrap();
    program
}

const COMMANDS: [&[&str]; 24] = [
    &["--help"],
    &["db", "migrate"],
    &["db", "status"],
    &["config", "check"],
    &["status"],
    &["status", "--json"],
    &["status", "--check"],
    &[
        "rule",
        "add",
        "errors",
        "--time-window",
        "1",
        "--source",
        "basic",
        "--expression",
        "sum(increase(x[{{window}}]))",
    ],
    &["rule", "list"],
    &["rule", "show", "errors", "--json"],
    &["incident", "open", "Checkout", "--rule", "errors", "--started", "-2h"],
    &["incident", "close", "1"],
    &["process", "1", "--force"],
    &["snapshot", "preview", "1"],
    &["snapshot", "show", "1"],
    &["incident", "show", "1"],
    &["pending", "list"],
    &["run", "list", "--json"],
    &["--daemon", "--once"],
    &["--daemon", "--once", "--json"],
    &["event", "import", "nowhere.csv"],
    &["db", "copy", "--to", "postgres://ops:C4nary%2FWr3n%2B@127.0.0.1:1/x"],
    &["db", "copy", "--to", "postgres://ops:C4nary%2FWr3n%2B@host:port/x"],
    &["no-such-command"],
];

fn check_commands(program: &Afterimage) {
    for command in COMMANDS {
        let outcome = program.run(command);
        assert!(!outcome.stderr.contains("panicked"), "{outcome}");
        check(&command.join(" "), &outcome.to_string());
    }
}

#[test]
fn no_command_says_a_secret_of_the_configuration_whatever_fails() {
    let program = program("sqlite:a.db?mode=rwc");
    check_commands(&program);
    check_files(program.home(), &["config/afterimage/config.toml"]);
}

#[test]
fn no_command_says_the_password_of_a_postgres_right_or_wrong() {
    if missing_postgres().is_some() {
        return;
    }
    let cluster = Cluster::start(Access::Password("C4nary-Wr3n")).unwrap();
    check_commands(&program(&cluster.url("postgres")));
    let wrong = program(&cluster.url("postgres").replace("C4nary-Wr3n", "C4nary-Wr3n-wrong"));
    check_commands(&wrong);
    check_files(wrong.home(), &["config/afterimage/config.toml"]);
}

#[test]
fn no_url_that_cannot_be_used_is_repeated() {
    for url in [
        "postgres://ops:C4nary%2FWr3n%2B@127.0.0.1:1/x",
        "postgres://ops:C4nary/Wr3n+@127.0.0.1:1/x",
        "postgres://ops:C4nary@host:port/x",
        "postgres://ops:C4nary@[::1/x",
        "postgres://ops@127.0.0.1:1/x?password=C4nary&sslmode=C4nary",
        "postgres://ops:C4nary@127.0.0.1:1/x?options=-c%20C4nary&nonsense=C4nary",
        "postgresql://ops:C4nary@127.0.0.1:1/x",
        "mysql://ops:C4nary@db/x",
        "postgres:ops:C4nary@db/x",
        "ops:C4nary@db/x",
    ] {
        for program in [
            program("sqlite:a.db").with(&["--database-url", url]),
            program("sqlite:a.db").with_variable("AFTERIMAGE_DATABASE_URL", url),
            program(url),
        ] {
            for command in [&["incident", "list"] as &[&str], &["status"], &["config", "check"]] {
                check(url, &program.run(command).to_string());
            }
        }
    }
}

#[test]
fn no_configuration_that_is_wrong_is_repeated() {
    for text in [
        "database_url = postgres://ops:C4nary@db/x\n",
        "database_url = ['postgres://ops:C4nary@db/x']\n",
        "[[prometheus]]\nname = 'a'\nurl = 'http://ops:C4nary@prom:9090'\n",
        "[[prometheus]]\nname = 'a'\nurl = 'C4nary'\nbearer_token = 'C4nary\n'\n",
        "[[prometheus]]\nname = 'a'\nurl = 'http://p'\nbearer_token = ['C4nary']\n",
        "[[prometheus]]\nname = 'a'\nurl = 'http://p'\nbearer_token = \"C4\\u0000nary C4nary\"\n",
        "[[prometheus]]\nname = 'a'\nurl = 'http://p'\npassword = 'C4nary'\n",
        "[[prometheus]]\nname = 'a'\nurl = 'http://p'\nheaders = { X = \"C4nary\\n\" }\n",
        "[[webhook]]\nname = 'a'\nurl = 'ftp://hooks/C4nary'\n",
        "[[webhook]]\nname = 'a'\nurl = 'C4nary'\n",
        "[[webhook]]\nname = 'a'\nurl = 'https://h/C4nary'\nsecret = { C4nary = 1 }\n",
        "[[webhook]]\nname = 'a'\nurl = 'https://h/C4nary'\nsecret = 'C4nary'\nsecret_file = 'x'\n",
        "[http]\ntoken = 'C4nary'\n",
        "[http]\ntoken = 'C4nary with white space'\n",
        "[http]\ntoken = { C4nary = 'C4nary' }\n",
    ] {
        let program = Afterimage::new();
        fs::write(program.home().join("a.toml"), text).unwrap();
        for command in [&["config", "check"] as &[&str], &["incident", "list"], &["--daemon", "--once"]] {
            let outcome = program.run(&[&["--config", "a.toml"], command].concat());
            check(text, &outcome.to_string());
        }
    }
}

#[test]
fn no_answer_of_the_daemon_and_no_line_of_its_log_says_a_secret() {
    let program = program("sqlite:a.db?mode=rwc");
    program.output(&["db", "migrate"]);
    for json in [&[] as &[&str], &["--json"]] {
        let daemon = ["--daemon", "--listen", "127.0.0.1:0", "--interval", "1s"];
        let mut daemon = program.start(&[&daemon, json].concat());
        let address = if json.is_empty() {
            daemon.listens()
        } else {
            let line: serde_json::Value = serde_json::from_str(&daemon.wait_for_line("listening")).unwrap();
            line["fields"]["address"].as_str().expect("it is said").parse().expect("an address")
        };
        let bearer = format!("Bearer {TOKEN}");
        let client = || Web::at(address);
        for client in
            [client(), client().with("Authorization", &bearer), client().with("Authorization", "Bearer C4nary")]
        {
            for (method, path) in [
                ("GET", "/healthz"),
                ("GET", "/readyz"),
                ("GET", "/metrics"),
                ("GET", "/api/v1/incidents?C4=1"),
                ("GET", "/api/v1/incidents"),
                ("GET", "/api/v1/incidents/1"),
                ("POST", "/api/v1/incidents"),
                ("POST", "/api/v1/events"),
                ("GET", "/nowhere"),
                ("PUT", "/api/v1/incidents"),
            ] {
                let reply = client.send(method, path, &[("Content-Type", "application/json")], b"{\"a\": 1}");
                check(path, &format!("{reply:?}"));
            }
        }
        daemon.signal("TERM");
        check("the daemon", &daemon.wait().to_string());
    }
    check_files(program.home(), &["config/afterimage/config.toml"]);
}

#[test]
fn no_screen_of_the_console_and_no_line_of_its_log_says_a_secret() {
    let home = Arc::new(program("sqlite:a.db?mode=rwc"));
    home.output(&["db", "migrate"]);
    home.output(&["incident", "open", "Checkout", "--started", "-2h"]);
    let config = home.home().join("config/afterimage/config.toml");
    let config = config.to_str().unwrap();
    for arguments in [
        &["--config", config] as &[&str],
        &["--config", config, "--database-url", "postgres://ops:C4nary%2FWr3n%2B@127.0.0.1:1/x"],
    ] {
        let mut screen = Screen::open_in(Arc::clone(&home), arguments);
        screen.wait_for("1 Incidents");
        for keys in ["", "2", "3", "4", "?", "\u{1b}", ":"] {
            screen.press(keys);
            screen.settle();
            check(&format!("the screen after {keys:?}"), &screen.text());
        }
        screen.press("\u{1b}q");
        screen.ended();
    }
    check_files(home.home(), &["config/afterimage/config.toml"]);
}

/// Otherwise nothing would have been tested.
#[test]
fn what_is_searched_for_is_found_where_it_is() {
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("ops:{CANARY}"));
    for text in [configuration("x"), format!("Authorization: Basic {basic}"), IN_URL.to_owned()] {
        assert!(secrets().iter().any(|secret| text.contains(secret)), "{text}");
    }
}
