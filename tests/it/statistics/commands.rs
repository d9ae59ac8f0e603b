//! `hazecast stats` and `hazecast targets` as scripts and officers use them.

use super::month_ends;
use chrono::Days;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

const HEAD: &str = "adcode,date,pm25_ug_m3,pm10_ug_m3,so2_ug_m3,no2_ug_m3,co_mg_m3,o3_8h_ug_m3\n";

fn hazecast(zone: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hazecast"))
        .args(args)
        .env("LANG", "C")
        .env("TZ", zone)
        .env_remove("LC_ALL")
        .output()
        .unwrap()
}

fn json(out: &Output) -> serde_json::Value {
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)))
}

/// Rows around the ends of 60 months, Yanji.
fn boundary_rows() -> Vec<String> {
    let days = month_ends().into_iter().flat_map(|d| [d, d + Days::new(1)]);
    let mut rows: Vec<String> =
        (1..).zip(days).map(|(i, d)| format!("222401,{d},{},{},8,20,0.6,{}\n", i, i + 20, 60 + i)).collect();
    rows.sort();
    rows
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

#[test]
fn the_machines_time_zone_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let daily = write(folder.path(), "daily.csv", &format!("{HEAD}{}", boundary_rows().concat()));
    let event = "kind,adcode,from,to,share,certified,evidence,source\ndust,0,2024-02-28T16Z,2024-02-29T16Z,,true,e,s\n";
    let events = write(folder.path(), "events.csv", event);
    // three files of hours around the leap day, one hour of it in the next file
    let mut hourly = Vec::new();
    for date in ["20240228", "20240229", "20240301"] {
        let mut text = "date,hour,type,2237A,2238A,2239A\n".to_owned();
        for hour in 0..24 {
            for kind in ["PM2.5", "PM10", "SO2", "NO2", "CO", "O3"] {
                let _ = writeln!(text, "{date},{hour},{kind},{},{},{}", hour + 1, hour + 2, hour + 3);
            }
        }
        hourly.push(write(folder.path(), &format!("china_sites_{date}.csv"), &text));
    }
    let hours: Vec<&str> = hourly.iter().map(String::as_str).collect();
    let runs: Vec<Vec<&str>> = vec![
        vec!["stats", "--daily", &daily, "--place", "延吉市", "--events", &events, "--json"],
        vec!["stats", "--daily", &daily, "--place", "222401", "--events", &events],
        [&["stats", "--hourly"], &hours[..], &["--place", "Yanji", "--json"]].concat(),
        vec!["targets", "--daily", &daily, "--to", "2026-12-31", "--json"],
        vec!["targets", "--daily", &daily, "--year", "2024", "--events", &events],
    ];
    for args in runs {
        let first = hazecast("UTC", &args);
        assert!(first.status.success(), "{args:?}: {}", String::from_utf8_lossy(&first.stderr));
        for zone in ["Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"] {
            let other = hazecast(zone, &args);
            assert!(other.stdout == first.stdout && other.stderr == first.stderr, "{zone} {args:?}");
        }
        if args.contains(&"--hourly") {
            // 28 February has its hours 1 to 23 from its own file and hour 24 from the next: whole; 1 March lacks hour 24
            let by_date = &json(&first)["by_date"];
            assert_eq!(by_date["from"], "2024-02-28", "{by_date}");
            assert_eq!((&by_date["to"], &by_date["calendar_days"]), (&"2024-03-01".into(), &3.into()));
            assert_eq!(by_date["all_days"]["valid_days"], 3);
        }
    }
}

#[test]
fn a_series_in_two_files_is_the_same_series() {
    let folder = tempfile::tempdir().unwrap();
    let rows = boundary_rows();
    let whole = write(folder.path(), "whole.csv", &format!("{HEAD}{}", rows.concat()));
    let (early, late) = rows.split_at(37);
    let early = write(folder.path(), "early.csv", &format!("{HEAD}{}", early.concat()));
    let backwards: String = late.iter().rev().map(String::as_str).collect();
    let late = write(folder.path(), "late.csv", &format!("{HEAD}{backwards}"));
    for command in [&["stats", "--place", "222401", "--json"][..], &["targets", "--year", "2023", "--json"]] {
        let one = hazecast("UTC", &[command, &["--daily", &whole]].concat());
        let two = hazecast("UTC", &[command, &["--daily", &late, &early]].concat());
        assert!(one.status.success(), "{}", String::from_utf8_lossy(&one.stderr));
        assert_eq!(String::from_utf8_lossy(&one.stdout), String::from_utf8_lossy(&two.stdout));
    }
    let twice = hazecast("UTC", &["stats", "--place", "222401", "--json", "--daily", &whole, &early]);
    assert_eq!((twice.status.code(), &json(&twice)["error"]), (Some(3), &"format".into()));
}

