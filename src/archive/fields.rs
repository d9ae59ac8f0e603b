//! Hourly surface fields of a run as a CF NetCDF-4 file, both ways.
//!
//! **Invariant:** the same history gives the same bytes, and what is read back is bit for bit what was written. **Why:** a broken night
//! resumes from this file and must end in the same products. The file carries no clock time.
//!
//! **Invariant:** a file is under its name only after it was closed without error and read back equal. **Why:** with a full disk the
//! library reports success until `close`, and the file opens with fill values in place of data.
//!
//! The NetCDF library is not made for threads: call this module, and whatever else of the process uses NetCDF, from one thread. After a
//! write that failed the library may keep the removed file open until the process ends.
//!
//! # Reference
//! CF Conventions 1.11.

use super::durable::{self, install, prove_space, temporary};
use super::grid_mapping::grid_mapping;
use super::run_id::RunId;
use crate::domain::grid::Grid;
use crate::domain::pollutant::Pollutant;
use crate::error::{Error, Result};
use crate::input::netcdf_file::on_netcdf_thread;
use crate::simulation::history::History;
use chrono::{DateTime, Duration, Utc};
use ndarray::Array3;
use netcdf::{FileMut, VariableMut};
use std::path::Path;

/// Stands for no value; our fields have one everywhere, so it only guards against a torn write.
const FILL: f32 = -9999.0;
const TERRAIN_WINDS: &str = "terrain_winds";
const MAPPING: &str = "projection";
const REMEDY: &str = "Remove the file and run the night again";

/// Names and attributes of one field.
struct Field {
    variable: &'static str,
    /// `None` where CF has no name for it.
    standard_name: Option<&'static str>,
    long_name: &'static str,
    units: &'static str,
    /// Auxiliary coordinates beside longitude and latitude.
    height: Option<&'static str>,
}

/// Writes the history of a run.
///
/// # Errors
/// `Unstable` when a value is not finite; `Invalid` when shapes disagree or the projection has no CF mapping; `Io` when the disk
/// does not take the file.
pub fn write(path: &Path, grid: &Grid, history: &History, cycle: DateTime<Utc>, run: &RunId) -> Result<()> {
    let (path, grid, history, run) = (path.to_path_buf(), grid.clone(), history.clone(), run.clone());
    on_netcdf_thread(move || write_here(&path, &grid, &history, cycle, &run))
}

/// Size [bytes] that the file cannot exceed: all fields uncompressed, and 1 MB for all else.
fn uncompressed(history: &History) -> u64 {
    1_000_000 + 4 * (history.fields().len() * history.mixing_height_m.len()) as u64
}

fn write_here(path: &Path, grid: &Grid, history: &History, cycle: DateTime<Utc>, run: &RunId) -> Result<()> {
    check(path, grid, history)?;
    prove_space(path, uncompressed(history))?;
    let draft = temporary(path)?;
    let refuse = |e: netcdf::Error| refused(path, &e);
    let mut file = netcdf::create(&draft).map_err(refuse)?;
    let written = fill(&mut file, path, grid, history, cycle, run);
    let closed = file.sync().and_then(|()| file.close()).map_err(refuse);
    let proven = written.and(closed).and_then(|()| prove(&draft, path, history));
    if let Err(e) = proven {
        // the first error is the one to report
        let _ = std::fs::remove_file(&draft);
        return Err(e);
    }
    durable::sync_file(&draft)?;
    install(&draft, path)
}

/// Reads what [`write`] wrote.
///
/// # Errors
/// `Missing` when there is no such file; `Format` naming the variable or attribute that is not as written.
pub fn read_history(path: &Path) -> Result<History> {
    let path = path.to_path_buf();
    on_netcdf_thread(move || read_here(&path))
}

