//! What the console is started with. Plain values; nothing here opens or reads anything.

use std::time::Duration;

use crate::console::glyphs::Glyphs;
use crate::console::keymap::Keymap;
use crate::console::theme::Theme;

/// What the console is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleOptions {
    /// The database as it may be shown before it is open, without a password.
    pub database: String,
    /// In whose name is written.
    pub by: String,
    /// Whether and how the processor runs within.
    pub processor: ProcessorChoice,
    /// Whether anything may be written.
    pub access: Access,
    /// Whether the clock moves.
    pub clock: ClockKind,
    /// Whether the data is the demo's.
    pub data: DataKind,
    /// Which keys the actions have.
    pub keymap: Keymap,
}

impl ConsoleOptions {
    /// How often the processor of this console runs; `None` where there is none.
    #[must_use]
    pub fn interval(&self) -> Option<Duration> {
        match (self.access, self.processor) {
            (Access::Full, ProcessorChoice::Every(interval)) => Some(interval),
            (Access::ReadOnly, _) | (_, ProcessorChoice::Off(_)) => None,
        }
    }
}

/// Whether and how the processor runs within the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessorChoice {
    /// It runs, at every multiple of the interval.
    Every(Duration),
    /// It does not, and this is why, as it is shown: `--no-processor`.
    Off(&'static str),
}

/// Whether anything may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Yes.
    Full,
    /// No: `--read-only`.
    ReadOnly,
}

/// Whether the clock moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockKind {
    /// It does.
    Moving,
    /// It stands: `--now`.
    Frozen,
}

/// Whose data it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataKind {
    /// Somebody's.
    Real,
    /// The demo's.
    Demo,
}

/// How everything looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The styles.
    pub theme: Theme,
    /// The characters.
    pub glyphs: Glyphs,
}

/// What lies between the console and the terminal that somebody looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiplexer {
    /// Nothing that has to be told.
    None,
    /// tmux, which has a clipboard of its own and by itself takes none from the programs in it.
    Tmux,
}
