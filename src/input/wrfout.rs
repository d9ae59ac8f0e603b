//! WRF output (`wrfout_*`), the whole file with all its times.
//!
//! WRF's own constants turn its variables into state: g 9.81 m s-2, R 287 J kg-1 K-1, base temperature 300 K, p0 1000 hPa,
//! exponent 2/7 (Skamarock et al., 2019, A Description of the Advanced Research WRF Model Version 4, chapter 2).

use super::accumulation::Accumulation;
use super::driver_needs::{Columns, Need, lacking};
use super::lowest_level::LowestLevel;
use super::netcdf_file::{NetcdfFile, on_netcdf_thread};
use super::plausibility::{Sources, checked};
use super::quantity::Quantity;
use super::reading::{Reading, with_rates};
use super::wrf_grid::{grid, length};
use crate::domain::grid::HorizontalGrid;
use crate::domain::met_field::{FluxTime, MetField};
use crate::error::{Error, Result};
use chrono::{DateTime, NaiveDateTime, Utc};
use std::collections::BTreeSet;
use std::path::Path;

const WRF_GRAVITY: f64 = 9.81;
const WRF_R_DRY: f64 = 287.0;
const BASE_TEMPERATURE_K: f64 = 300.0;
const BASE_PRESSURE_PA: f64 = 1e5;
const KAPPA: f64 = 2.0 / 7.0;

/// Variables without which there is no driver, beside the time.
const REQUIRED: [&str; 10] = ["XLAT", "XLONG", "T", "P", "PB", "PH", "PHB", "QVAPOR", "U", "V"];

const SOURCES: Sources = Sources {
    altitude: "altitude (PH, PHB)",
    pressure: "pressure (P, PB)",
    temperature: "temperature (T)",
    humidity: "specific humidity (QVAPOR)",
    wind_east: "eastward wind (U, V)",
    wind_north: "northward wind (U, V)",
};

/// Reads all times of one file, sorted as in the file.
///
/// * Missing PSFC: from the lowest level, hydrostatically with its virtual temperature. Missing T2: the lowest potential temperature
///   at the surface pressure (well-mixed). Missing U10, V10: the lowest wind times ln(10/z0)/ln(z/z0), z0 = 0.1 m.
/// * Precipitation: difference of RAINC + RAINNC + RAINSH (and of the buckets I_RAINC, I_RAINNC) over the interval; see
///   [`super::accumulation::rates`] for the first time and for restarts.
/// * `cloud_water` is QCLOUD + QICE; `None` without QCLOUD.
///
/// # Errors
/// [`crate::error::Error::Missing`] or [`crate::error::Error::Format`] naming the variable and place.
pub fn read(path: &Path) -> Result<Vec<MetField>> {
    Ok(with_rates(readings(path)?))
}

/// All times of one file, precipitation still accumulated.
///
/// # Errors
/// As [`read`].
pub fn readings(path: &Path) -> Result<Vec<Reading>> {
    let path = path.to_path_buf();
    on_netcdf_thread(move || {
        let file = NetcdfFile::open(&path)?;
        let lacking = lacking(&gives(&file), Columns::TerrainFollowing);
        if !lacking.is_empty() {
            let mut absent: Vec<&str> = REQUIRED.into_iter().filter(|n| !file.has(n)).collect();
            if !file.has("Times") && !file.has("XTIME") {
                absent.push("Times or XTIME");
            }
            return Err(Error::format(
                &path,
                format!("variable {}", absent.join(", ")),
                format!("no {}", lacking.join(", no ")),
                "all that the model needs",
                "Write these variables in WRF (iofields), or keep them when extracting",
            ));
        }
        let times = times(&file)?;
        let at = |(time, valid_time)| {
            let grid = grid(&file, time)?;
            let shape = Shape { levels: length(&file, "bottom_top")?, ny: grid.ny, nx: grid.nx };
            let rotation = rotation(&file, &grid, time, shape)?;
            reading(&file, &grid, shape, &rotation, time, valid_time)
        };
        times.into_iter().enumerate().map(at).collect()
    })
}

#[derive(Clone, Copy)]
struct Shape {
    levels: usize,
    ny: usize,
    nx: usize,
}

