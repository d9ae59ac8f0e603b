//! `/v1/warnings`: the decision in force, and that of one county.

use super::answer;
use super::counties::{no_county, parse_adcode};
use super::openapi::{BadRun, NotPublished, Usual};
use super::problem::Problem;
use super::published::{Published, RunQuery};
use crate::consultation::Status;
use crate::domain::source::Amounts;
use crate::reduction::{ReductionEffect, ReductionTarget};
use crate::warning::{AreaWarning, WarningDecision, WarningLevel};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;

/// The decision of a run with the list and its proof in short.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Current<'a> {
    run: &'a str,
    cycle: DateTime<Utc>,
    status: Status,
    degraded: &'a [String],
    warning: &'a WarningDecision,
    /// Null when no level calls for a list.
    reduction: Option<ReductionBrief<'a>>,
    certificate: Option<&'a ReductionEffect>,
}

/// The list without its measures; `/v1/reductions/{run}` has them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ReductionBrief<'a> {
    level: WarningLevel,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// Number of measures.
    measures: usize,
    cut_t_d: Amounts,
    cost_yuan_d: f64,
    targets: &'a [ReductionTarget],
}

/// The decision for one area with the run it belongs to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct AreaAnswer<'a> {
    run: &'a str,
    cycle: DateTime<Utc>,
    status: Status,
    degraded: &'a [String],
    warning: &'a AreaWarning,
}

/// The decision of the latest run: prefecture, counties, reasons, list in short, certificate.
#[utoipa::path(get, path = "/v1/warnings/current", operation_id = "currentWarning", tag = "warnings", params(RunQuery),
    responses((status = 200, body = Current, description = "The decision with the list and its proof in short"), Usual, BadRun, NotPublished))]
pub(super) async fn current(
    State(published): State<Published>,
    Query(query): Query<RunQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let archived = published.queried(&query).await?;
    let r = &archived.record;
    let reduction = r.reduction.as_ref().map(|p| ReductionBrief {
        level: p.level,
        from: p.from,
        to: p.to,
        measures: p.measures.len(),
        cut_t_d: p.cut_t_d,
        cost_yuan_d: p.cost_yuan_d,
        targets: &p.targets,
    });
    let answer = Current {
        run: &r.run,
        cycle: r.cycle,
        status: r.status,
        degraded: &r.degraded,
        warning: &r.warning,
        reduction,
        certificate: r.certificate.as_ref(),
    };
    answer::json(&headers, &r.run, &answer)
}

/// The decision for one county, or for the prefecture under its own code.
#[utoipa::path(get, path = "/v1/warnings/{adcode}", operation_id = "areaWarning", tag = "warnings",
    params(("adcode" = u32, Path, description = "GB/T 2260 code of a county or of the prefecture"), RunQuery),
    responses((status = 200, body = AreaAnswer, description = "The decision for the area"), Usual, BadRun, NotPublished))]
pub(super) async fn one(
    State(published): State<Published>,
    Path(adcode): Path<String>,
    Query(query): Query<RunQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let adcode = parse_adcode(&adcode)?;
    let archived = published.queried(&query).await?;
    let r = &archived.record;
    let mut areas = std::iter::once(&r.warning.prefecture).chain(&r.warning.counties);
    let warning = areas.find(|w| w.adcode == adcode).ok_or_else(|| no_county(adcode, &r.run))?;
    let answer = AreaAnswer { run: &r.run, cycle: r.cycle, status: r.status, degraded: &r.degraded, warning };
    answer::json(&headers, &r.run, &answer)
}
