//! What a NetCDF file holds: the variables with a lattice, by CF attributes where it has them and by the usual names where not.

use super::driver_needs::{Columns, Need};
use super::met_contents::{Contents, Range, RawField, Variable, Wanted};
use super::netcdf_file::{NetcdfFile, on_netcdf_thread};
use super::quantity::Quantity;
use super::{cf_axes, cf_netcdf, cf_time, wrf_grid, wrfout};
use crate::constants::EARTH_RADIUS_M;
use crate::domain::grid::HorizontalGrid;
use crate::error::Result;
use chrono::{DateTime, Utc};
use std::ops::Range as Span;
use std::path::Path;

/// Values that are read at once.
const BLOCK: usize = 4_000_000;
/// Names of dimensions and variables of time.
const TIMES: [&str; 6] = ["time", "Time", "valid_time", "timestep", "times", "t"];
/// Beginnings of the names of axes of longitude and latitude that have no units.
const LONGITUDE: &str = "lon";
const LATITUDE: &str = "lat";

/// Which dimension of a variable is what.
struct Shape {
    time: Option<usize>,
    level: Option<usize>,
    lengths: Vec<usize>,
    names: Vec<String>,
    /// Lattice, and whether rows of the file go southward.
    grid: std::result::Result<(HorizontalGrid, bool), String>,
}

impl Shape {
    /// Of a variable whose last two dimensions may be a lattice; `None` for others.
    fn of(file: &NetcdfFile, name: &str, wrf: bool) -> Result<Option<Self>> {
        let dimensions = file.dimensions(name)?;
        let n = dimensions.len();
        let (names, lengths): (Vec<String>, Vec<usize>) = dimensions.into_iter().unzip();
        if !(2..=4).contains(&n) || file.is_text(name) || lengths[n - 1] < 2 || lengths[n - 2] < 2 {
            return Ok(None);
        }
        let time = (n > 2 && TIMES.contains(&names[0].as_str())).then_some(0);
        let level = match (n, time) {
            (4, Some(_)) => Some(1),
            (3, None) => Some(0),
            (4, None) => return Ok(None),
            _ => None,
        };
        let (x, y) = (&names[n - 1], &names[n - 2]);
        let grid = if wrf { wrf_lattice(file, x, y) } else { lattice(file, name, x, y) };
        Ok(Some(Self { time, level, lengths, names, grid }))
    }

    fn levels(&self, file: &NetcdfFile) -> (Vec<f64>, String) {
        let Some(level) = self.level else { return (Vec::new(), String::new()) };
        let (name, n) = (&self.names[level], self.lengths[level]);
        match file.has(name).then(|| file.raw(name, std::slice::from_ref(&(0..n)))) {
            Some(Ok(values)) => (values, file.text(Some(name), "units").unwrap_or_default()),
            _ => ((0..n).map(|k| k as f64).collect(), name.clone()),
        }
    }

    fn slab(&self, time: usize, level: usize) -> Vec<Span<usize>> {
        let mut slab: Vec<Span<usize>> = self.lengths.iter().map(|n| 0..*n).collect();
        for (dimension, at) in [(self.time, time), (self.level, level)] {
            if let Some(d) = dimension {
                slab[d] = at..at + 1;
            }
        }
        slab
    }

    fn cells(&self) -> usize {
        self.lengths[self.lengths.len() - 2..].iter().product()
    }
}

/// The lattice of mass points; staggered variables have none of their own here.
fn wrf_lattice(file: &NetcdfFile, x: &str, y: &str) -> std::result::Result<(HorizontalGrid, bool), String> {
    if (x, y) != ("west_east", "south_north") {
        return Err(format!("{x} x {y}, staggered"));
    }
    wrf_grid::grid(file, 0).map(|g| (g, false)).map_err(|e| e.reason())
}

fn lattice(file: &NetcdfFile, of: &str, x: &str, y: &str) -> std::result::Result<(HorizontalGrid, bool), String> {
    let axis = |name: &str| -> Result<(Vec<f64>, f64)> {
        let values = file.raw(name, std::slice::from_ref(&(0..file.dimension(name).unwrap_or(0))))?;
        let step = cf_axes::step(file, name, &values)?;
        Ok((values, step))
    };
    let ((xs, dx), (ys, dy)) = (axis(x).map_err(|e| e.reason())?, axis(y).map_err(|e| e.reason())?);
    let unit = |name: &str| file.text(Some(name), "units").unwrap_or_default();
    let bare = unit(x).is_empty() && x.starts_with(LONGITUDE) && y.starts_with(LATITUDE);
    let projection = if bare || Quantity::Angle.factor(&unit(x)).is_some() {
        format!("+proj=latlong +R={EARTH_RADIUS_M}")
    } else {
        cf_axes::projection(file, of, x).map_err(|e| e.reason())?
    };
    if dx < 0.0 {
        return Err(format!("{x} goes westward"));
    }
    let south = if dy < 0.0 { ys[ys.len() - 1] } else { ys[0] };
    let grid = HorizontalGrid::new(&projection, (xs.len(), ys.len()), (xs[0], south), (dx, dy.abs()))?;
    Ok((grid, dy < 0.0))
}