/// What the model takes from a file, by the names of its variables.
pub fn gives(file: &NetcdfFile) -> BTreeSet<Need> {
    let has = |names: &[&str]| names.iter().all(|n| file.has(n));
    // the surface pressure, where missing, follows from the lowest level
    [
        (Need::Position, has(&["XLAT", "XLONG"])),
        (Need::Time, has(&["Times"]) || has(&["XTIME"])),
        (Need::Temperature, has(&["T", "P", "PB"])),
        (Need::Humidity, has(&["QVAPOR"])),
        (Need::WindEast, has(&["U"])),
        (Need::WindNorth, has(&["V"])),
        (Need::SurfacePressure, has(&["PSFC"]) || has(&["P", "PB", "PH", "PHB", "T"])),
        (Need::Terrain, has(&["PH", "PHB"])),
        (Need::Height, has(&["PH", "PHB"])),
        (Need::Temperature2m, has(&["T2"])),
        (Need::Wind10m, has(&["U10", "V10"])),
        (Need::Precipitation, has(&["RAINNC"])),
        (Need::CloudWater, has(&["QCLOUD"])),
        (Need::MixingHeight, has(&["PBLH"])),
        (Need::FrictionVelocity, has(&["UST"])),
        (Need::SensibleHeat, has(&["HFX"])),
        (Need::Shortwave, has(&["SWDOWN"])),
        (Need::Snow, has(&["SNOW"])),
        (Need::Land, has(&["LANDMASK"]) || has(&["XLAND"])),
    ]
    .into_iter()
    .filter(|(_, there)| *there)
    .map(|(need, _)| need)
    .collect()
}

/// Times of the file from `Times`, or from `XTIME` with units `minutes since ...`.
///
/// # Errors
/// [`crate::error::Error::Format`] without either, or for texts and values that are no rising times.
pub(super) fn times(file: &NetcdfFile) -> Result<Vec<DateTime<Utc>>> {
    let stamps: Vec<DateTime<Utc>> = if file.has("Times") {
        let width = file.dimensions("Times")?.last().map_or(0, |d| d.1).max(1);
        let bytes = file.characters("Times")?;
        let parsed = bytes.chunks(width).enumerate().map(|(i, chunk)| {
            let text = String::from_utf8_lossy(chunk).trim_matches(['\0', ' ']).to_owned();
            ["%Y-%m-%d_%H:%M:%S", "%Y-%m-%d_%H_%M_%S"]
                .iter()
                .find_map(|f| NaiveDateTime::parse_from_str(&text, f).ok())
                .map(|t| t.and_utc())
                .ok_or_else(|| {
                    file.error(format!("variable Times, time {i}"), format!("`{text}`"), "YYYY-MM-DD_hh:mm:ss")
                })
        });
        parsed.collect::<Result<_>>()?
    } else if file.has("XTIME") {
        super::cf_time::times(file, "XTIME")?
    } else {
        return Err(file.error("variables Times, XTIME", "neither", "the time of each output"));
    };
    if stamps.is_empty() {
        return Err(file.error("variable Times", "no time", "one time or more"));
    }
    if let Some(i) = (1..stamps.len()).find(|&i| stamps[i] <= stamps[i - 1]) {
        let found = format!("{} after {}", stamps[i], stamps[i - 1]);
        return Err(file.error(format!("variable Times, time {i}"), found, "increasing times"));
    }
    Ok(stamps)
}

/// Cosine and sine of the angle from east to the grid's x direction: COSALPHA, SINALPHA, else the grid's own.
fn rotation(file: &NetcdfFile, grid: &HorizontalGrid, time: usize, shape: Shape) -> Result<Vec<(f32, f32)>> {
    if file.has("COSALPHA") && file.has("SINALPHA") {
        let cos = flat(file, "COSALPHA", Quantity::Share, time, shape)?;
        let sin = flat(file, "SINALPHA", Quantity::Share, time, shape)?;
        if let Some(c) = (0..cos.len()).find(|&c| (cos[c].hypot(sin[c]) - 1.0).abs() > 1e-3) {
            return Err(file.error(
                format!("COSALPHA, SINALPHA, cell {c}"),
                "no unit vector",
                "cosine and sine of one angle",
            ));
        }
        return Ok(cos.into_iter().zip(sin).collect());
    }
    Ok(grid.rotation().into_iter().map(|a| (a.cos(), a.sin())).collect())
}

