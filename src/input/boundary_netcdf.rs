//! Mixing ratios around the grid as CF NetCDF: `[time, level, lat, lon]` in kg per kg of air, with the names of CAMS global files.
//!
//! - Levels: a pressure coordinate, or hybrid levels, `p = a + b ps`: by `formula_terms` (CF "atmosphere_hybrid_sigma_pressure_coordinate",
//!   with `ap`, or `a` and `p0`), or by variables `hyam` and `hybm`. `ap` and `p0` must have units of pressure; `hyam` too, or `1` beside `p0`
//!   or `P0`. The provider's `ps` is not read: the model's takes its place.
//! - Times: `time` or `valid_time`.
//! - Variables: those of [`SpeciesMapping`].

use super::Window;
use super::cf_axes::Axes;
use super::cf_time;
use super::netcdf_file::{NetcdfFile, on_netcdf_thread};
use super::quantity::Quantity;
use crate::domain::boundary_field::{BoundaryField, Level};
use crate::domain::species::Species;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Mixing ratio [kg kg-1] above which a value is no pollutant in air.
const LARGEST: f32 = 1e-3;
/// Share of the largest value of a field below zero that packing leaves.
const PACKING: f32 = 1e-5;
/// Pressure [Pa] at which hybrid levels are put in order.
const NOMINAL_PA: f64 = 101_325.0;
/// Lowest and highest pressure at the ground [Pa] at which they must be in order.
const GROUND_PA: [f64; 2] = [50_000.0, 110_000.0];

/// Which variables make which species.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpeciesMapping {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Part {
    species: Species,
    /// Names of one variable; the first that a file holds is read.
    variables: Vec<String>,
    share: f32,
    optional: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "verified")]
    _verified: bool,
    part: Vec<RawPart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPart {
    species: String,
    variables: Vec<String>,
    share: f64,
    #[serde(default)]
    optional: bool,
}

impl SpeciesMapping {
    /// Reads `models/boundary_species.toml`.
    ///
    /// # Errors
    /// `Invalid` naming the part: an unknown species or the tracer, no variable, a share that is not 0 ..= 10.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let raw: Raw = toml::from_str(text)
            .map_err(|e| Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "a mapping of variables"))?;
        let part = |(i, raw): (usize, RawPart)| {
            let invalid = |field: &str, found: String, expected: &str| {
                Error::invalid(origin, format!("part {}, {field}", i + 1), found, expected)
            };
            let carried = |s: &Species| *s != Species::Tracer && s.name() == raw.species;
            let species = Species::ALL.into_iter().find(carried);
            let species = species.ok_or_else(|| invalid("species", raw.species.clone(), "a transported species"))?;
            if raw.variables.is_empty() {
                return Err(invalid("variables", "none".into(), "one name or more"));
            }
            if !(0.0..=10.0).contains(&raw.share) {
                return Err(invalid("share", raw.share.to_string(), "0 ..= 10"));
            }
            Ok(Part { species, variables: raw.variables, share: raw.share as f32, optional: raw.optional })
        };
        let parts = raw.part.into_iter().enumerate().map(part).collect::<Result<Vec<_>>>()?;
        if parts.is_empty() {
            return Err(Error::invalid(origin, "part", "none", "one part or more"));
        }
        Ok(Self { parts })
    }

    /// The species that a whole file gives.
    pub fn species(&self) -> Vec<Species> {
        Species::ALL.into_iter().filter(|s| self.parts.iter().any(|p| p.species == *s)).collect()
    }

    /// The parts that both have.
    pub fn common(&self, other: &Self) -> Self {
        Self { parts: self.parts.iter().filter(|p| other.parts.contains(p)).cloned().collect() }
    }

    /// Variables of `whole` that the species of this mapping lack, by their first names.
    pub fn lacking<'a>(&self, whole: &'a Self) -> Vec<&'a str> {
        let given = self.species();
        let absent = whole.parts.iter().filter(|p| given.contains(&p.species) && !self.parts.contains(p));
        let mut names: Vec<&str> = absent.map(|p| p.variables[0].as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The parts that the file holds, of species that it gives whole.
    fn within(&self, file: &NetcdfFile) -> Result<Self> {
        let there = |p: &Part| p.variables.iter().any(|v| file.has(v));
        let whole = |s: Species| self.parts.iter().all(|p| p.species != s || p.optional || there(p));
        let parts: Vec<Part> = self.parts.iter().filter(|p| there(p) && whole(p.species)).cloned().collect();
        if parts.is_empty() {
            let known: Vec<&str> = self.parts.iter().map(|p| p.variables[0].as_str()).collect();
            return Err(file.error(
                "variables",
                format!("{:?}", file.names()),
                format!("all variables of some species, such as {}", known.join(", ")),
            ));
        }
        Ok(Self { parts })
    }

    /// Per species: the file's variables and their shares.
    fn variables(&self, file: &NetcdfFile) -> Vec<(Species, Vec<(&str, f32)>)> {
        let of = |species: Species| {
            let parts = self.parts.iter().filter(|p| p.species == species);
            let named = parts.filter_map(|p| p.variables.iter().find(|v| file.has(v)).map(|v| (v.as_str(), p.share)));
            (species, named.collect())
        };
        self.species().into_iter().map(of).collect()
    }
}

