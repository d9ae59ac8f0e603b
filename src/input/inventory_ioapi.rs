//! Emissions in the I/O API of CMAQ and SMOKE: species over (TSTEP, LAY, ROW, COL) per cell, gases in moles/s, particles in g/s.
//!
//! The grid is that of the global attributes, on the sphere of 6,370 km: `GDTYP` 1 (longitude-latitude), 2 (Lambert between the parallels
//! `P_ALP` and `P_BET`), 6 (polar stereographic, true at `P_BET`, of the pole with the sign of `P_ALP`) or 7 (equatorial Mercator, true at
//! `P_ALP`). `P_GAM` is the central meridian, `XCENT`, `YCENT` the longitude and latitude where the coordinates are 0, and `XORIG`, `YORIG`
//! the coordinates of the **corner** of the first cell. `TFLAG` must increase.

use super::inventory_fields::GridField;
use super::inventory_lattice::{AxisCells, Lattice, within};
use super::inventory_mechanism::{self, Named};
use super::inventory_vocabulary::Vocabulary;
use super::netcdf_file::NetcdfFile;
use crate::constants::EARTH_RADIUS_M;
use crate::domain::grid::HorizontalGrid;
use crate::error::{Rejection, Result};

/// Whether the file has the attributes of the I/O API.
pub fn is_this(file: &NetcdfFile) -> bool {
    file.has("TFLAG") && file.number(None, "GDTYP").is_some()
}

/// The fields of an open file.
///
/// # Errors
/// `Format` for missing attributes, another `GDTYP`, times that do not increase, and as [`inventory_mechanism::fields`].
pub fn fields(file: &NetcdfFile, vocabulary: &Vocabulary) -> Result<(Vec<GridField>, Vec<Rejection>)> {
    let count = |name: &str| {
        let held = file.dimension(name);
        held.filter(|n| *n > 0)
            .ok_or_else(|| file.error(format!("dimension {name}"), format!("{held:?}"), "a length above 0"))
    };
    let (ny, nx) = (count("ROW")?, count("COL")?);
    let first = first_hour(file)?;
    let lattice = lattice(file, (ny, nx))?;
    let mut variables: Vec<Named> = Vec::new();
    for name in file.names() {
        let dimensions = file.dimensions(&name)?;
        if name != "TFLAG" && dimensions.iter().map(|d| d.0.as_str()).eq(["TSTEP", "LAY", "ROW", "COL"]) {
            variables.push((name.clone(), name));
        }
    }
    inventory_mechanism::fields(file, vocabulary.ioapi(), lattice, (ny, nx), &variables, (Some(first), false))
}

/// Hours of the first step since the year 0; `TFLAG` holds YYYYDDD and HHMMSS of each step and variable.
fn first_hour(file: &NetcdfFile) -> Result<i64> {
    let dimensions = file.dimensions("TFLAG")?;
    let [(_, times), (_, variables), (_, 2)] = dimensions[..] else {
        return Err(file.error("variable TFLAG", format!("extents {dimensions:?}"), "(TSTEP, VAR, 2)"));
    };
    if times == 0 || variables == 0 {
        return Err(file.error("variable TFLAG", "no time", "one or more"));
    }
    let stamps = file.raw("TFLAG", &[0..times, 0..1, 0..2])?;
    let mut before = f64::NEG_INFINITY;
    for (i, stamp) in stamps.chunks_exact(2).enumerate() {
        let (day, clock) = (stamp[0] % 1000.0, stamp[1]);
        let hour = (clock / 1e4).floor();
        let plausible = (1900.0..2100.0).contains(&(stamp[0] / 1000.0).floor())
            && (1.0..=366.0).contains(&day)
            && (0.0..24.0).contains(&hour);
        // stamps of one step order as numbers: day and clock have fixed widths
        let order = stamp[0] * 1e6 + clock;
        if !plausible || order <= before {
            let found = format!("{} {:06}", stamp[0], clock);
            return Err(file.error(format!("variable TFLAG, step {i}"), found, "YYYYDDD and HHMMSS that increase"));
        }
        before = order;
    }
    // days of years of 366 days: only their order and the steps within a year count
    let day = (stamps[0] / 1000.0).floor() * 366.0 + stamps[0] % 1000.0;
    Ok(day as i64 * 24 + (stamps[1] / 1e4).floor() as i64)
}

fn lattice(file: &NetcdfFile, (ny, nx): (usize, usize)) -> Result<Lattice> {
    let number = |name: &str| {
        file.number(None, name)
            .filter(|v| v.is_finite())
            .ok_or_else(|| file.error(format!("global attribute {name}"), "none", "a number"))
    };
    let (west, south, dx, dy) = (number("XORIG")?, number("YORIG")?, number("XCELL")?, number("YCELL")?);
    if !(dx > 0.0 && dy > 0.0) {
        return Err(file.error("global attributes XCELL, YCELL", format!("{dx}, {dy}"), "cell sizes above 0"));
    }
    let parallel = |name: &str| {
        let degrees = number(name)?;
        let plausible = (-90.0..=90.0).contains(&degrees);
        plausible
            .then_some(degrees)
            .ok_or_else(|| file.error(format!("global attribute {name}"), degrees.to_string(), "a latitude"))
    };
    let projection = match number("GDTYP")? as i64 {
        1 => {
            let (north, east) = (south + dy * ny as f64, west + dx * nx as f64);
            let inside =
                south >= -90.001 && north <= 90.001 && west >= -360.0 && east <= 540.0 && east - west <= 360.001;
            if !inside {
                let found = format!("{west} to {east} E, {south} to {north} N");
                return Err(file.error(
                    "global attributes XORIG, YORIG",
                    found,
                    "degrees, once around the Earth at most",
                ));
            }
            let (rows, columns) = (AxisCells::from_edge(south, dy, ny), AxisCells::from_edge(west, dx, nx));
            return Ok(within(&rows, &columns, (-360.0, -90.0, 720.0, 90.0)).0);
        }
        2 => {
            let (a, b) = (parallel("P_ALP")?, parallel("P_BET")?);
            format!("+proj=lcc +lat_1={a} +lat_2={b} +lat_0={}", parallel("YCENT")?)
        }
        6 => {
            let pole = match number("P_ALP")? {
                1.0 => 90,
                -1.0 => -90,
                other => return Err(file.error("global attribute P_ALP", other.to_string(), "1 or -1, for GDTYP 6")),
            };
            format!("+proj=stere +lat_0={pole} +lat_ts={}", parallel("P_BET")?)
        }
        7 => format!("+proj=merc +lat_ts={}", parallel("P_ALP")?),
        other => {
            let expected = "1 (longitude-latitude), 2 (Lambert), 6 (polar stereographic) or 7 (Mercator)";
            return Err(file.error("global attribute GDTYP", other.to_string(), expected));
        }
    };
    let projection = format!("{projection} +lon_0={} +R={EARTH_RADIUS_M}", number("P_GAM")?);
    let wrong = |reason: String| file.error("GDTYP and grid attributes", reason, "a projection");
    let unit = HorizontalGrid::new(&projection, (1, 1), (0.0, 0.0), (1.0, 1.0)).map_err(wrong)?;
    let origin = unit.transform().index(number("XCENT")?, parallel("YCENT")?);
    let first = (origin.0 + west + 0.5 * dx, origin.1 + south + 0.5 * dy);
    HorizontalGrid::new(&projection, (nx, ny), first, (dx, dy)).map(Lattice::projected).map_err(wrong)
}
