//! Every fault that the doctor knows, planted in a sound inventory: found with its number, place and remedy; the sound one has no finding.

use super::{configuration, json};
use serde_json::Value;
use std::path::Path;

/// Findings for a changed inventory table and configuration.
fn findings(change: impl Fn(String) -> String, more: &[(&str, &str)]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path(), 0, false);
    let table = folder.path().join("inventory.csv");
    std::fs::write(&table, change(std::fs::read_to_string(&table).unwrap())).unwrap();
    check(folder.path(), &config, more)
}

/// With more inventory files (name and content), named in the configuration.
fn check(folder: &Path, config: &Path, more: &[(&str, &str)]) -> Vec<Value> {
    report(folder, config, more)["findings"].as_array().unwrap().clone()
}

fn report(folder: &Path, config: &Path, more: &[(&str, &str)]) -> Value {
    let mut text = std::fs::read_to_string(config).unwrap();
    for (name, content) in more {
        if !content.is_empty() {
            std::fs::write(folder.join(name), content).unwrap();
        }
        text = text.replace("inventory = [", &format!("inventory = [\"{name}\", "));
    }
    std::fs::write(config, text).unwrap();
    let report = json(&["emis", "check", "--config", config.to_str().unwrap(), "--json"]);
    let found = report["findings"].as_array().unwrap();
    assert_eq!(report["problems"].as_u64(), Some(found.len() as u64));
    for f in found {
        // what is refused was not measured
        let refused = ["refused", "refused_row"].contains(&f["ailment"].as_str().unwrap());
        assert!(f["number"].is_number() != refused || f["ailment"] == "double", "{f}");
        assert!(!f["place"].as_str().unwrap().is_empty(), "{f}");
        for text in ["what", "remedy"] {
            assert!(!f[text]["zh"].as_str().unwrap().is_empty() && !f[text]["en"].as_str().unwrap().is_empty(), "{f}");
        }
    }
    report
}

/// The finding of a kind at a place.
fn the<'a>(found: &'a [Value], ailment: &str, place: &str) -> &'a Value {
    let is = |f: &&Value| f["ailment"] == ailment && f["place"].as_str().unwrap().contains(place);
    found.iter().find(is).unwrap_or_else(|| panic!("no {ailment} at {place}: {found:#?}"))
}

/// The table with every row that `pick` picks changed in its column `name`.
fn columns(table: &str, pick: impl Fn(&[&str]) -> bool, names: &[&str], change: impl Fn(f64) -> f64) -> String {
    let header: Vec<&str> = table.lines().next().unwrap().split(',').collect();
    let at: Vec<usize> = names.iter().map(|n| header.iter().position(|h| h == n).unwrap()).collect();
    let mut out = String::new();
    for (i, line) in table.lines().enumerate() {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        if i > 0 && pick(&line.split(',').collect::<Vec<_>>()) {
            for &c in &at {
                if let Ok(v) = cells[c].parse::<f64>() {
                    cells[c] = change(v).to_string();
                }
            }
        }
        out.push_str(&cells.join(","));
        out.push('\n');
    }
    out
}

#[test]
fn a_sound_inventory_has_no_finding() {
    assert_eq!(findings(|t| t, &[]), Vec::<Value>::new());
}

#[test]
fn units_off_by_powers_of_ten_are_found() {
    // a whole county in kg
    let found = findings(|t| columns(&t, |c| c[3] == "222403", &["co_t_a"], |v| v * 1000.0), &[]);
    let f = the(&found, "power_of_ten", "222403 Dunhua, all, co");
    assert!((1000.0 * 0.1..1000.0 * 10.0).contains(&f["number"].as_f64().unwrap()), "{f}");
    // one boiler in kg: its sector's total is not a power of ten off
    let found = findings(|t| columns(&t, |c| c[0] == "boiler-222401-01", &["so2_t_a"], |v| v * 1000.0), &[]);
    let f = the(&found, "power_of_ten", "boiler-222401-01");
    assert!(f["what"]["en"].as_str().unwrap().contains("so2 47977"), "{f}");
}

