//! Corrections of the nightly forecast as one trained artefact: what it holds, and how a night applies it.

use super::kalman::DriftingBias;
use super::learner::{Learned, LearnedDocument, Predicted};
use super::night_cases::{NightCase, names, push_features};
use super::quantiles::QuantileCurve;
use super::seasonal::Season;
use super::table::FeatureTable;
use crate::domain::pollutant::Pollutant;
use crate::forecast::past_night::offset;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a pollutant is corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The model as it is.
    None,
    /// A drifting bias by county.
    Kalman,
    /// Boosted trees with quantile heads.
    Trees,
}

/// Mean absolute errors on the deciding days, in [`Pollutant::unit`]; `None` where a method has no value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecidingScores {
    pub pairs: usize,
    pub raw: Option<f64>,
    pub kalman: Option<f64>,
    pub trees: Option<f64>,
    /// The latest observation before the cycle, on the pairs that have one.
    pub persistence: Option<f64>,
    /// Pairs of nights after all that taught the correction in use before; 0 where nothing was in use.
    pub later_pairs: usize,
    /// On these: the correction in use before, and the new one.
    pub in_use: Option<f64>,
    pub beside_in_use: Option<f64>,
    /// Share of the observations within the calibrated interval of the trees, between the levels tail and 1 - tail of the parameters.
    pub coverage: Option<f64>,
    /// What that share should be.
    pub nominal_coverage: f64,
}

/// The correction of one pollutant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PollutantCorrection {
    pub pollutant: Pollutant,
    pub method: Method,
    pub pairs: usize,
    /// End of the last hour that taught it.
    pub to: DateTime<Utc>,
    pub scores: DecidingScores,
    /// Features of the trees by their share of the gain.
    pub features: Vec<(String, f64)>,
    /// Bias of ln(observed / model), with the offset of the pollutant on both, by county.
    pub biases: BTreeMap<u32, DriftingBias>,
    /// The trees: text, then bytes of the median and of the quantiles in hexadecimal.
    pub trees: Option<(LearnedDocument, String, String)>,
    /// Why it is not another: an older one that stays, trees that could not be learnt.
    pub note: Option<String>,
}

/// All corrections of a region and grid.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Artefact {
    pub schema: u32,
    pub region: String,
    pub grid: String,
    /// Whether the nights that taught assimilated observations: what follows an analysis has other errors than what does not.
    #[serde(default)]
    pub assimilated: bool,
    /// Ends of the first and of the last hour that taught.
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// First deciding hour.
    pub deciding_from: DateTime<Utc>,
    pub columns: Vec<String>,
    pub pollutants: Vec<PollutantCorrection>,
}

impl Artefact {
    /// What it is for: region, grid, and whether observations are assimilated.
    pub fn place(&self) -> (&str, &str, bool) {
        (&self.region, &self.grid, self.assimilated)
    }

    /// Whether this version can apply it.
    ///
    /// # Errors
    /// The features it was trained on, and those that this version has.
    pub fn fits(&self) -> Result<(), String> {
        if self.columns == names() {
            Ok(())
        } else {
            Err(format!("features {:?}, expected {:?}", self.columns, names()))
        }
    }

    /// Corrected values of cases of any pollutants, with quantiles where trees correct; `None` where nothing does.
    ///
    /// # Errors
    /// Trees that cannot be read, or of other features.
    pub fn apply(&self, cases: &[NightCase]) -> Result<Vec<Option<Predicted>>, String> {
        self.fits()?;
        let mut corrected = vec![None; cases.len()];
        for correction in &self.pollutants {
            let rows: Vec<usize> = (0..cases.len()).filter(|i| cases[*i].pollutant == correction.pollutant).collect();
            let own: Vec<NightCase> = rows.iter().map(|i| cases[*i]).collect();
            let values = correction.apply(&own)?;
            rows.into_iter().zip(values).for_each(|(i, value)| corrected[i] = value);
        }
        Ok(corrected)
    }
}

impl PollutantCorrection {
    /// Whether hours of a county taught it: to others it says nothing.
    pub fn knows(&self, adcode: u32) -> bool {
        self.biases.contains_key(&adcode)
    }

    /// Ends of the central 80 % of a prediction of trees; `None` of other methods.
    pub fn ends(&self, predicted: &Predicted) -> Option<(f64, f64)> {
        let (document, ..) = self.trees.as_ref().filter(|_| self.method == Method::Trees)?;
        let curve = QuantileCurve::new(document.levels(), predicted.quantiles.clone());
        Some((curve.at(0.1), curve.at(0.9)))
    }

    pub(super) fn apply(&self, cases: &[NightCase]) -> Result<Vec<Option<Predicted>>, String> {
        match (self.method, &self.trees) {
            (Method::Trees, Some((document, median, quantiles))) => {
                let learned = Learned::of_parts(document.clone(), &from_hex(median)?, &from_hex(quantiles)?, &names())?;
                Ok(predict(&learned, cases)?.into_iter().map(Some).collect())
            }
            (Method::Kalman, _) => Ok(cases
                .iter()
                .map(|c| {
                    let bias = self.biases.get(&c.adcode)?.bias;
                    Some(Predicted { median: debiased(c, bias), quantiles: Vec::new() })
                })
                .collect()),
            _ => Ok(vec![None; cases.len()]),
        }
    }
}

pub(super) fn debiased(case: &NightCase, bias: f64) -> f64 {
    let offset = offset(case.pollutant);
    ((case.model + offset) * bias.exp() - offset).max(0.0)
}

pub(super) fn predict(learned: &Learned, cases: &[NightCase]) -> Result<Vec<Predicted>, String> {
    let mut table = FeatureTable::new(names());
    cases.iter().for_each(|c| push_features(&mut table, c));
    let anchors: Vec<f64> = cases.iter().map(|c| c.model).collect();
    let seasons: Vec<Season> = cases.iter().map(NightCase::season).collect();
    learned.predict(&table, &anchors, &seasons)
}

pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|d| char::from_digit(u32::from(d), 16)).collect()
}

fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let digit = |b: u8| char::from(b).to_digit(16);
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some((digit(*high)? * 16 + digit(*low)?) as u8),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or_else(|| "trees that are not hexadecimal".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_inverted() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(from_hex(&to_hex(&bytes)).unwrap(), bytes);
        assert!(from_hex("abc").is_err() && from_hex("zz").is_err());
    }
}
