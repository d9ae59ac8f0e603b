//! Mixing ratios around the grid as CF NetCDF: `[time, level, lat, lon]` in kg per kg of air, with the names of CAMS global files.
//!
//! - Levels: a pressure coordinate, or hybrid levels, `p = a + b ps`: by `formula_terms` (CF "atmosphere_hybrid_sigma_pressure_coordinate",
//!   with `ap`, or `a` and `p0`), or by variables `hyam` and `hybm`. `ap` and `p0` must have units of pressure; `hyam` too, or `1` beside `p0`
//!   or `P0`. The provider's `ps` is not read: the model's takes its place.
//! - Times: `time` or `valid_time`.
//! - Variables: those of [`SpeciesMapping`].

use super::Window;
use super::cf_axes::{Axes, Cut};
use super::cf_hybrid::{self, Terms};
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
        let axes = Axes::on_levels(&file, species[0].1[0].0, window.map(Cut::Whole), |level| {
            cf_hybrid::nominal_pressure(&file, level)
        })?;
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

/// The levels, upward.
fn levels(file: &NetcdfFile, axes: &Axes) -> Result<Vec<Level>> {
    let Some(terms) = Terms::of(file, &axes.level)? else {
        return Ok(axes.upward_pressure().into_iter().map(|p| Level { a_pa: f64::from(p), b: 0.0 }).collect());
    };
    let mut levels = terms.levels(file)?;
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
