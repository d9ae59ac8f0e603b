//! Forecast -> warning decision: pre-warning (预警前措施), yellow, orange, red, with the clause that fired.

pub mod decide;
pub mod episode;
pub mod lifting;
pub mod readings;
pub mod rules;
pub mod sentence;

pub use decide::decide;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Level of the heavy-pollution warning (重污染天气预警), ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningLevel {
    None,
    /// 预警前措施: voluntary measures before a warning.
    PreWarning,
    Yellow,
    Orange,
    Red,
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
    /// The stricter of both readings.
    pub level: WarningLevel,
    pub level_natural_day: WarningLevel,
    pub level_sliding_24h: WarningLevel,
    pub response: Response,
    /// Level that the measures rest on: `level` where the pollutants that call for cuts are primary in the episode, else the
    /// level that they reach alone (dust at red over PM2.5 at yellow gives `yellow`).
    pub response_level: WarningLevel,
    /// First and last hour of the episode (UTC, hour-ending) when there is one.
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    /// First hour (UTC, hour-ending) from which the warning may be lifted; `None` without a warning (yellow or above), or where
    /// the forecast ends before the lifting condition is met.
    pub lift_from: Option<DateTime<Utc>>,
    /// Hours after the cycle whose running 24-h AQI cannot be stated (too few values, or withheld with a pollutant missing);
    /// they count as not exceeding.
    pub unjudged_hours: u32,
    pub because: Vec<Because>,
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