fn read_here(path: &Path) -> Result<History> {
    if !path.is_file() {
        return Err(Error::missing("the archived fields", path, "Run the night again"));
    }
    let bad = |place: &str, found: String, expected: &str| Error::format(path, place, found, expected, REMEDY);
    let file = netcdf::open(path).map_err(|e| bad("the file", e.to_string(), "a NetCDF-4 file of this program"))?;
    let length = |name: &str| {
        file.dimension_len(name).ok_or_else(|| bad(&format!("dimension {name}"), "none".into(), "a length"))
    };
    let shape = (length("time")?, length("y")?, length("x")?);
    let field = |f: &Field| -> Result<Option<Array3<f32>>> {
        let Some(variable) = file.variable(f.variable) else { return Ok(None) };
        let place = format!("variable {}", f.variable);
        let values = variable.get_values::<f32, _>(..).map_err(|e| bad(&place, e.to_string(), "values"))?;
        if let Some(v) = values.iter().find(|v| !v.is_finite() || **v == FILL) {
            return Err(bad(&place, v.to_string(), "a value in every cell and hour"));
        }
        let (found, expected) = (values.len(), shape.0 * shape.1 * shape.2);
        let array = Array3::from_shape_vec(shape, values);
        array.map(Some).map_err(|_| bad(&place, format!("{found} values"), &format!("{expected} values")))
    };
    let needed =
        |f: &Field| field(f)?.ok_or_else(|| bad(&format!("variable {}", f.variable), "none".into(), "the variable"));
    let mut concentrations = crate::domain::pollutant::Concentrations::default();
    for p in Pollutant::ALL {
        concentrations.set(p, field(&pollutant_field(p))?);
    }
    let text = |name: &str| match file.attribute(name).map(|a| a.value()) {
        Some(Ok(netcdf::AttributeValue::Str(text))) => Ok(text),
        other => Err(bad(&format!("attribute {name}"), format!("{other:?}"), "a text")),
    };
    let ledger = serde_json::from_str(&text("mass_ledger")?)
        .map_err(|e| bad("attribute mass_ledger", e.to_string(), "a mass ledger as JSON"))?;
    let terrain_winds = match file.attribute(TERRAIN_WINDS) {
        None => None,
        Some(_) => serde_json::from_str(&text(TERRAIN_WINDS)?)
            .map_err(|e| bad("attribute terrain_winds", e.to_string(), "figures as JSON"))?,
    };
    Ok(History {
        ends: read_ends(path, &file, &text("cycle")?)?,
        concentrations,
        primary_pm25_ug_m3: needed(&PRIMARY)?,
        mixing_height_m: needed(&MIXING_HEIGHT)?,
        wind_east_m_s: needed(&WIND_EAST)?,
        wind_north_m_s: needed(&WIND_NORTH)?,
        temperature_k: needed(&TEMPERATURE)?,
        relative_humidity_percent: needed(&HUMIDITY)?,
        inversion_k: needed(&INVERSION)?,
        snow_kg_m2: field(&SNOW)?,
        ledger,
        terrain_winds,
    })
}

const PRIMARY: Field = Field {
    variable: "pm25_primary",
    standard_name: None,
    long_name: "primary PM2.5 in the lowest layer, ambient conditions",
    units: "ug m-3",
    height: None,
};
const MIXING_HEIGHT: Field = Field {
    variable: "mixing_height",
    standard_name: Some("atmosphere_boundary_layer_thickness"),
    long_name: "height of the boundary layer above ground",
    units: "m",
    height: None,
};
const WIND_EAST: Field = Field {
    variable: "wind_east",
    standard_name: Some("eastward_wind"),
    long_name: "eastward wind at 10 m",
    units: "m s-1",
    height: Some("height_10m"),
};
const WIND_NORTH: Field = Field {
    variable: "wind_north",
    standard_name: Some("northward_wind"),
    long_name: "northward wind at 10 m",
    units: "m s-1",
    height: Some("height_10m"),
};
const TEMPERATURE: Field = Field {
    variable: "temperature",
    standard_name: Some("air_temperature"),
    long_name: "air temperature at 2 m",
    units: "K",
    height: Some("height_2m"),
};

const HUMIDITY: Field = Field {
    variable: "relative_humidity",
    standard_name: Some("relative_humidity"),
    long_name: "relative humidity over water in the lowest layer",
    units: "percent",
    height: None,
};
const INVERSION: Field = Field {
    variable: "inversion",
    standard_name: None,
    long_name: "air temperature some 250 m above ground less that at 2 m",
    units: "K",
    height: None,
};
const SNOW: Field = Field {
    variable: "snow",
    standard_name: Some("surface_snow_amount"),
    long_name: "snow on the ground as water",
    units: "kg m-2",
    height: None,
};

