//! The first page for the consultation (会商): a night at a glance, in Chinese with English beside it, without scripts.

mod advice;
mod certificate;
mod counties;
mod evidence;
mod experience;
mod explain;
mod fires;
mod glance;
mod measures;
mod members;
mod observations;
mod provenance;
mod stacks;
mod ranking;
mod targets;
mod wording;

use self::wording::en;
use super::answer;
use super::openapi::{BadRun, NotPublished, Usual};
use super::problem::Problem;
use super::published::{Published, RunQuery};
use crate::archive::series::SeriesRow;
use crate::archive::store::Archived;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use maud::{DOCTYPE, Markup, html};

const STYLE: &str = include_str!("../../../web/page.css");
const ICON: &str = include_str!("../../../web/icon.svg");
const HTML: &str = "text/html; charset=utf-8";

/// The page for people.
#[utoipa::path(get, path = "/", operation_id = "page", tag = "page", params(RunQuery),
    responses((status = 200, body = String, content_type = "text/html", description = "The night on one page"), Usual, BadRun, NotPublished))]
pub(super) async fn page(
    State(published): State<Published>,
    Query(query): Query<RunQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (latest, runs) = published.list().await?;
    if latest.is_none() && query.run.is_none() {
        return Ok(answer::bytes(&headers, "none", HTML, empty().into_string().into_bytes()));
    }
    let archived = published.queried(&query).await?;
    let with_list = published.with_list(&archived).await?;
    let runs: Vec<&str> = runs.iter().rev().map(|r| r.as_str()).collect();
    let body = night(&archived, &with_list, &runs).into_string().into_bytes();
    Ok(answer::bytes(&headers, archived.run.as_str(), HTML, body))
}

/// The style of the page.
#[utoipa::path(get, path = "/page.css", operation_id = "pageStyle", tag = "page",
    responses((status = 200, body = String, content_type = "text/css", description = "The style of the page"), Usual))]
pub(super) async fn style(headers: HeaderMap) -> Response {
    answer::bytes(&headers, "page", "text/css; charset=utf-8", STYLE.as_bytes().to_vec())
}

/// The icon of the page.
#[utoipa::path(get, path = "/icon.svg", operation_id = "pageIcon", tag = "page",
    responses((status = 200, body = String, content_type = "image/svg+xml", description = "The icon of the page"), Usual))]
pub(super) async fn icon(headers: HeaderMap) -> Response {
    answer::bytes(&headers, "page", "image/svg+xml", ICON.as_bytes().to_vec())
}

fn frame(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href="page.css";
                link rel="icon" href="icon.svg" type="image/svg+xml";
            }
            body { (body) }
        }
    }
}

fn empty() -> Markup {
    frame(
        "hazecast",
        &html! {
            header { h1 { "空气质量预报与重污染天气预警 " (en("Air-quality forecast and heavy-pollution warning")) } }
            main { section {
                h2 { "尚无已发布的预报 " (en("No run is published yet")) }
                p { "请先运行 " code { "hazecast night" } "。 " (en("Run it first; this page then shows the night.")) }
            } }
        },
    )
}

/// The page of a run: what an officer must know first, then what it rests on.
fn night(archived: &Archived, with_list: &[SeriesRow], runs: &[&str]) -> Markup {
    let r = &archived.record;
    let title = format!("{} {} · {}", r.region_name_zh, r.run, r.warning.prefecture.level.zh());
    frame(
        &title,
        &html! {
            (glance::status_bar(r, runs))
            main {
                (glance::cards(r))
                (counties::table(r))
                (counties::charts(r, with_list))
                (evidence::decision(&r.warning))
                (explain::section(r))
                (members::section(r))
                (experience::section(r))
                (advice::section(r))
                (ranking::section(r))
                (measures::list(r.reduction.as_ref(), &r.run))
                (certificate::proof(r.certificate.as_ref()))
                (targets::section(r.targets.as_ref()))
                (observations::section(archived))
                (fires::section(r))
                (stacks::section(r))
                (provenance::section(archived))
                (signature())
            }
        },
    )
}

/// Lines to sign on paper; the screen does not show them.
fn signature() -> Markup {
    html! {
        section.sign {
            p { "会商意见 " (en("opinion")) "：" }
            p { "会商人 " (en("consulted")) "：" span.line {} " 签发人 " (en("signed")) "：" span.line {} " 时间 " (en("time")) "：" span.line {} }
        }
    }
}
