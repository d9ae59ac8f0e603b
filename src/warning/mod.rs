//! Forecast -> warning decision: pre-warning (预警前措施), yellow, orange, red, with the clause that fired.

pub mod advice;
mod alternatives;
mod applied;
pub mod calibration;
pub mod classes;
pub mod decide;
pub mod episode;
pub mod exceeding;
pub mod explain;
pub mod hindsight;
pub mod lifting;
pub mod probability;
pub mod readings;
pub mod replay;
pub mod rules;
pub mod sentence;

pub use decide::{Basis, decide};

use crate::domain::event::Event;
use chrono::{DateTime, NaiveDate, Utc};
use probability::LevelProbability;
use serde::{Deserialize, Serialize};

/// Level of the heavy-pollution warning (重污染天气预警), ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningLevel {
    None,
    /// 预警前措施: voluntary measures before a warning.
    PreWarning,
    /// 蓝色: of the 2017 scheme only.
    Blue,
    Yellow,
    Orange,
    Red,
}

impl WarningLevel {
    /// Every level, ascending.
    pub const ALL: [Self; 6] = [Self::None, Self::PreWarning, Self::Blue, Self::Yellow, Self::Orange, Self::Red];

    /// Name as a key of files.
    pub fn key(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::PreWarning => "pre_warning",
            Self::Blue => "blue",
            Self::Yellow => "yellow",
            Self::Orange => "orange",
            Self::Red => "red",
        }
    }

    /// Chinese name.
    pub fn zh(self) -> &'static str {
        match self {
            Self::None => "无预警",
            Self::PreWarning => "预警前措施",
            Self::Blue => "蓝色预警",
            Self::Yellow => "黄色预警",
            Self::Orange => "橙色预警",
            Self::Red => "红色预警",
        }
    }

    /// English name.
    pub fn en(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::PreWarning => "pre-warning",
            Self::Blue => "blue",
            Self::Yellow => "yellow",
            Self::Orange => "orange",
            Self::Red => "red",
        }
    }
}

/// What the decision before left standing in an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForce {
    pub level: WarningLevel,
    /// The level that its measures rest on, at most `level`.
    pub response_level: WarningLevel,
}

/// What a decision does to the warning in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing is in force and nothing is called for.
    None,
    /// 采取预警前措施: voluntary measures.
    Advise,
    /// 发布.
    Issue,
    /// 升级.
    Upgrade,
    /// 维持.
    Keep,
    /// 降级.
    Downgrade,
    /// 解除.
    Lift,
}

impl Action {
    /// Chinese name.
    pub fn zh(self) -> &'static str {
        match self {
            Self::None => "无需发布",
            Self::Advise => "采取预警前措施",
            Self::Issue => "发布",
            Self::Upgrade => "升级",
            Self::Keep => "维持",
            Self::Downgrade => "降级",
            Self::Lift => "解除",
        }
    }

    /// English name.
    pub fn en(self) -> &'static str {
        match self {
            Self::None => "nothing to issue",
            Self::Advise => "take pre-warning measures",
            Self::Issue => "issue",
            Self::Upgrade => "upgrade",
            Self::Keep => "keep",
            Self::Downgrade => "downgrade",
            Self::Lift => "lift",
        }
    }
}

/// What may be ordered under the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// Nothing.
    None,
    /// Voluntary and inspection measures.
    Voluntary,
    /// Mandatory emission reduction.
    EmissionReduction,
    /// O3, dust and other causes that local cuts cannot act on: health advice only.
    HealthAdviceOnly,
}

/// One value that made a rule fire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Evidence {
    /// Beijing day of the value, for natural-day readings.
    pub beijing_day: Option<NaiveDate>,
    /// Averaging window, UTC, hour-ending.
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub aqi: u16,
    pub pm25_ug_m3: Option<f64>,
    pub primary: Vec<crate::domain::pollutant::Pollutant>,
}

/// Why: the rule that fired, its clause, and the hours and values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Because {
    /// Id of the rule in `seeds/`, e.g. `warning-2024.yellow.1`.
    pub rule: String,
    pub level: WarningLevel,
    /// Document and clause.
    pub clause: String,
    /// Whether the clause was checked against the primary text.
    pub verified: bool,
    /// `natural_day` or `sliding_24h`.
    pub reading: Reading,
    pub text_zh: String,
    pub text_en: String,
    pub evidence: Vec<Evidence>,
}

