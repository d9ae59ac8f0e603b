//! Statistical correction of the model: elastic net on the logarithm of observed over modelled, kept only where it helps on held-out time.
//!
//! **Invariant:** a correction is trained on pairs that end at least the gap before the first held-out pair, and judged on held-out pairs
//! only. **Why:** neighbouring hours are alike; shuffled hold-outs flatter every correction.

use super::CorrectionMethod;
use super::county_weather::CountyWeather;
use crate::calendar::beijing_local;
use crate::domain::pollutant::Pollutant;
use chrono::{DateTime, Duration, Timelike, Utc};
use linfa::Dataset;
use linfa::traits::Fit;
use linfa_elasticnet::ElasticNet;
use ndarray::{Array1, Array2};
use serde::Deserialize;

/// Number of features.
pub const FEATURES: usize = 7;
/// Lead classes: days 1..=5 after the cycle.
pub const LEAD_DAYS: usize = 5;
/// Held-out pairs a lead class needs for a spread of its own; with fewer it takes that of all classes.
const CLASS_MINIMUM: usize = 30;

/// What the correction knows of an hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Features {
    /// Model value in [`Pollutant::unit`].
    pub model: f64,
    /// End of the hour, UTC.
    pub end: DateTime<Utc>,
    /// Hours since the cycle.
    pub lead_hour: i32,
    pub weather: CountyWeather,
}

/// A past model value and what was observed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    pub pollutant: Pollutant,
    pub adcode: u32,
    /// End of the hour, UTC.
    pub end: DateTime<Utc>,
    pub lead_hour: i32,
    /// Values in [`Pollutant::unit`].
    pub model: f64,
    pub observed: f64,
    pub weather: CountyWeather,
}

/// Parameters of the fit, from `models/uncertainty.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionParameters {
    /// Pairs needed at least.
    pub pairs_needed: usize,
    /// Elastic-net penalty, > 0, and the share of it that is L1, 0 ..= 1.
    pub penalty: f64,
    pub l1_ratio: f64,
    /// Share of the pairs, the latest, that is held out, 0 .. 1.
    pub holdout_fraction: f64,
    /// Time between the last training pair and the first held-out one [h].
    pub gap_hours: f64,
    /// Corrected over raw is kept in `1 / largest_ratio ..= largest_ratio`.
    pub largest_ratio: f64,
    pub source: String,
    pub verified: bool,
}

/// A fitted and accepted correction of one pollutant.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    pub pollutant: Pollutant,
    mean: [f64; FEATURES],
    scale: [f64; FEATURES],
    lowest: [f64; FEATURES],
    highest: [f64; FEATURES],
    weights: [f64; FEATURES],
    intercept: f64,
    largest_ratio: f64,
    /// End of the latest training pair, and of the first held-out one.
    pub trained_until: DateTime<Utc>,
    pub held_out_from: DateTime<Utc>,
    /// Standard deviation of ln(observed / corrected) on held-out pairs, per lead day.
    pub residual_sigma: [f64; LEAD_DAYS],
}

/// Outcome of a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// `None`: too few pairs, or no gain on held-out pairs.
    pub correction: Option<Correction>,
    pub report: CorrectionMethod,
}

impl Pair {
    /// What the correction may know of this hour: everything but the observation.
    pub fn features(&self) -> Features {
        Features { model: self.model, end: self.end, lead_hour: self.lead_hour, weather: self.weather }
    }
}

/// Lead class of a lead hour: 0 for hours up to 24 (spin-up too) ... 4 for 97 and later.
pub fn lead_class(lead_hour: i32) -> usize {
    ((lead_hour.max(1) - 1) / 24).min(LEAD_DAYS as i32 - 1) as usize
}

