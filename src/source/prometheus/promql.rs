//! What is known of `PromQL` without asking anybody.

use std::time::Duration;

use promql_parser::parser;

use crate::domain::expression::{fill_labels, fill_window, wanted_labels};
use crate::domain::text;

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
        let parsed = parser::parse(&fill_window(&filled, Duration::from_mins(1)));
        parsed.map(|_| ()).map_err(|error| format!("it is not PromQL: {}", text::shorten(&error, 200)))
    };
    parses(WORD)?;
    if labels.is_empty() {
        return Ok(());
    }
    parses(NO_EXPRESSION).map_err(|_| "a label may stand within quotes only: write x{y=\"{{label.y}}\"}".to_owned())
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

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z0-9{}\\[\\]()\"'<>=!~ .,:@+*/^%{{window}}-]{0,40}") {
            let _ = validate(&text);
        }
    }
}
