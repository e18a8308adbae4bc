//! What every request passes on its way in and out: who asks, how much, how long, how many at once. What panics behind it
//! has failed, and no more.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::body::{self, Taken};
use super::context::Context;
use super::error::ApiError;
use super::{health, ready};
use crate::domain::text;

/// Lets a request in, and its answer out.
pub(super) async fn pass(State(context): State<Context>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let asked = (request.method().clone(), text::shorten(request.uri().path(), 200));
    let response = if [health::PATH, ready::PATH].contains(&request.uri().path()) {
        // Whoever watches this program has no token, and must not wait for those who have one.
        next.run(request).await
    } else {
        admit(&context, request, next, began).await.unwrap_or_else(IntoResponse::into_response)
    };
    let response = match response.status() {
        // Which ones are is in the header Allow, which the router adds.
        StatusCode::METHOD_NOT_ALLOWED => {
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "this method is not for this path").into_response()
        }
        _ => response,
    };
    let (status, took) = (response.status().as_u16(), began.elapsed());
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(method = %asked.0, path = asked.1, status, took_ms, "request answered");
    response
}

async fn admit(context: &Context, request: Request, next: Next, began: Instant) -> Result<Response, ApiError> {
    let limits = context.limits();
    let deadline = began + limits.request;
    let (head, body) = request.into_parts();
    if let Err(refused) = context.policy().check(&head.headers) {
        body::discard(body.into_data_stream()).await;
        return Err(refused);
    }
    // The body comes first: a slow client must not keep the others from their work.
    let Taken { bytes, share } = body::take(context, &head.headers, body, deadline).await?;
    let waited = timeout(limits.wait, context.work().acquire()).await;
    let busy = || ApiError::busy("too many requests are at work: try again");
    let place = waited.map_err(|_| busy())?.map_err(|_| busy())?;
    let request = Request::from_parts(head, Body::from(bytes));
    let outcome = timeout_at(deadline, AssertUnwindSafe(next.run(request)).catch_unwind()).await;
    drop((place, share));
    let seconds = limits.request.as_secs();
    let late = || ApiError::busy(format!("it was not done within {seconds} s and given up: try again"));
    outcome.map_err(|_| late())?.map_err(|panic| defect(panic.as_ref()))
}

fn defect(panic: &(dyn Any + Send)) -> ApiError {
    let said = panic.downcast_ref::<&str>().copied();
    let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or_default();
    tracing::error!(panic = text::shorten(said, 300), "a request has met a defect in this program");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "a defect in this program: its log says more")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;

    use super::*;
    use crate::http::access::Policy;
    use crate::http::context::Database;
    use crate::http::limits::Limits;

    async fn panics() -> Response {
        panic!("on purpose")
    }

    async fn never_ends() -> Response {
        std::future::pending().await
    }

    #[tokio::test]
    async fn what_panics_or_never_ends_fails_alone() {
        let limits = Limits { requests: 1, request: Duration::from_millis(50), ..Limits::default() };
        let context = Context::new(Database::default(), Policy::default(), limits);
        let router = Router::new().route("/panics", get(panics)).route("/never-ends", get(never_ends));
        let router = router.route("/answers", get(|| async { "yes" })).layer(from_fn_with_state(context, pass));
        let service = TowerToHyperService::new(router);
        for (path, status) in [("/panics", 500), ("/never-ends", 503), ("/panics", 500), ("/answers", 200)] {
            let request = Request::get(path).header("host", "localhost").body(Body::empty()).unwrap();
            let response: Response = service.call(request).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{path}");
        }
    }
}
