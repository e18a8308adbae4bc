//! A gate before a Postgres server: a proxy that reads what a client asks and, while it is shut, lets a statement through
//! only when the test says so. The client is the real program's code; it knows nothing of this.

use std::collections::HashMap;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// A statement that waits before the gate.
#[derive(Debug)]
pub struct Arrival {
    /// Whose it is: the number that the gate was made with.
    pub of: usize,
    /// Its text.
    pub statement: String,
    /// Lets it through.
    pub permit: oneshot::Sender<()>,
}

/// The gate. It ends with its value.
#[derive(Debug)]
pub struct Gate {
    directory: TempDir,
    is_shut: Arc<AtomicBool>,
    listener: JoinHandle<()>,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// What a connection of the gate needs.
#[derive(Clone)]
struct Keeper {
    of: usize,
    is_shut: Arc<AtomicBool>,
    is_stop: fn(&str) -> bool,
    arrivals: mpsc::UnboundedSender<Arrival>,
}

impl Gate {
    /// A gate before the server that `url` names by its socket, open at first. While it is shut, statements of which
    /// `is_stop` wait, and are told to `arrivals`.
    pub fn before(url: &str, of: usize, is_stop: fn(&str) -> bool, arrivals: mpsc::UnboundedSender<Arrival>) -> Self {
        let options = PgConnectOptions::from_str(url).expect("our own URL");
        let socket = options.get_socket().map_or_else(|| options.get_host().into(), Clone::clone);
        let server = socket.join(format!(".s.PGSQL.{}", options.get_port()));
        let directory = tempfile::Builder::new().prefix("gate-").tempdir_in(super::scratch()).expect("a folder");
        let is_shut = Arc::new(AtomicBool::new(false));
        let keeper = Keeper { of, is_shut: is_shut.clone(), is_stop, arrivals };
        let listener = UnixListener::bind(directory.path().join(".s.PGSQL.5432")).expect("our own folder");
        let listening = async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = UnixStream::connect(&server).await else { continue };
                tokio::spawn(keeper.clone().keep(client, server));
            }
        };
        Self { directory, is_shut, listener: tokio::spawn(listening) }
    }

    /// The URL of a database behind it.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres:///{database}?host={}&port=5432&user=postgres&sslmode=disable",
            self.directory.path().display()
        )
    }

    /// Lets everything through, or only what is permitted.
    pub fn shut(&self, is_shut: bool) {
        self.is_shut.store(is_shut, Ordering::SeqCst);
    }
}

impl Keeper {
    async fn keep(self, client: UnixStream, server: UnixStream) {
        let (from_client, mut to_client) = client.into_split();
        let (mut from_server, to_server) = server.into_split();
        let answers = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
        // Either side may end at any time.
        let _ = self.questions(from_client, to_server).await;
        answers.abort();
    }

    /// Passes messages on, up to the end of each question, which is a statement, a preparation or both.
    async fn questions(&self, mut client: OwnedReadHalf, mut server: OwnedWriteHalf) -> io::Result<()> {
        let length = client.read_i32().await?;
        let mut startup = vec![0; usize::try_from(length - 4).unwrap_or(0)];
        client.read_exact(&mut startup).await?;
        server.write_i32(length).await?;
        server.write_all(&startup).await?;
        let mut prepared: HashMap<String, String> = HashMap::new();
        let (mut question, mut statement) = (Vec::new(), None);
        loop {
            let kind = client.read_u8().await?;
            let length = client.read_i32().await?;
            let mut body = vec![0; usize::try_from(length - 4).unwrap_or(0)];
            client.read_exact(&mut body).await?;
            let mut words = body.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
            let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            match kind {
                b'P' => _ = prepared.insert(first, second),
                // A portal, and the statement that it is of.
                b'B' => statement = prepared.get(&second).cloned(),
                b'Q' => statement = Some(first),
                _ => {}
            }
            question.push(kind);
            question.extend(length.to_be_bytes());
            question.extend(body);
            if matches!(kind, b'S' | b'Q' | b'X') {
                if let Some(statement) = statement.take() {
                    self.ask_for_permission(statement).await;
                }
                server.write_all(&std::mem::take(&mut question)).await?;
            }
        }
    }

    async fn ask_for_permission(&self, statement: String) {
        if self.is_shut.load(Ordering::SeqCst) && (self.is_stop)(&statement) {
            let (permit, permitted) = oneshot::channel();
            // Where the test is over, everything goes through.
            if self.arrivals.send(Arrival { of: self.of, statement, permit }).is_ok() {
                let _ = permitted.await;
            }
        }
    }
}
