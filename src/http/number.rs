//! The incident that a path names: `482`, and for a file of its snapshot `482.svg`.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::error::ApiError;
use crate::domain::{IncidentId, text};

/// The incident that a path names.
pub(super) struct Number(pub(super) IncidentId);

/// The incident that a path names, and the end of a file's name, if there is one.
pub(super) struct File {
    pub(super) id: IncidentId,
    pub(super) extension: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        incident_id(&segment(parts, state).await?).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for File {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let segment = segment(parts, state).await?;
        let (number, extension) = match segment.split_once('.') {
            Some((number, extension)) => (number, Some(extension.to_owned())),
            None => (segment.as_str(), None),
        };
        Ok(Self { id: incident_id(number)?, extension })
    }
}

async fn segment<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<String, ApiError> {
    let found: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
    found.map(|Path(segment)| segment).map_err(|_| ApiError::input("the path is not UTF-8"))
}

fn incident_id(text: &str) -> Result<IncidentId, ApiError> {
    let wrong = || ApiError::input(format!("'{}' is not the number of an incident", text::shorten(text, 60)));
    text.parse().map(IncidentId::new).map_err(|_| wrong())
}
