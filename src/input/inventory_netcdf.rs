//! Gridded inventory as CF NetCDF: fluxes [kg m-2 s-1] on a longitude-latitude grid.
//!
//! - Coordinates: one-dimensional `lat` / `latitude` and `lon` / `longitude` (cell centres, either direction, longitudes to 180 or to
//!   360). Edges lie half-way between centres; spacing may vary by half.
//! - Emissions: every variable over `(lat, lon)` or `(time, lat, lon)` whose name is a pollutant or `<pollutant>_<sector>`, with an
//!   optional prefix `emi_`, `emis_` or `flux_`, in any case: `emi_co`, `nox_traffic`, `PM25_residential`. The attributes
//!   `substance` or `pollutant`, and `sector`, come before the name (EDGAR: `fluxes:substance = "NOx"`). Pollutants: so2, nox, co,
//!   nh3, nmvoc (voc), pm25 (pm2_5, pm2.5), pm10, bc, oc; sectors as in [`Sector::name`], without one [`Sector::Other`].
//! - Carbon dioxide, methane, nitrous oxide and variables in other units than a flux that are not named as a pollutant (cell areas,
//!   masks) are no emissions of this crate and are not read. Any other flux variable is refused by its name.
//! - Time: none, 1 step, or 12 months that are averaged with the days of each month of a year of 365 days.
//! - PM10 includes PM2.5 and stands in the same file, BC and OC are parts of PM2.5 and stand beside it: apart, they would be counted
//!   twice. Fill values are cells without emission.
//!
//! A source is the box of one cell and one sector, with county 0; its amount is flux x area of the cell on the sphere of
//! [`EARTH_RADIUS_M`] x seconds of a year.

use super::Window;
use super::netcdf_classic::check_length;
use super::netcdf_file::on_netcdf_thread;
use crate::constants::EARTH_RADIUS_M;
use crate::domain::source::{Amounts, Place, Sector, Source, Strength};
use crate::error::{Error, Result};
use crate::units::SECONDS_PER_YEAR;
use netcdf::{AttributeValue, Variable};
use std::collections::BTreeMap;
use std::path::Path;

/// Largest number of values of one variable that is read: twelve months of the globe at 0.1 degree are 78 million.
const VALUE_LIMIT: usize = 100_000_000;
/// NetCDF's fill value where a variable names none.
const DEFAULT_FILL: f64 = 9.969_209_968_386_869e36;
/// What stands for a fill value after reading.
const FILLED: f64 = f64::INFINITY;
/// Flux [kg m-2 s-1] above which a value cannot be an emission of a cell: 1 g m-2 s-1.
const FLUX_LIMIT: f64 = 1e-3;
const DAYS_OF_MONTHS: [f64; 12] = [31.0, 28.0, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0];
const UNREAD_GASES: [&str; 3] = ["co2", "ch4", "n2o"];

/// Edges of the cells along one axis and whether the file runs against it.
struct Axis {
    name: String,
    /// One more than cells, ascending.
    edges: Vec<f64>,
    descending: bool,
}

impl Axis {
    fn cells(&self) -> usize {
        self.edges.len() - 1
    }

    /// Lower and upper edge of the cell at position `i` of the file.
    fn bounds(&self, i: usize) -> (f64, f64) {
        let i = if self.descending { self.cells() - 1 - i } else { i };
        (self.edges[i], self.edges[i + 1])
    }
}

/// All sources of a file, in the order of sector, row and column of the file.
///
/// # Errors
/// As [`read_within`].
pub fn read(path: &Path) -> Result<Vec<Source>> {
    read_within(path, (-360.0, -90.0, 360.0, 90.0))
}

/// The sources whose cells touch `window`.
///
/// # Errors
/// `Missing` without the file; `Format`, naming variable and cell, when the file is no NetCDF or is cut short, when coordinates, units,
/// dimensions or names are not as documented above, or when a value is not finite, negative or impossibly large.
pub fn read_within(path: &Path, window: Window) -> Result<Vec<Source>> {
    if !path.is_file() {
        let remedy = "Put the file there or correct the path in the configuration";
        return Err(Error::missing("the gridded inventory", path, remedy));
    }
    // the netcdf crate panics on names that are not UTF-8 and on unknown types
    std::panic::catch_unwind(|| {
        let path = path.to_path_buf();
        on_netcdf_thread(move || read_open(&path, window))
    })
    .unwrap_or_else(|_| {
        Err(refuse(
            path,
            "the file",
            "names or types that cannot be read",
            "a NetCDF file with UTF-8 names and plain types",
        ))
    })
}

