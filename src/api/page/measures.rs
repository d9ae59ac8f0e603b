//! The emission-reduction list: targets and totals open, the measures of each county folded.

use super::wording::{amount, en, level_badge, percent, period, sector, thousands};
use crate::domain::source::{Amounts, Sector};
use crate::reduction::{CostProof, PlannedMeasure, ReductionPlan};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Measures of a county that differ only in source and amount are one line: sector, measure, hours, whether mandatory, and the
/// words of the row.
type Line<'a> = (Sector, &'a str, DateTime<Utc>, DateTime<Utc>, bool, [&'a str; 5]);

pub(super) fn list(plan: Option<&ReductionPlan>, run: &str) -> Markup {
    let heading = html! { "应急减排清单 " (en("Emergency emission-reduction list")) };
    let Some(plan) = plan else {
        return html! { section id="measures" { h2 { (heading) } p { "本次无需减排清单。 " (en("No level calls for a list.")) } } };
    };
    let (mut sectors, mut counties) = (BTreeMap::<Sector, Vec<_>>::new(), BTreeMap::<u32, Vec<_>>::new());
    for m in &plan.measures {
        sectors.entry(m.sector).or_default().push(m);
        counties.entry(m.adcode).or_default().push(m);
    }
    html! {
        section id="measures" {
            h2 { (heading) " " (level_badge(plan.level)) " " small { (period(Some(plan.from), Some(plan.to))) " 北京时" } }
            p { "共 " b { (plan.measures.len()) } " 项 " (en("measures")) "，估计费用 " (en("estimated cost")) " "
                b { (thousands(plan.cost_yuan_d)) } " 元/日 " (en("yuan a day")) "。 "
                a href=(format!("/v1/reductions/{run}")) { "完整清单 " (en("the whole list")) " (JSON)" } }
            @if let Some(p) = &plan.proof { (proof(p)) }
            div.columns {
                div {
                    (targets(plan))
                    (totals(plan, &html! { "按县市 " (en("by county")) }, counties.values().map(|m| (county(m), m))))
                }
                (totals(plan, &html! { "按行业 " (en("by sector")) }, sectors.iter().map(|(s, m)| (sector(*s), m))))
            }
            h3 { "各县市措施 " (en("Measures by county")) }
            @for measures in counties.values() { (of_county(measures)) }
            h3 { "说明 " (en("What is an estimate or unverified")) }
            ul { @for (zh, english) in plan.caveats_zh.iter().zip(&plan.caveats_en) { li { (zh) " " (en(english)) } } }
            h3 { "法规依据 " (en("Legal basis")) }
            ul { @for basis in &plan.legal_basis { li.clause { (basis) } } }
        }
    }
}

/// What the whole period costs, how near that is to the cheapest lawful list, and what the order of grades would cost.
fn proof(p: &CostProof) -> Markup {
    html! {
        p { "全程费用 " (en("cost of the whole period")) " " b { (thousands(p.cost_yuan)) } " 元 " (en("yuan")) "，已证明最低不少于 "
            (en("proven: at least")) " " (thousands(p.bound_yuan)) " 元（差距 " (en("gap")) " " (format!("{:.2} %", 100.0 * p.gap)) "）"
            @if let Some(plain) = p.grade_order_yuan {
                "；按绩效分级逐级停限产需 " (en("in the order of grades")) " " (thousands(plain)) " 元"
            }
            "。" }
    }
}

fn county(measures: &[&PlannedMeasure]) -> Markup {
    html! { (measures.first().map_or("", |m| m.county_zh.as_str())) }
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
                td { @if t.met { "✓ 达标 " (en("met")) } @else { span.note { "✗ 未达 " (en("not met")) } } }
            } } }
        }
    }
}

/// Number, cut and cost of each group, and of the whole list.
fn totals<'a>(
    plan: &ReductionPlan,
    caption: &Markup,
    groups: impl Iterator<Item = (Markup, &'a Vec<&'a PlannedMeasure>)>,
) -> Markup {
    html! {
        table {
            caption { (caption) }
            thead { tr {
                th scope="col" {} th scope="col" { "项 " (en("no.")) }
                (cut_heads()) th scope="col" { "元/日" }
            } }
            tbody { @for (name, measures) in groups {
                @let (cut, cost) = sum(measures);
                tr { th scope="row" { (name) } td.number { (measures.len()) } (cut_cells(cut)) td.number { (thousands(cost)) } }
            } }
            tfoot { tr {
                th scope="row" { "合计 " (en("total")) }
                td.number { (plan.measures.len()) } (cut_cells(plan.cut_t_d)) td.number { (thousands(plan.cost_yuan_d)) }
            } }
        }
    }
}

fn cut_heads() -> Markup {
    html! { @for name in ["SO2", "NOx", "PM2.5", "VOC"] { th scope="col" { (name) " t/d" } } }
}

fn cut_cells(cut: Amounts) -> Markup {
    html! { @for t in [cut.so2, cut.nox, cut.pm25, cut.nmvoc] { td.number { (amount(t)) } } }
}

fn sum(measures: &[&PlannedMeasure]) -> (Amounts, f64) {
    let start = (Amounts::all(0.0), 0.0);
    measures.iter().fold(start, |(cut, cost), m| (cut.zip(m.cut_t_d, |a, b| a + b), cost + m.cost_yuan_d))
}

/// Every measure of a county, those of the same kind and hours in one line with their sources.
fn of_county(measures: &[&PlannedMeasure]) -> Markup {
    let mut lines: BTreeMap<Line<'_>, Vec<&PlannedMeasure>> = BTreeMap::new();
    for m in measures {
        let words = [&m.name_zh, &m.department, &m.role, &m.verification, &m.legal_basis].map(String::as_str);
        let line = (m.sector, m.measure.as_str(), m.from, m.to, m.mandatory, words);
        lines.entry(line).or_default().push(m);
    }
    html! {
        details {
            summary { b { (county(measures)) } " " (measures.len()) " 项 " (en("measures")) "，"
                (thousands(sum(measures).1)) " 元/日" }
            table.measures {
                thead { tr {
                    th scope="col" { "行业 " (en("sector")) } th scope="col" { "措施 " (en("measure")) }
                    th scope="col" { "时段 " (en("period")) } (cut_heads()) th scope="col" { "元/日" }
                    th scope="col" { "责任单位 " (en("department")) } th scope="col" { "核查 " (en("check")) }
                    th scope="col" { "依据 " (en("basis")) } th scope="col" { "源 " (en("sources")) }
                } }
                tbody { @for same in lines.values() { @if let Some(m) = same.first() { (measure_row(m, same)) } } }
            }
        }
    }
}

fn measure_row(m: &PlannedMeasure, same: &[&PlannedMeasure]) -> Markup {
    let (cut, cost) = sum(same);
    html! {
        tr {
            td { (sector(m.sector)) }
            td { (m.name_zh) " " (en(&m.name_en)) @if !m.mandatory { " " span.note { "自愿 voluntary" } } }
            td { (period(Some(m.from), Some(m.to))) }
            (cut_cells(cut))
            td.number { (thousands(cost)) }
            td { (m.department) @if !m.role.is_empty() { "；" (m.role) } }
            td { (m.verification) }
            td.clause { (m.legal_basis) }
            td { details { summary { (same.len()) } @for m in same { (who(m)) " " } } }
        }
    }
}

/// The entry of the register, or the source that it does not name.
fn who(m: &PlannedMeasure) -> Markup {
    html! { @match &m.entry { Some(entry) => { (m.entry_name) " " code { (entry) } }, None => code { (m.source) } } }
}
