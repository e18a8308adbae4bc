//! How answers are written: one JSON document, or a text of another kind.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::export::json;

/// One JSON document.
pub(super) fn document(status: StatusCode, value: &Value) -> Response {
    text(status, "application/json", json::text(value))
}

/// A text of this media type. It is as of now, and nothing else than what it says it is.
pub(super) fn text(status: StatusCode, media_type: &'static str, text: String) -> Response {
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
        ),
    ];
    (status, headers, text).into_response()
}
