//! What a meteorology file holds, whether or not it can drive the model.

use super::driver_needs::{Columns, Need};
use super::meteorology::Format;
use super::{grib2_contents, netcdf_contents};
use crate::domain::grid::HorizontalGrid;
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;

/// What a file holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Contents {
    pub format: String,
    /// The lattices of its fields; one that is not understood is described.
    pub grids: Vec<std::result::Result<HorizontalGrid, String>>,
    /// Times of the fields, rising.
    pub times: Vec<DateTime<Utc>>,
    pub variables: Vec<Variable>,
    /// What the model takes from it.
    pub gives: BTreeSet<Need>,
    pub columns: Columns,
}

/// All fields of one kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Variable {
    /// Name by which it is asked for: `t:isobaric`, of an interval `tp:ground:acc3h` in GRIB, the variable's own name in NetCDF.
    pub name: String,
    pub description: String,
    pub units: String,
    /// Levels in the order of the file, empty without; their unit.
    pub levels: Vec<f64>,
    pub level_units: String,
    /// Number of times, and of ensemble members (0: no ensemble).
    pub times: usize,
    pub members: usize,
    /// Place of its lattice among [`Contents::grids`]; `None`: it lies on none.
    pub grid: Option<usize>,
    /// `None`: values were not read.
    pub range: Option<Range>,
}

/// Range of values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// NaN without a value.
    pub minimum: f64,
    pub maximum: f64,
    /// Values, and missing ones among them.
    pub count: usize,
    pub gaps: usize,
}

impl Range {
    /// A range without values.
    pub const EMPTY: Self = Self { minimum: f64::NAN, maximum: f64::NAN, count: 0, gaps: 0 };

    /// The range with more values.
    pub fn with(self, values: impl Iterator<Item = f64>) -> Self {
        values.fold(self, |r, v| Self {
            minimum: r.minimum.min(v),
            maximum: r.maximum.max(v),
            count: r.count + 1,
            gaps: r.gaps + usize::from(!v.is_finite()),
        })
    }
}

/// One field as the file has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RawField {
    /// Name of its [`Variable`].
    pub name: String,
    pub description: String,
    pub units: String,
    pub level: Option<f64>,
    pub level_units: String,
    /// `None`: the file says none, or one that is not understood.
    pub time: Option<DateTime<Utc>>,
    pub member: Option<u8>,
    pub grid: std::result::Result<HorizontalGrid, String>,
    /// `[y, x]`, rows northward where the lattice is understood, else as in the file; missing values NaN.
    pub values: Vec<f32>,
}

/// Lists a file whose format is known, with the ranges of values if asked for.
///
/// # Errors
/// `Missing`, `Io`, `Format` of a file that cannot be read.
pub fn contents(path: &Path, format: Format, ranges: bool) -> Result<Contents> {
    match format {
        Format::Grib2 => grib2_contents::contents(path, ranges),
        Format::Wrfout | Format::CfNetcdf => netcdf_contents::contents(path, ranges),
    }
}

/// All fields, in the order of the file.
///
/// # Errors
/// As [`contents`].
pub fn all_fields(path: &Path, format: Format) -> Result<Vec<RawField>> {
    wanted_fields(path, format, Box::new(|_, _, _| true))
}

/// Every field for which `wanted` (name, level, time) says yes, in the order of the file.
fn wanted_fields(path: &Path, format: Format, wanted: Wanted<'static>) -> Result<Vec<RawField>> {
    match format {
        Format::Grib2 => {
            let mut fields = Vec::new();
            grib2_contents::each_field(path, &wanted, &mut |field| {
                fields.push(field);
                Ok(())
            })?;
            Ok(fields)
        }
        Format::Wrfout | Format::CfNetcdf => netcdf_contents::all_fields(path, wanted),
    }
}

/// Whether a field of this name, level and time is wanted.
pub type Wanted<'a> = Box<dyn Fn(&str, Option<f64>, Option<DateTime<Utc>>) -> bool + Send + 'a>;

/// A name without the interval: `tp:ground` of `tp:ground:acc3h`.
fn surface(name: &str) -> &str {
    name.match_indices(':').nth(1).map_or(name, |(at, _)| &name[..at])
}

/// The first field of a name, which may leave out parts behind a `:` (`tp`, `tp:ground`), nearest to a level and a time where given. Of intervals
/// that the name leaves open, the first that ends then.
///
/// # Errors
/// As [`contents`]; `Missing` with the names that the file has when there is no such field.
pub fn field(
    path: &Path,
    format: Format,
    name: &str,
    level: Option<f64>,
    time: Option<DateTime<Utc>>,
) -> Result<RawField> {
    let listed = contents(path, format, false)?;
    let exact = listed.variables.iter().find(|v| v.name == name);
    let begins = |v: &&Variable| v.name.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'));
    let short: Vec<&Variable> = listed.variables.iter().filter(begins).collect();
    let Some(variable) = exact.or_else(|| match short[..] {
        [] => None,
        [first, ref others @ ..] if others.iter().all(|v| surface(&v.name) == surface(&first.name)) => Some(first),
        // of several surfaces the one with levels when a level is asked for
        [..] => short.iter().find(|v| level.is_some() == (v.levels.len() > 1)).copied(),
    }) else {
        let names: Vec<&str> = listed.variables.iter().map(|v| v.name.as_str()).collect();
        let remedy = format!("The file has: {}", names.join(" "));
        return Err(Error::missing(format!("variable {name}"), path, remedy));
    };
    let near = |l: &&f64| (**l - level.unwrap_or(f64::INFINITY)).abs();
    let level = match level {
        None => variable.levels.first().copied(),
        Some(_) => variable.levels.iter().min_by(|a, b| near(a).total_cmp(&near(b))).copied(),
    };
    let (name, open) = (variable.name.clone(), exact.is_none());
    let time = time.and_then(|t| listed.times.iter().copied().min_by_key(|x| (*x - t).abs()));
    let wanted = move |n: &str, l: Option<f64>, t: Option<DateTime<Utc>>| {
        let named = n == name || open && surface(n) == surface(&name);
        named && (l == level || l.is_none()) && (time.is_none() || t.is_none() || t == time)
    };
    let found = wanted_fields(path, format, Box::new(wanted))?.into_iter().next();
    found.ok_or_else(|| Error::missing(format!("a field of {}", variable.name), path, "See `hazecast met info`"))
}
