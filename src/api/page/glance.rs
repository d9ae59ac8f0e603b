//! The first screen: level, where, when, why, what to do, with what effect, how sure.

use super::wording::{
    aqi_level, beijing, chance, en, level_badge, names, or_dash, period, reading, response, thousands,
};
use super::{certificate, explain};
use crate::consultation::{ConsultationRecord, Status};
use crate::forecast::{CountyForecast, DayForecast};
use crate::warning::probability::LevelProbability;
use crate::warning::{Because, WarningDecision, WarningLevel};
use maud::{Markup, html};
use std::collections::BTreeSet;

/// Run, cycle, completeness, and the choice of another run.
pub(super) fn status_bar(r: &ConsultationRecord, runs: &[&str]) -> Markup {
    html! {
        header {
            h1 { (r.region_name_zh) " · 空气质量预报与重污染天气预警 " (en("Air-quality forecast and heavy-pollution warning")) }
            div.bar {
                span { "批次 " (en("run")) " " b { (r.run) } }
                span { "起报 " (en("cycle")) " " b { (beijing(r.cycle)) } " 北京时 (" (r.cycle.format("%Y-%m-%d %H:%M")) " UTC)" }
                @match r.status {
                    Status::Complete => span.complete { "✓ 完整 " (en("complete")) },
                    Status::Degraded => span.degraded { "⚠ 降级 " (en("degraded")) },
                }
                span { "输入 " a href="#provenance" { (r.inputs.len()) " 个文件 " (en("input files")) } }
                form method="get" action="/" {
                    label for="run" { "历史 " (en("runs")) } " "
                    select id="run" name="run" {
                        @for run in runs { option value=(run) selected[*run == r.run] { (run) } }
                    }
                    button { "查看 " (en("show")) }
                }
            }
            @if let (Some(zh), Some(english)) = (r.limits_zh.first(), r.limits_en.first()) {
                p.limit { "说明 " (zh) " " (en(english)) }
            }
            @if !r.degraded.is_empty() {
                ul.reasons { @for reason in &r.degraded { li { (reason) } } }
            }
        }
    }
}

/// The questions of the one who signs, each with its answer and a way to what it rests on.
pub(super) fn cards(r: &ConsultationRecord) -> Markup {
    html! {
        div.cards { (decision(&r.warning)) (why(&r.warning)) (what_to_do(r)) (effect(r)) (how_sure(r)) }
    }
}

fn decision(warning: &WarningDecision) -> Markup {
    let p = &warning.prefecture;
    let levels =
        [WarningLevel::Red, WarningLevel::Orange, WarningLevel::Yellow, WarningLevel::Blue, WarningLevel::PreWarning];
    html! {
        section.card {
            h2 { "预警级别 " (en("level, where, when")) }
            p.big { (level_badge(p.level)) " " b { (p.action.zh()) } " " (en(p.action.en())) }
            @if p.level_called != p.level || p.level_before > WarningLevel::None {
                p { "此前 " (en("before")) " " (level_badge(p.level_before)) @if p.level_called != p.level { " 预报要求 " (en("called for")) " " (level_badge(p.level_called)) } }
            }
            @for level in levels {
                @let counties: Vec<&str> =
                    warning.counties.iter().filter(|c| c.level == level).map(|c| c.name_zh.as_str()).collect();
                @if !counties.is_empty() { p { (level_badge(level)) " " b { (counties.join("、")) } } }
            }
            @if p.from.is_some() { p { "过程 " (en("episode")) " " b { (period(p.from, p.to)) } " 北京时" } }
            @if p.level >= WarningLevel::Yellow { (explain::lift(p)) }
        }
    }
}

/// The clause that set the level, in one sentence; the rest is below.
fn why(warning: &WarningDecision) -> Markup {
    let p = &warning.prefecture;
    let decisive: Vec<&Because> = p.because.iter().filter(|b| b.level == p.level).collect();
    html! {
        section.card {
            h2 { "依据 " (en("why")) }
            @match decisive.first() {
                Some(b) => {
                    p { (b.text_zh) }
                    p { (reading(b.reading)) @if !b.verified { " " span.note { "条款待核对 unverified" } } }
                }
                None => p { "没有触发任何条款。 " (en("No clause fired.")) },
            }
            @if p.level_natural_day != p.level_sliding_24h {
                p { "自然日 " (level_badge(p.level_natural_day)) " 滑动 " (level_badge(p.level_sliding_24h)) "，取严 " (en("the stricter")) }
            }
            (other_readings(warning))
            @if !p.because.is_empty() {
                p { a href="#decision" { "全部 " (p.because.len()) " 条依据 " (en("all reasons")) }
                    " · " a href="#explain" { "各条规则 " (en("every rule")) } }
            }
        }
    }
}

/// How many readings of open clauses give another level, and which levels.
fn other_readings(warning: &WarningDecision) -> Markup {
    let areas = std::iter::once(&warning.prefecture).chain(&warning.counties);
    let others: Vec<WarningLevel> = areas.flat_map(|a| a.other_readings.iter().map(|o| o.level)).collect();
    let levels: BTreeSet<WarningLevel> = others.iter().copied().collect();
    html! {
        @if !others.is_empty() {
            p { a href="#explain" { "其他读法 " (others.len()) " 处 " (en("other readings")) } " →" @for level in &levels { " " (level_badge(*level)) } }
        }
    }
}

