//! Every file of the real meteorology: read, or refused by name for a stated reason.

use super::close;
use crate::real;
use hazecast::domain::grid::HorizontalGrid;
use hazecast::input::meteorology::{self, Format};
use hazecast::input::{cf_netcdf, grib2, grib2_message, met_contents};
use std::path::{Path, PathBuf};

/// What becomes of a file as the model's meteorology.
enum Fate {
    /// Times, points of a column, cells eastward and northward.
    Read(usize, usize, usize, usize),
    /// Words of the refusal.
    Refused(&'static [&'static str]),
}
use Fate::{Read, Refused};

const ONE_OF_MANY: &[&str] = &["no humidity on levels", "no surface pressure", "no terrain height", "no 10 m wind"];
const SERIES: &[&str] = &["no air temperature on levels", "no surface pressure", "no terrain height"];
const NO_VAPOUR: &[&str] =
    &["no longitude and latitude", "no time", "no humidity on levels", "QVAPOR", "Times or XTIME"];

#[rustfmt::skip]
const FILES: [(&str, Fate); 24] = [
    ("ecmwf/20240101000000-0h-oper-fc.grib2.0-10", Refused(&["no air temperature on levels", "no surface pressure"])),
    ("ecmwf/20250912120000-0h-oper-fc.grib2.89", Refused(&["no humidity on levels", "no 2 m temperature"])),
    ("era/2005-01-23-0000-t.nc", Refused(ONE_OF_MANY)),
    ("era/2005-01-23-0000-u.nc", Refused(ONE_OF_MANY)),
    ("era/2005-01-23-0000-v.nc", Refused(ONE_OF_MANY)),
    ("era/era5-levels-members.grib", Refused(&["GRIB edition 1", "grib_set", "cdo"])),
    ("era/era5_utm32_2025_05_01_00.nc", Read(1, 38, 16, 27)),
    ("era/era5_utm32_2025_05_01_01.nc", Read(1, 38, 16, 27)),
    ("era/era5_utm32_2025_05_01_02.nc", Read(1, 38, 16, 27)),
    ("era/forecast_ml.grib", Read(1, 90, 48, 34)),
    ("gfs/gdas.t12z.pgrb2.0p25.f000.12", Refused(&["no air temperature on levels", "no 10 m wind"])),
    ("gfs/gfs.t12z.pgrbf120.2p5deg.grib2", Read(1, 24, 144, 73)),
    ("jma/Z__C_RJTD_20190605000000_MEPS_GPV_Rjp_L-pall_FH00-15_grib2.bin.0-20", Refused(&["member 0 of an ensemble"])),
    ("jma/meps-wgrib2-le.bin", Refused(&["first bytes", "GRIB2 or NetCDF"])),
    ("series/Pstorm.cdf", Refused(SERIES)),
    ("series/Tstorm.cdf", Refused(ONE_OF_MANY)),
    ("series/U500storm.cdf", Refused(SERIES)),
    ("series/Ustorm.cdf", Refused(SERIES)),
    ("series/V500storm.cdf", Refused(SERIES)),
    ("series/Vstorm.cdf", Refused(SERIES)),
    ("series/gfs10m_eastasia_201809_201810.nc", Refused(SERIES)),
    ("series/pblh_nechina_2020_3h.nc", Refused(SERIES)),
    ("wrf/ci_test_file.nc", Read(4, 14, 48, 48)),
    ("wrf/wrf_d01_allvars_cropped.nc", Read(4, 27, 10, 8)),
];
const WRF_CHEM: [&str; 2] = ["wrf/wrfout_d01_2005-01-01_00_00_00", "wrf/wrfout_d01_2005-01-02_00_00_00"];

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn every_file_is_read_or_refused_by_name() {
    let Some(folder) = real("met") else { return };
    let chem = WRF_CHEM.map(|name| (name, Refused(NO_VAPOUR)));
    let table: Vec<(&str, Fate)> = FILES.into_iter().chain(chem).collect();
    let names: Vec<String> =
        files_below(&folder).iter().map(|p| p.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned()).collect();
    let known: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, known, "each file has its place in the table");
    for (name, fate) in &table {
        let path = folder.join(name);
        let result = meteorology::read(std::slice::from_ref(&path), None, None);
        match (fate, result) {
            (Read(times, levels, nx, ny), Ok(fields)) => {
                let f = &fields[0];
                let found = (fields.len(), f.levels, f.grid.nx, f.grid.ny);
                assert_eq!(found, (*times, *levels, *nx, *ny), "{name}");
            }
            (Refused(words), Err(e)) => {
                let text = e.to_string();
                for word in words.iter().chain([&path.file_name().unwrap().to_str().unwrap()]) {
                    assert!(text.contains(word), "{name}: `{word}` is not in: {text}");
                }
            }
            (Read(..), Err(e)) => panic!("{name}: {e}"),
            (Refused(_), Ok(_)) => panic!("{name}: accepted"),
        }
    }
}

