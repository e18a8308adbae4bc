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
#[derive(Debug, Default)]
struct OpenRecord {
    first_line: u64,
    bytes: Vec<u8>,
    /// Where each line ends.
    ends: Vec<usize>,
}

/// A line that is read anew, on its own.
type Again = VecDeque<(u64, Vec<u8>)>;

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
            let again = self.take(line.number, bytes, found);
            self.take_again(again, found);
        } else {
            self.end_open(found);
            found(self.refusal(line.number, TOO_LONG.to_owned()));
        }
    }

    /// There are no more lines.
    pub(super) fn finish(&mut self, found: &mut impl FnMut(Found)) {
        self.end_open(found);
    }

    /// Gives up a record whose quote is open, and those that are open in its lines.
    fn end_open(&mut self, found: &mut impl FnMut(Found)) {
        while !self.open.ends.is_empty() {
            let again = self.give_up(NEVER_CLOSED, found);
            self.take_again(again, found);
        }
    }

    fn take_again(&mut self, mut again: Again, found: &mut impl FnMut(Found)) {
        while let Some((number, bytes)) = again.pop_front() {
            let more = self.take(number, &bytes, found);
            for line in more.into_iter().rev() {
                again.push_front(line);
            }
        }
    }

    /// Takes one line; returns those that must be read anew because the record they seemed to belong to is broken.
    fn take(&mut self, number: u64, bytes: &[u8], found: &mut impl FnMut(Found)) -> Again {
        if self.open.ends.is_empty() {
            if is_blank(bytes) {
                return Again::new();
            }
            self.fields.clear();
            self.open.first_line = number;
        }
        match self.fields.take(bytes) {
            Ok(Taken::Complete) => {
                let first_line = self.open.first_line;
                self.open.clear();
                found(self.record(first_line));
                Again::new()
            }
            Ok(Taken::Open) => {
                self.open.keep(bytes);
                if self.open.bytes.len() > LINE_LIMIT { self.give_up(NEVER_CLOSED, found) } else { Again::new() }
            }
            Err(_) => {
                self.open.keep(bytes);
                self.give_up(STRAY_TEXT, found)
            }
        }
    }

    /// The first line of the open record is bad; the others are read anew.
    fn give_up(&mut self, reason: &str, found: &mut impl FnMut(Found)) -> Again {
        found(self.refusal(self.open.first_line, reason.to_owned()));
        let again = self.open.following_lines();
        self.open.clear();
        again
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
    fn keep(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.ends.push(self.bytes.len());
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn following_lines(&self) -> Again {
        let ranges = self.ends.iter().zip(self.ends.iter().skip(1));
        let lines = ranges.filter_map(|(start, end)| self.bytes.get(*start..*end)).map(<[u8]>::to_vec);
        (self.first_line + 1..).zip(lines).collect()
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
