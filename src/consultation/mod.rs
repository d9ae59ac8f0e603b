//! The consultation record (会商记录): everything an officer signs, in one document.

pub mod carried_out;
mod list_columns;
pub mod list_reading;
pub mod list_sheets;
pub mod members;
pub mod reduction_list;

use crate::assimilation::report::AssimilationReport;
use crate::domain::fire::FireReport;
use crate::domain::quality::QualityReport;
use crate::domain::stack_record::StackReport;
use crate::domain::targets::TargetsReport;
use crate::error::Rejection;
use crate::forecast::Forecast;
use crate::forecast::experience::Experience;
use crate::reduction::ranking::Ranking;
use crate::reduction::{ReductionEffect, ReductionPlan};
use crate::simulation::budget::MassLedger;
use crate::simulation::emission_conditions::ConditionsReport;
use crate::simulation::terrain_winds::TerrainWindsReport;
use crate::warning::advice::AreaAdvice;
use crate::warning::explain::Explanation;
use crate::warning::{AreaWarning, WarningDecision};
use chrono::{DateTime, Utc};
use members::MembersReport;
use serde::{Deserialize, Serialize};

/// An input file and its hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InputFile {
    /// `meteorology`, `boundary`, `inventory`, `profiles`, `scenario`, `cems`, `register`, `observations`, `fires`, `terrain`, `region`, `seed`, `model`, `config`.
    pub role: String,
    /// File name (no folder: a moved inbox gives the same record).
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

/// Whether the night had all it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Complete,
    /// Published with something missing: see `degraded`.
    Degraded,
}

/// The record of one night.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConsultationRecord {
    /// Version of this document's shape.
    pub schema: u32,
    /// `YYYYMMDDHH` of the cycle.
    pub run: String,
    pub cycle: DateTime<Utc>,
    /// Name of the model grid.
    pub grid: String,
    /// Name of the grid around it that gave the air outside its sides; `None`: there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outer_grid: Option<String>,
    pub region: String,
    pub region_name_zh: String,
    pub status: Status,
    /// What was missing, each as one sentence.
    pub degraded: Vec<String>,
    /// What this version cannot know, each as one sentence, in Chinese and in English.
    pub limits_zh: Vec<String>,
    pub limits_en: Vec<String>,
    pub warning: WarningDecision,
    /// Why these levels: prefecture first, then the counties; empty in records made before there were explanations.
    #[serde(default)]
    pub explanations: Vec<Explanation>,
    /// Advice by area: prefecture first, then the counties; empty in records made before there was advice.
    #[serde(default)]
    pub advice: Vec<AreaAdvice>,
    /// The year so far against its targets; `None` where the year has no target.
    #[serde(default)]
    pub targets: Option<TargetsReport>,
    /// Yesterday's forecast and what followed days like today; `None` where nothing was observed, and in records made before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experience: Option<Experience>,
    /// What members with perturbed inputs call for; `None` where the configuration asks for none, and in records made before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<MembersReport>,
    /// What makes the exceeding means, in short; the whole is `ranking.json` of the run. `None` where nothing exceeds, and in records made before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<Ranking>,
    /// `None` when no level calls for one.
    pub reduction: Option<ReductionPlan>,
    pub certificate: Option<ReductionEffect>,
    pub forecast: Forecast,
    /// Flags on the observations; `None` where there were none, and in records made before there was quality control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observation_quality: Option<QualityReport>,
    /// How observations corrected the state that the forecast starts from; `None` where they did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assimilation: Option<AssimilationReport>,
    /// Fires by county and day, forbidden ones, and what became of the other detections; `None` where no file of fires was read, and in
    /// records made before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fires: Option<FireReport>,
    /// How holidays and the weather changed the emissions of each county and sector; `None` in records made before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emission_conditions: Option<ConditionsReport>,
    /// What was measured at stacks, and limits exceeded there; `None` where no file of that was read, and in records made before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stacks: Option<StackReport>,
    /// How winds were brought over the terrain; `None` where the configuration names no terrain file.
    #[serde(default)]
    pub terrain_winds: Option<TerrainWindsReport>,
    /// Mass ledgers of the base run and of the run with the list.
    pub ledger_base: MassLedger,
    pub ledger_cut: Option<MassLedger>,
    pub inputs: Vec<InputFile>,
    #[schema(value_type = Vec<std::collections::BTreeMap<String, String>>)]
    pub rejections: Vec<Rejection>,
    /// Version of the program.
    pub hazecast: String,
}

/// Everything that a record says of one area's warning.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct AreaAccount<'r> {
    /// The decision with its reasons, chances, causes and lifting.
    pub warning: &'r AreaWarning,
    /// Every rule, the days, and what would change the level; `None` in records made before there were explanations.
    pub explanation: Option<&'r Explanation>,
    pub advice: Option<&'r AreaAdvice>,
}

impl ConsultationRecord {
    /// The accounts of the prefecture and of every county, in the order of the decision.
    pub fn accounts(&self) -> impl Iterator<Item = AreaAccount<'_>> {
        std::iter::once(&self.warning.prefecture).chain(&self.warning.counties).map(|warning| AreaAccount {
            warning,
            explanation: self.explanations.iter().find(|e| e.adcode == warning.adcode),
            advice: self.advice.iter().find(|a| a.adcode == warning.adcode),
        })
    }
}

/// A chance, 0 ..= 1, in whole percent; what is neither impossible nor certain is not printed as such.
pub fn chance_percent(chance: f64) -> String {
    let text = format!("{:.0} %", 100.0 * chance);
    match text.as_str() {
        "0 %" if chance > 0.0 => "<1 %".into(),
        "100 %" if chance < 1.0 => ">99 %".into(),
        _ => text,
    }
}
