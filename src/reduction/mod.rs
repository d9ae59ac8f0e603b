//! Warning decision -> emergency emission-reduction list (应急减排清单) -> its proven effect.

pub mod after_action;
pub mod apply;
pub mod candidates;
mod caveats;
pub mod check;
pub mod cover;
pub mod culprit;
pub mod demands;
pub mod grade_order;
pub mod influence_map;
pub mod measures;
pub mod needed_fall;
pub mod optimise;
pub mod options;
pub mod plan;
pub mod predict;
pub mod ranking;
pub mod ranking_rules;
pub mod register;
pub mod rounds;
pub mod shortfall;
pub mod strictest;
pub mod register_check;
pub mod targets;
pub mod unaverted;
pub mod verify;
pub mod window_proof;

use self::predict::Fall;
use self::ranking::ExceedingWindow;
use self::strictest::StrictestRun;
use self::unaverted::Unaverted;
use crate::domain::register::{Family, Grade};
use crate::domain::source::{Amounts, Sector};
use crate::warning::WarningLevel;
use chrono::{DateTime, NaiveDate, Utc};
pub use culprit::Culprit;
pub use optimise::Stop;
use serde::{Deserialize, Serialize};

/// One measure of the list, applied to one entry of the register, or to a whole source that the register does not name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlannedMeasure {
    /// Measure of the catalogue in `seeds/`.
    pub measure: String,
    /// Source of the inventory it acts on.
    pub source: String,
    /// Entry of the register; `None`: the whole source.
    #[serde(default)]
    pub entry: Option<String>,
    /// Name of the entry or source; empty in older records.
    #[serde(default)]
    pub entry_name: String,
    #[serde(default = "unnamed_family")]
    pub family: Family,
    #[serde(default)]
    pub grade: Option<Grade>,
    /// Share of the source's emission of each pollutant that the entry is, 0 ..= 1.
    #[serde(default = "whole")]
    pub share: Amounts,
    pub name_zh: String,
    pub name_en: String,
    pub adcode: u32,
    pub county_zh: String,
    pub sector: Sector,
    /// Factor left on each pollutant of the entry while in force, 0 ..= 1.
    pub factor: Amounts,
    /// Deadline: in force from here ..
    pub from: DateTime<Utc>,
    /// .. to here.
    pub to: DateTime<Utc>,
    /// Earliest instant at which it could be in force after the order; `from` is never before it.
    #[serde(default)]
    pub earliest_from: Option<DateTime<Utc>>,
    /// Emission avoided on a whole day in force, after what the rows before it on the entry left [t d-1].
    pub cut_t_d: Amounts,
    /// Estimated cost of a whole day in force [yuan d-1].
    pub cost_yuan_d: f64,
    /// Estimated cost from `from` to `to` [yuan].
    #[serde(default)]
    pub cost_yuan: f64,
    /// Voluntary (pre-warning) or mandatory.
    pub mandatory: bool,
    /// Department answering for it (责任单位).
    pub department: String,
    /// Post answering for it on the spot (责任人岗位).
    #[serde(default)]
    pub role: String,
    /// How it is checked: power draw, CEMS, patrol ...
    pub verification: String,
    /// Document and clause.
    pub legal_basis: String,
}

fn unnamed_family() -> Family {
    Family::Other
}

fn whole() -> Amounts {
    Amounts::all(1.0)
}

/// The reduction the level demands of one pollutant, and what the list reaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReductionTarget {
    /// `SO2`, `NOx`, `PM`, `VOC`.
    pub pollutant: String,
    /// Whole-society emission of the region on a day of the episode [t d-1].
    pub emission_t_d: f64,
    pub required_fraction: f64,
    /// Of a whole day with all measures in force; a late start counts with the share of its possible hours that it keeps.
    pub reached_fraction: f64,
    /// Largest fraction that all lawful measures together reach.
    pub attainable_fraction: f64,
    pub met: bool,
    /// What bars it, where it is not met.
    #[serde(default)]
    pub culprit: Option<Culprit>,
}

