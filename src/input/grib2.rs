//! GRIB2 of global models on pressure levels (GFS, ECMWF open data), any number of files.

use super::Window;
use super::accumulation::Accumulation;
use super::grib2_message::{Field, LatLon, Parameter, Process, When, fields};
use super::humidity::{saturation_over_water_pa, specific_from_relative, specific_from_vapour};
use super::plausibility::{Sources, checked};
use super::pressure_levels::{Columns, Levels, Surface, above_ground};
use super::reading::{Reading, with_rates};
use crate::constants::GRAVITY;
use crate::domain::grid::HorizontalGrid;
use crate::domain::met_field::{FluxTime, MetField};
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Cells kept around the window, for interpolation.
const MARGIN_CELLS: f64 = 2.0;
/// Levels above this pressure [Pa] may lack a variable and are then left out.
const THIN_AIR_PA: i64 = 10_000;
/// Fewest levels.
const FEWEST_LEVELS: usize = 5;

/// Sources of the fields, for messages.
pub const SOURCES: Sources = Sources {
    altitude: "altitude (geopotential height 0/3/5)",
    pressure: "pressure (isobaric levels, surface pressure 0/3/0)",
    temperature: "temperature (0/0/0)",
    humidity: "specific humidity (0/1/0 or 0/1/1)",
    wind_east: "eastward wind (0/2/2)",
    wind_north: "northward wind (0/2/3)",
};

/// NCEP and ECMWF in common code table C-11.
const NCEP: u16 = 7;
const ECMWF: u16 = 98;

/// What is read: discipline, category, number and surface, the level and the centre where only one is meant. Numbers from 192 are
/// the centre's own (NCEP's 0/1/193 is categorical freezing rain, ECMWF's the total precipitation in metres), and sensible heat is
/// upward at NCEP.
const WANTED: [Wanted; 29] = [
    (Name::Height, (0, 3, 5, 100), None, None),
    (Name::Temperature, (0, 0, 0, 100), None, None),
    (Name::WindEast, (0, 2, 2, 100), None, None),
    (Name::WindNorth, (0, 2, 3, 100), None, None),
    (Name::RelativeHumidity, (0, 1, 1, 100), None, None),
    (Name::SpecificHumidity, (0, 1, 0, 100), None, None),
    (Name::CloudWater, (0, 1, 22, 100), None, None),
    (Name::CloudIce, (0, 1, 23, 100), None, None),
    (Name::SurfacePressure, (0, 3, 0, 1), None, None),
    (Name::Orography, (0, 3, 5, 1), None, None),
    (Name::SurfaceGeopotential, (0, 3, 4, 1), None, None),
    (Name::Temperature2m, (0, 0, 0, 103), Some(2), None),
    (Name::DewPoint2m, (0, 0, 6, 103), Some(2), None),
    (Name::SpecificHumidity2m, (0, 1, 0, 103), Some(2), None),
    (Name::RelativeHumidity2m, (0, 1, 1, 103), Some(2), None),
    (Name::WindEast10m, (0, 2, 2, 103), Some(10), None),
    (Name::WindNorth10m, (0, 2, 3, 103), Some(10), None),
    (Name::TotalPrecipitation, (0, 1, 8, 1), None, None),
    (Name::TotalPrecipitationMetres, (0, 1, 193, 1), None, Some(ECMWF)),
    (Name::PrecipitationRate, (0, 1, 7, 1), None, None),
    (Name::PrecipitationRate, (0, 1, 52, 1), None, None),
    (Name::MixingHeight, (0, 3, 196, 1), None, Some(NCEP)),
    (Name::MixingHeight, (0, 3, 18, 1), None, None),
    (Name::FrictionVelocity, (0, 2, 30, 1), None, None),
    (Name::SensibleHeat, (0, 0, 11, 1), None, Some(NCEP)),
    (Name::SnowWater, (0, 1, 13, 1), None, None),
    (Name::Land, (2, 0, 0, 1), None, None),
    (Name::Shortwave, (0, 4, 7, 1), None, None),
    (Name::Shortwave, (0, 4, 192, 1), None, Some(NCEP)),
];
type Wanted = (Name, (u8, u8, u8, u8), Option<i64>, Option<u16>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Height,
    Temperature,
    WindEast,
    WindNorth,
    RelativeHumidity,
    SpecificHumidity,
    CloudWater,
    CloudIce,
    SurfacePressure,
    Orography,
    SurfaceGeopotential,
    Temperature2m,
    DewPoint2m,
    SpecificHumidity2m,
    RelativeHumidity2m,
    WindEast10m,
    WindNorth10m,
    TotalPrecipitation,
    TotalPrecipitationMetres,
    PrecipitationRate,
    MixingHeight,
    FrictionVelocity,
    SensibleHeat,
    SnowWater,
    Land,
    Shortwave,
}

