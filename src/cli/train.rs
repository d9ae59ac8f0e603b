//! `hazecast train`: learns the correction of the nightly forecast from archived nights.

use super::language::Language;
use super::model::{Shown, text};
use super::output;
use crate::consultation::InputFile;
use crate::error::{Error, Rejection, Result};
use crate::nightly::training::train;
use crate::setup::Setup;
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  hazecast train --config night.toml
  hazecast train --config night.toml --out candidate.json --json

The new correction is judged on the last 60 days, which took no part in its training, and replaces the one in use only if it wins there.";

/// Learns the correction of the nightly forecast from archived nights and the observations after them; a correction in use is replaced only
/// by a better one.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct TrainArgs {
    /// Configuration of the night
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where the correction is kept; default: `correction` of the configuration
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Document {
    replaced: bool,
    nights: usize,
    cases: usize,
    written: Option<InputFile>,
    before: Option<InputFile>,
    model: Shown,
    rejections: Vec<Rejection>,
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// As [`train`]; `Invalid` where neither the configuration nor the command says where the correction is kept.
pub fn run(args: &TrainArgs, language: Language) -> Result<u8> {
    let setup = Setup::load(&args.config)?;
    let Some(path) = args.out.clone().or_else(|| setup.config.correction.clone()) else {
        let expected = "correction = \"...\" in it, or --out";
        return Err(Error::invalid(&args.config, "correction", "nothing", expected));
    };
    let trained = train(&setup, &path)?;
    let document = Document {
        replaced: trained.written.is_some(),
        nights: trained.nights,
        cases: trained.cases,
        written: trained.written,
        before: trained.before,
        model: Shown::of(&trained.artefact),
        rejections: trained.rejections,
    };
    if args.json {
        output::print_json(&document)?;
        return Ok(0);
    }
    document.rejections.iter().for_each(|r| output::note(&output::rejection(r, language)));
    let verdict = if document.replaced {
        language.pick("新订正在最近的检验日胜出，已启用", "the new correction wins on the deciding days and is in use")
    } else {
        language.pick("新订正未胜出，保留原有", "the new correction does not win: what was in use stays")
    };
    let counted = match language {
        Language::Zh => format!("{}夜，{}个样本", document.nights, document.cases),
        Language::En => format!("{} nights, {} cases", document.nights, document.cases),
    };
    output::print(&format!("{counted}\n{}{verdict}", text(&document.model, language)))?;
    Ok(0)
}
