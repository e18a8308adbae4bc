//! How an incident that alerts open is measured: by the first rule that its labels meet, else by what its annotations or
//! its generator say, else by the events table.

use std::time::Duration;

use super::Intake;
use crate::domain::alert::routing::RoutingRule;
use crate::domain::alert::{Alert, Labels, Notification};
use crate::domain::expression::fill_labels;
use crate::domain::rule::{Scope, sorted};
use crate::domain::{Expression, Measure, TimeWindow, text};
use crate::source::{derive, validate};

/// What an incident is opened with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// What decides its picture.
    pub scope: Scope,
    /// The name of its rule.
    pub rule: Option<String>,
    /// For how long it had been going on when the alert began to fire.
    pub onset: Duration,
    /// What could not be done as it was written, for the timeline.
    pub notes: Vec<String>,
}

/// The annotation that says what a source is to be asked.
pub const QUERY_ANNOTATION: &str = "afterimage_query";
/// The annotation that becomes the title.
const SUMMARY: &str = "summary";

/// How an incident that this alert opens is measured.
#[must_use]
pub fn opening(intake: &Intake, alert: &Alert) -> Opening {
    let rule = intake.routing.rule(&alert.labels);
    let mut notes = Vec::new();
    let derived = alert.generator_url.as_deref().and_then(|url| derive(url).ok());
    let expression = expression(intake, rule, alert, &mut notes);
    let largest_range = derived.and_then(|derived| derived.largest_range).map(whole_minutes);
    let scope = Scope {
        time_window: rule.and_then(|rule| rule.time_window).or(largest_range).unwrap_or(TimeWindow::DEFAULT),
        query: rule.map(|rule| rule.query.clone()).unwrap_or_default(),
        aggregation: rule.map_or(Scope::default().aggregation, |rule| rule.aggregation),
        projects: rule.map(|rule| projects(rule, &alert.labels, &mut notes)).unwrap_or_default(),
        expression,
    };
    let onset = rule.map_or(Duration::ZERO, |rule| rule.onset);
    Opening { scope, rule: rule.map(|rule| rule.name.clone()), onset, notes }
}

/// What is asked, and where: never a host that an alert names, but only a source of the configuration.
fn expression(
    intake: &Intake,
    rule: Option<&RoutingRule>,
    alert: &Alert,
    notes: &mut Vec<String>,
) -> Option<Expression> {
    let generator = alert.generator_url.as_deref();
    let source = rule
        .and_then(|rule| rule.source.clone())
        .or_else(|| generator.and_then(|url| intake.sources.of_generator(url)).map(ToOwned::to_owned))
        .or_else(|| intake.sources.only().map(ToOwned::to_owned))?;
    if source == crate::domain::expression::EVENTS_SOURCE {
        return None;
    }
    let written = [
        ("its rule", rule.and_then(|rule| rule.expression.as_deref())),
        (QUERY_ANNOTATION, alert.annotations.get(QUERY_ANNOTATION).map(String::as_str)),
    ];
    for (whence, given) in written {
        let Some(given) = given else { continue };
        match fill_labels(given, &alert.labels) {
            Ok(text) => {
                // The source has the last word: it may know more of the language than this program.
                if let Err(problem) = validate(&text) {
                    let problem = text::shorten(&problem, 300);
                    notes.push(format!("the expression of {whence} may be wrong: {problem}"));
                }
                return Some(Expression { source, text, measure: Measure::EstimatedEvents });
            }
            Err(problem) => {
                notes.push(format!(
                    "the expression of {whence} cannot be used: {}",
                    text::shorten(&problem.to_string(), 300)
                ));
            }
        }
    }
    let derived = derive(generator?).map_err(|problem| {
        notes.push(format!("the address of its generator tells no expression: {}", text::shorten(&problem, 300)));
    });
    let derived = derived.ok()?;
    Some(Expression { source, text: derived.text, measure: derived.measure })
}

fn projects(rule: &RoutingRule, labels: &Labels, notes: &mut Vec<String>) -> Vec<String> {
    let mut projects = Vec::with_capacity(rule.projects.len());
    for written in &rule.projects {
        match project(written, labels) {
            Ok(name) => projects.push(name),
            Err(problem) => {
                notes.push(format!("a project of its rule cannot be used: {}", text::shorten(&problem, 300)));
            }
        }
    }
    sorted(projects)
}

fn project(written: &str, labels: &Labels) -> Result<String, String> {
    let filled = fill_labels(written, labels).map_err(|error| error.to_string())?;
    let checked = text::required("project", &filled, text::NAME_LIMIT).map_err(|error| error.to_string())?;
    Ok(checked.to_owned())
}

fn whole_minutes(range: Duration) -> TimeWindow {
    let minutes = range.as_secs().div_ceil(60).clamp(1, u64::from(TimeWindow::MAX_MINUTES));
    TimeWindow::from_minutes(i64::try_from(minutes).unwrap_or(1)).unwrap_or(TimeWindow::DEFAULT)
}

/// What an incident of these alerts is called: what is said of all of them, else what they are.
pub(super) fn title(notification: &Notification, alerts: &[&Alert], first: &Alert) -> String {
    let common = notification.annotations.get(SUMMARY);
    let own = || (alerts.len() == 1).then(|| first.annotations.get(SUMMARY)).flatten();
    let said = common.or_else(own).map(|summary| summary.trim()).filter(|summary| !summary.is_empty());
    let title = said.map_or_else(|| named(alerts, first), ToOwned::to_owned);
    title[..title.floor_char_boundary(text::TITLE_LIMIT)].to_owned()
}

fn named(alerts: &[&Alert], first: &Alert) -> String {
    let others = alerts.iter().filter(|alert| alert.name() != first.name()).count();
    match (alerts.len(), others) {
        (1, _) => first.name().to_owned(),
        (count, 0) => format!("{} ({count} alerts)", first.name()),
        (count, _) => format!("{} and others ({count} alerts)", first.name()),
    }
}
