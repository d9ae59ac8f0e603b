//! Every route, and what holds for all of them: problem details, security headers, no panic ends a connection.

use super::problem::Problem;
use super::published::Published;
use super::server::HEADER_TIMEOUT;
use super::whatif_desk::Desk;
use super::{
    consultations, counties, explain, health, lists, openapi, page, rankings, reductions, rules, runs, targets,
    warnings, whatif,
};
use crate::archive::store::Store;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use std::any::Any;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

/// Sent with every answer: the page loads its own style and image and nothing else, from nowhere else.
const SECURITY_HEADERS: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
];

/// Every route with its handler.
fn routes() -> Vec<(&'static str, MethodRouter<Published>)> {
    vec![
        ("/", get(page::page)),
        ("/page.css", get(page::style)),
        ("/icon.svg", get(page::icon)),
        ("/healthz", get(health::check)),
        ("/openapi.json", get(openapi::document)),
        ("/v1/runs", get(runs::list)),
        ("/v1/runs/{run}", get(runs::one)),
        ("/v1/runs/{run}/list.xlsx", get(lists::workbook)),
        ("/v1/runs/{run}/list.csv", get(lists::table)),
        ("/v1/counties", get(counties::list)),
        ("/v1/counties/{adcode}/forecast", get(counties::forecast)),
        ("/v1/warnings/current", get(warnings::current)),
        ("/v1/warnings/{adcode}", get(warnings::one)),
        ("/v1/warnings/{adcode}/explain", get(explain::one)),
        ("/v1/rules", get(rules::of_run)),
        ("/v1/targets", get(targets::of_run)),
        ("/v1/reductions/{run}", get(reductions::one)),
        ("/v1/rankings/{run}", get(rankings::one)),
        ("/v1/rankings/{run}/map/{window}", get(rankings::map)),
        // the only body that is read: a client that does not send it lets its connection go
        (
            "/v1/whatif",
            post(whatif::ask).layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, HEADER_TIMEOUT)),
        ),
        ("/v1/whatif/{id}", get(whatif::one).delete(whatif::cancel)),
        ("/v1/consultations/{run}", get(consultations::one)),
    ]
}

/// The paths that are served, as in the OpenAPI document.
pub fn paths() -> Vec<&'static str> {
    routes().into_iter().map(|(path, _)| path).collect()
}

/// Longest body of a question [bytes].
const LONGEST_QUESTION: usize = 64 * 1024;

/// The API over an archive.
pub fn router(store: Arc<Store>) -> Router {
    over(Published::new(store))
}

/// The API over an archive, with a desk for what-if questions about these counties.
pub fn router_with(store: Arc<Store>, desk: Arc<Desk>, counties: &[u32]) -> Router {
    over(Published::new(store).with_desk(desk, counties))
}

fn over(published: Published) -> Router {
    let mut router = Router::new();
    for (path, handler) in routes() {
        router = router.route(path, handler);
    }
    router
        .fallback(|| async { Problem::not_found("There is no such resource. `/openapi.json` lists all.") })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(DefaultBodyLimit::max(LONGEST_QUESTION))
        .with_state(published)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(finish))
}

/// Renders problems with the request's path and adds the security headers.
async fn finish(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        let problem = response.extensions_mut().remove::<Problem>().unwrap_or_else(|| Problem::of_status(status));
        let allow = response.headers_mut().remove("allow");
        response = problem.render(&path);
        response.headers_mut().extend(allow.map(|a| (HeaderName::from_static("allow"), a)));
    }
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause.downcast_ref::<String>().map(String::as_str).or(cause.downcast_ref::<&str>().copied());
    super::complain(&format!("a request failed: {}", text.unwrap_or("no message")));
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(Problem::internal(&"the handler stopped"));
    response
}
