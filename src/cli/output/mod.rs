//! How answers are printed: data on stdout, everything else on stderr. Knows no command.

pub mod json;
pub mod page;
pub mod progress;
pub mod sparkline;
pub mod table;
pub mod words;

use std::io::{self, Write};

use serde_json::Value;

use crate::domain::text;

/// What the texts are printed on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminal {
    /// The columns of the terminal on stdout, where there is one.
    pub columns: Option<usize>,
    /// Whether it shows more than ASCII.
    pub unicode: bool,
    /// Whether somebody watches stderr, so that long work shows its progress.
    pub progress: bool,
}

/// Where a command prints.
pub struct Output<'a> {
    out: &'a mut (dyn Write + Send),
    diagnostics: &'a mut (dyn Write + Send),
    /// Whether one JSON document is wanted.
    pub json: bool,
    /// What the texts are printed on.
    pub terminal: Terminal,
}

impl<'a> Output<'a> {
    /// Prints on these.
    pub fn new(
        out: &'a mut (dyn Write + Send),
        diagnostics: &'a mut (dyn Write + Send),
        json: bool,
        terminal: Terminal,
    ) -> Self {
        Self { out, diagnostics, json, terminal }
    }

    /// Prints the one document.
    ///
    /// # Errors
    /// Where stdout cannot be written to.
    pub fn document(&mut self, value: &Value) -> io::Result<()> {
        json::write(self.out, value)
    }

    /// Prints a line of the answer. Texts from outside are in it only after they were made printable.
    ///
    /// # Errors
    /// Where stdout cannot be written to.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    /// Where the answer goes, for what prints itself.
    pub fn answer(&mut self) -> &mut dyn Write {
        self.out
    }

    /// Says something beside the answer: hints, reasons, what was left out.
    ///
    /// # Errors
    /// Where stderr cannot be written to.
    pub fn note(&mut self, note: &str) -> io::Result<()> {
        writeln!(self.diagnostics, "{}", text::printable(note))
    }
}
