//! The OpenAPI 3.1 document, made from the handlers and the types that are the JSON.

use super::problem::Problem;
use super::{
    answer, consultations, counties, explain, health, lists, page, rankings, reductions, rules, runs, targets,
    warnings, whatif,
};
use axum::http::HeaderMap;
use axum::response::Response;
use utoipa::OpenApi;

/// What every resource can answer beside its own.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code)] // only its derive is used
pub(super) enum Usual {
    /// The client has it: its `If-None-Match` names the current `ETag`.
    #[response(status = 304)]
    NotModified,
    /// Other methods than GET and HEAD.
    #[response(status = 405, content_type = "application/problem+json")]
    MethodNotAllowed(#[to_schema] Problem),
    /// The archive cannot be read.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(#[to_schema] Problem),
}

/// A run or a county is not named as it must be.
#[derive(utoipa::IntoResponses)]
#[response(status = 400, content_type = "application/problem+json")]
#[allow(dead_code)] // only its derive is used
pub(super) struct BadRun(#[to_schema] Problem);

/// No such run is published, or no such county is in it.
#[derive(utoipa::IntoResponses)]
#[response(status = 404, content_type = "application/problem+json")]
#[allow(dead_code)] // only its derive is used
pub(super) struct NotPublished(#[to_schema] Problem);

#[derive(OpenApi)]
#[openapi(
    info(
        title = "hazecast",
        description = "Air-quality forecast, heavy-pollution warning, emission-reduction list and its proof. Times are UTC; an hour is stamped with its end."
    ),
    paths(
        runs::list,
        runs::one,
        lists::workbook,
        lists::table,
        counties::list,
        counties::forecast,
        warnings::current,
        warnings::one,
        explain::one,
        rules::of_run,
        targets::of_run,
        reductions::one,
        rankings::one,
        rankings::map,
        whatif::ask,
        whatif::one,
        whatif::cancel,
        consultations::one,
        health::check,
        document,
        page::page,
        page::style,
        page::icon
    )
)]
struct Document;

/// The document as a value.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", operation_id = "openapi", tag = "service",
    responses((status = 200, body = serde_json::Value, description = "OpenAPI 3.1 document"), Usual))]
pub(super) async fn document(headers: HeaderMap) -> Result<Response, Problem> {
    answer::json(&headers, "openapi", &openapi())
}