/// Whether or not a file can drive the model, its fields, grid and times are listed.
#[test]
fn what_files_hold_is_listed() {
    for (name, variables, grid, times) in [
        ("met/gfs/gdas.t12z.pgrb2.0p25.f000.12", 1, (1440, 721), 1),
        ("met/ecmwf/20240101000000-0h-oper-fc.grib2.0-10", 4, (900, 451), 1),
        ("met/era/forecast_ml.grib", 6, (48, 34), 1),
        ("met/series/gfs10m_eastasia_201809_201810.nc", 2, (61, 41), 53),
        ("met/series/pblh_nechina_2020_3h.nc", 1, (68, 49), 2928),
        ("met/era/2005-01-23-0000-t.nc", 1, (240, 121), 1),
        ("met/series/Tstorm.cdf", 1, (36, 33), 0),
    ] {
        let Some(path) = real(name) else { return };
        let format = meteorology::format(&path).unwrap();
        let contents = met_contents::contents(&path, format, true).unwrap();
        let lattice = contents.grids[0].as_ref().map(|g| (g.nx, g.ny));
        assert_eq!((contents.variables.len(), lattice, contents.times.len()), (variables, Ok(grid), times), "{name}");
        let range = contents.variables[0].range.unwrap();
        assert!(range.minimum <= range.maximum && range.count > range.gaps, "{name}: {range:?}");
    }
    // figures of python netCDF4: masked values are gaps
    let Some(path) = real("met/era/2005-01-23-0000-t.nc") else { return };
    let field = met_contents::field(&path, Format::CfNetcdf, "t", Some(850.0), None).unwrap();
    let grid = field.grid.unwrap();
    let (x, y) = grid.transform().cell(129.0, 43.5).unwrap();
    close("ERA-Interim at 850 hPa over Yanbian", field.values[y * grid.nx + x], ERA_INTERIM_850, 1e-3);
    let missing = met_contents::field(&path, Format::CfNetcdf, "u", None, None).unwrap_err().to_string();
    assert!(missing.contains("variable u") && missing.contains("The file has: t"), "{missing}");
}

/// netCDF4 for python: t[level 850, 43.5 N, 129 E] of 2005-01-23 00 UTC [K].
const ERA_INTERIM_850: f64 = 262.438_35;

/// One of the twenty fields of the JMA message is the one that wgrib2 has dumped.
#[test]
fn jma_equals_the_dump_of_wgrib2_bit_for_bit() {
    let name = "met/jma/Z__C_RJTD_20190605000000_MEPS_GPV_Rjp_L-pall_FH00-15_grib2.bin.0-20";
    let (Some(path), Some(dump)) = (real(name), real("met/jma/meps-wgrib2-le.bin")) else { return };
    let fields = grib2_message::fields(&path, &|_| true).unwrap();
    assert_eq!(fields.len(), 20);
    let dump = std::fs::read(dump).unwrap();
    let same =
        |f: &&grib2_message::Field| f.values().unwrap().iter().flat_map(|v| v.to_le_bytes()).eq(dump.iter().copied());
    let equal: Vec<String> = fields.iter().filter(same).map(grib2_message::Field::place).collect();
    assert_eq!(equal, ["message 1, field 3"]);
}

/// Our unpacking of complex packing against the crate's, on every field of every file: the same bits, all or the first ones.
#[test]
fn two_ways_of_unpacking_give_the_same_bits() {
    let Some(folder) = real("met") else { return };
    let mut compared = 0;
    for path in files_below(&folder) {
        let Ok(fields) = grib2_message::fields(&path, &|_| true) else { continue };
        for field in fields.iter().filter(|f| matches!(f.packing(), 2 | 3)) {
            let theirs = field.first_values_of_any_packing(usize::MAX).unwrap();
            let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<u32>>();
            assert_eq!(bits(&field.values().unwrap()), bits(&theirs), "{}: {}", path.display(), field.place());
            let most = theirs.len() / 3;
            assert_eq!(bits(&field.first_values(most).unwrap()), bits(&theirs[..most]), "{}", field.place());
            compared += 1;
        }
    }
    assert_eq!(compared, 343 + 1 + 20);
}

