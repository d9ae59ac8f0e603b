//! What the past teaches: pairs of model and observation, the corrections fitted to them, and the forecasts of earlier nights.

use super::inputs::{NightInputs, file_name};
use crate::archive::durable::sha256;
use crate::archive::learned_file;
use crate::archive::run_id::RunId;
use crate::archive::store::Store;
use crate::consultation::{InputFile, Status};
use crate::domain::pollutant::Pollutant;
use crate::error::{Error, Rejection, Result};
use crate::forecast::build::RelativeEnds;
use crate::forecast::correction::{Correction, Features, Pair};
use crate::forecast::county_series::{CountySeries, ModelHour};
use crate::forecast::learning::artefact::{Artefact, Method, PollutantCorrection};
use crate::forecast::learning::guard::PAIRS_NEEDED;
use crate::forecast::learning::night_cases::{NightCase, Recent};
use crate::forecast::past_night::PastNight;
use crate::forecast::uncertainty::Uncertainty;
use crate::forecast::{CorrectionMethod, CorrectionReport, ObservedHour};
use crate::setup::Setup;
use crate::warning::hindsight::StatedChances;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// Pairs of earlier nights, and the records they came from.
#[derive(Default)]
pub struct Learned {
    pub pairs: Vec<Pair>,
    /// The forecasts of earlier nights for counties that were observed.
    pub nights: Vec<PastNight>,
    /// The chances of levels that they stated for them.
    pub chances: Vec<StatedChances>,
    /// The trained correction, where there is one of this region and grid.
    pub artefact: Option<Artefact>,
    pub files: Vec<InputFile>,
    /// Runs, or a trained correction, that could not be used.
    pub rejections: Vec<Rejection>,
}

impl Learned {
    /// Takes the trained correction of the configuration; one that cannot be used is named, and the night goes on without.
    fn take_artefact(&mut self, setup: &Setup, analysed: bool) {
        let Some(path) = &setup.config.correction else { return };
        let unusable = |found: String| {
            Rejection {
            file: file_name(path),
            place: "trained correction".into(),
            found,
            expected:
                "a correction of this region, grid, assimilation and version: it corrects nothing tonight; `hazecast train` makes one"
                    .into(),
            by_design: false,
        }
        };
        match learned_file::read(path) {
            Ok(None) => {}
            Ok(Some((artefact, file))) => {
                let place = artefact.place();
                let with = if place.2 { "with" } else { "without" };
                match artefact.fits() {
                    _ if place != (&*setup.region.id, &*setup.config.grid, analysed) => {
                        let found = format!("of {}, {}, nights {with} assimilation", place.0, place.1);
                        self.rejections.push(unusable(found));
                    }
                    Err(why) => self.rejections.push(unusable(why)),
                    Ok(()) => {
                        self.artefact = Some(artefact);
                        self.files.push(file);
                    }
                }
            }
            Err(e) => self.rejections.push(unusable(e.to_string())),
        }
    }
}

/// Mean of a county's stations, by county, hour and pollutant.
pub(super) type Observed = BTreeMap<(u32, DateTime<Utc>, Pollutant), f64>;

/// Observed hours of the counties by county, hour and pollutant.
pub(super) fn by_hour(observed: &BTreeMap<u32, Vec<ObservedHour>>) -> Observed {
    let mut by_hour = Observed::new();
    for (adcode, hours) in observed {
        for hour in hours {
            for p in Pollutant::ALL {
                if let Some(value) = hour.concentrations.get(p) {
                    by_hour.insert((*adcode, hour.end, p), *value);
                }
            }
        }
    }
    by_hour
}

