//! Meteorology readers on real files (figures from independent implementations) and on hand-broken ones.

mod broken_grib2;
mod broken_netcdf;
mod command;
mod real_files;

use crate::real;
use hazecast::domain::grid::HorizontalGrid;
use hazecast::domain::met_field::MetField;
use hazecast::input::{cf_netcdf, grib2, meteorology, wrfout};

/// The error's text must name the file and every one of `words`.
fn refused<T>(what: &str, path: &std::path::Path, result: hazecast::error::Result<T>, words: &[&str]) {
    let text = match result {
        Ok(_) => panic!("{what}: accepted"),
        Err(e) => e.to_string(),
    };
    let file = path.file_name().unwrap().to_str().unwrap();
    for word in words.iter().chain([&file]) {
        assert!(text.contains(word), "{what}: `{word}` is not in: {text}");
    }
}

fn close(what: &str, found: f32, expected: f64, tolerance: f64) {
    assert!((f64::from(found) - expected).abs() <= tolerance, "{what}: {found} against {expected}");
}

struct Expected {
    at: (usize, usize, usize),
    altitude: f64,
    pressure: f64,
    temperature: f64,
    humidity: f64,
    east: f64,
    north: f64,
}

fn compare(f: &MetField, e: &Expected) {
    let (k, y, x) = e.at;
    let i = (k * f.grid.ny + y) * f.grid.nx + x;
    close("altitude", f.altitude_m[i], e.altitude, 0.02);
    close("pressure", f.pressure_pa[i], e.pressure, 0.03);
    close("temperature", f.temperature_k[i], e.temperature, 1e-3);
    close("humidity", f.specific_humidity[i], e.humidity, 1e-6 * e.humidity.max(1e-3));
    close("eastward wind", f.wind_east_m_s[i], e.east, 2e-4);
    close("northward wind", f.wind_north_m_s[i], e.north, 2e-4);
}

/// Mean and largest relative departure of dp/dz from -p g / (R Tv), by layers between neighbouring levels.
fn hydrostatic_departure(f: &MetField) -> (f64, f64) {
    let cells = f.grid.cells();
    let (mut sum, mut most, mut n) = (0.0, 0.0_f64, 0.0);
    for i in cells..f.altitude_m.len() {
        let j = i - cells;
        let virtual_t = |i: usize| f64::from(f.temperature_k[i]) * (1.0 + 0.608 * f64::from(f.specific_humidity[i]));
        let mean = 0.5 * (virtual_t(i) + virtual_t(j));
        let thickness = 287.05 * mean / 9.80665 * f64::from(f.pressure_pa[j] / f.pressure_pa[i]).ln();
        let off = (f64::from(f.altitude_m[i] - f.altitude_m[j]) / thickness - 1.0).abs();
        sum += off;
        most = most.max(off);
        n += 1.0;
    }
    (sum / n, most)
}

/// Figures of python netCDF4 1.7 and numpy: (PH+PHB)/9.81 and winds averaged from the staggered points, (T+300)(p/1e5)^(2/7),
/// r/(1+r), at time 1.
#[test]
fn wrfout_on_mercator_equals_numpy() {
    let Some(path) = real("met/wrf/ci_test_file.nc") else { return };
    let fields = wrfout::read(&path).unwrap();
    assert_eq!((fields.len(), fields[0].levels, fields[0].grid.nx, fields[0].grid.ny), (4, 14, 48, 48));
    assert_eq!(fields[1].valid_time.to_rfc3339(), "2005-08-28T15:00:00+00:00");
    let f = &fields[1];
    for (at, v) in [
        ((0, 10, 20), [30.29, 99_682.43, 301.719, 2.079_718e-2, 10.8867, -1.5411]),
        ((6, 40, 5), [946.27, 89_755.09, 296.212, 1.474_514e-2, 3.3636, -15.6391]),
        ((13, 0, 47), [5576.81, 51_685.95, 270.933, 4.086_876e-3, 8.4760, 0.5743]),
    ] {
        let [altitude, pressure, temperature, humidity, east, north] = v;
        compare(f, &Expected { at, altitude, pressure, temperature, humidity, east, north });
    }
    let c = 10 * 48 + 20;
    close("T2", f.temperature_2m_k[c], 302.145, 1e-3);
    close("PSFC", f.surface_pressure_pa[c], 100_031.82, 0.01);
    close("U10", f.wind_10m_east_m_s[c], 10.0756, 1e-4);
    let (mean, most) = hydrostatic_departure(f);
    // numpy finds 0.1005 in the file too: seven cells of one layer in the core of the hurricane
    assert!(mean < 0.005 && (most - 0.1005).abs() < 0.002, "{mean} {most}");
    // the nest follows a hurricane: six cells west, three north in the first interval
    let (a, b) = (&fields[0].grid, &fields[1].grid);
    close("nest moves", ((b.x0 - a.x0) / a.dx) as f32, -6.0, 0.02);
    close("nest moves", ((b.y0 - a.y0) / a.dy) as f32, 3.0, 0.02);
    // no place has less rain than before, once the same places are compared
    for f in &fields {
        assert!(f.precipitation_kg_m2_s.as_ref().unwrap().iter().all(|&r| (0.0..0.02).contains(&r)));
    }
    assert_eq!(meteorology::read(&[path], None, None).unwrap().len(), 4);
}

