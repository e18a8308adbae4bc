//! What of the database has not changed since it was last read, and so need not be read again.

use tokio::sync::Mutex;

use crate::console::effect::Edition;
use crate::console::event::Overview;
use crate::domain::Timestamp;
use crate::store::change::{CommitMark, Fingerprint};
use crate::store::status::Counts;
use crate::store::{Store, StoreError};

/// The database as it was when it was last looked at.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    mark: CommitMark,
    fingerprint: Fingerprint,
    pub(super) edition: Edition,
}

/// How things stood, as of what, and until when time alone changes nothing.
#[derive(Debug, Clone)]
pub(super) struct Stood {
    pub(super) seen: Seen,
    pub(super) overview: Overview,
    /// What its counts were made of.
    pub(super) counts: Counts,
    /// Until then the same is late.
    pub(super) late_again: Timestamp,
}

/// Looks whether anything has changed.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    seen: Mutex<Option<Seen>>,
    stood: Mutex<Option<Stood>>,
}

impl Outlook {
    /// Looks at the database. Where nothing was committed since the last look, that is all it costs.
    pub(super) async fn look(&self, store: &Store) -> Result<Seen, StoreError> {
        let mut seen = self.seen.lock().await;
        // Before the rest: what is committed in between makes the next look find a change.
        let mark = store.commit_mark().await?;
        if let Some(last) = seen.as_ref().filter(|last| last.mark == mark) {
            return Ok(last.clone());
        }
        let fingerprint = store.read().await?.fingerprint().await?;
        let edition = match seen.as_ref() {
            Some(last) if last.fingerprint == fingerprint => last.edition,
            Some(last) => Edition(last.edition.0 + 1),
            None => Edition(0),
        };
        Ok(seen.insert(Seen { mark, fingerprint, edition }).clone())
    }

    /// How things stood when all incidents were what they are now.
    pub(super) async fn stood(&self, seen: &Seen) -> Option<Stood> {
        self.stood.lock().await.clone().filter(|stood| stood.seen.edition == seen.edition)
    }

    /// Remembers how things stand.
    pub(super) async fn remember(&self, stood: Stood) {
        *self.stood.lock().await = Some(stood);
    }
}

impl Stood {
    /// Whether all of it still holds.
    pub(super) fn holds(&self, seen: &Seen, now: Timestamp) -> bool {
        self.seen.mark == seen.mark && self.counts_hold(now) && now < self.late_again
    }

    /// Whether time has changed none of the counts.
    pub(super) fn counts_hold(&self, now: Timestamp) -> bool {
        self.counts.hold_until.is_none_or(|until| now < until)
    }

    /// Whether nothing was committed since.
    pub(super) fn is_untouched(&self, seen: &Seen) -> bool {
        self.seen.mark == seen.mark
    }
}

impl Seen {
    /// Whether the list of an edition is still the list.
    pub(super) fn is_still(&self, held: Option<Edition>) -> bool {
        held == Some(self.edition)
    }
}
