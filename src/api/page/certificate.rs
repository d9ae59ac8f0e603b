//! The proof of the list: the forecast without it beside the forecast with it.

use super::wording::{beijing, en, level_badge, or_dash, thousands};
use crate::reduction::{DayEffect, ReductionEffect, Verdict};
use chrono::NaiveDate;
use maud::{Markup, html};
use std::collections::BTreeSet;

/// The verdict in a few words. `Lowered` also holds where only the AQI level of a day fell, so it does not promise a lower warning.
pub(super) fn verdict(verdict: Verdict) -> Markup {
    let words = match verdict {
        Verdict::Averted => html! { "可避免 " (en("averted")) },
        Verdict::Lowered => html! { "减轻，不能避免 " (en("lowered, not averted")) },
        Verdict::NotAverted => html! { "不能避免 " (en("not averted")) },
    };
    html! { span.verdict { (words) } }
}

pub(super) fn proof(effect: Option<&ReductionEffect>) -> Markup {
    let Some(effect) = effect else { return html! {} };
    let days: BTreeSet<NaiveDate> = effect.counties.iter().flat_map(|c| c.days.iter().map(|d| d.beijing_day)).collect();
    html! {
        section id="certificate" {
            h2 { "减排效果证明 " (en("Proof of the list")) " " (verdict(effect.verdict)) }
            p { (effect.statement_zh) " " (en(&effect.statement_en)) }
            table {
                caption { "不采取措施 → 采取措施 " (en("without → with the list")) "：AQI；PM2.5 日均 µg/m³" }
                thead { tr {
                    th scope="col" { "县市 " (en("county")) } th scope="col" { "级别 " (en("level")) }
                    @for day in &days { th scope="col" { (day.format("%m月%d日")) } }
                } }
                tbody { @for county in &effect.counties { tr {
                    th scope="row" { (county.name_zh) " " (en(&county.name_en)) }
                    td { (level_badge(county.level_before))
                        @if county.level_before == county.level_after { " 不变 " (en("unchanged")) }
                        @else { " → " (level_badge(county.level_after)) } }
                    @for day in &days { (day_cell(county.days.iter().find(|d| d.beijing_day == *day))) }
                } } }
            }
            (windows(effect))
            p { "最大降幅 " (en("largest fall")) " " b { (format!("{:.1}", effect.largest_fall_ug_m3)) } " µg/m³" }
            p.hash { "序列 SHA-256: 前 " (en("without")) " " code { (effect.base_series_sha256) } " 后 " (en("with")) " " code { (effect.cut_series_sha256) } }
        }
    }
}

/// What the influence foretold of each window beside the reruns, and every try.
fn windows(effect: &ReductionEffect) -> Markup {
    let signed = |share: Option<f64>| share.map_or_else(|| "—".into(), |s| format!("{:+.1} %", 100.0 * s));
    html! {
        @if !effect.windows.is_empty() {
            table {
                caption { "预测降幅与完整重算 " (en("foretold fall and full rerun")) "，µg/m³" }
                thead { tr {
                    th scope="col" { "县市 " (en("county")) } th scope="col" { "至 " (en("to")) } th scope="col" { "需 " (en("needed")) }
                    th scope="col" { "全部措施 " (en("every lawful measure")) }
                    th scope="col" { "预测 " (en("foretold")) } th scope="col" { "重算 " (en("rerun")) }
                    th scope="col" { "PM2.5" } th scope="col" { "一次PM " (en("primary")) } th scope="col" { "结论" }
                } }
                tbody { @for (i, w) in effect.windows.iter().enumerate() { tr {
                    th scope="row" { (county_name(effect, w.window.adcode)) } td { (beijing(w.window.to)) }
                    td.number { (format!("{:.2}", w.window.fall_needed_ug_m3)) }
                    td.number { @match effect.strictest.as_ref().and_then(|s| s.windows.get(i)) {
                        Some(all) => (format!("{:.2}", all.rerun.pm25_ug_m3)), None => "—",
                    } }
                    td.number { (format!("{:.2}", w.foretold.pm25_ug_m3)) } td.number { (format!("{:.2}", w.rerun.pm25_ug_m3)) }
                    td.number { (signed(w.deviation_pm25)) } td.number { (signed(w.deviation_primary)) }
                    td { @if w.met { "✓" } @else { span.note { "✗" } } }
                } } }
            }
        }
        @if let Some(all) = &effect.strictest { p {
            "依法可采取的全部措施（" (all.measures) " 项）完整重算 " (en("a full run with every lawful measure")) "：" (level_badge(all.level_after))
        } }
        @if effect.rounds.len() > 1 {
            ul { @for r in &effect.rounds { li {
                "第" (r.round) "次 " (en("try")) "：" (r.measures) " 项，" (thousands(r.cost_yuan_d)) " 元/日，" (level_badge(r.level_after))
                @if r.chosen { " " b { "采用 " (en("chosen")) } } " " code { (r.series_sha256) }
            } } }
        }
    }
}

/// Name of a county of the certificate, or its code.
fn county_name(effect: &ReductionEffect, adcode: u32) -> Markup {
    match effect.counties.iter().find(|c| c.adcode == adcode) {
        Some(county) => html! { (county.name_zh) " " (en(&county.name_en)) },
        None => html! { (adcode) },
    }
}

fn day_cell(day: Option<&DayEffect>) -> Markup {
    let Some(day) = day else { return html! { td.none { "—" } } };
    let fell = day.aqi_before.zip(day.aqi_after).is_some_and(|(b, a)| a < b);
    html! {
        td.effect.fell[fell] {
            "AQI " b { (or_dash(day.aqi_before)) " → " (or_dash(day.aqi_after)) }
            br;
            span.range { (format!("{:.1} → {:.1}", day.pm25_before_ug_m3, day.pm25_after_ug_m3)) " " (change(day)) }
        }
    }
}

/// Relative change of the day mean of PM2.5.
fn change(day: &DayEffect) -> String {
    if day.pm25_before_ug_m3 <= 0.0 {
        return String::new();
    }
    let percent = 100.0 * (day.pm25_after_ug_m3 / day.pm25_before_ug_m3 - 1.0);
    if percent.abs() < 0.05 { "(0 %)".into() } else { format!("({percent:+.1} %)").replace('-', "−") }
}
