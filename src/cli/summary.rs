//! A night in one screen of text.

use super::language::Language;
use super::output;
use crate::consultation::{ConsultationRecord, chance_percent};
use crate::domain::pollutant::Pollutant;
use crate::domain::targets::TargetState;
use crate::forecast::DayForecast;
use crate::warning::{AreaWarning, WarningLevel};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The record for people: warning, counties by day, list, certificate, mass ledger.
pub fn text(record: &ConsultationRecord, language: Language) -> String {
    let mut out = String::new();
    let warning = &record.warning;
    let _ = writeln!(
        out,
        "{} {}   {} {}   {}: {} · {}",
        language.pick("起报", "run"),
        record.run,
        language.pick("地区", "region"),
        language.pick(&record.region_name_zh, &record.region),
        language.pick("全州", "prefecture"),
        language.pick(warning.prefecture.level.zh(), warning.prefecture.level.en()),
        language.pick(warning.prefecture.action.zh(), warning.prefecture.action.en()),
    );
    for d in &record.degraded {
        let _ = writeln!(out, "{}: {}", language.pick("降级", "degraded"), language.say(d));
    }
    for r in &record.rejections {
        let _ = writeln!(out, "{}", output::rejection(r, language));
    }
    counties(&mut out, record, language);
    for because in &warning.prefecture.because {
        let _ = writeln!(out, "{} [{}]", language.pick(&because.text_zh, &because.text_en), because.clause);
    }
    how_sure(&mut out, &warning.prefecture, language);
    members(&mut out, record, language);
    targets(&mut out, record, language);
    list(&mut out, record, language);
    ledger(&mut out, record, language);
    terrain_winds(&mut out, record, language);
    let limits = match language {
        Language::Zh => &record.limits_zh,
        Language::En => &record.limits_en,
    };
    for limit in limits {
        let _ = writeln!(out, "{}: {limit}", language.pick("说明", "note"));
    }
    out.truncate(out.trim_end().len());
    out
}

fn counties(out: &mut String, record: &ConsultationRecord, language: Language) {
    for (county, area) in record.forecast.counties.iter().zip(&record.warning.counties) {
        let days: Vec<String> = county.days.iter().map(day).collect();
        let _ = writeln!(
            out,
            "  {} {:<10} {:<12} {:<8} {}",
            county.adcode,
            language.pick(&county.name_zh, &county.name_en),
            language.pick(area.level.zh(), area.level.en()),
            language.pick(area.action.zh(), area.action.en()),
            days.join("  "),
        );
    }
    let _ = writeln!(
        out,
        "  ({})",
        language.pick("每日: AQI[80%区间] PM2.5 µg/m³", "each day: AQI [80 % interval] PM2.5 ug/m3")
    );
}

fn day(day: &DayForecast) -> String {
    let text = |aqi: Option<u16>| aqi.map_or("-".to_owned(), |a| a.to_string());
    let pm25 = day.concentrations.get(Pollutant::Pm25).map_or(f64::NAN, |e| e.value);
    format!(
        "{} {}[{}-{}] {pm25:.0}",
        day.beijing_day.format("%m-%d"),
        text(day.aqi.aqi),
        text(day.aqi_lower.aqi),
        text(day.aqi_upper.aqi)
    )
}

/// Chance of a yellow warning or a stricter one, and the clauses that nobody has checked.
fn how_sure(out: &mut String, area: &AreaWarning, language: Language) {
    let chance = area.probability.as_ref().and_then(|p| {
        let yellow = p.levels.iter().find(|c| c.level == WarningLevel::Yellow)?;
        Some((p.sample, yellow))
    });
    if let Some((sample, yellow)) = chance {
        let [probability, lower, upper] = [yellow.probability, yellow.lower, yellow.upper].map(chance_percent);
        let label = language.pick("黄色及以上的可能性", "chance of yellow or above");
        let of = language.pick("90 %区间，路径数", "90 % interval, paths:");
        let _ = writeln!(out, "{label}: {probability} [{lower}, {upper}] ({of} {sample})");
    }
    let unverified: BTreeSet<&str> = area.because.iter().filter(|b| !b.verified).map(|b| b.rule.as_str()).collect();
    if !unverified.is_empty() {
        let label = language.pick("未核实条款", "unverified clauses");
        let _ = writeln!(out, "{label}: {}", unverified.into_iter().collect::<Vec<_>>().join(", "));
    }
}

