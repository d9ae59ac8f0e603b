//! Terrain files, sound and broken, and winds brought over them on the grids of the set-ups.

use crate::real;
use hazecast::cli::example;
use hazecast::config::{Config, expand};
use hazecast::domain::terrain::Terrain;
use hazecast::input::isolation::Isolation;
use hazecast::input::netcdf_file::on_netcdf_thread;
use hazecast::input::outside_file::TerrainFile;
use hazecast::input::{Window, terrain_netcdf, wrfout};
use hazecast::setup::Setup;
use hazecast::simulation::diagnose::Diagnosis;
use hazecast::simulation::meteorology::Meteorology;
use hazecast::simulation::terrain_winds::TerrainWindsReport;
use std::path::{Path, PathBuf};
use std::time::Instant;

const YANBIAN: Window = (126.0, 41.0, 133.0, 45.5);

fn height(terrain: &Terrain, lon: f64, lat: f64) -> f32 {
    let (x, y) = terrain.grid.transform().cell(lon, lat).unwrap();
    terrain.height_m[y * terrain.grid.nx + x]
}

/// Values read from the file's bytes by other means.
#[test]
fn etopo20_gives_the_heights_it_holds_and_the_sea_as_zero() {
    let Some(path) = real("geo/etopo20.cdf") else { return };
    let terrain = terrain_netcdf::read(&path, YANBIAN).unwrap();
    for (lon, lat, expected) in [(128.1667, 42.1667, 1266.5625), (129.5, 42.8333, 319.625), (131.5, 41.5, 0.0)] {
        let found = height(&terrain, lon, lat);
        assert!((found - expected).abs() < 0.01, "{lon} {lat}: {found} {expected}");
    }
    assert!(terrain.grid.nx < 32 && terrain.grid.ny < 24, "only the window is read: {:?}", terrain.grid);
    assert!((terrain.grid.dx - 1.0 / 3.0).abs() < 1e-6);
}

/// Elevation on 12 x 10 values of half a degree, as described by the fields.
#[derive(Clone)]
struct Made {
    name: &'static str,
    units: &'static str,
    lat_units: &'static str,
    with_lat: bool,
    southward: bool,
    transposed: bool,
    lon0: f64,
    height: fn(f64, f64) -> f64,
}

const SOUND: Made = Made {
    name: "elevation",
    units: "m",
    lat_units: "degrees_north",
    with_lat: true,
    southward: false,
    transposed: false,
    lon0: 126.0,
    height: |lon, lat| 1000.0 * (lon - 126.0) + 10.0 * (lat - 40.0) - 100.0,
};

impl Made {
    fn write(&self, path: &Path) {
        let (me, path) = (self.clone(), path.to_path_buf());
        on_netcdf_thread(move || {
            let mut file = netcdf::create(path).unwrap();
            file.add_dimension("lat", 10).unwrap();
            file.add_dimension("lon", 12).unwrap();
            let lat: Vec<f64> = (0..10).map(|i| 40.0 + 0.5 * f64::from(if me.southward { 9 - i } else { i })).collect();
            let lon: Vec<f64> = (0..12).map(|i| me.lon0 + 0.5 * f64::from(i)).collect();
            for (name, values, units) in [("lat", &lat, me.lat_units), ("lon", &lon, "degrees_east")] {
                if name == "lon" || me.with_lat {
                    let mut axis = file.add_variable::<f64>(name, &[name]).unwrap();
                    axis.put_attribute("units", units).unwrap();
                    axis.put_values(values, ..).unwrap();
                }
            }
            let heights: Vec<f64> = if me.transposed {
                lon.iter().flat_map(|x| lat.iter().map(|y| (me.height)(*x, *y)).collect::<Vec<_>>()).collect()
            } else {
                lat.iter().flat_map(|y| lon.iter().map(|x| (me.height)(*x, *y)).collect::<Vec<_>>()).collect()
            };
            let order = if me.transposed { ["lon", "lat"] } else { ["lat", "lon"] };
            let mut out = file.add_variable::<f64>(me.name, &order).unwrap();
            out.put_attribute("units", me.units).unwrap();
            out.put_attribute("_FillValue", -32768.0).unwrap();
            out.put_values(&heights, ..).unwrap();
            file.close().unwrap();
        });
    }
}

const INSIDE: Window = (128.1, 41.6, 129.4, 42.9);

fn made(made: &Made) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dem.nc");
    made.write(&path);
    (folder, path)
}

#[test]
fn direction_of_latitudes_names_and_turns_of_longitude_do_not_matter() {
    for m in [
        SOUND,
        Made { southward: true, name: "Topo", units: "METERS", ..SOUND },
        Made {
            name: "z",
            lat_units: "degrees_N",
            lon0: 126.0 - 360.0,
            height: |lon, lat| (SOUND.height)(lon + 360.0, lat),
            ..SOUND
        },
    ] {
        let (_folder, path) = made(&m);
        let terrain = terrain_netcdf::read(&path, INSIDE).unwrap();
        for (lon, lat) in [(128.5, 42.0), (129.0, 42.5)] {
            assert_eq!(height(&terrain, lon, lat), (SOUND.height)(lon, lat) as f32, "{}", m.name);
        }
    }
    let (_folder, path) = made(&Made { height: |_, lat| lat - 42.4, ..SOUND });
    let terrain = terrain_netcdf::read(&path, INSIDE).unwrap();
    assert_eq!(height(&terrain, 128.5, 42.0), 0.0, "the sea floor is the sea");
    assert!((height(&terrain, 128.5, 42.5) - 0.1).abs() < 1e-6);
}

