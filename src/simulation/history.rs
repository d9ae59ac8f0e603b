//! What a run leaves behind: hourly means at the ground, and the ledger.

use super::budget::MassLedger;
use super::terrain_winds::TerrainWindsReport;
use crate::domain::pollutant::{Concentrations, Pollutant};
use chrono::{DateTime, Utc};
use ndarray::Array3;

/// Hourly surface fields `[hour, y, x]` of one run, on the model grid.
#[derive(Debug, Clone)]
pub struct History {
    /// End of each hour, UTC.
    pub ends: Vec<DateTime<Utc>>,
    /// Hourly mean concentration in the lowest layer, in the standard's units; `None` where the model has no such pollutant.
    pub concentrations: Concentrations<Array3<f32>>,
    /// Part of PM2.5 that was emitted as such: black carbon, primary organic matter and other fine particles [ug m-3].
    pub primary_pm25_ug_m3: Array3<f32>,
    /// Boundary-layer height above ground [m], mean over the hour.
    pub mixing_height_m: Array3<f32>,
    /// 10-m wind, eastward and northward [m s-1].
    pub wind_east_m_s: Array3<f32>,
    pub wind_north_m_s: Array3<f32>,
    /// 2-m temperature [K].
    pub temperature_k: Array3<f32>,
    /// Relative humidity over water in the lowest layer [%].
    pub relative_humidity_percent: Array3<f32>,
    /// Air temperature in the layer around 250 m above ground less that at 2 m [K].
    pub inversion_k: Array3<f32>,
    /// Snow on the ground as water [kg m-2]; `None` where the meteorology has none.
    pub snow_kg_m2: Option<Array3<f32>>,
    pub ledger: MassLedger,
    /// How winds were brought over the terrain; `None` without a terrain file.
    pub terrain_winds: Option<TerrainWindsReport>,
}

impl History {
    /// Every field there is, in one order.
    pub fn fields(&self) -> Vec<&Array3<f32>> {
        let concentrations = Pollutant::ALL.into_iter().filter_map(|p| self.concentrations.get(p));
        let weather = [
            &self.mixing_height_m,
            &self.wind_east_m_s,
            &self.wind_north_m_s,
            &self.temperature_k,
            &self.relative_humidity_percent,
            &self.inversion_k,
        ];
        concentrations.chain([&self.primary_pm25_ug_m3]).chain(weather).chain(&self.snow_kg_m2).collect()
    }

    /// As [`History::fields`], to be changed.
    pub fn fields_mut(&mut self) -> Vec<&mut Array3<f32>> {
        let c = &mut self.concentrations;
        let concentrations = [
            &mut c.pm25_ug_m3,
            &mut c.pm10_ug_m3,
            &mut c.so2_ug_m3,
            &mut c.no2_ug_m3,
            &mut c.co_mg_m3,
            &mut c.o3_ug_m3,
        ];
        let weather = [
            &mut self.mixing_height_m,
            &mut self.wind_east_m_s,
            &mut self.wind_north_m_s,
            &mut self.temperature_k,
            &mut self.relative_humidity_percent,
            &mut self.inversion_k,
        ];
        let air = concentrations.into_iter().flatten().chain([&mut self.primary_pm25_ug_m3]);
        air.chain(weather).chain(&mut self.snow_kg_m2).collect()
    }
}
