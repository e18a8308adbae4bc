//! Reads a filter, and says where it is wrong.

use thiserror::Error;

use super::{Comparison, Condition, Edge, FILTER_LIMIT, Field, Filter, Measure, NamePattern, TERM_LIMIT, Term, Word};
use crate::domain::names::UnknownName;
use crate::domain::{IncidentId, Timestamp, span, text};

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("at character {position}: {problem}")]
pub struct FilterError {
    /// Where, counted in characters from 1.
    pub position: usize,
    /// What is wrong there.
    pub problem: Problem,
    /// Whether it may only not have been typed to its end.
    pub unfinished: bool,
}

/// What can be wrong with a filter.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "each message says it")]
pub enum Problem {
    #[error("'{0}' is no field; in quotes it is looked for in titles")]
    UnknownField(String),
    #[error(transparent)]
    UnknownName(#[from] UnknownName),
    #[error("'{0}:' wants {1}")]
    MissingValue(Field, &'static str),
    #[error("'{1}' is nothing for '{0}:', which wants {2}")]
    BadValue(Field, String, &'static str),
    #[error("'!' stands before a field or a word")]
    LoneNegation,
    #[error("the text goes on after the closing quote: put a space between terms")]
    TextAfterQuote,
    #[error("a NUL character is in no title")]
    Nul,
    #[error("the filter is longer than 500 bytes")]
    TooLong,
    #[error("the filter has more than 30 terms")]
    TooManyTerms,
}

impl Field {
    /// What may stand after its colon.
    #[must_use]
    pub const fn wants(self) -> &'static str {
        match self {
            Self::Status => "open, closed or all",
            Self::Project | Self::Rule => "a name, where * stands for anything",
            Self::Type => "detected, created or alert_triggered",
            Self::Window => "a span like 10m, >10m or <=1h",
            Self::Age | Self::Duration => "a span with <, <=, > or >=, like <2h or >1d",
            Self::Started | Self::Closed => "a span ago or a time with <, <=, > or >=, like <8h or >=2026-11-24",
            Self::Snapshot => "waiting, due, failing, dead, pending, captured, partial, clipped or none",
            Self::Events | Self::Users => "a number like 0, >1000 or <=10",
            Self::Id => "a number",
        }
    }

    /// The values it can have, where they are few.
    #[must_use]
    pub const fn values(self) -> &'static [&'static str] {
        match self {
            Self::Status => &["open", "closed", "all"],
            Self::Type => &["detected", "created", "alert_triggered"],
            Self::Snapshot => {
                &["failing", "dead", "due", "waiting", "pending", "captured", "partial", "clipped", "none"]
            }
            _ => &[],
        }
    }
}

impl Filter {
    /// Reads a filter. What is quoted may end without its quote, since it is read while it is typed.
    ///
    /// # Errors
    /// Where it is malformed, with the position of the fault.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let fault = |position, problem| FilterError { position, problem, unfinished: false };
        if text.len() > FILTER_LIMIT {
            return Err(fault(1, Problem::TooLong));
        }
        let mut scanner = Scanner { chars: text.chars().collect(), next: 0 };
        if let Some(nul) = scanner.chars.iter().position(|c| *c == '\0') {
            return Err(fault(nul + 1, Problem::Nul));
        }
        let mut terms = Vec::new();
        while scanner.skip_space() {
            if terms.len() == TERM_LIMIT {
                return Err(fault(scanner.next + 1, Problem::TooManyTerms));
            }
            terms.extend(scanner.term()?);
        }
        Ok(Self { text: text.trim().to_owned(), terms })
    }
}

/// A value between commas, and where it begins.
struct Value {
    text: String,
    quoted: bool,
    at: usize,
}

struct Scanner {
    chars: Vec<char>,
    next: usize,
}

