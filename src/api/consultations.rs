//! `/v1/consultations/{run}`: the consultation record, byte for byte as archived.

use super::answer;
use super::openapi::{BadRun, NotPublished, Usual};
use super::problem::Problem;
use super::published::Published;
use crate::consultation::ConsultationRecord;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

/// The consultation record of a run, byte for byte as archived.
#[utoipa::path(get, path = "/v1/consultations/{run}", operation_id = "consultation", tag = "consultations",
    params(("run" = String, Path, description = "`YYYYMMDDHH` or `latest`")),
    responses((status = 200, body = ConsultationRecord, description = "The record of the night, as archived"), Usual, BadRun, NotPublished))]
pub(super) async fn one(
    State(published): State<Published>,
    Path(run): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let archived = published.run(&run).await?;
    Ok(answer::bytes(&headers, archived.run.as_str(), "application/json", archived.record_bytes.clone()))
}
