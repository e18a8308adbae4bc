//! What of the database has not changed since it was last read, and so need not be read again.

use tokio::sync::Mutex;

use crate::console::effect::Edition;
use crate::console::event::Overview;
use crate::domain::Timestamp;
use crate::store::change::{CommitMark, Fingerprint};
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
struct Stood {
    seen: Seen,
    overview: Overview,
    hold_until: Option<Timestamp>,
}

/// Looks whether anything has changed.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    seen: Mutex<Option<Seen>>,
    stood: Mutex<Option<Stood>>,
}

/// How much of an overview must be read again.
#[derive(Debug)]
pub(super) enum Overdue {
    /// Nothing.
    Nothing(Overview),
    /// What does not hang on incidents: the counts still hold.
    AllButCounts(Overview, Option<Timestamp>),
    /// Everything.
    Everything,
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

    /// How much of the overview must be read again at `now`.
    pub(super) async fn overdue(&self, seen: &Seen, now: Timestamp) -> Overdue {
        let stood = self.stood.lock().await;
        match stood.as_ref().filter(|stood| stood.hold_until.is_none_or(|until| now < until)) {
            Some(stood) if stood.seen.mark == seen.mark => Overdue::Nothing(stood.overview.clone()),
            Some(stood) if stood.seen.edition == seen.edition => {
                Overdue::AllButCounts(stood.overview.clone(), stood.hold_until)
            }
            _ => Overdue::Everything,
        }
    }

    /// Remembers an overview.
    pub(super) async fn remember(&self, seen: Seen, overview: &Overview, hold_until: Option<Timestamp>) {
        *self.stood.lock().await = Some(Stood { seen, overview: overview.clone(), hold_until });
    }
}

impl Seen {
    /// Whether the list of an edition is still the list.
    pub(super) fn is_still(&self, held: Option<Edition>) -> bool {
        held == Some(self.edition)
    }
}
