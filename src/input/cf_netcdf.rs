//! CF NetCDF on pressure levels with the surface fields in the same file (ERA5 and alike), latitude-longitude or projected.
//!
//! Sign and interval conventions are ECMWF's: fluxes downward positive (turned here), precipitation and radiation amounts over the
//! hour that ends at the time (ERA5: data documentation, "accumulations").

use super::Window;
use super::cf_axes::Axes;
use super::cf_time;
use super::humidity::{saturation_over_water_pa, specific_from_relative, specific_from_vapour, virtual_temperature};
use super::netcdf_file::{NetcdfFile, on_netcdf_thread};
use super::plausibility::{Sources, checked};
use super::pressure_levels::{Columns, Levels, Surface, above_ground};
use super::quantity::Quantity;
use super::reading::Reading;
use crate::constants::{GRAVITY, R_DRY};
use crate::domain::met_field::{FluxTime, MetField};
use crate::error::Result;
use chrono::{DateTime, Utc};
use std::path::Path;

/// Interval of ERA5 accumulations [s].
const HOUR_S: f32 = 3600.0;
const SOURCES: Sources = Sources {
    altitude: "altitude (z, zg)",
    pressure: "pressure (levels, sp)",
    temperature: "temperature (t)",
    humidity: "specific humidity (q or r)",
    wind_east: "eastward wind (u)",
    wind_north: "northward wind (v)",
};

// accepted names of a variable; the first is the one used in messages
const TEMPERATURE: &[&str] = &["t", "ta", "air_temperature"];
const WIND_EAST: &[&str] = &["u", "ua", "eastward_wind"];
const WIND_NORTH: &[&str] = &["v", "va", "northward_wind"];
const HUMIDITY: &[&str] = &["q", "hus", "specific_humidity"];
const RELATIVE_HUMIDITY: &[&str] = &["r", "hur", "relative_humidity"];
const HEIGHT: &[&str] = &["gh", "zg", "geopotential_height"];
const GEOPOTENTIAL: &[&str] = &["z", "geopotential"];
const TERRAIN: &[&str] = &["orog", "surface_altitude"];
const CLOUD_WATER: &[&str] = &["clwc", "clw"];
const CLOUD_ICE: &[&str] = &["ciwc", "cli"];
const SURFACE_PRESSURE: &[&str] = &["sp", "ps", "surface_air_pressure"];
const TEMPERATURE_2M: &[&str] = &["2t", "t2m", "tas"];
const DEW_POINT_2M: &[&str] = &["2d", "d2m", "tdps"];
const EAST_10M: &[&str] = &["10u", "u10", "uas"];
const NORTH_10M: &[&str] = &["10v", "v10", "vas"];

/// Reads all times of one file. With `window` only that part of a latitude-longitude grid is kept.
///
/// * Heights: geopotential or geopotential height on levels where given, else integrated hydrostatically from the surface pressure.
/// * An outer rim without data (remapped files) is cut off.
/// * Columns stand on the ground: see [`super::pressure_levels`].
/// * Friction velocity from the turbulent stresses `iews`, `inss` and the density of the air at 2 m.
///
/// # Errors
/// [`crate::error::Error::Missing`] or [`crate::error::Error::Format`] naming the variable and place.
pub fn read(path: &Path, window: Option<Window>) -> Result<Vec<MetField>> {
    Ok(readings(path, window)?.into_iter().map(|r| r.field).collect())
}

/// As [`read`], for [`super::meteorology`].
///
/// # Errors
/// As [`read`].
pub fn readings(path: &Path, window: Option<Window>) -> Result<Vec<Reading>> {
    let path = path.to_path_buf();
    on_netcdf_thread(move || {
        let file = NetcdfFile::open(&path)?;
        let source = Source::new(&file, window)?;
        cf_time::axis(&file, source.axes.time.as_deref())?
            .into_iter()
            .enumerate()
            .map(|(i, t)| source.reading(i, t))
            .collect()
    })
}

struct Source<'a> {
    file: &'a NetcdfFile,
    axes: Axes,
}

impl<'a> Source<'a> {
    fn new(file: &'a NetcdfFile, window: Option<Window>) -> Result<Self> {
        let temperature = need(file, TEMPERATURE, "air temperature on levels")?;
        let mut axes = Axes::new(file, temperature, window)?;
        axes.trim(file, need(file, SURFACE_PRESSURE, "surface pressure")?)?;
        Ok(Self { file, axes })
    }

