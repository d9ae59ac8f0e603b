//! Any set of meteorology files to one gap-free sequence.

use super::isolation::{self, Isolation};
use super::netcdf_file::{NetcdfFile, on_netcdf_thread};
use super::outside_file::{MeteorologyContents, MeteorologyFile};
use super::reading::{Reading, with_rates};
use super::{Window, grib2};
use crate::domain::met_field::MetField;
use crate::error::{Error, Result};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Longest step between two times; interpolating over more loses the daily course.
const LONGEST_STEP_HOURS: i64 = 6;

/// What a file is, by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    Grib2,
    Wrfout,
    CfNetcdf,
}

/// Reads all files, sorted by time, with rates of precipitation and fluxes over the intervals between the times.
///
/// * `window`: see [`grib2::read`] and [`cf_netcdf::read`]; wrfout files are read whole.
/// * `isolation`: the processes in which the files are read; `None`, in this process, only for files that this program itself has written,
///   because damaged files crash the libraries.
/// * Reading ends with the first file that is refused.
/// * A time that occurs twice with the same content is kept once.
///
/// # Errors
/// Of the readers; and [`Error::Format`] when two files have the same time with other content, other grids or levels (a moving
/// WRF nest may be displaced by whole cells), or when there is a gap: a step of more than 6 h, or one longer than the step after it (steps may grow along a forecast, not shrink).
pub fn read(files: &[PathBuf], window: Option<Window>, isolation: Option<&Isolation>) -> Result<Vec<MetField>> {
    read_telling(files, (window, None), isolation, &mut |_| ())
}

/// As [`read`]; tells `progress` how many files are read. Of times before the last one at or before `from`, only what does not change is taken:
/// ECMWF gives the orography at the first step of a run.
///
/// # Errors
/// As [`read`].
pub fn read_telling(
    files: &[PathBuf],
    (window, from): (Option<Window>, Option<DateTime<Utc>>),
    isolation: Option<&Isolation>,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<MetField>> {
    let tasks: Vec<_> = files.iter().map(|path| MeteorologyFile { path: path.clone(), window }).collect();
    together(isolation::read_all(isolation, &tasks, progress)?, from)
}

/// What [`read_telling`] makes of the contents of its files.
///
/// # Errors
/// As [`read`].
pub fn together(files: Vec<MeteorologyContents>, from: Option<DateTime<Utc>>) -> Result<Vec<MetField>> {
    let mut grib = Vec::new();
    let mut readings = Vec::new();
    for contents in files {
        match contents {
            MeteorologyContents::Times(times) => readings.extend(times),
            MeteorologyContents::Grib2(contents) => grib.push(contents),
        }
    }
    if !grib.is_empty() {
        readings.extend(grib2::together(grib)?);
    }
    if readings.is_empty() {
        return Err(Error::missing("meteorology files", "", "Name one file or more"));
    }
    if let Some(first) = readings.iter().map(|r| r.field.valid_time).filter(|t| Some(*t) <= from).max() {
        readings.retain(|r| r.field.valid_time >= first);
    }
    one_run(readings)
}

/// Readings of one run, one or more, as [`read`] gives them.
///
/// # Errors
/// As [`read`].
pub fn one_run(mut readings: Vec<Reading>) -> Result<Vec<MetField>> {
    // stable: of the same time the file named first comes first
    readings.sort_by_key(|r| r.field.valid_time);
    let readings = without_duplicates(readings)?;
    one_grid(&readings)?;
    gapless(&readings)?;
    Ok(with_rates(readings))
}

/// What the file is, from its first bytes and, for NetCDF, its contents.
///
/// # Errors
/// [`Error::Missing`], [`Error::Io`]; [`Error::Format`] for an unknown kind and for damaged NetCDF.
pub fn format(path: &Path) -> Result<Format> {
    if !path.exists() {
        return Err(Error::missing("meteorology file", path, "Check the path"));
    }
    let mut head = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| Error::io(path, e))?;
    file.take(8).read_to_end(&mut head).map_err(|e| Error::io(path, e))?;
    if head.starts_with(b"GRIB") {
        return Ok(Format::Grib2);
    }
    if !head.starts_with(b"CDF") && !head.starts_with(b"\x89HDF") {
        return Err(Error::format(
            path,
            "first bytes",
            format!("{:?} in {} bytes", String::from_utf8_lossy(&head), head.len()),
            "GRIB2 or NetCDF",
            "Give wrfout, GRIB2 or CF NetCDF files",
        ));
    }
    let path = path.to_path_buf();
    on_netcdf_thread(move || {
        let file = NetcdfFile::open(&path)?;
        let wrf = file.number(None, "MAP_PROJ").is_some() || (file.has("PHB") && file.has("PB"));
        Ok(if wrf { Format::Wrfout } else { Format::CfNetcdf })
    })
}

