//! A page about one thing: a heading, facts under it, and paragraphs.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::domain::text;

/// Facts, each with its name, the values aligned. A fact without a value is left out.
#[derive(Default)]
pub struct Facts(Vec<(&'static str, String)>);

impl Facts {
    /// Adds a fact; its value is made printable.
    pub fn add(&mut self, name: &'static str, value: &str) {
        self.0.push((name, text::printable(value)));
    }

    /// Prints them.
    ///
    /// # Errors
    /// Where the writer fails.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = self.0.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
        for (name, value) in &self.0 {
            writeln!(out, "  {name:width$}  {value}")?;
        }
        Ok(())
    }
}
