//! GRIB2 of global models on pressure levels (GFS, ECMWF open data) or hybrid levels (ECMWF), any number of files.

use super::Window;
use super::accumulation::Accumulation;
use super::driver_needs::{Columns as Kind, Need, lacking};
use super::grib2_columns::Fields;
use super::grib2_crop::Crop;
use super::grib2_message::{Field, LatLon, fields};
use super::grib2_names::{HYBRID, ISOBARIC, Name, name};
use super::grib2_product::{Parameter, Process, When};
use super::isolation::place::reached;
use super::plausibility::{Sources, checked};
use super::pressure_levels::Columns;
use super::reading::{Reading, with_rates};
use crate::domain::met_field::{FluxTime, MetField};
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Levels above this pressure [Pa] (20 km) lie above every model top and are not read.
pub(super) const HIGHEST_PA: i64 = 5000;

/// Sources of the fields, for messages.
pub const SOURCES: Sources = Sources {
    altitude: "altitude (geopotential height 0/3/5, geopotential 0/3/4)",
    pressure: "pressure (isobaric levels, surface pressure 0/3/0)",
    temperature: "temperature (0/0/0)",
    humidity: "specific humidity (0/1/0 or 0/1/1)",
    wind_east: "eastward wind (0/2/2)",
    wind_north: "northward wind (0/2/3)",
};

/// Where a field lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Place {
    /// At the ground or a fixed height above it.
    Ground,
    /// On a level of pressure [Pa].
    Pressure(i64),
    /// On a hybrid level, 1 the highest.
    Hybrid(i64),
}

impl Place {
    fn of(parameter: &Parameter, name: Name) -> Self {
        match parameter.surface {
            ISOBARIC => Self::Pressure(parameter.level),
            HYBRID if !matches!(name, Name::LogarithmOfSurfacePressure | Name::SurfaceGeopotential) => {
                Self::Hybrid(parameter.level)
            }
            _ => Self::Ground,
        }
    }
}

/// Reads all files together, sorted by time: fields of one time may lie in several files.
///
/// * With `window` only its cells and two around them are kept; the grid's rows go northward and its longitudes lie within half a
///   turn of the window. Only rows up to the window's last are unpacked.
/// * Levels above 50 hPa are not read. Pressure levels are those with height, temperature, both winds and humidity; a level that lacks
///   one is left out above 100 hPa and an error below. A missing level of cloud water is 0. Columns: see [`super::pressure_levels`].
/// * Hybrid levels, from the lowest up without a gap: heights by [`super::hybrid_levels`]; 2 m temperature and 10 m wind where missing
///   by [`super::lowest_level`].
/// * Terrain and land that only one time has hold for all times.
/// * Rates come from amounts or means over intervals ([`super::accumulation::rates`]); of several intervals that end at one time the
///   shortest counts, and an instantaneous value only without any.
/// * A ready specific humidity is preferred to a relative one.
///
/// # Errors
/// [`crate::error::Error::Missing`] or [`crate::error::Error::Format`] naming file and message or the missing fields and time.
pub fn read(paths: &[PathBuf], window: Option<Window>) -> Result<Vec<MetField>> {
    Ok(with_rates(readings(paths, window)?))
}

/// All times, rates still accumulated.
///
/// # Errors
/// As [`read`].
pub fn readings(paths: &[PathBuf], window: Option<Window>) -> Result<Vec<Reading>> {
    together(paths.iter().map(|path| contents(path, window)).collect::<Result<_>>()?)
}

/// The fields of one file by their time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Contents {
    path: PathBuf,
    times: BTreeMap<DateTime<Utc>, Collected>,
}

impl Contents {
    /// Whether every field has a value for each of its cells.
    pub fn is_whole(&self) -> bool {
        self.times.values().all(Collected::is_whole)
    }
}

