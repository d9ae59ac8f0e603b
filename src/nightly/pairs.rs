//! What the past teaches: pairs of model and observation, the corrections fitted to them, and the forecasts of earlier nights.

use super::inputs::NightInputs;
use crate::archive::durable::sha256;
use crate::archive::run_id::RunId;
use crate::archive::store::Store;
use crate::consultation::{InputFile, Status};
use crate::domain::pollutant::Pollutant;
use crate::error::{Error, Rejection, Result};
use crate::forecast::correction::{Correction, Features, Pair};
use crate::forecast::county_series::{CountySeries, ModelHour};
use crate::forecast::past_night::PastNight;
use crate::forecast::uncertainty::Uncertainty;
use crate::forecast::{CorrectionReport, ObservedHour};
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
    pub files: Vec<InputFile>,
    /// Runs that could not be read.
    pub rejections: Vec<Rejection>,
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
    let mut learned = Learned::default();
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
        learned.nights.push(PastNight::of(&record.forecast, &record.grid, degraded, keep));
        let stated = StatedChances::of(&record.warning, record.cycle);
        learned.chances.extend(stated.into_iter().filter(|c| keep(c.adcode)));
        learned.files.push(InputFile {
            role: "archived run".into(),
            name: run.to_string(),
            bytes: archived.record_bytes.len() as u64,
            sha256: sha256(&archived.record_bytes),
        });
        if degraded || record.grid != setup.config.grid {
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
                        wind_speed_m_s: hour.wind_speed_m_s,
                        mixing_height_m: hour.mixing_height_m,
                        temperature_c: hour.temperature_c,
                    });
                }
            }
        }
    }
    Ok(learned)
}

/// Pairs of tonight's own spin-up hours up to `last`.
pub fn of_series(inputs: &NightInputs, model: &[CountySeries], last: DateTime<Utc>) -> Vec<Pair> {
    let observed = by_hour(&inputs.observed);
    let mut pairs = Vec::new();
    for county in model {
        for hour in county.hours.iter().filter(|h| h.end <= last) {
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
                    wind_speed_m_s: hour.wind_speed_m_s,
                    mixing_height_m: hour.mixing_height_m,
                    temperature_c: hour.temperature_c,
                });
            }
        }
    }
    pairs
}

fn features(hour: &ModelHour, lead_hour: i32, raw: f64) -> Features {
    Features {
        model: raw,
        end: hour.end,
        lead_hour,
        wind_speed_m_s: hour.wind_speed_m_s,
        mixing_height_m: hour.mixing_height_m,
        temperature_c: hour.temperature_c,
    }
}

/// The corrections of tonight, fitted once and then frozen.
pub struct Corrections {
    by_pollutant: BTreeMap<Pollutant, Correction>,
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
        Ok(Self { by_pollutant, uncertainty, report })
    }

    /// The forecast value of a pollutant from the model's.
    pub fn value(&self, pollutant: Pollutant, hour: &ModelHour, lead_hour: i32, raw: f64) -> f64 {
        self.by_pollutant.get(&pollutant).map_or(raw, |c| c.apply(&features(hour, lead_hour, raw)))
    }
}