/// Levels that members with perturbed inputs call for.
fn members(out: &mut String, record: &ConsultationRecord, language: Language) {
    let Some(report) = &record.members else { return };
    let counted: Vec<String> = report
        .levels()
        .into_iter()
        .map(|(level, n)| format!("{} {n}/{}", language.pick(level.zh(), level.en()), report.members.len()))
        .collect();
    let label = language
        .pick("扰动成员（风、混合层、排放、外来空气）", "members with other wind, mixing height, emissions, inflow");
    let _ = writeln!(out, "{label}: {}", counted.join(", "));
}

/// How many areas stand how against the targets of the year.
fn targets(out: &mut String, record: &ConsultationRecord, language: Language) {
    let Some(report) = &record.targets else { return };
    let states = [TargetState::OnTrack, TargetState::AtRisk, TargetState::Missed, TargetState::Unknown];
    let counted: Vec<String> = states
        .into_iter()
        .map(|s| (s, report.areas.iter().filter(|a| a.state == s).count()))
        .filter(|(_, n)| *n > 0)
        .map(|(s, n)| format!("{} {n}", language.pick(s.name_zh(), s.name_en())))
        .collect();
    let open = if report.target.verified { "" } else { language.pick("（未核实）", " (not verified)") };
    let _ = writeln!(
        out,
        "{} {}{open}, {} {}: {}. {}",
        language.pick("年度目标", "targets of"),
        report.year,
        language.pick("截至", "up to"),
        report.to,
        counted.join(", "),
        language.pick(&report.guard.text_zh, &report.guard.text_en),
    );
}

fn list(out: &mut String, record: &ConsultationRecord, language: Language) {
    let Some(plan) = &record.reduction else { return };
    let _ = writeln!(
        out,
        "{}: {} {}, {:.0} {}",
        language.pick("减排清单", "reduction list"),
        plan.measures.len(),
        language.pick("项措施", "measures"),
        plan.cost_yuan_d,
        language.pick("元/日", "yuan a day"),
    );
    for t in &plan.targets {
        let _ = writeln!(
            out,
            "  {:<4} {:6.1} t/d  -{:.1} % ({} {:.0} %) {}",
            t.pollutant,
            t.emission_t_d,
            100.0 * t.reached_fraction,
            language.pick("要求", "required"),
            100.0 * t.required_fraction,
            if t.met { language.pick("达到", "met") } else { language.pick("未达到", "NOT met") },
        );
    }
    if let Some(effect) = &record.certificate {
        let _ = writeln!(out, "{}", language.pick(&effect.statement_zh, &effect.statement_en));
    }
}

fn ledger(out: &mut String, record: &ConsultationRecord, language: Language) {
    let l = &record.ledger_base;
    let _ = writeln!(
        out,
        "{}: {} {:.1e}, {} {:.1e}",
        language.pick("质量账", "mass ledger"),
        language.pick("最大不闭合", "largest residual"),
        l.largest_relative_residual,
        language.pick("均匀示踪物最大偏差", "uniform tracer off by at most"),
        l.tracer_largest_deviation,
    );
}

fn terrain_winds(out: &mut String, record: &ConsultationRecord, language: Language) {
    let Some(t) = &record.terrain_winds else { return };
    let _ = writeln!(
        out,
        "{}: {} {:.1e} -> {:.1e} s-1, {} {:.1e} -> {:.1e} s-1, {} {:.2} m/s",
        language.pick("地形风场调整", "winds brought over the terrain"),
        language.pick("散度均方根", "rms divergence"),
        t.before.rms_worst_per_s,
        t.after.rms_worst_per_s,
        language.pick("最大", "largest"),
        t.before.largest_per_s,
        t.after.largest_per_s,
        language.pick("近地面风平均改变", "mean change of the surface wind"),
        t.surface_wind_change_mean_m_s,
    );
}
