//! `/v1/targets`: the year so far against its targets.

use super::answer;
use super::openapi::{BadRun, NotPublished, Usual};
use super::problem::Problem;
use super::published::{Published, RunQuery};
use crate::consultation::Status;
use crate::domain::targets::TargetsReport;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;

/// The year so far with the run it belongs to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct TargetsAnswer<'a> {
    run: &'a str,
    cycle: DateTime<Utc>,
    status: Status,
    degraded: &'a [String],
    targets: &'a TargetsReport,
}

/// The year so far against its targets, county by county; progress is no reason to start or raise a response.
#[utoipa::path(get, path = "/v1/targets", operation_id = "targetsOfRun", tag = "targets", params(RunQuery),
    responses((status = 200, body = TargetsAnswer, description = "The year so far against its targets"), Usual, BadRun, NotPublished))]
pub(super) async fn of_run(
    State(published): State<Published>,
    Query(query): Query<RunQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let archived = published.queried(&query).await?;
    let r = &archived.record;
    let targets = r.targets.as_ref().ok_or_else(|| {
        Problem::not_found(format!("Run {} has no targets: no target was in force for its region and year.", r.run))
    })?;
    let answer = TargetsAnswer { run: &r.run, cycle: r.cycle, status: r.status, degraded: &r.degraded, targets };
    answer::json(&headers, &r.run, &answer)
}
