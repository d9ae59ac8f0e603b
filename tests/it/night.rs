//! Whole nights through the binary: on real files, after kills, started twice, on broken input.

use crate::real;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn hazecast(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hazecast")).args(args).env("LANG", "C").env_remove("LC_ALL").output().unwrap()
}

fn night(config: &Path) -> (i32, serde_json::Value) {
    let out = hazecast(&["night", "--config", config.to_str().unwrap(), "--json"]);
    let stderr = String::from_utf8_lossy(&out.stderr);
    let record = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {stderr}"));
    (out.status.code().unwrap(), record)
}

/// Every file of a published run, by name.
fn files(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(run).unwrap_or_else(|e| panic!("{}: {e}", run.display()));
    entries
        .map(|e| e.unwrap())
        .filter(|e| e.path().is_file())
        .map(|e| (e.file_name().to_string_lossy().into_owned(), std::fs::read(e.path()).unwrap()))
        .collect()
}

fn conserved(record: &serde_json::Value) {
    for ledger in ["ledger_base", "ledger_cut"] {
        let Some(ledger) = record[ledger].as_object() else { continue };
        let residual = ledger["largest_relative_residual"].as_f64().unwrap();
        let tracer = ledger["tracer_largest_deviation"].as_f64().unwrap();
        println!("largest residual {residual:.1e}, tracer off by {tracer:.1e}");
        assert!(residual < 1e-6 && tracer < 1e-5, "{residual} {tracer}");
    }
}

fn no_gaps(record: &serde_json::Value, counties: usize, hours: usize) {
    let list = record["forecast"]["counties"].as_array().unwrap();
    assert_eq!(list.len(), counties);
    for county in list {
        let series = county["hours"].as_array().unwrap();
        assert_eq!(series.len(), hours);
        for hour in series {
            let c = &hour["concentrations"];
            for key in ["pm25_ug_m3", "pm10_ug_m3", "so2_ug_m3", "no2_ug_m3", "co_mg_m3"] {
                let value = c[key]["value"].as_f64().unwrap_or_else(|| panic!("{key} in {hour}"));
                assert!(value.is_finite() && value >= 0.0);
                assert!(c[key]["lower"].as_f64().unwrap() <= value && value <= c[key]["upper"].as_f64().unwrap());
            }
            assert!(c["o3_ug_m3"].is_null(), "O3 is not modelled");
            assert!(c["pm10_ug_m3"]["raw"].as_f64().unwrap() >= c["pm25_ug_m3"]["raw"].as_f64().unwrap());
        }
    }
}

/// A night over a place of its own: one square county around (lon, lat).
struct Elsewhere {
    folder: tempfile::TempDir,
}

impl Elsewhere {
    fn new(adcode: u32, (lon, lat): (f64, f64), half: f64, meteorology: &str, extra: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (w, e, s, n) = (lon - half, lon + half, lat - half, lat + half);
        let put = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put(
            "region/counties.geojson",
            format!(
                r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"adcode":{adcode}}},"geometry":{{"type":"Polygon","coordinates":[[[{w},{s}],[{e},{s}],[{e},{n}],[{w},{n}],[{w},{s}]]]}}}}]}}"#
            ),
        );
        let region =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/yanbian/region.toml")).unwrap();
        put("region/region.toml", one_county(&region, adcode, lon, lat));
        put(
            "inventory.csv",
            format!(
                "id,name,sector,adcode,lon,lat,so2_t_a,nox_t_a,co_t_a,nh3_t_a,nmvoc_t_a,pm25_t_a,pm10_t_a,bc_t_a,oc_t_a\n\
                 a,made source,industry,{adcode},{lon},{lat},30000,40000,200000,9000,30000,25000,40000,3000,6000\n\
                 b,made households,residential,{adcode},,,9000,9000,90000,3000,9000,15000,20000,2000,5000\n"
            ),
        );
        put(
            "night.toml",
            format!(
                "region = \"region\"\ngrid = \"meteorology\"\nruns = \"runs\"\n{extra}\n[inputs]\n\
                 meteorology = [{meteorology}]\ninventory = [\"inventory.csv\"]\n"
            ),
        );
        Self { folder }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("night.toml")
    }

    fn published(&self, run: &str) -> BTreeMap<String, Vec<u8>> {
        files(&self.folder.path().join("runs").join(run))
    }
}

/// The built-in region file cut down to one made county.
fn one_county(region: &str, adcode: u32, lon: f64, lat: f64) -> String {
    let mut table: toml::Table = region.parse().unwrap();
    table.insert("id".into(), "elsewhere".into());
    table.insert("stations".into(), toml::Value::Array(Vec::new()));
    let key = if table.contains_key("counties") { "counties" } else { "county" };
    let toml::Value::Array(counties) = table[key].clone() else { panic!("counties") };
    let toml::Value::Table(mut county) = counties[0].clone() else { panic!("county") };
    county.insert("adcode".into(), i64::from(adcode).into());
    county.insert("seat".into(), toml::Value::Array(vec![lon.into(), lat.into()]));
    let toml::Value::Array(settlements) = county["settlements"].clone() else { panic!("settlements") };
    let toml::Value::Table(mut town) = settlements[0].clone() else { panic!("settlement") };
    town.insert("lon".into(), lon.into());
    town.insert("lat".into(), lat.into());
    county.insert("settlements".into(), toml::Value::Array(vec![town.into()]));
    table.insert(key.into(), toml::Value::Array(vec![county.into()]));
    table.to_string()
}

fn hurricane() -> Option<Elsewhere> {
    let met = real("met/wrf/ci_test_file.nc")?;
    let met = format!("{:?}", met.to_str().unwrap());
    Some(Elsewhere::new(990_001, (-90.2, 23.7), 0.4, &met, "forecast_hours = 9"))
}

