//! Which events a query finds, computed a second time and without a database, to check the scenario with.

use crate::domain::query::{Field, Pattern, Term};
use crate::domain::rule::Scope;
use crate::domain::{Event, Query};

/// Whether an incident of this scope counts this event.
pub fn counts(scope: &Scope, event: &Event) -> bool {
    let in_projects = scope.projects.is_empty() || event.project.as_ref().is_some_and(|it| scope.projects.contains(it));
    in_projects && finds(&scope.query, event)
}

/// Whether this query finds this event.
pub fn finds(query: &Query, event: &Event) -> bool {
    query.terms().iter().all(|term| holds(term, event))
}

fn holds(term: &Term, event: &Event) -> bool {
    let value = match &term.field {
        Field::Level => event.level.as_ref(),
        Field::Project => event.project.as_ref(),
        Field::Environment => event.environment.as_ref(),
        Field::User => event.user.as_ref(),
        Field::Fingerprint => event.fingerprint.as_ref(),
        Field::Message => event.message.as_ref(),
        Field::Tag(name) => event.tags.get(name),
    };
    value.is_some_and(|value| fits(&term.pattern, value)) != term.negated
}

fn fits(pattern: &Pattern, value: &str) -> bool {
    let pieces = match pattern {
        Pattern::Exact(exact) => return exact == value,
        Pattern::Wildcard(pieces) => pieces,
    };
    let value = value.to_ascii_lowercase();
    let pieces: Vec<String> = pieces.iter().map(|piece| piece.to_ascii_lowercase()).collect();
    let (first, last) = (pieces.first().unwrap(), pieces.last().unwrap());
    let Some(mut rest) = value.strip_prefix(first.as_str()) else { return false };
    for piece in &pieces[1..pieces.len() - 1] {
        let Some(found) = rest.find(piece.as_str()) else { return false };
        rest = &rest[found + piece.len()..];
    }
    rest.ends_with(last.as_str())
}
