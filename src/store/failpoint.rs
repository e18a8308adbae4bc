//! Failpoints, there only with the feature `failpoints`: every call to the database is counted, and one of them can be
//! told to fail, to lose its answer, or to end the process. The tests walk through all of them.
//!
//! ```text
//! begin   lock   set status   promise   activity   outbox   commit
//!   1      2         3           4          5        6        7      <- fail:4 refuses the fourth
//! ```

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::StoreError;

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not sent: the connection is lost before it.
    Lost,
    /// It is done, and its answer is lost with the connection.
    Unanswered,
    /// It is refused, as a statement is whose values cannot be stored.
    Refused,
    /// It meets a full disk.
    Full,
    /// Neither it nor any later one is sent.
    Outage,
    /// The process ends before it.
    AbortBefore,
    /// The process ends when it is done.
    AbortAfter,
}

/// A fault and the call, counted from 1, that it comes at. Written as `lost:7`.
#[derive(Debug)]
pub struct Failpoint {
    fault: Fault,
    at: u64,
    reached: AtomicU64,
}

/// What is still to go wrong with a call that is on its way.
#[derive(Debug)]
pub(super) struct Passing(Option<Fault>);

tokio::task_local! {
    static OF_TASK: Arc<Failpoint>;
}
static OF_PROCESS: OnceLock<Failpoint> = OnceLock::new();

impl Fault {
    /// Every fault that a process survives.
    pub const SURVIVED: [Self; 5] = [Self::Lost, Self::Unanswered, Self::Refused, Self::Full, Self::Outage];

    fn error(self) -> StoreError {
        let said = || format!("failpoint: {self}");
        match self {
            Self::Refused => StoreError::Statement(sqlx::Error::InvalidArgument(said())),
            Self::Full => StoreError::Full(said()),
            _ => StoreError::Connection(said()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Lost => "lost",
            Self::Unanswered => "unanswered",
            Self::Refused => "refused",
            Self::Full => "full",
            Self::Outage => "outage",
            Self::AbortBefore => "abort-before",
            Self::AbortAfter => "abort-after",
        })
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let all = Self::SURVIVED.into_iter().chain([Self::AbortBefore, Self::AbortAfter]);
        all.into_iter().find(|fault| fault.to_string() == name).ok_or_else(|| format!("there is no fault '{name}'"))
    }
}

impl Failpoint {
    /// `fault` at call `at`, counted from 1.
    #[must_use]
    pub fn new(fault: Fault, at: u64) -> Arc<Self> {
        Arc::new(Self { fault, at, reached: AtomicU64::new(0) })
    }

    /// Whether that call was made.
    #[must_use]
    pub fn was_reached(&self) -> bool {
        self.reached.load(Ordering::Relaxed) >= self.at
    }

    fn pass(&self) -> Option<Fault> {
        let call = self.reached.fetch_add(1, Ordering::Relaxed) + 1;
        let goes_wrong = call == self.at || (self.fault == Fault::Outage && call > self.at);
        goes_wrong.then_some(self.fault)
    }
}

/// Does `work` with a failpoint set for all calls of its task.
pub async fn armed<F: Future>(failpoint: &Arc<Failpoint>, work: F) -> F::Output {
    OF_TASK.scope(Arc::clone(failpoint), work).await
}

/// Sets a failpoint, written as `abort-before:7`, for all calls of this process.
///
/// # Errors
/// Where the text is none.
pub fn arm_process(text: &str) -> Result<(), String> {
    let (fault, at) = text.split_once(':').ok_or_else(|| format!("'{text}' is no failpoint: say lost:7"))?;
    let at = at.parse().map_err(|_| format!("'{at}' is not the number of a call"))?;
    let _ = OF_PROCESS.set(Failpoint { fault: fault.parse()?, at, reached: AtomicU64::new(0) });
    Ok(())
}

/// Counts a call that is about to be made.
pub(super) fn reached() -> Result<Passing, StoreError> {
    let of_task = OF_TASK.try_with(|failpoint| failpoint.pass()).ok().flatten();
    let fault = of_task.or_else(|| OF_PROCESS.get().and_then(Failpoint::pass));
    match fault {
        Some(Fault::AbortBefore) => std::process::abort(),
        Some(Fault::Unanswered | Fault::AbortAfter) | None => Ok(Passing(fault)),
        Some(fault) => Err(fault.error()),
    }
}

impl Passing {
    /// The call has been made.
    pub(super) fn done(self) -> Result<(), StoreError> {
        match self.0 {
            None => Ok(()),
            Some(Fault::AbortAfter) => std::process::abort(),
            Some(fault) => Err(fault.error()),
        }
    }
}
