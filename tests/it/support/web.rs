//! The HTTP interface under test: a server in this process on its own port, or the one of a program, and a client that
//! sends what it is told, byte by byte.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use afterimage::http::{Context, Database, Limits, Listener, Policy, Process, Server};
use afterimage::store::Store;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// For how long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where something answers, and what every request to it carries.
#[derive(Debug, Clone)]
pub struct Web {
    address: SocketAddr,
    headers: Vec<(String, String)>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    head: String,
    /// What it says.
    pub body: String,
}

/// A server in this process. It ends when the test forgets it.
#[derive(Debug)]
pub struct Served {
    /// Where it answers.
    pub web: Web,
    /// The server itself.
    pub server: Server,
    /// Where a database is handed over.
    pub database: Database,
}

/// Serves on a port of its own.
pub async fn serve(store: Option<&Store>, policy: Policy, limits: Limits) -> Served {
    serve_process(store, policy, limits, Process::default()).await
}

/// The same, of a process that does more than that.
pub async fn serve_process(store: Option<&Store>, policy: Policy, limits: Limits, process: Process) -> Served {
    let database = Database::default();
    if let Some(store) = store {
        database.opened(store);
    }
    let local = "127.0.0.1:0".parse().expect("an address");
    let listener = Listener::bind(local, &policy).await.expect("a free port");
    let web = Web::at(listener.address());
    let context = Context::of_process(database.clone(), policy, limits, process);
    let server = Server::spawn(listener, context, &CancellationToken::new());
    Served { web, server, database }
}

impl Web {
    /// What answers at `address`.
    pub fn at(address: SocketAddr) -> Self {
        Self { address, headers: Vec::new() }
    }

    /// Sends a header with each request.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Asks for something.
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], b"")
    }

    /// Sends a JSON document.
    pub fn post(&self, path: &str, document: &Value) -> Reply {
        self.send("POST", path, &[("Content-Type", "application/json")], document.to_string().as_bytes())
    }

    /// Sends a request on a connection of its own.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let length = body.len().to_string();
        let headers = [headers, &[("Content-Length", length.as_str()), ("Connection", "close")]].concat();
        let mut stream = self.begin(method, path, &headers);
        // A server that has heard enough may end the connection before all of it is sent.
        let _ = stream.write_all(body);
        Reply::read(stream)
    }

    /// Sends the head of a request.
    pub fn begin(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> TcpStream {
        let mut stream = self.connect();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.chain(headers.iter().copied()) {
            head.extend([name, ": ", value, "\r\n"]);
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).expect("it can be written to");
        stream
    }

    /// A connection on which nothing has been sent.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("somebody listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("it is not zero");
        stream
    }
}

impl Reply {
    /// Reads an answer to the end of its connection.
    ///
    /// # Panics
    /// Where there is none.
    pub fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        let ended = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { panic!("no answer: {ended:?} after '{text}'") };
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        headers.into_iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The document that it is.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The document, where the status is this one.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    /// Checks that it refuses with this status, and says each of `fragments`.
    #[track_caller]
    pub fn refused(&self, status: u16, fragments: &[&str]) {
        assert_eq!(self.status, status, "{self:?}");
        let document = self.json();
        let said = document["error"].as_str().unwrap_or_else(|| panic!("no error in {self:?}"));
        assert_eq!(document.as_object().map(serde_json::Map::len), Some(1));
        for fragment in fragments {
            assert!(said.contains(fragment), "'{fragment}' is not said: {said}");
        }
    }
}
