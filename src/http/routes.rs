//! The table of routes: the router is built from it, and a test holds the OpenAPI document against it.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::context::Context;
use super::error::ApiError;
use super::{alerts, events, gate, health, incidents, metrics, openapi, ready, snapshots};

/// One way to ask for something.
pub struct Route {
    /// How.
    pub method: Method,
    /// Where, as the OpenAPI document writes it.
    pub path: &'static str,
    /// Who answers; `None` where the route above does, which looks at the end of the path itself.
    handler: Option<MethodRouter<Context>>,
}

/// Everything that can be asked for.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        get(health::PATH, health::healthy),
        get(ready::PATH, ready::ready),
        get("/metrics", metrics::metrics),
        get("/api/v1/openapi.json", openapi::document),
        get("/api/v1/incidents", incidents::list),
        post("/api/v1/incidents", incidents::open),
        get("/api/v1/incidents/{id}", incidents::show),
        post("/api/v1/incidents/{id}/close", incidents::close),
        post("/api/v1/incidents/{id}/reopen", incidents::reopen),
        post("/api/v1/incidents/{id}/comments", incidents::comment),
        post("/api/v1/events", events::import),
        get("/api/v1/snapshots", snapshots::list),
        get("/api/v1/snapshots/{id}", snapshots::export),
        also("/api/v1/snapshots/{id}.svg"),
        also("/api/v1/snapshots/{id}.md"),
        also("/api/v1/snapshots/{id}.csv"),
        post("/webhooks/alertmanager", alerts::receive),
    ]
}

fn get<H: Handler<T, Context>, T: 'static>(path: &'static str, handler: H) -> Route {
    Route { method: Method::GET, path, handler: Some(on(MethodFilter::GET, handler)) }
}

fn post<H: Handler<T, Context>, T: 'static>(path: &'static str, handler: H) -> Route {
    Route { method: Method::POST, path, handler: Some(on(MethodFilter::POST, handler)) }
}

fn also(path: &'static str) -> Route {
    Route { method: Method::GET, path, handler: None }
}

/// All routes behind the gate.
pub(super) fn router(context: Context) -> Router {
    let with_route = |router: Router<Context>, route: Route| match route.handler {
        Some(handler) => router.route(route.path, handler),
        None => router,
    };
    let unknown = || async { ApiError::absent("there is nothing at this path: see GET /api/v1/openapi.json") };
    routes()
        .into_iter()
        .fold(Router::new(), with_route)
        .fallback(unknown)
        // The gate has a limit of its own.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(context.clone(), gate::pass))
        .with_state(context)
}
