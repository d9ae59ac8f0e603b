//! Proofs of forecast skill on made and on real records.

use chrono::{Datelike, Days, NaiveDate, Timelike};
use hazecast::proof::{Material, skill_next_day, skill_stations};
use std::f64::consts::TAU;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn day(text: &str) -> Option<NaiveDate> {
    Some(text.parse().unwrap())
}

/// Half a year of three stations whose PM2.5 builds up in calm and falls in wind, with noise of a fixed pattern.
fn stations(folder: &Path) {
    let first = NaiveDate::from_ymd_opt(2014, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
    for (s, name) in ["Alpha", "Beta", "Gamma"].iter().enumerate() {
        let mut text =
            String::from("No,year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM,station\n");
        let mut pm = 60.0f64;
        for h in 0..24 * 200i64 {
            let t = first + chrono::Duration::hours(h);
            let x = h as f64;
            let wind = 2.2 + 1.5 * (x / 37.0 * TAU).sin() + 0.6 * (x / 11.3 * TAU).cos();
            let noise = (x * 12.9898 + s as f64).sin() * 43758.5453;
            pm += 0.15 * (180.0 / (1.0 + wind.max(0.2)) - pm) + 6.0 * (noise - noise.floor() - 0.5);
            let pm25 = if h % 97 == 5 { "NA".to_owned() } else { format!("{:.0}", pm.max(3.0)) };
            let (from, rain) = (if wind > 2.2 { "NW" } else { "S" }, 0);
            let _ = writeln!(
                text,
                "{},{},{},{},{},{pm25},{:.0},5,30,700,40,{:.1},1015,{:.1},{rain},{from},{:.1},{name}",
                h + 1,
                t.year(),
                t.month(),
                t.day(),
                t.hour(),
                pm * 1.4 + 10.0,
                5.0 + 5.0 * (x / 24.0 * TAU).sin(),
                -3.0,
                wind.max(0.0)
            );
        }
        std::fs::write(folder.join(format!("{name}.csv")), text).unwrap();
    }
}

#[test]
fn stations_whose_air_follows_the_wind_are_forecast_better_with_it_and_the_split_is_kept() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    stations(folder.path());
    // a folder that is not there yet is made
    let out = out.path().join("made/features");
    let run = |weather: &'static str| {
        let material = Material {
            dir: Some(folder.path()),
            train_to: day("2014-05-31"),
            test_from: day("2014-06-01"),
            weather: Some(weather),
            n: &[12],
            out: Some(out.as_path()),
            ..Material::default()
        };
        skill_stations::PROOF.prove(&material).unwrap()
    };
    let (without, with) = (run("none"), run("perfect"));
    assert!(out.join("train_12h.npy").is_file() && out.join("test_12h.npy").is_file());
    let value = |o: &hazecast::proof::Outcome, key: &str| o.details["leads"][0][key].as_f64().unwrap();
    assert!(value(&with, "mae") < 0.8 * value(&with, "persistence_mae"), "{:?}", with.figures);
    assert!(value(&with, "mae") < value(&without, "mae"));
    assert!((0.8..=0.97).contains(&value(&with, "coverage")), "{:?}", with.figures);
    assert_eq!(without.details["training"]["before"], "2014-06-01 00:00:00");
    assert_eq!(without.details["test"]["from"], "2014-06-01 00:00:00");
    assert_eq!(serde_json::to_string(&run("none")).unwrap(), serde_json::to_string(&without).unwrap());
}

#[test]
fn a_proof_of_skill_names_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    stations(folder.path());
    let dir = Some(folder.path());
    let prove = |material: Material| skill_stations::PROOF.prove(&material).unwrap_err().to_string();
    assert!(prove(Material::default()).contains("--dir"));
    assert!(prove(Material { dir, ..Material::default() }).contains("--train-to"));
    let dates = Material { dir, train_to: day("2014-05-31"), test_from: day("2014-05-31"), ..Material::default() };
    assert!(prove(dates).contains("--test-from"));
    let short = Material { dir, train_to: day("2014-02-01"), test_from: day("2014-03-01"), ..Material::default() };
    assert!(prove(short).contains("at least 90"));
    let (train_to, test_from) = (day("2014-05-31"), day("2014-06-20"));
    let reversed = Material { dir, train_to, test_from, test_to: day("2014-06-10"), ..Material::default() };
    assert!(prove(reversed).contains("2014-06-20, which is after 2014-06-10"));
    let weather = Material { dir, weather: Some("good"), ..Material::default() };
    assert!(prove(weather).contains("none or perfect"));
    let city = Material { dir, city: Some("延边州"), ..Material::default() };
    assert!(prove(city).contains("--city"));
}

/// A file of daily values: B is a day ahead of A, C and D swing by themselves.
fn cities(folder: &Path) -> PathBuf {
    let first = NaiveDate::from_ymd_opt(2015, 1, 1).unwrap();
    let mut text = String::from("city,date,AQI,AQI_range,level,PM2_5,PM10,SO2,CO,NO2,O3,rank\n");
    let air = |x: f64, phase: f64| {
        let noise = (x * 12.9898 + phase).sin() * 43758.5453;
        55.0 + 30.0 * (x * 0.83 + phase).sin() + 25.0 * (x * 2.1).cos() + 20.0 * (noise - noise.floor() - 0.5)
    };
    for d in 0..240u64 {
        let x = d as f64;
        for (name, pm) in [("A", air(x, 0.0)), ("B", air(x + 1.0, 0.0)), ("C", air(x, 2.0)), ("D", air(x, 4.0))] {
            let pm = pm.max(5.0);
            let date = first + Days::new(d);
            let _ = writeln!(text, "{name},{date},1,1~2,优,{pm:.1},{:.1},20,0.6,20,60,1", 1.3 * pm);
        }
    }
    let path = folder.join("days.csv");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_city_downwind_of_another_is_forecast_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let input = [cities(folder.path())];
    let material = Material { input: &input, city: Some("A"), from: day("2015-06-01"), ..Material::default() };
    let found = skill_next_day::PROOF.prove(&material).unwrap();
    let all = &found.details["all"];
    assert!(
        all["mae"].as_f64().unwrap() < 0.5 * all["persistence_mae"].as_f64().unwrap(),
        "B tells what A will be: {all}"
    );
    assert!((0.75..=1.0).contains(&all["coverage"].as_f64().unwrap()), "{all}");
    let event = &found.details["aqi_above_100"];
    assert!(event["events"].as_u64().unwrap() > 10 && event["skill_lower"].as_f64().unwrap() > 0.0, "{event}");
    assert!(found.passed, "{:?}", found.figures);
    let early = Material { from: day("2015-02-01"), ..material };
    assert!(skill_next_day::PROOF.prove(&early).unwrap_err().to_string().contains("60 are needed"));
    let reversed = Material { to: day("2015-05-01"), ..material };
    let told = skill_next_day::PROOF.prove(&reversed).unwrap_err().to_string();
    assert!(told.contains("2015-06-01, which is after 2015-05-01"), "{told}");
    let unknown = Material { city: Some("X"), ..material };
    assert!(skill_next_day::PROOF.prove(&unknown).unwrap_err().to_string().contains("such as A, B, C, D"));
}
