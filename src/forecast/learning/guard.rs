//! Trains the corrections of the nightly forecast, and guards what is in use.
//!
//! **Invariant:** what judges a method took no part in its training: the last days are held out, with a gap, and only after the method has
//! won there is it trained on everything. The correction in use is judged on nights after all that taught it, and a new one replaces it,
//! pollutant by pollutant, only where it errs less on those same nights.

use super::artefact::{Artefact, DecidingScores, Method, PollutantCorrection, debiased, predict, to_hex};
use super::kalman::DriftingBias;
use super::learner::{Cases, Learned, LearningParameters};
use super::night_cases::{NightCase, names, push_features};
use super::quantiles::QuantileCurve;
use super::seasonal::Season;
use super::table::FeatureTable;
use super::walk_forward::Span;
use crate::domain::pollutant::Pollutant;
use crate::forecast::past_night::log_error;
use crate::forecast::scores::deterministic::mae;
use crate::forecast::scores::probabilistic::coverage;
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;

/// Days at the end of the pairs that decide; fewer, a third of the time, where the pairs span less than three times as many.
pub const DECIDING_DAYS: i64 = 60;
/// Pairs of a pollutant below which nothing is learnt, and below which nothing in use is replaced.
pub const PAIRS_NEEDED: usize = 200;

/// What a training ended with.
pub struct Trained {
    pub artefact: Artefact,
    /// Whether the correction of any pollutant is another than in use.
    pub replaces: bool,
}

impl Artefact {
    /// Trains corrections of a region, grid and nights with or without assimilation on cases with an observation, and judges them beside `in_use`.
    ///
    /// # Errors
    /// No cases; parameters out of range.
    pub fn train(
        (region, grid, assimilated): (&str, &str, bool),
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
            assimilated,
            from: first.end,
            to: last.end,
            deciding_from,
            columns: names(),
            pollutants: Vec::new(),
        };
        // one of other features cannot be applied any more: nothing is in use
        let in_use = in_use.filter(|a| a.fits().is_ok());
        let (mut pollutants, mut replaces) = (Vec::new(), false);
        for pollutant in Pollutant::ALL {
            let own: Vec<NightCase> = known.iter().copied().filter(|c| c.pollutant == pollutant).collect();
            let old = in_use.and_then(|a| a.pollutants.iter().find(|c| c.pollutant == pollutant));
            // to correct nothing was not learnt: the model itself is in use, which any pair may judge
            let old = old.filter(|c| c.method != Method::None);
            if own.len() < PAIRS_NEEDED {
                let why = || format!("stays: {} pairs, {PAIRS_NEEDED} are needed to train another", own.len());
                pollutants.extend(old.map(|old| old.kept(why())));
                continue;
            }
            let new = correct(&own, deciding_from, old, parameters)?;
            match old.map(|old| (old, new.verdict())) {
                Some((old, Err(why))) => pollutants.push(old.kept(why)),
                Some((_, Ok(()))) => {
                    replaces = true;
                    pollutants.push(new);
                }
                None => {
                    replaces |= new.method != Method::None;
                    pollutants.push(new);
                }
            }
        }
        Ok(Trained { replaces, artefact: Self { pollutants, ..artefact } })
    }
}

impl PollutantCorrection {
    /// The same, with the reason why it stays.
    fn kept(&self, why: String) -> Self {
        Self { note: Some(why), ..self.clone() }
    }

    /// Whether it may replace the one that it was judged beside; why not.
    fn verdict(&self) -> Result<(), String> {
        let s = &self.scores;
        if s.later_pairs < PAIRS_NEEDED {
            let few = format!("{} pairs of nights after what taught it, {PAIRS_NEEDED} are needed", s.later_pairs);
            return Err(format!("stays: {few} to judge it"));
        }
        match (s.beside_in_use, s.in_use) {
            (Some(new), Some(old)) if new < old => Ok(()),
            (Some(new), Some(old)) => Err(format!(
                "stays: it errs by {old:.3}, the new one ({:?}) by {new:.3}, on {} later pairs",
                self.method, s.later_pairs
            )),
            _ => Err("stays: no error to compare".into()),
        }
    }
}

