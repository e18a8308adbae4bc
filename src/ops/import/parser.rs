//! From bytes to events, in whatever pieces the bytes arrive and in either format. No input or output of its own, so
//! that a file, a spool and a live feed are read by the same code.

use std::path::Path;

use super::csv::Csv;
use super::lines::{Line, Splitter, is_blank};
use super::ndjson;
use super::record::Defaults;
use crate::domain::Event;

pub(super) const TOO_LONG: &str = "it is longer than the limit of 1048576 bytes";

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values under a header.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

impl Format {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    /// The format that a file's name promises.
    pub(super) fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "csv" => Some(Self::Csv),
            "ndjson" | "jsonl" | "json" => Some(Self::Ndjson),
            _ => None,
        }
    }

    /// The format that the first line promises.
    fn of_line(line: Line<'_>) -> Self {
        let first = line.bytes.and_then(|bytes| bytes.iter().find(|byte| !byte.is_ascii_whitespace()));
        // An array is no line of NDJSON, but what is said about it then is to the point.
        if matches!(first, Some(b'{' | b'[')) { Self::Ndjson } else { Self::Csv }
    }
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "csv" => Ok(Self::Csv),
            "ndjson" => Ok(Self::Ndjson),
            _ => Err(format!("unknown format '{}': it is csv or ndjson", crate::domain::text::shorten(text, 40))),
        }
    }
}

/// What was found in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// A header that can be worked with. It is no record.
    Header,
    /// There is none, so that nothing after it can be read.
    NoHeader { line: u64, reason: String },
    /// A record.
    Event { line: u64, event: Event },
    /// A record that cannot be taken, and the line on which it starts.
    Bad { line: u64, reason: String },
}

/// Reads events.
#[derive(Debug)]
pub(super) struct Parser {
    splitter: Splitter,
    lines: LineParser,
}

#[derive(Debug)]
enum LineParser {
    /// The first line decides.
    Undecided(Defaults),
    Csv(Csv),
    Ndjson(Defaults),
}

impl Parser {
    pub(super) fn new(format: Option<Format>, defaults: Defaults) -> Self {
        let lines = match format {
            None => LineParser::Undecided(defaults),
            Some(format) => LineParser::new(format, defaults),
        };
        Self { splitter: Splitter::default(), lines }
    }

    /// The format, once it is known.
    pub(super) fn format(&self) -> Option<Format> {
        match self.lines {
            LineParser::Undecided(_) => None,
            LineParser::Csv(_) => Some(Format::Csv),
            LineParser::Ndjson(_) => Some(Format::Ndjson),
        }
    }

    /// Takes the next bytes, and hands out what they complete.
    pub(super) fn feed(&mut self, bytes: &[u8], mut found: impl FnMut(Found)) {
        let lines = &mut self.lines;
        self.splitter.feed(bytes, |line| lines.push(line, &mut found));
    }

    /// There are no more bytes: hands out what was left.
    pub(super) fn finish(&mut self, mut found: impl FnMut(Found)) {
        let lines = &mut self.lines;
        self.splitter.finish(|line| lines.push(line, &mut found));
        if let LineParser::Csv(csv) = lines {
            csv.finish(&mut found);
        }
    }
}

impl LineParser {
    fn new(format: Format, defaults: Defaults) -> Self {
        match format {
            Format::Csv => Self::Csv(Csv::new(defaults)),
            Format::Ndjson => Self::Ndjson(defaults),
        }
    }

