//! `/v1/warnings/{adcode}/explain`: why this level, and what would change it.

use super::answer;
use super::counties::{no_county, parse_adcode};
use super::openapi::{BadRun, NotPublished, Usual};
use super::problem::Problem;
use super::published::{Published, RunQuery};
use crate::consultation::{AreaAccount, Status};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;

/// The account of one area's warning with the run it belongs to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ExplainAnswer<'a> {
    run: &'a str,
    cycle: DateTime<Utc>,
    status: Status,
    degraded: &'a [String],
    #[serde(flatten)]
    account: AreaAccount<'a>,
}

/// Why one area has its level: every rule with how far it was met, days, what would change it, reasons, chances, advice.
#[utoipa::path(get, path = "/v1/warnings/{adcode}/explain", operation_id = "explainWarning", tag = "warnings",
    params(("adcode" = u32, Path, description = "GB/T 2260 code of a county or of the prefecture"), RunQuery),
    responses((status = 200, body = ExplainAnswer, description = "The account of the area's warning"), Usual, BadRun, NotPublished))]
pub(super) async fn one(
    State(published): State<Published>,
    Path(adcode): Path<String>,
    Query(query): Query<RunQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let adcode = parse_adcode(&adcode)?;
    let archived = published.queried(&query).await?;
    let r = &archived.record;
    let account = r.accounts().find(|a| a.warning.adcode == adcode).ok_or_else(|| no_county(adcode, &r.run))?;
    if account.explanation.is_none() {
        let detail = format!("Run {} holds no explanation of {adcode}. Run `hazecast night` for it again.", r.run);
        return Err(Problem::not_found(detail));
    }
    let answer = ExplainAnswer { run: &r.run, cycle: r.cycle, status: r.status, degraded: &r.degraded, account };
    answer::json(&headers, &r.run, &answer)
}
