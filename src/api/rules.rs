//! `/v1/rules`: the rules that a run was judged by, byte for byte as archived.

use super::answer;
use super::openapi::{BadRun, NotPublished, Usual};
use super::problem::Problem;
use super::published::{Published, RunQuery};
use crate::setup::rulebook::RulesOfNight;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;

/// The rules in force for a run, with clause, source, verification and the hashes of their files.
#[utoipa::path(get, path = "/v1/rules", operation_id = "rulesOfRun", tag = "rules", params(RunQuery),
    responses((status = 200, body = RulesOfNight, description = "The rules of the run, as archived"), Usual, BadRun, NotPublished))]
pub(super) async fn of_run(
    State(published): State<Published>,
    Query(query): Query<RunQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let archived = published.queried(&query).await?;
    let rules = published.rules(&archived).await?.ok_or_else(|| {
        let run = &archived.run;
        Problem::not_found(format!("Run {run} was archived without its rules. Run `hazecast night` for it again."))
    })?;
    Ok(answer::bytes(&headers, archived.run.as_str(), "application/json", rules))
}