    fn reading(&self, time: usize, valid_time: DateTime<Utc>) -> Result<Reading> {
        let surface = self.surface(time)?;
        let levels = self.levels(time)?;
        let place = || format!("{}", valid_time.format("%Y-%m-%d %H:%M UTC"));
        let Columns {
            points,
            altitude_m,
            pressure_pa,
            temperature_k,
            specific_humidity,
            wind_east_m_s,
            wind_north_m_s,
            cloud_water,
        } = above_ground(&levels, &surface).map_err(|e| self.file.error(place(), e, "a column"))?;
        let over_hour = |v: Vec<f32>| v.into_iter().map(|x| x / HOUR_S).collect::<Vec<f32>>();
        let upward = |v: Vec<f32>| v.into_iter().map(|x| -x).collect::<Vec<f32>>();
        let optional = |names: &[&str], quantity| self.optional(names, quantity, time);
        let field = MetField {
            valid_time,
            grid: self.axes.grid.clone(),
            levels: points,
            altitude_m,
            pressure_pa,
            temperature_k,
            specific_humidity,
            wind_east_m_s,
            wind_north_m_s,
            cloud_water,
            friction_velocity_m_s: self.friction_velocity(time, &surface)?,
            terrain_m: surface.terrain_m,
            surface_pressure_pa: surface.pressure_pa,
            temperature_2m_k: surface.temperature_2m_k,
            wind_10m_east_m_s: surface.wind_10m_east_m_s,
            wind_10m_north_m_s: surface.wind_10m_north_m_s,
            precipitation_kg_m2_s: match optional(&["tp"], Quantity::WaterMass)? {
                Some(amount) => Some(over_hour(amount)),
                None => optional(&["mtpr", "avg_tprate", "pr"], Quantity::WaterRate)?,
            },
            mixing_height_m: optional(&["blh"], Quantity::Height)?,
            flux_time: if self.file.has("ishf") { FluxTime::Instant } else { FluxTime::MeanSincePrevious },
            sensible_heat_flux_w_m2: match optional(&["ishf"], Quantity::Flux)? {
                Some(flux) => Some(upward(flux)),
                None => optional(&["sshf"], Quantity::Energy)?.map(|v| upward(over_hour(v))),
            },
            shortwave_w_m2: match optional(&["rsds", "msdwswrf", "avg_sdswrf"], Quantity::Flux)? {
                Some(flux) => Some(flux),
                None => optional(&["ssrd"], Quantity::Energy)?.map(over_hour),
            },
            snow_kg_m2: optional(&["sd", "snw"], Quantity::WaterMass)?,
            land_fraction: optional(&["lsm", "sftlf"], Quantity::Share)?,
        };
        let field = checked(self.file.path(), field, &SOURCES)?;
        Ok(Reading { path: self.file.path().to_path_buf(), field, rain: None, heat: None, shortwave: None })
    }

    fn surface(&self, time: usize) -> Result<Surface> {
        let flat = |names: &[&str], quantity, what| self.flat(need(self.file, names, what)?, quantity, time);
        let terrain = match self.optional(TERRAIN, Quantity::Height, time)? {
            Some(height) => height,
            None => {
                let name = self.of_rank(GEOPOTENTIAL, false).ok_or_else(|| {
                    self.file.error(
                        "variables orog, z",
                        "neither at the ground",
                        "the terrain height or the surface geopotential",
                    )
                })?;
                let geopotential = self.flat(name, Quantity::Geopotential, time)?;
                geopotential.into_iter().map(|z| (f64::from(z) / GRAVITY) as f32).collect()
            }
        };
        let pressure = flat(SURFACE_PRESSURE, Quantity::Pressure, "surface pressure")?;
        let dew_point = self.optional(DEW_POINT_2M, Quantity::Temperature, time)?;
        let humidity = dew_point.map(|d| {
            let at = |(d, p): (&f32, &f32)| {
                specific_from_vapour(saturation_over_water_pa(f64::from(*d)), f64::from(*p)) as f32
            };
            d.iter().zip(&pressure).map(at).collect()
        });
        Ok(Surface {
            terrain_m: terrain,
            temperature_2m_k: flat(TEMPERATURE_2M, Quantity::Temperature, "2 m temperature")?,
            specific_humidity_2m: humidity,
            wind_10m_east_m_s: flat(EAST_10M, Quantity::Speed, "10 m eastward wind")?,
            wind_10m_north_m_s: flat(NORTH_10M, Quantity::Speed, "10 m northward wind")?,
            pressure_pa: pressure,
        })
    }

