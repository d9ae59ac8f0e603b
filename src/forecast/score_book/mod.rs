//! The score book: how archived forecasts stood against what was observed, beside persistence and climatology.
//!
//! Forecasts are scored where a station observed. Persistence is the last observed hour (day) at the cycle. Climatology is what was observed
//! on days within 30 calendar days of the date in any year, those within 5 days of it left out. Every score has its sample size; intervals
//! are 90 %, by bootstrap over days.

pub mod chances;
pub mod climatology;
pub mod daily;
pub mod hourly;
pub mod recent;

use super::past_night::{ObservedHours, PastNight};
use super::scores::aqi_practice::ScoringRules;
use crate::calendar::beijing_day_hour;
use crate::domain::aqi::AqiRules;
use crate::domain::daily::{self as days, DailyValue, Judged, Judgement};
use crate::domain::edited::EditedDay;
use crate::domain::limits::LimitRules;
use crate::domain::pollutant::Pollutant;
use chances::ChanceScore;
use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use daily::{DailyScore, LevelScore, ShortRangeScore, ThresholdScore};
use hourly::{HourlyScore, PeakScore};
use recent::CountyRecent;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Lead days that are scored.
pub const LEAD_DAYS: u8 = 5;

/// What is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The numeric model.
    Raw,
    /// The forecast, after its correction.
    Corrected,
    /// The forecast as a consultation changed it; of days only.
    Edited,
    Persistence,
    Climatology,
}

impl Kind {
    pub const ALL: [Self; Self::COUNT] =
        [Self::Raw, Self::Corrected, Self::Edited, Self::Persistence, Self::Climatology];
    pub const COUNT: usize = 5;

    pub fn zh(self) -> &'static str {
        match self {
            Self::Raw => "模式",
            Self::Corrected => "订正",
            Self::Edited => "会商",
            Self::Persistence => "持续",
            Self::Climatology => "气候",
        }
    }

    pub fn en(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Corrected => "corrected",
            Self::Edited => "edited",
            Self::Persistence => "persistence",
            Self::Climatology => "climatology",
        }
    }
}

/// Three months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Season {
    /// December to February, and so on.
    Winter,
    Spring,
    Summer,
    Autumn,
}

impl Season {
    pub const ALL: [Self; 4] = [Self::Winter, Self::Spring, Self::Summer, Self::Autumn];

    pub fn of(day: NaiveDate) -> Self {
        Self::ALL[(day.month() % 12 / 3) as usize]
    }

    pub fn zh(self) -> &'static str {
        match self {
            Self::Winter => "冬",
            Self::Spring => "春",
            Self::Summer => "夏",
            Self::Autumn => "秋",
        }
    }

    pub fn en(self) -> &'static str {
        match self {
            Self::Winter => "winter",
            Self::Spring => "spring",
            Self::Summer => "summer",
            Self::Autumn => "autumn",
        }
    }
}

/// Which cases a score is over: a lead day, and all of them, one county or one season.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    /// Hourly: 1 for lead hours 1 to 24, and so on. Daily: Beijing days after that of the cycle.
    pub lead_day: u8,
    pub adcode: Option<u32>,
    pub season: Option<Season>,
}

/// Where and when one case is, to say which groups it belongs to.
#[derive(Debug, Clone, Copy)]
struct At {
    lead_day: u8,
    adcode: u32,
    /// Beijing day.
    day: NaiveDate,
}

impl Group {
    fn holds(&self, at: &At) -> bool {
        self.lead_day == at.lead_day
            && self.adcode.is_none_or(|a| a == at.adcode)
            && self.season.is_none_or(|s| s == Season::of(at.day))
    }

    /// The groups of some cases: for each lead day all cases, then each county where there are several, then each season where there are
    /// several.
    fn of(cases: impl Iterator<Item = At> + Clone) -> Vec<Self> {
        let mut groups = Vec::new();
        for lead_day in 1..=LEAD_DAYS {
            let own = || cases.clone().filter(|c| c.lead_day == lead_day);
            if own().next().is_none() {
                continue;
            }
            groups.push(Self { lead_day, adcode: None, season: None });
            let counties: std::collections::BTreeSet<u32> = own().map(|c| c.adcode).collect();
            let seasons: std::collections::BTreeSet<Season> = own().map(|c| Season::of(c.day)).collect();
            if counties.len() > 1 {
                groups.extend(counties.into_iter().map(|a| Self { lead_day, adcode: Some(a), season: None }));
            }
            if seasons.len() > 1 {
                groups.extend(seasons.into_iter().map(|s| Self { lead_day, adcode: None, season: Some(s) }));
            }
        }
        groups
    }
}

