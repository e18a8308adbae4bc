//! Throwaway Postgres clusters from the installed binaries: one for the whole test run, others for tests that stop one.
//!
//! A cluster lives in memory where it can, listens on a socket in its own folder, and is gone when the test process is,
//! however that ends: a keeper reads a pipe that the test process holds, and cleans up at its end of file. Knows nothing
//! of Afterimage.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use super::{SERVER_SETTINGS, scratch};

const PATIENCE: Duration = Duration::from_mins(1);

/// Reads the server's process id, one a line, the last one counts; at the end of file stops it and removes the folder.
const KEEPER: &str = r#"
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then kill -INT "$pid"; kill -CONT "$pid"; fi
turns=0
while [ -e "$1/data/postmaster.pid" ] && [ "$turns" -lt 100 ]; do sleep 0.05; turns=$((turns + 1)); done
if [ -e "$1/data/postmaster.pid" ]; then kill -KILL "$pid"; sleep 0.5; fi
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"#;

/// How clients reach a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Through a socket, without a password.
    Socket,
    /// Through a TCP port of this host, with this password.
    Password(&'static str),
}

/// A running Postgres server with its own data.
#[derive(Debug)]
pub struct Cluster {
    binaries: Binaries,
    directory: PathBuf,
    access: Access,
    port: u16,
    server: Option<Child>,
    keeper: ChildStdin,
}

/// The server's programs, and as whom they run.
#[derive(Debug, Clone)]
struct Binaries {
    directory: PathBuf,
    /// Postgres refuses to run as root: the user and group to become instead.
    user: Option<(u32, u32)>,
}

impl Cluster {
    /// Makes and starts a cluster. An error says why this machine cannot have one.
    pub fn start(access: Access) -> Result<Self, String> {
        let binaries = Binaries::find()?;
        let directory = binaries.make_directory();
        let keeper = start_keeper(&directory);
        let port = match access {
            Access::Socket => 5432,
            Access::Password(_) => free_port(),
        };
        let mut cluster = Self { binaries, directory, access, port, server: None, keeper };
        cluster.initialise();
        cluster.resume();
        Ok(cluster)
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        match self.access {
            Access::Socket => {
                format!("postgres:///{database}?host={}&port={}&user=postgres", self.directory.display(), self.port)
            }
            Access::Password(password) => {
                format!("postgres://postgres:{password}@127.0.0.1:{}/{database}", self.port)
            }
        }
    }

