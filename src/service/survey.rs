//! What others want to know of the database again and again: asked seldom, for a short time, and once for all of them.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::domain::Timestamp;
use crate::store::status::{Backlog, Counts};
use crate::store::{Store, StoreError};

/// For so long an answer serves everybody.
const FIGURES_HOLD: Duration = Duration::from_secs(5);
const REACHED_HOLDS: Duration = Duration::from_secs(1);
/// Within so long the database answers, or it does not.
const LONGEST_COUNT: Duration = Duration::from_secs(5);
const LONGEST_REACH: Duration = Duration::from_secs(2);

/// How the database stands.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// How many there are of what.
    pub counts: Counts,
    /// What waits.
    pub backlog: Backlog,
    /// As of when, on the database's clock.
    pub as_of: Timestamp,
}

/// Asks the database for everybody. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Surveyor(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    figures: Kept<Figures>,
    reached: Kept<()>,
}

/// The last answer to a question, and the place of the one who asks it.
#[derive(Debug)]
struct Kept<T> {
    last: Mutex<Option<(Instant, Result<T, String>)>>,
    place: Semaphore,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { last: Mutex::new(None), place: Semaphore::new(1) }
    }
}

impl Surveyor {
    /// How the database stands, as of a few seconds ago at the most.
    ///
    /// # Errors
    /// What is wrong, where it cannot be asked.
    pub async fn figures(&self, store: &Store) -> Result<Figures, String> {
        let ask = async {
            let as_of = store.now().await?;
            let mut tx = store.read().await?;
            let (counts, backlog) = (tx.counts(as_of).await?, tx.backlog(as_of).await?);
            Ok(Figures { counts, backlog, as_of })
        };
        self.0.figures.get(FIGURES_HOLD, LONGEST_COUNT, ask).await
    }

    /// Whether the database answers at all.
    ///
    /// # Errors
    /// What is wrong, where it does not.
    pub async fn reach(&self, store: &Store) -> Result<(), String> {
        let ask = async {
            let now = store.host_now();
            store.read().await?.anything_due(now).await.map(drop)
        };
        self.0.reached.get(REACHED_HOLDS, LONGEST_REACH, ask).await
    }
}

impl<T: Clone> Kept<T> {
    /// The last answer while it is fresh, or a new one. Who comes meanwhile waits for the same.
    async fn get(
        &self,
        fresh: Duration,
        longest: Duration,
        ask: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, String> {
        if let Some(answer) = self.kept(fresh) {
            return answer;
        }
        let _place = self.place.acquire().await.map_err(|error| error.to_string())?;
        if let Some(answer) = self.kept(fresh) {
            return answer;
        }
        let answer = match tokio::time::timeout(longest, ask).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {} s", longest.as_secs())),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), answer.clone()));
        answer
    }

    fn kept(&self, fresh: Duration) -> Option<Result<T, String>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(at, _)| at.elapsed() < fresh).map(|(_, answer)| answer.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn many_who_ask_at_once_cost_the_database_one_question() {
        let (kept, asked) = (Kept::<u32>::default(), AtomicU32::new(0));
        let ask = || async {
            tokio::task::yield_now().await;
            Ok(asked.fetch_add(1, Ordering::SeqCst))
        };
        let minute = Duration::from_mins(1);
        let answers = futures_util::future::join_all((0..50).map(|_| kept.get(minute, minute, ask()))).await;
        assert!(answers.iter().all(|answer| *answer == Ok(0)), "{answers:?}");
        assert_eq!(kept.get(Duration::ZERO, minute, ask()).await, Ok(1));
    }

    #[tokio::test]
    async fn a_database_that_does_not_answer_is_not_waited_for_nor_asked_again_at_once() {
        let kept = Kept::<u32>::default();
        let never = std::future::pending();
        let said = kept.get(Duration::from_mins(1), Duration::ZERO, never).await;
        assert_eq!(said, Err("no answer within 0 s".to_owned()));
        assert_eq!(kept.get(Duration::from_mins(1), Duration::ZERO, async { Ok(1) }).await, said);
    }
}
