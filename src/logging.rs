//! Where the log goes: to stderr under the daemon, to a file and a ring in memory under the console.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that are kept in memory.
const LINES: usize = 1_000;
/// A log file that is larger when a console starts is begun anew; the old one is kept beside it.
const FILE_LIMIT: u64 = 4 << 20;

/// The last lines of the log, for the console.
#[derive(Debug, Default)]
pub struct LogBuffer {
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<String>,
    /// Grows with every line, so that a reader sees whether there is something new.
    written: u64,
}

impl LogBuffer {
    /// Adds a line; the oldest goes where there are too many.
    pub fn push(&self, line: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.kept.len() == LINES {
            lines.kept.pop_front();
        }
        lines.kept.push_back(line);
        lines.written += 1;
    }

    /// The lines that are kept, the oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).kept.iter().cloned().collect()
    }

    /// How many lines there ever were.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).written
    }
}

/// The level that `AFTERIMAGE_LOG` asks for, in the form of `tracing`'s filters; `info` where it says nothing.
fn filter() -> EnvFilter {
    let asked = std::env::var("AFTERIMAGE_LOG").ok().and_then(|text| EnvFilter::try_new(text).ok());
    asked.unwrap_or_else(|| EnvFilter::new("warn,afterimage=info"))
}

/// Logs to stderr: as text, or as a line of JSON each.
pub fn to_stderr(json: bool, colour: bool) {
    let builder = tracing_subscriber::fmt().with_env_filter(filter()).with_writer(io::stderr).with_target(false);
    // A log that is set up already stays as it is.
    let _ = if json { builder.json().try_init() } else { builder.with_ansi(colour).try_init() };
}

/// Logs to a file, where one can be had, and to a ring in memory.
#[must_use]
pub fn to_file_and_buffer(path: Option<&Path>) -> Arc<LogBuffer> {
    let buffer = Arc::new(LogBuffer::default());
    let file = path.and_then(|path| open(path).ok()).map(|file| Arc::new(Mutex::new(file)));
    let writer = Tee { buffer: Arc::clone(&buffer), file };
    let builder = tracing_subscriber::fmt().with_env_filter(filter()).with_writer(writer);
    let _ = builder.with_target(false).with_ansi(false).try_init();
    buffer
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::metadata(path).is_ok_and(|found| found.len() > FILE_LIMIT) {
        fs::rename(path, path.with_extension("log.1"))?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

#[derive(Clone)]
struct Tee {
    buffer: Arc<LogBuffer>,
    file: Option<Arc<Mutex<File>>>,
}

/// One event as it is written: it reaches both ends when it is dropped, whole.
struct Entry {
    tee: Tee,
    bytes: Vec<u8>,
}

impl<'a> MakeWriter<'a> for Tee {
    type Writer = Entry;

    fn make_writer(&'a self) -> Entry {
        Entry { tee: self.clone(), bytes: Vec::new() }
    }
}

impl Write for Entry {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(file) = &self.tee.file {
            // A log that cannot be written must not end what it tells about.
            let _ = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&self.bytes);
        }
        for line in String::from_utf8_lossy(&self.bytes).lines() {
            self.tee.buffer.push(crate::domain::text::printable(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_keeps_the_last_lines_and_counts_all() {
        let buffer = LogBuffer::default();
        for number in 0..1_200 {
            buffer.push(number.to_string());
        }
        let lines = buffer.lines();
        assert_eq!((lines.len(), lines[0].as_str(), buffer.written()), (1_000, "200", 1_200));
    }

    #[test]
    fn what_is_logged_reaches_the_ring_without_control_characters() {
        let buffer = Arc::new(LogBuffer::default());
        let tee = Tee { buffer: Arc::clone(&buffer), file: None };
        tee.make_writer().write_all(b"one \x1b[31m\ntwo\n").unwrap();
        assert_eq!(buffer.lines(), ["one  [31m", "two"]);
    }
}
