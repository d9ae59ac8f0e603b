//! After action: the parts add up, and each is nothing where nothing differs.

use crate::ranking::episode;
use hazecast::input::netcdf_file::on_netcdf_thread;
use hazecast::reduction::after_action::{AfterAction, SpanSplit};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const YANJI: u32 = 222_401;
/// What the stations of Yanji are made to have seen on the days after the cycle [ug m-3].
const SEEN: f64 = 80.0;

fn hazecast(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hazecast"));
    command.args(args).env("LANG", "C").env_remove("LC_ALL").env("HDF5_USE_FILE_LOCKING", "FALSE").output().unwrap()
}

fn account(args: &[&str]) -> AfterAction {
    let out = hazecast(&[args, &["--json"]].concat());
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)))
}

/// A configuration of the episode's night with files of its own: two days of observations, and winds times `wind` where that is not 1.
fn later(folder: &Path, night: &Path, wind: f32) -> PathBuf {
    for day in [16, 17] {
        let mut text = "date,hour,type,2237A,2238A,2239A\n".to_owned();
        for hour in 0..24_i32 {
            // not flat, which quality control would refuse, and SEEN in the mean of a day
            let swing = 3.0 * (f64::from(hour % 4) - 1.5) * if day == 16 { 1.0 } else { -1.0 };
            let at = |station: f64| SEEN + swing + station;
            text += &format!("202601{day},{hour},PM2.5,{},{},{}\n", at(-1.0), at(0.0), at(1.0));
        }
        std::fs::write(folder.join(format!("later_202601{day}.csv")), text).unwrap();
    }
    let mut met = night.join("inbox/met");
    if wind != 1.0 {
        let own = folder.join("met");
        std::fs::create_dir(&own).unwrap();
        for file in std::fs::read_dir(&met).unwrap().map(|f| f.unwrap().path()) {
            let copy = own.join(file.file_name().unwrap());
            std::fs::copy(&file, &copy).unwrap();
            on_netcdf_thread(move || stronger(&copy, wind));
        }
        met = own;
    }
    let text = std::fs::read_to_string(night.join("night.toml")).unwrap();
    let text = text
        .replace("runs = \"runs\"", &format!("runs = {:?}", night.join("runs")))
        .replace("\"inbox/met/", &format!("\"{}/", met.display()))
        .replace("\"inbox/", &format!("\"{}/inbox/", night.display()))
        .replace("china_sites_*\"]", &format!("china_sites_*\", \"{}/later_*\"]", folder.display()));
    let config = folder.join("after.toml");
    std::fs::write(&config, text).unwrap();
    config
}

/// Multiplies the winds of a wrfout file.
fn stronger(path: &Path, wind: f32) {
    let mut file = netcdf::append(path).unwrap();
    for name in ["U", "V", "U10", "V10"] {
        let mut variable = file.variable_mut(name).unwrap();
        let values: Vec<f32> = variable.get_values::<f32, _>(..).unwrap().iter().map(|v| v * wind).collect();
        variable.put_values(&values, ..).unwrap();
    }
}

fn day<'a>(account: &'a AfterAction, adcode: u32, day: &str) -> &'a SpanSplit {
    let is = |s: &&SpanSplit| s.adcode == adcode && s.beijing_day.is_some_and(|d| d.to_string() == day);
    account.days.iter().find(is).unwrap()
}

/// The weather foreseen came and the list was carried out: no part of the weather, the measures are what the certificate says of the day, and the
/// rest is error.
#[test]
fn as_foreseen_and_as_ordered_the_measures_do_what_the_certificate_says() {
    let (night, record) = episode();
    let folder = tempfile::tempdir().unwrap();
    let config = later(folder.path(), night.path(), 1.0);
    let account = account(&["after", "--config", config.to_str().unwrap()]);
    assert!(account.carried_out.assumed && account.carried_out.ordered > 0);
    assert!(account.notes_en.iter().any(|n| n.contains("no account")), "{:?}", account.notes_en);
    assert!(
        account.notes_en.iter().any(|n| n.contains("weather files are those of the night")),
        "{:?}",
        account.notes_en
    );
    for span in account.days.iter().chain(&account.windows) {
        let s = &span.split;
        assert!(s.weather_ug_m3.abs() < 1e-9, "{span:?}");
        assert!((s.measures_ug_m3 - s.promised_ug_m3.unwrap()).abs() < 1e-9, "{span:?}");
        assert_eq!(s.observed_ug_m3.is_some(), span.adcode == YANJI && s.forecast_error_ug_m3.is_some(), "{span:?}");
    }
    assert_eq!(account.windows.len(), record["certificate"]["windows"].as_array().unwrap().len());
    let seen = day(&account, YANJI, "2026-01-16");
    let of_day = record["certificate"]["counties"].as_array().unwrap().iter().find(|c| c["adcode"] == YANJI).unwrap();
    let of_day = of_day["days"].as_array().unwrap().iter().find(|d| d["beijing_day"] == "2026-01-16").unwrap();
    let value = |key: &str| of_day[key].as_f64().unwrap();
    let fall = value("pm25_after_ug_m3") - value("pm25_before_ug_m3");
    // the certificate's day means the hourly ratios, the account takes the ratio of the means
    assert!((seen.split.measures_ug_m3 - fall).abs() < 0.02 * fall.abs(), "{seen:?} {fall}");
    let after = seen.split.forecast_ug_m3 + seen.split.measures_ug_m3;
    let observed = seen.split.observed_ug_m3.unwrap();
    assert!((observed - SEEN).abs() < 0.5, "{observed}");
    assert!((seen.split.forecast_error_ug_m3.unwrap() - (observed - after)).abs() < 1e-9);
    assert!(seen.split.observed_without_list_ug_m3.unwrap() > observed);
}