fn without_duplicates(readings: Vec<Reading>) -> Result<Vec<Reading>> {
    let mut kept: Vec<Reading> = Vec::with_capacity(readings.len());
    for reading in readings {
        match kept.last() {
            Some(last) if last.field.valid_time == reading.field.valid_time => {
                if !same(last, &reading) {
                    return Err(Error::format(
                        &reading.path,
                        format!("time {}", stamp(reading.field.valid_time)),
                        format!("other values than {} has for this time", last.path.display()),
                        "each time once",
                        "Leave out one of the two files",
                    ));
                }
            }
            _ => kept.push(reading),
        }
    }
    Ok(kept)
}

fn same(a: &Reading, b: &Reading) -> bool {
    let (f, g) = (&a.field, &b.field);
    f.grid == g.grid
        && f.levels == g.levels
        && f.altitude_m == g.altitude_m
        && f.pressure_pa == g.pressure_pa
        && f.temperature_k == g.temperature_k
        && f.specific_humidity == g.specific_humidity
        && f.wind_east_m_s == g.wind_east_m_s
        && f.wind_north_m_s == g.wind_north_m_s
        && f.cloud_water == g.cloud_water
        && f.surface_pressure_pa == g.surface_pressure_pa
        && f.temperature_2m_k == g.temperature_2m_k
        && f.precipitation_kg_m2_s == g.precipitation_kg_m2_s
        // two files may tell the start of one amount differently
        && a.rain.as_ref().map(|r| &r.total) == b.rain.as_ref().map(|r| &r.total)
}

fn one_grid(readings: &[Reading]) -> Result<()> {
    let first = &readings[0];
    let describe = |r: &Reading| {
        let g = &r.field.grid;
        format!(
            "{} x {} cells of {} from ({}, {}), {}, {} levels",
            g.nx,
            g.ny,
            g.dx,
            g.x0,
            g.y0,
            g.projection(),
            r.field.levels
        )
    };
    match readings.iter().find(|r| !same_lattice(&first.field, &r.field)) {
        None => Ok(()),
        Some(other) => Err(Error::format(
            &other.path,
            format!("grid at {}", stamp(other.field.valid_time)),
            describe(other),
            format!("as in {}: {}", first.path.display(), describe(first)),
            "Give files of one model domain",
        )),
    }
}

/// Same levels and cells on one lattice; a moving nest may be displaced by whole cells.
fn same_lattice(a: &MetField, b: &MetField) -> bool {
    let (g, h) = (&a.grid, &b.grid);
    let whole = |d: f64| (d - d.round()).abs() < 0.05;
    a.levels == b.levels
        && g.projection() == h.projection()
        && (g.nx, g.ny, g.dx, g.dy) == (h.nx, h.ny, h.dx, h.dy)
        && whole((g.x0 - h.x0) / g.dx)
        && whole((g.y0 - h.y0) / g.dy)
        && (!g.is_latlon() || (g.x0, g.y0) == (h.x0, h.y0))
}

fn gapless(readings: &[Reading]) -> Result<()> {
    let time = |i: usize| readings[i].field.valid_time;
    let steps: Vec<Duration> = (1..readings.len()).map(|i| time(i) - time(i - 1)).collect();
    let longest = Duration::hours(LONGEST_STEP_HOURS);
    let gap = (0..steps.len()).find(|&i| steps[i] > longest || steps.get(i + 1).is_some_and(|&next| steps[i] > next));
    gap.map_or(Ok(()), |i| {
        let before = &readings[i];
        Err(Error::format(
            &readings[i + 1].path,
            format!("time {}", stamp(time(i + 1))),
            format!("nothing between {} ({}) and this time", stamp(time(i)), before.path.display()),
            "no gap between the times",
            "Fetch the missing times, or end the period before the gap",
        ))
    })
}

fn stamp(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}
