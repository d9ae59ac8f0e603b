//! What quality control says of observed values. Flags are kept beside the values; no value is changed or deleted.

use super::pollutant::Pollutant;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Outside what instruments report: negative, zero for missing, or a unit wrong by a power of ten.
    Range,
    /// The instrument repeats one value although the air changes (仪器卡死).
    Stuck,
    /// One or two hours far from the hours around them, as no neighbour shows (突变).
    Spike,
    /// An abnormal hour that returns every 24 hours: calibration in the data (校准时段).
    Calibration,
    /// Longer hours that contradict all stations that usually go along (空间不一致).
    Neighbours,
    /// PM10 below PM2.5 (颗粒物倒挂).
    ParticleOrder,
    /// A value alone between long gaps.
    Isolated,
}

impl Fault {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 7] = [
        Self::Range,
        Self::Stuck,
        Self::Spike,
        Self::Calibration,
        Self::Neighbours,
        Self::ParticleOrder,
        Self::Isolated,
    ];

    /// In Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Range => "超出量程",
            Self::Stuck => "数值卡死",
            Self::Spike => "时间突变",
            Self::Calibration => "24小时周期校准",
            Self::Neighbours => "与周边站不一致",
            Self::ParticleOrder => "PM10低于PM2.5",
            Self::Isolated => "孤立值",
        }
    }

    /// In English.
    pub fn en(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::Stuck => "stuck",
            Self::Spike => "spike",
            Self::Calibration => "24-h calibration",
            Self::Neighbours => "neighbours",
            Self::ParticleOrder => "PM10 < PM2.5",
            Self::Isolated => "isolated",
        }
    }
}

/// How sure the fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Used, and worth a look.
    Suspect,
    /// Not used.
    Rejected,
}

/// A flag on one value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Flag {
    /// National code such as `2237A`.
    pub station: String,
    /// End of the hour, UTC.
    pub end: DateTime<Utc>,
    pub pollutant: Pollutant,
    /// In the pollutant's unit, as observed.
    pub value: f64,
    pub fault: Fault,
    pub verdict: Verdict,
}

/// Flags of one fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FaultCount {
    pub fault: Fault,
    pub suspect: usize,
    pub rejected: usize,
}

/// The quality control of a night, in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QualityReport {
    /// Values that were looked at.
    pub values: usize,
    /// Values with at least one suspicion and no rejection, and values rejected.
    pub suspect: usize,
    pub rejected: usize,
    /// By fault, those that occur; a value may have several.
    pub faults: Vec<FaultCount>,
    /// The first rejections, by hour, station and pollutant.
    pub rejections: Vec<Flag>,
    /// Rejected values that the list leaves out.
    pub rejections_left_out: usize,
}

impl QualityReport {
    /// Most rejected values that a report lists.
    pub const LISTED: usize = 100;

    /// Of `flags` on `values` values.
    pub fn new(values: usize, flags: &[Flag]) -> Self {
        use std::collections::{BTreeMap, BTreeSet};
        let key = |f: &Flag| (f.end, f.station.clone(), f.pollutant);
        let mut worst = BTreeMap::new();
        for f in flags {
            let verdict = worst.entry(key(f)).or_insert(f.verdict);
            *verdict = (*verdict).max(f.verdict);
        }
        let rejected = worst.values().filter(|v| **v == Verdict::Rejected).count();
        let faults = Fault::ALL.into_iter().filter_map(|fault| {
            let count = |v| flags.iter().filter(|f| f.fault == fault && f.verdict == v).count();
            let counted = FaultCount { fault, suspect: count(Verdict::Suspect), rejected: count(Verdict::Rejected) };
            (counted.suspect + counted.rejected > 0).then_some(counted)
        });
        let mut listed = BTreeSet::new();
        let mut rejections: Vec<Flag> = flags.iter().filter(|f| f.verdict == Verdict::Rejected).cloned().collect();
        rejections.sort_by_key(|f| (key(f), f.fault));
        rejections.retain(|f| listed.insert(key(f)));
        rejections.truncate(Self::LISTED);
        Self {
            values,
            suspect: worst.len() - rejected,
            rejected,
            faults: faults.collect(),
            rejections_left_out: rejected - rejections.len(),
            rejections,
        }
    }
}
