//! The first page for the consultation (会商): a night at a glance, in Chinese with English beside it, without scripts.

use super::answer;
use super::openapi::{BadRun, NotPublished, Usual};
use super::problem::Problem;
use super::published::{Published, RunQuery};
use crate::archive::store::Archived;
use crate::calendar::beijing_local;
use crate::consultation::{ConsultationRecord, Status};
use crate::domain::aqi::AqiReport;
use crate::domain::pollutant::Pollutant;
use crate::forecast::DayForecast;
use crate::reduction::{ReductionEffect, ReductionPlan, Verdict};
use crate::warning::{AreaWarning, Because, Reading, WarningLevel};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use maud::{DOCTYPE, Markup, html};
use std::collections::BTreeSet;

const STYLE: &str = include_str!("../../web/page.css");
const ICON: &str = include_str!("../../web/icon.svg");
const HTML: &str = "text/html; charset=utf-8";
/// Measures shown on the page; the rest is behind the link to the whole list.
const FIRST_MEASURES: usize = 10;

/// The page for people.
#[utoipa::path(get, path = "/", tag = "page", params(RunQuery),
    responses((status = 200, body = String, content_type = "text/html"), Usual, BadRun, NotPublished))]
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
    let runs: Vec<&str> = runs.iter().rev().map(|r| r.as_str()).collect();
    let body = night(&archived, &runs).into_string().into_bytes();
    Ok(answer::bytes(&headers, archived.run.as_str(), HTML, body))
}

/// The style of the page.
#[utoipa::path(get, path = "/page.css", tag = "page",
    responses((status = 200, body = String, content_type = "text/css"), Usual))]
pub(super) async fn style(headers: HeaderMap) -> Response {
    answer::bytes(&headers, "page", "text/css; charset=utf-8", STYLE.as_bytes().to_vec())
}

/// The icon of the page.
#[utoipa::path(get, path = "/icon.svg", tag = "page",
    responses((status = 200, body = String, content_type = "image/svg+xml"), Usual))]
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

fn night(archived: &Archived, runs: &[&str]) -> Markup {
    let r = &archived.record;
    let title = format!("{} {} · {}", r.region_name_zh, r.run, level_zh(r.warning.prefecture.level));
    frame(
        &title,
        &html! {
            (status_bar(r, runs))
            main {
                (county_table(r))
                (warning(r))
                (reduction(r.reduction.as_ref(), &r.run))
                (certificate(r.certificate.as_ref()))
            }
            (footer(archived))
        },
    )
}

fn status_bar(r: &ConsultationRecord, runs: &[&str]) -> Markup {
    html! {
        header {
            h1 { (r.region_name_zh) " · 空气质量预报与重污染天气预警 " (en("Air-quality forecast and heavy-pollution warning")) }
            div.bar {
                span { "批次 " (en("run")) " " b { (r.run) } }
                span { "起报 " (en("cycle")) " " b { (beijing(r.cycle)) } " 北京时 (" (r.cycle.format("%Y-%m-%d %H:%M")) " UTC)" }
                @match r.status {
                    Status::Complete => span.complete { "✓ 完整 " (en("complete")) },
                    Status::Degraded => span.degraded { "⚠ 降级 " (en("degraded")) },
                }
                span { "预警 " (en("warning")) " " (level_badge(r.warning.prefecture.level)) }
                form method="get" action="/" {
                    label for="run" { "历史 " (en("runs")) } " "
                    select id="run" name="run" {
                        @for run in runs { option value=(run) selected[*run == r.run] { (run) } }
                    }
                    button { "查看 " (en("show")) }
                }
            }
            @if !r.degraded.is_empty() {
                ul.reasons { @for reason in &r.degraded { li { (reason) } } }
            }
        }
    }
}

