//! Weather and emissions made of formulas on any grid, for proofs and benchmarks.

use super::emission_placement::EmissionField;
use crate::constants::{GRAVITY, R_DRY};
use crate::domain::grid::Grid;
use crate::domain::met_field::{FluxTime, MetField};
use crate::domain::species::Species;
use crate::physics::moisture;
use chrono::{DateTime, Duration, Utc};
use std::f32::consts::TAU;

/// Weather that varies smoothly over the grid and turns with the hours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weather {
    /// Largest wind [m s-1], in the whole column above 300 m.
    pub wind_m_s: f32,
    /// Temperature at 2 m [K]; it falls by 4.5 K km-1 above, not below 210 K.
    pub temperature_k: f32,
    /// Relative humidity over water below 3 km; may exceed 1.
    pub relative_humidity: f32,
    /// Cloud water between 700 and 2000 m [kg kg-1].
    pub cloud_water: f32,
    pub precipitation_kg_m2_s: f32,
    /// Snow on the ground [kg m-2].
    pub snow_kg_m2: f32,
    pub mixing_height_m: f32,
    /// Friction velocity [m s-1] and upward sensible heat flux [W m-2].
    pub friction_velocity_m_s: f32,
    pub heat_flux_w_m2: f32,
    pub shortwave_w_m2: f32,
}

/// Heights above ground of the provider's levels [m].
const LEVELS_M: [f32; 18] = [
    15.0, 40.0, 80.0, 140.0, 230.0, 350.0, 520.0, 750.0, 1050.0, 1450.0, 1950.0, 2600.0, 3400.0, 4500.0, 5900.0,
    7700.0, 9600.0, 11_500.0,
];

impl Weather {
    /// A winter day over Yanbian: a north-westerly of 8 m/s, a mixed layer of 500 m, light snow.
    pub const WINTER: Self = Self {
        wind_m_s: 8.0,
        temperature_k: 261.0,
        relative_humidity: 0.7,
        cloud_water: 5e-5,
        precipitation_kg_m2_s: 5e-5,
        snow_kg_m2: 20.0,
        mixing_height_m: 500.0,
        friction_velocity_m_s: 0.35,
        heat_flux_w_m2: 40.0,
        shortwave_w_m2: 250.0,
    };

    /// Hourly fields on the cells of `grid` from `start` to `hours` after it.
    pub fn fields(&self, grid: &Grid, start: DateTime<Utc>, hours: usize) -> Vec<MetField> {
        (0..=hours).map(|hour| self.field(grid, start, hour)).collect()
    }

    fn field(&self, grid: &Grid, start: DateTime<Utc>, hour: usize) -> MetField {
        let (nx, ny) = (grid.horizontal.nx, grid.horizontal.ny);
        let (cells, levels) = (nx * ny, LEVELS_M.len());
        let plane = |v: f32| vec![v; cells];
        let volume = || vec![0.0f32; levels * cells];
        let mut met = MetField {
            valid_time: start + Duration::hours(hour as i64),
            grid: grid.horizontal.clone(),
            levels,
            altitude_m: volume(),
            pressure_pa: volume(),
            temperature_k: volume(),
            specific_humidity: volume(),
            wind_east_m_s: volume(),
            wind_north_m_s: volume(),
            cloud_water: Some(volume()),
            terrain_m: plane(0.0),
            surface_pressure_pa: plane(0.0),
            temperature_2m_k: plane(self.temperature_k),
            wind_10m_east_m_s: plane(0.0),
            wind_10m_north_m_s: plane(0.0),
            precipitation_kg_m2_s: Some(plane(self.precipitation_kg_m2_s)),
            mixing_height_m: Some(plane(self.mixing_height_m)),
            friction_velocity_m_s: Some(plane(self.friction_velocity_m_s)),
            flux_time: FluxTime::Instant,
            sensible_heat_flux_w_m2: Some(plane(self.heat_flux_w_m2)),
            shortwave_w_m2: Some(plane(self.shortwave_w_m2)),
            snow_kg_m2: Some(plane(self.snow_kg_m2)),
            land_fraction: Some(plane(1.0)),
        };
        for c in 0..cells {
            let place = ((c % nx) as f32 / nx as f32, (c / nx) as f32 / ny as f32);
            self.column(&mut met, c, place, hour as f32);
        }
        met
    }

    fn column(&self, met: &mut MetField, c: usize, (x, y): (f32, f32), hour: f32) {
        let cells = met.grid.cells();
        let terrain = 400.0 + 300.0 * (TAU * x).sin() * (TAU * y).cos();
        let surface = 101_325.0 * (-GRAVITY as f32 * terrain / (R_DRY as f32 * self.temperature_k)).exp();
        met.terrain_m[c] = terrain;
        met.surface_pressure_pa[c] = surface;
        let at_10_m = self.wind(10.0, (x, y), hour);
        (met.wind_10m_east_m_s[c], met.wind_10m_north_m_s[c]) = at_10_m;
        let (mut pressure, mut below) = (surface, 0.0);
        for (k, &z) in LEVELS_M.iter().enumerate() {
            let i = k * cells + c;
            let temperature = (self.temperature_k - 0.0045 * z).max(self.temperature_k.min(210.0));
            pressure *= (-GRAVITY as f32 * (z - below) / (R_DRY as f32 * temperature)).exp();
            below = z;
            let humidity = self.relative_humidity * if z < 3000.0 { 1.0 } else { 0.3 };
            met.altitude_m[i] = terrain + z;
            met.pressure_pa[i] = pressure;
            met.temperature_k[i] = temperature;
            met.specific_humidity[i] =
                moisture::specific_humidity(f64::from(humidity), f64::from(temperature), f64::from(pressure)) as f32;
            (met.wind_east_m_s[i], met.wind_north_m_s[i]) = self.wind(z, (x, y), hour);
            if let Some(cloud) = met.cloud_water.as_mut().filter(|_| (700.0..2000.0).contains(&z)) {
                cloud[i] = self.cloud_water;
            }
        }
    }

    /// Eastward and northward wind [m s-1]: a stream that veers by 15 degrees an hour, with waves that turn and gather it.
    fn wind(&self, z: f32, (x, y): (f32, f32), hour: f32) -> (f32, f32) {
        let speed = self.wind_m_s * (z / 300.0).min(1.0).powf(0.2);
        let heading = -TAU / 8.0 - hour * TAU / 24.0 + 0.5 * (TAU * (x + y)).sin();
        let gather = 0.85 + 0.15 * (TAU * (x - y)).cos();
        (speed * gather * heading.cos(), speed * gather * heading.sin())
    }
}

/// Emissions of a few towns in the lowest `layers`, of every species but the tracer [kg s-1 and cell].
pub fn towns(grid: &Grid, layers: usize) -> EmissionField {
    let (_, ny, nx) = grid.shape();
    let mut field = EmissionField::new(grid, layers);
    for species in Species::ALL.into_iter().filter(|s| *s != Species::Tracer) {
        for town in 0..8 {
            let (x, y) = ((3 + 7 * town) % nx, (5 + 11 * town) % ny);
            for k in 0..layers {
                let rate = 0.02 * (1 + species.index() % 4) as f32 / (1 + k) as f32;
                field.rate_kg_s[[species.index(), k, y, x]] = rate;
            }
        }
    }
    field
}
