//! Meteorology of an hour -> [`HourDriver`]: air masses, fluxes, turbulence, deposition. What the provider gives is used; what it lacks is
//! diagnosed.

use super::driver::HourDriver;
use super::meteorology::{MetOnGrid, Meteorology};
use super::perturbed_weather::PerturbedWeather;
use super::terrain_winds::TerrainWinds;
use crate::domain::grid::{Grid, Metric};
use crate::domain::species::Species;
use crate::error::Result;
use crate::physics::boundary_layer::{Column, LOWEST_MIXING_HEIGHT, mixing_height};
use crate::physics::dry_deposition::{Cover, SurfaceState, deposition_velocity};
use crate::physics::eddy_diffusivity::{Stratification, diffusivity};
use crate::physics::surface_layer::{Profile, SurfaceLayer};
use crate::physics::wet_deposition::{Form, Zone, loss_rate};
use crate::physics::{moisture, nonlocal_mixing, sedimentation, solar};
use chrono::{DateTime, Duration, Utc};
use ndarray::{Array2, Array3, Array4, Zip};
use rayon::prelude::*;

/// Parameters of the land surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurfaceParameters {
    /// Roughness length [m].
    pub roughness_m: f32,
    /// Smallest vertical diffusivity [m2 s-1].
    pub minimum_diffusivity_m2_s: f32,
}

/// Snow water [kg m-2] from which the ground counts as covered.
const SNOW_COVER_KG_M2: f32 = 1.0;
/// 2-m temperature [K] below which the ground counts as covered where the provider has no snow.
const SNOW_COVER_K: f32 = 268.15;
/// 2-m temperature [K] below which vegetation counts as dormant.
const DORMANT_K: f32 = 278.15;
/// Precipitation [kg m-2 s-1] that counts: 0.01 mm/h.
const WET_KG_M2_S: f32 = 2.8e-6;
/// Cloud water [kg kg-1] that makes a layer part of the precipitating cloud.
const CLOUD_KG_KG: f32 = 1e-5;
/// Relative humidity from which a layer counts as cloud where the provider has no cloud water.
const CLOUD_HUMIDITY: f32 = 0.98;
/// Diameter [m] and density [kg m-3] of coarse particles, as in their deposition velocity.
const COARSE: (f32, f32) = (4e-6, 2000.0);

/// Turns meteorology into drivers for one grid.
pub struct Diagnosis<'a> {
    grid: &'a Grid,
    metric: Metric,
    lonlat: Vec<(f64, f64)>,
    surface: SurfaceParameters,
    terrain: Option<TerrainWinds>,
    perturbed: Option<PerturbedWeather>,
}

/// Quantities of one column, bottom up.
struct ColumnDiagnosis {
    mixing_height: f32,
    exchange_velocity: Vec<f32>,
    descent_velocity: Vec<f32>,
    deposition: [f32; Species::COUNT],
}

impl<'a> Diagnosis<'a> {
    /// For one grid, over the provider's terrain.
    pub fn new(grid: &'a Grid, surface: SurfaceParameters) -> Self {
        let metric = grid.horizontal.metric();
        Self { grid, metric, lonlat: grid.horizontal.centres(), surface, terrain: None, perturbed: None }
    }

    /// The same, with winds brought over the mean heights `terrain` of the cells, `[y, x]` [m].
    pub fn over(mut self, terrain: Vec<f32>) -> Self {
        self.terrain = Some(TerrainWinds::new(self.grid, &self.metric, terrain));
        self
    }

    /// The same, with other weather than the provider's.
    pub fn under(mut self, perturbed: Option<PerturbedWeather>) -> Self {
        self.perturbed = perturbed;
        self
    }

    /// Cell areas [m2], `[y, x]`.
    pub fn area(&self) -> Vec<f32> {
        self.metric.area_m2.clone()
    }

    /// The driver of the hour that begins at `start`.
    ///
    /// # Errors
    /// `Missing` where the meteorology ends.
    pub fn hour(&self, meteorology: &mut Meteorology, start: DateTime<Utc>) -> Result<HourDriver> {
        let begin = meteorology.at(start)?;
        let end = meteorology.at(start + Duration::hours(1))?;
        let (air_mass_start, air_mass_end) = (self.air_mass(&begin), self.air_mass(&end));
        let rain = meteorology.precipitation(start, start + Duration::hours(1));
        let mut middle = begin.mixed(&end, 0.5);
        if let Some(perturbed) = &self.perturbed {
            perturbed.blow(&mut middle);
        }
        Ok(self.driver(&middle, &rain, air_mass_start, air_mass_end, start + Duration::minutes(30)))
    }

