//! What the schemes would have warned of, on records made by hand and on the real one of the prefecture.

use super::aqi_rules;
use super::warning_rules;
use chrono::{Duration, NaiveDate};
use hazecast::domain::daily::{self, DailyValue, Judged, Judgement};
use hazecast::domain::pollutant::{Concentrations, Pollutant};
use hazecast::input::daily_csv;
use hazecast::warning::WarningLevel::{Blue, Orange, PreWarning, Yellow};
use hazecast::warning::replay::{PastWarning, replay};
use hazecast::warning::{Response, WarningLevel};
use std::collections::BTreeMap;

fn record(days: &BTreeMap<NaiveDate, Concentrations<f64>>) -> Vec<DailyValue> {
    let aqi = aqi_rules();
    daily::of_days(days, Judgement { aqi: &aqi, judged: Judged::ByItsDate, not_monitored: &[Pollutant::O3] })
}

fn by_hand(pm25: &[f64], pm10: f64) -> Vec<DailyValue> {
    let first = NaiveDate::from_ymd_opt(2024, 12, 30).unwrap();
    let day = |(i, pm25): (usize, &f64)| {
        let c = Concentrations {
            pm25_ug_m3: Some(*pm25),
            pm10_ug_m3: Some(pm25 + pm10),
            so2_ug_m3: Some(10.0),
            no2_ug_m3: Some(20.0),
            co_mg_m3: Some(0.5),
            o3_ug_m3: None,
        };
        (first + Duration::days(i as i64), c)
    };
    record(&pm25.iter().enumerate().map(day).collect())
}

fn warned(days: &[DailyValue], scheme: &str) -> Vec<PastWarning> {
    let rules = warning_rules();
    let scheme = rules.schemes().iter().find(|s| s.id == scheme).unwrap();
    replay(days, scheme, &aqi_rules())
}

#[test]
fn episodes_are_warned_once_with_their_strictest_level() {
    // heavy, one clean day, heavy again: one warning; two clean days lift it
    let days = by_hand(&[30.0, 160.0, 100.0, 160.0, 30.0, 30.0, 120.0, 120.0, 30.0], 20.0);
    let w = warned(&days, "warning-2024");
    let short: Vec<_> = w
        .iter()
        .map(|w| (w.level, w.from.to_string(), w.to.to_string(), w.exceeding_days, w.worst_aqi, w.merged))
        .collect();
    assert_eq!(
        short,
        [
            (Orange, "2024-12-31".into(), "2025-01-02".into(), 2, 210, true),
            (Yellow, "2025-01-05".into(), "2025-01-06".into(), 2, 158, false),
        ]
    );
    assert!(w.iter().all(|w| w.response == Response::EmissionReduction && w.primary == [Pollutant::Pm25]));
    assert!(warned(&by_hand(&[30.0; 10], 20.0), "warning-2024").is_empty() && warned(&[], "warning-2017").is_empty());
    // dust: PM10 at 480 with PM2.5 at 60
    let dust = warned(&by_hand(&[60.0, 60.0], 420.0), "warning-2017");
    assert_eq!((dust[0].level, dust[0].response), (Yellow, Response::HealthAdviceOnly));
    assert_eq!(dust[0].primary, [Pollutant::Pm10]);
}

/// The record of 延边州, 2014-12-31 to 2016-06-30. Days above 150 and 200 and their runs counted by a script of its own with exact
/// fractions: AQI > 200 on 2015-11-10 (334) and 2015-12-10 (213), each a run of one day; runs of two days above 150 on 2015-01-04,
/// 2015-12-09 and 2015-12-22; single days above 150 on eight other dates, two of them dust.
#[test]
fn the_prefectures_record_under_all_schemes() {
    let Some(path) = crate::real("obs/ne_china_daily_2013_201606.csv") else { return };
    let read = daily_csv::read(&path).unwrap();
    let own = read.items.iter().filter(|r| r.place == "延边州");
    let days: BTreeMap<_, _> = own.map(|r| (r.day, r.concentrations)).collect();
    let aqi = aqi_rules();
    let days = daily::of_days(&days, Judgement { aqi: &aqi, judged: Judged::ByItsDate, not_monitored: &[] });
    assert_eq!(days.len(), 548);
    let by_level: Vec<usize> = (1..=6).map(|l| days.iter().filter(|d| d.aqi.level == Some(l)).count()).collect();
    assert_eq!(by_level, [200, 271, 63, 12, 1, 1]);
    let of = |scheme, level: WarningLevel| {
        let w: Vec<PastWarning> = warned(&days, scheme);
        w.into_iter()
            .filter(|w| w.level == level)
            .map(|w| format!("{} {}", w.from, w.exceeding_days))
            .collect::<Vec<_>>()
    };
    assert_eq!(of("warning-2017", Blue), ["2015-11-10 1", "2015-12-10 1"]);
    assert_eq!(warned(&days, "warning-2017").len(), 2);
    assert!(warned(&days, "warning-2018").is_empty());
    assert_eq!(of("warning-2024", Yellow), ["2015-01-04 2", "2015-11-10 1", "2015-12-09 2", "2015-12-22 2"]);
    assert!(of("warning-2024", Orange).is_empty());
    for s in warned(&days, "warning-2024") {
        println!("{} .. {} {:?} {} {:?} {:?}", s.from, s.to, s.level, s.worst_aqi, s.primary, s.rules);
    }
    // pre-warning: every run above 100 of two days or more, and single days above 150, that no yellow warning has taken in
    assert!(of("warning-2024", PreWarning).len() > 10);
}

/// The command prints the same bytes wherever the machine stands, over a year end and a leap day.
#[test]
fn the_command_knows_no_time_zone_but_beijing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("daily.csv");
    let mut rows = "adcode,date,pm25_ug_m3,pm10_ug_m3,so2_ug_m3,no2_ug_m3,co_mg_m3,o3_8h_ug_m3\n".to_owned();
    let first = NaiveDate::from_ymd_opt(2023, 12, 28).unwrap();
    for i in 0..70 {
        let pm25 = if i % 9 < 2 { 160 } else { 30 };
        rows += &format!("222401,{},{pm25},{},10,20,0.6,60\n", first + Duration::days(i), pm25 + 20);
    }
    std::fs::write(&file, rows).unwrap();
    let run = |zone: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hazecast"));
        command.args(["warn", "replay", "--place", "222401", "--json", "--daily"]).arg(&file).env("TZ", zone);
        let out = command.output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        out.stdout
    };
    let utc = run("UTC");
    assert!(String::from_utf8_lossy(&utc).contains("warning-2024.orange.1"));
    for zone in ["Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"] {
        assert!(run(zone) == utc, "{zone}");
    }
}
