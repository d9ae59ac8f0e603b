//! `/healthz`: whether the archive can be read.

use super::answer;
use super::openapi::Usual;
use super::problem::Problem;
use super::published::Published;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;

/// The service reads its archive.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Health {
    /// `ok`; a service that is not answers 500.
    status: &'static str,
    /// Newest published cycle; null before the first night.
    latest: Option<String>,
    /// Version of the program.
    hazecast: &'static str,
}

/// Whether the archive can be read and its newest run is whole.
#[utoipa::path(get, path = "/healthz", operation_id = "health", tag = "service", responses((status = 200, body = Health, description = "The archive can be read"), Usual))]
pub(super) async fn check(State(published): State<Published>, headers: HeaderMap) -> Result<Response, Problem> {
    let (latest, _) = published.list().await?;
    let latest = latest.map(String::from);
    if let Some(run) = &latest {
        // its record is read and checked, or already in memory
        published.run(run).await?;
    }
    let tag = latest.clone().unwrap_or_else(|| "none".into());
    answer::json(&headers, &tag, &Health { status: "ok", latest, hazecast: env!("CARGO_PKG_VERSION") })
}