/// What one file holds.
///
/// # Errors
/// As [`read`].
pub fn contents(path: &Path, window: Option<Window>) -> Result<Contents> {
    let mut times: BTreeMap<DateTime<Utc>, Collected> = BTreeMap::new();
    let mut crop: Option<(LatLon, Crop)> = None;
    let all = fields(path, &wanted)?;
    let specific: BTreeSet<(Place, DateTime<Utc>)> = all
        .iter()
        .filter(|f| name(&f.parameter) == Some(Name::SpecificHumidity))
        .map(|f| Ok((Place::of(&f.parameter, Name::SpecificHumidity), f.when()?.end())))
        .collect::<Result<_>>()?;
    for field in all {
        let Some(name) = name(&field.parameter) else { continue };
        reached(|| field.place());
        let when = field.when()?;
        deterministic(&field)?;
        let place = Place::of(&field.parameter, name);
        // of two humidities the ready one is unpacked
        let twice = name == Name::RelativeHumidity && specific.contains(&(place, when.end()));
        if twice || matches!(when, When::Interval { process: Process::Other(_), .. }) {
            continue;
        }
        let grid = field.grid()?;
        let crop = match &crop {
            Some((known, crop)) if *known == grid => crop,
            _ => &crop.insert((grid, Crop::new(&field, &grid, window)?)).1,
        };
        times.entry(when.end()).or_insert_with(|| Collected::new(path, crop)).add(&field, (name, place), when, crop)?;
    }
    Ok(Contents { path: path.to_path_buf(), times })
}

/// All times of several files: the fields of one time may lie in several of them.
///
/// # Errors
/// As [`read`].
pub fn together(files: Vec<Contents>) -> Result<Vec<Reading>> {
    let first = files.first().map_or_else(PathBuf::new, |f| f.path.clone());
    let mut times: BTreeMap<DateTime<Utc>, Collected> = BTreeMap::new();
    for (time, collected) in files.into_iter().flat_map(|f| f.times) {
        match times.entry(time) {
            Entry::Vacant(free) => {
                free.insert(collected);
            }
            Entry::Occupied(mut known) => known.get_mut().join(collected, time)?,
        }
    }
    if times.is_empty() {
        return Err(no_field_of_use(&first));
    }
    share_constants(&mut times);
    times.into_iter().map(|(time, collected)| collected.reading(time)).collect()
}

/// What the model takes below the highest level that is of use.
fn wanted(p: &Parameter) -> bool {
    name(p).is_some() && (p.surface != ISOBARIC || p.level >= HIGHEST_PA)
}

fn deterministic(field: &Field) -> Result<()> {
    let template = field.parameter.template;
    if !matches!(template, 1 | 11) {
        return Ok(());
    }
    let member = field.parameter.member.map_or("a member".to_owned(), |m| format!("member {m}"));
    Err(Error::format(
        &field.path,
        format!("{}, product definition template", field.place()),
        format!("4.{template}, {member} of an ensemble"),
        "4.0 or 4.8 (a deterministic forecast)",
        "Give the deterministic run",
    ))
}

/// The refusal of a file without a field that the model takes.
fn no_field_of_use(path: &Path) -> Error {
    let lacking = lacking(&BTreeSet::from([Need::Position, Need::Time]), Kind::Pressure);
    Error::format(
        path,
        "the whole file",
        format!("no field of use: no {}", lacking.join(", no ")),
        "meteorology on pressure or hybrid levels",
        "Check the file",
    )
}

/// Terrain and land of any time for the times without: ECMWF's open data have them at step 0 only.
fn share_constants(times: &mut BTreeMap<DateTime<Utc>, Collected>) {
    for name in [Name::Orography, Name::SurfaceGeopotential, Name::Land] {
        let key = (name, Place::Ground);
        let found = times.values().find_map(|c| Some((c.crop.clone(), c.instants.get(&key)?.clone())));
        let Some((crop, values)) = found else { continue };
        for collected in times.values_mut().filter(|c| c.crop == crop) {
            collected.instants.entry(key).or_insert_with(|| values.clone());
        }
    }
}

/// A field of an interval.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct OverInterval {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    process: Process,
    /// Start of the run that gives it.
    run: Option<DateTime<Utc>>,
    values: Vec<f32>,
}

/// Where a field comes from.
struct Origin<'a> {
    path: &'a Path,
    place: &'a str,
}

impl Origin<'_> {
    fn refuse(&self, what: &str, found: String, expected: String) -> Error {
        let remedy = "Give the files of one model run once each";
        Error::format(self.path, format!("{} ({what})", self.place), found, expected, remedy)
    }
}

