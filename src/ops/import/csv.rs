//! CSV with a header. Of its own rather than of a library, because a record here is named by the line on which it
//! starts, a live feed comes line by line, and a quote that is never closed costs one line and not the rest of the file.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::fields::{Fields, Taken};
use super::lines::{LINE_LIMIT, Line, is_blank};
use super::parser::{Found, TOO_LONG};
use super::record::{Defaults, Field, Texts};
use crate::domain::text;

const STRAY_TEXT: &str = "there is text after a closing quote: a quote within a quoted field is written twice";
const NEVER_CLOSED: &str = "a quote is opened and not closed within 1048576 bytes or before the end";
const NOT_UTF8: &str = "it is not UTF-8 text";
const EXAMPLE: &str = "the first line must name the columns, like 'timestamp,value'";

/// Reads CSV line by line.
#[derive(Debug)]
pub(super) struct Csv {
    defaults: Defaults,
    header: Option<Header>,
    fields: Fields,
    open: OpenRecord,
}

/// The lines of a record that goes on in the next line, to be read anew should its quote never be closed.
///
/// Within a quote a line begins alike, whichever line has opened it. So every kept line but the first is known to leave a
/// quote open, and is not asked again: a file in which each line opens one costs no more than another.
#[derive(Debug, Default)]
struct OpenRecord {
    first_line: u64,
    bytes: Vec<u8>,
    /// Where the first line begins; what is before it was given up.
    start: usize,
    /// Where each line ends.
    ends: VecDeque<usize>,
    /// Whether the fields hold the first line only, and not those behind it.
    is_short: bool,
}

/// Which columns say what.
#[derive(Debug)]
struct Header {
    width: usize,
    columns: Vec<(Field, usize)>,
}

impl Csv {
    pub(super) fn new(defaults: Defaults) -> Self {
        Self { defaults, header: None, fields: Fields::default(), open: OpenRecord::default() }
    }

    /// Takes the next line.
    pub(super) fn push(&mut self, line: Line<'_>, found: &mut impl FnMut(Found)) {
        if let Some(bytes) = line.bytes {
            self.take(line.number, bytes, found);
        } else {
            self.end_open(NEVER_CLOSED, found);
            found(self.refusal(line.number, TOO_LONG.to_owned()));
        }
    }

    /// There are no more lines.
    pub(super) fn finish(&mut self, found: &mut impl FnMut(Found)) {
        self.end_open(NEVER_CLOSED, found);
    }

    /// Gives up a record whose quote is open, and those that are open in its lines.
    fn end_open(&mut self, reason: &str, found: &mut impl FnMut(Found)) {
        while !self.open.is_empty() {
            self.give_up(reason, found);
        }
    }

    fn take(&mut self, number: u64, bytes: &[u8], found: &mut impl FnMut(Found)) {
        if self.open.is_empty() {
            self.open.begin(number, bytes);
            return self.read_anew(found);
        }
        match self.fields.take(bytes) {
            Ok(Taken::Complete) => {
                self.complete(bytes);
                let first_line = self.open.first_line;
                self.open.clear();
                found(self.record(first_line));
            }
            Ok(Taken::Open) => {
                self.open.keep(bytes);
                while self.open.len() > LINE_LIMIT {
                    self.give_up(NEVER_CLOSED, found);
                }
            }
            Err(_) => {
                // Every quote that is still open ends here.
                self.end_open(STRAY_TEXT, found);
                self.take(number, bytes, found);
            }
        }
    }

    /// Reads the fields of all lines where only those of the first were kept.
    fn complete(&mut self, last: &[u8]) {
        if self.open.is_short {
            self.fields.clear();
            for line in self.open.lines().chain([last]) {
                // Each was taken before.
                let _ = self.fields.take(line);
            }
        }
    }

    /// The first line of the open record is bad; the others are read anew.
    fn give_up(&mut self, reason: &str, found: &mut impl FnMut(Found)) {
        found(self.refusal(self.open.first_line, reason.to_owned()));
        self.open.leave_first();
        self.read_anew(found);
    }

