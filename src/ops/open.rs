//! Opens an incident (rules 2 and 3).

use super::OpsError;
use crate::domain::rule::ScopeChoice;
use crate::domain::{
    Activity, ActivityKind, Aggregation, Incident, IncidentType, Query, Timestamp, incident, rule::Scope, text,
};
use crate::store::Store;
use crate::store::incident::NewIncident;

/// What an incident is opened with.
#[derive(Debug, Clone, Default)]
pub struct OpenRequest {
    /// What it is called.
    pub title: String,
    /// The rule from which it copies what it is not given itself (rule 3).
    pub rule: Option<String>,
    /// Its projects, instead of the rule's.
    pub projects: Vec<String>,
    /// Its query, instead of the rule's.
    pub query: Option<Query>,
    /// How it came to be; `created` where nothing is said.
    pub incident_type: Option<IncidentType>,
    /// What a bucket counts, instead of the rule's.
    pub aggregation: Option<Aggregation>,
    /// When it started; now where nothing is said (rule 2).
    pub date_started: Option<Timestamp>,
    /// When it was noticed; at its start where nothing is said (rule 2).
    pub date_detected: Option<Timestamp>,
}

/// Opens an incident and writes its `detected` activity.
///
/// # Errors
/// Where the title, a project or a time cannot be, or there is no such rule.
pub async fn open(store: &Store, by: &str, request: OpenRequest) -> Result<Incident, OpsError> {
    let title = text::required("title", &request.title, text::TITLE_LIMIT)?;
    let by = super::checked_name(by)?;
    let projects = super::rule::checked_projects(&request.projects)?;
    let now = store.now().await?;
    let (date_started, date_detected) = incident::opening_times(request.date_started, request.date_detected, now)?;
    let mut tx = store.write().await?;
    let (scope, rule) = match &request.rule {
        None => (Scope::default(), None),
        Some(name) => {
            let stored = tx.rule(name).await?.ok_or_else(|| OpsError::no_rule(name))?;
            (stored.rule.scope, Some((Some(stored.id), stored.rule.name)))
        }
    };
    let choice = ScopeChoice { query: request.query, aggregation: request.aggregation, projects };
    let scope = scope.for_incident(choice);
    let new = NewIncident {
        title,
        incident_type: request.incident_type.unwrap_or(IncidentType::Created),
        query: scope.query.text(),
        scope: &scope,
        rule,
        date_started,
        date_detected,
        date_added: now,
    };
    let id = tx.insert_incident(&new).await?;
    let detected = Activity { kind: ActivityKind::Detected, at: now, by, from: None, to: None, comment: None };
    tx.insert_activity(id, &detected).await?;
    let incident = tx.incident(id).await?.ok_or_else(|| OpsError::no_incidents(&[id]))?;
    tx.commit().await?;
    Ok(incident)
}
