//! Whole nights on two grids, with air from files around them, broken off and gone on.

use crate::boundary_files::Made;
use hazecast::cli::example;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models");

/// The built-in example in short, with a grid of 24 km around that of 12 km.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inventory = concat!(env!("CARGO_MANIFEST_DIR"), "/data/yanbian/inventory.csv");
        example::write(folder.path(), &std::fs::read_to_string(inventory).unwrap()).unwrap();
        std::fs::create_dir_all(folder.path().join("rules/models")).unwrap();
        let grids = std::fs::read_to_string(Path::new(MODELS).join("grids.toml")).unwrap();
        let around = "\n[grids.around]\ntitle = \"around\"\nprojection = \"+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000\"\n\
                      nx = 22\nny = 20\ncell_m = 24000\ncentre_lon = 129.35\ncentre_lat = 43.1\ninterfaces = \"standard_m\"\n";
        std::fs::write(folder.path().join("rules/models/grids.toml"), grids + around).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A configuration of its own runs folder.
    fn config(&self, name: &str, keys: &str, inputs: &str) -> PathBuf {
        let path = self.path(&format!("{name}.toml"));
        let text = format!(
            "region = \"yanbian\"\nruns = \"runs_{name}\"\noverrides = \"rules\"\nforecast_hours = 6\n{keys}\n[inputs]\n\
             meteorology = [\"inbox/met/wrfout_d01_*\"]\ninventory = [\"inbox/emissions/inventory.csv\"]\n{inputs}\n"
        );
        std::fs::write(&path, text).unwrap();
        path
    }

    fn published(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let run = self.path(&format!("runs_{name}")).join("2026011806");
        let entries = std::fs::read_dir(&run).unwrap_or_else(|e| panic!("{}: {e}", run.display()));
        let file =
            |e: std::fs::DirEntry| (e.file_name().to_string_lossy().into_owned(), std::fs::read(e.path()).unwrap());
        entries.map(|e| file(e.unwrap())).collect()
    }
}

fn hazecast(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hazecast"));
    command.args(["night", "--config", config.to_str().unwrap(), "--json"]).env("LANG", "C").env_remove("LC_ALL");
    // files written here stay locked while a program that another test started holds their descriptors
    command.env("HDF5_USE_FILE_LOCKING", "FALSE");
    command
}

fn night(config: &Path) -> (i32, Value, String) {
    let Output { status, stdout, stderr } = hazecast(config).output().unwrap();
    let stderr = String::from_utf8_lossy(&stderr).into_owned();
    let value = serde_json::from_slice(&stdout).unwrap_or_else(|e| panic!("{e}: {stderr}"));
    (status.code().unwrap(), value, stderr)
}

fn inflow(record: &Value, species: &str) -> f64 {
    let ledger = record["ledger_base"]["species"].as_array().unwrap();
    ledger.iter().find(|s| s["species"] == species).unwrap()["inflow_kg"].as_f64().unwrap()
}

fn conserved(record: &Value) {
    let ledger = &record["ledger_base"];
    let (residual, tracer) = (&ledger["largest_relative_residual"], &ledger["tracer_largest_deviation"]);
    println!("largest residual {residual}, tracer off by {tracer}");
    assert!(residual.as_f64().unwrap() < 1e-6 && tracer.as_f64().unwrap() < 1e-5);
}

const NESTED: &str = "grid = \"demo\"\nouter_grid = \"around\"";

#[test]
fn a_night_on_two_grids_with_air_from_files() {
    let place = Place::new();
    Made::on_pressure(20).write(&place.path("cams.nc"));
    let files = "boundary = [\"cams.nc\"]";
    let (code, record, _) = night(&place.config("files", NESTED, files));
    assert_eq!((code, &record["degraded"]), (0, &serde_json::json!([])), "{}", record["rejections"]);
    assert_eq!((&record["grid"], &record["outer_grid"]), (&"demo".into(), &"around".into()));
    assert!(record["inputs"].as_array().unwrap().iter().any(|f| f["role"] == "boundary" && f["name"] == "cams.nc"));
    conserved(&record);
    let (_, profiles, _) = night(&place.config("profiles", NESTED, ""));
    conserved(&profiles);
    let (_, alone, _) = night(&place.config("alone", "grid = \"demo\"", ""));
    assert!(alone["outer_grid"].is_null());
    // 4 to 6e-9 kg kg-1 of CO in the files, 1.2e-7 at the ground in the profiles; few sources of the inventory lie outside the inner grid
    let co = [&record, &profiles, &alone].map(|r| inflow(r, "co"));
    println!("CO that flows in [t]: files {:.0}, nested {:.0}, alone {:.0}", co[0] * 1e-3, co[1] * 1e-3, co[2] * 1e-3);
    assert!(co[0] < 0.5 * co[2] && co[1] != co[2] && (co[1] / co[2] - 1.0).abs() < 0.1);
    // six hours short at the end; a day from one time to the next; a variable that one of two files lacks
    Made::on_pressure(18).write(&place.path("late.nc"));
    Made::on_pressure(6).spaced(24.0).write(&place.path("sparse.nc"));
    Made::on_pressure(20).without(&["no"]).write(&place.path("less.nc"));
    for (name, files, code, word) in [
        ("late", "\"late.nc\"", 0, "[]"),
        ("sparse", "\"sparse.nc\"", 5, "no time for more than 12 h"),
        ("parts", "\"cams.nc\", \"less.nc\"", 5, "left out at all times: no"),
    ] {
        let (found, record, _) = night(&place.config(name, NESTED, &format!("boundary = [{files}]")));
        let degraded = record["degraded"].to_string();
        assert_eq!(found, code, "{name}: {degraded}");
        assert!(degraded.contains(word), "{name}: {degraded}");
        assert!(inflow(&record, "co") < 0.5 * co[2], "{name}: the air is that of the files");
    }
    // files that do not hold the night, hold a fault, or are not there: the profiles, and the record says so
    Made::on_pressure(17).write(&place.path("short.nc"));
    std::fs::write(place.path("broken.nc"), b"CDF\x01 no more").unwrap();
    for (name, word) in [("short", "the run needs"), ("broken", "broken.nc refused"), ("absent", "absent.nc) missing")]
    {
        let (code, record, _) = night(&place.config(name, NESTED, &format!("boundary = [\"{name}.nc\"]")));
        assert_eq!(code, 5);
        let degraded = record["degraded"].to_string();
        assert!(degraded.contains(word), "{degraded}");
        assert_eq!(inflow(&record, "co"), co[1], "{name}");
    }
}

