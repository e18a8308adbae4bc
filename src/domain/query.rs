//! The event query language: `level:error project:checkout !environment:dev "timeout"`. Knows no SQL.
//!
//! All terms must hold. A term is `key:value`, `!key:value`, or a bare word, which searches the message. Values may be
//! quoted, with `\"` and `\\` inside; `*` in a value stands for any characters, quoted or not.

use std::fmt;

use thiserror::Error;

/// Bytes of a query, at the most.
pub const QUERY_LIMIT: usize = 2_000;
/// Terms of a query, at the most.
pub const TERM_LIMIT: usize = 50;

/// What of an event a term looks at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Field {
    /// `level`
    Level,
    /// `project`
    Project,
    /// `environment`
    Environment,
    /// `user`
    User,
    /// `fingerprint`
    Fingerprint,
    /// `message`
    Message,
    /// `tags[name]`
    Tag(String),
}

/// How a term's value is compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// Exactly this value, letter case included.
    Exact(String),
    /// These pieces with anything between them, ASCII case ignored; the value begins with the first and ends with
    /// the last. Never fewer than two.
    Wildcard(Vec<String>),
}

/// One condition on an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Term {
    /// Where it looks.
    pub field: Field,
    /// What it compares with.
    pub pattern: Pattern,
    /// Whether it holds where the comparison does not. It then also holds where the field is absent.
    pub negated: bool,
}

/// A query that can be asked: its text as it was written, and the terms it means.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Query {
    text: String,
    terms: Vec<Term>,
}

/// Why a text is no query.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the query is malformed at character {position}: {problem}")]
pub struct QueryError {
    /// Where, counted in characters from 1.
    pub position: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong with a query.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "each message says it")]
pub enum Problem {
    #[error("'{0}' is no key: it is one of level, project, environment, user, fingerprint, message, tags[name]")]
    UnknownKey(String),
    #[error("the key has no value")]
    MissingValue,
    #[error("the quote is not closed")]
    UnclosedQuote,
    #[error("the text goes on after the closing quote: put a space between terms")]
    TextAfterQuote,
    #[error("a tag is written tags[name], its name without quotes, brackets or a leading '$'")]
    BadTag,
    #[error("'!' stands before a key or a word")]
    LoneNegation,
    #[error("a NUL character cannot be stored")]
    Nul,
    #[error("it is longer than 2000 bytes")]
    TooLong,
    #[error("it has more than 50 terms")]
    TooManyTerms,
}

impl Query {
    /// Reads a query. An empty one matches every event.
    ///
    /// # Errors
    /// Where it is malformed, with the position of the fault.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.len() > QUERY_LIMIT {
            return Err(QueryError { position: 1, problem: Problem::TooLong });
        }
        let mut scanner = Scanner { chars: text.chars().collect(), next: 0 };
        let mut terms = Vec::new();
        while scanner.skip_space() {
            if terms.len() == TERM_LIMIT {
                return Err(scanner.fault_at(scanner.next, Problem::TooManyTerms));
            }
            terms.push(scanner.term()?);
        }
        Ok(Self { text: text.trim().to_owned(), terms })
    }

    /// The query as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its conditions; all must hold.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }
}

impl fmt::Display for Query {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

struct Scanner {
    chars: Vec<char>,
    next: usize,
}

impl Scanner {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.next).copied()
    }

    /// Whether something other than space follows.
    fn skip_space(&mut self) -> bool {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next += 1;
        }
        self.next < self.chars.len()
    }

    #[expect(clippy::unused_self, reason = "reads as a sentence where it is called")]
    fn fault_at(&self, index: usize, problem: Problem) -> QueryError {
        QueryError { position: index + 1, problem }
    }

    fn term(&mut self) -> Result<Term, QueryError> {
        let start = self.next;
        let negated = self.peek() == Some('!');
        if negated {
            self.next += 1;
            if self.peek().is_none_or(char::is_whitespace) {
                return Err(self.fault_at(start, Problem::LoneNegation));
            }
        }
        let field = self.field()?;
        let value = self.value(field.is_some())?;
        let (field, pattern) = match field {
            Some(field) => (field, pattern(value)),
            None => (Field::Message, anywhere(value)),
        };
        Ok(Term { field, pattern, negated })
    }

    /// The key before a colon; `None` where the term is a bare word.
    fn field(&mut self) -> Result<Option<Field>, QueryError> {
        let start = self.next;
        let rest = &self.chars[start..];
        let stop = rest.iter().position(|c| c.is_whitespace() || matches!(c, ':' | '"')).unwrap_or(rest.len());
        if rest.get(stop) != Some(&':') {
            return Ok(None);
        }
        let key: String = rest[..stop].iter().collect();
        let field = match key.as_str() {
            "level" => Field::Level,
            "project" => Field::Project,
            "environment" => Field::Environment,
            "user" => Field::User,
            "fingerprint" => Field::Fingerprint,
            "message" => Field::Message,
            _ if key.starts_with("tags[") => {
                Field::Tag(tag_name(&key).ok_or_else(|| self.fault_at(start, Problem::BadTag))?)
            }
            _ => {
                let shown = super::text::shorten(&key, 40);
                return Err(self.fault_at(start, Problem::UnknownKey(shown)));
            }
        };
        self.next += stop + 1;
        Ok(Some(field))
    }

    /// The value in its pieces between wildcards.
    fn value(&mut self, after_key: bool) -> Result<Vec<String>, QueryError> {
        let start = self.next;
        let quoted = self.peek() == Some('"');
        let mut pieces = vec![String::new()];
        let mut push = |c: char| match c {
            '*' => pieces.push(String::new()),
            other => pieces.last_mut().into_iter().for_each(|piece| piece.push(other)),
        };
        if quoted {
            self.next += 1;
            loop {
                match self.peek() {
                    None => return Err(self.fault_at(start, Problem::UnclosedQuote)),
                    Some('"') => break,
                    Some('\\') if matches!(self.chars.get(self.next + 1), Some('"' | '\\')) => self.next += 1,
                    Some(_) => {}
                }
                push(self.chars[self.next]);
                self.next += 1;
            }
            self.next += 1;
            if self.peek().is_some_and(|c| !c.is_whitespace()) {
                return Err(self.fault_at(self.next, Problem::TextAfterQuote));
            }
        } else {
            while let Some(c) = self.peek().filter(|c| !c.is_whitespace()) {
                if c == '"' {
                    return Err(self.fault_at(self.next, Problem::UnclosedQuote));
                }
                push(c);
                self.next += 1;
            }
        }
        if let Some(nul) = self.chars[start..self.next].iter().position(|c| *c == '\0') {
            return Err(self.fault_at(start + nul, Problem::Nul));
        }
        let empty = pieces.len() == 1 && pieces[0].is_empty();
        if empty && (after_key || quoted) {
            return Err(self.fault_at(start, Problem::MissingValue));
        }
        Ok(pieces)
    }
}

