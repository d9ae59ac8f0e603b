//! What a meteorology reader gives of one time: the fields, and the amounts accumulated by then.

use super::accumulation::{self, Accumulation, Sign};
use crate::domain::met_field::MetField;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One time of one file, with what it accumulated.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reading {
    pub path: PathBuf,
    pub field: MetField,
    /// Precipitation [kg m-2].
    pub rain: Option<Accumulation>,
    /// Sensible heat, upward [J m-2].
    pub heat: Option<Accumulation>,
    /// Downward short-wave radiation [J m-2].
    pub shortwave: Option<Accumulation>,
}

impl Reading {
    /// Whether field and amounts are of one grid and have a value for each of its cells.
    pub fn is_whole(&self) -> bool {
        let amounts = [&self.rain, &self.heat, &self.shortwave];
        self.field.is_whole() && amounts.into_iter().flatten().all(|a| a.is_of(&self.field.grid))
    }
}

/// Fields of readings of one run in time order, their amounts turned into rates.
pub(super) fn with_rates(readings: Vec<Reading>) -> Vec<MetField> {
    let times: Vec<DateTime<Utc>> = readings.iter().map(|r| r.field.valid_time).collect();
    let rates = |pick: &dyn Fn(&Reading) -> Option<Accumulation>, sign| {
        let amounts: Vec<_> = readings.iter().map(pick).collect();
        accumulation::rates(&times, &amounts, sign)
    };
    let rain = rates(&|r| r.rain.clone(), Sign::NeverNegative);
    let heat = rates(&|r| r.heat.clone(), Sign::Any);
    let shortwave = rates(&|r| r.shortwave.clone(), Sign::NeverNegative);
    let rates = rain.into_iter().zip(heat).zip(shortwave);
    readings
        .into_iter()
        .zip(rates)
        .map(|(reading, ((rain, heat), shortwave))| {
            let mut field = reading.field;
            field.precipitation_kg_m2_s = rain.or(field.precipitation_kg_m2_s);
            field.sensible_heat_flux_w_m2 = heat.or(field.sensible_heat_flux_w_m2);
            field.shortwave_w_m2 = shortwave.or(field.shortwave_w_m2);
            field
        })
        .collect()
}
