//! The warning decision with every clause that fired and the values behind it.

use super::wording::{beijing, en, level_badge, names, period, reading};
use crate::warning::{AreaWarning, Because, WarningDecision, WarningLevel};
use maud::{Markup, html};

/// The decision; clauses of the decided level first, lower ones folded.
pub(super) fn decision(warning: &WarningDecision) -> Markup {
    let p = &warning.prefecture;
    html! {
        section id="decision" {
            h2 { "预警决定 " (en("Warning decision")) " " (level_badge(p.level)) " "
                small { (period(p.from, p.to)) " 北京时 · 规则 " (en("rules")) " " (warning.scheme) } }
            @if p.because.is_empty() && p.level == WarningLevel::None { p { "没有触发任何条款。 " (en("No clause fired.")) } }
            @if p.response_level != p.level { p { "减排按 " (en("measures follow")) " " (level_badge(p.response_level)) } }
            @if let Some(lift) = p.lift_from { p { "最早可解除 " (en("may be lifted from")) " " b { (beijing(lift)) } } }
            @if p.unjudged_hours > 0 {
                p.note { "无法判定的小时 " (en("hours that cannot be judged")) " " (p.unjudged_hours) }
            }
            (reasons(p))
            @let areas: Vec<&AreaWarning> = warning.counties.iter().filter(|a| !a.because.is_empty()).collect();
            @if !areas.is_empty() {
                details open[p.because.is_empty()] {
                    summary { "各县市依据 " (en("Reasons by county")) " (" (areas.len()) ")" }
                    @for area in areas {
                        h3 { (area.name_zh) " " (en(&area.name_en)) " " (level_badge(area.level)) " " small { (period(area.from, area.to)) } }
                        (reasons(area))
                    }
                }
            }
        }
    }
}

fn reasons(area: &AreaWarning) -> Markup {
    let (decisive, lower): (Vec<&Because>, Vec<&Because>) = area.because.iter().partition(|b| b.level >= area.level);
    html! {
        ul { @for b in &decisive { (because(b)) } }
        @if !lower.is_empty() {
            details open[decisive.is_empty()] {
                summary { "同时满足的较低级别条款 " (en("clauses of lower levels that fired too")) " (" (lower.len()) ")" }
                ul { @for b in &lower { (because(b)) } }
            }
        }
    }
}

fn because(b: &Because) -> Markup {
    html! {
        li {
            (level_badge(b.level)) " " (b.text_zh) " " (en(&b.text_en)) " "
            span.clause { "[" (b.clause) "]" } " " (reading(b.reading))
            @if !b.verified { " " span.note { "条款待核对 unverified" } }
            @if !b.evidence.is_empty() {
                ul.evidence { @for e in &b.evidence { li {
                    (beijing(e.from)) " – " (beijing(e.to)) ": AQI " b { (e.aqi) }
                    " · 首要 " (names(&e.primary))
                    @if let Some(pm25) = e.pm25_ug_m3 { " · PM2.5 " (format!("{pm25:.0}")) " µg/m³" }
                } } }
            }
        }
    }
}