/// Turns grid-relative winds `(u, v)`, any number of levels, into eastward and northward ones; `rotation` holds the cosine and sine
/// of the angle from east to the grid's x direction of each cell (see [`HorizontalGrid::rotation`]).
pub fn to_earth(u: &mut [f32], v: &mut [f32], rotation: &[(f32, f32)]) {
    for ((u, v), &(cos, sin)) in u.iter_mut().zip(v).zip(rotation.iter().cycle()) {
        (*u, *v) = (*u * cos - *v * sin, *v * cos + *u * sin);
    }
}

/// Mean of neighbours along an axis of length `n + 1`: `outer` blocks of `n + 1` rows of `inner` values.
pub fn unstagger(values: &[f32], outer: usize, n: usize, inner: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(outer * n * inner);
    for block in 0..outer {
        for row in 0..n {
            let at = (block * (n + 1) + row) * inner;
            out.extend((at..at + inner).map(|i| 0.5 * (values[i] + values[i + inner])));
        }
    }
    out
}

fn reading(
    file: &NetcdfFile,
    grid: &HorizontalGrid,
    shape: Shape,
    rotation: &[(f32, f32)],
    time: usize,
    valid_time: DateTime<Utc>,
) -> Result<Reading> {
    let Shape { levels, ny, nx } = shape;
    let cells = ny * nx;
    let get = |name: &str, quantity, extra: [usize; 3]| solid(file, name, quantity, time, shape, extra);
    let add = |a: Vec<f32>, b: Vec<f32>| -> Vec<f32> { a.into_iter().zip(b).map(|(a, b)| a + b).collect() };

    let pressure = add(get("P", Quantity::Pressure, [0; 3])?, get("PB", Quantity::Pressure, [0; 3])?);
    let theta = get("T", Quantity::Temperature, [0; 3])?;
    let geopotential =
        add(get("PH", Quantity::Geopotential, [1, 0, 0])?, get("PHB", Quantity::Geopotential, [1, 0, 0])?);
    let vapour = get("QVAPOR", Quantity::MassFraction, [0; 3])?;
    let staggered = geopotential.iter().map(|g| (f64::from(*g) / WRF_GRAVITY) as f32).collect::<Vec<_>>();
    let mut east = unstagger(&get("U", Quantity::Speed, [0, 0, 1])?, levels * ny, nx, 1);
    let mut north = unstagger(&get("V", Quantity::Speed, [0, 1, 0])?, levels, ny, nx);
    to_earth(&mut east, &mut north, rotation);

    let temperature: Vec<f32> = theta
        .iter()
        .zip(&pressure)
        .map(|(&t, &p)| ((f64::from(t) + BASE_TEMPERATURE_K) * (f64::from(p) / BASE_PRESSURE_PA).powf(KAPPA)) as f32)
        .collect();
    let altitude = unstagger(&staggered, 1, levels, cells);
    let terrain = staggered[..cells].to_vec();
    let humidity: Vec<f32> = vapour.iter().map(|&r| r / (1.0 + r.max(0.0))).collect();
    let lowest = LowestLevel {
        height_m: (0..cells).map(|c| altitude[c] - terrain[c]).collect(),
        pressure_pa: &pressure[..cells],
        temperature_k: &temperature[..cells],
        humidity: &humidity[..cells],
        east_m_s: &east[..cells],
        north_m_s: &north[..cells],
    };
    let optional = |name: &str, quantity| file.has(name).then(|| flat(file, name, quantity, time, shape)).transpose();
    let surface_pressure =
        optional("PSFC", Quantity::Pressure)?.unwrap_or_else(|| lowest.surface_pressure(WRF_GRAVITY, WRF_R_DRY));
    let temperature_2m =
        optional("T2", Quantity::Temperature)?.unwrap_or_else(|| lowest.temperature_2m(&surface_pressure));
    let (east_10m, north_10m) = match (optional("U10", Quantity::Speed)?, optional("V10", Quantity::Speed)?) {
        (Some(mut u), Some(mut v)) => {
            to_earth(&mut u, &mut v, rotation);
            (u, v)
        }
        _ => lowest.wind_10m(),
    };
    let cloud = match file.has("QCLOUD") {
        false => None,
        true => {
            let water = get("QCLOUD", Quantity::MassFraction, [0; 3])?;
            let ice =
                if file.has("QICE") { get("QICE", Quantity::MassFraction, [0; 3])? } else { vec![0.0; water.len()] };
            Some(add(water, ice))
        }
    };
    let field = MetField {
        valid_time,
        grid: grid.clone(),
        levels,
        altitude_m: altitude,
        pressure_pa: pressure,
        temperature_k: temperature,
        specific_humidity: humidity,
        wind_east_m_s: east,
        wind_north_m_s: north,
        cloud_water: cloud,
        terrain_m: terrain,
        surface_pressure_pa: surface_pressure,
        temperature_2m_k: temperature_2m,
        wind_10m_east_m_s: east_10m,
        wind_10m_north_m_s: north_10m,
        precipitation_kg_m2_s: None,
        mixing_height_m: optional("PBLH", Quantity::Height)?,
        friction_velocity_m_s: optional("UST", Quantity::Speed)?,
        flux_time: FluxTime::Instant,
        sensible_heat_flux_w_m2: optional("HFX", Quantity::Flux)?,
        shortwave_w_m2: optional("SWDOWN", Quantity::Flux)?,
        snow_kg_m2: optional("SNOW", Quantity::WaterMass)?,
        land_fraction: land(file, time, shape)?,
    };
    let field = checked(file.path(), field, &SOURCES)?;
    let rain = rain(file, grid, time, shape)?;
    Ok(Reading { path: file.path().to_path_buf(), field, rain, heat: None, shortwave: None })
}