fn pollutant_field(p: Pollutant) -> Field {
    let (variable, standard_name, long_name) = match p {
        Pollutant::Pm25 => (
            "pm25",
            "mass_concentration_of_pm2p5_ambient_aerosol_particles_in_air",
            "PM2.5 in the lowest layer, ambient conditions",
        ),
        Pollutant::Pm10 => (
            "pm10",
            "mass_concentration_of_pm10_ambient_aerosol_particles_in_air",
            "PM10 in the lowest layer, ambient conditions",
        ),
        Pollutant::So2 => (
            "so2",
            "mass_concentration_of_sulfur_dioxide_in_air",
            "SO2 in the lowest layer, at 298.15 K and 1013.25 hPa",
        ),
        Pollutant::No2 => (
            "no2",
            "mass_concentration_of_nitrogen_dioxide_in_air",
            "NO2 in the lowest layer, at 298.15 K and 1013.25 hPa",
        ),
        Pollutant::Co => (
            "co",
            "mass_concentration_of_carbon_monoxide_in_air",
            "CO in the lowest layer, at 298.15 K and 1013.25 hPa",
        ),
        Pollutant::O3 => {
            ("o3", "mass_concentration_of_ozone_in_air", "O3 in the lowest layer, at 298.15 K and 1013.25 hPa")
        }
    };
    Field { variable, standard_name: Some(standard_name), long_name, units: p.unit(), height: None }
}

/// Every field of a history, in the order of the file.
fn fields(history: &History) -> Vec<(Field, &Array3<f32>)> {
    let mut all: Vec<_> =
        Pollutant::ALL.into_iter().filter_map(|p| Some((pollutant_field(p), history.concentrations.get(p)?))).collect();
    all.push((PRIMARY, &history.primary_pm25_ug_m3));
    all.push((MIXING_HEIGHT, &history.mixing_height_m));
    all.push((WIND_EAST, &history.wind_east_m_s));
    all.push((WIND_NORTH, &history.wind_north_m_s));
    all.push((TEMPERATURE, &history.temperature_k));
    all.push((HUMIDITY, &history.relative_humidity_percent));
    all.push((INVERSION, &history.inversion_k));
    all.extend(history.snow_kg_m2.iter().map(|snow| (SNOW, snow)));
    all
}

fn check(path: &Path, grid: &Grid, history: &History) -> Result<()> {
    let expected = (history.ends.len(), grid.horizontal.ny, grid.horizontal.nx);
    if history.ends.is_empty() || history.ends.windows(2).any(|w| w[1] - w[0] != Duration::hours(1)) {
        return Err(Error::invalid(path, "hours of the history", format!("{} ends", expected.0), "consecutive hours"));
    }
    for (field, values) in fields(history) {
        if values.dim() != expected {
            let (found, expected) = (format!("{:?}", values.dim()), format!("{expected:?}"));
            return Err(Error::invalid(path, field.variable, found, expected));
        }
        if let Some(((t, y, x), v)) = values.indexed_iter().find(|(_, v)| !v.is_finite() || **v == FILL) {
            return Err(Error::Unstable {
                process: format!("archive of {}", field.variable),
                place: format!("hour ending {}, cell x {x} y {y}", history.ends[t]),
                found: v.to_string(),
                expected: format!("a finite value in {}", field.units),
            });
        }
    }
    Ok(())
}

fn fill(
    file: &mut FileMut,
    path: &Path,
    grid: &Grid,
    history: &History,
    cycle: DateTime<Utc>,
    run: &RunId,
) -> Result<()> {
    let mapping = grid_mapping(&grid.horizontal, path)?;
    let ledger = serde_json::to_string(&history.ledger)
        .map_err(|e| Error::invalid(path, "mass ledger", e.to_string(), "a value that JSON can hold"))?;
    let terrain_winds = history.terrain_winds.as_ref().map(serde_json::to_string).transpose();
    let terrain_winds =
        terrain_winds.map_err(|e| Error::invalid(path, TERRAIN_WINDS, e.to_string(), "values that JSON can hold"))?;
    (|| {
        for (name, length) in
            [("time", history.ends.len()), ("nv", 2), ("y", grid.horizontal.ny), ("x", grid.horizontal.nx)]
        {
            file.add_dimension(name, length)?;
        }
        for (name, value) in [
            ("Conventions", "CF-1.11".to_owned()),
            ("title", format!("Air-quality forecast {run}: hourly means at the ground")),
            ("institution", "operator of hazecast".to_owned()),
            (
                "source",
                format!("hazecast {}, chemical transport model on grid {}", env!("CARGO_PKG_VERSION"), grid.name),
            ),
            (
                "history",
                format!("forecast cycle {} by hazecast {}", cycle.format("%Y-%m-%dT%H:%MZ"), env!("CARGO_PKG_VERSION")),
            ),
            ("comment", "Each hour is stamped with its end; times are UTC.".to_owned()),
            ("references", "GB 3095-2026 for reference states".to_owned()),
            ("run", run.to_string()),
            ("cycle", cycle.to_rfc3339()),
            ("mass_ledger", ledger),
        ] {
            file.add_attribute(name, value)?;
        }
        if let Some(figures) = terrain_winds {
            file.add_attribute(TERRAIN_WINDS, figures)?;
        }
        times(file, history, cycle)?;
        space(file, grid, &mapping)?;
        for (field, values) in fields(history) {
            surface(file, &field, values, grid.horizontal.is_latlon())?;
        }
        Ok(())
    })()
    .map_err(|e| refused(path, &e))
}