fn refuse(path: &Path, place: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> Error {
    Error::format(path, place, found, expected, "Correct or replace the file")
}

fn read_open(path: &Path, window: Window) -> Result<Vec<Source>> {
    check_length(path)?;
    let file = netcdf::open(path).map_err(|e| refuse(path, "the file", e.to_string(), "a NetCDF file"))?;
    let lat = axis(path, &file, ["lat", "latitude"], 90.0)?;
    let lon = axis(path, &file, ["lon", "longitude"], 360.0)?;
    let mut sectors: BTreeMap<Sector, BTreeMap<&'static str, Vec<f64>>> = BTreeMap::new();
    for variable in file.variables() {
        let Some((pollutant, sector)) = meaning(path, &variable, &lat, &lon)? else { continue };
        let flux = flux(path, &variable, &lat, &lon)?;
        if sectors.entry(sector).or_default().insert(pollutant, flux).is_some() {
            let found = format!("{pollutant} of {} a second time", sector.name());
            return Err(refuse(path, variable.name(), found, "one variable per pollutant and sector"));
        }
    }
    if sectors.is_empty() {
        let found = "no variable of a known pollutant over latitude and longitude";
        return Err(refuse(path, "the variables", found, "at least one such as `nox` or `emi_co`"));
    }
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let mut sources = Vec::new();
    for (sector, fluxes) in &sectors {
        check_parts(path, *sector, fluxes, &lon)?;
        for row in 0..lat.cells() {
            for column in 0..lon.cells() {
                let cell = row * lon.cells() + column;
                let kg_m2_s = |name: &str| fluxes.get(name).map_or(0.0, |f| f[cell]);
                if fluxes.values().all(|f| f[cell] == 0.0) {
                    continue;
                }
                let (south, north) = lat.bounds(row);
                let (west, east) = turn(lon.bounds(column));
                if !touches(window, (west, south, east, north)) {
                    continue;
                }
                let tonnes = area_m2(west, south, east, north) * SECONDS_PER_YEAR * 1e-3;
                sources.push(Source {
                    id: format!("{stem}/{}/{row}/{column}", sector.name()),
                    name: format!("{} {stem}", sector.name()),
                    sector: *sector,
                    adcode: 0,
                    place: Place::Cell { west, south, east, north },
                    strength: Strength::Annual(amounts(&kg_m2_s, tonnes)),
                    changes: Vec::new(),
                });
            }
        }
    }
    Ok(sources)
}

fn amounts(kg_m2_s: &impl Fn(&str) -> f64, tonnes: f64) -> Amounts {
    let t = |name: &str| kg_m2_s(name) * tonnes;
    Amounts {
        so2: t("so2"),
        nox: t("nox"),
        co: t("co"),
        nh3: t("nh3"),
        nmvoc: t("nmvoc"),
        pm25: t("pm25"),
        pm10: t("pm10").max(t("pm25")),
        bc: t("bc"),
        oc: t("oc"),
    }
}

fn axis(path: &Path, file: &netcdf::File, names: [&str; 2], limit: f64) -> Result<Axis> {
    let expected = format!("a one-dimensional variable `{}` or `{}` of cell centres in degrees", names[0], names[1]);
    let Some(variable) = file.variables().find(|v| names.contains(&v.name().to_lowercase().as_str())) else {
        return Err(refuse(path, "the coordinates", "none of these names", expected));
    };
    let name = variable.name();
    let [dimension] = variable.dimensions() else {
        return Err(refuse(path, name, format!("{} dimensions", variable.dimensions().len()), expected));
    };
    let dimension = dimension.name();
    let mut centres = values(path, &variable)?;
    if centres.len() < 2 {
        return Err(refuse(path, name, format!("{} values", centres.len()), "at least 2 cell centres"));
    }
    let descending = centres[0] > centres[1];
    if descending {
        centres.reverse();
    }
    let steps: Vec<f64> = centres.windows(2).map(|w| w[1] - w[0]).collect();
    let mean = (centres[centres.len() - 1] - centres[0]) / steps.len() as f64;
    if !(mean > 0.0 && steps.iter().all(|s| (0.5 * mean..=1.5 * mean).contains(s))) {
        return Err(refuse(path, name, "values that do not run evenly in one direction", "evenly spaced cell centres"));
    }
    if centres.iter().any(|c| c.abs() > limit) || (limit > 90.0 && mean * centres.len() as f64 > 360.001) {
        let found = format!("values {} to {}", centres[0], centres[centres.len() - 1]);
        return Err(refuse(path, name, found, format!("degrees within {limit}, once around the Earth at most")));
    }
    let mut edges = vec![centres[0] - 0.5 * steps[0]];
    edges.extend(centres.windows(2).map(|w| 0.5 * (w[0] + w[1])));
    edges.push(centres[centres.len() - 1] + 0.5 * steps[steps.len() - 1]);
    if limit == 90.0 {
        edges.iter_mut().for_each(|e| *e = e.clamp(-90.0, 90.0));
    }
    Ok(Axis { name: dimension, edges, descending })
}

/// Pollutant and sector of a variable; `None` for one that is not an emission of this crate.
fn meaning(path: &Path, variable: &Variable<'_>, lat: &Axis, lon: &Axis) -> Result<Option<(&'static str, Sector)>> {
    let name = variable.name();
    let dimensions: Vec<String> = variable.dimensions().iter().map(netcdf::Dimension::name).collect();
    if !dimensions.contains(&lat.name) || !dimensions.contains(&lon.name) {
        return Ok(None);
    }
    let units = text(variable, "units").unwrap_or_default();
    let lower = name.to_lowercase();
    let stem = ["emi_", "emis_", "flux_"].iter().find_map(|p| lower.strip_prefix(p)).unwrap_or(&lower);
    let (word, rest) = split(stem);
    let substance = text(variable, "substance").or_else(|| text(variable, "pollutant")).map(|s| s.to_lowercase());
    let Some(pollutant) = pollutant(substance.as_deref().unwrap_or(word)) else {
        let unread = UNREAD_GASES.contains(&substance.as_deref().map_or(word, |s| split(s).0));
        if unread || !is_flux(&units) {
            return Ok(None);
        }
        return Err(refuse(
            path,
            name,
            "a flux of an unknown pollutant",
            "so2, nox, co, nh3, nmvoc, pm25, pm10, bc or oc",
        ));
    };
    if !is_flux(&units) {
        return Err(refuse(path, name, format!("units `{units}`"), "kg m-2 s-1"));
    }
    // with the pollutant as an attribute the name says nothing about the sector
    let sector = text(variable, "sector").map(|s| s.to_lowercase());
    let sector = sector.as_deref().or(if substance.is_none() { rest } else { None });
    let sector = match sector {
        None => Sector::Other,
        Some(word) => Sector::from_name(word).ok_or_else(|| {
            let all: Vec<&str> = Sector::ALL.iter().map(|s| s.name()).collect();
            refuse(path, name, format!("sector `{word}`"), format!("one of {}", all.join(", ")))
        })?,
    };
    Ok(Some((pollutant, sector)))
}

/// `pm2_5_traffic` -> (`pm2_5`, `traffic`).
fn split(stem: &str) -> (&str, Option<&str>) {
    let skip = if stem.starts_with("pm2_5") { "pm2_5".len() } else { 0 };
    match stem[skip..].find('_') {
        Some(at) => (&stem[..skip + at], Some(&stem[skip + at + 1..])),
        None => (stem, None),
    }
}

fn pollutant(word: &str) -> Option<&'static str> {
    Some(match word {
        "so2" => "so2",
        "nox" => "nox",
        "co" => "co",
        "nh3" => "nh3",
        "nmvoc" | "voc" => "nmvoc",
        "pm25" | "pm2_5" | "pm2.5" => "pm25",
        "pm10" => "pm10",
        "bc" => "bc",
        "oc" => "oc",
        _ => return None,
    })
}

