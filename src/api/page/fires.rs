//! Fires by county and day, the forbidden ones, and what the satellites saw that is no fire.

use super::wording::{beijing, en};
use crate::consultation::ConsultationRecord;
use crate::domain::fire::{BannedFire, FireReport};
use maud::{Markup, html};

/// Forbidden fires shown here; the consultation record has all.
const FIRST_BANNED: usize = 30;

/// The section; empty where the night read no file of fires.
pub(super) fn section(r: &ConsultationRecord) -> Markup {
    html! {
        @if let Some(fires) = &r.fires {
            section id="fires" {
                h2 { "卫星火点 " (en("Satellite fires")) }
                (summary(fires))
                @if fires.days.iter().any(|d| d.adcode != 0) { (by_county(r, fires)) }
                @if !fires.banned.is_empty() { (banned(&fires.banned)) }
                @if !fires.heat.is_empty() { (heat(fires)) }
            }
        }
    }
}

fn summary(f: &FireReport) -> Markup {
    let share = format!("{:.0} %", 100.0 * f.persistence_per_day);
    html! {
        p { (f.detections) " 次探测 " (en("detections")) " → " b { (f.fires) } " 处火点 " (en("fires"))
            "；重复 " (en("duplicates")) " " (f.duplicates) "，可信度低 " (en("low confidence")) " " (f.low_confidence)
            "，起报后 " (en("after the cycle")) " " (f.after_cycle) "，持续热源 " (en("lasting heat")) " " (f.lasting_heat)
            "，不可用 " (en("unusable")) " " (f.unusable) }
        p.note { "起报前 " (f.lookback_hours) " 小时内的火点按每日 " (share) " 延续到预报日。 "
            (en(&format!("Fires of the {} h before the cycle go on in the forecast, each day with {share} of the day before.", f.lookback_hours))) }
    }
}

fn by_county(r: &ConsultationRecord, f: &FireReport) -> Markup {
    let name = |adcode: u32| r.warning.counties.iter().find(|c| c.adcode == adcode);
    html! {
        table {
            thead { tr {
                th scope="col" { "县市 " (en("county")) } th scope="col" { "日期 " (en("day")) }
                th scope="col" { "火点 " (en("fires")) } th scope="col" { "禁烧期内 " (en("forbidden")) }
                th scope="col" { "辐射功率 " (en("radiative power")) " MW" }
            } }
            tbody { @for d in f.days.iter().filter(|d| d.adcode != 0) { tr {
                td { @match name(d.adcode) {
                    Some(c) => { (c.name_zh) " " (en(&c.name_en)) }
                    None => { (d.adcode) }
                } }
                td { (d.day) } td.number { (d.fires) } td.number { (d.banned) } td.number { (format!("{:.1}", d.frp_mw)) }
            } } }
        }
    }
}

fn banned(list: &[BannedFire]) -> Markup {
    html! {
        h3 { "禁烧区、禁烧期内的火点 " (en("Fires where and when burning is forbidden")) " (" (list.len()) ")" }
        ul { @for b in list.iter().take(FIRST_BANNED) { li {
            (beijing(b.fire.first)) " " (b.fire.adcode) " " (format!("{:.3}°E {:.3}°N", b.fire.lon, b.fire.lat))
            " " (format!("{:.1} MW", b.fire.frp_mw)) " " (b.fire.land.name_zh()) " " (en(b.fire.land.name()))
            " · " (b.zone_zh) " " (en(&b.zone_en)) " · " (b.clause)
        } } }
    }
}

fn heat(f: &FireReport) -> Markup {
    html! {
        details {
            summary { "不作为火点的热源 " (en("heat that is no fire")) " (" (f.heat.len()) ")" }
            ul { @for h in &f.heat { li {
                @let (zh, english) = h.reason.names();
                (h.name.as_deref().unwrap_or("")) " " (format!("{:.2}°E {:.2}°N", h.lon, h.lat)) " " (zh) " " (en(english)) " " (h.detections)
            } } }
        }
    }
}