/// Stronger winds than foreseen take pollution away; a list of which nothing was carried out did nothing; the parts add up.
#[test]
fn other_weather_and_an_idle_list_are_told_apart() {
    let (night, _) = episode();
    let folder = tempfile::tempdir().unwrap();
    let config = later(folder.path(), night.path(), 2.0);
    let lists = folder.path().join("lists");
    let night_config = night.path().join("night.toml");
    let out = hazecast(&["list", "export", "--config", night_config.to_str().unwrap(), "-o", lists.to_str().unwrap()]);
    assert!(out.status.success());
    let whole = lists.join("list_2026011512_222400.csv");
    let text = std::fs::read_to_string(&whole).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let header = lines.iter().position(|l| l.contains("县市代码")).unwrap();
    let rows = lines.len() - header - 1;
    // of the list three rows were carried out, the first from a day later on
    let mut first: Vec<&str> = lines[header + 1].split(',').collect();
    let begin = lines[header].split(',').position(|name| name.contains("开始")).unwrap();
    first[begin] = "2026-01-17 12:00";
    let rest = lines[header + 2..header + 4].join("\n");
    let kept = folder.path().join("kept.csv");
    std::fs::write(&kept, format!("{}\n{}\n{rest}\n", lines[..=header].join("\n"), first.join(","))).unwrap();
    let account = account(&["after", "--config", config.to_str().unwrap(), "--carried-out", kept.to_str().unwrap()]);
    let count = account.carried_out;
    assert_eq!((count.ordered, count.as_ordered, count.changed), (rows, 2, 1));
    assert_eq!((count.not_at_all, count.assumed), (rows - 3, false));
    let mut gone = 0;
    for span in &account.days {
        let s = &span.split;
        gone += usize::from(s.weather_ug_m3 < -1.0);
        assert!(s.measures_ug_m3.abs() <= s.promised_ug_m3.unwrap().abs() + 0.05, "{span:?}");
        if let (Some(observed), Some(error)) = (s.observed_ug_m3, s.forecast_error_ug_m3) {
            let sum = s.forecast_ug_m3 + s.weather_ug_m3 + s.measures_ug_m3 + error;
            assert!((sum - observed).abs() < 1e-9, "{span:?}");
        }
    }
    assert!(2 * gone > account.days.len(), "{gone} of {}", account.days.len());
    let text = hazecast(&["after", "--config", config.to_str().unwrap(), "--carried-out", kept.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("carried out as ordered 2, changed 1") && text.contains("Yanji 2026-01-16"), "{text}");
}

#[test]
fn what_is_not_of_the_run_is_refused() {
    let (night, _) = episode();
    let folder = tempfile::tempdir().unwrap();
    let config = later(folder.path(), night.path(), 1.0);
    let lists = folder.path().join("lists");
    let night_config = night.path().join("night.toml");
    hazecast(&["list", "export", "--config", night_config.to_str().unwrap(), "-o", lists.to_str().unwrap()]);
    let list = std::fs::read_to_string(lists.join("list_2026011512_222400.csv")).unwrap();
    let strange = folder.path().join("strange.csv");
    let line = list.lines().find(|l| l.starts_with("2,")).unwrap();
    let wrong = |from: &str, to: &str| {
        std::fs::write(&strange, list.replacen(from, to, 1)).unwrap();
        let args =
            ["after", "--config", config.to_str().unwrap(), "--carried-out", strange.to_str().unwrap(), "--json"];
        let out = hazecast(&args);
        let error: Value = serde_json::from_slice(&out.stdout).unwrap_or(Value::Null);
        (out.status.code(), format!("{error} {}", String::from_utf8_lossy(&out.stderr)))
    };
    for (from, to, word) in [
        (line.to_owned(), line.replacen("2,", "100002,", 1), "100002"),
        (line.to_owned(), line.replacen("2,", "1,", 1), "row 1"),
    ] {
        let (code, text) = wrong(&from, &to);
        assert!(matches!(code, Some(2 | 3)) && text.contains(word), "{code:?} {text}");
    }
    let other = folder.path().join("other.toml");
    let text = std::fs::read_to_string(&config).unwrap().replace("grid = \"demo\"", "grid = \"yanbian-9km\"");
    std::fs::write(&other, text).unwrap();
    let out = hazecast(&["after", "--config", other.to_str().unwrap()]);
    assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stderr));
    let out = hazecast(&["after", "--config", config.to_str().unwrap(), "--run", "2031010100"]);
    assert_eq!(out.status.code(), Some(3));
}