/// The parts of `mapping` that a file holds. Times of several files agree only where all are read by [`SpeciesMapping::common`] of their parts.
///
/// # Errors
/// `Missing` without the file; `Format` when it is no NetCDF or damaged, or holds no species whole.
pub fn held(path: &Path, mapping: &SpeciesMapping) -> Result<SpeciesMapping> {
    if !path.is_file() {
        return Err(Error::missing("the boundary file", path, "Put the file there or correct the path"));
    }
    let (path, mapping) = (path.to_path_buf(), mapping.clone());
    on_netcdf_thread(move || mapping.within(&NetcdfFile::open(&path)?))
}

/// All times of one file, cropped to `window`.
///
/// # Errors
/// `Missing` without the file; `Format`, naming variable and place, when the file is no NetCDF or damaged, holds no species whole, or an
/// axis, unit or value is not as documented above: not finite, negative, above 1 g/kg.
pub fn read(path: &Path, window: Option<Window>, mapping: &SpeciesMapping) -> Result<Vec<BoundaryField>> {
    if !path.is_file() {
        return Err(Error::missing("the boundary file", path, "Put the file there or correct the path"));
    }
    let (path, mapping) = (path.to_path_buf(), mapping.clone());
    on_netcdf_thread(move || {
        let file = NetcdfFile::open(&path)?;
        let mapping = mapping.within(&file)?;
        let species = mapping.variables(&file);
        let axes = Axes::on_levels(&file, species[0].1[0].0, window, |level| nominal_pressure(&file, level))?;
        let levels = levels(&file, &axes)?;
        let times = cf_time::axis(&file, axes.time.as_deref())?;
        let source = Source { file: &file, axes: &axes, levels: &levels };
        times.into_iter().enumerate().map(|(i, t)| source.field(i, t, &species)).collect()
    })
}

struct Source<'a> {
    file: &'a NetcdfFile,
    axes: &'a Axes,
    levels: &'a [Level],
}

impl Source<'_> {
    fn field(
        &self,
        time: usize,
        valid_time: chrono::DateTime<chrono::Utc>,
        species: &[(Species, Vec<(&str, f32)>)],
    ) -> Result<BoundaryField> {
        let values = self.levels.len() * self.axes.grid.cells();
        let sum = |(species, parts): &(Species, Vec<(&str, f32)>)| {
            let mut total = vec![0.0f32; values];
            for (name, share) in parts {
                for (t, v) in total.iter_mut().zip(self.mixing_ratio(name, time)?) {
                    *t += share * v;
                }
            }
            Ok((*species, total))
        };
        Ok(BoundaryField {
            valid_time,
            grid: self.axes.grid.clone(),
            levels: self.levels.to_vec(),
            mixing_ratio: species.iter().map(sum).collect::<Result<_>>()?,
        })
    }

    /// Upward and northward; what packing left below zero is zero.
    fn mixing_ratio(&self, name: &str, time: usize) -> Result<Vec<f32>> {
        let slab = self.axes.slab(self.file, name, time, true)?;
        let mut values = self.file.values(name, Quantity::MassFraction, &slab)?;
        let largest = values.iter().fold(0.0f32, |a, v| a.max(*v));
        let step = self.file.number(Some(name), "scale_factor").unwrap_or(0.0) as f32;
        let least = -(PACKING * largest).max(step);
        if let Some(at) = values.iter().position(|v| *v < least || *v > LARGEST) {
            let (ny, nx) = (self.axes.grid.ny, self.axes.grid.nx);
            let place = format!("variable {name}, time {time}, level {}", at / (ny * nx));
            let cell =
                format!("row {}, column {}", at / nx % ny + self.axes.rows.start, at % nx + self.axes.columns.start);
            let found = format!("{:e} kg kg-1", values[at]);
            return Err(self.file.error(format!("{place}, {cell}"), found, format!("0 to {LARGEST:e} kg kg-1")));
        }
        values.iter_mut().for_each(|v| *v = if *v < 0.0 { 0.0 } else { *v });
        Ok(self.axes.arrange(&values, true))
    }
}

/// Names of `a`, of the pressure that it is a share of, and of `b`.
struct Terms {
    a: String,
    p0: Option<String>,
    b: String,
}