#[test]
fn totals_far_from_their_reference_or_absent_are_found() {
    let found = findings(|t| columns(&t, |c| c[2] == "residential", &["co_t_a"], |v| v * 25.0), &[]);
    the(&found, "far_from_reference", "222401 Yanji, residential, co");
    let found = findings(
        |t| t.lines().filter(|l| !l.contains(",agriculture,222424,")).map(|l| format!("{l}\n")).collect(),
        &[],
    );
    assert_eq!(the(&found, "nothing_there", "222424 Wangqing, agriculture, nh3")["number"], 0.0);
    assert_eq!(found.len(), 1, "{found:#?}");
}

#[test]
fn points_outside_their_county_and_copies_are_found() {
    let found = findings(|t| t.replace(",129.525,42.907,80,", ",128.23,43.367,80,"), &[]);
    let f = the(&found, "outside_county", "boiler-222401-01");
    assert!(
        (100.0..140.0).contains(&f["number"].as_f64().unwrap()) && f["what"]["en"].as_str().unwrap().contains("Dunhua"),
        "{f}"
    );
    let copy = |from: &str, to: &str| {
        let add = |t: String| {
            let row =
                t.lines().find(|l| l.starts_with("boiler-222401-01,")).unwrap().replace("boiler-222401-01", "copy");
            format!("{t}{}\n", row.replace(from, to))
        };
        findings(add, &[])
    };
    let found = copy("129.525", "129.526");
    assert!(the(&found, "double", "copy")["what"]["en"].as_str().unwrap().contains("boiler-222401-01"));
    assert_eq!(found.len(), 1, "{found:#?}");
    // a second boiler of one kind, beside it and of another name
    assert_eq!(
        copy("锅炉01 75 t/h（估算）,boiler,222401,129.525", "锅炉02 75 t/h,boiler,222401,129.526"),
        Vec::<Value>::new()
    );
}

#[test]
fn rows_and_files_that_are_refused_are_found() {
    // PM10 below PM2.5 in one row: the reader refuses the row
    let found = findings(|t| columns(&t, |c| c[0] == "boiler-222401-02", &["pm10_t_a"], |_| 0.1), &[]);
    assert!(the(&found, "refused_row", "inventory.csv")["what"]["en"].as_str().unwrap().contains("below pm25"));
    // a file whose total is no sum of its parts does not keep the others from being looked at
    let list = "lat;lon;emi\n42.05;129.05;1\n";
    let found = findings(|t| t, &[("v8_SO2_2022_ENE.txt", list)]);
    assert!(
        the(&found, "refused", "v8_SO2_2022_ENE.txt: line 2")["what"]["en"].as_str().unwrap().contains("south-western")
    );
    assert_eq!(found.len(), 1, "{found:#?}");
}

fn grid(folder: &Path, name: &str, variables: &[(&str, f64)], calendar: Option<&str>) {
    let mut file = netcdf::create(folder.join(name)).unwrap();
    for (axis, from, n) in [("lat", 42.05, 20), ("lon", 127.55, 30)] {
        file.add_dimension(axis, n).unwrap();
        let values: Vec<f64> = (0..n).map(|i| from + 0.1 * i as f64).collect();
        file.add_variable::<f64>(axis, &[axis]).unwrap().put_values(&values, ..).unwrap();
    }
    file.add_dimension("time", 1).unwrap();
    if let Some(calendar) = calendar {
        let mut time = file.add_variable::<f64>("time", &["time"]).unwrap();
        time.put_attribute("units", "days since 2020-01-01").unwrap();
        time.put_attribute("calendar", calendar).unwrap();
        time.put_values(&[0.0], ..).unwrap();
    }
    for (variable, flux) in variables {
        let mut v = file.add_variable::<f64>(variable, &["time", "lat", "lon"]).unwrap();
        v.put_attribute("units", "kg m-2 s-1").unwrap();
        v.put_values(&vec![*flux; 600], ..).unwrap();
    }
    file.close().unwrap();
}

fn with_grid(variables: &[(&str, f64)], calendar: Option<&str>) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path(), 0, false);
    grid(folder.path(), "grid.nc", variables, calendar);
    check(folder.path(), &config, &[("grid.nc", "")])
}

