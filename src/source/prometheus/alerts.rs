//! Whether an alert fires, as Prometheus itself says it in its series `ALERTS`. Asked to confirm that one is over.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Prometheus;
use super::answer::Fault;
use crate::domain::Timestamp;
use crate::domain::expression::{escape, promql_duration};

/// How far back it is asked when an alert last fired.
const LONGEST_LOOKBACK: Duration = Duration::from_hours(24);

impl Prometheus {
    /// Whether an alert with these labels fires now, by the server's own clock.
    pub(in crate::source) async fn is_firing(
        &self,
        labels: &BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let answered = self.query(&selector(labels), None, now).await?;
        Ok(answered.iter().any(|series| !series.samples.is_empty()))
    }

    /// The latest instant from `since` on, and at most a day back, at which an alert with these labels fired.
    pub(in crate::source) async fn last_firing(
        &self,
        labels: &BTreeMap<String, String>,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Fault> {
        let lookback = now.since(since).min(LONGEST_LOOKBACK);
        if lookback.is_zero() {
            return Ok(None);
        }
        let expression = format!("{}[{}]", selector(labels), promql_duration(lookback));
        let answered = self.query(&expression, Some(now), now).await?;
        let instants = answered.iter().flat_map(|series| series.samples.iter().map(|(at, _)| *at));
        Ok(instants.filter(|at| *at >= since && *at <= now).max())
    }
}

/// The series of the alerts that agree with these labels wherever they have the same. An alert has labels that its
/// series has not: the server's external ones are added on the way out.
fn selector(labels: &BTreeMap<String, String>) -> String {
    let mut matchers = vec!["alertstate=\"firing\"".to_owned()];
    for (name, value) in labels.iter().filter(|(name, _)| is_label(name)) {
        matchers.push(match name.as_str() {
            "alertname" => format!("alertname=\"{}\"", escape(value)),
            _ => format!("{name}=~\"{}|\"", escape(&quoted(value))),
        });
    }
    format!("ALERTS{{{}}}", matchers.join(","))
}

/// What may stand before a matcher as it is. Others say nothing here, and neither does what the series says itself.
fn is_label(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|character| character.is_ascii_alphanumeric() || character == '_')
        && !matches!(name, "alertstate" | "__name__")
}

/// A text as a regular expression that matches only itself.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\.+*?()|[]{}^$".contains(character) {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(labels: &[(&str, &str)], expected: &str) {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(selector(&labels), expected);
        assert!(promql_parser::parser::parse(expected).is_ok(), "{expected}");
    }

    #[test]
    fn an_alert_is_looked_for_by_the_labels_that_its_series_has_too() {
        check(
            &[("alertname", "HighErrors"), ("service", "a"), ("cluster", "eu-1")],
            r#"ALERTS{alertstate="firing",alertname="HighErrors",cluster=~"eu-1|",service=~"a|"}"#,
        );
    }

    #[test]
    fn a_label_cannot_end_the_text_that_it_stands_in() {
        check(
            &[("alertname", "a\"} or vector(1)"), ("path", "/x.y|\"z\\"), ("alertstate", "pending"), ("a.b", "c")],
            r#"ALERTS{alertstate="firing",alertname="a\x22} or vector(1)",path=~"/x\\.y\\|\x22z\\\\|"}"#,
        );
    }
}
