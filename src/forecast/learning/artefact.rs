//! Corrections of the nightly forecast as one trained artefact, and the guard before it replaces another.
//!
//! **Invariant:** what judges a method took no part in its training: the last days are held out, with a gap, and only after the method has
//! won there is it trained on everything.

use super::kalman::DriftingBias;
use super::learner::{Cases, Learned, LearnedDocument, LearningParameters, Predicted};
use super::night_cases::{NightCase, names, push_features};
use super::quantiles::QuantileCurve;
use super::table::FeatureTable;
use super::walk_forward::Span;
use crate::domain::pollutant::Pollutant;
use crate::forecast::scores::deterministic::mae;
use crate::forecast::scores::probabilistic::coverage;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Days at the end of the pairs that decide; fewer, a third of the time, where the pairs span less than three times as many.
pub const DECIDING_DAYS: i64 = 60;
/// Pairs of a pollutant below which nothing is learnt.
pub const PAIRS_NEEDED: usize = 200;

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
    /// The artefact in use before.
    pub in_use: Option<f64>,
    /// Share of the observations within the interval of the trees.
    pub coverage: Option<f64>,
}

/// The correction of one pollutant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PollutantCorrection {
    pub pollutant: Pollutant,
    pub method: Method,
    pub pairs: usize,
    pub scores: DecidingScores,
    /// Features of the trees by their share of the gain.
    pub features: Vec<(String, f64)>,
    /// Bias of ln(observed + 1) - ln(model + 1) by county.
    pub biases: BTreeMap<u32, DriftingBias>,
    /// The trees: text, then bytes of the median and of the quantiles in hexadecimal.
    pub trees: Option<(LearnedDocument, String, String)>,
}

/// All corrections of a region and grid.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Artefact {
    pub schema: u32,
    pub region: String,
    pub grid: String,
    /// Ends of the first and of the last hour that taught.
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// First deciding hour.
    pub deciding_from: DateTime<Utc>,
    pub columns: Vec<String>,
    pub pollutants: Vec<PollutantCorrection>,
}

/// What a training ended with.
pub struct Trained {
    pub artefact: Artefact,
    /// Why the artefact may replace the one in use, or may not.
    pub replaces: bool,
}

