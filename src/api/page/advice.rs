//! Advice to the public, to sensitive groups and under the warning.

use super::wording::{en, names};
use crate::consultation::ConsultationRecord;
use crate::warning::advice::{Advice, AreaAdvice};
use maud::{Markup, html};

/// The prefecture open, the counties folded; nothing where the record holds no advice.
pub(super) fn section(r: &ConsultationRecord) -> Markup {
    let Some((first, rest)) = r.advice.split_first() else { return html! {} };
    let unverified = first.advice.iter().filter(|a| !a.verified).count();
    html! {
        section id="advice" {
            h2 { "健康提示与倡议 " (en("Advice")) " "
                small { "不是命令 " (en("no orders")) }
                @if unverified > 0 { " " span.note { "文字待核对 wording unverified " (unverified) " / " (first.advice.len()) } } }
            (area(first))
            @if !rest.is_empty() {
                details {
                    summary { "各县市提示 " (en("Advice by county")) " (" (rest.len()) ")" }
                    @for county in rest { (area(county)) }
                }
            }
        }
    }
}

fn area(given: &AreaAdvice) -> Markup {
    html! {
        h3 { (given.name_zh) " " (en(&given.name_en)) " "
            small {
                @match (given.beijing_day, given.aqi_level) {
                    (Some(day), Some(level)) => { "最重日 " (en("worst day")) " " (day.format("%m-%d")) " AQI " (level) " 级 " (names(&given.primary)) },
                    _ => "AQI 无法判定，未按级别提示",
                }
            } }
        @if given.advice.is_empty() { p { "没有提示。 " (en("No advice.")) } }
        ul.advice { @for a in &given.advice { (one(a)) } }
    }
}

fn one(a: &Advice) -> Markup {
    html! { li title=(a.clause) { b { (a.subject_zh) } " " (en(&a.subject_en)) "：" (a.text_zh) " " (en(&a.text_en)) } }
}