/// As above, time 2, with winds turned by COSALPHA and SINALPHA; rates of RAINC + RAINNC + RAINSH over 3 h.
#[test]
fn wrfout_on_lambert_equals_numpy() {
    let Some(path) = real("met/wrf/wrf_d01_allvars_cropped.nc") else { return };
    let fields = wrfout::read(&path).unwrap();
    let f = &fields[2];
    for (at, v) in [
        ((0, 1, 2), [5043.81, 55_546.34, 280.896, 4.796_859e-3, 1.0358, 2.1691]),
        ((13, 6, 8), [10_063.99, 28_732.64, 242.101, 4.637_739e-4, 13.4841, 5.3125]),
    ] {
        let [altitude, pressure, temperature, humidity, east, north] = v;
        compare(f, &Expected { at, altitude, pressure, temperature, humidity, east, north });
    }
    let c = 12;
    close("PBLH", f.mixing_height_m.as_ref().unwrap()[c], 1793.8062, 1e-3);
    close("UST", f.friction_velocity_m_s.as_ref().unwrap()[c], 0.454_061_45, 1e-6);
    close("HFX", f.sensible_heat_flux_w_m2.as_ref().unwrap()[c], 341.674_93, 1e-3);
    close("SWDOWN", f.shortwave_w_m2.as_ref().unwrap()[c], 995.6451, 1e-3);
    close("SNOW", f.snow_kg_m2.as_ref().unwrap()[c], 0.029_597_752, 1e-6);
    let rain = |t: usize| fields[t].precipitation_kg_m2_s.as_ref().unwrap()[c];
    close("rain 1", rain(1), 5.482_022_5e-7, 1e-10);
    close("rain 3", rain(3), 1.001_942_6e-6, 1e-10);
    assert_eq!(rain(0), rain(1));
    let (mean, most) = hydrostatic_departure(f);
    assert!(mean < 0.005 && most < 0.05, "{mean} {most}");
}

/// WRF's own COSALPHA and SINALPHA against the rotation of the grid that the reader lays through XLAT and XLONG.
#[test]
fn rotation_of_the_grid_equals_wrfs() {
    let Some(path) = real("met/wrf/wrf_d01_allvars_cropped.nc") else { return };
    let grid = wrfout::read(&path).unwrap().remove(0).grid;
    let (cos, sin) = hazecast::input::netcdf_file::on_netcdf_thread(move || {
        let file = netcdf::open(path).unwrap();
        let get = |n: &str| file.variable(n).unwrap().get_values::<f32, _>(..).unwrap();
        (get("COSALPHA"), get("SINALPHA"))
    });
    for (cell, angle) in grid.rotation().into_iter().enumerate() {
        assert!((angle.cos() - cos[cell]).abs() < 1e-4 && (angle.sin() - sin[cell]).abs() < 1e-4, "{cell}: {angle}");
    }
}