/// Whether a field is read.
pub fn takes(p: &Parameter) -> bool {
    name(p).is_some()
}

fn name(p: &Parameter) -> Option<Name> {
    let code = (p.discipline, p.category, p.number, p.surface);
    let fits = |w: &&Wanted| w.1 == code && w.2.is_none_or(|l| l == p.level) && w.3.is_none_or(|c| c == p.centre);
    WANTED.iter().find(fits).map(|w| w.0)
}

/// Reads all files together, sorted by time: fields of one time may lie in several files.
///
/// * With `window` only its cells and two around them are kept; the grid's rows go northward and its longitudes lie within half a
///   turn of the window.
/// * Pressure levels are those with height, temperature, both winds and humidity; a level that lacks one is left out above
///   100 hPa and an error below. A missing level of cloud water is 0. Columns: see [`super::pressure_levels`].
/// * Rates come from amounts or means over intervals ([`super::accumulation::rates`]); of several intervals that end at one time the
///   shortest counts, and an instantaneous value only without any.
/// * A ready specific humidity is preferred to a relative one.
///
/// # Errors
/// [`crate::error::Error::Missing`] or [`crate::error::Error::Format`] naming file and message or the missing field and time.
pub fn read(paths: &[PathBuf], window: Option<Window>) -> Result<Vec<MetField>> {
    Ok(with_rates(readings(paths, window)?))
}

/// All times, rates still accumulated.
///
/// # Errors
/// As [`read`].
pub fn readings(paths: &[PathBuf], window: Option<Window>) -> Result<Vec<Reading>> {
    let mut times: BTreeMap<DateTime<Utc>, Collected> = BTreeMap::new();
    for path in paths {
        let mut crop: Option<(LatLon, Crop)> = None;
        for field in fields(path, &|p| name(p).is_some())? {
            let grid = field.grid()?;
            let crop = match &crop {
                Some((known, crop)) if *known == grid => crop,
                _ => &crop.insert((grid, Crop::new(&field, &grid, window)?)).1,
            };
            let time = match field.when {
                When::Instant(t) => t,
                When::Interval { process: Process::Other(_), .. } => continue,
                When::Interval { end, .. } => end,
            };
            times.entry(time).or_insert_with(|| Collected::new(path, crop)).add(&field, crop)?;
        }
    }
    if times.is_empty() {
        let path = paths.first().map_or(Path::new(""), PathBuf::as_path);
        return Err(Error::format(
            path,
            "the whole file",
            "no field of use",
            "meteorology on pressure levels",
            "Check the file",
        ));
    }
    times.into_iter().map(|(time, collected)| collected.reading(time)).collect()
}

/// The cells of a message that are kept.
#[derive(Debug, Clone, PartialEq)]
struct Crop {
    grid: HorizontalGrid,
    /// Positions in the message of the kept cells, rows northward.
    positions: Vec<usize>,
}

