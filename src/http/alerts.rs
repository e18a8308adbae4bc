//! `POST /webhooks/alertmanager`: what Alertmanager reports. The answer is 2xx only when all of it is committed; what
//! cannot be taken in now is 503, which Alertmanager sends again, and what can never be read is 400, which it does not.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::answer;
use super::context::Context;
use super::error::ApiError;
use super::parameters;
use crate::domain::IncidentId;
use crate::domain::alert::Notification;
use crate::ops::alerts::{self, DEFAULT_SOURCE};

/// From where a notification is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// The name of the source of alerts: Alertmanagers that tell the same have the same.
    source: Option<String>,
}

pub(super) async fn receive(State(context): State<Context>, uri: Uri, body: Bytes) -> Result<Response, ApiError> {
    let Parameters { source } = parameters::read(&uri)?;
    let notification = Notification::read(&body).map_err(|error| ApiError::input(error.to_string()))?;
    let source = source.as_deref().unwrap_or(DEFAULT_SOURCE);
    let received = alerts::receive(context.store()?, context.intake(), source, &notification).await?;
    let numbers = |ids: &std::collections::BTreeSet<IncidentId>| ids.iter().map(|id| id.value()).collect::<Vec<_>>();
    let (opened, closed) = (numbers(&received.opened), numbers(&received.closed));
    if received.changed {
        tracing::info!(source, alerts = notification.alerts.len(), ?opened, ?closed, "alerts taken in");
    }
    let document = json!({ "changed": received.changed, "opened": opened, "closed": closed });
    Ok(answer::document(StatusCode::OK, &document))
}
