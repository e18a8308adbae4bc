//! For how long a Prometheus keeps what it has: as configured, else as it says itself.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use promql_parser::util::parse_duration;

use super::Prometheus;
use crate::domain::Timestamp;

/// For how long an answer of the server is believed: it changes with a restart only.
const BELIEVED: Duration = Duration::from_mins(10);

/// What is known of it.
pub(super) struct KnownRetention {
    configured: Option<Duration>,
    answered: Mutex<Option<(Timestamp, Option<Duration>)>>,
}

impl KnownRetention {
    pub(super) fn new(configured: Option<Duration>) -> Self {
        Self { configured, answered: Mutex::new(None) }
    }

    /// As last heard.
    pub(super) fn known(&self) -> Option<Duration> {
        self.configured.or_else(|| self.answered().and_then(|(_, retention)| retention))
    }

    fn answered(&self) -> Option<(Timestamp, Option<Duration>)> {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, now: Timestamp, retention: Option<Duration>) {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, retention));
    }
}

impl Prometheus {
    /// For how long it keeps what it has. `None` where nobody says: not everything that speaks the API knows.
    pub(in crate::source) async fn retention(&self, now: Timestamp) -> Option<Duration> {
        let fresh = self.retention.answered().filter(|(at, _)| now.since(*at).max(at.since(now)) < BELIEVED);
        if self.retention.configured.is_some() || fresh.is_some() {
            return self.retention.known();
        }
        // That it does not say is no fault: what was heard last stands.
        if let Ok(said) = self.client.retention().await {
            self.retention.keep(now, read(&said));
        }
        self.retention.known()
    }

    /// The instant before which it has nothing any more.
    pub(super) async fn horizon(&self, now: Timestamp) -> Option<Timestamp> {
        self.retention(now).await.map(|retention| now - retention)
    }
}

/// Reads `15d`, and of `15d or 10GB` the time: when it runs out of room nobody knows.
fn read(said: &str) -> Option<Duration> {
    let times = said.split(" or ").map(str::trim);
    let times = times.filter(|time| time.chars().any(|character| character.is_ascii_alphabetic()));
    times.filter_map(|time| parse_duration(time).ok()).find(|retention| !retention.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_prometheus_says_of_its_retention_is_read() {
        let days = |count: u64| Some(Duration::from_hours(24 * count));
        for (said, expected) in [
            ("15d", days(15)),
            ("15d or 10GB", days(15)),
            ("10GiB or 2w", days(14)),
            ("1y", days(365)),
            ("360h", days(15)),
            ("1d12h", Some(Duration::from_hours(36))),
            ("10GB", None),
            ("0s", None),
            ("0", None),
            ("", None),
            ("forever", None),
        ] {
            assert_eq!(read(said), expected, "{said}");
        }
    }
}
