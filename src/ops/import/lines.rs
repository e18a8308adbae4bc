//! Cuts bytes into numbered lines, in whatever pieces they arrive. Knows how long a line is, not what it says.

/// Bytes of a line, or of a record over several lines, at the most: what keeps memory flat.
pub(super) const LINE_LIMIT: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One line, with its line end where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Its number, from 1.
    pub(super) number: u64,
    /// What it says; `None` where it is longer than the limit.
    pub(super) bytes: Option<&'a [u8]>,
}

/// Cuts bytes into lines. A byte order mark before the first is left out.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    /// Lines that were handed out.
    lines: u64,
    /// The beginning of a line whose end has not arrived.
    begun: Vec<u8>,
    /// Whether that line has passed the limit already; then nothing of it is kept.
    too_long: bool,
}

impl Splitter {
    /// Hands out every line that `bytes` completes.
    pub(super) fn feed(&mut self, bytes: &[u8], mut hand_out: impl FnMut(Line<'_>)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !piece.ends_with(b"\n") {
                self.keep(piece);
            } else if self.begun.is_empty() && !self.too_long {
                hand_out(self.line(piece));
            } else {
                self.keep(piece);
                self.hand_out_begun(&mut hand_out);
            }
        }
    }

    /// Hands out a last line that has no line end.
    pub(super) fn finish(&mut self, mut hand_out: impl FnMut(Line<'_>)) {
        if self.too_long || !self.begun.is_empty() {
            self.hand_out_begun(&mut hand_out);
        }
    }

    fn keep(&mut self, piece: &[u8]) {
        if self.too_long || self.begun.len() + piece.len() > LINE_LIMIT {
            self.too_long = true;
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(piece);
        }
    }

    fn hand_out_begun(&mut self, hand_out: &mut impl FnMut(Line<'_>)) {
        let mut begun = std::mem::take(&mut self.begun);
        let line = self.line(&begun);
        hand_out(if self.too_long { Line { bytes: None, ..line } } else { line });
        self.too_long = false;
        begun.clear();
        self.begun = begun;
    }

    fn line<'a>(&mut self, bytes: &'a [u8]) -> Line<'a> {
        self.lines += 1;
        let bytes = if self.lines == 1 { bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes) } else { bytes };
        Line { number: self.lines, bytes: (bytes.len() <= LINE_LIMIT).then_some(bytes) }
    }
}

/// A line without its line end, and the line end.
pub(super) fn split_line_end(line: &[u8]) -> (&[u8], &[u8]) {
    let body = line.strip_suffix(b"\n").unwrap_or(line);
    let body = body.strip_suffix(b"\r").unwrap_or(body);
    line.split_at(body.len())
}

/// Whether a line says nothing.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(bytes: &[u8], piece: usize) -> Vec<(u64, Option<Vec<u8>>)> {
        let (mut splitter, mut lines) = (Splitter::default(), Vec::new());
        let mut keep = |line: Line<'_>| lines.push((line.number, line.bytes.map(<[u8]>::to_vec)));
        for piece in bytes.chunks(piece) {
            splitter.feed(piece, &mut keep);
        }
        splitter.finish(&mut keep);
        lines
    }

    #[test]
    fn lines_are_numbered_from_one_and_the_last_needs_no_end() {
        let expected = [(1, &b"a\n"[..]), (2, b"\r\n"), (3, b"b")].map(|(number, line)| (number, Some(line.to_vec())));
        for piece in 1..8 {
            assert_eq!(split(b"a\n\r\nb", piece), expected);
        }
        assert_eq!(split(b"", 1), []);
    }

    #[test]
    fn a_byte_order_mark_is_left_out_only_at_the_very_beginning() {
        let lines = split(b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", 2);
        assert_eq!(lines, [(1, Some(b"a\n".to_vec())), (2, Some(b"\xef\xbb\xbfb\n".to_vec()))]);
    }

    #[test]
    fn a_line_beyond_the_limit_is_not_kept_in_memory() {
        let mut splitter = Splitter::default();
        let mut lines = Vec::new();
        let block = vec![b'x'; 65_536];
        for _ in 0..100 {
            splitter.feed(&block, |_| unreachable!("the line has no end yet"));
            assert!(splitter.begun.capacity() <= 2 * LINE_LIMIT);
        }
        splitter.feed(b"x\nnext\n", |line| lines.push((line.number, line.bytes.map(<[u8]>::len))));
        assert_eq!(lines, [(1, None), (2, Some(5))]);
    }

    proptest! {
        #[test]
        fn pieces_of_any_length_give_the_same_lines(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            piece in 1..50usize,
        ) {
            prop_assert_eq!(split(&bytes, piece), split(&bytes, 1_000));
        }
    }
}
