//! A word of a filter, and where a title has it.

/// The letters of a loose word may be spread over so many times their number.
const SPREAD: usize = 4;

/// A word that is looked for in titles, letter case ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    letters: Vec<char>,
    exact: bool,
}

fn fold(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

impl Word {
    /// A word that is found only as it is written.
    #[must_use]
    pub fn exact(text: &str) -> Self {
        Self { letters: text.chars().map(fold).collect(), exact: true }
    }

    /// A word whose letters only need to stand in order and close together. Numbers are nobody's abbreviation.
    #[must_use]
    pub fn loose(text: &str) -> Self {
        let exact = text.chars().all(|c| c.is_ascii_digit());
        Self { exact, ..Self::exact(text) }
    }

    /// As it is written, in lower case.
    #[must_use]
    pub fn text(&self) -> String {
        self.letters.iter().collect()
    }

    /// Whether it is found only as it is written.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// The number that it is, if it is one: `12`, `#12`.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        self.text().trim_start_matches('#').parse().ok()
    }

    /// Which characters of `title` it is found in: where it stands as it is written, else the closest of its letters in
    /// order. `None` where it is not there.
    #[must_use]
    pub fn find(&self, title: &str) -> Option<Vec<usize>> {
        let title: Vec<char> = title.chars().map(fold).collect();
        let length = self.letters.len();
        if length == 0 {
            return Some(Vec::new());
        }
        if let Some(at) = title.windows(length).position(|part| part == self.letters) {
            return Some((at..at + length).collect());
        }
        if self.exact {
            return None;
        }
        let starts = (0..title.len()).filter(|at| title[*at] == self.letters[0]);
        let closest =
            starts.map_while(|at| self.follow(&title, at)).min_by_key(|found| found[length - 1] - found[0])?;
        (closest[length - 1] - closest[0] < length * SPREAD).then_some(closest)
    }

    /// The first place of every letter from `start` on. Where it fails, it fails from every later start too.
    fn follow(&self, title: &[char], start: usize) -> Option<Vec<usize>> {
        let mut next = start;
        let mut found = Vec::with_capacity(self.letters.len());
        for letter in &self.letters {
            let at = next + title[next..].iter().position(|c| c == letter)?;
            found.push(at);
            next = at + 1;
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(word: &str, title: &str) -> Option<String> {
        let at = Word::loose(word).find(title)?;
        Some(title.chars().enumerate().map(|(index, c)| if at.contains(&index) { c } else { '.' }).collect())
    }

    fn check(word: &str, title: &str, expected: &str) {
        assert_eq!(found(word, title).as_deref(), Some(expected), "{word} in {title}");
    }

    #[test]
    fn a_word_is_found_as_it_is_written_before_anything_else() {
        check("check", "Cache checkers", "......check...");
        check("LOGIN", "The login page", "....login.....");
        check("größer", "GRÖSSER, Größer", ".........Größer");
    }

    #[test]
    fn its_letters_in_order_and_close_together_are_enough() {
        check("chkt", "Checkout errors", "Ch..k..t.......");
        check("ckerr", "Checkout errors", "...ck....err...");
        check("dns", "DNS resolution", "DNS...........");
    }

    #[test]
    fn letters_far_apart_or_out_of_order_are_not_it() {
        assert_eq!(found("kch", "Checkout"), None);
        assert_eq!(found("log", "Latency of the image resizer is growing"), None);
        assert_eq!(found("x", "Checkout"), None);
    }

    #[test]
    fn numbers_and_exact_words_are_found_only_as_they_are_written() {
        assert_eq!(found("42", "4 of 12"), None);
        assert_eq!(Word::exact("chkt").find("Checkout"), None);
        assert_eq!(Word::exact("errors a").find("Checkout errors above"), Some((9..17).collect()));
    }

    #[test]
    fn a_word_of_digits_is_a_number_too() {
        assert_eq!(
            (Word::loose("12").number(), Word::exact("#12").number(), Word::loose("1a").number()),
            (Some(12), Some(12), None)
        );
    }
}
