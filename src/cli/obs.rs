//! `hazecast obs check`: quality control of files of hourly observations. It prints flags; nothing is changed.

use super::language::Language;
use super::output;
use crate::assimilation::quality::{check, rules::QualityRules};
use crate::calendar::beijing_local;
use crate::domain::network::NetworkHours;
use crate::domain::pollutant::Pollutant;
use crate::domain::quality::{Fault, Flag, QualityReport, Verdict};
use crate::error::{Error, Rejection, Result};
use crate::input::{hourly_files, stations_csv};
use crate::setup::library::Library;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  hazecast obs check china_sites_20230120.csv china_sites_20230121.csv --stations stations.csv
  hazecast obs check china_sites_20230120.csv --json

Exit code 0: every file was read; 3: a file is missing or refused.";

/// Observations of the monitoring network.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ObsArgs {
    #[command(subcommand)]
    command: ObsCommand,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum ObsCommand {
    /// Flags values that look wrong: range, stuck, spike, 24-h calibration, neighbours, PM10 < PM2.5, isolated; changes nothing
    Check(CheckArgs),
}

#[derive(Debug, Clone, clap::Args)]
struct CheckArgs {
    /// Hourly files: national (date,hour,type,1001A,...) or one per station (year,month,day,hour,PM2.5,...,station)
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Positions of stations (ID,...,lon,lat); without, neighbours are sought among neighbouring codes
    #[arg(long, value_name = "FILE")]
    stations: Option<PathBuf>,
    /// Folder whose models/ replace built-in files
    #[arg(long, value_name = "DIR")]
    overrides: Option<PathBuf>,
    /// Print one JSON document, with every flag
    #[arg(long)]
    json: bool,
}

/// Rejected values and stations that the text lists; the JSON document lists all.
const LISTED: usize = 40;

/// What was flagged at one station.
#[derive(Serialize)]
struct StationCount {
    station: String,
    values: usize,
    missing: usize,
    /// Longest run of hours without a value of a pollutant that the station reports.
    longest_gap_h: usize,
    suspect: usize,
    rejected: usize,
    by_fault: BTreeMap<Fault, usize>,
}

#[derive(Serialize)]
struct Report {
    report: QualityReport,
    stations: Vec<StationCount>,
    flags: Vec<Flag>,
    /// What the readers refused.
    refused: Vec<Rejection>,
}

