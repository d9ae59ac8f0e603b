//! `hazecast check`: reads every input, reports problems, changes nothing.

use super::language::Language;
use super::{emis, output};
use crate::calendar::parse_cycle;
use crate::consultation::InputFile;
use crate::error::{Rejection, Result};
use crate::input::isolation::{Confinement, Isolation};
use crate::input::outside_file;
use crate::nightly::inputs;
use crate::setup::Setup;
use crate::simulation::emission_doctor::Finding;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  hazecast check --config night.toml
  hazecast check --config night.toml --json

Exit code 0: a night can run; 5: it can, but degraded; 3: a required input is missing or refused.";

/// Reads every input of a night and reports problems; changes nothing.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// Configuration of the night
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Cycle (UTC) to check for
    #[arg(long, value_name = "YYYY-MM-DDTHHZ", value_parser = |t: &str| parse_cycle(t).ok_or("expected a cycle such as 2026-01-15T12Z"))]
    pub cycle: Option<DateTime<Utc>>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Report {
    cycle: DateTime<Utc>,
    /// How far the kernel keeps the processes that read outside files to their file.
    confinement: Confinement,
    grid: String,
    meteorology_times: usize,
    meteorology_first: DateTime<Utc>,
    meteorology_last: DateTime<Utc>,
    sources: usize,
    observations: usize,
    degraded: Vec<String>,
    /// What the doctor of inventories finds; no reason not to run.
    emissions: Vec<Finding>,
    rejections: Vec<Rejection>,
    files: Vec<InputFile>,
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// The first required input that is missing or refused.
pub fn run(args: &CheckArgs, language: Language) -> Result<u8> {
    let setup = Setup::load(&args.config)?;
    let read = inputs::read(&setup, args.cycle)?;
    let domain = setup.domain(&read.meteorology, read.cycle)?;
    let emissions = emis::findings(&setup, (&read.sources, &read.inventories), &domain.grid, &domain.weights)?;
    let report = Report {
        emissions,
        cycle: read.cycle,
        confinement: Isolation::of_this_program().map_or(Ok(Confinement::None), |i| outside_file::confinement(&i))?,
        grid: domain.grid.name.clone(),
        meteorology_times: read.meteorology.len(),
        meteorology_first: read.meteorology[0].valid_time,
        meteorology_last: read.meteorology[read.meteorology.len() - 1].valid_time,
        sources: read.sources.len(),
        observations: read.observations.len(),
        degraded: read.degraded,
        rejections: read.rejections,
        files: read.files,
    };
    if args.json {
        output::print_json(&report)?
    } else {
        output::print(&text(&report, language))?
    }
    Ok(if report.degraded.is_empty() { 0 } else { super::DEGRADED })
}

fn text(report: &Report, language: Language) -> String {
    let mut out = String::new();
    for f in &report.files {
        let _ = writeln!(out, "{:14} {:>12} B  {}  {}", f.role, f.bytes, &f.sha256[..12], f.name);
    }
    let _ = writeln!(
        out,
        "{}: {}  {}: {} ({} .. {})  {}: {}  {}: {}",
        language.pick("起报", "cycle"),
        report.cycle.format("%Y-%m-%dT%HZ"),
        language.pick("气象时次", "meteorology times"),
        report.meteorology_times,
        report.meteorology_first.format("%Y-%m-%dT%HZ"),
        report.meteorology_last.format("%Y-%m-%dT%HZ"),
        language.pick("排放源", "sources"),
        report.sources,
        language.pick("观测值", "observed values"),
        report.observations,
    );
    let (zh, en) = report.confinement.words();
    let _ = writeln!(out, "{}", language.pick(zh, en));
    for r in report.rejections.iter().filter(|r| r.by_design) {
        let _ = writeln!(out, "{}", emis::note_line(r, language));
    }
    let refused: Vec<&Rejection> = report.rejections.iter().filter(|r| !r.by_design).collect();
    for r in &refused {
        let _ = writeln!(out, "{}", output::rejection(r, language));
    }
    for d in &report.degraded {
        let _ = writeln!(out, "{}: {}", language.pick("降级", "degraded"), language.say(d));
    }
    out.push_str(&emis::lines(&report.emissions, language));
    let problems = refused.len() + report.degraded.len() + report.emissions.len();
    let _ = write!(out, "{}: {problems}", language.pick("问题数", "problems"));
    out
}
