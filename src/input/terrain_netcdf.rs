//! Elevation as NetCDF on a longitude-latitude grid: ETOPO, GEBCO, SRTM and alike.
//!
//! - One variable over `(latitude, longitude)` named `elevation`, `z`, `topo`, `orog`, `surface_altitude`, `altitude` or `rose` (in any
//!   case), in metres.
//! - Both axes are one-dimensional variables of the names of their dimensions, in degrees north and east, evenly spaced; latitudes in
//!   either direction, longitudes to 180 or to 360.
//! - What lies below the sea's level is the sea floor in these files: it counts as height 0.

use super::Window;
use super::cf_axes::{Cut, crop, step};
use super::netcdf_file::{NetcdfFile, on_netcdf_thread};
use super::quantity::Quantity;
use crate::constants::EARTH_RADIUS_M;
use crate::domain::grid::HorizontalGrid;
use crate::domain::terrain::Terrain;
use crate::error::{Error, Result};
use std::path::Path;

const NAMES: [&str; 7] = ["elevation", "z", "topo", "orog", "surface_altitude", "altitude", "rose"];
/// Deepest sea floor and highest mountain [m], with some room.
const PLAUSIBLE_M: (f64, f64) = (-12_000.0, 9000.0);
/// Most values that are read: the window of the outer grid at one second of arc would be more.
const MOST_VALUES: usize = 60_000_000;

/// The heights around `window` (west, south, east, north in degrees).
///
/// # Errors
/// `Missing` without the file; `Format`, naming the place, when it is no NetCDF, cut short or damaged, when variable, axes or units are not as
/// documented above, when the axes do not hold the window, or a height inside it is missing or impossible.
pub fn read(path: &Path, window: Window) -> Result<Terrain> {
    if !path.is_file() {
        return Err(Error::missing("the terrain", path, "Put the file there or correct inputs.terrain"));
    }
    let path = path.to_path_buf();
    on_netcdf_thread(move || read_open(&NetcdfFile::open(&path)?, window))
}

fn read_open(file: &NetcdfFile, window: Window) -> Result<Terrain> {
    let names = file.names();
    let Some(name) = NAMES.iter().find_map(|n| names.iter().find(|v| v.to_lowercase() == *n)) else {
        return Err(file.error("the variables", names.join(", "), format!("one of {}", NAMES.join(", "))));
    };
    let dimensions = file.dimensions(name)?;
    let [(y, ny), (x, nx)] = &dimensions[..] else {
        let found = format!("dimensions {:?}", dimensions.iter().map(|d| d.0.as_str()).collect::<Vec<_>>());
        return Err(file.error(format!("variable {name}"), found, "two dimensions: latitude, longitude"));
    };
    let units = file.text(Some(name), "units").unwrap_or_default();
    let Some(factor) = Quantity::Height.factor(&units.to_lowercase()) else {
        return Err(file.error(format!("variable {name}, units"), format!("`{units}`"), Quantity::Height.expected()));
    };
    let (ys, xs) = (axis(file, y, *ny, "north")?, axis(file, x, *nx, "east")?);
    let (dy, dx) = (step(file, y, &ys)?, step(file, x, &xs)?);
    if dx < 0.0 {
        return Err(file.error(format!("variable {x}"), format!("a step of {dx}"), "an axis that goes eastward"));
    }
    let (columns, rows) = crop(file, (x, &xs, dx), (y, &ys, dy), Cut::Whole(window))?;
    let size = (columns.len(), rows.len());
    if size.0 * size.1 > MOST_VALUES {
        let found = format!("{} x {} values over the model grid", size.0, size.1);
        return Err(file.error(format!("variable {name}"), found, format!("at most {MOST_VALUES}: average it first")));
    }
    let mut heights = file.raw(name, &[rows.clone(), columns.clone()])?;
    if dy < 0.0 {
        heights = heights.rchunks(size.0).flatten().copied().collect();
    }
    let south = if dy < 0.0 { ys[rows.end - 1] } else { ys[rows.start] };
    let grid = HorizontalGrid::new(
        &format!("+proj=latlong +R={EARTH_RADIUS_M}"),
        size,
        (xs[columns.start], south),
        (dx, dy.abs()),
    )
    .map_err(|e| file.error("grid", e, "a regular grid"))?;
    let plausible = PLAUSIBLE_M.0..=PLAUSIBLE_M.1;
    if let Some(at) = heights.iter().position(|h| !plausible.contains(&(h * factor))) {
        let (lon, lat) = grid.transform().lonlat((at % size.0) as f64, (at / size.0) as f64);
        let found = if heights[at].is_finite() { format!("{} m", heights[at] * factor) } else { "no value".into() };
        let expected = format!("a height of {} to {} m", PLAUSIBLE_M.0, PLAUSIBLE_M.1);
        return Err(file.error(format!("variable {name} at {lon:.3} E {lat:.3} N"), found, expected));
    }
    Ok(Terrain { grid, height_m: heights.iter().map(|h| (h * factor).max(0.0) as f32).collect() })
}

/// Values of the axis of a dimension, whose units must be degrees towards `side`.
fn axis(file: &NetcdfFile, name: &str, length: usize, side: &str) -> Result<Vec<f64>> {
    let expected = format!("an axis of the name of its dimension, in degrees_{side}");
    if !file.has(name) {
        return Err(file.error(format!("dimension {name}"), "no variable of this name", expected));
    }
    let units = file.text(Some(name), "units").unwrap_or_default();
    let text = units.to_lowercase();
    if !(text.starts_with("degree") && (text.ends_with(side) || text.ends_with(&format!("_{}", &side[..1])))) {
        return Err(file.error(format!("variable {name}, units"), format!("`{units}`"), expected));
    }
    file.raw(name, std::slice::from_ref(&(0..length)))
}
