//! What archived nights and the observations after them teach: the trained correction, and the guard before it replaces another.

use super::inputs::NightInputs;
use super::pairs::by_hour;
use crate::archive::learned_file;
use crate::archive::store::Store;
use crate::consultation::{ConsultationRecord, InputFile, Status};
use crate::domain::pollutant::Pollutant;
use crate::error::{Error, Rejection, Result};
use crate::forecast::ObservedHour;
use crate::forecast::learning::artefact::Artefact;
use crate::forecast::learning::document::LearningDocument;
use crate::forecast::learning::night_cases::{NightCase, Recent};
use crate::setup::Setup;
use crate::setup::library::Library;
use std::collections::BTreeMap;
use std::path::Path;

/// What a training ended with.
pub struct Training {
    pub artefact: Artefact,
    /// The file that was written; `None` where the one in use stays.
    pub written: Option<InputFile>,
    /// The file that was in use before.
    pub before: Option<InputFile>,
    /// Nights and hours that taught.
    pub nights: usize,
    pub cases: usize,
    pub rejections: Vec<Rejection>,
}

/// Trains a correction on all archived nights of the region and grid, and writes it to `path` where it wins.
///
/// # Errors
/// `Invalid` without any hour that was forecast and observed; what the archive and the readers find.
pub fn train(setup: &Setup, path: &Path) -> Result<Training> {
    let mut library = Library::new(setup.config.overrides.as_deref());
    let parameters = library.read("models/learning.toml", LearningDocument::from_toml)?.night;
    let (observed, mut rejections) = NightInputs::sound_hours(setup)?;
    let store = Store::open(&setup.config.runs)?;
    let (mut cases, mut nights) = (Vec::new(), 0);
    for run in store.list()? {
        let record = match store.read(&run) {
            Ok(archived) => archived.record,
            Err(e) => {
                rejections.push(Rejection {
                    file: run.to_string(),
                    place: "archived run".into(),
                    found: e.to_string(),
                    expected: "a run as published: it teaches nothing".into(),
                    by_design: false,
                });
                continue;
            }
        };
        let of_record = (record.region.as_str(), record.grid.as_str(), record.assimilation.is_some());
        let other = of_record != setup.place();
        if other || record.status == Status::Degraded {
            continue;
        }
        let before = cases.len();
        collect(&record, &observed, &mut cases);
        nights += usize::from(cases.len() > before);
    }
    let in_use = learned_file::read(path)?;
    let old = in_use.as_ref().map(|(artefact, _)| artefact).filter(|a| a.place() == setup.place());
    let trained = Artefact::train(setup.place(), &cases, old, &parameters)
        .map_err(|why| Error::invalid(path, "training", why, "archived nights with observations after them"))?;
    let written = if trained.replaces { Some(learned_file::write(path, &trained.artefact)?) } else { None };
    let before = in_use.map(|(_, file)| file);
    Ok(Training { artefact: trained.artefact, written, before, nights, cases: cases.len(), rejections })
}

/// Adds the hours of a record that were observed later.
fn collect(record: &ConsultationRecord, observed: &BTreeMap<u32, Vec<ObservedHour>>, cases: &mut Vec<NightCase>) {
    let later = by_hour(observed);
    for county in &record.forecast.counties {
        for pollutant in Pollutant::ALL {
            let recent = Recent::of(pollutant, record.cycle, &county.observed);
            for hour in county.hours.iter().filter(|h| h.lead_hour > 0) {
                let Some(estimate) = hour.concentrations.get(pollutant) else { continue };
                let Some(&value) = later.get(&(county.adcode, hour.end, pollutant)) else { continue };
                cases.push(NightCase {
                    pollutant,
                    adcode: county.adcode,
                    cycle: record.cycle,
                    end: hour.end,
                    model: estimate.raw,
                    weather: hour.weather,
                    recent,
                    observed: value,
                });
            }
        }
    }
}