/// An exceeding window and what the list takes away from it, by the linear ranking: the second full run decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WindowOutcome {
    pub adcode: u32,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Means of the window [ug m-3]: corrected forecast and model; the limit below which it no longer carries the level.
    pub forecast_ug_m3: f64,
    pub model_ug_m3: f64,
    pub limit_ug_m3: f64,
    /// Probability with which the limit is to be met.
    pub probability: f64,
    /// Falls of the model's mean [ug m-3]: needed, by the list, and by the strictest lawful list.
    pub fall_needed_ug_m3: f64,
    pub fall_ug_m3: f64,
    pub fall_attainable_ug_m3: f64,
    /// Fall of the corrected forecast by the list [ug m-3].
    pub corrected_fall_ug_m3: f64,
    /// What the sources that can be ordered add to the model's mean [ug m-3]: in all hours, and after the order.
    pub local_ug_m3: f64,
    pub local_after_order_ug_m3: f64,
    /// Even all local sources stopped from the order on would leave the level.
    #[serde(default)]
    pub beyond_reach: bool,
    pub met: bool,
    /// What bars it, where it is not met.
    pub culprit: Option<Culprit>,
}

/// The floor of one county in PM-equivalent, so that no county is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CountyFloor {
    pub adcode: u32,
    /// PM-equivalent of SO2, NOx, PM and VOC [t d-1].
    pub required_t_d: f64,
    pub reached_t_d: f64,
    pub attainable_t_d: f64,
    pub met: bool,
}

/// How near the list is to the cheapest lawful one, and what the plain way would cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CostProof {
    /// Cost over the period [yuan].
    pub cost_yuan: f64,
    /// Proven: no list that meets the same demands costs less [yuan], of those in which the measures of an entry start together, at the steps of the
    /// rules, and everyone whom a county-wide measure joins is ordered alike.
    pub bound_yuan: f64,
    /// (cost - bound) / cost.
    pub gap: f64,
    /// Nodes of the search, and why it ended.
    pub nodes: usize,
    pub stop: Stop,
    /// Cost of the list in the order of grades, worst first and each with all its measures, until the same demands are met [yuan];
    /// `None` where that order does not reach them.
    pub grade_order_yuan: Option<f64>,
    pub grade_order_rows: usize,
}

/// The list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReductionPlan {
    pub level: WarningLevel,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub measures: Vec<PlannedMeasure>,
    pub targets: Vec<ReductionTarget>,
    /// Windows that were to be averted; empty without a ranking.
    #[serde(default)]
    pub windows: Vec<WindowOutcome>,
    #[serde(default)]
    pub floors: Vec<CountyFloor>,
    /// Demands that cannot be met together though each alone can, by name; empty where there is none.
    #[serde(default)]
    pub conflict: Vec<String>,
    /// `None` in older records.
    #[serde(default)]
    pub proof: Option<CostProof>,
    pub cut_t_d: Amounts,
    /// Cost of a whole day with all measures in force [yuan d-1].
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

/// Before and after, one hour of one county.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HourEffect {
    /// End of the hour, UTC.
    pub end: DateTime<Utc>,
    pub pm25_before_ug_m3: f64,
    pub pm25_after_ug_m3: f64,
    /// Ends of the 80 % interval of the forecast with the list.
    pub lower_ug_m3: f64,
    pub upper_ug_m3: f64,
    /// Hourly AQI.
    pub aqi_before: Option<u16>,
    pub aqi_after: Option<u16>,
}

/// What the influence foretold of a window, and what the rerun found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WindowProof {
    pub window: ExceedingWindow,
    /// Fall of the model's mean.
    pub foretold: Fall,
    pub rerun: Fall,
    /// Foretold over rerun, less one; `None` where the rerun finds no fall to compare with.
    pub deviation_pm25: Option<f64>,
    pub deviation_primary: Option<f64>,
    /// Whether the rerun reaches the fall that is needed.
    pub met: bool,
}

/// One try to avert the level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RoundAccount {
    /// 1 is the first.
    pub round: usize,
    pub measures: usize,
    pub cost_yuan_d: f64,
    /// Falls demanded of the windows, in their order [ug m-3].
    pub demanded_ug_m3: Vec<f64>,
    pub level_after: WarningLevel,
    pub averted: bool,
    /// SHA-256 of the series of its rerun.
    pub series_sha256: String,
    /// Whether this one is the list.
    pub chosen: bool,
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
    #[serde(default)]
    pub hours: Vec<HourEffect>,
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
    /// Exceeding windows with an influence run, in the order of the ranking.
    #[serde(default)]
    pub windows: Vec<WindowProof>,
    /// Every try, in order.
    #[serde(default)]
    pub rounds: Vec<RoundAccount>,
    /// The full run with every lawful measure; `None` where nothing was ranked, and in older records.
    #[serde(default)]
    pub strictest: Option<StrictestRun>,
    /// Why the level stays, where it does.
    #[serde(default)]
    pub unaverted: Vec<Unaverted>,
}
