//! The reasons of a decision as sentences, Chinese and English.

use super::episode::{Episode, Series};
use super::rules::Rule;
use super::{Reading, WarningLevel};
use crate::calendar::beijing_local;
use chrono::{DateTime, Datelike, Duration, NaiveDate, Timelike, Utc};

/// Chinese name of a level.
pub fn level_zh(level: WarningLevel) -> &'static str {
    match level {
        WarningLevel::None => "无预警",
        WarningLevel::PreWarning => "预警前措施",
        WarningLevel::Yellow => "黄色预警",
        WarningLevel::Orange => "橙色预警",
        WarningLevel::Red => "红色预警",
    }
}

/// English name of a level.
pub fn level_en(level: WarningLevel) -> &'static str {
    match level {
        WarningLevel::None => "no warning",
        WarningLevel::PreWarning => "pre-warning measures",
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
fn course(series: &Series, episode: &Episode) -> (String, String) {
    let points: Vec<_> = episode.exceeding.iter().map(|&i| &series.points[i]).collect();
    let values: Vec<String> = points.iter().map(|p| p.aqi.unwrap_or(0).to_string()).collect();
    let worst = points.iter().filter_map(|p| p.aqi).max().unwrap_or(0);
    match (series.reading, points.first().and_then(|p| p.beijing_day), points.last().and_then(|p| p.beijing_day)) {
        (Reading::NaturalDay, Some(first), Some(last)) if first == last => (
            format!("{}日均AQI预测为{}", day_zh(first), values.join("、")),
            format!("on {first} the forecast daily AQI is {}", values.join(", ")),
        ),
        (Reading::NaturalDay, Some(first), Some(last)) => (
            format!("{}至{}日均AQI预测为{}", day_zh(first), day_zh(last), values.join("、")),
            format!("from {first} to {last} the forecast daily AQI is {}", values.join(", ")),
        ),
        _ => {
            let (start, n) = (episode.from - Duration::hours(1), values.len());
            let (first, last) = (&values[0], &values[n - 1]);
            (
                format!(
                    "{}至{}滑动24小时平均AQI预测共{n}个时段超过，首段{first}、最高{worst}、末段{last}",
                    time_zh(start),
                    time_zh(episode.to)
                ),
                format!(
                    "from {} to {} Beijing time {n} running 24-h AQI values exceed (first {first}, highest {worst}, last {last})",
                    time_en(start),
                    time_en(episode.to)
                ),
            )
        }
    }
}

/// Why `rule` fired in `area`: (zh, en). `met` holds the episode and those of the inner conditions.
pub fn fired(area: (&str, &str), series: &Series, rule: &Rule, met: &[Episode]) -> (String, String) {
    let (mut zh, mut en) = course(series, &met[0]);
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
        format!("{}：{zh}，达到{}条件（{}）。", area.0, level_zh(rule.level), rule.clause),
        format!("{}: {en}. This calls for {} (rule {}).", area.1, level_en(rule.level), rule.id),
    )
}