/// The best method on the deciding days; the model as it is where nothing is better.
fn best(scores: &DecidingScores) -> Method {
    let candidates = [(Method::Kalman, scores.kalman), (Method::Trees, scores.trees)];
    let start = (Method::None, scores.raw);
    let (method, _) = candidates.into_iter().fold(start, |best, (method, error)| match (best.1, error) {
        (Some(b), Some(e)) if e < b => (method, Some(e)),
        _ => best,
    });
    method
}

/// Values of each method on the deciding cases.
struct Judged {
    raw: Vec<f64>,
    kalman: Vec<f64>,
    trees: Option<Vec<f64>>,
}

impl Judged {
    fn of(&self, method: Method) -> &[f64] {
        match (method, &self.trees) {
            (Method::Trees, Some(trees)) => trees,
            (Method::Kalman, _) => &self.kalman,
            _ => &self.raw,
        }
    }
}

/// The new correction of a pollutant from its cases (at least one), with its scores beside those of `old`.
fn correct(
    own: &[NightCase],
    deciding_from: DateTime<Utc>,
    old: Option<&PollutantCorrection>,
    parameters: &LearningParameters,
) -> Result<PollutantCorrection, String> {
    let gap = Duration::hours(parameters.gap);
    let before: Vec<NightCase> = own.iter().copied().filter(|c| c.end + gap < deciding_from).collect();
    let deciding: Vec<NightCase> = own.iter().copied().filter(|c| c.cycle >= deciding_from).collect();
    let observed: Vec<f64> = deciding.iter().map(|c| c.observed).collect();
    let mut note = None;
    let mut unlearnt = |why: String| note = Some(format!("no trees: {why}"));
    let trained = if before.len() < PAIRS_NEEDED {
        Err(format!("{} pairs before the deciding days, {PAIRS_NEEDED} are needed", before.len()))
    } else {
        learn(&before, parameters)
    };
    let predicted = trained.map_err(&mut unlearnt).ok().map(|l| Ok::<_, String>((predict(&l, &deciding)?, l)));
    let predicted = predicted.transpose()?;
    // frozen as it is when the night applies it
    let frozen = biases(&before);
    let judged = Judged {
        raw: deciding.iter().map(|c| c.model).collect(),
        kalman: deciding.iter().map(|c| frozen.get(&c.adcode).map_or(c.model, |b| debiased(c, b.bias))).collect(),
        trees: predicted.as_ref().map(|(p, _)| p.iter().map(|p| p.median).collect()),
    };
    let interval = predicted.as_ref().map(|(predicted, learned)| {
        let curves = predicted.iter().map(|p| QuantileCurve::new(learned.levels(), p.quantiles.clone()));
        curves.map(|c| (c.at(parameters.tail), c.at(1.0 - parameters.tail))).unzip::<f64, f64, Vec<_>, Vec<_>>()
    });
    let with_last: Vec<&NightCase> = deciding.iter().filter(|c| c.recent.last.is_finite()).collect();
    let column = |of: fn(&NightCase) -> f64| with_last.iter().map(|c| of(c)).collect::<Vec<f64>>();
    let mut scores = DecidingScores {
        pairs: deciding.len(),
        raw: mae(&judged.raw, &observed),
        kalman: mae(&judged.kalman, &observed),
        trees: judged.trees.as_deref().and_then(|trees| mae(trees, &observed)),
        persistence: mae(&column(|c| c.recent.last), &column(|c| c.observed)),
        later_pairs: 0,
        in_use: None,
        beside_in_use: None,
        coverage: interval.and_then(|(lower, upper)| coverage(&lower, &upper, &observed)),
        nominal_coverage: 1.0 - 2.0 * parameters.tail,
    };
    let mut method = best(&scores);
    let (mut trees, mut features) = (None, Vec::new());
    if method == Method::Trees {
        match learn(own, parameters) {
            Ok(learned) => {
                let (document, median, quantiles) = learned.parts()?;
                features = learned.importance(&names(), 10);
                trees = Some((document, to_hex(&median), to_hex(&quantiles)));
            }
            Err(why) => {
                unlearnt(why);
                method = best(&DecidingScores { trees: None, ..scores.clone() });
            }
        }
    }
    if let Some(old) = old {
        // what it learnt from cannot judge it
        let later: Vec<usize> = (0..deciding.len()).filter(|i| deciding[*i].cycle > old.to).collect();
        let cases: Vec<NightCase> = later.iter().map(|i| deciding[*i]).collect();
        let pick = |values: &[f64]| later.iter().map(|i| values[*i]).collect::<Vec<f64>>();
        let values = cases.iter().zip(old.apply(&cases)?).map(|(c, v)| v.map_or(c.model, |p| p.median));
        scores.later_pairs = later.len();
        scores.in_use = mae(&values.collect::<Vec<_>>(), &pick(&observed));
        scores.beside_in_use = mae(&pick(judged.of(method)), &pick(&observed));
    }
    let (first, to) = (own.first(), own.iter().map(|c| c.end).max());
    let (Some(first), Some(to)) = (first, to) else { return Err("no case of the pollutant".into()) };
    Ok(PollutantCorrection {
        pollutant: first.pollutant,
        method,
        pairs: own.len(),
        to,
        scores,
        features,
        biases: biases(own),
        trees,
        note,
    })
}

