//! The fields of one CSV record, line by line: commas, quotes, doubled quotes (RFC 4180). Knows no column.
//!
//! ```text
//!              ,                 "
//!   Start ----------> Start   ---------> Quoted <--.
//!     | other                             | "       | "
//!     v                                   v         |
//!   Plain --- , ----> Start   <--- , --- Closed ----'    anything else after Closed is an error
//! ```

use std::str;

use super::lines::split_line_end;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// A field begins.
    #[default]
    Start,
    /// In a field without quotes; a quote in it is a character like any other.
    Plain,
    /// In a field with quotes.
    Quoted,
    /// After a quote in a field with quotes: its end, or the first of two.
    Closed,
}

/// Whether a record is complete at the end of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Complete,
    /// It goes on in the next line, for a quote is open.
    Open,
}

/// Text that follows a closing quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StrayText;

/// The fields of one record; its memory is used again for the next.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// All fields, one behind the other.
    bytes: Vec<u8>,
    /// Where each field ends.
    ends: Vec<usize>,
    state: State,
}

impl Fields {
    /// Forgets the record.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.state = State::Start;
    }

    /// Takes the record's next line, with its line end.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<Taken, StrayText> {
        let (body, line_end) = split_line_end(line);
        for byte in body {
            self.state = match (self.state, *byte) {
                (State::Start, b'"') => State::Quoted,
                (State::Quoted, b'"') => State::Closed,
                (State::Start | State::Plain | State::Closed, b',') => {
                    self.ends.push(self.bytes.len());
                    State::Start
                }
                (State::Closed, other) if other != b'"' => return Err(StrayText),
                (State::Start | State::Plain, other) => {
                    self.bytes.push(other);
                    State::Plain
                }
                (State::Quoted | State::Closed, other) => {
                    self.bytes.push(other);
                    State::Quoted
                }
            };
        }
        if self.state == State::Quoted {
            self.bytes.extend_from_slice(line_end);
            return Ok(Taken::Open);
        }
        self.ends.push(self.bytes.len());
        self.state = State::Start;
        Ok(Taken::Complete)
    }

    /// How many fields there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The fields as text; `None` where one is not UTF-8.
    pub(super) fn texts(&self) -> Option<FieldTexts<'_>> {
        let text = str::from_utf8(&self.bytes).ok()?;
        let on_boundaries = self.ends.iter().all(|end| text.is_char_boundary(*end));
        on_boundaries.then_some(FieldTexts { text, ends: &self.ends })
    }
}

/// Fields that are known to be text.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldTexts<'a> {
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> FieldTexts<'a> {
    /// A field by its position; empty where there is none.
    pub(super) fn get(self, position: usize) -> &'a str {
        let start = position.checked_sub(1).map_or(Some(&0), |before| self.ends.get(before));
        let range = start.zip(self.ends.get(position));
        range.and_then(|(start, end)| self.text.get(*start..*end)).unwrap_or_default()
    }

    /// All fields in order.
    pub(super) fn iter(self) -> impl Iterator<Item = &'a str> {
        (0..self.ends.len()).map(move |position| self.get(position))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(lines: &[&str]) -> Vec<String> {
        let mut fields = Fields::default();
        for (line, left) in lines.iter().zip((0..lines.len()).rev()) {
            let expected = if left == 0 { Taken::Complete } else { Taken::Open };
            assert_eq!(fields.take(line.as_bytes()), Ok(expected));
        }
        fields.texts().unwrap().iter().map(str::to_owned).collect()
    }

    #[test]
    fn commas_separate_unless_they_are_quoted() {
        assert_eq!(fields(&["a,b,,\r\n"]), ["a", "b", "", ""]);
        assert_eq!(fields(&["\"a,b\",\"\",c"]), ["a,b", "", "c"]);
        assert_eq!(fields(&["\"say \"\"no\"\"\",5\" disk\n"]), ["say \"no\"", "5\" disk"]);
    }

    #[test]
    fn a_quoted_field_keeps_its_line_ends() {
        assert_eq!(fields(&["a,\"b\r\n", "\n", "c\",d\r\n"]), ["a", "b\r\n\nc", "d"]);
    }

    #[test]
    fn text_after_a_closing_quote_is_an_error() {
        assert_eq!(Fields::default().take(b"\"a\"b,c"), Err(StrayText));
    }

    #[test]
    fn half_a_character_in_each_of_two_fields_is_no_text() {
        let mut fields = Fields::default();
        fields.take(b"\xc3,\xa9").unwrap();
        assert!(fields.texts().is_none());
    }

    proptest! {
        #[test]
        fn what_is_written_by_the_standard_is_read_back(given in proptest::collection::vec("[a,\"\r\n é]{0,8}", 1..5)) {
            let written: Vec<String> =
                given.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
            let written = written.join(",") + "\n";
            let mut fields = Fields::default();
            for line in written.split_inclusive('\n') {
                fields.take(line.as_bytes()).unwrap();
            }
            let read: Vec<&str> = fields.texts().unwrap().iter().collect();
            prop_assert_eq!(read, given);
        }
    }
}
