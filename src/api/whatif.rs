//! `/v1/whatif`: other cuts on the inputs of a published run, by full runs, one after the other.

use super::openapi::NotPublished;
use super::problem::Problem;
use super::published::Published;
use super::whatif_desk::{Desk, Question};
use crate::nightly::whatif::WhatIf;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Seconds after which to ask again where the queue is full: about one run.
const AGAIN_S: u32 = 120;

/// The queue is full, or this server has no configuration of the night to run with.
#[derive(utoipa::IntoResponses)]
#[response(status = 503, content_type = "application/problem+json")]
#[allow(dead_code)] // only its derive is used
pub(super) struct Unavailable(#[to_schema] Problem);

/// The question cannot be understood.
#[derive(utoipa::IntoResponses)]
#[response(status = 400, content_type = "application/problem+json")]
#[allow(dead_code)] // only its derive is used
pub(super) struct BadQuestion(#[to_schema] Problem);

fn desk(published: &Published) -> Result<&Arc<Desk>, Problem> {
    published
        .desk()
        .ok_or_else(|| Problem::unavailable("This server answers no what-if: it was started without a night.", None))
}

/// Asks what other cuts would do. The answer is read from the address in `Location`.
#[utoipa::path(post, path = "/v1/whatif", operation_id = "askWhatIf", tag = "whatif", request_body = WhatIf,
    responses((status = 202, body = Question, description = "In the queue"), BadQuestion, Unavailable))]
pub(super) async fn ask(
    State(published): State<Published>,
    body: Result<Json<WhatIf>, JsonRejection>,
) -> Result<Response, Problem> {
    let desk = desk(&published)?;
    let Json(asked) = body.map_err(|e| Problem::bad_request(e.body_text()))?;
    published.check_scenarios(&asked.scenarios)?;
    let full = || Problem::unavailable("The queue of what-if questions is full. Ask again later.", Some(AGAIN_S));
    let question = desk.ask(asked).ok_or_else(full)?;
    let location = [("location", format!("/v1/whatif/{}", question.id))];
    Ok((StatusCode::ACCEPTED, location, Json(question)).into_response())
}

/// How far a question is, and its answer.
#[utoipa::path(get, path = "/v1/whatif/{id}", operation_id = "whatIf", tag = "whatif",
    params(("id" = u64, Path, description = "Number of the question")),
    responses((status = 200, body = Question, description = "The question and its answer"), NotPublished, BadQuestion, Unavailable))]
pub(super) async fn one(State(published): State<Published>, Path(id): Path<String>) -> Result<Response, Problem> {
    let found = desk(&published)?.question(number(&id)?).ok_or_else(unknown)?;
    Ok(Json(found).into_response())
}

/// Cancels a question that waits or runs.
#[utoipa::path(delete, path = "/v1/whatif/{id}", operation_id = "cancelWhatIf", tag = "whatif",
    params(("id" = u64, Path, description = "Number of the question")),
    responses((status = 202, body = Question, description = "It ends after the hour that is being run"), NotPublished, BadQuestion, Unavailable))]
pub(super) async fn cancel(State(published): State<Published>, Path(id): Path<String>) -> Result<Response, Problem> {
    let found = desk(&published)?.cancel(number(&id)?).ok_or_else(unknown)?;
    Ok((StatusCode::ACCEPTED, Json(found)).into_response())
}

fn number(id: &str) -> Result<u64, Problem> {
    id.parse().map_err(|_| Problem::bad_request("The question is named by its number."))
}

fn unknown() -> Problem {
    Problem::not_found("There is no such question; the oldest answers are forgotten.")
}