impl Crop {
    fn new(field: &Field, g: &LatLon, window: Option<Window>) -> Result<Self> {
        let south = if g.northward { g.first_lat } else { g.first_lat - (g.nj as f64 - 1.0) * g.dj };
        let cyclic = (g.ni as f64 * g.di - 360.0).abs() < 0.5 * g.di;
        let (columns, rows, x0) = match window {
            // a longitude of the western half is written negative, whatever the message says
            None => {
                let west = if g.first_lon >= 180.0 { g.first_lon - 360.0 } else { g.first_lon };
                ((0, g.ni), (0, g.nj), west)
            }
            Some((west, south_edge, east, north_edge)) => {
                let refuse = || {
                    let path = &field.path;
                    let north = south + (g.nj as f64 - 1.0) * g.dj;
                    let found =
                        format!("longitudes from {} by {} ({}), latitudes {south} to {north}", g.first_lon, g.di, g.ni);
                    let expected = format!("a grid that holds {west} to {east} E, {south_edge} to {north_edge} N");
                    let remedy = "Fetch a file that covers the model grid";
                    Error::format(path, format!("{}, grid definition", field.place()), found, expected, remedy)
                };
                // the window's western edge in cells from the first point, on the turn of the circle nearest to the grid
                let middle = g.first_lon + 0.5 * (g.ni as f64 - 1.0) * g.di;
                let turn = ((0.5 * (west + east) - middle) / 360.0).round() * 360.0;
                let mut first = ((west - turn - g.first_lon) / g.di).floor() - MARGIN_CELLS;
                let mut last = ((east - turn - g.first_lon) / g.di).ceil() + MARGIN_CELLS;
                if !cyclic {
                    if first + MARGIN_CELLS < 0.0 || last - MARGIN_CELLS > g.ni as f64 - 1.0 {
                        return Err(refuse());
                    }
                    (first, last) = (first.max(0.0), last.min(g.ni as f64 - 1.0));
                } else if last - first + 1.0 > g.ni as f64 {
                    (first, last) = (0.0, g.ni as f64 - 1.0);
                }
                let bottom = ((south_edge - south) / g.dj).floor();
                let top = ((north_edge - south) / g.dj).ceil();
                if !(bottom >= 0.0 && top <= g.nj as f64 - 1.0 && bottom <= top && first <= last) {
                    return Err(refuse());
                }
                let bottom = (bottom - MARGIN_CELLS).max(0.0) as usize;
                let top = (top + MARGIN_CELLS).min(g.nj as f64 - 1.0) as usize;
                let start = first.rem_euclid(g.ni as f64) as usize;
                let count = (last - first) as usize + 1;
                ((start, count), (bottom, top - bottom + 1), g.first_lon + turn + first * g.di)
            }
        };
        let projection = format!("+proj=latlong +R={}", crate::constants::EARTH_RADIUS_M);
        let y0 = south + rows.0 as f64 * g.dj;
        let grid = HorizontalGrid::new(&projection, (columns.1, rows.1), (x0, y0), (g.di, g.dj)).map_err(|e| {
            Error::format(&field.path, format!("{}, grid definition", field.place()), e, "a grid", "Check the file")
        })?;
        let message_row = |row: usize| if g.northward { row } else { g.nj - 1 - row };
        let positions = (rows.0..rows.0 + rows.1)
            .flat_map(|row| (0..columns.1).map(move |c| (row, c)))
            .map(|(row, c)| message_row(row) * g.ni + (columns.0 + c) % g.ni)
            .collect();
        Ok(Self { grid, positions })
    }
}

/// A field of an interval.
struct OverInterval {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    process: Process,
    values: Vec<f32>,
}

/// All fields of one time.
struct Collected {
    path: PathBuf,
    crop: Crop,
    instants: BTreeMap<(Name, i64), Vec<f32>>,
    intervals: BTreeMap<Name, OverInterval>,
}

impl Collected {
    fn new(path: &Path, crop: &Crop) -> Self {
        Self { path: path.to_path_buf(), crop: crop.clone(), instants: BTreeMap::new(), intervals: BTreeMap::new() }
    }

    fn add(&mut self, field: &Field, crop: &Crop) -> Result<()> {
        let name = name(&field.parameter).expect("only wanted fields are read");
        let refuse = |found: String, expected: String| {
            let remedy = "Give the files of one model run once each";
            Err(Error::format(&field.path, format!("{} ({name:?})", field.place()), found, expected, remedy))
        };
        if *crop != self.crop {
            let found =
                format!("a grid of {} x {} from {}, {}", crop.grid.nx, crop.grid.ny, crop.grid.x0, crop.grid.y0);
            return refuse(found, format!("the grid of {}", self.path.display()));
        }
        let all = field.values()?;
        let values: Vec<f32> = crop.positions.iter().map(|&p| all[p]).collect();
        if let When::Interval { start, end, process } = field.when {
            // of several intervals with the same end the shortest says most about this time
            let shorter = self.intervals.get(&name).is_none_or(|known| start > known.start);
            if shorter {
                self.intervals.insert(name, OverInterval { start, end, process, values });
            }
            return Ok(());
        }
        let level = if field.parameter.surface == 100 { field.parameter.level } else { 0 };
        match self.instants.get(&(name, level)) {
            Some(known) if !same(known, &values) => refuse(
                format!("other values at level {level} than {} has for this time", self.path.display()),
                "one field".into(),
            ),
            _ => {
                self.instants.insert((name, level), values);
                Ok(())
            }
        }
    }

