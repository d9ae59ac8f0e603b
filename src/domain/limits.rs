//! Limits of GB 3095, reference conditions and how many values a mean or a year needs, by date.

use super::averages::Validity;
use super::dated::{self, Dated};
use super::pollutant::Pollutant;
use crate::error::Result;
use crate::seed::{Place, Seed};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a limit is a mean over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Averaging {
    /// Mean of a calendar year.
    Year,
    /// Mean of a natural day (24 h).
    Day,
    /// Mean of an hour.
    Hour,
    /// Largest 8-h mean of a natural day.
    #[serde(rename = "day_max_8h")]
    DayMax8h,
}

/// Whose limits: class-I zones (national parks, nature reserves) or everywhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// 一级.
    One,
    /// 二级.
    Two,
}

/// One row of the table of limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    pub pollutant: Pollutant,
    pub average: Averaging,
    /// Grade I, in [`Pollutant::unit`].
    pub grade_1: f64,
    /// Grade II, not below grade I.
    pub grade_2: f64,
}

/// At what state a volume of air is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParticleState {
    /// At the temperature and pressure of the air that was sampled.
    Ambient,
    /// At the reference state of the gases.
    Reference,
}

/// Reference conditions of concentrations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceConditions {
    /// First day.
    pub valid_from: NaiveDate,
    /// 250 ..= 320 [K].
    pub gas_temperature_k: f64,
    /// 900 ..= 1100 [hPa].
    pub gas_pressure_hpa: f64,
    pub particles: ParticleState,
    pub source: String,
    pub verified: bool,
}

/// How many values a mean, a month and a year need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodValidity {
    /// Daily values of a year, 1 ..= 365.
    pub days_of_year: u32,
    /// Daily values of every month but February, 1 ..= 30.
    pub days_of_month: u32,
    /// Daily values of February, 1 ..= 28.
    pub days_of_february: u32,
    /// Hourly values of a day and of an 8-h mean.
    pub means: Validity,
    pub clause: String,
    pub source: String,
    pub verified: bool,
}

/// One stage of GB 3095.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AirStandard {
    /// e.g. `GB 3095-2026 transition`.
    pub id: String,
    pub title_zh: String,
    pub title_en: String,
    pub stage_zh: String,
    pub stage_en: String,
    /// First and last day judged by this stage; open where there is no last day.
    pub valid_from: NaiveDate,
    pub valid_from_verified: bool,
    pub valid_to: Option<NaiveDate>,
    pub clause: String,
    pub source: String,
    /// Whether the limits were checked against the primary text.
    pub verified: bool,
    pub limits: Vec<Limit>,
    /// Oldest first, the first from `valid_from`.
    #[serde(rename = "reference")]
    pub references: Vec<ReferenceConditions>,
    pub validity: PeriodValidity,
}

/// Every stage of GB 3095, without gap or overlap in time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitRules {
    #[serde(rename = "standard")]
    standards: Vec<AirStandard>,
}

impl Dated for AirStandard {
    fn valid_from(&self) -> NaiveDate {
        self.valid_from
    }

    fn valid_to(&self) -> Option<NaiveDate> {
        self.valid_to
    }
}

/// The rows that every stage has.
const ROWS: [(Pollutant, Averaging); 14] = [
    (Pollutant::So2, Averaging::Year),
    (Pollutant::So2, Averaging::Day),
    (Pollutant::So2, Averaging::Hour),
    (Pollutant::No2, Averaging::Year),
    (Pollutant::No2, Averaging::Day),
    (Pollutant::No2, Averaging::Hour),
    (Pollutant::Co, Averaging::Day),
    (Pollutant::Co, Averaging::Hour),
    (Pollutant::O3, Averaging::DayMax8h),
    (Pollutant::O3, Averaging::Hour),
    (Pollutant::Pm10, Averaging::Year),
    (Pollutant::Pm10, Averaging::Day),
    (Pollutant::Pm25, Averaging::Year),
    (Pollutant::Pm25, Averaging::Day),
];

impl LimitRules {
    /// Reads the stages of `text`, the content of the file `origin`.
    ///
    /// # Errors
    /// `Invalid` naming the line: not TOML, unknown or missing keys, stages with a gap or overlap in time, a row missing, twice or
    /// unknown, a limit that is not positive or grade I above grade II, numbers of values that cannot be.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let (seed, rules): (_, Self) = Seed::read(text, origin, "stages of GB 3095")?;
        let root = seed.root();
        root.that(!rules.standards.is_empty(), "standard", 0, "at least one stage")?;
        for (i, standard) in rules.standards.iter().enumerate() {
            let place = root.element("standard", i, &standard.id);
            let once = rules.standards[..i].iter().all(|s| s.id != standard.id);
            place.that(once, "id", &standard.id, "a name used once")?;
            standard.check(&place)?;
        }
        dated::check(&rules.standards, |i| root.element("standard", i, &rules.standards[i].id))?;
        Ok(rules)
    }

    /// The stage in force on `date`. A date before the first stage is judged by the first one.
    pub fn standard(&self, date: NaiveDate) -> &AirStandard {
        dated::in_force(&self.standards, date)
    }

    /// Every stage, oldest first.
    pub fn standards(&self) -> &[AirStandard] {
        &self.standards
    }
}