/// Heights by ECMWF's own scheme (compute_geopotential_on_ml.py: R 287.06, Tv = T (1 + 0.609133 q)) in numpy, from the values that eccodes
/// unpacks; full-level pressure, temperature and wind beside them. Other constants make 0.02 %.
#[test]
fn hybrid_levels_equal_ecmwfs_scheme() {
    let Some(path) = real("met/era/forecast_ml.grib") else { return };
    let f = grib2::read(&[path], None).unwrap().remove(0);
    assert_eq!(f.valid_time.to_rfc3339(), "2018-11-15T12:00:00+00:00");
    for ((lon, lat), level, [altitude, pressure, temperature, east]) in [
        ((-15.0, 73.5), 137, [-28.4207, 101_452.15, 264.7744, -2.6331]),
        ((-15.0, 73.5), 90, [6799.004, 39_933.33, 229.9016, 3.8147]),
        ((30.0, 51.0), 137, [142.4446, 101_180.06, 274.9775, -2.4300]),
        ((30.0, 51.0), 120, [897.2331, 92_070.00, 271.9926, -3.7935]),
        ((-30.0, 31.5), 60, [16_479.424, 9841.82, 204.0168, 4.4361]),
    ] {
        let (x, y) = f.grid.transform().cell(lon, lat).unwrap();
        let i = ((137 - level) * f.grid.ny + y) * f.grid.nx + x;
        close("altitude", f.altitude_m[i], altitude, 2e-4 * altitude.abs() + 0.02);
        close("pressure", f.pressure_pa[i], pressure, 0.05);
        close("temperature", f.temperature_k[i], temperature, 1e-3);
        close("wind", f.wind_east_m_s[i], east, 1e-3);
    }
    // 2 m temperature and 10 m wind, which the file lacks, from the level some 10 m above the ground
    let (x, y) = f.grid.transform().cell(30.0, 51.0).unwrap();
    let c = y * f.grid.nx + x;
    close("2 m temperature", f.temperature_2m_k[c], 275.07, 0.02);
    assert!((f.wind_10m_east_m_s[c] / f.wind_east_m_s[c] - 1.0).abs() < 0.02);
}

/// The same hybrid levels as CDO writes them to NetCDF: with the boundaries the same heights, with the centres alone within 2 m up to 5 km.
#[test]
fn hybrid_levels_of_netcdf_equal_those_of_grib() {
    let Some(path) = real("met/era/forecast_ml.grib") else { return };
    let window = (0.0, 45.0, 9.0, 51.0);
    let grib = grib2::read(std::slice::from_ref(&path), Some(window)).unwrap().remove(0);
    let coordinates = grib2_message::fields(&path, &|p| p.number == 25).unwrap()[0].coordinates();
    let folder = tempfile::tempdir().unwrap();
    for with_boundaries in [true, false] {
        let file = folder.path().join(format!("hybrid_{with_boundaries}.nc"));
        let (out, met, coefficients) = (file.clone(), grib.clone(), coordinates.clone());
        hazecast::input::netcdf_file::on_netcdf_thread(move || write(&out, &met, &coefficients, with_boundaries));
        let f = cf_netcdf::read(&file, None).unwrap().remove(0);
        assert_eq!((f.levels, f.grid.nx, f.grid.ny), (grib.levels, grib.grid.nx, grib.grid.ny));
        let same_place = |a: &HorizontalGrid, b: &HorizontalGrid| (a.x0 - b.x0).abs() + (a.y0 - b.y0).abs() < 1e-6;
        assert!(same_place(&f.grid, &grib.grid));
        assert_eq!(f.temperature_k, grib.temperature_k);
        for (i, (z, expected)) in f.altitude_m.iter().zip(&grib.altitude_m).enumerate() {
            let tolerance = if with_boundaries { 0.05 } else { 2.0 };
            assert!((z - expected).abs() < tolerance || !with_boundaries && *z > 5000.0, "{i}: {z} {expected}");
            close("pressure", f.pressure_pa[i], f64::from(grib.pressure_pa[i]), 0.5);
        }
        for (t, expected) in f.temperature_2m_k.iter().zip(&grib.temperature_2m_k) {
            close("2 m temperature", *t, f64::from(*expected), 0.02);
        }
    }
}

