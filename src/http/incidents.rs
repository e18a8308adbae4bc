//! `/api/v1/incidents`: opens, lists, shows and changes incidents.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;

use super::caller::Caller;
use super::context::Context;
use super::error::ApiError;
use super::number::Number;
use super::parameters::{self, Rows};
use super::{answer, body};
use crate::domain::filter::{Condition, Filter, NamePattern, Word};
use crate::domain::order::Sort;
use crate::domain::{IncidentId, Listed, Query, Status, Timestamp, text};
use crate::export::{alerts_json, json};
use crate::ops::close::{self, CloseRequest};
use crate::ops::open::{self, OpenRequest};
use crate::ops::reopen::{self, ReopenRequest};
use crate::ops::{OpsError, StatusChange, comment};

type Answer = Result<Response, ApiError>;

/// What a list is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListParameters {
    status: Option<String>,
    project: Option<String>,
    search: Option<String>,
    filter: Option<String>,
    #[serde(default)]
    limit: Rows,
}

impl ListParameters {
    /// All that was asked for must hold.
    fn filter(&self) -> Result<Filter, ApiError> {
        let written = self.filter.as_deref().unwrap_or_default();
        let mut filter = Filter::parse(written).map_err(|error| ApiError::input(error.to_string()))?;
        match self.status.as_deref() {
            None | Some("all") => {}
            Some(status) => filter = filter.and(Condition::Status(status.parse::<Status>()?)),
        }
        if let Some(project) = &self.project {
            filter = filter.and(Condition::Project(NamePattern::Exactly(project.clone())));
        }
        Ok(match self.search.as_deref().map(str::trim).filter(|search| !search.is_empty()) {
            Some(search) => filter.and(Condition::Word(Word::exact(search))),
            None => filter,
        })
    }
}

pub(super) async fn list(State(context): State<Context>, uri: Uri) -> Answer {
    let parameters: ListParameters = parameters::read(&uri)?;
    let filter = parameters.filter()?;
    let store = context.store()?;
    let now = store.now().await?;
    let mut tx = store.read().await?;
    let ids = tx.incident_ids(Listed::Incidents, &filter, Sort::default(), now, Some(parameters.limit.0)).await?;
    let incidents = tx.incidents(&ids).await?;
    Ok(answer::document(StatusCode::OK, &incidents.iter().map(json::incident).collect()))
}

/// What an incident is opened with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenBody {
    title: String,
    rule: Option<String>,
    #[serde(default)]
    projects: Vec<String>,
    query: Option<String>,
    r#type: Option<String>,
    aggregation: Option<String>,
    started: Option<String>,
    detected: Option<String>,
}

pub(super) async fn open(State(context): State<Context>, caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: OpenBody = body::json(&headers, &body)?;
    let by = caller.name()?;
    if let Some(rule) = &asked.rule {
        text::optional("rule", rule, text::NAME_LIMIT)?;
    }
    let query = asked.query.as_deref().map(Query::parse).transpose()?;
    let incident_type = asked.r#type.as_deref().map(str::parse).transpose()?;
    let aggregation = asked.aggregation.as_deref().map(str::parse).transpose()?;
    let store = context.store()?;
    let now = store.now().await?;
    let request = OpenRequest {
        title: asked.title,
        rule: asked.rule,
        projects: asked.projects,
        query,
        incident_type,
        aggregation,
        date_started: at(asked.started.as_deref(), now)?,
        date_detected: at(asked.detected.as_deref(), now)?,
    };
    let incident = open::open(store, &by, request).await?;
    let mut response = answer::document(StatusCode::CREATED, &json::incident(&incident));
    if let Ok(location) = HeaderValue::from_str(&format!("/api/v1/incidents/{}", incident.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

pub(super) async fn show(State(context): State<Context>, Number(id): Number) -> Answer {
    let mut tx = context.store()?.read().await?;
    let incident = tx.incident(id).await?.ok_or_else(|| OpsError::no_incidents(&[id]))?;
    let activities = tx.activities(id).await?;
    let superseded = tx.superseded(id).await?;
    let origin = tx.origins(&[id]).await?.pop().map(|(_, origin)| origin);
    let alerts = tx.alerts_of(id, u32::MAX).await?;
    let mut document = json::whole_incident(&incident, &activities, &superseded);
    document["origin"] = alerts_json::origin(origin.as_ref());
    document["alerts"] = alerts_json::alerts(&alerts);
    Ok(answer::document(StatusCode::OK, &document))
}

/// How an incident is closed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CloseBody {
    at: Option<String>,
    comment: Option<String>,
}

pub(super) async fn close(
    State(context): State<Context>,
    Number(id): Number,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let asked: CloseBody = body::json_if_any(&headers, &body)?;
    let by = caller.name()?;
    let store = context.store()?;
    let now = store.now().await?;
    let request = CloseRequest { ids: vec![id], at: at(asked.at.as_deref(), now)?, comment: asked.comment };
    changed(id, &close::close(store, &by, request).await?)
}

/// How an incident is reopened.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReopenBody {
    comment: Option<String>,
}

pub(super) async fn reopen(
    State(context): State<Context>,
    Number(id): Number,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let asked: ReopenBody = body::json_if_any(&headers, &body)?;
    let by = caller.name()?;
    let request = ReopenRequest { ids: vec![id], comment: asked.comment, ..ReopenRequest::default() };
    changed(id, &reopen::reopen(context.store()?, &by, request).await?)
}

/// What is said on a timeline.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommentBody {
    text: String,
}

pub(super) async fn comment(
    State(context): State<Context>,
    Number(id): Number,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let asked: CommentBody = body::json(&headers, &body)?;
    let by = caller.name()?;
    let activity = comment::comment(context.store()?, &by, id, &asked.text).await?;
    Ok(answer::document(StatusCode::CREATED, &json::activity(&activity)))
}

fn at(given: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
    Ok(given.map(|given| Timestamp::parse(given, now)).transpose()?)
}

fn changed(id: IncidentId, changes: &[StatusChange]) -> Answer {
    let change = changes.first().ok_or_else(|| OpsError::no_incidents(&[id]))?;
    Ok(answer::document(StatusCode::OK, &json::incident(&change.incident)))
}
