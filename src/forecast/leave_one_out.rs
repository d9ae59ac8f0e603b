//! How much wider a forecast must be where no station watches: each county with a station in turn is treated as if it had none.
//!
//! A station tells a county its own mean error at each lead day, which the correction takes out. Without one only the mean error of the
//! other counties is known. The spread around that, over the spread around the county's own, is what a missing station costs.

use super::correction::{LEAD_DAYS, lead_class};
use super::past_night::{ObservedHours, PastNight, log_error};
use crate::domain::pollutant::Pollutant;
use std::collections::BTreeMap;

/// Counties with stations, and nights of each, that an estimate needs.
const COUNTIES_NEEDED: usize = 2;
const NIGHTS_NEEDED: usize = 30;

/// Spread without a station over spread with one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeaveOneOut {
    /// 1 or more.
    pub ratio: f64,
    /// Counties left out in turn, and the nights behind the estimate.
    pub counties: usize,
    pub nights: usize,
}

/// The ratio of a pollutant from what past nights forecast before any correction; `None` with fewer than two counties with stations or
/// fewer than thirty nights of each.
pub fn leave_one_out(nights: &[&PastNight], observed: &ObservedHours, pollutant: Pollutant) -> Option<LeaveOneOut> {
    // errors by county and lead day
    let mut errors: BTreeMap<u32, [Vec<f64>; LEAD_DAYS]> = BTreeMap::new();
    let mut of_county: BTreeMap<u32, usize> = BTreeMap::new();
    for night in nights {
        for county in &night.counties {
            let Some(hours) = observed.get(&county.adcode) else { continue };
            let mut any = false;
            for h in &county.hours {
                let observed = hours.get(&h.end).and_then(|c| c.get(pollutant));
                let (Some(f), Some(o)) = (h.concentrations.get(pollutant), observed) else { continue };
                errors.entry(county.adcode).or_default()[lead_class(h.lead_hour)].push(log_error(pollutant, *o, f.raw));
                any = true;
            }
            *of_county.entry(county.adcode).or_default() += usize::from(any);
        }
    }
    errors.retain(|adcode, _| of_county[adcode] >= NIGHTS_NEEDED);
    if errors.len() < COUNTIES_NEEDED {
        return None;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mut with, mut without) = (0.0, 0.0);
    for class in 0..LEAD_DAYS {
        let there: Vec<&[f64]> = errors.values().map(|c| c[class].as_slice()).filter(|e| !e.is_empty()).collect();
        let means: Vec<f64> = there.iter().map(|e| mean(e)).collect();
        for (i, own) in there.iter().enumerate().filter(|_| there.len() >= COUNTIES_NEEDED) {
            let others = (means.iter().sum::<f64>() - means[i]) / (means.len() - 1) as f64;
            let around = |centre: f64| mean(&own.iter().map(|e| (e - centre).powi(2)).collect::<Vec<_>>());
            with += around(means[i]);
            without += around(others);
        }
    }
    let nights = errors.keys().map(|c| of_county[c]).min().unwrap_or(0);
    (with > 0.0).then(|| LeaveOneOut { ratio: (without / with).sqrt().max(1.0), counties: errors.len(), nights })
}
