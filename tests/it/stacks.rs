//! Measurements at stacks: read strictly, worked out to rates, held against limits.

use chrono::NaiveDate;
use hazecast::domain::source::{Sector, StackHour};
use hazecast::domain::stack_record::{StackLimits, StackPollutant, StackReading};
use hazecast::input::cems_csv;
use std::path::Path;

const LIMITS: &str = include_str!("../../seeds/stack_limits.toml");
const TABLE: &str = "stack,time,so2_mg_m3,nox_mg_m3,pm_mg_m3,flow_m3_h,temperature_c,oxygen_percent,so2_limit_mg_m3\n\
    b1,2026-01-15 08:00,150,200,20,100000,120,9,\n\
    b1,2026-01-15T24:00,,200,,100000,,,\n\
    b1,2026-01-16 00:00,1,1,1,1,,,\n\
    b2,2026-01-15 08:00,300,500,90,50000,110,13,200\n\
    b2,2026-01-15 09:00,300,500,90,,110,13,\n\
    b2,2026-01-15 10:30,300,500,90,5,110,13,\n\
    b2,2026-01-15 11:00,-3,500,90,5,110,13,\n\
    ,2026-01-15 11:00,3,500,90,5,110,13,\n";

fn read(text: &str) -> hazecast::error::Result<hazecast::error::Accepted<StackReading>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cems.csv");
    std::fs::write(&path, text).unwrap();
    cems_csv::read(&path)
}

/// 150 mg/m3 in 100,000 m3/h are 15 kg/h.
#[test]
fn concentration_times_flow_is_the_rate() {
    let accepted = read(TABLE).unwrap();
    let places: Vec<&str> = accepted.rejections.iter().map(|r| r.place.as_str()).collect();
    // hour 24 of a day is hour 0 of the next: once only
    assert_eq!(places, ["line 4", "line 7", "line 8", "line 9"]);
    let items = accepted.items;
    assert_eq!(items.len(), 4);
    assert_eq!(items[0].start.to_rfc3339(), "2026-01-14T23:00:00+00:00");
    assert_eq!(items[1].start.to_rfc3339(), "2026-01-15T15:00:00+00:00");
    let rates = items[0].rates();
    assert!((rates.so2.unwrap() * 3600.0 - 15.0).abs() < 1e-12, "{rates:?}");
    assert!(
        (rates.nox.unwrap() * 3600.0 - 20.0).abs() < 1e-12 && (rates.particles.unwrap() * 3600.0 - 2.0).abs() < 1e-12
    );
    assert_eq!((items[1].rates().so2, items[1].rates().nox.is_some()), (None, true));
    assert_eq!(items[3].rates(), StackHour::default());
    assert!(!items[3].measures());
    for (from, to, word) in [("flow_m3_h", "flow", "flow_m3_h"), ("stack", "chimney", "stack")] {
        let error = read(&TABLE.replacen(from, to, 1)).err().unwrap().to_string();
        assert!(error.contains(word), "{error}");
    }
}