    /// Air mass of the cells [kg], `[z, y, x]`.
    pub fn air_mass(&self, met: &MetOnGrid) -> Array3<f32> {
        let (_, _, nx) = self.grid.shape();
        Array3::from_shape_fn(met.density.dim(), |(z, y, x)| {
            met.density[[z, y, x]] * self.metric.area_m2[y * nx + x] * self.grid.vertical.thickness_m(z) as f32
        })
    }

    fn driver(
        &self,
        met: &MetOnGrid,
        rain: &Array2<f32>,
        air_mass_start: Array3<f32>,
        air_mass_end: Array3<f32>,
        middle: DateTime<Utc>,
    ) -> HourDriver {
        let (nz, ny, nx) = self.grid.shape();
        let (mut flux_x, mut flux_y) = self.fluxes(met);
        let terrain_winds = self.terrain.as_ref().map(|t| t.adjust(met, &mut flux_x, &mut flux_y));
        let relative_humidity = Array3::from_shape_fn((nz, ny, nx), |i| {
            let (q, t, p) =
                (f64::from(met.specific_humidity[i]), f64::from(met.temperature[i]), f64::from(met.pressure[i]));
            moisture::relative_humidity(q, t, p).clamp(0.0, 1.0) as f32
        });
        let wind_speed =
            Array3::from_shape_fn((nz, ny, nx), |i| met.momentum_x[i].hypot(met.momentum_y[i]) / met.density[i]);
        let unix = middle.timestamp() as f64;
        let cos_zenith = Array2::from_shape_fn((ny, nx), |(y, x)| {
            let (lon, lat) = self.lonlat[y * nx + x];
            solar::cos_zenith(lon, lat, unix) as f32
        });
        let columns: Vec<ColumnDiagnosis> = (0..ny * nx)
            .into_par_iter()
            .map(|c| {
                let at = [c / nx, c % nx];
                let wet = rain[at] > WET_KG_M2_S || relative_humidity[[0, at[0], at[1]]] > 0.95;
                self.column(met, cos_zenith[at], wet, c)
            })
            .collect();
        let interface_air = |k: usize, y: usize, x: usize| {
            0.5 * (met.density[[k, y, x]] + met.density[[k + 1, y, x]]) * self.metric.area_m2[y * nx + x]
        };
        let exchange = Array3::from_shape_fn((nz - 1, ny, nx), |(k, y, x)| {
            columns[y * nx + x].exchange_velocity[k] * interface_air(k, y, x)
        });
        // the air of the updrafts is that of the lowest interface: what descends through the others is a part of it
        let descent = Array3::from_shape_fn((nz - 1, ny, nx), |(k, y, x)| {
            columns[y * nx + x].descent_velocity[k] * interface_air(0, y, x)
        });
        HourDriver {
            air_mass_start,
            air_mass_end,
            flux_x,
            flux_y,
            terrain_winds,
            exchange,
            descent,
            density: met.density.clone(),
            wind_speed,
            temperature: met.temperature.clone(),
            pressure: met.pressure.clone(),
            wet_loss: self.wet_loss(met, rain, &relative_humidity),
            relative_humidity,
            cloud_water: met.cloud_water.clone(),
            cos_zenith,
            deposition_velocity: Array3::from_shape_fn((Species::COUNT, ny, nx), |(s, y, x)| {
                columns[y * nx + x].deposition[s]
            }),
            settling_velocity: sedimentation::settling_speed(COARSE.0, COARSE.1, 263.15, 90_000.0),
            mixing_height: Array2::from_shape_fn((ny, nx), |(y, x)| columns[y * nx + x].mixing_height),
            wind_east_10m: met.wind_east_10m.clone(),
            wind_north_10m: met.wind_north_10m.clone(),
            temperature_2m: met.temperature_2m.clone(),
            snow: met.snow.clone(),
        }
    }

