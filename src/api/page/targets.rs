//! The year so far against its targets, county by county: for information, no reason to start a response.

use super::wording::en;
use crate::domain::targets::{Progress, TargetState, TargetsReport};
use maud::{Markup, html};

pub(super) fn section(report: Option<&TargetsReport>) -> Markup {
    let Some(report) = report else { return html! {} };
    let target = &report.target;
    html! {
        section id="targets" {
            h2 { (report.year) " 年度目标 " (en("Targets of the year")) " " small { "截至 " (en("up to")) " " (report.to) } }
            p { strong { (report.guard.text_zh) } " " (en(&report.guard.text_en)) " " span.clause { "[" (report.guard.clause) "]" }
                @if !report.guard.verified { " " span.note { "未核实 unverified" } } }
            p { span.clause { (target.clause) } @if !target.verified { " " span.note { "目标未核实 target not verified" } } " " (target.note_zh) " " (en(&target.note_en)) }
            table {
                thead { tr {
                    th scope="col" { "县市 " (en("area")) } th scope="col" { "进度 " (en("state")) }
                    th scope="col" { "有效天数 " (en("valid days")) }
                    th scope="col" { "重污染天 已用/剩余 " (en("heavy days used / left")) }
                    th scope="col" { "优良率 % " (en("good days")) "，目标 ≥ " (target.good_day_percent) }
                    th scope="col" { "PM2.5 µg/m³，目标 ≤ " (target.pm25_ug_m3) }
                } }
                tbody { @for area in &report.areas { tr {
                    th scope="row" { (area.name_zh) " " (en(&area.name_en)) }
                    td { (state(area.state)) }
                    (cells(&area.all_days))
                } @if !area.excluded_days.is_empty() { tr {
                    th scope="row" { "— 不计认定的例外事件日 " (en("without certified events")) " (" (area.excluded_days.len()) ")" }
                    td {}
                    (cells(&area.without_events))
                } } } }
            }
        }
    }
}

fn cells(p: &Progress) -> Markup {
    let heavy = &p.heavy_days;
    html! {
        td.number { (p.valid_days) " / " (p.elapsed_days) }
        td.number { (heavy.used) " / " (heavy.left.map_or("—".to_owned(), |n| n.to_string()))
            @if let Some(s) = heavy.state { " " (state(s)) } }
        td.number { (number(p.good_days.percent)) " " (state(p.good_days.state)) }
        td.number { (number(p.pm25.mean_ug_m3)) " " (state(p.pm25.state)) }
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or("—".to_owned(), |v| format!("{v:.1}"))
}

/// A state by colour and by word.
fn state(state: TargetState) -> Markup {
    let class = match state {
        TargetState::OnTrack => "state on-track",
        TargetState::Unknown => "state unknown",
        TargetState::AtRisk => "state at-risk",
        TargetState::Missed => "state missed",
    };
    html! { span class=(class) { (state.name_zh()) " " (en(state.name_en())) } }
}
