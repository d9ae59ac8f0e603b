//! CF NetCDF on pressure or hybrid levels with the surface fields in the same file (ERA5 and alike), latitude-longitude or projected.
//!
//! Signs are ECMWF's: fluxes downward positive (turned here). Over which interval amounts are: [`super::cf_amounts`].

use super::Window;
use super::accumulation::Accumulation;
use super::cf_amounts;
use super::cf_axes::{Axes, Cut};
use super::cf_hybrid;
use super::cf_time;
use super::driver_needs::{Columns as Kind, Need, lacking};
use super::humidity::{saturation_over_water_pa, specific_from_relative, specific_from_vapour, virtual_temperature};
use super::hybrid_levels::HybridLevels;
use super::lowest_level::LowestLevel;
use super::netcdf_file::{NetcdfFile, on_netcdf_thread};
use super::plausibility::{Sources, checked};
use super::pressure_levels::{Columns, Levels, Surface, above_ground};
use super::quantity::Quantity;
use super::reading::{Reading, with_rates};
use crate::constants::{GRAVITY, R_DRY};
use crate::domain::met_field::{FluxTime, MetField};
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::path::Path;

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
const LOGARITHM_OF_SURFACE_PRESSURE: &[&str] = &["lnsp"];
const TEMPERATURE_2M: &[&str] = &["2t", "t2m", "tas"];
const DEW_POINT_2M: &[&str] = &["2d", "d2m", "tdps"];
const EAST_10M: &[&str] = &["10u", "u10", "uas"];
const NORTH_10M: &[&str] = &["10v", "v10", "vas"];
const RAIN: &[&str] = &["tp"];
const RAIN_RATE: &[&str] = &["mtpr", "avg_tprate", "pr"];
const MIXING_HEIGHT: &[&str] = &["blh"];
const STRESS: [&str; 2] = ["iews", "inss"];
const FRICTION_VELOCITY: &[&str] = &["zust"];
const HEAT_FLUX: &[&str] = &["ishf"];
const HEAT: &[&str] = &["sshf"];
const SHORTWAVE_FLUX: &[&str] = &["rsds", "msdwswrf", "avg_sdswrf"];
const SHORTWAVE: &[&str] = &["ssrd"];
const SNOW: &[&str] = &["sd", "snw"];
const LAND: &[&str] = &["lsm", "sftlf"];

/// What the model takes from a file, by the names of its variables; positions and times are not looked at.
pub fn gives(file: &NetcdfFile) -> BTreeSet<Need> {
    let mut found = BTreeSet::new();
    let mut add = |need: Need, there: bool| {
        if there {
            found.insert(need);
        }
    };
    let has = |names: &[&str]| find(file, names).is_some();
    let level = level_axis(file);
    let on_levels = |name: &str| {
        let dimensions = file.dimensions(name).unwrap_or_default();
        level.as_ref().is_some_and(|l| dimensions.iter().any(|(d, _)| d == l))
    };
    let solid = |names: &[&str]| find(file, names).is_some_and(on_levels);
    for (need, names) in [
        (Need::Temperature, TEMPERATURE),
        (Need::WindEast, WIND_EAST),
        (Need::WindNorth, WIND_NORTH),
        (Need::CloudWater, CLOUD_WATER),
    ] {
        add(need, solid(names));
    }
    add(Need::Height, solid(HEIGHT) || GEOPOTENTIAL.iter().any(|n| file.has(n) && on_levels(n)));
    add(Need::Humidity, solid(HUMIDITY) || solid(RELATIVE_HUMIDITY));
    add(Need::SurfacePressure, has(SURFACE_PRESSURE) || has(LOGARITHM_OF_SURFACE_PRESSURE));
    // the geopotential has one name on levels and at the ground; which it is shows in the dimensions
    let ground = GEOPOTENTIAL.iter().any(|n| file.has(n) && !on_levels(n));
    add(Need::Terrain, has(TERRAIN) || ground);
    add(Need::Temperature2m, has(TEMPERATURE_2M));
    add(Need::Wind10m, has(EAST_10M) && has(NORTH_10M));
    add(Need::Humidity2m, has(DEW_POINT_2M));
    add(Need::Precipitation, has(RAIN) || has(RAIN_RATE));
    add(Need::MixingHeight, has(MIXING_HEIGHT));
    add(Need::FrictionVelocity, STRESS.iter().all(|n| file.has(n)) || has(FRICTION_VELOCITY));
    add(Need::SensibleHeat, has(HEAT_FLUX) || has(HEAT));
    add(Need::Shortwave, has(SHORTWAVE_FLUX) || has(SHORTWAVE));
    add(Need::Snow, has(SNOW));
    add(Need::Land, has(LAND));
    found
}