#[test]
fn a_broken_terrain_file_is_refused_by_name_place_and_remedy() {
    let cases: [(&str, Made, &[&str]); 9] = [
        ("foreign units", Made { units: "km", ..SOUND }, &["elevation, units", "`km`", "`m`"]),
        ("no units", Made { units: "", ..SOUND }, &["elevation, units", "``"]),
        ("unknown name", Made { name: "population", ..SOUND }, &["population", "elevation"]),
        ("no axis", Made { with_lat: false, ..SOUND }, &["dimension lat", "degrees_north"]),
        ("foreign axis", Made { lat_units: "m", ..SOUND }, &["variable lat, units", "`m`"]),
        ("transposed", Made { transposed: true, ..SOUND }, &["variable lon, units", "degrees_north"]),
        ("elsewhere", Made { lon0: 100.0, ..SOUND }, &["variable lon", "128.1"]),
        (
            "a gap",
            Made { height: |lon, _| if lon > 128.9 { -32768.0 } else { 5.0 }, ..SOUND },
            &["129.000 E", "no value"],
        ),
        (
            "a flight level",
            Made { height: |_, lat| if lat > 42.4 { 12_000.0 } else { 5.0 }, ..SOUND },
            &["42.500 N", "12000"],
        ),
    ];
    for (what, m, words) in cases {
        let (_folder, path) = made(&m);
        let text = match terrain_netcdf::read(&path, INSIDE) {
            Ok(_) => panic!("{what}: accepted"),
            Err(e) => e.to_string(),
        };
        for word in words.iter().chain([&"dem.nc", &"expected"]) {
            assert!(text.contains(word), "{what}: `{word}` is not in: {text}");
        }
    }
    let (folder, path) = made(&SOUND);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(terrain_netcdf::read(&path, INSIDE).is_err(), "a cut file");
    // a child reads the same, and no other program stands in for it
    SOUND.write(&path);
    let task = TerrainFile { path: path.clone(), window: INSIDE };
    let child = Isolation::in_program(env!("CARGO_BIN_EXE_hazecast"));
    assert_eq!(child.read(&task).unwrap(), terrain_netcdf::read(&path, INSIDE).unwrap());
    let error = Isolation::in_program("true").read(&task).unwrap_err().to_string();
    assert!(error.contains("dem.nc") && error.contains("without an answer"), "{error}");
    let error = terrain_netcdf::read(&folder.path().join("none.nc"), INSIDE).unwrap_err();
    assert!(error.to_string().contains("inputs.terrain"), "{error}");
}

/// The example's 12 km weather over real terrain on the 3 km grid: what an hour costs, and what is left of the divergence.
#[test]
fn the_weather_of_the_example_over_real_terrain_on_the_3_km_grid() {
    let Some(etopo) = real("geo/etopo20.cdf") else { return };
    let folder = tempfile::tempdir().unwrap();
    let inventory = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/yanbian/inventory.csv"));
    let config = example::write(folder.path(), &inventory.unwrap()).unwrap();
    let text = std::fs::read_to_string(&config).unwrap().replace("\"demo\"", "\"yanbian-3km\"");
    std::fs::write(&config, text.replace("[inputs]", &format!("[inputs]\nterrain = \"{}\"", etopo.display()))).unwrap();
    let setup = Setup::load(&config).unwrap();
    assert_eq!(setup.config.inputs.terrain.as_deref(), etopo.to_str());
    let met = wrfout::read(&expand(&Config::load(&config).unwrap().inputs.meteorology).unwrap()[1]).unwrap();
    let domain = setup.domain(&met, met[0].valid_time).unwrap();
    let grid = &domain.grid;
    let begin = Instant::now();
    let terrain = terrain_netcdf::read(&etopo, YANBIAN).unwrap().cell_means(&grid.horizontal).unwrap();
    let reading = begin.elapsed().as_secs_f64();
    let plain = Diagnosis::new(grid, domain.surface);
    let over = Diagnosis::new(grid, domain.surface).over(terrain);
    let mut meteorology = Meteorology::new(&met, grid, false).unwrap();
    let (mut times, mut report) = ([0.0; 2], TerrainWindsReport::default());
    for hour in 0..4 {
        let start = met[0].valid_time + chrono::Duration::hours(6 * hour);
        for (diagnosis, time) in [(&plain, 0), (&over, 1)] {
            let begin = Instant::now();
            let driver = diagnosis.hour(&mut meteorology, start).unwrap();
            times[time] += begin.elapsed().as_secs_f64() / 4.0;
            driver.terrain_winds.iter().for_each(|a| report.add(a));
        }
    }
    println!(
        "{:?} cells: terrain {reading:.3} s once; an hour's driver {:.3} s, over terrain {:.3} s",
        grid.shape(),
        times[0],
        times[1]
    );
    println!("{}", serde_json::to_string_pretty(&report).unwrap());
    assert_eq!(report.hours, 4);
    assert!(report.before.largest_per_s > 1e-4 && report.most_iterations <= 10);
    assert!(report.largest_relative_residual <= 1e-6);
    assert!(report.after.rms_worst_per_s < 1e-4 * report.before.rms_worst_per_s);
    assert!(report.after.rms_mean_per_s <= report.after.rms_worst_per_s);
    assert!((0.02..5.0).contains(&report.surface_wind_change_mean_m_s));
}