#[test]
fn nine_hours_of_a_real_wrfout() {
    let Some(place) = hurricane() else { return };
    let (code, record) = night(&place.config());
    assert_eq!(code, 0, "{record}");
    assert_eq!(record["run"], "2005082812");
    conserved(&record);
    no_gaps(&record, 1, 9);
}

#[test]
fn two_hours_of_real_era5_over_bavaria() {
    let Some(first) = real("met/era/era5_utm32_2025_05_01_00.nc") else { return };
    let met = format!("{:?}", first.parent().unwrap().join("era5_utm32_2025_05_01_*").to_str().unwrap());
    let place = Elsewhere::new(990_002, (11.5, 48.2), 0.3, &met, "forecast_hours = 2");
    let (code, record) = night(&place.config());
    assert_eq!(code, 0, "{record}");
    conserved(&record);
    no_gaps(&record, 1, 2);
}

/// Real Yanbian input: GFS (one time, frozen), real power plants, fires, outlines and station hours.
fn yanbian(folder: &Path) -> Option<PathBuf> {
    let at = |path: &str| real(path).map(|p| format!("{:?}", p.to_str().unwrap()));
    let config = format!(
        "region = \"yanbian\"\ngrid = \"demo\"\nruns = \"runs\"\nforecast_hours = 24\nfrozen_meteorology = true\n[inputs]\n\
         meteorology = [{}]\npower_plants = [{}]\nobservations = [{}]\nfires = [{}]\noutlines = [{}]\n\
         inventory = [{:?}]\n",
        at("met/gfs/gfs.t12z.pgrbf120.2p5deg.grib2")?,
        at("emis/wri_gppd_ne_china_plants.csv")?,
        at("obs/china_sites_20230120.csv")?,
        at("fires/MODIS_C6_1_Global_7d_20220328_20220403.csv")?,
        at("geo/yanbian_and_provinces/222400.json")?,
        Path::new(env!("CARGO_MANIFEST_DIR")).join("data/yanbian/inventory.csv").to_str().unwrap(),
    );
    let path = folder.join("night.toml");
    std::fs::write(&path, config).unwrap();
    Some(path)
}

#[test]
fn a_day_over_yanbian_on_real_files() {
    let folder = tempfile::tempdir().unwrap();
    let Some(config) = yanbian(folder.path()) else { return };
    let (code, record) = night(&config);
    assert_eq!(code, 5, "frozen meteorology is a degraded night: {record}");
    let degraded = record["degraded"].as_array().unwrap();
    assert!(degraded.iter().any(|d| d.as_str().unwrap().starts_with("frozen meteorology")), "{degraded:?}");
    assert_eq!(record["run"], "2011011512");
    conserved(&record);
    no_gaps(&record, 8, 24);
    let roles: Vec<&str> = record["inputs"].as_array().unwrap().iter().map(|f| f["role"].as_str().unwrap()).collect();
    for role in ["meteorology", "inventory", "observations", "fires", "region", "seed", "model"] {
        assert!(roles.contains(&role), "{role} in {roles:?}");
    }
    // two plants of the world-wide list stand in the inventory already
    let twice = record["rejections"].as_array().unwrap();
    let plants = twice.iter().filter(|r| r["place"].as_str().unwrap().starts_with("power_plant/")).count();
    assert!(plants >= 2, "{twice:?}");
    let (again, unchanged) = night(&config);
    assert_eq!((again, &unchanged), (code, &record), "the same inputs again change nothing");
}

/// A night killed at random moments and started again ends with the bytes of a night left alone.
#[test]
fn ten_kills_leave_the_same_bytes() {
    let Some(place) = hurricane() else { return };
    let started = Instant::now();
    night(&place.config());
    let whole = started.elapsed();
    let expected = place.published("2005082812");
    assert!(expected.len() >= 4, "{:?}", expected.keys());

    let Some(killed) = hurricane() else { return };
    let runs = killed.folder.path().join("runs");
    // moments spread by the golden ratio over the whole duration of a night
    for kill in 0..10 {
        let share = (0.5 + 0.618_034 * f64::from(kill)).fract();
        let mut child = Command::new(env!("CARGO_BIN_EXE_hazecast"))
            .args(["night", "--config", killed.config().to_str().unwrap(), "--json"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * share));
        child.kill().unwrap();
        child.wait().unwrap();
        // a reader never sees half a night: nothing, or all of it
        if runs.join("2005082812").exists() {
            assert_eq!(files(&runs.join("2005082812")), expected);
            std::fs::remove_dir_all(runs.join("2005082812")).unwrap();
            // a kill between publishing and pointing to the newest run leaves no `latest`
            let _ = std::fs::remove_file(runs.join("latest"));
        }
    }
    let out = hazecast(&["night", "--config", killed.config().to_str().unwrap()]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let found = files(&runs.join("2005082812"));
    for (name, bytes) in &expected {
        assert!(found.get(name) == Some(bytes), "{name} differs after kills");
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn a_second_night_at_the_same_time_is_turned_away() {
    let Some(place) = hurricane() else { return };
    let mut first = Command::new(env!("CARGO_BIN_EXE_hazecast"))
        .args(["night", "--config", place.config().to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lock = place.folder.path().join("runs/.lock");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !lock.exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(50));
    let second = hazecast(&["night", "--config", place.config().to_str().unwrap(), "--json"]);
    assert_eq!(second.status.code(), Some(7), "{}", String::from_utf8_lossy(&second.stdout));
    let error: serde_json::Value = serde_json::from_slice(&second.stdout).unwrap();
    assert_eq!(error["error"], "busy");
    assert!(first.wait().unwrap().success());
}
