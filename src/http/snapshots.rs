//! `/api/v1/snapshots`: what was kept, as a document, a picture, a page and a table.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;

use super::answer;
use super::context::Context;
use super::error::ApiError;
use super::number::File;
use super::parameters::{self, Rows};
use crate::domain::{Activity, Incident, IncidentId, SeriesKind, Snapshot};
use crate::export::svg::Theme;
use crate::export::{self, Format, Origin, Subject, json};
use crate::ops::OpsError;
use crate::store::Store;

/// What a list is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListParameters {
    #[serde(default)]
    limit: Rows,
}

pub(super) async fn list(State(context): State<Context>, uri: Uri) -> Result<Response, ApiError> {
    let parameters: ListParameters = parameters::read(&uri)?;
    let snapshots = context.store()?.read().await?.snapshot_list(Some(parameters.limit.0)).await?;
    Ok(answer::document(StatusCode::OK, &snapshots.iter().map(json::facts).collect()))
}

/// How a picture or a page is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportParameters {
    theme: Option<String>,
    series: Option<String>,
}

pub(super) async fn export(
    State(context): State<Context>,
    File { id, extension }: File,
    uri: Uri,
) -> Result<Response, ApiError> {
    let format = format(extension.as_deref())?;
    let parameters: ExportParameters = parameters::read(&uri)?;
    let theme = parameters.theme.as_deref().map(str::parse::<Theme>).transpose()?;
    let series = parameters.series.as_deref().map(str::parse::<SeriesKind>).transpose()?;
    if theme.is_some() && format != Format::Svg {
        return Err(ApiError::input(format!("theme goes with svg, not with {format}")));
    }
    if series.is_some() && !format.has_chart() {
        return Err(ApiError::input(format!("series goes with svg and markdown: {format} has both")));
    }
    let (incident, activities, snapshot) = kept(context.store()?, id).await?;
    let subject = Subject {
        incident: &incident,
        activities: &activities,
        snapshot: &snapshot,
        origin: Origin::Kept,
        series: series.unwrap_or_else(|| export::first_series(&incident, &snapshot)),
    };
    let written = export::write(&subject, format, theme.unwrap_or(Theme::Auto));
    Ok(answer::text(StatusCode::OK, media_type(format), written))
}

/// The format that a path asks for by its end.
fn format(extension: Option<&str>) -> Result<Format, ApiError> {
    let Some(extension) = extension else { return Ok(Format::Json) };
    let named = Format::ALL.iter().copied().find(|format| format.extension() == extension);
    named.ok_or_else(|| ApiError::absent("a snapshot is there as .svg, .md and .csv, and as JSON without an end"))
}

fn media_type(format: Format) -> &'static str {
    match format {
        Format::Markdown => "text/markdown; charset=utf-8",
        Format::Svg => "image/svg+xml",
        Format::Csv => "text/csv; charset=utf-8",
        Format::Json => "application/json",
    }
}

/// The snapshot of an incident; where there is none, why.
async fn kept(store: &Store, id: IncidentId) -> Result<(Incident, Vec<Activity>, Snapshot), ApiError> {
    let mut tx = store.read().await?;
    let incident = tx.incident(id).await?.ok_or_else(|| OpsError::no_incidents(&[id]))?;
    if let Some(snapshot) = tx.snapshot(id).await? {
        let activities = tx.activities(id).await?;
        return Ok((incident, activities, snapshot));
    }
    let why = match (&incident.pending, incident.date_closed) {
        (Some(row), _) => format!("it is pending, due at {}", row.target_run_date),
        (None, None) => "it is open".to_owned(),
        (None, Some(_)) => "the pending one was discarded".to_owned(),
    };
    Err(ApiError::absent(format!("incident {id} has no snapshot: {why}")))
}
