//! The past beside the evidence: how yesterday's forecast stood, and what followed days like today.

use super::wording::{en, names, or_dash};
use crate::calendar::beijing_local;
use crate::consultation::ConsultationRecord;
use crate::forecast::Estimate;
use crate::forecast::analogues::CountyAnalogues;
use crate::forecast::experience::Yesterday;
use maud::{Markup, html};

/// Both parts; says so where there is no history.
pub(super) fn section(r: &ConsultationRecord) -> Markup {
    html! {
        section id="experience" {
            h2 { "往日经验 " (en("What the past says")) }
            @match &r.experience {
                None => p { "没有实况：无法检验昨日预报，也没有相似日。 " (en("Nothing was observed: yesterday's forecast cannot be checked and there are no analogues.")) },
                Some(e) => {
                    @match &e.yesterday {
                        Some(y) => (yesterday(r, y)),
                        None => p { "没有可与实况比较的往期预报（存档预报 " (e.past_nights) " 个）。 "
                            (en(&format!("No earlier forecast of a day that was observed ({} archived nights).", e.past_nights))) },
                    }
                    @for county in &e.analogues { (analogues(r, county)) }
                    @if e.analogues.is_empty() { p { "没有相似日。 " (en("No analogues.")) } }
                }
            }
        }
    }
}

fn name(r: &ConsultationRecord, adcode: u32) -> Markup {
    let county = r.forecast.counties.iter().find(|c| c.adcode == adcode);
    html! { @if let Some(c) = county { (c.name_zh) " " (en(&c.name_en)) } @else { (adcode) } }
}

fn yesterday(r: &ConsultationRecord, y: &Yesterday) -> Markup {
    let range = |e: &Estimate| format!("{:.0} ({:.0}–{:.0})", e.value, e.lower, e.upper);
    html! {
        table {
            caption { "昨日预报与实况 " (en("Yesterday's forecast and what came")) " " (y.beijing_day) " · 起报 " (en("cycle")) " "
                (beijing_local(y.cycle).format("%m-%d %H:%M")) }
            thead { tr { th scope="col" { "县市 " (en("county")) } th scope="col" { "PM2.5 预报 " (en("forecast")) } th scope="col" { "实况 " (en("observed")) }
                th scope="col" { "AQI 预报 " (en("forecast")) } th scope="col" { "实况 " (en("observed")) } th scope="col" { "首要 预报 / 实况 " (en("primary, forecast / observed")) }
                th scope="col" { "级别 " (en("level")) } } }
            tbody { @for c in &y.counties { tr {
                th scope="row" { (name(r, c.adcode)) }
                td.number { @if let Some(e) = &c.forecast_pm25_ug_m3 { (range(e)) } @else { "—" } }
                td.number { @if let Some(o) = c.observed_pm25_ug_m3 { (format!("{o:.0}")) } @else { "—" }
                    @match c.inside { Some(true) => " 在区间内", Some(false) => " 在区间外", None => "" } }
                td.number { (or_dash(c.forecast_aqi)) }
                td.number { (or_dash(c.observed_aqi)) }
                td { (names(&c.forecast_primary)) " / " (names(&c.observed_primary)) }
                td { @match c.forecast_level.zip(c.observed_level) {
                    Some((f, o)) if f == o => { "正确 " (en("right")) },
                    Some((f, o)) if f < o => { "偏低 " (o - f) " 级 " (en("too low")) },
                    Some((f, o)) => { "偏高 " (f - o) " 级 " (en("too high")) },
                    None => "—",
                } }
            } } }
        }
    }
}

fn analogues(r: &ConsultationRecord, county: &CountyAnalogues) -> Markup {
    html! {
        @if county.nearest.is_empty() {
            p { (name(r, county.adcode)) "：可比较的往日 " (county.candidates) " 个，太少，不选相似日。 "
                (en(&format!("{} past nights to compare with are too few for analogues.", county.candidates))) }
        } @else {
            table {
                caption { "相似日 " (en("Days like today")) " " (name(r, county.adcode)) " · 选自 " (county.candidates) " 个往日 "
                    (en(&format!("chosen from {} past nights", county.candidates))) }
                thead { tr { th scope="col" { "日期 " (en("day")) } th scope="col" { "距离 " (en("distance")) } th scope="col" { "混合层 " (en("mixing height")) " m" }
                    th scope="col" { "风速 " (en("wind")) " m/s" } th scope="col" { "气温 " (en("temperature")) " °C" } th scope="col" { "前24小时 PM2.5 " (en("24 h before")) }
                    th scope="col" { "其后三日 PM2.5（AQI） " (en("the three days that followed")) } } }
                tbody { @for a in &county.nearest { tr {
                    th scope="row" { (beijing_local(a.cycle).format("%Y-%m-%d")) }
                    td.number { (format!("{:.2}", a.distance)) }
                    td.number { (format!("{:.0}", a.mixing_height_m)) }
                    td.number { (format!("{:.1}", a.wind_speed_m_s)) }
                    td.number { (format!("{:.0}", a.temperature_c)) }
                    td.number { (format!("{:.0}", a.pm25_before_ug_m3)) }
                    td.number { @for d in &a.followed { " " @if let Some(v) = d.pm25_ug_m3 { (format!("{v:.0}")) } @else { "—" } " (" (or_dash(d.aqi)) ")" } }
                } } }
            }
            p.method { "距离：混合层高度、风速（第一、第二日）、气温、前24小时PM2.5及其变化之差，以往日标准差为单位的均方根。 "
                (en("Distance: root mean square of the differences in mixing height and wind (first and second day), temperature, PM2.5 of the 24 h before and its change, in standard deviations of the past nights.")) }
        }
    }
}
