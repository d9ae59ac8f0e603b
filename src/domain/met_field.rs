//! Meteorology of one instant on the provider's own grid, whatever the file format was.

use super::grid::HorizontalGrid;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a provider's surface fluxes stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FluxTime {
    /// The valid time itself.
    Instant,
    /// The mean since the provider's previous time.
    MeanSincePrevious,
}

impl MetField {
    /// Whether every field has a value for each of its cells.
    pub fn is_whole(&self) -> bool {
        let Some(cells) = self.grid.nx.checked_mul(self.grid.ny) else { return false };
        let solid = [
            &self.altitude_m,
            &self.pressure_pa,
            &self.temperature_k,
            &self.specific_humidity,
            &self.wind_east_m_s,
            &self.wind_north_m_s,
        ];
        let flat = [
            &self.terrain_m,
            &self.surface_pressure_pa,
            &self.temperature_2m_k,
            &self.wind_10m_east_m_s,
            &self.wind_10m_north_m_s,
        ];
        let optional = [
            &self.precipitation_kg_m2_s,
            &self.mixing_height_m,
            &self.friction_velocity_m_s,
            &self.sensible_heat_flux_w_m2,
            &self.shortwave_w_m2,
            &self.snow_kg_m2,
            &self.land_fraction,
        ];
        self.levels > 0
            && cells
                .checked_mul(self.levels)
                .is_some_and(|n| solid.into_iter().chain(&self.cloud_water).all(|v| v.len() == n))
            && flat.into_iter().chain(optional.into_iter().flatten()).all(|v| v.len() == cells)
    }

    /// Height above ground [m] that the provider's highest level reaches everywhere.
    pub fn top_m(&self) -> f64 {
        let highest = &self.altitude_m[(self.levels - 1) * self.grid.cells()..];
        highest.iter().zip(&self.terrain_m).fold(f64::INFINITY, |low, (z, t)| low.min(f64::from(z - t)))
    }
}

/// Meteorology at one time.
///
/// **Invariant:** 3-D fields are `[level, y, x]` with x fastest, levels upward from the ground, at mass points (cell centres); 2-D
/// fields `[y, x]`; `y` northward (row 0 is the southernmost). Winds are **earth-relative** (eastward, northward). No NaN, no fill
/// value: a reader masks levels below the ground by extrapolating as documented there. **Why:** every reader then hands over the
/// same thing, and one regridding serves all.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MetField {
    /// Time at which the instantaneous fields hold.
    pub valid_time: DateTime<Utc>,
    pub grid: HorizontalGrid,
    /// Number of levels.
    pub levels: usize,
    /// Geometric height of level centres above the model's sea level [m], strictly increasing with level.
    pub altitude_m: Vec<f32>,
    pub pressure_pa: Vec<f32>,
    pub temperature_k: Vec<f32>,
    /// Specific humidity [kg kg-1], >= 0.
    pub specific_humidity: Vec<f32>,
    pub wind_east_m_s: Vec<f32>,
    pub wind_north_m_s: Vec<f32>,
    /// Cloud liquid + ice water [kg kg-1]; `None` where the provider has none.
    pub cloud_water: Option<Vec<f32>>,
    /// Height of the provider's terrain above sea level [m].
    pub terrain_m: Vec<f32>,
    pub surface_pressure_pa: Vec<f32>,
    pub temperature_2m_k: Vec<f32>,
    pub wind_10m_east_m_s: Vec<f32>,
    pub wind_10m_north_m_s: Vec<f32>,
    /// Precipitation rate over the interval that ends at `valid_time` [kg m-2 s-1]; `None`: the file has no precipitation.
    pub precipitation_kg_m2_s: Option<Vec<f32>>,
    /// Provider's boundary-layer height above ground [m].
    pub mixing_height_m: Option<Vec<f32>>,
    pub friction_velocity_m_s: Option<Vec<f32>>,
    /// What `sensible_heat_flux_w_m2` and `shortwave_w_m2` stand for.
    pub flux_time: FluxTime,
    /// Sensible heat flux, upward positive [W m-2].
    pub sensible_heat_flux_w_m2: Option<Vec<f32>>,
    /// Downward short-wave radiation at the ground [W m-2].
    pub shortwave_w_m2: Option<Vec<f32>>,
    /// Snow water equivalent [kg m-2].
    pub snow_kg_m2: Option<Vec<f32>>,
    /// 1 land, 0 water.
    pub land_fraction: Option<Vec<f32>>,
}
