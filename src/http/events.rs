//! `/api/v1/events`: brings events in, all of a body or nothing of it.

use std::io::Cursor;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::context::Context;
use super::error::ApiError;
use super::{answer, body, parameters};
use crate::ops::import::{self, Format, ImportReport, ImportRequest, Input, InvalidLine};

const TAKEN: &str = "application/x-ndjson or text/csv";

/// How events are imported.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ImportParameters {
    project: Option<String>,
    level: Option<String>,
    #[serde(default)]
    again: bool,
    #[serde(default)]
    skip_invalid: bool,
}

pub(super) async fn import(
    State(context): State<Context>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let parameters: ImportParameters = parameters::read(&uri)?;
    let format = match body::media_type(&headers).as_str() {
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/json" => Format::Ndjson,
        "text/csv" => Format::Csv,
        _ => return Err(body::wrong_media_type(&headers, TAKEN)),
    };
    let request = ImportRequest {
        format: Some(format),
        project: parameters.project,
        level: parameters.level,
        again: parameters.again,
        skip_invalid: parameters.skip_invalid,
        ..ImportRequest::of(Input::Request(Box::new(Cursor::new(body))))
    };
    let report = import::import(context.store()?, request, &mut |_| {}).await?;
    Ok(answer::document(StatusCode::OK, &document(&report)))
}

/// The document that `event import --json` prints.
fn document(report: &ImportReport) -> Value {
    let invalid = |invalid: &InvalidLine| json!({ "line": invalid.line, "reason": invalid.reason });
    json!({
        "records": report.records,
        "imported": report.imported,
        "known": report.known,
        "skipped_invalid": report.skipped_invalid,
        "already_imported": report.already_imported,
        "resumed_at": report.resumed_at,
        "invalid": report.invalid.iter().map(invalid).collect::<Vec<_>>(),
    })
}
