//! `[[rule]]`: which rule an alert has by its labels, and how its incidents are measured.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};

use crate::domain::alert::matcher::Matcher;
use crate::domain::alert::routing::{Routing, RoutingRule};
use crate::domain::{Aggregation, Query, TimeWindow, span, text};

/// The longest time that an alert may have been going on before it fired.
const LONGEST_ONSET: Duration = Duration::from_hours(30 * 24);

/// One `[[rule]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleTable {
    #[serde(deserialize_with = "name")]
    name: String,
    #[serde(default, rename = "match", deserialize_with = "matchers")]
    matchers: Vec<Matcher>,
    #[serde(default, deserialize_with = "time_window")]
    time_window: Option<TimeWindow>,
    expression: Option<String>,
    source: Option<String>,
    #[serde(default, deserialize_with = "query")]
    query: Query,
    #[serde(default, deserialize_with = "aggregation")]
    aggregation: Option<Aggregation>,
    #[serde(default)]
    projects: Vec<String>,
    #[serde(default, deserialize_with = "onset")]
    onset: Duration,
}

/// The rules for alerts, in their order.
///
/// # Errors
/// Where two have one name, one asks a source that is none of `sources`, or says both what the events table and what
/// another source is asked.
pub fn routing(tables: &[RuleTable], sources: &BTreeSet<&str>) -> Result<Routing, String> {
    let mut names = BTreeSet::new();
    let mut rules = Vec::with_capacity(tables.len());
    for table in tables {
        let name = text::shorten(&table.name, 60);
        if !names.insert(&table.name) {
            return Err(format!("there are two rules '{name}'"));
        }
        if let Some(source) = table.source.as_deref().filter(|source| !sources.contains(source)) {
            let known: Vec<&str> = sources.iter().copied().collect();
            let source = text::shorten(source, 60);
            return Err(format!("rule '{name}' asks source '{source}', and there is only {}", known.join(", ")));
        }
        let asks_events = !table.query.text().is_empty() || table.aggregation == Some(Aggregation::UniqueUsers);
        if table.expression.is_some() && asks_events {
            return Err(format!("rule '{name}' has an expression, for which its query and aggregation mean nothing"));
        }
        rules.push(RoutingRule {
            name: table.name.clone(),
            matchers: table.matchers.clone(),
            time_window: table.time_window,
            expression: table.expression.clone(),
            source: table.source.clone(),
            query: table.query.clone(),
            aggregation: table.aggregation.unwrap_or(Aggregation::Total),
            projects: table.projects.clone(),
            onset: table.onset,
        });
    }
    Ok(Routing { rules })
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let given = String::deserialize(deserializer)?;
    let name = text::required("name of the rule", &given, text::NAME_LIMIT).map_err(Error::custom)?;
    Ok(name.to_owned())
}

fn matchers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Matcher>, D::Error> {
    let written = Vec::<String>::deserialize(deserializer)?;
    written.iter().map(|text| Matcher::parse(text).map_err(Error::custom)).collect()
}

fn time_window<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TimeWindow>, D::Error> {
    TimeWindow::from_minutes(i64::deserialize(deserializer)?).map(Some).map_err(Error::custom)
}

fn query<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Query, D::Error> {
    Query::parse(&String::deserialize(deserializer)?).map_err(Error::custom)
}

fn aggregation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Aggregation>, D::Error> {
    String::deserialize(deserializer)?.parse().map(Some).map_err(Error::custom)
}

fn onset<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let written = String::deserialize(deserializer)?;
    let onset = span::parse(&written).filter(|onset| *onset <= LONGEST_ONSET);
    onset.ok_or_else(|| Error::custom("an onset is a span of time up to 30 days: write it like 30s, 5m or 1h"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct File {
        rule: Vec<RuleTable>,
    }

    fn read(text: &str) -> Result<Routing, String> {
        let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        routing(&file.rule, &["events", "main"].into())
    }

    const RULE: &str = "[[rule]]\nname = 'checkout'\nmatch = ['alertname=\"High\"', 'team=~\"web|api\"']\n\
        time_window = 10\nexpression = 'sum(increase(errors[{{window}}]))'\nsource = 'main'\nprojects = ['web']\n\
        onset = '5m'\n";

    #[test]
    fn the_first_rule_whose_matchers_are_all_met_counts_and_one_without_any_is_for_the_rest() {
        let routing = read(&format!("{RULE}[[rule]]\nname = 'rest'\n")).unwrap();
        let named = |team: &str| {
            let labels = [("alertname", "High"), ("team", team)];
            let labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            routing.rule(&labels).unwrap().name.clone()
        };
        assert_eq!((named("web").as_str(), named("db").as_str()), ("checkout", "rest"));
        let checkout = &routing.rules[0];
        assert_eq!(checkout.time_window, Some(TimeWindow::from_minutes(10).unwrap()));
        assert_eq!(checkout.onset, Duration::from_mins(5));
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        let check = |text: &str, part: &str| {
            let refusal = read(text).unwrap_err();
            assert!(refusal.contains(part), "{refusal}");
        };
        check(&format!("{RULE}{RULE}"), "two rules 'checkout'");
        check(
            &RULE.replace("source = 'main'", "source = 'other'"),
            "asks source 'other', and there is only events, main",
        );
        check(&RULE.replace("time_window = 10", "time_window = 0"), "time window");
        check(&RULE.replace("'alertname=\"High\"'", "'alertname'"), "is no matcher");
        check(&RULE.replace("onset", "onse"), "onse");
        check(&RULE.replace("projects = ['web']", "query = 'level:error'"), "mean nothing");
        check("[[rule]]\nname = ' '\n", "is empty");
    }
}