/// The library does not say why the system refused; a full disk is the usual reason.
fn refused(path: &Path, e: &netcdf::Error) -> Error {
    Error::io(path, std::io::Error::other(format!("{e}; is the disk full, or the folder not writable?")))
}

fn describe(variable: &mut VariableMut<'_>, attributes: &[(&str, &str)]) -> netcdf::Result<()> {
    for (name, value) in attributes {
        variable.put_attribute(name, *value)?;
    }
    Ok(())
}

/// Time at the end of each hour with the hour as bounds, and the cycle as reference time.
fn times(file: &mut FileMut, history: &History, cycle: DateTime<Utc>) -> netcdf::Result<()> {
    let units = format!("hours since {}", cycle.format("%Y-%m-%d %H:%M:%S"));
    let hours: Vec<f64> = history.ends.iter().map(|t| lead_hours(*t, cycle)).collect();
    let bounds: Vec<f64> = hours.iter().flat_map(|h| [h - 1.0, *h]).collect();
    let mut time = file.add_variable::<f64>("time", &["time"])?;
    describe(
        &mut time,
        &[
            ("standard_name", "time"),
            ("long_name", "end of the hour"),
            ("units", &units),
            ("calendar", "standard"),
            ("units_metadata", "leap_seconds: none"),
            ("axis", "T"),
            ("bounds", "time_bnds"),
        ],
    )?;
    time.put_values(&hours, ..)?;
    file.add_variable::<f64>("time_bnds", &["time", "nv"])?.put_values(&bounds, ..)?;
    let mut reference = file.add_variable::<f64>("forecast_reference_time", &[])?;
    describe(
        &mut reference,
        &[
            ("standard_name", "forecast_reference_time"),
            ("long_name", "cycle of the forecast"),
            ("units", &units),
            ("calendar", "standard"),
            ("units_metadata", "leap_seconds: none"),
        ],
    )?;
    reference.put_value(0.0f64, ())
}

fn lead_hours(t: DateTime<Utc>, cycle: DateTime<Utc>) -> f64 {
    (t - cycle).num_seconds() as f64 / 3600.0
}

/// Projection axes, longitude and latitude of every cell, heights, and the grid mapping.
fn space(file: &mut FileMut, grid: &Grid, mapping: &super::grid_mapping::GridMapping) -> netcdf::Result<()> {
    let g = &grid.horizontal;
    let degrees = g.is_latlon();
    for (name, n, origin, step, axis) in [("y", g.ny, g.y0, g.dy, "Y"), ("x", g.nx, g.x0, g.dx, "X")] {
        let mut variable = file.add_variable::<f64>(name, &[name])?;
        let (standard_name, units) = match (degrees, axis) {
            (true, "X") => ("longitude", "degrees_east"),
            (true, _) => ("latitude", "degrees_north"),
            (false, "X") => ("projection_x_coordinate", "m"),
            (false, _) => ("projection_y_coordinate", "m"),
        };
        describe(
            &mut variable,
            &[("standard_name", standard_name), ("long_name", "centre of the cell"), ("units", units), ("axis", axis)],
        )?;
        variable.put_values(&(0..n).map(|i| origin + i as f64 * step).collect::<Vec<_>>(), ..)?;
    }
    let (lon, lat): (Vec<f64>, Vec<f64>) = g.centres().into_iter().unzip();
    let places = [("lon", "longitude", "degrees_east", lon), ("lat", "latitude", "degrees_north", lat)];
    for (name, standard_name, units, values) in places.into_iter().filter(|_| !degrees) {
        let mut variable = file.add_variable::<f64>(name, &["y", "x"])?;
        variable.set_compression(4, true)?;
        describe(&mut variable, &[("standard_name", standard_name), ("long_name", standard_name), ("units", units)])?;
        variable.put_values(&values, ..)?;
    }
    for (name, height) in [("height_10m", 10.0f64), ("height_2m", 2.0)] {
        let mut variable = file.add_variable::<f64>(name, &[])?;
        describe(
            &mut variable,
            &[
                ("standard_name", "height"),
                ("long_name", "height above ground"),
                ("units", "m"),
                ("positive", "up"),
                ("axis", "Z"),
            ],
        )?;
        variable.put_value(height, ())?;
    }
    let mut variable = file.add_variable::<i32>(MAPPING, &[])?;
    variable.put_attribute("grid_mapping_name", mapping.name)?;
    for (name, values) in &mapping.attributes {
        match values.as_slice() {
            [one] => variable.put_attribute(name, *one)?,
            several => variable.put_attribute(name, several.to_vec())?,
        };
    }
    variable.put_attribute("proj_string", g.projection())?;
    variable.put_value(0i32, ())
}

