//! What an inventory says month by month stays so, hour by hour of any year; the rest follows the months of the sector.

use super::layouts::{meic, meic_netcdf};
use super::*;
use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use hazecast::calendar::{beijing_local, end_of_beijing_hour};
use hazecast::domain::source::Strength;
use std::process::Command;

const LAT: [f64; 3] = [42.0, 43.0, 44.0];
const LON: [f64; 2] = [129.0, 130.0];
const DAYS: [f64; 12] = [31.0, 28.0, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0];
/// Month by month, and a cell that differs from the others.
const SEASON: [f64; 12] = [0.5, 0.0, 2.0, 1.0, 7.0, 1.0, 3.0, 1.0, 0.25, 1.0, 1.0, 4.0];

/// Six cells of fluxes of some variables by month, or of one time.
fn file(path: &Path, variables: &[(&str, &[f64])]) -> PathBuf {
    let times = variables[0].1.len();
    let mut all = vec![axis("lat", &LAT), axis("lon", &LON)];
    all.extend(variables.iter().map(|(name, fluxes)| Variable {
        name,
        dimensions: &["time", "lat", "lon"],
        attributes: vec![("units", "kg m-2 s-1")],
        values: fluxes.iter().flat_map(|f| (0..6).map(move |cell| f * (1.0 + cell as f64))).collect(),
    }));
    write(path, &[("lat", 3), ("lon", 2), ("time", times)], &[], &[], &all);
    path.to_path_buf()
}

/// Tonnes of a flux on a cell over some days.
fn tonnes(cell: usize, flux: f64, days: f64) -> f64 {
    let lat = LAT[cell / 2];
    area(128.5, lat - 0.5, 129.5, lat + 0.5) * flux * (1.0 + cell as f64) * days * 86.4
}

fn model() -> EmissionModel {
    let text = include_str!("../../../models/emission.toml");
    let holidays = include_str!("../../../seeds/holidays.toml");
    let holidays = hazecast::domain::holidays::Holidays::from_toml(holidays, Path::new("holidays.toml")).unwrap();
    EmissionModel::from_toml(text, "models/emission.toml").unwrap().with_holidays(&holidays)
}

/// Sums [t] over the hours of each Beijing month.
fn by_month(model: &EmissionModel, source: &Source, year: i32) -> [Amounts; 12] {
    let new_year = |year| end_of_beijing_hour(NaiveDate::from_ymd_opt(year, 1, 1).unwrap(), 1) - Duration::hours(1);
    let (mut hour, end): (DateTime<Utc>, DateTime<Utc>) = (new_year(year), new_year(year + 1));
    let mut sums = [Amounts::default(); 12];
    while hour < end {
        let month = beijing_local(hour).month0() as usize;
        sums[month] = sums[month].zip(model.hourly_rate(source, hour), |sum, rate| sum + 3.6 * rate);
        hour += Duration::hours(1);
    }
    sums
}

#[test]
fn hours_of_each_month_sum_to_the_month_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let fluxes = SEASON.map(|s| s * 1e-10);
    let read = sources(&[file(&folder.path().join("x.nc"), &[("so2_residential", &fluxes)])]);
    assert_eq!(read.len(), 6);
    let model = model();
    for (cell, source) in read.iter().enumerate() {
        let year: f64 = (0..12).map(|m| tonnes(cell, fluxes[m], DAYS[m])).sum();
        near(source.strength.annual().unwrap().so2, year, 1e-12, "a year");
        for calendar_year in [2024, 2025, 2026] {
            let sums = by_month(&model, source, calendar_year);
            for (month, sum) in sums.iter().enumerate() {
                let wanted = tonnes(cell, fluxes[month], DAYS[month]);
                assert!((sum.so2 - wanted).abs() <= 1e-9 * wanted, "{calendar_year}, {month}: {} {wanted}", sum.so2);
            }
            near(sums.iter().map(|s| s.so2).sum(), year, 1e-9, "all hours");
            // days sum to the same, and follow the weekdays and hours of the sector
            let days = (1..=31).map(|d| NaiveDate::from_ymd_opt(calendar_year, 5, d).unwrap());
            let may: Vec<f64> = days.map(|day| model.daily_amounts(source, day).so2).collect();
            near(may.iter().sum(), tonnes(cell, fluxes[4], 31.0), 1e-9, "days of May");
            let dawn = end_of_beijing_hour(NaiveDate::from_ymd_opt(calendar_year, 5, 20).unwrap(), 7);
            let at = |hours| model.hourly_rate(source, dawn + Duration::hours(hours)).so2;
            assert!(at(-1) > 4.0 * at(-5), "stoves burn at dawn");
        }
    }
}

