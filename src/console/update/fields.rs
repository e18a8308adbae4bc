//! What is wrong with the fields of a form, and what they come to: the rules of the domain, applied while one types.

use tui_input::Input;

use crate::console::event::Moment;
use crate::console::state::State;
use crate::console::state::dialog::{FieldKind, Form, Purpose, Target};
use crate::console::zone::Zone;
use crate::domain::incident::{IncidentTimeError, closing, opening_times};
use crate::domain::text::{self, COMMENT_LIMIT, NAME_LIMIT, TITLE_LIMIT};
use crate::domain::{AlertRule, Query, Timestamp, span};
use crate::export::Format;

/// What a field comes to: a hint, or what is wrong with it.
pub(super) type Verdict = Result<String, String>;

/// Judges one field of a form.
pub(super) fn judge(form: &Form, kind: FieldKind, input: &Input, state: &State, moment: Moment) -> Verdict {
    let value = input.value();
    match kind {
        FieldKind::Title => said(text::required("title", value, TITLE_LIMIT)),
        FieldKind::Comment if form.purpose == Purpose::Comment => said(text::required("comment", value, COMMENT_LIMIT)),
        FieldKind::Comment => {
            text::optional("comment", value, COMMENT_LIMIT).map_err(|error| error.to_string())?;
            Ok(if value.is_empty() { "none".to_owned() } else { String::new() })
        }
        FieldKind::Rule => rule(value.trim(), state.rules.as_deref()),
        FieldKind::Projects => projects(value, form, state),
        FieldKind::Query => query(value, form, state),
        FieldKind::Started => started(value, form, state, moment),
        FieldKind::ClosedAt => closed_at(value, &form.targets, state.zone, moment),
        FieldKind::Format => {
            let purpose = value.parse().map(Format::purpose).unwrap_or_default();
            Ok(format!("{purpose}; left and right choose"))
        }
        FieldKind::File => super::export::judge(form),
        FieldKind::Count if value.trim() == form.targets.len().to_string() => Ok(String::new()),
        FieldKind::Count => Err(format!("type {} to confirm", form.targets.len())),
    }
}

fn said(checked: Result<&str, text::TextError>) -> Verdict {
    checked.map(|_| String::new()).map_err(|error| error.to_string())
}

fn rule(name: &str, rules: Option<&[AlertRule]>) -> Verdict {
    let Some(rules) = rules else { return Ok("reading the rules".to_owned()) };
    if name.is_empty() {
        let names: Vec<String> = rules.iter().map(|rule| text::shorten(&rule.name, 24)).take(3).collect();
        let more = rules.len() - names.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        return Ok(if names.is_empty() {
            "none: a window of 1m".to_owned()
        } else {
            format!("none, or {}{more}; tab completes", names.join(", "))
        });
    }
    if let Some(rule) = rules.iter().find(|rule| rule.name == name) {
        return Ok(format!("window {}, {}", rule.scope.time_window, rule.scope.aggregation));
    }
    let alike: Vec<String> = rules
        .iter()
        .filter(|rule| rule.name.to_lowercase().contains(&name.to_lowercase()))
        .map(|rule| text::shorten(&rule.name, 24))
        .take(4)
        .collect();
    let alike = if alike.is_empty() { String::new() } else { format!(": perhaps {}", alike.join(", ")) };
    Err(format!("there is no rule '{}'{alike}", text::shorten(name, 40)))
}

fn chosen_rule<'a>(form: &Form, state: &'a State) -> Option<&'a AlertRule> {
    let name = form.value(FieldKind::Rule)?;
    state.rules.as_ref()?.iter().find(|rule| rule.name == name)
}

/// Project names as they are typed, with commas or spaces between them.
pub(super) fn split_projects(value: &str) -> Vec<String> {
    value.split([',', ' ']).filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect()
}

fn projects(value: &str, form: &Form, state: &State) -> Verdict {
    let names = split_projects(value);
    for name in &names {
        text::required("project", name, NAME_LIMIT).map_err(|error| error.to_string())?;
    }
    Ok(match (names.is_empty(), chosen_rule(form, state)) {
        (false, _) => names.iter().find_map(|name| unheard_of(name, state)).unwrap_or_default(),
        (true, Some(rule)) if !rule.scope.projects.is_empty() => {
            format!("the rule's: {}", text::shorten(&rule.scope.projects.join(", "), 40))
        }
        (true, _) => "all".to_owned(),
    })
}

/// A project that no event has may be the first of its kind, or a slip: nothing would ever be counted for it.
fn unheard_of(name: &str, state: &State) -> Option<String> {
    let known = state.projects.as_ref().filter(|known| !known.iter().any(|project| project == name))?;
    let perhaps = text::perhaps(name, known.iter().map(String::as_str));
    Some(format!("no event has the project '{}' so far{perhaps}", text::shorten(name, 40)))
}

/// What a rule that is being typed may become: the first that begins so, or else that has it somewhere.
pub(super) fn complete_rule(typed: &str, rules: &[AlertRule]) -> Option<String> {
    let typed = typed.trim().to_lowercase();
    let names = || rules.iter().map(|rule| (rule.name.to_lowercase(), &rule.name));
    if typed.is_empty() || names().any(|(name, _)| name == typed) {
        return None;
    }
    let begins = names().find(|(name, _)| name.starts_with(&typed));
    begins.or_else(|| names().find(|(name, _)| name.contains(&typed))).map(|(_, name)| name.clone())
}

fn query(value: &str, form: &Form, state: &State) -> Verdict {
    Query::parse(value).map_err(|error| error.to_string())?;
    Ok(match (value.trim().is_empty(), chosen_rule(form, state)) {
        (false, _) => String::new(),
        (true, Some(rule)) if !rule.scope.query.text().is_empty() => {
            format!("the rule's: {}", text::shorten(rule.scope.query.text(), 40))
        }
        (true, _) => "every event".to_owned(),
    })
}

fn started(value: &str, form: &Form, state: &State, moment: Moment) -> Verdict {
    let now = moment.now;
    if value.trim().is_empty() {
        return if form.purpose == Purpose::Edit { Err("the start is empty".to_owned()) } else { Ok("now".to_owned()) };
    }
    let given = state.zone.read(value, now).map_err(|error| error.to_string())?;
    opening_times(Some(given), None, now).map_err(|error| error.to_string())?;
    let closed = form.targets.first().and_then(|target| state.rows.incident(target.seen.id)?.date_closed);
    if let Some(date_closed) = closed.filter(|closed| *closed < given) {
        return Err(IncidentTimeError::StartAfterClose { given, date_closed }.to_string());
    }
    Ok(reading(given, state.zone, now))
}

fn closed_at(value: &str, targets: &[Target], zone: Zone, moment: Moment) -> Verdict {
    let now = moment.now;
    if value.trim().is_empty() {
        return Ok("now".to_owned());
    }
    let given = zone.read(value, now).map_err(|error| error.to_string())?;
    for target in targets {
        let decided = closing(target.seen.date_started, None, Some(given), false, now);
        decided.map_err(
            |error| if targets.len() > 1 { format!("#{}: {error}", target.seen.id) } else { error.to_string() },
        )?;
    }
    Ok(reading(given, zone, now))
}

/// What a time was read as, so that `-2h` holds no surprise.
fn reading(instant: Timestamp, zone: Zone, now: Timestamp) -> String {
    format!("{}, {} ago", zone.full(instant), span::format(now.since(instant)))
}