    fn push(&mut self, line: Line<'_>, found: &mut impl FnMut(Found)) {
        if let Self::Undecided(defaults) = self {
            if line.bytes.is_some_and(is_blank) {
                return;
            }
            *self = Self::new(Format::of_line(line), std::mem::take(defaults));
        }
        match (self, line) {
            (Self::Csv(csv), line) => csv.push(line, found),
            (Self::Ndjson(_) | Self::Undecided(_), Line { number: line, bytes: None }) => {
                found(Found::Bad { line, reason: TOO_LONG.to_owned() });
            }
            (Self::Ndjson(defaults) | Self::Undecided(defaults), Line { number: line, bytes: Some(bytes) }) => {
                if !is_blank(bytes) {
                    found(match ndjson::event(bytes, defaults) {
                        Ok(event) => Found::Event { line, event },
                        Err(reason) => Found::Bad { line, reason },
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::lines::LINE_LIMIT;
    use super::*;

    fn parse_in_pieces(bytes: &[u8], format: Option<Format>, piece: usize) -> Vec<Found> {
        let mut parser = Parser::new(format, Defaults::default());
        let mut found = Vec::new();
        for piece in bytes.chunks(piece) {
            parser.feed(piece, |each| found.push(each));
        }
        parser.finish(|each| found.push(each));
        found
    }

    /// What is found, in short: `line weight message` of events, `line! reason` of what is bad.
    fn parse(text: &str) -> Vec<String> {
        let short = |found| match found {
            Found::Header => "header".to_owned(),
            Found::NoHeader { line, reason } => format!("{line}!! {reason}"),
            Found::Event { line, event } => format!("{line} {} {}", event.weight, event.message.unwrap_or_default()),
            Found::Bad { line, reason } => format!("{line}! {reason}"),
        };
        parse_in_pieces(text.as_bytes(), None, 7).into_iter().map(short).collect()
    }

    #[test]
    fn a_header_of_timestamp_and_value_suffices() {
        let found = parse("\u{feff}Timestamp, value\r\n2014-04-10 00:04:00,94.0\r\n\r\n2014-04-10 00:09:00,7\n");
        assert_eq!(found, ["header", "2 94 ", "4 7 "]);
    }

    #[test]
    fn unknown_columns_are_ignored() {
        assert_eq!(parse("zone,message,timestamp\nx,hello,2014-04-10\n"), ["header", "2 1 hello"]);
    }

    #[test]
    fn a_record_over_several_lines_is_named_by_its_first() {
        let found = parse("timestamp,message\n2014-04-10,\"a\nb\n\"\n2014-04-10\nnever,\"x\ny\"\n2014-04-10,z");
        let expected = [
            "header",
            "2 1 a\nb\n",
            "5! it has 1 field, the header has 2",
            "6! cannot read the time 'never': write it like 2026-11-24T13:05:00Z or 2026-11-24 13:05:00",
            "8 1 z",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_one_line() {
        let reason = "a quote is opened and not closed within 1048576 bytes or before the end";
        let found = parse("timestamp,message\n2014-04-10,\"oops\n2014-04-11,fine\n2014-04-12,too\n");
        assert_eq!(found, ["header".to_owned(), format!("2! {reason}"), "3 1 fine".into(), "4 1 too".into()]);
        let stray = parse("timestamp,message\n2014-04-10,\"oops\n2014-04-11,\"fine\"\n");
        assert_eq!(
            stray[1..],
            ["2! there is text after a closing quote: a quote within a quoted field is written twice", "3 1 fine"]
        );
    }

    #[test]
    fn an_open_quote_holds_no_more_than_the_limit() {
        let mut text = "timestamp,message\n2014-04-10,\"oops\n".to_owned();
        let lines = 2 * LINE_LIMIT / "2014-04-11,fine\n".len();
        text.push_str(&"2014-04-11,fine\n".repeat(lines));
        let found = parse_in_pieces(text.as_bytes(), None, 65_536);
        let events = found.iter().filter(|found| matches!(found, Found::Event { .. })).count();
        assert_eq!((found.len(), events), (lines + 2, lines));
    }

    #[test]
    fn lines_that_each_open_a_quote_cost_no_more_than_others() {
        // Begun outside of a quote or within, it ends within one: there are as many records that are never closed.
        let text = format!("timestamp,message\n{}", "x\",\"\n".repeat(200_000));
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(parse_in_pieces(text.as_bytes(), None, 65_536).len()));
        assert_eq!(receiver.recv_timeout(std::time::Duration::from_mins(1)), Ok(200_001));
    }

    #[test]
    fn records_that_are_open_in_one_another_are_named_one_by_one() {
        let never = "a quote is opened and not closed within 1048576 bytes or before the end";
        let stray = "there is text after a closing quote: a quote within a quoted field is written twice";
        let open = "x\",\"\n";
        let found = parse(&format!("timestamp,message\n{open}{open}\n{open}"));
        assert_eq!(found[1..], [2, 3, 5].map(|line| format!("{line}! {never}")));
        let found = parse(&format!("timestamp,message\n{open}{open}2014-04-10,\"a\n2014-04-11,b\n"));
        assert_eq!(found[1..3], [2, 3].map(|line| format!("{line}! {stray}")));
        assert_eq!(found[3..], [format!("4! {never}"), "5 1 b".into()]);
        // What is open in a line that was given up may be closed behind it.
        let found = parse("timestamp,message\nx\",\"\n2014-04-10,\"a\nb\"\n2014-04-11,c\n");
        assert_eq!(found[1..], [format!("2! {stray}"), "3 1 a\nb".into(), "5 1 c".into()]);
    }

    #[test]
    fn a_header_without_a_timestamp_says_so() {
        let found = parse("2014-04-10 00:04:00,94.0\n");
        let expected = "1!! there is no column 'timestamp' in the header '2014-04-10 00:04:00,94.0': \
            the first line must name the columns, like 'timestamp,value'";
        assert_eq!(found, [expected]);
        let twice = parse("timestamp,value,count\n");
        assert!(twice[0].starts_with("1!! two columns say the same: 'value', 'count' and 'weight'"), "{twice:?}");
        let twice = parse("timestamp,user,User\n");
        assert_eq!(twice, ["1!! two columns say the same: 'user' is there twice"]);
    }

    #[test]
    fn the_first_line_decides_the_format_where_nothing_is_said() {
        assert_eq!(parse("\n {\"timestamp\":\"2014-04-10\",\"value\":7}\n\n"), ["2 7 "]);
        assert_eq!(parse("[\n")[0], "1! invalid type: sequence, expected one JSON object a line");
        assert_eq!(parse("\n \n"), [""; 0]);
    }

    #[test]
    fn a_line_that_is_too_long_is_named_in_both_formats() {
        let long = "x".repeat(LINE_LIMIT);
        for head in ["timestamp\n2014-04-10\n", "{\"timestamp\":\"2014-04-10\"}\n\n"] {
            let found = parse_in_pieces(format!("{head}{long}y\n").as_bytes(), None, 60_000);
            let reason = TOO_LONG.to_owned();
            assert_eq!(found.last(), Some(&Found::Bad { line: 3, reason }));
        }
    }

    #[test]
    fn text_that_is_not_utf_8_is_an_error_of_its_line() {
        let found = parse_in_pieces(b"timestamp,message\n2014-04-10,\xff\n2014-04-10,a\n", None, 100);
        assert!(matches!(&found[1], Found::Bad { line: 2, reason } if reason == "it is not UTF-8 text"));
        assert!(matches!(&found[2], Found::Event { line: 3, .. }));
    }

    fn any_input() -> impl Strategy<Value = Vec<u8>> {
        let words = [
            "timestamp",
            "value",
            "count",
            "user",
            "\"",
            "\"\"",
            ",",
            "\n",
            "\r\n",
            "{",
            "}",
            ":",
            "2014-04-10",
            "94.0",
            "\"timestamp\":\"2014-04-10\"",
            "\"tags\":{",
            "null",
            "\\u0000",
            "\u{feff}",
            "é",
            "timestamp,message\n",
        ];
        let word = prop_oneof![
            proptest::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
            proptest::collection::vec(any::<u8>(), 0..4),
        ];
        proptest::collection::vec(word, 0..40).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_parser_panic_and_pieces_change_nothing(bytes in any_input(), piece in 1..30usize) {
            for format in [None, Some(Format::Csv), Some(Format::Ndjson)] {
                let whole = parse_in_pieces(&bytes, format, 1_000_000);
                prop_assert_eq!(&parse_in_pieces(&bytes, format, piece), &whole);
                let lines = bytes.split_inclusive(|byte| *byte == b'\n').count();
                prop_assert!(whole.len() <= lines, "each line begins one record at the most");
            }
        }
    }
}