#[test]
fn winds_turned_to_earth_and_back_are_the_same() {
    let projection = "+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000";
    let grid = HorizontalGrid::new(projection, (30, 20), (1e6, 1e6), (9000.0, 9000.0)).unwrap();
    let there: Vec<(f32, f32)> = grid.rotation().iter().map(|a| (a.cos(), a.sin())).collect();
    let back: Vec<(f32, f32)> = there.iter().map(|&(c, s)| (c, -s)).collect();
    let (mut u, mut v) = (vec![12.0_f32; 1200], vec![-5.0_f32; 1200]);
    wrfout::to_earth(&mut u, &mut v, &there);
    assert!((u[0] - 12.0).abs() > 0.5, "north-east of the centre the grid is turned visibly: {}", u[0]);
    wrfout::to_earth(&mut u, &mut v, &back);
    for (u, v) in u.iter().zip(&v) {
        assert!((u - 12.0).abs() < 1e-5 && (v + 5.0).abs() < 1e-5, "{u} {v}");
    }
}

#[test]
fn a_linear_field_is_unstaggered_exactly() {
    // value 100 level + 10 row + column at staggered rows; at the middle of rows the row counts half more
    let staggered: Vec<f32> = (0..2 * 4 * 5).map(|i| (100 * (i / 20) + 10 * (i / 5 % 4) + i % 5) as f32).collect();
    let middle = wrfout::unstagger(&staggered, 2, 3, 5);
    let expected: Vec<f32> = (0..2 * 3 * 5).map(|i| (100 * (i / 15) + 10 * (i / 5 % 3) + i % 5) as f32 + 5.0).collect();
    assert_eq!(middle, expected);
}

#[test]
fn a_wrfout_without_times_is_refused_by_name() {
    let Some(path) = real("met/wrf/wrfout_d01_2005-01-01_00_00_00") else { return };
    refused("WRF-Chem subset", &path, wrfout::read(&path), &["Times or XTIME", "no time"]);
}

/// Figures of eccodes 2.4x: the point 42.5 N 130 E.
#[test]
fn gfs_equals_eccodes() {
    let Some(path) = real("met/gfs/gfs.t12z.pgrbf120.2p5deg.grib2") else { return };
    let window = (125.0, 40.0, 134.0, 46.0);
    let fields = grib2::read(std::slice::from_ref(&path), Some(window)).unwrap();
    assert_eq!(fields.len(), 1);
    let f = &fields[0];
    assert_eq!(f.valid_time.to_rfc3339(), "2011-01-15T12:00:00+00:00");
    let (x, y) = f.grid.transform().cell(130.0, 42.5).unwrap();
    let (cells, c) = (f.grid.cells(), y * f.grid.nx + x);
    close("longitude", (f.grid.x0 + x as f64 * f.grid.dx) as f32, 130.0, 1e-6);
    close("terrain", f.terrain_m[c], 424.92, 1e-2);
    close("surface pressure", f.surface_pressure_pa[c], 96_422.7, 0.1);
    close("2 m temperature", f.temperature_2m_k[c], 248.74, 1e-3);
    close("10 m wind", f.wind_10m_east_m_s[c], 7.96, 1e-4);
    close("10 m wind", f.wind_10m_north_m_s[c], -3.99, 1e-4);
    close("sensible heat", f.sensible_heat_flux_w_m2.as_ref().unwrap()[c], -35.0, 1e-3);
    close("snow", f.snow_kg_m2.as_ref().unwrap()[c], 6.0, 1e-4);
    close("land", f.land_fraction.as_ref().unwrap()[c], 1.0, 0.0);
    close("boundary layer", f.mixing_height_m.as_ref().unwrap()[c], 801.31, 1e-2);
    close("short wave", f.shortwave_w_m2.as_ref().unwrap()[c], 50.0, 1e-3);
    assert_eq!(f.precipitation_kg_m2_s.as_ref().unwrap()[c], 0.0);
    // 1000 and 975 hPa lie below the ground: their 158 m and 343 m must not occur
    let column = |field: &[f32]| -> Vec<f32> { (0..f.levels).map(|k| field[k * cells + c]).collect() };
    let (altitude, east, temperature) = (column(&f.altitude_m), column(&f.wind_east_m_s), column(&f.temperature_k));
    assert!(altitude[0] > 424.0);
    for (level, height, t, u) in [
        (3, 532.74, 248.1, 13.68),
        (6, 1334.298, 246.4, 13.88),
        (13, 5054.02, 229.7, 4.1),
        (21, 15_631.41, 222.9, 25.6),
    ] {
        close("height", altitude[level], height, 1e-2);
        close("temperature", temperature[level], t, 1e-3);
        close("wind", east[level], u, 1e-3);
    }
    close("cloud water at 950 hPa", column(f.cloud_water.as_ref().unwrap())[3], 5e-7, 1e-9);
    let (mean, most) = hydrostatic_departure(f);
    assert!(mean < 0.02 && most < 0.15, "{mean} {most}");
    // the whole globe and the window agree where they overlap
    let globe = grib2::read(&[path], None).unwrap().remove(0);
    assert_eq!((globe.grid.nx, globe.grid.ny, globe.grid.y0), (144, 73, -90.0));
    let (gx, gy) = globe.grid.transform().cell(130.0, 42.5).unwrap();
    let g = gy * 144 + gx;
    assert_eq!(globe.temperature_k[13 * globe.grid.cells() + g], temperature[13]);
}

