//! `hazecast targets`: the year so far against the yearly targets.

use super::daily_values::DailyArgs;
use super::language::Language;
use super::{DEGRADED, output};
use crate::consultation::InputFile;
use crate::domain::daily::Judged;
use crate::domain::targets::{AreaDays, Progress, TargetRules, TargetsReport};
use crate::error::{Error, Rejection, Result};
use chrono::{Datelike, NaiveDate};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

const EXAMPLES: &str = "\
Examples:
  hazecast targets --daily counties_2026.csv
  hazecast targets --daily 2026_q1.csv 2026_q2.csv --to 2026-06-30 --events events.csv --json
  hazecast targets --hourly china_sites_2026*.csv --year 2026

A place is a county's code, Chinese or English name, or the prefecture's name. Counties without data are unknown, never good.
Progress towards a target is no reason to start or raise a response.

Exit code 0: done; 5: done, but rows or values of the files were refused (listed on stderr, or in the JSON document).";

/// Says how heavy-pollution days, good days and PM2.5 of the year stand against the yearly targets, county by county.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct TargetsArgs {
    #[command(flatten)]
    pub input: DailyArgs,
    /// Year; default: of --to, or of the last day in the files
    #[arg(long)]
    pub year: Option<i32>,
    /// Last day counted; default: the last day of that year in the files
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub to: Option<NaiveDate>,
}

#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    report: TargetsReport,
    rejections: Vec<Rejection>,
    files: Vec<InputFile>,
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// Files or rules missing or refused; no target for the year; `--to` outside `--year`; no day of the region in the year.
pub fn run(args: &TargetsArgs, language: Language) -> Result<u8> {
    let (inputs, rules) = args.input.read(|library| library.read("seeds/targets.toml", TargetRules::from_toml))?;
    let codes: Vec<u32> = inputs.region.counties.iter().map(|c| c.adcode).chain([inputs.region.adcode]).collect();
    let areas: BTreeMap<u32, AreaDays> = inputs
        .places()
        .filter_map(|place| {
            let adcode = place.adcode.filter(|a| codes.contains(a))?;
            Some((adcode, AreaDays { observed: inputs.days(place, Judged::ByItsDate), forecast: Vec::new() }))
        })
        .collect();
    let to = last_day(args, &areas)?;
    let report = rules.report(&inputs.region, to, &areas, &inputs.events, inputs.standards())?;
    let code = if inputs.rejections.is_empty() { 0 } else { DEGRADED };
    if args.input.json {
        output::print_json(&Document { report, rejections: inputs.rejections, files: inputs.files })?;
    } else {
        inputs.note_rejections(language);
        output::print(&text(&report, language))?;
    }
    Ok(code)
}

fn last_day(args: &TargetsArgs, areas: &BTreeMap<u32, AreaDays>) -> Result<NaiveDate> {
    let refuse = |field: &str, found: String, expected: &str| Error::invalid("command line", field, found, expected);
    let within = |day: &NaiveDate| args.year.is_none_or(|year| day.year() == year);
    if let Some(to) = args.to {
        return Some(to).filter(within).ok_or_else(|| refuse("--to", to.to_string(), "a day of --year"));
    }
    let days = areas.values().flat_map(|a| a.observed.iter().filter(|d| d.has_value()).map(|d| d.day));
    days.filter(within).max().ok_or_else(|| {
        let found = "no day of the region in the files".to_owned();
        refuse("--daily", found, "a record of the region or one of its counties in that year")
    })
}

fn text(report: &TargetsReport, language: Language) -> String {
    let mut out = String::new();
    let target = &report.target;
    let verified = if target.verified { "" } else { language.pick("（未核实）", " (not verified)") };
    let _ = writeln!(
        out,
        "{} {}  {} {}",
        language.pick(&report.region_zh, &report.region_en),
        report.year,
        language.pick("截至", "up to"),
        report.to
    );
    let _ = writeln!(out, "{}: {}{verified}", language.pick("目标", "target"), target.clause);
    let _ = writeln!(out, "{}", language.pick(&target.note_zh, &target.note_en));
    for area in &report.areas {
        let _ = writeln!(out, "{}", language.pick(&area.text_zh, &area.text_en));
        if !area.excluded_days.is_empty() {
            let days: Vec<String> = area.excluded_days.iter().map(NaiveDate::to_string).collect();
            let label = language.pick("  不计经认定的例外事件日", "  without the days of certified events");
            let _ = writeln!(out, "{label} ({}): {}", days.join(", "), short(&area.without_events, language));
        }
    }
    let _ = writeln!(out, "{}", language.pick(&report.guard.text_zh, &report.guard.text_en));
    let _ = write!(out, "{}: {}", language.pick("依据", "clause"), report.guard.clause);
    out
}

fn short(progress: &Progress, language: Language) -> String {
    let number = |v: Option<f64>| v.map_or("-".to_owned(), |v| format!("{v:.1}"));
    format!(
        "{} {}, {} {} %, PM2.5 {} ug m-3",
        language.pick("重污染天数", "heavy days"),
        progress.heavy_days.used,
        language.pick("优良率", "good days"),
        number(progress.good_days.percent),
        number(progress.pm25.mean_ug_m3),
    )
}
