//! What the console wants done outside of it: reads, writes, and a few things of the terminal. Plain values; nothing
//! here says how.

use crate::console::kept::Kept;
use crate::console::listing::{Filter, Listed, Sort};
use crate::domain::{IncidentId, Seen, Status, Timestamp};

/// Something to be done outside the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Open the database; try once.
    Connect,
    /// Read something. The number comes back with the answer, so that one that is out of date can be told.
    Load(u64, Load),
    /// Write something. Never dropped; the number comes back with the answer.
    Write(u64, Write),
    /// Look whether a file of this name could be saved.
    Inspect(String),
    /// Put a text into the clipboard of the operator's terminal.
    Copy(String),
    /// Stop this process as ctrl-z does.
    Suspend,
    /// Have the mouse reported, or leave it to the terminal.
    Mouse(bool),
    /// Draw everything anew: something else may have written on the screen.
    Repaint,
    /// Keep this for the next start.
    Keep(Box<Kept>),
    /// Leave.
    Quit,
}

/// Bytes of a text for the clipboard, at the most: as base64 they are what terminals take.
pub const CLIPBOARD_LIMIT: usize = 74_994 / 4 * 3;

/// A state of everything that lists of incidents are made of. Between two equal ones nothing of it has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition(pub u64);

/// Something to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Load {
    /// The numbers of all of these that a filter lets through, in order, unless they are still those of the edition that
    /// is at hand.
    List(Listed, Filter, Sort, Option<Edition>),
    /// These incidents.
    Rows(Vec<IncidentId>),
    /// The shapes of these incidents.
    Shapes(Vec<IncidentId>),
    /// The shapes of these incidents, which are measured elsewhere.
    RemoteShapes(Vec<IncidentId>),
    /// What an incident would get that is measured elsewhere.
    Preview(IncidentId),
    /// Everything about one incident, but what only its source knows.
    Detail(IncidentId),
    /// The same of the one that stands behind the charts of others.
    Overlay(IncidentId),
    /// Counts, runs, processors, and the time of the database.
    Overview,
    /// The alert rules, for the form of a new incident.
    Rules,
}

/// A kind of read. Of each kind one is on its way at a time, and only the newest wish waits behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "as in `Load`")]
pub enum Lane {
    Incidents,
    Pending,
    Snapshots,
    Rows,
    Shapes,
    RemoteShapes,
    Preview,
    Detail,
    Overlay,
    Overview,
    Rules,
}

impl Lane {
    /// How many there are.
    pub const COUNT: usize = 11;
    /// All of them.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Incidents,
        Self::Pending,
        Self::Snapshots,
        Self::Rows,
        Self::Shapes,
        Self::RemoteShapes,
        Self::Preview,
        Self::Detail,
        Self::Overlay,
        Self::Overview,
        Self::Rules,
    ];

    /// That of a list.
    #[must_use]
    pub const fn of(listed: Listed) -> Self {
        match listed {
            Listed::Incidents => Self::Incidents,
            Listed::Pending => Self::Pending,
            Listed::Snapshots => Self::Snapshots,
        }
    }
}

impl Load {
    /// Of which kind it is.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        match self {
            Self::List(listed, ..) => Lane::of(*listed),
            Self::Rows(_) => Lane::Rows,
            Self::Shapes(_) => Lane::Shapes,
            Self::RemoteShapes(_) => Lane::RemoteShapes,
            Self::Preview(_) => Lane::Preview,
            Self::Detail(_) => Lane::Detail,
            Self::Overlay(_) => Lane::Overlay,
            Self::Overview => Lane::Overview,
            Self::Rules => Lane::Rules,
        }
    }
}

/// Something to write. Targets are fixed when the operator presses the key, never later, and so is what was seen of them:
/// what has been changed since is not written over (design 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Close these, all or none.
    Close {
        /// Which.
        ids: Vec<IncidentId>,
        /// When they were over; now, where it is not said.
        at: Option<Timestamp>,
        /// What is said with it.
        comment: Option<String>,
    },
    /// Take back these closes, all or none, while nothing has changed since.
    UndoClose(Vec<Seen>),
    /// Reopen these, all or none.
    Reopen {
        /// Which.
        seen: Vec<Seen>,
        /// What is said with it.
        comment: Option<String>,
    },
    /// Say something about this one.
    Comment {
        /// Which.
        id: IncidentId,
        /// What is said.
        text: String,
    },
    /// Correct its title or its start.
    Edit {
        /// Which.
        seen: Seen,
        /// What it is called from now on.
        title: Option<String>,
        /// When it started.
        date_started: Option<Timestamp>,
    },
    /// Open a new one.
    Open(Opening),
    /// Try these pending snapshots again.
    Retry(Vec<Seen>),
    /// Give these pending snapshots up.
    Discard(Vec<Seen>),
    /// Capture these now.
    Capture {
        /// Which.
        seen: Vec<Seen>,
        /// Whether the operator agreed to capture before the target.
        timing: Timing,
    },
    /// Run the processor over all that is due.
    Run,
    /// Save a text as a file. The only write that needs no database.
    Save(Saving),
}

/// A text that is to be a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saving {
    /// The file, as it was typed.
    pub file: String,
    /// All that is to be in it.
    pub text: String,
    /// What becomes of a file that is there already.
    pub existing: Existing,
}

/// What becomes of a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is saved.
    Kept,
    /// It is replaced: the operator has agreed.
    Replaced,
}

/// Whether a capture may come before its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// Only what is due.
    Due,
    /// Also what lies ahead; the snapshot is partial then.
    Early,
}

/// What a new incident is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opening {
    /// What it is called.
    pub title: String,
    /// The rule that it copies.
    pub rule: Option<String>,
    /// Its own projects.
    pub projects: Vec<String>,
    /// Its own query, as it was typed; checked already.
    pub query: Option<String>,
    /// When it started; now, where it is not said.
    pub date_started: Option<Timestamp>,
}

impl Write {
    /// The incidents that it touches.
    #[must_use]
    pub fn targets(&self) -> Vec<IncidentId> {
        match self {
            Self::Close { ids, .. } => ids.clone(),
            Self::UndoClose(seen)
            | Self::Reopen { seen, .. }
            | Self::Capture { seen, .. }
            | Self::Retry(seen)
            | Self::Discard(seen) => seen.iter().map(|seen| seen.id).collect(),
            Self::Edit { seen, .. } => vec![seen.id],
            Self::Comment { id, .. } => vec![*id],
            Self::Open(_) | Self::Run | Self::Save(_) => Vec::new(),
        }
    }

    /// The status that the operator saw, which the incidents must still have.
    #[must_use]
    pub const fn expected_status(&self) -> Option<Status> {
        match self {
            Self::Close { .. } => Some(Status::Open),
            Self::Reopen { .. } | Self::UndoClose(_) | Self::Capture { .. } => Some(Status::Closed),
            _ => None,
        }
    }

    /// What is going on while it is under way.
    #[must_use]
    pub const fn progress(&self) -> &'static str {
        match self {
            Self::Close { .. } => "closing",
            Self::UndoClose(_) => "undoing",
            Self::Reopen { .. } => "reopening",
            Self::Comment { .. } => "commenting",
            Self::Edit { .. } => "editing",
            Self::Open(_) => "opening",
            Self::Retry(_) => "retrying",
            Self::Discard(_) => "discarding",
            Self::Capture { .. } => "capturing",
            Self::Run => "running",
            Self::Save(_) => "exporting",
        }
    }
}
