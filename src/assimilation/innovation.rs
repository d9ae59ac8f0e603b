//! Innovation statistics: what departures at pairs of stations say of the errors of background and observations.
//!
//! At a distance the observations' own errors have nothing in common, so the covariance of departures is that of the background; drawn back to
//! distance zero it leaves the observations' variance as the rest.
//!
//! # Reference
//! Hollingsworth, A. & Lonnberg, P. 1986, Tellus 38A, 111-136.

use super::interpolation::Departure;
use crate::domain::grid::distance_m;
use serde::Serialize;

/// Pairs of stations within a range of distances.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DistanceBin {
    pub from_km: f64,
    pub to_km: f64,
    pub pairs: usize,
    /// Mean product of the departures.
    pub covariance: f64,
}

/// What a fit of `spread^2 exp(-distance / length)` to the bins gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FittedErrors {
    /// Standard error of the background.
    pub spread: f64,
    pub length_km: f64,
    /// Standard error of an observation, as the mean of its surroundings.
    pub observation: f64,
}

/// Covariances by distance, of the hours' departures.
pub fn covariances(hours: &[Vec<Departure>], edges_km: &[f64]) -> Vec<DistanceBin> {
    let mut bins: Vec<DistanceBin> =
        edges_km.windows(2).map(|e| DistanceBin { from_km: e[0], to_km: e[1], pairs: 0, covariance: 0.0 }).collect();
    for departures in hours {
        for (i, a) in departures.iter().enumerate() {
            for b in &departures[i + 1..] {
                let km = distance_m(a.place, b.place) / 1000.0;
                if let Some(bin) = bins.iter_mut().find(|bin| km >= bin.from_km && km < bin.to_km) {
                    bin.pairs += 1;
                    bin.covariance += a.value * b.value;
                }
            }
        }
    }
    for bin in bins.iter_mut().filter(|b| b.pairs > 0) {
        bin.covariance /= bin.pairs as f64;
    }
    bins
}

/// Fits the errors to bins with a positive covariance, by least squares of its logarithm weighted by the pairs; `variance` is the mean square of all
/// departures. `None` where fewer than two bins are usable or nothing falls off with distance.
pub fn fit(bins: &[DistanceBin], variance: f64) -> Option<FittedErrors> {
    let usable = bins.iter().filter(|b| b.pairs > 0 && b.covariance > 0.0);
    let points: Vec<(f64, f64, f64)> =
        usable.map(|b| (0.5 * (b.from_km + b.to_km), b.covariance.ln(), b.pairs as f64)).collect();
    let sum = |f: &dyn Fn(&(f64, f64, f64)) -> f64| points.iter().map(|p| p.2 * f(p)).sum::<f64>();
    let n = sum(&|_| 1.0);
    let (x, y) = (sum(&|p| p.0) / n, sum(&|p| p.1) / n);
    let slope = sum(&|p| (p.0 - x) * (p.1 - y)) / sum(&|p| (p.0 - x).powi(2));
    if points.len() < 2 || slope.is_nan() || slope >= 0.0 {
        return None;
    }
    let background = (y - slope * x).exp();
    let observation = (variance - background).max(0.0).sqrt();
    Some(FittedErrors { spread: background.sqrt(), length_km: -1.0 / slope, observation })
}