/// All fields of one time.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Collected {
    path: PathBuf,
    crop: Crop,
    instants: BTreeMap<(Name, Place), Vec<f32>>,
    coordinates: Vec<f64>,
    intervals: BTreeMap<Name, OverInterval>,
}

impl Collected {
    fn new(path: &Path, crop: &Crop) -> Self {
        Self {
            path: path.to_path_buf(),
            crop: crop.clone(),
            instants: BTreeMap::new(),
            coordinates: Vec::new(),
            intervals: BTreeMap::new(),
        }
    }

    fn is_whole(&self) -> bool {
        let cells = self.crop.positions.len();
        let intervals = self.intervals.values().map(|i| &i.values);
        cells > 0
            && self.crop.grid.nx.checked_mul(self.crop.grid.ny) == Some(cells)
            && self.instants.values().chain(intervals).all(|v| v.len() == cells)
    }

    fn add(&mut self, field: &Field, (name, place): (Name, Place), when: When, crop: &Crop) -> Result<()> {
        let from = Origin { path: &field.path, place: &field.place() };
        self.same_grid(crop, &from)?;
        if matches!(place, Place::Hybrid(_)) && self.coordinates.is_empty() {
            self.coordinates = field.coordinates();
        }
        let all = field.first_values(crop.most)?;
        let values: Vec<f32> = crop.positions.iter().map(|&p| all[p]).collect();
        if let When::Interval { start, end, process } = when {
            self.add_interval(name, OverInterval { start, end, process, run: field.run(), values });
            return Ok(());
        }
        self.add_instant((name, place), values, &from)
    }

    /// Adds the fields of another file.
    fn join(&mut self, other: Self, time: DateTime<Utc>) -> Result<()> {
        let from = Origin { path: &other.path, place: &format!("fields of {}", time.format("%Y-%m-%d %H:%M UTC")) };
        self.same_grid(&other.crop, &from)?;
        for (key, values) in other.instants {
            self.add_instant(key, values, &from)?;
        }
        for (name, field) in other.intervals {
            self.add_interval(name, field);
        }
        if self.coordinates.is_empty() {
            self.coordinates = other.coordinates;
        }
        Ok(())
    }

    fn same_grid(&self, crop: &Crop, from: &Origin) -> Result<()> {
        if *crop == self.crop {
            return Ok(());
        }
        let grid = &crop.grid;
        let found = format!("a grid of {} x {} from {}, {}", grid.nx, grid.ny, grid.x0, grid.y0);
        Err(from.refuse("grid", found, format!("the grid of {}", self.path.display())))
    }

    /// Of several intervals with the same end the shortest says most about this time.
    fn add_interval(&mut self, name: Name, field: OverInterval) {
        if self.intervals.get(&name).is_none_or(|known| field.start > known.start) {
            self.intervals.insert(name, field);
        }
    }

    fn add_instant(&mut self, key: (Name, Place), values: Vec<f32>, from: &Origin) -> Result<()> {
        if self.instants.get(&key).is_some_and(|known| !same(known, &values)) {
            let (name, place) = key;
            let found = format!("other values at {place:?} than {} has for this time", self.path.display());
            return Err(from.refuse(&format!("{name:?}"), found, "one field".into()));
        }
        self.instants.insert(key, values);
        Ok(())
    }

    /// A field at the ground.
    fn optional(&self, name: Name) -> Option<Vec<f32>> {
        self.instants.get(&(name, Place::Ground)).cloned()
    }

    fn reading(self, time: DateTime<Utc>) -> Result<Reading> {
        let fields =
            Fields { instants: &self.instants, coordinates: &self.coordinates, cells: self.crop.positions.len() };
        let (columns, surface) = fields.columns().map_err(|found| {
            Error::format(
                &self.path,
                format!("fields of {}", time.format("%Y-%m-%d %H:%M UTC")),
                found,
                "all fields that the model needs, in sound columns",
                "Fetch the missing fields, or leave out this time; `hazecast met info` lists what a file holds",
            )
        })?;
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
        // snow or land masked over water counts 0 there
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
        Some(Accumulation::new(Some(i.start), total, &self.crop.grid).of_run(i.run))
    }
}

fn same(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x == y || (x.is_nan() && y.is_nan()))
}
