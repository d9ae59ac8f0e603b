//! The reasons of a decision as sentences, Chinese and English.

use super::episode::Episode;
use super::rules::{Lift, PollutantRule, Rule};
use super::{Action, Evidence, Reading, WarningLevel};
use crate::calendar::beijing_local;
use crate::domain::event::Event;
use crate::domain::pollutant::Pollutant;
use chrono::{DateTime, Datelike, Duration, NaiveDate, Timelike, Utc};

/// A level in a sentence.
pub fn a_warning(level: WarningLevel) -> &'static str {
    match level {
        WarningLevel::None => "no warning",
        WarningLevel::PreWarning => "pre-warning measures",
        WarningLevel::Blue => "a blue warning",
        WarningLevel::Yellow => "a yellow warning",
        WarningLevel::Orange => "an orange warning",
        WarningLevel::Red => "a red warning",
    }
}

fn day_zh(day: NaiveDate) -> String {
    format!("{}月{}日", day.month(), day.day())
}

fn time_zh(t: DateTime<Utc>) -> String {
    let local = beijing_local(t);
    format!("{}{:02}时", day_zh(local.date()), local.hour())
}

fn time_en(t: DateTime<Utc>) -> String {
    beijing_local(t).format("%Y-%m-%d %H:00").to_string()
}

/// What an episode looked like, in the words of its reading: (zh, en).
fn course(reading: Reading, exceeding: &[Evidence], cycle: DateTime<Utc>) -> (String, String) {
    let partly = exceeding.first().is_some_and(|e| e.from <= cycle);
    let (seen_zh, seen_en) = if partly { ("实况和预测", "observed and forecast") } else { ("预测", "forecast") };
    let values: Vec<String> = exceeding.iter().map(|p| p.aqi.to_string()).collect();
    let (Some(first), Some(last)) = (exceeding.first(), exceeding.last()) else { return Default::default() };
    match (reading, first.beijing_day, last.beijing_day) {
        (Reading::NaturalDay, Some(first), Some(last)) if first == last => (
            format!("{}日均AQI{seen_zh}为{}", day_zh(first), values.join("、")),
            format!("on {first} the {seen_en} daily AQI is {}", values.join(", ")),
        ),
        (Reading::NaturalDay, Some(first), Some(last)) => (
            format!("{}至{}日均AQI{seen_zh}为{}", day_zh(first), day_zh(last), values.join("、")),
            format!("from {first} to {last} the {seen_en} daily AQI is {}", values.join(", ")),
        ),
        _ => {
            let (start, n) = (first.from - Duration::hours(1), values.len());
            let worst = exceeding.iter().map(|p| p.aqi).max().unwrap_or(0);
            (
                format!(
                    "{}至{}滑动24小时平均AQI{seen_zh}共{n}个时段超过，首段{}、最高{worst}、末段{}",
                    time_zh(start),
                    time_zh(last.to),
                    first.aqi,
                    last.aqi
                ),
                format!(
                    "from {} to {} Beijing time {n} running 24-h AQI values ({seen_en}) exceed (first {}, highest {worst}, last {})",
                    time_en(start),
                    time_en(last.to),
                    first.aqi,
                    last.aqi
                ),
            )
        }
    }
}

/// Why `rule` fired in `area`: (zh, en). `met` holds the episode and those of the inner conditions, `exceeding` the averages of the
/// episode that exceed.
pub fn fired(
    area: (&str, &str),
    reading: Reading,
    exceeding: &[Evidence],
    rule: &Rule,
    met: &[Episode],
    cycle: DateTime<Utc>,
) -> (String, String) {
    let (mut zh, mut en) = course(reading, exceeding, cycle);
    for (i, (condition, episode)) in rule.all_of.iter().zip(met).enumerate() {
        let how_zh = if episode.merged { "累计" } else { "连续" };
        let how_en = if episode.merged { "in all" } else { "on end" };
        let (lead_zh, lead_en) = if i == 0 { ("，", "; it is") } else { ("，其中", ", of these") };
        zh += &format!("{lead_zh}{how_zh}{}小时大于{}", episode.hours, condition.aqi_above);
        en += &format!("{lead_en} above {} for {} hours {how_en}", condition.aqi_above, episode.hours);
        if episode.merged {
            zh += "（两次过程间隔未达到解除条件，按一次过程统计）";
            en += " (episodes whose gap does not meet the lifting condition count as one)";
        }
    }
    (
        format!("{}：{zh}，达到{}条件（{}）。", area.0, rule.level.zh(), rule.clause),
        format!("{}: {en}. This calls for {} (rule {}).", area.1, a_warning(rule.level), rule.id),
    )
}

