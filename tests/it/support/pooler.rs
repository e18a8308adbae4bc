//! `PgBouncer` in transaction mode before the server of a test, with so few connections that transactions change theirs.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;

use super::scratch;

/// Ends the pooler with whoever has started it, however that ends.
const KEEPER: &str = r#""$1" "$2" & pid=$!; read -r line; kill -INT "$pid"; wait "$pid""#;

/// A running pooler.
#[derive(Debug)]
pub struct Pooler {
    keeper: Child,
    port: u16,
    database: String,
    _folder: TempDir,
}

/// Whether there is a pooler on this machine; says loudly where there is none.
///
/// # Panics
/// Where it is required.
pub fn missing_pooler() -> bool {
    if program().is_some() {
        return false;
    }
    let required = std::env::var("AFTERIMAGE_REQUIRE_PGBOUNCER").is_ok_and(|value| value == "1");
    assert!(!required, "AFTERIMAGE_REQUIRE_PGBOUNCER is set, but there is no pgbouncer on this machine");
    // Not the printing macro: the test harness would swallow it.
    let _ = writeln!(std::io::stderr(), "\nTHE TESTS OF PGBOUNCER DO NOT RUN: there is no pgbouncer on this machine\n");
    true
}

impl Pooler {
    /// Starts one before the server of `url`, which listens on a socket and trusts everybody.
    pub fn before(url: &str, connections: u32) -> Self {
        let options = PgConnectOptions::from_str(url).expect("a URL of Postgres");
        let socket = options.get_socket().expect("it listens on a socket");
        let folder = tempfile::Builder::new().prefix("afterimage-pool-").tempdir_in(scratch()).expect("a folder");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let port = port.expect("some port is free").port();
        let file = folder.path().join("pgbouncer.ini");
        let settings = format!(
            "[databases]\n* = host={} port={} user={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = {connections}\n\
             max_client_conn = 200\nlog_connections = 0\nlog_disconnections = 0\n",
            socket.display(),
            options.get_port(),
            options.get_username(),
        );
        fs::write(&file, settings).expect("our own folder");
        for path in [folder.path(), &file] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("our own file");
        }
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(program().expect("it is there")).arg(&file);
        command.current_dir("/").process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let owner = fs::metadata(socket).expect("the server's folder");
        if owner.uid() != fs::metadata(folder.path()).expect("our own folder").uid() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        let keeper = command.spawn().expect("a shell can be started");
        let database = options.get_database().expect("it names a database").to_owned();
        let pooler = Self { keeper, port, database, _folder: folder };
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "pgbouncer does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        pooler
    }

    /// What the program is given as `--database-url`.
    pub fn url(&self) -> String {
        self.url_of(&self.database)
    }

    /// The same, of another database of the same server.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://anybody@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Debian puts it where only root looks.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join("pgbouncer")).find(|program| program.is_file())
}
