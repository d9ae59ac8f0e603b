//! Emissions as WRF-Chem reads them (`wrfchemi_*`): `E_<species>` over (Time, emissions_zdim, south_north, west_east), gases in
//! mol km-2 h-1, particles in ug m-2 s-1.
//!
//! The cells are those of the WRF grid, no boxes of longitude and latitude. Without `XLAT` and `XLONG` in the file the lattice is laid
//! around `CEN_LAT` and `CEN_LON`, the middle of this domain.

use super::inventory_fields::GridField;
use super::inventory_lattice::Lattice;
use super::inventory_mechanism::{self, Named};
use super::inventory_vocabulary::Vocabulary;
use super::netcdf_file::NetcdfFile;
use super::wrf_grid::{self, length};
use crate::domain::grid::HorizontalGrid;
use crate::error::{Rejection, Result};

/// Whether the file has the dimensions of WRF and emissions.
pub fn is_this(file: &NetcdfFile) -> bool {
    file.dimension("south_north").is_some() && file.dimension("west_east").is_some()
}

/// The fields of an open file.
///
/// # Errors
/// `Format` for a file without `E_` variables (a wrfinput or wrfout file), another projection, and as [`inventory_mechanism::fields`].
pub fn fields(file: &NetcdfFile, vocabulary: &Vocabulary) -> Result<(Vec<GridField>, Vec<Rejection>)> {
    let species = |n: String| {
        n.strip_prefix("E_").or_else(|| n.strip_prefix("e_")).map(str::to_lowercase).map(|s| (n.clone(), s))
    };
    let variables: Vec<Named> = file.names().into_iter().filter_map(species).collect();
    if variables.is_empty() {
        let found = "a file of a WRF grid (wrfinput, wrfout or alike) without emissions";
        return Err(file.error("the variables", found, "emissions named E_<species>"));
    }
    let grid = grid(file)?;
    let shape = (grid.ny, grid.nx);
    inventory_mechanism::fields(file, vocabulary.wrfchemi(), Lattice::projected(grid), shape, &variables, begin(file))
}

/// First hour by the name of the file, and whether the file is half of a day: `wrfchemi_00z_d01`, `wrfchemi_d01_2016-01-02_06:00:00`.
fn begin(file: &NetcdfFile) -> (Option<i64>, bool) {
    let name = file.path().file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let parts: Vec<&str> = name.split('_').collect();
    if let Some(hour) = parts.iter().find_map(|p| match *p {
        "00z" => Some(0),
        "12z" => Some(12),
        _ => None,
    }) {
        return (Some(hour), true);
    }
    let stamp = parts.windows(2).find_map(|p| {
        let day = chrono::NaiveDate::parse_from_str(p[0], "%Y-%m-%d").ok()?;
        let hour: i64 = p[1].get(..2)?.parse().ok().filter(|h| *h < 24)?;
        Some(i64::from(chrono::Datelike::num_days_from_ce(&day)) * 24 + hour)
    });
    (stamp, false)
}

fn grid(file: &NetcdfFile) -> Result<HorizontalGrid> {
    if file.has("XLAT") && file.has("XLONG") {
        return wrf_grid::grid(file, 0);
    }
    let (ny, nx) = (length(file, "south_north")?, length(file, "west_east")?);
    let number = |name: &str| {
        file.number(None, name)
            .filter(|v| v.is_finite())
            .ok_or_else(|| file.error(format!("global attribute {name}"), "none", "a number"))
    };
    if number("MAP_PROJ")? as i64 == 6 {
        return Err(file.error(
            "global attribute MAP_PROJ",
            "6 without XLAT and XLONG",
            "coordinates in the file, or projection 1, 2 or 3",
        ));
    }
    let (projection, dx, dy) = wrf_grid::projection(file, &[], &[], nx, ny)?;
    let wrong = |reason: String| file.error("MAP_PROJ and grid attributes", reason, "a projection");
    let unit = HorizontalGrid::new(&projection, (1, 1), (0.0, 0.0), (1.0, 1.0)).map_err(wrong)?;
    let (x, y) = unit.transform().index(number("CEN_LON")?, number("CEN_LAT")?);
    let first = (x - 0.5 * (nx as f64 - 1.0) * dx, y - 0.5 * (ny as f64 - 1.0) * dy);
    HorizontalGrid::new(&projection, (nx, ny), first, (dx, dy)).map_err(wrong)
}
