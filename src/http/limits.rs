//! How much of everything there may be at once, and how long it may take.

use std::time::Duration;

/// How much of everything there may be at once, and how long it may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections; further ones wait until the system has accepted them.
    pub connections: usize,
    /// Requests at work.
    pub requests: usize,
    /// Bytes of a body.
    pub body: usize,
    /// Bytes of all bodies that are held in memory at once.
    pub bodies: usize,
    /// How long a request waits for others before it is told to come again.
    pub wait: Duration,
    /// How long a client may take for the head of a request, and stay without a request.
    pub head: Duration,
    /// How long a request may take from its head to its answer.
    pub request: Duration,
    /// How long a connection may last, however busy: whoever reads no answers holds no place for ever.
    pub connection: Duration,
    /// How long requests may go on after the end was asked for.
    pub grace: Duration,
}

impl Limits {
    /// The usual limits with bodies of so many bytes.
    #[must_use]
    pub fn with_body(body: usize) -> Self {
        let usual = Self::default();
        Self { body, bodies: usual.bodies.max(body.saturating_mul(4)), ..usual }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            requests: 64,
            body: 4_000_000,
            bodies: 64_000_000,
            wait: Duration::from_secs(5),
            head: Duration::from_secs(10),
            request: Duration::from_secs(30),
            connection: Duration::from_mins(5),
            grace: Duration::from_secs(1),
        }
    }
}
