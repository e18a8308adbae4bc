//! What a service manager is told, on the socket that it names: readiness, a line of status, signs of life, and the end.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Afterimage, Running};

const PATIENCE: Duration = Duration::from_secs(30);

/// A service manager that listens.
struct Manager {
    socket: UnixDatagram,
    heard: Vec<String>,
}

impl Manager {
    fn of(program: &Afterimage) -> (Self, String) {
        let path = program.home().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        (Self { socket, heard: Vec::new() }, path.display().to_string())
    }

    /// Waits for a line that begins so.
    fn wait_for(&mut self, beginning: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let mut block = [0; 4_096];
            let length = self.socket.recv(&mut block).unwrap_or_else(|error| panic!("{error}: {:?}", self.heard));
            let lines: Vec<String> = String::from_utf8_lossy(&block[..length]).lines().map(str::to_owned).collect();
            let found = lines.iter().find(|line| line.starts_with(beginning)).cloned();
            self.heard.extend(lines);
            if let Some(line) = found {
                return line;
            }
        }
        panic!("'{beginning}' is not said: {:?}", self.heard)
    }

    fn has_heard(&self, beginning: &str) -> bool {
        self.heard.iter().any(|line| line.starts_with(beginning))
    }
}

fn end(running: Running) {
    running.signal("TERM");
    let outcome = running.wait();
    assert_eq!(outcome.status, 0, "{outcome}");
}

#[test]
fn a_daemon_is_ready_with_its_first_run_and_says_what_it_does_until_its_end() {
    let program = Afterimage::new();
    let url = format!("sqlite:{}?mode=rwc", program.home().join("test.db").display());
    let (mut manager, path) = Manager::of(&program);
    let program = program.with(&["--database-url", &url]);
    program.output(&["incident", "open", "Checkout errors"]);
    program.output(&["incident", "close", "1"]);
    let program = program.with_variable("NOTIFY_SOCKET", &path).with_variable("WATCHDOG_USEC", "300000");
    let running = program.start(&["--daemon"]);
    manager.wait_for("READY=1");
    let status = manager.wait_for("STATUS=next run ");
    assert!(status.ends_with(" UTC; 1 pending, 0 dead"), "{status}");
    for _ in 0..3 {
        manager.wait_for("WATCHDOG=1");
    }
    end(running);
    manager.wait_for("STOPPING=1");
}

#[test]
fn a_daemon_without_its_database_is_not_ready_and_says_what_it_waits_for() {
    let program = Afterimage::new();
    let (mut manager, path) = Manager::of(&program);
    let program = program
        .with(&["--database-url", "postgres://nobody:hunter2@127.0.0.1:1/none"])
        .with_variable("NOTIFY_SOCKET", &path)
        .with_variable("WATCHDOG_USEC", "100000");
    let running = program.start(&["--daemon"]);
    let status = manager.wait_for("STATUS=waiting for the database: ");
    assert!(status.contains("127.0.0.1") && !status.contains("hunter2"), "{status}");
    manager.wait_for("STATUS=waiting");
    assert!(!manager.has_heard("READY=1") && !manager.has_heard("WATCHDOG=1"), "{:?}", manager.heard);
    end(running);
}

#[test]
fn a_service_manager_that_is_gone_troubles_nobody() {
    let program = Afterimage::new();
    let url = format!("sqlite:{}?mode=rwc", program.home().join("test.db").display());
    let program = program.with(&["--database-url", &url]).with_variable("NOTIFY_SOCKET", "/nowhere/at/all");
    let mut running = program.start(&["--daemon"]);
    running.wait_for_line("daemon started");
    end(running);
}

#[test]
fn the_unit_is_one_that_systemd_understands() {
    let unit = include_str!("../../assets/afterimage.service");
    for line in
        ["Type=notify", "WatchdogSec=", "StateDirectory=", "Restart=on-failure", "--config /etc/afterimage/config.toml"]
    {
        assert!(unit.contains(line), "{line}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("afterimage.service");
    // It is verified against the program and the manual of this host, which are elsewhere.
    let here = unit
        .replace("/usr/bin/afterimage", env!("CARGO_BIN_EXE_afterimage"))
        .replace("Documentation=man:afterimage(1)\n", "");
    std::fs::write(&file, here).unwrap();
    let Ok(output) = Command::new("systemd-analyze").arg("verify").arg(&file).output() else {
        // Past the test's own capture, so that it is seen.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"\nNOT RUN: there is no program systemd-analyze\n");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !said.contains("afterimage.service:"), "{said}");
}