/// GFS gives specific and relative humidity at 2 m: our relation (over water, ice and mixed between) must turn one into the other.
#[test]
fn relative_humidity_is_understood_as_gfs_means_it() {
    use hazecast::input::{grib2_message, grib2_product, humidity};
    let Some(path) = real("met/gfs/gfs.t12z.pgrbf120.2p5deg.grib2") else { return };
    let wanted = |p: &grib2_product::Parameter| (p.surface == 103 && p.level == 2) || p.surface == 1;
    let fields = grib2_message::fields(&path, &wanted).unwrap();
    let get = |category, number, surface| {
        let fits = |f: &&grib2_message::Field| {
            let p = f.parameter;
            (p.discipline, p.category, p.number, p.surface) == (0, category, number, surface)
        };
        fields.iter().find(fits).unwrap().values().unwrap()
    };
    let (t, q, r, p) = (get(0, 0, 103), get(1, 0, 103), get(1, 1, 103), get(3, 0, 1));
    for (low, high, tolerance) in
        [(200.0, 240.0, 0.03), (240.0, 253.0, 0.01), (253.0, 273.0, 0.01), (273.0, 310.0, 0.01)]
    {
        let mut ratios: Vec<f64> = (0..t.len())
            .filter(|&i| t[i] > low && t[i] <= high && r[i] < 99.0)
            .map(|i| {
                let ours = humidity::specific_from_relative(f64::from(r[i]), f64::from(t[i]), f64::from(p[i]));
                ours / f64::from(q[i])
            })
            .collect();
        ratios.sort_by(f64::total_cmp);
        let median = ratios[ratios.len() / 2];
        assert!((median - 1.0).abs() < tolerance, "{low} to {high} K: {median}");
    }
}

