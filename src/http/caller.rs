//! In whose name a request acts.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::error::ApiError;
use crate::domain::text;

const HEADER: &str = "x-afterimage-user";
/// Who acts where nobody says so.
const NOBODY: &str = "api";

/// Who acts: the name in `X-Afterimage-User`. Checked only where it is needed.
pub(super) struct Caller(Option<Vec<u8>>);

impl Caller {
    /// The name.
    ///
    /// # Errors
    /// Where what was given is none.
    pub(super) fn name(self) -> Result<String, ApiError> {
        let Some(given) = self.0 else { return Ok(NOBODY.to_owned()) };
        let name =
            String::from_utf8(given).map_err(|_| ApiError::input("the name in X-Afterimage-User is not UTF-8"))?;
        Ok(text::required("name of who does it (X-Afterimage-User)", &name, text::NAME_LIMIT)?.to_owned())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get(HEADER).map(|given| given.as_bytes().to_vec())))
    }
}