    /// Air-mass fluxes [kg s-1] through western and southern faces: momentum of the adjacent cells times the face.
    fn fluxes(&self, met: &MetOnGrid) -> (Array3<f32>, Array3<f32>) {
        let (nz, ny, nx) = self.grid.shape();
        let dz = |z: usize| self.grid.vertical.thickness_m(z) as f32;
        let x_fluxes = Array3::from_shape_fn((nz, ny, nx + 1), |(z, y, x)| {
            let momentum = 0.5 * (met.momentum_x[[z, y, x.max(1) - 1]] + met.momentum_x[[z, y, x.min(nx - 1)]]);
            momentum * self.metric.west_face_m[y * (nx + 1) + x] * dz(z)
        });
        let y_fluxes = Array3::from_shape_fn((nz, ny + 1, nx), |(z, y, x)| {
            let momentum = 0.5 * (met.momentum_y[[z, y.max(1) - 1, x]] + met.momentum_y[[z, y.min(ny - 1), x]]);
            momentum * self.metric.south_face_m[y * nx + x] * dz(z)
        });
        (x_fluxes, y_fluxes)
    }

    fn column(&self, met: &MetOnGrid, cos_zenith: f32, wet: bool, c: usize) -> ColumnDiagnosis {
        let (nz, _, nx) = self.grid.shape();
        let (y, x) = (c / nx, c % nx);
        let centre: Vec<f32> = (0..nz).map(|k| self.grid.vertical.centre_m(k) as f32).collect();
        let theta: Vec<f32> = (0..nz)
            .map(|k| {
                let (t, p) = (f64::from(met.temperature[[k, y, x]]), f64::from(met.pressure[[k, y, x]]));
                moisture::virtual_potential_temperature(t, p, f64::from(met.specific_humidity[[k, y, x]])) as f32
            })
            .collect();
        let u: Vec<f32> = (0..nz).map(|k| met.momentum_x[[k, y, x]] / met.density[[k, y, x]]).collect();
        let v: Vec<f32> = (0..nz).map(|k| met.momentum_y[[k, y, x]] / met.density[[k, y, x]]).collect();
        let layer = self.surface_layer(met, (y, x), theta[0], centre[0]);
        let height = match &met.mixing_height {
            Some(h) => h[[y, x]],
            None => {
                mixing_height(&Column { height_m: &centre, theta_v_k: &theta, wind_u_m_s: &u, wind_v_m_s: &v }, &layer)
            }
        };
        let height = (self.perturbed.map_or(1.0, |p| p.mixing_height) * height).max(LOWEST_MIXING_HEIGHT);
        let inner: Vec<f32> = self.grid.vertical.interfaces_m[1..nz].iter().map(|z| *z as f32).collect();
        let mut exchange_velocity: Vec<f32> = (0..nz - 1)
            .map(|k| {
                let depth = centre[k + 1] - centre[k];
                let local = Stratification::between(theta[k], theta[k + 1], u[k + 1] - u[k], v[k + 1] - v[k], depth);
                diffusivity(inner[k], &layer, height, &local, self.surface.minimum_diffusivity_m2_s) / depth
            })
            .collect();
        let mut descent_velocity = vec![0.0; nz - 1];
        nonlocal_mixing::split(&mut exchange_velocity, &mut descent_velocity, &inner, &layer, height);
        let state = surface_state(met, cos_zenith, wet, (y, x));
        let deposition = Species::ALL.map(|s| deposition_velocity(s, &state, &layer, centre[0]));
        ColumnDiagnosis { mixing_height: height, exchange_velocity, descent_velocity, deposition }
    }

    fn surface_layer(&self, met: &MetOnGrid, at: (usize, usize), theta_lowest: f32, lowest: f32) -> SurfaceLayer {
        let at = [at.0, at.1];
        let (t2, density) = (met.temperature_2m[at], met.density[[0, at[0], at[1]]]);
        let wind = met.wind_east_10m[at].hypot(met.wind_north_10m[at]);
        let roughness = self.surface.roughness_m;
        match (&met.friction_velocity, &met.heat_flux) {
            (Some(u_star), Some(heat)) => SurfaceLayer::from_fluxes(u_star[at], heat[at], t2, density, roughness),
            (None, Some(heat)) => SurfaceLayer::from_wind_and_heat_flux(wind, 10.0, heat[at], t2, density, roughness),
            (_, None) => {
                let p = f64::from(met.surface_pressure[at]);
                let q = f64::from(met.specific_humidity[[0, at[0], at[1]]]);
                SurfaceLayer::from_profile(&Profile {
                    wind_m_s: wind,
                    wind_height_m: 10.0,
                    theta_lower_k: moisture::virtual_potential_temperature(f64::from(t2), p, q) as f32,
                    lower_height_m: 2.0,
                    theta_upper_k: theta_lowest,
                    upper_height_m: lowest.max(4.0),
                    roughness_m: roughness,
                    density_kg_m3: density,
                })
            }
        }
    }

