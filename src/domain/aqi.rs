//! AQI by HJ 633, from dated tables.
//!
//! **Invariant:** exact integers from the rounded concentration to the AQI: IAQI = IAQI_lo + ceil((IAQI_hi - IAQI_lo)
//! (c - c_lo) / (c_hi - c_lo)) (HJ 633-2026 4.2, eq. 1, 4.2.6). **Why:** a binary fraction on the wrong side of an integer
//! moves a day across a level.

mod document;
mod exceedance;
mod practice;
mod rounding;
mod seed;

use super::pollutant::{Concentrations, Pollutant};
use crate::error::{Error, Result};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

pub use practice::{InForce, Practice};
pub use rounding::half_even;

/// An air quality index with everything needed to check it. Its JSON is the fixed form of `hazecast aqi --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AqiReport {
    /// `HJ 633-2026` or `HJ 633-2012`.
    pub standard: String,
    /// 0..=500; `None` where the standard forbids a value (missing pollutants and AQI <= 100, 5.3). The standard's range is
    /// 1-500; 0 stands where every concentration rounds to 0.
    pub aqi: Option<u16>,
    /// 1 (优) ..= 6 (严重).
    pub level: Option<u8>,
    /// Pollutants with the largest IAQI above 50; several on a tie.
    pub primary: Vec<Pollutant>,
    /// Individual indices.
    pub iaqi: BTreeMap<Pollutant, u16>,
    /// Clause of the standard.
    pub clause: String,
}

/// A level of the AQI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AqiLevel {
    /// 1 ..= 6.
    pub level: u8,
    /// Largest AQI of the level.
    pub up_to: u16,
    pub name_zh: String,
    pub name_en: String,
    pub colour_zh: String,
    pub colour_en: String,
    pub rgb: [u8; 3],
    /// Whether the colour was read in the standard itself.
    pub rgb_verified: bool,
}

/// Which of the two reports of HJ 633 a table row serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Report {
    /// 日报: a natural day (or 24 h); also the daily forecast.
    Daily,
    /// 实时报: one hour; also the hourly forecast.
    Hourly,
}

impl Report {
    /// As in the files: `daily` or `hourly`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Hourly => "hourly",
        }
    }
}

/// Averaging form of a table row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Average {
    #[serde(rename = "day")]
    Day,
    #[serde(rename = "1h")]
    OneHour,
    #[serde(rename = "8h")]
    EightHours,
}

/// Breakpoints of one pollutant and averaging form.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    pollutant: Pollutant,
    average: Average,
    reports: Vec<Report>,
    /// Limits in the pollutant's unit, beside `AqiStandard::iaqi`.
    concentrations: Vec<i64>,
    /// IAQI beyond the last limit; `None`: not computed.
    above: Option<u16>,
    above_note: Option<String>,
}

impl Row {
    /// e.g. `PM2.5 day`: the same in every version.
    fn name(&self) -> String {
        let average = match self.average {
            Average::Day => "day",
            Average::OneHour => "1h",
            Average::EightHours => "8h",
        };
        format!("{} {average}", self.pollutant.name())
    }
}

/// One version of HJ 633.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AqiStandard {
    /// e.g. `HJ 633-2026`.
    pub id: String,
    pub title_zh: String,
    /// First and last day judged by this version; open where there is no last day.
    pub valid_from: NaiveDate,
    pub valid_from_verified: bool,
    pub valid_to: Option<NaiveDate>,
    pub source: String,
    /// Whether the table was checked against the primary text.
    pub verified: bool,
    daily_clause: String,
    hourly_clause: String,
    publish_above_if_missing: u16,
    missing_clause: String,
    iaqi: Vec<u16>,
    decimals: BTreeMap<Pollutant, usize>,
    #[serde(rename = "row")]
    rows: Vec<Row>,
    #[serde(rename = "practice", default)]
    practices: Vec<Practice>,
}

/// Every version of HJ 633, without gap or overlap in time.
#[derive(Debug, Clone, PartialEq)]
pub struct AqiRules {
    levels: Vec<AqiLevel>,
    standards: Vec<AqiStandard>,
}

/// Index of one pollutant.
struct Index {
    iaqi: u16,
    /// The note of the cap, where the concentration lies beyond the last limit.
    beyond: Option<String>,
}

impl AqiStandard {
    /// With a pollutant missing the AQI is stated only above this value (5.3).
    pub fn stated_above_if_missing(&self) -> u16 {
        self.publish_above_if_missing
    }

    /// Where what is published departs from the text.
    pub fn practices(&self) -> &[Practice] {
        &self.practices
    }

    /// Clause of a report, with the practices that it follows.
    fn clause(&self, report: Report) -> String {
        let text = match report {
            Report::Daily => &self.daily_clause,
            Report::Hourly => &self.hourly_clause,
        };
        let practices = self.practices.iter().filter(|p| p.report == report);
        practices.fold(text.clone(), |clause, p| format!("{clause}；{}（{}）", p.clause, p.id))
    }

