//! The built-in example: writes input files as the outside world would deliver them. The night that reads them knows nothing of it.
//!
//! The case is a three-day winter stagnation over Yanbian made of formulas: a north-westerly, then weak winds under a passing high
//! with surface inversions, then a new north-westerly. Every byte follows from this code.

mod lattice;
mod regime;
mod tables;
mod terrain;
mod weather;
mod wind;
mod wrfout;

use crate::error::{Error, Result};
use crate::input::netcdf_file::on_netcdf_thread;
use crate::setup::library::built_in;
use chrono::{DateTime, TimeDelta, Utc};
use std::path::{Path, PathBuf};

const CONFIGURATION: &str = r#"# The built-in example: an analytic winter stagnation over Yanbian, cycle 2026-01-15T12Z.
region = "yanbian"
grid = "demo"
runs = "runs"
forecast_hours = 72
spin_up_hours = 24

[inputs]
meteorology = ["inbox/met/wrfout_d01_*"]
inventory = ["inbox/emissions/inventory.csv"]
register = "inbox/emissions/register.csv"
observations = ["inbox/obs/china_sites_*"]
fires = ["inbox/fires/MODIS_C6_1_*"]
"#;

/// The cycle of the example's night: 2026-01-15T12Z, 24 h after the first time of its weather.
pub fn cycle() -> DateTime<Utc> {
    regime::start() + TimeDelta::hours(24)
}

/// Writes `dir/inbox/...` and `dir/night.toml`, and returns the path of the latter. `inventory_csv` is the text of an inventory
/// in the layout of the region pack; it is written as it is, beside the example register of the pack. Existing files of the same names are replaced; two calls write the
/// same bytes.
///
/// # Errors
/// `Io` when a folder or file cannot be written, `Format` when the NetCDF library refuses to write.
pub fn write(dir: &Path, inventory_csv: &str) -> Result<PathBuf> {
    let inbox = dir.join("inbox");
    for name in ["met", "emissions", "obs", "fires"] {
        let folder = inbox.join(name);
        std::fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
    }
    let met = inbox.join("met");
    on_netcdf_thread(move || wrfout::write(&met))?;
    let put = |path: PathBuf, text: &str| std::fs::write(&path, text).map_err(|e| Error::io(&path, e)).map(|()| path);
    put(inbox.join("emissions/inventory.csv"), inventory_csv)?;
    put(inbox.join("emissions/register.csv"), built_in("data/yanbian/register.csv")?)?;
    for (name, text) in tables::observations() {
        put(inbox.join("obs").join(name), &text)?;
    }
    put(inbox.join("fires/MODIS_C6_1_example.csv"), tables::FIRES)?;
    put(dir.join("night.toml"), CONFIGURATION)
}
