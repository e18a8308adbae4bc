//! Starts the HTTP interface for a shell that listens: what the configuration says of it, put together.

use std::net::SocketAddr;

use afterimage::config::{Configuration, DEFAULT_MAX_BODY};
use afterimage::http::{Context, Database, Limits, Listener, Policy, Process, Server, Token};
use afterimage::store::Store;
use tokio_util::sync::CancellationToken;

use super::Failure;

/// The HTTP interface of a shell: nothing where it does not listen.
#[derive(Default)]
pub(super) struct Web {
    database: Database,
    bound: Option<(Listener, Context)>,
    server: Option<Server>,
}

impl Web {
    /// Takes the address, where there is one: a refusal comes before anything else is begun.
    pub(super) async fn bind(
        address: Option<SocketAddr>,
        configuration: &Configuration,
        process: Process,
    ) -> Result<Self, Failure> {
        let Some(address) = address else { return Ok(Self::default()) };
        let http = &configuration.http;
        let token = http.token()?.map(|secret| Token::new(secret.reveal()));
        let policy = Policy { token, public_url: http.public_url.clone() };
        let listener = Listener::bind(address, &policy).await?;
        let limits = Limits::with_body(http.max_body.unwrap_or(DEFAULT_MAX_BODY));
        let database = Database::default();
        let context = Context::of_process(database.clone(), policy, limits, process);
        Ok(Self { database, bound: Some((listener, context)), server: None })
    }

    /// Begins to answer; what needs the database is told to come again until it is there.
    pub(super) fn serve(&mut self, stop: &CancellationToken) {
        self.server = self.bound.take().map(|(listener, context)| Server::spawn(listener, context, stop));
    }

    /// Where the database is handed over once it is open.
    pub(super) fn database(&self) -> Database {
        self.database.clone()
    }

    /// The database is there.
    pub(super) fn opened(&self, store: &Store) {
        self.database.opened(store);
    }

    /// Ends it, if it was begun.
    pub(super) async fn shutdown(self) {
        if let Some(server) = self.server {
            server.shutdown().await;
        }
    }
}