/// What becomes of the warning in force: (zh, en). `levels`: before, after the decision, called for by the forecast.
pub fn in_force(
    area: (&str, &str),
    levels: (WarningLevel, WarningLevel, WarningLevel),
    action: Action,
    lift: &Lift,
) -> (String, String) {
    let (before, after, called) = levels;
    let (aqi, hours) = (lift.aqi, lift.hours);
    match action {
        Action::Lift => (
            format!("{}：预测滑动24小时AQI不高于{aqi}并持续{hours}小时以上，解除{}。", area.0, before.zh()),
            format!(
                "{}: the running 24-h AQI is forecast at or below {aqi} for more than {hours} h: the {} warning is lifted.",
                area.1,
                before.en()
            ),
        ),
        Action::Downgrade => (
            format!("{}：预测不再达到{}条件，降为{}。", area.0, before.zh(), after.zh()),
            format!("{}: {} is no longer called for: downgraded to {}.", area.1, a_warning(before), after.en()),
        ),
        _ => (
            format!(
                "{}：上一批次决定为{}（以实际发布为准）；本次预测单独只达到{}，但滑动24小时AQI不高于{aqi}尚未确定持续{hours}小时以上，维持{}。",
                area.0,
                before.zh(),
                called.zh(),
                after.zh()
            ),
            format!(
                "{}: the run before decided on {} (if it was issued); this forecast alone calls for {}, but it is not certain that the running 24-h AQI stays at or below \
                 {aqi} for more than {hours} h: it is kept.",
                area.1,
                a_warning(before),
                a_warning(called)
            ),
        ),
    }
}

fn names(pollutants: &[Pollutant], comma: &str) -> String {
    pollutants.iter().map(|p| p.name()).collect::<Vec<_>>().join(comma)
}

/// Why the measures rest on less than the level: the pollutants behind it; (zh, en).
pub fn pollutant(
    area: (&str, &str),
    level: WarningLevel,
    rests_on: WarningLevel,
    primary: &[Pollutant],
    rule: &PollutantRule,
) -> (String, String) {
    let (zh, en) = if rests_on >= WarningLevel::Yellow {
        (format!("减排响应按{}", rests_on.zh()), format!("emission reduction rests on {}", a_warning(rests_on)))
    } else {
        ("仅发布健康防护提示，不启动减排响应".to_owned(), "health advice only, no emission reduction".to_owned())
    };
    (
        format!(
            "{}：{}的首要污染物为{}，{}单独只达到{}；{zh}（{}）。",
            area.0,
            level.zh(),
            names(primary, "、"),
            names(&rule.emission_response, "、"),
            rests_on.zh(),
            rule.clause
        ),
        format!(
            "{}: the primary pollutant behind {} is {}; {} alone reaches {}: {en} (rule {}).",
            area.1,
            a_warning(level),
            names(primary, ", "),
            names(&rule.emission_response, ", "),
            a_warning(rests_on),
            rule.id
        ),
    )
}

/// Why no cut is ordered: recorded causes beyond control; (zh, en).
pub fn causes(area: (&str, &str), level: WarningLevel, causes: &[&Event], rule: &PollutantRule) -> (String, String) {
    let percent = |c: &Event| format!("{:.0}%", 100.0 * c.share.unwrap_or(0.0));
    let zh: Vec<String> = causes
        .iter()
        .map(|c| format!("{}占{}（{}，{}）", c.kind.name_zh(), percent(c), c.evidence, c.source))
        .collect();
    let en: Vec<String> =
        causes.iter().map(|c| format!("{} has {} ({}, {})", c.kind.name(), percent(c), c.evidence, c.source)).collect();
    (
        format!(
            "{}：{}由不可控因素造成：{}；仅发布健康防护提示，不启动减排响应（{}）。",
            area.0,
            level.zh(),
            zh.join("；"),
            rule.clause
        ),
        format!(
            "{}: what is behind {} cannot be controlled here: {}: health advice only, no emission reduction (rule {}).",
            area.1,
            a_warning(level),
            en.join("; "),
            rule.id
        ),
    )
}