fn is_flux(units: &str) -> bool {
    let plain: String = units.to_lowercase().chars().filter(|c| !matches!(c, ' ' | '.' | '*' | '^')).collect();
    let plain = plain.replace("sec", "s");
    ["kgm-2s-1", "kgs-1m-2", "kg/m2/s", "kg/s/m2", "kg/(m2s)", "kg/(sm2)", "kg/m2s-1", "kgm-2/s", "kg/m2s"]
        .contains(&plain.as_str())
}

/// A text attribute without blanks and NUL bytes around it.
fn text(variable: &Variable<'_>, name: &str) -> Option<String> {
    match variable.attribute_value(name)? {
        Ok(AttributeValue::Str(s)) => Some(s.trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned()),
        _ => None,
    }
}

fn number(path: &Path, variable: &Variable<'_>, name: &str) -> Result<Option<f64>> {
    match variable.attribute_value(name) {
        None => Ok(None),
        Some(value) => value
            .and_then(f64::try_from)
            .map(Some)
            .map_err(|_| refuse(path, variable.name(), format!("attribute {name} that is no number"), "one number")),
    }
}

/// Unpacked values; a fill value comes back as [`FILLED`], no other value is that.
fn values(path: &Path, variable: &Variable<'_>) -> Result<Vec<f64>> {
    let name = variable.name();
    if variable.len() > VALUE_LIMIT {
        return Err(refuse(path, name, format!("{} values", variable.len()), format!("at most {VALUE_LIMIT}")));
    }
    let fill = [number(path, variable, "_FillValue")?, number(path, variable, "missing_value")?, Some(DEFAULT_FILL)];
    let scale = number(path, variable, "scale_factor")?.unwrap_or(1.0);
    let offset = number(path, variable, "add_offset")?.unwrap_or(0.0);
    let mut values: Vec<f64> = variable
        .get_values(..)
        .map_err(|e| refuse(path, &name, e.to_string(), "numbers that can be read to the end of the file"))?;
    // single-precision fill values and their nearest double differ in the last digits
    let is_fill = |v: f64| {
        fill.iter().flatten().any(|f| v == *f || (v - f).abs() <= 1e-6 * f.abs() || (v.is_nan() && f.is_nan()))
    };
    for (i, v) in values.iter_mut().enumerate() {
        let unpacked = *v * scale + offset;
        if is_fill(*v) {
            *v = FILLED;
        } else if unpacked.is_finite() {
            *v = unpacked;
        } else {
            return Err(refuse(path, format!("{name}, value {}", i + 1), v.to_string(), "a finite number"));
        }
    }
    Ok(values)
}