impl Scanner {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.next).copied()
    }

    fn skip_space(&mut self) -> bool {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next += 1;
        }
        self.next < self.chars.len()
    }

    fn take(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        self.next += usize::from(there);
        there
    }

    /// One term; `None` for one that lets everything through (`status:all`).
    fn term(&mut self) -> Result<Option<Term>, FilterError> {
        let start = self.next;
        let negated = self.take('!');
        if self.peek().is_none_or(char::is_whitespace) {
            return Err(self.fault(start, Problem::LoneNegation));
        }
        let Some(field) = self.field()? else {
            let word = self.word(negated)?;
            return Ok(word.map(|word| Term { any: vec![word], negated }));
        };
        let mut any = Vec::new();
        loop {
            let value = self.value(&[','])?;
            if value.text.is_empty() && !value.quoted {
                return Err(self.fault(value.at, Problem::MissingValue(field, field.wants())));
            }
            if field == Field::Status && value.text == "all" && !negated {
                return Ok(None);
            }
            any.push(condition(field, &value).map_err(|problem| self.fault(value.at, problem))?);
            if !self.take(',') {
                return Ok(Some(Term { any, negated }));
            }
        }
    }

    /// A word; `None` while nothing stands between its quotes.
    fn word(&mut self, negated: bool) -> Result<Option<Condition>, FilterError> {
        let exact = self.take('\'');
        let value = self.value(&[])?;
        if let Some(id) = value.text.strip_prefix('#').and_then(|number| number.parse().ok()).filter(|_| !value.quoted)
        {
            return Ok(Some(Condition::Id(IncidentId::new(id))));
        }
        // What is to be kept out is what is written, not everything that looks a little like it.
        let exact = exact || value.quoted || negated;
        let word = if exact { Word::exact(&value.text) } else { Word::loose(&value.text) };
        Ok((!value.text.is_empty()).then_some(Condition::Word(word)))
    }

    /// The field before a colon; `None` where the term is a word. What has no letters alone before its colon, or nothing
    /// after it, stands so in a title: `5xx:`, `12:30`, `Checkout:`.
    fn field(&mut self) -> Result<Option<Field>, FilterError> {
        let start = self.next;
        let rest = &self.chars[start..];
        let stop = rest.iter().position(|c| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        if stop == 0 || rest.get(stop) != Some(&':') {
            return Ok(None);
        }
        let name: String = rest[..stop].iter().collect();
        if let Ok(field) = name.to_ascii_lowercase().parse() {
            self.next += stop + 1;
            return Ok(Some(field));
        }
        match rest.get(stop + 1) {
            Some(c) if !c.is_whitespace() => Err(self.fault(start, Problem::UnknownField(text::shorten(&name, 40)))),
            _ => Ok(None),
        }
    }

    /// What stands here, up to white space or one of `ends`; quoted, up to the quote.
    fn value(&mut self, ends: &[char]) -> Result<Value, FilterError> {
        let at = self.next;
        let quoted = self.take('"');
        let mut text = String::new();
        while let Some(c) = self.peek() {
            if quoted && c == '"' || !quoted && (c.is_whitespace() || ends.contains(&c)) {
                break;
            }
            let escaped = quoted && c == '\\' && matches!(self.chars.get(self.next + 1), Some('"' | '\\'));
            self.next += usize::from(escaped);
            text.extend(self.peek());
            self.next += 1;
        }
        let closed = quoted && self.take('"');
        if closed && self.peek().is_some_and(|c| !c.is_whitespace() && !ends.contains(&c)) {
            return Err(self.fault(self.next, Problem::TextAfterQuote));
        }
        let text = if closed { text } else { text.trim_end().to_owned() };
        Ok(Value { text, quoted, at })
    }

    /// A fault in the last word of the text may only be that it is still being typed.
    fn fault(&self, index: usize, problem: Problem) -> FilterError {
        let rest: String = self.chars[index.min(self.chars.len())..].iter().collect();
        let unfinished = match &problem {
            Problem::MissingValue(..) | Problem::LoneNegation => rest.len() <= 1,
            Problem::UnknownName(_) => {
                Field::ALL.iter().any(|field| field.values().iter().any(|value| value.starts_with(&rest)))
            }
            Problem::BadValue(..) => rest.chars().all(|c| !c.is_whitespace()),
            _ => false,
        };
        FilterError { position: index + 1, problem, unfinished }
    }
}

fn condition(field: Field, value: &Value) -> Result<Condition, Problem> {
    let text = value.text.as_str();
    let bad = || Problem::BadValue(field, text::shorten(text, 40), field.wants());
    Ok(match field {
        Field::Status => match text.parse() {
            Ok(status) => Condition::Status(status),
            Err(_) => return Err(UnknownName::new("status", text, "open, closed, all").into()),
        },
        Field::Type => Condition::Type(text.parse()?),
        Field::Snapshot => Condition::Snapshot(text.parse()?),
        Field::Project => Condition::Project(names(value)),
        Field::Rule => Condition::Rule(names(value)),
        Field::Id => Condition::Id(IncidentId::new(text.trim_start_matches('#').parse().map_err(|_| bad())?)),
        Field::Window => measure(Measure::Window, text, micros).ok_or_else(bad)?,
        Field::Events => measure(Measure::Events, text, |number| number.parse().ok()).ok_or_else(bad)?,
        Field::Users => measure(Measure::Users, text, |number| number.parse().ok()).ok_or_else(bad)?,
        Field::Duration => {
            let (sign, span) = compared(text).filter(|(sign, _)| *sign != Comparison::Equal).ok_or_else(bad)?;
            Condition::Measure(Measure::Duration, sign, micros(span).ok_or_else(bad)?)
        }
        Field::Age => instant(Edge::Started, text).filter(|it| matches!(it, Condition::Since(..))).ok_or_else(bad)?,
        Field::Started => instant(Edge::Started, text).ok_or_else(bad)?,
        Field::Closed => instant(Edge::Closed, text).ok_or_else(bad)?,
    })
}

fn names(value: &Value) -> NamePattern {
    let piece = |piece: &str| piece.to_ascii_lowercase();
    let pieces = if value.quoted { vec![piece(&value.text)] } else { value.text.split('*').map(piece).collect() };
    NamePattern::Like(pieces)
}

/// The comparison before a value; none means equal.
fn compared(text: &str) -> Option<(Comparison, &str)> {
    let signs = [Comparison::AtMost, Comparison::AtLeast, Comparison::Less, Comparison::More, Comparison::Equal];
    let found = signs.into_iter().find_map(|sign| Some((sign, text.strip_prefix(sign.sign())?)));
    Some(found.unwrap_or((Comparison::Equal, text))).filter(|(_, value)| !value.is_empty())
}

fn micros(text: &str) -> Option<i64> {
    i64::try_from(span::parse(text)?.as_micros()).ok()
}

fn measure(measure: Measure, text: &str, read: impl Fn(&str) -> Option<i64>) -> Option<Condition> {
    let (comparison, value) = compared(text)?;
    Some(Condition::Measure(measure, comparison, read(value)?))
}

/// A span of time ago, or an instant, with a comparison: no instant is ever hit exactly.
fn instant(edge: Edge, text: &str) -> Option<Condition> {
    let (comparison, value) = compared(text).filter(|(comparison, _)| *comparison != Comparison::Equal)?;
    if let Some(ago) = micros(value) {
        return Some(Condition::Since(edge, comparison, ago));
    }
    // Relative times have a form of their own here.
    let absolute = value.starts_with(|c: char| c.is_ascii_digit()) && value.contains('-');
    let at = Timestamp::parse(value, Timestamp::MIN).ok().filter(|_| absolute)?;
    Some(Condition::At(edge, comparison, at))
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