    fn rows(&self, report: Report, pollutant: Pollutant) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |r| r.pollutant == pollutant && r.reports.contains(&report))
    }

    /// Index of one concentration; `None` for NaN, infinite, negative, and where the standard computes none.
    fn index(&self, report: Report, pollutant: Pollutant, value: f64) -> Option<Index> {
        let row = self.rows(report, pollutant).next()?;
        let decimals = *self.decimals.get(&pollutant)?;
        let scale = 10_i64.pow(decimals as u32);
        let c = half_even(value, decimals)?;
        if c == 0 {
            return Some(Index { iaqi: self.iaqi[0], beyond: None });
        }
        let Some(hi) = row.concentrations.iter().position(|limit| c <= limit * scale) else {
            return row.above.map(|iaqi| Index { iaqi, beyond: row.above_note.clone() });
        };
        let (c_lo, c_hi) = (row.concentrations[hi - 1] * scale, row.concentrations[hi] * scale);
        let (i_lo, i_hi) = (i64::from(self.iaqi[hi - 1]), i64::from(self.iaqi[hi]));
        let (rise, run) = ((i_hi - i_lo) * (c - c_lo), c_hi - c_lo);
        Some(Index { iaqi: (i_lo + (rise + run - 1) / run) as u16, beyond: None })
    }
}

impl AqiRules {
    /// Reads the dated tables of `text`, the content of the file `origin`.
    ///
    /// # Errors
    /// `Invalid` naming the line and field: not TOML, unknown or missing keys, versions with a gap or overlap in time, limits that do
    /// not ascend, a pollutant without exactly one row in a report, a cap that is not the index of the row's end, a practice without
    /// text or evidence. The first fault of [`AqiRules::faults`].
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        seed::read(text, origin)
    }

    /// Every fault of `text`; only the first where it cannot be read as tables at all. None: the tables can be used.
    pub fn faults(text: &str, origin: &Path) -> Vec<Error> {
        seed::faults(text, origin)
    }

    /// The version in force on `date`. A date before the first version is judged by the first one.
    pub fn standard(&self, date: NaiveDate) -> &AqiStandard {
        self.standards.iter().rev().find(|s| s.valid_from <= date).unwrap_or(&self.standards[0])
    }

    /// Every version, oldest first.
    pub fn standards(&self) -> &[AqiStandard] {
        &self.standards
    }

    /// The levels, 1 ..= 6.
    pub fn levels(&self) -> &[AqiLevel] {
        &self.levels
    }

    /// Name and colour of a level, 1 ..= 6.
    pub fn level(&self, level: u8) -> Option<&AqiLevel> {
        self.levels.iter().find(|l| l.level == level)
    }

    /// The level of an AQI; 0 belongs to level 1, values beyond 500 to level 6.
    pub fn level_of(&self, aqi: u16) -> u8 {
        self.levels.iter().find(|l| aqi <= l.up_to).map_or(6, |l| l.level)
    }

    /// Daily AQI (日报, and daily forecast by HJ 633-2026 4.2.5) of day means and the largest 8-h mean of O3.
    ///
    /// NaN, infinite and negative values count as missing. With a pollutant missing the AQI is stated only above 100 (5.3), unless
    /// it is in `not_monitored`: pollutants outside the monitoring plan or not modelled, written "/" and not blocking. The standard
    /// lets a pollutant be "/" only where it was never primary at light pollution or worse in three years: the caller's to know.
    pub fn daily(
        &self,
        date: NaiveDate,
        concentrations: &Concentrations<f64>,
        not_monitored: &[Pollutant],
    ) -> AqiReport {
        self.report(self.standard(date), Report::Daily, concentrations, not_monitored)
    }

    /// Hourly AQI (实时报, and hourly forecast by HJ 633-2026 4.2.5) of 1-h means; otherwise as [`AqiRules::daily`].
    pub fn hourly(
        &self,
        date: NaiveDate,
        concentrations: &Concentrations<f64>,
        not_monitored: &[Pollutant],
    ) -> AqiReport {
        self.report(self.standard(date), Report::Hourly, concentrations, not_monitored)
    }

    /// The report under a stated version, to set old and new side by side.
    pub fn report(
        &self,
        standard: &AqiStandard,
        report: Report,
        concentrations: &Concentrations<f64>,
        not_monitored: &[Pollutant],
    ) -> AqiReport {
        let mut iaqi = BTreeMap::new();
        let mut missing = false;
        let mut clause = standard.clause(report);
        for p in Pollutant::ALL {
            let index = concentrations.get(p).and_then(|value| standard.index(report, p, *value));
            match index {
                Some(index) => {
                    iaqi.insert(p, index.iaqi);
                    if let Some(note) = index.beyond {
                        clause = format!("{clause}；{note}");
                    }
                }
                None => missing |= !not_monitored.contains(&p),
            }
        }
        let largest = iaqi.values().copied().max();
        let aqi = largest.filter(|&a| !missing || a > standard.publish_above_if_missing);
        if missing {
            clause = format!("{clause}；{}", standard.missing_clause);
        }
        let primary = match aqi {
            Some(aqi) if aqi > standard.iaqi[1] => iaqi.iter().filter(|(_, i)| **i == aqi).map(|(p, _)| *p).collect(),
            _ => Vec::new(),
        };
        AqiReport { standard: standard.id.clone(), aqi, level: aqi.map(|a| self.level_of(a)), primary, iaqi, clause }
    }
}