/// Pairs of all earlier archived nights of this region with today's observations.
///
/// # Errors
/// `Io` when the archive cannot be read. A run that does not verify is left out.
pub fn collect(setup: &Setup, store: &Store, tonight: &RunId, inputs: &NightInputs) -> Result<Learned> {
    let observed = by_hour(&inputs.observed);
    // what follows an analysis has other errors than what does not
    let analysed = inputs.analyst(setup).is_some();
    let mut learned = Learned::default();
    learned.take_artefact(setup, analysed);
    if observed.is_empty() {
        return Ok(learned);
    }
    for run in store.list()?.into_iter().filter(|r| r < tonight) {
        let archived = match store.read(&run) {
            Ok(archived) => archived,
            Err(e) => {
                learned.rejections.push(Rejection {
                    file: run.to_string(),
                    place: "archived run".into(),
                    found: e.to_string(),
                    expected: "a run as published: it teaches nothing tonight".into(),
                    by_design: false,
                });
                continue;
            }
        };
        // another grid, or one time of weather for all hours, has other errors
        let record = &archived.record;
        if record.region != setup.region.id {
            continue;
        }
        let degraded = record.status == Status::Degraded;
        let keep = |adcode| inputs.observed.contains_key(&adcode);
        learned.nights.push(PastNight::of(
            &record.forecast,
            (&record.grid, degraded, record.assimilation.is_some()),
            keep,
        ));
        let stated = StatedChances::of(&record.warning, record.cycle);
        learned.chances.extend(stated.into_iter().filter(|c| keep(c.adcode)));
        learned.files.push(InputFile {
            role: "archived run".into(),
            name: run.to_string(),
            bytes: archived.record_bytes.len() as u64,
            sha256: sha256(&archived.record_bytes),
        });
        if degraded || record.grid != setup.config.grid || record.assimilation.is_some() != analysed {
            continue;
        }
        for county in &archived.record.forecast.counties {
            // spin-up hours were simulated with the weather of their time, not forecast: tonight's own teach those
            for hour in county.hours.iter().filter(|h| h.lead_hour > 0) {
                for pollutant in Pollutant::ALL {
                    let Some(estimate) = hour.concentrations.get(pollutant) else { continue };
                    let Some(&value) = observed.get(&(county.adcode, hour.end, pollutant)) else { continue };
                    learned.pairs.push(Pair {
                        pollutant,
                        adcode: county.adcode,
                        end: hour.end,
                        lead_hour: hour.lead_hour,
                        model: estimate.raw,
                        observed: value,
                        weather: hour.weather,
                    });
                }
            }
        }
    }
    Ok(learned)
}

/// Pairs of tonight's own spin-up hours.
pub fn of_series(inputs: &NightInputs, model: &[CountySeries]) -> Vec<Pair> {
    let observed = by_hour(&inputs.observed);
    let mut pairs = Vec::new();
    for county in model {
        for hour in county.hours.iter().filter(|h| h.end <= inputs.cycle) {
            for pollutant in Pollutant::ALL {
                let Some(&raw) = hour.concentrations.get(pollutant) else { continue };
                let Some(&value) = observed.get(&(county.adcode, hour.end, pollutant)) else { continue };
                pairs.push(Pair {
                    pollutant,
                    adcode: county.adcode,
                    end: hour.end,
                    lead_hour: (hour.end - inputs.cycle).num_hours() as i32,
                    model: raw,
                    observed: value,
                    weather: hour.weather,
                });
            }
        }
    }
    pairs
}

fn features(hour: &ModelHour, lead_hour: i32, raw: f64) -> Features {
    Features { model: raw, end: hour.end, lead_hour, weather: hour.weather }
}

/// The corrections of tonight, fitted once and then frozen.
pub struct Corrections {
    by_pollutant: BTreeMap<Pollutant, Correction>,
    /// What the trained correction says of the hours of the counties that taught it.
    trained: BTreeMap<(u32, DateTime<Utc>, Pollutant), f64>,
    /// The ends of its intervals.
    pub ends: RelativeEnds,
    /// Intervals, with what the held-out pairs taught.
    pub uncertainty: Uncertainty,
    pub report: CorrectionReport,
}

