//! example: the built-in example's files, read back as anyone would read them.

use chrono::{DateTime, TimeDelta, Utc};
use hazecast::calendar::{end_of_beijing_hour, parse_cycle};
use hazecast::cli::example;
use hazecast::config::{Config, expand};
use hazecast::domain::grid::HorizontalGrid;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const INVENTORY: &str = "id,name,sector,adcode,lon,lat\nyanji-heat,Yanji heat,power,222401,129.571,42.912\n";
const CELLS: usize = 44 * 50;
const LEVELS: usize = 20;

/// One written example for all tests here.
fn written() -> &'static (tempfile::TempDir, PathBuf, f64) {
    static WRITTEN: OnceLock<(tempfile::TempDir, PathBuf, f64)> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let begin = std::time::Instant::now();
        let config = example::write(dir.path(), INVENTORY).unwrap();
        (dir, config, begin.elapsed().as_secs_f64())
    })
}

fn wrfout_files() -> Vec<PathBuf> {
    expand(&Config::load(&written().1).unwrap().inputs.meteorology).unwrap()
}

fn values(file: &netcdf::File, name: &str) -> Vec<f64> {
    file.variable(name).unwrap_or_else(|| panic!("{name}")).get_values::<f64, _>(..).unwrap()
}

/// A surface variable over all files, one slice of cells per hour.
fn hourly(name: &str) -> Vec<Vec<f64>> {
    let mut all = Vec::new();
    for path in wrfout_files() {
        let v = values(&netcdf::open(path).unwrap(), name);
        all.extend(v.chunks(CELLS).map(<[f64]>::to_vec));
    }
    all
}

/// Index of the cell nearest to a place.
fn cell(lon: f64, lat: f64) -> usize {
    let (lons, lats) = (&hourly("XLONG")[0], &hourly("XLAT")[0]);
    let distance = |c: usize| (0.73 * (lons[c] - lon)).powi(2) + (lats[c] - lat).powi(2);
    (0..CELLS).min_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap()
}

/// Hours after the first time whose Beijing hour of day lies in a range, while the air stagnates (16 and 17 January).
fn stagnant_hours(of_day: std::ops::Range<usize>) -> Vec<usize> {
    (28..76).filter(|h| of_day.contains(&((h + 20) % 24))).collect()
}

