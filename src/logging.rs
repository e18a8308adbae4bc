//! Where the log goes: to stderr under the daemon, to a file and a ring in memory under the console.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{FormatFields, debug_fn};

use crate::domain::text::printable;

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
    let styles = if colour && !json { Styles::Kept } else { Styles::None };
    let writer = move || Harmless { writer: io::stderr(), styles };
    let builder = tracing_subscriber::fmt().with_env_filter(filter()).with_writer(writer).with_target(false);
    // A log that is set up already stays as it is.
    let _ = if json { builder.json().try_init() } else { builder.with_ansi(colour).fmt_fields(fields()).try_init() };
}

/// The fields of an event as the usual formatter writes them, but printable: among styles of the log's own, nobody could
/// tell those of a text.
fn fields() -> impl for<'writer> FormatFields<'writer> + Send + Sync + 'static {
    debug_fn(|writer, field, value| {
        let value = printable(&format!("{value:?}"));
        match (field.name(), writer.has_ansi_escapes()) {
            ("message", _) => write!(writer, "{value}"),
            (name, true) => write!(writer, "\u{1b}[3m{name}\u{1b}[0m\u{1b}[2m=\u{1b}[0m{value}"),
            (name, false) => write!(writer, "{name}={value}"),
        }
    })
    .delimited(" ")
}

/// Whether a log has styles of its own, whose escape sequences stay. Those in a text are none: see [`fields`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Styles {
    None,
    Kept,
}

/// One event is one line, which does nothing to a terminal, whatever the texts in it hold. An event is written at once.
struct Harmless<W> {
    writer: W,
    styles: Styles,
}

impl<W: Write> Write for Harmless<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write_all(harmless(bytes, self.styles).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn harmless(event: &[u8], styles: Styles) -> String {
    let event = String::from_utf8_lossy(event);
    let (line, end) = event.strip_suffix('\n').map_or((&*event, ""), |line| (line, "\n"));
    let pieces: Vec<String> = match styles {
        Styles::None => vec![printable(line)],
        Styles::Kept => line.split('\u{1b}').map(printable).collect(),
    };
    pieces.join("\u{1b}") + end
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
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    // It names incidents, as the database does.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
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
        let line = harmless(&self.bytes, Styles::None);
        if let Some(file) = &self.tee.file {
            // A log that cannot be written must not end what it tells about.
            let _ = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
        }
        self.tee.buffer.push(line.trim_end_matches('\n').to_owned());
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
        // An event is one line: what looks like the next one would be somebody's forgery.
        assert_eq!(buffer.lines(), ["one  [31m two"]);
    }

    /// What a formatter makes of a hostile message and field.
    fn logged(text: &str, json: bool, styles: Styles) -> String {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let writer = Writer(Arc::clone(&bytes));
        let harmless = move || Harmless { writer: writer.clone(), styles };
        let builder = tracing_subscriber::fmt().with_writer(harmless).with_ansi(styles == Styles::Kept);
        let log = || tracing::info!(field = %text, quoted = ?text, "{text}");
        if json {
            tracing::subscriber::with_default(builder.json().finish(), log);
        } else {
            tracing::subscriber::with_default(builder.fmt_fields(fields()).finish(), log);
        }
        String::from_utf8(bytes.lock().unwrap().clone()).unwrap()
    }

    #[derive(Clone)]
    struct Writer(Arc<Mutex<Vec<u8>>>);

    impl Write for Writer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_a_log_more_than_one_harmless_line(
            text in "(\\PC|[\\x00-\\x1f\\x7f\u{85}\u{9b}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{200b}\u{200e}\u{200f}\u{61c}\u{feff}\u{2028}\u{2029}]){0,40}",
        ) {
            let own = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
            for (json, styles) in [(false, Styles::None), (true, Styles::None), (false, Styles::Kept)] {
                let written = logged(&text, json, styles);
                let line = written.strip_suffix('\n').unwrap();
                let seen = if styles == Styles::Kept { own.replace_all(line, "") } else { line.into() };
                proptest::prop_assert_eq!(printable(&seen), seen.to_string(), "{:?}", written);
            }
        }
    }

    #[test]
    fn the_styles_of_a_log_are_its_own() {
        let written = logged("\u{1b}[31mred", false, Styles::Kept);
        assert!(written.contains("\u{1b}[32m INFO") && !written.contains("\u{1b}[31m"), "{written:?}");
    }
}
