//! `hazecast night`: one night, from files to a published record.

use super::language::Language;
use super::{DEGRADED, output, progress::NightProgress, summary};
use crate::calendar::parse_cycle;
use crate::consultation::{ConsultationRecord, Status};
use crate::error::Result;
use crate::nightly::{Night, night};
use crate::setup::Setup;
use chrono::{DateTime, Utc};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  hazecast night --config night.toml
  hazecast night --config night.toml --cycle 2026-01-15T12Z --json

Started again after a kill, it goes on behind the last finished stage or checkpoint. With the same inputs it changes nothing.";

/// Runs one night: forecast, warning, list, certificate, record.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct NightArgs {
    /// Configuration of the night
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Cycle (UTC); default: the latest that the meteorology allows
    #[arg(long, value_name = "YYYY-MM-DDTHHZ", value_parser = cycle)]
    pub cycle: Option<DateTime<Utc>>,
    /// Print the consultation record as one JSON document
    #[arg(long)]
    pub json: bool,
}

fn cycle(text: &str) -> std::result::Result<DateTime<Utc>, String> {
    parse_cycle(text).ok_or_else(|| "expected a cycle such as 2026-01-15T12Z".into())
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// As [`night`].
pub fn run(args: &NightArgs, language: Language) -> Result<u8> {
    let setup = Setup::load(&args.config)?;
    let record = one_night(&setup, args.cycle, language)?;
    show(&record, args.json, language)
}

/// Runs a night with progress on the terminal.
///
/// # Errors
/// As [`night`].
pub fn one_night(setup: &Setup, cycle: Option<DateTime<Utc>>, language: Language) -> Result<Box<ConsultationRecord>> {
    let progress = NightProgress::new(language);
    match night(setup, cycle, &|event| progress.note(event))? {
        Night::Published(record) => Ok(record),
        Night::Unchanged(record) => {
            output::note(
                language.pick("输入未变，已有记录保持不变", "same inputs as before: the published record stays"),
            );
            Ok(record)
        }
    }
}

/// Prints the record for people or for programs; returns the exit code.
///
/// # Errors
/// `Io` when stdout does not take it.
pub fn show(record: &ConsultationRecord, json: bool, language: Language) -> Result<u8> {
    if json {
        output::print_json(record)?;
    } else {
        output::print(&summary::text(record, language))?;
    }
    Ok(if record.status == Status::Degraded { DEGRADED } else { 0 })
}
