//! `/v1/rankings/{run}`: which sources make the exceeding means, as table and as maps.

use super::answer;
use super::openapi::{BadRun, NotPublished, Usual};
use super::problem::Problem;
use super::published::Published;
use crate::archive::{RANKING, influence_map};
use crate::reduction::ranking::Ranking;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

/// Sources ranked by what they add to each exceeding mean.
#[utoipa::path(get, path = "/v1/rankings/{run}", operation_id = "ranking", tag = "reductions",
    params(("run" = String, Path, description = "`YYYYMMDDHH` or `latest`")),
    responses((status = 200, body = Ranking, description = "The ranking, as archived"), Usual, BadRun, NotPublished))]
pub(super) async fn one(
    State(published): State<Published>,
    Path(run): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    file(&published, &run, RANKING, "application/json", &headers).await
}

/// The influence of each place on an exceeding mean, 0 the first of the ranking.
#[utoipa::path(get, path = "/v1/rankings/{run}/map/{window}", operation_id = "influenceMap", tag = "reductions",
    params(("run" = String, Path, description = "`YYYYMMDDHH` or `latest`"), ("window" = usize, Path, description = "Index of the window")),
    responses((status = 200, body = String, content_type = "image/svg+xml", description = "A map"), Usual, BadRun, NotPublished))]
pub(super) async fn map(
    State(published): State<Published>,
    Path((run, window)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let window: usize =
        window.parse().map_err(|_| Problem::bad_request("The window is named by its index, 0 the first."))?;
    file(&published, &run, &influence_map(window), "image/svg+xml", &headers).await
}

async fn file(
    published: &Published,
    run: &str,
    name: &str,
    media_type: &'static str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let archived = published.run(run).await?;
    let none = || Problem::not_found("No mean carried a level in this run, or it has fewer of them.");
    let bytes = published.file(&archived, name).await?.ok_or_else(none)?;
    Ok(answer::bytes(headers, archived.run.as_str(), media_type, bytes))
}
