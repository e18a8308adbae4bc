//! A receiver of messages on a loopback port: keeps what it is sent, and answers as it is told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the receivers of the tests check signatures with.
pub const SECRET: &str = "whsec_Y29ycmVjdC1ob3JzZQ==";
const KEY: &[u8] = b"correct-horse";

/// Looks again and again whether something is so, for half a minute.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(30);
    while !is_so().await {
        assert!(Instant::now() < patience, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A message as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// `webhook-id`
    pub id: String,
    /// `webhook-timestamp`
    pub timestamp: i64,
    /// `webhook-signature`
    pub signature: Option<String>,
    /// Its body, byte for byte.
    text: String,
}

/// A receiver that is up.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    inbox: Arc<Inbox>,
    task: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Inbox {
    received: Mutex<Vec<Received>>,
    answers: Mutex<VecDeque<u16>>,
    held: watch::Sender<bool>,
}

impl Received {
    /// The document that was sent.
    pub fn body(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    /// Checks the signature as a receiver does.
    #[track_caller]
    pub fn check_signature(&self) {
        let mut mac = Hmac::<Sha256>::new_from_slice(KEY).expect("a key may have any length");
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.text).as_bytes());
        let signature = self.signature.as_deref().and_then(|signature| signature.strip_prefix("v1,"));
        let signature = BASE64_STANDARD.decode(signature.expect("it is signed")).expect("it is base64");
        mac.verify_slice(&signature).expect("the signature is that of the secret");
    }
}

impl Receiver {
    /// A receiver that takes everything.
    pub async fn start() -> Self {
        let inbox = Inbox { received: Mutex::default(), answers: Mutex::default(), held: watch::channel(false).0 };
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut receiver = Self { address: any, inbox: Arc::new(inbox), task: None };
        receiver.restart().await;
        receiver
    }

    /// Where it is. As with a chat tool, its path is a secret.
    pub fn url(&self) -> String {
        format!("http://{}/services/hunter2", self.address)
    }

    /// Answers the next messages with these.
    pub fn answer_next(&self, statuses: &[u16]) {
        self.inbox.answers.lock().expect("nobody panics with it").extend(statuses);
    }

    /// Takes messages, but answers nothing.
    pub fn hold(&self) {
        self.inbox.held.send_replace(true);
    }

    /// Answers again.
    pub fn release(&self) {
        self.inbox.held.send_replace(false);
    }

    /// Is down.
    pub async fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            let _ = task.await;
        }
    }

    /// Is up again, where it was.
    pub async fn restart(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("a loopback port");
        self.address = listener.local_addr().expect("it is bound");
        let router = Router::new().route("/services/hunter2", post(take)).with_state(Arc::clone(&self.inbox));
        self.task = Some(tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        }));
    }

    /// What it was sent, in order.
    pub fn received(&self) -> Vec<Received> {
        self.inbox.received().clone()
    }

    /// How many different messages it was sent.
    pub fn distinct_ids(&self) -> usize {
        self.inbox.received().iter().map(|message| message.id.clone()).collect::<std::collections::BTreeSet<_>>().len()
    }

    /// What its messages tell, sorted: their order is not promised.
    pub fn kinds(&self) -> Vec<String> {
        let kind = |message: &Received| message.body()["type"].as_str().unwrap_or_default().to_owned();
        let mut kinds: Vec<String> = self.inbox.received().iter().map(kind).collect();
        kinds.sort();
        kinds
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Inbox {
    fn received(&self) -> MutexGuard<'_, Vec<Received>> {
        self.received.lock().expect("nobody panics with it")
    }
}

async fn take(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, text: String) -> Response {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().expect("it is ASCII").to_owned());
    assert_eq!(header("content-type").as_deref(), Some("application/json"));
    let timestamp = header("webhook-timestamp").and_then(|value| value.parse().ok()).expect("it has a timestamp");
    let id = header("webhook-id").expect("it has an id");
    inbox.received().push(Received { id, timestamp, signature: header("webhook-signature"), text });
    let mut held = inbox.held.subscribe();
    let _ = held.wait_for(|held| !held).await;
    let status = inbox.answers.lock().expect("nobody panics with it").pop_front().unwrap_or(204);
    let status = StatusCode::from_u16(status).expect("a status");
    // A redirect leads back here, so that one that were followed would be seen.
    (status, [(header::LOCATION, "/services/hunter2")]).into_response()
}
