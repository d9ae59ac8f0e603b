//! `/v1/runs/{run}/list.xlsx` and `list.csv`: the list of a region or county as a file.

use super::answer;
use super::counties::parse_adcode;
use super::openapi::{BadRun, NotPublished, Usual};
use super::problem::Problem;
use super::published::Published;
use crate::archive::list_files::ListFormat;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;

/// `?adcode=`: a county; the whole region where it is left out.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AreaQuery {
    /// GB/T 2260 code of a county or of the region.
    adcode: Option<String>,
}

/// The list as a workbook: summary, the four lists, one sheet for each family.
#[utoipa::path(get, path = "/v1/runs/{run}/list.xlsx", operation_id = "listWorkbook", tag = "reductions",
    params(("run" = String, Path, description = "`YYYYMMDDHH` or `latest`"), AreaQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        description = "The list as XLSX"), Usual, BadRun, NotPublished))]
pub(super) async fn workbook(
    published: State<Published>,
    run: Path<String>,
    area: Query<AreaQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    file(published, run, area, headers, ListFormat::Xlsx).await
}

/// The rows of the list as CSV, UTF-8 with a byte-order mark.
#[utoipa::path(get, path = "/v1/runs/{run}/list.csv", operation_id = "listTable", tag = "reductions",
    params(("run" = String, Path, description = "`YYYYMMDDHH` or `latest`"), AreaQuery),
    responses((status = 200, body = String, content_type = "text/csv", description = "The rows of the list as CSV"), Usual, BadRun, NotPublished))]
pub(super) async fn table(
    published: State<Published>,
    run: Path<String>,
    area: Query<AreaQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    file(published, run, area, headers, ListFormat::Csv).await
}

async fn file(
    State(published): State<Published>,
    Path(run): Path<String>,
    Query(area): Query<AreaQuery>,
    headers: HeaderMap,
    format: ListFormat,
) -> Result<Response, Problem> {
    let adcode = area.adcode.as_deref().map(parse_adcode).transpose()?;
    let archived = published.run(&run).await?;
    let run = archived.record.run.clone();
    let file = published.list_file(archived, adcode, format).await?;
    let (name, body) = file.ok_or_else(|| {
        let area = adcode.map_or_else(|| "its region".to_owned(), |code| code.to_string());
        Problem::not_found(format!("Run {run} has no reduction list for {area}."))
    })?;
    let mut response = answer::bytes(&headers, &run, format.media_type(), body);
    let name = format!("attachment; filename=\"{name}\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
