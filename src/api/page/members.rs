//! Members with perturbed inputs: the levels that they call for, and their PM2.5 by county and day beside the forecast.

use super::wording::{en, level_badge};
use crate::consultation::ConsultationRecord;
use crate::consultation::members::{CountyMembers, MemberDay, MembersReport};
use crate::forecast::CountyForecast;
use maud::{Markup, html};

/// Width of a strip of points, in its own units.
const WIDTH: f64 = 150.0;

/// The section; empty where the night has no members.
pub(super) fn section(r: &ConsultationRecord) -> Markup {
    let Some(report) = &r.members else { return html! {} };
    let n = report.members.len();
    html! {
        section id="members" {
            h2 { "扰动成员 " (en("Members with perturbed inputs")) " "
                small { (n) " 个，网格 " (en("members, grid")) " " (report.grid) } }
            p { "全州级别 " (en("Level of the prefecture")) "："
                @for (level, count) in report.levels() { (level_badge(level)) " " (count) "/" (n) " " } }
            (strips(r, report))
            details {
                summary { "各成员的扰动 " (en("What each member changes")) }
                (inputs(report))
            }
            p.method { "每个成员从头到尾改变风速、风向、混合层高度、排放与外来空气（可能误差见 models/uncertainty.toml，未核实）；预报值乘该成员与未扰动运行之比。成员只反映输入的误差，不是预报区间。 "
                (en("Each member changes wind, mixing height, emissions and inflow throughout (by how far they may be wrong: models/uncertainty.toml, not verified); the forecast is multiplied by the ratio of the member to the run without. Members show errors of inputs only: they are no interval of the forecast.")) }
        }
    }
}

/// A county is a row, a Beijing day a column, a point a member; the line is the forecast. One scale for all, from 0.
fn strips(r: &ConsultationRecord, report: &MembersReport) -> Markup {
    let value = |county: &CountyForecast, day: &MemberDay| {
        let of_day = county.days.iter().find(|d| d.beijing_day == day.beijing_day)?;
        Some(of_day.concentrations.pm25_ug_m3?.value)
    };
    let shown: Vec<(&CountyForecast, &CountyMembers)> = report
        .counties
        .iter()
        .filter_map(|m| Some((r.forecast.counties.iter().find(|c| c.adcode == m.adcode)?, m)))
        .collect();
    let values = shown.iter().flat_map(|(county, m)| m.days.iter().map(move |d| (value(county, d), d)));
    let top = values.flat_map(|(v, d)| d.pm25_ug_m3.iter().copied().chain(v)).fold(1.0, f64::max);
    let x = |v: f64| format!("{:.1}", 4.0 + (WIDTH - 8.0) * v / top);
    html! {
        table.members {
            caption { "PM2.5 日均 " (en("daily mean")) " 0–" (format!("{top:.0}")) " µg/m³ · 点：成员 " (en("point: member"))
                " · 线：预报 " (en("line: forecast")) }
            @if let Some((_, first)) = shown.first() {
                thead { tr {
                    th scope="col" { "县市 " (en("county")) }
                    @for day in &first.days { th scope="col" { (day.beijing_day.format("%m-%d")) } }
                } }
            }
            tbody { @for (county, of_county) in &shown { tr {
                th scope="row" { (county.name_zh) " " (en(&county.name_en)) }
                @for day in &of_county.days { td {
                    svg viewBox=(format!("0 0 {WIDTH} 14")) role="img" aria-label=(span(day)) {
                        line.axis x1="4" x2=(WIDTH - 4.0) y1="7" y2="7" {}
                        @if let Some(v) = value(county, day) { line.forecast x1=(x(v)) x2=(x(v)) y1="1" y2="13" {} }
                        @for v in &day.pm25_ug_m3 { circle.member cx=(x(*v)) cy="7" r="2.2" {} }
                    }
                    span.range { (span(day)) }
                } }
            } } }
        }
    }
}

/// Lowest and highest member.
fn span(day: &MemberDay) -> String {
    let (low, high) = day.pm25_ug_m3.iter().fold((f64::INFINITY, 0.0), |(l, h): (f64, f64), v| (l.min(*v), h.max(*v)));
    if day.pm25_ug_m3.is_empty() { "—".into() } else { format!("{low:.0}–{high:.0}") }
}

fn inputs(report: &MembersReport) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "成员 " (en("member")) } th scope="col" { "风速 × " (en("wind speed")) } th scope="col" { "风向 ° " (en("turn, clockwise")) }
                th scope="col" { "混合层 × " (en("mixing height")) } th scope="col" { "排放 × " (en("emissions")) } th scope="col" { "外来空气 × " (en("inflow")) }
                th scope="col" { "全州级别 " (en("level")) } } }
            tbody { @for (i, m) in report.members.iter().enumerate() { tr {
                th scope="row" { (i + 1) }
                td.number { (format!("{:.2}", m.inputs.wind_speed)) }
                td.number { (format!("{:+.0}", m.inputs.wind_turn_deg)) }
                td.number { (format!("{:.2}", m.inputs.mixing_height)) }
                td.number { (format!("{:.2}", m.inputs.emission)) }
                td.number { (format!("{:.2}", m.inputs.inflow)) }
                td { (level_badge(m.level)) }
            } } }
        }
    }
}