/// The terms of hybrid levels; `None`: the levels are no hybrid ones.
fn terms(file: &NetcdfFile, level: &str) -> Result<Option<Terms>> {
    if let Some(formula) = file.text(Some(level), "formula_terms") {
        let words: Vec<&str> = formula.split_whitespace().collect();
        let term = |key: &str| words.windows(2).find(|w| w[0] == format!("{key}:")).map(|w| w[1].to_owned());
        let Some(b) = term("b") else { return Ok(None) };
        return match (term("ap"), term("a"), term("p0")) {
            (Some(a), ..) => Ok(Some(Terms { a, p0: None, b })),
            (None, Some(a), Some(p0)) => Ok(Some(Terms { a, p0: Some(p0), b })),
            (None, Some(_), None) => {
                let place = format!("variable {level}, formula_terms");
                Err(Error::format(file.path(), place, format!("`{formula}`"), "`p0:` beside `a:`", "Add the term p0"))
            }
            (None, None, _) => Ok(None),
        };
    }
    if !(file.has("hyam") && file.has("hybm")) {
        return Ok(None);
    }
    let of_pressure = file.text(Some("hyam"), "units").is_none_or(|units| units != "1");
    let p0 = if of_pressure { None } else { Some(if file.has("P0") { "P0".into() } else { "p0".into() }) };
    Ok(Some(Terms { a: "hyam".into(), p0, b: "hybm".into() }))
}

/// Values of a whole variable times the factor of its units.
fn in_units(file: &NetcdfFile, name: &str, quantity: Quantity) -> Result<Vec<f64>> {
    let slab: Vec<_> = file.dimensions(name)?.iter().map(|d| 0..d.1).collect();
    let units = file.text(Some(name), "units").unwrap_or_default();
    let Some(factor) = quantity.factor(&units) else {
        let remedy = "Give the variable its units, for example with ncatted";
        let place = format!("variable {name}, units");
        return Err(Error::format(file.path(), place, format!("`{units}`"), quantity.expected(), remedy));
    };
    Ok(file.raw(name, &slab)?.into_iter().map(|v| v * factor).collect())
}

/// The hybrid levels in file order.
fn hybrid(file: &NetcdfFile, terms: &Terms) -> Result<Vec<Level>> {
    let a = match &terms.p0 {
        None => in_units(file, &terms.a, Quantity::Pressure)?,
        Some(p0) => {
            if !file.has(p0) {
                let (place, found) = (format!("variable {}, a share of p0", terms.a), format!("no variable {p0}"));
                let expected = format!("it in {}", Quantity::Pressure.expected());
                let remedy = "Add the reference pressure of the levels";
                return Err(Error::format(file.path(), place, found, expected, remedy));
            }
            let p0 = in_units(file, p0, Quantity::Pressure)?.first().copied().unwrap_or(f64::NAN);
            in_units(file, &terms.a, Quantity::Share)?.into_iter().map(|a| a * p0).collect()
        }
    };
    let b = in_units(file, &terms.b, Quantity::Share)?;
    if a.len() != b.len() {
        let found = format!("{} and {} values", a.len(), b.len());
        return Err(file.error(format!("variables {} and {}", terms.a, terms.b), found, "one each per level"));
    }
    Ok(a.into_iter().zip(b).map(|(a_pa, b)| Level { a_pa, b }).collect())
}

/// Pressure by which levels are put in order [Pa].
fn nominal_pressure(file: &NetcdfFile, level: &str) -> Result<Vec<f64>> {
    let Some(terms) = terms(file, level)? else { return Axes::pressures(file, level) };
    let (found, levels) = (hybrid(file, &terms)?, file.dimension(level).unwrap_or(0));
    if found.len() != levels {
        let found = format!("{} values", found.len());
        return Err(file.error(format!("variable {}", terms.a), found, format!("{levels}, one per level")));
    }
    Ok(found.iter().map(|l| l.pressure_pa(NOMINAL_PA)).collect())
}

/// The levels, upward.
fn levels(file: &NetcdfFile, axes: &Axes) -> Result<Vec<Level>> {
    let Some(terms) = terms(file, &axes.level)? else {
        return Ok(axes.upward_pressure().into_iter().map(|p| Level { a_pa: f64::from(p), b: 0.0 }).collect());
    };
    let mut levels = hybrid(file, &terms)?;
    if axes.pressure_pa.first() < axes.pressure_pa.last() {
        levels.reverse();
    }
    for ground in GROUND_PA {
        let pressure: Vec<f64> = levels.iter().map(|l| l.pressure_pa(ground)).collect();
        if !pressure.windows(2).all(|w| w[1] < w[0]) || pressure.last().is_none_or(|p| *p <= 0.0) {
            let place = format!("variables {} and {}", terms.a, terms.b);
            let found = format!("{pressure:.0?} Pa over ground at {ground} Pa");
            return Err(file.error(place, found, "positive pressures that fall upward"));
        }
    }
    Ok(levels)
}
