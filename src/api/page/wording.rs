//! Words, dates and figures of the page.

use crate::calendar::beijing_local;
pub(super) use crate::consultation::chance_percent as chance;
use crate::domain::aqi::AqiReport;
use crate::domain::pollutant::Pollutant;
use crate::domain::source::Sector;
use crate::warning::{Reading, Response, WarningLevel};
use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};
use maud::{Markup, html};

/// English beside the Chinese.
pub(super) fn en(text: &str) -> Markup {
    html! { span.en lang="en" { (text) } }
}

/// Month, day and time in Beijing.
pub(super) fn beijing(t: DateTime<Utc>) -> String {
    beijing_local(t).format("%m-%d %H:%M").to_string()
}

/// From the first to the last hour of an episode or a list; nothing without one.
pub(super) fn period(from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> Markup {
    html! { @if let (Some(from), Some(to)) = (from, to) { span.period { (beijing(from)) " – " (beijing(to)) } } }
}

pub(super) fn weekday_en(day: NaiveDate) -> &'static str {
    match day.weekday() {
        Weekday::Mon => "Mon",
        Weekday::Tue => "Tue",
        Weekday::Wed => "Wed",
        Weekday::Thu => "Thu",
        Weekday::Fri => "Fri",
        Weekday::Sat => "Sat",
        Weekday::Sun => "Sun",
    }
}

pub(super) fn or_dash(value: Option<u16>) -> String {
    value.map_or_else(|| "—".into(), |v| v.to_string())
}

/// Class of the colour of an AQI level.
pub(super) fn aqi_class(report: &AqiReport) -> String {
    format!("aqi{}", report.level.unwrap_or(0))
}

/// Number and name of an AQI level (HJ 633-2012, table 2).
pub(super) fn aqi_level(report: &AqiReport) -> String {
    let name = match report.level {
        Some(1) => "优",
        Some(2) => "良",
        Some(3) => "轻度污染",
        Some(4) => "中度污染",
        Some(5) => "重度污染",
        Some(6) => "严重污染",
        _ => return "—".into(),
    };
    format!("{}级 {name}", report.level.unwrap_or_default())
}

pub(super) fn names(pollutants: &[Pollutant]) -> String {
    pollutants.iter().map(|p| p.name()).collect::<Vec<_>>().join(", ")
}

pub(super) fn level_badge(level: WarningLevel) -> Markup {
    let class = match level {
        WarningLevel::None => "level none",
        WarningLevel::PreWarning => "level pre",
        WarningLevel::Blue => "level blue",
        WarningLevel::Yellow => "level yellow",
        WarningLevel::Orange => "level orange",
        WarningLevel::Red => "level red",
    };
    html! { span class=(class) { (level.zh()) " " (en(level.en())) } }
}

pub(super) fn response(response: Response) -> Markup {
    match response {
        Response::None => html! { "无需应对 " (en("nothing to order")) },
        Response::Voluntary => html! { "倡导自愿减排、加强检查 " (en("voluntary measures and inspection")) },
        Response::EmissionReduction => html! { "强制减排 " (en("mandatory emission reduction")) },
        Response::HealthAdviceOnly => html! { "只发布健康提示 " (en("health advice only")) },
    }
}

pub(super) fn reading(reading: Reading) -> Markup {
    match reading {
        Reading::NaturalDay => html! { "自然日 " (en("natural day")) },
        Reading::Sliding24h => html! { "滑动24小时 " (en("sliding 24 h")) },
    }
}

pub(super) fn sector(sector: Sector) -> Markup {
    let (zh, english) = match sector {
        Sector::Power => ("火电", "power"),
        Sector::Boiler => ("燃煤锅炉", "boilers"),
        Sector::Industry => ("工业", "industry"),
        Sector::Residential => ("民用散煤和薪柴", "residential"),
        Sector::Traffic => ("机动车", "traffic"),
        Sector::NonRoad => ("非道路机械", "non-road"),
        Sector::Construction => ("建筑施工", "construction"),
        Sector::RoadDust => ("道路扬尘", "road dust"),
        Sector::Solvent => ("溶剂和涉VOC行业", "solvents"),
        Sector::Fuel => ("储油库和加油站", "fuel storage"),
        Sector::Agriculture => ("农业氨", "agriculture"),
        Sector::Fire => ("露天焚烧", "open fires"),
        Sector::Event => ("餐饮、烧烤、烟花等", "cooking, fireworks"),
        Sector::Other => ("其他", "other"),
    };
    html! { (zh) " " (en(english)) }
}

pub(super) fn percent(fraction: f64) -> String {
    format!("{:.1} %", 100.0 * fraction)
}

/// An amount to a hundredth; one that is less but not nothing says so.
pub(super) fn amount(tonnes: f64) -> String {
    if tonnes > 0.0 && tonnes < 0.005 { "<0.01".into() } else { format!("{tonnes:.2}") }
}

/// A sum in whole units with a thin space at each thousand.
pub(super) fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let grouped: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|c| std::str::from_utf8(c).unwrap_or_default()).collect();
    format!("{}{}", if value < 0.0 { "−" } else { "" }, grouped.join("\u{2009}"))
}
