//! `hazecast aqi`: the AQI of given concentrations, with its clause.

use crate::domain::aqi::{AqiReport, AqiRules, Report};
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::error::{Error, Result};
use chrono::NaiveDate;
use serde::Serialize;
use std::fmt::Write as _;

const EXAMPLES: &str = "\
Examples:
  hazecast aqi --date 2026-03-05 --pm25 61 --pm10 80 --so2 10 --no2 40 --co 0.8 --o3 120
  hazecast aqi --date 2026-02-28 --pm25 61 --pm10 80 --so2 10 --no2 40 --co 0.8 --o3 120 --json
  hazecast aqi --date 2026-03-05 --hourly --pm25 160 --pm10 210
  hazecast aqi --date 2026-03-05 --pm25 70 --pm10 130 --compare

A pollutant without its option is missing. With one missing, the standard lets the AQI be stated only above 100
(HJ 633-2026 5.3); name pollutants that are not monitored by plan with --not-monitored.";

/// Computes the AQI of HJ 633 in force on a date.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct AqiArgs {
    /// Day of the values; chooses the version of HJ 633 (2026-03-01 is the first day of the new one)
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub date: NaiveDate,
    /// PM2.5 [ug m-3]: day mean, or 1-h mean with --hourly
    #[arg(long, value_name = "UG_M3", value_parser = concentration, allow_negative_numbers = true)]
    pub pm25: Option<f64>,
    /// PM10 [ug m-3]
    #[arg(long, value_name = "UG_M3", value_parser = concentration, allow_negative_numbers = true)]
    pub pm10: Option<f64>,
    /// SO2 [ug m-3]
    #[arg(long, value_name = "UG_M3", value_parser = concentration, allow_negative_numbers = true)]
    pub so2: Option<f64>,
    /// NO2 [ug m-3]
    #[arg(long, value_name = "UG_M3", value_parser = concentration, allow_negative_numbers = true)]
    pub no2: Option<f64>,
    /// CO [mg m-3]
    #[arg(long, value_name = "MG_M3", value_parser = concentration, allow_negative_numbers = true)]
    pub co: Option<f64>,
    /// O3 [ug m-3]: largest 8-h mean of the day, or 1-h mean with --hourly
    #[arg(long, value_name = "UG_M3", value_parser = concentration, allow_negative_numbers = true)]
    pub o3: Option<f64>,
    /// Hourly (real-time) report instead of the daily one
    #[arg(long)]
    pub hourly: bool,
    /// Pollutants not monitored by plan ("/"): they do not block the AQI; comma-separated, e.g. O3,CO
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = pollutant)]
    pub not_monitored: Vec<Pollutant>,
    /// Every version of HJ 633 side by side; the one in force on the date is marked. With --json an array, oldest first
    #[arg(long)]
    pub compare: bool,
    /// Print JSON on one line
    #[arg(long)]
    pub json: bool,
}

fn concentration(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(v) if v.is_finite() && v >= 0.0 => Ok(v),
        Ok(_) => Err("a concentration is a finite number, zero or more".into()),
        Err(_) => Err("not a number".into()),
    }
}

/// A pollutant from its name, with or without the point.
pub(super) fn pollutant(text: &str) -> std::result::Result<Pollutant, String> {
    Pollutant::ALL
        .into_iter()
        .find(|p| p.name().eq_ignore_ascii_case(text) || p.name().replace('.', "").eq_ignore_ascii_case(text))
        .ok_or_else(|| format!("not one of {}", Pollutant::ALL.map(Pollutant::name).join(", ")))
}

impl AqiArgs {
    fn concentrations(&self) -> Concentrations<f64> {
        Concentrations {
            pm25_ug_m3: self.pm25,
            pm10_ug_m3: self.pm10,
            so2_ug_m3: self.so2,
            no2_ug_m3: self.no2,
            co_mg_m3: self.co,
            o3_ug_m3: self.o3,
        }
    }
}