/// The rules that judge days.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    pub aqi: &'a AqiRules,
    pub limits: &'a LimitRules,
    pub scoring: &'a ScoringRules,
}

/// All scores of an archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreBook {
    /// First and last cycle that was scored, and how many were.
    pub first_cycle: Option<DateTime<Utc>>,
    pub last_cycle: Option<DateTime<Utc>>,
    pub nights: usize,
    /// Counties with observations.
    pub counties: Vec<u32>,
    pub hourly: Vec<HourlyScore>,
    pub daily: Vec<DailyScore>,
    /// By level of the observed AQI: a mean over all days hides the few that matter.
    pub levels: Vec<LevelScore>,
    pub thresholds: Vec<ThresholdScore>,
    pub short_range: Vec<ShortRangeScore>,
    pub chances: Vec<ChanceScore>,
    pub peaks: Vec<PeakScore>,
    pub recent: Vec<CountyRecent>,
}

/// Observed hours and days of the counties that have them.
pub(super) struct Observed<'a> {
    pub hours: &'a ObservedHours,
    pub days: BTreeMap<u32, BTreeMap<NaiveDate, DailyValue>>,
}

impl<'a> Observed<'a> {
    /// Days by the standards of their dates; a pollutant that a county never observes does not block its AQI.
    pub fn of(aqi: &AqiRules, limits: &LimitRules, hours: &'a ObservedHours) -> Self {
        let of_county = |hours: &BTreeMap<_, crate::domain::pollutant::Concentrations<f64>>| {
            let never = |p: &Pollutant| !hours.values().any(|c| c.get(*p).is_some());
            let not_monitored: Vec<Pollutant> = Pollutant::ALL.into_iter().filter(never).collect();
            let judgement = Judgement { aqi, judged: Judged::ByItsDate, not_monitored: &not_monitored };
            days::of_hours(hours, limits, judgement).into_iter().map(|d| (d.day, d)).collect()
        };
        Self { hours, days: hours.iter().map(|(adcode, hours)| (*adcode, of_county(hours))).collect() }
    }
}

/// The last Beijing day that has ended at `cycle`.
pub(super) fn last_day(cycle: DateTime<Utc>) -> NaiveDate {
    let running = beijing_day_hour(cycle + Duration::hours(1)).0;
    running.pred_opt().unwrap_or(running)
}

/// The lead day of a Beijing day: 1 for the first that begins at or after the cycle.
pub(super) fn lead_day(cycle: DateTime<Utc>, day: NaiveDate) -> i64 {
    (day - beijing_day_hour(cycle).0).num_days()
}

impl ScoreBook {
    /// Scores `nights`, and the days of them that were `edited`, against `observed`.
    pub fn of(rules: &Rules, nights: &[PastNight], edited: &[EditedDay], observed: &ObservedHours) -> Self {
        let mut nights: Vec<&PastNight> = nights.iter().collect();
        nights.sort_by_key(|n| n.cycle);
        let observed = Observed::of(rules.aqi, rules.limits, observed);
        let scored = nights.iter().filter(|n| n.counties.iter().any(|c| observed.hours.contains_key(&c.adcode)));
        let (hourly, peaks) = hourly::scores(&nights, &observed);
        let cases = daily::cases(rules, &nights, edited, &observed);
        Self {
            first_cycle: nights.first().map(|n| n.cycle),
            last_cycle: nights.last().map(|n| n.cycle),
            nights: scored.count(),
            counties: observed.hours.keys().copied().collect(),
            hourly,
            daily: daily::scores(rules, &cases),
            levels: daily::by_level(&cases),
            thresholds: daily::thresholds(&cases),
            short_range: daily::short_range(rules, &cases),
            chances: chances::of_days(&cases),
            peaks,
            recent: recent::of(&nights, &observed),
        }
    }
}