fn what_to_do(r: &ConsultationRecord) -> Markup {
    html! {
        section.card {
            h2 { "应对 " (en("what to do")) }
            p { b { (response(r.warning.prefecture.response)) } }
            @match &r.reduction {
                Some(plan) => {
                    p { (level_badge(plan.level)) " 清单 " b { (plan.measures.len()) } " 项 " (en("measures"))
                        "，强制 " (en("mandatory")) " " (plan.measures.iter().filter(|m| m.mandatory).count()) }
                    p { b { (period(Some(plan.from), Some(plan.to))) } " 北京时" }
                    p { "费用 " (en("cost")) " " b { (thousands(plan.cost_yuan_d)) } " 元/日 " span.note { "估算 estimate" } }
                    p { "减排要求 " (en("targets met")) " " b { (plan.targets.iter().filter(|t| t.met).count()) " / " (plan.targets.len()) }
                        @for t in plan.targets.iter().filter(|t| !t.met) { " " span.note { (t.pollutant) " 未达" } } }
                    p { a href="#measures" { "清单 " (en("the list")) } }
                }
                None => p { "本次无需减排清单。 " (en("No level calls for a list.")) },
            }
        }
    }
}

fn effect(r: &ConsultationRecord) -> Markup {
    html! {
        section.card {
            h2 { "效果 " (en("with what effect")) }
            @match &r.certificate {
                Some(effect) => {
                    p { (certificate::verdict(effect.verdict)) }
                    @let before = effect.counties.iter().map(|c| c.level_before).max();
                    @let after = effect.counties.iter().map(|c| c.level_after).max();
                    @if let (Some(before), Some(after)) = (before, after) {
                        p { "县市最高 " (en("highest county")) br; (level_badge(before)) " → " (level_badge(after)) }
                    }
                    p { "PM2.5 日均最大降幅 " (en("largest fall")) " " b { (format!("{:.1}", effect.largest_fall_ug_m3)) } " µg/m³" }
                    p { a href="#certificate" { "前后对比 " (en("without and with the list")) } }
                }
                None => p { "没有清单，无需证明。 " (en("No list, nothing to prove.")) },
            }
        }
    }
}

/// Chances of the coloured levels that matter for signing, with their interval.
fn chances(p: &LevelProbability) -> Markup {
    let shown = p.levels.iter().filter(|c| matches!(c.level, WarningLevel::Yellow | WarningLevel::Orange));
    html! {
        @for c in shown {
            p { (level_badge(c.level)) " 及以上 " b { (chance(c.probability)) } " "
                span.range { "[" (chance(c.lower)) ", " (chance(c.upper)) "]" } }
        }
    }
}

/// The smallest fall and the smallest rise of all concentrations that change a county's level.
fn nearest_changes(r: &ConsultationRecord) -> Markup {
    let nearest: Vec<_> = explain::nearest(r).into_iter().flatten().collect();
    html! {
        @if !nearest.is_empty() {
            p { "改变级别的浓度变化 " (en("what would change it"))
                @for (county, change) in nearest { br; (county) " " (explain::change(change)) } }
        }
    }
}

/// The worst county-day with its interval, what was corrected, where stations are, what is unverified.
fn how_sure(r: &ConsultationRecord) -> Markup {
    let days = r.forecast.counties.iter().flat_map(|c| c.days.iter().map(move |d| (c, d)));
    let worst: Option<(&CountyForecast, &DayForecast)> = days.max_by_key(|(_, d)| d.aqi.aqi);
    let probability = r.warning.prefecture.probability.as_ref();
    let methods = &r.forecast.correction.methods;
    let uncorrected = methods.iter().filter(|m| m.method == "none").count();
    let stations = r.forecast.counties.iter().filter(|c| c.has_station).count();
    let unverified = r.warning.prefecture.because.iter().filter(|b| !b.verified).count();
    html! {
        section.card {
            h2 { "把握 " (en("how sure"))
                @if let Some(p) = probability { " " small { (p.sample) " 条路径 " (en("paths")) "，90 % 区间 " (en("interval")) } } }
            @if let Some(p) = probability { (chances(p)) }
            (nearest_changes(r))
            @if let Some((county, day)) = worst {
                p { "最高 " (county.name_zh) " " (day.beijing_day.format("%m-%d")) " AQI " b { (or_dash(day.aqi.aqi)) }
                    " " (names(&day.aqi.primary)) "，80 % 区间 " b { (or_dash(day.aqi_lower.aqi)) "–" (or_dash(day.aqi_upper.aqi)) } " "
                    "（" (aqi_level(&day.aqi_lower)) " 至 " (aqi_level(&day.aqi_upper)) "）" }
            }
            p {
                @if uncorrected > 0 { span.note { "未订正 not corrected " (uncorrected) " / " (methods.len()) } } @else { "全部订正 " (en("all corrected")) }
                " 有站点的县市 " (en("counties with a station")) " " b { (stations) " / " (r.forecast.counties.len()) }
                @if unverified > 0 { " " span.note { "待核对条款 clauses unverified " (unverified) " / " (r.warning.prefecture.because.len()) } }
                @if r.warning.prefecture.unjudged_hours > 0 {
                    " " span.note { "无法判定 " (r.warning.prefecture.unjudged_hours) " 小时 hours not judged" }
                }
            }
        }
    }
}