    fn missing(&self, what: &str, time: DateTime<Utc>) -> Error {
        Error::format(
            &self.path,
            format!("fields of {}", time.format("%Y-%m-%d %H:%M UTC")),
            format!("no {what}"),
            "all fields of the meteorology",
            "Fetch the missing field, or leave out this time",
        )
    }

    fn ground(&self, name: Name, what: &str, time: DateTime<Utc>) -> Result<Vec<f32>> {
        let values = self.optional(name).ok_or_else(|| self.missing(what, time))?;
        match values.iter().position(|v| !v.is_finite()) {
            None => Ok(values),
            Some(cell) => Err(self.missing(&format!("{what} in cell {cell}"), time)),
        }
    }

    /// A field at the ground; one with gaps (snow or land masked over water) counts 0 there.
    fn optional(&self, name: Name) -> Option<Vec<f32>> {
        self.instants.get(&(name, 0)).cloned()
    }

    fn reading(self, time: DateTime<Utc>) -> Result<Reading> {
        let levels = self.levels(time)?;
        let surface = self.surface(time)?;
        let wrong = |e: String| {
            Error::format(&self.path, format!("{}", time.format("%Y-%m-%d %H:%M UTC")), e, "a column", "Check the file")
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
        } = above_ground(&levels, &surface).map_err(wrong)?;
        let gapless =
            |name| self.optional(name).map(|v| v.into_iter().map(|x| if x.is_nan() { 0.0 } else { x }).collect());
        let whole = |name: Name| self.optional(name).filter(|v| v.iter().all(|x| x.is_finite()));
        let field = MetField {
            valid_time: time,
            grid: self.crop.grid.clone(),
            levels: points,
            altitude_m,
            pressure_pa,
            temperature_k,
            specific_humidity,
            wind_east_m_s,
            wind_north_m_s,
            cloud_water,
            terrain_m: surface.terrain_m,
            surface_pressure_pa: surface.pressure_pa,
            temperature_2m_k: surface.temperature_2m_k,
            wind_10m_east_m_s: surface.wind_10m_east_m_s,
            wind_10m_north_m_s: surface.wind_10m_north_m_s,
            precipitation_kg_m2_s: whole(Name::PrecipitationRate),
            mixing_height_m: whole(Name::MixingHeight),
            friction_velocity_m_s: whole(Name::FrictionVelocity),
            flux_time: FluxTime::MeanSincePrevious,
            sensible_heat_flux_w_m2: whole(Name::SensibleHeat),
            shortwave_w_m2: whole(Name::Shortwave),
            snow_kg_m2: gapless(Name::SnowWater),
            land_fraction: gapless(Name::Land),
        };
        let field = checked(&self.path, field, &SOURCES)?;
        let rain = self
            .amount(Name::TotalPrecipitation)
            .or_else(|| {
                let mut metres = self.amount(Name::TotalPrecipitationMetres)?;
                metres.total.iter_mut().for_each(|v| *v *= 1000.0);
                Some(metres)
            })
            .or_else(|| self.amount(Name::PrecipitationRate));
        let (heat, shortwave) = (self.amount(Name::SensibleHeat), self.amount(Name::Shortwave));
        Ok(Reading { path: self.path, field, rain, heat, shortwave })
    }

    /// An amount since its start from an accumulation or a mean.
    fn amount(&self, name: Name) -> Option<Accumulation> {
        let i = self.intervals.get(&name)?;
        let factor = match i.process {
            Process::Accumulation => 1.0,
            _ => (i.end - i.start).num_seconds() as f32,
        };
        let total = i.values.iter().map(|v| v * factor).collect();
        Some(Accumulation::new(Some(i.start), total, &self.crop.grid))
    }

