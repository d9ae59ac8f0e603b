//! The account of a warning as text.

use super::language::Language;
use crate::calendar::{beijing_day_hour, beijing_local};
use crate::consultation::{AreaAccount, ConsultationRecord, chance_percent as percent};
use crate::domain::pollutant::Pollutant;
use crate::warning::explain::{Change, Explanation, RuleAccount};
use crate::warning::probability::LevelProbability;
use crate::warning::rules::Condition;
use crate::warning::{AreaWarning, OtherReading, Reading, WarningLevel};
use chrono::{DateTime, Utc};
use std::fmt::Write;

/// Every area that is asked for, one after the other. Times are Beijing time.
pub fn text(record: &ConsultationRecord, areas: &[AreaAccount], language: Language) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} {}   {}   {} {}",
        language.pick("起报", "run"),
        record.run,
        language.pick(&record.region_name_zh, &record.region),
        language.pick("规则", "rules"),
        record.warning.scheme,
    );
    if let Some(e) = areas.iter().find_map(|a| a.explanation) {
        let open = language.pick("（本地区适用该方案未核实）", " (not verified that the region follows it)");
        let _ = writeln!(out, "{}{}", e.document, if e.adoption_verified { "" } else { open });
    }
    let _ = writeln!(out, "{}", language.pick("时间为北京时", "times are Beijing time"));
    for area in areas {
        account(&mut out, record, area, language);
    }
    out.truncate(out.trim_end().len());
    out
}

fn account(out: &mut String, record: &ConsultationRecord, area: &AreaAccount, language: Language) {
    let w = area.warning;
    let level = |l: WarningLevel| name(l, language);
    let _ = writeln!(
        out,
        "\n{} {}: {}  {} ({} {}, {} {})",
        language.pick(&w.name_zh, &w.name_en),
        w.adcode,
        level(w.level),
        language.pick(w.action.zh(), w.action.en()),
        language.pick("此前", "before"),
        level(w.level_before),
        language.pick("预报要求", "called for"),
        level(w.level_called),
    );
    if w.adcode == record.warning.prefecture.adcode {
        counties(out, record, language);
    }
    reasons(out, w, language);
    match area.explanation {
        Some(explanation) => explained(out, explanation, record.cycle, language),
        None => heading(out, language.pick("本批次没有逐条说明", "this run holds no explanation")),
    }
    others(out, &w.other_readings, language);
    chances(out, w.probability.as_ref(), language);
    causes(out, w, language);
    lift(out, w, language);
    advice(out, area, language);
}

fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "  {text}");
}

fn name(level: WarningLevel, language: Language) -> &'static str {
    language.pick(level.zh(), level.en())
}

fn reading(reading: Reading, language: Language) -> &'static str {
    match reading {
        Reading::NaturalDay => language.pick("自然日", "natural day"),
        Reading::Sliding24h => language.pick("滑动24小时", "sliding 24 h"),
    }
}

fn unverified(verified: bool, language: Language) -> &'static str {
    if verified { "" } else { language.pick("  未核实", "  not verified") }
}

fn time(t: DateTime<Utc>) -> String {
    beijing_local(t).format("%m-%d %H:%M").to_string()
}

fn pollutants(primary: &[Pollutant]) -> String {
    primary.iter().map(|p| p.name()).collect::<Vec<_>>().join(", ")
}

/// The prefecture follows its counties: which of them have a level.
fn counties(out: &mut String, record: &ConsultationRecord, language: Language) {
    let with_level = record.warning.counties.iter().filter(|c| c.level > WarningLevel::None);
    let named: Vec<String> =
        with_level.map(|c| format!("{} {}", language.pick(&c.name_zh, &c.name_en), name(c.level, language))).collect();
    let none = language.pick("（无）", "(none)").to_owned();
    let joined = if named.is_empty() { none } else { named.join(language.pick("，", ", ")) };
    let _ = writeln!(out, "  {}: {joined}", language.pick("由县市决定", "follows its counties"));
}

fn reasons(out: &mut String, w: &AreaWarning, language: Language) {
    heading(out, language.pick("依据", "why"));
    if w.because.is_empty() {
        let _ = writeln!(out, "    {}", language.pick("没有触发任何条款", "no clause fired"));
    }
    for b in &w.because {
        let _ = writeln!(
            out,
            "    {}: {} [{}]  {}{}",
            name(b.level, language),
            language.pick(&b.text_zh, &b.text_en),
            b.clause,
            reading(b.reading, language),
            unverified(b.verified, language),
        );
        for e in &b.evidence {
            let pm25 = e.pm25_ug_m3.map_or(String::new(), |v| format!("  PM2.5 {v:.0} ug m-3"));
            let _ = writeln!(
                out,
                "      {} .. {}  AQI {}{pm25}  {}",
                time(e.from),
                time(e.to),
                e.aqi,
                pollutants(&e.primary)
            );
        }
    }
}

