//! `hazecast emis`, and the doctor with every fault planted once.

mod doctor;
mod mass;
mod profiles;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn hazecast(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hazecast")).args(args).env("LANG", "C").env_remove("LC_ALL").output().unwrap()
}

fn json(args: &[&str]) -> serde_json::Value {
    let out = hazecast(args);
    assert!(matches!(out.status.code(), Some(0 | 5)), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// A configuration of the 3 km grid with the built-in inventory, a gridded inventory of 14 sectors at 0.1 degree and no weather.
fn configuration(folder: &Path, stacks: usize, gridded: bool) -> PathBuf {
    let mut table = include_str!("../../data/yanbian/inventory.csv").to_owned();
    for i in 0..stacks {
        let (lon, lat) =
            (127.6 + 3.4 * ((i * 37 % 1000) as f64 / 1000.0), 42.2 + 1.9 * ((i * 71 % 997) as f64 / 997.0));
        table.push_str(&format!(
            "s{i},stack {i},industry,0,{lon:.4},{lat:.4},{},1.5,400,8,{},40,90,1,3,12,15,1,2\n",
            40 + i % 120,
            10 + i % 30
        ));
    }
    std::fs::write(folder.join("inventory.csv"), table).unwrap();
    let mut files = String::from("\"inventory.csv\"");
    if gridded {
        let sectors = hazecast::domain::source::Sector::ALL;
        let (ny, nx) = (60, 90);
        for pollutant in ["so2", "nox", "co", "nh3", "nmvoc", "pm25", "pm10", "bc", "oc"] {
            let path = folder.join(format!("grid_{pollutant}.nc"));
            let mut file = netcdf::create(&path).unwrap();
            for (name, from, n) in [("lat", 40.05, ny), ("lon", 125.05, nx)] {
                file.add_dimension(name, n).unwrap();
                let values: Vec<f64> = (0..n).map(|i| from + 0.1 * i as f64).collect();
                file.add_variable::<f64>(name, &[name]).unwrap().put_values(&values, ..).unwrap();
            }
            let scale = match pollutant {
                "pm10" => 3.0,
                "bc" | "oc" => 0.3,
                _ => 1.0,
            };
            for sector in sectors {
                let mut v =
                    file.add_variable::<f32>(&format!("{pollutant}_{}", sector.name()), &["lat", "lon"]).unwrap();
                v.put_attribute("units", "kg m-2 s-1").unwrap();
                let values: Vec<f32> = (0..ny * nx).map(|i| scale * 1e-12 * (1.0 + (i % 13) as f32)).collect();
                v.put_values(&values, ..).unwrap();
            }
            file.close().unwrap();
            files.push_str(&format!(", \"grid_{pollutant}.nc\""));
        }
    }
    let config = folder.join("night.toml");
    let text = format!(
        "grid = \"yanbian-3km\"\nruns = \"runs\"\nforecast_hours = 120\n[inputs]\nmeteorology = [\"none.nc\"]\ninventory = [{files}]\n"
    );
    std::fs::write(&config, text).unwrap();
    config
}

/// Hours on the grid sum to what the sources give, apart from the program's own account; CF as other programs read it.
#[test]
fn build_writes_the_hours_of_the_inventory() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path(), 0, false);
    let config = config.to_str().unwrap();
    let out = folder.path().join("emissions.nc");
    let args = [
        "emis",
        "build",
        "--config",
        config,
        "--start",
        "2026-01-14T16Z",
        "--hours",
        "24",
        "--standard-air",
        "--json",
        "-o",
        out.to_str().unwrap(),
    ];
    let built = json(&args);
    assert_eq!((built["hours"].as_u64(), built["layers"].as_u64()), (Some(24), Some(10)));
    let report = json(&["emis", "report", "--config", config, "--date", "2026-01-15", "--json"]);
    let rows = report["rows"].as_array().unwrap();
    let day = |p: &str| rows.iter().map(|r| r["t_d"][p].as_f64().unwrap()).sum::<f64>();
    let file = netcdf::open(&out).unwrap();
    // a Beijing day: all CO of the day is in the file
    for (variable, tonnes) in [
        ("co", day("co")),
        ("no2", day("nox")),
        ("nh3", day("nh3")),
        ("so2", 0.95 * day("so2")),
        ("pm_coarse", day("pm10") - day("pm25")),
    ] {
        let values = file.variable(variable).unwrap().get_values::<f32, _>(..).unwrap();
        assert_eq!(values.len(), 24 * 10 * 108 * 132);
        let kg: f64 = values.iter().map(|v| f64::from(*v) * 3600.0).sum();
        assert!((kg / 1000.0 / tonnes - 1.0).abs() < 1e-6, "{variable}: {kg} kg, {tonnes} t");
    }
    let text = |v: &str, a: &str| match file.variable(v).unwrap().attribute_value(a).unwrap().unwrap() {
        netcdf::AttributeValue::Str(s) => s,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (text("co", "units"), text("time", "units")),
        ("kg s-1".into(), "hours since 2026-01-14 16:00:00".into())
    );
    // the same bytes again, on any number of threads
    let first = std::fs::read(&out).unwrap();
    json(&args);
    assert!(first == std::fs::read(&out).unwrap(), "two builds differ");
}

