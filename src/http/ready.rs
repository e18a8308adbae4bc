//! `GET /readyz`: whether this program does what it is there for: its database answers, and its processor has lately
//! run. Needs no token and no place among the others; why it is not so in detail is said to those who have one.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::answer;
use super::context::Context;
use crate::domain::text;

pub(super) const PATH: &str = "/readyz";
const REASON_LIMIT: usize = 400;

pub(super) async fn ready(State(context): State<Context>, headers: HeaderMap) -> Response {
    let (status, said) = match unready(&context).await {
        None => (StatusCode::OK, "ready".to_owned()),
        Some(reason) => {
            let reason = text::shorten(&reason, REASON_LIMIT);
            let may_know = context.policy().check(&headers).is_ok();
            // What the database or a source said stands behind the first colon, and may name hosts and users.
            let general = || reason.split(": ").next().unwrap_or_default().to_owned();
            (StatusCode::SERVICE_UNAVAILABLE, if may_know { reason } else { general() })
        }
    };
    answer::text(status, "text/plain; charset=utf-8", format!("{said}\n"))
}

/// Why this process should not be relied on, where that is so.
pub(super) async fn unready(context: &Context) -> Option<String> {
    let Ok(store) = context.store() else { return Some("the database is not there yet".to_owned()) };
    if let Err(error) = context.surveyor().reach(store).await {
        return Some(format!("the database does not answer: {error}"));
    }
    context.process().vitals.unready(store.host_now())
}