/// Annual mean flux per cell [kg m-2 s-1], rows and columns as in the file.
fn flux(path: &Path, variable: &Variable<'_>, lat: &Axis, lon: &Axis) -> Result<Vec<f64>> {
    let name = variable.name();
    let dimensions: Vec<String> = variable.dimensions().iter().map(netcdf::Dimension::name).collect();
    let cells = lat.cells() * lon.cells();
    let expected = format!("({}, {}), or time of 1 or 12 steps before them", lat.name, lon.name);
    let steps = match &dimensions[..] {
        [y, x] if *y == lat.name && *x == lon.name => 1,
        [_, y, x] if *y == lat.name && *x == lon.name => variable.len() / cells,
        _ => return Err(refuse(path, name, format!("dimensions ({})", dimensions.join(", ")), expected)),
    };
    let weights: &[f64] = match steps {
        1 => &[365.0],
        12 => &DAYS_OF_MONTHS,
        n => return Err(refuse(path, name, format!("{n} times"), expected)),
    };
    let values = values(path, variable)?;
    let mut mean = vec![0.0; cells];
    let mut filled = 0;
    for (i, &v) in values.iter().enumerate() {
        if v == FILLED {
            filled += 1;
            continue;
        }
        if !(0.0..=FLUX_LIMIT).contains(&v) {
            let (row, column) = (i % cells / lon.cells(), i % lon.cells());
            let place = format!("{name}, time {}, row {row}, column {column}", i / cells);
            return Err(refuse(path, place, v.to_string(), format!("a flux of 0 ..= {FLUX_LIMIT} kg m-2 s-1")));
        }
        mean[i % cells] += v * weights[i / cells] / 365.0;
    }
    if filled == values.len() {
        return Err(refuse(path, name, "nothing but fill values", "a flux somewhere"));
    }
    Ok(mean)
}

/// PM10 >= PM2.5 >= BC + OC in every cell, and no part without its whole.
fn check_parts(path: &Path, sector: Sector, fluxes: &BTreeMap<&'static str, Vec<f64>>, lon: &Axis) -> Result<()> {
    for (part, whole) in [("pm25", "pm10"), ("pm10", "pm25"), ("bc", "pm25"), ("oc", "pm25")] {
        let Some(p) = fluxes.get(part) else { continue };
        let place = format!("{part} of sector {}", sector.name());
        let Some(w) = fluxes.get(whole) else {
            return Err(refuse(path, place, format!("no {whole} beside it"), format!("{whole} in the same file")));
        };
        if part == "pm10" {
            continue;
        }
        // single precision and rounding of the provider
        if let Some(i) = (0..p.len()).find(|&i| p[i] > w[i] * 1.01) {
            let place = format!("{place}, row {}, column {}", i / lon.cells(), i % lon.cells());
            return Err(refuse(
                path,
                place,
                format!("{} above {whole} {}", p[i], w[i]),
                format!("{whole} that includes it"),
            ));
        }
    }
    Ok(())
}

/// Longitudes of a cell brought below 180.
fn turn((west, east): (f64, f64)) -> (f64, f64) {
    if west >= 180.0 { (west - 360.0, east - 360.0) } else { (west, east) }
}

fn touches((w, s, e, n): Window, (west, south, east, north): Window) -> bool {
    west < e && east > w && south < n && north > s
}

fn area_m2(west: f64, south: f64, east: f64, north: f64) -> f64 {
    EARTH_RADIUS_M.powi(2) * (east - west).to_radians() * (north.to_radians().sin() - south.to_radians().sin())
}
