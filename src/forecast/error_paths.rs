//! Errors of past nights along their leads: the order in which tonight's uncertainty is strung into paths.

use super::past_night::{ObservedHours, PastNight, log_error};
use crate::domain::pollutant::Pollutant;
use chrono::{DateTime, Duration, Utc};

/// Share of a night's hours that must have been observed; shorter gaps are bridged linearly.
const HOURS_OBSERVED: f64 = 0.8;
/// Share of the nights in which a county must have been observed to count as observed.
const NIGHTS_OBSERVED: f64 = 0.5;

/// Errors of past nights: ln(observed / forecast) by night, county, pollutant and lead hour, without gaps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ErrorPaths {
    /// Cycles of the nights, ascending.
    pub nights: Vec<DateTime<Utc>>,
    /// Lead hours, from 1.
    pub hours: usize,
    pub counties: Vec<CountyErrors>,
}

/// The errors of one county.
#[derive(Debug, Clone, PartialEq)]
pub struct CountyErrors {
    pub adcode: u32,
    /// By pollutant, `[lead hour - 1][night]`; PM2.5 is always among them.
    pub pollutants: Vec<(Pollutant, Vec<f64>)>,
}

impl CountyErrors {
    /// The errors of a pollutant, `[lead hour - 1][night]`.
    pub fn of(&self, pollutant: Pollutant) -> Option<&[f64]> {
        self.pollutants.iter().find(|(p, _)| *p == pollutant).map(|(_, errors)| errors.as_slice())
    }
}

impl ErrorPaths {
    /// The errors of those of `nights` that err as one `like` that (grid, and whether observations are assimilated) whose first `hours` hours are over by `until` and were observed
    /// wherever a county counts as observed; of the latest `at_most` of them.
    pub fn of(
        nights: &[PastNight],
        observed: &ObservedHours,
        like: (&str, bool),
        hours: usize,
        at_most: usize,
        until: DateTime<Utc>,
    ) -> Self {
        let over = |n: &PastNight| n.cycle + Duration::hours(hours as i64) <= until;
        let comparable = |n: &&PastNight| n.errs_as(like) && over(n);
        let mut usable: Vec<&PastNight> = nights.iter().filter(comparable).collect();
        usable.sort_by_key(|n| n.cycle);
        let path = |night: &PastNight, adcode: u32, p: Pollutant| path(night, observed, adcode, p, hours);
        let counted = |adcode: &u32| {
            let n = usable.iter().filter(|n| path(n, *adcode, Pollutant::Pm25).is_some()).count();
            n > 0 && n as f64 >= NIGHTS_OBSERVED * usable.len() as f64
        };
        let counties: Vec<u32> = observed.keys().copied().filter(counted).collect();
        if counties.is_empty() || hours == 0 {
            return Self::default();
        }
        usable.retain(|n| counties.iter().all(|c| path(n, *c, Pollutant::Pm25).is_some()));
        usable.drain(..usable.len().saturating_sub(at_most));
        let of = |adcode: u32| {
            let pollutant = |p: Pollutant| {
                let paths: Vec<Vec<f64>> = usable.iter().map(|n| path(n, adcode, p)).collect::<Option<_>>()?;
                let by_hour = (0..hours).flat_map(|h| paths.iter().map(move |path| path[h]));
                (!paths.is_empty()).then(|| (p, by_hour.collect()))
            };
            CountyErrors { adcode, pollutants: Pollutant::ALL.into_iter().filter_map(pollutant).collect() }
        };
        Self {
            nights: usable.iter().map(|n| n.cycle).collect(),
            hours,
            counties: counties.into_iter().map(of).filter(|c| !c.pollutants.is_empty()).collect(),
        }
    }

    /// The errors of a county.
    pub fn county(&self, adcode: u32) -> Option<&CountyErrors> {
        self.counties.iter().find(|c| c.adcode == adcode)
    }
}

/// Errors of the lead hours 1 ..= `hours` of one night, gaps bridged; `None` where too few hours were observed.
fn path(night: &PastNight, observed: &ObservedHours, adcode: u32, p: Pollutant, hours: usize) -> Option<Vec<f64>> {
    let (forecast, observed) = (night.county(adcode)?, observed.get(&adcode)?);
    let mut errors: Vec<Option<f64>> = vec![None; hours];
    for hour in &forecast.hours {
        let Some(slot) = errors.get_mut((hour.lead_hour - 1) as usize) else { continue };
        let (Some(f), Some(o)) = (hour.concentrations.get(p), observed.get(&hour.end).and_then(|c| c.get(p))) else {
            continue;
        };
        *slot = Some(log_error(p, *o, f.value));
    }
    let known: Vec<(usize, f64)> = errors.iter().enumerate().filter_map(|(h, e)| Some((h, (*e)?))).collect();
    if known.is_empty() || (known.len() as f64) < HOURS_OBSERVED * hours as f64 {
        return None;
    }
    let value = |hour: usize| {
        let after = known.partition_point(|(h, _)| *h < hour);
        match (after.checked_sub(1).map(|i| known[i]), known.get(after)) {
            (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (hour - a.0) as f64 / (b.0 - a.0) as f64,
            (Some(a), None) => a.1,
            (None, b) => b.map_or(0.0, |b| b.1),
        }
    };
    Some((0..hours).map(value).collect())
}