#[test]
fn double_counting_with_a_grid_is_found() {
    // 1e-11 kg m-2 s-1 over 43,000 km2 is 13.6 kt a year beside the 11 kt of the table
    let found = with_grid(&[("nox_traffic", 1e-11)], None);
    let f = the(&found, "double", "222400 Yanbian, traffic");
    assert!((9_000.0..12_000.0).contains(&f["number"].as_f64().unwrap()), "{f}");
    // burning seen from space is another thing than a grid alone
    assert!(with_grid(&[("nh3_fire", 1e-13)], None).iter().all(|f| f["ailment"] != "double"));
    let found = with_grid(&[("nox_traffic", 1e-12), ("nox_power", 1e-12), ("nox_sum", 4e-12)], None);
    assert!(the(&found, "refused", "grid.nc: nox_sum")["what"]["en"].as_str().unwrap().contains("-50.00 %"));
}

/// Two wrong rows do not hide each other, and neither does a row that is too small; a boiler of clean gas is none.
#[test]
fn several_rows_off_by_powers_of_ten_are_found_above_and_below() {
    let all = ["so2_t_a", "nox_t_a", "co_t_a", "nh3_t_a", "nmvoc_t_a", "pm25_t_a", "pm10_t_a", "bc_t_a", "oc_t_a"];
    let change = |t: String| {
        let high =
            columns(&t, |c| ["boiler-222401-01", "boiler-222401-02"].contains(&c[0]), &["so2_t_a"], |v| v * 1000.0);
        let low = columns(&high, |c| c[0] == "boiler-222401-08", &all, |v| v / 1000.0);
        columns(&low, |c| c[0] == "boiler-222401-15", &["so2_t_a"], |v| v / 1e4)
    };
    let found = findings(change, &[]);
    let places: Vec<&str> =
        found.iter().filter(|f| f["ailment"] == "power_of_ten").map(|f| f["place"].as_str().unwrap()).collect();
    let of = |id: &str| places.iter().filter(|p| p.starts_with(id)).count();
    assert_eq!((of("boiler-222401-01"), of("boiler-222401-02"), of("boiler-222401-08")), (1, 1, 1), "{found:#?}");
    assert_eq!((of("boiler-222401-15"), of("boiler")), (0, 3), "{found:#?}");
    let small = the(&found, "power_of_ten", "boiler-222401-08")["number"].as_f64().unwrap();
    assert!((1e-3..5e-3).contains(&small), "{small}");
}

/// A grid at 0.25 degree of what the grid at 0.1 degree gives: refused, unless the configuration says that it is another thing.
#[test]
fn two_grids_of_one_sector_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path(), 0, false);
    grid(folder.path(), "fine.nc", &[("nmvoc_fire", 1e-14)], None);
    let list = "ncols 8\nnrows 8\nxllcorner 128\nyllcorner 42\ncellsize 0.25\nunit: Mg/year\n";
    let rows = "1e-3 1e-3 1e-3 1e-3 1e-3 1e-3 1e-3 1e-3\n".repeat(8);
    let coarse = format!("{list}{rows}");
    let found = check(folder.path(), &config, &[("fine.nc", ""), ("2017__fire__VOC.asc", &coarse)]);
    let f = the(&found, "refused", "nmvoc of fire");
    let said = format!("{}{}", f["place"], f["what"]["en"]);
    assert!(said.contains("fine.nc") && said.contains("2017__fire__VOC.asc"), "{f}");
    assert!(f["remedy"]["en"].as_str().unwrap().contains("inputs.inventory_beside"), "{f}");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace("\"2017__fire__VOC.asc\", ", "");
    std::fs::write(&config, format!("{text}inventory_beside = [\"2017__fire__VOC.asc\"]\n")).unwrap();
    assert_eq!(check(folder.path(), &config, &[]), Vec::<Value>::new());
    let report = json(&["emis", "report", "--config", config.to_str().unwrap(), "--json"]);
    let fire = report["rows"].as_array().unwrap().iter().filter(|r| r["sector"] == "fire");
    let both: f64 = fire.map(|r| r["t_a"]["nmvoc"].as_f64().unwrap()).sum();
    // 54,236 km2 of 1e-14 kg m-2 s-1 are 17.104 t a-1, and 64 cells of 1 kg
    assert!((both - 17.168).abs() < 1e-3, "{both}");
}

