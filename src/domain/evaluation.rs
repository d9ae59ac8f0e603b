//! How a period is evaluated (HJ 663), by date: which statistic of which pollutant, weights of the composite index, good and heavy
//! days, and which certified events may be left out.

use super::dated::{self, Dated};
use super::event::EventKind;
use super::limits::Averaging;
use super::pollutant::Pollutant;
use crate::error::Result;
use crate::seed::{Place, Seed};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// How a percentile is taken from ranked values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PercentileMethod {
    /// Rank k = 1 + (n - 1) p / 100, linear between the neighbours.
    Linear,
}

/// Which statistic enters the composite index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IndexValue {
    Mean,
    Percentile,
}

/// What is stated of one pollutant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatisticRule {
    pub pollutant: Pollutant,
    /// Whether the mean of the daily values is stated.
    pub mean: bool,
    /// Percentile of the daily values [%], whole.
    pub percentile: u8,
    pub index_value: IndexValue,
    /// The grade-II limit under it in the composite index.
    pub index_limit: Averaging,
    pub weight: f64,
}

/// Where the weights of the composite index are from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeightsSource {
    pub source: String,
    pub verified: bool,
}

/// Which certified events may be left out, and of which pollutants' values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    pub kinds: Vec<EventKind>,
    pub pollutants: Vec<Pollutant>,
    pub clause: String,
    pub source: String,
    pub verified: bool,
}

/// One version of HJ 663.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluationMethod {
    /// e.g. `HJ 663-2013`.
    pub id: String,
    pub title_zh: String,
    pub valid_from: NaiveDate,
    pub valid_from_verified: bool,
    pub valid_to: Option<NaiveDate>,
    pub clause: String,
    pub source: String,
    pub verified: bool,
    /// A day with this AQI or less is good (优良).
    pub good_day_aqi: u16,
    /// A day with more is a heavy-pollution day (重污染).
    pub heavy_day_aqi: u16,
    pub percentile_method: PercentileMethod,
    /// Whether the mean of three years is evaluated.
    pub three_year_mean: bool,
    pub decimals: BTreeMap<Pollutant, usize>,
    pub ratio_decimals: usize,
    pub index_decimals: usize,
    pub statistics: Vec<StatisticRule>,
    pub weights: WeightsSource,
    pub exclusion: Exclusion,
}

/// Every version of HJ 663, without gap or overlap in time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationRules {
    #[serde(rename = "method")]
    methods: Vec<EvaluationMethod>,
}

impl Dated for EvaluationMethod {
    fn valid_from(&self) -> NaiveDate {
        self.valid_from
    }

    fn valid_to(&self) -> Option<NaiveDate> {
        self.valid_to
    }
}

impl EvaluationRules {
    /// Reads the versions of `text`, the content of the file `origin`.
    ///
    /// # Errors
    /// `Invalid` naming the line: not TOML, unknown or missing keys, versions with a gap or overlap in time, a pollutant without
    /// exactly one statistic, a percentile, weight or number of decimals out of range, a heavy day that is good.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let (seed, rules): (_, Self) = Seed::read(text, origin, "versions of HJ 663")?;
        let root = seed.root();
        root.that(!rules.methods.is_empty(), "method", 0, "at least one version")?;
        for (i, method) in rules.methods.iter().enumerate() {
            let place = root.element("method", i, &method.id);
            let once = rules.methods[..i].iter().all(|m| m.id != method.id);
            place.that(once, "id", &method.id, "a name used once")?;
            method.check(&place)?;
        }
        dated::check(&rules.methods, |i| root.element("method", i, &rules.methods[i].id))?;
        Ok(rules)
    }

    /// The version in force on `date`. A date before the first version is judged by the first one.
    pub fn method(&self, date: NaiveDate) -> &EvaluationMethod {
        dated::in_force(&self.methods, date)
    }

    /// Every version, oldest first.
    pub fn methods(&self) -> &[EvaluationMethod] {
        &self.methods
    }
}

impl EvaluationMethod {
    fn check(&self, place: &Place) -> Result<()> {
        for (key, text) in
            [("id", &self.id), ("title_zh", &self.title_zh), ("clause", &self.clause), ("source", &self.source)]
        {
            place.text(key, text)?;
        }
        place.that(
            (50..=200).contains(&self.good_day_aqi),
            "good_day_aqi",
            self.good_day_aqi,
            "an AQI from 50 to 200",
        )?;
        let heavy = self.heavy_day_aqi > self.good_day_aqi && self.heavy_day_aqi < 500;
        place.that(heavy, "heavy_day_aqi", self.heavy_day_aqi, "an AQI above good_day_aqi, below 500")?;
        place.that(self.ratio_decimals <= 3, "ratio_decimals", self.ratio_decimals, "0 to 3 decimals")?;
        place.that(self.index_decimals <= 3, "index_decimals", self.index_decimals, "0 to 3 decimals")?;
        for p in Pollutant::ALL {
            let n = self.decimals.get(&p);
            place.table("decimals").that(n.is_some_and(|n| *n <= 3), p.name(), n, "0 to 3 decimals")?;
            let rows = self.statistics.iter().filter(|s| s.pollutant == p).count();
            place.that(
                rows == 1,
                "statistics",
                format!("{rows} rows of {}", p.name()),
                "exactly one row per pollutant",
            )?;
        }
        for (i, s) in self.statistics.iter().enumerate() {
            let row = place.element("statistics", i, format!("{}: {}", self.id, s.pollutant.name()));
            row.that((50..=100).contains(&s.percentile), "percentile", s.percentile, "50 to 100 %")?;
            row.that(s.weight > 0.0 && s.weight <= 100.0, "weight", s.weight, "a weight above 0, at most 100")?;
            let stated = s.mean || s.index_value == IndexValue::Percentile;
            row.that(stated, "index_value", s.index_value, "a statistic that is stated")?;
            let limit = match (s.pollutant, s.index_value) {
                (Pollutant::O3, IndexValue::Percentile) => Averaging::DayMax8h,
                (_, IndexValue::Percentile) => Averaging::Day,
                (_, IndexValue::Mean) => Averaging::Year,
            };
            row.that(
                s.index_limit == limit,
                "index_limit",
                s.index_limit,
                "the limit of the same kind as index_value",
            )?;
            let has_year_limit = !matches!(s.pollutant, Pollutant::Co | Pollutant::O3);
            row.that(!s.mean || has_year_limit, "mean", s.mean, "false: CO and O3 have no year limit")?;
        }
        place.table("weights").text("source", &self.weights.source)?;
        let exclusion = place.table("exclusion");
        exclusion.text("clause", &self.exclusion.clause)?;
        exclusion.text("source", &self.exclusion.source)
    }
}
