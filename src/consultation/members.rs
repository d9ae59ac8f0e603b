//! What the night's members with perturbed inputs call for, beside the forecast.

use crate::forecast::members::Member;
use crate::warning::WarningLevel;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Members of a night.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MembersReport {
    /// Grid that they ran on: the outermost.
    pub grid: String,
    pub members: Vec<MemberOutcome>,
    /// In the order of the forecast.
    pub counties: Vec<CountyMembers>,
}

/// A member, and the level that the prefecture has with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MemberOutcome {
    pub inputs: Member,
    pub level: WarningLevel,
}

/// Days of a county.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CountyMembers {
    pub adcode: u32,
    pub days: Vec<MemberDay>,
}

/// One Beijing day by member: the forecast times what the member makes of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MemberDay {
    pub beijing_day: NaiveDate,
    pub pm25_ug_m3: Vec<f64>,
    pub aqi: Vec<Option<u16>>,
}

impl MembersReport {
    /// Levels that members call for, the gravest first, and how many do.
    pub fn levels(&self) -> Vec<(WarningLevel, usize)> {
        let mut counts: BTreeMap<WarningLevel, usize> = BTreeMap::new();
        self.members.iter().for_each(|m| *counts.entry(m.level).or_default() += 1);
        counts.into_iter().rev().collect()
    }
}
