//! Why each area has its level: every rule with how far it was met, the days, what would change it, other readings, chances.

use super::wording::{beijing, chance, en, level_badge, names, or_dash, period, reading};
use crate::consultation::ConsultationRecord;
use crate::warning::explain::{Change, Explanation, RuleAccount};
use crate::warning::probability::LevelProbability;
use crate::warning::rules::Condition;
use crate::warning::{AreaWarning, OtherReading, WarningLevel};
use maud::{Markup, html};

/// Counties folded; nothing where the record holds no explanation.
pub(super) fn section(r: &ConsultationRecord) -> Markup {
    let counties: Vec<(&AreaWarning, &Explanation)> =
        r.accounts().filter_map(|a| Some((a.warning, a.explanation?))).collect();
    if counties.is_empty() {
        return html! {};
    }
    html! {
        section id="explain" {
            h2 { "为何是这个级别 " (en("Why this level")) " "
                small { "各条规则满足到什么程度 " (en("how far each rule was met")) "；时间为北京时" } }
            @for (warning, explanation) in counties {
                details {
                    summary { b { (warning.name_zh) } " " (en(&warning.name_en)) " " (level_badge(warning.level)) " " (warning.action.zh())
                        " " (en(warning.action.en())) @if warning.level_called != warning.level { "，预报要求 " (en("called for")) " " (level_badge(warning.level_called)) } }
                    (area(warning, explanation))
                }
            }
        }
    }
}

fn area(warning: &AreaWarning, explanation: &Explanation) -> Markup {
    html! {
        p { (explanation.document) " · " (explanation.scheme) @if !explanation.adoption_verified { " " span.note { "本地区适用该方案未核实 adoption not verified" } } }
        @if explanation.rules.is_empty() { p { "由各县市的级别决定。 " (en("It follows from the levels of its counties.")) } }
        @else { (rules(&explanation.rules)) }
        div.columns {
            @if !explanation.days.is_empty() { (days(explanation)) }
            div {
                @if !explanation.rules.is_empty() { (changes(&explanation.changes)) }
                (other_readings(&warning.other_readings))
            }
            @if let Some(p) = &warning.probability { (chances(p)) }
        }
    }
}

fn rules(rules: &[RuleAccount]) -> Markup {
    html! {
        table.rules {
            thead { tr {
                th scope="col" { "规则 " (en("rule")) } th scope="col" { "级别 " (en("level")) } th scope="col" { "条款 " (en("clause")) }
                th scope="col" { "条件 " (en("condition")) } th scope="col" { "读法 " (en("reading")) }
                th scope="col" { "最长 / 需要 " (en("longest / needed")) } th scope="col" { "时段 " (en("period")) } th scope="col" { "结果 " (en("result")) }
            } }
            tbody { @for same in rules.chunk_by(|a, b| a.rule == b.rule) { @for (i, rule) in same.iter().enumerate() {
                tr.fired[rule.fired] {
                    @if i == 0 {
                        td rowspan=(same.len()) { code { (rule.rule) } }
                        td rowspan=(same.len()) { (level_badge(rule.level)) }
                        td.clause rowspan=(same.len()) { (rule.clause) @if !rule.verified { " " span.note { "未核实 unverified" } } }
                        td rowspan=(same.len()) { (conditions(&rule.conditions)) }
                    }
                    (account(rule))
                }
            } } }
        }
    }
}

/// One reading of a rule: how far it was met.
fn account(rule: &RuleAccount) -> Markup {
    let needed = rule.conditions.first().map_or(0, |c| c.hours);
    html! {
        td.reading { (reading(rule.reading)) @if !rule.counts { " " span.note { "不作数 does not count" } } }
        td.number { (rule.longest_hours) " / " (needed) " h" }
        td { (period(rule.from, rule.to)) }
        td.result { @if rule.fired { b { "触发 " (en("fired")) } }
            @else if rule.longest_hours >= needed { "未触发：其余条件未满足" br; (en("another condition is not met")) }
            @else { "未触发 " (en("not fired")) } }
    }
}

fn conditions(all: &[Condition]) -> Markup {
    html! { @for (i, c) in all.iter().enumerate() { @if i > 0 { " 且 " } "AQI>" (c.aqi_above) " ≥" (c.hours) " h" } }
}