    fn wet_loss(&self, met: &MetOnGrid, rain: &Array2<f32>, humidity: &Array3<f32>) -> Option<Array4<f32>> {
        if rain.iter().all(|p| *p < WET_KG_M2_S) {
            return None;
        }
        let (nz, ny, nx) = self.grid.shape();
        let mut loss = Array4::zeros((Species::COUNT, nz, ny, nx));
        for y in 0..ny {
            for x in 0..nx {
                let rain = rain[[y, x]];
                if rain < WET_KG_M2_S {
                    continue;
                }
                // rain forms in the cloud and falls through all layers below its top
                let moisture = |k: usize| saturation(humidity[[k, y, x]], met.temperature[[k, y, x]]);
                let cloudy = |k: usize| met.cloud_water[[k, y, x]] > CLOUD_KG_KG || moisture(k) > CLOUD_HUMIDITY;
                // where no layer is a cloud, the moistest one is: the precipitation comes from somewhere
                let moistest = || (0..nz).max_by(|a, b| moisture(*a).total_cmp(&moisture(*b))).unwrap_or(0);
                let top = (0..nz).rev().find(|k| cloudy(*k)).unwrap_or_else(moistest);
                for k in 0..=top {
                    let zone = if cloudy(k) || k == top { Zone::InCloud } else { Zone::BelowCloud };
                    let form = Form::at(met.temperature[[k, y, x]]);
                    for s in Species::ALL {
                        loss[[s.index(), k, y, x]] = loss_rate(s, rain, zone, form);
                    }
                }
            }
        }
        Some(loss)
    }
}

fn surface_state(met: &MetOnGrid, cos_zenith: f32, wet: bool, (y, x): (usize, usize)) -> SurfaceState {
    let t2 = met.temperature_2m[[y, x]];
    let snow = met.snow.as_ref().map_or(t2 < SNOW_COVER_K, |s| s[[y, x]] > SNOW_COVER_KG_M2);
    let water = met.land.as_ref().is_some_and(|l| l[[y, x]] < 0.5);
    let cover = match () {
        () if water => Cover::Water,
        () if snow => Cover::Snow,
        () if t2 < DORMANT_K => Cover::Dormant,
        () => Cover::Green,
    };
    SurfaceState {
        cover,
        temperature_k: t2,
        pressure_pa: met.surface_pressure[[y, x]],
        shortwave_w_m2: met.shortwave.as_ref().map_or_else(|| clear_sky(cos_zenith), |s| s[[y, x]]),
        wet,
    }
}

/// Relative humidity over ice below freezing, over water above it, from that over water.
fn saturation(over_water: f32, temperature_k: f32) -> f32 {
    if temperature_k >= 273.15 {
        return over_water;
    }
    let t = f64::from(temperature_k);
    over_water * (moisture::saturation_pressure_water(t) / moisture::saturation_pressure_ice(t)) as f32
}

/// Clear-sky short-wave radiation at the ground [W m-2] (Holtslag & Van Ulden 1983, eq. 1: 990 sin(elevation) - 30).
fn clear_sky(cos_zenith: f32) -> f32 {
    (990.0 * cos_zenith - 30.0).max(0.0)
}

/// Fine particles [kg m-3] that the heterogeneous reactions meet: prescribed, so that sulphate and nitrate stay linear in emissions.
pub fn prescribed_fine_particles(driver: &HourDriver, grid: &Grid) -> Array3<f32> {
    let mut out = Array3::zeros(driver.density.dim());
    Zip::indexed(&mut out).for_each(|(k, y, x), v| {
        let inside = grid.vertical.centre_m(k) as f32 <= driver.mixing_height[[y, x]].max(200.0);
        *v = if inside { 60e-9 } else { 12e-9 };
    });
    out
}