/// What is left out or completed on purpose is told, and is no finding: black carbon without PM2.5, a plant that the inventory has.
#[test]
fn notes_are_no_findings() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path(), 0, false);
    // particles whole, without PM10, and as carbon alone: what is taken for the rest is no mass that came from nowhere
    let whole = [("pm25_solvent", 1e-15), ("pm10_solvent", 2e-15), ("pm25_event", 1e-15)];
    grid(folder.path(), "grid.nc", &[&whole[..], &[("bc_fire", 1e-15), ("oc_fire", 1e-15)]].concat(), None);
    let plants = "Power Plant ID,Name,Fuel,Capacity (MW),Operational Status,Latitude,Longitude\n7,Yanji,Coal,400,,42.912,129.571\n";
    std::fs::write(folder.path().join("plants.csv"), plants).unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}power_plants = [\"plants.csv\"]\n")).unwrap();
    let report = report(folder.path(), &config, &[("grid.nc", "")]);
    assert_eq!(report["findings"], serde_json::json!([]));
    let notes: Vec<&str> = report["notes"].as_array().unwrap().iter().map(|n| n["found"].as_str().unwrap()).collect();
    assert!(notes.iter().any(|n| n.contains("BC or OC of sector fire and no PM2.5")), "{notes:?}");
    assert!(notes.iter().any(|n| n.contains("power-222401-yanji")), "{notes:?}");
    let text = super::hazecast(&["emis", "check", "--config", config.to_str().unwrap()]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("[note]") && text.contains("problems: 0"), "{text}");
}

/// A sector that only a grid gives, with a total that is its sum: nothing is wrong with it.
#[test]
fn a_sound_grid_has_no_finding() {
    let found = with_grid(&[("nmvoc_construction", 1e-14), ("nmvoc_fire", 1e-14), ("nmvoc_sum", 2e-14)], None);
    assert_eq!(found, Vec::<Value>::new());
}

#[test]
fn calendars_and_impossible_parts_are_found() {
    let found = with_grid(&[("nh3_solvent", 1e-14)], Some("noleap"));
    assert!(the(&found, "refused", "calendar")["what"]["en"].as_str().unwrap().contains("noleap"));
    let found = with_grid(&[("pm25_solvent", 2e-14), ("pm10_solvent", 1e-14)], None);
    the(&found, "refused", "pm25 of sector solvent");
    let found = with_grid(&[("pm25_solvent", 1e-14), ("pm10_solvent", 1e-14), ("bc_solvent", 2e-14)], None);
    the(&found, "refused", "bc + oc of sector solvent");
}

#[test]
fn profiles_that_do_not_sum_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path(), 0, false);
    std::fs::create_dir_all(folder.path().join("rules/models")).unwrap();
    let model = include_str!("../../../models/emission.toml").replacen("month = [1.294", "month = [2.294", 1);
    std::fs::write(folder.path().join("rules/models/emission.toml"), model).unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("overrides = \"rules\"\n{text}")).unwrap();
    let found = check(folder.path(), &config, &[]);
    let f = the(&found, "refused", "sector.power.month");
    assert!(f["what"]["en"].as_str().unwrap().contains("mean 1.08"), "{f}");
    // a fault of the configuration itself is none of an inventory
    std::fs::write(&config, format!("models = 1\noverrides = \"rules\"\n{text}")).unwrap();
    let out = super::hazecast(&["emis", "check", "--config", config.to_str().unwrap(), "--json"]);
    assert_eq!(out.status.code(), Some(2));
}

#[test]
fn missing_months_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path(), 0, false);
    let header = "ncols 2\nnrows 2\nxllcorner 129\nyllcorner 42\ncellsize 0.5\n1e-3 1e-3\n1e-3 1e-3\n";
    let names = ["2017_01__solvent__SO2.asc", "2017_01__solvent__NH3.asc", "2017_02__solvent__SO2.asc"];
    let found = check(folder.path(), &config, &names.map(|n| (n, header)));
    let f = the(&found, "refused", ".asc");
    assert!(f["what"]["en"].as_str().unwrap().contains("month 2 of nh3"), "{f}");
}