    fn levels(&self, time: usize) -> Result<Levels> {
        let solid = |names: &[&str], quantity, what| self.solid(need(self.file, names, what)?, quantity, time);
        let pressure = self.axes.upward_pressure();
        let temperature = solid(TEMPERATURE, Quantity::Temperature, "air temperature")?;
        let cells = self.axes.grid.cells();
        let humidity = match find(self.file, HUMIDITY) {
            Some(name) => self.solid(name, Quantity::MassFraction, time)?,
            None => {
                let relative = solid(RELATIVE_HUMIDITY, Quantity::Percent, "specific (q) or relative humidity")?;
                let at = |(i, r): (usize, &f32)| {
                    let (t, p) = (f64::from(temperature[i]), f64::from(pressure[i / cells]));
                    specific_from_relative(f64::from(*r), t, p) as f32
                };
                relative.iter().enumerate().map(at).collect()
            }
        };
        let altitude = match (find(self.file, HEIGHT), self.of_rank(GEOPOTENTIAL, true)) {
            (Some(name), _) => Some(self.solid(name, Quantity::Height, time)?),
            (None, Some(name)) => {
                let geopotential = self.solid(name, Quantity::Geopotential, time)?;
                Some(geopotential.into_iter().map(|z| (f64::from(z) / GRAVITY) as f32).collect())
            }
            (None, None) => None,
        };
        let cloud = match (find(self.file, CLOUD_WATER), find(self.file, CLOUD_ICE)) {
            (None, _) => None,
            (Some(water), ice) => {
                let mut total = self.solid(water, Quantity::MassFraction, time)?;
                if let Some(ice) = ice {
                    let ice = self.solid(ice, Quantity::MassFraction, time)?;
                    total.iter_mut().zip(ice).for_each(|(a, b)| *a += b);
                }
                Some(total)
            }
        };
        Ok(Levels {
            pressure_pa: pressure,
            altitude_m: altitude,
            temperature_k: temperature,
            specific_humidity: humidity,
            wind_east_m_s: solid(WIND_EAST, Quantity::Speed, "eastward wind")?,
            wind_north_m_s: solid(WIND_NORTH, Quantity::Speed, "northward wind")?,
            cloud_water: cloud,
        })
    }

    /// u* = sqrt(|stress| / density), density p / (R Tv) at the surface pressure and 2 m (Stull, 1988, eq. 2.10b).
    fn friction_velocity(&self, time: usize, surface: &Surface) -> Result<Option<Vec<f32>>> {
        let stress = |name: &str| self.optional(&[name], Quantity::Stress, time);
        let (Some(east), Some(north)) = (stress("iews")?, stress("inss")?) else {
            return self.optional(&["zust"], Quantity::Speed, time);
        };
        let at = |c: usize| {
            let q = surface.specific_humidity_2m.as_ref().map_or(0.0, |q| q[c]);
            let virtual_t = virtual_temperature(f64::from(surface.temperature_2m_k[c]), f64::from(q));
            let density = f64::from(surface.pressure_pa[c]) / (R_DRY * virtual_t);
            (f64::from(east[c].hypot(north[c])) / density).sqrt() as f32
        };
        Ok(Some((0..east.len()).map(at).collect()))
    }

    fn flat(&self, name: &str, quantity: Quantity, time: usize) -> Result<Vec<f32>> {
        let slab = self.axes.slab(self.file, name, time, false)?;
        Ok(self.axes.arrange(&self.file.values(name, quantity, &slab)?, false))
    }

    fn optional(&self, names: &[&str], quantity: Quantity, time: usize) -> Result<Option<Vec<f32>>> {
        find(self.file, names).map(|name| self.flat(name, quantity, time)).transpose()
    }

    /// A field with levels; fill values (levels below the ground) stay NaN, the columns drop them.
    fn solid(&self, name: &str, quantity: Quantity, time: usize) -> Result<Vec<f32>> {
        let slab = self.axes.slab(self.file, name, time, true)?;
        Ok(self.axes.arrange(&self.file.values_or_gaps(name, quantity, &slab)?, true))
    }

    /// The variable of these names with or without the level axis: ERA5 calls the geopotential `z` in both places.
    fn of_rank<'n>(&self, names: &[&'n str], with_levels: bool) -> Option<&'n str> {
        let has_level = |name: &str| {
            self.file.dimensions(name).is_ok_and(|d| d.iter().any(|(n, _)| *n == self.axes.level)) == with_levels
        };
        names.iter().copied().find(|n| self.file.has(n) && has_level(n))
    }
}

fn find<'n>(file: &NetcdfFile, names: &[&'n str]) -> Option<&'n str> {
    names.iter().copied().find(|n| file.has(n))
}

fn need<'n>(file: &NetcdfFile, names: &[&'n str], what: &str) -> Result<&'n str> {
    find(file, names)
        .ok_or_else(|| file.error(format!("variable {}", names[0]), format!("no {what}"), format!("one of {names:?}")))
}
