//! Takes in the body of a request within its limits, and reads JSON from it.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::context::Context;
use super::error::ApiError;
use crate::domain::text;

/// How long, and how much, a body is read that nobody wants: a client that is still sending would not see the answer.
const DISCARD_FOR: Duration = Duration::from_secs(1);
const DISCARDED: usize = 16_000_000;

/// The body of a request, and its share of the memory for all of them.
pub(super) struct Taken {
    pub(super) bytes: Bytes,
    pub(super) share: Option<OwnedSemaphorePermit>,
}

/// Takes in all of a body before `deadline`.
pub(super) async fn take(
    context: &Context,
    headers: &HeaderMap,
    body: Body,
    deadline: Instant,
) -> Result<Taken, ApiError> {
    let limit = context.limits().body;
    let too_large =
        || ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is too large: the limit is {limit} bytes"));
    let mut chunks = body.into_data_stream();
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        if !headers.contains_key(EXPECT) {
            discard(chunks).await;
        }
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let mut share: Option<OwnedSemaphorePermit> = None;
    loop {
        let next = tokio::time::timeout_at(deadline, chunks.next()).await.map_err(|_| too_slow())?;
        let chunk = match next {
            None => return Ok(Taken { bytes: bytes.into(), share }),
            Some(chunk) => chunk.map_err(|_| ApiError::input("the body ends before its end"))?,
        };
        if bytes.len() + chunk.len() > limit {
            drop((bytes, share));
            discard(chunks).await;
            return Err(too_large());
        }
        let permits = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        let full = || ApiError::busy("too much is being sent at once: try again");
        let more = context.memory().clone().try_acquire_many_owned(permits).map_err(|_| full())?;
        match &mut share {
            None => share = Some(more),
            Some(share) => share.merge(more),
        }
        bytes.extend_from_slice(&chunk);
    }
}

fn too_slow() -> ApiError {
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "the body has not come in time")
}

/// Reads on for a moment.
pub(super) async fn discard(mut chunks: axum::body::BodyDataStream) {
    let read = async {
        let mut read = 0;
        while let Some(Ok(chunk)) = chunks.next().await {
            read += chunk.len();
            if read > DISCARDED {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(DISCARD_FOR, read).await;
}

/// The media type of a body, without what stands behind it.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let given = headers.get(CONTENT_TYPE).and_then(|given| given.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The body is of another media type than those that are taken.
pub(super) fn wrong_media_type(headers: &HeaderMap, taken: &str) -> ApiError {
    let given = match media_type(headers) {
        none if none.is_empty() => "there is no Content-Type".to_owned(),
        given => format!("the Content-Type is '{}'", text::shorten(&given, 60)),
    };
    ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("{given}: it must be {taken}"))
}

/// The JSON object in a body. A key that means nothing is refused by its name.
pub(super) fn json<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, ApiError> {
    if media_type(headers) != "application/json" {
        return Err(wrong_media_type(headers, "application/json"));
    }
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(ApiError::input("the body is not a JSON object"));
    }
    serde_json::from_slice(body).map_err(|error| {
        let said = text::shorten(&error.to_string(), 300);
        ApiError::input(format!("the body cannot be read: {said}"))
    })
}

/// The same, where there may be no body at all.
pub(super) fn json_if_any<T: DeserializeOwned + Default>(headers: &HeaderMap, body: &Bytes) -> Result<T, ApiError> {
    if body.is_empty() { Ok(T::default()) } else { json(headers, body) }
}
