//! Counties by day, and hour by hour.

use super::wording::{aqi_class, aqi_level, en, level_badge, names, or_dash, weekday_en};
use crate::api::chart;
use crate::archive::series::SeriesRow;
use crate::consultation::ConsultationRecord;
use crate::domain::pollutant::Pollutant;
use crate::forecast::DayForecast;
use crate::warning::Action;
use chrono::{DateTime, NaiveDate, Utc};
use maud::{Markup, html};
use std::collections::BTreeSet;

/// The table of the consultation: a county is a row, a Beijing day a column.
pub(super) fn table(r: &ConsultationRecord) -> Markup {
    let days: BTreeSet<NaiveDate> =
        r.forecast.counties.iter().flat_map(|c| c.days.iter().map(|d| d.beijing_day)).collect();
    html! {
        section {
            h2 { "县市逐日预报 " (en("Counties by day")) " "
                small { "AQI 级别 " (en("level")) " / 80 % 区间 " (en("interval")) " · 首要污染物 " (en("main pollutant")) " · PM2.5 日均 µg/m³" } }
            table.days {
                thead { tr {
                    th scope="col" { "县市 " (en("county")) }
                    th scope="col" { "预警 " (en("warning")) }
                    @for day in &days { th scope="col" { (day.format("%m月%d日")) " " (en(weekday_en(*day))) } }
                } }
                tbody { @for county in &r.forecast.counties { tr {
                    th scope="row" { (county.name_zh) " " (en(&county.name_en))
                        @if !county.has_station { br; span.note { "无站点 no station" } } }
                    td { @if let Some(w) = r.warning.counties.iter().find(|w| w.adcode == county.adcode) { (level_badge(w.level)) @if !matches!(w.action, Action::None | Action::Advise) { " " (w.action.zh()) " " (en(w.action.en())) } } }
                    @for day in &days { (day_cell(county.days.iter().find(|d| d.beijing_day == *day))) }
                } } }
            }
        }
    }
}

fn day_cell(day: Option<&DayForecast>) -> Markup {
    let Some(day) = day else { return html! { td.none { "—" } } };
    html! {
        td class=(aqi_class(&day.aqi)) {
            b { (or_dash(day.aqi.aqi)) } " " (aqi_level(&day.aqi))
            @if day.hours < 24 { " " span.note { (day.hours) " h" } }
            br;
            span.range { (or_dash(day.aqi_lower.aqi)) "–" (or_dash(day.aqi_upper.aqi)) }
            @if !day.aqi.primary.is_empty() { " · " (names(&day.aqi.primary)) }
            @if let Some(pm25) = &day.concentrations.pm25_ug_m3 { " · " (format!("{:.0}", pm25.value)) " µg/m³" }
        }
    }
}

/// Hourly PM2.5 of each county, one scale for all.
pub(super) fn charts(r: &ConsultationRecord, with_list: &[SeriesRow]) -> Markup {
    let counties = &r.forecast.counties;
    let top = chart::top_ug_m3(counties);
    html! {
        section {
            h2 { "逐小时 PM2.5 " (en("Hourly PM2.5")) " " small { "µg/m³ · 横轴北京时 " (en("Beijing time")) } }
            p.legend {
                span { span.key.before {} "预报 " (en("forecast")) } " "
                span { span.key.band {} "80 % 区间 " (en("interval")) "（上端超出图框处截去 " (en("cut at the frame")) "）" } " "
                @if !with_list.is_empty() { span { span.key.after {} "落实清单后 " (en("with the list")) } " " }
                span { span.key.limit {} "115、150：AQI 150、200 的日均浓度 " (en("day means of AQI 150 and 200")) } " "
                span { span.key.cycle {} "起报 " (en("cycle")) }
            }
            div.charts { @for county in counties {
                @let after: Vec<(DateTime<Utc>, f64)> = with_list
                    .iter()
                    .filter(|s| s.adcode == county.adcode && s.pollutant == Pollutant::Pm25)
                    .map(|s| (s.end, s.value))
                    .collect();
                (chart::pm25(county, &after, r.cycle, top))
            } }
        }
    }
}