fn explained(out: &mut String, explanation: &Explanation, cycle: DateTime<Utc>, language: Language) {
    let today = beijing_day_hour(cycle).0;
    if !explanation.rules.is_empty() {
        heading(out, language.pick("各条规则满足到什么程度", "how far each rule was met"));
        explanation.rules.chunk_by(|a, b| a.rule == b.rule).for_each(|same| rule_lines(out, same, language));
    }
    if !explanation.days.is_empty() {
        heading(out, language.pick("自然日", "natural days"));
    }
    for d in &explanation.days {
        let aqi = d.aqi.map_or(language.pick("无法判定", "cannot be stated").to_owned(), |a| a.to_string());
        let pm25 = d.pm25_ug_m3.map_or("-".to_owned(), |v| format!("{v:.0}"));
        let source = match d.observed {
            true => language.pick("实测", "observed"),
            false if d.beijing_day == today => language.pick("实测与预报", "observed and forecast"),
            false => language.pick("预报", "forecast"),
        };
        let _ = writeln!(
            out,
            "    {}  AQI {aqi:>3}  PM2.5 {pm25:>3} ug m-3  {source}  {}",
            d.beijing_day,
            pollutants(&d.primary)
        );
    }
    if !explanation.rules.is_empty() {
        let same = "在全部浓度变化-60 %至+100 %的范围内级别不变";
        heading(
            out,
            language.pick(
                "起报后全部浓度变化多少会改变级别",
                "what change of all concentrations after the cycle changes the level",
            ),
        );
        if explanation.changes.is_empty() {
            let _ = writeln!(out, "    {}", language.pick(same, "none from -60 % to +100 %"));
        }
        for Change { percent, level } in &explanation.changes {
            let _ = writeln!(out, "    {percent:+} %: {}", name(*level, language));
        }
    }
}

/// A rule with its clause, and below it how far each reading of it was met.
fn rule_lines(out: &mut String, same: &[RuleAccount], language: Language) {
    let Some(rule) = same.first() else { return };
    let _ = writeln!(
        out,
        "    {} {}: {} [{}]{}",
        rule.rule,
        name(rule.level, language),
        conditions(&rule.conditions, language),
        rule.clause,
        unverified(rule.verified, language),
    );
    for r in same {
        let needed = r.conditions.first().map_or(0, |c| c.hours);
        let longest = match language {
            Language::Zh => format!("最长{}小时，需{needed}小时", r.longest_hours),
            Language::En if r.longest_hours > needed => format!("longest {} h, {needed} h needed", r.longest_hours),
            Language::En => format!("longest {} of {needed} h", r.longest_hours),
        };
        let met = match (r.fired, r.longest_hours >= needed) {
            (true, _) => language.pick("触发", "fired"),
            (false, true) => language.pick("未触发：其余条件未满足", "not fired: another condition is not met"),
            (false, false) => language.pick("未触发", "not fired"),
        };
        let span = match (r.from, r.to) {
            (Some(from), Some(to)) => format!("  {} .. {}", time(from), time(to)),
            _ => String::new(),
        };
        let beside = if r.counts { "" } else { language.pick("  该读法不作数", "  this reading does not count") };
        let _ = writeln!(out, "      {}: {longest}  {met}{span}{beside}", reading(r.reading, language));
    }
}

fn conditions(all: &[Condition], language: Language) -> String {
    let one = |c: &Condition| match language {
        Language::Zh => format!("AQI>{}达{}小时", c.aqi_above, c.hours),
        Language::En => format!("AQI > {} for {} h", c.aqi_above, c.hours),
    };
    all.iter().map(one).collect::<Vec<_>>().join(language.pick("且", " and "))
}

fn others(out: &mut String, readings: &[OtherReading], language: Language) {
    heading(out, language.pick("有歧义条款的其他读法", "other readings of open clauses"));
    if readings.is_empty() {
        let _ = writeln!(out, "    {}", language.pick("都得出同一级别", "all give the same level"));
    }
    for r in readings {
        let _ = writeln!(
            out,
            "    {} = {} ({} {}): {}  [{}]",
            r.parameter,
            r.value,
            language.pick("本次采用", "decided by"),
            r.decided_by,
            name(r.level, language),
            r.clause,
        );
    }
}

