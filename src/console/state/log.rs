//! The log under the console: its lines, from which level on they are shown, and how far back one has scrolled.

use std::collections::VecDeque;

use crate::domain::Timestamp;

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For those who look for a fault in the program.
    #[default]
    Debug,
    /// What was done.
    Info,
    /// What may need somebody.
    Warning,
    /// What went wrong.
    Error,
}

impl Level {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "TRACE" | "DEBUG" => Self::Debug,
            "INFO" => Self::Info,
            "WARN" => Self::Warning,
            "ERROR" => Self::Error,
            _ => return None,
        })
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written; `None` for what goes on from the line before.
    pub at: Option<Timestamp>,
    /// How much it matters.
    pub level: Level,
    /// What it says.
    pub text: String,
}

/// The log, as much of it as is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPane {
    lines: VecDeque<LogLine>,
    written: u64,
    level: Level,
    scroll: usize,
}

impl LogPane {
    /// Takes over the lines that are kept, of `written` that there ever were. What one has scrolled back to stays where
    /// it is.
    pub fn replace(&mut self, lines: &[String], written: u64) {
        let new = usize::try_from(written.saturating_sub(self.written)).unwrap_or(usize::MAX).min(lines.len());
        self.written = written;
        self.lines = parse(lines);
        if self.scroll > 0 {
            let came = self.lines.iter().rev().take(new).filter(|line| line.level >= self.level).count();
            self.scroll = self.scroll.saturating_add(came);
        }
        self.scroll = self.scroll.min(self.most());
    }

    /// The lines from the chosen level on, the newest first.
    pub fn shown(&self) -> impl Iterator<Item = &LogLine> {
        self.lines.iter().rev().filter(|line| line.level >= self.level)
    }

    /// Whether nothing was logged at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// From which level on lines are shown.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// How many of the newest lines are left out, because the operator went back.
    #[must_use]
    pub fn scroll(&self) -> usize {
        self.scroll
    }

    /// Goes back by so many lines, or forth where it is negative.
    pub fn scroll_by(&mut self, lines: isize) {
        self.scroll = self.scroll.saturating_add_signed(lines).min(self.most());
    }

    /// Everything, then warnings and errors, then errors, then everything again.
    pub fn next_level(&mut self) {
        self.level = match self.level {
            Level::Debug | Level::Info => Level::Warning,
            Level::Warning => Level::Error,
            Level::Error => Level::Debug,
        };
        self.scroll = 0;
    }

    fn most(&self) -> usize {
        self.shown().count().saturating_sub(1)
    }
}

/// `2026-11-24T13:36:40.123456Z  WARN what happened`; anything else goes on from the line before.
fn parse(lines: &[String]) -> VecDeque<LogLine> {
    let mut level = Level::Info;
    let mut line = |text: &String| {
        let begun = text.split_once(' ').and_then(|(when, rest)| {
            let at = Timestamp::parse_absolute(when).ok()?;
            let (name, said) = rest.trim_start().split_once(' ')?;
            Some((at, Level::named(name)?, said.to_owned()))
        });
        match begun {
            Some((at, found, text)) => {
                level = found;
                LogLine { at: Some(at), level, text }
            }
            None => LogLine { at: None, level, text: text.clone() },
        }
    };
    lines.iter().map(&mut line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(words: &[&str]) -> Vec<String> {
        words.iter().map(|words| format!("2026-11-24T13:36:40.1Z {words}")).collect()
    }

    fn texts(pane: &LogPane) -> Vec<&str> {
        pane.shown().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn the_level_leaves_out_what_matters_less_and_comes_round() {
        let mut pane = LogPane::default();
        let mut log = lines(&[" INFO run finished", " WARN capture failed error=x", "ERROR run failed"]);
        log.insert(2, "which goes on here".to_owned());
        pane.replace(&log, 4);
        assert_eq!(texts(&pane).len(), 4);
        pane.next_level();
        assert_eq!(texts(&pane), ["run failed", "which goes on here", "capture failed error=x"]);
        pane.next_level();
        assert_eq!(texts(&pane), ["run failed"]);
        pane.next_level();
        assert_eq!(texts(&pane).len(), 4);
    }

    #[test]
    fn what_one_has_scrolled_back_to_stays_when_lines_are_added() {
        let mut pane = LogPane::default();
        pane.replace(&lines(&[" INFO one", " INFO two", " INFO three"]), 3);
        pane.scroll_by(1);
        pane.replace(&lines(&[" INFO two", " INFO three", " INFO four", " INFO five"]), 5);
        assert_eq!(pane.shown().nth(pane.scroll()).map(|line| line.text.as_str()), Some("two"));
        pane.scroll_by(isize::MIN / 2);
        pane.replace(&lines(&[" INFO six"]), 6);
        assert_eq!(pane.scroll(), 0, "at the end one wants to see what is new");
    }
}