fn days(explanation: &Explanation) -> Markup {
    html! {
        table {
            caption { "自然日 " (en("natural days")) }
            thead { tr { th scope="col" { "日 " (en("day")) } th scope="col" { "AQI" } th scope="col" { "PM2.5 µg/m³" } th scope="col" { "首要 " (en("main")) } th scope="col" {} } }
            tbody { @for d in &explanation.days { tr {
                th scope="row" { (d.beijing_day.format("%m-%d")) }
                td.number { (or_dash(d.aqi)) }
                td.number { (d.pm25_ug_m3.map_or("—".to_owned(), |v| format!("{v:.0}"))) }
                td { (names(&d.primary)) }
                td { @if d.observed { "实测 " (en("observed")) } @else { "预报 " (en("forecast")) } }
            } } }
        }
    }
}

/// A change of all forecast concentrations and the level it would call for.
pub(super) fn change(change: &Change) -> Markup {
    html! { (format!("{:+} %", change.percent).replace('-', "−")) " → " (level_badge(change.level)) }
}

fn changes(changes: &[Change]) -> Markup {
    html! {
        p { b { "起报后浓度变化多少会改变级别 " } (en("change of concentrations that changes the level")) }
        @if changes.is_empty() { p { "−60 % 至 +100 % 内不变 " (en("none within this range")) } }
        ul { @for c in changes { li { (change(c)) } } }
    }
}

/// One reading of an open clause with the level it gives.
pub(super) fn other_reading(other: &OtherReading) -> Markup {
    html! { code { (other.parameter) "=" (other.value) } " → " (level_badge(other.level)) }
}

fn other_readings(readings: &[OtherReading]) -> Markup {
    html! {
        p { b { "条款的其他读法 " } (en("other readings of open clauses")) }
        @if readings.is_empty() { p { "都得出同一级别 " (en("all give the same level")) } }
        ul { @for o in readings { li { (other_reading(o)) " （本次 " (o.decided_by) "） " span.clause { "[" (o.clause) "]" } } } }
    }
}

fn chances(p: &LevelProbability) -> Markup {
    html! { div {
        table {
            caption { "可能性 " (en("chances")) " " (p.sample) " 条路径 " (en("paths")) }
            thead { tr { th scope="col" { "级别 " (en("level or above")) } th scope="col" { "可能性 " (en("chance")) } th scope="col" { "90 % 区间 " (en("interval")) } } }
            tbody {
                @for c in &p.levels { tr {
                    th scope="row" { (level_badge(c.level)) @if c.level < WarningLevel::Red { " 及以上" } }
                    td.number { (chance(c.probability)) }
                    td.number { (chance(c.lower)) " – " (chance(c.upper)) }
                } }
                @if let Some(lift) = p.lift_within_36_h { tr {
                    th scope="row" { "36 小时内可解除 " (en("lift within 36 h")) } td.number { (chance(lift)) } td {}
                } }
                tr { th scope="row" { "预期重污染小时 " (en("expected heavy hours")) } td.number { (format!("{:.1}", p.expected_heavy_hours)) " h" } td {} }
            }
        }
        @for starts in p.starts.chunk_by(|a, b| a.level == b.level) {
            p { @if let Some(s) = starts.first() { (level_badge(s.level)) " 开始于 " (en("begins on")) }
                @for s in starts { " " (s.beijing_day.format("%m-%d")) " " b { (chance(s.probability)) } } }
        }
        p.method { (p.method_zh) " " (en(&p.method_en)) }
        @for c in &p.calibration { p.method {
            (level_badge(c.level)) " "
            @if c.calibrated { "按往期校准，轨迹统计值 " (chance(c.counted)) " " (en("set right by the past; counted on the paths")) }
            @else { "未校准：往期事件不足 " (c.events_needed) " 次 " (en("not calibrated: too few events")) }
            " （往期 " (c.forecasts) " 次，发生 " (c.events) " 次 " (en("past chances, came true")) "）"
        } }
    } }
}

/// The county whose level changes with the smallest fall, and the one with the smallest rise, of all concentrations.
pub(super) fn nearest(r: &ConsultationRecord) -> [Option<(&str, &Change)>; 2] {
    let all = || r.explanations.iter().flat_map(|e| e.changes.iter().map(move |c| (e.name_zh.as_str(), c)));
    [-1, 1].map(|sign| all().filter(|(_, c)| c.percent.signum() == sign).min_by_key(|(_, c)| c.percent.abs()))
}

/// When it may be lifted.
pub(super) fn lift(warning: &AreaWarning) -> Markup {
    html! {
        p { "最早解除 " (en("may be lifted from")) " "
            @match warning.lift_from {
                Some(lift) => b { (beijing(lift)) },
                None => { "预报时段内未满足 " (en("not within the forecast")) },
            }
        }
    }
}
