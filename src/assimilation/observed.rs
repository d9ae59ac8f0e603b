//! Observed components of one hour, with their errors, as they depart from a background.

use super::interpolation::{BackgroundError, Departure};
use super::settings::AssimilationSettings;
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::simulation::analysis::Component;

/// What one station observed in one hour, at its place (degrees east and north).
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    pub place: (f64, f64),
    pub concentrations: Concentrations<f64>,
}

/// The value of a component: coarse particles are PM10 less PM2.5, and zero where instruments disagree.
pub fn value(component: Component, of: &Concentrations<f64>) -> Option<f64> {
    let get = |p| of.get(p).copied();
    match component {
        Component::Fine => get(Pollutant::Pm25),
        Component::Coarse => Some((get(Pollutant::Pm10)? - get(Pollutant::Pm25)?).max(0.0)),
        Component::So2 => get(Pollutant::So2),
        Component::No2 => get(Pollutant::No2),
        Component::Co => get(Pollutant::Co),
    }
}

/// ln(observed / background) with its error.
pub fn departure(
    component: Component,
    (place, observed): ((f64, f64), f64),
    background: f64,
    settings: &AssimilationSettings,
) -> Departure {
    let errors = settings.of(component);
    let value = (observed.max(errors.least()) / background.max(errors.least())).ln();
    Departure { place, value, error: errors.observation_error(observed) }
}

/// The background's error as the departures of an hour show it: their mean square less the observations' own, with the table's value counting
/// like `prior_weight` observations.
pub fn background_error(
    component: Component,
    departures: &[Departure],
    settings: &AssimilationSettings,
) -> BackgroundError {
    let prior = settings.of(component).spread.powi(2);
    let excess: f64 = departures.iter().map(|d| d.value * d.value - d.error * d.error).sum();
    let n = settings.prior_weight + departures.len() as f64;
    let variance = if n > 0.0 { (settings.prior_weight * prior + excess) / n } else { prior };
    let [least, most] = settings.spread_bounds;
    BackgroundError {
        spread: variance.max(0.0).sqrt().clamp(least, most),
        length_m: settings.length_km * 1000.0,
        regional_share: settings.regional_share,
        regional_length_m: settings.regional_length_km * 1000.0,
    }
}