/// An inventory that says July alone emits in July alone, in the command too.
#[test]
fn what_emits_in_july_does_not_emit_in_january() {
    let folder = tempfile::tempdir().unwrap();
    let mut july = [0.0; 12];
    july[6] = 1e-9;
    file(&folder.path().join("july.nc"), &[("so2_residential", &july)]);
    let config = folder.path().join("night.toml");
    let text =
        "grid = \"yanbian-3km\"\nruns = \"runs\"\n[inputs]\nmeteorology = [\"none.nc\"]\ninventory = [\"july.nc\"]\n";
    std::fs::write(&config, text).unwrap();
    let of_day = |day: &str| {
        let out = Command::new(env!("CARGO_BIN_EXE_hazecast"))
            .args(["emis", "report", "--json", "--date", day, "--config"])
            .arg(&config)
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        let rows = report["rows"].as_array().unwrap();
        let sum = |span: &str| rows.iter().map(|r| r[span]["so2"].as_f64().unwrap()).sum::<f64>();
        (sum("t_d"), sum("t_a"))
    };
    let (january, july) = (of_day("2026-01-15"), of_day("2026-07-15"));
    assert_eq!(january.0, 0.0);
    // every day of July is as strong as any other, to within its weekdays
    near(july.0 * 31.0, july.1, 0.2, "a day of July");
    near(january.1, july.1, 1e-12, "the year");
}

#[test]
fn twelve_files_of_a_month_are_as_one_file_of_twelve() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (1..=12)
        .map(|month| {
            let path = folder.path().join(format!("2017_{month:02}__residential__SO2.nc"));
            meic_netcdf(&path, meic(|_, _| SEASON[month - 1]), None);
            path
        })
        .collect();
    let (groups, notes) = together(&paths).unwrap();
    assert_eq!((groups.len(), groups[0].months.clone()), (1, None));
    assert!(notes.len() == 1 && notes[0].found.contains("12 files"), "{notes:?}");
    let source = &groups[0].sources[0];
    for (sum, wanted) in by_month(&model(), source, 2026).iter().zip(SEASON) {
        assert!((sum.so2 - wanted).abs() <= 1e-9 * wanted, "{} {wanted}", sum.so2);
    }
    // the scale of one month is that of the sector, and said
    let (groups, notes) = together(&paths[..1]).unwrap();
    assert!(matches!(groups[0].sources[0].strength, Strength::Annual(_)));
    assert!(notes.iter().any(|n| n.found.contains("the months [1]")), "{notes:?}");
}

/// NOx by the year beside SO2 by the month: the one follows the sector, the other the file.
#[test]
fn what_is_given_by_the_year_follows_the_sector() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let fluxes = SEASON.map(|s| s * 1e-10);
    let monthly = file(&at("so2.nc"), &[("so2_traffic", &fluxes)]);
    let yearly = file(&at("nox.nc"), &[("nox_traffic", &[2e-10])]);
    let both = sources(&[monthly, yearly.clone()]);
    let alone = sources(&[yearly]);
    assert_eq!(both.len(), 6);
    let model = model();
    for (cell, (a, b)) in both.iter().zip(&alone).enumerate() {
        for (month, (a, b)) in by_month(&model, a, 2026).iter().zip(by_month(&model, b, 2026)).enumerate() {
            near(a.nox, b.nox, 1e-12, "NOx");
            let wanted = tonnes(cell, fluxes[month], DAYS[month]);
            assert!((a.so2 - wanted).abs() <= 1e-9 * wanted, "{month}: {} {wanted}", a.so2);
        }
    }
}

/// PM10 includes PM2.5 in every month, so that both are taken by the year where one of them is.
#[test]
fn particles_stand_together() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let fine = SEASON.map(|s| s * 1e-10);
    let (coarse, carbon) = (fine.map(|f| 1.5 * f), fine.map(|f| 0.2 * f));
    let all = [("pm25_power", &fine[..]), ("pm10_power", &coarse[..]), ("bc_power", &carbon[..])];
    let (groups, notes) = together(&[file(&at("all.nc"), &all)]).unwrap();
    assert!(notes.is_empty(), "{notes:?}");
    for sum in by_month(&model(), &groups[0].sources[0], 2026) {
        assert!((sum.pm10 - 1.5 * sum.pm25).abs() <= 1e-9 * sum.pm10 && (sum.bc - 0.2 * sum.pm25).abs() <= 1e-9);
    }
    let year = file(&at("pm10.nc"), &[("pm10_power", &[1e-9])]);
    let (groups, notes) = together(&[file(&at("pm25.nc"), &all[..1]), year]).unwrap();
    assert!(notes.len() == 1 && notes[0].found.contains("some by the year"), "{notes:?}");
    let source = &groups[0].sources[0];
    assert!(matches!(source.strength, Strength::Annual(_)), "{:?}", source.strength);
    let wanted: f64 = (0..12).map(|m| tonnes(0, fine[m], DAYS[m])).sum();
    near(source.strength.annual().unwrap().pm25, wanted, 1e-12, "PM2.5");
    // carbon alone is noted once, not in every month
    let (_, notes) = together(&[file(&at("bc.nc"), &all[2..])]).unwrap();
    assert_eq!(notes.len(), 2, "{notes:?}");
}