#[test]
fn grids_that_do_not_fit_are_refused_by_name() {
    let place = Place::new();
    for (keys, code, words) in [
        ("grid = \"around\"\nouter_grid = \"demo\"", 2, ["outer_grid", "demo, which does not hold"]),
        ("grid = \"demo\"\nouter_grid = \"demo\"", 2, ["outer_grid", "of grid demo"]),
        ("grid = \"demo\"\nouter_grid = \"nowhere\"", 2, ["outer_grid", "nowhere"]),
        ("grid = \"demo\"\nouter_grid = \"yanbian-9km\"", 3, ["meteorology over", "inputs.meteorology"]),
        ("grid = \"demo\"\ncheckpoint_hours = 241", 2, ["checkpoint_hours", "0..=240"]),
    ] {
        let (found, error, _) = night(&place.config("refused", keys, ""));
        let text = error["message"].as_str().unwrap_or_default();
        assert_eq!(found, code, "{keys}: {text}");
        assert!(words.iter().all(|w| text.contains(w)), "{keys}: {text}");
    }
}

/// Killed behind its second checkpoint, the newest damaged: it goes on from the one before and publishes the bytes of an unbroken night.
#[test]
fn a_night_killed_between_checkpoints_publishes_the_same_bytes() {
    let place = Place::new();
    let keys = format!("{NESTED}\ncheckpoint_hours = 1");
    let (code, ..) = night(&place.config("whole", &keys, ""));
    assert_eq!(code, 0);
    let expected = place.published("whole");
    let broken = place.config("broken", &keys, "");
    let mut child = hazecast(&broken).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let stages = place.path("runs_broken/.work-2026011806/stages");
    let second = stages.join("fields-0002.checkpoint");
    let deadline = Instant::now() + Duration::from_secs(120);
    while !second.exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut kept: Vec<PathBuf> = std::fs::read_dir(&stages).unwrap().map(|e| e.unwrap().path()).collect();
    kept.retain(|p| p.extension().is_some_and(|e| e == "checkpoint"));
    kept.sort();
    assert!(kept.len() >= 2, "{kept:?}");
    let newest = kept.last().unwrap();
    let mut bytes = std::fs::read(newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(newest, bytes).unwrap();
    let (code, _, stderr) = night(&broken);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stderr.contains(&format!("checkpoint not used: {}: SHA-256", newest.display()))
            && stderr.contains("goes on from a checkpoint"),
        "{stderr}"
    );
    let found = place.published("broken");
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, bytes) in &expected {
        // the two configurations differ in their runs folder only, which no file holds
        assert!(found[name] == *bytes, "{name} differs");
    }
}

/// Members run on the outer grid and stand in the record, on either grid; a night killed among them goes on and publishes the same bytes.
#[test]
fn members_of_a_night_are_in_its_record_and_resume() {
    let place = Place::new();
    let keys = format!("{NESTED}\nmembers = 5");
    let (code, record, _) = night(&place.config("whole", &keys, ""));
    assert_eq!(code, 0);
    let (report, forecast) = (&record["members"], &record["forecast"]["counties"]);
    assert_eq!(report["grid"], "around");
    let members = report["members"].as_array().unwrap();
    assert_eq!(members.len(), 5);
    let of = |key: &str| -> Vec<f64> { members.iter().map(|m| m["inputs"][key].as_f64().unwrap()).collect() };
    assert!(of("wind_speed").iter().map(|f| f.ln()).sum::<f64>().abs() < 1e-9);
    for m in members {
        assert!(m["level"].is_string(), "{m}");
    }
    // six hours make no whole day, so nothing is told of days
    assert_eq!(report["counties"].as_array().unwrap().len(), forecast.as_array().unwrap().len());
    let chances = record["warning"].to_string();
    assert!(chances.contains("5 members with perturbed inputs"), "{chances}");
    let (_, alone, _) = night(&place.config("alone", "grid = \"demo\"\nmembers = 5", ""));
    assert_eq!(alone["members"]["grid"], "demo");
    let (code, error, _) = night(&place.config("four", "grid = \"demo\"\nmembers = 4", ""));
    assert_eq!(code, 2);
    assert!(error["message"].as_str().unwrap().contains("0, or 5..=50"), "{error}");

    let expected = place.published("whole");
    let broken = place.config("broken", &keys, "");
    let mut child = hazecast(&broken).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let third = place.path("runs_broken/.work-2026011806/stages/member_2.json");
    let deadline = Instant::now() + Duration::from_secs(120);
    while !third.exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(third.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    let (code, ..) = night(&broken);
    assert_eq!(code, 0);
    for (name, bytes) in &expected {
        assert!(place.published("broken")[name] == *bytes, "{name} differs");
    }
}
