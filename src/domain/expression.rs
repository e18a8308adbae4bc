//! Where an incident's counts come from when it is not the events table: an expression in the language of a source, and
//! the placeholders in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use thiserror::Error;

use super::named_enum;

named_enum! {
    /// What the values of a series are.
    Measure, "measure", "events, estimated_events, metric, lowest_metric" {
        /// Events, counted exactly by the database's own table.
        Events = "events",
        /// Events per bucket as a monitoring system estimates them: fractions, and no users.
        EstimatedEvents = "estimated_events",
        /// A metric, and not events: a bucket shows its value at the end; of several series the highest.
        Metric = "metric",
        /// A metric of which the lowest is the worst, as alerts on "less than" have it.
        LowestMetric = "lowest_metric",
    }
}

/// The name under which the database's own events table is a source.
pub const EVENTS_SOURCE: &str = "events";

const WINDOW: &str = "{{window}}";
const LABEL: &str = "{{label.";
const END: &str = "}}";

/// What a source is asked about an incident. Its rule has it, an incident copies it when it opens, and keeps it (rule 3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Expression {
    /// The name of a source of the configuration.
    pub source: String,
    /// In the source's language; `{{window}}` in it stands for `W`.
    pub text: String,
    /// What its values are.
    pub measure: Measure,
}

/// Why the placeholders of an expression cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlaceholderError {
    /// The alert has no such label.
    #[error("the expression wants the label '{0}', which the alert does not have")]
    NoLabel(String),
    /// A placeholder without an end.
    #[error("the expression has a placeholder that does not end: write {{{{label.NAME}}}}")]
    Endless,
}

impl Measure {
    /// Whether values are estimates, and users not known.
    #[must_use]
    pub fn is_estimated(self) -> bool {
        self != Self::Events
    }

    /// Whether values are those of a metric, which have no total.
    #[must_use]
    pub fn is_metric(self) -> bool {
        matches!(self, Self::Metric | Self::LowestMetric)
    }

    /// What two values of the same instant, or of two buckets that become one, are together.
    #[must_use]
    pub fn combine(self, one: f64, other: f64) -> f64 {
        match self {
            Self::Events | Self::EstimatedEvents => one + other,
            Self::Metric => one.max(other),
            Self::LowestMetric => one.min(other),
        }
    }
}

/// Whether the expression depends on the length of a bucket.
#[must_use]
pub fn has_window(text: &str) -> bool {
    text.contains(WINDOW)
}

/// The expression over a window of this length.
#[must_use]
pub fn fill_window(text: &str, window: Duration) -> String {
    text.replace(WINDOW, &promql_duration(window))
}

/// The expression with every `{{label.NAME}}` replaced by the value of that label, as it is written between quotes in
/// `PromQL`. Within a regular expression, what a value means there is the writer's business.
///
/// # Errors
/// Where there is no such label.
pub fn fill_labels(text: &str, labels: &BTreeMap<String, String>) -> Result<String, PlaceholderError> {
    let value = |name: &str| labels.get(name).map(|value| escape(value));
    replace_labels(text, |name| value(name).ok_or_else(|| PlaceholderError::NoLabel(super::text::shorten(name, 60))))
}

/// Whether it wants labels of an alert.
#[must_use]
pub fn has_labels(text: &str) -> bool {
    text.contains(LABEL)
}

/// The labels that an expression wants, in their order.
///
/// # Errors
/// Where a placeholder does not end.
pub fn wanted_labels(text: &str) -> Result<Vec<String>, PlaceholderError> {
    let mut names = Vec::new();
    replace_labels(text, |name| {
        names.push(name.to_owned());
        Ok(String::new())
    })?;
    Ok(names)
}

fn replace_labels(
    text: &str,
    mut value: impl FnMut(&str) -> Result<String, PlaceholderError>,
) -> Result<String, PlaceholderError> {
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once(LABEL) {
        let (name, after) = after.split_once(END).ok_or(PlaceholderError::Endless)?;
        filled.push_str(before);
        filled.push_str(&value(name.trim())?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A value as it is written between quotes of either kind: what ends a literal in one kind may not even be escaped in
/// the other, so both are written by their code. The same goes for what would be a placeholder.
#[must_use]
pub fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '"' | '\'' | '`' | '{' | '\0'..='\u{1f}' | '\u{7f}' => {
                write!(escaped, "\\x{:02x}", u32::from(character)).expect("a string takes everything");
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A span as `PromQL` writes it, in the largest unit of which it is a multiple: `10m`, `37s`, `1500ms`. To the
/// millisecond, which is what Prometheus knows, and never zero, which it refuses.
#[must_use]
pub fn promql_duration(span: Duration) -> String {
    let milliseconds = (span.as_micros() + 500) / 1_000;
    let milliseconds = milliseconds.max(1);
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let unit = units.into_iter().find(|(unit, _)| milliseconds.is_multiple_of(*unit));
    let (unit, name) = unit.unwrap_or((1, "ms"));
    format!("{}{name}", milliseconds / unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_window_is_written_in_the_largest_unit_that_holds_it() {
        let cases = [
            (600_000_000, "10m"),
            (5_400_000_000, "90m"),
            (7_200_000_000, "2h"),
            (172_800_000_000, "2d"),
            (37_000_000, "37s"),
            (37_500_000, "37500ms"),
            (1_499, "1ms"),
            (3, "1ms"),
        ];
        for (micros, written) in cases {
            assert_eq!(promql_duration(Duration::from_micros(micros)), written);
        }
        let filled =
            fill_window("sum(increase(a[{{window}}])) / sum(increase(b[{{window}}]))", Duration::from_mins(10));
        assert_eq!(filled, "sum(increase(a[10m])) / sum(increase(b[10m]))");
    }

    #[test]
    fn a_label_is_written_so_that_it_cannot_end_the_text_that_it_stands_in() {
        let labels = labels(&[("service", "a\"} or b{x=\"\\"), ("team", "päy"), ("odd", "{{window}}'`\n")]);
        let filled = |text: &str| fill_labels(text, &labels);
        assert_eq!(
            filled(r#"x{s="{{label.service}}",t='{{label.team}}'}[{{window}}]"#).unwrap(),
            r#"x{s="a\x22} or b\x7bx=\x22\\",t='päy'}[{{window}}]"#
        );
        assert_eq!(filled("{{label.odd}}").unwrap(), r"\x7b\x7bwindow}}\x27\x60\x0a");
        assert_eq!(filled("{{label.pod}}"), Err(PlaceholderError::NoLabel("pod".into())));
        assert_eq!(filled("x{{label.pod"), Err(PlaceholderError::Endless));
        assert_eq!(wanted_labels("{{label.a}} + {{ label.b}} + {{label.c }}").unwrap(), ["a", "c"]);
    }

    proptest! {
        #[test]
        fn no_text_and_no_label_panics_or_leaves_a_placeholder(text in ".*", value in ".*") {
            let labels = labels(&[("a", &value)]);
            let filled = fill_labels("x{a=\"{{label.a}}\"}", &labels).unwrap();
            prop_assert!(!has_window(&filled));
            prop_assert_eq!(filled.matches('"').count(), 2);
            let _ = (fill_labels(&text, &labels), wanted_labels(&text));
        }
    }
}