fn county_table(r: &ConsultationRecord) -> Markup {
    let days: BTreeSet<NaiveDate> =
        r.forecast.counties.iter().flat_map(|c| c.days.iter().map(|d| d.beijing_day)).collect();
    html! {
        section {
            h2 { "县市逐日预报 " (en("Counties by day")) " "
                small { "AQI（区间 " (en("80 % interval")) "）· 级别 " (en("level")) " · 首要污染物 " (en("main pollutant")) " · PM2.5 µg/m³" } }
            table.days {
                thead { tr {
                    th scope="col" { "县市 " (en("county")) }
                    @for day in &days { th scope="col" { (day.format("%m月%d日")) " " (en(weekday_en(*day))) } }
                    th scope="col" { "预警 " (en("warning")) }
                } }
                tbody { @for county in &r.forecast.counties { tr {
                    th scope="row" { (county.name_zh) " " (en(&county.name_en))
                        @if !county.has_station { " " span.note title="no station" { "无站点" } } }
                    @for day in &days { (day_cell(county.days.iter().find(|d| d.beijing_day == *day))) }
                    td { @if let Some(w) = r.warning.counties.iter().find(|w| w.adcode == county.adcode) { (level_badge(w.level)) } }
                } } }
            }
        }
    }
}

fn day_cell(day: Option<&DayForecast>) -> Markup {
    let Some(day) = day else { return html! { td.none { "—" } } };
    let class = format!("aqi{}", day.aqi.level.unwrap_or(0));
    html! {
        td class=(class) {
            b { (index(&day.aqi)) } " (" (index(&day.aqi_lower)) "–" (index(&day.aqi_upper)) ") "
            (aqi_level(&day.aqi)) " "
            span.primary { (names(&day.aqi.primary)) }
            @if let Some(pm25) = &day.concentrations.pm25_ug_m3 { " · " (format!("{:.0}", pm25.value)) }
            @if day.hours < 24 { " " span.note { (day.hours) " h" } }
        }
    }
}

fn warning(r: &ConsultationRecord) -> Markup {
    let p = &r.warning.prefecture;
    html! {
        section {
            h2 { "预警决定 " (en("Warning decision")) " " (level_badge(p.level)) " "
                small { (period(p.from, p.to)) " · 规则 " (en("rules")) " " (r.warning.scheme) } }
            @if p.because.is_empty() && p.level == WarningLevel::None { p { "没有触发任何条款。 " (en("No clause fired.")) } }
            ul { @for b in &p.because { (because(b)) } }
            @if p.response_level != p.level { p { "减排按 " (en("measures follow")) " " (level_badge(p.response_level)) } }
            @if let Some(lift) = p.lift_from { p { "最早可解除 " (en("may be lifted from")) " " b { (beijing(lift)) } } }
            @if p.unjudged_hours > 0 {
                p.note { "无法判定的小时 " (en("hours that cannot be judged")) " " (p.unjudged_hours) }
            }
            details open[p.because.is_empty()] {
                summary { "各县市依据 " (en("Reasons by county")) }
                @for area in r.warning.counties.iter().filter(|a| !a.because.is_empty()) {
                    h3 { (area_name(area)) " " (level_badge(area.level)) " " small { (period(area.from, area.to)) } }
                    ul { @for b in &area.because { (because(b)) } }
                }
            }
        }
    }
}

fn because(b: &Because) -> Markup {
    html! {
        li {
            (b.text_zh) " " (en(&b.text_en)) " "
            span.clause { "[" (b.clause) "]" } " "
            @match b.reading {
                Reading::NaturalDay => { "自然日 " (en("natural day")) },
                Reading::Sliding24h => { "滑动24小时 " (en("sliding 24 h")) },
            }
            @if !b.verified { " " span.note { "条款待核对 unverified" } }
            @if !b.evidence.is_empty() {
                ul.evidence { @for e in &b.evidence { li {
                    (beijing(e.from)) " – " (beijing(e.to)) ": AQI " b { (e.aqi) }
                    @if let Some(pm25) = e.pm25_ug_m3 { ", PM2.5 " (format!("{pm25:.0}")) " µg/m³" }
                    " " (names(&e.primary))
                } } }
            }
        }
    }
}