    /// Reads the kept lines until one of them opens a quote, which those behind it leave open.
    fn read_anew(&mut self, found: &mut impl FnMut(Found)) {
        while let Some(line) = self.open.first() {
            self.fields.clear();
            let taken = (!is_blank(line)).then(|| self.fields.take(line));
            match taken {
                None => {}
                Some(Ok(Taken::Open)) => {
                    self.open.is_short = self.open.ends.len() > 1;
                    return;
                }
                Some(Ok(Taken::Complete)) => found(self.record(self.open.first_line)),
                Some(Err(_)) => found(self.refusal(self.open.first_line, STRAY_TEXT.to_owned())),
            }
            self.open.leave_first();
        }
    }

    fn refusal(&self, line: u64, reason: String) -> Found {
        if self.header.is_some() { Found::Bad { line, reason } } else { Found::NoHeader { line, reason } }
    }

    fn record(&mut self, line: u64) -> Found {
        let Some(header) = &self.header else {
            return match Header::read(&self.fields) {
                Ok(header) => {
                    self.header = Some(header);
                    Found::Header
                }
                Err(reason) => Found::NoHeader { line, reason },
            };
        };
        let (width, expected) = (self.fields.len(), header.width);
        if width != expected {
            let reason = format!("it has {}, the header has {expected}", counted(width));
            return Found::Bad { line, reason };
        }
        let Some(texts) = self.fields.texts() else { return Found::Bad { line, reason: NOT_UTF8.to_owned() } };
        let mut record = Texts::default();
        for (field, position) in &header.columns {
            record.set(*field, Cow::Borrowed(texts.get(*position)));
        }
        match record.event(&self.defaults) {
            Ok(event) => Found::Event { line, event },
            Err(reason) => Found::Bad { line, reason },
        }
    }
}

impl OpenRecord {
    fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of its lines.
    fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(&self.start).chain(&self.ends);
        starts.zip(&self.ends).filter_map(|(start, end)| self.bytes.get(*start..*end))
    }

    fn first(&self) -> Option<&[u8]> {
        self.bytes.get(self.start..*self.ends.front()?)
    }

    fn begin(&mut self, line: u64, bytes: &[u8]) {
        self.clear();
        self.first_line = line;
        self.keep(bytes);
    }

    fn keep(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.ends.push_back(self.bytes.len());
    }

    fn leave_first(&mut self) {
        self.first_line += 1;
        self.start = self.ends.pop_front().unwrap_or(self.start);
        if self.ends.is_empty() {
            self.clear();
        } else if self.start > LINE_LIMIT {
            self.bytes.drain(..self.start);
            self.ends.iter_mut().for_each(|end| *end -= self.start);
            self.start = 0;
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.start = 0;
        self.is_short = false;
    }
}

impl Header {
    fn read(fields: &Fields) -> Result<Self, String> {
        let names = fields.texts().ok_or_else(|| format!("the header is not UTF-8 text: {EXAMPLE}"))?;
        let mut columns: Vec<(Field, usize)> = Vec::new();
        for (position, name) in names.iter().enumerate() {
            let Some(field) = Field::named(&name.trim().to_ascii_lowercase()) else { continue };
            if columns.iter().any(|(known, _)| *known == field) {
                return Err(format!("two columns say the same: {}", field.twice()));
            }
            columns.push((field, position));
        }
        if !columns.iter().any(|(field, _)| *field == Field::Timestamp) {
            let shown = text::shorten(&names.iter().collect::<Vec<_>>().join(","), 60);
            return Err(format!("there is no column 'timestamp' in the header '{shown}': {EXAMPLE}"));
        }
        Ok(Self { width: names.iter().count(), columns })
    }
}

fn counted(fields: usize) -> String {
    if fields == 1 { "1 field".to_owned() } else { format!("{fields} fields") }
}
