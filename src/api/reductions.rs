//! `/v1/reductions/{run}`: the emission-reduction list and its proof.

use super::answer;
use super::openapi::{BadRun, NotPublished, Usual};
use super::problem::Problem;
use super::published::Published;
use crate::reduction::{ReductionEffect, ReductionPlan};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;

/// The list of a run and its proof; both null when no level calls for a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Reduction<'a> {
    run: &'a str,
    cycle: DateTime<Utc>,
    reduction: Option<&'a ReductionPlan>,
    certificate: Option<&'a ReductionEffect>,
}

/// The emission-reduction list of a run and its proof.
#[utoipa::path(get, path = "/v1/reductions/{run}", operation_id = "reductionList", tag = "reductions",
    params(("run" = String, Path, description = "`YYYYMMDDHH` or `latest`")),
    responses((status = 200, body = Reduction, description = "The list and its proof"), Usual, BadRun, NotPublished))]
pub(super) async fn one(
    State(published): State<Published>,
    Path(run): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let archived = published.run(&run).await?;
    let r = &archived.record;
    let (reduction, certificate) = (r.reduction.as_ref(), r.certificate.as_ref());
    answer::json(&headers, &r.run, &Reduction { run: &r.run, cycle: r.cycle, reduction, certificate })
}