/// A boiler at 13 % oxygen: 300 mg/m3 are 300 x 12 / 8 = 450 at the reference of 9 %.
#[test]
fn limits_hold_at_the_reference_oxygen_and_those_of_the_file_go_first() {
    let limits = StackLimits::from_toml(LIMITS, Path::new("stack_limits.toml")).unwrap();
    let items = read(TABLE).unwrap().items;
    let day = NaiveDate::from_ymd_opt(2026, 1, 15).unwrap();
    let exceeded = |i: usize, sector| {
        let list = limits.exceeded(&items[i], sector, 222_401, day);
        list.into_iter().map(|e| (e.pollutant, e.value_mg_m3, e.limit_mg_m3)).collect::<Vec<_>>()
    };
    assert_eq!(exceeded(0, Sector::Boiler), []);
    let power = exceeded(0, Sector::Power);
    // 9 % oxygen against a reference of 6 %: x 15 / 12
    assert_eq!(
        power,
        [(StackPollutant::So2, 187.5, 35.0), (StackPollutant::Nox, 250.0, 50.0), (StackPollutant::Pm, 25.0, 10.0)]
    );
    let boiler = exceeded(2, Sector::Boiler);
    assert_eq!(
        boiler,
        [(StackPollutant::So2, 450.0, 200.0), (StackPollutant::Nox, 750.0, 400.0), (StackPollutant::Pm, 135.0, 80.0)]
    );
    // a sector without limits has only those of the file, and no reference
    assert_eq!(exceeded(2, Sector::Industry), [(StackPollutant::So2, 300.0, 200.0)]);
    for (from, to, key) in [
        ("so2_mg_m3 = 35", "so2_mg_m3 = 0", "so2_mg_m3"),
        ("[\"boiler\"]", "[\"power\"]", "valid_to"),
        ("oxygen_percent = 9", "oxygen_percent = 21", "oxygen_percent"),
    ] {
        let error = StackLimits::from_toml(&LIMITS.replacen(from, to, 1), Path::new("l")).unwrap_err().to_string();
        assert!(error.contains(key), "{key}: {error}");
    }
}

/// Idling: air in the stack, next to no flow, no load. Each hour is read, and none exceeds a limit, whatever stands in it.
#[test]
fn idle_hours_are_read_and_exceed_nothing() {
    let limits = StackLimits::from_toml(LIMITS, Path::new("stack_limits.toml")).unwrap();
    let day = NaiveDate::from_ymd_opt(2026, 1, 15).unwrap();
    let accepted = read(
        "stack,time,so2_mg_m3,flow_m3_h,oxygen_percent,load_percent\nb,2026-01-15 01:00,900,50000,20.9,\n\
        b,2026-01-15 02:00,900,50000,21.3,\nb,2026-01-15 03:00,900,0,9,\nb,2026-01-15 04:00,900,,,0.5\n\
        b,2026-01-15 05:00,900,50000,9,60\nb,2026-01-15 06:00,900,,,\nb,2026-01-15 07:00,900,50000,26,\n",
    )
    .unwrap();
    assert_eq!((accepted.items.len(), accepted.rejections.len()), (6, 1));
    let of = |r: &StackReading| (limits.idles(r), limits.exceeded(r, Sector::Boiler, 222_401, day).len());
    let found: Vec<_> = accepted.items.iter().map(of).collect();
    assert_eq!(found, [(true, 0), (true, 0), (true, 0), (true, 0), (false, 1), (false, 1)]);
    for (from, to, key) in [("oxygen_percent = 19", "oxygen_percent = 21", "oxygen_percent"), ("= 500", "= -1", "flow")]
    {
        let error = StackLimits::from_toml(&LIMITS.replacen(from, to, 1), Path::new("l")).unwrap_err().to_string();
        assert!(error.contains("idle") && error.contains(key), "{error}");
    }
}

/// Degree days [K] of a January day by the prefecture's climate: the mean of its months, linear between their middles.
const DEGREE_DAYS: f64 = 30.688;