/// The text that `hazecast aqi` prints.
///
/// # Errors
/// `Invalid` when no concentration is given, or one is negative or not finite.
pub fn run(args: &AqiArgs, rules: &AqiRules) -> Result<String> {
    let given = args.concentrations();
    let refuse =
        |field: &str, found: String, expected: &str| Err(Error::invalid("command line", field, found, expected));
    if Pollutant::ALL.into_iter().all(|p| given.get(p).is_none()) {
        return refuse("--pm25, --pm10, --so2, --no2, --co, --o3", "none of them".into(), "at least one concentration");
    }
    for p in Pollutant::ALL {
        if let Some(v) = given.get(p).filter(|v| !v.is_finite() || **v < 0.0) {
            return refuse(p.name(), v.to_string(), "a finite concentration, zero or more");
        }
    }
    let kind = if args.hourly { Report::Hourly } else { Report::Daily };
    let report = |standard| rules.report(standard, kind, &given, &args.not_monitored);
    if args.compare {
        let reports: Vec<AqiReport> = rules.standards().iter().map(report).collect();
        return Ok(if args.json { json(&reports) } else { side_by_side(args, rules, &given, &reports) });
    }
    let report = report(rules.standard(args.date));
    Ok(if args.json { json(&report) } else { table(args, rules, &given, &report) })
}

fn json<T: Serialize>(document: &T) -> String {
    serde_json::to_string(document).expect("reports of numbers and texts are JSON") + "\n"
}

/// One column for each version, Chinese and English.
fn side_by_side(args: &AqiArgs, rules: &AqiRules, given: &Concentrations<f64>, reports: &[AqiReport]) -> String {
    let mut out = String::new();
    let in_force = &rules.standard(args.date).id;
    let row = |out: &mut String, name: &str, cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|c| format!("{c:>16}")).collect();
        let _ = writeln!(out, "{name:<26}{}", cells.concat());
    };
    let mark = |r: &AqiReport| format!("{}{}", r.standard, if r.standard == *in_force { " *" } else { "" });
    row(&mut out, &args.date.to_string(), reports.iter().map(mark).collect());
    for p in Pollutant::ALL {
        let value = given.get(p).map_or("-".to_owned(), |v| format!("{v} {}", p.unit()));
        let iaqi = |r: &AqiReport| r.iaqi.get(&p).map_or("-".to_owned(), u16::to_string);
        row(&mut out, &format!("{:<6} {value}", p.name()), reports.iter().map(iaqi).collect());
    }
    let number = |n: Option<u16>| n.map_or("NA".to_owned(), |n| n.to_string());
    row(&mut out, "AQI", reports.iter().map(|r| number(r.aqi)).collect());
    row(&mut out, "level", reports.iter().map(|r| number(r.level.map(u16::from))).collect());
    let primary = |r: &AqiReport| r.primary.iter().map(|p| p.name()).collect::<Vec<_>>().join(",");
    row(&mut out, "primary pollutant", reports.iter().map(primary).collect());
    for r in reports {
        let level =
            r.level.and_then(|l| rules.level(l)).map_or("NA".to_owned(), |l| format!("{} {}", l.name_zh, l.name_en));
        let _ = writeln!(out, "{}  {level}  依据 clause: {}", mark(r), r.clause);
    }
    let _ = writeln!(out, "* 当日有效 in force on the date");
    out
}

/// A small table, Chinese and English.
fn table(args: &AqiArgs, rules: &AqiRules, given: &Concentrations<f64>, report: &AqiReport) -> String {
    let mut out = String::new();
    let kind = if args.hourly { "实时报 hourly" } else { "日报 daily" };
    let _ = writeln!(out, "{}  {}  {kind}", report.standard, args.date);
    for p in Pollutant::ALL {
        let value = given.get(p).map_or("-".to_owned(), f64::to_string);
        let iaqi = report.iaqi.get(&p).map_or("-".to_owned(), u16::to_string);
        let unit = if given.get(p).is_some() { p.unit() } else { "" };
        let _ = writeln!(out, "  {:<6} {value:>8} {unit:<7} IAQI {iaqi:>4}", p.name());
    }
    match (report.aqi, report.level.and_then(|l| rules.level(l))) {
        (Some(aqi), Some(level)) => {
            let _ = writeln!(
                out,
                "AQI {aqi}  {}级 {} ({}, {} {})",
                level.level, level.name_zh, level.name_en, level.colour_zh, level.colour_en
            );
        }
        _ => {
            let _ = writeln!(
                out,
                "AQI NA  缺项且不超过100，不得发布 (a pollutant is missing and the rest stay at or below 100)"
            );
        }
    }
    if !report.primary.is_empty() {
        let names: Vec<_> = report.primary.iter().map(|p| p.name()).collect();
        let _ = writeln!(out, "首要污染物 primary pollutant: {}", names.join(", "));
    }
    let _ = writeln!(out, "依据 clause: {}", report.clause);
    out
}
