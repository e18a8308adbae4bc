//! Listens, and serves each connection on a task of its own. All of them end with the server.
//!
//! ```text
//! Listener::bind ──> Server::spawn ──accept──> connections, each a task; further clients wait in the backlog
//!                         │ stop
//!                         └──> no new ones; those at work may finish within a second; the rest is dropped
//! ```

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::access::Policy;
use super::context::Context;
use super::limits::Limits;
use super::routes;

/// How long to wait after a connection could not be accepted: the system may be out of handles.
const PAUSE: Duration = Duration::from_millis(100);
/// Bytes of a request's head, at the most.
const HEAD: usize = 65_536;
/// What is said where no request has come that could be answered.
const TOO_SLOW: &str = "HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\ncontent-length: 57\r\n\
    connection: close\r\n\r\n{\"error\":\"the head of the request has not come in time\"}\n";

/// Why there is no server.
#[derive(Debug, Error)]
pub enum HttpError {
    /// Everybody could ask.
    #[error(
        "{0} can be reached from other hosts, and no token is asked for: set token_file under [http] in the \
         configuration, or listen on 127.0.0.1"
    )]
    Unprotected(SocketAddr),
    /// One cannot listen there.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl HttpError {
    /// The exit status that says it to scripts.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Unprotected(_) => 2,
            Self::Bind { .. } => 5,
        }
    }
}

/// An address that is taken, with nobody served yet.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Takes an address. Port 0 takes one that is free.
    ///
    /// # Errors
    /// Where the address is not for everybody and no token is asked for, or it cannot be had.
    pub async fn bind(address: SocketAddr, policy: &Policy) -> Result<Self, HttpError> {
        if !policy.allows(address) {
            return Err(HttpError::Unprotected(address));
        }
        let bound = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        bound.await.map_err(|source| HttpError::Bind { address, source })
    }

    /// The address that was taken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A server at work.
#[derive(Debug)]
pub struct Server {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves on a task of its own until `stop`, or until it is told to end.
    #[must_use]
    pub fn spawn(listener: Listener, context: Context, stop: &CancellationToken) -> Self {
        let stop = stop.child_token();
        tracing::info!(address = %listener.address, "listening");
        let task = tokio::spawn(serve(listener.listener, context, stop.clone()));
        Self { stop, task }
    }

    /// Ends it: requests at work may finish, within the grace of the limits.
    pub async fn shutdown(self) {
        self.stop.cancel();
        // A panic in it has been said already.
        let _ = self.task.await;
    }
}

async fn serve(listener: TcpListener, context: Context, stop: CancellationToken) {
    let limits = context.limits().clone();
    let places = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
    let router = routes::router(context);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, place)) => {
                let (router, limits, stop) = (router.clone(), limits.clone(), stop.clone());
                connections.spawn(async move {
                    converse(stream, router, &limits, &stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    let rest = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.grace, rest).await.is_err() {
        connections.shutdown().await;
    }
}

/// The next connection, as soon as there is a place for it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

/// Answers what comes over one connection, until either side has had enough.
async fn converse(stream: TcpStream, router: Router, limits: &Limits, stop: &CancellationToken) {
    // Answers are written whole: there is nothing to wait for.
    let _ = stream.set_nodelay(true);
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(HEAD);
    let mut connection = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        () = stop.cancelled() => None,
        () = tokio::time::sleep(limits.connection) => None,
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        Pin::new(&mut connection).graceful_shutdown();
        tokio::time::timeout(limits.request + limits.grace, &mut connection).await.unwrap_or(Ok(()))
    };
    let Err(error) = ended else { return };
    tracing::debug!(error = crate::domain::text::shorten(&error.to_string(), 200), "a connection broke");
    let left = connection.into_parts();
    // Who has said nothing has asked nothing.
    if error.is_timeout() && !left.read_buf.is_empty() {
        let mut stream = left.io.into_inner();
        let _ = tokio::time::timeout(limits.head, stream.write_all(TOO_SLOW.as_bytes())).await;
    }
}
