//! `hazecast proof`: files with planted differences are counted in their class; real files are reproduced.

use hazecast::domain::pollutant::Pollutant;
use hazecast::input::published_hours;
use hazecast::proof::{Material, Outcome, PROOFS, Threshold, advection, aqi_official};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn hazecast(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hazecast")).args(args).env("LANG", "C").env_remove("LC_ALL").output().unwrap()
}

fn file(content: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hours.csv");
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

fn outcome(path: &Path) -> Outcome {
    aqi_official::run(&Material { input: &[path.to_path_buf()], ..Material::default() }).unwrap()
}

/// An hour of clean air with the given PM2.5 and AQI of each station.
fn hour(date: &str, hour: u8, pm25: &str, aqi: &str) -> String {
    let columns = pm25.matches(',').count() + 1;
    let row = |kind: &str, value: &str| format!("{date},{hour},{kind},{}\n", vec![value; columns].join(","));
    let clean = [("PM10", "20"), ("SO2", "5"), ("NO2", "10"), ("CO", "0.4"), ("O3", "30")];
    let rest: String = clean.iter().map(|(kind, value)| row(kind, value)).collect();
    format!("{date},{hour},AQI,{aqi}\n{date},{hour},PM2.5,{pm25}\n{rest}")
}

/// PM2.5 of 75 is 100 up to the hour 24 of 28 February 2026, which the file calls hour 0 of 1 March, and 114 from the next hour on.
#[test]
fn hour_0_is_judged_by_the_version_of_the_day_before() {
    let text = format!(
        "date,hour,type,1A,2A\n{}{}",
        hour("20260301", 0, "75,75", "100,114"),
        hour("20260301", 1, "75,75", "100,114")
    );
    let (_folder, path) = file(&text);
    let found = outcome(&path);
    assert!(!found.passed);
    let d = &found.details;
    assert_eq!((&d["complete"]["compared"], &d["complete"]["equal"]), (&json!(4), &json!(2)));
    assert_eq!((found.figures[0].value, found.figures[0].threshold), (50.0, Threshold::AtLeast(100.0)));
    assert_eq!(d["complete_by_standard"], json!({ "HJ 633-2012": [2, 1], "HJ 633-2026": [2, 1] }));
    assert_eq!(d["complete"]["by_amount"], json!({ "-14": 1, "14": 1 }));
    assert_eq!(d["complete"]["level_differs"], 2);
    let listed = &d["differences"][0];
    assert_eq!((&listed["station"], &listed["line"]), (&json!("2A"), &json!(2)));
    assert_eq!((&listed["ours"], &listed["published"], &listed["ours_level"]), (&json!(100), &json!(114), &json!(2)));
    assert_eq!(listed["concentrations"]["pm25_ug_m3"], 75.0);
}

/// A planted case for every class; the counts are those of the plan.
#[test]
fn every_class_is_counted() {
    // 1A equal, 2A off by one within the level, 3A without an AQI, 4A without PM2.5 and clean, 5A without PM2.5 and published wrong,
    // 6A with a negative PM2.5 and an AQI that is no index, 7A beyond the limits of the reader of observations
    let mut text = "date,hour,type,1A,2A,3A,4A,5A,6A,7A,,\n".to_owned();
    let hour = hour("20230120", 9, "61,61,61,,,-3,2500", "83,84,,32,250,8.5,500");
    text += &hour.lines().map(|l| format!("{l},,\n")).collect::<String>();
    text += "20230120,9,PM2.5,1,1,1,1,1,1,1,,\n20230120,9,PM1,1,1,1,1,1,1,1,,\n20230120,25,PM10,1,1,1,1,1,1,1,,\n";
    // PM2.5 as a running mean agrees with the published index at one station of the two that state it
    text += "20230120,9,PM2.5_24h,40,62,,,,,,,\n20230120,9,PM10_24h,20,20,,,,,,,\n";
    text += "20230120,9,CO_24h,1,1,1";
    let (_folder, path) = file(&text);
    let found = outcome(&path);
    let d = &found.details;
    let counts = |class: &str, keys: &[&str]| keys.iter().map(|k| d[class][k].as_u64().unwrap()).collect::<Vec<_>>();
    let keys = ["compared", "equal", "ours_na", "na_but_rest_equal", "differs", "level_differs"];
    assert_eq!(counts("complete", &keys), [3, 2, 0, 0, 1, 0], "1A, 2A, 7A: {d}");
    // the clean rest of 4A is O3 30: 50 * 30 / 160 = 9.4, PM10 20: exactly 20
    assert_eq!(counts("incomplete", &keys), [2, 0, 2, 0, 0, 0], "4A, 5A: {d}");
    assert_eq!(
        (&d["station_hours"], &d["unpublished_complete"], &d["unpublished_incomplete"]),
        (&json!(7), &json!(1), &json!(1))
    );
    assert_eq!(d["complete"]["by_amount"], json!({ "-1": 1 }));
    // 62 is 50 + 50 * 27 / 40 = 83.75
    assert_eq!(counts("by_the_text", &["compared", "equal"]), [2, 1]);
    assert_eq!(counts("by_the_practice", &["compared", "equal"]), [2, 1]);
    assert_eq!((&d["beyond_belief"], &d["primary"]), (&json!(1), &json!({ "PM2.5": 3 })));
    let places: Vec<&str> = d["rejections"].as_array().unwrap().iter().map(|r| r["place"].as_str().unwrap()).collect();
    let expected = ["line 14", "line 9", "line 10", "line 11", "line 3, column 6A", "line 2, column 6A"];
    assert_eq!(places, expected, "{d}");
}

#[test]
fn a_missing_pollutant_with_the_published_index_of_the_rest_is_told_apart() {
    let text = format!("date,hour,type,1A,2A\n{}", hour("20230120", 9, ",", "20,20"));
    let (_folder, path) = file(&text);
    let found = outcome(&path);
    let incomplete = &found.details["incomplete"];
    assert_eq!((&incomplete["ours_na"], &incomplete["na_but_rest_equal"]), (&json!(2), &json!(2)));
    assert!(!found.passed, "nothing was compared, so nothing is proven");
}

#[test]
fn the_command_lists_runs_and_says_with_its_exit_code_whether_it_passed() {
    let list: Value = serde_json::from_slice(&hazecast(&["proof", "list", "--json"]).stdout).unwrap();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), PROOFS.len());
    for language in ["zh", "en"] {
        let shown = String::from_utf8(hazecast(&["proof", "list", "--lang", language]).stdout).unwrap();
        for proof in list {
            let line = proof[language].as_str().unwrap();
            assert!(!line.is_empty() && !line.contains('\n') && shown.contains(line), "{proof}");
        }
    }
    let good = format!("date,hour,type,1A\n{}", hour("20230120", 9, "61", "83"));
    for (text, code, word) in [(good.clone(), 0, "passed"), (good.replace(",83", ",82"), 1, "not passed")] {
        let (_folder, path) = file(&text);
        let path = path.to_str().unwrap();
        let out = hazecast(&["proof", "aqi-official", "--input", path]);
        assert_eq!(out.status.code(), Some(code));
        let shown = String::from_utf8(out.stdout).unwrap();
        assert!(shown.trim_end().ends_with(word), "{shown}");
        let out = hazecast(&["proof", "aqi-official", "--input", path, "--json"]);
        let document: Value = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!((out.status.code(), &document["passed"]), (Some(code), &json!(code == 0)));
        let figure = &document["figures"][0];
        assert_eq!((&figure["threshold"], &figure["unit"]), (&json!({ "at_least": 100.0 }), &json!("%")));
        assert_eq!(figure["value"], if code == 0 { 100.0 } else { 0.0 });
    }
    for (args, code) in [
        (vec!["proof", "nothing"], 2),
        (vec!["proof", "aqi-official"], 2),
        (vec!["proof", "aqi-official", "--n", "64,128"], 2),
        (vec!["proof", "aqi-official", "--n", "64,many"], 2),
        (vec!["proof", "aqi-official", "--input", "no/such/file.csv"], 3),
    ] {
        assert_eq!(hazecast(&args).status.code(), Some(code), "{args:?}");
    }
}