/// How "a day" is read in a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// Beijing days, hours 01-24.
    NaturalDay,
    /// Any 24 consecutive hours.
    Sliding24h,
}

/// Decision for one county, or for the prefecture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AreaWarning {
    /// County, or the prefecture's own code (222400).
    pub adcode: u32,
    pub name_zh: String,
    pub name_en: String,
    /// The level in force after this decision.
    pub level: WarningLevel,
    /// What the forecast calls for by itself: the stricter of the readings that count.
    pub level_called: WarningLevel,
    /// The level in force before: that of the region's decision before this one, `none` where there was none.
    pub level_before: WarningLevel,
    pub action: Action,
    pub level_natural_day: WarningLevel,
    pub level_sliding_24h: WarningLevel,
    pub response: Response,
    /// Level that the measures rest on: what the pollutants that call for cuts reach alone, at most `level` (dust at red over PM2.5 at
    /// yellow gives `yellow`); none where a recorded cause beyond control rules cuts out. A warning that is merely kept rests on what
    /// it rested on.
    pub response_level: WarningLevel,
    /// First and last hour of the first episode at the level (UTC, hour-ending); of a warning that is merely kept: from the cycle to
    /// its lifting, or to the end of the forecast.
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    /// First hour (UTC, hour-ending) from which the warning may be lifted; `None` without a warning (yellow or above), or where
    /// the forecast ends before the lifting condition is met.
    pub lift_from: Option<DateTime<Utc>>,
    /// Hours after the cycle whose running 24-h AQI cannot be stated (too few values, or withheld with a pollutant missing);
    /// they count as not exceeding.
    pub unjudged_hours: u32,
    /// Hours up to the cycle that were observed and count towards an episode under way.
    pub observed_hours: u32,
    pub because: Vec<Because>,
    /// The coloured warnings that the forecast calls for, in time; close ones are one.
    pub episodes: Vec<CalledWarning>,
    /// Open readings of the clauses that would have called for another level.
    pub other_readings: Vec<OtherReading>,
    /// Recorded causes beyond control that lie over the episode: the evidence of `health_advice_only`.
    pub causes: Vec<Event>,
    /// Chances of the levels from trajectories; `None` where there are none.
    pub probability: Option<LevelProbability>,
}

impl AreaWarning {
    /// An area for which nothing is called for and nothing is in force.
    pub fn quiet(adcode: u32, name_zh: &str, name_en: &str) -> Self {
        Self {
            adcode,
            name_zh: name_zh.to_owned(),
            name_en: name_en.to_owned(),
            level: WarningLevel::None,
            level_called: WarningLevel::None,
            level_before: WarningLevel::None,
            action: Action::None,
            level_natural_day: WarningLevel::None,
            level_sliding_24h: WarningLevel::None,
            response: Response::None,
            response_level: WarningLevel::None,
            from: None,
            to: None,
            lift_from: None,
            unjudged_hours: 0,
            observed_hours: 0,
            because: Vec::new(),
            episodes: Vec::new(),
            other_readings: Vec::new(),
            causes: Vec::new(),
            probability: None,
        }
    }
}

/// A coloured warning that the forecast calls for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CalledWarning {
    pub level: WarningLevel,
    /// First and last hour of its averages (UTC, hour-ending).
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// First hour from which it may be lifted, where the forecast reaches so far.
    pub lift_from: Option<DateTime<Utc>>,
}

/// A reading of an open clause that would have called for another level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OtherReading {
    /// Name of the parameter in `seeds/warning.toml`, e.g. `sliding_hours`.
    pub parameter: String,
    /// The value tried, and the value that decided.
    pub value: String,
    pub decided_by: String,
    /// The level it would have called for.
    pub level: WarningLevel,
    pub clause: String,
}

/// The decision of the night.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WarningDecision {
    /// Rule set in force on the first forecast day, e.g. `warning-2024`.
    pub scheme: String,
    /// Highest level of the region.
    pub prefecture: AreaWarning,
    pub counties: Vec<AreaWarning>,
}