fn learn(cases: &[NightCase], parameters: &LearningParameters) -> Result<Learned, String> {
    let mut table = FeatureTable::new(names());
    cases.iter().for_each(|c| push_features(&mut table, c));
    let hours = |t: DateTime<Utc>| t.timestamp().div_euclid(3600);
    let column = |of: fn(&NightCase) -> f64| cases.iter().map(of).collect::<Vec<f64>>();
    let spans: Vec<Span> = cases.iter().map(|c| Span { issue: hours(c.cycle), valid: hours(c.end) }).collect();
    let groups: Vec<u64> = spans.iter().map(|s| s.valid.div_euclid(24) as u64).collect();
    let (targets, anchors) = (column(|c| c.observed), column(|c| c.model));
    let seasons: Vec<Season> = cases.iter().map(NightCase::season).collect();
    let cases = Cases {
        table: &table,
        targets: &targets,
        anchors: &anchors,
        spans: &spans,
        groups: &groups,
        seasons: &seasons,
    };
    Learned::fit(&cases, parameters, 1)
}

/// Biases by county from the errors of cases: one error a day, the mean of that day's hours.
fn biases(cases: &[NightCase]) -> BTreeMap<u32, DriftingBias> {
    let mut daily: BTreeMap<(u32, i64), (f64, u32)> = BTreeMap::new();
    for c in cases {
        let sum = daily.entry((c.adcode, c.end.timestamp().div_euclid(86_400))).or_default();
        *sum = (sum.0 + log_error(c.pollutant, c.observed, c.model), sum.1 + 1);
    }
    let mut biases: BTreeMap<u32, DriftingBias> = BTreeMap::new();
    for ((adcode, _), (sum, count)) in daily {
        biases.entry(adcode).or_default().update(sum / f64::from(count));
    }
    biases
}

#[cfg(test)]
mod tests {
    use super::super::night_cases::Recent;
    use super::*;
    use crate::forecast::county_weather::CountyWeather;
    use crate::forecast::learning::document::LearningDocument;
    use chrono::TimeZone;
    use std::path::Path;

    fn parameters() -> LearningParameters {
        let text = include_str!("../../../models/learning.toml");
        LearningDocument::from_toml(text, Path::new("models/learning.toml")).unwrap().night
    }

    /// Nights of a model that is half of what is observed in calm and right in wind, in two counties.
    fn nights(n: i64, calm: f64) -> Vec<NightCase> {
        changing(n, |_| calm)
    }