/// An archive of one hour states primary pollutants; its O3 columns are swapped, and a file that is swapped in part is refused.
#[test]
fn the_archive_of_an_hour_gives_primary_pollutants() {
    let header = "timepoint,stationcode,primarypollutant,aqi,pm10,pm10_24h,pm2_5,pm2_5_24h,o3,o3_24h,no2,so2,co\n";
    let row = |station: &str, primary: &str, o3: &str| {
        format!("2022-01-04T12:00:00,{station},{primary},83,20,20,61,50,{o3},10,5,0.4\n")
    };
    let (_folder, path) =
        file(&format!("{header}{}{}", row("1A", "细颗粒物(PM2.5)", "68,49"), row("2A", "颗粒物(PM10)", "50,50")));
    let read = published_hours::read(&path).unwrap();
    assert_eq!(read.items[0].concentrations.o3_ug_m3, Some(49.0), "the 1-h mean cannot exceed the largest of 24 h");
    assert_eq!(read.items[0].end.to_rfc3339(), "2022-01-04T04:00:00+00:00");
    assert_eq!(read.items[1].primary, Some(vec![Pollutant::Pm10]));
    let found = outcome(&path);
    assert_eq!((&found.details["primary_compared"], &found.details["primary_equal"]), (&json!(2), &json!(1)));
    assert_eq!(found.details["primary_differences"][0]["station"], "2A");
    let (_folder, path) = file(&format!("{header}{}", row("1A", "—", "49,68")));
    assert_eq!(published_hours::read(&path).unwrap().items[0].concentrations.o3_ug_m3, Some(49.0), "named as they are");
    let (_folder, path) = file(&format!("{header}{}{}", row("1A", "", "68,49"), row("2A", "", "49,68")));
    let error = published_hours::read(&path).unwrap_err().to_string();
    assert!(error.contains("lines 2 and 3"), "{error}");
    let (_folder, path) = file(&format!("{header}{}", row("1A", "花粉", "68,49")));
    assert_eq!(published_hours::read(&path).unwrap().rejections[0].place, "line 2");
}