fn reduction(plan: Option<&ReductionPlan>, run: &str) -> Markup {
    let heading = html! { "应急减排清单 " (en("Emergency emission-reduction list")) };
    let Some(plan) = plan else {
        return html! { section { h2 { (heading) } p { "本次无需减排清单。 " (en("No level calls for a list.")) } } };
    };
    let href = format!("/v1/reductions/{run}");
    html! {
        section {
            h2 { (heading) " " (level_badge(plan.level)) " " small { (period(Some(plan.from), Some(plan.to))) } }
            p { "共 " b { (plan.measures.len()) } " 项 " (en("measures")) "，估计费用 " (en("estimated cost")) " "
                b { (thousands(plan.cost_yuan_d)) } " 元/日 " (en("yuan a day")) "。 "
                "日减排 " (en("cut a day")) " [t]: SO2 " (amount(plan.cut_t_d.so2)) ", NOx " (amount(plan.cut_t_d.nox))
                ", PM2.5 " (amount(plan.cut_t_d.pm25)) ", PM10 " (amount(plan.cut_t_d.pm10)) ", VOC " (amount(plan.cut_t_d.nmvoc)) }
            div.columns { (targets(plan)) (measures(plan)) }
            @if plan.measures.len() > FIRST_MEASURES {
                p { "此处为前 " (FIRST_MEASURES) " 项。 " (en("The first measures are shown.")) }
            }
            p { a href=(href) { "完整清单 " (en("the whole list")) " (JSON)" } }
            @for (zh, english) in plan.caveats_zh.iter().zip(&plan.caveats_en) { p.note { (zh) " " (en(english)) } }
        }
    }
}

fn targets(plan: &ReductionPlan) -> Markup {
    html! {
        table {
            caption { "减排比例 " (en("share of all emissions")) }
            thead { tr {
                th scope="col" { "污染物" } th scope="col" { "要求 " (en("required")) }
                th scope="col" { "达到 " (en("reached")) } th scope="col" { "可达 " (en("attainable")) } th scope="col" { "结论" }
            } }
            tbody { @for t in &plan.targets { tr {
                th scope="row" { (t.pollutant) }
                td.number { (percent(t.required_fraction)) }
                td.number { (percent(t.reached_fraction)) }
                td.number { (percent(t.attainable_fraction)) }
                td { @if t.met { "✓ 达标 " (en("met")) } @else { "✗ 未达 " (en("not met")) } }
            } } }
        }
    }
}

fn measures(plan: &ReductionPlan) -> Markup {
    html! {
        table {
            caption { "措施 " (en("measures")) }
            thead { tr {
                th scope="col" { "#" } th scope="col" { "县市" } th scope="col" { "对象 " (en("source")) }
                th scope="col" { "措施 " (en("measure")) } th scope="col" { "时段 " (en("period")) }
                th scope="col" { "PM2.5 t/d" } th scope="col" { "NOx t/d" } th scope="col" { "元/日" } th scope="col" { "责任单位" }
            } }
            tbody { @for (i, m) in plan.measures.iter().take(FIRST_MEASURES).enumerate() { tr {
                td.number { (i + 1) }
                td { (m.county_zh) }
                td { (m.name_zh) " " (en(&m.name_en)) }
                td { (m.measure) @if !m.mandatory { " " span.note { "自愿 voluntary" } } }
                td { (period(Some(m.from), Some(m.to))) }
                td.number { (amount(m.cut_t_d.pm25)) }
                td.number { (amount(m.cut_t_d.nox)) }
                td.number { (thousands(m.cost_yuan_d)) }
                td { (m.department) }
            } } }
        }
    }
}

fn certificate(effect: Option<&ReductionEffect>) -> Markup {
    let Some(effect) = effect else { return html! {} };
    let verdict = match effect.verdict {
        Verdict::Averted => html! { "可避免 " (en("averted")) },
        Verdict::Lowered => html! { "可降级 " (en("lowered")) },
        Verdict::NotAverted => html! { "不能避免 " (en("not averted")) },
    };
    html! {
        section {
            h2 { "减排效果证明 " (en("Proof of the list")) " " span.verdict { (verdict) } }
            p { (effect.statement_zh) " " (en(&effect.statement_en)) }
            table {
                caption { "采取措施前 → 后 " (en("without → with the list")) }
                thead { tr {
                    th scope="col" { "县市 " (en("county")) } th scope="col" { "级别 " (en("level")) } th scope="col" { "日期 " (en("day")) }
                    th scope="col" { "PM2.5 µg/m³" } th scope="col" { "AQI" }
                } }
                tbody { @for county in &effect.counties { @for (i, day) in county.days.iter().enumerate() { tr {
                    @if i == 0 {
                        th scope="rowgroup" rowspan=(county.days.len()) { (county.name_zh) " " (en(&county.name_en)) }
                        td rowspan=(county.days.len()) { (level_badge(county.level_before)) " → " (level_badge(county.level_after)) }
                    }
                    td { (day.beijing_day.format("%m月%d日")) }
                    td.number { (format!("{:.1} → {:.1}", day.pm25_before_ug_m3, day.pm25_after_ug_m3)) }
                    td.number { (or_dash(day.aqi_before)) " → " (or_dash(day.aqi_after)) }
                } } } }
            }
            p { "最大降幅 " (en("largest fall")) " " b { (format!("{:.1}", effect.largest_fall_ug_m3)) } " µg/m³" }
        }
    }
}