impl ObsArgs {
    /// Whether stdout is to hold JSON.
    pub fn json(&self) -> bool {
        let ObsCommand::Check(args) = &self.command;
        args.json
    }
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// `Missing` or `Format` for a file that is absent or of another layout.
pub fn run(args: &ObsArgs, language: Language) -> Result<u8> {
    let ObsCommand::Check(args) = &args.command;
    let mut library = Library::new(args.overrides.as_deref());
    library.check_overrides()?;
    let rules = library.read("models/quality.toml", QualityRules::from_toml)?;
    let (mut observations, mut refused) = (Vec::new(), Vec::new());
    let mut places = BTreeMap::new();
    if let Some(path) = &args.stations {
        let read = stations_csv::read(path)?;
        refused.extend(read.rejections);
        places.extend(read.items.into_iter().map(|s| (s.code, s.place)));
    }
    for path in &args.files {
        let read = hourly_files::read(path)?;
        observations.extend(read.items);
        refused.extend(read.rejections);
    }
    let network = NetworkHours::of(&observations)
        .ok_or_else(|| Error::missing("observed values", &args.files[0], "Give files with at least one value"))?;
    let flags = check(&network, &|code| places.get(code).copied(), &rules);
    let stations = (0..network.stations().len()).map(|s| count(&network, s, &flags)).collect();
    let report = Report { report: QualityReport::new(network.count(), &flags), stations, flags, refused };
    if args.json {
        output::print_json(&report)?;
    } else {
        output::print(text(&report, language).trim_end())?;
    }
    Ok(0)
}

fn count(network: &NetworkHours, station: usize, flags: &[Flag]) -> StationCount {
    let code = &network.stations()[station];
    let (mut values, mut missing, mut longest) = (0, 0, 0);
    for pollutant in Pollutant::ALL {
        let there: Vec<bool> = (0..network.hours()).map(|h| network.get(pollutant, station, h).is_some()).collect();
        let n = there.iter().filter(|t| **t).count();
        if n == 0 {
            continue;
        }
        values += n;
        missing += there.len() - n;
        longest = there.split(|t| *t).map(<[bool]>::len).fold(longest, usize::max);
    }
    // flags are in the order of the stations
    let from = flags.partition_point(|f| f.station < *code);
    let mine = flags[from..].iter().take_while(|f| f.station == *code);
    let mut worst = BTreeMap::new();
    let mut by_fault = BTreeMap::new();
    for f in mine {
        let verdict = worst.entry((f.end, f.pollutant)).or_insert(f.verdict);
        *verdict = (*verdict).max(f.verdict);
        *by_fault.entry(f.fault).or_insert(0) += 1;
    }
    let rejected = worst.values().filter(|v| **v == Verdict::Rejected).count();
    let suspect = worst.len() - rejected;
    StationCount { station: code.clone(), values, missing, longest_gap_h: longest, suspect, rejected, by_fault }
}

fn text(report: &Report, language: Language) -> String {
    let mut out = String::new();
    let r = &report.report;
    let share = |n: usize| 100.0 * n as f64 / r.values.max(1) as f64;
    let _ = writeln!(
        out,
        "{} {}  {} {} ({:.2} %)  {} {} ({:.2} %)",
        language.pick("值", "values"),
        r.values,
        language.pick("存疑", "suspect"),
        r.suspect,
        share(r.suspect),
        language.pick("剔除", "rejected"),
        r.rejected,
        share(r.rejected)
    );
    for f in &r.faults {
        let name = language.pick(f.fault.zh(), f.fault.en());
        let (suspect, rejected) = (language.pick("存疑", "suspect"), language.pick("剔除", "rejected"));
        let _ = writeln!(out, "  {name:<20} {suspect} {:>7}  {rejected} {:>7}", f.suspect, f.rejected);
    }
    let mut worst: Vec<&StationCount> = report.stations.iter().filter(|s| s.rejected > 0).collect();
    worst.sort_by(|a, b| b.rejected.cmp(&a.rejected).then_with(|| a.station.cmp(&b.station)));
    for s in worst.iter().take(LISTED) {
        let by: Vec<String> =
            s.by_fault.iter().map(|(f, n)| format!("{} {n}", language.pick(f.zh(), f.en()))).collect();
        let _ = writeln!(
            out,
            "{:<10} {} {:>5}  {} {:>5}  {} {:>5}  {} {:>4} h  {}",
            s.station,
            language.pick("剔除", "rejected"),
            s.rejected,
            language.pick("存疑", "suspect"),
            s.suspect,
            language.pick("缺测", "missing"),
            s.missing,
            language.pick("最长缺测", "longest gap"),
            s.longest_gap_h,
            by.join(", ")
        );
    }
    more(&mut out, worst.len(), language);
    for f in r.rejections.iter().take(LISTED) {
        let _ = writeln!(
            out,
            "{} {} {} {} {}: {}",
            beijing_local(f.end).format("%Y-%m-%d %H:%M"),
            f.station,
            f.pollutant.name(),
            f.value,
            f.pollutant.unit(),
            language.pick(f.fault.zh(), f.fault.en())
        );
    }
    more(&mut out, r.rejected, language);
    for x in report.refused.iter().take(LISTED) {
        let _ = writeln!(out, "{}", output::rejection(x, language));
    }
    more(&mut out, report.refused.len(), language);
    out
}

/// Says how many lines a list leaves out.
fn more(out: &mut String, of: usize, language: Language) {
    if of > LISTED {
        let _ = writeln!(out, "... {} {}", of - LISTED, language.pick("条未列出，见 --json", "more: see --json"));
    }
}
