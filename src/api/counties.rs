//! `/v1/counties`: the counties and their forecasts.

use super::answer;
use super::openapi::{BadRun, NotPublished, Usual};
use super::problem::Problem;
use super::published::{Published, RunQuery};
use crate::consultation::Status;
use crate::forecast::{CorrectionReport, CountyForecast};
use crate::warning::WarningLevel;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;

/// The counties of a run.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Counties<'a> {
    run: &'a str,
    cycle: DateTime<Utc>,
    status: Status,
    counties: Vec<CountyBrief<'a>>,
}

/// A county in short.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct CountyBrief<'a> {
    adcode: u32,
    name_zh: &'a str,
    name_en: &'a str,
    has_station: bool,
    /// Null where the run decided nothing for the county.
    level: Option<WarningLevel>,
}

/// Forecast of one county with the run it belongs to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct CountyAnswer<'a> {
    run: &'a str,
    cycle: DateTime<Utc>,
    status: Status,
    degraded: &'a [String],
    forecast: &'a CountyForecast,
    correction: &'a CorrectionReport,
}

/// The counties of a run and their warning levels.
#[utoipa::path(get, path = "/v1/counties", operation_id = "listCounties", tag = "counties", params(RunQuery),
    responses((status = 200, body = Counties, description = "The counties of the run and their levels"), Usual, BadRun, NotPublished))]
pub(super) async fn list(
    State(published): State<Published>,
    Query(query): Query<RunQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let archived = published.queried(&query).await?;
    let r = &archived.record;
    let level = |adcode| r.warning.counties.iter().find(|w| w.adcode == adcode).map(|w| w.level);
    let counties = r.forecast.counties.iter().map(|c| CountyBrief {
        adcode: c.adcode,
        name_zh: &c.name_zh,
        name_en: &c.name_en,
        has_station: c.has_station,
        level: level(c.adcode),
    });
    let answer = Counties { run: &r.run, cycle: r.cycle, status: r.status, counties: counties.collect() };
    answer::json(&headers, &r.run, &answer)
}

/// Hours and days of one county.
#[utoipa::path(get, path = "/v1/counties/{adcode}/forecast", operation_id = "countyForecast", tag = "counties",
    params(("adcode" = u32, Path, description = "GB/T 2260 code, for example 222401"), RunQuery),
    responses((status = 200, body = CountyAnswer, description = "Hours and days of the county"), Usual, BadRun, NotPublished))]
pub(super) async fn forecast(
    State(published): State<Published>,
    Path(adcode): Path<String>,
    Query(query): Query<RunQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let adcode = parse_adcode(&adcode)?;
    let archived = published.queried(&query).await?;
    let r = &archived.record;
    let found = r.forecast.counties.iter().find(|c| c.adcode == adcode);
    let forecast = found.ok_or_else(|| no_county(adcode, &r.run))?;
    let answer = CountyAnswer {
        run: &r.run,
        cycle: r.cycle,
        status: r.status,
        degraded: &r.degraded,
        forecast,
        correction: &r.forecast.correction,
    };
    answer::json(&headers, &r.run, &answer)
}

/// A county code of a path.
pub(super) fn parse_adcode(text: &str) -> Result<u32, Problem> {
    let digits = text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit());
    let expected = "A county is named by the six digits of its GB/T 2260 code, for example 222401.";
    digits.then(|| text.parse().ok()).flatten().ok_or_else(|| Problem::bad_request(expected))
}

/// The run has no such county.
pub(super) fn no_county(adcode: u32, run: &str) -> Problem {
    Problem::not_found(format!("Run {run} has no county {adcode}. `/v1/counties` lists them."))
}