fn files_under(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_under(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn the_configuration_loads_and_names_the_files() {
    let config = Config::load(&written().1).unwrap();
    assert_eq!((config.grid.as_str(), config.forecast_hours, config.spin_up_hours), ("demo", 72, 24));
    assert!(!config.frozen_meteorology);
    assert_eq!(expand(&config.inputs.meteorology).unwrap().len(), 4);
    assert_eq!(expand(&config.inputs.observations).unwrap().len(), 2);
    assert_eq!(expand(&config.inputs.fires).unwrap().len(), 1);
    let inventory = expand(&config.inputs.inventory).unwrap();
    assert_eq!(std::fs::read_to_string(&inventory[0]).unwrap(), INVENTORY);
    assert_eq!(example::cycle(), parse_cycle("2026-01-15T12Z").unwrap());
}

#[test]
fn two_writes_give_the_same_bytes_in_modest_size_and_time() {
    let (dir, _, seconds) = written();
    let again = tempfile::tempdir().unwrap();
    example::write(again.path(), INVENTORY).unwrap();
    let (a, b) = (files_under(dir.path()), files_under(again.path()));
    assert_eq!(a.len(), 10);
    for ((name, bytes), (_, other)) in a.iter().zip(&b) {
        assert!(bytes == other, "{} differs", name.display());
    }
    let megabytes = a.values().map(Vec::len).sum::<usize>() as f64 / 1e6;
    println!("{megabytes:.1} MB in {seconds:.1} s");
    assert!(megabytes < 60.0, "{megabytes} MB");
    // a wide bound: the machine may be busy
    assert!(*seconds < 30.0, "{seconds} s");
}

#[test]
fn times_are_hourly_and_cover_spin_up_and_forecast() {
    let mut times: Vec<DateTime<Utc>> = Vec::new();
    for path in wrfout_files() {
        let file = netcdf::open(&path).unwrap();
        let variable = file.variable("Times").unwrap();
        let raw = variable.get_raw_values(..).unwrap();
        let count = times.len();
        for text in raw.chunks(19) {
            let text = std::str::from_utf8(text).unwrap();
            times.push(chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d_%H:%M:%S").unwrap().and_utc());
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(name, times[count].format("wrfout_d01_%Y-%m-%d_%H_%M_%S").to_string());
        // every variable has as many times as there are names
        assert_eq!(values(&file, "PBLH").len(), raw.len() / 19 * CELLS);
        let minutes = values(&file, "XTIME");
        assert_eq!(minutes[0] as i64, (times[count] - times[0]).num_minutes());
    }
    assert_eq!(times.len(), 97);
    assert!(times.windows(2).all(|w| w[1] - w[0] == TimeDelta::hours(1)));
    assert_eq!((times[24], times[96]), (example::cycle(), example::cycle() + TimeDelta::hours(72)));
}

/// The file's own coordinates against the projection of its attributes, by the grid type that reads foreign files.
#[test]
fn coordinates_agree_with_the_attributes() {
    let file = netcdf::open(&wrfout_files()[0]).unwrap();
    let number = |name: &str| match file.attribute(name).unwrap().value().unwrap() {
        netcdf::AttributeValue::Float(v) => f64::from(v),
        netcdf::AttributeValue::Int(v) => f64::from(v),
        other => panic!("{name} {other:?}"),
    };
    assert_eq!(number("MAP_PROJ"), 1.0);
    assert_eq!((number("WEST-EAST_GRID_DIMENSION"), number("SOUTH-NORTH_GRID_DIMENSION")), (51.0, 45.0));
    let projection = format!(
        "+proj=lcc +lat_1={} +lat_2={} +lat_0={} +lon_0={} +R=6370000",
        number("TRUELAT1"),
        number("TRUELAT2"),
        number("MOAD_CEN_LAT"),
        number("STAND_LON")
    );
    let dx = number("DX");
    let origin = HorizontalGrid::new(&projection, (1, 1), (0.0, 0.0), (dx, dx)).unwrap();
    let (cx, cy) = origin.transform().index(number("CEN_LON"), number("CEN_LAT"));
    let south_west = ((cx - 24.5) * dx, (cy - 21.5) * dx);
    let grid = HorizontalGrid::new(&projection, (50, 44), south_west, (dx, dx)).unwrap();
    let (lon, lat) = (values(&file, "XLONG"), values(&file, "XLAT"));
    let (sin, metric) = (values(&file, "SINALPHA"), grid.metric());
    let factor = values(&file, "MAPFAC_M");
    let rotation = grid.rotation();
    for (c, centre) in grid.centres().into_iter().enumerate() {
        assert!((centre.0 - lon[c]).abs() < 1e-3 && (centre.1 - lat[c]).abs() < 1e-3, "{c} {centre:?}");
        assert!((f64::from(rotation[c]).sin() - sin[c]).abs() < 1e-4, "{c}");
        // the map factor is the length on the map over the length on the Earth
        let measured = dx / f64::from(metric.area_m2[c]).sqrt();
        assert!((measured - factor[c]).abs() < 2e-5, "{c} {measured} {}", factor[c]);
    }
}

/// `dz = R_d T_v d ln p / g` between neighbouring level centres, by the trapezoid rule.
#[test]
fn columns_are_hydrostatic() {
    for path in wrfout_files() {
        let file = netcdf::open(&path).unwrap();
        let sum = |a: &str, b: &str| -> Vec<f64> {
            values(&file, a).iter().zip(values(&file, b)).map(|(a, b)| a + b).collect()
        };
        let (p, phi) = (sum("P", "PB"), sum("PH", "PHB"));
        let (theta, q) = (values(&file, "T"), values(&file, "QVAPOR"));
        let times = p.len() / (LEVELS * CELLS);
        for t in [0, times / 2, times - 1] {
            for c in 0..CELLS {
                let at = |k: usize| (t * LEVELS + k) * CELLS + c;
                let virtual_k = |k: usize| {
                    (theta[at(k)] + 300.0) * (p[at(k)] / 1e5).powf(287.0 / 1004.5) * (1.0 + 0.608 * q[at(k)])
                };
                let phi_at = |k: usize| phi[(t * (LEVELS + 1) + k) * CELLS + c];
                for k in 0..LEVELS - 1 {
                    let thickness = 0.5 * (phi_at(k + 2) - phi_at(k));
                    let expected = 287.0 * 0.5 * (virtual_k(k) + virtual_k(k + 1)) * (p[at(k)] / p[at(k + 1)]).ln();
                    let bound = if k < 9 { 0.003 } else { 0.01 };
                    assert!((expected / thickness - 1.0).abs() < bound, "{t} {k} {c}: {thickness} {expected}");
                }
                let lowest = 0.5 * (phi_at(0) + phi_at(1)) / 9.81 - phi_at(0) / 9.81;
                assert!((10.0..18.0).contains(&lowest), "{lowest}");
            }
        }
    }
}

#[test]
fn mixing_heights_follow_the_hour() {
    let (pblh, land) = (hourly("PBLH"), &hourly("LANDMASK")[0]);
    let over_land = |hour: usize| (0..CELLS).filter(|&c| land[c] > 0.5).map(|c| pblh[hour][c]).collect::<Vec<_>>();
    for h in stagnant_hours(0..7) {
        assert!(over_land(h).iter().all(|v| (60.0..=150.0).contains(v)), "night {h}");
    }
    for h in stagnant_hours(13..15) {
        assert!(over_land(h).iter().all(|v| (230.0..=450.0).contains(v)), "day {h}");
    }
    // noon of 15 January is before the stagnation
    assert!(over_land(16).iter().all(|&v| v > 600.0));
}

#[test]
fn nights_are_cold_calm_and_inverted_in_yanji() {
    let yanji = cell(129.47, 42.89);
    let (t2, hfx, sw) = (hourly("T2"), hourly("HFX"), hourly("SWDOWN"));
    let (u10, v10) = (hourly("U10"), hourly("V10"));
    let speed = |h: usize| u10[h][yanji].hypot(v10[h][yanji]);
    for h in stagnant_hours(0..7) {
        assert!((0.2..1.2).contains(&speed(h)), "{h}: {} m/s", speed(h));
        assert!((-20.0..=-4.0).contains(&hfx[h][yanji]) && sw[h][yanji] == 0.0);
        assert!((253.0..260.0).contains(&t2[h][yanji]), "{}", t2[h][yanji]);
    }
    for h in stagnant_hours(11..14) {
        assert!((20.0..=60.0).contains(&hfx[h][yanji]), "{}", hfx[h][yanji]);
        assert!((263.0..268.0).contains(&t2[h][yanji]), "{}", t2[h][yanji]);
    }
    assert!((0..12).all(|h| speed(h) > 3.0), "the first night is ventilated");
    assert!(speed(96) > 3.0, "the last hour is ventilated");
    // 16 January 18 UTC: temperature 150-250 m above ground less that at 2 m
    let file = netcdf::open(&wrfout_files()[2]).unwrap();
    let (theta, p, pb) = (values(&file, "T"), values(&file, "P"), values(&file, "PB"));
    let kelvin = |k: usize| {
        let i = (6 * LEVELS + k) * CELLS + yanji;
        (theta[i] + 300.0) * ((p[i] + pb[i]) / 1e5).powf(287.0 / 1004.5)
    };
    let inversion = kelvin(4) - t2[54][yanji];
    assert!((6.0..10.0).contains(&inversion), "{inversion} K");
}

/// Surface pressure that the wind of one hour would pile up in a cell, by summing the mass fluxes through its faces.
#[test]
fn winds_carry_no_mass_into_columns() {
    let (nx, ny) = (50, 44);
    let mut largest: f64 = 0.0;
    for path in wrfout_files() {
        let file = netcdf::open(&path).unwrap();
        let (u, v, ps) = (values(&file, "U"), values(&file, "V"), values(&file, "PSFC"));
        let (p, pb) = (values(&file, "P"), values(&file, "PB"));
        let (mu, mv) = (values(&file, "MAPFAC_U"), values(&file, "MAPFAC_V"));
        for t in 0..ps.len() / CELLS {
            // thickness of the levels from the pressure at their middles, upward from the ground
            let mut dp = vec![0.0; LEVELS * CELLS];
            for c in 0..CELLS {
                let mut below = ps[t * CELLS + c];
                for k in 0..LEVELS {
                    let i = (t * LEVELS + k) * CELLS + c;
                    dp[k * CELLS + c] = 2.0 * (below - p[i] - pb[i]);
                    below -= dp[k * CELLS + c];
                }
            }
            for y in 1..ny - 1 {
                for x in 1..nx - 1 {
                    let mut gain = 0.0;
                    for k in 0..LEVELS {
                        let level = t * LEVELS + k;
                        let d = |x: usize, y: usize| dp[k * CELLS + y * nx + x];
                        let fu = |i: usize| {
                            0.5 * (d(i - 1, y) + d(i, y)) * u[(level * ny + y) * (nx + 1) + i] / mu[y * (nx + 1) + i]
                        };
                        let fv = |j: usize| {
                            0.5 * (d(x, j - 1) + d(x, j)) * v[(level * (ny + 1) + j) * nx + x] / mv[j * nx + x]
                        };
                        gain += fu(x) - fu(x + 1) + fv(y) - fv(y + 1);
                    }
                    largest = largest.max((gain / 12_000.0 * 3600.0).abs());
                }
            }
        }
    }
    println!("largest column convergence {largest:.1} Pa per hour");
    assert!(largest < 50.0, "{largest} Pa per hour");
}

#[test]
fn observations_have_the_national_layout_up_to_the_cut_off() {
    let config = Config::load(&written().1).unwrap();
    let mut last = None;
    let mut pm25 = BTreeMap::new();
    let mut blanks = 0;
    for path in expand(&config.inputs.observations).unwrap() {
        let mut reader = csv::Reader::from_path(&path).unwrap();
        let header = reader.headers().unwrap().clone();
        assert_eq!(header.iter().take(3).collect::<Vec<_>>(), ["date", "hour", "type"]);
        for record in reader.records() {
            let record = record.unwrap();
            let day = chrono::NaiveDate::parse_from_str(&record[0], "%Y%m%d").unwrap();
            let hour: u8 = record[1].parse().unwrap();
            let end = end_of_beijing_hour(day, hour);
            last = last.max(Some(end));
            for (station, value) in header.iter().zip(&record).skip(3) {
                let real = ["2237A", "2238A", "2239A"].contains(&station);
                assert!(real || value.is_empty(), "{station} {value}");
                blanks += usize::from(real && value.is_empty());
                if &record[2] == "PM2.5" && station == "2238A" {
                    pm25.insert(end, value.parse::<f64>().unwrap());
                }
            }
        }
    }
    assert_eq!(last.unwrap(), example::cycle() - TimeDelta::hours(1));
    assert!((5..80).contains(&blanks), "{blanks}");
    assert_eq!(pm25.len(), 44);
    let before: Vec<f64> = pm25.values().copied().take(36).collect();
    assert!(before.iter().all(|v| (12.0..80.0).contains(v)), "{before:?}");
    let evening = pm25.values().last().unwrap();
    assert!((80.0..160.0).contains(evening), "{evening}");
}

/// The 24-h rows are means of the hourly rows, and the AQI row follows HJ 633-2012: PM2.5 at 35 gives 50, at 75 gives 100.
#[test]
fn derived_rows_agree_with_the_hourly_ones() {
    let config = Config::load(&written().1).unwrap();
    let mut rows: BTreeMap<(String, usize), f64> = BTreeMap::new();
    for (day, path) in expand(&config.inputs.observations).unwrap().iter().enumerate() {
        for record in csv::Reader::from_path(path).unwrap().records() {
            let record = record.unwrap();
            if let Ok(value) = record[4].parse() {
                rows.insert((record[2].to_owned(), 24 * day + record[1].parse::<usize>().unwrap()), value);
            }
        }
    }
    let get = |kind: &str, hour: usize| rows.get(&(kind.to_owned(), hour)).copied();
    for hour in 24..44 {
        let mean = (hour - 23..=hour).map(|h| get("PM2.5", h).unwrap()).sum::<f64>() / 24.0;
        assert!((get("PM2.5_24h", hour).unwrap() - mean).abs() <= 0.5, "{hour}");
        let eight = (hour - 7..=hour).map(|h| get("O3", h).unwrap()).sum::<f64>() / 8.0;
        assert!((get("O3_8h", hour).unwrap() - eight).abs() <= 0.5, "{hour}");
        let (pm, aqi) = (get("PM2.5", hour).unwrap(), get("AQI", hour).unwrap());
        let least = if pm > 115.0 {
            151.0
        } else if pm > 75.0 {
            101.0
        } else if pm > 35.0 {
            51.0
        } else {
            1.0
        };
        assert!(aqi >= least && get("PM10", hour).unwrap() >= pm, "{hour}: PM2.5 {pm} AQI {aqi}");
    }
}

#[test]
fn fires_are_few_rural_and_before_the_cycle() {
    let config = Config::load(&written().1).unwrap();
    let mut reader = csv::Reader::from_path(&expand(&config.inputs.fires).unwrap()[0]).unwrap();
    assert_eq!(&reader.headers().unwrap()[11], "frp");
    let mut count = 0;
    for record in reader.records() {
        let record = record.unwrap();
        let (lat, lon): (f64, f64) = (record[0].parse().unwrap(), record[1].parse().unwrap());
        assert!((41.9..44.5).contains(&lat) && (127.4..131.4).contains(&lon));
        let time = format!("{} {}", &record[5], &record[6]);
        let time = chrono::NaiveDateTime::parse_from_str(&time, "%Y-%m-%d %H%M").unwrap().and_utc();
        assert!(time < example::cycle());
        assert!((1.0..30.0).contains(&record[11].parse::<f64>().unwrap()));
        count += 1;
    }
    assert!((3..=6).contains(&count));
}