fn tag_name(key: &str) -> Option<String> {
    let name = key.strip_prefix("tags[")?.strip_suffix(']')?;
    let allowed = |c: char| !matches!(c, '"' | '[' | ']' | '\'' | '\\' | '\0') && !c.is_control();
    (!name.is_empty() && !name.starts_with('$') && name.chars().all(allowed)).then(|| name.to_owned())
}

fn pattern(mut pieces: Vec<String>) -> Pattern {
    match pieces.len() {
        1 => Pattern::Exact(pieces.remove(0)),
        _ => Pattern::Wildcard(pieces),
    }
}

/// A bare word is found anywhere in the message.
fn anywhere(pieces: Vec<String>) -> Pattern {
    Pattern::Wildcard(std::iter::once(String::new()).chain(pieces).chain([String::new()]).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exact(field: Field, value: &str) -> Term {
        Term { field, pattern: Pattern::Exact(value.into()), negated: false }
    }

    fn wildcard(field: Field, pieces: &[&str]) -> Term {
        Term { field, pattern: Pattern::Wildcard(pieces.iter().map(ToString::to_string).collect()), negated: false }
    }

    fn check(text: &str, terms: &[Term]) {
        assert_eq!(Query::parse(text).map(|query| query.terms), Ok(terms.to_vec()), "{text}");
    }

    #[test]
    fn the_design_s_example_is_four_terms() {
        check(
            "level:error project:checkout !environment:dev \"timeout\"",
            &[
                exact(Field::Level, "error"),
                exact(Field::Project, "checkout"),
                Term { negated: true, ..exact(Field::Environment, "dev") },
                wildcard(Field::Message, &["", "timeout", ""]),
            ],
        );
    }

    #[test]
    fn values_may_be_quoted_and_have_wildcards() {
        check("message:\"out of memory\"", &[exact(Field::Message, "out of memory")]);
        check(r#"message:"a \"b\" \\ c""#, &[exact(Field::Message, r#"a "b" \ c"#)]);
        check("user:*@example.com", &[wildcard(Field::User, &["", "@example.com"])]);
        check("level:*", &[wildcard(Field::Level, &["", ""])]);
        check("message:http://x", &[exact(Field::Message, "http://x")]);
        check("tags[region]:eu-west-1", &[exact(Field::Tag("region".into()), "eu-west-1")]);
        check("!timeout", &[Term { negated: true, ..wildcard(Field::Message, &["", "timeout", ""]) }]);
        check("conn*reset", &[wildcard(Field::Message, &["", "conn", "reset", ""])]);
        check("  ", &[]);
    }

    fn check_fault(text: &str, position: usize, problem: Problem) {
        assert_eq!(Query::parse(text), Err(QueryError { position, problem }), "{text}");
    }

    #[test]
    fn a_malformed_query_is_refused_with_the_position_of_the_fault() {
        check_fault("level:error lvel:x", 13, Problem::UnknownKey("lvel".into()));
        check_fault("level:", 1 + 6, Problem::MissingValue);
        check_fault("level: error", 7, Problem::MissingValue);
        check_fault("message:\"abc", 9, Problem::UnclosedQuote);
        check_fault("größer level:\"\"", 14, Problem::MissingValue);
        check_fault("\"a\"b", 4, Problem::TextAfterQuote);
        check_fault("tags[]:x", 1, Problem::BadTag);
        check_fault("tags[a:x", 1, Problem::BadTag);
        check_fault("tags[$a]:x", 1, Problem::BadTag);
        check_fault("a ! b", 3, Problem::LoneNegation);
        check_fault("a\0b", 2, Problem::Nul);
        check_fault(&"a".repeat(2_001), 1, Problem::TooLong);
        check_fault(&"a ".repeat(51), 101, Problem::TooManyTerms);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic_and_every_fault_lies_within(text in ".{0,200}") {
            if let Err(error) = Query::parse(&text) {
                prop_assert!(error.position >= 1 && error.position <= text.chars().count() + 1);
            }
        }

        #[test]
        fn what_was_parsed_parses_again(text in r#"(level|user|message|tags\[a\])?:?"?[a-z*]{0,5}"? ?!?[a-z]{1,4}"#) {
            if let Ok(query) = Query::parse(&text) {
                prop_assert_eq!(Query::parse(query.text()), Ok(query.clone()));
            }
        }
    }
}