#[test]
fn places_are_codes_or_names_and_refusals_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{HEAD}222404,2026-03-05,61,80,10,40,0.8,120\n222404,2026-03-06,x,80,10,40,0.8,120\n");
    let daily = write(folder.path(), "hunchun.csv", &text);
    for place in ["222404", "珲春市", "Hunchun", "hunchun"] {
        let out = hazecast("UTC", &["stats", "--daily", &daily, "--place", place, "--json"]);
        // one value was refused: done, but degraded
        assert_eq!(out.status.code(), Some(5), "{place}: {}", String::from_utf8_lossy(&out.stderr));
        let document = json(&out);
        assert_eq!((&document["adcode"], &document["name_zh"]), (&222_404.into(), &"珲春市".into()));
        assert_eq!(document["rejections"][0]["place"], "line 3, column pm25_ug_m3");
        assert_eq!(document["by_date"]["all_days"]["valid_days"], 1);
        assert_eq!(document["as_if"].as_array().unwrap().len(), 3);
        assert_eq!(document["as_if"][0]["all_days"]["good_days"], 1, "83 under the version of 2012");
        assert_eq!(document["as_if"][1]["all_days"]["good_days"], 0, "101 under the version of 2026");
    }
    let out = hazecast("UTC", &["stats", "--daily", &daily, "--place", "延吉市", "--json"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(json(&out)["message"].as_str().unwrap().contains("珲春市"));
    let out = hazecast("UTC", &["stats", "--place", "222404"]);
    assert_eq!(out.status.code(), Some(2), "no file at all");
    let out = hazecast("UTC", &["targets", "--daily", &daily, "--year", "2025", "--json"]);
    assert_eq!(out.status.code(), Some(2), "no day of that year");
    let out = hazecast("UTC", &["targets", "--daily", &daily, "--year", "2025", "--to", "2026-03-06"]);
    assert_eq!(out.status.code(), Some(2));
}

#[test]
fn a_period_the_wrong_way_round_and_files_without_an_accepted_row_are_told_as_that() {
    let folder = tempfile::tempdir().unwrap();
    let daily = write(folder.path(), "daily.csv", &format!("{HEAD}{}", boundary_rows().concat()));
    let reversed = ["--place", "222401", "--from", "2026-05-01", "--to", "2026-01-01"];
    let out = hazecast("UTC", &[&["stats", "--daily", &daily][..], &reversed].concat());
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{said}");
    assert!(said.contains("2026-05-01, which is after 2026-01-01"), "{said}");
    let hours = "date,hour,type,2237A,2238A,2239A\n2023-01-20,0,PM2.5,1,2,3\n2023-01-20,1,PM2.5,1,2,3\n";
    let hourly = write(folder.path(), "china_sites_20230120.csv", hours);
    let out = hazecast("UTC", &["stats", "--hourly", &hourly, "--place", "延吉市"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(3), "{said}");
    assert_eq!(said.matches("rejected: china_sites_20230120.csv").count(), 2, "{said}");
    assert!(said.contains("found 2 refusals and no row accepted, expected a date such as 20230120"), "{said}");
}

#[test]
fn targets_speak_both_languages_and_start_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (1..=31).map(|d| format!("222401,2026-01-{d:02},30,40,10,20,0.8,60\n")).collect();
    let daily = write(folder.path(), "yanji.csv", &format!("{HEAD}{rows}"));
    let said = |lang: &str| {
        let out = hazecast("UTC", &["--lang", lang, "targets", "--daily", &daily]);
        assert!(out.status.success());
        String::from_utf8(out.stdout).unwrap()
    };
    let (zh, en) = (said("zh"), said("en"));
    for part in [
        "（未核实）",
        "延吉市：有风险",
        "图们市：截至2026-01-31没有有效数据，无法判断",
        "不是启动或升级应急响应的理由",
        "不得以",
    ] {
        assert!(zh.contains(part), "{zh} lacks {part}");
    }
    for part in ["(not verified)", "Yanji: at risk", "Tumen: unknown: no valid data", "no reason to start or raise"] {
        assert!(en.contains(part), "{en} lacks {part}");
    }
    // a stricter target of an office, in its folder of replacements
    let seeds = folder.path().join("rules/seeds");
    std::fs::create_dir_all(&seeds).unwrap();
    let shipped = super::TARGETS.replace("pm25_ug_m3 = 25", "pm25_ug_m3 = 35");
    std::fs::write(seeds.join("targets.toml"), shipped).unwrap();
    let rules = folder.path().join("rules").to_string_lossy().into_owned();
    let out = hazecast("UTC", &["targets", "--daily", &daily, "--overrides", &rules, "--json"]);
    let document = json(&out);
    assert_eq!(document["areas"][0]["state"], "on_track", "{}", document["areas"][0]);
    assert_eq!(document["areas"][1]["state"], "unknown");
}
