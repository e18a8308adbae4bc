//! What may happen between the program and its Postgres server: a proxy that passes, cuts, swallows, delays, or loses the
//! answer to a commit. It counts who connects.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// What the way to the server is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As it should be.
    Open,
    /// Whoever is connected is cut off, whoever connects too.
    Cut,
    /// Connections stay, and nothing goes through.
    Silent,
    /// Each packet takes this long.
    Slow(Duration),
    /// The server makes every n-th commit, and the client never learns of it.
    LosesCommits(u64),
}

/// A proxy before a server. It ends when the test forgets it.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    way: watch::Sender<Way>,
    log: Arc<Log>,
    // Dropped last: everything runs on it.
    runtime: Option<Runtime>,
}

#[derive(Debug, Default)]
struct Log {
    connected: Mutex<Vec<Instant>>,
    commits: AtomicU64,
    lost: AtomicU64,
}

#[derive(Debug, Clone)]
enum Upstream {
    Socket(PathBuf),
    Port(SocketAddr),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Proxy {
    /// Stands before the server of `url`, which is reached as it is through the proxy's own port.
    pub fn before(url: &str) -> Self {
        let options = PgConnectOptions::from_str(url).expect("a URL of Postgres");
        let upstream = match options.get_socket() {
            Some(folder) => Upstream::Socket(folder.join(format!(".s.PGSQL.{}", options.get_port()))),
            None => {
                Upstream::Port(format!("{}:{}", options.get_host(), options.get_port()).parse().expect("an address"))
            }
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("it is our own");
        let address = listener.local_addr().expect("it is bound");
        let (way, log) = (watch::Sender::new(Way::Open), Arc::new(Log::default()));
        runtime.spawn(accept(listener, upstream, way.clone(), log.clone()));
        let password = url.split_once("://").and_then(|(_, rest)| Some(rest.split_once('@')?.0.split_once(':')?.1));
        let password = password.map(|password| format!(":{password}")).unwrap_or_default();
        let database = options.get_database().expect("it names a database");
        let url = format!("postgres://{}{password}@{address}/{database}", options.get_username());
        Self { url, way, log, runtime: Some(runtime) }
    }

    /// What the program is given as `--database-url`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes the way so, for those who are connected too.
    pub fn make(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// Cuts off whoever is connected, and lets them connect again.
    pub fn cut_once(&self) {
        self.make(Way::Cut);
        std::thread::sleep(Duration::from_millis(5));
        self.make(Way::Open);
    }

    /// When anybody has connected, so far.
    pub fn connected(&self) -> Vec<Instant> {
        self.log.connected.lock().expect("nobody panics with it").clone()
    }

    /// How many answers to commits were lost so far.
    pub fn lost(&self) -> u64 {
        self.log.lost.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: std::net::TcpListener, upstream: Upstream, way: watch::Sender<Way>, log: Arc<Log>) {
    let listener = TcpListener::from_std(listener).expect("it does not block");
    while let Ok((client, _)) = listener.accept().await {
        log.connected.lock().expect("nobody panics with it").push(Instant::now());
        tokio::spawn(serve(client, upstream.clone(), way.subscribe(), log.clone()));
    }
}

/// One connection, until either side or the way ends it. What a client gets then is a reset.
async fn serve(mut client: TcpStream, upstream: Upstream, mut way: watch::Receiver<Way>, log: Arc<Log>) {
    let _ = client.set_zero_linger();
    let _ = client.set_nodelay(true);
    let server: Result<Box<dyn Stream>, std::io::Error> = match upstream {
        Upstream::Socket(path) => UnixStream::connect(path).await.map(|stream| Box::new(stream) as Box<dyn Stream>),
        Upstream::Port(address) => TcpStream::connect(address).await.map(|stream| Box::new(stream) as Box<dyn Stream>),
    };
    let Ok(mut server) = server else { return };
    let (mut asked, mut said) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let (mut frontend, mut is_losing) = (Frontend::default(), false);
    loop {
        let now = *way.borrow_and_update();
        match now {
            Way::Cut => return,
            Way::Silent => {
                if way.changed().await.is_err() {
                    return;
                }
                // What was swallowed never comes: such a connection is of no use any more.
                if *way.borrow() == Way::Open {
                    return;
                }
                continue;
            }
            _ => {}
        }
        let passed = tokio::select! {
            changed = way.changed() => if changed.is_err() { return } else { continue },
            read = client.read(&mut asked) => match read {
                Ok(count @ 1..) => {
                    if frontend.commits(&asked[..count])
                        && let Way::LosesCommits(every) = now
                    {
                        let number = log.commits.fetch_add(1, Ordering::SeqCst);
                        is_losing = number % every == every - 1;
                    }
                    pause(now).await;
                    server.write_all(&asked[..count]).await
                }
                _ => return,
            },
            read = server.read(&mut said) => match read {
                Ok(count @ 1..) if is_losing => {
                    // It is made when the server is ready for more.
                    if said[..count].ends_with(b"Z\0\0\0\x05I") {
                        log.lost.fetch_add(1, Ordering::SeqCst);
                        return;
                    }
                    Ok(())
                }
                Ok(count @ 1..) => {
                    pause(now).await;
                    client.write_all(&said[..count]).await
                }
                _ => return,
            },
        };
        if passed.is_err() {
            return;
        }
    }
}

async fn pause(way: Way) {
    if let Way::Slow(span) = way {
        tokio::time::sleep(span).await;
    }
}

/// As much of what a client says as it takes to see a commit: messages of a type, a length and a text, behind one or two
/// that have no type.
#[derive(Debug, Default)]
struct Frontend {
    unread: Vec<u8>,
    is_started: bool,
}

impl Frontend {
    /// Whether there is a commit in what was said now.
    fn commits(&mut self, bytes: &[u8]) -> bool {
        const ENCRYPTION: [u8; 4] = 80_877_103_u32.to_be_bytes();
        self.unread.extend_from_slice(bytes);
        let mut commits = false;
        loop {
            let kind = usize::from(self.is_started);
            let Some(length) = self.unread.get(kind..kind + 4) else { return commits };
            let length = u32::from_be_bytes(length.try_into().expect("four bytes")) as usize + kind;
            if self.unread.len() < length {
                return commits;
            }
            let message: Vec<u8> = self.unread.drain(..length).collect();
            if self.is_started {
                commits |= message[0] == b'Q' && message[5..].eq_ignore_ascii_case(b"commit\0");
            } else {
                self.is_started = message[4..8] != ENCRYPTION;
            }
        }
    }
}
