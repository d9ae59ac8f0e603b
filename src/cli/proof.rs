//! `hazecast proof`: runs a proof and prints its figures and thresholds.

use super::language::Language;
use super::output;
use crate::error::{Error, Result};
use crate::proof::{Figure, Line, Listener, Material, Outcome, PROOFS, Threshold};
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  hazecast proof list
  hazecast proof aqi-official --input china_sites_20230120.csv china_sites_20230121.csv
  hazecast proof aqi-official --input china_sites_20230120.csv --json
  hazecast proof skill-stations --dir stations --train-to 2015-02-28 --test-from 2015-03-01 --weather perfect
  hazecast proof skill-next-day --input daily.csv --city 延边州 --from 2015-07-01

Exit code 0: every threshold is reached; 1: one is not; 2, 3: the proof could not be run.";

/// Exit code of a proof that does not reach its thresholds.
const NOT_PASSED: u8 = 1;

/// Runs a proof: figures with their thresholds, from the same code that the tests call.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ProofArgs {
    /// Name of a proof, or `list`, which also says which parameters each proof has
    #[arg(value_name = "NAME")]
    name: String,
    /// Files for the proof
    #[arg(long, value_name = "FILE", num_args = 1..)]
    input: Vec<PathBuf>,
    /// Positions of stations
    #[arg(long, value_name = "FILE")]
    stations: Option<PathBuf>,
    /// Folder whose seeds/ and models/ replace built-in files
    #[arg(long, value_name = "DIR")]
    overrides: Option<PathBuf>,
    /// Resolutions, for example 64,128,256
    #[arg(long, value_name = "N,N,...", value_delimiter = ',')]
    n: Vec<usize>,
    /// Which case of the proof
    #[arg(long, value_name = "CASE")]
    case: Option<String>,
    /// Which scheme
    #[arg(long, value_name = "SCHEME")]
    scheme: Option<String>,
    /// File for a drawing, or folder for tables
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Folder of files for the proof
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// A city of the file
    #[arg(long, value_name = "NAME")]
    city: Option<String>,
    /// Which weather is known ahead
    #[arg(long, value_name = "WEATHER")]
    weather: Option<String>,
    /// Last day of the training time
    #[arg(long, value_name = "DATE")]
    train_to: Option<NaiveDate>,
    /// First day of the test time
    #[arg(long, value_name = "DATE")]
    test_from: Option<NaiveDate>,
    /// Last day of the test time
    #[arg(long, value_name = "DATE")]
    test_to: Option<NaiveDate>,
    /// First day that is forecast
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// Last day that is forecast
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    zh: &'static str,
    en: &'static str,
    /// Flag -> what it takes.
    parameters: BTreeMap<&'static str, &'static str>,
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// `Invalid` for an unknown name, or a parameter that the proof does not have; what the proof finds in its input.
pub fn run(args: &ProofArgs, language: Language) -> Result<u8> {
    let progress = |line: &Line| output::note(language.pick(&line.zh, &line.en));
    let material = Material {
        input: &args.input,
        stations: args.stations.as_deref(),
        overrides: args.overrides.as_deref(),
        n: &args.n,
        case: args.case.as_deref(),
        scheme: args.scheme.as_deref(),
        out: args.out.as_deref(),
        dir: args.dir.as_deref(),
        city: args.city.as_deref(),
        weather: args.weather.as_deref(),
        train_to: args.train_to,
        test_from: args.test_from,
        test_to: args.test_to,
        from: args.from,
        to: args.to,
        listener: Some(Listener(&progress)),
    };
    if args.name == "list" {
        return list(args.json, language);
    }
    let Some(proof) = PROOFS.iter().find(|p| p.name == args.name) else {
        let known: Vec<&str> = PROOFS.iter().map(|p| p.name).collect();
        let expected = format!("list or one of {}", known.join(", "));
        return Err(Error::invalid("command line", "NAME", &args.name, expected));
    };
    let outcome = proof.prove(&material)?;
    if args.json {
        output::print_json(&outcome)?
    } else {
        output::print(text(&outcome, language).trim_end())?
    }
    Ok(if outcome.passed { 0 } else { NOT_PASSED })
}

fn list(json: bool, language: Language) -> Result<u8> {
    let listed = PROOFS.iter().map(|p| Listed {
        name: p.name,
        zh: p.zh,
        en: p.en,
        parameters: p.takes.iter().map(|(parameter, takes)| (parameter.flag(), *takes)).collect(),
    });
    if json {
        output::print_json(&listed.collect::<Vec<_>>())?;
        return Ok(0);
    }
    let mut out = String::new();
    for p in listed {
        let _ = writeln!(out, "{:<16} {}", p.name, language.pick(p.zh, p.en));
        for (flag, takes) in p.parameters {
            let _ = writeln!(out, "{:<16} {flag}: {takes}", "");
        }
    }
    output::print(out.trim_end())?;
    Ok(0)
}

/// The lines, a table of the figures, and the verdict.
fn text(outcome: &Outcome, language: Language) -> String {
    let mut out = String::new();
    for line in &outcome.lines {
        let _ = writeln!(out, "{}", language.pick(&line.zh, &line.en));
    }
    let verdict = |passed: bool| {
        if passed { language.pick("通过", "passed") } else { language.pick("未通过", "not passed") }
    };
    let width = outcome.figures.iter().map(|f| f.name.len()).max().unwrap_or(0);
    for f in &outcome.figures {
        let _ = writeln!(
            out,
            "{:<width$}  {:>12} {:<8} ({} {}): {}",
            f.name,
            number(f.value),
            f.unit,
            language.pick("阈值", "threshold"),
            threshold(f),
            verdict(f.passed)
        );
    }
    let _ = writeln!(out, "{}: {}", outcome.proof, verdict(outcome.passed));
    out
}

fn threshold(figure: &Figure) -> String {
    match figure.threshold {
        Threshold::AtLeast(limit) => format!(">= {}", number(limit)),
        Threshold::AtMost(limit) => format!("<= {}", number(limit)),
    }
}

/// Five significant digits at most; a power of ten only where it reads better.
fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-3..1e6).contains(&size) {
        let rounded: f64 = format!("{value:.4e}").parse().unwrap_or(value);
        return rounded.to_string();
    }
    format!("{value:.2e}")
}