/// Figures of python netCDF4 at row 12, column 7 of the file; the reader cuts one row and one column of fill values.
#[test]
fn era5_on_utm_equals_numpy() {
    let Some(first) = real("met/era/era5_utm32_2025_05_01_00.nc") else { return };
    let name = |hour: usize| first.with_file_name(format!("era5_utm32_2025_05_01_0{hour}.nc"));
    let f = cf_netcdf::read(&name(1), None).unwrap().remove(0);
    assert_eq!(f.valid_time.to_rfc3339(), "2025-05-01T01:00:00+00:00");
    assert_eq!((f.grid.nx, f.grid.ny, f.levels), (16, 27, 38));
    assert_eq!((f.grid.x0, f.grid.y0, f.grid.dx), (440_000.0, 5_000_000.0, 20_000.0));
    let (cells, c) = (f.grid.cells(), 11 * 16 + 6);
    close("terrain", f.terrain_m[c], 1399.7566, 1e-2);
    close("surface pressure", f.surface_pressure_pa[c], 86_602.72, 1e-2);
    close("2 m temperature", f.temperature_2m_k[c], 278.363_77, 1e-4);
    close("sensible heat, upward", f.sensible_heat_flux_w_m2.as_ref().unwrap()[c], -5.754_842_3, 1e-5);
    close("boundary layer", f.mixing_height_m.as_ref().unwrap()[c], 13.999_219, 1e-4);
    // stress 0.15662 N m-2 over 1.0805 kg m-3
    close("friction velocity", f.friction_velocity_m_s.as_ref().unwrap()[c], 0.3807, 1e-3);
    close("rain at its maximum", f.precipitation_kg_m2_s.as_ref().unwrap()[8 * 16 + 15], 1.988_345e-7 / 3.6, 1e-13);
    // 1000 to 875 hPa lie below the ground: index 0 is the surface, 850 hPa the seventh level
    let at = |field: &[f32], k: usize| field[k * cells + c];
    close("temperature at 850 hPa", at(&f.temperature_k, 7), 284.796_66, 1e-4);
    close("temperature at 500 hPa", at(&f.temperature_k, 16), 255.008_47, 1e-4);
    close("wind at 500 hPa", at(&f.wind_north_m_s, 16), -1.999_501_3, 1e-5);
    close("humidity at 500 hPa", at(&f.specific_humidity, 16), 6.791_716_4e-4, 1e-9);
    assert!((1..7).all(|k| at(&f.temperature_k, k) < 284.8), "values below the ground are in use");
    let (_, most) = hydrostatic_departure(&f);
    assert!(most < 0.05, "{most}");
    // the 500 hPa surface of a standard atmosphere lies at 5574 m; a spring day is within 200 m
    close("500 hPa", at(&f.altitude_m, 16), 5574.0, 200.0);
    let files: Vec<_> = [2, 0, 1].map(name).to_vec();
    let hours = meteorology::read(&files, None, None).unwrap();
    assert_eq!(hours.iter().map(|f| f.valid_time.format("%H").to_string()).collect::<Vec<_>>(), ["00", "01", "02"]);
    // a missing hour at the end cannot be seen; a doubled file is the same file
    let doubled = [files.clone(), vec![name(1)]].concat();
    assert_eq!(meteorology::read(&doubled, None, None).unwrap().len(), 3);
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let (Some(wrf), Some(era)) = (real("met/wrf/ci_test_file.nc"), real("met/era/era5_utm32_2025_05_01_00.nc")) else {
        return;
    };
    refused("two domains", &era, meteorology::read(&[wrf, era.clone()], None, None), &["grid at 2025-05-01 00:00"]);
    let Some(interim) = real("met/era/2005-01-23-0000-t.nc") else { return };
    refused(
        "one variable per file",
        &interim,
        meteorology::read(std::slice::from_ref(&interim), None, None),
        &["surface pressure"],
    );
    assert!(meteorology::read(&[], None, None).is_err());
    let none = std::path::PathBuf::from("no_such_file.grib2");
    refused("no file", &none, meteorology::read(std::slice::from_ref(&none), None, None), &["missing"]);
}

/// Files found by fuzzing that crash, hang or panic the C library. The child is this test binary, running only
/// `probe_child` below.
#[test]
fn damaged_netcdf_is_refused_in_a_child_process() {
    use hazecast::input::isolation;
    let Some(folder) = real("broken_netcdf") else { return };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 19);
    let child = |path: &std::path::Path| {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["met::probe_child", "--exact", "--nocapture"]).env("HAZECAST_TEST_PROBE", path);
        isolation::run(command, path, std::time::Duration::from_secs(5))
    };
    for path in &files {
        refused("damaged", path, child(path), &["found"]);
    }
    if let Some(sound) = real("met/wrf/wrf_d01_allvars_cropped.nc") {
        child(&sound).unwrap();
    }
    let other = isolation::probe(std::path::Path::new("/bin/true"), &files[0]);
    assert!(other.is_err(), "a program that says nothing is no probe");
}

/// Body of the child process above; does nothing when run as a test.
#[test]
fn probe_child() {
    use hazecast::input::{isolation, netcdf_file::on_netcdf_thread};
    let Some(path) = std::env::var_os("HAZECAST_TEST_PROBE") else { return };
    let result = on_netcdf_thread(move || isolation::probe_all_variables(std::path::Path::new(&path)));
    result.unwrap();
    println!("\n{}", isolation::PROBE_WORD);
}