/// The axis of levels: the third from the last of the first variable that must have one.
fn level_axis(file: &NetcdfFile) -> Option<String> {
    let on_levels = [TEMPERATURE, WIND_EAST, WIND_NORTH, HUMIDITY].into_iter().find_map(|names| find(file, names))?;
    file.dimensions(on_levels).ok()?.into_iter().rev().nth(2).map(|d| d.0)
}

/// On what levels the variables of a file stand.
pub fn columns(file: &NetcdfFile) -> Kind {
    match level_axis(file).map(|l| cf_hybrid::Terms::of(file, &l)) {
        Some(Ok(Some(_))) => Kind::TerrainFollowing,
        _ => Kind::Pressure,
    }
}

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
    Ok(with_rates(readings(path, window)?))
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
        let times = cf_time::axis(&file, source.axes.time.as_deref())?;
        let (since, first) = (source.since(&times)?, times[0]);
        times.into_iter().zip(since).enumerate().map(|(i, (t, since))| source.reading(i, t, (since, first))).collect()
    })
}

struct Source<'a> {
    file: &'a NetcdfFile,
    axes: Axes,
    /// `None`: levels of pressure.
    hybrid: Option<HybridLevels>,
}

impl<'a> Source<'a> {
    fn new(file: &'a NetcdfFile, window: Option<Window>) -> Result<Self> {
        if let Some(refusal) = refusal(file) {
            return Err(refusal);
        }
        let temperature = need(file, TEMPERATURE, "air temperature on levels")?;
        let mut axes = Axes::on_levels(file, temperature, window.map(Cut::AsFarAsItGoes), |l| {
            cf_hybrid::nominal_pressure(file, l)
        })?;
        let hybrid = cf_hybrid::upward(file, &axes.level)?;
        let pressure = find(file, SURFACE_PRESSURE).or_else(|| find(file, LOGARITHM_OF_SURFACE_PRESSURE));
        axes.trim(file, pressure.unwrap_or(SURFACE_PRESSURE[0]))?;
        Ok(Self { file, axes, hybrid })
    }

    /// Start of the amounts at each of `times`.
    fn since(&self, times: &[DateTime<Utc>]) -> Result<Vec<Option<DateTime<Utc>>>> {
        let begins = cf_time::begins(self.file, self.axes.time.as_deref())?;
        let of_times = |b: &Vec<DateTime<Utc>>| b.len() == times.len() && b.iter().zip(times).all(|(b, t)| b <= t);
        if let Some(begins) = begins.filter(of_times) {
            return Ok(begins.into_iter().map(Some).collect());
        }
        // sunshine tells best, since it falls every afternoon
        let all = |names: &[&str], quantity| -> Result<Option<Vec<Vec<f32>>>> {
            (0..times.len()).map(|time| self.optional(names, quantity, time)).collect()
        };
        let amounts = match all(SHORTWAVE, Quantity::Energy)? {
            Some(sunshine) => Some(sunshine),
            None => all(RAIN, Quantity::WaterMass)?,
        };
        Ok(cf_amounts::since(times, amounts.as_deref()))
    }