impl Artefact {
    /// Trains corrections on cases with an observation, and judges them beside `in_use`.
    ///
    /// # Errors
    /// No cases; parameters out of range.
    pub fn train(
        (region, grid): (&str, &str),
        cases: &[NightCase],
        in_use: Option<&Self>,
        parameters: &LearningParameters,
    ) -> Result<Trained, String> {
        let mut known: Vec<NightCase> = cases.iter().copied().filter(|c| c.observed >= 0.0 && c.model >= 0.0).collect();
        known.sort_by_key(|c| (c.end, c.cycle, c.adcode, c.pollutant));
        let (Some(first), Some(last)) = (known.first(), known.last()) else {
            return Err("no hour that was both forecast and observed".into());
        };
        let span = (last.end - first.end).num_hours();
        let deciding_from = last.end - Duration::hours((DECIDING_DAYS * 24).min(span / 3));
        let artefact = Self {
            schema: 1,
            region: region.into(),
            grid: grid.into(),
            from: first.end,
            to: last.end,
            deciding_from,
            columns: names(),
            pollutants: Vec::new(),
        };
        let mut pollutants = Vec::new();
        let (mut ours, mut theirs) = (0.0, 0.0);
        for pollutant in Pollutant::ALL {
            let own: Vec<NightCase> = known.iter().copied().filter(|c| c.pollutant == pollutant).collect();
            if own.len() < PAIRS_NEEDED {
                continue;
            }
            let correction = correct(pollutant, &own, deciding_from, in_use, parameters)?;
            // relative to the raw model, so that pollutants of other units count alike
            let scores = &correction.scores;
            if let (Some(raw), Some(best)) = (scores.raw.filter(|r| *r > 0.0), best(scores).1) {
                ours += best / raw;
                theirs += scores.in_use.unwrap_or(raw) / raw;
            }
            pollutants.push(correction);
        }
        Ok(Trained { replaces: ours < theirs, artefact: Self { pollutants, ..artefact } })
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

    fn apply(&self, cases: &[NightCase]) -> Result<Vec<Option<Predicted>>, String> {
        match (self.method, &self.trees) {
            (Method::Trees, Some((document, median, quantiles))) => {
                let learned = Learned::of_parts(document.clone(), &from_hex(median)?, &from_hex(quantiles)?)?;
                Ok(predict(&learned, cases)?.into_iter().map(Some).collect())
            }
            (Method::Kalman, _) => Ok(cases
                .iter()
                .map(|c| {
                    let bias = self.biases.get(&c.adcode)?.bias;
                    Some(Predicted { median: debiased(c.model, bias), quantiles: Vec::new() })
                })
                .collect()),
            _ => Ok(vec![None; cases.len()]),
        }
    }
}

fn debiased(model: f64, bias: f64) -> f64 {
    ((model + 1.0) * bias.exp() - 1.0).max(0.0)
}

/// The best method on the deciding days and its error; the model as it is where nothing is better.
fn best(scores: &DecidingScores) -> (Method, Option<f64>) {
    let candidates = [(Method::Kalman, scores.kalman), (Method::Trees, scores.trees)];
    candidates.into_iter().fold((Method::None, scores.raw), |best, (method, error)| match (best.1, error) {
        (Some(b), Some(e)) if e < b => (method, Some(e)),
        (None, Some(e)) => (method, Some(e)),
        _ => best,
    })
}

fn correct(
    pollutant: Pollutant,
    own: &[NightCase],
    deciding_from: DateTime<Utc>,
    in_use: Option<&Artefact>,
    parameters: &LearningParameters,
) -> Result<PollutantCorrection, String> {
    let gap = Duration::hours(parameters.gap);
    let before: Vec<NightCase> = own.iter().copied().filter(|c| c.end + gap < deciding_from).collect();
    let deciding: Vec<NightCase> = own.iter().copied().filter(|c| c.cycle >= deciding_from).collect();
    let observed: Vec<f64> = deciding.iter().map(|c| c.observed).collect();
    let error = |values: &[f64]| mae(values, &observed);
    let trained = if before.len() < PAIRS_NEEDED { None } else { learn(&before, parameters).ok() };
    let predicted = trained.map(|l| predict(&l, &deciding)).transpose()?;
    let medians = predicted.as_ref().map(|p| p.iter().map(|p| p.median).collect::<Vec<_>>());
    let end = |i: fn(&Predicted) -> Option<&f64>| -> Option<Vec<f64>> {
        predicted.as_ref()?.iter().map(|p| i(p).copied()).collect()
    };
    let (lower, upper) = (end(|p| p.quantiles.first()), end(|p| p.quantiles.last()));
    let with_last: Vec<&NightCase> = deciding.iter().filter(|c| c.recent.last.is_finite()).collect();
    let column = |of: fn(&NightCase) -> f64| with_last.iter().map(|c| of(c)).collect::<Vec<f64>>();
    let in_use = match in_use {
        Some(artefact) => {
            let values = artefact.apply(&deciding)?;
            error(&deciding.iter().zip(values).map(|(c, v)| v.map_or(c.model, |p| p.median)).collect::<Vec<_>>())
        }
        None => None,
    };
    let scores = DecidingScores {
        pairs: deciding.len(),
        raw: error(&deciding.iter().map(|c| c.model).collect::<Vec<_>>()),
        kalman: error(&kalman_walk(own, &deciding)),
        trees: medians.as_deref().and_then(error),
        persistence: mae(&column(|c| c.recent.last), &column(|c| c.observed)),
        in_use,
        coverage: lower.zip(upper).and_then(|(l, u)| coverage(&l, &u, &observed)),
    };
    let (mut method, _) = best(&scores);
    let mut trees = None;
    let mut features = Vec::new();
    if method == Method::Trees {
        match learn(own, parameters) {
            Ok(learned) => {
                let (document, median, quantiles) = learned.parts()?;
                features = learned.importance(&names(), 10);
                trees = Some((document, to_hex(&median), to_hex(&quantiles)));
            }
            Err(_) => method = Method::None,
        }
    }
    let biases = biases_up_to(own, None);
    Ok(PollutantCorrection { pollutant, method, pairs: own.len(), scores, features, biases, trees })
}

fn learn(cases: &[NightCase], parameters: &LearningParameters) -> Result<Learned, String> {
    let mut table = FeatureTable::new(names());
    cases.iter().for_each(|c| push_features(&mut table, c));
    let hours = |t: DateTime<Utc>| t.timestamp().div_euclid(3600);
    let column = |of: fn(&NightCase) -> f64| cases.iter().map(of).collect::<Vec<f64>>();
    let spans: Vec<Span> = cases.iter().map(|c| Span { issue: hours(c.cycle), valid: hours(c.end) }).collect();
    let groups: Vec<u64> = spans.iter().map(|s| s.valid.div_euclid(24) as u64).collect();
    let (targets, anchors) = (column(|c| c.observed), column(|c| c.model));
    let cases = Cases { table: &table, targets: &targets, anchors: &anchors, spans: &spans, groups: &groups };
    Learned::fit(&cases, parameters, 1)
}

fn predict(learned: &Learned, cases: &[NightCase]) -> Result<Vec<Predicted>, String> {
    let mut table = FeatureTable::new(names());
    cases.iter().for_each(|c| push_features(&mut table, c));
    learned.predict(&table, &cases.iter().map(|c| c.model).collect::<Vec<_>>())
}

/// Biases by county from the errors of hours that ended by `until`: one error a day, the mean of that day's hours.
fn biases_up_to(own: &[NightCase], until: Option<DateTime<Utc>>) -> BTreeMap<u32, DriftingBias> {
    let mut daily: BTreeMap<(u32, i64), (f64, u32)> = BTreeMap::new();
    for c in own.iter().filter(|c| until.is_none_or(|u| c.end <= u)) {
        let sum = daily.entry((c.adcode, c.end.timestamp().div_euclid(86_400))).or_default();
        *sum = (sum.0 + (c.observed + 1.0).ln() - (c.model + 1.0).ln(), sum.1 + 1);
    }
    let mut biases: BTreeMap<u32, DriftingBias> = BTreeMap::new();
    for ((adcode, _), (sum, count)) in daily {
        biases.entry(adcode).or_default().update(sum / f64::from(count));
    }
    biases
}

/// Values that the drifting bias gives on the deciding cases, each night with what had ended by its cycle.
fn kalman_walk(own: &[NightCase], deciding: &[NightCase]) -> Vec<f64> {
    let mut by_cycle: BTreeMap<DateTime<Utc>, BTreeMap<u32, DriftingBias>> = BTreeMap::new();
    deciding
        .iter()
        .map(|c| {
            let biases = by_cycle.entry(c.cycle).or_insert_with(|| biases_up_to(own, Some(c.cycle)));
            biases.get(&c.adcode).map_or(c.model, |b| debiased(c.model, b.bias))
        })
        .collect()
}

fn to_hex(bytes: &[u8]) -> String {
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
    use super::super::night_cases::Recent;
    use super::*;
    use crate::forecast::learning::document::LearningDocument;
    use chrono::TimeZone;
    use std::path::Path;

    fn parameters() -> LearningParameters {
        let text = include_str!("../../../models/learning.toml");
        LearningDocument::from_toml(text, Path::new("models/learning.toml")).unwrap().night
    }

    /// Nights of a model that is half of what is observed in calm and right in wind, in two counties.
    fn nights(n: i64, calm: f64) -> Vec<NightCase> {
        let start = Utc.with_ymd_and_hms(2026, 1, 1, 12, 0, 0).unwrap();
        let mut cases = Vec::new();
        for night in 0..n {
            let cycle = start + Duration::days(night);
            for lead in (2..=48).step_by(3) {
                for adcode in [222_401, 222_402] {
                    let x = (night * 24 + lead) as f64;
                    let model = 40.0 + 20.0 * (x / 17.0).sin() + 8.0 * (x * 0.37).cos();
                    let wind = 2.0 + 1.5 * (x / 9.1).sin();
                    let noise = ((x * 12.9898 + f64::from(adcode)).sin() * 43758.5453).fract();
                    cases.push(NightCase {
                        pollutant: Pollutant::Pm25,
                        adcode,
                        cycle,
                        end: cycle + Duration::hours(lead),
                        model,
                        wind_speed_m_s: wind,
                        mixing_height_m: 300.0,
                        temperature_c: -5.0,
                        recent: Recent { last: 45.0, day_mean: 45.0, log_error: f64::NAN },
                        observed: model * if wind < 2.0 { calm } else { 1.0 } * (1.0 + 0.1 * noise),
                    });
                }
            }
        }
        cases
    }

    #[test]
    fn trees_win_where_the_error_depends_on_the_wind_and_beat_nothing_twice() {
        let cases = nights(60, 2.0);
        let trained = Artefact::train(("r", "g"), &cases, None, &parameters()).unwrap();
        let pm25 = &trained.artefact.pollutants[0];
        assert!(trained.replaces && pm25.method == Method::Trees, "{:?}", pm25.scores);
        let s = &pm25.scores;
        assert!(s.trees.unwrap() < 0.4 * s.raw.unwrap() && s.trees.unwrap() < s.kalman.unwrap(), "{s:?}");
        assert!((0.6..=1.0).contains(&s.coverage.unwrap()), "{s:?}");
        let text = serde_json::to_string(&trained.artefact).unwrap();
        let again: Artefact = serde_json::from_str(&text).unwrap();
        let probe = nights(2, 2.0);
        assert_eq!(again.apply(&probe).unwrap(), trained.artefact.apply(&probe).unwrap());
        let second = Artefact::train(("r", "g"), &cases, Some(&again), &parameters()).unwrap();
        assert!(
            !second.replaces,
            "the one in use knows the deciding days already: {:?}",
            second.artefact.pollutants[0].scores
        );
    }

    #[test]
    fn a_constant_bias_is_left_to_the_filter_or_better_and_too_few_pairs_to_nothing() {
        let mut cases = nights(20, 1.0);
        cases.iter_mut().for_each(|c| c.observed *= 1.5);
        let trained = Artefact::train(("r", "g"), &cases, None, &parameters()).unwrap();
        let pm25 = &trained.artefact.pollutants[0];
        assert!(pm25.method != Method::None && pm25.scores.kalman.unwrap() < 0.6 * pm25.scores.raw.unwrap());
        assert!(trained.artefact.to > trained.artefact.deciding_from);
        let few = Artefact::train(("r", "g"), &cases[..50], None, &parameters()).unwrap();
        assert!(few.artefact.pollutants.is_empty() && !few.replaces);
        assert!(Artefact::train(("r", "g"), &[], None, &parameters()).is_err());
    }

    #[test]
    fn hexadecimal_is_inverted() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(from_hex(&to_hex(&bytes)).unwrap(), bytes);
        assert!(from_hex("abc").is_err() && from_hex("zz").is_err());
    }
}
