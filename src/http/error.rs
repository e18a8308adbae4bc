//! Why a request was not done: the kinds of the command line's exit statuses, as HTTP says them.

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::answer;
use crate::domain::text::TextError;
use crate::domain::timestamp::TimeError;
use crate::domain::{Remedy, text};
use crate::ops::OpsError;
use crate::store::StoreError;

/// Seconds after which a client may ask again where only others were in the way.
const SOON: HeaderValue = HeaderValue::from_static("1");
/// Seconds after which it may where the database cannot be used.
const LATER: HeaderValue = HeaderValue::from_static("5");

/// Why a request was not done.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    message: String,
    retry_after: Option<HeaderValue>,
}

impl ApiError {
    /// With this status, and this to say.
    #[must_use]
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after: None }
    }

    /// What was asked makes no sense.
    #[must_use]
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// What was asked for does not exist.
    #[must_use]
    pub fn absent(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// Not now: others are in the way.
    #[must_use]
    pub fn busy(message: impl Into<String>) -> Self {
        Self { retry_after: Some(SOON), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, message) }
    }

    /// Not now: what is needed is not there.
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { retry_after: Some(LATER), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, message) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let message = text::printable(&self.message);
        match self.status {
            StatusCode::INTERNAL_SERVER_ERROR => tracing::error!(error = %message, "request failed"),
            // Under load there may be thousands of them, and each client is told.
            status => tracing::debug!(status = status.as_u16(), error = %message, "request refused"),
        }
        let mut response = answer::document(self.status, &json!({ "error": message }));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"afterimage\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl From<OpsError> for ApiError {
    fn from(error: OpsError) -> Self {
        let message = with_remedy(&error);
        match error {
            OpsError::Input(_) => Self::input(message),
            OpsError::Absent(_) => Self::absent(message),
            OpsError::Conflict(_) | OpsError::Refused(_) => Self::new(StatusCode::CONFLICT, message),
            OpsError::Store(error) => error.into(),
            OpsError::Interrupted => Self::busy(message),
            OpsError::Source(_) => Self::unavailable(message),
            OpsError::File { .. } | OpsError::Defect(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, message),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Busy => Self::busy(message),
            StoreError::Damaged(_) | StoreError::Statement(_) | StoreError::Url(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
            }
            StoreError::Missing(_)
            | StoreError::NotADatabase(_)
            | StoreError::Unreachable { .. }
            | StoreError::Schema(_)
            | StoreError::ReadOnly
            | StoreError::Full(_)
            | StoreError::Exhausted(_)
            | StoreError::Gone(_)
            | StoreError::Replaced(_)
            | StoreError::Unconfirmed(_)
            | StoreError::Connection(_) => Self::unavailable(message),
        }
    }
}

/// Every way in which an input can be wrong says itself what is wrong with it.
macro_rules! input_errors {
    ($($error:ty),+) => {
        $(impl From<$error> for ApiError {
            fn from(error: $error) -> Self {
                Self::from(OpsError::from(error))
            }
        })+
    };
}
input_errors!(TextError, TimeError, crate::domain::names::UnknownName, crate::domain::query::QueryError);

/// What can be done instead is said in requests.
fn with_remedy(error: &OpsError) -> String {
    let OpsError::Refused(refusal) = error else { return error.to_string() };
    refusal.said(|remedy| match remedy {
        Remedy::CommentOrReopen => {
            "comment on it with POST .../comments, or reopen it to close it at another time".to_owned()
        }
        Remedy::Reopen => "reopen it instead".to_owned(),
        Remedy::CaptureEarly => "'process --force' captures it now, without what happens until then".to_owned(),
        Remedy::SeeSnapshot(id) => format!("see GET /api/v1/snapshots/{id}"),
    })
}
