//! Writes the example's weather as `wrfout` files: variables, attributes and staggering as WRF ARW writes them. `W` is zero
//! everywhere: vertical motion follows from the mass fluxes of `U` and `V`, which leave every column's mass as it is.

use super::lattice::{CENTRE, Lattice, MOAD_CEN_LAT, P_TOP, STAND_LON, TRUELAT1, TRUELAT2, WRF_G, WRF_R_D};
use super::regime::{Regime, start};
use super::weather::{Surface, Weather, weather};
use crate::error::{Error, Result};
use std::path::Path;

/// One file a day as (name of its start, times in it, the file with its `Times`). The last holds the final time as well.
const FILES: [(&str, usize, &[u8]); 4] = [
    ("2026-01-14_12", 24, include_bytes!("../../../data/example/times_2026-01-14_12.nc")),
    ("2026-01-15_12", 24, include_bytes!("../../../data/example/times_2026-01-15_12.nc")),
    ("2026-01-16_12", 24, include_bytes!("../../../data/example/times_2026-01-16_12.nc")),
    ("2026-01-17_12", 25, include_bytes!("../../../data/example/times_2026-01-17_12.nc")),
];

/// Where a variable's values stand.
#[derive(Clone, Copy, PartialEq)]
enum Stagger {
    None,
    X,
    Y,
    Z,
}

