//! `/v1/runs`: what is published.

use super::answer;
use super::openapi::{BadRun, NotPublished, Usual};
use super::problem::Problem;
use super::published::Published;
use crate::archive::manifest::Manifest;
use crate::consultation::Status;
use crate::warning::WarningLevel;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;

/// The published runs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Runs {
    /// Newest cycle; null before the first night.
    latest: Option<String>,
    /// All runs, oldest first.
    runs: Vec<String>,
}

/// One run in short, with every file of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Run {
    run: String,
    cycle: DateTime<Utc>,
    status: Status,
    degraded: Vec<String>,
    /// Level of the prefecture.
    level: WarningLevel,
    /// SHA-256 of the manifest, and so of the whole run.
    manifest_sha256: String,
    manifest: Manifest,
}

/// The published runs.
#[utoipa::path(get, path = "/v1/runs", operation_id = "listRuns", tag = "runs", responses((status = 200, body = Runs, description = "Ids of the published runs"), Usual))]
pub(super) async fn list(State(published): State<Published>, headers: HeaderMap) -> Result<Response, Problem> {
    let (latest, runs) = published.list().await?;
    let tag = latest.as_ref().map_or("none", |r| r.as_str()).to_owned();
    let runs = Runs { latest: latest.map(String::from), runs: runs.into_iter().map(String::from).collect() };
    answer::json(&headers, &tag, &runs)
}

/// One run in short, with hash and length of each of its files.
#[utoipa::path(get, path = "/v1/runs/{run}", operation_id = "run", tag = "runs",
    params(("run" = String, Path, description = "`YYYYMMDDHH` or `latest`")),
    responses((status = 200, body = Run, description = "The run in short and its files"), Usual, BadRun, NotPublished))]
pub(super) async fn one(
    State(published): State<Published>,
    Path(run): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let archived = published.run(&run).await?;
    let record = &archived.record;
    let run = Run {
        run: record.run.clone(),
        cycle: record.cycle,
        status: record.status,
        degraded: record.degraded.clone(),
        level: record.warning.prefecture.level,
        manifest_sha256: archived.manifest_sha256.clone(),
        manifest: archived.manifest.clone(),
    };
    answer::json(&headers, &record.run, &run)
}
