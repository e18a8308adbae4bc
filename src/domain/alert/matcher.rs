//! Matchers on labels, written as Alertmanager writes them: `severity="page"`, `team!="web"`, `service=~"api|cart"`.

use std::fmt;

use regex::Regex;
use thiserror::Error;

use super::Labels;

/// A condition on one label. A label that is not there has an empty value.
#[derive(Debug, Clone)]
pub struct Matcher {
    written: String,
    name: String,
    condition: Condition,
}

#[derive(Debug, Clone)]
enum Condition {
    Equal(String),
    NotEqual(String),
    /// Of the whole value, as Prometheus does it.
    Like(Regex),
    Unlike(Regex),
}

/// Why a text is no matcher.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MatcherError {
    /// It has no operator.
    #[error("'{0}' is no matcher: write it like severity=\"page\", with =, !=, =~ or !~")]
    Malformed(String),
    /// Its name cannot be that of a label.
    #[error("'{0}' is no name of a label: letters, digits and underscores, no digit first")]
    Name(String),
    /// Its regular expression is wrong.
    #[error("'{pattern}' is no regular expression: {problem}")]
    Pattern {
        /// What was written.
        pattern: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Bytes that a compiled regular expression may take.
const PATTERN_SIZE: usize = 1 << 20;

impl Matcher {
    /// Reads a matcher. Quotes around the value may be left out.
    ///
    /// # Errors
    /// Where it has no operator, its name cannot be, or its regular expression is wrong.
    pub fn parse(text: &str) -> Result<Self, MatcherError> {
        let malformed = || MatcherError::Malformed(crate::domain::text::shorten(text, 80));
        let at = text.find(['=', '!']).ok_or_else(malformed)?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        // The longer ones first: "=~" begins with "=".
        let found = ["=~", "!~", "!=", "="].into_iter().find_map(|sign| Some((sign, rest.strip_prefix(sign)?)));
        let (sign, value) = found.ok_or_else(malformed)?;
        if !is_label_name(name) {
            return Err(MatcherError::Name(crate::domain::text::shorten(name, 80)));
        }
        let value = unquoted(value.trim()).ok_or_else(malformed)?;
        let condition = match sign {
            "=~" => Condition::Like(pattern(&value)?),
            "!~" => Condition::Unlike(pattern(&value)?),
            "!=" => Condition::NotEqual(value),
            _ => Condition::Equal(value),
        };
        Ok(Self { written: text.trim().to_owned(), name: name.to_owned(), condition })
    }

    /// Whether these labels meet it.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.name).map_or("", String::as_str);
        match &self.condition {
            Condition::Equal(wanted) => value == wanted,
            Condition::NotEqual(unwanted) => value != unwanted,
            Condition::Like(pattern) => pattern.is_match(value),
            Condition::Unlike(pattern) => !pattern.is_match(value),
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.written)
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Matcher {}

fn is_label_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// The value without its quotes; `None` where a quote is open.
fn unquoted(value: &str) -> Option<String> {
    let Some(rest) = value.strip_prefix('"') else { return (!value.contains('"')).then(|| value.to_owned()) };
    let mut read = String::new();
    let mut letters = rest.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return letters.as_str().trim().is_empty().then_some(read),
            '\\' => match letters.next()? {
                'n' => read.push('\n'),
                quoted @ ('"' | '\\') => read.push(quoted),
                other => read.extend(['\\', other]),
            },
            other => read.push(other),
        }
    }
    None
}

fn pattern(value: &str) -> Result<Regex, MatcherError> {
    let built = regex::RegexBuilder::new(&format!("^(?:{value})$")).size_limit(PATTERN_SIZE).build();
    built.map_err(|error| MatcherError::Pattern {
        pattern: crate::domain::text::shorten(value, 80),
        problem: crate::domain::text::shorten(error.to_string().lines().last().unwrap_or_default(), 120),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(matcher: &str, value: Option<&str>, expected: bool) {
        let labels = value.map(|value| ("service".to_owned(), value.to_owned())).into_iter().collect();
        assert_eq!(Matcher::parse(matcher).unwrap().matches(&labels), expected, "{matcher} on {value:?}");
    }

    #[test]
    fn the_four_operators_mean_what_alertmanager_means() {
        check("service=\"cart\"", Some("cart"), true);
        check("service = cart", Some("cart"), true);
        check("service=\"cart\"", Some("carts"), false);
        check("service!=\"cart\"", Some("api"), true);
        check("service!=\"cart\"", None, true);
        check("service=~\"cart|api\"", Some("api"), true);
        check("service=~\"cart|api\"", Some("api-2"), false);
        check("service!~\"cart|api\"", Some("api-2"), true);
        check("service=\"\"", None, true);
        check(r#"service="a \"quoted\" \\ one""#, Some(r#"a "quoted" \ one"#), true);
    }

    #[test]
    fn what_is_no_matcher_is_named() {
        let refusal = |text| Matcher::parse(text).unwrap_err().to_string();
        assert!(refusal("service").contains("is no matcher"));
        assert!(refusal("service=\"open").contains("is no matcher"));
        assert!(refusal("1st=x").contains("no name of a label"));
        assert!(refusal("a=~\"(\"").contains("no regular expression"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = Matcher::parse(&text);
        }

        #[test]
        fn a_quoted_value_is_met_by_itself(value in "[^\\\\\"\n]*") {
            let labels = [("a".to_owned(), value.clone())].into();
            let matcher = Matcher::parse(&format!("a=\"{value}\"")).unwrap();
            prop_assert!(matcher.matches(&labels));
        }
    }
}