/// A variable as (name, has levels, stagger, description, units).
type Field = (&'static str, bool, Stagger, &'static str, &'static str);

const STATIC_FIELDS: [Field; 15] = [
    ("XLAT", false, Stagger::None, "LATITUDE, SOUTH IS NEGATIVE", "degree_north"),
    ("XLONG", false, Stagger::None, "LONGITUDE, WEST IS NEGATIVE", "degree_east"),
    ("XLAT_U", false, Stagger::X, "LATITUDE, SOUTH IS NEGATIVE", "degree_north"),
    ("XLONG_U", false, Stagger::X, "LONGITUDE, WEST IS NEGATIVE", "degree_east"),
    ("XLAT_V", false, Stagger::Y, "LATITUDE, SOUTH IS NEGATIVE", "degree_north"),
    ("XLONG_V", false, Stagger::Y, "LONGITUDE, WEST IS NEGATIVE", "degree_east"),
    ("MAPFAC_M", false, Stagger::None, "Map scale factor on mass grid", ""),
    ("MAPFAC_U", false, Stagger::X, "Map scale factor on u-grid", ""),
    ("MAPFAC_V", false, Stagger::Y, "Map scale factor on v-grid", ""),
    ("SINALPHA", false, Stagger::None, "Local sine of map rotation", ""),
    ("COSALPHA", false, Stagger::None, "Local cosine of map rotation", ""),
    ("HGT", false, Stagger::None, "Terrain Height", "m"),
    ("LANDMASK", false, Stagger::None, "LAND MASK (1 FOR LAND, 0 FOR WATER)", ""),
    ("PB", true, Stagger::None, "BASE STATE PRESSURE", "Pa"),
    ("PHB", true, Stagger::Z, "base-state geopotential", "m2 s-2"),
];

const CHANGING_FIELDS: [Field; 20] = [
    ("U", true, Stagger::X, "x-wind component", "m s-1"),
    ("V", true, Stagger::Y, "y-wind component", "m s-1"),
    ("W", true, Stagger::Z, "z-wind component", "m s-1"),
    ("PH", true, Stagger::Z, "perturbation geopotential", "m2 s-2"),
    ("T", true, Stagger::None, "perturbation potential temperature (theta-t0)", "K"),
    ("P", true, Stagger::None, "perturbation pressure", "Pa"),
    ("QVAPOR", true, Stagger::None, "Water vapor mixing ratio", "kg kg-1"),
    ("QCLOUD", true, Stagger::None, "Cloud water mixing ratio", "kg kg-1"),
    ("T2", false, Stagger::None, "TEMP at 2 M", "K"),
    ("Q2", false, Stagger::None, "QV at 2 M", "kg kg-1"),
    ("PSFC", false, Stagger::None, "SFC PRESSURE", "Pa"),
    ("U10", false, Stagger::None, "U at 10 M", "m s-1"),
    ("V10", false, Stagger::None, "V at 10 M", "m s-1"),
    ("SNOW", false, Stagger::None, "SNOW WATER EQUIVALENT", "kg m-2"),
    ("RAINC", false, Stagger::None, "ACCUMULATED TOTAL CUMULUS PRECIPITATION", "mm"),
    ("RAINNC", false, Stagger::None, "ACCUMULATED TOTAL GRID SCALE PRECIPITATION", "mm"),
    ("SWDOWN", false, Stagger::None, "DOWNWARD SHORT WAVE FLUX AT GROUND SURFACE", "W m-2"),
    ("UST", false, Stagger::None, "U* IN SIMILARITY THEORY", "m s-1"),
    ("PBLH", false, Stagger::None, "PBL HEIGHT", "m"),
    ("HFX", false, Stagger::None, "UPWARD HEAT FLUX AT THE SURFACE", "W m-2"),
];

/// Writes the four files into `folder`.
///
/// # Errors
/// `Io` when a file cannot be written, `Format` when the NetCDF library refuses.
pub(super) fn write(folder: &Path) -> Result<()> {
    let lattice = Lattice::new();
    let base = Base::new(&lattice);
    let mut first = 0;
    for (name, times, template) in FILES {
        let path = folder.join(format!("wrfout_d01_{name}_00_00"));
        std::fs::write(&path, template).map_err(|e| Error::io(&path, e))?;
        let refused = |e: netcdf::Error| {
            Error::format(&path, "writing", e.to_string(), "a file to write", "Check the disk and the NetCDF library")
        };
        let mut file = netcdf::append(&path).map_err(refused)?;
        define(&mut file, &lattice).map_err(refused)?;
        for time in 0..times {
            let regime = Regime::at(first + time);
            let air = weather(&lattice, &regime);
            let minutes = (60 * (first + time)) as f32;
            put(&mut file, "XTIME", time, vec![minutes]).map_err(refused)?;
            for field in STATIC_FIELDS {
                put(&mut file, field.0, time, static_values(field.0, &lattice, &base)).map_err(refused)?;
            }
            for field in CHANGING_FIELDS {
                put(&mut file, field.0, time, changing_values(field.0, &regime, &air, &base)).map_err(refused)?;
            }
        }
        file.close().map_err(refused)?;
        first += times;
    }
    Ok(())
}

/// The base state of WRF: hydrostatic, a function of the terrain only.
struct Base {
    pressure_pa: Vec<f32>,
    geopotential: Vec<f32>,
}

impl Base {
    /// Base temperature 290 K at 1000 hPa, 50 K less per e-fold of pressure (Skamarock et al. 2008, section 5.2.2).
    fn new(l: &Lattice) -> Self {
        let cells = l.nx * l.ny;
        let mut base =
            Self { pressure_pa: vec![0.0; l.levels() * cells], geopotential: vec![0.0; (l.levels() + 1) * cells] };
        for (c, ground) in l.ground.iter().enumerate() {
            let (t0, a) = (290.0, 50.0);
            let ratio: f64 = t0 / a;
            let psfc =
                100_000.0 * (-ratio + (ratio * ratio - 2.0 * WRF_G * ground.height_m / (a * WRF_R_D)).sqrt()).exp();
            let mut phi = WRF_G * ground.height_m;
            base.geopotential[c] = to_multiple(phi, GEOPOTENTIAL_STEP);
            for k in 0..l.levels() {
                let interface = |eta: f64| P_TOP + eta * (psfc - P_TOP);
                let (below, above) = (interface(l.eta[k]), interface(l.eta[k + 1]));
                let middle = 0.5 * (below + above);
                phi += WRF_R_D * (t0 + a * (middle / 100_000.0).ln()) * (below / above).ln();
                base.pressure_pa[k * cells + c] = to_multiple(middle, PRESSURE_STEP);
                base.geopotential[(k + 1) * cells + c] = to_multiple(phi, GEOPOTENTIAL_STEP);
            }
        }
        base
    }
}

/// Steps to which values are rounded so that the files compress: far below what a model resolves, and powers of two so that the
/// rounded values are exact.
const PRESSURE_STEP: f64 = 0.25;
const GEOPOTENTIAL_STEP: f64 = 0.0625;
const WIND_STEP: f64 = 1.0 / 1024.0;
const TEMPERATURE_STEP: f64 = 1.0 / 128.0;
const RATIO_STEP: f64 = 1.0 / 16_777_216.0;

fn to_multiple(value: f64, step: f64) -> f32 {
    ((value / step).round() * step) as f32
}

fn static_values(name: &str, l: &Lattice, base: &Base) -> Vec<f32> {
    let lat = |p: &[(f64, f64)]| p.iter().map(|p| p.1 as f32).collect();
    let lon = |p: &[(f64, f64)]| p.iter().map(|p| p.0 as f32).collect();
    let all = |v: &[f64]| v.iter().map(|&v| v as f32).collect();
    match name {
        "XLAT" => lat(&l.centres),
        "XLONG" => lon(&l.centres),
        "XLAT_U" => lat(&l.u_faces),
        "XLONG_U" => lon(&l.u_faces),
        "XLAT_V" => lat(&l.v_faces),
        "XLONG_V" => lon(&l.v_faces),
        "MAPFAC_M" => all(&l.map_factor),
        "MAPFAC_U" => all(&l.map_factor_u),
        "MAPFAC_V" => all(&l.map_factor_v),
        "SINALPHA" => l.rotation.iter().map(|a| a.sin() as f32).collect(),
        "COSALPHA" => l.rotation.iter().map(|a| a.cos() as f32).collect(),
        "HGT" => base.geopotential[..l.nx * l.ny].iter().map(|phi| phi / WRF_G as f32).collect(),
        "LANDMASK" => l.ground.iter().map(|g| f32::from(u8::from(g.is_land))).collect(),
        "PB" => base.pressure_pa.clone(),
        _ => base.geopotential.clone(),
    }
}

fn changing_values(name: &str, regime: &Regime, air: &Weather, base: &Base) -> Vec<f32> {
    let less = |total: &[f64], base: &[f32], step: f64| -> Vec<f32> {
        total.iter().zip(base).map(|(&t, &b)| to_multiple(t - f64::from(b), step)).collect()
    };
    let rounded = |v: &[f64], step: f64| -> Vec<f32> { v.iter().map(|&v| to_multiple(v, step)).collect() };
    let near = |f: &dyn Fn(&Surface) -> f64, step: f64| -> Vec<f32> {
        air.surface.iter().map(|s| to_multiple(f(s), step)).collect()
    };
    match name {
        "U" => air.wind.u.iter().map(|&u| to_multiple(f64::from(u), WIND_STEP)).collect(),
        "V" => air.wind.v.iter().map(|&v| to_multiple(f64::from(v), WIND_STEP)).collect(),
        "W" => vec![0.0; air.geopotential.len()],
        "PH" => less(&air.geopotential, &base.geopotential, GEOPOTENTIAL_STEP),
        "P" => less(&air.pressure_pa, &base.pressure_pa, PRESSURE_STEP),
        "T" => air.potential_temperature_k.iter().map(|&theta| to_multiple(theta - 300.0, TEMPERATURE_STEP)).collect(),
        "QVAPOR" => rounded(&air.vapour, RATIO_STEP),
        "QCLOUD" => rounded(&air.cloud, RATIO_STEP),
        "T2" => near(&|s| s.temperature_2m_k, TEMPERATURE_STEP),
        "Q2" => near(&|s| s.vapour_2m, RATIO_STEP),
        "PSFC" => near(&|s| s.pressure_pa, PRESSURE_STEP),
        "U10" => near(&|s| s.wind_10m.0, WIND_STEP),
        "V10" => near(&|s| s.wind_10m.1, WIND_STEP),
        "SNOW" => near(&|s| s.snow_kg_m2, TEMPERATURE_STEP),
        "RAINC" => vec![0.0; air.surface.len()],
        "RAINNC" => vec![regime.snowfall_kg_m2 as f32; air.surface.len()],
        "SWDOWN" => near(&|s| s.shortwave_w_m2, 0.125),
        "UST" => near(&|s| s.friction_velocity_m_s, WIND_STEP),
        "PBLH" => near(&|s| s.mixing_height_m, 0.125),
        _ => near(&|s| s.sensible_heat_w_m2, 0.125),
    }
}

/// Dimensions, variables and attributes beside `Time`, `DateStrLen` and `Times`, which are there already.
fn define(file: &mut netcdf::FileMut, l: &Lattice) -> std::result::Result<(), netcdf::Error> {
    for (name, size) in [
        ("west_east", l.nx),
        ("south_north", l.ny),
        ("bottom_top", l.levels()),
        ("bottom_top_stag", l.levels() + 1),
        ("west_east_stag", l.nx + 1),
        ("south_north_stag", l.ny + 1),
    ] {
        file.add_dimension(name, size)?;
    }
    global_attributes(file, l)?;
    let since = format!("minutes since {}", start().format("%Y-%m-%d %H:%M:%S"));
    let mut xtime = file.add_variable::<f32>("XTIME", &["Time"])?;
    describe(&mut xtime, "0  ", &since, &since, "", None)?;
    for (name, has_levels, stagger, description, units) in STATIC_FIELDS.into_iter().chain(CHANGING_FIELDS) {
        let level = if stagger == Stagger::Z { "bottom_top_stag" } else { "bottom_top" };
        let y = if stagger == Stagger::Y { "south_north_stag" } else { "south_north" };
        let x = if stagger == Stagger::X { "west_east_stag" } else { "west_east" };
        let dims: &[&str] = if has_levels { &["Time", level, y, x] } else { &["Time", y, x] };
        let mut chunk = vec![1];
        for dim in &dims[1..] {
            chunk.push(file.dimension_len(dim).unwrap_or(1));
        }
        let (letter, coordinates) = match stagger {
            Stagger::None => ("", "XLONG XLAT XTIME"),
            Stagger::X => ("X", "XLONG_U XLAT_U XTIME"),
            Stagger::Y => ("Y", "XLONG_V XLAT_V XTIME"),
            Stagger::Z => ("Z", "XLONG XLAT XTIME"),
        };
        let coordinates = if name.starts_with("XL") { &coordinates[..coordinates.len() - 6] } else { coordinates };
        let mut variable = file.add_variable::<f32>(name, dims)?;
        variable.set_chunking(&chunk)?;
        variable.set_compression(2, true)?;
        let order = if has_levels { "XYZ" } else { "XY " };
        describe(&mut variable, order, description, units, letter, Some(coordinates))?;
    }
    Ok(())
}

fn describe(
    variable: &mut netcdf::VariableMut,
    order: &str,
    description: &str,
    units: &str,
    stagger: &str,
    coordinates: Option<&str>,
) -> std::result::Result<(), netcdf::Error> {
    variable.put_attribute("FieldType", 104)?;
    variable.put_attribute("MemoryOrder", order)?;
    variable.put_attribute("description", description)?;
    variable.put_attribute("units", units)?;
    variable.put_attribute("stagger", stagger)?;
    if let Some(coordinates) = coordinates {
        variable.put_attribute("coordinates", coordinates)?;
    }
    Ok(())
}

fn global_attributes(file: &mut netcdf::FileMut, l: &Lattice) -> std::result::Result<(), netcdf::Error> {
    let date = start().format("%Y-%m-%d_%H:%M:%S").to_string();
    for (name, text) in [
        ("TITLE", " ANALYTIC EXAMPLE IN THE LAYOUT OF OUTPUT FROM WRF V4 MODEL"),
        ("START_DATE", &date),
        ("SIMULATION_START_DATE", &date),
        ("GRIDTYPE", "C"),
        ("MAP_PROJ_CHAR", "Lambert Conformal"),
        ("SIMULATION_INITIALIZATION_TYPE", "ANALYTIC CASE"),
    ] {
        file.add_attribute(name, text)?;
    }
    for (name, number) in [
        ("WEST-EAST_GRID_DIMENSION", l.nx as i32 + 1),
        ("SOUTH-NORTH_GRID_DIMENSION", l.ny as i32 + 1),
        ("BOTTOM-TOP_GRID_DIMENSION", l.levels() as i32 + 1),
        ("USE_THETA_M", 0),
        ("HYBRID_OPT", 0),
        ("GRID_ID", 1),
        ("PARENT_ID", 0),
        ("I_PARENT_START", 1),
        ("J_PARENT_START", 1),
        ("PARENT_GRID_RATIO", 1),
        ("MAP_PROJ", 1),
        ("JULYR", 2026),
        ("JULDAY", 14),
    ] {
        file.add_attribute(name, number)?;
    }
    for (name, number) in [
        ("DX", l.dx_m),
        ("DY", l.dx_m),
        ("CEN_LAT", CENTRE.1),
        ("CEN_LON", CENTRE.0),
        ("TRUELAT1", TRUELAT1),
        ("TRUELAT2", TRUELAT2),
        ("MOAD_CEN_LAT", MOAD_CEN_LAT),
        ("STAND_LON", STAND_LON),
        ("POLE_LAT", 90.0),
        ("POLE_LON", 0.0),
        ("GMT", 12.0),
        ("BUCKET_MM", -1.0),
    ] {
        file.add_attribute(name, number as f32)?;
    }
    Ok(())
}

/// Puts the values of one time of a variable.
fn put(
    file: &mut netcdf::FileMut,
    name: &str,
    time: usize,
    values: Vec<f32>,
) -> std::result::Result<(), netcdf::Error> {
    let mut variable = file.variable_mut(name).ok_or_else(|| netcdf::Error::from(format!("no variable {name}")))?;
    let mut count: Vec<usize> = variable.dimensions().iter().map(netcdf::Dimension::len).collect();
    let mut from = vec![0; count.len()];
    (from[0], count[0]) = (time, 1);
    variable.put_values(&values, (from, count))
}