impl Corrections {
    /// Fits one correction per pollutant where there are pairs enough and held-out pairs improve.
    ///
    /// # Errors
    /// `Invalid` when a pair is not a number.
    pub fn fit(uncertainty: &Uncertainty, pairs: &[Pair]) -> Result<Self> {
        let mut uncertainty = uncertainty.clone();
        let mut by_pollutant = BTreeMap::new();
        let mut methods = Vec::new();
        for pollutant in Pollutant::ALL {
            let fitted = Correction::fit(pollutant, pairs, &uncertainty.correction).map_err(|why| {
                Error::invalid("pairs of model and observation", pollutant.name(), why, "finite values")
            })?;
            methods.push(fitted.report);
            if let Some(correction) = fitted.correction {
                uncertainty.learn(&correction);
                by_pollutant.insert(pollutant, correction);
            }
        }
        let report = CorrectionReport { methods, interval_method: uncertainty.describe() };
        let (trained, ends) = (BTreeMap::new(), RelativeEnds::new());
        Ok(Self { by_pollutant, trained, ends, uncertainty, report })
    }

    /// Takes what the trained correction says of the hours ahead.
    ///
    /// # Errors
    /// `Invalid` where its trees cannot be read.
    pub fn take(&mut self, artefact: &Artefact, inputs: &NightInputs, ahead: &[CountySeries]) -> Result<()> {
        let cases = cases(inputs, ahead);
        let values = artefact.apply(&cases).map_err(|why| {
            Error::invalid("the trained correction", "trees", why, "trees as `hazecast train` wrote them")
        })?;
        for (case, predicted) in cases.iter().zip(values) {
            let of = artefact.pollutants.iter().find(|c| c.pollutant == case.pollutant && c.knows(case.adcode));
            let (Some(correction), Some(predicted)) = (of, predicted) else { continue };
            let key = (case.adcode, case.end, case.pollutant);
            self.trained.insert(key, predicted.median);
            if let Some((lower, upper)) = correction.ends(&predicted).filter(|_| predicted.median > 0.0) {
                let part = |end: f64| (end / predicted.median).max(LEAST_PART);
                self.ends.insert(key, (part(lower).min(1.0), part(upper).max(1.0)));
            }
        }
        let used = artefact.pollutants.iter().filter(|c| c.method != Method::None);
        for correction in used {
            let place = self.report.methods.iter_mut().find(|m| m.pollutant == correction.pollutant);
            if let Some(method) = place {
                *method = report(correction);
            }
        }
        if !self.ends.is_empty() {
            self.report.interval_method += "; of counties with a trained correction by boosted trees: learnt quantiles, conformal, daily means x the same factor";
        }
        Ok(())
    }

    /// The forecast value of a pollutant of a county from the model's.
    pub fn value(&self, (adcode, pollutant): (u32, Pollutant), hour: &ModelHour, lead_hour: i32, raw: f64) -> f64 {
        if let Some(value) = self.trained.get(&(adcode, hour.end, pollutant)) {
            return *value;
        }
        self.by_pollutant.get(&pollutant).map_or(raw, |c| c.apply(&features(hour, lead_hour, raw)))
    }
}

/// An end of an interval is at least this part of the value: a lower end of nothing has no logarithm.
const LEAST_PART: f64 = 1e-3;

/// The hours ahead as the training saw hours of earlier nights.
fn cases(inputs: &NightInputs, ahead: &[CountySeries]) -> Vec<NightCase> {
    let mut cases = Vec::new();
    for county in ahead {
        let observed = inputs.observed.get(&county.adcode).map_or(&[][..], |hours| hours);
        for pollutant in Pollutant::ALL {
            let recent = Recent::of(pollutant, inputs.cycle, observed);
            for hour in &county.hours {
                let Some(&model) = hour.concentrations.get(pollutant) else { continue };
                cases.push(NightCase {
                    pollutant,
                    adcode: county.adcode,
                    cycle: inputs.cycle,
                    end: hour.end,
                    model,
                    weather: hour.weather,
                    recent,
                    observed: f64::NAN,
                });
            }
        }
    }
    cases
}

fn report(correction: &PollutantCorrection) -> CorrectionMethod {
    let scores = &correction.scores;
    let (method, mae_corrected) = match correction.method {
        Method::Trees => ("boosted_trees", scores.trees),
        Method::Kalman => ("kalman_bias", scores.kalman),
        Method::None => ("none", scores.raw),
    };
    CorrectionMethod {
        pollutant: correction.pollutant,
        method: method.into(),
        pairs: correction.pairs,
        pairs_needed: PAIRS_NEEDED,
        mae_raw: scores.raw,
        mae_corrected,
    }
}