/// Times of the file, empty when it has none that are understood.
fn times(file: &NetcdfFile, wrf: bool) -> Vec<DateTime<Utc>> {
    if wrf {
        return wrfout::times(file).unwrap_or_default();
    }
    let named = TIMES.into_iter().find(|n| file.has(n) && file.text(Some(n), "units").is_some());
    named.and_then(|n| cf_time::times(file, n).ok()).unwrap_or_default()
}

fn is_wrf(file: &NetcdfFile) -> bool {
    file.number(None, "MAP_PROJ").is_some() || (file.has("PHB") && file.has("PB"))
}

/// Lists a file, with the ranges of values if asked for.
///
/// # Errors
/// `Missing`, `Io`, `Format` of a file that cannot be read.
pub fn contents(path: &Path, ranges: bool) -> Result<Contents> {
    let path = path.to_path_buf();
    on_netcdf_thread(move || {
        let file = NetcdfFile::open(&path)?;
        let wrf = is_wrf(&file);
        let mut grids: Vec<std::result::Result<HorizontalGrid, String>> = Vec::new();
        let mut variables = Vec::new();
        for name in file.names() {
            let Some(shape) = Shape::of(&file, &name, wrf)? else { continue };
            let lattice = shape.grid.clone().map(|g| g.0);
            let grid = grids.iter().position(|g| *g == lattice).unwrap_or_else(|| {
                grids.push(lattice);
                grids.len() - 1
            });
            let (levels, level_units) = shape.levels(&file);
            let text = |attribute: &str| file.text(Some(&name), attribute).filter(|t| !t.is_empty());
            variables.push(Variable {
                description: text("long_name")
                    .or_else(|| text("description"))
                    .or_else(|| text("standard_name"))
                    .unwrap_or_default(),
                units: text("units").unwrap_or_default(),
                levels,
                level_units,
                times: shape.time.map_or(1, |t| shape.lengths[t]),
                members: 0,
                grid: Some(grid),
                range: if ranges { Some(range(&file, &name, &shape)?) } else { None },
                name,
            });
        }
        let times = times(&file, wrf);
        let mut gives = if wrf { wrfout::gives(&file) } else { cf_netcdf::gives(&file) };
        if !wrf && grids.iter().any(std::result::Result::is_ok) {
            gives.insert(Need::Position);
        }
        if !times.is_empty() {
            gives.insert(Need::Time);
        }
        Ok(Contents {
            format: if wrf { "wrfout (NetCDF)" } else { "NetCDF" }.into(),
            grids,
            times,
            variables,
            gives,
            columns: if wrf { Columns::TerrainFollowing } else { cf_netcdf::columns(&file) },
        })
    })
}

fn range(file: &NetcdfFile, name: &str, shape: &Shape) -> Result<Range> {
    let mut whole: Vec<Span<usize>> = shape.lengths.iter().map(|n| 0..*n).collect();
    let first = shape.lengths[0];
    let row: usize = shape.lengths[1..].iter().product();
    let rows = (BLOCK / row.max(1)).max(1);
    let mut found = Range::EMPTY;
    for start in (0..first).step_by(rows) {
        whole[0] = start..(start + rows).min(first);
        found = found.with(file.raw(name, &whole)?.into_iter());
    }
    Ok(found)
}

/// The wanted fields, variable by variable, time by time, level by level.
///
/// # Errors
/// As [`contents`].
pub fn all_fields(path: &Path, wanted: Wanted<'static>) -> Result<Vec<RawField>> {
    let path = path.to_path_buf();
    on_netcdf_thread(move || {
        let file = NetcdfFile::open(&path)?;
        let wrf = is_wrf(&file);
        let stamps = times(&file, wrf);
        let mut fields = Vec::new();
        for name in file.names() {
            let Some(shape) = Shape::of(&file, &name, wrf)? else { continue };
            let (levels, level_units) = shape.levels(&file);
            let text = |attribute: &str| file.text(Some(&name), attribute).filter(|t| !t.is_empty());
            for t in 0..shape.time.map_or(1, |d| shape.lengths[d]) {
                for k in 0..levels.len().max(1) {
                    let (level, time) = (levels.get(k).copied(), stamps.get(t).copied());
                    if !wanted(&name, level, time) {
                        continue;
                    }
                    let stored = file.raw(&name, &shape.slab(t, k))?;
                    let nx = shape.lengths[shape.lengths.len() - 1];
                    let southward = shape.grid.as_ref().is_ok_and(|g| g.1);
                    let at = |i: usize| {
                        let row = i / nx;
                        if southward { (shape.cells() / nx - 1 - row) * nx + i % nx } else { i }
                    };
                    fields.push(RawField {
                        name: name.clone(),
                        description: text("long_name").or_else(|| text("description")).unwrap_or_default(),
                        units: text("units").unwrap_or_default(),
                        level,
                        level_units: level_units.clone(),
                        time,
                        member: None,
                        grid: shape.grid.clone().map(|g| g.0),
                        values: (0..shape.cells()).map(|i| stored[at(i)] as f32).collect(),
                    });
                }
            }
        }
        Ok(fields)
    })
}