#[test]
fn a_real_archive_of_an_hour_is_reproduced_with_its_primary_pollutants() {
    let Some(path) = crate::real("obs/cnemc_formats/HeQinWill_2022-01-04T12_NE_sample.csv") else { return };
    let found = outcome(&path);
    for line in &found.lines {
        println!("{}", line.en);
    }
    assert!(found.passed);
    // 18 rows, of which line 4 has a field too many
    assert_eq!(
        (&found.details["station_hours"], &found.details["rejections"][0]["place"]),
        (&json!(17), &json!("line 4"))
    );
    assert_eq!(found.details["primary_compared"], 13);
    assert_eq!(found.details["primary_equal"], found.details["primary_compared"]);
}

/// The real files of two days in one run; the number of station-hours was counted apart from this crate.
#[test]
fn real_days_are_reproduced_by_practice_and_not_by_the_text() {
    let files = ["20230120", "20230121"].map(|d| crate::real(&format!("obs/china_sites_{d}.csv")));
    let [Some(first), Some(second)] = files else { return };
    let found = aqi_official::run(&Material { input: &[first, second], ..Material::default() }).unwrap();
    for line in &found.lines {
        println!("{}", line.en);
    }
    let d = &found.details;
    assert!(found.passed && found.figures[0].value == 100.0);
    assert_eq!((&d["complete"]["compared"], &d["complete"]["equal"]), (&json!(78_151), &json!(78_151)));
    // the cut row of the first day, by its line
    assert_eq!(d["rejections"].as_array().unwrap().len(), 1);
    assert_eq!(d["rejections"][0]["place"], "line 361");
    // counted a second time with Python's csv and fractions
    for (class, compared, equal, not_stated) in
        [("by_the_practice", 78_147, 78_147, 0), ("by_the_text", 78_147, 2_722, 0), ("incomplete", 755, 371, 384)]
    {
        let counts = |key: &str| d[class][key].as_u64().unwrap();
        assert_eq!((counts("compared"), counts("equal"), counts("ours_na")), (compared, equal, not_stated), "{class}");
    }
    assert_eq!(d["incomplete"]["na_but_rest_equal"], 384);
    assert_eq!(d["primary"], json!({ "PM2.5": 29_231, "PM10": 31_288, "SO2": 4, "CO": 4 }));
    assert_eq!(d["without_primary"], 18_485);
}

