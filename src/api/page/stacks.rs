//! What was measured at stacks, limits exceeded there, and how weather and holidays changed the emissions.

use super::wording::{beijing, en, sector};
use crate::consultation::ConsultationRecord;
use crate::domain::stack_record::StackReport;
use crate::simulation::emission_conditions::ConditionsReport;
use maud::{Markup, html};

/// Exceedances shown here; the consultation record has all.
const FIRST_EXCEEDANCES: usize = 30;

/// The section; empty where the night has neither.
pub(super) fn section(r: &ConsultationRecord) -> Markup {
    html! {
        @if r.stacks.is_some() || r.emission_conditions.is_some() {
            section id="emissions" {
                h2 { "排放 " (en("Emissions")) }
                @if let Some(stacks) = &r.stacks { (measured(stacks)) }
                @if let Some(conditions) = &r.emission_conditions { (weather(r, conditions)) }
            }
        }
    }
}

fn measured(s: &StackReport) -> Markup {
    let (gaps, idle) = s.stacks.iter().fold((0, 0), |(gaps, idle), a| (gaps + a.gaps, idle + a.idle));
    html! {
        p { "在线监测 " (en("stack measurements")) ": " (s.readings) " 小时值 " (en("hourly rows")) "，" (s.stacks.len()) " 个排口 " (en("stacks"))
            "，缺测 " (en("gaps, estimated")) " " (gaps) "，停炉 " (en("idle")) " " (idle) "，清单中没有 " (en("not in the inventory")) " " (s.unknown)
            "，超标小时 " (en("hours above a limit")) " " b { (s.exceedances.len()) } }
        @if !s.exceedances.is_empty() {
            details {
                summary { "超标的小时值，待核实 " (en("hours above a limit, to be checked")) " (" (s.exceedances.len()) ")" }
                ul { @for e in s.exceedances.iter().take(FIRST_EXCEEDANCES) { li {
                    (beijing(e.end)) " " (e.source) " " (e.pollutant.name()) " " (format!("{:.0} > {:.0} mg/m³", e.value_mg_m3, e.limit_mg_m3))
                    " · " (e.clause)
                } } }
            }
        }
    }
}

fn weather(r: &ConsultationRecord, c: &ConditionsReport) -> Markup {
    let name = |adcode: u32| r.warning.counties.iter().find(|c| c.adcode == adcode).map_or("", |c| c.name_zh.as_str());
    html! {
        p { "法定节假日 " (en("public holidays")) ": "
            @if !c.holidays_known { "未知，只按周末 " (en("unknown, weekends only")) }
            @else if c.holidays.is_empty() { "无 " (en("none")) }
            @for day in &c.holidays { (day) " " }
        }
        @if !c.days.is_empty() {
            details {
                summary { "按天气调整的排放系数 " (en("factors of emission by weather")) }
                table {
                    thead { tr {
                        th scope="col" { "县市 " (en("county")) } th scope="col" { "行业 " (en("sector")) } th scope="col" { "日期 " (en("day")) }
                        th scope="col" { "系数 " (en("factor")) } th scope="col" { "气温 " (en("temperature")) " °C" }
                        th scope="col" { "风速 " (en("wind")) " m/s" } th scope="col" { "降水 " (en("precipitation")) " mm" }
                    } }
                    tbody { @for d in &c.days { tr {
                        td { (name(d.adcode)) } td { (sector(d.sector)) } td { (d.day) } td.number { (format!("{:.2}", d.factor)) }
                        td.number { (format!("{:.1}", d.temperature_c)) } td.number { (format!("{:.1}", d.wind_m_s)) }
                        td.number { @if let Some(mm) = d.rain_mm { (format!("{mm:.1}")) } @else { "—" } }
                    } } }
                }
            }
        }
    }
}
