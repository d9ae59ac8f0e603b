//! `hazecast emis`: inventories to hourly emissions on the model grid; the doctor; totals; maps.

mod build;
mod check;
mod plot;
mod report;

pub use check::{findings, lines, note_line};

use super::language::Language;
use crate::calendar::{beijing_local, end_of_beijing_hour};
use crate::domain::county::CountyWeights;
use crate::domain::grid::Grid;
use crate::domain::source::Source;
use crate::error::{Error, Result};
use crate::input::emission_reference_csv::ReferenceTotal;
use crate::setup::Setup;
use crate::setup::library::Library;
use crate::simulation::emission_placement::Placement;
use crate::simulation::emission_totals::{CountySectorTotal, CountyShares, totals};
use chrono::{DateTime, NaiveDate, Utc};

const EXAMPLES: &str = "\
Examples:
  hazecast emis check --config night.toml
  hazecast emis report --config night.toml --date 2026-01-15
  hazecast emis build --config night.toml --output emissions.nc
  hazecast emis plot --config night.toml --pollutant nox --sector traffic --output nox.svg

Exit code 0: done, without findings; 5: the doctor has findings; 3: a file is missing or refused.";

/// Emissions: inventories and plants to hourly fields, checks, totals and maps.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct EmisArgs {
    #[command(subcommand)]
    command: EmisCommand,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum EmisCommand {
    /// Writes hourly emissions on the model grid as CF NetCDF
    Build(build::BuildArgs),
    /// The doctor: units, double counting, places, parts, totals against references; each finding with a number, a place and a remedy
    Check(check::CheckArgs),
    /// Totals per county and sector, beside the reference
    Report(report::ReportArgs),
    /// A map of a pollutant, of one sector or of all
    Plot(plot::PlotArgs),
}

impl EmisArgs {
    /// Whether stdout is to hold JSON.
    pub fn json(&self) -> bool {
        match &self.command {
            EmisCommand::Build(a) => a.json,
            EmisCommand::Check(a) => a.json,
            EmisCommand::Report(a) => a.json,
            EmisCommand::Plot(a) => a.json,
        }
    }
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// `Missing`, `Format` or `Invalid` for files that are absent, refused or wrong; `Io` for an output that cannot be written.
pub fn run(args: &EmisArgs, language: Language) -> Result<u8> {
    match &args.command {
        EmisCommand::Build(args) => build::run(args, language),
        EmisCommand::Check(args) => check::run(args, language),
        EmisCommand::Report(args) => report::run(args, language),
        EmisCommand::Plot(args) => plot::run(args, language),
    }
}

/// The day asked for, or today in Beijing.
fn day(asked: Option<NaiveDate>) -> NaiveDate {
    asked.unwrap_or_else(|| beijing_local(Utc::now()).date())
}

/// The end of a day, to which its fires are known.
fn end_of_day(day: NaiveDate) -> DateTime<Utc> {
    end_of_beijing_hour(day, 24)
}

/// Where sources emit on a grid, and their totals.
fn placed(
    setup: &Setup,
    sources: &[Source],
    (grid, weights): (&Grid, &[CountyWeights]),
    day: NaiveDate,
) -> (Placement, Vec<CountySectorTotal>) {
    let (placement, _) = Placement::new(&setup.emission, sources, weights, grid);
    let shares = CountyShares::new(&setup.region.counties, weights, &grid.horizontal);
    let totals = totals(sources, &placement, &shares, &setup.emission, day);
    (placement, totals)
}

/// Reference totals of the region.
fn reference(setup: &Setup) -> Result<Vec<ReferenceTotal>> {
    Library::new(setup.config.overrides.as_deref()).emission_reference(&setup.config.region)
}

/// A date as on the command line.
fn parse_date(text: &str) -> std::result::Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| "expected a date such as 2026-01-15".into())
}

/// An error about an argument.
fn wrong(argument: &str, found: impl Into<String>, expected: impl Into<String>) -> Error {
    Error::invalid("the command line", argument, found, expected)
}