impl Correction {
    /// Fits a correction of `pollutant` to those of `pairs` that are its own.
    ///
    /// Target is ln(observed + o), features are ln(model + o), ln(wind + 0.5), ln(mixing height), temperature, sine and cosine of the
    /// Beijing hour, lead; standardised over the training pairs. `o` is 1 ug m-3 (CO: 0.05 mg m-3), so that small values stay finite.
    ///
    /// # Errors
    /// The pair that is not usable: a negative or non-finite value.
    pub fn fit(pollutant: Pollutant, pairs: &[Pair], parameters: &CorrectionParameters) -> Result<Fitted, String> {
        let mut own: Vec<&Pair> = pairs.iter().filter(|p| p.pollutant == pollutant).collect();
        own.iter().try_for_each(|p| check(p))?;
        own.sort_by(|a, b| order(a).partial_cmp(&order(b)).expect("checked values are finite"));
        let report = |method: &str, mae: Option<(f64, f64)>| CorrectionMethod {
            pollutant,
            method: method.into(),
            pairs: own.len(),
            pairs_needed: parameters.pairs_needed,
            mae_raw: mae.map(|m| m.0),
            mae_corrected: mae.map(|m| m.1),
        };
        let none = Fitted { correction: None, report: report("none", None) };
        if own.len() < parameters.pairs_needed.max(2) {
            return Ok(none);
        }
        let Some((training, held_out)) = split(&own, parameters) else { return Ok(none) };
        let Some(mut correction) = train(pollutant, training, held_out[0].end, parameters)? else { return Ok(none) };
        let mae = |value: &dyn Fn(&Pair) -> f64| {
            held_out.iter().map(|p| (value(p) - p.observed).abs()).sum::<f64>() / held_out.len() as f64
        };
        let raw = mae(&|p| p.model);
        let corrected = mae(&|p| correction.apply(&p.features()));
        if corrected.is_nan() || corrected >= raw {
            return Ok(none);
        }
        correction.residual_sigma = residual_sigma(&correction, held_out);
        let report = report("elastic_net", Some((raw, corrected)));
        Ok(Fitted { correction: Some(correction), report })
    }

    /// The corrected value [unit of the pollutant].
    ///
    /// Features are kept within the range of the training pairs; the ratio found there, within its largest, multiplies the model value.
    /// A model value above all training ones is thus scaled like the largest of them and not cut off at it.
    pub fn apply(&self, features: &Features) -> f64 {
        let mut x = vector(self.pollutant, features);
        for ((x, low), high) in x.iter_mut().zip(self.lowest).zip(self.highest) {
            *x = x.clamp(low, high);
        }
        let sum: f64 = (0..FEATURES).map(|i| self.weights[i] * (x[i] - self.mean[i]) / self.scale[i]).sum();
        let ratio = (self.intercept + sum - x[0]).exp();
        features.model * ratio.clamp(1.0 / self.largest_ratio, self.largest_ratio)
    }
}

/// Added before logarithms [unit of the pollutant].
fn offset(pollutant: Pollutant) -> f64 {
    if pollutant == Pollutant::Co { 0.05 } else { 1.0 }
}

fn vector(pollutant: Pollutant, f: &Features) -> [f64; FEATURES] {
    // the middle of the hour
    let local = beijing_local(f.end - Duration::minutes(30));
    let hour = f64::from(local.hour()) + f64::from(local.minute()) / 60.0;
    let angle = hour / 24.0 * std::f64::consts::TAU;
    [
        (f.model + offset(pollutant)).ln(),
        (f.weather.wind_speed_m_s + 0.5).ln(),
        f.weather.mixing_height_m.max(10.0).ln(),
        f.weather.temperature_c,
        angle.sin(),
        angle.cos(),
        f64::from(f.lead_hour),
    ]
}

fn check(p: &Pair) -> Result<(), String> {
    let usable = p.model.is_finite()
        && p.model >= 0.0
        && p.observed.is_finite()
        && p.observed >= 0.0
        && p.weather.wind_speed_m_s.is_finite()
        && p.weather.wind_speed_m_s >= 0.0
        && p.weather.mixing_height_m.is_finite()
        && p.weather.temperature_c.is_finite();
    if usable { Ok(()) } else { Err(format!("pair {p:?}: every value must be finite, concentrations and wind >= 0")) }
}