    /// `since`: the start of the amounts; `first`: the first time of the file.
    fn reading(
        &self,
        time: usize,
        valid_time: DateTime<Utc>,
        (since, first): (Option<DateTime<Utc>>, DateTime<Utc>),
    ) -> Result<Reading> {
        let place = || format!("{}", valid_time.format("%Y-%m-%d %H:%M UTC"));
        let (columns, surface) = match &self.hybrid {
            Some(hybrid) => self.hybrid_columns(hybrid, time)?,
            None => {
                let surface = self.surface(time, None)?;
                let pressure = self.axes.upward_pressure();
                let levels = self.levels(time, &|level, _| f64::from(pressure[level]))?;
                let columns = above_ground(&levels, &surface).map_err(|e| self.file.error(place(), e, "a column"))?;
                (columns, surface)
            }
        };
        let Columns {
            points,
            altitude_m,
            pressure_pa,
            temperature_k,
            specific_humidity,
            wind_east_m_s,
            wind_north_m_s,
            cloud_water,
        } = columns;
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
            precipitation_kg_m2_s: optional(RAIN_RATE, Quantity::WaterRate)?,
            mixing_height_m: optional(MIXING_HEIGHT, Quantity::Height)?,
            flux_time: if self.file.has("ishf") { FluxTime::Instant } else { FluxTime::MeanSincePrevious },
            sensible_heat_flux_w_m2: optional(HEAT_FLUX, Quantity::Flux)?.map(upward),
            shortwave_w_m2: optional(SHORTWAVE_FLUX, Quantity::Flux)?,
            snow_kg_m2: optional(SNOW, Quantity::WaterMass)?,
            land_fraction: optional(LAND, Quantity::Share)?,
        };
        let field = checked(self.file.path(), field, &SOURCES)?;
        let amount = |v: Vec<f32>| Accumulation::new(since, v, &self.axes.grid);
        // a flux of the moment is taken before the mean of an interval
        let unless = |given: bool, names: &[&str]| if given { Ok(None) } else { optional(names, Quantity::Energy) };
        Ok(Reading {
            rain: optional(RAIN, Quantity::WaterMass)?.map(amount),
            // heat has either sign: where it began anew does not show, so it has no difference over files of unknown start
            heat: unless(field.sensible_heat_flux_w_m2.is_some(), HEAT)?
                .map(|v| amount(upward(v)).of_run(since.is_none().then_some(first))),
            shortwave: unless(field.shortwave_w_m2.is_some(), SHORTWAVE)?.map(amount),
            path: self.file.path().to_path_buf(),
            field,
        })
    }

    fn terrain(&self, time: usize) -> Result<Vec<f32>> {
        if let Some(height) = self.optional(TERRAIN, Quantity::Height, time)? {
            return Ok(height);
        }
        let name = self.of_rank(GEOPOTENTIAL, false).ok_or_else(|| {
            let expected = "the terrain height or the surface geopotential";
            self.file.error("variables orog, z", "neither at the ground", expected)
        })?;
        Ok(metres(self.flat(name, Quantity::Geopotential, time)?))
    }

    fn surface_pressure(&self, time: usize) -> Result<Vec<f32>> {
        match (find(self.file, SURFACE_PRESSURE), find(self.file, LOGARITHM_OF_SURFACE_PRESSURE)) {
            (None, Some(logarithm)) => {
                let values = self.flat(logarithm, Quantity::Number, time)?;
                Ok(values.into_iter().map(|v| f64::from(v).exp() as f32).collect())
            }
            _ => self.flat(need(self.file, SURFACE_PRESSURE, "surface pressure")?, Quantity::Pressure, time),
        }
    }

    /// The surface; missing 2 m temperature and 10 m wind from the lowest level where there is one.
    fn surface(&self, time: usize, lowest: Option<&LowestLevel>) -> Result<Surface> {
        let flat = |names: &[&str], quantity, what| self.flat(need(self.file, names, what)?, quantity, time);
        let pressure = self.surface_pressure(time)?;
        let dew_point = self.optional(DEW_POINT_2M, Quantity::Temperature, time)?;
        let humidity = dew_point.map(|d| {
            let at = |(d, p): (&f32, &f32)| {
                specific_from_vapour(saturation_over_water_pa(f64::from(*d)), f64::from(*p)) as f32
            };
            d.iter().zip(&pressure).map(at).collect()
        });
        let wind = find(self.file, EAST_10M).is_some() && find(self.file, NORTH_10M).is_some();
        let (east, north) = match lowest {
            Some(lowest) if !wind => lowest.wind_10m(),
            _ => (
                flat(EAST_10M, Quantity::Speed, "10 m eastward wind")?,
                flat(NORTH_10M, Quantity::Speed, "10 m northward wind")?,
            ),
        };
        Ok(Surface {
            terrain_m: self.terrain(time)?,
            temperature_2m_k: match (lowest, find(self.file, TEMPERATURE_2M)) {
                (Some(lowest), None) => lowest.temperature_2m(&pressure),
                _ => flat(TEMPERATURE_2M, Quantity::Temperature, "2 m temperature")?,
            },
            specific_humidity_2m: humidity,
            wind_10m_east_m_s: east,
            wind_10m_north_m_s: north,
            pressure_pa: pressure,
        })
    }

    fn hybrid_columns(&self, hybrid: &HybridLevels, time: usize) -> Result<(Columns, Surface)> {
        let (terrain, ground, cells) = (self.terrain(time)?, self.surface_pressure(time)?, self.axes.grid.cells());
        // those of the axis are nominal: pressures follow from each column's ground
        let levels = self.levels(time, &|level, cell| hybrid.full[level].pressure_pa(f64::from(ground[cell])))?;
        let (pressure, altitude) = hybrid.heights(&ground, &terrain, &levels.temperature_k, &levels.specific_humidity);
        let surface = self.surface(
            time,
            Some(&LowestLevel {
                height_m: altitude[..cells].iter().zip(&terrain).map(|(z, t)| z - t).collect(),
                pressure_pa: &pressure[..cells],
                temperature_k: &levels.temperature_k[..cells],
                humidity: &levels.specific_humidity[..cells],
                east_m_s: &levels.wind_east_m_s[..cells],
                north_m_s: &levels.wind_north_m_s[..cells],
            }),
        )?;
        let columns = Columns {
            points: hybrid.full.len(),
            altitude_m: altitude,
            pressure_pa: pressure,
            temperature_k: levels.temperature_k,
            specific_humidity: levels.specific_humidity,
            wind_east_m_s: levels.wind_east_m_s,
            wind_north_m_s: levels.wind_north_m_s,
            cloud_water: levels.cloud_water,
        };
        Ok((columns, surface))
    }

    /// The fields on levels; `pressure` [Pa] is that of a level, upward, in a cell.
    fn levels(&self, time: usize, pressure: &dyn Fn(usize, usize) -> f64) -> Result<Levels> {
        let solid = |names: &[&str], quantity, what| self.solid(need(self.file, names, what)?, quantity, time);
        let temperature = solid(TEMPERATURE, Quantity::Temperature, "air temperature")?;
        let cells = self.axes.grid.cells();
        let humidity = match find(self.file, HUMIDITY) {
            Some(name) => self.solid(name, Quantity::MassFraction, time)?,
            None => {
                let relative = solid(RELATIVE_HUMIDITY, Quantity::Percent, "specific (q) or relative humidity")?;
                let at = |(i, r): (usize, &f32)| {
                    let (t, p) = (f64::from(temperature[i]), pressure(i / cells, i % cells));
                    specific_from_relative(f64::from(*r), t, p) as f32
                };
                relative.iter().enumerate().map(at).collect()
            }
        };
        let altitude = match (find(self.file, HEIGHT), self.of_rank(GEOPOTENTIAL, true)) {
            (Some(name), _) => Some(self.solid(name, Quantity::Height, time)?),
            (None, Some(name)) => Some(metres(self.solid(name, Quantity::Geopotential, time)?)),
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
            pressure_pa: self.axes.upward_pressure(),
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
        let (Some(east), Some(north)) = (stress(STRESS[0])?, stress(STRESS[1])?) else {
            return self.optional(FRICTION_VELOCITY, Quantity::Speed, time);
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

/// Geopotential [m2 s-2] to geopotential height [m].
fn metres(geopotential: Vec<f32>) -> Vec<f32> {
    geopotential.into_iter().map(|z| (f64::from(z) / GRAVITY) as f32).collect()
}

/// The refusal of a file that lacks what the model needs, with all of it.
fn refusal(file: &NetcdfFile) -> Option<Error> {
    let mut have = gives(file);
    have.extend([Need::Position, Need::Time]);
    let lacking = lacking(&have, columns(file));
    if lacking.is_empty() {
        return None;
    }
    let variables = [
        (Need::Temperature, TEMPERATURE),
        (Need::Humidity, HUMIDITY),
        (Need::WindEast, WIND_EAST),
        (Need::WindNorth, WIND_NORTH),
        (Need::SurfacePressure, SURFACE_PRESSURE),
        (Need::Terrain, TERRAIN),
        (Need::Temperature2m, TEMPERATURE_2M),
        (Need::Wind10m, EAST_10M),
    ];
    let absent: Vec<&str> =
        variables.iter().filter(|(n, _)| lacking.contains(&n.name().1)).map(|(_, names)| names[0]).collect();
    Some(Error::format(
        file.path(),
        format!("variable {}", absent.join(", ")),
        format!("no {}", lacking.join(", no ")),
        "all fields that the model needs in one file",
        "Put all variables of a time into one file, for example with `cdo merge`",
    ))
}

fn find<'n>(file: &NetcdfFile, names: &[&'n str]) -> Option<&'n str> {
    names.iter().copied().find(|n| file.has(n))
}

fn need<'n>(file: &NetcdfFile, names: &[&'n str], what: &str) -> Result<&'n str> {
    find(file, names)
        .ok_or_else(|| file.error(format!("variable {}", names[0]), format!("no {what}"), format!("one of {names:?}")))
}
