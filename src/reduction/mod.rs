//! Warning decision -> emergency emission-reduction list (应急减排清单) -> its proven effect.

pub mod apply;
pub mod choose;
pub mod measures;
pub mod plan;
pub mod ranking;
pub mod register;
pub mod register_check;
pub mod targets;
pub mod verify;

use crate::domain::source::{Amounts, Sector};
use crate::warning::WarningLevel;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// One measure of the list, applied to one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlannedMeasure {
    /// Measure of the catalogue in `seeds/`.
    pub measure: String,
    /// Source of the inventory it acts on.
    pub source: String,
    pub name_zh: String,
    pub name_en: String,
    pub adcode: u32,
    pub county_zh: String,
    pub sector: Sector,
    /// Factor left on each pollutant while in force, 0 ..= 1.
    pub factor: Amounts,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Emission avoided [t d-1].
    pub cut_t_d: Amounts,
    /// Estimated cost [yuan d-1].
    pub cost_yuan_d: f64,
    /// Voluntary (pre-warning) or mandatory.
    pub mandatory: bool,
    /// Department answering for it (责任单位).
    pub department: String,
    /// How it is checked: power draw, CEMS, patrol ...
    pub verification: String,
    /// Document and clause.
    pub legal_basis: String,
}

/// The reduction the level demands of one pollutant, and what the list reaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReductionTarget {
    /// `SO2`, `NOx`, `PM`, `VOC`.
    pub pollutant: String,
    /// Whole-society emission of the region on a day of the episode [t d-1].
    pub emission_t_d: f64,
    pub required_fraction: f64,
    pub reached_fraction: f64,
    /// Largest fraction that all lawful measures together reach.
    pub attainable_fraction: f64,
    pub met: bool,
}

/// The list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReductionPlan {
    pub level: WarningLevel,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub measures: Vec<PlannedMeasure>,
    pub targets: Vec<ReductionTarget>,
    pub cut_t_d: Amounts,
    pub cost_yuan_d: f64,
    /// Rules the list follows: id, clause.
    pub legal_basis: Vec<String>,
    /// What is an estimate or unverified in this list, in words.
    pub caveats_zh: Vec<String>,
    pub caveats_en: Vec<String>,
}

/// Before and after, one Beijing day of one county.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DayEffect {
    pub beijing_day: NaiveDate,
    pub pm25_before_ug_m3: f64,
    pub pm25_after_ug_m3: f64,
    pub aqi_before: Option<u16>,
    pub aqi_after: Option<u16>,
}

/// Effect in one county.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CountyEffect {
    pub adcode: u32,
    pub name_zh: String,
    pub name_en: String,
    pub level_before: WarningLevel,
    pub level_after: WarningLevel,
    pub days: Vec<DayEffect>,
}

/// What the second full run says of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// With the list no county reaches the decided level.
    Averted,
    /// The decided level stays somewhere, but the level of a county or the AQI level of a county-day falls.
    Lowered,
    /// The level stays: the list cannot avert it.
    NotAverted,
}

/// The certificate: forecast with the list against the forecast without it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReductionEffect {
    pub verdict: Verdict,
    pub statement_zh: String,
    pub statement_en: String,
    pub counties: Vec<CountyEffect>,
    /// Largest fall of a county-day PM2.5 mean [ug m-3].
    pub largest_fall_ug_m3: f64,
    /// SHA-256 of the archived series of both runs.
    pub base_series_sha256: String,
    pub cut_series_sha256: String,
}
