//! `hazecast whatif`: the published forecast with other cuts.

use super::language::Language;
use super::output;
use crate::calendar::parse_cycle;
use crate::domain::scenario::{Scenario, ScenarioCut};
use crate::error::{Error, Result};
use crate::input::scenario_file;
use crate::nightly::whatif::{WhatIf, WhatIfReport, what_if};
use crate::setup::Setup;
use chrono::{DateTime, Utc};
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  hazecast whatif --config night.toml --cut \"sector=traffic county=222401 50%\" --cut \"sector=industry pollutant=pm 30%\"
  hazecast whatif --config night.toml --scenario trend.toml
  hazecast whatif --config night.toml --scenario \"odd-even: sector=traffic hours=7-20 45%\" --scenario \"all: 20%\" --json

A cut names sector=, county=, pollutant= (so2, nox, co, nh3, voc, pm; lists with commas), hours=FIRST-LAST (Beijing, hour-ending) and a
share taken away; what is not named is not restricted. Cuts of a scenario are separated by `;`. Up to 6 scenarios are compared. A file has the same
fields as TOML (name, [[cut]]) or CSV (a cut a row), and `from`, `to` for each cut; a negative share is growth. Each is a full run on the inputs of the published run.";

/// Compares cuts with the published forecast by full runs.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct WhatIfArgs {
    /// Configuration of the night
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Published run; default: the latest
    #[arg(long, alias = "record", value_name = "YYYYMMDDHH")]
    pub run: Option<String>,
    /// A cut; several together are one scenario
    #[arg(long, value_name = "CUT", value_parser = |t: &str| t.parse::<ScenarioCut>(), required_unless_present = "scenario")]
    pub cut: Vec<ScenarioCut>,
    /// A scenario: NAME: CUT; CUT ..., or a file of one (.toml, .csv)
    #[arg(long, value_name = "SCENARIO|FILE", value_parser = scenario)]
    pub scenario: Vec<Asked>,
    /// Begin of the cuts (UTC); default: the order
    #[arg(long, value_name = "YYYY-MM-DDTHHZ", value_parser = time)]
    pub from: Option<DateTime<Utc>>,
    /// End of the cuts (UTC); default: the end of the forecast
    #[arg(long, value_name = "YYYY-MM-DDTHHZ", value_parser = time)]
    pub to: Option<DateTime<Utc>>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

fn time(text: &str) -> std::result::Result<DateTime<Utc>, String> {
    parse_cycle(text).ok_or_else(|| "expected a time such as 2026-01-16T00Z".into())
}

/// A scenario as it is asked for.
#[derive(Debug, Clone)]
pub enum Asked {
    /// In words.
    Named(Scenario),
    /// As a file.
    File(PathBuf),
}

fn scenario(text: &str) -> std::result::Result<Asked, String> {
    let path = Path::new(text);
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml") || e.eq_ignore_ascii_case("csv")) {
        return Ok(Asked::File(path.to_path_buf()));
    }
    let (name, cuts) =
        text.split_once(':').ok_or("expected `NAME: CUT; CUT`, or a file that ends with .toml or .csv")?;
    let cuts = cuts.split(';').map(str::parse).collect::<std::result::Result<_, _>>()?;
    Ok(Asked::Named(Scenario { name: name.trim().to_owned(), cuts }))
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// As [`what_if`].
pub fn run(args: &WhatIfArgs, language: Language) -> Result<u8> {
    let setup = Setup::load(&args.config)?;
    let counties: Vec<u32> = setup.region.counties.iter().map(|c| c.adcode).collect();
    let asked = args.scenario.iter().map(|asked| match asked {
        Asked::Named(scenario) => Ok(scenario.clone()),
        Asked::File(path) => scenario_file::read(path, &counties),
    });
    let mut scenarios = asked.collect::<Result<Vec<_>>>()?;
    if !args.cut.is_empty() {
        let name = language.pick("情景", "scenario").to_owned();
        scenarios.insert(0, Scenario { name, cuts: args.cut.clone() });
    }
    let of = scenarios.len();
    let asked = WhatIf { run: args.run.clone(), from: args.from, to: args.to, scenarios };
    let visible = std::io::stderr().is_terminal();
    let go_on = |scenario: usize, done: u32, hours: u32| {
        if visible && (done == hours || done.is_multiple_of(12)) {
            output::note(&format!("{} {}/{of}: {done}/{hours} h", language.pick("情景", "scenario"), scenario + 1));
        }
        true
    };
    let report = what_if(&setup, &asked, &go_on)?;
    let report = report.ok_or_else(|| Error::invalid("the what-if", "run", "given up", "run to its end"))?;
    if args.json {
        output::print_json(&report)?;
    } else {
        output::print(text(&report, language).trim_end())?;
    }
    Ok(0)
}

fn text(report: &WhatIfReport, language: Language) -> String {
    let level = |l: crate::warning::WarningLevel| language.pick(l.zh(), l.en());
    let mut out = format!(
        "{} {}: {}\n",
        language.pick("已发布预报", "published forecast"),
        report.run,
        level(report.level_before)
    );
    for s in &report.scenarios {
        let (avoided, after) = (&s.avoided_t, level(s.level_after));
        let _ = writeln!(
            out,
            "\n{}: {after}; {} {}; SO2 {:.2}, NOx {:.2}, PM2.5 {:.2}, VOC {:.2} t; {} {:.1} ug/m3",
            s.scenario.name,
            s.sources,
            language.pick("个源减排", "sources emit less"),
            avoided.so2,
            avoided.nox,
            avoided.pm25,
            avoided.nmvoc,
            language.pick("PM2.5日均最大降幅", "largest fall of a day mean of PM2.5"),
            s.largest_fall_ug_m3
        );
        for c in &s.counties {
            let _ = write!(out, "  {}", language.pick(&c.name_zh, &c.name_en));
            for d in &c.days {
                let _ = write!(
                    out,
                    "  {} {:.1} -> {:.1} (AQI {} -> {})",
                    d.beijing_day.format("%m-%d"),
                    d.pm25_before_ug_m3,
                    d.pm25_after_ug_m3,
                    aqi(d.aqi_before),
                    aqi(d.aqi_after)
                );
            }
            let _ = writeln!(out);
        }
    }
    out
}

fn aqi(value: Option<u16>) -> String {
    value.map_or_else(|| "-".into(), |v| v.to_string())
}
