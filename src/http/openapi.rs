//! `GET /api/v1/openapi.json`: what this interface is, for people and for programs.

use axum::http::StatusCode;
use axum::response::Response;

use super::answer;

/// The document. A test holds it against the table of routes.
const DOCUMENT: &str = include_str!("../../assets/openapi.json");

pub(super) async fn document() -> Response {
    answer::text(StatusCode::OK, "application/json", DOCUMENT.to_owned())
}
