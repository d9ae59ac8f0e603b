//! What an archived night forecast, as far as later nights learn from it and it is scored.

use super::county_weather::CountyWeather;
use super::{DayForecast, Estimate, Forecast};
use crate::domain::pollutant::{Concentrations, Pollutant};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// Hourly means of the counties that have stations: `[county][end of the hour]`.
pub type ObservedHours = BTreeMap<u32, BTreeMap<DateTime<Utc>, Concentrations<f64>>>;

/// The forecast of an earlier night.
#[derive(Debug, Clone, PartialEq)]
pub struct PastNight {
    pub cycle: DateTime<Utc>,
    /// Name of the model grid: another grid has other errors.
    pub grid: String,
    /// Published with something missing.
    pub degraded: bool,
    /// Whether observations were assimilated: what follows an analysis has other errors.
    pub assimilated: bool,
    pub counties: Vec<PastCounty>,
}

/// One county of it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastCounty {
    pub adcode: u32,
    pub has_station: bool,
    /// Hours after the cycle, by lead.
    pub hours: Vec<PastHour>,
    pub days: Vec<DayForecast>,
}

/// One hour of it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastHour {
    pub end: DateTime<Utc>,
    /// Hours since the cycle, from 1.
    pub lead_hour: i32,
    pub concentrations: Concentrations<Estimate>,
    pub weather: CountyWeather,
}

impl PastNight {
    /// What is kept of a forecast made on `grid`, with something missing or not, with observations assimilated or not: the counties for which
    /// `keep` holds.
    pub fn of(
        forecast: &Forecast,
        (grid, degraded, assimilated): (&str, bool, bool),
        keep: impl Fn(u32) -> bool,
    ) -> Self {
        let counties = forecast.counties.iter().filter(|c| keep(c.adcode)).map(|c| PastCounty {
            adcode: c.adcode,
            has_station: c.has_station,
            hours: c
                .hours
                .iter()
                .filter(|h| h.lead_hour > 0)
                .map(|h| PastHour {
                    end: h.end,
                    lead_hour: h.lead_hour,
                    concentrations: h.concentrations,
                    weather: h.weather,
                })
                .collect(),
            days: c.days.clone(),
        });
        Self { cycle: forecast.cycle, grid: grid.into(), degraded, assimilated, counties: counties.collect() }
    }

    /// Whether it errs as a night on `grid` with nothing missing does, with observations assimilated or not.
    pub fn errs_as(&self, (grid, assimilated): (&str, bool)) -> bool {
        self.grid == grid && !self.degraded && self.assimilated == assimilated
    }

    /// A county of it.
    pub fn county(&self, adcode: u32) -> Option<&PastCounty> {
        self.counties.iter().find(|c| c.adcode == adcode)
    }
}

/// Added before logarithms [unit of the pollutant], so that small values do not count for much.
pub fn offset(pollutant: Pollutant) -> f64 {
    if pollutant == Pollutant::Co { 0.05 } else { 1.0 }
}

/// ln(observed / forecast), with the [`offset`] on both.
pub fn log_error(pollutant: Pollutant, observed: f64, forecast: f64) -> f64 {
    ((observed + offset(pollutant)) / (forecast.max(0.0) + offset(pollutant))).ln()
}