fn chances(out: &mut String, probability: Option<&LevelProbability>, language: Language) {
    let Some(p) = probability else {
        return heading(out, language.pick("可能性: 无", "chances: none worked out"));
    };
    let sample = match language {
        Language::Zh => format!("可能性（{}条路径；括号内为90 %区间）", p.sample),
        Language::En => format!("chances ({} paths; 90 % interval in brackets)", p.sample),
    };
    heading(out, &sample);
    for c in &p.levels {
        let more = if c.level == WarningLevel::Red { "" } else { language.pick("及以上", " or above") };
        let _ = writeln!(
            out,
            "    {}{more}: {} [{}, {}]",
            name(c.level, language),
            percent(c.probability),
            percent(c.lower),
            percent(c.upper)
        );
    }
    for s in &p.starts {
        let starts = language.pick("开始于", "begins on");
        let _ = writeln!(
            out,
            "    {} {starts} {}: {}",
            name(s.level, language),
            s.beijing_day.format("%m-%d"),
            percent(s.probability)
        );
    }
    if let Some(chance) = p.lift_within_36_h {
        let _ =
            writeln!(out, "    {}: {}", language.pick("36小时内可解除", "may be lifted within 36 h"), percent(chance));
    }
    let _ = writeln!(
        out,
        "    {}: {:.1} h",
        language.pick("预期重污染小时数", "expected hours of heavy pollution"),
        p.expected_heavy_hours
    );
    let _ = writeln!(out, "    {}", language.pick(&p.method_zh, &p.method_en));
    for c in &p.calibration {
        let how = match (language, c.calibrated) {
            (Language::Zh, true) => format!("按往期校准，轨迹统计值{}", percent(c.counted)),
            (Language::Zh, false) => format!("未校准，往期事件不足{}次", c.events_needed),
            (Language::En, true) => format!("set right by the past, counted on the paths: {}", percent(c.counted)),
            (Language::En, false) => format!("not calibrated, fewer than {} events", c.events_needed),
        };
        let past = match language {
            Language::Zh => format!("往期{}次，发生{}次", c.forecasts, c.events),
            Language::En => format!("{} past chances, {} came true", c.forecasts, c.events),
        };
        let _ = writeln!(out, "    {}: {how} ({past})", name(c.level, language));
    }
}

fn causes(out: &mut String, w: &AreaWarning, language: Language) {
    if w.causes.is_empty() {
        return;
    }
    heading(out, language.pick("已记录的不可控成因", "recorded causes beyond control"));
    for c in &w.causes {
        let unknown = language.pick("未知", "unknown").to_owned();
        let share = c.share.map_or(unknown, percent);
        let certified = if c.certified { "" } else { language.pick("，未认定", ", not certified") };
        let _ = writeln!(
            out,
            "    {}  {} .. {}  {} {share}{certified}  {} ({})",
            language.pick(c.kind.name_zh(), c.kind.name()),
            time(c.from),
            time(c.to),
            language.pick("占比", "share"),
            c.evidence,
            c.source,
        );
    }
}

fn lift(out: &mut String, w: &AreaWarning, language: Language) {
    if w.level.max(w.level_before) <= WarningLevel::PreWarning {
        return;
    }
    let label = language.pick("最早解除", "may be lifted from");
    let unknown = language.pick("预报时段内未满足解除条件", "the condition is not met within the forecast");
    let _ = writeln!(out, "  {label}: {}", w.lift_from.map_or(unknown.to_owned(), time));
    if w.unjudged_hours > 0 {
        let label = language.pick("无法判定的小时数", "hours that cannot be judged");
        let _ = writeln!(out, "  {label}: {}", w.unjudged_hours);
    }
}

fn advice(out: &mut String, area: &AreaAccount, language: Language) {
    let Some(given) = area.advice.filter(|a| !a.advice.is_empty()) else { return };
    let day = given.beijing_day.map_or(String::new(), |d| format!(" ({})", d.format("%m-%d")));
    let open = given.advice.iter().filter(|a| !a.verified).count();
    let label = language.pick("文字未核实", "wording not verified");
    let _ = writeln!(out, "  {}{day}  {label} {open}/{}", language.pick("建议", "advice"), given.advice.len());
    for a in &given.advice {
        let _ = writeln!(
            out,
            "    {}: {}",
            language.pick(&a.subject_zh, &a.subject_en),
            language.pick(&a.text_zh, &a.text_en)
        );
    }
}