    fn surface(&self, time: DateTime<Utc>) -> Result<Surface> {
        let pressure = self.ground(Name::SurfacePressure, "surface pressure (0/3/0)", time)?;
        let temperature = self.ground(Name::Temperature2m, "2 m temperature (0/0/0)", time)?;
        let terrain = match self.optional(Name::Orography) {
            Some(height) => height,
            None => {
                let geopotential =
                    self.ground(Name::SurfaceGeopotential, "orography (0/3/5 or 0/3/4 at the ground)", time)?;
                geopotential.into_iter().map(|z| (f64::from(z) / GRAVITY) as f32).collect()
            }
        };
        let from = |values: Vec<f32>, f: &dyn Fn(f64, f64, f64) -> f64| -> Vec<f32> {
            (0..values.len())
                .map(|c| f(f64::from(values[c]), f64::from(temperature[c]), f64::from(pressure[c])) as f32)
                .collect()
        };
        let humidity = self
            .optional(Name::SpecificHumidity2m)
            .or_else(|| Some(from(self.optional(Name::RelativeHumidity2m)?, &specific_from_relative)))
            .or_else(|| {
                let dew = self.optional(Name::DewPoint2m)?;
                Some(from(dew, &|d, _, p| specific_from_vapour(saturation_over_water_pa(d), p)))
            });
        Ok(Surface {
            terrain_m: terrain,
            specific_humidity_2m: humidity,
            wind_10m_east_m_s: self.ground(Name::WindEast10m, "10 m eastward wind (0/2/2)", time)?,
            wind_10m_north_m_s: self.ground(Name::WindNorth10m, "10 m northward wind (0/2/3)", time)?,
            pressure_pa: pressure,
            temperature_2m_k: temperature,
        })
    }

    /// The pressure levels, upward.
    fn levels(&self, time: DateTime<Utc>) -> Result<Levels> {
        let humidity = [Name::SpecificHumidity, Name::RelativeHumidity];
        let has = |name: Name, level: i64| self.instants.contains_key(&(name, level));
        let needed = [Name::Height, Name::Temperature, Name::WindEast, Name::WindNorth];
        let all: BTreeSet<i64> =
            self.instants.keys().filter(|k| needed.contains(&k.0) || humidity.contains(&k.0)).map(|k| k.1).collect();
        let mut kept = Vec::new();
        for &level in all.iter().rev() {
            let lacking = needed.iter().find(|&&n| !has(n, level)).map(|n| format!("{n:?}")).or_else(|| {
                let none = humidity.iter().all(|&n| !has(n, level));
                none.then(|| "RelativeHumidity or SpecificHumidity".to_owned())
            });
            match lacking {
                None => kept.push(level),
                Some(_) if level < THIN_AIR_PA => {}
                Some(what) => return Err(self.missing(&format!("{what} at {level} Pa"), time)),
            }
        }
        if kept.len() < FEWEST_LEVELS {
            let what = format!("more than {} pressure levels with height, temperature, winds and humidity", kept.len());
            return Err(self.missing(&what, time));
        }
        let stack = |name: Name| -> Vec<f32> {
            let absent = vec![0.0; self.crop.positions.len()];
            kept.iter().flat_map(|&l| self.instants.get(&(name, l)).unwrap_or(&absent).clone()).collect()
        };
        let temperature = stack(Name::Temperature);
        let cells = self.crop.positions.len();
        let mut specific = Vec::with_capacity(temperature.len());
        for (k, &level) in kept.iter().enumerate() {
            if let Some(q) = self.instants.get(&(Name::SpecificHumidity, level)) {
                specific.extend_from_slice(q);
                continue;
            }
            let relative = &self.instants[&(Name::RelativeHumidity, level)];
            specific.extend((0..cells).map(|c| {
                let t = f64::from(temperature[k * cells + c]);
                specific_from_relative(f64::from(relative[c]), t, level as f64) as f32
            }));
        }
        let any = |name: Name| kept.iter().any(|&l| has(name, l));
        let cloud = (any(Name::CloudWater) || any(Name::CloudIce)).then(|| {
            let (water, ice) = (stack(Name::CloudWater), stack(Name::CloudIce));
            water.into_iter().zip(ice).map(|(a, b)| a + b).collect()
        });
        Ok(Levels {
            pressure_pa: kept.iter().map(|&p| p as f32).collect(),
            altitude_m: Some(stack(Name::Height)),
            temperature_k: temperature,
            specific_humidity: specific,
            wind_east_m_s: stack(Name::WindEast),
            wind_north_m_s: stack(Name::WindNorth),
            cloud_water: cloud,
        })
    }
}

fn same(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x == y || (x.is_nan() && y.is_nan()))
}
