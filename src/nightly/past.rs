//! What earlier nights and what was observed after them say to tonight: how errors hang together, how chances came true, experience.

use super::inputs::NightInputs;
use super::pairs::Learned;
use crate::domain::pollutant::Pollutant;
use crate::forecast::Forecast;
use crate::forecast::error_paths::ErrorPaths;
use crate::forecast::experience::Experience;
use crate::forecast::leave_one_out::leave_one_out;
use crate::forecast::past_night::{ObservedHours, PastNight};
use crate::forecast::uncertainty::Uncertainty;
use crate::setup::Setup;
use crate::warning::Basis;
use crate::warning::calibration::{Calibration, PastChance};
use crate::warning::hindsight::came;

fn observed(inputs: &NightInputs) -> ObservedHours {
    let hours = |hours: &Vec<crate::forecast::ObservedHour>| hours.iter().map(|h| (h.end, h.concentrations)).collect();
    inputs.observed.iter().map(|(adcode, of_county)| (*adcode, hours(of_county))).collect()
}

/// What makes nights err alike: the grid, and whether observations are assimilated.
fn like<'s>(setup: &'s Setup, inputs: &NightInputs) -> (&'s str, bool) {
    (&setup.config.grid, inputs.analyst(setup).is_some())
}

/// Nights that err as tonight may.
fn comparable<'l>(setup: &Setup, inputs: &NightInputs, learned: &'l Learned) -> Vec<&'l PastNight> {
    let like = like(setup, inputs);
    learned.nights.iter().filter(|n| n.errs_as(like)).collect()
}

/// The uncertainty with the spread that past nights show where a station is left out.
pub(super) fn widened(setup: &Setup, inputs: &NightInputs, learned: &Learned) -> Uncertainty {
    let mut uncertainty = setup.uncertainty.clone();
    let (nights, observed) = (comparable(setup, inputs, learned), observed(inputs));
    for p in Pollutant::ALL {
        if let Some(ratio) = leave_one_out(&nights, &observed, p) {
            uncertainty.learn_elsewhere(p, ratio);
        }
    }
    uncertainty
}

/// The errors of past nights over the hours of tonight's forecast.
pub(super) fn errors(setup: &Setup, inputs: &NightInputs, learned: &Learned, base: &Forecast) -> ErrorPaths {
    let leads = base.counties.iter().flat_map(|c| &c.hours).map(|h| h.lead_hour);
    let hours = leads.max().unwrap_or(0).max(0) as usize;
    let at_most = setup.uncertainty.trajectories.nights_at_most;
    ErrorPaths::of(&learned.nights, &observed(inputs), like(setup, inputs), hours, at_most, inputs.cycle)
}

/// How chances of the levels came true, over counties with stations and nights whose hours are over.
pub(super) fn calibration(basis: &Basis, setup: &Setup, inputs: &NightInputs, learned: &Learned) -> Calibration {
    let (nights, observed) = (comparable(setup, inputs, learned), observed(inputs));
    let mut past = Vec::new();
    for stated in &learned.chances {
        let Some(night) = nights.iter().find(|n| n.cycle == stated.cycle) else { continue };
        let Some(reached) = came(basis, night, stated.adcode, &observed, inputs.cycle) else { continue };
        let one = |&(level, counted, _): &(_, f64, f64)| PastChance {
            level,
            probability: counted,
            happened: reached >= level,
        };
        past.extend(stated.chances.iter().map(one));
    }
    Calibration::fit(&past, setup.uncertainty.calibration.events_needed)
}

/// What the past says to tonight's consultation; `None` where nothing was observed.
pub(super) fn experience(
    setup: &Setup,
    inputs: &NightInputs,
    learned: &Learned,
    base: &Forecast,
) -> Option<Experience> {
    let observed = observed(inputs);
    if observed.is_empty() {
        return None;
    }
    let tonight = PastNight::of(base, (&setup.config.grid, false, like(setup, inputs).1), |adcode| {
        observed.contains_key(&adcode)
    });
    let rulebook = &setup.rulebook;
    Some(Experience::of(&rulebook.aqi, &rulebook.limits, &tonight, &learned.nights, &observed))
}
