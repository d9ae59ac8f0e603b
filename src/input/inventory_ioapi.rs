//! Emissions in the I/O API of CMAQ and SMOKE: species over (TSTEP, LAY, ROW, COL) per cell, gases in moles/s, particles in g/s.
//!
//! The grid is that of the global attributes: `GDTYP` 1 (longitude-latitude), 2 (Lambert), 6 (polar stereographic) or 7 (equatorial Mercator),
//! `P_ALP`, `P_BET`, `P_GAM`, `XCENT`, `YCENT`, and `XORIG`, `YORIG`, the **corner** of the first cell, on the sphere of 6,370 km. `TFLAG` must
//! increase.

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
    let sphere = format!("+R={EARTH_RADIUS_M}");
    let projection = match number("GDTYP")? as i64 {
        1 => {
            let (rows, columns) = (AxisCells::from_edge(south, dy, ny), AxisCells::from_edge(west, dx, nx));
            return Ok(within(&rows, &columns, (-360.0, -90.0, 720.0, 90.0)).0);
        }
        2 => {
            let (a, b) = (number("P_ALP")?, number("P_BET")?);
            format!("+proj=lcc +lat_1={a} +lat_2={b} +lat_0={} +lon_0={} {sphere}", number("YCENT")?, number("XCENT")?)
        }
        6 => {
            let pole = if number("P_ALP")? < 0.0 { -90 } else { 90 };
            if (number("YCENT")?.abs() - 90.0).abs() > 1e-6 {
                return Err(file.error("global attribute YCENT", number("YCENT")?.to_string(), "a pole, for GDTYP 6"));
            }
            format!("+proj=stere +lat_0={pole} +lat_ts={} +lon_0={} {sphere}", number("P_BET")?, number("P_GAM")?)
        }
        7 => format!("+proj=merc +lat_ts={} +lon_0={} {sphere}", number("P_ALP")?, number("P_GAM")?),
        other => {
            let expected = "1 (longitude-latitude), 2 (Lambert), 6 (polar stereographic) or 7 (Mercator)";
            return Err(file.error("global attribute GDTYP", other.to_string(), expected));
        }
    };
    HorizontalGrid::new(&projection, (nx, ny), (west + 0.5 * dx, south + 0.5 * dy), (dx, dy))
        .map(Lattice::projected)
        .map_err(|reason| file.error("GDTYP and grid attributes", reason, "a projection"))
}