/// Air of 280 K and 50 % on hybrid levels over a plain and over mountains with 600 hPa at the ground: half the 9.91 hPa that saturate it
/// (Goff-Gratch) are vapour at every level, whatever its pressure.
#[test]
fn relative_humidity_on_hybrid_levels_is_of_their_own_pressure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("relative.nc");
    let out = path.clone();
    hazecast::input::netcdf_file::on_netcdf_thread(move || {
        let mut file = netcdf::create(&out).unwrap();
        for (name, n) in [("time", 1), ("lev", 3), ("lat", 3), ("lon", 3)] {
            file.add_dimension(name, n).unwrap();
        }
        let mut add = adding(&mut file);
        add("time", &["time"], "hours since 2018-11-15 12:00:00", &[0.0]);
        add("lev", &["lev"], "1", &[1.0, 2.0, 3.0]);
        add("lat", &["lat"], "degrees_north", &[42.0, 43.0, 44.0]);
        add("lon", &["lon"], "degrees_east", &[128.0, 129.0, 130.0]);
        add("hyam", &["lev"], "Pa", &[20_000.0, 5000.0, 0.0]);
        add("hybm", &["lev"], "1", &[0.1, 0.7, 0.998]);
        for (name, units, value) in [("t", "K", 280.0), ("r", "%", 50.0), ("u", "m s-1", 3.0), ("v", "m s-1", 1.0)] {
            add(name, &["time", "lev", "lat", "lon"], units, &[value; 27]);
        }
        let plain_and_mountains = |a: f64, b: f64| [a, a, b, a, b, b, a, a, b];
        add("sp", &["time", "lat", "lon"], "Pa", &plain_and_mountains(100_000.0, 60_000.0));
        add("orog", &["time", "lat", "lon"], "m", &plain_and_mountains(100.0, 4200.0));
    });
    let f = cf_netcdf::read(&path, None).unwrap().remove(0);
    assert_eq!(f.levels, 3);
    assert!(f.pressure_pa[0] > 99_000.0 && f.pressure_pa[2] < 61_000.0, "{:?}", f.pressure_pa);
    for (q, p) in f.specific_humidity.iter().zip(&f.pressure_pa) {
        let vapour = q * p / (0.622 + 0.378 * q);
        assert!((vapour / 495.5 - 1.0).abs() < 3e-3, "{vapour} Pa at {p} Pa");
    }
}

/// Adds variables: name, dimensions, units, values.
fn adding(file: &mut netcdf::FileMut) -> impl FnMut(&str, &[&str], &str, &[f64]) {
    |name, dimensions, units, values| {
        let mut variable = file.add_variable::<f64>(name, dimensions).unwrap();
        variable.put_attribute("units", units).unwrap();
        variable.put_values(values, ..).unwrap();
    }
}

/// Writes a field on hybrid levels as CDO names them, levels downward, rows southward.
fn write(path: &Path, met: &hazecast::domain::met_field::MetField, coordinates: &[f64], with_boundaries: bool) {
    let (nx, ny, levels, cells) = (met.grid.nx, met.grid.ny, met.levels, met.grid.cells());
    let half = coordinates.len() / 2;
    let first = half - 1 - levels;
    let mut file = netcdf::create(path).unwrap();
    for (name, n) in [("time", 1), ("lev", levels), ("ilev", levels + 1), ("lat", ny), ("lon", nx), ("one", 1)] {
        file.add_dimension(name, n).unwrap();
    }
    let mut add = adding(&mut file);
    add("time", &["time"], "hours since 2018-11-15 12:00:00", &[0.0]);
    add("lev", &["lev"], "1", &(first + 1..=first + levels).map(|n| n as f64).collect::<Vec<f64>>());
    add("lon", &["lon"], "degrees_east", &(0..nx).map(|x| met.grid.x0 + x as f64 * met.grid.dx).collect::<Vec<f64>>());
    let south = |y: usize| met.grid.y0 + (ny - 1 - y) as f64 * met.grid.dy;
    add("lat", &["lat"], "degrees_north", &(0..ny).map(south).collect::<Vec<f64>>());
    let boundary = |shift: usize| coordinates[shift + first..=shift + first + levels].to_vec();
    let centre = |b: Vec<f64>| b.windows(2).map(|w| 0.5 * (w[0] + w[1])).collect::<Vec<f64>>();
    add("hyam", &["lev"], "Pa", &centre(boundary(0)));
    add("hybm", &["lev"], "1", &centre(boundary(half)));
    if with_boundaries {
        add("hyai", &["ilev"], "Pa", &boundary(0));
        add("hybi", &["ilev"], "1", &boundary(half));
    }
    let flat = |values: &[f32]| -> Vec<f64> {
        (0..cells).map(|c| f64::from(values[(ny - 1 - c / nx) * nx + c % nx])).collect()
    };
    let solid = |values: &[f32]| -> Vec<f64> {
        (0..levels).rev().flat_map(|k| flat(&values[k * cells..(k + 1) * cells])).collect()
    };
    for (name, units, values) in [
        ("t", "K", &met.temperature_k),
        ("q", "kg kg**-1", &met.specific_humidity),
        ("u", "m s**-1", &met.wind_east_m_s),
        ("v", "m s**-1", &met.wind_north_m_s),
    ] {
        add(name, &["time", "lev", "lat", "lon"], units, &solid(values));
    }
    let logarithm: Vec<f64> = flat(&met.surface_pressure_pa).into_iter().map(f64::ln).collect();
    // its own axis of one level, as CDO leaves it
    add("lnsp", &["time", "one", "lat", "lon"], "~", &logarithm);
    let geopotential: Vec<f64> = flat(&met.terrain_m).into_iter().map(|z| z * 9.80665).collect();
    add("z", &["time", "one", "lat", "lon"], "m**2 s**-2", &geopotential);
}
