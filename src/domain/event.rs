//! Exceptional events (例外事件): dust, fireworks and other air that no local measure explains; and signs of them in daily values.
//!
//! **Invariant:** a sign never takes a day out of the statistics; only a certified event does. **Why:** leaving out bad days is the
//! easiest way to a good year, so each day left out must have a document behind it.

use super::daily::DailyValue;
use super::pollutant::Pollutant;
use crate::calendar::beijing_day_hour;
use crate::error::Result;
use crate::seed::Seed;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// 沙尘.
    Dust,
    /// 烟花爆竹.
    Fireworks,
    /// 野火 (forest and grass fires, also beyond the border).
    Wildfire,
    /// 秸秆焚烧.
    StrawBurning,
    /// 外来输送.
    OutsideTransport,
    /// Anything else, as its evidence says.
    Other,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Dust, Self::Fireworks, Self::Wildfire, Self::StrawBurning, Self::OutsideTransport, Self::Other];

    /// Name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dust => "dust",
            Self::Fireworks => "fireworks",
            Self::Wildfire => "wildfire",
            Self::StrawBurning => "straw_burning",
            Self::OutsideTransport => "outside_transport",
            Self::Other => "other",
        }
    }

    /// Chinese name.
    pub fn name_zh(self) -> &'static str {
        match self {
            Self::Dust => "沙尘",
            Self::Fireworks => "烟花爆竹",
            Self::Wildfire => "野火",
            Self::StrawBurning => "秸秆焚烧",
            Self::OutsideTransport => "外来输送",
            Self::Other => "其他",
        }
    }
}

/// An event as an office recorded it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Event {
    pub kind: EventKind,
    /// Code of the county, prefecture or province it lay over; 0: everywhere.
    pub adcode: u32,
    /// The event lasts from this instant, UTC, ...
    pub from: DateTime<Utc>,
    /// ... to this one, later than `from`: it covers the hours that end after `from` and not after `to`.
    pub to: DateTime<Utc>,
    /// Part of the concentration that is the event's, 0 ..= 1, where somebody has worked it out.
    pub share: Option<f64>,
    /// Whether the authority in charge has certified it.
    pub certified: bool,
    /// What shows it: a bulletin, satellite pictures, a report. Not empty for a certified event.
    pub evidence: String,
    /// Who recorded or certified it.
    pub source: String,
}

impl Event {
    /// Whether the event lay over an area; a prefecture's or a province's event lies over its counties. An area without a code is
    /// reached only by events that lie everywhere.
    pub fn covers(&self, adcode: Option<u32>) -> bool {
        let Some(area) = adcode else { return self.adcode == 0 };
        let within = |size: u32| self.adcode.is_multiple_of(size) && self.adcode / size == area / size;
        self.adcode == 0 || within(1) || within(100) || within(10_000)
    }

    /// Whether at least one hour of the Beijing day is the event's.
    pub fn touches(&self, day: NaiveDate) -> bool {
        let first = beijing_day_hour(self.from + Duration::hours(1)).0;
        let last = beijing_day_hour(self.to).0;
        (first..=last).contains(&day)
    }
}

/// A day that looks like an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Suspicion {
    pub day: NaiveDate,
    pub kind: EventKind,
    pub clause: String,
    pub text_zh: String,
    pub text_en: String,
}

/// When a day looks like an event.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRules {
    dust: DustRule,
    fireworks: FireworksRule,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct DustRule {
    pm10_above_ug_m3: f64,
    pm25_to_pm10_below: f64,
    clause: String,
    source: String,
    #[serde(rename = "verified")]
    _verified: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct FireworksRule {
    days: Vec<i64>,
    clause: String,
    source: String,
    #[serde(rename = "verified")]
    _verified: bool,
    new_year: Vec<NaiveDate>,
}

impl EventRules {
    /// Reads the signs of `text`, the content of the file `origin`.
    ///
    /// # Errors
    /// `Invalid` naming the line: not TOML, unknown or missing keys, parameters out of range, New Year's Days that do not follow
    /// each other by 12 or 13 lunar months.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let (seed, rules): (_, Self) = Seed::read(text, origin, "signs of exceptional events")?;
        let (dust, fireworks) = (seed.root().table("dust"), seed.root().table("fireworks"));
        let pm10 = rules.dust.pm10_above_ug_m3;
        dust.that(pm10 > 0.0 && pm10 < 1e4, "pm10_above_ug_m3", pm10, "a concentration above 0")?;
        let ratio = rules.dust.pm25_to_pm10_below;
        dust.that(ratio > 0.0 && ratio <= 1.0, "pm25_to_pm10_below", ratio, "a ratio above 0, at most 1")?;
        for (place, clause, source) in [
            (&dust, &rules.dust.clause, &rules.dust.source),
            (&fireworks, &rules.fireworks.clause, &rules.fireworks.source),
        ] {
            place.text("clause", clause)?;
            place.text("source", source)?;
        }
        let days = &rules.fireworks.days;
        fireworks.that(days.iter().all(|d| (0..=15).contains(d)), "days", days, "days 0 (the eve) to 15")?;
        for pair in rules.fireworks.new_year.windows(2) {
            let apart = (pair[1] - pair[0]).num_days();
            let year = (353..=355).contains(&apart) || (383..=385).contains(&apart);
            fireworks.that(year, "new_year", pair, "dates 12 or 13 lunar months apart")?;
        }
        Ok(rules)
    }

    /// New Year's Days of the lunar calendar.
    pub fn new_years(&self) -> &[NaiveDate] {
        &self.fireworks.new_year
    }

    /// Days of one place that look like dust or fireworks, in their order.
    pub fn suspicions(&self, days: &[DailyValue]) -> Vec<Suspicion> {
        days.iter().flat_map(|d| self.dust(d).into_iter().chain(self.fireworks(d))).collect()
    }

    fn dust(&self, day: &DailyValue) -> Option<Suspicion> {
        let (pm25, pm10) = (day.concentrations.pm25_ug_m3?, day.concentrations.pm10_ug_m3?);
        let primary = day.aqi.primary.contains(&Pollutant::Pm10);
        let coarse = pm25 < self.dust.pm25_to_pm10_below * pm10;
        (primary && coarse && pm10 > self.dust.pm10_above_ug_m3).then(|| Suspicion {
            day: day.day,
            kind: EventKind::Dust,
            clause: self.dust.clause.clone(),
            text_zh: format!("首要污染物PM10，PM10 {pm10:.1}、PM2.5 {pm25:.1} µg/m³，比值{:.2}", pm25 / pm10),
            text_en: format!("PM10 primary, PM10 {pm10:.1} and PM2.5 {pm25:.1} ug m-3, ratio {:.2}", pm25 / pm10),
        })
    }

    fn fireworks(&self, day: &DailyValue) -> Option<Suspicion> {
        let particles = [Pollutant::Pm25, Pollutant::Pm10].iter().any(|p| day.aqi.primary.contains(p));
        let number = |new_year: &NaiveDate| (day.day - *new_year).num_days() + 1;
        let number = self.fireworks.new_year.iter().map(number).find(|n| self.fireworks.days.contains(n))?;
        let (zh, en) = match number {
            0 => ("除夕".to_owned(), "the eve of the Spring Festival".to_owned()),
            n => (format!("正月第{n}天"), format!("day {n} of the first month")),
        };
        particles.then(|| Suspicion {
            day: day.day,
            kind: EventKind::Fireworks,
            clause: self.fireworks.clause.clone(),
            text_zh: format!("{zh}，首要污染物为颗粒物"),
            text_en: format!("{en}, particles primary"),
        })
    }
}