impl AirStandard {
    /// The limit of a pollutant, in [`Pollutant::unit`]; `None` where the standard has none (CO has no year limit).
    pub fn limit(&self, pollutant: Pollutant, average: Averaging, grade: Grade) -> Option<f64> {
        let row = self.limits.iter().find(|l| l.pollutant == pollutant && l.average == average)?;
        Some(match grade {
            Grade::One => row.grade_1,
            Grade::Two => row.grade_2,
        })
    }

    /// Reference conditions on `date`.
    pub fn reference(&self, date: NaiveDate) -> &ReferenceConditions {
        self.references.iter().rev().find(|r| r.valid_from <= date).unwrap_or(&self.references[0])
    }

    fn check(&self, place: &Place) -> Result<()> {
        for (key, text) in [
            ("id", &self.id),
            ("title_zh", &self.title_zh),
            ("title_en", &self.title_en),
            ("stage_zh", &self.stage_zh),
            ("stage_en", &self.stage_en),
            ("clause", &self.clause),
            ("source", &self.source),
        ] {
            place.text(key, text)?;
        }
        for (i, l) in self.limits.iter().enumerate() {
            let name = format!("{} {:?}", l.pollutant.name(), l.average);
            let row = place.element("limits", i, format!("{}: {name}", self.id));
            let again = self.limits[..i].iter().any(|o| (o.pollutant, o.average) == (l.pollutant, l.average));
            row.that(ROWS.contains(&(l.pollutant, l.average)), "average", &name, "a limit of GB 3095")?;
            row.that(!again, "pollutant", &name, "each row once")?;
            row.that(l.grade_1 > 0.0 && l.grade_1 < 1e4, "grade_1", l.grade_1, "a concentration above 0")?;
            row.that(l.grade_2 >= l.grade_1 && l.grade_2 < 1e4, "grade_2", l.grade_2, "grade I or more")?;
        }
        for (pollutant, average) in ROWS {
            let there = self.limit(pollutant, average, Grade::Two).is_some();
            place.that(
                there,
                "limits",
                format!("no row {} {average:?}", pollutant.name()),
                "every row of the table",
            )?;
        }
        for (i, r) in self.references.iter().enumerate() {
            let row = place.element("reference", i, format!("{}: reference", self.id));
            let ascends = match i {
                0 => r.valid_from == self.valid_from,
                _ => {
                    r.valid_from > self.references[i - 1].valid_from && self.valid_to.is_none_or(|t| r.valid_from <= t)
                }
            };
            row.that(ascends, "valid_from", r.valid_from, "the stage's first day, then later days of the stage")?;
            row.that(
                (250.0..=320.0).contains(&r.gas_temperature_k),
                "gas_temperature_k",
                r.gas_temperature_k,
                "250 to 320 K",
            )?;
            row.that(
                (900.0..=1100.0).contains(&r.gas_pressure_hpa),
                "gas_pressure_hpa",
                r.gas_pressure_hpa,
                "900 to 1100 hPa",
            )?;
            row.text("source", &r.source)?;
        }
        place.that(!self.references.is_empty(), "reference", 0, "reference conditions")?;
        self.validity.check(&place.table("validity"))
    }
}

impl PeriodValidity {
    /// Daily values that `month` (1 ..= 12) needs.
    pub fn days_needed(&self, month: u32) -> u32 {
        if month == 2 { self.days_of_february } else { self.days_of_month }
    }

    fn check(&self, place: &Place) -> Result<()> {
        place.text("clause", &self.clause)?;
        place.text("source", &self.source)?;
        for (key, n, most) in [
            ("days_of_year", self.days_of_year, 365),
            ("days_of_month", self.days_of_month, 30),
            ("days_of_february", self.days_of_february, 28),
        ] {
            place.that((1..=most).contains(&n), key, n, &format!("1 to {most}"))?;
        }
        let (means, m) = (place.table("means"), &self.means);
        for (key, n, most) in [
            ("hours_of_day", m.hours_of_day, 24),
            ("hours_of_eight", m.hours_of_eight, 8),
            ("eights_of_day", m.eights_of_day, 17),
        ] {
            means.that((1..=most).contains(&n), key, n, &format!("1 to {most}"))?;
        }
        let above = m.eights_unless_above_ug_m3;
        means.that((0.0..1e4).contains(&above), "eights_unless_above_ug_m3", above, "a concentration")
    }
}