/// A full order, so that the fit does not depend on the order in which pairs come.
fn order(p: &Pair) -> (DateTime<Utc>, u32, i32, f64, f64, [f64; 3]) {
    let w = &p.weather;
    (p.end, p.adcode, p.lead_hour, p.model, p.observed, [w.wind_speed_m_s, w.mixing_height_m, w.temperature_c])
}

/// Training and held-out pairs of time-ordered `own`; no hour is in both, and the gap lies between them. `None` when too little is left.
fn split<'a, 'p>(own: &'a [&'p Pair], parameters: &CorrectionParameters) -> Option<(&'a [&'p Pair], &'a [&'p Pair])> {
    let first = ((own.len() as f64) * (1.0 - parameters.holdout_fraction)).floor() as usize;
    let held_out_from = own.get(first)?.end;
    let gap = Duration::seconds((parameters.gap_hours * 3600.0).round() as i64);
    let training = own.partition_point(|p| p.end <= held_out_from - gap && p.end < held_out_from);
    let held_out = own.partition_point(|p| p.end < held_out_from);
    // ten pairs per coefficient
    (training >= 10 * (FEATURES + 1)).then(|| (&own[..training], &own[held_out..]))
}

fn train(
    pollutant: Pollutant,
    training: &[&Pair],
    held_out_from: DateTime<Utc>,
    parameters: &CorrectionParameters,
) -> Result<Option<Correction>, String> {
    let n = training.len();
    let mut x = Array2::<f64>::zeros((n, FEATURES));
    for (mut row, p) in x.rows_mut().into_iter().zip(training) {
        row.iter_mut().zip(vector(pollutant, &p.features())).for_each(|(cell, v)| *cell = v);
    }
    let y: Array1<f64> = training.iter().map(|p| (p.observed + offset(pollutant)).ln()).collect();
    let mut correction = Correction {
        pollutant,
        mean: [0.0; FEATURES],
        scale: [1.0; FEATURES],
        lowest: [0.0; FEATURES],
        highest: [0.0; FEATURES],
        weights: [0.0; FEATURES],
        intercept: 0.0,
        largest_ratio: parameters.largest_ratio,
        trained_until: training[n - 1].end,
        held_out_from,
        residual_sigma: [0.0; LEAD_DAYS],
    };
    for (i, mut column) in x.columns_mut().into_iter().enumerate() {
        let mean = column.sum() / n as f64;
        let deviation = (column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
        correction.mean[i] = mean;
        // a feature that never varies stays at zero and gets no weight
        correction.scale[i] = if deviation > 1e-9 { deviation } else { 1.0 };
        correction.lowest[i] = column.iter().copied().fold(f64::INFINITY, f64::min);
        correction.highest[i] = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let scale = correction.scale[i];
        column.mapv_inplace(|v| if deviation > 1e-9 { (v - mean) / scale } else { 0.0 });
    }
    let fitted = ElasticNet::<f64>::params()
        .penalty(parameters.penalty)
        .l1_ratio(parameters.l1_ratio)
        .tolerance(1e-6)
        .max_iterations(10_000)
        .fit(&Dataset::new(x, y))
        .map_err(|e| format!("elastic net of {}: {e}", pollutant.name()))?;
    correction.weights.iter_mut().zip(fitted.hyperplane()).for_each(|(w, v)| *w = *v);
    correction.intercept = fitted.intercept();
    let finite = correction.intercept.is_finite() && correction.weights.iter().all(|w| w.is_finite());
    Ok(finite.then_some(correction))
}

/// Root mean square of ln(observed / corrected) per lead class; it holds the remaining bias too. Classes with few pairs take that of all.
fn residual_sigma(correction: &Correction, held_out: &[&Pair]) -> [f64; LEAD_DAYS] {
    let o = offset(correction.pollutant);
    let mut sums = [(0usize, 0.0f64); LEAD_DAYS];
    for p in held_out {
        let residual = ((p.observed + o) / (correction.apply(&p.features()) + o)).ln();
        let class = &mut sums[lead_class(p.lead_hour)];
        *class = (class.0 + 1, class.1 + residual * residual);
    }
    let all = sums.iter().fold((0, 0.0), |a, c| (a.0 + c.0, a.1 + c.1));
    let rms = |(count, sum): (usize, f64)| (sum / count as f64).sqrt();
    sums.map(|class| if class.0 >= CLASS_MINIMUM { rms(class) } else { rms(all) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn parameters() -> CorrectionParameters {
        CorrectionParameters {
            pairs_needed: 200,
            penalty: 0.002,
            l1_ratio: 0.5,
            holdout_fraction: 0.2,
            gap_hours: 24.0,
            largest_ratio: 4.0,
            source: "test".into(),
            verified: false,
        }
    }

    /// A slow and a fast swing per variable, no randomness: pairs of a model that is 1.6 times too low in calm and right in wind.
    fn biased(n: usize) -> Vec<Pair> {
        let start = Utc.with_ymd_and_hms(2026, 1, 1, 1, 0, 0).unwrap();
        (0..n)
            .map(|i| {
                let t = i as f64;
                let swing = |period: f64, phase: f64| (t / period + phase).sin();
                let model = 40.0 * (0.5 * swing(17.0, 0.0) + 0.4 * swing(5.3, 1.0)).exp();
                let wind_speed_m_s = 2.0 * (0.6 * swing(11.0, 2.0) + 0.5 * swing(3.7, 0.5)).exp();
                let noise = 0.15 * (swing(0.37, 0.0) + swing(0.23, 1.3));
                Pair {
                    pollutant: Pollutant::Pm25,
                    adcode: 222401,
                    end: start + Duration::hours(i as i64),
                    lead_hour: i as i32 % 72 + 1,
                    model,
                    observed: model * bias(wind_speed_m_s) * noise.exp(),
                    weather: CountyWeather {
                        wind_speed_m_s,
                        mixing_height_m: 400.0 + 300.0 * swing(24.0, 0.3),
                        temperature_c: -12.0 + 6.0 * swing(24.0, 0.9),
                        ..CountyWeather::default()
                    },
                }
            })
            .collect()
    }

    /// 1.6 at 2 m/s, falling with wind.
    fn bias(wind_speed_m_s: f64) -> f64 {
        1.6 * ((wind_speed_m_s + 0.5) / 2.5).powf(-0.5)
    }

    fn fit(pairs: &[Pair]) -> Fitted {
        Correction::fit(Pollutant::Pm25, pairs, &parameters()).unwrap()
    }

    #[test]
    fn a_known_bias_is_recovered() {
        let pairs = biased(1200);
        let fitted = fit(&pairs);
        let c = fitted.correction.unwrap();
        for wind_speed_m_s in [1.0, 2.0, 3.0, 5.0] {
            for model in [30.0, 60.0] {
                let known = pairs[600].features();
                let weather =
                    CountyWeather { wind_speed_m_s, mixing_height_m: 400.0, temperature_c: -12.0, ..known.weather };
                let at = Features { model, weather, ..known };
                let ratio = c.apply(&at) / model;
                assert!((ratio / bias(wind_speed_m_s) - 1.0).abs() < 0.06, "{model} {wind_speed_m_s}: {ratio}");
            }
        }
        let (raw, corrected) = (fitted.report.mae_raw.unwrap(), fitted.report.mae_corrected.unwrap());
        assert!(corrected < 0.5 * raw, "{corrected} {raw}");
        assert_eq!(
            (fitted.report.method.as_str(), fitted.report.pairs, fitted.report.pairs_needed),
            ("elastic_net", 1200, 200)
        );
        // the noise is two sines of amplitude 0.15: root mean square 0.15
        assert!(c.residual_sigma.iter().all(|s| (s - 0.15).abs() < 0.03), "{:?}", c.residual_sigma);
    }

    #[test]
    fn the_fit_does_not_depend_on_the_order_of_the_pairs() {
        let pairs = biased(600);
        let mut turned = pairs.clone();
        turned.reverse();
        turned.rotate_left(101);
        assert_eq!(fit(&pairs), fit(&turned));
        assert!(fit(&pairs).correction.is_some());
    }

    #[test]
    fn too_few_pairs_are_refused() {
        let fitted = fit(&biased(199));
        assert_eq!(fitted.correction, None);
        assert_eq!((fitted.report.method.as_str(), fitted.report.pairs, fitted.report.mae_raw), ("none", 199, None));
        assert!(fit(&biased(200)).correction.is_some());
        // pairs of another pollutant do not count
        let mut other = biased(400);
        other.iter_mut().skip(150).for_each(|p| p.pollutant = Pollutant::So2);
        assert_eq!(fit(&other).report.pairs, 150);
        assert_eq!(fit(&other).correction, None);
    }

    #[test]
    fn held_out_pairs_and_the_gap_before_them_are_not_trained_on() {
        let pairs = biased(1000);
        let c = fit(&pairs).correction.unwrap();
        assert_eq!(c.held_out_from, pairs[800].end);
        assert_eq!(c.trained_until, pairs[776].end);
        // what was observed after training does not move the weights, small enough to be accepted still
        let mut later = pairs.clone();
        later.iter_mut().skip(777).for_each(|p| p.observed *= 1.05);
        let again = fit(&later).correction.unwrap();
        assert_eq!((again.weights, again.intercept), (c.weights, c.intercept));
        later[776].observed *= 1.05;
        assert_ne!(fit(&later).correction.unwrap().weights, c.weights);
    }

    #[test]
    fn a_correction_that_does_not_help_on_held_out_pairs_is_refused() {
        let mut pairs = biased(1000);
        // the bias disappears when the hold-out begins
        pairs.iter_mut().skip(780).for_each(|p| p.observed = 1.02 * p.model);
        let fitted = fit(&pairs);
        assert_eq!(fitted.correction, None);
        assert_eq!(fitted.report.method, "none");
    }

    #[test]
    fn corrections_are_bounded_and_do_not_extrapolate() {
        let mut pairs = biased(1000);
        pairs.iter_mut().for_each(|p| p.observed *= 8.0);
        let c = fit(&pairs).correction.unwrap();
        let at = pairs[500].features();
        assert!((c.apply(&at) / at.model - 4.0).abs() < 1e-12);
        let c = fit(&biased(1000)).correction.unwrap();
        let wind = |wind_speed_m_s| {
            c.apply(&Features { weather: CountyWeather { wind_speed_m_s, ..at.weather }, ..at }) / at.model
        };
        assert_eq!(wind(60.0), wind(600.0));
        // a model value far above the training ones is scaled, not cut
        let high = c.apply(&Features { model: 800.0, ..at });
        assert!(high > 800.0, "{high}");
    }

    #[test]
    fn unusable_pairs_are_an_error() {
        let mut pairs = biased(300);
        pairs[7].observed = f64::NAN;
        assert!(Correction::fit(Pollutant::Pm25, &pairs, &parameters()).unwrap_err().contains("NaN"));
        pairs[7].observed = -1.0;
        assert!(Correction::fit(Pollutant::Pm25, &pairs, &parameters()).is_err());
    }

    #[test]
    fn lead_classes_are_days() {
        assert_eq!([-30, 0, 1, 24, 25, 48, 96, 97, 240].map(lead_class), [0, 0, 0, 0, 1, 1, 3, 4, 4]);
    }
}