/// Norms of a tracer of the proof of advection.
fn norms<'v>(details: &'v Value, case: &str, tracer: &str) -> &'v Vec<Value> {
    let cases = details["cases"].as_array().unwrap();
    cases.iter().find(|c| c["case"] == case && c["tracer"] == tracer).unwrap()["errors"].as_array().unwrap()
}

/// The limits at N = 128 are those of the fixed benchmark; a leading weather model's monotone transport has 0.0100, 0.0240 and 0.292.
#[test]
fn transport_reaches_its_norms_and_leaves_no_range() {
    let found = advection::run(&Material { n: &[64, 128], ..Material::default() }).unwrap();
    for line in &found.lines {
        println!("{}", line.en);
    }
    assert!(found.passed, "{:?}", found.figures);
    assert_eq!(found.figures.len(), 7);
    for (case, tracer, limit) in
        [("rotation", "gaussian", 0.003), ("swirl", "gaussian", 0.007), ("swirl", "slot", 0.27)]
    {
        let fine = &norms(&found.details, case, tracer)[1];
        assert_eq!(fine["n"], 128);
        assert!(fine["l2"].as_f64().unwrap() <= limit, "{case} {tracer} {fine}");
        assert!(fine["least"].as_f64().unwrap() >= 0.0 && fine["overshoot"].as_f64().unwrap() < 1e-3, "{fine}");
    }
    for tracer in ["bells", "cylinders"] {
        let of_meshes = norms(&found.details, "deformation", tracer);
        for e in of_meshes {
            // on a background of 0.1
            assert!(e["least"].as_f64().unwrap() > 0.1 - 1e-6 && e["overshoot"].as_f64().unwrap() < 1e-6, "{e}");
        }
        for norm in ["l1", "l2"] {
            assert!(of_meshes[1][norm].as_f64() < of_meshes[0][norm].as_f64(), "{tracer} {norm}");
        }
    }
}

/// The unlimited flux has about the norms of the fifth-order linear schemes of others, and undershoots at a jump.
#[test]
fn the_linear_scheme_is_more_accurate_and_leaves_the_range() {
    let material = Material { n: &[64, 128], case: Some("swirl"), scheme: Some("linear"), ..Material::default() };
    let found = advection::run(&material).unwrap();
    let (bell, slot) = (&norms(&found.details, "swirl", "gaussian")[1], &norms(&found.details, "swirl", "slot")[1]);
    assert!(bell["l2"].as_f64().unwrap() < 0.003, "{bell}");
    assert!(slot["least"].as_f64().unwrap() < -0.05 && slot["overshoot"].as_f64().unwrap() > 0.05, "{slot}");
    for (n, case, scheme) in
        [(&[64, 100][..], None, None), (&[8], None, None), (&[], Some("x"), None), (&[], None, Some("x"))]
    {
        assert!(advection::run(&Material { n, case, scheme, ..Material::default() }).is_err());
    }
}
