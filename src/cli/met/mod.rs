//! `hazecast met`: what meteorology files hold, drawn and written out. Nothing is changed.

mod dump;
mod grid;
mod info;
mod plot;
mod quantities;
mod show;

use super::language::Language;
use crate::error::{Error, Result};
use crate::input::isolation::{self, Isolation};
use crate::input::met_contents::{Contents, RawField};
use crate::input::meteorology;
use crate::input::outside_file::{AskedField, MeteorologyList, RawFields};
use chrono::{DateTime, NaiveDateTime, Utc};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  hazecast met info wrfout_d01_2026-01-15_00:00:00
  hazecast met info gfs.t12z.pgrb2.0p25.f024 --json
  hazecast met plot wrfout_d01_2026-01-15_00:00:00 --var temperature --level 50m -o map.png
  hazecast met plot gfs.t12z.pgrb2.0p25.f024 --var t:isobaric --level 850hPa -o map.svg
  hazecast met grid gfs.t12z.pgrb2.0p25.f* --grid yanbian-9km
  hazecast met plot wrfout_d01_2026-01-15_00:00:00 --var wind_speed --section 128.5,42.5,130.5,43.5 -o section.png

Names of the model's quantities (any readable driver): altitude pressure temperature potential_temperature specific_humidity
relative_humidity wind_east wind_north wind_speed cloud_water terrain surface_pressure temperature_2m wind_10m_east wind_10m_north
wind_10m_speed precipitation mixing_height friction_velocity sensible_heat_flux shortwave snow land. Other names are variables of the file,
as `met info` lists them.

Exit code 0: the file was read, whether or not it can drive the model; 3: it is missing or refused.";

/// Meteorology files: what they hold, as pictures, as numbers.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct MetArgs {
    #[command(subcommand)]
    command: MetCommand,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum MetCommand {
    /// Lists grid, levels, times, variables with ranges and units, and what the model would miss
    Info(info::InfoArgs),
    /// Draws a field on a map with county outlines, or a vertical section, as SVG or PNG
    Plot(plot::PlotArgs),
    /// Brings files to a model grid, as a night does, and tells how long it takes
    Grid(grid::GridArgs),
    /// Writes decoded fields as 32-bit numbers with an index, for other programs
    Dump(dump::DumpArgs),
}

impl MetArgs {
    /// Whether stdout is to hold JSON.
    pub fn json(&self) -> bool {
        match &self.command {
            MetCommand::Info(a) => a.json,
            MetCommand::Plot(a) => a.json,
            MetCommand::Grid(a) => a.json,
            MetCommand::Dump(_) => true,
        }
    }
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// `Missing` or `Format` for a file or field that is absent or unreadable, `Io` where a picture cannot be written.
pub fn run(args: &MetArgs, language: Language) -> Result<u8> {
    match &args.command {
        MetCommand::Info(a) => info::run(a, language),
        MetCommand::Plot(a) => plot::run(a, language),
        MetCommand::Grid(a) => grid::run(a, language),
        MetCommand::Dump(a) => dump::run(a),
    }
}

/// A file as the model reads it.
fn as_driver(path: &Path) -> Result<Vec<crate::domain::met_field::MetField>> {
    meteorology::read(&[PathBuf::from(path)], None, Isolation::of_this_program().as_ref())
}

/// A time as people write it: `2026-01-15T12Z`, `2026-01-15T12:30`.
fn time(text: &str) -> std::result::Result<DateTime<Utc>, String> {
    let plain = text.trim_end_matches('Z').replace(['_', ' '], "T");
    let padded = if plain.len() == 13 { format!("{plain}:00") } else { plain };
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|f| NaiveDateTime::parse_from_str(&padded, f).ok())
        .map(|t| t.and_utc())
        .ok_or_else(|| format!("`{text}` is no time such as 2026-01-15T12Z"))
}

/// Fields as a file has them: all, or the one that is asked for.
fn raw(path: &Path, asked: Option<AskedField>) -> Result<Vec<RawField>> {
    isolation::read(Isolation::of_this_program().as_ref(), &RawFields { path: path.into(), asked })
}

/// The field that is asked for.
fn raw_field(path: &Path, asked: AskedField) -> Result<RawField> {
    let what = format!("variable {}", asked.0);
    let first = raw(path, Some(asked))?.into_iter().next();
    first.ok_or_else(|| Error::missing(what, path, "See `hazecast met info`"))
}

/// What a file holds.
fn contents(path: &Path, ranges: bool) -> Result<Contents> {
    isolation::read(Isolation::of_this_program().as_ref(), &MeteorologyList { path: path.into(), ranges })
}