/// Two nights on frozen real meteorology: with half the households' emission and a measured boiler the ledger loses and gains just that.
#[test]
fn a_night_takes_measurements_and_trends_into_its_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let Some(gfs) = crate::real("met/gfs/gfs.t12z.pgrbf120.2p5deg.grib2") else { return };
    let inventory = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/yanbian/inventory.csv");
    let night = |runs: &str, more: &str| -> serde_json::Value {
        let config = folder.path().join(format!("{runs}.toml"));
        let text = format!(
            "grid = \"demo\"\nruns = \"{runs}\"\nforecast_hours = 24\nspin_up_hours = 6\nfrozen_meteorology = true\n[inputs]\n\
             meteorology = [{:?}]\ninventory = [{:?}]\n{more}",
            gfs.to_str().unwrap(),
            inventory.to_str().unwrap()
        );
        std::fs::write(&config, text).unwrap();
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_hazecast"))
            .args(["night", "--config", config.to_str().unwrap(), "--json"])
            .env("LANG", "C")
            .output()
            .unwrap();
        serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)))
    };
    // the cycle is 2011-01-15T12Z, 20 h Beijing time; the last row is after it
    let mut rows = "stack,time,so2_mg_m3,nox_mg_m3,pm_mg_m3,flow_m3_h,temperature_c,oxygen_percent\n".to_owned();
    for hour in [16, 17, 19, 20, 21] {
        rows += &format!("boiler-222401-01,2011-01-15 {hour}:00,1000,200,100,100000,{},9\n", 100 + hour);
    }
    // hour 18 idles without a flow
    rows += "boiler-222401-01,2011-01-15 18:00,900,,900,,30,20.9\n";
    rows += "nobody,2011-01-15 16:00,1000,200,100,100000,120,9\n";
    std::fs::write(folder.path().join("cems.csv"), rows).unwrap();
    let trend = "name = \"trend\"\n[[cut]]\nsectors = [\"residential\"]\npollutants = [\"co\"]\npercent = 50\n";
    std::fs::write(folder.path().join("trend.toml"), trend).unwrap();
    let plain = night("plain", "");
    let changed = night("changed", "cems = [\"cems.csv\"]\nscenario = [\"trend.toml\"]\n");
    let emitted = |record: &serde_json::Value, species: &str| {
        let list = record["ledger_base"]["species"].as_array().unwrap();
        let entry = list.iter().find(|s| s["species"] == species).unwrap_or_else(|| panic!("{list:?}"));
        entry["emitted_kg"].as_f64().unwrap()
    };
    let stacks = &changed["stacks"];
    let account = &stacks["stacks"][0];
    assert_eq!(
        (stacks["readings"].as_u64(), stacks["after_cycle"].as_u64(), stacks["unknown"].as_u64()),
        (Some(7), Some(1), Some(1))
    );
    assert_eq!((account["hours"].as_u64(), account["gaps"].as_u64()), (Some(5), Some(1)));
    // particles and gases in the four hours alike; the hour between has the estimate
    assert_eq!(account["measured_hours"], serde_json::json!([4, 4, 4]));
    let kg = |key: &str, i: usize| account[key][i].as_f64().unwrap();
    assert!((kg("measured_kg", 0) - 400.0).abs() < 1e-9, "{account}");
    assert_eq!(account["idle"].as_u64(), Some(1));
    // 95 % of the sulphur leaves as SO2
    let more = 0.95 * (kg("measured_kg", 0) - kg("estimated_kg", 0));
    let found = emitted(&changed, "so2") - emitted(&plain, "so2");
    assert!((found / more - 1.0).abs() < 1e-3, "{found} {more}");
    assert!(emitted(&changed, "co") < 0.9 * emitted(&plain, "co"));
    // 1000 > 400 and 100 > 80 in each of the four hours
    assert_eq!(stacks["exceedances"].as_array().unwrap().len(), 8);
    // January in Yanji has 30.69 degree days a day below 18 degC; 3.27 % of the boilers' emission does not heat
    let days = plain["emission_conditions"]["days"].as_array().unwrap();
    let of_yanji: Vec<_> = days.iter().filter(|d| d["sector"] == "boiler" && d["adcode"] == 222_401).collect();
    assert_eq!(of_yanji.len(), 2, "{days:?}");
    for d in of_yanji {
        let expected = 0.0327 + 0.9673 * (18.0 - d["temperature_c"].as_f64().unwrap()) / DEGREE_DAYS;
        assert!((d["factor"].as_f64().unwrap() / expected - 1.0).abs() < 1e-3, "{expected} {d}");
    }
    println!("SO2 more by {found:.1} kg, as measured; boilers {:?}", days.iter().find(|d| d["sector"] == "boiler"));
}
