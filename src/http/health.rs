//! `GET /healthz`: whether this program is there. Needs no token, no database, and no place among the others.

use axum::http::StatusCode;
use axum::response::Response;

use super::answer;

pub(super) const PATH: &str = "/healthz";

pub(super) async fn healthy() -> Response {
    answer::text(StatusCode::OK, "text/plain; charset=utf-8", "ok\n".to_owned())
}