    /// The same with another factor each night.
    fn changing(n: i64, calm: impl Fn(i64) -> f64) -> Vec<NightCase> {
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
                        weather: CountyWeather {
                            wind_speed_m_s: wind,
                            mixing_height_m: 300.0,
                            temperature_c: -5.0,
                            ..CountyWeather::default()
                        },
                        recent: Recent { last: 45.0, day_mean: 45.0 },
                        observed: model * if wind < 2.0 { calm(night) } else { 1.0 } * (1.0 + 0.1 * noise),
                    });
                }
            }
        }
        cases
    }

    #[test]
    fn trees_win_where_the_error_depends_on_the_wind_and_beat_nothing_twice() {
        let cases = nights(60, 2.0);
        let trained = Artefact::train(("r", "g", false), &cases, None, &parameters()).unwrap();
        let pm25 = &trained.artefact.pollutants[0];
        assert!(trained.replaces && pm25.method == Method::Trees, "{:?}", pm25.scores);
        let s = &pm25.scores;
        assert!(s.trees.unwrap() < 0.4 * s.raw.unwrap() && s.trees.unwrap() < s.kalman.unwrap(), "{s:?}");
        assert!((0.6..=1.0).contains(&s.coverage.unwrap()), "{s:?}");
        let text = serde_json::to_string(&trained.artefact).unwrap();
        let again: Artefact = serde_json::from_str(&text).unwrap();
        let probe = nights(2, 2.0);
        assert_eq!(again.apply(&probe).unwrap(), trained.artefact.apply(&probe).unwrap());
        // no night is later than what taught the one in use
        let second = Artefact::train(("r", "g", false), &cases, Some(&again), &parameters()).unwrap();
        let kept = &second.artefact.pollutants[0];
        assert!(!second.replaces && kept.trees == pm25.trees && kept.to == pm25.to);
        assert!(kept.note.as_ref().unwrap().contains("0 pairs of nights after"), "{:?}", kept.note);
    }

    #[test]
    fn the_one_in_use_is_judged_on_later_nights_and_only_a_better_one_replaces_it() {
        let old = Artefact::train(("r", "g", false), &nights(40, 2.0), None, &parameters()).unwrap().artefact;
        let again = |calm: fn(i64) -> f64| {
            Artefact::train(("r", "g", false), &changing(100, calm), Some(&old), &parameters()).unwrap()
        };
        // the air changes: the new one has seen it
        let changed = again(|night| if night < 40 { 2.0 } else { 4.0 });
        let s = &changed.artefact.pollutants[0].scores;
        assert!(changed.replaces && s.later_pairs >= PAIRS_NEEDED && s.beside_in_use < s.in_use, "{s:?}");
        assert!(changed.artefact.pollutants[0].to > old.to);
        // what teaches the new one misleads it
        let misled = again(|night| if (40..70).contains(&night) { 0.3 } else { 2.0 });
        let kept = &misled.artefact.pollutants[0];
        assert!(!misled.replaces && kept.to == old.to && kept.trees == old.pollutants[0].trees);
        assert!(kept.note.as_ref().unwrap().contains("errs by"), "{:?}", kept.note);
        // a pollutant without pairs keeps its correction, and one of other features is not in use
        let few = Artefact::train(("r", "g", false), &nights(100, 2.0)[..50], Some(&old), &parameters()).unwrap();
        assert!(!few.replaces && few.artefact.pollutants[0].trees == old.pollutants[0].trees);
        let other = Artefact { columns: Vec::new(), ..old.clone() };
        assert!(Artefact::train(("r", "g", false), &nights(40, 2.0), Some(&other), &parameters()).unwrap().replaces);
    }

    #[test]
    fn a_pollutant_of_small_values_has_a_bias_of_its_own_scale() {
        let mut cases = nights(30, 1.0);
        for c in &mut cases {
            (c.pollutant, c.model, c.observed) = (Pollutant::Co, 0.3, 0.6);
        }
        let bias = biases(&cases)[&222_401].bias;
        assert!((debiased(&cases[0], bias) - 0.6).abs() < 0.03, "{bias}");
    }

    #[test]
    fn a_constant_bias_is_left_to_the_filter_or_better_and_too_few_pairs_to_nothing() {
        let mut cases = nights(20, 1.0);
        cases.iter_mut().for_each(|c| c.observed *= 1.5);
        let trained = Artefact::train(("r", "g", false), &cases, None, &parameters()).unwrap();
        let pm25 = &trained.artefact.pollutants[0];
        assert!(pm25.method != Method::None && pm25.scores.kalman.unwrap() < 0.6 * pm25.scores.raw.unwrap());
        assert!(trained.artefact.to > trained.artefact.deciding_from);
        let few = Artefact::train(("r", "g", false), &cases[..50], None, &parameters()).unwrap();
        assert!(few.artefact.pollutants.is_empty() && !few.replaces);
        assert!(Artefact::train(("r", "g", false), &[], None, &parameters()).is_err());
    }
}
