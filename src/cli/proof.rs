//! `hazecast proof`: runs a proof and prints its figure and threshold.

use super::language::Language;
use super::output;
use crate::error::{Error, Result};
use crate::proof::{Material, Outcome, PROOFS};
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  hazecast proof list
  hazecast proof aqi-official --input china_sites_20230120.csv china_sites_20230121.csv
  hazecast proof aqi-official --input china_sites_20230120.csv --json

Exit code 0: the threshold is reached; 1: it is not; 2, 3: the proof could not be run.";

/// Exit code of a proof that does not reach its threshold.
const NOT_PASSED: u8 = 1;

/// Runs a proof: a figure with its threshold, from the same code that the tests call.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ProofArgs {
    /// Name of a proof, or `list`
    #[arg(value_name = "NAME")]
    name: String,
    /// Files for the proof
    #[arg(long, value_name = "FILE", num_args = 1..)]
    input: Vec<PathBuf>,
    /// Folder whose seeds/ and models/ replace built-in files
    #[arg(long, value_name = "DIR")]
    overrides: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    zh: &'static str,
    en: &'static str,
    input: Option<&'static str>,
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// `Invalid` for an unknown name; what the proof finds in its input.
pub fn run(args: &ProofArgs, language: Language) -> Result<u8> {
    if args.name == "list" {
        return list(args.json, language);
    }
    let Some(proof) = PROOFS.iter().find(|p| p.name == args.name) else {
        let known: Vec<&str> = PROOFS.iter().map(|p| p.name).collect();
        let expected = format!("list or one of {}", known.join(", "));
        return Err(Error::invalid("command line", "NAME", &args.name, expected));
    };
    let outcome = (proof.run)(&Material { input: &args.input, overrides: args.overrides.as_deref() })?;
    if args.json {
        output::print_json(&outcome)?
    } else {
        output::print(text(&outcome, language).trim_end())?
    }
    Ok(if outcome.passed { 0 } else { NOT_PASSED })
}

fn list(json: bool, language: Language) -> Result<u8> {
    let listed = PROOFS.iter().map(|p| Listed { name: p.name, zh: p.zh, en: p.en, input: p.input });
    if json {
        output::print_json(&listed.collect::<Vec<_>>())?;
        return Ok(0);
    }
    let mut out = String::new();
    for p in listed {
        let _ = writeln!(out, "{:<16} {}", p.name, language.pick(p.zh, p.en));
        if let Some(input) = p.input {
            let _ = writeln!(out, "{:<16} --input: {input}", "");
        }
    }
    output::print(out.trim_end())?;
    Ok(0)
}

fn text(outcome: &Outcome, language: Language) -> String {
    let mut out = String::new();
    for line in &outcome.lines {
        let _ = writeln!(out, "{}", language.pick(&line.zh, &line.en));
    }
    let verdict =
        if outcome.passed { language.pick("通过", "passed") } else { language.pick("未通过", "not passed") };
    let _ = writeln!(
        out,
        "{}: {} {} ({} {} {}): {verdict}",
        outcome.proof,
        outcome.figure,
        outcome.unit,
        language.pick("阈值", "threshold"),
        outcome.at_least,
        outcome.unit
    );
    out
}
