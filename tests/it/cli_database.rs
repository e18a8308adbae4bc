//! Which database a command works on, what it refuses to work on, and what is never printed.

use std::fs;

use afterimage::store::SCHEMA_VERSION;

use crate::cli_fixture::{NOW, begun, everything};
use crate::support::{Access, Afterimage, Cluster, Engine, TestDatabase, missing_postgres, on_both_engines, run};

const OLDER: &str = "create table schema_migrations (version bigint primary key, name text not null, \
    applied_at bigint not null); insert into schema_migrations values (0, 'none', 0)";
const NEWER: &str = "insert into schema_migrations values (999, 'from the future', 0)";

#[test]
fn the_users_own_file_is_made_where_it_is_missing_and_readable_by_nobody_else() {
    use std::os::unix::fs::PermissionsExt;

    let program = Afterimage::new();
    assert_eq!(program.output(&["incident", "list"]), "");
    let file = program.home().join("data/afterimage/afterimage.db");
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_named_file_that_is_missing_is_not_made_by_accident() {
    let program = Afterimage::new();
    for url in ["sqlite:mine.db", "sqlite://mine.db", "sqlite:mine.db?mode=rw", "sqlite:mine.db?mode=ro"] {
        for arguments in [&["incident", "list"] as &[&str], &["status"], &["db", "status"], &["process"]] {
            let arguments = [&["--database-url", url], arguments].concat();
            program.assert_fails(&arguments, 5, &["there is no database at sqlite:mine.db", "db migrate", "mode=rwc"]);
        }
    }
    assert!(!program.home().join("mine.db").exists());
}

#[test]
fn migrate_seed_and_mode_rwc_make_a_missing_file() {
    let program = Afterimage::new();
    program.output(&["--database-url", "sqlite:a.db", "db", "migrate"]);
    program.output(&["--database-url", "sqlite:b.db", "seed", "--incidents", "3", "--events", "10"]);
    program.output(&["--database-url", "sqlite:c.db?mode=rwc", "incident", "list"]);
    for name in ["a.db", "b.db", "c.db"] {
        assert!(program.home().join(name).is_file(), "{name}");
    }
}

#[test]
fn a_database_that_keeps_nothing_is_refused() {
    for url in ["sqlite::memory:", "sqlite:x.db?mode=memory"] {
        Afterimage::new().assert_fails(&["--database-url", url, "status"], 2, &["keeps nothing"]);
    }
}

#[test]
fn a_url_of_another_kind_is_refused() {
    Afterimage::new().assert_fails(&["--database-url", "mysql://x", "status"], 2, &["'sqlite:' nor 'postgres://'"]);
}

#[test]
fn a_folder_is_no_database() {
    let program = Afterimage::new();
    let url = format!("sqlite:{}", program.home().display());
    program.assert_fails(&["--database-url", &url, "incident", "list"], 5, &["is not a database"]);
    program.assert_fails(&["--database-url", &url, "db", "migrate"], 5, &["is not a database"]);
}

#[test]
fn a_file_that_is_no_database_stays_as_it_is() {
    let program = Afterimage::new();
    let file = program.home().join("notes.db");
    let text = "no database, but somebody's notes. ".repeat(200);
    fs::write(&file, &text).unwrap();
    for arguments in [&["incident", "list"] as &[&str], &["db", "migrate"], &["db", "status"], &["seed"]] {
        let arguments = [&["--database-url", "sqlite:notes.db"], arguments].concat();
        program.assert_fails(&arguments, 5, &["sqlite:notes.db is not a database"]);
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_database_that_may_only_be_read_is_read_and_not_written_to() {
    run(Engine::Sqlite, async |database| {
        begun(&database);
        let before = everything(&database).await;
        let url = database.url().replace("mode=rwc", "mode=ro");
        let program = Afterimage::new().with(&["--database-url", &url, "--now", NOW]);
        assert!(program.output(&["incident", "list"]).contains("Queue backlog"));
        assert!(program.output(&["status"]).contains("1 open, 1 closed"));
        for arguments in
            [&["incident", "close", "1"] as &[&str], &["incident", "open", "x"], &["process", "2", "--force"]]
        {
            program.assert_fails(arguments, 5, &["read-only"]);
        }
        assert_eq!(everything(&database).await, before);
    });
}

#[test]
fn a_file_without_permission_to_write_is_read_only_too() {
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;

    let program = Afterimage::new();
    let folder = program.home().join("shared");
    fs::create_dir(&folder).unwrap();
    let url = format!("sqlite:{}", folder.join("a.db").display());
    program.output(&["--database-url", &url, "db", "migrate"]);
    let file = folder.join("a.db");
    let before = fs::read(&file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    let mut command = program.command(&["--database-url", &url, "incident", "open", "x"]);
    // Root may write everything: become somebody who may not, where that is possible.
    let nobody = 65_534;
    if chown(&folder, Some(nobody), Some(nobody)).is_ok() {
        fs::set_permissions(program.home(), fs::Permissions::from_mode(0o755)).unwrap();
        command.uid(nobody).gid(nobody);
        let copy = folder.join("program");
        fs::copy(env!("CARGO_BIN_EXE_afterimage"), &copy).unwrap();
        let mut other = std::process::Command::new(copy);
        other.args(["--database-url", &url, "incident", "open", "x"]).uid(nobody).gid(nobody);
        other.current_dir(&folder).env("HOME", &folder).env("USER", "nobody");
        command = other;
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("read-only"), "{said}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn a_wrong_password_is_named_and_never_printed() {
    let Ok(cluster) = Cluster::start(Access::Password("correct")) else { return };
    let wrong = cluster.url("postgres").replace(":correct@", ":hunter2@");
    let program = Afterimage::new().with(&["--database-url", &wrong]);
    for arguments in [&["incident", "list"] as &[&str], &["db", "migrate"], &["db", "status"], &["status", "--json"]] {
        let outcome = program.run(arguments);
        outcome.assert_failed(5, &["password authentication failed", "postgres://postgres@127.0.0.1"]);
        assert!(!outcome.stderr.contains("hunter2"), "{outcome}");
    }
    let right = Afterimage::new().with(&["--database-url", &cluster.url("postgres")]);
    for arguments in [&["status"] as &[&str], &["db", "status"], &["db", "status", "--json"], &["db", "migrate"]] {
        assert!(!right.output(arguments).contains("correct"));
    }
}

#[test]
fn a_server_that_does_not_run_is_not_reachable() {
    let url = "postgres://ops:hunter2@127.0.0.1:1/incidents";
    let outcome = Afterimage::new().run(&["--database-url", url, "incident", "list"]);
    outcome.assert_failed(5, &["postgres://ops@127.0.0.1:1/incidents is not reachable"]);
    assert!(!outcome.stderr.contains("hunter2"), "{outcome}");
}

#[test]
fn no_help_and_no_refusal_repeats_a_password() {
    let program = Afterimage::new().with_variable("AFTERIMAGE_DATABASE_URL", "postgres://ops:hunter2@127.0.0.1:1/x");
    for arguments in [&["--help"] as &[&str], &["incident", "open", "--help"], &["bogus"], &["status"]] {
        let outcome = program.run(arguments);
        assert!(!outcome.stdout.contains("hunter2") && !outcome.stderr.contains("hunter2"), "{outcome}");
    }
    let url = "postgres://ops:hunter2@host:port/x";
    let outcome = Afterimage::new().run(&["--database-url", url, "status"]);
    outcome.assert_failed(2, &["the Postgres URL cannot be read"]);
    assert!(!outcome.stderr.contains("hunter2"), "{outcome}");
}

#[test]
fn an_older_schema_on_a_server_is_refused_by_name_and_upgraded_only_on_request() {
    if missing_postgres().is_some() {
        return;
    }
    run(Engine::Postgres, async |database| {
        database.execute(OLDER).await;
        let program = Afterimage::on(&database);
        for arguments in [&["incident", "list"] as &[&str], &["process"], &["status"], &["snapshot", "show", "1"]] {
            program.assert_fails(arguments, 4, &["older schema version 0", "afterimage db migrate"]);
        }
        assert!(program.output(&["db", "status"]).contains("0, older than"));
        assert!(program.output(&["db", "migrate"]).contains("upgraded"));
        program.output(&["incident", "list"]);
    });
}

on_both_engines! {
    async fn a_newer_schema_is_always_refused(database: TestDatabase) {
        begun(&database);
        database.execute(NEWER).await;
        let program = Afterimage::on(&database);
        for arguments in [&["incident", "list"] as &[&str], &["incident", "close", "1"], &["db", "migrate"]] {
            program.assert_fails(arguments, 4, &["schema version 999", "upgrade the program"]);
        }
        assert!(program.output(&["db", "status"]).contains("999, newer than"));
    }

    async fn a_database_of_something_else_is_refused(database: TestDatabase) {
        database.execute("create table invoices (id bigint)").await;
        let program = Afterimage::on(&database);
        for arguments in [&["incident", "list"] as &[&str], &["db", "migrate"], &["db", "status"], &["seed"]] {
            program.assert_fails(arguments, 4, &["holds something else", "'invoices'"]);
        }
    }

    async fn the_state_of_an_empty_database_is_told_without_changing_it(database: TestDatabase) {
        database.execute("select 1").await;
        let program = Afterimage::on(&database);
        let told = program.json(&["db", "status"]);
        let keys: Vec<&String> = told.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["engine", "database", "schema_version", "supported_version", "size_bytes"]);
        assert_eq!(told["engine"], database.pick("sqlite", "postgres"));
        assert!(told["schema_version"].is_null());
        assert!(program.output(&["db", "status"]).contains("db migrate"));
        assert!(program.json(&["db", "status"])["schema_version"].is_null());
    }

    async fn migrating_says_from_which_version_to_which(database: TestDatabase) {
        let program = Afterimage::on(&database);
        let first = program.json(&["db", "migrate"]);
        let keys: Vec<&String> = first.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["engine", "database", "previous_version", "schema_version"]);
        assert!(first["previous_version"].is_null());
        assert_eq!(first["schema_version"], SCHEMA_VERSION);
        let second = program.json(&["db", "migrate"]);
        assert_eq!(second["previous_version"], SCHEMA_VERSION);
        assert!(program.output(&["db", "migrate"]).contains("already"));
    }
}

#[test]
fn the_flag_goes_before_the_environment_and_that_before_the_file() {
    let program = Afterimage::new();
    let database = |name: &str| format!("sqlite:{name}.db?mode=rwc");
    let folder = program.home().join("config/afterimage");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), format!("database_url = '{}'\nuser = 'file'\n", database("file"))).unwrap();
    let shown = |program: &Afterimage, arguments: &[&str]| {
        let outcome = program.output(&[arguments, &["status"]].concat());
        outcome.lines().find(|line| line.starts_with("sqlite:")).unwrap_or_default().to_owned()
    };
    assert_eq!(shown(&program, &[]), "sqlite:file.db");
    let program = program.with_variable("AFTERIMAGE_DATABASE_URL", &database("environment"));
    assert_eq!(shown(&program, &[]), "sqlite:environment.db");
    assert_eq!(shown(&program, &["--database-url", &database("flag")]), "sqlite:flag.db");
}

#[test]
fn who_acts_is_the_flag_the_environment_the_file_or_the_login() {
    let by = |program: &Afterimage, arguments: &[&str]| {
        program.output(&["incident", "open", "x"]);
        program.json(&[arguments, &["incident", "comment", "1", "hello"]].concat())["by"].clone()
    };
    let program = Afterimage::new();
    assert_eq!(by(&program, &[]), "tester");
    fs::write(program.home().join("mine.toml"), "user = 'file'\n").unwrap();
    assert_eq!(by(&program, &["--config", "mine.toml"]), "file");
    let program = program.with_variable("AFTERIMAGE_USER", "environment");
    assert_eq!(by(&program, &["--config", "mine.toml"]), "environment");
    assert_eq!(by(&program, &["--by", "flag"]), "flag");
}

#[test]
fn a_configuration_that_cannot_be_is_refused_without_repeating_it() {
    let program = Afterimage::new();
    let write = |text: &str| fs::write(program.home().join("mine.toml"), text).unwrap();
    let arguments = ["--config", "mine.toml", "status"];
    program.assert_fails(&arguments, 3, &["the configuration file mine.toml cannot be read"]);
    write("colour = 'red'\n");
    program.assert_fails(&arguments, 2, &["mine.toml is wrong in line 1", "colour"]);
    write("interval = '0s'\n");
    program.assert_fails(&arguments, 2, &["line 1", "an interval is at least a second"]);
    write("\ndatabase_url = postgres://ops:hunter2@db/x\n");
    let outcome = program.run(&arguments);
    outcome.assert_failed(2, &["line 2"]);
    assert!(!outcome.stderr.contains("hunter2"), "{outcome}");
}