/// Without a first hour it follows from the meteorology, and the fires of these hours are in the file.
#[test]
fn build_without_a_start_holds_the_fires() {
    let folder = tempfile::tempdir().unwrap();
    let Some(gfs) = crate::real("met/gfs/gfs.t12z.pgrbf120.2p5deg.grib2") else { return };
    std::fs::write(folder.path().join("inventory.csv"), include_str!("../../data/yanbian/inventory.csv")).unwrap();
    let fires = "latitude,longitude,acq_date,acq_time,satellite,confidence,frp,type,land\n\
        43.0,129.0,2011-01-15,0505,Aqua,90,500,0,12\n";
    std::fs::write(folder.path().join("fires.csv"), fires).unwrap();
    let co = |more: &str| {
        let config = folder.path().join("night.toml");
        let text = format!(
            "grid = \"demo\"\nruns = \"runs\"\nforecast_hours = 24\nfrozen_meteorology = true\n[inputs]\n\
             meteorology = [{:?}]\ninventory = [\"inventory.csv\"]\n{more}",
            gfs.to_str().unwrap()
        );
        std::fs::write(&config, text).unwrap();
        let out = folder.path().join("emissions.nc");
        let built =
            json(&["emis", "build", "--config", config.to_str().unwrap(), "-o", out.to_str().unwrap(), "--json"]);
        assert_eq!(built["start"], "2011-01-15T12:00:00Z", "{built}");
        let list = built["emitted_kg"].as_array().unwrap();
        list.iter().find(|e| e[0] == "co").unwrap()[1].as_f64().unwrap()
    };
    let (without, with) = (co(""), co("fires = [\"fires.csv\"]\n"));
    assert!(with > 1.001 * without, "{with} {without}");
}

/// The title says what is drawn, and when.
#[test]
fn a_map_says_what_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path(), 0, false);
    let picture = folder.path().join("nox.svg");
    let plot = |more: &[&str]| {
        let args = ["emis", "plot", "--config", config.to_str().unwrap(), "--pollutant", "nox", "-o"];
        let plotted = json(&[&args[..], &[picture.to_str().unwrap(), "--json"], more].concat());
        let title = plotted["title"].as_str().unwrap().to_owned();
        assert!(std::fs::read_to_string(&picture).unwrap().contains(&title), "{title}");
        plotted
    };
    let year = plot(&["--sector", "traffic"]);
    assert_eq!(year["title"], "Emission of NOx, traffic, annual");
    assert_eq!((year["unit"].as_str(), year["largest_unit"].as_str()), (Some("t a-1"), Some("t km-2 a-1")));
    // a town of the 3 km grid, far above the mean of 11,000 t on 43,000 km2
    let largest = year["largest"].as_f64().unwrap();
    assert!((1.0..200.0).contains(&largest), "{largest}");
    let day = plot(&["--date", "2026-01-15"]);
    assert_eq!(day["title"], "Emission of NOx, all sectors, 2026-01-15");
    assert_eq!(day["largest_unit"], "t km-2 d-1");
}

#[test]
fn report_sums_counties_and_sectors() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path(), 0, false);
    let csv = folder.path().join("totals.csv");
    let report = json(&[
        "emis",
        "report",
        "--config",
        config.to_str().unwrap(),
        "--date",
        "2026-01-15",
        "--csv",
        csv.to_str().unwrap(),
        "--json",
    ]);
    // sums of data/yanbian/inventory.csv, by Python
    let of = |adcode: u64, sector: &str, p: &str| {
        let rows = report["rows"].as_array().unwrap();
        let row =
            rows.iter().filter(|r| (adcode == 0 || r["adcode"].as_u64() == Some(adcode)) && r["sector"] == sector);
        row.map(|r| r["t_a"][p].as_f64().unwrap()).sum::<f64>()
    };
    for (sector, p, tonnes) in [
        ("traffic", "nox", 11_000.0),
        ("residential", "co", 129_500.0),
        ("road_dust", "pm10", 12_000.0),
        ("agriculture", "nh3", 12_700.0),
    ] {
        assert!((of(0, sector, p) / tonnes - 1.0).abs() < 1e-3, "{sector} {p}: {}", of(0, sector, p));
    }
    assert!(of(222_401, "power", "nox") > 300.0 && of(222_402, "power", "nox") == 0.0);
    let table = std::fs::read_to_string(csv).unwrap();
    assert_eq!(table.lines().count(), report["rows"].as_array().unwrap().len() + 1);
    assert!(table.starts_with("adcode,county,sector,sources,so2_t_a") && table.contains("222401,Yanji,traffic,"));
    let references = report["reference"].as_array().unwrap();
    assert!(
        references.len() > 50
            && references.iter().all(|r| r["verified"] == false && r["ratio"].as_f64().unwrap() > 0.0)
    );
}

/// 5,000 stacks, 14 sectors at 0.1 degree, 120 hours of the 3 km grid: 20 s and 1 GB on an idle machine. The test leaves room for a busy one.
#[test]
fn a_large_inventory_is_built_in_time_and_memory() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path(), 5000, true);
    let out = folder.path().join("emissions.nc");
    let begin = std::time::Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hazecast"))
        .args([
            "emis",
            "build",
            "--config",
            config.to_str().unwrap(),
            "--start",
            "2026-01-15T00Z",
            "--hours",
            "120",
            "--standard-air",
            "-o",
            out.to_str().unwrap(),
        ])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut peak_kb = 0u64;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        let text = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let high = text.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok());
        peak_kb = peak_kb.max(high.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    let seconds = begin.elapsed().as_secs_f64();
    let size = std::fs::metadata(&out).unwrap().len();
    println!(
        "120 hours of 5,000 stacks and 14 sectors at 0.1 degree: {seconds:.1} s, {} MB at most, file {} MB",
        peak_kb / 1024,
        size / 1_000_000
    );
    assert!(status.success());
    assert!(peak_kb < 1024 * 1024, "{peak_kb} kB");
    assert!(seconds < 120.0, "{seconds} s");
}