fn footer(archived: &Archived) -> Markup {
    let r = &archived.record;
    let corrected = r.forecast.correction.methods.iter().map(|m| format!("{} {}", m.pollutant.name(), m.method));
    html! {
        footer {
            p { "区间 " (en("interval")) ": " (r.forecast.correction.interval_method) " · 订正 " (en("correction")) ": "
                (corrected.collect::<Vec<_>>().join(", "))
                " · 质量守恒残差 " (en("largest mass residual")) " " (format!("{:.1e}", r.ledger_base.largest_relative_residual)) }
            p { "输入文件 " (en("inputs")) " " (r.inputs.len()) " · 拒收记录 " (en("records refused")) " " (r.rejections.len())
                " · hazecast " (r.hazecast) " · SHA-256 " code { (archived.manifest_sha256[..16]) }
                " · " a href=(format!("/v1/consultations/{}", r.run)) { "会商记录 " (en("consultation record")) " (JSON)" }
                " · " a href="/openapi.json" { "API" } }
        }
    }
}

/// English beside the Chinese.
fn en(text: &str) -> Markup {
    html! { span.en lang="en" { (text) } }
}

fn area_name(area: &AreaWarning) -> Markup {
    html! { (area.name_zh) " " (en(&area.name_en)) }
}

fn beijing(t: DateTime<Utc>) -> String {
    beijing_local(t).format("%m-%d %H:%M").to_string()
}

fn period(from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> Markup {
    html! { @if let (Some(from), Some(to)) = (from, to) { span.period { (beijing(from)) " – " (beijing(to)) } } }
}

fn weekday_en(day: NaiveDate) -> &'static str {
    use chrono::{Datelike, Weekday};
    match day.weekday() {
        Weekday::Mon => "Mon",
        Weekday::Tue => "Tue",
        Weekday::Wed => "Wed",
        Weekday::Thu => "Thu",
        Weekday::Fri => "Fri",
        Weekday::Sat => "Sat",
        Weekday::Sun => "Sun",
    }
}

fn index(report: &AqiReport) -> String {
    or_dash(report.aqi)
}

fn or_dash(value: Option<u16>) -> String {
    value.map_or_else(|| "—".into(), |v| v.to_string())
}

/// Number and name of an AQI level (HJ 633-2012, table 2).
fn aqi_level(report: &AqiReport) -> String {
    let name = match report.level {
        Some(1) => "优",
        Some(2) => "良",
        Some(3) => "轻度污染",
        Some(4) => "中度污染",
        Some(5) => "重度污染",
        Some(6) => "严重污染",
        _ => return "—".into(),
    };
    format!("{}级 {name}", report.level.unwrap_or_default())
}

fn names(pollutants: &[Pollutant]) -> String {
    pollutants.iter().map(|p| p.name()).collect::<Vec<_>>().join(", ")
}

fn level_zh(level: WarningLevel) -> &'static str {
    match level {
        WarningLevel::None => "无预警",
        WarningLevel::PreWarning => "预警前措施",
        WarningLevel::Yellow => "黄色预警",
        WarningLevel::Orange => "橙色预警",
        WarningLevel::Red => "红色预警",
    }
}

fn level_badge(level: WarningLevel) -> Markup {
    let (class, english) = match level {
        WarningLevel::None => ("level none", "none"),
        WarningLevel::PreWarning => ("level pre", "pre-warning"),
        WarningLevel::Yellow => ("level yellow", "yellow"),
        WarningLevel::Orange => ("level orange", "orange"),
        WarningLevel::Red => ("level red", "red"),
    };
    html! { span class=(class) { (level_zh(level)) " " (en(english)) } }
}

fn percent(fraction: f64) -> String {
    format!("{:.1} %", 100.0 * fraction)
}

fn amount(tonnes: f64) -> String {
    format!("{tonnes:.2}")
}

/// A sum in whole units with a thin space at each thousand.
fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let grouped: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|c| std::str::from_utf8(c).unwrap_or_default()).collect();
    format!("{}{}", if value < 0.0 { "−" } else { "" }, grouped.join("\u{2009}"))
}