/// LANDMASK (1 land), or XLAND (1 land, 2 water).
fn land(file: &NetcdfFile, time: usize, shape: Shape) -> Result<Option<Vec<f32>>> {
    if file.has("LANDMASK") {
        return flat(file, "LANDMASK", Quantity::Share, time, shape).map(Some);
    }
    if file.has("XLAND") {
        let xland = flat(file, "XLAND", Quantity::Share, time, shape)?;
        return Ok(Some(xland.into_iter().map(|x| 2.0 - x).collect()));
    }
    Ok(None)
}

/// Water fallen since the start of the simulation [kg m-2].
fn rain(file: &NetcdfFile, grid: &HorizontalGrid, time: usize, shape: Shape) -> Result<Option<Accumulation>> {
    if !file.has("RAINNC") {
        return Ok(None);
    }
    let mut total = flat(file, "RAINNC", Quantity::WaterMass, time, shape)?;
    let mut add = |name: &str, factor: f32| -> Result<()> {
        if file.has(name) {
            let quantity = if factor == 1.0 { Quantity::WaterMass } else { Quantity::Share };
            let more = flat(file, name, quantity, time, shape)?;
            total.iter_mut().zip(more).for_each(|(t, m)| *t += factor * m);
        }
        Ok(())
    };
    add("RAINC", 1.0)?;
    add("RAINSH", 1.0)?;
    if let Some(bucket) = file.number(None, "BUCKET_MM").filter(|&b| b > 0.0) {
        add("I_RAINNC", bucket as f32)?;
        add("I_RAINC", bucket as f32)?;
    }
    Ok(Some(Accumulation::new(None, total, grid)))
}

/// A 3-D variable at one time; `extra` is 1 on a staggered axis (level, y, x).
fn solid(
    file: &NetcdfFile,
    name: &str,
    quantity: Quantity,
    time: usize,
    shape: Shape,
    extra: [usize; 3],
) -> Result<Vec<f32>> {
    let lengths = [shape.levels + extra[0], shape.ny + extra[1], shape.nx + extra[2]];
    expect(file, name, &lengths, quantity, time)
}

/// A 2-D variable at one time.
fn flat(file: &NetcdfFile, name: &str, quantity: Quantity, time: usize, shape: Shape) -> Result<Vec<f32>> {
    expect(file, name, &[shape.ny, shape.nx], quantity, time)
}

/// Reads a variable whose last axes have exactly `lengths`, with or without a leading time axis.
fn expect(file: &NetcdfFile, name: &str, lengths: &[usize], quantity: Quantity, time: usize) -> Result<Vec<f32>> {
    let found = file.dimensions(name)?;
    let timed = found.first().is_some_and(|d| d.0 == "Time");
    let space: Vec<usize> = found.iter().skip(usize::from(timed)).map(|d| d.1).collect();
    if space != lengths {
        return Err(file.error(
            format!("variable {name}"),
            format!("dimensions {found:?}"),
            format!("Time, then {lengths:?}"),
        ));
    }
    let mut slab = Vec::new();
    if timed {
        slab.push(time..time + 1);
    }
    slab.extend(lengths.iter().map(|&n| 0..n));
    file.values(name, quantity, &slab)
}
