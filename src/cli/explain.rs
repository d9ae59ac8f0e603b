//! `hazecast warn explain`: why each area of an archived run has its level, and what would change it.

use super::language::Language;
use super::{archived, explanation, output};
use crate::archive::run_id::RunId;
use crate::consultation::{AreaAccount, ConsultationRecord};
use crate::error::{Error, Result};
use crate::warning::WarningLevel;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  hazecast warn explain --config night.toml
  hazecast warn explain --config night.toml --run 2026011512 --area 222401
  hazecast warn explain --runs /var/lib/hazecast/runs --area 延吉市 --json";

/// Explains the level of the prefecture and of every county that has one.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ExplainArgs {
    /// Configuration of the night, for its folder of runs
    #[arg(long, value_name = "FILE", required_unless_present = "runs", conflicts_with = "runs")]
    pub config: Option<PathBuf>,
    /// Folder of runs
    #[arg(long, value_name = "DIR")]
    pub runs: Option<PathBuf>,
    /// Run; default: the latest
    #[arg(long, value_name = "YYYYMMDDHH", value_parser = archived::run_id)]
    pub run: Option<RunId>,
    /// Code, Chinese or English name of an area; may be given again. Default: the prefecture and every county with a level
    #[arg(long, value_name = "AREA")]
    pub area: Vec<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Explained<'r> {
    run: &'r str,
    cycle: DateTime<Utc>,
    region: &'r str,
    areas: Vec<AreaAccount<'r>>,
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// `Missing` without a run, `Format` when it is damaged, `Invalid` for an area that the run does not have.
pub fn run(args: &ExplainArgs, language: Language) -> Result<u8> {
    let record = archived::record(args.config.as_deref(), args.runs.as_deref(), args.run.as_ref())?;
    let areas = wanted(&record, &args.area)?;
    if args.json {
        output::print_json(&Explained { run: &record.run, cycle: record.cycle, region: &record.region, areas })?;
    } else {
        output::print(&explanation::text(&record, &areas, language))?;
    }
    Ok(0)
}

/// The areas that are asked for, or the prefecture and every county with a level.
fn wanted<'r>(record: &'r ConsultationRecord, names: &[String]) -> Result<Vec<AreaAccount<'r>>> {
    let all: Vec<AreaAccount> = record.accounts().collect();
    if names.is_empty() {
        let has_level = |a: &AreaAccount| {
            let w = a.warning;
            w.adcode == record.warning.prefecture.adcode
                || [w.level, w.level_called, w.level_before].iter().any(|l| *l > WarningLevel::None)
        };
        return Ok(all.into_iter().filter(has_level).collect());
    }
    let named = |name: &String| {
        let is = |a: &&AreaAccount| {
            let w = a.warning;
            w.adcode.to_string() == *name || w.name_zh == *name || w.name_en.eq_ignore_ascii_case(name)
        };
        all.iter().find(is).copied().ok_or_else(|| {
            let known: Vec<String> = all
                .iter()
                .map(|a| format!("{} {} {}", a.warning.adcode, a.warning.name_zh, a.warning.name_en))
                .collect();
            Error::invalid("command line", "--area", name, format!("one of {}", known.join(", ")))
        })
    };
    names.iter().map(named).collect()
}