fn surface(file: &mut FileMut, field: &Field, values: &Array3<f32>, degrees: bool) -> netcdf::Result<()> {
    let (_, ny, nx) = values.dim();
    let mut variable = file.add_variable::<f32>(field.variable, &["time", "y", "x"])?;
    // one hour is one chunk: maps are read hour by hour
    variable.set_chunking(&[1, ny, nx])?;
    variable.set_compression(4, true)?;
    variable.set_fill_value(FILL)?;
    // on a longitude-latitude grid the axes themselves are longitude and latitude
    let mut coordinates = vec!["forecast_reference_time"];
    coordinates.extend(if degrees { None } else { Some("lat lon") });
    coordinates.extend(field.height);
    let name = field.standard_name.map(|name| ("standard_name", name));
    describe(&mut variable, name.as_slice())?;
    describe(
        &mut variable,
        &[
            ("long_name", field.long_name),
            ("units", field.units),
            ("cell_methods", "time: mean"),
            ("coordinates", &coordinates.join(" ")),
            ("grid_mapping", MAPPING),
        ],
    )?;
    if field.units == "K" {
        variable.put_attribute("units_metadata", "temperature: on_scale")?;
    }
    let standard = values.as_standard_layout();
    variable.put_values(standard.as_slice().unwrap_or_default(), ..)
}

/// Reads a finished draft back and compares every bit.
fn prove(draft: &Path, path: &Path, history: &History) -> Result<()> {
    let back = read_here(draft)?;
    let bits = |h: &History| {
        fields(h)
            .into_iter()
            .map(|(f, a)| (f.variable, a.iter().map(|v| v.to_bits()).collect()))
            .collect::<Vec<(_, Vec<_>)>>()
    };
    if back.ends == history.ends
        && back.ledger == history.ledger
        && back.terrain_winds == history.terrain_winds
        && bits(&back) == bits(history)
    {
        return Ok(());
    }
    let lost =
        std::io::Error::other("the file does not read back as it was written: check the disk and its free space");
    Err(Error::io(path, lost))
}

fn read_ends(path: &Path, file: &netcdf::File, cycle: &str) -> Result<Vec<DateTime<Utc>>> {
    let bad = |place: &str, found: String, expected: &str| Error::format(path, place, found, expected, REMEDY);
    let cycle: DateTime<Utc> =
        cycle.parse().map_err(|_| bad("attribute cycle", cycle.to_owned(), "an RFC 3339 time"))?;
    let time = file.variable("time").ok_or_else(|| bad("variable time", "none".into(), "the variable"))?;
    let hours = time.get_values::<f64, _>(..).map_err(|e| bad("variable time", e.to_string(), "values"))?;
    hours
        .into_iter()
        .map(|h| {
            let seconds = h * 3600.0;
            let whole = seconds.is_finite() && seconds.abs() < 1e9 && seconds.fract() == 0.0;
            let end = whole.then(|| cycle.checked_add_signed(Duration::seconds(seconds as i64))).flatten();
            end.ok_or_else(|| bad("variable time", h.to_string(), "hours since the cycle"))
        })
        .collect()
}
