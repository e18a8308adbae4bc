//! What is known of `PromQL` without asking anybody.

use std::time::Duration;

use promql_parser::parser::{self, Expr};

use crate::domain::expression::{fill_labels, fill_window, wanted_labels};
use crate::domain::text;

/// Bytes of an expression that is looked at, at the most.
const EXPRESSION_LIMIT: usize = 16_384;
/// Operators and brackets of one, at the most: what is read is as deep as these are many, and whoever walks it goes as
/// deep into the stack. Expressions come from alerts, and so from anywhere.
const DEPTH_LIMIT: usize = 400;

/// What no expression holds outside of quotes, and every regular expression may hold.
const NO_EXPRESSION: &str = ", ,";
/// What an expression may hold as a word of its own.
const WORD: &str = "x";

/// Checks that an expression is `PromQL`, whatever its window and its labels are. What another kind of server knows
/// beyond Prometheus 2.45 is not known here, so that a refusal is advice only where the source is another.
///
/// # Errors
/// Where it is not.
pub fn validate(text: &str) -> Result<(), String> {
    let labels = wanted_labels(text).map_err(|error| error.to_string())?;
    let parses = |value: &str| {
        let labels = labels.iter().map(|name| (name.clone(), value.to_owned())).collect();
        let filled = fill_labels(text, &labels).map_err(|error| error.to_string())?;
        parse(&fill_window(&filled, Duration::from_mins(1))).map(|_| ())
    };
    parses(WORD)?;
    if labels.is_empty() {
        return Ok(());
    }
    parses(NO_EXPRESSION).map_err(|_| "a label may stand within quotes only: write x{y=\"{{label.y}}\"}".to_owned())
}

/// Reads an expression of anybody's.
pub(super) fn parse(expression: &str) -> Result<Expr, String> {
    if expression.len() > EXPRESSION_LIMIT {
        return Err(format!("it is longer than {EXPRESSION_LIMIT} bytes"));
    }
    let (expression, depth) = prepare(expression);
    if depth > DEPTH_LIMIT {
        return Err(format!("it has more than {DEPTH_LIMIT} operators and brackets"));
    }
    parser::parse(&expression).map_err(|error| format!("it is not PromQL: {}", text::shorten(&error, 200)))
}

/// The expression with its texts in quotes, for the reader takes a backslash between backticks for an escape; and how
/// deep it can be at the most: everything outside of texts that could be an operator or open a bracket. What is within
/// a text and what is not must be seen here exactly as the reader sees it.
fn prepare(expression: &str) -> (String, usize) {
    let (mut prepared, mut depth) = (String::with_capacity(expression.len()), 0);
    let mut word = String::new();
    let mut characters = expression.chars();
    while let Some(character) = characters.next() {
        if character.is_ascii_alphanumeric() || matches!(character, '_' | ':') {
            word.push(character.to_ascii_lowercase());
            prepared.push(character);
            continue;
        }
        depth += usize::from(matches!(word.as_str(), "and" | "or" | "unless" | "atan2"));
        word.clear();
        match character {
            '#' => {
                // A comment ends with its line.
                let _ = characters.find(|next| matches!(next, '\n' | '\r'));
                prepared.push('\n');
            }
            '`' => copy_raw_text(&mut characters, &mut prepared),
            '"' | '\'' => copy_text(character, &mut characters, &mut prepared),
            _ => {
                prepared.push(character);
                depth += usize::from("([+-*/%^=!<>".contains(character));
            }
        }
    }
    (prepared, depth)
}

/// A text between backticks, as it is written between quotes.
fn copy_raw_text(characters: &mut std::str::Chars<'_>, prepared: &mut String) {
    prepared.push('"');
    for next in characters {
        match next {
            '`' => return prepared.push('"'),
            '\\' | '"' => prepared.extend(['\\', next]),
            _ => prepared.push(next),
        }
    }
}

/// A text between quotes, as it is.
fn copy_text(quote: char, characters: &mut std::str::Chars<'_>, prepared: &mut String) {
    prepared.push(quote);
    while let Some(next) = characters.next() {
        prepared.push(next);
        match next {
            '\\' => prepared.extend(characters.next()),
            _ if next == quote => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_expression_with_placeholders_is_promql() {
        for text in [
            "sum(increase(http_requests_total{code=~\"5..\",service=\"{{label.service}}\"}[{{window}}]))",
            "x{y=~'{{label.y}}|z.*'} > 5",
            "max_over_time(up[{{window}}])",
            "vector(1)",
        ] {
            assert_eq!(validate(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_is_no_promql_is_refused() {
        for text in ["", "sum(", "x{y=z}", "rate(x)", "increase(x[{{windows}}])", "x{y=\"{{label.y\"}", "x y"] {
            assert!(validate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_label_outside_of_quotes_could_be_any_expression() {
        for text in ["sum({{label.x}})", "x{{{label.y}}=\"z\"}", "sum by ({{label.y}}) (x)", "{{label.x}}"] {
            assert!(validate(text).unwrap_err().contains("within quotes"), "{text}");
        }
    }

    #[test]
    fn operators_are_counted_outside_of_texts_only() {
        for (text, expected) in [
            ("a + b", 1),
            ("sum(rate(x[5m])) > 5 AND y", 5),
            ("x{y=\"((((\\\"((((\",z='+'}", 2),
            ("x{y=`\\`} + 1", 2),
            ("band_or_and", 0),
            ("x # it's - \n - y", 1),
            ("x # it's \r - y", 1),
        ] {
            assert_eq!(prepare(text).1, expected, "{text}");
        }
        assert!(parse(&"x+".repeat(500)).unwrap_err().contains("more than 400"));
        assert!(parse(&"x".repeat(20_000)).unwrap_err().contains("longer than 16384"));
    }

    #[test]
    fn between_backticks_a_backslash_is_one() {
        let quoted = parse(r#"x{y=~"a\\.\\d\\\\\"b"} > 1"#).unwrap();
        assert_eq!(parse("x{y=~`a\\.\\d\\\\\"b`} > 1"), Ok(quoted));
        assert_eq!(validate("x{y=~`\\d+`}"), Ok(()));
        assert!(validate("`x").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z0-9{}\\[\\]()\"'<>=!~ .,:@+*/^%{{window}}-]{0,40}") {
            let _ = validate(&text);
        }
    }
}