    /// Where it keeps its data: gone soon after the cluster is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Stops the server as an administrator does who is in a hurry: sessions are cut off. The data stay.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            signal(&server, "INT");
            server.wait().expect("the server is our child");
            writeln!(self.keeper).expect("the keeper reads");
        }
    }

    /// Kills the server outright; the data stay, and the next start recovers them.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            signal(&server, "QUIT");
            server.wait().expect("the server is our child");
            writeln!(self.keeper).expect("the keeper reads");
        }
    }

    /// Starts the server again after [`Cluster::stop`], on the same port.
    pub fn resume(&mut self) {
        if self.server.is_some() {
            return;
        }
        let log = fs::OpenOptions::new().append(true).create(true).open(self.log()).expect("our own folder");
        let listen = if self.access == Access::Socket { "listen_addresses=" } else { "listen_addresses=127.0.0.1" };
        let mut server = self.binaries.command("postgres", &self.directory);
        server.arg("-D").arg(self.data()).arg("-k").arg(&self.directory).args(["-p", &self.port.to_string()]);
        for setting in [listen].iter().chain(SERVER_SETTINGS) {
            server.args(["-c", setting]);
        }
        let server = server.stdout(Stdio::null()).stderr(log).spawn().expect("postgres can be started");
        writeln!(self.keeper, "{}", server.id()).expect("the keeper reads");
        self.server = Some(server);
        self.wait_until_ready();
    }

    fn initialise(&self) {
        let mut initdb = self.binaries.command("initdb", &self.directory);
        initdb.arg("-D").arg(self.data());
        initdb.args(["-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]);
        match self.access {
            Access::Socket => _ = initdb.args(["-A", "trust"]),
            Access::Password(password) => {
                let file = self.directory.join("password");
                fs::write(&file, password).expect("our own folder");
                fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("our own file");
                initdb.args(["-A", "scram-sha-256"]).arg("--pwfile").arg(file);
            }
        }
        // A team's server sorts as people do, not by bytes: so does this one, where its build can.
        let output = initdb.args(["--locale-provider=icu", "--icu-locale=en"]).output().expect("initdb can be started");
        if !output.status.success() {
            let plain = initdb.arg("--locale-provider=libc").output().expect("initdb can be started");
            assert!(plain.status.success(), "initdb failed: {}", String::from_utf8_lossy(&plain.stderr));
        }
    }

    /// The server writes its state on the eighth line of its pid file.
    fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        let pid_file = self.data().join("postmaster.pid");
        loop {
            let state = fs::read_to_string(&pid_file).unwrap_or_default();
            if state.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return;
            }
            let ended = self.server.as_mut().and_then(|server| server.try_wait().expect("the server is our child"));
            if let Some(status) = ended.map(|status| status.to_string()).or_else(|| late(deadline)) {
                panic!("postgres did not start: {status}\n{}", fs::read_to_string(self.log()).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn log(&self) -> PathBuf {
        self.directory.join("log")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Binaries {
    fn find() -> Result<Self, String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // A link on the path may stand without its neighbours: look where it points.
        let on_path = std::env::split_paths(&path)
            .filter_map(|directory| Some(directory.join("postgres").canonicalize().ok()?.parent()?.to_owned()));
        let candidates = on_path.chain(run("pg_config", &["--bindir"]).map(PathBuf::from)).chain(packaged());
        let complete = |directory: &PathBuf| ["postgres", "initdb"].iter().all(|name| directory.join(name).is_file());
        let mut candidates = candidates.filter(complete);
        let directory = candidates.next().ok_or("there are no Postgres server binaries on this machine")?;
        Ok(Self { directory, user: unprivileged_user()? })
    }

    /// A new folder that the server's user owns.
    fn make_directory(&self) -> PathBuf {
        let directory =
            tempfile::Builder::new().prefix("afterimage-pg-").tempdir_in(scratch()).expect("a folder").keep();
        if let Some((user, group)) = self.user {
            chown(&directory, Some(user), Some(group)).expect("root may give a folder away");
        }
        directory
    }

    /// One of the programs, as the server's user, away from the terminal's signals and the caller's `PG...` settings.
    fn command(&self, program: &str, directory: &Path) -> Command {
        let mut command = Command::new(self.directory.join(program));
        command.current_dir(directory).process_group(0).stdin(Stdio::null());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG")) {
            command.env_remove(name);
        }
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }
}

/// Where distributions put the server, the newest version first.
fn packaged() -> impl Iterator<Item = PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_unstable_by(|one, other| other.cmp(one));
    versions.into_iter().map(|(_, directory)| directory)
}

fn unprivileged_user() -> Result<Option<(u32, u32)>, String> {
    if run("id", &["-u"]).as_deref() != Some("0") {
        return Ok(None);
    }
    let ids = |name: &str| Some((run("id", &["-u", name])?.parse().ok()?, run("id", &["-g", name])?.parse().ok()?));
    let found = ["postgres", "nobody"].into_iter().find_map(ids);
    found.map(Some).ok_or_else(|| "Postgres does not run as root, and there is no user to run it as".to_owned())
}

fn start_keeper(directory: &Path) -> ChildStdin {
    let mut keeper = Command::new("sh");
    keeper.args(["-c", KEEPER, "keeper"]).arg(directory).current_dir("/").process_group(0);
    let keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    keeper.expect("a shell can be started").stdin.expect("it is piped")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("some port is free");
    listener.local_addr().expect("it is bound").port()
}

fn signal(process: &Child, name: &str) {
    run("kill", &[&format!("-{name}"), &process.id().to_string()]);
}

fn late(deadline: Instant) -> Option<String> {
    (Instant::now() > deadline).then(|| format!("not ready after {PATIENCE:?}"))
}

/// What a small program prints, where it is there and succeeds.
fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
