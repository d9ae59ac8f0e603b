//! The projection of a wrfout file and the check that its own coordinates agree with it.

use super::netcdf_file::NetcdfFile;
use super::quantity::Quantity;
use crate::constants::EARTH_RADIUS_M;
use crate::domain::grid::HorizontalGrid;
use crate::error::Result;

/// Largest distance between XLAT/XLONG and the grid [cells].
const TOLERANCE_CELLS: f64 = 1e-2;

/// The grid of mass points of a wrfout file at one of its times: a moving nest has another one at each.
///
/// MAP_PROJ 1 Lambert, 2 polar stereographic, 3 Mercator, 6 latitude-longitude (unrotated), on WRF's sphere of 6370 km. The lattice
/// is laid through the south-western XLAT/XLONG; every other point must fall on it within 0.01 cells.
///
/// # Errors
/// [`crate::error::Error::Format`] for another MAP_PROJ, missing attributes or coordinates that do not fit.
pub fn grid(file: &NetcdfFile, time: usize) -> Result<HorizontalGrid> {
    let (ny, nx) = (length(file, "south_north")?, length(file, "west_east")?);
    let (lat, lon) = (coordinate(file, "XLAT", time, (ny, nx))?, coordinate(file, "XLONG", time, (ny, nx))?);
    let (projection, dx, dy) = projection(file, &lat, &lon, nx, ny)?;
    let wrong = |reason: String| file.error("MAP_PROJ and grid attributes", reason, "a projection");
    let unit = HorizontalGrid::new(&projection, (1, 1), (0.0, 0.0), (1.0, 1.0)).map_err(wrong)?;
    let corner = unit.transform().index(lon[0], lat[0]);
    let grid = HorizontalGrid::new(&projection, (nx, ny), corner, (dx, dy)).map_err(wrong)?;
    check(file, &grid, &lat, &lon, time)?;
    Ok(grid)
}

fn check(file: &NetcdfFile, grid: &HorizontalGrid, lat: &[f64], lon: &[f64], time: usize) -> Result<()> {
    let transform = grid.transform();
    for cell in 0..grid.cells() {
        let (column, row) = (cell % grid.nx, cell / grid.nx);
        let (x, y) = transform.index(lon[cell], lat[cell]);
        let off = (x - column as f64).abs().max((y - row as f64).abs());
        if off.is_nan() || off > TOLERANCE_CELLS {
            return Err(file.error(
                format!("XLAT, XLONG at time {time}, row {row}, column {column}"),
                format!("{}, {} which lies {off:.3} cells off", lat[cell], lon[cell]),
                format!("a point of the lattice of {}", grid.projection()),
            ));
        }
    }
    Ok(())
}

/// Length of a dimension.
///
/// # Errors
/// [`crate::error::Error::Format`] when it is missing or empty.
pub fn length(file: &NetcdfFile, name: &str) -> Result<usize> {
    match file.dimension(name) {
        Some(n) if n > 0 => Ok(n),
        found => Err(file.error(format!("dimension {name}"), format!("{found:?}"), "a length above 0")),
    }
}

fn coordinate(file: &NetcdfFile, name: &str, time: usize, (ny, nx): (usize, usize)) -> Result<Vec<f64>> {
    let slab = match file.dimensions(name)?.len() {
        2 => vec![0..ny, 0..nx],
        _ => vec![time..time + 1, 0..ny, 0..nx],
    };
    let values = file.values(name, Quantity::Angle, &slab)?;
    Ok(values.into_iter().map(f64::from).collect())
}

pub(super) fn projection(
    file: &NetcdfFile,
    lat: &[f64],
    lon: &[f64],
    nx: usize,
    ny: usize,
) -> Result<(String, f64, f64)> {
    let attribute = |name: &str| {
        file.number(None, name)
            .filter(|v| v.is_finite())
            .ok_or_else(|| file.error(format!("global attribute {name}"), "none", "a number"))
    };
    let (dx, dy) = (attribute("DX")?, attribute("DY")?);
    if !(dx > 0.0 && dy > 0.0) {
        return Err(file.error("global attributes DX, DY", format!("{dx}, {dy}"), "cell sizes above 0"));
    }
    let sphere = format!("+R={EARTH_RADIUS_M}");
    let map_proj = attribute("MAP_PROJ")?;
    match map_proj as i64 {
        1 => {
            let (a, b) = (attribute("TRUELAT1")?, attribute("TRUELAT2")?);
            let (middle, lon_0) = (attribute("CEN_LAT")?, attribute("STAND_LON")?);
            Ok((format!("+proj=lcc +lat_1={a} +lat_2={b} +lat_0={middle} +lon_0={lon_0} {sphere}"), dx, dy))
        }
        2 => {
            let (a, lon_0) = (attribute("TRUELAT1")?, attribute("STAND_LON")?);
            let pole = if a < 0.0 { -90 } else { 90 };
            Ok((format!("+proj=stere +lat_0={pole} +lat_ts={a} +lon_0={lon_0} {sphere}"), dx, dy))
        }
        3 => {
            let (a, lon_0) = (attribute("TRUELAT1")?, attribute("STAND_LON")?);
            Ok((format!("+proj=merc +lat_ts={a} +lon_0={lon_0} {sphere}"), dx, dy))
        }
        6 => {
            let pole = file.number(None, "POLE_LAT").unwrap_or(90.0);
            if (pole - 90.0).abs() > 1e-4 {
                return Err(file.error(
                    "global attribute POLE_LAT",
                    format!("{pole}: a rotated latitude-longitude grid"),
                    "90",
                ));
            }
            if nx < 2 || ny < 2 {
                return Err(file.error("dimensions", format!("{nx} x {ny}"), "2 x 2 or more"));
            }
            // DX is in metres here; the coordinates give the step in degrees
            let step = |a: f64, b: f64, n: usize| (b - a) / (n as f64 - 1.0);
            let turn = (lon[nx - 1] - lon[0]).rem_euclid(360.0);
            Ok((format!("+proj=latlong {sphere}"), turn / (nx as f64 - 1.0), step(lat[0], lat[(ny - 1) * nx], ny)))
        }
        _ => Err(file.error(
            "global attribute MAP_PROJ",
            format!("{map_proj}"),
            "1 (Lambert), 2 (polar stereographic), 3 (Mercator) or 6 (latitude-longitude)",
        )),
    }
}
